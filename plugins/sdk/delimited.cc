// Rows are found in native bytes (a quote, comma or line feed is never part of a longer character
// in GB18030, but "|" can be), transcoded one by one, and then split into cells.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/header_rows.h"
#include "plugins/sdk/native_offsets.h"
#include "plugins/sdk/readers.h"
#include "plugins/sdk/record_builder.h"
#include "plugins/sdk/text.h"

namespace anqiao::sdk {
namespace {

struct NativeRow {
  std::size_t offset = 0;
  std::string_view bytes;  // without the line break
  std::size_t number = 0;
  bool line_break = false;  // one followed
  bool open_quote = false;  // the payload ended within quotes
  bool too_long = false;
};

class RowScanner {
 public:
  RowScanner(const Delimited& shape, std::string_view payload, std::size_t begin)
      : shape_(shape), payload_(payload), position_(begin) {}

  std::optional<NativeRow> Next() {
    if (position_ >= payload_.size()) return std::nullopt;
    NativeRow row;
    row.offset = position_;
    row.number = ++number_;
    bool quoted = false;
    const std::size_t i = EndOfRow(quoted);
    row.too_long = i - position_ > kRowBytesMax;
    const std::size_t end = quoted && row.too_long ? EndOfLine(position_) : i;
    row.open_quote = quoted && !row.too_long;
    row.line_break = end < payload_.size();
    row.bytes = payload_.substr(position_, end - position_);
    if (row.bytes.ends_with('\r')) row.bytes.remove_suffix(1);
    position_ = end + 1;
    return row;
  }

  // Goes on after the first line of "row": its quotes cannot be trusted.
  void ResumeAfterFirstLine(const NativeRow& row) { position_ = EndOfLine(row.offset) + 1; }

 private:
  // Where the line break behind the row is; "quoted": the payload, or a row that is too long, ends
  // within quotes. Quotes and line breaks are never part of a longer character.
  std::size_t EndOfRow(bool& quoted) const {
    const std::string_view window = payload_.substr(0, position_ + kRowBytesMax + 2);
    std::size_t at = position_;
    while (true) {
      const std::size_t end = EndOfLine(at);
      const std::size_t open = shape_.quoted ? OpeningQuote(at, end) : end;
      if (open >= end) return end;
      std::size_t close = window.find('"', open + 1);
      while (close != std::string_view::npos && close + 1 < window.size() &&
             window[close + 1] == '"') {
        close = window.find('"', close + 2);
      }
      quoted = close == std::string_view::npos || close - position_ > kRowBytesMax;
      if (quoted) return std::min(payload_.size(), position_ + kRowBytesMax + 1);
      at = close + 1;
    }
  }

  // The first quote from "at" to "end" that begins a cell; "end" if there is none.
  std::size_t OpeningQuote(std::size_t at, std::size_t end) const {
    while (true) {
      at = std::min(payload_.substr(0, end).find('"', at), end);
      if (at == end || at == position_ || IsDelimiter(at - 1)) return at;
      ++at;
    }
  }

  // Some delimiters can be the last byte of a character.
  bool IsDelimiter(std::size_t at) const {
    if (payload_[at] != shape_.delimiter) return false;
    if (shape_.encoding == Encoding::kUtf8 || shape_.delimiter < '0') return true;
    std::size_t i = position_;
    while (i < at) i += NativeLength(shape_.encoding, payload_, i);
    return i == at;
  }

  std::size_t EndOfLine(std::size_t from) const {
    return std::min(payload_.find('\n', from), payload_.size());
  }

  const Delimited& shape_;
  const std::string_view payload_;
  std::size_t position_;
  std::size_t number_ = 0;
};

struct Piece {
  std::string_view value;
  std::size_t begin = 0;  // in the row's text
};

// Splits in place: unescaped quotes only shrink the text. False: text follows a closing quote.
bool SplitRow(const Delimited& shape, std::string& text, std::vector<Piece>& pieces) {
  pieces.clear();
  std::size_t i = 0;
  while (true) {
    const std::size_t begin = i;
    if (shape.quoted && i < text.size() && text[i] == '"') {
      std::size_t write = ++i;
      while (i < text.size()) {
        if (text[i] == '"') {
          if (i + 1 >= text.size() || text[i + 1] != '"') break;
          ++i;
        }
        text[write++] = text[i++];
      }
      pieces.push_back({std::string_view(text).substr(begin + 1, write - begin - 1), begin});
      i = std::min(i + 1, text.size());
      if (i < text.size() && text[i] != shape.delimiter) return false;
    } else {
      i = std::min(text.find(shape.delimiter, i), text.size());
      pieces.push_back({std::string_view(text).substr(begin, i - begin), begin});
    }
    if (i >= text.size()) return true;
    ++i;
  }
}

bool AllBlank(const std::vector<Piece>& pieces, std::size_t from) {
  return std::all_of(pieces.begin() + static_cast<std::ptrdiff_t>(std::min(from, pieces.size())),
                     pieces.end(), [](const Piece& piece) { return Trim(piece.value).empty(); });
}

class Decoder {
 public:
  Decoder(const Format& format, std::string_view payload, Report& report)
      : format_(format),
        shape_(std::get<Delimited>(format.shape)),
        payload_(payload),
        report_(report),
        transcoder_(shape_.encoding),
        builder_(format, report),
        scanner_(shape_, payload, BeginOf(payload)) {}

