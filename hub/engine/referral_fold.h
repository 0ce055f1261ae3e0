// What a referral is after each entry about it: the same for the writer, who folds what it is just
// making, and for the projections. Pure: no clock, no catalogue, no calendar.

#ifndef ANQIAO_HUB_ENGINE_REFERRAL_FOLD_H_
#define ANQIAO_HUB_ENGINE_REFERRAL_FOLD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/state.pb.h"

namespace anqiao::engine {

// What the purpose of a disclosure begins with; the service follows.
inline constexpr char kReferralPurpose[] = "referral:";

// True if the recipient sees or made the change that "event" records.
bool IsOutward(const journal::v1::ReferralEvent& event, journal::v1::ReferralState before,
               std::int64_t outward_before);
// What the outward version was after the first "changes" changes.
std::int64_t OutwardVersionAfter(const journal::v1::ReferralDocument& referral, int changes);
// Etag for the recipient at an outward version.
std::string OutwardEtagAt(const std::string& pseudonym, std::int64_t outward_version);

// The referral after a ReferralChanged entry.
void FoldReferral(const journal::v1::Entry& entry, journal::v1::ReferralDocument* referral);
// After "entry" drafted another referral in its place.
void FoldReplaced(const journal::v1::Entry& entry, journal::v1::ReferralDocument* referral);
// True while it holds a place at its provider: it was sent and has not ended.
bool HoldsPlace(const journal::v1::ReferralDocument& referral);
// After a deadline that left its state as it was.
void FoldEscalated(const journal::v1::Entry& entry, journal::v1::ReferralDocument* referral);
// After the recipient acknowledged "delivery", a request.
void FoldDelivered(const journal::v1::Entry& entry, const std::string& delivery,
                   journal::v1::ReferralDocument* referral);

// Something about it needs somebody now.
bool NeedsAction(const journal::v1::ReferralDocument& referral, absl::Time now);
// Null if nothing comes due.
const journal::v1::Deadline* NextDeadline(const journal::v1::ReferralDocument& referral);
// A pending deadline of "kind" and instant; -1 if there is none.
int FindDeadline(const journal::v1::ReferralDocument& referral, journal::v1::DeadlineKind kind,
                 absl::Time due);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_REFERRAL_FOLD_H_
