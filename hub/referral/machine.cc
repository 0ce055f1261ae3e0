#include "hub/referral/machine.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "hub/base/errors.h"
#include "hub/referral/transitions.h"

namespace anqiao::referral {
namespace {

using journal::v1::ReferralState;

constexpr absl::string_view kActionNames[] = {
    "CREATE",         "SEND",    "SUPPLY_INFORMATION",  "CANCEL", "CLOSE", "VOID",
    "ACCEPT",         "DECLINE", "REQUEST_INFORMATION", "START",  "HOLD",  "RESUME",
    "REPORT_OUTCOME", "FAIL",    "CONFIRM_CANCELLATION"};

bool NeedsReason(Action action) {
  switch (action) {
    case Action::kDecline:
    case Action::kRequestInformation:
    case Action::kHold:
    case Action::kFail:
    case Action::kCancel:
    case Action::kVoid:
      return true;
    default:
      return false;
  }
}

absl::Status CheckReason(Action action, absl::string_view reason) {
  if (reason.empty()) {
    if (!NeedsReason(action)) return absl::OkStatus();
    return InvalidField("reason", absl::StrCat("is required for ", ActionName(action)));
  }
  for (const ReasonCode& code : ReasonCodes()) {
    if (code.action == action && code.code == reason) return absl::OkStatus();
  }
  return InvalidField("reason", absl::StrCat("is not a code of ", ActionName(action)));
}

}  // namespace

const std::vector<Transition>& Transitions() {
  using namespace journal::v1;  // NOLINT(google-build-using-namespace): the names of one enum.
  constexpr unsigned kStaff = kByCaseworker | kBySupervisor;
  static const auto& table = *new std::vector<Transition>{
      {REFERRAL_STATE_UNSPECIFIED, Action::kCreate, kStaff | kByHub, REFERRAL_STATE_DRAFT},
      {REFERRAL_STATE_DRAFT, Action::kSend, kStaff, REFERRAL_STATE_SENT},
      {REFERRAL_STATE_INFO_NEEDED, Action::kSupplyInformation, kStaff, REFERRAL_STATE_SENT},
      {REFERRAL_STATE_DRAFT, Action::kCancel, kStaff, REFERRAL_STATE_CANCELLED},
      {REFERRAL_STATE_SENT, Action::kCancel, kStaff, REFERRAL_STATE_CANCEL_REQUESTED},
      {REFERRAL_STATE_INFO_NEEDED, Action::kCancel, kStaff, REFERRAL_STATE_CANCEL_REQUESTED},
      {REFERRAL_STATE_ACCEPTED, Action::kCancel, kStaff, REFERRAL_STATE_CANCEL_REQUESTED},
      {REFERRAL_STATE_IN_PROGRESS, Action::kCancel, kStaff, REFERRAL_STATE_CANCEL_REQUESTED},
      {REFERRAL_STATE_ON_HOLD, Action::kCancel, kStaff, REFERRAL_STATE_CANCEL_REQUESTED},
      {REFERRAL_STATE_OUTCOME_REPORTED, Action::kClose, kStaff, REFERRAL_STATE_CLOSED},
      {REFERRAL_STATE_DRAFT, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_SENT, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_INFO_NEEDED, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_ACCEPTED, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_DECLINED, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_IN_PROGRESS, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_ON_HOLD, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_OUTCOME_REPORTED, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_FAILED, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_CLOSED, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_CANCEL_REQUESTED, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_CANCELLED, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_EXPIRED, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_REVOKED, Action::kVoid, kBySupervisor, REFERRAL_STATE_VOID},
      {REFERRAL_STATE_SENT, Action::kAccept, kByRecipient, REFERRAL_STATE_ACCEPTED},
      {REFERRAL_STATE_SENT, Action::kDecline, kByRecipient, REFERRAL_STATE_DECLINED},
      {REFERRAL_STATE_SENT, Action::kRequestInformation, kByRecipient, REFERRAL_STATE_INFO_NEEDED},
      {REFERRAL_STATE_ACCEPTED, Action::kStart, kByRecipient, REFERRAL_STATE_IN_PROGRESS},
      {REFERRAL_STATE_IN_PROGRESS, Action::kHold, kByRecipient, REFERRAL_STATE_ON_HOLD},
      {REFERRAL_STATE_ON_HOLD, Action::kResume, kByRecipient, REFERRAL_STATE_IN_PROGRESS},
      {REFERRAL_STATE_IN_PROGRESS, Action::kReportOutcome, kByRecipient,
       REFERRAL_STATE_OUTCOME_REPORTED},
      {REFERRAL_STATE_IN_PROGRESS, Action::kFail, kByRecipient, REFERRAL_STATE_FAILED},
      {REFERRAL_STATE_CANCEL_REQUESTED, Action::kConfirmCancellation, kByRecipient | kByHub,
       REFERRAL_STATE_CANCELLED},
  };
  return table;
}

unsigned MaskOf(Actor actor) { return 1U << static_cast<unsigned>(actor); }

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
  const std::string states = absl::StrJoin(allowed, ", ");
  return Error(absl::StatusCode::kFailedPrecondition, reason::kStateNotAllowed,
               absl::StrCat(ActionName(action), " does not fit the state ", StateName(state),
                            "; it fits ", states))
      .Meta("state", StateName(state))
      .Meta("allowed_states", states)
      .Precondition("state", absl::StrCat("must be one of ", states));
}

