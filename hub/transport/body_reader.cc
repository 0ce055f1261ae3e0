#include "hub/transport/body_reader.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/status_macros.h"

namespace anqiao::transport {
namespace {

constexpr std::size_t kPieceBytes = 16 << 10;
constexpr std::size_t kLineBytesMax = 256;
constexpr std::size_t kSizeDigitsMax = 12;
constexpr int kTrailersMax = 16;

absl::Status EndedEarly() { return absl::DataLossError("the body ended early"); }
absl::Status Malformed() { return absl::DataLossError("the body's chunks are malformed"); }

// Without its line end.
absl::StatusOr<std::string> ReadLine(httplib::Stream& stream) {
  std::string line;
  while (line.size() <= kLineBytesMax) {
    char byte = 0;
    if (stream.read(&byte, 1) != 1) return EndedEarly();
    line += byte;
    if (byte != '\n') continue;
    if (!absl::EndsWith(line, "\r\n")) return Malformed();
    line.resize(line.size() - 2);
    return line;
  }
  return Malformed();
}

absl::Status ReadExactly(httplib::Stream& stream, std::uint64_t length,
                         const std::function<absl::Status(absl::string_view)>& take) {
  char piece[kPieceBytes];
  while (length > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(length, sizeof piece));
    const ssize_t got = stream.read(piece, wanted);
    if (got <= 0) return EndedEarly();
    AQ_RETURN_IF_ERROR(take(absl::string_view(piece, static_cast<std::size_t>(got))));
    length -= static_cast<std::uint64_t>(got);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::uint64_t> ChunkSize(absl::string_view line) {
  const absl::string_view digits =
      absl::StripTrailingAsciiWhitespace(line.substr(0, line.find(';')));
  std::uint64_t size = 0;
  const bool plain = std::all_of(digits.begin(), digits.end(), [](char c) {
    return absl::ascii_isxdigit(static_cast<unsigned char>(c));
  });
  if (!plain || digits.empty() || digits.size() > kSizeDigitsMax ||
      !absl::SimpleHexAtoi(digits, &size)) {
    return Malformed();
  }
  return size;
}

}  // namespace

absl::StatusOr<std::string> OneHeader(const httplib::Headers& headers, const std::string& name) {
  const auto [begin, end] = headers.equal_range(name);
  if (begin == end) return std::string();
  if (std::next(begin) != end) {
    return absl::InvalidArgumentError(absl::StrCat("the header ", name, " is there twice"));
  }
  return begin->second;
}

absl::StatusOr<Framing> FramingOf(const httplib::Headers& headers) {
  AQ_ASSIGN_OR_RETURN(const std::string encoding, OneHeader(headers, "Content-Encoding"));
  if (!encoding.empty() && !absl::EqualsIgnoreCase(encoding, "identity")) {
    return absl::InvalidArgumentError("Content-Encoding is not supported");
  }
  AQ_ASSIGN_OR_RETURN(const std::string transfer, OneHeader(headers, "Transfer-Encoding"));
  AQ_ASSIGN_OR_RETURN(const std::string length, OneHeader(headers, "Content-Length"));
  Framing framing;
  if (!transfer.empty()) {
    if (!length.empty() || !absl::EqualsIgnoreCase(transfer, "chunked")) {
      return absl::InvalidArgumentError(
          "Transfer-Encoding must be chunked, without a Content-Length");
    }
    framing.chunked = true;
    return framing;
  }
  const bool digits = !length.empty() && std::all_of(length.begin(), length.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  if (!digits || !absl::SimpleAtoi(length, &framing.length)) {
    return absl::InvalidArgumentError("Content-Length or Transfer-Encoding: chunked is required");
  }
  return framing;
}

absl::Status ReadBody(httplib::Stream& stream, const Framing& framing,
                      const std::function<absl::Status(absl::string_view piece)>& take) {
  if (!framing.chunked) return ReadExactly(stream, framing.length, take);
  while (true) {
    AQ_ASSIGN_OR_RETURN(const std::string line, ReadLine(stream));
    AQ_ASSIGN_OR_RETURN(const std::uint64_t size, ChunkSize(line));
    if (size == 0) break;
    AQ_RETURN_IF_ERROR(ReadExactly(stream, size, take));
    AQ_ASSIGN_OR_RETURN(const std::string end, ReadLine(stream));
    if (!end.empty()) return Malformed();
  }
  for (int i = 0; i < kTrailersMax; ++i) {
    AQ_ASSIGN_OR_RETURN(const std::string trailer, ReadLine(stream));
    if (trailer.empty()) return absl::OkStatus();
  }
  return Malformed();
}

}  // namespace anqiao::transport
