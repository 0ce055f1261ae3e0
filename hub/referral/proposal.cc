#include "hub/referral/proposal.h"

#include "absl/time/time.h"
#include "hub/policy/facts.h"
#include "hub/referral/machine.h"
#include "hub/referral/reasons.h"

namespace anqiao::referral {
namespace {

using journal::v1::FollowUp;
using journal::v1::ReferralDocument;
using model::CivilDate;

struct Aftermath {
  FollowUp follows = journal::v1::FOLLOW_UP_UNSPECIFIED;
  CivilDate parked_until;
};

CivilDate DayOf(const google::protobuf::Timestamp& time) {
  return CivilDate::At(absl::FromUnixSeconds(time.seconds()));
}

// Closing has no reason of its own: what follows is what the reported outcome said.
Aftermath OfOutcome(const ReferralDocument& referral, int park_days) {
  Aftermath after;
  for (const journal::v1::ReferralEvent& event : referral.history()) {
    if (event.state() != journal::v1::REFERRAL_STATE_OUTCOME_REPORTED) continue;
    const std::string& code = event.reason().empty() ? referral.outcome().reason() : event.reason();
    const ReasonCode* const reason = FindReason(Action::kReportOutcome, code);
    if (reason == nullptr) continue;
    after.follows = reason->follows;
    if (reason->follows == journal::v1::FOLLOW_UP_PARK) {
      after.parked_until = DayOf(event.time()).AddDays(park_days);
    }
  }
  return after;
}

Aftermath AftermathOf(const ReferralDocument& referral, int park_days) {
  if (referral.state() == journal::v1::REFERRAL_STATE_CLOSED) {
    return OfOutcome(referral, park_days);
  }
  return {referral.follow_up(), CivilDate::FromProto(referral.parked_until_date())};
}

// Moves with time, or is counted anew each day: only what comes of it tells of a change.
bool IsNumber(const std::string& fact) {
  const policy::FactKind* const kind = policy::FindFactKind(fact);
  return kind != nullptr && kind->type == policy::FactType::kNumber;
}

}  // namespace

bool FactsChanged(const journal::v1::EntitlementAnswer& before,
                  const journal::v1::EntitlementAnswer& after) {
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
  const Aftermath after = AftermathOf(last, park_days);
  if (after.follows == journal::v1::FOLLOW_UP_PARK && !after.parked_until.empty()) {
    verdict.propose = after.parked_until <= today;
    if (!verdict.propose) verdict.not_before = after.parked_until;
    return verdict;
  }
  verdict.propose = FactsChanged(last.draft().entitlement(), answer());
  // One that never left asked nobody.
  if (verdict.propose || after.follows != journal::v1::FOLLOW_UP_NEXT_PROVIDER ||
      last.outward_version() == 0) {
    return verdict;
  }
  verdict.replaces = last.referral();
  verdict.propose = true;
  return verdict;
}

}  // namespace anqiao::referral
