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
#include "hub/engine/outward_case.h"
#include "hub/engine/person.h"
#include "hub/engine/referral_fold.h"
#include "hub/engine/values.h"
#include "hub/referral/reasons.h"
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

constexpr std::size_t kReferenceBytes = 500;
constexpr std::size_t kDetailsMax = 50;
constexpr std::size_t kCodeBytes = 63;
constexpr std::int64_t kAmountFenMax = 1'000'000'000'000;
constexpr std::int32_t kContractMonthsMax = 1200;

absl::Status EtagMismatch() {
  return Error(absl::StatusCode::kAborted, reason::kEtagMismatch,
               "the etag is not the current one: read again and retry");
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
    case exchange::v1::ANSWER_ACTION_REPORT_PROGRESS:
      return Action::kReportProgress;
    default:
      return std::nullopt;
  }
}

// The hub acts for itself, everybody else by their role.
Actor ActorOf(const Principal& principal) {
  return principal.kind() == journal::v1::PRINCIPAL_KIND_HUB ? Actor::kHub
                                                             : referral::ActorOf(principal.role());
}

bool IsDay(const type::v1::CivilDate& proto) {
  const model::CivilDate date = model::CivilDate::FromProto(proto);
  return date.has_day() && model::CivilDate::Parse(date.ToString()).has_value();
}

absl::Status CheckContract(const exchange::v1::Outcome& outcome) {
  if (!exchange::v1::ContractType_IsValid(outcome.contract_type())) {
    return InvalidField("answer.outcome.contract_type", "must be one of the contract types");
  }
  const bool fixed = outcome.contract_type() == exchange::v1::CONTRACT_TYPE_FIXED_TERM;
  const bool open = outcome.contract_type() == exchange::v1::CONTRACT_TYPE_OPEN_ENDED;
  if ((fixed && outcome.contract_months() == 0) || (open && outcome.contract_months() != 0)) {
    return InvalidField("answer.outcome.contract_months",
                        "must be given for a fixed term, and not for an open-ended contract");
  }
  return absl::OkStatus();
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
  if (!outcome.reason().empty() &&
      referral::FindReason(Action::kReportOutcome, outcome.reason()) == nullptr) {
    return InvalidField("answer.outcome.reason", "is not a code of REPORT_OUTCOME");
  }
  AQ_RETURN_IF_ERROR(CheckContract(outcome));
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
  if (outcome.contract_type() != exchange::v1::CONTRACT_TYPE_UNSPECIFIED) {
    const std::string type = exchange::v1::ContractType_Name(outcome.contract_type());
    record->set_contract_type(std::string(absl::StripPrefix(type, "CONTRACT_TYPE_")));
  }
  if (outcome.has_valid_from_date()) *record->mutable_valid_from_date() = outcome.valid_from_date();
  if (outcome.has_valid_to_date()) *record->mutable_valid_to_date() = outcome.valid_to_date();
}

// An answer that would end a referral, and that crosses the request to cancel it.
bool Crosses(const ReferralDocument& referral, Action action) {
  return referral.state() == journal::v1::REFERRAL_STATE_CANCEL_REQUESTED &&
         (action == Action::kDecline || action == Action::kFail ||
          action == Action::kReportOutcome);
}

