// The journal, its blobs and the writer's lease, in a RocksDB database of their own, whose log
// therefore carries nothing else. Private to this folder; contracts as in store.h.
//
// Thread-safe.

#ifndef ANQIAO_HUB_STORE_ROCKS_JOURNAL_H_
#define ANQIAO_HUB_STORE_ROCKS_JOURNAL_H_

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "hub/store/head_file.h"
#include "hub/store/journal_logs.h"
#include "hub/store/rocks_store_internal.h"
#include "hub/store/store.h"

namespace anqiao::store {

class RecoveryGuard;

class RocksJournal {
 public:
  // Opens <directory>/journal and <directory>/HEAD; "env" must outlive the journal.
  static absl::StatusOr<std::unique_ptr<RocksJournal>> Open(const RocksStoreOptions& options,
                                                            const RocksStoreTuning& tuning,
                                                            rocksdb::Env* env);
  ~RocksJournal();

  absl::StatusOr<Epoch> AcquireWriter();
  absl::StatusOr<Sequence> Append(Epoch epoch, AppendGroup group);
  absl::Status Read(Sequence first,
                    const std::function<bool(Sequence, absl::string_view)>& visit) const;
  absl::StatusOr<std::string> GetEntry(Sequence sequence) const;
  absl::StatusOr<std::string> GetBlob(absl::string_view name) const;
  // Makes <directory>/journal and <directory>/HEAD.
  absl::Status Checkpoint(const std::string& directory) const;
  Sequence synced_sequence() const { return synced_.load(std::memory_order_acquire); }

 private:
  RocksJournal(const RocksStoreTuning& tuning, rocksdb::Env* env, bool read_only);

  absl::Status OpenDatabase(const RocksStoreOptions& options, bool recorded);
  // Checks the format, or writes it into a new journal together with HEAD at "head_path".
  absl::Status CheckFormat(const std::string& head_path, const RocksStoreOptions& options);
  absl::Status ReadEpoch();
  // Adds to "batch" that the blobs belong to a journal that ends at "end", and writes it.
  absl::Status WriteBlobsMark(rocksdb::WriteBatch& batch, Sequence end) ABSL_LOCKS_EXCLUDED(mu_);
  // Compares the end that the blobs belong to with that of the entries.
  absl::Status CheckBlobsEnd();
  // Finds the end and checks what lies behind "recorded".
  absl::Status FindEnd(Sequence recorded);
  // Has RocksDB do, before a group is written, whatever could fail after it was.
  rocksdb::Status Prepare() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // All of "batch" is durable, or nothing of it, then or later. RocksDB goes on by itself when
  // there is room again.
  absl::Status Write(rocksdb::WriteBatch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const RocksStoreTuning tuning_;
  rocksdb::Env* const env_;
  const std::shared_ptr<JournalLogs> logs_;
  const std::unique_ptr<rocksdb::Env> logged_env_;  // With logs_ as its file system.
  const std::shared_ptr<RecoveryGuard> guard_;
  const bool read_only_;
  std::unique_ptr<rocksdb::DB> db_;
  // Owned by db_ until they are destroyed through it.
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  std::atomic<Sequence> synced_ = 0;

  mutable absl::Mutex mu_;
  Epoch epoch_ ABSL_GUARDED_BY(mu_) = 0;
  // Null if read-only.
  std::unique_ptr<HeadFile> head_ ABSL_GUARDED_BY(mu_);
  std::uint64_t logs_synced_ ABSL_GUARDED_BY(mu_) = 0;  // Of logs_->begun().
  // Not OK once a sync failed: what is on disk is unknown until the journal is opened again.
  absl::Status lost_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_ROCKS_JOURNAL_H_
