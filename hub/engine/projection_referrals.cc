// What becomes of referrals and consents: moved, delivered, escalated, given, withdrawn; and the
// index of what comes due.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/status_macros.h"
#include "hub/engine/projection.h"
#include "hub/engine/referral_fold.h"
#include "hub/model/case.h"
#include "hub/model/civil_date.h"
#include "hub/referral/machine.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::Deadline;
using journal::v1::DeliveryDocument;
using journal::v1::Entry;
using journal::v1::PersonDocument;
using journal::v1::ReferralDocument;
using store::Sequence;

std::string KeyOf(const std::string& subject, const google::protobuf::Timestamp& due, int kind) {
  return store::DueKey(static_cast<std::uint64_t>(absl::ToUnixMicros(ToTime(due))), subject,
                       static_cast<std::uint64_t>(kind));
}

}  // namespace

bool AddOnce(const std::string& id, google::protobuf::RepeatedPtrField<std::string>* ids) {
  if (std::find(ids->begin(), ids->end(), id) != ids->end()) return false;
  *ids->Add() = id;
  return true;
}

std::string ReferralSubject(const std::string& referral) { return absl::StrCat("f", referral); }
std::string ConsentSubject(const std::string& consent) { return absl::StrCat("k", consent); }

void Projection::PutDue(const std::string& referral, const Deadline& deadline) {
  Put(KeyOf(ReferralSubject(referral), deadline.due_time(), deadline.kind()), "");
}

void Projection::RemoveDue(const std::string& referral, const Deadline& deadline) {
  Remove(KeyOf(ReferralSubject(referral), deadline.due_time(), deadline.kind()));
}

void Projection::FoldWithDue(const std::function<void(ReferralDocument*)>& fold,
                             ReferralDocument* referral) {
  const std::vector<Deadline> before(referral->deadlines().begin(), referral->deadlines().end());
  fold(referral);
  for (const Deadline& deadline : before) RemoveDue(referral->referral(), deadline);
  for (const Deadline& deadline : referral->deadlines()) PutDue(referral->referral(), deadline);
}

absl::Status Projection::ReferralMoved(Sequence sequence, const Entry& entry) {
  const journal::v1::ReferralChanged& change = entry.referral_changed();
  const std::string key = store::ReferralKey(change.referral());
  AQ_ASSIGN_OR_RETURN(auto* row, referrals_.Find(snapshot(), key));
  const bool first = !row->exists;
  const int held_before = HoldsPlace(row->document) ? 1 : 0;
  FoldWithDue([&](ReferralDocument* referral) { FoldReferral(entry, referral); }, &row->document);
  referrals_.Touch(key, row);
  const int held = HoldsPlace(row->document) ? 1 : 0;
  AQ_RETURN_IF_ERROR(CountPlaces(row->document, held - held_before));
  const journal::v1::ReferralDraft& draft = row->document.draft();
  if (first && !draft.replaces().empty()) {
    AQ_RETURN_IF_ERROR(ReferralReplaced(entry, draft.replaces()));
  }
  if (change.has_refusals()) {
    AQ_RETURN_IF_ERROR(SetRefusals(draft.case_id(), change.refusals().count()));
  }
  AQ_RETURN_IF_ERROR(Attach(draft.case_id(), [&](PersonDocument& home) {
    if (first) home.add_referrals(change.referral());
  }));
  AQ_ASSIGN_OR_RETURN(const PersonRow* person, PersonOf(draft.case_id()));
  if (person->exists && referral::IsEnd(change.to_state()) &&
      change.to_state() != change.from_state()) {
    Touch(person->document, kTouchesReferral);
  }
  if (first) Put(store::PseudonymKey(draft.agency(), draft.pseudonym()), change.referral());
  if (change.has_disclosure()) {
    AQ_RETURN_IF_ERROR(
        RestsOn(change.disclosure().consent(), [&](journal::v1::ConsentDocument& consent) {
          return AddOnce(change.referral(), consent.mutable_resting_referrals());
        }));
    journal::v1::DisclosureDocument document;
    document.set_referral(change.referral());
    AQ_RETURN_IF_ERROR(
        Asked(Disclose(sequence, entry, change.disclosure(), draft.case_id(), std::move(document)),
              person->document));
  }
  if (!change.has_delivery()) return absl::OkStatus();
  DeliveryDocument belongs_to;
  belongs_to.set_referral(change.referral());
  belongs_to.set_person(draft.case_id());
  return Queued(sequence, entry, change.delivery(), belongs_to);
}

