// Facts that the tax office states.

#include <vector>

#include "hub/policy/fact_derivation.h"

namespace anqiao::policy {
namespace {

using model::CivilDate;

Fact BusinessRegistered(const FactInput& input) {
  const journal::v1::BusinessFact* business = RunningBusiness(input.person, input.on);
  Fact registered =
      DateOrNone(business == nullptr ? CivilDate() : From(business->registered_date()));
  for (const auto& stated : input.person.businesses) {
    BeginsOn(registered, From(stated.fact.registered_date()), input.on);
    ChangesAt(registered, From(stated.fact.deregistered_date()).FirstDay(), input.on);
  }
  return registered;
}

Fact ReliefUsed(const FactInput& input, absl::string_view policy) {
  for (const auto& stated : input.person.tax_reliefs) {
    if (stated.fact.policy() == policy) return Known(true, From(stated.fact.from_month()));
  }
  return Known(false);
}

Fact SelfEmployedReliefUsed(const FactInput& input) {
  return ReliefUsed(input, "tax-relief-self-employed");
}

Fact EmployerReliefUsed(const FactInput& input) { return ReliefUsed(input, "tax-relief-employer"); }

}  // namespace

const std::vector<FactKind>& TaxFactKinds() {
  constexpr unsigned kOwn = kSeenByTax;
  static const auto& kinds = *new std::vector<FactKind>{
      {"business_registered", FactType::kDate, "tax", kOwn, BusinessRegistered},
      {"employer_relief_used", FactType::kFlag, "tax", kOwn, EmployerReliefUsed},
      {"self_employed_relief_used", FactType::kFlag, "tax", kOwn, SelfEmployedReliefUsed},
  };
  return kinds;
}

const journal::v1::BusinessFact* RunningBusiness(const model::Case& person, const CivilDate& on) {
  return Latest(
      person.businesses,
      [&](const auto& fact) {
        const CivilDate gone = From(fact.deregistered_date());
        return From(fact.registered_date()).FirstDay() <= on &&
               (gone.empty() || gone.FirstDay() > on);
      },
      [](const auto& fact) { return From(fact.registered_date()); });
}

}  // namespace anqiao::policy
