#include "hub/adapter/rows.h"

#include <algorithm>

namespace anqiao::adapter {
namespace {

constexpr std::size_t kRowBytesMax = 65536;

bool StartsWith(absl::string_view text, absl::string_view start) {
  return text.substr(0, start.size()) == start;
}

}  // namespace

Rows::Rows(const v1::Splits& splits, absl::string_view payload)
    : splits_(splits), payload_(payload) {
  // A quote after a byte order mark begins a value.
  if (StartsWith(payload, "\xEF\xBB\xBF")) begin_ = 3;
  if (StartsWith(payload, "\x84\x31\x95\x33")) begin_ = 4;
  std::size_t begin = begin_;
  for (std::uint32_t i = 0; i < splits.header_rows() && begin < payload.size(); ++i) {
    begin = EndOfRow(begin);
  }
  records_ = {splits.header_rows(), begin};
}

std::size_t Rows::EndOfRow(std::size_t begin) const {
  const char delimiter = splits_.delimiter().empty() ? ',' : splits_.delimiter()[0];
  const std::size_t line = std::min(payload_.find('\n', begin), payload_.size());
  const std::size_t end_of_line = std::min(line + 1, payload_.size());
  bool quoted = false;
  bool value_begins = true;
  bool value_ended = false;  // by a closing quote: a delimiter must follow
  for (std::size_t i = begin; i < payload_.size(); ++i) {
    const char c = payload_[i];
    if (quoted) {
      if (i - begin > kRowBytesMax) return end_of_line;
      if (c != '"') continue;
      if (i + 1 < payload_.size() && payload_[i + 1] == '"') {
        ++i;
      } else {
        quoted = false;
        value_ended = true;
      }
      continue;
    }
    if (c == '\n') return i + 1;
    if (value_ended && c != delimiter && c != '\r') return end_of_line;
    quoted = c == '"' && value_begins && splits_.quoted();
    value_begins = c == delimiter;
    value_ended = false;
    const bool trail = splits_.double_byte() && static_cast<unsigned char>(c) >= 0x81 &&
                       i + 1 < payload_.size() &&
                       static_cast<unsigned char>(payload_[i + 1]) >= 0x30;
    if (trail) ++i;
  }
  return payload_.size();
}

bool Rows::CanBegin(std::uint64_t row, std::uint64_t byte_offset, const RowBoundary& done) const {
  if (row <= done.row || byte_offset < done.byte_offset || byte_offset >= payload_.size()) {
    return false;
  }
  if (row - done.row - 1 > byte_offset - done.byte_offset) return false;
  // The first row after the boundary begins there, every other after a line break.
  if ((row == done.row + 1) != (byte_offset == done.byte_offset)) return false;
  return byte_offset == 0 || payload_[byte_offset - 1] == '\n' ||
         byte_offset == records_.byte_offset;
}

std::optional<std::string> Rows::Part(const RowBoundary& from, std::size_t until) const {
  std::string part(payload_.substr(0, records_.byte_offset));
  const std::size_t bytes = from.byte_offset - records_.byte_offset;
  const std::uint64_t rows = from.row - records_.row;
  if (rows > bytes || (rows == 0 && bytes > 0)) return std::nullopt;
  if (rows > 0) {
    const std::size_t each = bytes / rows;
    const std::size_t longer = bytes % rows;
    if (each + 1 > kRowBytesMax) return std::nullopt;
    part.reserve(until);
    for (std::uint64_t i = 0; i < rows; ++i) {
      part.append(each - 1 + (i < longer ? 1 : 0), ' ');
      part.push_back('\n');
    }
  }
  part.append(payload_.data() + from.byte_offset, until - from.byte_offset);
  return part;
}

}  // namespace anqiao::adapter
