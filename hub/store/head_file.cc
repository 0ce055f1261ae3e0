// slot := "AQHEAD1\0" | head, 8 bytes big-endian | CRC32C of both, 4 bytes big-endian

#include "hub/store/head_file.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/checksum.h"
#include "hub/store/directories.h"
#include "hub/store/rocks_status.h"

namespace anqiao::store {
namespace {

constexpr absl::string_view kHeadFileMagic("AQHEAD1\0", 8);
constexpr std::uint64_t kSlotDistance = 4096;
constexpr std::size_t kHeadSlotBytes = 20;

std::string EncodeSlot(Sequence head) {
  return Seal(kHeadFileMagic, absl::StrCat(kHeadFileMagic, EncodeNumber(head)));
}

std::optional<Sequence> DecodeHeadSlot(absl::string_view bytes) {
  const absl::StatusOr<absl::string_view> slot = Unseal(kHeadFileMagic, bytes);
  if (!slot.ok() || slot->substr(0, kHeadFileMagic.size()) != kHeadFileMagic) return std::nullopt;
  const absl::StatusOr<std::uint64_t> head = DecodeNumber(slot->substr(kHeadFileMagic.size()));
  return head.ok() ? std::optional<Sequence>(*head) : std::nullopt;
}

// What the slots hold; nullopt for one that is not whole.
using Slots = std::array<std::optional<Sequence>, 2>;

template <typename File>
absl::StatusOr<Slots> ReadSlots(const File& file) {
  Slots slots;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    char scratch[kHeadSlotBytes];
    rocksdb::Slice bytes;
    AQ_RETURN_IF_ERROR(
        FromRocks(file.Read(i * kSlotDistance, kHeadSlotBytes, {}, &bytes, scratch, nullptr),
                  "reading the journal's recorded head"));
    slots[i] = DecodeHeadSlot(ToView(bytes));
  }
  return slots;
}

// Writes the bytes of a new file to "path" and waits for them.
absl::Status WriteNew(rocksdb::FileSystem& files, const std::string& path,
                      const std::string& bytes) {
  constexpr absl::string_view kDoing = "making the journal's head file";
  std::unique_ptr<rocksdb::FSWritableFile> file;
  AQ_RETURN_IF_ERROR(FromRocks(files.NewWritableFile(path, {}, &file, nullptr), kDoing));
  AQ_RETURN_IF_ERROR(FromRocks(file->Append(bytes, {}, nullptr), kDoing));
  AQ_RETURN_IF_ERROR(FromRocks(file->Sync({}, nullptr), kDoing));
  return FromRocks(file->Close({}, nullptr), kDoing);
}

}  // namespace

absl::StatusOr<std::optional<Sequence>> HeadFile::Read(rocksdb::FileSystem& files,
                                                       const std::string& path) {
  constexpr absl::string_view kDoing = "reading the journal's recorded head";
  std::unique_ptr<rocksdb::FSRandomAccessFile> file;
  const rocksdb::IOStatus opened = files.NewRandomAccessFile(path, {}, &file, nullptr);
  if (opened.IsNotFound() || opened.IsPathNotFound()) return std::optional<Sequence>();
  AQ_RETURN_IF_ERROR(FromRocks(opened, kDoing));
  AQ_ASSIGN_OR_RETURN(const Slots slots, ReadSlots(*file));
  const std::optional<Sequence> head = std::max(slots[0], slots[1]);
  if (!head.has_value()) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "the journal's recorded head is damaged");
  }
  return head;
}

absl::Status HeadFile::Create(rocksdb::FileSystem& files, const std::string& path) {
  AQ_RETURN_IF_ERROR(SyncDirectory(files, DirectoryOf(path)));
  std::string bytes = EncodeSlot(0);
  bytes.resize(kSlotDistance);
  bytes += EncodeSlot(0);
  const std::string unnamed = path + ".new";
  AQ_RETURN_IF_ERROR(WriteNew(files, unnamed, bytes));
  AQ_RETURN_IF_ERROR(
      FromRocks(files.RenameFile(unnamed, path, {}, nullptr), "naming the journal's head file"));
  return SyncDirectory(files, DirectoryOf(path));
}

absl::StatusOr<std::unique_ptr<HeadFile>> HeadFile::Open(rocksdb::FileSystem& files,
                                                         const std::string& path, Sequence head) {
  std::unique_ptr<rocksdb::FSRandomRWFile> file;
  const rocksdb::IOStatus opened = files.NewRandomRWFile(path, {}, &file, nullptr);
  if (opened.IsNotFound() || opened.IsPathNotFound()) {
    return absl::NotFoundError("there is no head file");
  }
  AQ_RETURN_IF_ERROR(FromRocks(opened, "opening the journal's head file"));
  AQ_ASSIGN_OR_RETURN(const Slots slots, ReadSlots(*file));
  std::unique_ptr<HeadFile> head_file(new HeadFile(std::move(file), head));
  // Both slots, each synced before the other is touched, and the better one last: the other may be
  // torn.
  head_file->slot_ = slots[0] > slots[1] ? 1 : 0;
  for (int i = 0; i < 2; ++i) {
    AQ_RETURN_IF_ERROR(head_file->Record(head));
    AQ_RETURN_IF_ERROR(head_file->Sync());
  }
  return head_file;
}

absl::Status HeadFile::Record(Sequence head) {
  const rocksdb::IOStatus written =
      file_->Write(slot_ * kSlotDistance, EncodeSlot(head), {}, nullptr);
  AQ_RETURN_IF_ERROR(FromRocks(written, "recording the journal's head"));
  slot_ = 1 - slot_;
  head_ = head;
  return head_ - synced_ >= kSyncEvery ? Sync() : absl::OkStatus();
}

absl::Status HeadFile::Sync() {
  AQ_RETURN_IF_ERROR(FromRocks(file_->Sync({}, nullptr), "syncing the journal's head"));
  synced_ = head_;
  return absl::OkStatus();
}

}  // namespace anqiao::store
