#include "hub/adapter/scaffold/source.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace anqiao::scaffold {
namespace {

constexpr int kMadeUpRows = 3;

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

// "SELF_EMPLOYMENT" as "SelfEmployment".
std::string Camel(absl::string_view name) {
  std::string out;
  bool upper = true;
  for (const char c : name) {
    if (c == '_') {
      upper = true;
    } else {
      out += upper ? absl::ascii_toupper(c) : absl::ascii_tolower(c);
      upper = false;
    }
  }
  return out;
}

std::string CodeTables(const Plan& plan) {
  std::string out;
  std::set<std::string> written;
  for (const PlannedColumn& column : plan.columns) {
    if (column.converter != "codes" || column.field.empty()) continue;
    if (!written.insert(column.field).second) continue;
    absl::StrAppend(&out, "constexpr Code k", Camel(column.field), "[] = {\n");
    for (const auto& [native, value] : column.codes) {
      absl::StrAppend(&out, "    {", Quoted(native), ", ", Quoted(value), "},\n");
    }
    absl::StrAppend(&out, "};\n\n");
  }
  return out;
}

std::string ColumnExpression(const PlannedColumn& column) {
  const std::string names = absl::StrCat("{", Quoted(column.header), "}");
  std::string text;
  if (column.field.empty()) {
    text = absl::StrCat("Ignored(", names, ")");
  } else {
    static const std::map<std::string, std::string> kWords = {{"text", "Text"}, {"codes", "Codes"},
                                                              {"date", "Date"}, {"month", "Month"},
                                                              {"yuan", "Yuan"}, {"count", "Count"}};
    text = absl::StrCat(kWords.at(column.converter), "(", names, ", v1::FIELD_", column.field,
                        column.converter == "codes" ? absl::StrCat(", k", Camel(column.field)) : "",
                        ")");
  }
  if (column.field == "CERTIFICATE_ANNOTATION")
    text = absl::StrCat("Separated(", text, ", \"、\")");
  if (column.lenient) text = absl::StrCat("Lenient(", text, ")");
  if (column.required) text = absl::StrCat("Required(", text, ")");
  return text;
}

std::string ShapeExpression(const SampleTable& table) {
  if (table.shape == Shape::kJson) return "Json{}";
  if (table.shape == Shape::kXml) return "Xml{}";
  std::string text =
      absl::StrCat("Delimited{.encoding = Encoding::", table.gb18030 ? "kGb18030" : "kUtf8");
  if (table.delimiter != ',') {
    const std::string delimiter = table.delimiter == '\t' ? "\\t" : std::string(1, table.delimiter);
    absl::StrAppend(&text, ", .delimiter = '", delimiter, "'");
  }
  if (!table.quoted) absl::StrAppend(&text, ", .quoted = false");
  if (!table.title_is_blank.empty()) {
    absl::StrAppend(&text, ", .header_row = ", table.title_is_blank.size() + 1);
  }
  return text + "}";
}

std::string ContentType(const SampleTable& table) {
  if (table.shape == Shape::kJson) return "application/json";
  if (table.shape == Shape::kXml) return "application/xml";
  return absl::StrCat(table.delimiter == ',' ? "text/csv" : "text/plain",
                      "; charset=", table.gb18030 ? "gb18030" : "utf-8");
}

std::string Comment(absl::string_view indent, absl::string_view note) {
  return note.empty()
             ? ""
             : absl::StrCat(indent, "// ", note, absl::EndsWith(note, "?") ? "" : ".", "\n");
}

// What a made-up value looks like.
struct MadeUp {
  std::string field;
  std::array<absl::string_view, kMadeUpRows> values;
};

// Identifiers that cannot be real: their county code was never assigned, phones begin with 1900.
const std::vector<MadeUp>& MadeUpValues() {
  static const std::vector<MadeUp> kValues = {
      {"PERSON_NAME", {"样例甲", "样例乙", "样例丙"}},
      {"FORMER_NAME", {"样例老甲", "", ""}},
      {"ID_NUMBER", {"421299198503150026", "421299199912311059", "421299196908120037"}},
      {"PHONE", {"19000000001", "19000000002", "19000000003"}},
      {"ADDRESS", {"样例路1号", "样例路2号", "样例路3号"}},
      {"DIVISION", {"421202003001", "421202003002", "421202003003"}},
      {"REGISTERED_DIVISION", {"421202", "421202", "421202"}},
      {"EMPLOYER_CODE", {"91421299MA4ABCDEF3", "91421299MA4ABCDEG6", "91421299MA4ABCDEH9"}},
      {"EMPLOYER_NAME", {"样例有限公司", "样例有限公司", "样例有限公司"}},
      {"BUSINESS_CODE", {"92421299MA4KXYQ7X7", "92421299MA4KXYQ7YA", "92421299MA4KXYQ7W4"}},
      {"ORGAN", {"样例分局", "样例分局", "样例分局"}}};
  return kValues;
}

std::string FirstValue(const SampleTable& table, std::size_t column,
                       bool (*test)(absl::string_view)) {
  for (const std::vector<std::string>& row : table.rows) {
    if (!row[column].empty() && test(row[column])) return row[column];
  }
  return "";
}

// A date in the spelling of "like": the digits are replaced one number after the other.
std::string MadeUpDate(const std::string& like, int row) {
  const int day = 10 + row;
  if (like.size() == 6 && std::all_of(like.begin(), like.end(), absl::ascii_isdigit)) {
    return absl::StrFormat("2025%02d", 10 + row % 3);
  }
  if (std::all_of(like.begin(), like.end(), absl::ascii_isdigit)) {
    return absl::StrFormat("202510%02d", day);
  }
  const std::array<std::string, 3> numbers = {"2025", "10", absl::StrCat(day)};
  std::string out;
  std::size_t number = 0;
  for (std::size_t i = 0; i < like.size();) {
    if (!absl::ascii_isdigit(like[i])) {
      out += like[i++];
      continue;
    }
    while (i < like.size() && absl::ascii_isdigit(like[i])) ++i;
    out += numbers[std::min<std::size_t>(number++, 2)];
  }
  return out;
}

// For a column whose meaning is not known: digits for digits, a word for words.
std::string MadeUpOther(const SampleTable& table, std::size_t column, int row) {
  const auto any = [](absl::string_view) { return true; };
  const std::string like = FirstValue(table, column, any);
  if (like.empty()) return "";
  if (LooksLikeDate(like)) return MadeUpDate(like, row);
  const bool digits = std::all_of(like.begin(), like.end(), absl::ascii_isdigit);
  if (digits) {
    std::string number(std::min<std::size_t>(like.size(), 18), '0');
    number.back() = static_cast<char>('1' + row);
    return number;
  }
  return absl::StrCat("样例", row + 1);
}

std::string MadeUpValue(const SampleTable& table, std::size_t index, const PlannedColumn& column,
                        int row) {
  for (const MadeUp& made_up : MadeUpValues()) {
    if (made_up.field == column.field) {
      return std::string(made_up.values[static_cast<std::size_t>(row)]);
    }
  }
  if (column.converter == "codes" && !column.field.empty()) {
    // Of those that the sample has, if it has any.
    for (const auto& [native, value] : column.codes) {
      for (const std::vector<std::string>& cells : table.rows) {
        if (cells[index] == native) return native;
      }
    }
    return column.codes.empty() ? "" : column.codes.front().first;
  }
  if (column.converter == "date" || column.converter == "month") {
    const std::string like = FirstValue(table, index, LooksLikeDate);
    return MadeUpDate(like.empty() ? "2025-10-10" : like, row);
  }
  if (column.converter == "yuan") return absl::StrCat(800 + row, ".50");
  if (column.converter == "count") return absl::StrCat(1 + row);
  if (column.converter == "text") return absl::StrCat("R000", row + 1);
  return MadeUpOther(table, index, row);
}

// The made-up values of a row, parallel to the headers.
std::vector<std::string> MadeUpRow(const SampleTable& table, const Plan& plan, int row) {
  std::vector<std::string> cells(table.headers.size());
  for (const PlannedColumn& column : plan.columns) {
    const auto at = std::find(table.headers.begin(), table.headers.end(), column.header);
    const auto index = static_cast<std::size_t>(at - table.headers.begin());
    cells[index] = MadeUpValue(table, index, column, row);
    if (column.required && cells[index].empty()) cells[index] = absl::StrCat("样例", row + 1);
  }
  return cells;
}

std::string DelimitedRow(const SampleTable& table, const std::vector<std::string>& cells) {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += table.delimiter;
    const bool special =
        absl::StrContains(cells[i], table.delimiter) || absl::StrContains(cells[i], '"');
    const bool quote = table.quoted && (special || table.column_quoted[i]);
    absl::StrAppend(
        &out, quote ? absl::StrCat("\"", absl::StrReplaceAll(cells[i], {{"\"", "\"\""}}), "\"")
                    : cells[i]);
  }
  return out;
}

