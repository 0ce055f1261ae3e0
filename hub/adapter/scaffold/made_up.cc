// Made-up rows in the shape of a sample.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "hub/adapter/scaffold/native_samples.h"
#include "hub/adapter/scaffold/source.h"

namespace anqiao::scaffold {
namespace {

constexpr int kMadeUpRows = 3;
constexpr char kTitle[] = "样例数据";

using Cells = std::vector<std::string>;

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

std::string MadeUpValue(const SampleTable& table, const PlannedColumn& column, int row) {
  const std::size_t index = column.index;
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
  if (column.converter == "yuan" || column.converter == "money")
    return absl::StrCat(800 + row, ".50");
  if (column.converter == "count") return absl::StrCat(1 + row);
  if (!column.field.empty()) return absl::StrCat("R000", row + 1);
  return MadeUpOther(table, index, row);
}

// The made-up values of a row, parallel to the headers.
Cells MadeUpRow(const SampleTable& table, const Plan& plan, int row) {
  Cells cells(table.headers.size());
  for (const PlannedColumn& column : plan.columns) {
    std::string& cell = cells[column.index];
    cell = MadeUpValue(table, column, row);
    if (column.required && cell.empty()) cell = absl::StrCat("样例", row + 1);
  }
  return cells;
}

// The reverse of flattening: groups above, their columns below.
std::vector<Cells> HeaderRows(const SampleTable& table) {
  if (table.header_rows == 1) return {table.headers};
  std::vector<Cells> rows(2);
  std::string group;
  for (const std::string& header : table.headers) {
    const std::size_t dot = header.find('.');
    if (dot == std::string::npos) {
      rows[0].push_back(header);
      rows[1].emplace_back();
      group = header;
      continue;
    }
    const std::string above = header.substr(0, dot);
    rows[0].push_back(above == group ? "" : above);
    rows[1].push_back(header.substr(dot + 1));
    group = above;
  }
  return rows;
}

// Titles, header and made-up rows.
std::vector<Cells> TableRows(const SampleTable& table, const Plan& plan) {
  std::vector<Cells> rows;
  for (const bool blank : table.title_is_blank) rows.push_back({blank ? "" : kTitle});
  for (Cells& row : HeaderRows(table)) rows.push_back(std::move(row));
  for (int row = 0; row < kMadeUpRows; ++row) rows.push_back(MadeUpRow(table, plan, row));
  return rows;
}

std::string DelimitedRow(const SampleTable& table, const Cells& cells) {
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

std::string EscapedJson(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}});
}

std::string ElementRow(const SampleTable& table, const Cells& cells) {
  Cells parts;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (table.headers[i].empty()) continue;
    parts.push_back(table.shape == Shape::kXml
                        ? absl::StrCat("<", table.headers[i], ">", EscapedXml(cells[i]), "</",
                                       table.headers[i], ">")
                        : absl::StrCat("\"", EscapedJson(table.headers[i]), "\": \"",
                                       EscapedJson(cells[i]), "\""));
  }
  return table.shape == Shape::kXml ? absl::StrCat("<row>", absl::StrJoin(parts, ""), "</row>")
                                    : absl::StrCat("{", absl::StrJoin(parts, ", "), "}");
}

// "text" in "width" native bytes, cut off between characters, filled up with blanks.
std::string Field(const SampleTable& table, std::string text, std::size_t width, bool number) {
  const auto native = [&] { return table.gb18030 ? ToGb18030(text) : text; };
  while (native().size() > width) {
    do text.pop_back();
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80);
    if (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0) text.pop_back();
  }
  const std::string bytes = native();
  const std::string blanks(width - bytes.size(), ' ');
  return number ? blanks + bytes : bytes + blanks;
}

std::string FixedWidthSample(const SampleTable& table, const Plan& plan) {
  const std::string line = table.crlf ? "\r\n" : "\n";
  std::string out = absl::StrFormat("H%-8s%08d%08d%s", table.code, 0, kMadeUpRows, line);
  for (int row = 0; row < kMadeUpRows; ++row) {
    const Cells cells = MadeUpRow(table, plan, row);
    out += table.record_type;
    for (const PlannedColumn& column : plan.columns) {
      const bool number = column.converter == "yuan" || column.converter == "count";
      out += Field(table, cells[column.index], table.widths[column.index], number);
    }
    out += line;
  }
  return out + absl::StrFormat("T%08d%s", kMadeUpRows, line);
}

std::string TextSample(const SampleTable& table, const Plan& plan) {
  std::string text;
  if (table.shape == Shape::kDelimited) {
    for (const Cells& row : TableRows(table, plan)) {
      absl::StrAppend(&text, DelimitedRow(table, row), table.crlf ? "\r\n" : "\n");
    }
    return text;
  }
  Cells lines;
  for (int row = 0; row < kMadeUpRows; ++row) {
    lines.push_back(ElementRow(table, MadeUpRow(table, plan, row)));
  }
  if (table.shape == Shape::kJsonLines) return absl::StrJoin(lines, "\n") + "\n";
  if (table.shape == Shape::kJson) {
    return absl::StrCat("{\"sheet\": \"", kTitle, "\", \"rows\": [\n", absl::StrJoin(lines, ",\n"),
                        "\n]}\n");
  }
  return absl::StrCat("<?xml version=\"1.0\" encoding=\"", table.gb18030 ? "GB18030" : "UTF-8",
                      "\"?>\n<dataset name=\"", kTitle, "\">\n", absl::StrJoin(lines, "\n"),
                      "\n</dataset>\n");
}

}  // namespace

std::string MadeUpSample(const SampleTable& table, const Plan& plan) {
  if (table.shape == Shape::kXlsx) return WorkbookOf(table.sheet, TableRows(table, plan));
  if (table.shape == Shape::kFixedWidth) return FixedWidthSample(table, plan);
  const std::string text = TextSample(table, plan);
  if (table.gb18030) return ToGb18030(text);
  return absl::StrCat(table.byte_order_mark ? "\xEF\xBB\xBF" : "", text);
}

}  // namespace anqiao::scaffold
