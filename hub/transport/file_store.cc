#include "hub/transport/file_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::transport {
namespace {

constexpr std::size_t kFilesMax = 10'000;
constexpr std::size_t kNameBytesMax = 255;
constexpr char kReceipt[] = ".receipt.json";

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::Status UnusableFolder(const std::string& path, absl::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
               absl::StrCat("drop folder ", path, ": ", what))
      .Meta("path", path);
}

absl::Status Failed(absl::string_view what, int error) {
  return absl::UnavailableError(absl::StrCat(what, ": ", strerror(error)));
}

FileStamp StampOf(const struct stat& found) {
  return {found.st_ino, found.st_size,
          std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
}

bool IsPartial(absl::string_view name) {
  return absl::EndsWith(name, ".part") || absl::EndsWith(name, ".tmp") ||
         absl::EndsWith(name, ".filepart") || absl::EndsWith(name, "~");
}

bool Exists(int folder, const std::string& name) {
  struct stat found = {};
  return fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0;
}

// On disk and under its name, whole.
absl::Status WriteWhole(int folder, const std::string& name, absl::string_view text) {
  const std::string temporary = ".receipt.part";
  unlinkat(folder, temporary.c_str(), 0);
  {
    const Descriptor file(
        openat(folder, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0660));
    if (file.get() < 0) return Failed("the receipt cannot be written", errno);
    while (!text.empty()) {
      const ssize_t put = write(file.get(), text.data(), text.size());
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return Failed("the receipt cannot be written", errno);
      text.remove_prefix(static_cast<std::size_t>(put));
    }
    if (fsync(file.get()) != 0) return Failed("the receipt cannot be synced", errno);
  }
  if (renameat(folder, temporary.c_str(), folder, name.c_str()) != 0 || fsync(folder) != 0) {
    return Failed("the receipt cannot be put in its place", errno);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileStore>> FileStore::Open(const std::string& path) {
  if (mkdir(path.c_str(), 0770) != 0 && errno != EEXIST) {
    return UnusableFolder(path, absl::StrCat("cannot be made: ", strerror(errno)));
  }
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return UnusableFolder(path, absl::StrCat("is no folder of its own: ", strerror(errno)));
  std::unique_ptr<FileStore> store(new FileStore(path, fd));
  AQ_RETURN_IF_ERROR(store->OpenParts());
  return store;
}

absl::Status FileStore::OpenParts() {
  const std::pair<const char*, int*> parts[] = {
      {".taken", &taken_}, {"done", &done_}, {"failed", &failed_}};
  for (const auto& [name, fd] : parts) {
    if (mkdirat(incoming_, name, 0770) != 0 && errno != EEXIST) {
      return UnusableFolder(path_, absl::StrCat(name, " cannot be made: ", strerror(errno)));
    }
    *fd = openat(incoming_, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0)
      return UnusableFolder(path_, absl::StrCat(name, " is no folder: ", strerror(errno)));
    if (faccessat(incoming_, name, W_OK | X_OK, 0) != 0) {
      return UnusableFolder(path_, absl::StrCat(name, " cannot be written"));
    }
  }
  return absl::OkStatus();
}

FileStore::~FileStore() {
  for (const int fd : {incoming_, taken_, done_, failed_}) {
    if (fd >= 0) close(fd);
  }
}

absl::StatusOr<std::vector<FoundFile>> FileStore::List() const { return ListOf(incoming_, false); }

absl::StatusOr<std::vector<FoundFile>> FileStore::ListClaimed() const {
  return ListOf(taken_, true);
}

absl::StatusOr<std::vector<FoundFile>> FileStore::ListOf(int folder, bool all) const {
  // A description of its own: positions in a folder are shared by duplicates.
  const int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const directory = fd < 0 ? nullptr : fdopendir(fd);
  if (directory == nullptr) {
    const int error = errno;
    if (fd >= 0) close(fd);
    return Failed("the drop folder cannot be read", error);
  }
  std::vector<FoundFile> files;
  while (files.size() < kFilesMax) {
    const dirent* entry = readdir(directory);
    if (entry == nullptr) break;
    FoundFile file;
    file.name = entry->d_name;
    if (file.name == "." || file.name == "..") continue;
    if (!all && (file.name[0] == '.' || IsPartial(file.name))) continue;
    struct stat found = {};
    if (fstatat(folder, entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(found.st_mode)) continue;
    file.stamp = StampOf(found);
    file.plain = S_ISREG(found.st_mode);
    file.shared = file.plain && found.st_nlink > 1;
    files.push_back(std::move(file));
  }
  closedir(directory);
  std::sort(files.begin(), files.end(), [](const FoundFile& a, const FoundFile& b) {
    return std::tie(a.stamp.changed_nanos, a.name) < std::tie(b.stamp.changed_nanos, b.name);
  });
  return files;
}

absl::Status FileStore::Claim(const std::string& name) const {
  if (renameat2(incoming_, name.c_str(), taken_, name.c_str(), RENAME_NOREPLACE) == 0) {
    return absl::OkStatus();
  }
  if (errno == EEXIST) return absl::AlreadyExistsError("one of this name is being taken up");
  if (errno == ENOENT) return absl::NotFoundError("the file is gone");
  return Failed("the file cannot be taken", errno);
}

absl::StatusOr<std::string> FileStore::Read(const std::string& name, std::uint64_t bytes_max,
                                            FileStamp* stamp) const {
  const Descriptor file(
      openat(taken_, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat found = {};
  if (file.get() < 0) {
    if (errno == ELOOP || errno == ENXIO) return absl::InvalidArgumentError("is no plain file");
    return Failed("the file cannot be read", errno);
  }
  if (fstat(file.get(), &found) != 0) return Failed("the file cannot be read", errno);
  if (!S_ISREG(found.st_mode)) return absl::InvalidArgumentError("is no plain file");
  *stamp = StampOf(found);
  if (static_cast<std::uint64_t>(found.st_size) > bytes_max) {
    return absl::ResourceExhaustedError("the file is too large");
  }
  std::string bytes(static_cast<std::size_t>(found.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = read(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("the file cannot be read", errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

absl::Status FileStore::Finish(const std::string& name, bool done, absl::string_view receipt,
                               const std::string& tag, const FileStamp* stamp) const {
  const int folder = done ? done_ : failed_;
  std::string target = name.substr(0, kNameBytesMax - sizeof kReceipt - tag.size());
  if (Exists(folder, target)) absl::StrAppend(&target, ".", tag);
  AQ_RETURN_IF_ERROR(WriteWhole(folder, target + kReceipt, receipt));
  struct stat found = {};
  if (fstatat(taken_, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
    return Failed("the file cannot be moved", errno);
  }
  if (stamp != nullptr && !(StampOf(found) == *stamp)) {
    return absl::AbortedError("the file was written to while it was taken up");
  }
  if (renameat(taken_, name.c_str(), folder, target.c_str()) != 0) {
    return Failed("the file cannot be moved", errno);
  }
  // Moved back by a crash, it would only be taken up again.
  fsync(folder);
  fsync(taken_);
  return absl::OkStatus();
}

}  // namespace anqiao::transport
