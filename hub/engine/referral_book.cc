#include "hub/engine/referral_book.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/values.h"
#include "hub/referral/view.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using exchange::v1::AnswerReferralRequest;
using journal::v1::Entry;
using journal::v1::ReferralChanged;
using journal::v1::ReferralDocument;
using referral::Action;
using referral::Actor;

constexpr char kStatutoryDuty[] = "STATUTORY_DUTY";
constexpr std::size_t kReferenceBytes = 500;
constexpr std::size_t kDetailsMax = 50;
constexpr std::size_t kCodeBytes = 63;
constexpr std::int64_t kAmountFenMax = 1'000'000'000'000;
constexpr std::int32_t kContractMonthsMax = 1200;

absl::Status EtagMismatch() {
  return Error(absl::StatusCode::kAborted, reason::kEtagMismatch,
               "the etag is not the current one: read again and retry");
}

Entry Begin(const Principal& principal, absl::Time now) {
  Entry entry;
  SetTime(now, entry.mutable_commit_time());
  *entry.mutable_principal() = principal;
  return entry;
}

ReferralChanged* Change(const ReferralDocument& referral, journal::v1::ReferralState to,
                        const std::string& reason_text, const std::string& request_id,
                        const std::string& hash, Entry* entry) {
  ReferralChanged* change = entry->mutable_referral_changed();
  change->set_referral(referral.referral());
  change->set_version(referral.version() + 1);
  change->set_from_state(referral.state());
  change->set_to_state(to);
  change->set_reason(reason_text);
  change->set_request_id(request_id);
  change->set_request_hash(hash);
  entry->set_key(referral.key());
  return change;
}

std::optional<Action> ToAction(exchange::v1::AnswerAction action) {
  switch (action) {
    case exchange::v1::ANSWER_ACTION_ACCEPT:
      return Action::kAccept;
    case exchange::v1::ANSWER_ACTION_DECLINE:
      return Action::kDecline;
    case exchange::v1::ANSWER_ACTION_REQUEST_INFORMATION:
      return Action::kRequestInformation;
    case exchange::v1::ANSWER_ACTION_START:
      return Action::kStart;
    case exchange::v1::ANSWER_ACTION_HOLD:
      return Action::kHold;
    case exchange::v1::ANSWER_ACTION_RESUME:
      return Action::kResume;
    case exchange::v1::ANSWER_ACTION_REPORT_OUTCOME:
      return Action::kReportOutcome;
    case exchange::v1::ANSWER_ACTION_FAIL:
      return Action::kFail;
    case exchange::v1::ANSWER_ACTION_CONFIRM_CANCELLATION:
      return Action::kConfirmCancellation;
    default:
      return std::nullopt;
  }
}

bool IsDay(const type::v1::CivilDate& proto) {
  const model::CivilDate date = model::CivilDate::FromProto(proto);
  return date.has_day() && model::CivilDate::Parse(date.ToString()).has_value();
}

absl::Status CheckOutcome(const exchange::v1::Outcome& outcome, absl::Time now) {
  if (outcome.code() == exchange::v1::OUTCOME_CODE_UNSPECIFIED ||
      !exchange::v1::OutcomeCode_IsValid(outcome.code())) {
    return InvalidField("answer.outcome.code", "must be one of the outcome codes");
  }
  if (!IsDay(outcome.date())) return InvalidField("answer.outcome.date", "must be a day");
  if (model::CivilDate::FromProto(outcome.date()) > model::CivilDate::At(now).AddDays(1)) {
    return InvalidField("answer.outcome.date", "must not lie in the future");
  }
  if ((outcome.code() == exchange::v1::OUTCOME_CODE_NOT_GRANTED ||
       outcome.code() == exchange::v1::OUTCOME_CODE_DID_NOT_ATTEND) &&
      outcome.reason().empty()) {
    return InvalidField("answer.outcome.reason", "must be given with this outcome");
  }
  if (outcome.amount_fen() < 0 || outcome.amount_fen() > kAmountFenMax ||
      outcome.contract_months() < 0 || outcome.contract_months() > kContractMonthsMax) {
    return InvalidField("answer.outcome", "amounts and lengths are out of range");
  }
  if (outcome.reason().size() > kCodeBytes || outcome.employer_code().size() > kCodeBytes) {
    return InvalidField("answer.outcome", "codes must have at most 63 bytes");
  }
  for (const auto* date : {&outcome.valid_from_date(), &outcome.valid_to_date()}) {
    if (date->year() != 0 && !IsDay(*date)) {
      return InvalidField("answer.outcome.valid_from_date", "must be a day, as the last day must");
    }
  }
  return absl::OkStatus();
}

