// log := what is kept | what was discarded and what came after it, as zeros

#include "hub/store/journal_logs.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"

namespace anqiao::store {

using rocksdb::DataVerificationInfo;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class JournalLogs::Log : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  Log(std::unique_ptr<FSWritableFile> file, JournalLogs& logs)
      : FSWritableFileOwnerWrapper(std::move(file)), logs_(logs) {}
  ~Log() override { logs_.Forget(this); }

  IOStatus Append(const Slice& bytes, const IOOptions& options, IODebugContext* context) override {
    absl::MutexLock lock(&mu_);
    if (cut_) return AddZeros(bytes.size());
    return Added(target()->Append(bytes, options, context), bytes.size());
  }

  IOStatus Append(const Slice& bytes, const IOOptions& options, const DataVerificationInfo& sums,
                  IODebugContext* context) override {
    absl::MutexLock lock(&mu_);
    if (cut_) return AddZeros(bytes.size());
    return Added(target()->Append(bytes, options, sums, context), bytes.size());
  }

  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    absl::MutexLock lock(&mu_);
    IOStatus filled = FillUp();
    return filled.ok() ? Synced(target()->Sync(options, context)) : filled;
  }

  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    absl::MutexLock lock(&mu_);
    IOStatus filled = FillUp();
    return filled.ok() ? Synced(target()->Fsync(options, context)) : filled;
  }

  void Begin() {
    absl::MutexLock lock(&mu_);
    zeroed_ = false;
  }

  bool Keep() {
    absl::MutexLock lock(&mu_);
    if (!cut_) kept_ = size_;
    return !zeroed_;
  }

  IOStatus Discard() {
    absl::MutexLock lock(&mu_);
    if (!cut_ && size_ == kept_) return IOStatus::OK();
    return Settle();
  }

  IOStatus SettleIfCut() {
    absl::MutexLock lock(&mu_);
    return cut_ ? Settle() : IOStatus::OK();
  }

  bool WroteAndSynced() {
    absl::MutexLock lock(&mu_);
    return !cut_ && size_ > kept_ && synced_ == size_;
  }

 private:
  IOStatus Added(IOStatus appended, std::uint64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (appended.ok()) {
      size_ += bytes;
      on_disk_ = size_;
    } else {
      // Perhaps a part of it.
      Settle().PermitUncheckedError();
    }
    return appended;
  }

  IOStatus Synced(IOStatus synced) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (synced.ok()) {
      synced_ = size_;
    } else if (size_ > kept_) {
      Settle().PermitUncheckedError();
    }
    return synced;
  }

  IOStatus AddZeros(std::uint64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    size_ += bytes;
    zeroed_ = true;
    return IOStatus::OK();
  }

  // Cuts the log, for which no room is needed. Tried again until it was done.
  IOStatus Settle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (settled_) return IOStatus::OK();
    cut_ = true;
    IOStatus done = target()->Truncate(kept_, {}, nullptr);
    if (done.ok()) on_disk_ = kept_;
    if (done.ok()) done = target()->Sync({}, nullptr);
    settled_ = done.ok();
    return done;
  }

  // Brings a log that was cut to the size that RocksDB believes in.
  IOStatus FillUp() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (!cut_) return IOStatus::OK();
    IOStatus filled = Settle();
    if (!filled.ok() || on_disk_ == size_) return filled;
    filled = target()->Truncate(size_, {}, nullptr);
    if (filled.ok()) on_disk_ = size_;
    return filled;
  }

  JournalLogs& logs_;
  absl::Mutex mu_;
  std::uint64_t size_ ABSL_GUARDED_BY(mu_) = 0;     // As RocksDB believes.
  std::uint64_t on_disk_ ABSL_GUARDED_BY(mu_) = 0;  // As it is.
  std::uint64_t synced_ ABSL_GUARDED_BY(mu_) = 0;
  std::uint64_t kept_ ABSL_GUARDED_BY(mu_) = 0;
  bool cut_ ABSL_GUARDED_BY(mu_) = false;      // At kept_, or is to be.
  bool settled_ ABSL_GUARDED_BY(mu_) = false;  // It was cut, durably.
  bool zeroed_ ABSL_GUARDED_BY(mu_) = false;   // Something was added since Begin.
};

IOStatus JournalLogs::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<FSWritableFile>* result,
                                      IODebugContext* context) {
  const bool log_file = absl::EndsWith(path, ".log");
  // Only the newest log may have an end that a loss of power garbled.
  IOStatus made = log_file ? SettleAll() : IOStatus::OK();
  if (made.ok()) made = FileSystemWrapper::NewWritableFile(path, options, result, context);
  if (!made.ok() || !log_file) return made;
  auto log = std::make_unique<Log>(std::move(*result), *this);
  absl::MutexLock lock(&mu_);
  ++begun_;
  logs_.insert(log.get());
  *result = std::move(log);
  return made;
}

void JournalLogs::Begin() {
  absl::MutexLock lock(&mu_);
  for (Log* log : logs_) log->Begin();
}

bool JournalLogs::Keep() {
  absl::MutexLock lock(&mu_);
  bool kept = true;
  for (Log* log : logs_) kept = log->Keep() && kept;
  return kept;
}

IOStatus JournalLogs::Discard() {
  absl::MutexLock lock(&mu_);
  IOStatus first;
  for (Log* log : logs_) {
    IOStatus done = log->Discard();
    if (first.ok()) first = std::move(done);
  }
  return first;
}

IOStatus JournalLogs::SettleAll() {
  absl::MutexLock lock(&mu_);
  IOStatus first;
  for (Log* log : logs_) {
    IOStatus done = log->SettleIfCut();
    if (first.ok()) first = std::move(done);
  }
  return first;
}

bool JournalLogs::WroteAndSynced() {
  absl::MutexLock lock(&mu_);
  return std::any_of(logs_.begin(), logs_.end(), [](Log* log) { return log->WroteAndSynced(); });
}

std::uint64_t JournalLogs::begun() {
  absl::MutexLock lock(&mu_);
  return begun_;
}

void JournalLogs::Forget(Log* log) {
  absl::MutexLock lock(&mu_);
  logs_.erase(log);
}

}  // namespace anqiao::store
