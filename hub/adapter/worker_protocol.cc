#include "hub/adapter/worker_protocol.h"

#include <cstring>

#include "hub/base/errors.h"

namespace anqiao::adapter {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kCallBytes = 8;
constexpr std::size_t kHeadBytes = kLengthBytes + 1 + kCallBytes;

void StoreNumber(std::uint64_t value, char* to, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) to[i] = static_cast<char>(value >> (8 * i));
}

std::uint64_t LoadNumber(absl::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
  }
  return value;
}

absl::Status Malformed(absl::string_view message) {
  return Error(absl::StatusCode::kInternal, reason::kAdapterMisbehaved, message);
}

}  // namespace

void FrameWriter::Reset(FrameKind kind, std::uint64_t call) {
  bytes_.clear();
  Begin(kind, call);
}

void FrameWriter::Next(FrameKind kind, std::uint64_t call) {
  Finish();
  Begin(kind, call);
}

void FrameWriter::Begin(FrameKind kind, std::uint64_t call) {
  begin_ = bytes_.size();
  bytes_.resize(begin_ + kHeadBytes);
  bytes_[begin_ + kLengthBytes] = static_cast<char>(kind);
  StoreNumber(call, &bytes_[begin_ + kLengthBytes + 1], kCallBytes);
}

void FrameWriter::Number(std::uint64_t value) {
  while (value >= 0x80) {
    bytes_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes_.push_back(static_cast<char>(value));
}

void FrameWriter::Text(absl::string_view text) {
  Number(text.size());
  bytes_.append(text.data(), text.size());
}

void FrameWriter::At(const Position& at) {
  Number(at.row);
  Number(at.column);
  Number(at.byte_offset);
}

void FrameWriter::Entry(EntryKind kind, const Position& at) {
  Number(static_cast<std::uint64_t>(kind));
  At(at);
}

void FrameWriter::Diagnostic(const RawDiagnostic& diagnostic) {
  Number(diagnostic.severity);
  Text(diagnostic.reason);
  Number(diagnostic.byte_offset);
  Number(diagnostic.row);
  Number(diagnostic.column);
  Text(diagnostic.field);
  Text(diagnostic.message);
}

absl::string_view FrameWriter::Finish() {
  StoreNumber(bytes_.size() - begin_ - kLengthBytes, &bytes_[begin_], kLengthBytes);
  return bytes_;
}

absl::string_view FrameWriter::fields() const {
  return absl::string_view(bytes_).substr(begin_ + kHeadBytes);
}

std::uint64_t FrameReader::Number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; ok_ && shift < 64; shift += 7) {
    if (rest_.empty()) break;
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  ok_ = false;
  return 0;
}

std::uint32_t FrameReader::Number32() {
  const std::uint64_t value = Number();
  ok_ = ok_ && value <= UINT32_MAX;
  return ok_ ? static_cast<std::uint32_t>(value) : 0;
}

absl::string_view FrameReader::Text() {
  const std::uint64_t length = Number();
  if (!ok_ || length > rest_.size()) {
    ok_ = false;
    return {};
  }
  const absl::string_view text = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return text;
}

Position FrameReader::At() {
  Position at;
  at.row = Number();
  at.column = Number32();
  at.byte_offset = Number();
  return at;
}

RawDiagnostic FrameReader::Diagnostic() {
  RawDiagnostic raw;
  raw.severity = Number32();
  raw.reason = Text();
  raw.byte_offset = Number();
  raw.row = Number();
  raw.column = Number32();
  raw.field = Text();
  raw.message = Text();
  return raw;
}

absl::StatusOr<Frame> NextFrame(absl::string_view bytes, std::size_t* size) {
  *size = 0;
  if (bytes.size() < kLengthBytes) return Frame{};
  const std::size_t length = LoadNumber(bytes.substr(0, kLengthBytes));
  if (length < kHeadBytes - kLengthBytes || length > kFrameBytesMax) {
    return Malformed("a frame of no possible length");
  }
  if (bytes.size() - kLengthBytes < length) return Frame{};
  *size = kLengthBytes + length;
  return Frame{static_cast<FrameKind>(static_cast<std::uint8_t>(bytes[kLengthBytes])),
               LoadNumber(bytes.substr(kLengthBytes + 1, kCallBytes)),
               bytes.substr(kHeadBytes, kLengthBytes + length - kHeadBytes)};
}

absl::Status ReadEntries(absl::string_view body, Call& call, Position& at, std::uint64_t& here) {
  FrameReader reader(body);
  while (!reader.done()) {
    const std::uint64_t kind = reader.Number();
    const Position position = reader.At();
    const bool same = position.row == at.row && position.byte_offset == at.byte_offset;
    here = same ? here + 1 : 1;
    at = position;
    switch (static_cast<EntryKind>(kind)) {
      case EntryKind::kRecord: {
        const absl::string_view record = reader.Text();
        if (reader.ok()) call.Emit(record, at);
        break;
      }
      case EntryKind::kTooLong: {
        const std::uint64_t bytes = reader.Number();
        if (reader.ok()) call.EmitTooLong(bytes, at);
        break;
      }
      case EntryKind::kDiagnostic: {
        const RawDiagnostic raw = reader.Diagnostic();
        if (reader.ok()) call.Diagnose(raw, at);
        break;
      }
      case EntryKind::kMisbehaved: {
        const absl::string_view message = reader.Text();
        if (reader.ok()) call.Misbehave(Bounded(message, kMessageBytesMax), at);
        break;
      }
      default:
        return Malformed("an entry of no known kind");
    }
    if (!reader.ok()) return Malformed("an entry that is cut off");
  }
  return absl::OkStatus();
}

}  // namespace anqiao::adapter
