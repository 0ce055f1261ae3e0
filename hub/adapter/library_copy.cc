#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/adapter/adapter_slot.h"
#include "hub/adapter/library.h"
#include "hub/base/digest.h"
#include "hub/base/status_macros.h"

namespace anqiao::adapter {
namespace {

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// The content of a file that only root or the hub's user can have written.
absl::StatusOr<std::string> ReadTrusted(const std::string& path) {
  if (path.empty() || path[0] != '/') return Unusable(path, "expected a complete path");
  const File file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.fd() < 0) {
    return Unusable(path, errno == ELOOP ? "is a symbolic link, expected the file itself"
                                         : absl::StrCat("cannot be read: ", strerror(errno)));
  }
  struct stat found = {};
  if (fstat(file.fd(), &found) != 0 || !S_ISREG(found.st_mode)) {
    return Unusable(path, "is not a plain file");
  }
  if (found.st_uid != 0 && found.st_uid != geteuid()) {
    return Unusable(path, absl::StrCat("belongs to user ", found.st_uid,
                                       ", expected root or the hub's own user"));
  }
  if ((found.st_mode & S_IWOTH) != 0) return Unusable(path, "is writable by everyone");
  const auto size = static_cast<std::size_t>(found.st_size);
  if (size == 0 || size > kLibraryBytesMax) {
    return Unusable(path, absl::StrCat("expected a file of 1 to ", kLibraryBytesMax, " bytes"));
  }
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = read(file.fd(), bytes.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Unusable(path, "cannot be read to its end");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

absl::Status WriteWhole(const std::string& path, const std::string& bytes) {
  const std::string temporary = absl::StrCat(path, ".", getpid(), ".part");
  unlink(temporary.c_str());
  {
    const File file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0500));
    std::size_t done = 0;
    while (file.fd() >= 0 && done < bytes.size()) {
      const ssize_t put = write(file.fd(), bytes.data() + done, bytes.size() - done);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) break;
      done += static_cast<std::size_t>(put);
    }
    if (done < bytes.size()) {
      const int error = errno;
      unlink(temporary.c_str());
      return Unusable(path, absl::StrCat("the copy cannot be written: ", strerror(error)));
    }
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    return Unusable(path, absl::StrCat("the copy cannot be written: ", strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> CopyLibrary(const std::string& library, const std::string& directory) {
  AQ_ASSIGN_OR_RETURN(const std::string bytes, ReadTrusted(library));
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error) {
    return Unusable(directory, absl::StrCat("copies cannot be kept there: ", error.message()));
  }
  std::string copy = absl::StrCat(directory, "/", Hex(Sha256(bytes)), ".so");
  // One that is there may be loaded already; it is written anew beside it and takes its place.
  AQ_RETURN_IF_ERROR(WriteWhole(copy, bytes));
  return copy;
}

void RemoveCopiesExcept(const std::string& directory, const std::set<std::string>& build_ids) {
  std::error_code error;
  std::vector<std::filesystem::path> old;
  for (const auto& file : std::filesystem::directory_iterator(directory, error)) {
    // A build id is the beginning of the hash that names the copy.
    const std::string name = file.path().filename().string();
    if (build_ids.count(name.substr(0, kBuildIdLength)) == 0) old.push_back(file.path());
  }
  for (const std::filesystem::path& path : old) std::filesystem::remove(path, error);
}

}  // namespace anqiao::adapter
