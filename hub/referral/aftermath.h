// What follows from how a referral ended. The reason that counts may be an earlier one than the
// last: of what was closed the outcome's, of what was cancelled the request's. Pure.

#ifndef ANQIAO_HUB_REFERRAL_AFTERMATH_H_
#define ANQIAO_HUB_REFERRAL_AFTERMATH_H_

#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/model/civil_date.h"

namespace anqiao::referral {

// Of "referral" as it ends as "end", of whose own reason "given" follows.
journal::v1::FollowUp FollowsFromEnd(const journal::v1::ReferralDocument& referral,
                                     journal::v1::ReferralState end, journal::v1::FollowUp given);

struct Aftermath {
  journal::v1::FollowUp follows = journal::v1::FOLLOW_UP_UNSPECIFIED;
  model::CivilDate since;  // the day in China on which that was said
};

// Of one that has ended.
Aftermath AftermathOf(const journal::v1::ReferralDocument& ended);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_AFTERMATH_H_