  aq_status Decode() {
    if (!transcoder_.usable()) {
      return report_.RefusePayload({}, "INTERNAL", "the system has no converter for GB18030");
    }
    if (const aq_status status = ReadHead(); status != AQ_OK) return status;
    if (const aq_status status = Bind(); status != AQ_OK) return status;
    while (!report_.stopped()) {
      const std::optional<NativeRow> row = scanner_.Next();
      if (!row.has_value()) break;
      DecodeRow(*row);
    }
    return AQ_OK;
  }

 private:
  static std::size_t BeginOf(std::string_view payload) {
    if (payload.starts_with("\xEF\xBB\xBF")) return 3;
    return payload.starts_with("\x84\x31\x95\x33") ? 4 : 0;
  }

  // A payload that cannot be used: forbidden content, another encoding, else "reason".
  aq_status Refuse(const Place& place, std::string_view reason, const std::string& message) {
    constexpr std::size_t kHead = 65536;
    const std::string_view head = payload_.substr(0, kHead);
    std::string text;
    Transcoder(Encoding::kGb18030).ToUtf8(head, text);
    if (NamesForbiddenContent(head) || NamesForbiddenContent(text)) {
      return report_.RefusePayload({.row = place.row}, "FORBIDDEN_CONTENT",
                                   "the payload names health codes that must not be held");
    }
    if (const std::string_view other = OtherEncodingOf(payload_, shape_.encoding); !other.empty()) {
      return report_.RefusePayload(place, "ENCODING_INVALID",
                                   "expected " + std::string(NameOf(shape_.encoding)) +
                                       ", the bytes look like " + std::string(other));
    }
    return report_.RefusePayload(place, reason, message);
  }

  // Titles and header rows.
  aq_status ReadHead() {
    // Of UTF-8 other bytes cost their record; of GB18030 they may be what they are not.
    const std::string_view other = OtherEncodingOf(payload_, shape_.encoding);
    if (other == "UTF-16" || other == "UTF-8") return Refuse({}, "ENCODING_INVALID", "");
    const std::size_t last = shape_.header_row + shape_.header_rows - 1;
    while (head_.size() < last) {
      const std::optional<NativeRow> row = scanner_.Next();
      if (!row.has_value() || !row->line_break) {
        return Refuse(
            {.row = head_.size() + 1, .byte_offset = payload_.size()}, "PAYLOAD_TRUNCATED",
            "the payload ends before the end of its header in row " + std::to_string(last));
      }
      report_.MoveTo(row->number, row->offset);
      if (row->too_long && row->number >= shape_.header_row) {
        return Refuse({.row = row->number, .byte_offset = row->offset}, "PAYLOAD_UNDECODABLE",
                      "a header row has at most " + std::to_string(kRowBytesMax) + " bytes");
      }
      std::string text;
      const std::size_t bad = transcoder_.ToUtf8(row->bytes, text);
      if (bad != Transcoder::npos) {
        const Place place = {.row = row->number, .byte_offset = row->offset + bad};
        const std::string message =
            "not valid " + std::string(NameOf(shape_.encoding)) + ", which this format is in";
        if (row->number >= shape_.header_row) return Refuse(place, "ENCODING_INVALID", message);
        report_.Warn(place, "ENCODING_INVALID", message);
      }
      if (NamesForbiddenContent(text)) {
        return report_.RefusePayload(
            {.row = row->number, .byte_offset = row->offset}, "FORBIDDEN_CONTENT",
            "the payload has a column of health codes that must not be held");
      }
      header_offset_ = row->offset;
      head_.push_back(std::move(text));
    }
    return AQ_OK;
  }

