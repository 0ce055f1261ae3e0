// mark := seal("MARK", name of 64 bytes at most | 00 | size | CRC32C of so many bytes), numbers of
// 8 bytes big-endian

#include "hub/store/manifest_mark.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/checksum.h"
#include "hub/store/directories.h"
#include "hub/store/rocks_status.h"

namespace anqiao::store {
namespace {

constexpr char kKey[] = "MARK";
constexpr std::size_t kMarkBytesMax = 128;
constexpr std::size_t kChunkBytes = std::size_t{64} << 10;
constexpr char kDoing[] = "reading the manifest";

absl::Status LostMark(absl::string_view message) {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost, message);
}

// What a small file holds; empty if there is none.
absl::StatusOr<std::string> ReadSmall(rocksdb::FileSystem& files, const std::string& path) {
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  const rocksdb::IOStatus opened = files.NewSequentialFile(path, {}, &file, nullptr);
  if (opened.IsNotFound() || opened.IsPathNotFound()) return std::string();
  AQ_RETURN_IF_ERROR(FromRocks(opened, kDoing));
  char scratch[kMarkBytesMax];
  rocksdb::Slice bytes;
  AQ_RETURN_IF_ERROR(FromRocks(file->Read(sizeof(scratch), {}, &bytes, scratch, nullptr), kDoing));
  return bytes.ToString();
}

// The mark of the first "size" bytes of "name"; of fewer if the file is shorter.
absl::StatusOr<std::string> MarkOf(rocksdb::FileSystem& files, const std::string& directory,
                                   const std::string& name, std::uint64_t size) {
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  AQ_RETURN_IF_ERROR(
      FromRocks(files.NewSequentialFile(directory + "/" + name, {}, &file, nullptr), kDoing));
  std::string scratch(kChunkBytes, '\0');
  std::uint64_t done = 0;
  std::uint32_t crc = 0;
  while (done < size) {
    rocksdb::Slice chunk;
    const std::size_t ask = std::min<std::uint64_t>(size - done, kChunkBytes);
    AQ_RETURN_IF_ERROR(FromRocks(file->Read(ask, {}, &chunk, scratch.data(), nullptr), kDoing));
    if (chunk.empty()) break;
    crc = Crc32c(ToView(chunk), crc);
    done += chunk.size();
  }
  return Seal(kKey, name + '\0' + EncodeNumber(done) + EncodeNumber(crc));
}

}  // namespace

absl::StatusOr<std::string> CurrentManifest(rocksdb::FileSystem& files,
                                            const std::string& directory) {
  AQ_ASSIGN_OR_RETURN(std::string name, ReadSmall(files, directory + "/CURRENT"));
  if (name.rfind("MANIFEST-", 0) != 0 || name.size() > 64 || name.back() != '\n') {
    return std::string();
  }
  name.pop_back();
  return name;
}

absl::Status MarkManifest(rocksdb::FileSystem& files, const std::string& directory) {
  constexpr char kMarking[] = "marking the manifest";
  AQ_ASSIGN_OR_RETURN(const std::string name, CurrentManifest(files, directory));
  if (name.empty()) return LostMark("CURRENT names no manifest");
  std::uint64_t size = 0;
  AQ_RETURN_IF_ERROR(
      FromRocks(files.GetFileSize(directory + "/" + name, {}, &size, nullptr), kMarking));
  AQ_ASSIGN_OR_RETURN(const std::string mark, MarkOf(files, directory, name, size));
  const std::string path = directory + "/MARK";
  std::unique_ptr<rocksdb::FSWritableFile> file;
  AQ_RETURN_IF_ERROR(FromRocks(files.NewWritableFile(path + ".new", {}, &file, nullptr), kMarking));
  AQ_RETURN_IF_ERROR(FromRocks(file->Append(mark, {}, nullptr), kMarking));
  AQ_RETURN_IF_ERROR(FromRocks(file->Sync({}, nullptr), kMarking));
  AQ_RETURN_IF_ERROR(FromRocks(file->Close({}, nullptr), kMarking));
  AQ_RETURN_IF_ERROR(FromRocks(files.RenameFile(path + ".new", path, {}, nullptr), kMarking));
  return SyncDirectory(files, directory);
}

absl::Status CheckManifest(rocksdb::FileSystem& files, const std::string& directory) {
  AQ_ASSIGN_OR_RETURN(const std::string mark, ReadSmall(files, directory + "/MARK"));
  if (mark.empty() && !files.FileExists(directory + "/MARK", {}, nullptr).ok()) {
    return absl::OkStatus();
  }
  const absl::StatusOr<absl::string_view> text = Unseal(kKey, mark);
  const std::size_t end = text.ok() ? text->find('\0') : absl::string_view::npos;
  if (end == absl::string_view::npos || text->size() != end + 17) {
    return LostMark("the mark of the manifest (MARK) is damaged");
  }
  AQ_ASSIGN_OR_RETURN(const std::string name, CurrentManifest(files, directory));
  if (name != text->substr(0, end)) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(const std::uint64_t size, DecodeNumber(text->substr(end + 1, 8)));
  AQ_ASSIGN_OR_RETURN(const std::string found, MarkOf(files, directory, name, size));
  return found == mark ? absl::OkStatus() : LostMark("the manifest was cut off or altered");
}

}  // namespace anqiao::store
