// Runs that make disks fail under a store and compare what it holds afterwards with what it had
// acknowledged. Any store that writes through a rocksdb::Env can be run: the opener is a parameter.

#ifndef ANQIAO_TESTS_HUB_STORE_FAULT_RUNS_H_
#define ANQIAO_TESTS_HUB_STORE_FAULT_RUNS_H_

#include <rocksdb/env.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "hub/store/rocks_store_internal.h"
#include "hub/store/store.h"
#include "tests/hub/store/store_oracle.h"
#include "tests/testing/faulty_file_system.h"

namespace anqiao::store {

using FaultOpener = std::function<absl::StatusOr<std::unique_ptr<Store>>(
    rocksdb::Env* env, const RocksStoreOptions& options, const RocksStoreTuning& tuning)>;

// A disk that fails and the store on it.
struct FaultyMachine {
  explicit FaultyMachine(std::uint64_t seed);

  // Flushes and compacts early.
  absl::StatusOr<std::unique_ptr<Store>> Open(const FaultOpener& opener,
                                              RocksStoreTuning tuning = {}) const;

  std::shared_ptr<testing::FaultyFileSystem> files;
  std::unique_ptr<rocksdb::Env> env;
};

struct PowerLossOptions {
  int cycles = 0;
  std::uint64_t seed = 0;
  bool ignores_sync = false;  // Mutant.
};
// Power is cut at a random file operation, also while opening and closing; then the store is opened
// on what is left.
RunReport RunPowerLoss(const FaultOpener& opener, const PowerLossOptions& options);

struct DiskFullOptions {
  int fills = 0;
  std::uint64_t seed = 0;
  bool acknowledges_anyway = false;  // Mutant: a store that takes one refused group for taken.
};
// The disk is full; reads go on, and writes too once there is space.
RunReport RunDiskFull(const FaultOpener& opener, const DiskFullOptions& options);

struct IoErrorOptions {
  // Calls tried of each kind of call at each kind of file.
  int calls_per_site = 0;
  std::uint64_t seed = 0;
  bool acknowledges_anyway = false;  // Mutant: a store that takes a failed sync for a good one.
};
// One call answers EIO, or all from one on.
RunReport RunIoErrors(const FaultOpener& opener, const IoErrorOptions& options);

struct DamageOptions {
  int damages = 0;
  std::uint64_t seed = 0;
  bool lax = false;  // Mutant: RocksDB's laxest recovery, and no comparison with HEAD.
};
// Bytes of the files of a closed store are flipped, overwritten or cut off.
RunReport RunDamage(const FaultOpener& opener, const DamageOptions& options);

}  // namespace anqiao::store

#endif  // ANQIAO_TESTS_HUB_STORE_FAULT_RUNS_H_
