#include "hub/engine/referral_fold.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/engine/engine.h"
#include "hub/engine/values.h"
#include "hub/referral/machine.h"

namespace anqiao::engine {

using journal::v1::Entry;
using journal::v1::Escalation;
using journal::v1::EscalationKind;
using journal::v1::ReferralChanged;
using journal::v1::ReferralDocument;
using journal::v1::ReferralEvent;
using journal::v1::ReferralState;

bool IsOutward(const ReferralEvent& event, ReferralState before, std::int64_t outward_before) {
  if (event.principal().kind() == journal::v1::PRINCIPAL_KIND_AGENCY) return true;
  if (event.state() == before) return false;
  switch (event.state()) {
    case journal::v1::REFERRAL_STATE_SENT:
    case journal::v1::REFERRAL_STATE_CANCEL_REQUESTED:
    case journal::v1::REFERRAL_STATE_CLOSED:
      return true;
    case journal::v1::REFERRAL_STATE_VOID:
    case journal::v1::REFERRAL_STATE_EXPIRED:
    case journal::v1::REFERRAL_STATE_REVOKED:
      return outward_before > 0 && !referral::IsEnd(before);
    default:
      return false;
  }
}

std::int64_t OutwardVersionAfter(const ReferralDocument& referral, int changes) {
  std::int64_t outward = 0;
  ReferralState before = journal::v1::REFERRAL_STATE_UNSPECIFIED;
  for (int i = 0; i < changes && i < referral.history_size(); ++i) {
    if (IsOutward(referral.history(i), before, outward)) ++outward;
    before = referral.history(i).state();
  }
  return outward;
}

std::string OutwardEtagAt(const std::string& pseudonym, std::int64_t outward_version) {
  return Hex(Sha256(absl::StrCat("outward/", pseudonym, "/", outward_version))).substr(0, 16);
}

namespace {

// What stays open when a referral moves on: a retention check until it is recorded, and a warning
// about the person until somebody took note or the referral ended.
bool StaysOpen(const Escalation& escalation, ReferralState to) {
  if (to == journal::v1::REFERRAL_STATE_VOID) return false;
  if (escalation.kind() == journal::v1::ESCALATION_KIND_CHECK) return true;
  return escalation.kind() == journal::v1::ESCALATION_KIND_REFUSALS && !referral::IsEnd(to);
}

void Escalate(const Entry& entry, EscalationKind kind, const google::protobuf::Timestamp* due,
              int check_days, ReferralDocument* referral) {
  Escalation* escalation = referral->add_escalations();
  escalation->set_kind(kind);
  *escalation->mutable_time() = entry.commit_time();
  if (due != nullptr) *escalation->mutable_due_time() = *due;
  escalation->set_check_days(check_days);
}

void FoldDeadlines(const ReferralChanged& change, bool moved, ReferralDocument* referral) {
  if (moved) {
    referral->clear_deadlines();
    referral->clear_awaited_delivery();
    if (change.to_state() == journal::v1::REFERRAL_STATE_SENT && change.has_delivery()) {
      referral->set_awaited_delivery(change.delivery().delivery());
    }
  }
  if (!change.has_deadlines()) return;
  *referral->mutable_deadlines() = change.deadlines().deadlines();
  for (const journal::v1::Deadline& deadline : change.deadlines().deadlines()) {
    if (deadline.kind() != journal::v1::DEADLINE_KIND_CHECK) continue;
    referral->add_checks()->set_days(deadline.check_days());
  }
}

void FoldEscalations(const Entry& entry, const ReferralChanged& change, bool moved,
                     ReferralDocument* referral) {
  for (Escalation& escalation : *referral->mutable_escalations()) {
    // An interim report is news as a move is.
    const bool settled = change.action() == "TAKE_NOTE"
                             ? escalation.kind() != journal::v1::ESCALATION_KIND_CHECK
                             : (moved || change.action() == "REPORT_PROGRESS") &&
                                   !StaysOpen(escalation, change.to_state());
    if (settled) escalation.set_settled(true);
  }
  if (change.escalation() != journal::v1::ESCALATION_KIND_UNSPECIFIED) {
    Escalate(entry, change.escalation(), change.has_due_time() ? &change.due_time() : nullptr, 0,
             referral);
  }
}

void FoldCheck(const Entry& entry, const journal::v1::RetentionCheck& recorded,
               ReferralDocument* referral) {
  for (journal::v1::RetentionCheck& check : *referral->mutable_checks()) {
    if (check.days() != recorded.days()) continue;
    check.set_result(recorded.result());
    *check.mutable_record_time() = entry.commit_time();
  }
  for (Escalation& escalation : *referral->mutable_escalations()) {
    if (escalation.kind() == journal::v1::ESCALATION_KIND_CHECK &&
        escalation.check_days() == recorded.days()) {
      escalation.set_settled(true);
    }
  }
}

}  // namespace

void FoldReferral(const Entry& entry, ReferralDocument* referral) {
  const ReferralChanged& change = entry.referral_changed();
  const ReferralState before = referral->state();
  const bool moved = change.to_state() != before;
  if (referral->version() == 0) {
    referral->set_referral(change.referral());
    *referral->mutable_create_time() = entry.commit_time();
    referral->set_key(entry.key());
  }
  if (change.has_draft()) *referral->mutable_draft() = change.draft();
  ReferralEvent* event = referral->add_history();
  event->set_state(change.to_state());
  *event->mutable_time() = entry.commit_time();
  *event->mutable_principal() = entry.principal();
  event->set_reason(change.reason());
  event->set_action(change.action());
  if (change.has_appointment_date()) {
    *event->mutable_appointment_date() = change.appointment_date();
  }
  if (IsOutward(*event, before, referral->outward_version())) {
    referral->set_outward_version(referral->outward_version() + 1);
  }
  if (entry.principal().kind() == journal::v1::PRINCIPAL_KIND_AGENCY &&
      !referral->has_read_time()) {
    *referral->mutable_read_time() = entry.commit_time();
  }
  if (change.has_outcome()) *referral->mutable_outcome() = change.outcome();
  if (change.has_disclosure()) referral->set_consent(change.disclosure().consent());
  if (moved) {
    referral->set_follow_up(change.follow_up());
    referral->clear_parked_until_date();
    if (change.has_parked_until_date()) {
      *referral->mutable_parked_until_date() = change.parked_until_date();
    }
  }
  if (change.has_refusals()) *referral->mutable_refusals() = change.refusals();
  FoldDeadlines(change, moved, referral);
  FoldEscalations(entry, change, moved, referral);
  if (change.has_check()) FoldCheck(entry, change.check(), referral);
  referral->set_state(change.to_state());
  referral->set_version(change.version());
  *referral->mutable_update_time() = entry.commit_time();
}

void FoldEscalated(const Entry& entry, ReferralDocument* referral) {
  const journal::v1::ReferralEscalated& escalated = entry.referral_escalated();
  const int at =
      FindDeadline(*referral, escalated.deadline().kind(), ToTime(escalated.deadline().due_time()));
  if (at < 0) return;
  referral->mutable_deadlines()->DeleteSubrange(at, 1);
  Escalate(entry, escalated.kind(), &escalated.deadline().due_time(),
           escalated.deadline().check_days(), referral);
  if (escalated.has_route()) *referral->mutable_no_route() = escalated.route();
}

void FoldReplaced(const Entry& entry, ReferralDocument* referral) {
  referral->set_replaced_by(entry.referral_changed().referral());
  referral->clear_no_route();
  auto* deadlines = referral->mutable_deadlines();
  for (int i = deadlines->size() - 1; i >= 0; --i) {
    if (deadlines->Get(i).kind() == journal::v1::DEADLINE_KIND_NEXT_PROVIDER) {
      deadlines->DeleteSubrange(i, 1);
    }
  }
  for (Escalation& escalation : *referral->mutable_escalations()) {
    if (escalation.kind() == journal::v1::ESCALATION_KIND_NO_PROVIDER) {
      escalation.set_settled(true);
    }
  }
}

bool HoldsPlace(const ReferralDocument& referral) {
  switch (referral.state()) {
    case journal::v1::REFERRAL_STATE_UNSPECIFIED:
    case journal::v1::REFERRAL_STATE_DRAFT:
      return false;
    default:
      return !referral::IsEnd(referral.state());
  }
}

void FoldDelivered(const Entry& entry, const std::string& delivery, ReferralDocument* referral) {
  if (!referral->has_delivered_time()) *referral->mutable_delivered_time() = entry.commit_time();
  // It may have been answered before it was acknowledged: then nothing waits for the ack any more.
  if (referral->awaited_delivery() != delivery) return;
  referral->clear_awaited_delivery();
  *referral->mutable_deadlines() = entry.delivery_answered().deadlines().deadlines();
}

const journal::v1::Deadline* NextDeadline(const ReferralDocument& referral) {
  const journal::v1::Deadline* next = nullptr;
  for (const journal::v1::Deadline& deadline : referral.deadlines()) {
    if (next == nullptr || ToTime(deadline.due_time()) < ToTime(next->due_time())) {
      next = &deadline;
    }
  }
  return next;
}

int FindDeadline(const ReferralDocument& referral, journal::v1::DeadlineKind kind, absl::Time due) {
  for (int i = 0; i < referral.deadlines_size(); ++i) {
    const journal::v1::Deadline& deadline = referral.deadlines(i);
    if (deadline.kind() == kind && ToTime(deadline.due_time()) == due) return i;
  }
  return -1;
}

bool NeedsAction(const ReferralDocument& referral, absl::Time now) {
  const journal::v1::Deadline* next = NextDeadline(referral);
  if (next != nullptr && ToTime(next->due_time()) <= now) return true;
  return std::any_of(referral.escalations().begin(), referral.escalations().end(),
                     [](const Escalation& escalation) { return !escalation.settled(); });
}

std::string ReferralEtag(const ReferralDocument& referral) {
  return Hex(Sha256(absl::StrCat("referral/", referral.referral(), "/", referral.version())))
      .substr(0, 16);
}

std::string OutwardEtag(const ReferralDocument& referral) {
  return OutwardEtagAt(referral.draft().pseudonym(), referral.outward_version());
}

}  // namespace anqiao::engine
