#include "tests/testing/faulty_file_system.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <chrono>
#include <cstdarg>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace anqiao::testing {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus Missing(const std::string& path) { return IOStatus::PathNotFound(path); }
IOStatus NoPower() { return IOStatus::IOError("the power is off"); }
IOStatus Full() { return IOStatus::NoSpace("the disk is full"); }

class SilentLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
  std::size_t GetLogFileSize() const override { return 0; }
};

class Lock : public rocksdb::FileLock {
 public:
  Lock(std::string path, std::uint64_t life) : path(std::move(path)), life(life) {}
  const std::string path;
  const std::uint64_t life;
};

std::string BaseOf(const std::string& path) {
  const std::string normal = NormalPath(path);
  return normal.substr(normal.rfind('/') + 1);
}

FileKind KindOf(const std::string& path) {
  const std::string name = BaseOf(path);
  if (absl::EndsWith(name, ".log")) return FileKind::kLog;
  if (absl::EndsWith(name, ".sst")) return FileKind::kTable;
  if (absl::EndsWith(name, ".blob")) return FileKind::kBlob;
  if (absl::StartsWith(name, "MANIFEST")) return FileKind::kManifest;
  // Renamed to CURRENT.
  if (name == "CURRENT" || absl::EndsWith(name, ".dbtmp")) return FileKind::kCurrent;
  if (absl::StartsWith(name, "HEAD")) return FileKind::kHead;
  return FileKind::kOther;
}

bool Changes(FileCall call) { return call != FileCall::kOpen && call != FileCall::kRead; }

}  // namespace

FaultSite SiteOf(FileCall call, const std::string& path) {
  return {call, KindOf(path), BaseOf(DirectoryOf(path))};
}

std::string NameOf(const FaultSite& site) {
  constexpr const char* kCalls[] = {"open", "read", "make", "write", "sync", "rename", "remove"};
  constexpr const char* kKinds[] = {"log",     "table", "blob",      "MANIFEST",
                                    "CURRENT", "HEAD",  "directory", "other file"};
  return absl::StrCat(kCalls[static_cast<int>(site.call)], " ", kKinds[static_cast<int>(site.kind)],
                      " in ", site.folder.empty() ? "/" : site.folder);
}

// What RocksDB holds of an open file.
class FaultyFile {
 public:
  FaultyFile(FaultyFileSystem& files, FaultyFileSystem::Handle handle)
      : files_(files), handle_(std::move(handle)) {}

 protected:
  IOStatus ReadAt(std::uint64_t offset, std::size_t size, Slice* result, char* scratch) const {
    return files_.Read(handle_, offset, size, result, scratch);
  }
  IOStatus WriteAt(std::uint64_t offset, const Slice& bytes) {
    return files_.Write(handle_, offset, bytes);
  }
  IOStatus AppendBytes(const Slice& bytes) { return files_.Append(handle_, bytes); }
  IOStatus SetSize(std::uint64_t size) { return files_.SetSize(handle_, size); }
  IOStatus SyncAll() { return files_.Sync(handle_); }

 private:
  FaultyFileSystem& files_;
  const FaultyFileSystem::Handle handle_;
};

namespace {

class SequentialFile : public FaultyFile, public rocksdb::FSSequentialFile {
 public:
  using FaultyFile::FaultyFile;
  IOStatus Read(std::size_t size, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) override {
    const IOStatus read = ReadAt(position_, size, result, scratch);
    if (read.ok()) position_ += result->size();
    return read;
  }
  IOStatus Skip(std::uint64_t size) override {
    position_ += size;
    return IOStatus::OK();
  }

 private:
  std::uint64_t position_ = 0;
};

class RandomAccessFile : public FaultyFile, public rocksdb::FSRandomAccessFile {
 public:
  using FaultyFile::FaultyFile;
  IOStatus Read(std::uint64_t offset, std::size_t size, const IOOptions&, Slice* result,
                char* scratch, IODebugContext*) const override {
    return ReadAt(offset, size, result, scratch);
  }
};

class WritableFile : public FaultyFile, public rocksdb::FSWritableFile {
 public:
  using FaultyFile::FaultyFile;
  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& bytes, const IOOptions&, IODebugContext*) override {
    return AppendBytes(bytes);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
    return SetSize(size);
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return SyncAll(); }
  bool IsSyncThreadSafe() const override { return true; }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
};

