#include "hub/referral/transitions.h"

namespace anqiao::referral {

using namespace journal::v1;  // NOLINT(google-build-using-namespace): the names of one enum.

const std::vector<Transition>& Transitions() {
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
      // What would end it is recorded while the cancellation decides.
      {REFERRAL_STATE_CANCEL_REQUESTED, Action::kDecline, kByRecipient,
       REFERRAL_STATE_CANCEL_REQUESTED},
      {REFERRAL_STATE_SENT, Action::kRequestInformation, kByRecipient, REFERRAL_STATE_INFO_NEEDED},
      {REFERRAL_STATE_ACCEPTED, Action::kStart, kByRecipient, REFERRAL_STATE_IN_PROGRESS},
      {REFERRAL_STATE_IN_PROGRESS, Action::kReportProgress, kByRecipient,
       REFERRAL_STATE_IN_PROGRESS},
      {REFERRAL_STATE_IN_PROGRESS, Action::kHold, kByRecipient, REFERRAL_STATE_ON_HOLD},
      {REFERRAL_STATE_ON_HOLD, Action::kResume, kByRecipient | kByHub, REFERRAL_STATE_IN_PROGRESS},
      {REFERRAL_STATE_IN_PROGRESS, Action::kReportOutcome, kByRecipient,
       REFERRAL_STATE_OUTCOME_REPORTED},
      {REFERRAL_STATE_CANCEL_REQUESTED, Action::kReportOutcome, kByRecipient,
       REFERRAL_STATE_CANCEL_REQUESTED},
      {REFERRAL_STATE_IN_PROGRESS, Action::kFail, kByRecipient, REFERRAL_STATE_FAILED},
      {REFERRAL_STATE_CANCEL_REQUESTED, Action::kFail, kByRecipient,
       REFERRAL_STATE_CANCEL_REQUESTED},
      {REFERRAL_STATE_CANCEL_REQUESTED, Action::kConfirmCancellation, kByRecipient | kByHub,
       REFERRAL_STATE_CANCELLED},
      {REFERRAL_STATE_SENT, Action::kExpire, kByHub, REFERRAL_STATE_EXPIRED},
      {REFERRAL_STATE_INFO_NEEDED, Action::kExpire, kByHub, REFERRAL_STATE_EXPIRED},
      {REFERRAL_STATE_DRAFT, Action::kRevoke, kByHub, REFERRAL_STATE_REVOKED},
      {REFERRAL_STATE_SENT, Action::kRevoke, kByHub, REFERRAL_STATE_REVOKED},
      {REFERRAL_STATE_INFO_NEEDED, Action::kRevoke, kByHub, REFERRAL_STATE_REVOKED},
      {REFERRAL_STATE_ACCEPTED, Action::kRevoke, kByHub, REFERRAL_STATE_REVOKED},
      {REFERRAL_STATE_IN_PROGRESS, Action::kRevoke, kByHub, REFERRAL_STATE_REVOKED},
      {REFERRAL_STATE_ON_HOLD, Action::kRevoke, kByHub, REFERRAL_STATE_REVOKED},
      {REFERRAL_STATE_OUTCOME_REPORTED, Action::kRevoke, kByHub, REFERRAL_STATE_REVOKED},
      {REFERRAL_STATE_CANCEL_REQUESTED, Action::kRevoke, kByHub, REFERRAL_STATE_REVOKED},
      {REFERRAL_STATE_DRAFT, Action::kTakeNote, kStaff, REFERRAL_STATE_DRAFT},
      {REFERRAL_STATE_SENT, Action::kTakeNote, kStaff, REFERRAL_STATE_SENT},
      {REFERRAL_STATE_ACCEPTED, Action::kTakeNote, kStaff, REFERRAL_STATE_ACCEPTED},
      {REFERRAL_STATE_DECLINED, Action::kTakeNote, kStaff, REFERRAL_STATE_DECLINED},
      {REFERRAL_STATE_IN_PROGRESS, Action::kTakeNote, kStaff, REFERRAL_STATE_IN_PROGRESS},
      {REFERRAL_STATE_OUTCOME_REPORTED, Action::kTakeNote, kStaff, REFERRAL_STATE_OUTCOME_REPORTED},
      // Of these nobody may be left to ask.
      {REFERRAL_STATE_FAILED, Action::kTakeNote, kStaff, REFERRAL_STATE_FAILED},
      {REFERRAL_STATE_CLOSED, Action::kTakeNote, kStaff, REFERRAL_STATE_CLOSED},
      {REFERRAL_STATE_CANCELLED, Action::kTakeNote, kStaff, REFERRAL_STATE_CANCELLED},
      {REFERRAL_STATE_EXPIRED, Action::kTakeNote, kStaff, REFERRAL_STATE_EXPIRED},
      {REFERRAL_STATE_CLOSED, Action::kRecordCheck, kStaff, REFERRAL_STATE_CLOSED},
  };
  return table;
}

unsigned MaskOf(Actor actor) { return 1U << static_cast<unsigned>(actor); }

const std::vector<StateRow>& States() {
  static const auto& states = *new std::vector<StateRow>{
      {REFERRAL_STATE_DRAFT, false, "draft", ""},
      {REFERRAL_STATE_SENT, false, "requested", "Initiated"},
      {REFERRAL_STATE_INFO_NEEDED, false, "requested", ""},
      {REFERRAL_STATE_ACCEPTED, false, "accepted", "Accepted"},
      {REFERRAL_STATE_DECLINED, true, "rejected", "Declined"},
      {REFERRAL_STATE_IN_PROGRESS, false, "in-progress", "Interim"},
      {REFERRAL_STATE_ON_HOLD, false, "on-hold", ""},
      {REFERRAL_STATE_OUTCOME_REPORTED, false, "completed", "Finalized"},
      {REFERRAL_STATE_FAILED, true, "failed", ""},
      {REFERRAL_STATE_CLOSED, true, "completed", ""},
      {REFERRAL_STATE_CANCEL_REQUESTED, false, "requested", "Canceled"},
      {REFERRAL_STATE_CANCELLED, true, "cancelled", "CancelConfirmed"},
      {REFERRAL_STATE_EXPIRED, true, "cancelled", ""},
      {REFERRAL_STATE_REVOKED, true, "cancelled", ""},
      {REFERRAL_STATE_VOID, true, "entered-in-error", ""},
  };
  return states;
}

}  // namespace anqiao::referral
