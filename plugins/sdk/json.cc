// Read twice as a stream of events, so that memory stays small and nothing is emitted before the
// whole payload (of JSON lines: the line) is known to be well-formed.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/element_rows.h"
#include "plugins/sdk/readers.h"
#include "plugins/sdk/text.h"

namespace anqiao::sdk {
namespace {

using JsonValue = nlohmann::json;

constexpr std::size_t kDepthMax = 16;
constexpr char kDocumentPath[] = "/rows/";
constexpr char kLinePath[] = "/";

// Says how far the parser has read.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, std::size_t* count) : at_(at), count_(count) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*count_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  std::size_t* count_;
};

struct Failure {
  std::string_view reason = {};
  std::string message = {};
  std::size_t offset = 0;
};

// The shape {"...": ..., "rows": [{"name": scalar}]}, or of one line {"name": scalar}, as events.
class Reader : public nlohmann::json_sax<JsonValue> {
 public:
  enum class Pass { kNames, kRecords };

  Reader(Pass pass, ElementRows& rows, Report& report)
      : pass_(pass), rows_(rows), report_(report) {}

  // A whole document. False: see failure().
  bool Read(std::string_view payload) {
    rows_depth_ = 2;  // within the array
    return Parse(payload) && (found_rows_ || Fail("has no array \"rows\""));
  }

  // One line, which is the row of this number and begins at "offset" in the payload.
  bool ReadLine(std::string_view line, std::uint64_t row, std::size_t offset) {
    rows_depth_ = 0;
    in_rows_ = true;
    row_ = row - 1;
    base_ = offset;
    consumed_ = depth_ = 0;
    failure_ = {};
    return Parse(line);
  }

  const Failure& failure() const { return failure_; }
  std::uint64_t row_count() const { return row_; }

