// A file system in memory that fails on demand and, when it crashes, loses a random part of what
// was not synced: of writes, whole sectors; of names, what was done last.
//
//   auto system = std::make_shared<LossyFileSystem>(seed);
//   system->CrashAtOperation(7);  // The seventh from now and all after it fail.
//   ...
//   system->Restart();

#ifndef ANQIAO_TESTS_HUB_STORE_LOSSY_FILE_SYSTEM_H_
#define ANQIAO_TESTS_HUB_STORE_LOSSY_FILE_SYSTEM_H_

#include <rocksdb/file_system.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace anqiao::testing {

class LossyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  using IOStatus = rocksdb::IOStatus;
  using IOOptions = rocksdb::IOOptions;
  using Debug = rocksdb::IODebugContext;
  enum class Fault { kNone, kDiskFull, kWriteError, kSyncError };

  explicit LossyFileSystem(std::uint64_t seed)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), random_(seed) {}
  const char* Name() const override { return "LossyFileSystem"; }

  void CrashAtOperation(int operation) { crash_at_ = operation; }
  void SetFault(Fault fault) { fault_ = fault; }
  int operations() const { return operations_; }
  bool crashed() const { return operations_ > crash_at_; }
  bool Has(const std::string& name) const { return names_.count(name) != 0; }
  std::string& BytesOf(const std::string& name) { return names_.at(name)->bytes; }
  // What a file that has no name any more held last.
  std::vector<std::string> Unnamed() const {
    std::vector<std::string> contents;
    for (const auto& inode : unnamed_) contents.push_back(inode->bytes);
    return contents;
  }

  // What a machine finds when it starts again after the power failed.
  void Restart() {
    const std::lock_guard lock(mu_);
    names_ = durable_names_;
    std::size_t kept = Below(pending_names_.size() + 1);
    for (const auto& change : pending_names_) {
      if (kept-- == 0) break;
      Apply(change, &names_);
    }
    durable_names_ = names_;
    pending_names_.clear();
    locks_.clear();
    for (auto& [name, inode] : names_) inode->Settle([this](std::size_t n) { return Below(n); });
    crash_at_ = std::numeric_limits<int>::max();
    operations_ = 0;
    fault_ = Fault::kNone;
  }

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, Debug*) override {
    if (const IOStatus status = Operation(Fault::kWriteError); !status.ok()) return status;
    const std::lock_guard lock(mu_);
    Change({"", name, std::make_shared<Inode>()});
    *result = std::make_unique<EmptyFile>();
    return IOStatus::OK();
  }
  IOStatus NewRandomRWFile(const std::string& name, const rocksdb::FileOptions&,
                           std::unique_ptr<rocksdb::FSRandomRWFile>* result, Debug*) override {
    if (!Has(name)) return IOStatus::NotFound(name);
    *result = std::make_unique<File>(this, names_.at(name));
    return IOStatus::OK();
  }
  IOStatus FileExists(const std::string& name, const IOOptions&, Debug*) override {
    return Has(name) ? IOStatus::OK() : IOStatus::NotFound(name);
  }
  IOStatus GetFileSize(const std::string& name, const IOOptions&, std::uint64_t* size,
                       Debug*) override {
    if (!Has(name)) return IOStatus::NotFound(name);
    *size = names_.at(name)->bytes.size();
    return IOStatus::OK();
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions&, Debug*) override {
    if (const IOStatus status = Operation(Fault::kWriteError); !status.ok()) return status;
    const std::lock_guard lock(mu_);
    Change({name, "", nullptr});
    return IOStatus::OK();
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                      Debug*) override {
    if (const IOStatus status = Operation(Fault::kWriteError); !status.ok()) return status;
    const std::lock_guard lock(mu_);
    Change({from, to, names_.at(from)});
    return IOStatus::OK();
  }
  IOStatus NewDirectory(const std::string&, const IOOptions&,
                        std::unique_ptr<rocksdb::FSDirectory>* result, Debug*) override {
    *result = std::make_unique<Directory>(this);
    return IOStatus::OK();
  }
  IOStatus LockFile(const std::string& name, const IOOptions&, rocksdb::FileLock** lock,
                    Debug*) override {
    if (!locks_.insert(name).second) return IOStatus::Busy("locked");
    *lock = new NamedLock(name);
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, Debug*) override {
    locks_.erase(static_cast<NamedLock*>(lock)->name);
    delete static_cast<NamedLock*>(lock);
    return IOStatus::OK();
  }

 private:
  static constexpr std::size_t kSector = 512;

  struct Inode {
    std::string bytes;
    std::string durable;
    // Sectors that differ, perhaps, from what is durable.
    std::set<std::size_t> dirty;

    // Keeps a random part of what was not synced.
    template <typename Below>
    void Settle(const Below& below) {
      std::string found = durable;
      for (const std::size_t sector : dirty) {
        if (below(2) == 0) continue;
        const std::size_t at = sector * kSector;
        const std::string part = bytes.substr(std::min(at, bytes.size()), kSector);
        if (found.size() < at + part.size()) found.resize(at + part.size(), '\0');
        found.replace(at, part.size(), part);
      }
      bytes = durable = found;
      dirty.clear();
    }
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  // "from" is no more, "to" is the inode; either may be empty.
  struct NameChange {
    std::string from;
    std::string to;
    std::shared_ptr<Inode> inode;
  };
  struct NamedLock final : rocksdb::FileLock {
    explicit NamedLock(std::string lock_name) : name(std::move(lock_name)) {}
    std::string name;
  };

  // A file that was only made.
  class EmptyFile final : public rocksdb::FSWritableFile {
   public:
    using FSWritableFile::Append;
    IOStatus Append(const rocksdb::Slice&, const IOOptions&, Debug*) override {
      return IOStatus::NotSupported();
    }
    IOStatus Close(const IOOptions&, Debug*) override { return IOStatus::OK(); }
    IOStatus Flush(const IOOptions&, Debug*) override { return IOStatus::OK(); }
    IOStatus Sync(const IOOptions&, Debug*) override { return IOStatus::OK(); }
  };

  class File final : public rocksdb::FSRandomRWFile {
   public:
    File(LossyFileSystem* system, std::shared_ptr<Inode> inode)
        : system_(system), inode_(std::move(inode)) {}
    IOStatus Write(std::uint64_t offset, const rocksdb::Slice& data, const IOOptions&,
                   Debug*) override {
      if (const IOStatus status = system_->Operation(Fault::kWriteError); !status.ok()) {
        return status;
      }
      const std::lock_guard lock(system_->mu_);
      const std::size_t end = offset + data.size();
      if (system_->fault_ == Fault::kDiskFull && end > inode_->bytes.size()) {
        return IOStatus::NoSpace("full");
      }
      if (end > inode_->bytes.size()) inode_->bytes.resize(end, '\0');
      inode_->bytes.replace(offset, data.size(), data.data(), data.size());
      for (std::size_t s = offset / kSector; s * kSector < end; ++s) inode_->dirty.insert(s);
      return IOStatus::OK();
    }
    IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions&, rocksdb::Slice* result,
                  char* scratch, Debug*) const override {
      const std::lock_guard lock(system_->mu_);
      const std::size_t size = inode_->bytes.size();
      const std::size_t count = offset >= size ? 0 : std::min<std::size_t>(n, size - offset);
      if (count > 0) inode_->bytes.copy(scratch, count, offset);
      *result = rocksdb::Slice(scratch, count);
      return IOStatus::OK();
    }
    IOStatus Flush(const IOOptions&, Debug*) override { return IOStatus::OK(); }
    IOStatus Sync(const IOOptions&, Debug*) override {
      if (const IOStatus status = system_->Operation(Fault::kSyncError); !status.ok()) {
        return status;
      }
      const std::lock_guard lock(system_->mu_);
      inode_->durable = inode_->bytes;
      inode_->dirty.clear();
      return IOStatus::OK();
    }
    IOStatus Close(const IOOptions&, Debug*) override { return IOStatus::OK(); }

   private:
    LossyFileSystem* const system_;
    const std::shared_ptr<Inode> inode_;
  };

  class Directory final : public rocksdb::FSDirectory {
   public:
    explicit Directory(LossyFileSystem* system) : system_(system) {}
    IOStatus Fsync(const IOOptions&, Debug*) override {
      if (const IOStatus status = system_->Operation(Fault::kSyncError); !status.ok()) {
        return status;
      }
      const std::lock_guard lock(system_->mu_);
      system_->durable_names_ = system_->names_;
      system_->pending_names_.clear();
      return IOStatus::OK();
    }

   private:
    LossyFileSystem* const system_;
  };

  std::size_t Below(std::size_t n) { return random_() % n; }

  IOStatus Operation(Fault own) {
    const std::lock_guard lock(mu_);
    if (++operations_ > crash_at_) return IOStatus::IOError("the power failed");
    return fault_ == own ? IOStatus::IOError("a fault") : IOStatus::OK();
  }

  static void Apply(const NameChange& change, Names* names) {
    if (!change.from.empty()) names->erase(change.from);
    if (!change.to.empty()) (*names)[change.to] = change.inode;
  }
  void Change(const NameChange& change) {
    for (const std::string& name : {change.from, change.to}) {
      const auto lost = names_.find(name);
      if (lost != names_.end() && lost->second != change.inode) unnamed_.push_back(lost->second);
    }
    Apply(change, &names_);
    pending_names_.push_back(change);
  }

  std::mutex mu_;
  std::mt19937_64 random_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> pending_names_;
  std::vector<std::shared_ptr<Inode>> unnamed_;
  std::set<std::string> locks_;
  int operations_ = 0;
  int crash_at_ = std::numeric_limits<int>::max();
  Fault fault_ = Fault::kNone;
};

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_HUB_STORE_LOSSY_FILE_SYSTEM_H_
