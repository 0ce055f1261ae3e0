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

#include <atomic>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/store/rocks_store_internal.h"
#include "hub/store/store.h"

namespace anqiao::store {

class RocksProjections {
 public:
  // Opens <directory>/projections; "env" must outlive the projections.
  static absl::StatusOr<std::unique_ptr<RocksProjections>> Open(const RocksStoreOptions& options,
                                                                const RocksStoreTuning& tuning,
                                                                rocksdb::Env* env);

  std::unique_ptr<ProjectionBatch> NewBatch() const;
  absl::Status Apply(const ProjectionBatch& batch, Sequence sequence);
  Sequence applied_sequence() const { return applied_.load(std::memory_order_acquire); }
  std::unique_ptr<Snapshot> NewSnapshot() const;
  absl::Status Clear();

 private:
  RocksProjections(std::unique_ptr<rocksdb::DB> db, bool read_only)
      : db_(std::move(db)), read_only_(read_only) {}

  absl::Status Write(rocksdb::WriteBatch& changes, Sequence sequence);

  std::unique_ptr<rocksdb::DB> db_;
  const bool read_only_;
  std::atomic<Sequence> applied_ = 0;
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_ROCKS_PROJECTIONS_H_