std::string EscapedXml(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

std::string ElementRow(const SampleTable& table, const std::vector<std::string>& cells) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (table.headers[i].empty()) continue;
    parts.push_back(table.shape == Shape::kXml
                        ? absl::StrCat("<", table.headers[i], ">", EscapedXml(cells[i]), "</",
                                       table.headers[i], ">")
                        : absl::StrCat(Quoted(table.headers[i]), ": ", Quoted(cells[i])));
  }
  return table.shape == Shape::kXml ? absl::StrCat("<row>", absl::StrJoin(parts, ""), "</row>")
                                    : absl::StrCat("{", absl::StrJoin(parts, ", "), "}");
}

}  // namespace

std::string AdapterSource(const std::string& name, const std::string& format,
                          const SampleTable& table, const Plan& plan) {
  std::string columns;
  for (const PlannedColumn& column : plan.columns) {
    absl::StrAppend(&columns, Comment("              ", column.note), "              ",
                    ColumnExpression(column), ",\n");
  }
  std::vector<std::string> key;
  for (const std::string& header : plan.key) key.push_back(Quoted(header));
  return absl::StrCat(
      "// ", name,
      ": written by \"anqiaoctl adapter new\" from a sample file. Look for DECIDE, then read\n",
      "// the rest: names of columns say less than one would like. hub/doc/adapters.md explains "
      "the\n",
      "// words.\n\n#include \"plugins/sdk/adapter.h\"\n#include \"plugins/sdk/declare.h\"\n\n"
      "namespace {\n\nusing namespace ::anqiao::sdk;  // the words of a declaration\n\n",
      CodeTables(plan), "Format ", Camel(format), "() {\n  return {.name = ", Quoted(format), ",\n",
      "          // DECIDE: titles that people see.\n", "          .title_zh = ", Quoted(format),
      ",\n          .title_en = ", Quoted(format), ",\n",
      "          // DECIDE: MODE_SNAPSHOT if a file holds everything that is true, so that what is "
      "missing in\n"
      "          // the next one has ended.\n          .mode = v1::MODE_DELTA,\n",
      Comment("          ", plan.kind_note), "          .kind = v1::RECORD_KIND_", plan.kind, ",\n",
      "          .content_type = ", Quoted(ContentType(table)), ",\n",
      "          .shape = ", ShapeExpression(table), ",\n          .columns = {\n", columns,
      "          },\n", Comment("          ", plan.key_note), "          .key = {",
      absl::StrJoin(key, ", "),
      "}};\n}\n\nconst Declaration& Declare() {\n  static const Declaration declaration = {\n"
      "      .name = ",
      Quoted(name), ", .version = \"0.1.0\", .formats = {", Camel(format),
      "()}};\n  return declaration;\n}\n\n}  // namespace\n\nANQIAO_ADAPTER(Declare)\n");
}

