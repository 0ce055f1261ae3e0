// Consents: given, and ended together with what rests on them.

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/person.h"
#include "hub/engine/referral_book.h"
#include "hub/engine/referral_fold.h"
#include "hub/engine/values.h"
#include "hub/model/working_calendar.h"
#include "hub/referral/care_team.h"
#include "hub/referral/field_titles.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::ConsentDocument;
using journal::v1::Entry;
using journal::v1::ReferralChanged;
using journal::v1::ReferralDocument;
using referral::Action;
using referral::Actor;

constexpr std::size_t kEvidenceBytes = 200;
constexpr std::size_t kPurposeBytes = 100;
constexpr std::size_t kFieldsMax = 64;
constexpr std::size_t kRecipientNameBytes = 100;
constexpr char kPurpose[] = "referral:";

// A consent is for an agency or for a member of the care team.
bool IsForTeam(const CreateConsentCommand& command) {
  return absl::StartsWith(command.purpose, referral::kCareTeamPurpose);
}

absl::Status CheckPurpose(const CreateConsentCommand& command, const model::CivilDate& today) {
  if (IsForTeam(command)) {
    const absl::string_view role = absl::StripPrefix(command.purpose, referral::kCareTeamPurpose);
    if (referral::FindCareRole(role, today) == nullptr) {
      return InvalidField("purpose", "must name one of the roles of a care team");
    }
    if (!command.agency.empty()) {
      return InvalidField("agency", "must not be given for a member of the care team");
    }
    if (command.recipient_name.empty() || command.recipient_name.size() > kRecipientNameBytes) {
      return InvalidField("recipient_name", "must name the member in 1 to 100 bytes");
    }
    return absl::OkStatus();
  }
  if (!absl::StartsWith(command.purpose, kPurpose) || command.purpose.size() > kPurposeBytes ||
      command.purpose.size() == sizeof(kPurpose) - 1) {
    return InvalidField("purpose",
                        "must be \"referral:\" and a service, or \"care-team:\" and a role");
  }
  if (!command.recipient_name.empty()) {
    return InvalidField("recipient_name", "must not be given for a referral");
  }
  return absl::OkStatus();
}

