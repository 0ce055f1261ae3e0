#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "hub/adapter/scaffold/native_samples.h"
#include "hub/adapter/scaffold/table_rows.h"
#include "plugins/sdk/workbook.h"
#include "plugins/sdk/zip.h"

namespace anqiao::scaffold {
namespace {

constexpr std::size_t kSheetColumnsMax = 512;
constexpr char kHead[] = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
constexpr char kMain[] = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
constexpr char kOffice[] = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
constexpr char kPackage[] = "http://schemas.openxmlformats.org/package/2006";
constexpr char kType[] = "application/vnd.openxmlformats-officedocument.spreadsheetml.";

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text,
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

// 28 is "AB".
std::string ColumnName(std::size_t number) {
  std::string name;
  for (; number > 0; number = (number - 1) / 26) {
    name.insert(name.begin(), static_cast<char>('A' + (number - 1) % 26));
  }
  return name;
}

std::string SheetOf(const std::vector<std::vector<std::string>>& rows) {
  std::string out = absl::StrCat(kHead, "<worksheet xmlns=\"", kMain, "\"><sheetData>\n");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    absl::StrAppend(&out, "<row r=\"", i + 1, "\">");
    for (std::size_t k = 0; k < rows[i].size(); ++k) {
      if (rows[i][k].empty()) continue;
      absl::StrAppend(&out, "<c r=\"", ColumnName(k + 1), i + 1, "\" t=\"inlineStr\"><is><t>",
                      Escaped(rows[i][k]), "</t></is></c>");
    }
    out += "</row>\n";
  }
  return out + "</sheetData></worksheet>\n";
}

}  // namespace

absl::Status ReadWorkbook(absl::string_view bytes, const SampleOptions& options,
                          SampleTable& table) {
  table.shape = Shape::kXlsx;
  table.sheet = options.sheet;
  sdk::Workbook workbook;
  sdk::Fault fault = workbook.Open({bytes.data(), bytes.size()}, options.sheet);
  std::vector<SampleRow> rows;
  if (fault.ok()) {
    fault = workbook.ForEachRow([&](std::uint64_t number, const auto& cells) {
      if (number > kSampleRowsMax + kHeaderRowMax) return false;
      rows.resize(number);
      for (const sdk::SheetCell& cell : cells) {
        if (cell.column > kSheetColumnsMax) break;
        rows.back().resize(cell.column);
        rows.back().back().text = cell.text;
      }
      return true;
    });
  }
  if (!fault.ok()) {
    return Unreadable({fault.reason.data(), fault.reason.size()},
                      absl::StrCat("the sample is no workbook that can be read: ", fault.message));
  }
  return TakeRows(rows, options, table);
}

std::string WorkbookOf(const std::string& sheet,
                       const std::vector<std::vector<std::string>>& rows) {
  const std::string type(kType);
  const std::string relations =
      absl::StrCat(kHead, "<Relationships xmlns=\"", kPackage, "/relationships\">",
                   "<Relationship Id=\"rId1\" Type=\"", kOffice);
  sdk::ZipWriter zip;
  zip.Add("[Content_Types].xml",
          absl::StrCat(kHead, "<Types xmlns=\"", kPackage, "/content-types\">",
                       "<Default Extension=\"rels\" ContentType=\"application/",
                       "vnd.openxmlformats-package.relationships+xml\"/>",
                       "<Default Extension=\"xml\" ContentType=\"application/xml\"/>",
                       "<Override PartName=\"/xl/workbook.xml\" ContentType=\"", type,
                       "sheet.main+xml\"/><Override PartName=\"/xl/worksheets/sheet1.xml\" ",
                       "ContentType=\"", type, "worksheet+xml\"/></Types>"));
  zip.Add("_rels/.rels", absl::StrCat(relations,
                                      "/officeDocument\" Target=\"xl/workbook.xml\"/>"
                                      "</Relationships>"));
  zip.Add("xl/workbook.xml",
          absl::StrCat(kHead, "<workbook xmlns=\"", kMain, "\" xmlns:r=\"", kOffice,
                       "\"><sheets><sheet name=\"", sheet.empty() ? "Sheet1" : Escaped(sheet),
                       "\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"));
  zip.Add("xl/_rels/workbook.xml.rels",
          absl::StrCat(relations,
                       "/worksheet\" Target=\"worksheets/sheet1.xml\"/>"
                       "</Relationships>"));
  zip.Add("xl/worksheets/sheet1.xml", SheetOf(rows));
  std::string out;
  zip.Finish(out);
  return out;
}

}  // namespace anqiao::scaffold
