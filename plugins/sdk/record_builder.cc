#include "plugins/sdk/record_builder.h"

#include <utility>

namespace anqiao::sdk {
namespace {

constexpr std::size_t kKeyBytesMax = 200;

}  // namespace

bool EntersKeyConverted(const Column& column) {
  switch (column.converter) {
    case Converter::kText:
    case Converter::kCodes:
    case Converter::kYuan:
    case Converter::kCount:
    case Converter::kValidity:
      return false;
    default:
      return true;
  }
}

std::vector<std::size_t> KeyColumns(const Format& format) {
  std::vector<std::size_t> columns;
  for (const std::string_view name : format.key) {
    for (std::size_t i = 0; i < format.columns.size(); ++i) {
      if (format.columns[i].names.front() == name) columns.push_back(i);
    }
  }
  return columns;
}

RecordBuilder::RecordBuilder(const Format& format, Report& report)
    : format_(format),
      report_(report),
      key_columns_(KeyColumns(format)),
      key_parts_(format.columns.size()) {}

void RecordBuilder::Build(const std::vector<Cell>& cells, std::uint64_t row,
                          std::uint64_t byte_offset, const Locate& locate) {
  record_.Clear();
  record_.set_kind(format_.kind);
  record_.set_row(row);
  record_.set_byte_offset(byte_offset);
  bool good = true;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    key_parts_[i].clear();
    const bool taken_up = format_.columns[i].field != v1::FIELD_UNSPECIFIED ||
                          format_.columns[i].converter == Converter::kValidity ||
                          format_.columns[i].required_value;
    if (!taken_up) continue;
    Cell cell = cells[i];
    cell.value = Trim(cell.value);
    if (!cell.value.empty() || !cell.fault.empty()) {
      good = AddCell(i, cell, row, locate) && good;
    } else if (format_.columns[i].required_value) {
      const Column& column = format_.columns[i];
      report_.RefuseRecord(
          {.row = row,
           .byte_offset = cell.column == 0 ? byte_offset : locate(cell.place),
           .column = cell.column,
           .field = cell.native_field.empty() ? column.names.front() : cell.native_field,
           .target = column.field},
          "MISSING_VALUE", "a value is required");
      good = false;
    }
  }
  good = good && AddKey(cells, row, byte_offset);
  if (!good) return;
  for (const auto& [field, value] : format_.constants) AddValue(field, std::string(value), {});
  report_.Emit(record_);
}

bool RecordBuilder::AddCell(std::size_t index, const Cell& cell, std::uint64_t row,
                            const Locate& locate) {
  const Column& column = format_.columns[index];
  converted_.values.clear();
  converted_.removed = false;
  Fault fault;
  if (cell.value.size() > kValueBytesMax) {
    fault = {"VALUE_INVALID", "longer than " + std::to_string(kValueBytesMax) + " bytes"};
  } else if (!cell.fault.empty()) {
    fault = {kValueInvalid, std::string(cell.fault)};
  } else {
    fault = Convert(column, cell.value, converted_);
  }
  if (!fault.ok()) {
    const Place place = {.row = row,
                         .byte_offset = locate(cell.place),
                         .column = cell.column,
                         .field = cell.native_field,
                         .target = column.field};
    if (column.lenient) {
      report_.Warn(place, fault.reason, fault.message);
      return true;
    }
    report_.RefuseRecord(place, fault.reason, fault.message);
    return false;
  }
  key_parts_[index] = EntersKeyConverted(column) && !converted_.values.empty()
                          ? converted_.values.front().second
                          : std::string(cell.value);
  if (converted_.removed) record_.set_removed(true);
  for (auto& [field, value] : converted_.values) AddValue(field, std::move(value), cell);
  return true;
}

bool RecordBuilder::AddKey(const std::vector<Cell>& cells, std::uint64_t row,
                           std::uint64_t byte_offset) {
  std::string& key = *record_.mutable_key();
  bool blank = true;
  for (std::size_t i = 0; i < key_columns_.size(); ++i) {
    if (i > 0) key += '/';
    key += key_parts_[key_columns_[i]];
    blank = blank && key_parts_[key_columns_[i]].empty();
  }
  if (!blank && key.size() <= kKeyBytesMax) return true;
  const Cell& cell = cells[key_columns_.front()];
  report_.RefuseRecord(
      {.row = row, .byte_offset = byte_offset, .column = cell.column, .field = format_.key.front()},
      blank ? "MISSING_VALUE" : "VALUE_INVALID",
      blank ? "the record has no key"
            : "the record's key is longer than " + std::to_string(kKeyBytesMax) + " bytes");
  return false;
}

void RecordBuilder::AddValue(v1::Field field, std::string value, const Cell& cell) {
  for (const v1::FieldValue& present : record_.values()) {
    if (present.field() == field && present.value() == value) return;  // said twice, once is enough
  }
  v1::FieldValue* added = record_.add_values();
  added->set_field(field);
  added->set_value(std::move(value));
  added->set_column(cell.column);
  added->set_native_field(cell.native_field.data(), cell.native_field.size());
}

ColumnNames::ColumnNames(const Format& format) {
  for (std::size_t i = 0; i < format.columns.size(); ++i) {
    const std::vector<std::string_view>& names = format.columns[i].names;
    for (std::size_t rank = 0; rank < names.size(); ++rank) {
      names_.emplace(NormalizeHeader(names[rank]), Match{i, rank});
    }
  }
}

const ColumnNames::Match* ColumnNames::Find(std::string_view header) const {
  const auto found = names_.find(NormalizeHeader(header));
  return found == names_.end() ? nullptr : &found->second;
}

}  // namespace anqiao::sdk