absl::Status CheckTerms(const CreateConsentCommand& command, const model::CivilDate& today) {
  AQ_RETURN_IF_ERROR(CheckPurpose(command, today));
  if (command.fields.empty() || command.fields.size() > kFieldsMax) {
    return InvalidField("fields", "must name 1 to 64 fields");
  }
  const std::vector<referral::FieldTitle>& titles =
      IsForTeam(command) ? referral::TeamFieldTitles() : referral::FieldTitles();
  for (const std::string& field : command.fields) {
    if (referral::FindFieldTitle(titles, field) == nullptr) {
      return InvalidField("fields", "must name fields that the purpose has");
    }
  }
  if (!command.expire_date.has_day() || command.expire_date < today) {
    return InvalidField("expire_date", "must be a day, today or later");
  }
  if (command.evidence.empty() || command.evidence.size() > kEvidenceBytes) {
    return InvalidField("evidence", "must say in 1 to 200 bytes where the signed paper is kept");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConsentDocument> ReferralBook::FindConsent(const std::string& consent,
                                                          const std::string& jurisdiction,
                                                          const model::CivilDate& as_of) const {
  const absl::Status missing =
      Error(absl::StatusCode::kNotFound, reason::kConsentNotFound, "there is no such consent");
  AQ_ASSIGN_OR_RETURN(auto document,
                      ReadDocument<ConsentDocument>(*snapshot_, store::ConsentKey(consent)));
  if (!document.has_value()) return missing;
  const absl::Status visible =
      FindCase(document->consent().case_id(), as_of, jurisdiction).status();
  if (absl::IsNotFound(visible)) return missing;
  AQ_RETURN_IF_ERROR(visible);
  return *std::move(document);
}

absl::StatusOr<Entry> ReferralBook::GiveConsent(const Principal& principal,
                                                const CreateConsentCommand& command,
                                                const std::string& jurisdiction,
                                                const std::string& hash, const NewReferral& place,
                                                absl::Time now) {
  const model::CivilDate today = model::CivilDate::At(now);
  AQ_RETURN_IF_ERROR(CheckTerms(command, today));
  AQ_RETURN_IF_ERROR(FindCase(command.case_id, today, jurisdiction).status());
  if (!IsForTeam(command) && FindAgency(command.agency) == nullptr) {
    return Error(absl::StatusCode::kNotFound, reason::kAgencyNotFound, "there is no such agency");
  }
  Entry entry = Begin(principal, now);
  entry.set_key(place.key);
  journal::v1::ConsentGiven* given = entry.mutable_consent_given();
  given->set_consent(NameOf('c', place.sequence));
  given->set_case_id(command.case_id);
  given->set_agency(command.agency);
  given->set_purpose(command.purpose);
  for (const std::string& field :
       std::set<std::string>(command.fields.begin(), command.fields.end())) {
    given->add_fields(field);
  }
  *given->mutable_expire_date() = command.expire_date.ToProto();
  SetTime(model::EndOf(command.expire_date), given->mutable_expire_time());
  given->set_evidence(command.evidence);
  given->set_recipient_name(command.recipient_name);
  given->set_request_id(command.request_id);
  given->set_request_hash(hash);
  return entry;
}

absl::StatusOr<Entry> ReferralBook::WithdrawConsent(const Principal& principal,
                                                    const WithdrawConsentCommand& command,
                                                    const std::string& jurisdiction,
                                                    const std::string& hash, absl::Time now) {
  AQ_ASSIGN_OR_RETURN(const ConsentDocument consent,
                      FindConsent(command.consent, jurisdiction, model::CivilDate::At(now)));
  if (consent.has_end_time()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConsentEnded,
                 "the consent has ended already");
  }
  return EndConsent(principal, consent, false, command.request_id, hash, now);
}

absl::StatusOr<Entry> ReferralBook::EndConsent(const Principal& principal,
                                               const ConsentDocument& consent, bool expired,
                                               const std::string& request_id,
                                               const std::string& hash, absl::Time now) {
  Entry entry = Begin(principal, now);
  entry.set_key(consent.key());
  journal::v1::ConsentWithdrawn* withdrawn = entry.mutable_consent_withdrawn();
  withdrawn->set_consent(consent.consent().consent());
  withdrawn->set_expired(expired);
  withdrawn->set_request_id(request_id);
  withdrawn->set_request_hash(hash);
  const char* const reason_text = expired ? "CONSENT_EXPIRED" : "CONSENT_WITHDRAWN";
  for (const std::string& id : consent.resting_referrals()) {
    const absl::StatusOr<ReferralDocument*> found = Find(id);
    // Erased since.
    if (absl::IsNotFound(found.status())) continue;
    AQ_RETURN_IF_ERROR(found.status());
    ReferralDocument* const document = *found;
    if (document->consent() != consent.consent().consent() || referral::IsEnd(document->state())) {
      continue;
    }
    AQ_ASSIGN_OR_RETURN(
        const journal::v1::ReferralState to,
        referral::Next(document->state(), Action::kRevoke, Actor::kHub, reason_text));
    ReferralChanged* change = withdrawn->add_revocations();
    FillChange(*document, to, reason_text, change);
    const absl::Status told = QueueNotice(*document, "", change);
    // Nobody is there to be told any more.
    if (!told.ok() && ReasonOf(told) != reason::kNoProvider) return told;
    Follow(*document, referral::FindReason(Action::kRevoke, reason_text), now, change);
    Entry revocation = Begin(HubPrincipal(), now);
    *revocation.mutable_referral_changed() = *change;
    AQ_RETURN_IF_ERROR(Take(revocation));
  }
  AQ_RETURN_IF_ERROR(EndMembers(consent, now, withdrawn));
  return entry;
}

}  // namespace anqiao::engine