class RandomRWFile : public FaultyFile, public rocksdb::FSRandomRWFile {
 public:
  using FaultyFile::FaultyFile;
  IOStatus Write(std::uint64_t offset, const Slice& bytes, const IOOptions&,
                 IODebugContext*) override {
    return WriteAt(offset, bytes);
  }
  IOStatus Read(std::uint64_t offset, std::size_t size, const IOOptions&, Slice* result,
                char* scratch, IODebugContext*) const override {
    return ReadAt(offset, size, result, scratch);
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return SyncAll(); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
};

class Directory : public FaultyFile, public rocksdb::FSDirectory {
 public:
  using FaultyFile::FaultyFile;
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return SyncAll(); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
};

}  // namespace

FaultyFileSystem::FaultyFileSystem(std::uint64_t seed)
    : FileSystemWrapper(rocksdb::FileSystem::Default()), random_(seed) {}

void FaultyFileSystem::CutPowerAfter(std::uint64_t n) {
  const std::lock_guard lock(mu_);
  calls_to_loss_ = n;
}

void FaultyFileSystem::CutPower() {
  const std::lock_guard lock(mu_);
  if (!lost_) Lose();
}

bool FaultyFileSystem::power_lost() const {
  const std::lock_guard lock(mu_);
  return lost_;
}

void FaultyFileSystem::RestorePower() {
  const std::lock_guard lock(mu_);
  lost_ = false;
  calls_to_loss_ = 0;
}

void FaultyFileSystem::FailCall(const FaultSite& site, std::uint64_t n, bool onwards) {
  const std::lock_guard lock(mu_);
  fault_site_ = std::make_unique<FaultSite>(site);
  fault_in_ = n;
  fault_onwards_ = onwards;
  faults_ = 0;
}

void FaultyFileSystem::ClearFaults() {
  const std::lock_guard lock(mu_);
  fault_site_.reset();
}

std::uint64_t FaultyFileSystem::faults() const {
  const std::lock_guard lock(mu_);
  return faults_;
}

std::map<FaultSite, std::uint64_t> FaultyFileSystem::TakeCalls() {
  const std::lock_guard lock(mu_);
  return std::exchange(calls_, {});
}

void FaultyFileSystem::SetCapacity(std::uint64_t bytes, bool at_sync) {
  const std::lock_guard lock(mu_);
  capacity_ = bytes;
  full_at_sync_ = at_sync;
  room_at_next_log_.reset();
}

void FaultyFileSystem::FillUpAtNextLog(std::uint64_t bytes) {
  const std::lock_guard lock(mu_);
  room_at_next_log_ = bytes;
}

void FaultyFileSystem::set_ignores_sync(bool ignores) {
  const std::lock_guard lock(mu_);
  ignores_sync_ = ignores;
}

std::uint64_t FaultyFileSystem::used() const {
  const std::lock_guard lock(mu_);
  return disk_.used();
}

FaultyDisk::Image FaultyFileSystem::Save() const {
  const std::lock_guard lock(mu_);
  return disk_.Save();
}

void FaultyFileSystem::Load(const FaultyDisk::Image& image) {
  const std::lock_guard lock(mu_);
  disk_.Load(image);
  locks_.clear();
  ++life_;
}

// Calls of open files.

