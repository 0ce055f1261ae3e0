// The referral's closed state machine (hub/doc/referrals.md). Pure.

#ifndef ANQIAO_HUB_REFERRAL_MACHINE_H_
#define ANQIAO_HUB_REFERRAL_MACHINE_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/journal/v1/entry.pb.h"

namespace anqiao::referral {

// Everything that can be done to a referral.
enum class Action {
  // Caseworker, supervisor.
  kCreate,
  kSend,
  kSupplyInformation,
  kCancel,
  kClose,
  kVoid,
  // Recipient.
  kAccept,
  kDecline,
  kRequestInformation,
  kStart,
  kReportProgress,
  kHold,
  kResume,
  kReportOutcome,
  kFail,
  kConfirmCancellation,
  // The hub.
  kExpire,
  kRevoke,
  // Caseworker, supervisor: nothing moves.
  kTakeNote,
  kRecordCheck,
};

// Who does it. Operators and auditors, and any role that is none of these, may do nothing.
enum class Actor { kCaseworker, kSupervisor, kRecipient, kHub, kOperator, kAuditor };

// The state after "action", from the closed table.
// FAILED_PRECONDITION (STATE_NOT_ALLOWED): the action does not fit the state; details name the
// states in which it does. A recipient is told WITHDRAWN of every state that the hub's side ended.
// PERMISSION_DENIED: not this actor's. INVALID_ARGUMENT: the action needs a coded reason and
// "reason" is empty or not one of its codes.
absl::StatusOr<journal::v1::ReferralState> Next(journal::v1::ReferralState state, Action action,
                                                Actor actor, absl::string_view reason);

bool IsEnd(journal::v1::ReferralState state);
// What "actor" can do in "state", in the order of the enum.
std::vector<Action> AllowedActions(journal::v1::ReferralState state, Actor actor);
// A user's role as an actor.
Actor ActorOf(absl::string_view role);

// Upper snake name, such as "REPORT_OUTCOME"; and back (INVALID_ARGUMENT).
absl::string_view ActionName(Action action);
absl::StatusOr<Action> ParseAction(absl::string_view name);
bool NeedsReason(Action action);
// Name without prefix, such as "IN_PROGRESS".
absl::string_view StateName(journal::v1::ReferralState state);
// The same as its recipient may know it: WITHDRAWN for every end that the hub's side made.
absl::string_view OutwardStateName(journal::v1::ReferralState state);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_MACHINE_H_
