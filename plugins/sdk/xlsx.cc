#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plugins/sdk/convert_date.h"
#include "plugins/sdk/header_rows.h"
#include "plugins/sdk/readers.h"
#include "plugins/sdk/record_builder.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/workbook.h"

namespace anqiao::sdk {
namespace {

class Decoder {
 public:
  Decoder(const Format& format, std::string_view payload, Report& report)
      : format_(format),
        shape_(std::get<Xlsx>(format.shape)),
        payload_(payload),
        report_(report),
        builder_(format, report),
        last_header_row_(shape_.header_row + shape_.header_rows - 1) {}

  aq_status Decode() {
    Fault fault = workbook_.Open(payload_, shape_.sheet);
    if (!fault.ok()) return report_.RefusePayload({}, fault.reason, fault.message);
    // References are checked before anything is emitted.
    fault = workbook_.ForEachRow(
        [this](std::uint64_t row, const std::vector<SheetCell>& cells) {
          NoteHead(row, cells);
          return true;
        },
        last_header_row_);
    if (!fault.ok()) return report_.RefusePayload(PlaceOf(0), fault.reason, fault.message);
    if (forbidden_) {
      return report_.RefusePayload(
          PlaceOf(last_header_row_), "FORBIDDEN_CONTENT",
          "the payload has a column of health codes that must not be held");
    }
    if (const aq_status status = Bind(); status != AQ_OK) return status;
    workbook_.ForEachRow([this](std::uint64_t row, const std::vector<SheetCell>& cells) {
      if (row > last_header_row_) DecodeRow(row, cells);
      return !report_.stopped();
    });
    return AQ_OK;
  }

 private:
  Place PlaceOf(std::uint64_t row) const {
    return {.row = row, .byte_offset = workbook_.sheet_offset()};
  }

  void NoteHead(std::uint64_t row, const std::vector<SheetCell>& cells) {
    std::vector<std::string>* header = nullptr;
    if (row == shape_.header_row) header = &upper_;
    if (row == shape_.header_row + 1 && shape_.header_rows == 2) header = &lower_;
    for (const SheetCell& cell : cells) {
      forbidden_ = forbidden_ || NamesForbiddenContent(cell.text);
      if (header == nullptr || cell.column > kColumnsMax + 1) continue;
      header->resize(cell.column);
      header->back() = cell.text;
    }
  }

  aq_status Bind() {
    headers_ = FlattenHeader({upper_.begin(), upper_.end()}, {lower_.begin(), lower_.end()});
    if (headers_.empty()) {
      return report_.RefusePayload(
          PlaceOf(0), "PAYLOAD_TRUNCATED",
          "the sheet has no header in row " + std::to_string(shape_.header_row));
    }
    const auto [fault, place] =
        BindHeader(format_, headers_, last_header_row_, workbook_.sheet_offset(), binding_);
    if (!fault.ok()) return report_.RefusePayload(place, fault.reason, fault.message);
    WarnOfUnknown(headers_, last_header_row_, workbook_.sheet_offset(), binding_, report_);
    column_of_.assign(headers_.size(), HeaderBinding::npos);
    for (std::size_t i = 0; i < binding_.bound.size(); ++i) {
      if (binding_.bound[i] != HeaderBinding::npos) column_of_[binding_.bound[i]] = i;
    }
    blank_.assign(format_.columns.size(), Cell{});
    for (std::size_t i = 0; i < headers_.size(); ++i) {
      if (column_of_[i] == HeaderBinding::npos) continue;
      blank_[column_of_[i]] = {.column = static_cast<std::uint32_t>(i + 1),
                               .native_field = headers_[i]};
    }
    return AQ_OK;
  }

  void DecodeRow(std::uint64_t row, const std::vector<SheetCell>& cells) {
    report_.MoveTo(row, workbook_.sheet_offset());
    cells_ = blank_;
    dates_.resize(cells_.size());
    bool blank = true;
    for (const SheetCell& cell : cells) {
      blank = blank && cell.fault.empty() && Trim(cell.text).empty();
      if (cell.column > column_of_.size()) {
        if (Trim(cell.text).empty()) continue;
        report_.RefuseRecord(PlaceOf(row), kValueInvalid,
                             "the row has " + std::to_string(cell.column) +
                                 " columns, the header " + std::to_string(headers_.size()));
        return;
      }
      const std::size_t column = column_of_[cell.column - 1];
      if (column == HeaderBinding::npos) {
        if (Trim(cell.text).empty()) continue;
        WarnOfNameless(cell.column - 1, row, workbook_.sheet_offset(), binding_, report_);
        continue;
      }
      cells_[column].value = IsDayNumber(column, cell) ? dates_[column] : cell.text;
      cells_[column].fault = cell.fault;
    }
    if (blank) return;
    const std::size_t offset = workbook_.sheet_offset();
    builder_.Build(cells_, row, offset, [offset](std::uint64_t place) { return offset; });
  }

  // In a column of dates a number of five digits without a date's format is a day number; one of
  // six or eight is a month or day in digits.
  bool IsDayNumber(std::size_t column, const SheetCell& cell) {
    const Converter converter = format_.columns[column].converter;
    return (converter == Converter::kDate || converter == Converter::kMonth) &&
           cell.day_number != 0 && cell.text.size() <= 5 &&
           ConvertDayNumber(cell.day_number, dates_[column]).ok();
  }

  const Format& format_;
  const Xlsx& shape_;
  const std::string_view payload_;
  Report& report_;
  RecordBuilder builder_;
  const std::uint64_t last_header_row_;
  Workbook workbook_;
  bool forbidden_ = false;
  std::vector<std::string> upper_;
  std::vector<std::string> lower_;
  std::vector<std::string> headers_;
  HeaderBinding binding_;
  std::vector<std::size_t> column_of_;  // column of the header to column of the format
  std::vector<Cell> blank_;
  std::vector<Cell> cells_;
  std::vector<std::string> dates_;  // texts of day numbers
};

}  // namespace

aq_status DecodeXlsx(const Format& format, std::string_view payload, Report& report) {
  return Decoder(format, payload, report).Decode();
}

}  // namespace anqiao::sdk
