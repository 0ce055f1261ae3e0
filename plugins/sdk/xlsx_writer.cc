// The smallest workbook that spreadsheets open without asking: every cell is text, in a text
// format, so that nothing is made a number when a person edits it.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plugins/sdk/header_rows.h"
#include "plugins/sdk/row_writer.h"
#include "plugins/sdk/writers.h"
#include "plugins/sdk/xml_text.h"
#include "plugins/sdk/zip.h"

namespace anqiao::sdk {
namespace {

constexpr std::size_t kRowsMax = 1'048'576;
constexpr char kHead[] = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
constexpr char kMain[] = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
constexpr char kOffice[] = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
constexpr char kPackage[] = "http://schemas.openxmlformats.org/package/2006";
constexpr char kType[] = "application/vnd.openxmlformats-officedocument.spreadsheetml.";

// 28 is "AB".
std::string ColumnName(std::size_t number) {
  std::string name;
  for (; number > 0; number = (number - 1) / 26) {
    name.insert(name.begin(), static_cast<char>('A' + (number - 1) % 26));
  }
  return name;
}

bool LooksLikeEscape(std::string_view text) {
  if (text.size() < 7 || text[1] != 'x' || text[6] != '_') return false;
  return text.substr(2, 4).find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// Carriage returns, and what looks like an escape, as escapes.
std::string Escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      out += "_x000D_";
    } else if (text[i] == '_' && LooksLikeEscape(text.substr(i))) {
      out += "_x005F_";
    } else {
      out += text[i];
    }
  }
  return out;
}

void AppendRow(std::size_t number, const std::vector<std::string>& cells, std::string& out) {
  const std::string row = std::to_string(number);
  out += "<row r=\"" + row + "\">";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].empty()) continue;
    out += "<c r=\"" + ColumnName(i + 1) + row +
           "\" s=\"1\" t=\"inlineStr\"><is><t xml:space=\"preserve\">";
    AppendXmlText(Escaped(cells[i]), out);
    out += "</t></is></c>";
  }
  out += "</row>\n";
}

std::string SheetName(const Format& format) {
  std::string name;
  const std::string_view sheet = std::get<Xlsx>(format.shape).sheet;
  AppendXmlText(sheet.empty() ? "Sheet1" : sheet, name);
  return name;
}

void AddFrame(const Format& format, ZipWriter& zip) {
  const std::string main(kMain);
  const std::string package(kPackage);
  const std::string type(kType);
  zip.Add("[Content_Types].xml",
          kHead + ("<Types xmlns=\"" + package + "/content-types\">") +
              "<Default Extension=\"rels\" "
              "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
              "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
              "<Override PartName=\"/xl/workbook.xml\" ContentType=\"" +
              type +
              "sheet.main+xml\"/>"
              "<Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"" +
              type +
              "worksheet+xml\"/>"
              "<Override PartName=\"/xl/styles.xml\" ContentType=\"" +
              type + "styles+xml\"/></Types>");
  const std::string relations = kHead + ("<Relationships xmlns=\"" + package + "/relationships\">");
  const std::string relation = "\" Type=\"" + std::string(kOffice);
  zip.Add("_rels/.rels", relations + "<Relationship Id=\"rId1" + relation +
                             "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>");
  zip.Add("xl/workbook.xml", kHead + ("<workbook xmlns=\"" + main) + "\" xmlns:r=\"" + kOffice +
                                 "\"><sheets><sheet name=\"" + SheetName(format) +
                                 "\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>");
  zip.Add("xl/_rels/workbook.xml.rels",
          relations + "<Relationship Id=\"rId1" + relation +
              "/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2" + relation +
              "/styles\" Target=\"styles.xml\"/></Relationships>");
  // Format 49 is "@".
  zip.Add(
      "xl/styles.xml",
      kHead + ("<styleSheet xmlns=\"" + main) +
          "\"><fonts count=\"1\"><font/></fonts><fills count=\"2\"><fill><patternFill "
          "patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill></fills>"
          "<borders count=\"1\"><border/></borders><cellStyleXfs count=\"1\"><xf/></cellStyleXfs>"
          "<cellXfs count=\"2\"><xf/><xf numFmtId=\"49\" applyNumberFormat=\"1\"/></cellXfs>"
          "</styleSheet>");
}

}  // namespace

aq_status EncodeXlsx(const Format& format, std::span<const v1::Record> records, std::string& out,
                     Report& report) {
  const Xlsx& shape = std::get<Xlsx>(format.shape);
  const std::size_t columns = format.columns.size();
  if (records.size() > kRowsMax - shape.header_row - 1) {
    return report.RefusePayload({}, kValueInvalid,
                                "a sheet holds " + std::to_string(kRowsMax) + " rows only");
  }
  std::string sheet = kHead + ("<worksheet xmlns=\"" + std::string(kMain)) +
                      "\"><cols><col min=\"1\" max=\"" + std::to_string(columns) +
                      "\" width=\"20\" style=\"1\"/></cols><sheetData>\n";
  std::size_t row = 0;
  for (const std::vector<std::string>& cells :
       HeaderRows(format, shape.header_row, shape.header_rows)) {
    AppendRow(++row, cells, sheet);
  }
  RowWriter writer(format, {.first_column = 1}, report);
  for (const v1::Record& record : records) {
    if (!writer.Write(record)) return AQ_REJECT;
    AppendRow(++row, writer.texts(), sheet);
  }
  sheet += "</sheetData></worksheet>\n";
  ZipWriter zip;
  AddFrame(format, zip);
  zip.Add("xl/worksheets/sheet1.xml", sheet);
  if (!zip.Finish(out)) {
    return report.RefusePayload({}, kValueInvalid, "the workbook would be too large");
  }
  return AQ_OK;
}

}  // namespace anqiao::sdk
