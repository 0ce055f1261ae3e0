#include "hub/referral/machine.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "hub/base/errors.h"
#include "hub/referral/reasons.h"
#include "hub/referral/transitions.h"

namespace anqiao::referral {
namespace {

using journal::v1::ReferralState;

constexpr absl::string_view kActionNames[] = {"CREATE",
                                              "SEND",
                                              "SUPPLY_INFORMATION",
                                              "CANCEL",
                                              "CLOSE",
                                              "VOID",
                                              "ACCEPT",
                                              "DECLINE",
                                              "REQUEST_INFORMATION",
                                              "START",
                                              "REPORT_PROGRESS",
                                              "HOLD",
                                              "RESUME",
                                              "REPORT_OUTCOME",
                                              "FAIL",
                                              "CONFIRM_CANCELLATION",
                                              "EXPIRE",
                                              "REVOKE",
                                              "TAKE_NOTE",
                                              "RECORD_CHECK"};

absl::Status CheckReason(Action action, absl::string_view reason) {
  if (reason.empty()) {
    if (!NeedsReason(action)) return absl::OkStatus();
    return InvalidField("reason", absl::StrCat("is required for ", ActionName(action)));
  }
  if (FindReason(action, reason) != nullptr) return absl::OkStatus();
  return InvalidField("reason", absl::StrCat("is not a code of ", ActionName(action)));
}

}  // namespace

bool NeedsReason(Action action) {
  switch (action) {
    case Action::kDecline:
    case Action::kRequestInformation:
    case Action::kReportProgress:
    case Action::kHold:
    case Action::kFail:
    case Action::kCancel:
    case Action::kVoid:
    case Action::kExpire:
    case Action::kRevoke:
    case Action::kRecordCheck:
      return true;
    default:
      return false;
  }
}

absl::StatusOr<ReferralState> Next(ReferralState state, Action action, Actor actor,
                                   absl::string_view reason) {
  std::vector<absl::string_view> allowed;
  for (const Transition& row : Transitions()) {
    if (row.action != action || (row.actors & MaskOf(actor)) == 0) continue;
    if (row.from == state) {
      const absl::Status checked = CheckReason(action, reason);
      if (!checked.ok()) return checked;
      return row.to;
    }
    allowed.push_back(StateName(row.from));
  }
  if (allowed.empty()) {
    return Error(absl::StatusCode::kPermissionDenied, reason::kPermissionDenied,
                 absl::StrCat(ActionName(action), " is not for this caller"));
  }
  const absl::string_view shown =
      actor == Actor::kRecipient ? OutwardStateName(state) : StateName(state);
  const std::string states = absl::StrJoin(allowed, ", ");
  return Error(absl::StatusCode::kFailedPrecondition, reason::kStateNotAllowed,
               absl::StrCat(ActionName(action), " does not fit the state ", shown, "; it fits ",
                            states))
      .Meta("state", shown)
      .Meta("allowed_states", states)
      .Precondition("state", absl::StrCat("must be one of ", states));
}

bool IsEnd(ReferralState state) {
  return std::any_of(States().begin(), States().end(),
                     [state](const StateRow& row) { return row.state == state && row.end; });
}

std::vector<Action> AllowedActions(ReferralState state, Actor actor) {
  std::vector<Action> actions;
  for (const Transition& row : Transitions()) {
    if (row.from == state && (row.actors & MaskOf(actor)) != 0) actions.push_back(row.action);
  }
  std::sort(actions.begin(), actions.end());
  return actions;
}

Actor ActorOf(absl::string_view role) {
  if (role == "caseworker") return Actor::kCaseworker;
  if (role == "supervisor") return Actor::kSupervisor;
  return role == "operator" ? Actor::kOperator : Actor::kAuditor;
}

absl::string_view ActionName(Action action) { return kActionNames[static_cast<int>(action)]; }

absl::StatusOr<Action> ParseAction(absl::string_view name) {
  const auto* found = std::find(std::begin(kActionNames), std::end(kActionNames), name);
  if (found == std::end(kActionNames)) return InvalidField("action", "is not an action");
  return static_cast<Action>(found - std::begin(kActionNames));
}

absl::string_view StateName(ReferralState state) {
  return absl::StripPrefix(journal::v1::ReferralState_Name(state), "REFERRAL_STATE_");
}

absl::string_view OutwardStateName(ReferralState state) {
  switch (state) {
    case journal::v1::REFERRAL_STATE_CLOSED:
    case journal::v1::REFERRAL_STATE_CANCELLED:
    case journal::v1::REFERRAL_STATE_EXPIRED:
    case journal::v1::REFERRAL_STATE_REVOKED:
    case journal::v1::REFERRAL_STATE_VOID:
      return "WITHDRAWN";
    default:
      return StateName(state);
  }
}

}  // namespace anqiao::referral
