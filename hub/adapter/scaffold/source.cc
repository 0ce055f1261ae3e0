#include "hub/adapter/scaffold/source.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace anqiao::scaffold {
namespace {

constexpr std::size_t kLineColumns = 100;

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

// Columns that "text" takes on a screen: most characters of three and four bytes take two.
std::size_t WidthOf(absl::string_view text) {
  std::size_t width = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 || byte >= 0xC0) width += byte >= 0xE3 ? 2 : 1;
  }
  return width;
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

// A comment of as many lines as it takes, each behind "indent"; none if there is no note.
std::string Comment(absl::string_view indent, absl::string_view note) {
  if (note.empty()) return "";
  const std::string begin = absl::StrCat(indent, "//");
  std::string out;
  std::string line = begin;
  for (const absl::string_view word : absl::StrSplit(note, ' ')) {
    if (WidthOf(line) + 2 + WidthOf(word) > kLineColumns) {
      absl::StrAppend(&out, line, "\n");
      line = begin;
    }
    absl::StrAppend(&line, " ", word);
  }
  return absl::StrCat(out, line, absl::EndsWith(note, "?") ? "" : ".", "\n");
}

bool InSample(const SampleTable& table, const PlannedColumn& column, absl::string_view native) {
  return std::any_of(
      table.rows.begin(), table.rows.end(),
      [&](const std::vector<std::string>& row) { return row[column.index] == native; });
}

// The name of a table of plugins/sdk/code_tables.h; empty: there is none for the field.
std::string NationalTable(const SampleTable& table, const PlannedColumn& column) {
  static const std::map<std::string, std::string> kTables = {{"SEX", "kSex"},
                                                             {"MARITAL_STATUS", "kMaritalStatus"},
                                                             {"ETHNICITY", "kEthnicity"},
                                                             {"EDUCATION", "kEducation"}};
  const auto found = kTables.find(column.field);
  if (found == kTables.end()) return "";
  bool digits = false;
  for (const std::vector<std::string>& row : table.rows) {
    const std::string& cell = row[column.index];
    digits = digits || (!cell.empty() && absl::ascii_isdigit(cell[0]));
  }
  return absl::StrCat("code_tables::", found->second, digits ? "ByCode" : "ByName");
}

// The tables of the agency's own codes: first those that the sample has.
std::string CodeTables(const SampleTable& table, const Plan& plan) {
  std::string out;
  std::set<std::string> written;
  for (const PlannedColumn& column : plan.columns) {
    if (column.converter != "codes" || column.field.empty()) continue;
    if (!NationalTable(table, column).empty() || !written.insert(column.field).second) continue;
    std::string seen;
    std::string others;
    for (const auto& [native, value] : column.codes) {
      absl::StrAppend(InSample(table, column, native) ? &seen : &others, "    {", Quoted(native),
                      ", ", Quoted(value), "},\n");
    }
    const char* note = others.empty() ? ""
                       : seen.empty() ? "    // None of them is in the sample.\n"
                                      : "    // Not in the sample:\n";
    absl::StrAppend(&out, "constexpr Code k", Camel(column.field), "[] = {\n", seen,
                    seen.empty() ? "" : note, others, seen.empty() ? note : "", "};\n\n");
  }
  return out;
}

// Broken behind its last argument if it is too long for a line.
std::string Broken(absl::string_view indent, const std::string& call) {
  const std::string line = absl::StrCat(indent, call, ",\n");
  if (WidthOf(line) <= kLineColumns + 1) return line;
  std::vector<std::size_t> open;
  bool quoted = false;
  std::size_t comma = 0;
  std::size_t column = 0;
  for (std::size_t i = 0; i < call.size(); ++i) {
    if (call[i] == '"' && (i == 0 || call[i - 1] != '\\')) quoted = !quoted;
    if (quoted) continue;
    if (call[i] == '(' || call[i] == '{') open.push_back(i + 1);
    if (call[i] == ')' || call[i] == '}') open.pop_back();
    if (call[i] == ',' && !open.empty()) {
      comma = i + 1;
      column = WidthOf(call.substr(0, open.back()));
    }
  }
  if (comma == 0) return line;
  return absl::StrCat(indent, call.substr(0, comma), "\n", indent, std::string(column, ' '),
                      call.substr(comma + 1), ",\n");
}

