// Facts that civil affairs state.

#include <vector>

#include "hub/policy/fact_derivation.h"

namespace anqiao::policy {
namespace {

using journal::v1::HouseholdReliefFact;

// Whether a relief that "counts" runs.
template <typename Counts>
Fact Relief(const FactInput& input, Counts counts) {
  Fact fact = Known(false);
  for (const auto& stated : input.person.household_reliefs) {
    const model::CivilDate from = From(stated.fact.from_month());
    if (!counts(stated.fact) || !RunsWith(fact, from, From(stated.fact.to_month()), input.on)) {
      continue;
    }
    fact.value = true;
    fact.date = from;
  }
  return fact;
}

Fact UrbanMinimumLiving(const FactInput& input) {
  return Relief(input, [](const HouseholdReliefFact& relief) {
    return relief.kind() == journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING;
  });
}

Fact RuralMinimumLiving(const FactInput& input) {
  return Relief(input, [](const HouseholdReliefFact& relief) {
    return relief.kind() == journal::v1::RELIEF_KIND_RURAL_MINIMUM_LIVING;
  });
}

Fact MinimumLiving(const FactInput& input) {
  return Relief(input, [](const HouseholdReliefFact& relief) {
    return relief.kind() == journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING ||
           relief.kind() == journal::v1::RELIEF_KIND_RURAL_MINIMUM_LIVING;
  });
}

Fact DestituteSupport(const FactInput& input) {
  return Relief(input, [](const HouseholdReliefFact& relief) {
    return relief.kind() == journal::v1::RELIEF_KIND_DESTITUTE;
  });
}

Fact ZeroEmploymentHousehold(const FactInput& input) {
  return Relief(input, [](const HouseholdReliefFact& relief) { return relief.zero_employment(); });
}

}  // namespace

const std::vector<FactKind>& CivilAffairsFactKinds() {
  constexpr unsigned kOwn = kSeenByCivilAffairs;
  static const auto& kinds = *new std::vector<FactKind>{
      {"destitute_support", FactType::kFlag, "civil_affairs", kOwn, DestituteSupport, true},
      {"disabled", FactType::kFlag, "civil_affairs", kOwn, nullptr, true},
      {"lost_land", FactType::kFlag, "civil_affairs", kOwn, nullptr, true},
      {"minimum_living", FactType::kFlag, "civil_affairs", kOwn, MinimumLiving, true},
      {"rural_minimum_living", FactType::kFlag, "civil_affairs", kOwn, RuralMinimumLiving},
      {"urban_minimum_living", FactType::kFlag, "civil_affairs", kOwn, UrbanMinimumLiving},
      {"zero_employment_household", FactType::kFlag, "civil_affairs", kOwn,
       ZeroEmploymentHousehold},
  };
  return kinds;
}

}  // namespace anqiao::policy
