// The gate: what leaves a house, and on what basis. Everything that a disclosure needs goes into
// one change, so that it happens whole or not at all.

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/outward_case.h"
#include "hub/engine/person.h"
#include "hub/engine/referral_book.h"
#include "hub/engine/referral_fold.h"
#include "hub/engine/values.h"
#include "hub/referral/recipients.h"
#include "hub/referral/view.h"
#include "hub/store/keys.h"

namespace anqiao::engine {

using journal::v1::ReferralChanged;
using journal::v1::ReferralDocument;

namespace {

std::string PurposeOf(const std::string& service) {
  return absl::StrCat(kReferralPurpose, service);
}

absl::Status ConsentNotFound() {
  return Error(absl::StatusCode::kNotFound, reason::kConsentNotFound, "there is no such consent");
}

}  // namespace

absl::Status ConsentInsufficient(absl::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kConsentInsufficient,
               absl::StrCat("the consent does not cover the ", what))
      .Meta("not_covered", what);
}

absl::Status ReferralBook::Step(absl::string_view step) const {
  const auto& at_gate = options_->test_hooks.at_gate;
  return at_gate ? at_gate(step) : absl::OkStatus();
}

absl::Status ReferralBook::CheckBasis(const journal::v1::ReferralDraft& draft, const Basis& basis,
                                      absl::Time now) const {
  const AgencyOptions* agency = FindAgency(draft.agency());
  if (basis.basis == referral::kStatutoryDuty) {
    if (agency == nullptr || !referral::IsPublicOrgan(agency->kind)) {
      return Error(absl::StatusCode::kFailedPrecondition, reason::kConsentRequired,
                   "the recipient is no public organ: the request needs the person's consent");
    }
    if (basis.notice_given) return absl::OkStatus();
    return Error(absl::StatusCode::kFailedPrecondition, reason::kNoLegalBasis,
                 "the person must have been given notice");
  }
  if (basis.basis != referral::kConsent || basis.consent.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kNoLegalBasis,
                 "the legal basis must be STATUTORY_DUTY, or CONSENT with a consent");
  }
  AQ_ASSIGN_OR_RETURN(const journal::v1::ConsentGiven consent,
                      LiveConsent(basis.consent, draft.case_id(), now));
  if (consent.agency() != draft.agency()) return ConsentInsufficient("recipient");
  if (consent.purpose() != PurposeOf(draft.service())) return ConsentInsufficient("purpose");
  return absl::OkStatus();
}

absl::StatusOr<journal::v1::ConsentGiven> ReferralBook::LiveConsent(const std::string& consent,
                                                                    const std::string& case_id,
                                                                    absl::Time now) const {
  AQ_ASSIGN_OR_RETURN(journal::v1::ConsentDocument document,
                      FindConsent(consent, "", model::CivilDate::At(now)));
  AQ_ASSIGN_OR_RETURN(const bool same,
                      SamePerson(*snapshot_, document.consent().case_id(), case_id));
  if (!same) return ConsentNotFound();
  if (document.has_end_time() || ToTime(document.consent().expire_time()) <= now) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConsentEnded,
                 "the consent was withdrawn or has run out");
  }
  return std::move(*document.mutable_consent());
}

absl::Status ReferralBook::CheckFields(const Basis& basis,
                                       const std::vector<std::string>& fields) const {
  if (basis.consent.empty()) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(const auto document, ReadDocument<journal::v1::ConsentDocument>(
                                               *snapshot_, store::ConsentKey(basis.consent)));
  if (!document.has_value()) return ConsentNotFound();
  const auto& agreed = document->consent().fields();
  for (const std::string& field : fields) {
    if (std::find(agreed.begin(), agreed.end(), field) == agreed.end()) {
      return ConsentInsufficient(absl::StrCat("field ", field));
    }
  }
  return absl::OkStatus();
}