  bool null() override { return Scalar({}); }
  bool boolean(bool value) override { return Scalar(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return Scalar(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Scalar(std::to_string(value)); }
  bool number_float(number_float_t value, const string_t& text) override { return Scalar(text); }
  bool string(string_t& value) override { return Scalar(value); }
  bool binary(binary_t& value) override { return Fail("holds binary data"); }

  bool start_object(std::size_t elements) override {
    if (AtRow()) {
      BeginRow();
    } else if (depth_ == 0) {
      is_object_ = true;
    } else if (!Container()) {
      return false;
    }
    return Deeper();
  }

  bool end_object() override {
    --depth_;
    if (AtRow()) EndRow();
    row_end_ = consumed_;
    return !report_.stopped() || Fail("stopped by the host");
  }

  bool start_array(std::size_t elements) override {
    if (rows_depth_ > 0 && depth_ == 1 && is_object_ && key_ == "rows") {
      if (found_rows_) return Fail("has \"rows\" twice");
      found_rows_ = in_rows_ = true;
      row_end_ = consumed_;
    } else if (!Container()) {
      return false;
    }
    return Deeper();
  }

  bool end_array() override {
    if (--depth_ == 1 && rows_depth_ > 0) in_rows_ = false;
    row_end_ = consumed_;
    return true;
  }

  bool key(string_t& name) override {
    key_ = name;
    key_offset_ = base_ + BeginOfText();
    if (pass_ == Pass::kNames && in_rows_) rows_.Note(name, row_, key_offset_);
    if (pass_ == Pass::kNames && !in_rows_ && NamesForbiddenContent(name)) {
      rows_.Note(name, 0, key_offset_);
    }
    return true;
  }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception& error) override {
    const bool cut = position > text_.size();
    failure_ = {cut ? "PAYLOAD_TRUNCATED" : "PAYLOAD_UNDECODABLE",
                cut ? "the JSON ends early" : "not well-formed JSON",
                base_ + std::min(text_.size(), position > 0 ? position - 1 : 0)};
    return false;
  }

 private:
  bool Parse(std::string_view text) {
    text_ = text;
    row_end_ = 0;
    const CountingIterator begin(text.data(), &consumed_);
    const CountingIterator end(text.data() + text.size(), &consumed_);
    if (!JsonValue::sax_parse(begin, end, this)) return false;
    // The parser takes a zero byte for the end.
    const std::size_t zero = text.find('\0');
    if (zero == std::string_view::npos) return true;
    failure_ = {"PAYLOAD_UNDECODABLE", "not well-formed JSON", base_ + zero};
    return false;
  }

  // Where the text in quotes begins that was just read.
  std::size_t BeginOfText() const {
    std::size_t at = consumed_ - 1;
    while (at > 0) {
      at = text_.rfind('"', at - 1);
      const std::size_t before = text_.substr(0, at).find_last_not_of('\\');
      const std::size_t backslashes = before == std::string_view::npos ? at : at - before - 1;
      if (backslashes % 2 == 0) break;
    }
    return at;
  }

  // Where the value of a row begins that was just read or begun: behind the row before it.
  std::size_t BeginOfRow() const {
    return std::min(text_.find_first_not_of(", \t\r\n", row_end_), text_.size());
  }

  // Before or behind a row; within its object.
  bool AtRow() const { return in_rows_ && depth_ == rows_depth_; }
  bool AtCell() const { return in_rows_ && depth_ == rows_depth_ + 1; }

  bool Fail(std::string_view message) {
    if (failure_.reason.empty()) {
      failure_ = {"PAYLOAD_UNDECODABLE", std::string(message), base_ + consumed_};
    }
    return false;
  }

  bool Deeper() {
    return ++depth_ <= kDepthMax ||
           Fail("is nested more than " + std::to_string(kDepthMax) + " deep");
  }

  // An object or array in another place than the shape's own.
  bool Container() {
    if (AtRow()) {
      BeginRow();
      Refuse("a row must be an object");
    } else if (depth_ == 0) {
      return Fail("must be an object with an array \"rows\"");
    } else if (AtCell()) {
      Refuse("the value must be a text or a number");
    }
    return true;
  }

  void BeginRow() {
    ++row_;
    refused_ = false;
    row_offset_ = base_ + BeginOfRow();
    key_.clear();
    key_offset_ = row_offset_;
    if (pass_ == Pass::kNames) return;
    report_.MoveTo(row_, row_offset_);
    rows_.Begin();
  }

  void EndRow() {
    if (pass_ == Pass::kNames || refused_) return;
    rows_.Build(row_, row_offset_, [](std::uint64_t place) { return place; });
  }

  void Refuse(std::string_view message) {
    if (pass_ == Pass::kRecords && !refused_) {
      const std::string path = key_.empty() && rows_depth_ > 0 ? "/rows" : rows_.path() + key_;
      report_.RefuseRecord({.row = row_, .byte_offset = key_offset_, .field = path},
                           "VALUE_INVALID", message);
    }
    refused_ = true;
  }

  bool Scalar(std::string_view value) {
    if (AtRow()) {
      BeginRow();
      Refuse("a row must be an object");
      row_end_ = consumed_;
    } else if (depth_ == 0) {
      return Fail("must be an object with an array \"rows\"");
    } else if (AtCell() && pass_ == Pass::kRecords && !refused_ &&
               !rows_.Set(key_, value, key_offset_)) {
      Refuse("the row has this name twice");
    }
    return true;
  }

  const Pass pass_;
  ElementRows& rows_;
  Report& report_;
  std::string_view text_;
  std::size_t rows_depth_ = 0;
  std::size_t base_ = 0;  // of the text within the payload
  std::size_t consumed_ = 0;
  std::size_t depth_ = 0;
  bool is_object_ = false;
  bool in_rows_ = false;
  bool found_rows_ = false;
  bool refused_ = false;
  std::uint64_t row_ = 0;
  std::size_t row_offset_ = 0;
  std::size_t row_end_ = 0;  // of the row before, within the text
  std::string key_;
  std::size_t key_offset_ = 0;
  Failure failure_;
};

// A line that is no object costs its record; a payload without any that is one is refused.
class LinesDecoder {
 public:
  LinesDecoder(const Format& format, std::string_view payload, Report& report)
      : payload_(payload), report_(report), rows_(format, kLinePath, report) {}

  aq_status Decode() {
    if (const std::string_view other = OtherEncodingOf(payload_, Encoding::kUtf8);
        other == "UTF-16") {
      return report_.RefusePayload({}, "ENCODING_INVALID",
                                   "expected UTF-8, the bytes look like UTF-16");
    }
    Reader names(Reader::Pass::kNames, rows_, report_);
    std::uint64_t good = 0;
    bool forbidden = false;
    std::vector<bool> faulty;  // by the line's number from 1
    ForEachLine([&](std::string_view line, std::uint64_t number, std::size_t offset) {
      faulty.resize(number + 1);
      if (FaultOf(names, line, number, offset).reason.empty()) {
        ++good;
      } else {
        faulty[number] = true;
        forbidden = forbidden || NamesForbiddenContent(line);
      }
    });
    if (forbidden) {
      return report_.RefusePayload({}, "FORBIDDEN_CONTENT",
                                   "the payload names health codes that must not be held");
    }
    if (good == 0 && !Trim(payload_).empty()) return RefuseAll();
    if (const aq_status status = rows_.Check(good); status != AQ_OK) return status;
    Reader records(Reader::Pass::kRecords, rows_, report_);
    ForEachLine([&](std::string_view line, std::uint64_t number, std::size_t offset) {
      report_.MoveTo(number, offset);
      if (!faulty[number]) {
        records.ReadLine(line, number, offset);
        return;
      }
      // Once more, since there may be too many faults to keep.
      const Failure fault = FaultOf(names, line, number, offset);
      report_.RefuseRecord({.row = number, .byte_offset = fault.offset}, fault.reason,
                           fault.message);
    });
    return AQ_OK;
  }

