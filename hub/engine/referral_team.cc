// Care teams: somebody joins, as a disclosure with its basis, and leaves.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/referral_book.h"
#include "hub/engine/values.h"
#include "hub/referral/care_team.h"
#include "hub/referral/dispatch_view.h"
#include "hub/referral/recipients.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::Disclosure;
using journal::v1::Entry;
using journal::v1::TeamMemberAdded;
using journal::v1::TeamMemberDocument;
using journal::v1::TeamMemberEnded;
using model::CivilDate;
using referral::CareRole;

constexpr std::size_t kMemberNameBytes = 100;
constexpr std::size_t kUserBytes = 64;

absl::Status CheckTerms(const AddTeamMemberCommand& command, const CivilDate& today) {
  if (command.display_name.empty() || command.display_name.size() > kMemberNameBytes) {
    return InvalidField("display_name", "must name the member in 1 to 100 bytes");
  }
  if (command.user.size() > kUserBytes) {
    return InvalidField("user", "must have at most 64 bytes");
  }
  if (!command.from.empty() && !command.from.has_day()) {
    return InvalidField("from_date", "must be a day");
  }
  if (!command.until.empty() &&
      (!command.until.has_day() || command.until < std::max(today, command.from))) {
    return InvalidField("until_date", "must be a day, today or later and not before the first");
  }
  return absl::OkStatus();
}

TeamMemberEnded EndOf(const TeamMemberDocument& member, const std::string& reason_text,
                      const CivilDate& today) {
  TeamMemberEnded ended;
  ended.set_member(member.added().member());
  *ended.mutable_end_date() = today.ToProto();
  ended.set_reason(reason_text);
  ended.set_disclosure(member.added().disclosure().disclosure());
  return ended;
}

// Nothing leaves with it: what is hashed is what the role was let see, and who is.
void FillDisclosure(const CareRole& role, const std::string& basis, const std::string& reference,
                    const std::string& consent, const TeamMemberAdded& added, Disclosure* out) {
  out->set_disclosure(RandomName());
  out->set_purpose(absl::StrCat(referral::kCareTeamPurpose, added.role()));
  out->set_basis(basis);
  out->set_basis_reference(reference);
  out->set_consent(consent);
  out->set_view("CareTeamRole");
  for (const absl::string_view field : role.fields) out->add_fields(std::string(field));
  out->set_recipient_name(added.display_name());
  *out->mutable_valid_from_date() = added.from_date();
  if (added.has_until_date()) *out->mutable_valid_to_date() = added.until_date();
  out->set_view_salt(RandomBytes(16));
  std::string view = absl::StrCat(out->view_salt(), added.role(), "\n", added.display_name());
  for (const std::string& field : out->fields()) absl::StrAppend(&view, "\n", field);
  out->set_view_hash(Sha256(view));
}

}  // namespace

absl::StatusOr<TeamMemberDocument> ReferralBook::FindMember(const std::string& member,
                                                            const std::string& jurisdiction,
                                                            const CivilDate& as_of) const {
  const absl::Status missing = Error(absl::StatusCode::kNotFound, reason::kTeamMemberNotFound,
                                     "there is no such membership of a care team");
  AQ_ASSIGN_OR_RETURN(auto document,
                      ReadDocument<TeamMemberDocument>(*snapshot_, store::TeamMemberKey(member)));
  if (!document.has_value()) return missing;
  const absl::Status visible = FindCase(document->added().case_id(), as_of, jurisdiction).status();
  if (absl::IsNotFound(visible)) return missing;
  AQ_RETURN_IF_ERROR(visible);
  return *std::move(document);
}

absl::StatusOr<std::string> ReferralBook::CheckTeamBasis(const AddTeamMemberCommand& command,
                                                         const CareRole& role, const CaseView& view,
                                                         absl::Time now) const {
  if (command.basis == referral::kStatutoryDuty) {
    if (!command.consent.empty()) {
      return InvalidField("consent", "must not be given for a statutory duty");
    }
    if (role.law.empty()) {
      return Error(absl::StatusCode::kFailedPrecondition, reason::kConsentRequired,
                   "the law does not name the role: the person must have consented");
    }
    if (!referral::UnderOrder(view.folded)) {
      return Error(absl::StatusCode::kFailedPrecondition, reason::kNoLegalBasis,
                   "the law makes a team for a case under an order only");
    }
    AQ_RETURN_IF_ERROR(Step("basis"));
    return std::string(role.law);
  }
  if (command.basis != referral::kConsent || command.consent.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kNoLegalBasis,
                 "the basis must be STATUTORY_DUTY, or CONSENT with a consent");
  }
  AQ_RETURN_IF_ERROR(Step("basis"));
  AQ_ASSIGN_OR_RETURN(const journal::v1::ConsentGiven consent,
                      LiveConsent(command.consent, command.case_id, now));
  if (consent.recipient_name() != command.display_name) return ConsentInsufficient("recipient");
  if (consent.purpose() != absl::StrCat(referral::kCareTeamPurpose, command.role)) {
    return ConsentInsufficient("purpose");
  }
  const std::vector<std::string> fields(role.fields.begin(), role.fields.end());
  AQ_RETURN_IF_ERROR(CheckFields({command.basis, "", false, command.consent}, fields));
  return consent.evidence();
}