std::string AskedKeyOf(const journal::v1::DisclosureDocument& disclosure) {
  const model::CivilDate day = model::CivilDate::At(ToTime(disclosure.time()));
  const journal::v1::Disclosure& disclosed = disclosure.disclosure();
  return store::AskedKey(static_cast<std::uint64_t>(day.year), disclosed.agency(),
                         absl::StripPrefix(disclosed.purpose(), kReferralPurpose),
                         disclosure.person());
}

absl::Status Projection::Asked(const journal::v1::DisclosureDocument& disclosure,
                               const journal::v1::PersonDocument& person) {
  const std::string key = AskedKeyOf(disclosure);
  if (const auto it = others_.find(key); it != others_.end()) {
    if (it->second.value.has_value()) return absl::OkStatus();
  } else {
    AQ_ASSIGN_OR_RETURN(const store::Snapshot* whole, WholeSnapshot());
    const absl::Status stored = whole->Get(key).status();
    if (!absl::IsNotFound(stored)) return stored;
  }
  journal::v1::AskedDocument asked;
  asked.set_month(model::CivilDate::At(ToTime(disclosure.time())).month);
  asked.set_cohort(model::IsKnownToPolice(person)
                       ? journal::v1::ASKED_COHORT_WITH_POLICE_RECORD
                       : journal::v1::ASKED_COHORT_WITHOUT_POLICE_RECORD);
  Put(key, Canonical(asked), disclosure.person());
  return absl::OkStatus();
}

absl::Status Projection::SetRefusals(const std::string& home, int count) {
  AQ_ASSIGN_OR_RETURN(const PersonRow* person, PersonOf(home));
  if (!person->exists) return absl::OkStatus();
  std::vector<std::string> ids(person->document.former_ids().begin(),
                               person->document.former_ids().end());
  ids.push_back(person->document.person());
  // Each id keeps its own, so that an un-merge gives them back; the person has their sum.
  int others = 0;
  for (const std::string& id : ids) {
    const std::string key = store::PersonKey(id);
    AQ_ASSIGN_OR_RETURN(PersonRow * row, people_.Find(snapshot(), key));
    if (id == home || !row->exists) continue;
    if (count == 0 && row->document.refusals_in_a_row() != 0) {
      row->document.set_refusals_in_a_row(0);
      people_.Touch(key, row);
    }
    others += row->document.refusals_in_a_row();
  }
  return Attach(home, [&](PersonDocument& document) {
    document.set_refusals_in_a_row(std::max(0, count - others));
  });
}

absl::Status Projection::RequestDelivered(const Entry& entry, const DeliveryDocument& document) {
  const std::string key = store::ReferralKey(document.referral());
  AQ_ASSIGN_OR_RETURN(auto* row, referrals_.Find(snapshot(), key));
  if (!row->exists) return absl::OkStatus();
  FoldWithDue(
      [&](ReferralDocument* referral) {
        FoldDelivered(entry, document.delivery().delivery(), referral);
      },
      &row->document);
  referrals_.Touch(key, row);
  return absl::OkStatus();
}

absl::Status Projection::ReferralEscalated(const Entry& entry) {
  const std::string key = store::ReferralKey(entry.referral_escalated().referral());
  AQ_ASSIGN_OR_RETURN(auto* row, referrals_.Find(snapshot(), key));
  if (!row->exists) return absl::OkStatus();
  FoldWithDue([&](ReferralDocument* referral) { FoldEscalated(entry, referral); }, &row->document);
  referrals_.Touch(key, row);
  return absl::OkStatus();
}