std::string ColumnExpression(const SampleTable& table, const PlannedColumn& column) {
  static const std::map<std::string, std::string> kWords = {{"text", "Text"},
                                                            {"codes", "Codes"},
                                                            {"date", "Date"},
                                                            {"month", "Month"},
                                                            {"yuan", "Yuan"},
                                                            {"money", "Money"},
                                                            {"count", "Count"},
                                                            {"citizen_id", "CitizenId"},
                                                            {"credit_code", "CreditCode"},
                                                            {"phone", "Phone"},
                                                            {"division", "Division"}};
  const std::string names = absl::StrCat("{", Quoted(column.header), "}");
  std::string text;
  if (column.field.empty()) {
    text = absl::StrCat("Ignored(", names, ")");
  } else {
    std::string codes;
    if (column.converter == "codes") {
      codes = NationalTable(table, column);
      if (codes.empty()) codes = absl::StrCat("k", Camel(column.field));
      codes = ", " + codes;
    }
    text = absl::StrCat(kWords.at(column.converter), "(", names, ", v1::FIELD_", column.field,
                        codes, ")");
  }
  if (column.field == "CERTIFICATE_ANNOTATION") {
    text = absl::StrCat("Separated(", text, ", \"、\")");
  }
  if (column.day_number) text = absl::StrCat("OrDayNumber(", text, ")");
  if (column.lenient) text = absl::StrCat("Lenient(", text, ")");
  if (column.required) text = absl::StrCat("Required(", text, ")");
  if (table.shape == Shape::kFixedWidth) {
    text = absl::StrCat("Wide(", table.widths[column.index], ", ", text, ")");
  }
  return text;
}

std::string ShapeExpression(const SampleTable& table) {
  const std::string encoding = table.gb18030 ? "Encoding::kGb18030" : "Encoding::kUtf8";
  std::vector<std::string> parts;
  const auto header = [&] {
    if (!table.title_is_blank.empty()) {
      parts.push_back(absl::StrCat(".header_row = ", table.title_is_blank.size() + 1));
    }
    if (table.header_rows == 2) parts.push_back(".header_rows = 2");
  };
  switch (table.shape) {
    case Shape::kJson:
      return "Json{}";
    case Shape::kJsonLines:
      return "JsonLines{}";
    case Shape::kXml:
      return table.gb18030 ? absl::StrCat("Xml{.encoding = ", encoding, "}") : "Xml{}";
    case Shape::kXlsx:
      if (!table.sheet.empty()) parts.push_back(absl::StrCat(".sheet = ", Quoted(table.sheet)));
      header();
      return absl::StrCat("Xlsx{", absl::StrJoin(parts, ", "), "}");
    case Shape::kFixedWidth:
      return absl::StrCat("FixedWidth{.encoding = ", encoding, ", .code = ", Quoted(table.code),
                          ", .record_type = '", std::string(1, table.record_type), "'}");
    case Shape::kDelimited:
      break;
  }
  parts.push_back(absl::StrCat(".encoding = ", encoding));
  if (table.delimiter != ',') {
    const std::string delimiter = table.delimiter == '\t' ? "\\t" : std::string(1, table.delimiter);
    parts.push_back(absl::StrCat(".delimiter = '", delimiter, "'"));
  }
  if (!table.quoted) parts.emplace_back(".quoted = false");
  header();
  if (table.byte_order_mark) parts.emplace_back(".byte_order_mark = true");
  return absl::StrCat("Delimited{", absl::StrJoin(parts, ", "), "}");
}

// Broken behind its brace if it is too long for a line.
std::string ShapeLine(const SampleTable& table) {
  const std::string line = absl::StrCat("  format.shape = ", ShapeExpression(table), ";\n");
  if (WidthOf(line) <= kLineColumns + 1) return line;
  const std::size_t brace = line.find('{') + 1;
  return absl::StrCat(line.substr(0, brace), "\n      ", line.substr(brace));
}

std::string ContentType(const SampleTable& table) {
  const char* charset = table.gb18030 ? "; charset=gb18030" : "; charset=utf-8";
  switch (table.shape) {
    case Shape::kJson:
      return "application/json";
    case Shape::kJsonLines:
      return "application/x-ndjson";
    case Shape::kXml:
      return "application/xml";
    case Shape::kXlsx:
      return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    case Shape::kFixedWidth:
      return absl::StrCat("text/plain", charset);
    case Shape::kDelimited:
      break;
  }
  return absl::StrCat(table.delimiter == ',' ? "text/csv" : "text/plain", charset);
}

