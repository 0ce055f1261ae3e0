#include "hub/referral/proposal.h"

#include "hub/policy/facts.h"
#include "hub/referral/aftermath.h"
#include "hub/referral/machine.h"

namespace anqiao::referral {
namespace {

using journal::v1::ReferralDocument;
using model::CivilDate;

// Moves with time, or is counted anew each day: only what comes of it tells of a change.
bool IsNumber(const std::string& fact) {
  const policy::FactKind* const kind = policy::FindFactKind(fact);
  return kind != nullptr && kind->type == policy::FactType::kNumber;
}

}  // namespace

bool FactsChanged(const journal::v1::EntitlementAnswer& before,
                  const journal::v1::EntitlementAnswer& after) {
  if (before.policy() != after.policy()) return false;
  if (before.leaves_size() != after.leaves_size()) return true;
  for (int i = 0; i < before.leaves_size(); ++i) {
    const journal::v1::LeafAnswer& a = before.leaves(i);
    const journal::v1::LeafAnswer& b = after.leaves(i);
    if (a.fact() == "as_of_date" && b.fact() == "as_of_date") continue;
    if (a.id() != b.id() || a.fact() != b.fact() || a.truth() != b.truth() ||
        CivilDate::FromProto(a.fact_date()) != CivilDate::FromProto(b.fact_date()) ||
        (a.value() != b.value() && !IsNumber(a.fact()))) {
      return true;
    }
  }
  return false;
}

ProposalVerdict MayPropose(const std::vector<ReferralDocument>& earlier,
                           const std::function<journal::v1::EntitlementAnswer()>& answer,
                           const CivilDate& today, int park_days) {
  ProposalVerdict verdict;
  for (const ReferralDocument& referral : earlier) {
    if (!IsEnd(referral.state())) return verdict;
  }
  if (earlier.empty()) {
    verdict.propose = true;
    return verdict;
  }
  const ReferralDocument& last = earlier.back();
  const Aftermath after = AftermathOf(last);
  const bool next = after.follows == journal::v1::FOLLOW_UP_NEXT_PROVIDER &&
                    last.outward_version() > 0;  // one that never left asked nobody
  if ((next || after.follows == journal::v1::FOLLOW_UP_PARK) && !after.since.empty()) {
    CivilDate until = CivilDate::FromProto(last.parked_until_date());
    if (until.empty()) until = after.since.AddDays(park_days);
    verdict.propose = next || until <= today;
    // Facts have no say: whom the next request goes to must not hang on what the police state.
    if (until > today) {
      verdict.not_before = until;
      if (next) verdict.replaces = last.referral();
    }
    return verdict;
  }
  verdict.propose = FactsChanged(last.draft().entitlement(), answer());
  return verdict;
}

}  // namespace anqiao::referral