void Record(const exchange::v1::Outcome& outcome, journal::v1::OutcomeRecord* record) {
  const std::string name = exchange::v1::OutcomeCode_Name(outcome.code());
  record->set_code(std::string(absl::StripPrefix(name, "OUTCOME_CODE_")));
  *record->mutable_date() = outcome.date();
  record->set_reason(outcome.reason());
  record->set_employer_code(outcome.employer_code());
  record->set_contract_months(outcome.contract_months());
  record->set_social_insurance(outcome.social_insurance());
  record->set_amount_fen(outcome.amount_fen());
  if (outcome.has_valid_from_date()) *record->mutable_valid_from_date() = outcome.valid_from_date();
  if (outcome.has_valid_to_date()) *record->mutable_valid_to_date() = outcome.valid_to_date();
}

// An etag that the recipient can know: the current one; for native answers also those since the
// hub's last word, which only the recipient's own answers have moved on.
bool KnowsState(const ReferralDocument& referral, const std::string& etag, bool native) {
  if (etag == OutwardEtag(referral)) return true;
  if (!native) return false;
  std::int64_t outward = referral.outward_version();
  for (int i = referral.history_size() - 1; i >= 0; --i) {
    if (referral.history(i).principal().kind() != journal::v1::PRINCIPAL_KIND_AGENCY) break;
    --outward;
    if (etag == OutwardEtagAt(referral.draft().pseudonym(), outward)) return true;
  }
  return false;
}

absl::Status CheckDetails(const std::map<std::string, std::string>& details) {
  if (details.size() > kDetailsMax) return InvalidField("details", "must have at most 50 entries");
  for (const auto& [key, value] : details) {
    if (key.empty() || key.size() > 64 || value.size() > 1000) {
      return InvalidField("details", "a key has 1 to 64 bytes, a value at most 1,000");
    }
  }
  return absl::OkStatus();
}

absl::Status ReferralNotFound() {
  return Error(absl::StatusCode::kNotFound, reason::kReferralNotFound, "there is no such referral");
}

}  // namespace

absl::StatusOr<std::string> NativeEncoder::Encode(const AgencyOptions& agency,
                                                  const exchange::v1::Delivery& delivery,
                                                  std::string* build) {
  AQ_RETURN_IF_ERROR(agency.adapter->CheckEnabled());
  const std::shared_ptr<adapter::Adapter> current = agency.adapter->current();
  *build = current->build_id();
  AQ_ASSIGN_OR_RETURN(adapter::AdapterInstance * instance, instances_[agency.id].Of(current));
  return instance->Encode(agency.delivery_format, {referral::ToRecord(delivery)});
}

std::string HashOfAnswer(const AnswerReferralRequest& request) {
  return Sha256(absl::StrCat("answer:", Canonical(request)));
}

bool InJurisdiction(const model::Case& folded, const std::string& jurisdiction) {
  return jurisdiction.empty() || folded.division_code.empty() ||
         absl::StartsWith(folded.division_code, jurisdiction);
}

absl::StatusOr<ReferralDocument*> ReferralBook::Find(const std::string& referral) {
  if (const auto it = documents_.find(referral); it != documents_.end()) return &it->second;
  AQ_ASSIGN_OR_RETURN(auto document,
                      ReadDocument<ReferralDocument>(*snapshot_, store::ReferralKey(referral)));
  if (!document.has_value()) return ReferralNotFound();
  return &documents_.emplace(referral, *std::move(document)).first->second;
}

absl::StatusOr<ReferralDocument*> ReferralBook::FindVisible(const std::string& referral,
                                                            const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(ReferralDocument * document, Find(referral));
  if (jurisdiction.empty()) return document;
  const absl::StatusOr<CaseView> view =
      FindCase(document->draft().case_id(), model::CivilDate::At(ToTime(document->update_time())),
               jurisdiction);
  if (absl::IsNotFound(view.status())) return ReferralNotFound();
  AQ_RETURN_IF_ERROR(view.status());
  return document;
}

absl::StatusOr<CaseView> ReferralBook::FindCase(const std::string& case_id,
                                                const model::CivilDate& as_of,
                                                const std::string& jurisdiction) const {
  AQ_ASSIGN_OR_RETURN(auto person, ReadDocument<journal::v1::PersonDocument>(
                                       *snapshot_, store::PersonKey(case_id)));
  if (person.has_value()) {
    CaseView view;
    view.document = *std::move(person);
    view.folded = model::FoldCase(view.document, as_of);
    if (InJurisdiction(view.folded, jurisdiction)) return view;
  }
  return Error(absl::StatusCode::kNotFound, reason::kCaseNotFound, "there is no such case");
}

