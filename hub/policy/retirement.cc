#include "hub/policy/retirement.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

constexpr std::size_t kCircleRowsMax = 16;
constexpr std::size_t kVectorsMax = 256;

absl::StatusOr<int> Bounded(const YamlNode& node, int min, int max) {
  AQ_ASSIGN_OR_RETURN(const std::int64_t number, node.Number());
  if (number < min || number > max) {
    return node.Wrong(absl::StrCat("must be from ", min, " to ", max));
  }
  return static_cast<int>(number);
}

absl::StatusOr<model::CivilDate> Month(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const std::string text, node.Text());
  const std::optional<model::CivilDate> month = model::CivilDate::Parse(text);
  if (!month.has_value() || month->month == 0 || month->has_day()) {
    return node.Wrong("expected a month such as 1965-01");
  }
  return *month;
}

absl::StatusOr<RetirementRow> ReadRow(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"id", "base_years", "first_birth_month",
                                                     "months_per_step", "delay_months_max"},
                                                    {"default_for_sex"}));
  RetirementRow row;
  AQ_ASSIGN_OR_RETURN(row.id, keys.at("id").Text());
  AQ_ASSIGN_OR_RETURN(row.base_years, Bounded(keys.at("base_years"), 40, 80));
  AQ_ASSIGN_OR_RETURN(row.first_birth_month, Month(keys.at("first_birth_month")));
  AQ_ASSIGN_OR_RETURN(row.months_per_step, Bounded(keys.at("months_per_step"), 1, 120));
  AQ_ASSIGN_OR_RETURN(row.delay_months_max, Bounded(keys.at("delay_months_max"), 0, 240));
  if (const auto it = keys.find("default_for_sex"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(row.default_for_sex, it->second.Text());
    if (row.default_for_sex != "1" && row.default_for_sex != "2") {
      return it->second.Wrong("must be 1 or 2");
    }
  }
  return row;
}

}  // namespace

model::CivilDate RetirementRow::RetirementOf(const model::CivilDate& birth) const {
  const int months =
      (birth.year - first_birth_month.year) * 12 + birth.month - first_birth_month.month;
  const int delay = months < 0 ? 0 : std::min(delay_months_max, months / months_per_step + 1);
  return birth.AddMonths(base_years * 12 + delay);
}

const RetirementRow* RetirementTable::Find(absl::string_view id) const {
  for (const RetirementRow& row : rows_) {
    if (row.id == id) return &row;
  }
  return nullptr;
}

const RetirementRow& RetirementTable::ForSex(absl::string_view sex) const {
  return *std::find_if(rows_.begin(), rows_.end(),
                       [sex](const RetirementRow& row) { return row.default_for_sex == sex; });
}

absl::Status RetirementTable::CheckVectors(const YamlNode& tests) const {
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> vectors, tests.Items(kVectorsMax));
  for (const YamlNode& vector : vectors) {
    AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, vector.Keys({"row", "born", "years", "months"}, {}));
    AQ_ASSIGN_OR_RETURN(const std::string id, keys.at("row").Text());
    const RetirementRow* row = Find(id);
    if (row == nullptr) return keys.at("row").Wrong("there is no such row");
    AQ_ASSIGN_OR_RETURN(const model::CivilDate born, Month(keys.at("born")));
    AQ_ASSIGN_OR_RETURN(const int years, Bounded(keys.at("years"), 0, 99));
    AQ_ASSIGN_OR_RETURN(const int months, Bounded(keys.at("months"), 0, 11));
    const model::CivilDate expected = born.AddMonths(years * 12 + months);
    const model::CivilDate found = row->RetirementOf(born);
    if (expected != found) {
      return vector.Wrong(
          absl::StrCat("test failed: expected ", expected.ToString(), ", got ", found.ToString()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<RetirementTable> RetirementTable::Read(const YamlNode& file) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys,
                      file.Keys({"table", "source", "from", "rows", "tests"}, {"unverified"}));
  AQ_ASSIGN_OR_RETURN(const std::string name, keys.at("table").Text());
  if (name != "retirement") return keys.at("table").Wrong("the only table is retirement");
  AQ_RETURN_IF_ERROR(keys.at("source").Text().status());
  AQ_RETURN_IF_ERROR(keys.at("from").Day().status());
  if (const auto it = keys.find("unverified"); it != keys.end()) {
    AQ_RETURN_IF_ERROR(it->second.Flag().status());
  }
  RetirementTable table;
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> rows, keys.at("rows").Items(kCircleRowsMax));
  for (const YamlNode& node : rows) {
    AQ_ASSIGN_OR_RETURN(RetirementRow row, ReadRow(node));
    if (table.Find(row.id) != nullptr) return node.Wrong("a row with this id came before");
    table.rows_.push_back(std::move(row));
  }
  for (const absl::string_view sex : {"1", "2"}) {
    const auto count =
        std::count_if(table.rows_.begin(), table.rows_.end(),
                      [sex](const RetirementRow& row) { return row.default_for_sex == sex; });
    if (count != 1) {
      return keys.at("rows").Wrong(absl::StrCat("expected one row with default_for_sex ", sex));
    }
  }
  AQ_RETURN_IF_ERROR(table.CheckVectors(keys.at("tests")));
  return table;
}

}  // namespace anqiao::policy
