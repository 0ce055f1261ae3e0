// Opens a store over an Env other than the system's, for tests that make disks fail.

#ifndef ANQIAO_HUB_STORE_ROCKS_STORE_INTERNAL_H_
#define ANQIAO_HUB_STORE_ROCKS_STORE_INTERNAL_H_

#include <rocksdb/env.h>

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "hub/store/store.h"

namespace anqiao::store {

// What only tests set otherwise.
struct RocksStoreTuning {
  // Small, so that a short test reaches table files and compactions.
  std::size_t write_buffer_bytes = std::size_t{16} << 20;
  // Blocks of the projections, and of the journal, that are remembered.
  std::size_t projection_cache_bytes = std::size_t{48} << 20;
  std::size_t journal_cache_bytes = std::size_t{8} << 20;
  // As RocksStoreOptions::compress, which counts as well.
  bool compresses = true;
  // Mutants, which the fault runs must notice: what RocksDB's laxest recovery does, and no check
  // that entries and blobs reached their recorded ends.
  bool skips_damaged_log_records = false;
  bool ignores_recorded_ends = false;
};

// OpenRocksStore on "env", which must outlive the store. Everything is written through its file
// system.
absl::StatusOr<std::unique_ptr<Store>> OpenRocksStoreOn(rocksdb::Env* env,
                                                        const RocksStoreOptions& options,
                                                        const RocksStoreTuning& tuning = {});

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_ROCKS_STORE_INTERNAL_H_
