// slot := "AQHEAD1\0" | head, 8 bytes big-endian | CRC32C of both, 4 bytes big-endian

#include "hub/store/head_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/checksum.h"

namespace anqiao::store {
namespace {

constexpr absl::string_view kMagic("AQHEAD1\0", 8);
constexpr off_t kSlotDistance = 4096;
constexpr std::size_t kSlotBytes = 20;

// Closes a descriptor at the end of the scope.
class Closer {
 public:
  explicit Closer(int file) : file_(file) {}
  ~Closer() { close(file_); }
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

 private:
  const int file_;
};

absl::Status FileError(int error, absl::string_view what) {
  if (error == ENOSPC || error == EDQUOT) {
    return Error(absl::StatusCode::kResourceExhausted, reason::kStorageFull,
                 absl::StrCat(what, ": the disk is full"));
  }
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
               absl::StrCat(what, ": errno ", error));
}

std::string EncodeSlot(Sequence head) {
  return Seal(kMagic, absl::StrCat(kMagic, EncodeNumber(head)));
}

std::optional<Sequence> DecodeSlot(absl::string_view bytes) {
  const absl::StatusOr<absl::string_view> slot = Unseal(kMagic, bytes);
  if (!slot.ok() || slot->substr(0, kMagic.size()) != kMagic) return std::nullopt;
  const absl::StatusOr<std::uint64_t> head = DecodeNumber(slot->substr(kMagic.size()));
  return head.ok() ? std::optional<Sequence>(*head) : std::nullopt;
}

absl::Status WriteSlot(int file, int slot, Sequence head) {
  const std::string bytes = EncodeSlot(head);
  ssize_t written = 0;
  do {
    written = pwrite(file, bytes.data(), bytes.size(), slot * kSlotDistance);
  } while (written < 0 && errno == EINTR);
  if (written != static_cast<ssize_t>(bytes.size())) {
    return FileError(written < 0 ? errno : ENOSPC, "the journal's head could not be recorded");
  }
  return absl::OkStatus();
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const int file = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return FileError(errno, "the store's directory could not be opened");
  const Closer closer(file);
  if (fsync(file) != 0) return FileError(errno, "the store's directory could not be synced");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<Sequence>> HeadFile::Read(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    if (errno == ENOENT) return std::optional<Sequence>();
    return FileError(errno, "the journal's recorded head could not be opened");
  }
  const Closer closer(file);
  std::optional<Sequence> head;
  for (const off_t at : {off_t{0}, kSlotDistance}) {
    char bytes[kSlotBytes];
    const ssize_t size = pread(file, bytes, sizeof(bytes), at);
    if (size != static_cast<ssize_t>(sizeof(bytes))) continue;
    if (const auto slot = DecodeSlot({bytes, sizeof(bytes)})) {
      head = std::max(head.value_or(0), *slot);
    }
  }
  if (!head.has_value()) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "the journal's recorded head is damaged");
  }
  return head;
}

absl::Status HeadFile::Create(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return FileError(errno, "the journal's head file could not be made");
  const Closer closer(file);
  AQ_RETURN_IF_ERROR(WriteSlot(file, 0, 0));
  AQ_RETURN_IF_ERROR(WriteSlot(file, 1, 0));
  if (fsync(file) != 0) return FileError(errno, "the journal's head file could not be synced");
  return SyncDirectoryOf(path);
}

absl::StatusOr<std::unique_ptr<HeadFile>> HeadFile::Open(const std::string& path, Sequence head) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) {
    if (errno == ENOENT) return absl::NotFoundError("there is no head file");
    return FileError(errno, "the journal's head file could not be opened");
  }
  std::unique_ptr<HeadFile> opened(new HeadFile(file, head));
  // Both slots, one after the other, so that the turn does not matter afterwards.
  for (int i = 0; i < 2; ++i) {
    AQ_RETURN_IF_ERROR(opened->Record(head));
    AQ_RETURN_IF_ERROR(opened->Sync());
  }
  return opened;
}

HeadFile::~HeadFile() { close(file_); }

absl::Status HeadFile::Record(Sequence head) {
  AQ_RETURN_IF_ERROR(WriteSlot(file_, slot_, head));
  slot_ = 1 - slot_;
  head_ = head;
  return head_ - synced_ >= kSyncEvery ? Sync() : absl::OkStatus();
}

absl::Status HeadFile::Sync() {
  if (fdatasync(file_) != 0) return FileError(errno, "the journal's head could not be synced");
  synced_ = head_;
  return absl::OkStatus();
}

}  // namespace anqiao::store
