#include "plugins/sdk/record_builder.h"

#include <utility>

namespace anqiao::sdk {
namespace {

constexpr std::size_t kKeyBytesMax = 200;
// More the hub does not take; rows of XML and JSON have no bound of their own.
constexpr std::size_t kRecordBytesMax = 65536;

// Protobuf's wire format, as the generated code would write it: absent and zero are not written.
// All field numbers here are below 16, so a tag is one byte.
constexpr unsigned kLengthDelimited = 2;

void AppendVarint(std::uint64_t number, std::string& out) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(number | 0x80));
  out.push_back(static_cast<char>(number));
}

std::size_t VarintSize(std::uint64_t number) {
  std::size_t size = 1;
  for (; number >= 0x80; number >>= 7) ++size;
  return size;
}

void AppendTag(int field, unsigned type, std::string& out) {
  out.push_back(static_cast<char>(static_cast<unsigned>(field) << 3 | type));
}

void AppendNumber(int field, std::uint64_t number, std::string& out) {
  if (number == 0) return;
  AppendTag(field, 0, out);
  AppendVarint(number, out);
}

void AppendBytes(int field, std::string_view bytes, std::string& out) {
  if (bytes.empty()) return;
  AppendTag(field, kLengthDelimited, out);
  AppendVarint(bytes.size(), out);
  out += bytes;
}

// Of what AppendBytes appends.
std::size_t BytesSize(std::string_view bytes) {
  return bytes.empty() ? 0 : 1 + VarintSize(bytes.size()) + bytes.size();
}

// What stands before a value's bytes, put together on the stack: four tags and four varints at
// most.
class Head {
 public:
  std::string_view bytes() const { return {bytes_, size_}; }

  void Tag(int field, unsigned type) {
    bytes_[size_++] = static_cast<char>(static_cast<unsigned>(field) << 3 | type);
  }
  void Varint(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) bytes_[size_++] = static_cast<char>(number | 0x80);
    bytes_[size_++] = static_cast<char>(number);
  }
  // Absent and zero are not written.
  void Number(int field, std::uint64_t number) {
    if (number == 0) return;
    Tag(field, 0);
    Varint(number);
  }
  void Length(int field, std::size_t length) {
    if (length == 0) return;
    Tag(field, kLengthDelimited);
    Varint(length);
  }

 private:
  static constexpr std::size_t kVarintBytesMax = 10;
  char bytes_[4 * (1 + kVarintBytesMax)];
  std::size_t size_ = 0;
};

// A column whose values need no converting: most are such.
bool IsPlainText(const Column& column) {
  return column.converter == Converter::kText && column.separator.empty() &&
         column.also == v1::FIELD_UNSPECIFIED && column.field != v1::FIELD_UNSPECIFIED;
}

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
  values_.clear();
  added_.clear();
  removed_ = false;
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
  for (const auto& [field, value] : format_.constants) AddValue(field, value, {});
  Emit(row, byte_offset);
}

bool RecordBuilder::AddCell(std::size_t index, const Cell& cell, std::uint64_t row,
                            const Locate& locate) {
  const Column& column = format_.columns[index];
  if (IsPlainText(column) && cell.fault.empty() && cell.value.size() <= kValueBytesMax &&
      !HoldsControlCharacter(cell.value)) {
    key_parts_[index] = cell.value;
    AddValue(column.field, cell.value, cell);
    return true;
  }
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
    const bool kept = column.as_written && cell.fault.empty() &&
                      cell.value.size() <= kValueBytesMax && !HoldsControlCharacter(cell.value);
    if (kept) {
      key_parts_[index] = cell.value;
      AddValue(column.field, cell.value, cell);
    }
    if (kept || column.lenient) {
      report_.Warn(place, fault.reason, fault.message);
      return true;
    }
    report_.RefuseRecord(place, fault.reason, fault.message);
    return false;
  }
  key_parts_[index] = EntersKeyConverted(column) && !converted_.values.empty()
                          ? converted_.values.front().second
                          : std::string(cell.value);
  removed_ = removed_ || converted_.removed;
  for (const auto& [field, value] : converted_.values) AddValue(field, value, cell);
  return true;
}

bool RecordBuilder::AddKey(const std::vector<Cell>& cells, std::uint64_t row,
                           std::uint64_t byte_offset) {
  std::string& key = key_;
  key.clear();
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

void RecordBuilder::AddValue(v1::Field field, std::string_view value, const Cell& cell) {
  for (const Added& added : added_) {  // said twice, once is enough
    if (added.field == field &&
        std::string_view(values_).substr(added.begin, added.length) == value) {
      return;
    }
  }
  using Value = v1::FieldValue;
  const std::size_t field_bytes = 1 + VarintSize(static_cast<std::uint64_t>(field));
  const std::size_t column_bytes = cell.column == 0 ? 0 : 1 + VarintSize(cell.column);
  Head head;
  head.Tag(v1::Record::kValuesFieldNumber, kLengthDelimited);
  head.Varint(field_bytes + BytesSize(value) + column_bytes + BytesSize(cell.native_field));
  head.Number(Value::kFieldFieldNumber, static_cast<std::uint64_t>(field));
  head.Length(Value::kValueFieldNumber, value.size());
  values_ += head.bytes();
  values_ += value;
  added_.push_back({field, values_.size() - value.size(), value.size()});
  head = {};
  head.Number(Value::kColumnFieldNumber, cell.column);
  head.Length(Value::kNativeFieldFieldNumber, cell.native_field.size());
  values_ += head.bytes();
  values_ += cell.native_field;
}

void RecordBuilder::Emit(std::uint64_t row, std::uint64_t byte_offset) {
  using Record = v1::Record;
  record_.clear();
  AppendNumber(Record::kKindFieldNumber, static_cast<std::uint64_t>(format_.kind), record_);
  AppendBytes(Record::kKeyFieldNumber, key_, record_);
  AppendNumber(Record::kRowFieldNumber, row, record_);
  AppendNumber(Record::kByteOffsetFieldNumber, byte_offset, record_);
  record_ += values_;
  AppendNumber(Record::kRemovedFieldNumber, removed_ ? 1 : 0, record_);
  if (record_.size() > kRecordBytesMax) {
    return report_.RefuseRecord(
        {.row = row, .byte_offset = byte_offset}, kValueInvalid,
        "the record is longer than " + std::to_string(kRecordBytesMax) + " bytes");
  }
  report_.Emit(record_);
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
