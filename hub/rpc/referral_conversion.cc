#include "hub/rpc/referral_conversion.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/strip.h"
#include "hub/base/errors.h"
#include "hub/engine/engine.h"
#include "hub/engine/referral_fold.h"
#include "hub/model/civil_date.h"
#include "hub/referral/cohort_mix.h"
#include "hub/referral/deadline_rules.h"
#include "hub/referral/field_titles.h"
#include "hub/referral/reasons.h"
#include "hub/rpc/resource_names.h"
#include "hub/rpc/route_conversion.h"

namespace anqiao::rpc {
namespace {

hub::v1::ReferralAction ToProto(referral::Action action) {
  switch (action) {
    case referral::Action::kSend:
      return hub::v1::REFERRAL_ACTION_SEND;
    case referral::Action::kSupplyInformation:
      return hub::v1::REFERRAL_ACTION_SUPPLY_INFORMATION;
    case referral::Action::kCancel:
      return hub::v1::REFERRAL_ACTION_CANCEL;
    case referral::Action::kClose:
      return hub::v1::REFERRAL_ACTION_CLOSE;
    case referral::Action::kVoid:
      return hub::v1::REFERRAL_ACTION_VOID;
    case referral::Action::kTakeNote:
      return hub::v1::REFERRAL_ACTION_TAKE_NOTE;
    case referral::Action::kRecordCheck:
      return hub::v1::REFERRAL_ACTION_RECORD_CHECK;
    default:
      return hub::v1::REFERRAL_ACTION_UNSPECIFIED;
  }
}

hub::v1::CohortMixing ToProto(referral::Mixing mixing) {
  switch (mixing) {
    case referral::Mixing::kMixed:
      return hub::v1::COHORT_MIXING_MIXED;
    case referral::Mixing::kThin:
      return hub::v1::COHORT_MIXING_THIN;
    case referral::Mixing::kOneSided:
      return hub::v1::COHORT_MIXING_ONE_SIDED;
  }
  return hub::v1::COHORT_MIXING_UNSPECIFIED;
}

// Of notes and checks only where there is something to note or to record.
bool IsOffered(const journal::v1::ReferralDocument& referral, referral::Action action) {
  const bool check = action == referral::Action::kRecordCheck;
  if (!check && action != referral::Action::kTakeNote) return true;
  return std::any_of(referral.escalations().begin(), referral.escalations().end(),
                     [check](const journal::v1::Escalation& escalation) {
                       return !escalation.settled() &&
                              check == (escalation.kind() == journal::v1::ESCALATION_KIND_CHECK);
                     });
}

void AddAllowedActions(const journal::v1::ReferralDocument& referral, const std::string& role,
                       hub::v1::Referral* out) {
  for (const referral::Action action :
       referral::AllowedActions(referral.state(), referral::ActorOf(role))) {
    const hub::v1::ReferralAction shown = ToProto(action);
    if (shown != hub::v1::REFERRAL_ACTION_UNSPECIFIED && IsOffered(referral, action)) {
      out->add_allowed_actions(shown);
    }
  }
}

void SetDue(const journal::v1::ReferralDocument& referral, hub::v1::Referral* out) {
  if (const journal::v1::Deadline* next = engine::NextDeadline(referral); next != nullptr) {
    *out->mutable_due_time() = next->due_time();
    out->set_due_action(std::string(referral::DeadlineName(next->kind())));
  }
  for (const journal::v1::Escalation& escalation : referral.escalations()) {
    hub::v1::ReferralEscalation* shown = out->add_escalations();
    shown->set_kind(std::string(absl::StripPrefix(
        journal::v1::EscalationKind_Name(escalation.kind()), "ESCALATION_KIND_")));
    *shown->mutable_time() = escalation.time();
    if (escalation.has_due_time()) *shown->mutable_due_time() = escalation.due_time();
    shown->set_settled(escalation.settled());
    if (!escalation.settled()) out->set_escalated(true);
  }
  for (const journal::v1::RetentionCheck& check : referral.checks()) {
    hub::v1::ReferralCheck* shown = out->add_checks();
    shown->set_days(check.days());
    shown->set_result(check.result());
    if (check.has_record_time()) *shown->mutable_record_time() = check.record_time();
  }
}

void SetTitle(const referral::LedgerTitle& words, hub::v1::FieldTitle* title) {
  title->set_zh(std::string(words.zh));
  title->set_en(std::string(words.en));
}

void SetOutcome(const journal::v1::OutcomeRecord& outcome, hub::v1::ReferralOutcome* out) {
  out->set_code(outcome.code());
  if (outcome.has_date()) *out->mutable_date() = outcome.date();
  out->set_reason(outcome.reason());
  out->set_employer_code(outcome.employer_code());
  out->set_contract_months(outcome.contract_months());
  out->set_social_insurance(outcome.social_insurance());
  out->set_amount_fen(outcome.amount_fen());
  out->set_contract_type(outcome.contract_type());
  if (outcome.has_valid_from_date()) *out->mutable_valid_from_date() = outcome.valid_from_date();
  if (outcome.has_valid_to_date()) *out->mutable_valid_to_date() = outcome.valid_to_date();
}

}  // namespace

std::string PrincipalName(const journal::v1::Principal& principal) {
  switch (principal.kind()) {
    case journal::v1::PRINCIPAL_KIND_AGENCY:
      return ResourceName(kAgencies, principal.name());
    case journal::v1::PRINCIPAL_KIND_USER:
      return ResourceName(kUsers, principal.name());
    case journal::v1::PRINCIPAL_KIND_HUB:
      return "hub";
    default:
      return "";
  }
}

std::string DeliveryWayName(journal::v1::DeliveryWay way) {
  switch (way) {
    case journal::v1::DELIVERY_WAY_STREAM:
      return "STREAM";
    case journal::v1::DELIVERY_WAY_FOLDER:
      return "FOLDER";
    case journal::v1::DELIVERY_WAY_HTTP:
      return "HTTP";
    default:
      return "";
  }
}

hub::v1::Referral ToProto(const journal::v1::ReferralDocument& referral, const Caller& caller) {
  hub::v1::Referral out;
  const journal::v1::ReferralDraft& draft = referral.draft();
  out.set_name(ResourceName(kReferrals, referral.referral()));
  out.set_case_(ResourceName(kCases, draft.case_id()));
  out.set_policy(ResourceName(kPolicies, draft.policy()));
  out.set_service(draft.service());
  out.set_agency(ResourceName(kAgencies, draft.agency()));
  out.set_state(static_cast<hub::v1::ReferralState>(referral.state()));
  out.set_etag(engine::ReferralEtag(referral));
  if (referral.has_create_time()) *out.mutable_create_time() = referral.create_time();
  if (referral.has_update_time()) *out.mutable_update_time() = referral.update_time();
  if (referral.has_delivered_time()) *out.mutable_delivered_time() = referral.delivered_time();
  for (const journal::v1::ReferralEvent& event : referral.history()) {
    hub::v1::ReferralStep* step = out.add_steps();
    step->set_state(static_cast<hub::v1::ReferralState>(event.state()));
    if (event.has_time()) *step->mutable_time() = event.time();
    step->set_principal(PrincipalName(event.principal()));
    step->set_reason(event.reason());
    step->set_action(event.action());
    if (event.has_appointment_date()) *step->mutable_appointment_date() = event.appointment_date();
  }
  if (referral.has_outcome()) SetOutcome(referral.outcome(), out.mutable_outcome());
  *out.mutable_details() = draft.details();
  out.set_replaces(ResourceName(kReferrals, draft.replaces()));
  out.set_replaced_by(ResourceName(kReferrals, referral.replaced_by()));
  out.set_provider(ResourceName(kProviders, draft.provider()));
  out.set_post(draft.post());
  if (referral.has_no_route()) {
    *out.mutable_route() = ToProto(referral.no_route());
  } else if (draft.has_route()) {
    *out.mutable_route() = ToProto(draft.route());
    out.mutable_route()->set_provider(out.provider());
    out.mutable_route()->set_post(out.post());
    out.mutable_route()->set_agency(out.agency());
  }
  out.set_dead_delivery_count(referral.dead_delivery_count());
  if (referral.has_read_time()) *out.mutable_read_time() = referral.read_time();
  out.set_consent(ResourceName(kConsents, referral.consent()));
  out.set_follow_up(std::string(referral::FollowUpName(referral.follow_up())));
  if (referral.has_parked_until_date()) {
    *out.mutable_parked_until_date() = referral.parked_until_date();
  }
  out.set_refusal_count(referral.refusals().count());
  out.set_refusal_warning(referral.refusals().warning());
  SetDue(referral, &out);
  AddAllowedActions(referral, caller.principal.role(), &out);
  return out;
}

hub::v1::Consent ToProto(const journal::v1::ConsentDocument& document) {
  const journal::v1::ConsentGiven& consent = document.consent();
  hub::v1::Consent out;
  out.set_name(ResourceName(kConsents, consent.consent()));
  out.set_case_(ResourceName(kCases, consent.case_id()));
  out.set_agency(ResourceName(kAgencies, consent.agency()));
  out.set_recipient_name(consent.recipient_name());
  out.set_purpose(consent.purpose());
  *out.mutable_fields() = consent.fields();
  *out.mutable_expire_date() = consent.expire_date();
  out.set_evidence(consent.evidence());
  *out.mutable_create_time() = document.create_time();
  out.set_principal(PrincipalName(document.principal()));
  out.set_state(hub::v1::CONSENT_STATE_LIVE);
  if (document.has_end_time()) {
    *out.mutable_end_time() = document.end_time();
    out.set_state(document.expired() ? hub::v1::CONSENT_STATE_EXPIRED
                                     : hub::v1::CONSENT_STATE_WITHDRAWN);
  }
  for (const std::string& referral : document.revoked_referrals()) {
    out.add_revoked_referrals(ResourceName(kReferrals, referral));
  }
  for (const std::string& member : document.ended_members()) {
    out.add_ended_members(ResourceName(kTeamMembers, member));
  }
  return out;
}

hub::v1::DisclosureEntry ToProto(const journal::v1::DisclosureDocument& document,
                                 const std::string& display_name) {
  const journal::v1::Disclosure& disclosure = document.disclosure();
  hub::v1::DisclosureEntry out;
  if (document.has_time()) *out.mutable_time() = document.time();
  out.set_agency(ResourceName(kAgencies, disclosure.agency()));
  out.set_purpose(disclosure.purpose());
  out.set_basis(disclosure.basis());
  out.set_basis_reference(disclosure.basis_reference());
  out.set_view(disclosure.view());
  *out.mutable_fields() = disclosure.fields();
  out.set_principal(PrincipalName(document.principal()));
  out.set_referral(ResourceName(kReferrals, document.referral()));
  out.set_team_member(ResourceName(kTeamMembers, document.team_member()));
  out.set_dispatch(ResourceName(kDispatches, document.dispatch()));
  out.set_recipient_name(disclosure.recipient_name());
  if (disclosure.has_valid_from_date()) {
    *out.mutable_valid_from_date() = disclosure.valid_from_date();
  }
  if (disclosure.has_valid_to_date()) *out.mutable_valid_to_date() = disclosure.valid_to_date();
  if (document.has_end_time()) *out.mutable_end_time() = document.end_time();
  SetTitle(referral::PurposeTitle(disclosure.purpose()), out.mutable_purpose_title());
  SetTitle(referral::BasisTitle(disclosure.basis()), out.mutable_basis_title());
  out.set_consent(ResourceName(kConsents, disclosure.consent()));
  out.set_notice_given(disclosure.notice_given());
  out.set_agency_display_name(display_name);
  out.set_view_hash(disclosure.view_hash());
  for (const std::string& field : disclosure.fields()) {
    hub::v1::FieldTitle* title = out.add_field_titles();
    const referral::FieldTitle* words = referral::FindFieldTitle(field);
    title->set_zh(words == nullptr ? field : std::string(words->zh));
    title->set_en(words == nullptr ? field : std::string(words->en));
  }
  if (!document.has_acknowledge_time()) return out;
  *out.mutable_acknowledge_time() = document.acknowledge_time();
  const journal::v1::HandedOver& handed_over = document.handed_over();
  out.set_delivery_way(DeliveryWayName(handed_over.way()));
  out.set_bytes_hash(handed_over.bytes_hash());
  out.set_bytes_salt(handed_over.sealed_salt());
  out.set_adapter_build(handed_over.adapter_build());
  return out;
}

hub::v1::CohortMix ToProto(const engine::CohortMix& mix) {
  const auto month_of = [&](int month) { return model::CivilDate::Of(mix.year, month).ToProto(); };
  hub::v1::CohortMix out;
  out.set_year(mix.year);
  if (mix.months > 0) *out.mutable_last_month() = month_of(mix.months);
  if (mix.base_permille.has_value()) out.set_base_share_permille(*mix.base_permille);
  out.set_cell_min_count(mix.cell_min);
  out.set_source(mix.source);
  for (const referral::MixLine& line : mix.lines) {
    hub::v1::CohortMixLine* added = out.add_lines();
    added->set_agency(ResourceName(kAgencies, line.agency));
    added->set_service(line.service);
    if (line.month > 0) *added->mutable_month() = month_of(line.month);
    added->set_mixing(ToProto(line.mixing));
    if (line.people.has_value()) added->set_people_count(*line.people);
    if (line.cohorts.has_value()) {
      const std::int64_t total = line.cohorts->total();
      added->set_known_count(line.cohorts->known);
      added->set_other_count(line.cohorts->others);
      added->set_share_permille(
          static_cast<std::int32_t>((line.cohorts->known * 1000 + total / 2) / total));
    }
    if (line.evidence_bits.has_value()) added->set_evidence_bits(*line.evidence_bits);
    if (line.counted_months > 0) *added->mutable_counted_month() = month_of(line.counted_months);
  }
  return out;
}

absl::StatusOr<referral::Action> MoveAction(hub::v1::ReferralAction action) {
  switch (action) {
    case hub::v1::REFERRAL_ACTION_SUPPLY_INFORMATION:
      return referral::Action::kSupplyInformation;
    case hub::v1::REFERRAL_ACTION_CANCEL:
      return referral::Action::kCancel;
    case hub::v1::REFERRAL_ACTION_CLOSE:
      return referral::Action::kClose;
    case hub::v1::REFERRAL_ACTION_VOID:
      return referral::Action::kVoid;
    case hub::v1::REFERRAL_ACTION_TAKE_NOTE:
      return referral::Action::kTakeNote;
    case hub::v1::REFERRAL_ACTION_RECORD_CHECK:
      return referral::Action::kRecordCheck;
    case hub::v1::REFERRAL_ACTION_SEND:
      return InvalidField("action", "must not be SEND; use SendReferral");
    default:
      return InvalidField("action", "must be one of the actions");
  }
}

}  // namespace anqiao::rpc