bool IsEnd(ReferralState state) {
  switch (state) {
    case journal::v1::REFERRAL_STATE_DECLINED:
    case journal::v1::REFERRAL_STATE_FAILED:
    case journal::v1::REFERRAL_STATE_CLOSED:
    case journal::v1::REFERRAL_STATE_CANCELLED:
    case journal::v1::REFERRAL_STATE_EXPIRED:
    case journal::v1::REFERRAL_STATE_REVOKED:
    case journal::v1::REFERRAL_STATE_VOID:
      return true;
    default:
      return false;
  }
}

std::vector<Action> AllowedActions(ReferralState state, Actor actor) {
  std::vector<Action> actions;
  for (const Transition& row : Transitions()) {
    if (row.from == state && (row.actors & MaskOf(actor)) != 0) actions.push_back(row.action);
  }
  std::sort(actions.begin(), actions.end());
  return actions;
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

const std::vector<ReasonCode>& ReasonCodes() {
  static const auto& codes = *new std::vector<ReasonCode>{
      {"NOT_ELIGIBLE", Action::kDecline, "person", "不符合条件", "Not eligible"},
      {"PERSON_NOT_READY", Action::kDecline, "person", "本人暂未准备好", "The person is not ready"},
      {"PERSON_DECLINED", Action::kDecline, "person", "本人不愿意", "The person does not want it"},
      {"ALREADY_SERVED", Action::kDecline, "person", "已享受该服务", "Already has the service"},
      {"NO_CAPACITY", Action::kDecline, "recipient", "暂无名额", "No capacity"},
      {"NO_VACANCY", Action::kDecline, "recipient", "暂无岗位", "No vacancy"},
      {"NOT_RESPONSIBLE", Action::kDecline, "recipient", "不属于本单位职责", "Not responsible"},
      {"DUPLICATE", Action::kDecline, "requester", "重复申请", "A duplicate"},
      {"IDENTITY_UNCLEAR", Action::kRequestInformation, "requester", "身份信息不清",
       "Identity is unclear"},
      {"DOCUMENT_MISSING", Action::kRequestInformation, "requester", "缺少材料",
       "A document is missing"},
      {"CERTIFICATE_MISSING", Action::kRequestInformation, "person", "缺少证书",
       "A certificate is missing"},
      {"CONTACT_MISSING", Action::kRequestInformation, "requester", "缺少联系方式",
       "No way to reach the person"},
      {"WAITING_FOR_PERSON", Action::kHold, "person", "等待本人", "Waits for the person"},
      {"WAITING_FOR_PLACE", Action::kHold, "recipient", "等待名额", "Waits for a place"},
      {"WAITING_FOR_DECISION", Action::kHold, "recipient", "等待审批", "Waits for a decision"},
      {"PERSON_WITHDREW", Action::kFail, "person", "本人退出", "The person withdrew"},
      {"PERSON_NOT_REACHED", Action::kFail, "person", "无法联系本人", "The person was not reached"},
      {"SERVICE_ENDED", Action::kFail, "recipient", "服务终止", "The service ended"},
      {"PERSON_WITHDREW", Action::kCancel, "person", "本人撤回", "The person withdrew"},
      {"CIRCUMSTANCES_CHANGED", Action::kCancel, "person", "情况变化", "Circumstances changed"},
      {"SENT_ELSEWHERE", Action::kCancel, "requester", "改由其他单位办理", "Sent elsewhere"},
      {"ENTERED_IN_ERROR", Action::kVoid, "requester", "录入错误", "Entered in error"},
      {"WRONG_PERSON", Action::kVoid, "requester", "人员有误", "Wrong person"},
      {"CONDITIONS_NOT_MET", Action::kReportOutcome, "person", "条件未满足",
       "Conditions are not met"},
      {"QUOTA_USED", Action::kReportOutcome, "recipient", "额度已用完", "The quota is used up"},
      {"PERSON_ABSENT", Action::kReportOutcome, "person", "本人未到场", "The person was absent"},
      {"PERSON_DECLINED", Action::kReportOutcome, "person", "本人不愿意",
       "The person does not want it"},
  };
  return codes;
}

}  // namespace anqiao::referral
