#include "hub/transport/outbox.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"

namespace anqiao::transport {
namespace {

constexpr char kAck[] = ".ack";
constexpr char kNack[] = ".nack";
constexpr char kNackWithoutCode[] = "REFUSED";
constexpr std::size_t kReasonBytes = 63;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kStepNanos = 1'000;

class FolderDescriptor {
 public:
  explicit FolderDescriptor(int fd) : fd_(fd) {}
  ~FolderDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FolderDescriptor(const FolderDescriptor&) = delete;
  FolderDescriptor& operator=(const FolderDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::Status NotNow(absl::string_view what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", strerror(errno)));
}

// Negative: there is none.
int OpenFolder(const std::string& path) {
  return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool IsInFolder(int folder, const std::string& name) {
  struct stat found = {};
  return fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0;
}

// The time as exactly as the system tells it: that which it gives to files stands still for
// milliseconds.
std::int64_t NowNanos() {
  timespec now = {};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * kNanosPerSecond + now.tv_nsec;
}

absl::Status WriteSynced(int folder, const std::string& name, absl::string_view bytes,
                         std::int64_t nanos) {
  unlinkat(folder, name.c_str(), 0);
  const FolderDescriptor file(
      openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0660));
  if (file.get() < 0) return NotNow("a file cannot be made in the folder");
  while (!bytes.empty()) {
    const ssize_t put = write(file.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return NotNow("the file cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  timespec time = {};
  time.tv_sec = static_cast<time_t>(nanos / kNanosPerSecond);
  time.tv_nsec = static_cast<long>(nanos % kNanosPerSecond);
  const timespec times[2] = {time, time};
  if (futimens(file.get(), times) != 0) return NotNow("the file cannot be given a time");
  if (fsync(file.get()) != 0) return NotNow("the file cannot be synced");
  return absl::OkStatus();
}

// At most one byte more than "bytes_max"; NOT_FOUND: it is not there, or no plain file.
absl::StatusOr<std::string> ReadAll(int folder, const std::string& name, std::size_t bytes_max) {
  const FolderDescriptor file(
      openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat found = {};
  if (file.get() < 0 || fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) {
    return absl::NotFoundError("there is no such file");
  }
  std::string bytes(bytes_max + 1, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = read(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return NotNow("a file of the folder cannot be read");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

// The first line, if it is an UPPER_SNAKE code.
std::string CodeIn(absl::string_view text) {
  const absl::string_view line = absl::StripAsciiWhitespace(text.substr(0, text.find('\n')));
  const bool code = !line.empty() && line.size() <= kReasonBytes &&
                    absl::ascii_isupper(static_cast<unsigned char>(line[0])) &&
                    std::all_of(line.begin(), line.end(), [](char c) {
                      const auto u = static_cast<unsigned char>(c);
                      return absl::ascii_isupper(u) || absl::ascii_isdigit(u) || c == '_';
                    });
  return code ? std::string(line) : kNackWithoutCode;
}

}  // namespace

absl::Status Outbox::Check() const {
  const FolderDescriptor folder(OpenFolder(path_));
  if (folder.get() < 0) return NotNow("the folder is not there");
  if (faccessat(folder.get(), ".", W_OK | X_OK, 0) != 0) {
    return NotNow("the folder cannot be written");
  }
  return absl::OkStatus();
}

absl::Status Outbox::Put(const std::string& name, absl::string_view bytes) {
  const FolderDescriptor folder(OpenFolder(path_));
  if (folder.get() < 0) return NotNow("the folder is not there");
  if (!IsInFolder(folder.get(), name)) {
    const std::string part = absl::StrCat(".", name, ".part");
    last_nanos_ = std::max(NowNanos(), last_nanos_ + kStepNanos);
    AQ_RETURN_IF_ERROR(WriteSynced(folder.get(), part, bytes, last_nanos_));
    if (renameat2(folder.get(), part.c_str(), folder.get(), name.c_str(), RENAME_NOREPLACE) == 0) {
      if (fsync(folder.get()) != 0) return NotNow("the folder cannot be synced");
      return absl::OkStatus();
    }
    const int error = errno;
    unlinkat(folder.get(), part.c_str(), 0);
    errno = error;
    if (errno != EEXIST) return NotNow("the file cannot be put in its place");
  }
  // From an attempt whose end nobody saw: it may not be synced yet.
  const absl::StatusOr<std::string> there = ReadAll(folder.get(), name, bytes.size());
  if (absl::IsUnavailable(there.status())) return there.status();
  if (!there.ok() || *there != bytes) {
    return absl::AlreadyExistsError("something else has the name of the file");
  }
  if (fsync(folder.get()) != 0) return NotNow("the folder cannot be synced");
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Outbox::Said>> Outbox::Look(const std::string& name) const {
  const FolderDescriptor folder(OpenFolder(path_));
  if (folder.get() < 0) return NotNow("the folder is not there");
  std::optional<Said> said;
  if (IsInFolder(folder.get(), name + kAck)) return std::optional<Said>(Said{.ack = true});
  const absl::StatusOr<std::string> nack = ReadAll(folder.get(), name + kNack, kReasonBytes + 2);
  if (nack.ok()) said = Said{.ack = false, .reason = CodeIn(*nack)};
  if (absl::IsUnavailable(nack.status())) return nack.status();
  return said;
}

absl::Status Outbox::ForgetNack(const std::string& name) const {
  const FolderDescriptor folder(OpenFolder(path_));
  if (folder.get() < 0) return NotNow("the folder is not there");
  if (unlinkat(folder.get(), (name + kNack).c_str(), 0) != 0 && errno != ENOENT) {
    return NotNow("what the agency said cannot be taken away");
  }
  return absl::OkStatus();
}

}  // namespace anqiao::transport