IOStatus FaultyFileSystem::Read(const Handle& handle, std::uint64_t offset, std::size_t size,
                                Slice* result, char* scratch) {
  const std::lock_guard lock(mu_);
  *result = Slice();
  if (handle.life != life_) return NoPower();
  if (const IOStatus begun = Begin(FileCall::kRead, handle.path); !begun.ok()) return begun;
  const std::string& bytes = handle.file->bytes;
  if (offset >= bytes.size()) return IOStatus::OK();
  const std::size_t count = std::min<std::size_t>(size, bytes.size() - offset);
  std::memcpy(scratch, bytes.data() + offset, count);
  *result = Slice(scratch, count);
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::Write(const Handle& handle, std::uint64_t offset, const Slice& bytes) {
  const std::lock_guard lock(mu_);
  return WriteAt(handle, offset, bytes);
}

IOStatus FaultyFileSystem::Append(const Handle& handle, const Slice& bytes) {
  const std::lock_guard lock(mu_);
  return WriteAt(handle, handle.file->bytes.size(), bytes);
}

IOStatus FaultyFileSystem::WriteAt(const Handle& handle, std::uint64_t offset, const Slice& bytes) {
  if (handle.life != life_) return NoPower();
  if (const IOStatus begun = Begin(FileCall::kWrite, handle.path); !begun.ok()) return begun;
  const std::uint64_t end = offset + bytes.size();
  const std::uint64_t size = handle.file->bytes.size();
  const std::uint64_t growth = end > size ? end - size : 0;
  if (!full_at_sync_ && growth > Room()) {
    disk_.Write(*handle.file, offset, {bytes.data(), bytes.size() - growth + Room()});
    return Full();
  }
  disk_.Write(*handle.file, offset, {bytes.data(), bytes.size()});
  return End();
}

IOStatus FaultyFileSystem::SetSize(const Handle& handle, std::uint64_t size) {
  const std::lock_guard lock(mu_);
  if (handle.life != life_) return NoPower();
  if (const IOStatus begun = Begin(FileCall::kWrite, handle.path); !begun.ok()) return begun;
  disk_.Truncate(*handle.file, size);
  return End();
}

void FaultyFileSystem::Nap() {
  if (!naps_) return;
  std::uint64_t drawn = 0;
  {
    const std::lock_guard lock(mu_);
    drawn = random_();
  }
  if (drawn % 10 == 0) std::this_thread::sleep_for(std::chrono::microseconds(drawn / 10 % 3000));
}

IOStatus FaultyFileSystem::Sync(const Handle& handle) {
  Nap();
  const std::lock_guard lock(mu_);
  if (handle.life != life_) return NoPower();
  const bool cuts = calls_to_loss_ == 1;
  if (const IOStatus begun = Begin(FileCall::kSync, handle.path); !begun.ok()) {
    if (!lost_ && !handle.file->directory) disk_.FailSync(*handle.file, random_);
    return begun;
  }
  if (full_at_sync_ && !handle.file->directory && disk_.used() > capacity_) {
    disk_.FailSync(*handle.file, random_);
    return Full();
  }
  // The power may fail before or after the work was done.
  if (!ignores_sync_ && !(cuts && random_() % 2 == 0)) {
    if (handle.file->directory) {
      disk_.SyncDirectory(handle.path);
    } else {
      disk_.Sync(*handle.file);
    }
  }
  return End();
}

// Parts of calls.

IOStatus FaultyFileSystem::Begin(FileCall call, const std::string& path) {
  if (lost_) return NoPower();
  FaultSite site = SiteOf(call, path);
  if (const FaultyDisk::FilePtr file = disk_.Find(path); file != nullptr && file->directory) {
    site = {call, FileKind::kDirectory, BaseOf(path)};
  }
  ++calls_[site];
  if (fault_site_ != nullptr && *fault_site_ == site) {
    if (fault_in_ > 0) --fault_in_;
    if (fault_in_ == 0) {
      ++faults_;
      if (!fault_onwards_) fault_site_.reset();
      return IOStatus::IOError(absl::StrCat("EIO at ", NameOf(site)));
    }
  }
  if (Changes(call) && calls_to_loss_ > 1) {
    --calls_to_loss_;
  } else if (Changes(call) && calls_to_loss_ == 1) {
    // In End, when the call has done its work.
    calls_to_loss_ = std::numeric_limits<std::uint64_t>::max();
  }
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::End() {
  if (calls_to_loss_ != std::numeric_limits<std::uint64_t>::max()) return IOStatus::OK();
  Lose();
  return NoPower();
}

void FaultyFileSystem::Lose() {
  disk_.LosePower(random_);
  lost_ = true;
  calls_to_loss_ = 0;
  locks_.clear();
  ++life_;
}

std::uint64_t FaultyFileSystem::Room() const {
  const std::uint64_t used = disk_.used();
  return used < capacity_ ? capacity_ - used : 0;
}

IOStatus FaultyFileSystem::Opened(const std::string& path, Handle* handle) {
  if (const IOStatus begun = Begin(FileCall::kOpen, path); !begun.ok()) return begun;
  *handle = {path, disk_.Find(path), life_};
  return handle->file == nullptr ? Missing(path) : IOStatus::OK();
}

IOStatus FaultyFileSystem::Made(const std::string& path, bool directory, Handle* handle) {
  if (const IOStatus begun = Begin(FileCall::kMake, path); !begun.ok()) return begun;
  if (disk_.Find(DirectoryOf(path)) == nullptr) return Missing(path);
  if (!full_at_sync_ && Room() == 0) return Full();
  *handle = {path, disk_.Make(path, directory), life_};
  if (room_at_next_log_.has_value() && KindOf(path) == FileKind::kLog) {
    capacity_ = disk_.used() + *std::exchange(room_at_next_log_, std::nullopt);
    full_at_sync_ = true;
  }
  return End();
}

IOStatus FaultyFileSystem::Renamed(const std::string& from, const std::string& to) {
  if (const IOStatus begun = Begin(FileCall::kRename, to); !begun.ok()) return begun;
  if (disk_.Find(from) == nullptr) return Missing(from);
  if (DirectoryOf(from) != DirectoryOf(to)) return IOStatus::NotSupported("to another directory");
  disk_.Rename(from, to);
  return End();
}

// Files.

IOStatus FaultyFileSystem::NewSequentialFile(const std::string& path, const rocksdb::FileOptions&,
                                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                             IODebugContext*) {
  const std::lock_guard lock(mu_);
  Handle handle;
  const IOStatus opened = Opened(path, &handle);
  if (opened.ok()) *result = std::make_unique<SequentialFile>(*this, std::move(handle));
  return opened;
}

IOStatus FaultyFileSystem::NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions&,
                                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                               IODebugContext*) {
  const std::lock_guard lock(mu_);
  Handle handle;
  const IOStatus opened = Opened(path, &handle);
  if (opened.ok()) *result = std::make_unique<RandomAccessFile>(*this, std::move(handle));
  return opened;
}

IOStatus FaultyFileSystem::NewWritableFile(const std::string& path, const rocksdb::FileOptions&,
                                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                                           IODebugContext*) {
  const std::lock_guard lock(mu_);
  Handle handle;
  const IOStatus made = Made(path, false, &handle);
  if (made.ok()) *result = std::make_unique<WritableFile>(*this, std::move(handle));
  return made;
}

IOStatus FaultyFileSystem::ReopenWritableFile(const std::string& path, const rocksdb::FileOptions&,
                                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                                              IODebugContext*) {
  const std::lock_guard lock(mu_);
  Handle handle;
  const IOStatus opened =
      disk_.Find(path) == nullptr ? Made(path, false, &handle) : Opened(path, &handle);
  if (opened.ok()) *result = std::make_unique<WritableFile>(*this, std::move(handle));
  return opened;
}

IOStatus FaultyFileSystem::ReuseWritableFile(const std::string& path, const std::string& old_path,
                                             const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* result,
                                             IODebugContext* context) {
  // Not what RocksDB means by it (the old bytes go), but right for a store that never recycles.
  const IOStatus renamed = RenameFile(old_path, path, {}, context);
  return renamed.ok() ? NewWritableFile(path, options, result, context) : renamed;
}

IOStatus FaultyFileSystem::NewRandomRWFile(const std::string& path, const rocksdb::FileOptions&,
                                           std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                                           IODebugContext*) {
  const std::lock_guard lock(mu_);
  Handle handle;
  const IOStatus opened = Opened(path, &handle);
  if (opened.ok()) *result = std::make_unique<RandomRWFile>(*this, std::move(handle));
  return opened;
}

IOStatus FaultyFileSystem::NewDirectory(const std::string& path, const IOOptions&,
                                        std::unique_ptr<rocksdb::FSDirectory>* result,
                                        IODebugContext*) {
  const std::lock_guard lock(mu_);
  Handle handle;
  const IOStatus opened = Opened(path, &handle);
  if (opened.ok()) *result = std::make_unique<Directory>(*this, std::move(handle));
  return opened;
}

// Names.

IOStatus FaultyFileSystem::FileExists(const std::string& path, const IOOptions&, IODebugContext*) {
  const std::lock_guard lock(mu_);
  if (lost_) return NoPower();
  return disk_.Find(path) == nullptr ? IOStatus::NotFound() : IOStatus::OK();
}

IOStatus FaultyFileSystem::GetChildren(const std::string& directory, const IOOptions&,
                                       std::vector<std::string>* result, IODebugContext*) {
  const std::lock_guard lock(mu_);
  if (lost_) return NoPower();
  if (disk_.Find(directory) == nullptr) return Missing(directory);
  *result = disk_.Children(directory);
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::GetChildrenFileAttributes(const std::string& directory, const IOOptions&,
                                                     std::vector<rocksdb::FileAttributes>* result,
                                                     IODebugContext*) {
  const std::lock_guard lock(mu_);
  if (lost_) return NoPower();
  result->clear();
  for (const std::string& name : disk_.Children(directory)) {
    result->push_back({name, disk_.Find(directory + "/" + name)->bytes.size()});
  }
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) {
  const std::lock_guard lock(mu_);
  if (const IOStatus begun = Begin(FileCall::kRemove, path); !begun.ok()) return begun;
  if (disk_.Find(path) == nullptr) return Missing(path);
  disk_.Remove(path);
  return End();
}

IOStatus FaultyFileSystem::Truncate(const std::string& path, std::size_t size, const IOOptions&,
                                    IODebugContext*) {
  const std::lock_guard lock(mu_);
  if (const IOStatus begun = Begin(FileCall::kWrite, path); !begun.ok()) return begun;
  const FaultyDisk::FilePtr file = disk_.Find(path);
  if (file == nullptr) return Missing(path);
  disk_.Truncate(*file, size);
  return End();
}

IOStatus FaultyFileSystem::CreateDir(const std::string& path, const IOOptions&, IODebugContext*) {
  const std::lock_guard lock(mu_);
  if (disk_.Find(path) != nullptr) return IOStatus::IOError("exists", path);
  Handle handle;
  return Made(path, true, &handle);
}

IOStatus FaultyFileSystem::CreateDirIfMissing(const std::string& path, const IOOptions&,
                                              IODebugContext*) {
  const std::lock_guard lock(mu_);
  if (disk_.Find(path) != nullptr) return lost_ ? NoPower() : IOStatus::OK();
  Handle handle;
  return Made(path, true, &handle);
}

IOStatus FaultyFileSystem::DeleteDir(const std::string& path, const IOOptions& options,
                                     IODebugContext* context) {
  return DeleteFile(path, options, context);
}

IOStatus FaultyFileSystem::GetFileSize(const std::string& path, const IOOptions&,
                                       std::uint64_t* size, IODebugContext*) {
  const std::lock_guard lock(mu_);
  if (lost_) return NoPower();
  const FaultyDisk::FilePtr file = disk_.Find(path);
  if (file == nullptr) return Missing(path);
  *size = file->bytes.size();
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::GetFileModificationTime(const std::string&, const IOOptions&,
                                                   std::uint64_t* time, IODebugContext*) {
  *time = 0;
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::GetAbsolutePath(const std::string& path, const IOOptions&,
                                           std::string* result, IODebugContext*) {
  *result = path;
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::RenameFile(const std::string& from, const std::string& to,
                                      const IOOptions&, IODebugContext*) {
  const std::lock_guard lock(mu_);
  return Renamed(from, to);
}

IOStatus FaultyFileSystem::LinkFile(const std::string&, const std::string&, const IOOptions&,
                                    IODebugContext*) {
  return IOStatus::NotSupported("links");
}

IOStatus FaultyFileSystem::LockFile(const std::string& path, const IOOptions&,
                                    rocksdb::FileLock** lock, IODebugContext*) {
  const std::lock_guard guard(mu_);
  if (lost_) return NoPower();
  if (disk_.Find(DirectoryOf(path)) == nullptr) return Missing(path);
  if (!locks_.insert(path).second) return IOStatus::IOError("lock is held", path);
  *lock = new Lock(path, life_);
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) {
  const std::lock_guard guard(mu_);
  const std::unique_ptr<Lock> owned(static_cast<Lock*>(lock));
  if (owned->life == life_) locks_.erase(owned->path);
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::NewLogger(const std::string&, const IOOptions&,
                                     std::shared_ptr<rocksdb::Logger>* result, IODebugContext*) {
  *result = std::make_shared<SilentLogger>();
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::GetFreeSpace(const std::string&, const IOOptions&, std::uint64_t* bytes,
                                        IODebugContext*) {
  const std::lock_guard lock(mu_);
  *bytes = Room();
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::IsDirectory(const std::string& path, const IOOptions&, bool* result,
                                       IODebugContext*) {
  const std::lock_guard lock(mu_);
  if (lost_) return NoPower();
  const FaultyDisk::FilePtr file = disk_.Find(path);
  if (file == nullptr) return Missing(path);
  *result = file->directory;
  return IOStatus::OK();
}

}  // namespace anqiao::testing