 private:
  static constexpr std::size_t kLineBytesMax = 65536;

  // "visit" for each line that is not blank, until the host wants no more.
  template <typename Visit>
  void ForEachLine(const Visit& visit) {
    std::size_t begin = payload_.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    for (std::uint64_t number = 1; begin < payload_.size() && !report_.stopped(); ++number) {
      const std::size_t end = std::min(payload_.find('\n', begin), payload_.size());
      const std::string_view line = payload_.substr(begin, end - begin);
      if (!Trim(line).empty()) visit(line, number, begin);
      begin = end + 1;
    }
  }

  // Why the line is no row; an empty reason if it is one, whose names are then noted.
  Failure FaultOf(Reader& names, std::string_view line, std::uint64_t number, std::size_t offset) {
    const bool last = offset + line.size() == payload_.size();
    if (line.size() > kLineBytesMax) {
      return {"VALUE_INVALID",
              "the line is longer than " + std::to_string(kLineBytesMax) + " bytes", offset};
    }
    if (const std::size_t bad = FindInvalidUtf8(line); bad != std::string_view::npos) {
      return {"ENCODING_INVALID", "not valid UTF-8, which this format is in", offset + bad};
    }
    if (names.ReadLine(line, number, offset)) return {};
    Failure failure = names.failure();
    const bool cut = failure.reason == "PAYLOAD_TRUNCATED";
    failure.reason = cut && last ? "ROW_CUT_OFF" : "VALUE_INVALID";
    if (cut && !last) failure.message = "the object does not end in its line";
    return failure;
  }

  aq_status RefuseAll() {
    std::string text;
    Transcoder(Encoding::kGb18030).ToUtf8(payload_, text);
    if (NamesForbiddenContent(text)) {
      return report_.RefusePayload({}, "FORBIDDEN_CONTENT",
                                   "the payload names health codes that must not be held");
    }
    if (const std::string_view other = OtherEncodingOf(payload_, Encoding::kUtf8); !other.empty()) {
      return report_.RefusePayload({}, "ENCODING_INVALID",
                                   "expected UTF-8, the bytes look like " + std::string(other));
    }
    return report_.RefusePayload({}, "PAYLOAD_UNDECODABLE", "no line is a JSON object");
  }

  const std::string_view payload_;
  Report& report_;
  ElementRows rows_;
};

}  // namespace

aq_status DecodeJson(const Format& format, std::string_view payload, Report& report) {
  const std::size_t bad = FindInvalidUtf8(payload);
  const std::string_view other = OtherEncodingOf(payload, Encoding::kUtf8);
  if ((bad != std::string_view::npos && bad + 4 <= payload.size()) || other == "UTF-16") {
    const std::string looks =
        other.empty() ? std::string() : ", the bytes look like " + std::string(other);
    std::string text;
    Transcoder(Encoding::kGb18030).ToUtf8(payload, text);
    return report.RefusePayload({.byte_offset = other == "UTF-16" ? 0 : bad},
                                NamesForbiddenContent(payload) || NamesForbiddenContent(text)
                                    ? "FORBIDDEN_CONTENT"
                                    : "ENCODING_INVALID",
                                "expected UTF-8" + looks);
  }
  ElementRows rows(format, kDocumentPath, report);
  Reader names(Reader::Pass::kNames, rows, report);
  if (!names.Read(payload)) {
    const Failure& failure = names.failure();
    return report.RefusePayload(
        {.row = names.row_count(), .byte_offset = failure.offset},
        NamesForbiddenContent(payload) ? "FORBIDDEN_CONTENT" : failure.reason, failure.message);
  }
  if (const aq_status status = rows.Check(names.row_count()); status != AQ_OK) return status;
  Reader(Reader::Pass::kRecords, rows, report).Read(payload);
  return AQ_OK;
}

aq_status DecodeJsonLines(const Format& format, std::string_view payload, Report& report) {
  return LinesDecoder(format, payload, report).Decode();
}

}  // namespace anqiao::sdk