absl::Status ReferralBook::Disclose(const ReferralDocument& referral,
                                    const journal::v1::ReferralDraft& draft, const Basis& basis,
                                    absl::Time now, ReferralChanged* change) {
  AQ_RETURN_IF_ERROR(CheckBasis(draft, basis, now));
  AQ_RETURN_IF_ERROR(Step("basis"));
  const std::map<std::string, std::string> details(draft.details().begin(), draft.details().end());
  AQ_ASSIGN_OR_RETURN(CaseView view, FindCase(draft.case_id(), model::CivilDate::At(now), ""));
  // What leaves, and whether it does, is decided without the police's records: neither their
  // presence nor their content may show.
  AQ_ASSIGN_OR_RETURN(model::Case outward,
                      OutwardCase(*snapshot_, ModelOf(*options_).model, view.document,
                                  AnchorOf(draft), model::CivilDate::At(now)));
  outward.stated = details;
  AQ_RETURN_IF_ERROR(Step("outward_case"));
  const absl::StatusOr<journal::v1::EntitlementAnswer> answer =
      RequireEligible(draft.policy(), outward);
  if (!answer.ok()) {
    view.folded.stated = details;
    AQ_RETURN_IF_ERROR(RequireEligible(draft.policy(), view.folded).status());
    return Error(absl::StatusCode::kFailedPrecondition, reason::kViewIncomplete,
                 "the entitlement rests on what only the police state or join; another agency must "
                 "state it before the request can leave");
  }
  AQ_RETURN_IF_ERROR(Step("eligibility"));
  const policy::PolicySummary* policy = catalogue_->Find(draft.policy());
  if (policy == nullptr) {
    return Error(absl::StatusCode::kNotFound, reason::kPolicyNotFound, "there is no such policy");
  }
  AQ_ASSIGN_OR_RETURN(referral::BuiltView built,
                      referral::BuildView(*policy, *answer, outward, details, basis.reference));
  built.request.set_provider(draft.provider());
  built.request.set_post(draft.post());
  AQ_RETURN_IF_ERROR(Step("view"));
  AQ_RETURN_IF_ERROR(CheckFields(basis, built.fields));
  AQ_RETURN_IF_ERROR(Step("consent"));
  exchange::v1::Delivery delivery;
  *delivery.mutable_request() = built.request;
  journal::v1::Disclosure* disclosure = change->mutable_disclosure();
  disclosure->set_disclosure(RandomName());
  disclosure->set_agency(draft.agency());
  disclosure->set_purpose(PurposeOf(policy->service));
  disclosure->set_basis(basis.basis);
  disclosure->set_basis_reference(basis.reference);
  disclosure->set_view(built.name);
  disclosure->set_view_salt(RandomBytes(16));
  disclosure->set_view_hash(
      Sha256(absl::StrCat(disclosure->view_salt(), Canonical(built.request))));
  for (const std::string& field : built.fields) disclosure->add_fields(field);
  disclosure->set_notice_given(basis.notice_given);
  disclosure->set_consent(basis.consent);
  AQ_RETURN_IF_ERROR(Step("ledger"));
  return Deliver(referral, std::move(delivery), change);
}

absl::Status ReferralBook::Deliver(const ReferralDocument& referral,
                                   exchange::v1::Delivery delivery, ReferralChanged* change) {
  const std::string& pseudonym = referral.draft().pseudonym();
  const std::string id = RandomName();
  delivery.set_name(absl::StrCat("deliveries/", id));
  delivery.set_referral(absl::StrCat("referrals/", pseudonym));
  delivery.set_etag(OutwardEtagAt(pseudonym, referral.outward_version() + 1));
  delivery.set_sender(referral::kSender);
  const AgencyOptions* agency = FindAgency(referral.draft().agency());
  if (agency == nullptr) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kNoProvider,
                 "the recipient is no longer registered");
  }
  journal::v1::QueuedDelivery* queued = change->mutable_delivery();
  if (!agency->delivery_format.empty() && delivery.has_request()) {
    AQ_ASSIGN_OR_RETURN(std::string native,
                        encoder_->Encode(*agency, delivery, queued->mutable_adapter_build()));
    delivery.set_native(std::move(native));
    delivery.set_native_format(agency->delivery_format);
  }
  if (delivery.has_request()) AQ_RETURN_IF_ERROR(Step("encode"));
  queued->set_delivery(id);
  queued->set_agency(agency->id);
  queued->set_envelope(Canonical(delivery));
  return delivery.has_request() ? Step("delivery") : absl::OkStatus();
}

absl::Status ReferralBook::QueueNotice(const ReferralDocument& referral,
                                       const std::string& reason_text, ReferralChanged* change) {
  journal::v1::ReferralEvent event;
  event.set_state(change->to_state());
  if (change->to_state() == referral.state() ||
      !IsOutward(event, referral.state(), referral.outward_version())) {
    return absl::OkStatus();
  }
  exchange::v1::Delivery delivery;
  switch (change->to_state()) {
    case journal::v1::REFERRAL_STATE_CANCEL_REQUESTED:
      delivery.mutable_cancellation()->set_reason(reason_text);
      break;
    case journal::v1::REFERRAL_STATE_CLOSED:
      delivery.mutable_closure();
      break;
    default:
      // Whatever ended it: the recipient is not told more.
      delivery.mutable_withdrawal();
  }
  return Deliver(referral, std::move(delivery), change);
}

absl::StatusOr<ReferralBook::Basis> ReferralBook::LastBasis(
    const ReferralDocument& referral) const {
  std::optional<Basis> last;
  const store::KeyRange range = store::DisclosureRange(referral.draft().case_id());
  AQ_RETURN_IF_ERROR(
      snapshot_->Scan(range.begin, range.end, [&](absl::string_view, absl::string_view value) {
        journal::v1::DisclosureDocument document;
        if (document.ParseFromArray(value.data(), static_cast<int>(value.size())) &&
            document.referral() == referral.referral()) {
          last = Basis{document.disclosure().basis(), document.disclosure().basis_reference(),
                       document.disclosure().notice_given(), document.disclosure().consent()};
        }
        return true;
      }));
  if (last.has_value()) return *std::move(last);
  return Error(absl::StatusCode::kFailedPrecondition, reason::kNoLegalBasis,
               "nothing was disclosed for this referral before");
}

}  // namespace anqiao::engine
