//   xl/workbook.xml             sheets by name, each with a relation
//   xl/_rels/workbook.xml.rels  relations to parts
//   xl/sharedStrings.xml        texts that cells refer to
//   xl/styles.xml               what number format a cell's style has
//   xl/worksheets/*.xml         rows of cells
//
// Elements are compared without their prefix: some writers give the namespace one.

#include "plugins/sdk/workbook.h"

#include <charconv>
#include <cmath>
#include <map>

#include "plugins/sdk/convert_date.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/xml_text.h"

namespace anqiao::sdk {
namespace {

constexpr std::size_t kStringsMax = 1'000'000;
constexpr std::size_t kFormatsMax = 10'000;
constexpr std::uint64_t kRowsMax = 1'048'576;
constexpr std::uint32_t kSheetColumnsMax = 16'384;

Fault Undecodable(std::string message) { return {"PAYLOAD_UNDECODABLE", std::move(message)}; }

std::string_view LocalName(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

bool Is(const pugi::xml_node& node, std::string_view name) {
  return node.type() == pugi::node_element && LocalName(node.name()) == name;
}

pugi::xml_node Child(const pugi::xml_node& parent, std::string_view name) {
  for (const pugi::xml_node& child : parent.children()) {
    if (Is(child, name)) return child;
  }
  return {};
}

std::string_view Attribute(const pugi::xml_node& node, std::string_view name) {
  for (const pugi::xml_attribute& attribute : node.attributes()) {
    if (LocalName(attribute.name()) == name) return attribute.value();
  }
  return {};
}

bool IsHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// "_x000D_" stands for a character that XML cannot hold; only those of one byte occur.
void AppendUnescaped(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    constexpr std::size_t kEscape = 7;
    if (text[i] == '_' && i + kEscape <= text.size() && text[i + 1] == 'x' && text[i + 6] == '_' &&
        IsHex(text[i + 2]) && IsHex(text[i + 3]) && IsHex(text[i + 4]) && IsHex(text[i + 5])) {
      unsigned code = 0;
      std::from_chars(text.data() + i + 2, text.data() + i + 6, code, 16);
      if (code < 0x80) {
        out.push_back(static_cast<char>(code));
        i += kEscape - 1;
        continue;
      }
    }
    out.push_back(text[i]);
  }
}

// The text of <si> or <is>: its own <t>, or those of its runs, without phonetic ones.
std::string RichText(const pugi::xml_node& parent) {
  std::string text;
  for (const pugi::xml_node& child : parent.children()) {
    if (Is(child, "t")) AppendUnescaped(child.child_value(), text);
    if (Is(child, "r")) AppendUnescaped(Child(child, "t").child_value(), text);
  }
  return text;
}

// "BC12" to 55; false if it is no reference into "row", which is a number.
bool ParseReference(std::string_view reference, std::string_view row, std::uint32_t& column) {
  std::size_t i = 0;
  column = 0;
  while (i < reference.size() && i < 3 && reference[i] >= 'A' && reference[i] <= 'Z') {
    column = column * 26 + static_cast<std::uint32_t>(reference[i++] - 'A' + 1);
  }
  return column > 0 && column <= kSheetColumnsMax && reference.substr(i) == row;
}

template <typename Number>
bool ParseNumber(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// The target of a relation of xl/workbook.xml as the name of a part.
std::string PartOf(std::string_view target) {
  return target.starts_with('/') ? std::string(target.substr(1)) : "xl/" + std::string(target);
}

}  // namespace

Fault Workbook::Open(std::string_view bytes, std::string_view sheet) {
  constexpr std::string_view kCompoundFile("\xD0\xCF\x11\xE0", 4);
  if (bytes.starts_with(kCompoundFile)) {
    return Undecodable(
        "an old (.xls) or encrypted workbook; it must be saved as .xlsx without a "
        "password");
  }
  if (Fault fault = zip_.Open(bytes); !fault.ok()) return fault;
  std::string sheet_part;
  if (Fault fault = FindParts(sheet, sheet_part); !fault.ok()) return fault;
  if (Fault fault = ReadSharedStrings(strings_part_); !fault.ok()) return fault;
  if (Fault fault = ReadStyles(styles_part_); !fault.ok()) return fault;
  if (Fault fault = LoadPart(sheet_part, sheet_); !fault.ok()) return fault;
  sheet_offset_ = zip_.Find(sheet_part)->offset;
  if (!Is(sheet_.document_element(), "worksheet")) {
    return Undecodable("the sheet is not one of cells");
  }
  return {};
}

Fault Workbook::LoadPart(std::string_view name, pugi::xml_document& document) {
  const ZipReader::Entry* entry = zip_.Find(name);
  if (entry == nullptr) return Undecodable("the archive is no workbook: a part is missing");
  std::string text;
  if (Fault fault = zip_.Read(*entry, text); !fault.ok()) return fault;
  if (FindInvalidUtf8(text) != std::string_view::npos) {
    return Undecodable("a part of the workbook is not valid UTF-8");
  }
  SpoilImpossibleReferences(text);
  if (!document.load_buffer(text.data(), text.size(), pugi::parse_default | pugi::parse_ws_pcdata,
                            pugi::encoding_utf8)) {
    return Undecodable("a part of the workbook is not well-formed XML");
  }
  return {};
}

Fault Workbook::FindParts(std::string_view sheet, std::string& sheet_part) {
  pugi::xml_document workbook;
  if (Fault fault = LoadPart("xl/workbook.xml", workbook); !fault.ok()) return fault;
  pugi::xml_document relations;
  if (Fault fault = LoadPart("xl/_rels/workbook.xml.rels", relations); !fault.ok()) return fault;
  std::string_view relation;
  for (const pugi::xml_node& part : workbook.document_element().children()) {
    if (Is(part, "workbookPr")) {
      const std::string_view flag = Attribute(part, "date1904");
      counts_from_1904_ = flag == "1" || flag == "true";
    }
    if (!Is(part, "sheets")) continue;
    for (const pugi::xml_node& one : part.children()) {
      if (!Is(one, "sheet") || !relation.empty()) continue;
      if (!sheet.empty() && NormalizeHeader(Attribute(one, "name")) != NormalizeHeader(sheet)) {
        continue;
      }
      relation = Attribute(one, "id");
    }
  }
  if (relation.empty()) {
    return Undecodable(sheet.empty() ? "the workbook has no sheet"
                                     : "the workbook has no sheet " + std::string(sheet));
  }
  for (const pugi::xml_node& one : relations.document_element().children()) {
    if (!Is(one, "Relationship")) continue;
    const std::string_view type = Attribute(one, "Type");
    const std::string part = PartOf(Attribute(one, "Target"));
    if (Attribute(one, "Id") == relation) sheet_part = part;
    if (type.ends_with("/sharedStrings")) strings_part_ = part;
    if (type.ends_with("/styles")) styles_part_ = part;
  }
  if (sheet_part.empty()) return Undecodable("the workbook's sheet has no part");
  return {};
}

Fault Workbook::ReadSharedStrings(std::string_view part) {
  if (part.empty()) return {};
  pugi::xml_document document;
  if (Fault fault = LoadPart(part, document); !fault.ok()) return fault;
  for (const pugi::xml_node& one : document.document_element().children()) {
    if (!Is(one, "si")) continue;
    if (strings_.size() >= kStringsMax) {
      return Undecodable("more than " + std::to_string(kStringsMax) + " shared strings");
    }
    strings_.push_back(RichText(one));
  }
  return {};
}

namespace {

// What remains of a format's code without texts, colours and escapes, in small letters.
std::string PlainCode(std::string_view code) {
  std::string plain;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (c == '"' || c == '[') {
      const std::size_t end = code.find(c == '"' ? '"' : ']', i + 1);
      if (end == std::string_view::npos) break;
      i = end;
    } else if (c == '\\' || c == '_' || c == '*') {
      ++i;
    } else {
      plain.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
  }
  return plain;
}

}  // namespace

Fault Workbook::ReadStyles(std::string_view part) {
  if (part.empty()) return {};
  pugi::xml_document document;
  if (Fault fault = LoadPart(part, document); !fault.ok()) return fault;
  // The built-in ones, in their Chinese meaning where languages differ.
  std::map<int, Shows> shows;
  for (const int day : {14, 15, 16, 22, 28, 29, 30, 31, 51, 53, 54, 58}) shows[day] = Shows::kDay;
  for (const int month : {17, 27, 36, 50, 52, 57}) shows[month] = Shows::kMonth;
  const pugi::xml_node root = document.document_element();
  for (const pugi::xml_node& one : Child(root, "numFmts").children()) {
    int id = 0;
    if (!Is(one, "numFmt") || !ParseNumber(Attribute(one, "numFmtId"), id)) continue;
    if (shows.size() >= kFormatsMax) return Undecodable("too many number formats");
    const std::string code = PlainCode(Attribute(one, "formatCode"));
    const bool year = code.find('y') != std::string::npos || code.find('e') == 0;
    const bool month = code.find('m') != std::string::npos;
    const bool day = code.find('d') != std::string::npos;
    shows[id] = day && (year || month) ? Shows::kDay
                : year && month        ? Shows::kMonth
                                       : Shows::kNumber;
  }
  for (const pugi::xml_node& one : Child(root, "cellXfs").children()) {
    if (!Is(one, "xf")) continue;
    if (formats_.size() >= kFormatsMax) return Undecodable("too many cell formats");
    int id = 0;
    ParseNumber(Attribute(one, "numFmtId"), id);
    const auto found = shows.find(id);
    formats_.push_back(found == shows.end() ? Shows::kNumber : found->second);
  }
  return {};
}

Workbook::Shows Workbook::ShowsOf(const pugi::xml_node& cell) const {
  std::size_t style = 0;
  if (!ParseNumber(Attribute(cell, "s"), style) || style >= formats_.size()) return Shows::kNumber;
  return formats_[style];
}

void Workbook::ReadNumber(std::string_view text, Shows shows, SheetCell& cell) const {
  constexpr double kExactBelow = 1e15;  // a spreadsheet keeps 15 digits
  double number = 0;
  if (!ParseNumber(text, number) || !std::isfinite(number)) {
    cell.fault = "the cell says that it is a number, and is none";
    return;
  }
  if (std::fabs(number) >= kExactBelow) {
    cell.fault =
        "a spreadsheet made a number of it and kept 15 digits only, the last ones are lost; "
        "the column must be text";
    return;
  }
  const bool whole = number == std::floor(number);
  const std::int64_t day = static_cast<std::int64_t>(std::floor(number));
  constexpr std::int64_t kDaysTo1904 = 1462;
  const std::int64_t day_number = day + (counts_from_1904_ ? kDaysTo1904 : 0);
  if (shows != Shows::kNumber) {
    if (const Fault fault = ConvertDayNumber(day_number, cell.text); !fault.ok()) {
      cell.fault = "a day number of which there is no day";
    } else if (!whole) {
      cell.fault = "a date with a time of day; expected a date only";
    } else if (shows == Shows::kMonth) {
      cell.text.resize(7);
    }
    return;
  }
  char buffer[64];
  const auto end =
      whole ? std::to_chars(buffer, buffer + sizeof buffer, day)
            : std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::general, 15);
  cell.text.assign(buffer, end.ptr);
  if (whole && day >= 0) cell.day_number = day_number;
}

void Workbook::ReadCell(const pugi::xml_node& node, SheetCell& cell) const {
  const std::string_view type = Attribute(node, "t");
  const std::string_view value = Child(node, "v").child_value();
  if (type == "inlineStr") {
    cell.text = RichText(Child(node, "is"));
  } else if (type == "s") {
    std::size_t index = 0;
    if (!ParseNumber(value, index) || index >= strings_.size()) {
      cell.fault = "the cell refers to a shared string that there is not";
    } else {
      cell.text = strings_[index];
    }
  } else if (type == "str") {
    AppendUnescaped(value, cell.text);
  } else if (type == "e") {
    cell.fault = "the cell holds an error of the spreadsheet";
  } else if (type == "d" && value.size() > 10 && value.substr(10).starts_with("T00:00:00")) {
    cell.text = value.substr(0, 10);
  } else if (type == "b" || type == "d") {
    cell.text = value;
  } else if (!value.empty()) {
    ReadNumber(value, ShowsOf(node), cell);
  }
  // The parts are UTF-8, but a reference may name what is no character.
  if (FindInvalidUtf8(cell.text) != std::string_view::npos) {
    cell.text.clear();
    cell.fault = "holds a reference to what is no character";
  }
}

Fault Workbook::ForEachRow(const Visit& visit, std::uint64_t last_visited) const {
  std::uint64_t last_row = 0;
  std::vector<SheetCell> cells;
  for (const pugi::xml_node& row : Child(sheet_.document_element(), "sheetData").children()) {
    if (!Is(row, "row")) continue;
    std::uint64_t number = last_row + 1;
    const std::string_view said = Attribute(row, "r");
    if (!said.empty() && (!ParseNumber(said, number) || number <= last_row || number > kRowsMax)) {
      return Undecodable("the sheet's rows do not rise");
    }
    last_row = number;
    const bool visited = number <= last_visited;
    const std::string number_text = std::to_string(number);
    cells.clear();
    std::uint32_t last_column = 0;
    for (const pugi::xml_node& node : row.children()) {
      if (!Is(node, "c")) continue;
      SheetCell cell;
      cell.column = last_column + 1;
      const std::string_view reference = Attribute(node, "r");
      if (!reference.empty() &&
          (!ParseReference(reference, number_text, cell.column) || cell.column <= last_column)) {
        return Undecodable("the cells of row " + std::to_string(number) + " do not rise");
      }
      last_column = cell.column;
      if (!visited) continue;
      ReadCell(node, cell);
      if (!cell.text.empty() || !cell.fault.empty()) cells.push_back(std::move(cell));
    }
    if (visited && !visit(number, cells)) break;
  }
  return {};
}

}  // namespace anqiao::sdk
