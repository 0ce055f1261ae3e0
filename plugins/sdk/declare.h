// The words in which an adapter is declared: formats, columns, converters.
//
//   Format{.name = "orders", ..., .shape = Delimited{.encoding = Encoding::kGb18030, .header_row =
//   2},
//          .columns = {Required(Text({"文书号"}, v1::FIELD_DOCUMENT_NUMBER)),
//                      Date({"决定日期"}, v1::FIELD_DECIDED_DATE), Ignored({"序号"})},
//          .key = {"文书号"}}
//
// Plain values, made once and never changed.

#ifndef ANQIAO_PLUGINS_SDK_DECLARE_H_
#define ANQIAO_PLUGINS_SDK_DECLARE_H_

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "anqiao/adapter/v1/adapter.pb.h"
#include "plugins/sdk/text.h"

namespace anqiao::sdk {

namespace v1 = ::anqiao::adapter::v1;

// One row of a code table. An empty "value" says nothing; "also" adds a second statement.
struct Code {
  std::string_view native;
  std::string_view value;
  v1::Field also = v1::FIELD_UNSPECIFIED;
  std::string_view also_value = {};
};

enum class Converter {
  kText,        // as written
  kCodes,       // by the table
  kDate,        // the spellings of hub/doc/formats.md, to YYYY-MM-DD or YYYY-MM
  kMonth,       // the same, to YYYY-MM
  kYuan,        // yuan with up to two decimals, to whole fen
  kMoney,       // the same with units, thousands separators and a currency sign, to whole fen
  kCount,       // a whole number up to 999,999,999
  kValidity,    // 有效标记: 1, or 0 for a record that was removed
  kCitizenId,   // as written, without width, blanks and a spreadsheet's apostrophe; not judged
  kCreditCode,  // 18 characters of the code's alphabet, in capitals; the check is the hub's
  kDivision,    // a code of 6, 9 or 12 digits, or a name
  kPhone        // 7 to 12 digits, without separators and the country's code
};

// The unit of an amount that names none.
enum class MoneyUnit { kYuan, kTenThousandYuan, kFen };

struct Column {
  // The agency's name, then its aliases.
  std::vector<std::string_view> names = {};
  // Unspecified: known, and not taken up.
  v1::Field field = v1::FIELD_UNSPECIFIED;
  Converter converter = Converter::kText;
  std::span<const Code> codes = {};
  // A second field with the same value.
  v1::Field also = v1::FIELD_UNSPECIFIED;
  // Encoding takes the first of these that the record has if it has not "field".
  std::vector<v1::Field> encode_instead = {};
  // Separates several values; empty: there is one.
  std::string_view separator = {};
  bool required_header = false;
  bool required_value = false;
  // A value that cannot be converted is left out with a warning; the record stays.
  bool lenient = false;
  // A value that cannot be converted is passed on as it is, with a warning: the hub judges it.
  bool as_written = false;
  // Dates: five digits are the day number of a spreadsheet (45000 is 2023-03-15).
  bool day_number = false;
  // Dates: encoding writes a month as its first day, since the agency has no place for less.
  bool first_day = false;
  MoneyUnit unit = MoneyUnit::kYuan;
  // Fixed width only, in native bytes.
  std::size_t width = 0;
};

using Names = std::vector<std::string_view>;

inline Column Make(Names names, v1::Field field, Converter converter) {
  Column column;
  column.names = std::move(names);
  column.field = field;
  column.converter = converter;
  return column;
}
inline Column Ignored(Names names) {
  return Make(std::move(names), v1::FIELD_UNSPECIFIED, Converter::kText);
}
inline Column Text(Names names, v1::Field field) {
  return Make(std::move(names), field, Converter::kText);
}
inline Column Date(Names names, v1::Field field) {
  return Make(std::move(names), field, Converter::kDate);
}
inline Column Month(Names names, v1::Field field) {
  return Make(std::move(names), field, Converter::kMonth);
}
inline Column Yuan(Names names, v1::Field field) {
  return Make(std::move(names), field, Converter::kYuan);
}
inline Column Money(Names names, v1::Field field, MoneyUnit unit = MoneyUnit::kYuan) {
  Column column = Make(std::move(names), field, Converter::kMoney);
  column.unit = unit;
  return column;
}
inline Column CitizenId(Names names, v1::Field field) {
  return Make(std::move(names), field, Converter::kCitizenId);
}
inline Column CreditCode(Names names, v1::Field field) {
  return Make(std::move(names), field, Converter::kCreditCode);
}
inline Column Division(Names names, v1::Field field) {
  return Make(std::move(names), field, Converter::kDivision);
}
// One number. A column in which people note several stays Text: the hub takes each of them.
inline Column Phone(Names names, v1::Field field) {
  return Make(std::move(names), field, Converter::kPhone);
}
inline Column Count(Names names, v1::Field field) {
  return Make(std::move(names), field, Converter::kCount);
}
inline Column Validity(Names names) {
  return Make(std::move(names), v1::FIELD_UNSPECIFIED, Converter::kValidity);
}
// "codes" must outlive the column.
inline Column Codes(Names names, v1::Field field, std::span<const Code> codes) {
  Column column = Make(std::move(names), field, Converter::kCodes);
  column.codes = codes;
  return column;
}
inline Column RequiredHeader(Column column) {
  column.required_header = true;
  return column;
}
inline Column Required(Column column) {
  column.required_header = true;
  column.required_value = true;
  return column;
}
inline Column Lenient(Column column) {
  column.lenient = true;
  return column;
}
// For identifiers: a refused row has no key, so that a snapshot with one ends nothing; the hub,
// which refuses the value itself, holds the record under its key. Not with Separated.
inline Column OrAsWritten(Column column) {
  column.as_written = true;
  return column;
}
inline Column OrDayNumber(Column column) {
  column.day_number = true;
  return column;
}
inline Column FirstDayIfMonth(Column column) {
  column.first_day = true;
  return column;
}
inline Column Separated(Column column, std::string_view separator) {
  column.separator = separator;
  return column;
}
inline Column AlsoAs(Column column, v1::Field field) {
  column.also = field;
  return column;
}
inline Column Wide(std::size_t width, Column column) {
  column.width = width;
  return column;
}
inline Column OrEncode(Column column, std::vector<v1::Field> fields) {
  column.encode_instead = std::move(fields);
  return column;
}

// 是 and 否.
inline constexpr Code kYesNo[] = {{"是", "1"}, {"否", "0"}};
inline Column Flag(Names names, v1::Field field) { return Codes(std::move(names), field, kYesNo); }

// Rows and cells. Titles come before the header; a header of two rows names groups in the first and
// a group's columns in the second, flattened as "group.column".
struct Delimited {
  Encoding encoding = Encoding::kUtf8;
  char delimiter = ',';
  bool quoted = true;  // RFC 4180
  std::size_t header_row = 1;
  std::size_t header_rows = 1;   // 1 or 2
  bool byte_order_mark = false;  // encoding begins with one; decoding takes both
};

// One line a record, sliced in native bytes; a first line "H", code, date, count and a last line
// "T", count.
struct FixedWidth {
  Encoding encoding = Encoding::kGb18030;
  std::string_view code = {};  // at most 8 bytes, padded with blanks
  char record_type = ' ';
};

// <dataset><row><name>value</name>...</row></dataset>, UTF-8 or GB18030 by its declaration.
// Encoding writes it in "encoding".
struct Xml {
  Encoding encoding = Encoding::kUtf8;
};

// {"sheet": "...", "rows": [{"name": "value"}]}, UTF-8.
struct Json {};

// One object {"name": "value"} a line, UTF-8.
struct JsonLines {};

// A sheet of an Office Open XML workbook (.xlsx). Titles and header rows as in Delimited.
struct Xlsx {
  std::string_view sheet = {};  // its name; empty: the first
  std::size_t header_row = 1;
  std::size_t header_rows = 1;  // 1 or 2
};

struct Format {
  std::string_view name = {};
  std::string_view title_zh = {};
  std::string_view title_en = {};
  v1::Mode mode = v1::MODE_UNSPECIFIED;
  v1::RecordKind kind = v1::RECORD_KIND_UNSPECIFIED;
  std::string_view content_type = {};
  bool decodes = true;
  bool encodes = false;
  std::variant<Delimited, FixedWidth, Xml, Json, JsonLines, Xlsx> shape = {};
  std::vector<Column> columns = {};
  // First names of the columns whose values, joined by "/", are the record's key. Dates enter in
  // their converted form, everything else as written.
  std::vector<std::string_view> key = {};
  // Said by the format itself.
  std::vector<std::pair<v1::Field, std::string_view>> constants = {};
  // A file name that contains one of these belongs to another format.
  std::vector<std::string_view> other_file_names = {};
};

struct Declaration {
  std::string_view name = {};
  std::string_view version = {};
  std::vector<Format> formats = {};
};

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_DECLARE_H_