std::string BuildFile(const std::string& name) {
  return absl::StrReplaceAll(R"(cmake_minimum_required(VERSION 3.25)
project(@ LANGUAGES C CXX)

find_package(AnqiaoAdapter REQUIRED)
anqiao_adapter(NAME @ SRCS @.cc)

enable_testing()
find_program(ANQIAOCTL anqiaoctl)
if(ANQIAOCTL)
  add_test(NAME @_test_kit
           COMMAND ${ANQIAOCTL} adapter test $<TARGET_FILE:anqiao_adapter_@>
                   --samples ${CMAKE_CURRENT_SOURCE_DIR}/samples --payloads 2000)
endif()
)",
                             {{"@", name}});
}

std::string Readme(const std::string& name, const std::string& format) {
  return absl::StrReplaceAll(R"(# @

Reads `%`. Written by `anqiaoctl adapter new`; `samples/first.in` is made up in the shape of the file it was written from, nobody in it exists.

1. Decide what `@.cc` leaves open (look for DECIDE).
2. `cmake -B build && cmake --build build`
3. `anqiaoctl adapter test . --accept` writes what is made of the sample into `samples/first.expected`: read it.
4. `anqiaoctl adapter test .`
)",
                             {{"@", name}, {"%", format}});
}

std::string MadeUpSample(const SampleTable& table, const Plan& plan) {
  std::vector<std::string> lines;
  std::string text;
  if (table.shape == Shape::kDelimited) {
    for (const bool blank : table.title_is_blank) lines.push_back(blank ? "" : "样例数据");
    lines.push_back(DelimitedRow(table, table.headers));
    for (int row = 0; row < kMadeUpRows; ++row) {
      lines.push_back(DelimitedRow(table, MadeUpRow(table, plan, row)));
    }
    for (const std::string& line : lines) absl::StrAppend(&text, line, table.crlf ? "\r\n" : "\n");
  } else {
    for (int row = 0; row < kMadeUpRows; ++row) {
      lines.push_back(ElementRow(table, MadeUpRow(table, plan, row)));
    }
    text = table.shape == Shape::kJson ? absl::StrCat("{\"sheet\": \"样例数据\", \"rows\": [\n",
                                                      absl::StrJoin(lines, ",\n"), "\n]}\n")
                                       : absl::StrCat("<?xml version=\"1.0\" encoding=\"",
                                                      table.gb18030 ? "GB18030" : "UTF-8",
                                                      "\"?>\n<dataset name=\"样例数据\">\n",
                                                      absl::StrJoin(lines, "\n"), "\n</dataset>\n");
  }
  if (table.gb18030) return ToGb18030(text);
  return absl::StrCat(table.byte_order_mark ? "\xEF\xBB\xBF" : "", text);
}

}  // namespace anqiao::scaffold
