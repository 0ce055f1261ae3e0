// What comes due of referrals, consents and agencies that are away.

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/projection.h"
#include "hub/engine/referral_book.h"
#include "hub/engine/referral_fold.h"
#include "hub/engine/values.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::Deadline;
using journal::v1::DeadlineKind;
using journal::v1::DeliveryDocument;
using journal::v1::Entry;
using journal::v1::EscalationKind;
using journal::v1::ReferralChanged;
using journal::v1::ReferralDocument;
using referral::Action;
using referral::Actor;

EscalationKind EscalationOf(DeadlineKind kind) {
  switch (kind) {
    case journal::v1::DEADLINE_KIND_WARN:
      return journal::v1::ESCALATION_KIND_WARNING;
    case journal::v1::DEADLINE_KIND_CHECK:
      return journal::v1::ESCALATION_KIND_CHECK;
    case journal::v1::DEADLINE_KIND_RESUME:
      return journal::v1::ESCALATION_KIND_RESUMED;
    default:
      return journal::v1::ESCALATION_KIND_OVERDUE;
  }
}

// What a deadline does to the referral; nullopt: nothing but that somebody looks.
std::optional<Action> ActionOf(DeadlineKind kind) {
  switch (kind) {
    case journal::v1::DEADLINE_KIND_EXPIRE:
      return Action::kExpire;
    case journal::v1::DEADLINE_KIND_CANCEL:
      return Action::kConfirmCancellation;
    case journal::v1::DEADLINE_KIND_RESUME:
      return Action::kResume;
    default:
      return std::nullopt;
  }
}

std::optional<absl::Time> TimeAt(const store::Snapshot& snapshot, const std::string& key) {
  std::int64_t micros = 0;
  const absl::StatusOr<std::string> stored = snapshot.Get(key);
  if (!stored.ok() || !absl::SimpleAtoi(*stored, &micros)) return std::nullopt;
  return absl::FromUnixMicros(micros);
}

}  // namespace

absl::StatusOr<std::optional<Entry>> ReferralBook::Fire(const store::DueParts& due,
                                                        const TakePlace& place, absl::Time now) {
  const std::string id = due.subject.substr(std::min<std::size_t>(1, due.subject.size()));
  if (due.subject == ReferralSubject(id)) return FireReferral(id, due, place, now);
  AQ_ASSIGN_OR_RETURN(const auto consent, ReadDocument<journal::v1::ConsentDocument>(
                                              *snapshot_, store::ConsentKey(id)));
  if (!consent.has_value() || consent->has_end_time()) return std::optional<Entry>();
  AQ_ASSIGN_OR_RETURN(Entry entry, EndConsent(HubPrincipal(), *consent, true, "", "", now));
  return std::optional<Entry>(std::move(entry));
}

absl::StatusOr<std::optional<Entry>> ReferralBook::FireReferral(const std::string& referral,
                                                                const store::DueParts& due,
                                                                const TakePlace& place,
                                                                absl::Time now) {
  const absl::StatusOr<ReferralDocument*> found = Find(referral);
  if (absl::IsNotFound(found.status())) return std::optional<Entry>();
  AQ_RETURN_IF_ERROR(found.status());
  ReferralDocument* document = *found;
  const auto kind = static_cast<DeadlineKind>(due.kind);
  const int at =
      FindDeadline(*document, kind, absl::FromUnixMicros(static_cast<std::int64_t>(due.micros)));
  if (at < 0) return std::optional<Entry>();
  const Deadline deadline = document->deadlines(at);
  if (kind == journal::v1::DEADLINE_KIND_NEXT_PROVIDER) {
    AQ_ASSIGN_OR_RETURN(Entry next, FireNextProvider(*document, deadline, place, now));
    return std::optional<Entry>(std::move(next));
  }
  Entry entry = Begin(HubPrincipal(), now);
  const std::optional<Action> action = ActionOf(kind);
  if (!action.has_value()) {
    entry.set_key(document->key());
    journal::v1::ReferralEscalated* escalated = entry.mutable_referral_escalated();
    escalated->set_referral(referral);
    *escalated->mutable_deadline() = deadline;
    escalated->set_kind(EscalationOf(kind));
    FoldEscalated(entry, document);
    return std::optional<Entry>(std::move(entry));
  }
  std::string reason_text;
  if (*action == Action::kExpire) {
    reason_text =
        document->state() == journal::v1::REFERRAL_STATE_INFO_NEEDED ? "NOT_SUPPLIED" : "NO_ANSWER";
  }
  AQ_ASSIGN_OR_RETURN(const journal::v1::ReferralState to,
                      referral::Next(document->state(), *action, Actor::kHub, reason_text));
  ReferralChanged* change = Change(*document, to, reason_text, "", "", &entry);
  *change->mutable_due_time() = deadline.due_time();
  if (*action == Action::kResume) change->set_escalation(EscalationOf(kind));
  const absl::Status told = QueueNotice(*document, reason_text, change);
  // Nobody is there to be told any more.
  if (!told.ok() && ReasonOf(told) != reason::kNoProvider) return told;
  Follow(*document, referral::FindReason(*action, reason_text), now, change);
  AQ_RETURN_IF_ERROR(Take(entry));
  return std::optional<Entry>(std::move(entry));
}

