// Facts of the person, which any agency may state.

#include <string>
#include <vector>

#include "hub/policy/fact_derivation.h"

namespace anqiao::policy {
namespace {

using model::CivilDate;

constexpr int kWorkingAgeYears = 16;

Fact AsOfDate(const FactInput& input) { return Known(input.on, input.on); }

bool SexIsKnown(const model::Case& person) { return person.sex == "1" || person.sex == "2"; }

Fact Sex(const FactInput& input) {
  if (!SexIsKnown(input.person)) return {};
  return Known(std::vector<std::string>{input.person.sex});
}

// Of a birth date without a day the age is known only while it does not matter which day it is.
Fact Age(const FactInput& input) {
  const CivilDate& birth = input.person.birth_date;
  if (birth.empty()) return {};
  const CivilDate last = birth.LastDay();
  const int age = model::AgeOn(last, input.on);
  Fact fact = Known(std::int64_t{age}, birth);
  fact.counts_from = last;
  fact.step_months = 12;
  if (!birth.has_day()) {
    if (model::AgeOn(birth.FirstDay(), input.on) != age) fact.state = Fact::State::kMissing;
    ChangesAt(fact, birth.FirstDay().AddYears(age + 1), input.on);
    ChangesAt(fact, last.AddYears(age + 1), input.on);
  }
  return fact;
}

// Known only if every day and sex that may be meant gives the same.
Fact WorkingAge(const FactInput& input) {
  const CivilDate& birth_date = input.person.birth_date;
  if (birth_date.empty()) return {};
  int holding = 0;
  int readings = 0;
  Fact fact = Known(false, birth_date);
  const auto read = [&](const CivilDate& birth, absl::string_view sex) {
    const CivilDate begin = birth.AddYears(kWorkingAgeYears);
    const CivilDate end = input.retirement.ForSex(sex).RetirementOf(birth);
    holding += begin <= input.on && input.on < end ? 1 : 0;
    ++readings;
    ChangesAt(fact, begin, input.on);
    ChangesAt(fact, end, input.on);
  };
  for (const absl::string_view sex : {"1", "2"}) {
    if (SexIsKnown(input.person) && sex != input.person.sex) continue;
    read(birth_date.FirstDay(), sex);
    if (!birth_date.has_day()) read(birth_date.LastDay(), sex);
  }
  fact.value = holding == readings;
  if (holding != 0 && holding != readings) fact.state = Fact::State::kMissing;
  return fact;
}

}  // namespace

const std::vector<FactKind>& PersonFactKinds() {
  static const auto& kinds = *new std::vector<FactKind>{
      {"age", FactType::kNumber, "any", kSeenByAll, Age},
      {"as_of_date", FactType::kDate, "any", kSeenByAll, AsOfDate},
      {"sex", FactType::kTexts, "any", kSeenByAll, Sex},
      {"working_age", FactType::kFlag, "any", kSeenByAll, WorkingAge},
  };
  return kinds;
}

}  // namespace anqiao::policy