// An etag that the recipient can know: the current one; for native answers also those since the
// hub's last word, which only the recipient's own answers have moved on; and for what crosses a
// cancellation the one before it.
bool KnowsState(const ReferralDocument& referral, const std::string& etag, Action action,
                bool native) {
  if (etag == OutwardEtag(referral)) return true;
  if (Crosses(referral, action) &&
      etag == OutwardEtagAt(referral.draft().pseudonym(), referral.outward_version() - 1)) {
    return true;
  }
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

bool OnMinimumLiving(const model::Case& person) {
  return std::any_of(
      person.household_reliefs.begin(), person.household_reliefs.end(), [&](const auto& stated) {
        const model::CivilDate to = model::CivilDate::FromProto(stated.fact.to_month());
        return (stated.fact.kind() == journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING ||
                stated.fact.kind() == journal::v1::RELIEF_KIND_RURAL_MINIMUM_LIVING) &&
               (to.empty() || person.as_of <= to.LastDay());
      });
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

Entry ReferralBook::Begin(const Principal& principal, absl::Time now) {
  Entry entry;
  SetTime(now, entry.mutable_commit_time());
  *entry.mutable_principal() = principal;
  return entry;
}

void ReferralBook::FillChange(const ReferralDocument& referral, journal::v1::ReferralState to,
                              const std::string& reason_text, ReferralChanged* change) {
  change->set_referral(referral.referral());
  change->set_version(referral.version() + 1);
  change->set_from_state(referral.state());
  change->set_to_state(to);
  change->set_reason(reason_text);
}

ReferralChanged* ReferralBook::Change(const ReferralDocument& referral,
                                      journal::v1::ReferralState to, const std::string& reason_text,
                                      const std::string& request_id, const std::string& hash,
                                      Entry* entry) {
  ReferralChanged* change = entry->mutable_referral_changed();
  FillChange(referral, to, reason_text, change);
  change->set_request_id(request_id);
  change->set_request_hash(hash);
  entry->set_key(referral.key());
  return change;
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
  AQ_ASSIGN_OR_RETURN(auto person, ReadPerson(*snapshot_, case_id));
  if (person.has_value()) {
    CaseView view;
    view.document = *std::move(person);
    view.folded = model::FoldCase(view.document, as_of);
    if (InJurisdiction(view.folded, jurisdiction)) return view;
  }
  return Error(absl::StatusCode::kNotFound, reason::kCaseNotFound, "there is no such case");
}

const AgencyOptions* ReferralBook::FindAgency(const std::string& id) const {
  const auto found =
      std::find_if(options_->agencies.begin(), options_->agencies.end(),
                   [&](const AgencyOptions& candidate) { return candidate.id == id; });
  return found == options_->agencies.end() ? nullptr : &*found;
}

absl::Status ReferralBook::CheckReplaces(const CreateReferralCommand& command) {
  if (command.replaces.empty()) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(const ReferralDocument* replaced, Find(command.replaces));
  AQ_ASSIGN_OR_RETURN(const bool same,
                      SamePerson(*snapshot_, replaced->draft().case_id(), command.case_id));
  if (!same) return ReferralNotFound();
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

absl::StatusOr<journal::v1::EntitlementAnswer> ReferralBook::RequireEntitled(
    const std::string& policy, CaseView view, const std::map<std::string, std::string>& details,
    const std::string& anchor, absl::Time now) const {
  view.folded.stated = details;
  absl::StatusOr<journal::v1::EntitlementAnswer> eligible = RequireEligible(policy, view.folded);
  if (eligible.ok()) return eligible;
  // What the other agencies' records give is not kept back because of the police's.
  AQ_ASSIGN_OR_RETURN(model::Case outward,
                      OutwardCase(*snapshot_, ModelOf(*options_).model, view.document, anchor,
                                  model::CivilDate::At(now)));
  outward.stated = details;
  absl::StatusOr<journal::v1::EntitlementAnswer> answer = RequireEligible(policy, outward);
  return answer.ok() ? std::move(answer) : std::move(eligible);
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
  AQ_RETURN_IF_ERROR(CheckReplaces(command));
  AQ_ASSIGN_OR_RETURN(const Routing routing,
                      RouteFor(*policy, view.document, command.route(), now));
  if (routing.agency == nullptr) return NoProvider(*policy, routing);
  journal::v1::ReferralDraft draft;
  FillRoute(routing, &draft);
  AQ_ASSIGN_OR_RETURN(
      *draft.mutable_entitlement(),
      RequireEntitled(command.policy, std::move(view), command.details, AnchorOf(draft), now));
  draft.set_case_id(command.case_id);
  draft.set_policy(command.policy);
  draft.set_service(policy->service);
  draft.set_replaces(command.replaces);
  for (const auto& [key, value] : command.details) (*draft.mutable_details())[key] = value;
  return Draft(principal, place, std::move(draft), command.request_id, hash, now);
}

absl::StatusOr<Entry> ReferralBook::Draft(const Principal& principal, const NewReferral& place,
                                          journal::v1::ReferralDraft draft,
                                          const std::string& request_id, const std::string& hash,
                                          absl::Time now) {
  AQ_ASSIGN_OR_RETURN(const journal::v1::ReferralState to,
                      referral::Next(journal::v1::REFERRAL_STATE_UNSPECIFIED, Action::kCreate,
                                     ActorOf(principal), ""));
  Entry entry = Begin(principal, now);
  ReferralDocument none;
  none.set_referral(NameOf('r', place.sequence));
  none.set_key(place.key);
  ReferralChanged* change = Change(none, to, "", request_id, hash, &entry);
  draft.set_pseudonym(RandomName());
  none.mutable_draft()->set_policy(draft.policy());
  none.mutable_draft()->set_service(draft.service());
  none.mutable_draft()->set_case_id(draft.case_id());
  *change->mutable_draft() = std::move(draft);
  Follow(none, nullptr, now, change);
  // Said before it happens: this may become the refusal with consequences.
  AQ_RETURN_IF_ERROR(CountRefusal(none, false, false, now, change));
  AQ_RETURN_IF_ERROR(Take(entry));
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
                      referral::Next(document->state(), Action::kSend, ActorOf(principal), ""));
  if (command.basis_reference.empty() || command.basis_reference.size() > kReferenceBytes) {
    return InvalidField("basis_reference", "must name the law and article in 1 to 500 bytes");
  }
  Entry entry = Begin(principal, now);
  ReferralChanged* change = Change(*document, to, "", command.request_id, hash, &entry);
  AQ_RETURN_IF_ERROR(Disclose(
      *document, document->draft(),
      {command.legal_basis, command.basis_reference, command.notice_given, command.consent}, now,
      change));
  Follow(*document, nullptr, now, change);
  AQ_RETURN_IF_ERROR(Step("move"));
  AQ_RETURN_IF_ERROR(Take(entry));
  return entry;
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
  AQ_ASSIGN_OR_RETURN(
      const journal::v1::ReferralState to,
      referral::Next(document->state(), command.action, ActorOf(principal), command.reason));
  Entry entry = Begin(principal, now);
  ReferralChanged* change = Change(*document, to, command.reason, command.request_id, hash, &entry);
  if (to == document->state()) change->set_action(std::string(ActionName(command.action)));
  if (command.action == Action::kSupplyInformation) {
    journal::v1::ReferralDraft draft = document->draft();
    for (const auto& [key, value] : command.details) (*draft.mutable_details())[key] = value;
    AQ_RETURN_IF_ERROR(CheckDetails({draft.details().begin(), draft.details().end()}));
    AQ_ASSIGN_OR_RETURN(const Basis basis, LastBasis(*document));
    AQ_RETURN_IF_ERROR(Disclose(*document, draft, basis, now, change));
    *change->mutable_draft() = std::move(draft);
    AQ_RETURN_IF_ERROR(Step("move"));
  } else if (command.action == Action::kRecordCheck) {
    AQ_RETURN_IF_ERROR(RecordCheck(*document, command.reason, change));
  } else {
    AQ_RETURN_IF_ERROR(QueueNotice(*document, command.reason, change));
  }
  Follow(*document, referral::FindReason(command.action, command.reason), now, change);
  AQ_RETURN_IF_ERROR(Take(entry));
  return entry;
}

absl::Status ReferralBook::RecordCheck(const ReferralDocument& referral, const std::string& result,
                                       ReferralChanged* change) const {
  for (const journal::v1::Escalation& escalation : referral.escalations()) {
    if (escalation.kind() != journal::v1::ESCALATION_KIND_CHECK || escalation.settled()) continue;
    change->mutable_check()->set_days(escalation.check_days());
    change->mutable_check()->set_result(result);
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kFailedPrecondition, reason::kStateNotAllowed,
               "no retention check of the referral is due");
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
  if (!KnowsState(*document, request.etag(), *action, command.native)) return EtagMismatch();
  AQ_ASSIGN_OR_RETURN(
      const journal::v1::ReferralState to,
      referral::Next(document->state(), *action, Actor::kRecipient, answer.reason()));
  Entry entry = Begin(AgencyPrincipal(command.agency), now);
  ReferralChanged* change =
      Change(*document, to, answer.reason(), request.request_id(), command.hash, &entry);
  if (to == document->state()) change->set_action(std::string(ActionName(*action)));
  AQ_RETURN_IF_ERROR(FillAnswer(*document, *action, answer, now, change));
  AQ_RETURN_IF_ERROR(Take(entry));
  return entry;
}

absl::Status ReferralBook::FillAnswer(const ReferralDocument& referral, Action action,
                                      const exchange::v1::ReferralAnswer& answer, absl::Time now,
                                      ReferralChanged* change) {
  const referral::ReasonCode* reason = referral::FindReason(action, answer.reason());
  if (action == Action::kHold) {
    if (!IsDay(answer.resume_date())) return InvalidField("answer.resume_date", "must be a day");
    *change->mutable_resume_date() = answer.resume_date();
  }
  if (action == Action::kReportProgress && answer.has_appointment_date()) {
    if (!IsDay(answer.appointment_date())) {
      return InvalidField("answer.appointment_date", "must be a day");
    }
    *change->mutable_appointment_date() = answer.appointment_date();
  }
  bool taken_up = false;
  if (action == Action::kReportOutcome) {
    AQ_RETURN_IF_ERROR(CheckOutcome(answer.outcome(), now));
    Record(answer.outcome(), change->mutable_outcome());
    if (reason == nullptr) reason = referral::FindReason(action, answer.outcome().reason());
    taken_up = answer.outcome().code() != exchange::v1::OUTCOME_CODE_DID_NOT_ATTEND &&
               answer.outcome().code() != exchange::v1::OUTCOME_CODE_NOT_GRANTED;
  }
  Follow(referral, reason, now, change);
  // What crosses a cancellation is only recorded.
  if (change->to_state() == referral.state()) return absl::OkStatus();
  const bool refused = reason != nullptr && reason->refusal;
  return refused || taken_up ? CountRefusal(referral, refused, taken_up, now, change)
                             : absl::OkStatus();
}

policy::Deadlines ReferralBook::OwnDeadlines(const std::string& policy) const {
  const policy::PolicySummary* summary = catalogue_->Find(policy);
  return summary == nullptr ? policy::Deadlines() : summary->deadlines;
}

void ReferralBook::Follow(const ReferralDocument& referral, const referral::ReasonCode* reason,
                          absl::Time now, ReferralChanged* change) const {
  const referral::Timetable* timetable = options_->timetable;
  if (reason != nullptr) {
    change->set_follow_up(reason->follows);
    if (reason->follows == journal::v1::FOLLOW_UP_PARK && timetable != nullptr) {
      *change->mutable_parked_until_date() =
          model::CivilDate::At(now).AddDays(timetable->rules.park_days).ToProto();
    }
  }
  journal::v1::DeadlineSet set;
  if (AsksNextProvider(referral, reason, *change)) {
    journal::v1::Deadline* next = set.add_deadlines();
    next->set_kind(journal::v1::DEADLINE_KIND_NEXT_PROVIDER);
    // The index of what comes due knows no more than microseconds.
    SetTime(absl::FromUnixMicros(absl::ToUnixMicros(now)), next->mutable_due_time());
    *change->mutable_deadlines() = std::move(set);
    return;
  }
  const bool moved = change->to_state() != referral.state();
  if (timetable == nullptr || (!moved && change->action() != "REPORT_PROGRESS")) return;
  if (change->to_state() == journal::v1::REFERRAL_STATE_CLOSED) {
    set = referral::ChecksAfter(*timetable, referral.outcome().code(),
                                model::CivilDate::FromProto(referral.outcome().date()));
  } else {
    set = referral::DeadlinesOf(*timetable, OwnDeadlines(referral.draft().policy()),
                                change->to_state(), now,
                                model::CivilDate::FromProto(change->resume_date()));
  }
  if (set.deadlines_size() > 0) *change->mutable_deadlines() = std::move(set);
}

absl::StatusOr<int> ReferralBook::RefusalsOf(const std::string& case_id) const {
  if (const auto it = refusals_.find(case_id); it != refusals_.end()) return it->second;
  AQ_ASSIGN_OR_RETURN(const auto person, ReadPerson(*snapshot_, case_id));
  return person.has_value() ? person->refusals_in_a_row() : 0;
}

absl::Status ReferralBook::CountRefusal(const ReferralDocument& referral, bool refused,
                                        bool taken_up, absl::Time now, ReferralChanged* change) {
  const referral::Timetable* timetable = options_->timetable;
  const journal::v1::ReferralDraft& draft = referral.draft();
  if (timetable == nullptr || !timetable->rules.refusals.services.contains(draft.service())) {
    return absl::OkStatus();
  }
  AQ_ASSIGN_OR_RETURN(const std::string person, CurrentId(*snapshot_, draft.case_id()));
  AQ_ASSIGN_OR_RETURN(const int before, RefusalsOf(person));
  const int count = taken_up ? 0 : before + (refused ? 1 : 0);
  if (count == 0 && before == 0) return absl::OkStatus();
  refusals_[person] = count;
  change->mutable_refusals()->set_count(count);
  if (count + 1 < timetable->rules.refusals.consequence_at) return absl::OkStatus();
  const absl::StatusOr<CaseView> view = FindCase(draft.case_id(), model::CivilDate::At(now), "");
  if (absl::IsNotFound(view.status())) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(view.status());
  if (!OnMinimumLiving(view->folded)) return absl::OkStatus();
  change->mutable_refusals()->set_warning(true);
  change->set_escalation(journal::v1::ESCALATION_KIND_REFUSALS);
  return absl::OkStatus();
}

absl::Status ReferralBook::Take(const Entry& entry) {
  const ReferralChanged& change = entry.referral_changed();
  FoldReferral(entry, &documents_[change.referral()]);
  if (change.draft().replaces().empty() || change.version() != 1) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(ReferralDocument * replaced, Find(change.draft().replaces()));
  FoldReplaced(entry, replaced);
  return absl::OkStatus();
}

}  // namespace anqiao::engine
