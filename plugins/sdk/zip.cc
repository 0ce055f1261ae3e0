//   local header "PK\3\4", name, extra, data        for each entry
//   directory header "PK\1\2", name, extra, comment for each entry
//   end "PK\5\6": where the directory is, how many entries, comment
//
// Only the directory is believed; local headers are asked for nothing but where the data begins.

#include "plugins/sdk/zip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace anqiao::sdk {
namespace {

constexpr std::size_t kEntriesMax = 1000;
constexpr std::size_t kInflatedMax = std::size_t{32} << 20;
constexpr std::size_t kRatioMax = 250;
constexpr std::size_t kRatioFreeBytes = std::size_t{1} << 20;

constexpr std::string_view kLocalSignature("PK\3\4", 4);
constexpr std::string_view kDirectorySignature("PK\1\2", 4);
constexpr std::string_view kEndSignature("PK\5\6", 4);
constexpr std::size_t kLocalBytes = 30;
constexpr std::size_t kDirectoryBytes = 46;
constexpr std::size_t kEndBytes = 22;
constexpr std::uint16_t kStored = 0;
constexpr std::uint16_t kDeflated = 8;

std::uint32_t Number(std::string_view bytes, std::size_t offset, std::size_t length) {
  std::uint32_t number = 0;
  for (std::size_t i = length; i > 0; --i) {
    number = number << 8 | static_cast<std::uint8_t>(bytes[offset + i - 1]);
  }
  return number;
}

std::uint16_t Short(std::string_view bytes, std::size_t offset) {
  return static_cast<std::uint16_t>(Number(bytes, offset, 2));
}

std::uint32_t Long(std::string_view bytes, std::size_t offset) { return Number(bytes, offset, 4); }

bool SignatureAt(std::string_view bytes, std::size_t offset, std::string_view signature) {
  return bytes.substr(std::min(offset, bytes.size()), signature.size()) == signature;
}

void Append(std::string& out, std::size_t number, std::size_t length) {
  for (std::size_t i = 0; i < length; ++i, number >>= 8) {
    out.push_back(static_cast<char>(number & 0xFF));
  }
}

std::uint32_t ChecksumOf(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

Fault Damaged(std::string message) { return {"PAYLOAD_UNDECODABLE", std::move(message)}; }

// Exactly "size" bytes, no more are ever held.
bool Inflate(std::string_view packed, std::size_t size, std::string& out) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  out.resize(size + 1);  // one more shows that there would be more
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  const bool good = result == Z_STREAM_END && stream.total_out == size;
  inflateEnd(&stream);
  out.resize(good ? size : 0);
  return good;
}

// Raw deflate; false if zlib failed.
bool Deflate(std::string_view content, std::string& out) {
  z_stream stream = {};
  constexpr int kMemoryLevel = 8;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return false;
  }
  out.resize(deflateBound(&stream, content.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool good = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return good;
}

}  // namespace

Fault ZipReader::Open(std::string_view bytes) {
  bytes_ = bytes;
  if (!bytes.starts_with(kLocalSignature) && !bytes.starts_with(kEndSignature)) {
    return Damaged("expected a workbook (.xlsx), which is a ZIP archive");
  }
  constexpr std::size_t kCommentMax = 65535;
  const std::size_t lowest = bytes.size() - std::min(bytes.size(), kEndBytes + kCommentMax);
  for (std::size_t at = bytes.rfind(kEndSignature); at != std::string_view::npos && at >= lowest;
       at = at == 0 ? std::string_view::npos : bytes.rfind(kEndSignature, at - 1)) {
    if (bytes.size() - at < kEndBytes || bytes.size() - at != kEndBytes + Short(bytes, at + 20)) {
      continue;
    }
    if (Short(bytes, at + 4) != 0 || Short(bytes, at + 6) != 0 ||
        Short(bytes, at + 8) != Short(bytes, at + 10)) {
      return Damaged("the archive is spread over several files");
    }
    const std::size_t size = Long(bytes, at + 12);
    const std::size_t begin = Long(bytes, at + 16);
    if (begin > at || size > at - begin) return Damaged("the archive's directory is damaged");
    return ReadDirectory(begin, size, Short(bytes, at + 10));
  }
  return {"PAYLOAD_TRUNCATED", "the archive ends before its directory"};
}

Fault ZipReader::ReadDirectory(std::size_t begin, std::size_t size, std::size_t count) {
  if (count > kEntriesMax) {
    return Damaged("the archive has more than " + std::to_string(kEntriesMax) + " entries");
  }
  std::string_view rest = bytes_.substr(begin, size);
  for (std::size_t i = 0; i < count; ++i) {
    if (rest.size() < kDirectoryBytes || !SignatureAt(rest, 0, kDirectorySignature)) {
      return Damaged("the archive's directory is damaged");
    }
    const std::size_t name_bytes = Short(rest, 28);
    const std::size_t bytes = kDirectoryBytes + name_bytes + Short(rest, 30) + Short(rest, 32);
    if (bytes > rest.size()) return Damaged("the archive's directory is damaged");
    if ((Short(rest, 8) & 1) != 0) return Damaged("the archive is encrypted");
    const Entry entry = {.offset = Long(rest, 42),
                         .method = Short(rest, 10),
                         .crc = Long(rest, 16),
                         .packed_size = Long(rest, 20),
                         .size = Long(rest, 24)};
    const std::string name(rest.substr(kDirectoryBytes, name_bytes));
    if (!entries_.emplace(name, entry).second) {
      return Damaged("the archive has two entries of one name");
    }
    rest.remove_prefix(bytes);
  }
  return {};
}

const ZipReader::Entry* ZipReader::Find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

Fault ZipReader::Read(const Entry& entry, std::string& out) {
  out.clear();
  if (entry.offset > bytes_.size() || bytes_.size() - entry.offset < kLocalBytes ||
      !SignatureAt(bytes_, entry.offset, kLocalSignature)) {
    return Damaged("an entry of the archive is damaged");
  }
  const std::size_t data = entry.offset + kLocalBytes + Short(bytes_, entry.offset + 26) +
                           Short(bytes_, entry.offset + 28);
  if (data > bytes_.size() || entry.packed_size > bytes_.size() - data) {
    return Damaged("an entry of the archive is damaged");
  }
  if (entry.size > kInflatedMax - inflated_) {
    return Damaged("the archive's parts are larger than " + std::to_string(kInflatedMax >> 20) +
                   " MiB");
  }
  if (entry.size > kRatioFreeBytes && entry.size / kRatioMax > entry.packed_size) {
    return Damaged("an entry of the archive is packed more than " + std::to_string(kRatioMax) +
                   " times");
  }
  inflated_ += entry.size;
  const std::string_view packed = bytes_.substr(data, entry.packed_size);
  bool good = false;
  if (entry.method == kStored) {
    good = entry.packed_size == entry.size;
    if (good) out = packed;
  } else if (entry.method == kDeflated) {
    good = Inflate(packed, entry.size, out);
  } else {
    return Damaged("an entry of the archive is packed in a way that is not taken");
  }
  if (!good || ChecksumOf(out) != entry.crc) return Damaged("an entry of the archive is damaged");
  return {};
}

void ZipWriter::Add(std::string_view name, std::string_view content) {
  std::string packed;
  constexpr std::size_t kMax = std::numeric_limits<std::uint32_t>::max();
  if (content.size() > kMax || !Deflate(content, packed) ||
      bytes_.size() + packed.size() > kMax / 2) {
    failed_ = true;
    return;
  }
  constexpr std::size_t kVersion = 20;  // deflate
  constexpr std::size_t kUtf8Names = 0x800;
  constexpr std::size_t kFirstDay = 0x21;  // 1980-01-01
  std::string fields;                      // what both headers have
  Append(fields, kVersion, 2);
  Append(fields, kUtf8Names, 2);
  Append(fields, kDeflated, 2);
  Append(fields, 0, 2);
  Append(fields, kFirstDay, 2);
  Append(fields, ChecksumOf(content), 4);
  Append(fields, packed.size(), 4);
  Append(fields, content.size(), 4);
  Append(fields, name.size(), 2);
  Append(fields, 0, 2);  // extra
  directory_ += kDirectorySignature;
  Append(directory_, kVersion, 2);
  directory_ += fields;
  Append(directory_, 0, 2 + 2 + 2 + 4);  // comment, disk, attributes
  Append(directory_, bytes_.size(), 4);
  directory_ += name;
  bytes_ += kLocalSignature;
  bytes_ += fields;
  bytes_ += name;
  bytes_ += packed;
  ++count_;
}

bool ZipWriter::Finish(std::string& out) {
  if (failed_) return false;
  out += bytes_;
  out += directory_;
  out += kEndSignature;
  Append(out, 0, 2 + 2);
  Append(out, count_, 2);
  Append(out, count_, 2);
  Append(out, directory_.size(), 4);
  Append(out, bytes_.size(), 4);
  Append(out, 0, 2);
  return true;
}

}  // namespace anqiao::sdk