absl::Status ReferralBook::CheckProvider(const AgencyOptions& agency,
                                         const policy::PolicySummary& policy) const {
  if (agency.kind == policy.provider && std::find(agency.services.begin(), agency.services.end(),
                                                  policy.service) != agency.services.end()) {
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kFailedPrecondition, reason::kNoProvider,
               absl::StrCat("agency ", agency.id, " does not give service ", policy.service))
      .Meta("service", policy.service);
}

absl::StatusOr<const AgencyOptions*> ReferralBook::FindProvider(
    const std::string& agency, const policy::PolicySummary& policy) const {
  for (const AgencyOptions& candidate : *agencies_) {
    if (agency.empty() && CheckProvider(candidate, policy).ok()) return &candidate;
    if (!agency.empty() && candidate.id == agency) {
      AQ_RETURN_IF_ERROR(CheckProvider(candidate, policy));
      return &candidate;
    }
  }
  if (!agency.empty()) {
    return Error(absl::StatusCode::kNotFound, reason::kAgencyNotFound, "there is no such agency");
  }
  return Error(absl::StatusCode::kFailedPrecondition, reason::kNoProvider,
               absl::StrCat("no agency gives service ", policy.service))
      .Meta("service", policy.service);
}

absl::Status ReferralBook::CheckReplaces(const CreateReferralCommand& command) {
  if (command.replaces.empty()) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(const ReferralDocument* replaced, Find(command.replaces));
  if (replaced->draft().case_id() != command.case_id) return ReferralNotFound();
  if (referral::IsEnd(replaced->state())) return absl::OkStatus();
  return Error(
      absl::StatusCode::kFailedPrecondition, reason::kStateNotAllowed,
      absl::StrCat("the referral to be replaced is ",
                   std::string(referral::StateName(replaced->state())), " and has not ended"));
}

absl::StatusOr<journal::v1::EntitlementAnswer> ReferralBook::RequireEligible(
    const std::string& policy, const model::Case& person) const {
  AQ_ASSIGN_OR_RETURN(journal::v1::EntitlementAnswer answer, catalogue_->Evaluate(policy, person));
  if (answer.result() == journal::v1::ENTITLEMENT_RESULT_ELIGIBLE) return answer;
  const std::string name = journal::v1::EntitlementResult_Name(answer.result());
  return Error(absl::StatusCode::kFailedPrecondition, reason::kNotEligible,
               absl::StrCat("the answer of policy ", policy, " is ",
                            std::string(absl::StripPrefix(name, "ENTITLEMENT_RESULT_"))))
      .Meta("policy", policy);
}

absl::StatusOr<Entry> ReferralBook::Create(const Principal& principal,
                                           const CreateReferralCommand& command,
                                           const std::string& jurisdiction, const std::string& hash,
                                           const NewReferral& place, absl::Time now) {
  AQ_RETURN_IF_ERROR(CheckDetails(command.details));
  const policy::PolicySummary* policy = catalogue_->Find(command.policy);
  if (policy == nullptr) {
    return Error(absl::StatusCode::kNotFound, reason::kPolicyNotFound, "there is no such policy");
  }
  AQ_ASSIGN_OR_RETURN(CaseView view,
                      FindCase(command.case_id, model::CivilDate::At(now), jurisdiction));
  view.folded.stated = command.details;
  AQ_ASSIGN_OR_RETURN(const AgencyOptions* agency, FindProvider(command.agency, *policy));
  AQ_RETURN_IF_ERROR(CheckReplaces(command));
  AQ_ASSIGN_OR_RETURN(journal::v1::EntitlementAnswer answer,
                      RequireEligible(command.policy, view.folded));
  AQ_ASSIGN_OR_RETURN(const journal::v1::ReferralState to,
                      referral::Next(journal::v1::REFERRAL_STATE_UNSPECIFIED, Action::kCreate,
                                     Actor::kCaseworker, ""));
  Entry entry = Begin(principal, now);
  ReferralDocument none;
  none.set_referral(NameOf('r', place.sequence));
  none.set_key(place.key);
  ReferralChanged* change = Change(none, to, "", command.request_id, hash, &entry);
  journal::v1::ReferralDraft* draft = change->mutable_draft();
  draft->set_case_id(command.case_id);
  draft->set_policy(command.policy);
  draft->set_service(policy->service);
  draft->set_agency(agency->id);
  draft->set_pseudonym(RandomName());
  *draft->mutable_entitlement() = std::move(answer);
  draft->set_replaces(command.replaces);
  for (const auto& [key, value] : command.details) (*draft->mutable_details())[key] = value;
  Take(entry);
  return entry;
}

