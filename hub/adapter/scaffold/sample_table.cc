#include "hub/adapter/scaffold/sample_table.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hub/adapter/scaffold/native_samples.h"
#include "hub/adapter/scaffold/table_rows.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "plugins/sdk/text.h"

namespace anqiao::scaffold {
namespace {

constexpr std::size_t kColumnsMax = 512;
constexpr std::size_t kHeaderBytesMax = 100;

// Whole, or as much as is valid if the end was cut within a character; npos in "bad": all.
std::string Convert(const char* to, const char* from, absl::string_view in, std::size_t* bad) {
  *bad = absl::string_view::npos;
  const iconv_t converter = iconv_open(to, from);
  std::string out(in.size() * 4 + 8, '\0');
  char* source = const_cast<char*>(in.data());  // iconv does not write through it
  std::size_t left = in.size();
  char* target = out.data();
  std::size_t room = out.size();
  if (converter == reinterpret_cast<iconv_t>(-1) ||
      iconv(converter, &source, &left, &target, &room) == static_cast<std::size_t>(-1)) {
    *bad = in.size() - left;
  }
  if (converter != reinterpret_cast<iconv_t>(-1)) iconv_close(converter);
  out.resize(out.size() - room);
  return out;
}

absl::StatusOr<std::string> Transcode(absl::string_view bytes, const SampleOptions& options,
                                      SampleTable& table) {
  const std::string name = absl::AsciiStrToLower(options.encoding);
  const bool gb = name == "gb18030" || name == "gbk" || name == "gb2312";
  const bool utf8 = name == "utf-8" || name == "utf8";
  if (!name.empty() && !gb && !utf8) {
    return Unreadable(reason::kEncodingInvalid,
                      absl::StrCat("encoding must be gb18030, gbk, gb2312 or utf-8, got ", name));
  }
  const sdk::Encoding expected = gb ? sdk::Encoding::kGb18030 : sdk::Encoding::kUtf8;
  const std::string_view other = sdk::OtherEncodingOf({bytes.data(), bytes.size()}, expected);
  if (other == "UTF-16") {
    return Unreadable(reason::kEncodingInvalid,
                      "the sample looks like UTF-16, which adapters do not read; have it saved as "
                      "CSV in UTF-8 or GB18030, or as .xlsx");
  }
  if (gb && other == "UTF-8") {
    return Unreadable(reason::kEncodingInvalid,
                      "the sample is not GB18030: its bytes look like UTF-8; leave --encoding away "
                      "to have it found out");
  }
  table.byte_order_mark = absl::ConsumePrefix(&bytes, "\xEF\xBB\xBF");
  std::size_t bad = 0;
  std::string text = Convert("UTF-8", "UTF-8", bytes, &bad);
  const std::size_t bad_utf8 = bad;
  const bool is_utf8 = bad == absl::string_view::npos;
  table.gb18030 = gb || (name.empty() && !is_utf8 && !table.byte_order_mark);
  if (!table.gb18030 && is_utf8) return text;
  text = Convert("UTF-8", "GB18030", bytes, &bad);
  const bool is_gb18030 = bad == absl::string_view::npos;
  if (absl::StartsWith(text, "\xEF\xBB\xBF")) text.erase(0, 3);
  if (table.gb18030 && is_gb18030) return text;
  if (!table.gb18030) {
    return Unreadable(
        reason::kEncodingInvalid,
        absl::StrCat("the sample is not UTF-8: byte ", bad_utf8, " begins no character",
                     is_gb18030 ? "; it could be GB18030" : ""));
  }
  return Unreadable(reason::kEncodingInvalid,
                    absl::StrCat("the sample is not GB18030: byte ", bad, " begins no character",
                                 is_utf8 ? "; it could be UTF-8" : ""));
}

std::vector<SampleRow> SplitRows(absl::string_view text, char delimiter, std::size_t rows_max) {
  std::vector<SampleRow> rows;
  SampleRow row;
  SampleCell cell;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size() && rows.size() < rows_max; ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        cell.text += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell.text += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"' && cell.text.empty()) {
      quoted = cell.quoted = true;
    } else if (c == delimiter || c == '\n') {
      row.push_back(std::exchange(cell, {}));
      if (c == '\n') rows.push_back(std::exchange(row, {}));
    } else if (c != '\r') {
      cell.text += c;
    }
  }
  if (!cell.text.empty() || !row.empty()) {
    row.push_back(cell);
    if (rows.size() < rows_max) rows.push_back(row);
  }
  return rows;
}

