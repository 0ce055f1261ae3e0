// The files of RocksDB's log under the journal, which give back what was refused.
//
// RocksDB goes on after a full disk without a restart, but leaves in its log what it had refused:
// the bytes that did not fit, in part, and those whose sync failed, which a later sync reports as
// durable although the system may have dropped them. After a crash that log is read again, and a
// refused group turns up in the place of the one that was acknowledged instead of it; or it is
// shorter than RocksDB's manifest says, and the journal does not open. So here a log whose write or
// sync failed is cut, durably, to what was kept; and what RocksDB then adds to it becomes zeros,
// which its reader passes over, so that the log is as long as RocksDB believes.
//
//   logs.Begin();
//   if (db->Write(synced, &group).ok()) logs.Keep(); else logs.Discard();
//
// Thread-safe; one thread at a time begins, keeps and discards.

#ifndef ANQIAO_HUB_STORE_JOURNAL_LOGS_H_
#define ANQIAO_HUB_STORE_JOURNAL_LOGS_H_

#include <rocksdb/file_system.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace anqiao::store {

class JournalLogs : public rocksdb::FileSystemWrapper {
 public:
  class Log;

  explicit JournalLogs(const std::shared_ptr<rocksdb::FileSystem>& base)
      : FileSystemWrapper(base) {}
  const char* Name() const override { return "JournalLogs"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override;

  // A group is going to be written.
  void Begin();

  // It stays. False: some of it became zeros; it is not there.
  bool Keep();

  // Takes it out of the logs, durably. After an error no log is begun until that was done.
  rocksdb::IOStatus Discard();

  // Whether it was written whole and reached the disk.
  bool WroteAndSynced();

  // How many logs were begun.
  std::uint64_t begun();

 private:
  friend class Log;
  rocksdb::IOStatus SettleAll();
  void Forget(Log* log);

  absl::Mutex mu_;
  std::set<Log*> logs_ ABSL_GUARDED_BY(mu_);  // Those that RocksDB holds open.
  std::uint64_t begun_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_JOURNAL_LOGS_H_