absl::StatusOr<Entry> ReferralBook::Send(const Principal& principal,
                                         const SendReferralCommand& command,
                                         const std::string& jurisdiction, const std::string& hash,
                                         absl::Time now) {
  AQ_ASSIGN_OR_RETURN(const ReferralDocument* document,
                      FindVisible(command.referral, jurisdiction));
  if (command.etag != ReferralEtag(*document)) return EtagMismatch();
  AQ_ASSIGN_OR_RETURN(const journal::v1::ReferralState to,
                      referral::Next(document->state(), Action::kSend, Actor::kCaseworker, ""));
  if (command.legal_basis != kStatutoryDuty) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kNoLegalBasis,
                 "only STATUTORY_DUTY can be recorded as legal basis");
  }
  if (command.basis_reference.empty() || command.basis_reference.size() > kReferenceBytes) {
    return InvalidField("basis_reference", "must name the law and article in 1 to 500 bytes");
  }
  if (!command.notice_given) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kNoLegalBasis,
                 "the person must have been given notice");
  }
  Entry entry = Begin(principal, now);
  ReferralChanged* change = Change(*document, to, "", command.request_id, hash, &entry);
  AQ_RETURN_IF_ERROR(Disclose(*document, document->draft(),
                              {command.legal_basis, command.basis_reference, command.notice_given},
                              now, change));
  Take(entry);
  return entry;
}

namespace {

model::Case FoldWithoutPolice(const CaseView& view) {
  journal::v1::PersonDocument person;
  person.set_person(view.document.person());
  for (const journal::v1::PersonRecord& record : view.document.records()) {
    switch (record.record().kind()) {
      case adapter::v1::RECORD_KIND_REGISTER:
      case adapter::v1::RECORD_KIND_ORDER:
      case adapter::v1::RECORD_KIND_TEST:
        break;
      default:
        *person.add_records() = record;
    }
  }
  return model::FoldCase(person, view.folded.as_of);
}

}  // namespace

absl::Status ReferralBook::Disclose(const ReferralDocument& referral,
                                    const journal::v1::ReferralDraft& draft, const Basis& basis,
                                    absl::Time now, ReferralChanged* change) {
  const std::map<std::string, std::string> details(draft.details().begin(), draft.details().end());
  AQ_ASSIGN_OR_RETURN(CaseView view, FindCase(draft.case_id(), model::CivilDate::At(now), ""));
  view.folded.stated = details;
  AQ_RETURN_IF_ERROR(RequireEligible(draft.policy(), view.folded).status());
  // What leaves is decided without the police's records: neither their presence nor their content
  // may show.
  model::Case outward = FoldWithoutPolice(view);
  outward.stated = details;
  const absl::StatusOr<journal::v1::EntitlementAnswer> answer =
      RequireEligible(draft.policy(), outward);
  if (!answer.ok()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kViewIncomplete,
                 "the entitlement rests on a birth date or sex that only the police state; another "
                 "agency must state it before the request can leave");
  }
  const policy::PolicySummary* policy = catalogue_->Find(draft.policy());
  if (policy == nullptr) {
    return Error(absl::StatusCode::kNotFound, reason::kPolicyNotFound, "there is no such policy");
  }
  AQ_ASSIGN_OR_RETURN(const referral::BuiltView built,
                      referral::BuildView(*policy, *answer, outward, details, basis.reference));
  exchange::v1::Delivery delivery;
  *delivery.mutable_request() = built.request;
  journal::v1::Disclosure* disclosure = change->mutable_disclosure();
  disclosure->set_disclosure(RandomName());
  disclosure->set_agency(draft.agency());
  disclosure->set_purpose(absl::StrCat("referral:", policy->service));
  disclosure->set_basis(basis.basis);
  disclosure->set_basis_reference(basis.reference);
  disclosure->set_view(built.name);
  disclosure->set_view_salt(RandomBytes(16));
  disclosure->set_view_hash(
      Sha256(absl::StrCat(disclosure->view_salt(), Canonical(built.request))));
  for (const std::string& field : built.fields) disclosure->add_fields(field);
  disclosure->set_notice_given(basis.notice_given);
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
  const auto agency = std::find_if(
      agencies_->begin(), agencies_->end(),
      [&](const AgencyOptions& candidate) { return candidate.id == referral.draft().agency(); });
  if (agency == agencies_->end()) {
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
  queued->set_delivery(id);
  queued->set_agency(agency->id);
  queued->set_envelope(Canonical(delivery));
  return absl::OkStatus();
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
  if (change->to_state() == journal::v1::REFERRAL_STATE_CANCEL_REQUESTED) {
    delivery.mutable_cancellation()->set_reason(reason_text);
  } else {
    delivery.mutable_closure();
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
                       document.disclosure().notice_given()};
        }
        return true;
      }));
  if (last.has_value()) return *std::move(last);
  return Error(absl::StatusCode::kFailedPrecondition, reason::kNoLegalBasis,
               "nothing was disclosed for this referral before");
}

