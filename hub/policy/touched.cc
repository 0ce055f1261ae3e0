#include "hub/policy/touched.h"

#include "anqiao/adapter/v1/adapter.pb.h"
#include "hub/policy/facts.h"
#include "hub/policy/policy.h"

namespace anqiao::policy {

unsigned TouchedByRecord(int record_kind) {
  switch (record_kind) {
    case adapter::v1::RECORD_KIND_REGISTER:
    case adapter::v1::RECORD_KIND_ORDER:
      return kTouchesStanding;
    case adapter::v1::RECORD_KIND_HOUSEHOLD_RELIEF:
      return kTouchesCivilAffairs | kTouchesStanding;
    case adapter::v1::RECORD_KIND_UNEMPLOYMENT:
    case adapter::v1::RECORD_KIND_CERTIFICATE:
    case adapter::v1::RECORD_KIND_DIFFICULTY:
    case adapter::v1::RECORD_KIND_TRAINING:
    case adapter::v1::RECORD_KIND_EMPLOYMENT:
      return kTouchesEmployment;
    case adapter::v1::RECORD_KIND_BUSINESS:
    case adapter::v1::RECORD_KIND_TAX_RELIEF:
      return kTouchesTax;
    default:
      return 0;
  }
}

unsigned TouchesOf(const FactKind& fact) {
  if (fact.holder == "civil_affairs") return kTouchesCivilAffairs;
  if (fact.holder == "tax") return kTouchesTax;
  if (fact.holder == "employment") {
    // Counted to an age.
    const bool by_age = fact.name == "months_to_retirement_at_recognition";
    return by_age ? kTouchesEmployment | kTouchesSubject : kTouchesEmployment;
  }
  return fact.holder == "any" && fact.name != "as_of_date" ? kTouchesSubject : 0;
}

unsigned TouchesOf(const Policy& policy) {
  unsigned touches = 0;
  for (const Leaf& leaf : policy.leaves) touches |= TouchesOf(FactKinds()[leaf.fact]);
  for (const auto& fact : {policy.amount.fact, policy.amount.size_fact}) {
    if (fact.has_value()) touches |= TouchesOf(FactKinds()[*fact]);
  }
  return touches;
}

}  // namespace anqiao::policy
