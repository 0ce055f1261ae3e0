// Whether a service may be proposed to a person again, by what became of earlier referrals for it.
// Pure.

#ifndef ANQIAO_HUB_REFERRAL_PROPOSAL_H_
#define ANQIAO_HUB_REFERRAL_PROPOSAL_H_

#include <functional>
#include <string>
#include <vector>

#include "anqiao/journal/v1/entitlement.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/model/civil_date.h"

namespace anqiao::referral {

struct ProposalVerdict {
  // Now; else once a fact has changed or a referral that lives has ended.
  bool propose = false;
  // When it is to be looked at again, if on a certain day: what is parked is over then, and whoever
  // could not may be asked again.
  model::CivilDate not_before;
  // The last referral, if only the next provider in its place is to be asked; else empty.
  std::string replaces;
};

// "earlier": the person's referrals for the service, in the order they were drafted. "answer" gives
// today's; it is asked only where what follows hangs on the facts. "park_days" counts where a
// referral does not say itself until when it is parked.
ProposalVerdict MayPropose(const std::vector<journal::v1::ReferralDocument>& earlier,
                           const std::function<journal::v1::EntitlementAnswer()>& answer,
                           const model::CivilDate& today, int park_days);

// Whether the facts that an answer rests on are others than those of an earlier answer of the same
// policy. What only counts on with time is the same until a condition turns.
bool FactsChanged(const journal::v1::EntitlementAnswer& before,
                  const journal::v1::EntitlementAnswer& after);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_PROPOSAL_H_
