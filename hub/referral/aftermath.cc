#include "hub/referral/aftermath.h"

#include <string>

#include "absl/time/time.h"
#include "hub/referral/machine.h"
#include "hub/referral/reasons.h"

namespace anqiao::referral {
namespace {

using journal::v1::FollowUp;
using journal::v1::ReferralDocument;
using journal::v1::ReferralEvent;
using journal::v1::ReferralState;

FollowUp FollowUpOf(Action action, const std::string& code) {
  const ReasonCode* const reason = FindReason(action, code);
  return reason == nullptr ? journal::v1::FOLLOW_UP_UNSPECIFIED : reason->follows;
}

// The move in which the reason that counts was given. Null: there is none.
const ReferralEvent* DecidingMove(const ReferralDocument& referral, ReferralState end) {
  ReferralState state = end;
  if (end == journal::v1::REFERRAL_STATE_CLOSED) {
    state = journal::v1::REFERRAL_STATE_OUTCOME_REPORTED;
  } else if (end == journal::v1::REFERRAL_STATE_CANCELLED && referral.outward_version() > 0) {
    // Confirming gives no reason.
    state = journal::v1::REFERRAL_STATE_CANCEL_REQUESTED;
  }
  for (const ReferralEvent& event : referral.history()) {
    if (event.state() == state && event.action().empty()) return &event;
  }
  return nullptr;
}

}  // namespace

FollowUp FollowsFromEnd(const ReferralDocument& referral, ReferralState end, FollowUp given) {
  switch (end) {
    case journal::v1::REFERRAL_STATE_DECLINED:
    case journal::v1::REFERRAL_STATE_FAILED:
    case journal::v1::REFERRAL_STATE_EXPIRED:
      return given;
    case journal::v1::REFERRAL_STATE_CLOSED:
      return FollowUpOf(Action::kReportOutcome, referral.outcome().reason());
    case journal::v1::REFERRAL_STATE_CANCELLED: {
      if (referral.outward_version() == 0) return given;
      const ReferralEvent* const asked = DecidingMove(referral, end);
      return asked == nullptr ? journal::v1::FOLLOW_UP_UNSPECIFIED
                              : FollowUpOf(Action::kCancel, asked->reason());
    }
    default:
      return journal::v1::FOLLOW_UP_UNSPECIFIED;
  }
}

Aftermath AftermathOf(const ReferralDocument& ended) {
  Aftermath after;
  after.follows = FollowsFromEnd(ended, ended.state(), ended.follow_up());
  if (const ReferralEvent* const move = DecidingMove(ended, ended.state())) {
    after.since = model::CivilDate::At(absl::FromUnixSeconds(move->time().seconds()));
  }
  return after;
}

}  // namespace anqiao::referral
