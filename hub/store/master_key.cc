#include "hub/store/master_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::store {
namespace {

constexpr std::size_t kHexBytes = 2 * DataKey::kBytes;
constexpr std::size_t kFileMax = kHexBytes + 2;  // A line end of two bytes may follow.
constexpr std::size_t kMasterKeyIdBytes = 8;

class Descriptor {
 public:
  explicit Descriptor(int file) : file_(file) {}
  ~Descriptor() {
    if (file_ >= 0) close(file_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return file_; }

 private:
  const int file_;
};

absl::Status Unusable(absl::string_view path, absl::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
               absl::StrCat("the master key file ", path, " ", why));
}

absl::Status SystemError(absl::string_view path, absl::string_view what, int error) {
  if (error == ENOSPC || error == EDQUOT) {
    return Error(absl::StatusCode::kResourceExhausted, reason::kStorageFull,
                 absl::StrCat("the master key file ", path, " ", what, ": the disk is full"));
  }
  return Unusable(path, absl::StrCat(what, ": errno ", error));
}

absl::Status CheckOwnerAndMode(const std::string& path, int file) {
  struct stat info;
  if (fstat(file, &info) != 0) return SystemError(path, "cannot be examined", errno);
  if (!S_ISREG(info.st_mode)) return Unusable(path, "is not a regular file");
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return Unusable(path, "belongs to another user");
  }
  const mode_t mode = info.st_mode & 07777;
  if (mode != 0400 && mode != 0600) {
    return Unusable(path, "must have mode 0400 or 0600, so that nobody else reads it");
  }
  return absl::OkStatus();
}

class KeyInMemory final : public MasterKey {
 public:
  KeyInMemory(const DataKey& key, const CipherSuite& suite)
      : key_(key),
        suite_(suite),
        id_(Hex(suite.KeyedHash(key, "anqiao master key id").substr(0, kMasterKeyIdBytes))) {}

  absl::StatusOr<std::string> Wrap(absl::string_view data_key) const override {
    return suite_.Wrap(key_, data_key);
  }
  absl::StatusOr<std::vector<std::string>> WrapAll(
      const std::vector<DataKey>& data_keys) const override {
    return suite_.WrapAll(key_, data_keys);
  }
  absl::StatusOr<DataKey> Unwrap(absl::string_view wrapped) const override {
    return suite_.Unwrap(key_, wrapped);
  }
  std::string id() const override { return id_; }

 private:
  const DataKey key_;
  const CipherSuite& suite_;
  const std::string id_;
};

absl::StatusOr<DataKey> ParseKey(const std::string& path, absl::string_view content) {
  if (content.size() == DataKey::kBytes) return DataKey(content);
  absl::string_view digits = absl::StripSuffix(content, "\n");
  digits = absl::StripSuffix(digits, "\r");
  bool hexadecimal = digits.size() == kHexBytes;
  for (const char c : digits) {
    hexadecimal = hexadecimal && absl::ascii_isxdigit(static_cast<unsigned char>(c));
  }
  if (!hexadecimal) return Unusable(path, "must hold 64 hexadecimal digits or 32 bytes");
  return DataKey(absl::HexStringToBytes(digits));
}

absl::Status SyncFolderOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const Descriptor folder(
      open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || fsync(folder.get()) != 0) {
    return SystemError(path, "is made, but its folder could not be synced", errno);
  }
  return absl::OkStatus();
}

absl::Status WriteKey(const std::string& path, int file) {
  const std::string text = absl::StrCat(Hex(DataKey::Random()), "\n");
  const ssize_t written = write(file, text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) {
    return SystemError(path, "could not be written", written < 0 ? errno : ENOSPC);
  }
  if (fsync(file) != 0) return SystemError(path, "could not be synced", errno);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<MasterKey>> MasterKey::FromFile(const std::string& path,
                                                               const CipherSuite& suite) {
  // Without O_NONBLOCK a pipe of that name would hold the caller.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    if (errno == ENOENT) {
      return Error(absl::StatusCode::kNotFound, reason::kConfigurationInvalid,
                   absl::StrCat("there is no master key file ", path));
    }
    return SystemError(path, "cannot be opened", errno);
  }
  AQ_RETURN_IF_ERROR(CheckOwnerAndMode(path, file.get()));
  std::string content(kFileMax + 1, '\0');
  const ssize_t size = read(file.get(), content.data(), content.size());
  if (size < 0) return SystemError(path, "cannot be read", errno);
  const absl::string_view whole(content.data(), static_cast<std::size_t>(size));
  AQ_ASSIGN_OR_RETURN(const DataKey key, ParseKey(path, whole));
  content.assign(content.size(), '\0');
  return FromKey(key, suite);
}

std::unique_ptr<MasterKey> MasterKey::FromKey(const DataKey& key, const CipherSuite& suite) {
  return std::make_unique<KeyInMemory>(key, suite);
}

absl::Status MasterKey::MakeFile(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) {
    if (errno == EEXIST) {
      return Error(absl::StatusCode::kAlreadyExists, reason::kConfigurationInvalid,
                   absl::StrCat("there is a master key file ", path, " already"));
    }
    return SystemError(path, "cannot be made", errno);
  }
  if (absl::Status written = WriteKey(path, file.get()); !written.ok()) {
    unlink(path.c_str());
    return written;
  }
  return SyncFolderOf(path);
}

}  // namespace anqiao::store