// The one that gives the most rows of the same number of columns.
char FindDelimiter(absl::string_view text) {
  char best = ',';
  std::size_t best_score = 0;
  for (const char candidate : {',', '\t', ';', '|'}) {
    std::map<std::size_t, std::size_t> widths;
    for (const SampleRow& row : SplitRows(text, candidate, 50)) ++widths[row.size()];
    for (const auto& [width, count] : widths) {
      const std::size_t score = width < 2 ? 0 : count * 1000 + width;
      if (score > best_score) {
        best_score = score;
        best = candidate;
      }
    }
  }
  return best;
}

absl::Status ReadDelimited(absl::string_view text, const SampleOptions& options,
                           SampleTable& table) {
  table.delimiter = FindDelimiter(text);
  table.crlf = absl::StrContains(text, "\r\n");
  const std::vector<SampleRow> rows =
      SplitRows(text, table.delimiter, kSampleRowsMax + kHeaderRowMax);
  AQ_RETURN_IF_ERROR(TakeRows(rows, options, table));
  const bool any_quoted = std::find(table.column_quoted.begin(), table.column_quoted.end(), true) !=
                          table.column_quoted.end();
  table.quoted = any_quoted || table.delimiter == ',' || table.delimiter == ';';
  return absl::OkStatus();
}

// Rows with names of their own: columns are the names in the order in which they came.
class NamedRows {
 public:
  explicit NamedRows(SampleTable& table) : table_(table) {}

  void Begin() { table_.rows.emplace_back(table_.headers.size()); }
  void Set(const std::string& name, const std::string& value) {
    auto [at, added] = index_.emplace(name, table_.headers.size());
    if (added) {
      table_.headers.push_back(name);
      table_.column_quoted.push_back(false);
      for (auto& row : table_.rows) row.resize(table_.headers.size());
    }
    table_.rows.back()[at->second] = value;
  }

 private:
  SampleTable& table_;
  std::map<std::string, std::size_t> index_;
};

using OrderedJson = nlohmann::ordered_json;

void TakeObject(const OrderedJson& object, NamedRows& rows) {
  rows.Begin();
  for (const auto& [name, value] : object.items()) {
    rows.Set(name, value.is_string()
                       ? value.get<std::string>()
                       : (value.is_primitive() && !value.is_null() ? value.dump() : ""));
  }
}

// {"sheet": "...", "rows": [...]}, or an object a line.
absl::Status ReadJson(const std::string& text, SampleTable& table) {
  if (table.gb18030) {
    return Unreadable(reason::kEncodingInvalid, "JSON is read in UTF-8 only; the sample is not");
  }
  NamedRows rows(table);
  const OrderedJson json = OrderedJson::parse(text, nullptr, false);
  if (json.is_object() && json.contains("rows") && json["rows"].is_array()) {
    table.shape = Shape::kJson;
    for (const OrderedJson& row : json["rows"]) {
      if (table.rows.size() >= kSampleRowsMax) break;
      if (!row.is_object()) {
        return Unreadable(reason::kPayloadUndecodable, "a row must be an object");
      }
      TakeObject(row, rows);
    }
    return absl::OkStatus();
  }
  table.shape = Shape::kJsonLines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StripAsciiWhitespace(line).empty() || table.rows.size() >= kSampleRowsMax) continue;
    const OrderedJson object = OrderedJson::parse(line.begin(), line.end(), nullptr, false);
    if (!object.is_object()) {
      return Unreadable(reason::kPayloadUndecodable,
                        "expected JSON such as {\"sheet\": \"...\", \"rows\": [{\"name\": "
                        "\"value\"}]}, or one object {\"name\": \"value\"} a line");
    }
    TakeObject(object, rows);
  }
  return absl::OkStatus();
}

