#include "plugins/sdk/row_writer.h"

#include <algorithm>

#include "plugins/sdk/record_builder.h"
#include "plugins/sdk/text.h"

namespace anqiao::sdk {

RowWriter::RowWriter(const Format& format, Options options, Report& report)
    : format_(format),
      options_(options),
      report_(report),
      key_columns_(KeyColumns(format)),
      texts_(format.columns.size()),
      key_parts_(format.columns.size()) {}

bool RowWriter::Write(const v1::Record& record) {
  ++row_;
  if (record.kind() != format_.kind) {
    return Say({}, {kValueInvalid, "the record is not of the format's kind"});
  }
  const bool says_removed =
      std::any_of(format_.columns.begin(), format_.columns.end(),
                  [](const Column& column) { return column.converter == Converter::kValidity; });
  if (record.removed() && !says_removed) {
    return Say({}, {kValueInvalid, "the format has no place for a removed record"});
  }
  taken_.assign(static_cast<std::size_t>(record.values_size()), false);
  SplitKey(record.key());
  if (!TakeConstants(record)) return false;
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    if (const Fault fault = WriteColumn(record, i); !fault.ok()) {
      Refuse(i, fault);
      return false;
    }
  }
  if (!format_.decodes) return true;
  if (const Fault fault = WriteKeyParts(record); !fault.ok()) {
    return Say({.field = format_.columns[key_columns_.front()].names.front()}, fault);
  }
  for (int i = 0; i < record.values_size(); ++i) {
    const v1::FieldValue& value = record.values(i);
    if (taken_[static_cast<std::size_t>(i)] || value.value().empty()) continue;
    return Say({.target = value.field()},
               {kValueInvalid, "the format has no column, or no further one, for this field"});
  }
  return true;
}

bool RowWriter::TakeConstants(const v1::Record& record) {
  for (const auto& [field, constant] : format_.constants) {
    TakeEqual(record, field, constant);
    for (int i = 0; i < record.values_size(); ++i) {
      if (record.values(i).field() == field && record.values(i).value() != constant) {
        return Say({.target = field},
                   {kValueInvalid, "the format itself says another value of this field"});
      }
    }
  }
  return true;
}

Fault RowWriter::WriteColumn(const v1::Record& record, std::size_t index) {
  const Column& column = format_.columns[index];
  texts_[index].clear();
  key_parts_[index].clear();
  if (column.converter == Converter::kValidity) {
    texts_[index] = record.removed() ? "0" : "1";
    return {};
  }
  const auto key = std::find(key_columns_.begin(), key_columns_.end(), index);
  const bool only_in_key = column.field == v1::FIELD_UNSPECIFIED && key != key_columns_.end();
  if (column.field != v1::FIELD_UNSPECIFIED) {
    if (Fault fault = TakeValues(record, index); !fault.ok()) return fault;
  } else if (only_in_key && !key_split_.empty()) {
    texts_[index] = key_split_[static_cast<std::size_t>(key - key_columns_.begin())];
    key_parts_[index] = texts_[index];
    if (Fault fault = CheckCell(texts_[index]); !fault.ok()) return fault;
  }
  // What only the key holds may come from WriteKeyParts yet.
  if (texts_[index].empty() && column.required_value && !only_in_key) {
    return {"MISSING_VALUE", "a value is required"};
  }
  return {};
}

Fault RowWriter::TakeValues(const v1::Record& record, std::size_t index) {
  const Column& column = format_.columns[index];
  std::vector<v1::Field> fields = {column.field};
  fields.insert(fields.end(), column.encode_instead.begin(), column.encode_instead.end());
  for (const v1::Field field : fields) {
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      const v1::FieldValue& value = record.values(static_cast<int>(i));
      if (taken_[i] || value.field() != field || value.value().empty()) continue;
      taken_[i] = true;
      const std::size_t before = texts_[index].size();
      if (before > 0) texts_[index] += column.separator;
      std::string text;
      Fault fault = column.converter == Converter::kCodes
                        ? WriteCode(record, index, i)
                        : Unconvert(column, value.value(), options_.dates, text);
      if (fault.ok()) fault = CheckCell(text);
      if (!fault.ok()) return fault;
      if (!column.separator.empty() && text.find(column.separator) != std::string::npos) {
        return {kValueInvalid, "holds the text that separates values"};
      }
      texts_[index] += text;
      key_parts_[index] = EntersKeyConverted(column) && before == 0 ? value.value() : texts_[index];
      if (column.also != v1::FIELD_UNSPECIFIED) TakeEqual(record, column.also, value.value());
      if (column.separator.empty()) return {};
    }
    if (!texts_[index].empty()) return {};
  }
  return {};
}

