// log := blocks of 32 KiB, each of records and up to 6 zero bytes
// record := masked CRC32C of type and payload, 4 bytes | size, 2 bytes | type, 1 byte | payload
// Numbers are little-endian. A write is one record of type 1, or 2, 3 ... 3, 4.

#include "hub/store/log_tail.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/status_macros.h"
#include "hub/store/checksum.h"
#include "hub/store/manifest_mark.h"
#include "hub/store/rocks_status.h"

namespace anqiao::store {
namespace {

constexpr std::size_t kBlockBytes = 32768;
constexpr std::size_t kHeaderBytes = 7;
enum RecordType : unsigned char { kWhole = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

std::uint32_t Little(absl::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    number = (number << 8) | static_cast<unsigned char>(bytes[i - 1]);
  }
  return number;
}

struct Record {
  unsigned char type = 0;
  std::size_t bytes = 0;  // With its header.
};

// The record at the front of "block"; nullopt if there is none that is whole.
std::optional<Record> ParseRecord(absl::string_view block) {
  if (block.size() < kHeaderBytes) return std::nullopt;
  const Record record{static_cast<unsigned char>(block[6]),
                      kHeaderBytes + Little(block.substr(4, 2))};
  if (record.type < kWhole || record.type > kLast || record.bytes > block.size()) {
    return std::nullopt;
  }
  const std::uint32_t crc = Crc32c(block.substr(6, record.bytes - 6));
  const std::uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
  if (masked != Little(block.substr(0, 4))) return std::nullopt;
  return record;
}

// Reads a log block by block and finds where its damage begins.
class TailScanner {
 public:
  // False: a write begins behind the damage, or nothing more is to be found.
  bool Add(absl::string_view block) {
    std::size_t at = 0;
    while (!damaged_ && at < block.size()) {
      const absl::string_view rest = block.substr(at);
      if (at + kHeaderBytes > kBlockBytes) break;  // Filled up with zeros.
      const std::optional<Record> record = ParseRecord(rest);
      if (!record.has_value()) {
        damaged_ = true;
        if (!inside_) start_ = offset_ + at;
        break;
      }
      if (record->type == kWhole || record->type == kFirst) start_ = offset_ + at;
      inside_ = record->type == kFirst || record->type == kMiddle;
      at += record->bytes;
    }
    if (damaged_) {
      for (; at < block.size(); ++at) {
        const std::optional<Record> record = ParseRecord(block.substr(at));
        if (record.has_value() && (record->type == kWhole || record->type == kFirst)) {
          followed_ = true;
          return false;
        }
      }
    }
    offset_ += block.size();
    return block.size() == kBlockBytes;
  }

  // Where the torn write began; nullopt if there is none.
  std::optional<std::uint64_t> torn() const {
    return damaged_ && !followed_ ? std::make_optional(start_) : std::nullopt;
  }

