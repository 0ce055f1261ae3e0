#include "hub/rpc/referral_conversion.h"

#include "hub/base/errors.h"
#include "hub/engine/engine.h"
#include "hub/rpc/resource_names.h"

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
    default:
      return hub::v1::REFERRAL_ACTION_UNSPECIFIED;
  }
}

void AddAllowedActions(journal::v1::ReferralState state, const std::string& role,
                       hub::v1::Referral* out) {
  if (role != "caseworker" && role != "supervisor") return;
  const referral::Actor actor =
      role == "supervisor" ? referral::Actor::kSupervisor : referral::Actor::kCaseworker;
  for (const referral::Action action : referral::AllowedActions(state, actor)) {
    const hub::v1::ReferralAction shown = ToProto(action);
    if (shown != hub::v1::REFERRAL_ACTION_UNSPECIFIED) out->add_allowed_actions(shown);
  }
}

void SetOutcome(const journal::v1::OutcomeRecord& outcome, hub::v1::ReferralOutcome* out) {
  out->set_code(outcome.code());
  if (outcome.has_date()) *out->mutable_date() = outcome.date();
  out->set_reason(outcome.reason());
  out->set_employer_code(outcome.employer_code());
  out->set_contract_months(outcome.contract_months());
  out->set_social_insurance(outcome.social_insurance());
  out->set_amount_fen(outcome.amount_fen());
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
  }
  if (referral.has_outcome()) SetOutcome(referral.outcome(), out.mutable_outcome());
  *out.mutable_details() = draft.details();
  out.set_replaces(ResourceName(kReferrals, draft.replaces()));
  AddAllowedActions(referral.state(), caller.principal.role(), &out);
  out.set_dead_delivery_count(referral.dead_delivery_count());
  return out;
}

hub::v1::DisclosureEntry ToProto(const journal::v1::DisclosureDocument& document) {
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
  if (!document.has_acknowledge_time()) return out;
  *out.mutable_acknowledge_time() = document.acknowledge_time();
  const journal::v1::HandedOver& handed_over = document.handed_over();
  out.set_delivery_way(DeliveryWayName(handed_over.way()));
  out.set_bytes_hash(handed_over.bytes_hash());
  out.set_bytes_salt(handed_over.sealed_salt());
  out.set_adapter_build(handed_over.adapter_build());
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
    case hub::v1::REFERRAL_ACTION_SEND:
      return InvalidField("action", "must not be SEND; use SendReferral");
    default:
      return InvalidField("action", "must be one of the actions");
  }
}

}  // namespace anqiao::rpc