absl::Status ReadXml(absl::string_view bytes, SampleTable& table) {
  table.shape = Shape::kXml;
  pugi::xml_document document;
  if (!document.load_buffer(bytes.data(), bytes.size(), pugi::parse_default, pugi::encoding_utf8)) {
    return Unreadable(reason::kPayloadUndecodable, "the sample is not well-formed XML");
  }
  const pugi::xml_node root = document.child("dataset");
  if (!root || !root.child("row")) {
    return Unreadable(reason::kPayloadUndecodable,
                      "expected XML such as <dataset><row><name>value</name></row></dataset>");
  }
  NamedRows rows(table);
  for (const pugi::xml_node row : root.children("row")) {
    if (table.rows.size() >= kSampleRowsMax) break;
    rows.Begin();
    for (const pugi::xml_node value : row.children()) {
      if (value.type() == pugi::node_element) rows.Set(value.name(), value.text().get());
    }
  }
  return absl::OkStatus();
}

absl::Status CheckHeaders(const SampleTable& table) {
  static constexpr std::array<absl::string_view, 7> kHealth = {"艾滋", "hiv",  "aids", "传染病",
                                                               "感染", "梅毒", "病毒"};
  if (table.headers.size() > kColumnsMax || table.headers.empty()) {
    return Unreadable(reason::kPayloadUndecodable,
                      absl::StrCat("expected 1 to ", kColumnsMax, " columns, the sample has ",
                                   table.headers.size()));
  }
  for (std::size_t i = 0; i < table.headers.size(); ++i) {
    const std::string header = absl::AsciiStrToLower(table.headers[i]);
    for (const absl::string_view word : kHealth) {
      if (!absl::StrContains(header, word)) continue;
      return Unreadable(reason::kForbiddenContent,
                        absl::StrCat("column ", i + 1,
                                     " names health codes that must not be held; the agency must "
                                     "leave it out"));
    }
    const bool control = std::any_of(header.begin(), header.end(), absl::ascii_iscntrl);
    if (header.size() > kHeaderBytesMax || control) {
      return Unreadable(reason::kPayloadUndecodable,
                        absl::StrCat("the name of column ", i + 1, " is longer than ",
                                     kHeaderBytesMax, " bytes or holds control characters"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SampleTable> ReadSampleTable(absl::string_view bytes, const SampleOptions& options) {
  SampleTable table;
  if (bytes.empty()) return Unreadable(reason::kPayloadEmpty, "the sample has no bytes");
  if (absl::StartsWith(bytes, "PK")) {
    AQ_RETURN_IF_ERROR(ReadWorkbook(bytes, options, table));
    AQ_RETURN_IF_ERROR(CheckHeaders(table));
    return table;
  }
  if (absl::StartsWith(bytes, "\xD0\xCF\x11\xE0")) {
    return Unreadable(reason::kPayloadUndecodable,
                      "the sample is an old workbook (.xls); save it as .xlsx or CSV first");
  }
  AQ_ASSIGN_OR_RETURN(const std::string text, Transcode(bytes, options, table));
  const absl::string_view begin = absl::StripLeadingAsciiWhitespace(text);
  if (!options.widths.empty() || LooksLikeFixedWidth(bytes)) {
    AQ_RETURN_IF_ERROR(ReadFixedWidth(bytes, options, table));
  } else if (absl::StartsWith(begin, "{") || absl::StartsWith(begin, "[")) {
    AQ_RETURN_IF_ERROR(ReadJson(text, table));
  } else if (absl::StartsWith(begin, "<")) {
    AQ_RETURN_IF_ERROR(ReadXml(text, table));
  } else {
    AQ_RETURN_IF_ERROR(ReadDelimited(text, options, table));
  }
  AQ_RETURN_IF_ERROR(CheckHeaders(table));
  return table;
}

absl::Status Unreadable(absl::string_view reason, absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason, message);
}

std::string ToGb18030(const std::string& utf8) {
  std::size_t bad = 0;
  return Convert("GB18030", "UTF-8", utf8, &bad);
}

std::string FromGb18030(absl::string_view native) {
  std::size_t bad = 0;
  return Convert("UTF-8", "GB18030", native, &bad);
}

}  // namespace anqiao::scaffold