absl::StatusOr<std::optional<Entry>> ReferralBook::FireAbsence(const std::string& agency,
                                                               absl::Time now) const {
  if (options_->timetable == nullptr || TimeAt(*snapshot_, AbsentKey(agency)).has_value()) {
    return std::optional<Entry>();
  }
  std::optional<store::PendingParts> first;
  absl::Status failure;
  const store::KeyRange range = store::PendingRange(agency);
  AQ_RETURN_IF_ERROR(
      snapshot_->Scan(range.begin, range.end, [&](absl::string_view key, absl::string_view) {
        absl::StatusOr<store::PendingParts> parts = store::DecodePendingKey(key);
        failure = parts.status();
        if (parts.ok()) first = *std::move(parts);
        return false;
      }));
  AQ_RETURN_IF_ERROR(failure);
  if (!first.has_value()) return std::optional<Entry>();
  AQ_ASSIGN_OR_RETURN(const auto oldest, ReadDocument<DeliveryDocument>(
                                             *snapshot_, store::DeliveryKey(first->delivery)));
  if (!oldest.has_value()) return std::optional<Entry>();
  absl::Time since = ToTime(oldest->create_time());
  since = std::max(since, TimeAt(*snapshot_, AnsweredKey(agency)).value_or(since));
  const absl::Time due = referral::AbsenceDue(*options_->timetable, since);
  if (now < due) return std::optional<Entry>();
  Entry entry = Begin(HubPrincipal(), now);
  journal::v1::AgencyAbsent* absent = entry.mutable_agency_absent();
  absent->set_agency(agency);
  SetTime(since, absent->mutable_since_time());
  SetTime(due, absent->mutable_due_time());
  return std::optional<Entry>(std::move(entry));
}

absl::Status ReferralBook::CompleteAck(absl::Time now, Entry* entry) {
  if (options_->timetable == nullptr) return absl::OkStatus();
  journal::v1::DeliveryAnswered* answered = entry->mutable_delivery_answered();
  AQ_ASSIGN_OR_RETURN(
      const auto delivery,
      ReadDocument<DeliveryDocument>(*snapshot_, store::DeliveryKey(answered->delivery())));
  if (!delivery.has_value()) return absl::OkStatus();
  const absl::StatusOr<ReferralDocument*> referral = Find(delivery->referral());
  if (absl::IsNotFound(referral.status())) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(referral.status());
  if ((*referral)->awaited_delivery() != answered->delivery()) return absl::OkStatus();
  SetTime(now, entry->mutable_commit_time());
  journal::v1::DeadlineSet set = referral::DeadlinesFromDelivery(
      *options_->timetable, OwnDeadlines((*referral)->draft().policy()), (*referral)->state(), now);
  if (set.deadlines_size() > 0) *answered->mutable_deadlines() = std::move(set);
  return absl::OkStatus();
}

}  // namespace anqiao::engine
