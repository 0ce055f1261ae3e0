#include "plugins/sdk/element_rows.h"

namespace anqiao::sdk {
namespace {

constexpr std::size_t kNamesMax = 512;
constexpr std::size_t kUnknownNamesMax = 50;

}  // namespace

ElementRows::ElementRows(const Format& format, std::string_view path, Report& report)
    : format_(format),
      path_(path),
      report_(report),
      columns_(format),
      builder_(format, report),
      cells_(format.columns.size()),
      ranks_(format.columns.size()),
      values_(format.columns.size()) {}

void ElementRows::Note(std::string_view name, std::uint64_t row, std::uint64_t byte_offset) {
  if (Find(name) != nullptr) return;
  forbidden_ = forbidden_ || NamesForbiddenContent(name);
  if (names_.size() >= kNamesMax) {
    too_many_names_ = true;
    return;
  }
  const auto added = names_.emplace(name, Name{.match = columns_.Find(name),
                                               .path = path_ + std::string(name),
                                               .row = row,
                                               .byte_offset = byte_offset});
  added.first->second.text = added.first->first;
}

ElementRows::Name* ElementRows::Find(std::string_view name) {
  if (found_ != nullptr && found_->follower != nullptr && found_->follower->text == name) {
    found_ = found_->follower;
    return found_;
  }
  const auto entry = names_.find(name);
  if (entry == names_.end()) return nullptr;
  if (found_ != nullptr) found_->follower = &entry->second;
  found_ = &entry->second;
  return found_;
}

aq_status ElementRows::Check(std::uint64_t row_count) {
  if (forbidden_) {
    return report_.RefusePayload({}, "FORBIDDEN_CONTENT",
                                 "the payload has a field of health codes that must not be held");
  }
  if (too_many_names_) {
    return report_.RefusePayload({}, "PAYLOAD_UNDECODABLE",
                                 "more than " + std::to_string(kNamesMax) + " different names");
  }
  std::vector<bool> seen(format_.columns.size(), false);
  for (const auto& [text, name] : names_) {
    if (name.match != nullptr) seen[name.match->column] = true;
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const Column& column = format_.columns[i];
    if (row_count > 0 && column.required_header && !seen[i]) {
      return report_.RefusePayload({.field = column.names.front(), .target = column.field},
                                   "MISSING_COLUMN", "no row has this field");
    }
  }
  std::size_t unknown = 0;
  for (const auto& [text, name] : names_) {
    if (name.match != nullptr || ++unknown > kUnknownNamesMax) continue;
    report_.Warn({.row = name.row, .byte_offset = name.byte_offset, .field = name.path},
                 "UNKNOWN_COLUMN", "not taken up: no such field is known");
  }
  return AQ_OK;
}

void ElementRows::Begin() {
  ++row_;
  cells_.assign(cells_.size(), Cell{});
}

bool ElementRows::Set(std::string_view text, std::string_view value, std::uint64_t place) {
  Name* const found = Find(text);
  if (found == nullptr) return true;
  Name& name = *found;
  if (name.last_row == row_) return false;
  name.last_row = row_;
  if (name.match == nullptr || Trim(value).empty()) return true;
  const auto [column, rank] = *name.match;
  // Of several names of one column the first in the declaration counts.
  if (!cells_[column].native_field.empty() && ranks_[column] < rank) return true;
  values_[column] = value;
  ranks_[column] = rank;
  cells_[column] = {.value = values_[column], .native_field = name.path, .place = place};
  return true;
}

void ElementRows::Build(std::uint64_t row, std::uint64_t byte_offset,
                        const RecordBuilder::Locate& locate) {
  builder_.Build(cells_, row, byte_offset, locate);
}

}  // namespace anqiao::sdk