absl::StatusOr<Entry> ReferralBook::Move(const Principal& principal,
                                         const MoveReferralCommand& command,
                                         const std::string& jurisdiction, const std::string& hash,
                                         absl::Time now) {
  AQ_RETURN_IF_ERROR(CheckDetails(command.details));
  if (command.action == Action::kSend || command.action == Action::kCreate) {
    return InvalidField("action", "has a method of its own");
  }
  AQ_ASSIGN_OR_RETURN(const ReferralDocument* document,
                      FindVisible(command.referral, jurisdiction));
  if (command.etag != ReferralEtag(*document)) return EtagMismatch();
  const Actor actor = principal.role() == "supervisor" ? Actor::kSupervisor : Actor::kCaseworker;
  AQ_ASSIGN_OR_RETURN(const journal::v1::ReferralState to,
                      referral::Next(document->state(), command.action, actor, command.reason));
  Entry entry = Begin(principal, now);
  ReferralChanged* change = Change(*document, to, command.reason, command.request_id, hash, &entry);
  if (command.action == Action::kSupplyInformation) {
    journal::v1::ReferralDraft draft = document->draft();
    for (const auto& [key, value] : command.details) (*draft.mutable_details())[key] = value;
    AQ_RETURN_IF_ERROR(CheckDetails({draft.details().begin(), draft.details().end()}));
    AQ_ASSIGN_OR_RETURN(const Basis basis, LastBasis(*document));
    AQ_RETURN_IF_ERROR(Disclose(*document, draft, basis, now, change));
    *change->mutable_draft() = std::move(draft);
  } else {
    AQ_RETURN_IF_ERROR(QueueNotice(*document, command.reason, change));
  }
  Take(entry);
  return entry;
}

absl::StatusOr<Entry> ReferralBook::Answer(const AnswerCommand& command, absl::Time now) {
  const AnswerReferralRequest& request = *command.request;
  const exchange::v1::ReferralAnswer& answer = request.answer();
  const std::string pseudonym(absl::StripPrefix(request.referral(), "referrals/"));
  if (request.request_id().empty() || request.request_id().size() > 400) {
    return InvalidField("request_id", "must be given");
  }
  if (pseudonym.empty() || pseudonym.size() > 64 || pseudonym.find('\0') != std::string::npos) {
    return ReferralNotFound();
  }
  const std::optional<Action> action = ToAction(answer.action());
  if (!action.has_value()) return InvalidField("answer.action", "must be one of the actions");
  const absl::StatusOr<std::string> id =
      snapshot_->Get(store::PseudonymKey(command.agency, pseudonym));
  if (absl::IsNotFound(id.status())) return ReferralNotFound();
  AQ_RETURN_IF_ERROR(id.status());
  AQ_ASSIGN_OR_RETURN(const ReferralDocument* document, Find(*id));
  // A draft has not left the house: its recipient does not know it.
  if (document->outward_version() == 0) return ReferralNotFound();
  if (!KnowsState(*document, request.etag(), command.native)) return EtagMismatch();
  AQ_ASSIGN_OR_RETURN(
      const journal::v1::ReferralState to,
      referral::Next(document->state(), *action, Actor::kRecipient, answer.reason()));
  Entry entry = Begin(AgencyPrincipal(command.agency), now);
  ReferralChanged* change =
      Change(*document, to, answer.reason(), request.request_id(), command.hash, &entry);
  if (*action == Action::kHold) {
    if (!IsDay(answer.resume_date())) return InvalidField("answer.resume_date", "must be a day");
    *change->mutable_resume_date() = answer.resume_date();
  }
  if (*action == Action::kReportOutcome) {
    AQ_RETURN_IF_ERROR(CheckOutcome(answer.outcome(), now));
    Record(answer.outcome(), change->mutable_outcome());
  }
  Take(entry);
  return entry;
}

void ReferralBook::Take(const Entry& entry) {
  FoldReferral(entry, &documents_[entry.referral_changed().referral()]);
}

}  // namespace anqiao::engine