 private:
  std::uint64_t offset_ = 0;  // Of the next block.
  std::uint64_t start_ = 0;   // Of the write that was read last.
  bool inside_ = false;       // The write goes on.
  bool damaged_ = false;
  bool followed_ = false;
};

absl::StatusOr<std::optional<std::uint64_t>> FindTornTail(rocksdb::FileSystem& files,
                                                          const std::string& path) {
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  AQ_RETURN_IF_ERROR(FromRocks(files.NewSequentialFile(path, {}, &file, nullptr), "reading a log"));
  TailScanner scanner;
  std::string scratch(kBlockBytes, '\0');
  rocksdb::Slice block;
  do {
    AQ_RETURN_IF_ERROR(
        FromRocks(file->Read(kBlockBytes, {}, &block, scratch.data(), nullptr), "reading a log"));
  } while (scanner.Add(ToView(block)));
  return scanner.torn();
}

// Copies what lies behind "from" to "kept", durably.
absl::Status KeepTail(rocksdb::FileSystem& files, const std::string& path, std::uint64_t from,
                      const std::string& kept) {
  constexpr absl::string_view kDoing = "keeping the torn end of a log";
  std::unique_ptr<rocksdb::FSSequentialFile> source;
  std::unique_ptr<rocksdb::FSWritableFile> copy;
  AQ_RETURN_IF_ERROR(FromRocks(files.NewSequentialFile(path, {}, &source, nullptr), kDoing));
  AQ_RETURN_IF_ERROR(FromRocks(source->Skip(from), kDoing));
  AQ_RETURN_IF_ERROR(FromRocks(files.NewWritableFile(kept, {}, &copy, nullptr), kDoing));
  std::string scratch(kBlockBytes, '\0');
  rocksdb::Slice block;
  do {
    AQ_RETURN_IF_ERROR(
        FromRocks(source->Read(kBlockBytes, {}, &block, scratch.data(), nullptr), kDoing));
    AQ_RETURN_IF_ERROR(FromRocks(copy->Append(block, {}, nullptr), kDoing));
  } while (block.size() > 0);
  AQ_RETURN_IF_ERROR(FromRocks(copy->Sync({}, nullptr), kDoing));
  return FromRocks(copy->Close({}, nullptr), kDoing);
}

absl::StatusOr<bool> CutTornTail(rocksdb::FileSystem& files, const std::string& path,
                                 const std::string& kept) {
  constexpr absl::string_view kDoing = "cutting off the torn end of a log";
  AQ_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> torn, FindTornTail(files, path));
  if (!torn.has_value()) return false;
  AQ_RETURN_IF_ERROR(KeepTail(files, path, *torn, kept));
  AQ_RETURN_IF_ERROR(FromRocks(files.Truncate(path, *torn, {}, nullptr), kDoing));
  std::unique_ptr<rocksdb::FSWritableFile> file;
  AQ_RETURN_IF_ERROR(FromRocks(files.ReopenWritableFile(path, {}, &file, nullptr), kDoing));
  AQ_RETURN_IF_ERROR(FromRocks(file->Sync({}, nullptr), kDoing));
  AQ_RETURN_IF_ERROR(FromRocks(file->Close({}, nullptr), kDoing));
  return true;
}

// Name of the log with the greatest number; empty if there is none.
absl::StatusOr<std::string> NewestLog(rocksdb::FileSystem& files, const std::string& directory) {
  std::vector<std::string> names;
  AQ_RETURN_IF_ERROR(
      FromRocks(files.GetChildren(directory, {}, &names, nullptr), "looking for logs"));
  std::string newest;
  std::uint64_t newest_number = 0;
  for (const std::string& name : names) {
    std::uint64_t number = 0;
    if (!absl::EndsWith(name, ".log") ||
        !absl::SimpleAtoi(absl::string_view(name).substr(0, name.size() - 4), &number)) {
      continue;
    }
    if (number >= newest_number) {
      newest_number = number;
      newest = name;
    }
  }
  return newest;
}

}  // namespace

absl::StatusOr<bool> CutTornTails(rocksdb::FileSystem& files, const std::string& directory) {
  const std::string kept = absl::StrCat(directory, "/TORN");
  bool cut = false;
  AQ_ASSIGN_OR_RETURN(const std::string log, NewestLog(files, directory));
  if (!log.empty()) {
    AQ_ASSIGN_OR_RETURN(cut, CutTornTail(files, absl::StrCat(directory, "/", log), kept));
  }
  AQ_ASSIGN_OR_RETURN(const std::string name, CurrentManifest(files, directory));
  const std::string manifest = absl::StrCat(directory, "/", name);
  if (name.empty() || !files.FileExists(manifest, {}, nullptr).ok()) return cut;
  AQ_ASSIGN_OR_RETURN(const bool manifest_cut, CutTornTail(files, manifest, kept));
  return cut || manifest_cut;
}

}  // namespace anqiao::store
