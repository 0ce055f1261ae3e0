// One sheet of an Office Open XML workbook (.xlsx) as rows of cells.
//
// Thread-compatible; lives for one call.

#ifndef ANQIAO_PLUGINS_SDK_WORKBOOK_H_
#define ANQIAO_PLUGINS_SDK_WORKBOOK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/fault.h"
#include "plugins/sdk/zip.h"

namespace anqiao::sdk {

// A cell that is not blank.
struct SheetCell {
  std::uint32_t column = 0;  // from 1
  // As the spreadsheet would show it without a format: a whole number without exponent, a date in a
  // date's format as YYYY-MM-DD, or YYYY-MM if that format has no day.
  std::string text;
  // Not 0: a number of no date's format that may be a day number.
  std::int64_t day_number = 0;
  // What makes the text useless, such as digits that were lost; else empty. Never holds the value.
  std::string_view fault;
};

class Workbook {
 public:
  // Reads the parts; "sheet" is a name, empty for the first. "bytes" must outlive the workbook.
  // PAYLOAD_TRUNCATED, PAYLOAD_UNDECODABLE: it is no workbook, or has no such sheet, or exceeds a
  // bound (those of ZipReader, 1,000,000 shared strings, 10,000 formats).
  Fault Open(std::string_view bytes, std::string_view sheet);

  // Where the sheet's part begins in the bytes: cells have no places of their own.
  std::size_t sheet_offset() const { return sheet_offset_; }

  // Calls "visit" for each row up to "last_visited" in rising order, until it returns false. Cells
  // are in rising order. PAYLOAD_UNDECODABLE: a row's or cell's reference is none, or does not
  // rise, in any row up to the one where "visit" returned false.
  using Visit = std::function<bool(std::uint64_t row, const std::vector<SheetCell>& cells)>;
  Fault ForEachRow(const Visit& visit,
                   std::uint64_t last_visited = std::numeric_limits<std::uint64_t>::max()) const;

 private:
  enum class Shows { kNumber, kDay, kMonth };

  Fault LoadPart(std::string_view name, pugi::xml_document& document);
  Fault FindParts(std::string_view sheet, std::string& sheet_part);
  Fault ReadSharedStrings(std::string_view part);
  Fault ReadStyles(std::string_view part);
  void ReadCell(const pugi::xml_node& node, SheetCell& cell) const;
  void ReadNumber(std::string_view text, Shows shows, SheetCell& cell) const;
  Shows ShowsOf(const pugi::xml_node& cell) const;

  ZipReader zip_;
  std::size_t sheet_offset_ = 0;
  pugi::xml_document sheet_;
  std::string strings_part_;
  std::string styles_part_;
  bool counts_from_1904_ = false;
  std::vector<std::string> strings_;
  std::vector<Shows> formats_;  // by the cells' style
};

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_WORKBOOK_H_
