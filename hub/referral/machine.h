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
  kCreate,
  kSend,
  kSupplyInformation,
  kCancel,
  kClose,
  kVoid,  // caseworker, supervisor
  kAccept,
  kDecline,
  kRequestInformation,
  kStart,
  kHold,
  kResume,
  kReportOutcome,
  kFail,
  kConfirmCancellation,  // recipient
};

// Who does it.
enum class Actor { kCaseworker, kSupervisor, kRecipient, kHub };

// The state after "action", from the closed table.
// FAILED_PRECONDITION (STATE_NOT_ALLOWED): the action does not fit the state; details name the
// states in which it does. PERMISSION_DENIED: not this actor's. INVALID_ARGUMENT: the action needs
// a coded reason and "reason" is empty or not one of its codes.
absl::StatusOr<journal::v1::ReferralState> Next(journal::v1::ReferralState state, Action action,
                                                Actor actor, absl::string_view reason);

bool IsEnd(journal::v1::ReferralState state);
// What "actor" can do in "state", in the order of the enum.
std::vector<Action> AllowedActions(journal::v1::ReferralState state, Actor actor);

// Upper snake name, such as "REPORT_OUTCOME"; and back (INVALID_ARGUMENT).
absl::string_view ActionName(Action action);
absl::StatusOr<Action> ParseAction(absl::string_view name);
// Name without prefix, such as "IN_PROGRESS".
absl::string_view StateName(journal::v1::ReferralState state);

// A coded reason: what it is, whose it is, what follows.
struct ReasonCode {
  absl::string_view code;
  Action action;
  absl::string_view whose;  // person, recipient, requester, hub
  absl::string_view title_zh, title_en;
};
const std::vector<ReasonCode>& ReasonCodes();

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_MACHINE_H_