// Of several rows of the table that say this value, the one that the key names, then one whose
// second statement the record has too.
Fault RowWriter::WriteCode(const v1::Record& record, std::size_t index, std::size_t value) {
  const Column& column = format_.columns[index];
  const v1::FieldValue& stated = record.values(static_cast<int>(value));
  const auto key = std::find(key_columns_.begin(), key_columns_.end(), index);
  const std::string_view in_key =
      key == key_columns_.end() || key_split_.empty()
          ? std::string_view()
          : key_split_[static_cast<std::size_t>(key - key_columns_.begin())];
  const Code* best = nullptr;
  int best_rank = -1;
  for (const Code& code : column.codes) {
    if (code.value != stated.value()) continue;
    bool has_second = false;
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      const v1::FieldValue& other = record.values(static_cast<int>(i));
      has_second = has_second ||
                   (!taken_[i] && other.field() == code.also && other.value() == code.also_value);
    }
    if (code.also != v1::FIELD_UNSPECIFIED && !has_second) continue;
    const int rank = (code.native == in_key ? 2 : 0) + (has_second ? 1 : 0);
    if (rank > best_rank) {
      best = &code;
      best_rank = rank;
    }
  }
  if (best == nullptr) return {kValueInvalid, "not in the code table"};
  if (best->also != v1::FIELD_UNSPECIFIED) TakeEqual(record, best->also, best->also_value);
  texts_[index] += best->native;
  return {};
}

void RowWriter::TakeEqual(const v1::Record& record, v1::Field field, std::string_view value) {
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    const v1::FieldValue& other = record.values(static_cast<int>(i));
    if (other.field() == field && other.value() == value) taken_[i] = true;
  }
}

// Plain if the key has as many parts as columns.
void RowWriter::SplitKey(std::string_view key) {
  key_split_.clear();
  if (key_columns_.size() == 1) {
    key_split_.push_back(key);
    return;
  }
  while (true) {
    const std::size_t end = key.find('/');
    key_split_.push_back(key.substr(0, end));
    if (end == std::string_view::npos) break;
    key.remove_prefix(end + 1);
  }
  if (key_split_.size() != key_columns_.size()) key_split_.clear();
}

// A column that only the key holds is what is left of the key between the other columns' parts.
Fault RowWriter::WriteKeyParts(const v1::Record& record) {
  std::string_view rest = record.key();
  const std::size_t count = key_columns_.size();
  std::size_t unknown = count;
  for (std::size_t i = 0; i < count && key_split_.empty() && count > 1; ++i) {
    if (format_.columns[key_columns_[i]].field == v1::FIELD_UNSPECIFIED) unknown = i;
  }
  if (unknown < count) {
    std::string before;
    std::string after;
    for (std::size_t i = 0; i < count; ++i) {
      if (i < unknown) before += key_parts_[key_columns_[i]] + "/";
      if (i > unknown) after += "/" + key_parts_[key_columns_[i]];
    }
    if (rest.size() > before.size() + after.size() && rest.starts_with(before) &&
        rest.ends_with(after)) {
      rest.remove_prefix(before.size());
      rest.remove_suffix(after.size());
      if (Fault fault = CheckCell(rest); !fault.ok()) return fault;
      texts_[key_columns_[unknown]] = key_parts_[key_columns_[unknown]] = rest;
    }
  }
  std::string key;
  for (std::size_t i = 0; i < count; ++i) {
    const Column& column = format_.columns[key_columns_[i]];
    if (i > 0) key += '/';
    key += key_parts_[key_columns_[i]];
    if (column.required_value && texts_[key_columns_[i]].empty()) {
      return {"MISSING_VALUE", "a value is required, and the key does not hold it"};
    }
  }
  if (key != record.key()) return {kValueInvalid, "the key does not follow from the values"};
  return {};
}

bool RowWriter::Say(const Place& place, const Fault& fault) {
  Place here = place;
  here.row = row_;
  report_.RefusePayload(here, fault.reason, fault.message);
  return false;
}

aq_status RowWriter::Refuse(std::size_t column, const Fault& fault) {
  const Column& declared = format_.columns[column];
  return report_.RefusePayload(
      {.row = row_,
       .column = options_.first_column == 0
                     ? 0
                     : options_.first_column + static_cast<std::uint32_t>(column),
       .field = declared.names.front(),
       .target = declared.field},
      fault.reason, fault.message);
}

Fault CheckCell(std::string_view text) {
  if (text.size() > kValueBytesMax) {
    return {kValueInvalid, "longer than " + std::to_string(kValueBytesMax) + " bytes"};
  }
  if (Trim(text).size() != text.size()) {
    return {kValueInvalid, "begins or ends with a blank, which would be lost"};
  }
  if (FindInvalidUtf8(text) != std::string_view::npos) {
    return {"ENCODING_INVALID", "not valid UTF-8"};
  }
  if (HoldsControlCharacter(text)) return {kValueInvalid, "holds a control character"};
  return {};
}

aq_status CheckEncoding(Encoding encoding, std::string_view encoded, Report& report) {
  const std::string_view other = OtherEncodingOf(encoded, encoding);
  if (other.empty()) return AQ_OK;
  return report.RefusePayload({}, "ENCODING_INVALID",
                              "in " + std::string(NameOf(encoding)) +
                                  " these records could not be told from " + std::string(other));
}

}  // namespace anqiao::sdk
