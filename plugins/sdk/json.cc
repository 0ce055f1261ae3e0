// Read twice as a stream of events, so that memory stays small and nothing is emitted before the
// whole payload is known to be well-formed.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "plugins/sdk/element_rows.h"
#include "plugins/sdk/readers.h"
#include "plugins/sdk/text.h"

namespace anqiao::sdk {
namespace {

using JsonValue = nlohmann::json;

constexpr std::size_t kDepthMax = 16;
constexpr char kPath[] = "/rows/";

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

// The shape {"...": ..., "rows": [{"name": scalar}]}, as events.
class Reader : public nlohmann::json_sax<JsonValue> {
 public:
  enum class Pass { kNames, kRecords };

  Reader(Pass pass, ElementRows& rows, Report& report, std::size_t size)
      : pass_(pass), rows_(rows), report_(report), size_(size) {}

  bool Read(std::string_view payload) {
    const CountingIterator begin(payload.data(), &consumed_);
    const CountingIterator end(payload.data() + payload.size(), &consumed_);
    return JsonValue::sax_parse(begin, end, this) && (found_rows_ || Fail("has no array \"rows\""));
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
    if (depth_ == kRowsDepth && in_rows_) {
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
    if (depth_ == kRowsDepth && in_rows_) EndRow();
    return !report_.stopped() || Fail("stopped by the host");
  }

  bool start_array(std::size_t elements) override {
    if (depth_ == 1 && is_object_ && key_ == "rows") {
      if (found_rows_) return Fail("has \"rows\" twice");
      found_rows_ = in_rows_ = true;
    } else if (!Container()) {
      return false;
    }
    return Deeper();
  }

  bool end_array() override {
    if (--depth_ == 1) in_rows_ = false;
    return true;
  }

  bool key(string_t& name) override {
    key_ = name;
    key_offset_ = consumed_ - std::min(consumed_, name.size() + 2);
    if (pass_ == Pass::kNames && in_rows_) rows_.Note(name, row_, key_offset_);
    if (pass_ == Pass::kNames && !in_rows_ && NamesForbiddenContent(name)) {
      rows_.Note(name, 0, key_offset_);
    }
    return true;
  }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception& error) override {
    const bool cut = position > size_;
    failure_ = {cut ? "PAYLOAD_TRUNCATED" : "PAYLOAD_UNDECODABLE",
                cut ? "the JSON ends early" : "not well-formed JSON",
                std::min(size_, position > 0 ? position - 1 : 0)};
    return false;
  }

 private:
  static constexpr std::size_t kRowsDepth = 2;  // within the array
  static constexpr std::size_t kCellDepth = 3;  // within a row's object

  bool Fail(std::string_view message) {
    if (failure_.reason.empty()) {
      failure_ = {"PAYLOAD_UNDECODABLE", std::string(message), consumed_};
    }
    return false;
  }

  bool Deeper() {
    return ++depth_ <= kDepthMax ||
           Fail("is nested more than " + std::to_string(kDepthMax) + " deep");
  }

  // An object or array in another place than the shape's own.
  bool Container() {
    if (depth_ == 0) return Fail("must be an object with an array \"rows\"");
    if (depth_ == kRowsDepth && in_rows_) {
      BeginRow();
      Refuse("a row must be an object");
    } else if (depth_ == kCellDepth && in_rows_) {
      Refuse("the value must be a text or a number");
    }
    return true;
  }

  void BeginRow() {
    ++row_;
    refused_ = false;
    row_offset_ = consumed_ > 0 ? consumed_ - 1 : 0;
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
      const std::string path = key_.empty() ? "/rows" : kPath + key_;
      report_.RefuseRecord({.row = row_, .byte_offset = key_offset_, .field = path},
                           "VALUE_INVALID", message);
    }
    refused_ = true;
  }

  bool Scalar(std::string_view value) {
    if (depth_ == 0) return Fail("must be an object with an array \"rows\"");
    if (!in_rows_) return true;
    if (depth_ == kRowsDepth) {
      BeginRow();
      Refuse("a row must be an object");
    } else if (depth_ == kCellDepth && pass_ == Pass::kRecords && !refused_ &&
               !rows_.Set(key_, value, key_offset_)) {
      Refuse("the row has this name twice");
    }
    return true;
  }

  const Pass pass_;
  ElementRows& rows_;
  Report& report_;
  const std::size_t size_;
  std::size_t consumed_ = 0;
  std::size_t depth_ = 0;
  bool is_object_ = false;
  bool in_rows_ = false;
  bool found_rows_ = false;
  bool refused_ = false;
  std::uint64_t row_ = 0;
  std::size_t row_offset_ = 0;
  std::string key_;
  std::size_t key_offset_ = 0;
  Failure failure_;
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
  ElementRows rows(format, kPath, report);
  Reader names(Reader::Pass::kNames, rows, report, payload.size());
  if (!names.Read(payload)) {
    const Failure& failure = names.failure();
    return report.RefusePayload(
        {.row = names.row_count(), .byte_offset = failure.offset},
        NamesForbiddenContent(payload) ? "FORBIDDEN_CONTENT" : failure.reason, failure.message);
  }
  if (const aq_status status = rows.Check(names.row_count()); status != AQ_OK) return status;
  Reader(Reader::Pass::kRecords, rows, report, payload.size()).Read(payload);
  return AQ_OK;
}

}  // namespace anqiao::sdk
