// Facts that only the person states, such as being able and willing to work, and what they say of
// facts that no agency states about them. A caseworker writes it down (Case::stated).

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/policy/fact_derivation.h"

namespace anqiao::policy {
namespace {

using model::CivilDate;

constexpr std::int64_t kNumberMax = 1'000'000'000'000;
constexpr std::size_t kTextBytesMax = 200;
constexpr std::size_t kStatedMax = 32;

std::optional<FactValue> ReadValue(const std::string& text, FactType type) {
  switch (type) {
    case FactType::kFlag:
      if (text != "true" && text != "false") return std::nullopt;
      return text == "true";
    case FactType::kNumber: {
      std::int64_t number = 0;
      if (!absl::SimpleAtoi(text, &number) || number < 0 || number > kNumberMax) {
        return std::nullopt;
      }
      return number;
    }
    case FactType::kDate: {
      if (text == "none") return std::monostate();
      const std::optional<CivilDate> date = CivilDate::Parse(text);
      if (!date.has_value()) return std::nullopt;
      return *date;
    }
    case FactType::kTexts:
      if (text.empty() || text.size() > kTextBytesMax) return std::nullopt;
      return std::vector<std::string>{text};
  }
  return std::nullopt;
}

std::optional<std::int64_t> StatedNumber(const model::Case& person, const char* name) {
  const auto it = person.stated.find(name);
  if (it == person.stated.end()) return std::nullopt;
  const std::optional<FactValue> value = ReadValue(it->second, FactType::kNumber);
  if (!value.has_value()) return std::nullopt;
  return std::get<std::int64_t>(*value);
}

// Whole fen, rounded down: it is below a standard exactly if the household's income is below the
// standard times its size.
Fact HouseholdIncomePerPerson(const FactInput& input) {
  const std::optional<std::int64_t> income = StatedNumber(input.person, "household_income_fen");
  const std::optional<std::int64_t> size = StatedNumber(input.person, "household_size");
  if (!income.has_value() || !size.has_value() || *size == 0) return {};
  Fact fact = Known(*income / *size);
  fact.stated = true;
  return fact;
}

}  // namespace

Fact StatedFact(const model::Case& person, const FactKind& kind) {
  if (person.stated.empty()) return {};
  const auto it = person.stated.find(std::string(kind.name));
  if (it == person.stated.end()) return {};
  std::optional<FactValue> value = ReadValue(it->second, kind.type);
  if (!value.has_value()) return {};
  Fact fact = Known(*std::move(value));
  fact.stated = true;
  return fact;
}

absl::Status CheckStated(const std::map<std::string, std::string>& stated) {
  if (stated.size() > kStatedMax) {
    return InvalidField("stated_facts", absl::StrCat("must be at most ", kStatedMax));
  }
  for (const auto& [name, text] : stated) {
    const FactKind* kind = FindFactKind(name);
    if (kind == nullptr || !kind->may_be_stated) {
      return InvalidField("stated_facts", "names a fact that nobody may state, or none");
    }
    if (!ReadValue(text, kind->type).has_value()) {
      return InvalidField("stated_facts",
                          absl::StrCat("the value of ", name, " is none of its type"));
    }
  }
  return absl::OkStatus();
}

const std::vector<FactKind>& StatedFactKinds() {
  constexpr unsigned kWork = kSeenByEmployment;
  constexpr unsigned kRelief = kSeenByCivilAffairs;
  static const auto& kinds = *new std::vector<FactKind>{
      {"able_and_willing_to_work", FactType::kFlag, "person", kWork, nullptr, true},
      {"basic_living_in_difficulty", FactType::kFlag, "person", kRelief, nullptr, true},
      {"employer_insurance_month_fen", FactType::kNumber, "person", kWork, nullptr, true},
      {"household_assets_within_limits", FactType::kFlag, "person", kRelief, nullptr, true},
      {"household_income_fen", FactType::kNumber, "person", kRelief, nullptr, true},
      {"household_income_per_person_fen", FactType::kNumber, "person", kRelief,
       HouseholdIncomePerPerson},
      {"household_size", FactType::kNumber, "person", kRelief, nullptr, true},
      {"insurance_subsidy_months", FactType::kNumber, "person", kWork, nullptr, true},
      {"own_insurance_month_fen", FactType::kNumber, "person", kWork, nullptr, true},
      {"sudden_hardship", FactType::kFlag, "person", kRelief, nullptr, true},
      {"unemployed_involuntarily", FactType::kFlag, "person", kWork, nullptr, true},
      {"without_income", FactType::kFlag, "person", kRelief, nullptr, true},
      {"without_supporter", FactType::kFlag, "person", kRelief, nullptr, true},
      {"without_work_ability", FactType::kFlag, "person", kRelief, nullptr, true},
  };
  return kinds;
}

}  // namespace anqiao::policy
