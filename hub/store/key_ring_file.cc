#include "hub/store/key_ring_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "hub/base/status_macros.h"
#include "hub/store/rocks_status.h"

namespace anqiao::store {
namespace {

constexpr std::uint64_t kWipeBytes = std::uint64_t{1} << 20;

rocksdb::IOOptions Io() { return {}; }

}  // namespace

absl::StatusOr<std::unique_ptr<RingFile>> RingFile::Open(rocksdb::FileSystem& system,
                                                         const std::string& path, Mode mode) {
  AQ_RETURN_IF_ERROR(FromRocks(system.FileExists(path, Io(), nullptr), "the key ring " + path));
  std::unique_ptr<RingFile> opened(new RingFile);
  const rocksdb::IOStatus status =
      mode == Mode::kWrite ? system.NewRandomRWFile(path, {}, &opened->file_, nullptr)
                           : system.NewRandomAccessFile(path, {}, &opened->reader_, nullptr);
  AQ_RETURN_IF_ERROR(FromRocks(status, "opening the key ring"));
  return opened;
}

absl::StatusOr<std::unique_ptr<RingFile>> RingFile::Create(rocksdb::FileSystem& system,
                                                           const std::string& path) {
  std::unique_ptr<rocksdb::FSWritableFile> made;
  AQ_RETURN_IF_ERROR(
      FromRocks(system.NewWritableFile(path, {}, &made, nullptr), "making the key ring"));
  AQ_RETURN_IF_ERROR(FromRocks(made->Close(Io(), nullptr), "making the key ring"));
  // Nothing is in it yet. Only the system's own files have modes.
  if (&system == rocksdb::FileSystem::Default().get()) chmod(path.c_str(), 0600);
  return Open(system, path, Mode::kWrite);
}

absl::StatusOr<std::string> RingFile::Read(std::uint64_t offset, std::size_t size) const {
  std::string bytes(size, '\0');
  rocksdb::Slice read;
  const rocksdb::IOStatus status =
      file_ != nullptr ? file_->Read(offset, size, Io(), &read, bytes.data(), nullptr)
                       : reader_->Read(offset, size, Io(), &read, bytes.data(), nullptr);
  AQ_RETURN_IF_ERROR(FromRocks(status, "reading the key ring"));
  if (read.data() != bytes.data()) return read.ToString();
  bytes.resize(read.size());
  return bytes;
}

absl::Status RingFile::Write(std::uint64_t offset, absl::string_view bytes) {
  return FromRocks(file_->Write(offset, ToSlice(bytes), Io(), nullptr), "writing the key ring");
}

absl::StatusOr<RingHeader> RingFile::ReadHeader() const {
  std::optional<RingHeader> newest;
  absl::Status damage;
  for (std::uint64_t copy = 0; copy < kHeaderCopies; ++copy) {
    AQ_ASSIGN_OR_RETURN(const std::string bytes, Read(copy * kHeaderBytes, kHeaderBytes));
    absl::StatusOr<RingHeader> header = DecodeHeader(bytes);
    if (absl::IsFailedPrecondition(header.status())) return header;
    if (!header.ok()) {
      damage = header.status();
    } else if (!newest.has_value() || header->generation > newest->generation) {
      newest = *std::move(header);
    }
  }
  if (!newest.has_value()) return damage;
  return *std::move(newest);
}

absl::Status RingFile::WriteHeader(const RingHeader& header) {
  std::string bytes = EncodeHeader(header);
  bytes.resize(kHeaderBytes, '\0');
  return Write(header.generation % kHeaderCopies * kHeaderBytes, bytes);
}

absl::StatusOr<std::string> RingFile::ReadSlots(KeyId first, std::uint64_t count) const {
  return Read(SlotOffset(first), static_cast<std::size_t>(count) * kSlotBytes);
}

absl::Status RingFile::WriteSlots(KeyId first, absl::string_view bytes) {
  return Write(SlotOffset(first), bytes);
}

absl::Status RingFile::Sync() {
  return FromRocks(file_->Sync(Io(), nullptr), "syncing the key ring");
}

absl::Status RingFile::Wipe(std::uint64_t size) {
  const std::string zeros(static_cast<std::size_t>(std::min(size, kWipeBytes)), '\0');
  for (std::uint64_t at = 0; at < size; at += kWipeBytes) {
    const std::uint64_t part = std::min(kWipeBytes, size - at);
    AQ_RETURN_IF_ERROR(Write(at, absl::string_view(zeros).substr(0, part)));
  }
  return Sync();
}

absl::StatusOr<std::uint64_t> FileBytes(rocksdb::FileSystem& system, const std::string& path) {
  std::uint64_t bytes = 0;
  AQ_RETURN_IF_ERROR(
      FromRocks(system.GetFileSize(path, Io(), &bytes, nullptr), "examining the key ring"));
  return bytes;
}

absl::Status SyncFolderOf(rocksdb::FileSystem& system, const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  std::unique_ptr<rocksdb::FSDirectory> folder;
  AQ_RETURN_IF_ERROR(
      FromRocks(system.NewDirectory(parent.empty() ? "." : parent, Io(), &folder, nullptr),
                "opening the key ring's folder"));
  return FromRocks(folder->Fsync(Io(), nullptr), "syncing the key ring's folder");
}

absl::Status Replace(rocksdb::FileSystem& system, const std::string& from, const std::string& to) {
  AQ_RETURN_IF_ERROR(
      FromRocks(system.RenameFile(from, to, Io(), nullptr), "putting a new key ring in its place"));
  return SyncFolderOf(system, to);
}

absl::Status WipeAndRemove(rocksdb::FileSystem& system, const std::string& path) {
  absl::StatusOr<std::unique_ptr<RingFile>> file =
      RingFile::Open(system, path, RingFile::Mode::kWrite);
  if (absl::IsNotFound(file.status())) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(file.status());
  AQ_ASSIGN_OR_RETURN(const std::uint64_t size, FileBytes(system, path));
  AQ_RETURN_IF_ERROR((*file)->Wipe(size));
  AQ_RETURN_IF_ERROR(
      FromRocks(system.DeleteFile(path, Io(), nullptr), "removing an unfinished key ring"));
  return SyncFolderOf(system, path);
}

}  // namespace anqiao::store
