// The projections, in a RocksDB database without a log: what is not yet in a table file is lost
// with the process and computed again from the journal. Private to this folder; contracts as in
// store.h.
//
// All keys are of one column family, so that RocksDB writes whole batches in order: after a crash
// the state is that after some earlier Apply.
//
// Thread-safe, except that one thread applies at a time.

#ifndef ANQIAO_HUB_STORE_ROCKS_PROJECTIONS_H_
#define ANQIAO_HUB_STORE_ROCKS_PROJECTIONS_H_

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/store/file_encryption.h"
#include "hub/store/rocks_store_internal.h"
#include "hub/store/store.h"

namespace anqiao::store {

class RocksProjections : public ProjectionStore {
 public:
  // Opens or makes the database at "path"; "env" must outlive the projections and their snapshots.
  // One that begins empty, as for a first load or to compute a whole set, keeps in memory (up to 16
  // MiB) which keys there are: looking for others costs nothing until there are some ten million.
  static absl::StatusOr<std::unique_ptr<RocksProjections>> Open(const std::string& path,
                                                                bool read_only,
                                                                const RocksStoreTuning& tuning,
                                                                rocksdb::Env* env);
  // Makes a database at "path" that is removed after use and whose files only it can read.
  // FAILED_PRECONDITION: this OpenSSL does not have the cipher.
  static absl::StatusOr<std::unique_ptr<RocksProjections>> MakeToCompare(
      const std::string& path, const RocksStoreTuning& tuning, rocksdb::Env* env,
      FileCipher cipher);

  std::unique_ptr<ProjectionBatch> NewBatch() const override;
  absl::Status Apply(const ProjectionBatch& batch, Sequence sequence) override;
  Sequence applied_sequence() const override { return applied_.load(std::memory_order_acquire); }
  std::unique_ptr<Snapshot> NewSnapshot() const override;

  // Writes everything out; with "wait" it is on disk when this returns.
  absl::Status Flush(bool wait);
  const std::string& path() const;
  // Removes the database once it and its snapshots are gone.
  void RemoveAfterUse();
  void KeepAfterUse();

  // Closes when the last of projections and snapshots lets go.
  struct Database;

 private:
  RocksProjections(std::shared_ptr<Database> database, bool read_only)
      : database_(std::move(database)), read_only_(read_only) {}

  absl::Status Write(rocksdb::WriteBatch& changes, Sequence sequence);

  // Shared with snapshots, which may outlive the projections.
  const std::shared_ptr<Database> database_;
  const bool read_only_;
  std::atomic<Sequence> applied_ = 0;
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_ROCKS_PROJECTIONS_H_
