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
#include "absl/strings/strip.h"
#include "hub/adapter/scaffold/alias_table.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::scaffold {
namespace {

constexpr std::size_t kRowsMax = 1000;
constexpr std::size_t kColumnsMax = 512;
constexpr std::size_t kHeaderRowMax = 20;
constexpr std::size_t kHeaderBytesMax = 100;

absl::Status Unreadable(absl::string_view reason, absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason, message);
}

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
  table.byte_order_mark = absl::ConsumePrefix(&bytes, "\xEF\xBB\xBF");
  std::size_t bad = 0;
  std::string text = Convert("UTF-8", "UTF-8", bytes, &bad);
  table.gb18030 = gb || (name.empty() && bad != absl::string_view::npos && !table.byte_order_mark);
  if (table.gb18030) text = Convert("UTF-8", "GB18030", bytes, &bad);
  if (bad == absl::string_view::npos) return text;
  return Unreadable(reason::kEncodingInvalid,
                    absl::StrCat("the sample is not ", table.gb18030 ? "GB18030" : "UTF-8",
                                 ": byte ", bad, " begins no character"));
}

struct Cell {
  std::string text;
  bool quoted = false;
};
using Row = std::vector<Cell>;

std::vector<Row> SplitRows(absl::string_view text, char delimiter, std::size_t rows_max) {
  std::vector<Row> rows;
  Row row;
  Cell cell;
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
    for (const Row& row : SplitRows(text, candidate, 50)) ++widths[row.size()];
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

bool IsBlank(const Row& row) {
  return std::all_of(row.begin(), row.end(), [](const Cell& cell) {
    return absl::StripAsciiWhitespace(cell.text).empty();
  });
}

// A value, rather than a name: a number, a date, or something with many digits.
bool LooksLikeValue(const std::string& text) {
  const auto digits = std::count_if(text.begin(), text.end(), absl::ascii_isdigit);
  return digits >= 6 || (digits > 0 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
                           return absl::ascii_isdigit(c) || absl::ascii_ispunct(c);
                         }));
}

// Position of the header: the row with most names that are known; else the first row of several
// cells of which none looks like a value.
absl::StatusOr<std::size_t> FindHeader(const std::vector<Row>& rows, std::size_t wanted) {
  const AliasTable aliases = AliasTable::BuiltIn();
  const std::size_t end = std::min(rows.size(), kHeaderRowMax);
  std::size_t best = rows.size();
  std::size_t best_known = 0;
  std::size_t first_names = rows.size();
  for (std::size_t i = 0; i < end; ++i) {
    std::size_t known = 0;
    std::size_t filled = 0;
    bool names = rows[i].size() > 1;
    for (const Cell& cell : rows[i]) {
      filled += cell.text.empty() ? 0 : 1;
      names = names && !LooksLikeValue(cell.text);
      if (aliases.Find(cell.text) != nullptr) ++known;
    }
    if (known > best_known) {
      best_known = known;
      best = i;
    }
    if (first_names == rows.size() && names && filled * 2 > rows[i].size()) first_names = i;
  }
  if (best_known == 0) best = first_names;
  if (wanted > 0) best = wanted - 1;
  if (best >= rows.size()) {
    return Unreadable(reason::kPayloadUndecodable,
                      absl::StrCat("no header in the first ", end,
                                   " rows of the sample; say which row it is: --header-row N"));
  }
  for (std::size_t i = 0; i < rows[best].size(); ++i) {
    // Headers are copied into the sources, values must not be.
    if (!LooksLikeValue(rows[best][i].text)) continue;
    return Unreadable(reason::kPayloadUndecodable,
                      absl::StrCat("row ", best + 1, " is no header: column ", i + 1,
                                   " looks like a value; say which row it is: --header-row N"));
  }
  return best;
}

absl::Status ReadDelimited(absl::string_view text, const SampleOptions& options,
                           SampleTable& table) {
  table.delimiter = FindDelimiter(text);
  table.crlf = absl::StrContains(text, "\r\n");
  const std::vector<Row> rows = SplitRows(text, table.delimiter, kRowsMax + kHeaderRowMax);
  AQ_ASSIGN_OR_RETURN(const std::size_t header, FindHeader(rows, options.header_row));
  for (std::size_t i = 0; i < header; ++i) table.title_is_blank.push_back(IsBlank(rows[i]));
  for (const Cell& cell : rows[header]) {
    std::string header(absl::StripAsciiWhitespace(cell.text));
    header.erase(std::remove_if(header.begin(), header.end(), absl::ascii_iscntrl), header.end());
    table.headers.push_back(std::move(header));
    table.column_quoted.push_back(cell.quoted);
  }
  bool any_quoted = false;
  for (std::size_t i = header; i < rows.size(); ++i) {
    for (std::size_t k = 0; k < rows[i].size(); ++k) {
      any_quoted = any_quoted || rows[i][k].quoted;
      if (k < table.headers.size() && i > header && rows[i][k].quoted) {
        table.column_quoted[k] = true;
      }
    }
    if (i == header || IsBlank(rows[i])) continue;
    std::vector<std::string> cells(table.headers.size());
    for (std::size_t k = 0; k < std::min(cells.size(), rows[i].size()); ++k) {
      cells[k] = std::string(absl::StripAsciiWhitespace(rows[i][k].text));
    }
    if (table.rows.size() < kRowsMax) table.rows.push_back(std::move(cells));
  }
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

absl::Status ReadJson(const std::string& text, SampleTable& table) {
  using Json = nlohmann::ordered_json;
  table.shape = Shape::kJson;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("rows") || !json["rows"].is_array()) {
    return Unreadable(reason::kPayloadUndecodable,
                      "expected JSON such as {\"sheet\": \"...\", \"rows\": [{\"name\": "
                      "\"value\"}]}");
  }
  NamedRows rows(table);
  for (const Json& row : json["rows"]) {
    if (table.rows.size() >= kRowsMax) break;
    if (!row.is_object()) return Unreadable(reason::kPayloadUndecodable, "a row must be an object");
    rows.Begin();
    for (const auto& [name, value] : row.items()) {
      rows.Set(name, value.is_string() ? value.get<std::string>()
                                       : (value.is_primitive() ? value.dump() : ""));
    }
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
    if (table.rows.size() >= kRowsMax) break;
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
    return Unreadable(reason::kPayloadUndecodable,
                      "the sample is a workbook or an archive; save the sheet as CSV first");
  }
  AQ_ASSIGN_OR_RETURN(const std::string text, Transcode(bytes, options, table));
  const absl::string_view begin = absl::StripLeadingAsciiWhitespace(text);
  if (absl::StartsWith(begin, "{") || absl::StartsWith(begin, "[")) {
    AQ_RETURN_IF_ERROR(ReadJson(text, table));
  } else if (absl::StartsWith(begin, "<")) {
    AQ_RETURN_IF_ERROR(ReadXml(text, table));
  } else {
    AQ_RETURN_IF_ERROR(ReadDelimited(text, options, table));
  }
  AQ_RETURN_IF_ERROR(CheckHeaders(table));
  return table;
}

std::string ToGb18030(const std::string& utf8) {
  std::size_t bad = 0;
  return Convert("GB18030", "UTF-8", utf8, &bad);
}

}  // namespace anqiao::scaffold