  std::vector<std::string_view> HeaderCells(std::string& row) {
    SplitRow(shape_, row, pieces_);
    std::vector<std::string_view> cells;
    for (const Piece& piece : pieces_) cells.push_back(piece.value);
    return cells;
  }

  aq_status Bind() {
    std::vector<std::string_view> lower;
    if (shape_.header_rows == 2) lower = HeaderCells(head_[shape_.header_row]);
    headers_ = FlattenHeader(HeaderCells(head_[shape_.header_row - 1]), lower);
    const std::size_t row = shape_.header_row + shape_.header_rows - 1;
    const auto [fault, place] = BindHeader(format_, headers_, row, header_offset_, binding_);
    if (!fault.ok()) return Refuse(place, fault.reason, fault.message);
    WarnOfUnknown(headers_, row, header_offset_, binding_, report_);
    return AQ_OK;
  }

  void DecodeRow(const NativeRow& row) {
    report_.MoveTo(row.number, row.offset);
    if (row.bytes.empty()) return;
    const Place place = {.row = row.number, .byte_offset = row.offset};
    if (row.too_long) {
      return report_.RefuseRecord(place, "VALUE_INVALID",
                                  "the row is longer than " + std::to_string(kRowBytesMax) +
                                      " bytes, or a quote is not closed");
    }
    if (row.open_quote) {
      return report_.RefuseRecord(place, "ROW_CUT_OFF", "the payload ends within a quoted value");
    }
    text_.clear();
    if (const std::size_t bad = transcoder_.ToUtf8(row.bytes, text_); bad != Transcoder::npos) {
      return report_.RefuseRecord(
          {.row = row.number, .byte_offset = row.offset + bad}, "ENCODING_INVALID",
          "not valid " + std::string(NameOf(shape_.encoding)) + ", which this format is in");
    }
    if (!SplitRow(shape_, text_, pieces_)) {
      scanner_.ResumeAfterFirstLine(row);
      return report_.RefuseRecord(
          {.row = row.number,
           .byte_offset = row.offset,
           .column = static_cast<std::uint32_t>(pieces_.size())},
          "VALUE_INVALID", "text follows a closing quote; quotes within a value must be doubled");
    }
    if (AllBlank(pieces_, 0)) return;
    const std::string counts = "the row has " + std::to_string(pieces_.size()) +
                               " columns, the header " + std::to_string(headers_.size());
    if (pieces_.size() < headers_.size()) return report_.RefuseRecord(place, "ROW_CUT_OFF", counts);
    if (!AllBlank(pieces_, headers_.size())) {
      return report_.RefuseRecord(place, "VALUE_INVALID", counts);
    }
    for (std::size_t i = 0; i < headers_.size() && !binding_.nameless.empty(); ++i) {
      if (!headers_[i].empty() || Trim(pieces_[i].value).empty()) continue;
      WarnOfNameless(i, row.number, row.offset, binding_, report_);
    }
    BuildRecord(row);
  }

  void BuildRecord(const NativeRow& row) {
    cells_.assign(format_.columns.size(), Cell{});
    for (std::size_t i = 0; i < binding_.bound.size(); ++i) {
      const std::size_t column = binding_.bound[i];
      if (column == HeaderBinding::npos) continue;
      const Piece& piece = pieces_[column];
      cells_[i] = {.value = piece.value,
                   .column = static_cast<std::uint32_t>(column + 1),
                   .native_field = headers_[column],
                   .place = piece.begin};
    }
    builder_.Build(cells_, row.number, row.offset, [this, &row](std::uint64_t place) {
      return row.offset + NativeOffset(row, place);
    });
  }

  // How many native bytes the first "length" bytes of the row's text came from.
  std::size_t NativeOffset(const NativeRow& row, std::size_t length) const {
    Transcoder transcoder(shape_.encoding);
    std::string text;
    if (transcoder.ToUtf8(row.bytes, text) != Transcoder::npos) return 0;
    return NativeOffsets(shape_.encoding, row.bytes, text).Of(length);
  }

  const Format& format_;
  const Delimited& shape_;
  const std::string_view payload_;
  Report& report_;
  Transcoder transcoder_;
  RecordBuilder builder_;
  RowScanner scanner_;
  std::vector<std::string> head_;
  std::size_t header_offset_ = 0;
  std::vector<std::string> headers_;
  HeaderBinding binding_;
  std::string text_;
  std::vector<Piece> pieces_;
  std::vector<Cell> cells_;
};

}  // namespace

aq_status DecodeDelimited(const Format& format, std::string_view payload, Report& report) {
  return Decoder(format, payload, report).Decode();
}

}  // namespace anqiao::sdk