std::string Columns(const SampleTable& table, const Plan& plan) {
  std::string out;
  for (const PlannedColumn& column : plan.columns) {
    absl::StrAppend(
        &out,
        Comment("      ",
                column.note.empty() ? "" : absl::StrCat(column.header, ": ", column.note)),
        Broken("      ", ColumnExpression(table, column)));
  }
  return out;
}

bool NeedsNationalTables(const SampleTable& table, const Plan& plan) {
  return std::any_of(plan.columns.begin(), plan.columns.end(), [&](const PlannedColumn& column) {
    return column.converter == "codes" && !column.field.empty() &&
           !NationalTable(table, column).empty();
  });
}

}  // namespace

std::string ShapeText(const SampleTable& table) {
  const std::string encoding = table.gb18030           ? "GB18030"
                               : table.byte_order_mark ? "UTF-8 with its mark"
                                                       : "UTF-8";
  const std::size_t row = table.title_is_blank.size() + 1;
  const std::string header = table.header_rows == 2
                                 ? absl::StrCat("header in rows ", row, " and ", row + 1)
                                 : absl::StrCat("header in row ", row);
  switch (table.shape) {
    case Shape::kJson:
      return "JSON";
    case Shape::kJsonLines:
      return "JSON lines";
    case Shape::kXml:
      return absl::StrCat("XML, ", encoding);
    case Shape::kXlsx:
      return absl::StrCat("workbook, ", header);
    case Shape::kFixedWidth:
      return absl::StrCat("fixed width, ", encoding, ", ", table.widths.size(), " fields");
    case Shape::kDelimited:
      break;
  }
  const char* delimiter = table.delimiter == '\t'  ? "tabs"
                          : table.delimiter == ';' ? "semicolons"
                          : table.delimiter == '|' ? "bars"
                                                   : "commas";
  return absl::StrCat("delimited by ", delimiter, ", ", encoding, ", ", header);
}

std::string AdapterSource(const std::string& name, const std::string& format,
                          const SampleTable& table, const Plan& plan) {
  std::vector<std::string> key;
  for (const std::string& header : plan.key) key.push_back(Quoted(header));
  return absl::StrCat(
      Comment("", absl::StrCat(name, ", written by \"anqiaoctl adapter new\" from a sample (",
                               ShapeText(table),
                               "). Look for DECIDE, then read the rest: names "
                               "of columns say less than one would like")),
      "\n#include \"plugins/sdk/adapter.h\"\n",
      NeedsNationalTables(table, plan) ? "#include \"plugins/sdk/code_tables.h\"\n" : "",
      "#include \"plugins/sdk/declare.h\"\n\nnamespace {\n\n",
      "using namespace ::anqiao::sdk;  // the words of a declaration\n\n", CodeTables(table, plan),
      "Format ", Camel(format), "() {\n  Format format;\n  format.name = ", Quoted(format),
      ";\n  // DECIDE: the titles that people see.\n  format.title_zh = ", Quoted(format),
      ";\n  format.title_en = ", Quoted(format),
      ";\n  // DECIDE: MODE_SNAPSHOT if what a file lacks has ended.\n"
      "  format.mode = v1::MODE_DELTA;\n",
      Comment("  ", plan.kind_note), "  format.kind = v1::RECORD_KIND_", plan.kind,
      ";\n  format.content_type = ", Quoted(ContentType(table)), ";\n", ShapeLine(table),
      Comment("  ", plan.columns_note), "  format.columns = {\n", Columns(table, plan), "  };\n",
      Comment("  ", plan.key_note), "  format.key = {", absl::StrJoin(key, ", "),
      "};\n  return format;\n}\n\n",
      "const Declaration& Declare() {\n  static const Declaration declaration = {\n      .name = ",
      Quoted(name), ", .version = \"0.1.0\", .formats = {", Camel(format),
      "()}};\n  return declaration;\n}\n\n}  // namespace\n\nANQIAO_ADAPTER(Declare)\n");
}

std::string BuildFile(const std::string& name) {
  return absl::StrReplaceAll(R"(cmake_minimum_required(VERSION 3.25)
project(@ LANGUAGES C CXX)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
find_package(AnqiaoAdapter QUIET)
if(NOT AnqiaoAdapter_FOUND)
  message(FATAL_ERROR "The SDK of Anqiao was not found (cmake --install BUILD --component sdk --prefix PREFIX makes one). Put PREFIX/bin "
    "on the PATH, or say -DCMAKE_PREFIX_PATH=PREFIX. ${AnqiaoAdapter_NOT_FOUND_MESSAGE}")
endif()
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

}  // namespace anqiao::scaffold