absl::Status ReferralBook::CheckNoMember(const AddTeamMemberCommand& command, const CaseView& view,
                                         const CivilDate& today) const {
  for (const std::string& id : view.document.team_members()) {
    AQ_ASSIGN_OR_RETURN(const auto member,
                        ReadDocument<TeamMemberDocument>(*snapshot_, store::TeamMemberKey(id)));
    if (!member.has_value() || member->has_ended()) continue;
    const TeamMemberAdded& added = member->added();
    if (added.role() != command.role || added.display_name() != command.display_name) continue;
    if (added.has_until_date() && CivilDate::FromProto(added.until_date()) < today) continue;
    return Error(absl::StatusCode::kFailedPrecondition, reason::kStateNotAllowed,
                 "the same one is a member in that role already: end that membership first");
  }
  return absl::OkStatus();
}

absl::StatusOr<Entry> ReferralBook::AddMember(const Principal& principal,
                                              const AddTeamMemberCommand& command,
                                              const std::string& jurisdiction,
                                              const std::string& hash, const NewReferral& place,
                                              absl::Time now) {
  const CivilDate today = CivilDate::At(now);
  AQ_RETURN_IF_ERROR(CheckTerms(command, today));
  const CareRole* role = referral::FindCareRole(command.role, today);
  if (role == nullptr) return InvalidField("role", "must be one of the roles of a care team");
  AQ_ASSIGN_OR_RETURN(const CaseView view, FindCase(command.case_id, today, jurisdiction));
  AQ_RETURN_IF_ERROR(CheckNoMember(command, view, today));
  AQ_ASSIGN_OR_RETURN(const std::string reference, CheckTeamBasis(command, *role, view, now));
  AQ_RETURN_IF_ERROR(Step("consent"));
  Entry entry = Begin(principal, now);
  entry.set_key(place.key);
  TeamMemberAdded* added = entry.mutable_team_member_added();
  added->set_member(NameOf('g', place.sequence));
  added->set_case_id(command.case_id);
  added->set_role(command.role);
  added->set_display_name(command.display_name);
  added->set_user(command.user);
  *added->mutable_from_date() = (command.from.empty() ? today : command.from).ToProto();
  if (!command.until.empty()) *added->mutable_until_date() = command.until.ToProto();
  added->set_request_id(command.request_id);
  added->set_request_hash(hash);
  FillDisclosure(*role, command.basis, reference, command.consent, *added,
                 added->mutable_disclosure());
  AQ_RETURN_IF_ERROR(Step("ledger"));
  return entry;
}

absl::StatusOr<Entry> ReferralBook::EndMember(const Principal& principal,
                                              const EndTeamMemberCommand& command,
                                              const std::string& jurisdiction,
                                              const std::string& hash, absl::Time now) {
  const CivilDate today = CivilDate::At(now);
  AQ_ASSIGN_OR_RETURN(const TeamMemberDocument member,
                      FindMember(command.member, jurisdiction, today));
  if (command.etag != TeamMemberEtag(member)) {
    return Error(absl::StatusCode::kAborted, reason::kEtagMismatch,
                 "the etag is not the current one: read again and retry");
  }
  if (member.has_ended()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kStateNotAllowed,
                 "the membership has ended already");
  }
  const referral::CareTeamEnd* end = referral::FindCareTeamEnd(command.reason);
  if (end == nullptr || end->by_hub) {
    return InvalidField("reason", "must be one of the reasons for which a membership ends");
  }
  Entry entry = Begin(principal, now);
  entry.set_key(member.key());
  TeamMemberEnded* ended = entry.mutable_team_member_ended();
  *ended = EndOf(member, command.reason, today);
  ended->set_request_id(command.request_id);
  ended->set_request_hash(hash);
  return entry;
}

absl::Status ReferralBook::EndMembers(const journal::v1::ConsentDocument& consent, absl::Time now,
                                      journal::v1::ConsentWithdrawn* withdrawn) const {
  for (const std::string& id : consent.resting_members()) {
    AQ_ASSIGN_OR_RETURN(const auto member,
                        ReadDocument<TeamMemberDocument>(*snapshot_, store::TeamMemberKey(id)));
    if (!member.has_value() || member->has_ended() ||
        member->added().disclosure().consent() != withdrawn->consent()) {
      continue;
    }
    *withdrawn->add_ended_members() =
        EndOf(*member, withdrawn->expired() ? "CONSENT_EXPIRED" : "CONSENT_WITHDRAWN",
              CivilDate::At(now));
  }
  return absl::OkStatus();
}

}  // namespace anqiao::engine