absl::Status Projection::ReferralReplaced(const Entry& entry, const std::string& referral) {
  const std::string key = store::ReferralKey(referral);
  AQ_ASSIGN_OR_RETURN(auto* row, referrals_.Find(snapshot(), key));
  if (!row->exists) return absl::OkStatus();
  FoldWithDue([&](ReferralDocument* replaced) { FoldReplaced(entry, replaced); }, &row->document);
  referrals_.Touch(key, row);
  return absl::OkStatus();
}

absl::Status Projection::CountPlaces(const ReferralDocument& referral, int change) {
  const journal::v1::ReferralDraft& draft = referral.draft();
  if (change == 0 || draft.provider().empty()) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(Count(HeldCount(draft.provider(), ""), change));
  return draft.post().empty() ? absl::OkStatus()
                              : Count(HeldCount(draft.provider(), draft.post()), change);
}

absl::Status Projection::RestsOn(const std::string& consent,
                                 absl::FunctionRef<bool(journal::v1::ConsentDocument&)> add) {
  if (consent.empty()) return absl::OkStatus();
  const std::string key = store::ConsentKey(consent);
  AQ_ASSIGN_OR_RETURN(auto* row, consents_.Find(snapshot(), key));
  if (row->exists && add(row->document)) consents_.Touch(key, row);
  return absl::OkStatus();
}

absl::Status Projection::ConsentRecorded(const Entry& entry) {
  const journal::v1::ConsentGiven& given = entry.consent_given();
  const std::string key = store::ConsentKey(given.consent());
  AQ_ASSIGN_OR_RETURN(auto* row, consents_.Find(snapshot(), key));
  *row->document.mutable_consent() = given;
  *row->document.mutable_create_time() = entry.commit_time();
  *row->document.mutable_principal() = entry.principal();
  row->document.set_key(entry.key());
  consents_.Touch(key, row);
  Put(KeyOf(ConsentSubject(given.consent()), given.expire_time(),
            journal::v1::DEADLINE_KIND_CONSENT_END),
      "");
  return Attach(given.case_id(),
                [&](PersonDocument& person) { person.add_consents(given.consent()); });
}

absl::Status Projection::ConsentEnded(Sequence sequence, const Entry& entry) {
  const journal::v1::ConsentWithdrawn& withdrawn = entry.consent_withdrawn();
  const std::string key = store::ConsentKey(withdrawn.consent());
  AQ_ASSIGN_OR_RETURN(auto* row, consents_.Find(snapshot(), key));
  if (row->exists && !row->document.has_end_time()) {
    *row->document.mutable_end_time() = entry.commit_time();
    row->document.set_expired(withdrawn.expired());
    for (const journal::v1::ReferralChanged& change : withdrawn.revocations()) {
      row->document.add_revoked_referrals(change.referral());
    }
    for (const journal::v1::TeamMemberEnded& ended : withdrawn.ended_members()) {
      row->document.add_ended_members(ended.member());
    }
    Remove(KeyOf(ConsentSubject(withdrawn.consent()), row->document.consent().expire_time(),
                 journal::v1::DEADLINE_KIND_CONSENT_END));
    consents_.Touch(key, row);
  }
  for (const journal::v1::ReferralChanged& change : withdrawn.revocations()) {
    Entry revocation;
    *revocation.mutable_commit_time() = entry.commit_time();
    *revocation.mutable_principal() = HubPrincipal();
    *revocation.mutable_referral_changed() = change;
    AQ_RETURN_IF_ERROR(ReferralMoved(sequence, revocation));
  }
  for (const journal::v1::TeamMemberEnded& ended : withdrawn.ended_members()) {
    AQ_RETURN_IF_ERROR(MemberEnded(entry, ended));
  }
  return absl::OkStatus();
}

}  // namespace anqiao::engine
