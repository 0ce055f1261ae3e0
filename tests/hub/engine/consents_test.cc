// Consents, and the gate: whole or not at all.

#include <set>

#include "hub/engine/referral_book.h"
#include "hub/engine/values.h"
#include "tests/hub/engine/timetable_fixture.h"

namespace anqiao::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using journal::v1::ConsentDocument;
using referral::Action;

// Everything that the view of training may hold.
const std::vector<std::string>& AllFields() {
  static const auto& fields = *new std::vector<std::string>{
      "beneficiary.name", "beneficiary.id_number", "certificate_number", "course", "phone"};
  return fields;
}

class ConsentsTest : public TimetableFixture {
 protected:
  CreateConsentCommand Terms(const std::string& person) {
    CreateConsentCommand command;
    command.request_id = absl::StrCat("consent-", ++requests_);
    command.case_id = person;
    command.agency = "workshop";
    command.purpose = "referral:workshop";
    command.fields = AllFields();
    command.expire_date = model::CivilDate::Of(2026, 12, 31);
    command.evidence = "档案 2026-17";
    return command;
  }
  std::string Consent(const CreateConsentCommand& command) {
    const auto consent = engine_->CreateConsent(User(), command, "");
    EXPECT_TRUE(consent.ok()) << consent.status();
    return consent.ok() ? consent->consent().consent() : "";
  }
  ReferralDocument WorkshopDraft(const std::string& person) {
    CreateReferralCommand command = Draft(person);
    command.policy = kWorkshop;
    const auto draft = engine_->CreateReferral(User(), command, "");
    EXPECT_TRUE(draft.ok()) << draft.status();
    return draft.ok() ? *draft : ReferralDocument();
  }
  SendReferralCommand With(const ReferralDocument& draft, const std::string& consent) {
    SendReferralCommand command = Sending(draft);
    command.legal_basis = "CONSENT";
    command.consent = consent;
    command.notice_given = false;
    return command;
  }
  absl::StatusOr<ConsentDocument> Withdraw(const std::string& consent) {
    return engine_->WithdrawConsent(
        User(), {.request_id = absl::StrCat("withdraw-", ++requests_), .consent = consent}, "");
  }
};

TEST_P(ConsentsTest, AnEmployerIsToldOnlyWithAConsentThatCoversIt) {
  const std::string person = AddPerson();
  const std::string other = AddPerson(2);
  const ReferralDocument draft = WorkshopDraft(person);
  const std::string good = Consent(Terms(person));
  const auto terms = [&](const std::function<void(CreateConsentCommand*)>& change) {
    CreateConsentCommand command = Terms(person);
    change(&command);
    return Consent(command);
  };
  const std::string of_other = Consent(Terms(other));
  const std::string recipient = terms([](auto* c) { c->agency = "employment"; });
  const std::string purpose = terms([](auto* c) { c->purpose = "referral:skills"; });
  const std::string field = terms([](auto* c) {
    c->fields = {"beneficiary.name", "beneficiary.id_number", "phone"};
  });
  const std::string withdrawn = terms([](auto*) {});
  AQ_ASSERT_OK(Withdraw(withdrawn).status());
  const auto before = Everything();
  const auto why = [&](const SendReferralCommand& command) {
    const absl::Status status = engine_->SendReferral(User(), command, "").status();
    EXPECT_EQ(Everything(), before) << status;
    return ReasonOf(status);
  };
  EXPECT_EQ(why(Sending(draft)), reason::kConsentRequired);
  EXPECT_EQ(why(With(draft, "")), reason::kNoLegalBasis);
  EXPECT_EQ(why(With(draft, "cnone")), reason::kConsentNotFound);
  EXPECT_EQ(why(With(draft, of_other)), reason::kConsentNotFound);
  EXPECT_EQ(why(With(draft, recipient)), reason::kConsentInsufficient);
  EXPECT_EQ(why(With(draft, purpose)), reason::kConsentInsufficient);
  EXPECT_EQ(why(With(draft, field)), reason::kConsentInsufficient);
  EXPECT_EQ(why(With(draft, withdrawn)), reason::kConsentEnded);
  const auto sent = engine_->SendReferral(User(), With(draft, good), "");
  ASSERT_TRUE(sent.ok()) << sent.status();
  EXPECT_EQ(sent->consent(), good);
  const auto ledger = engine_->ListDisclosures(person, "", 10, "");
  ASSERT_EQ(ledger->items.size(), 1U);
  EXPECT_EQ(ledger->items[0].disclosure().consent(), good);
  EXPECT_EQ(ledger->items[0].disclosure().basis(), "CONSENT");
  ExpectVerified();
}

TEST_P(ConsentsTest, WithdrawingRevokesWhatRestsOnItInTheSameEntry) {
  const std::string person = AddPerson();
  const std::string consent = Consent(Terms(person));
  const std::string kept = Consent(Terms(person));
  std::vector<ReferralDocument> resting;
  for (int i = 0; i < 2; ++i) {
    resting.push_back(*engine_->SendReferral(User(), With(WorkshopDraft(person), consent), ""));
  }
  const ReferralDocument on_other =
      *engine_->SendReferral(User(), With(WorkshopDraft(person), kept), "");
  const ReferralDocument statutory = SendOne(person);
  const ReferralDocument draft = WorkshopDraft(person);
  TakeAll("workshop");
  TakeAll();
  Answered(resting[0], exchange::v1::ANSWER_ACTION_ACCEPT);
  Answered(resting[0], exchange::v1::ANSWER_ACTION_START);
  const ReferralDocument declined =
      *engine_->SendReferral(User(), With(WorkshopDraft(person), consent), "");
  Answered(declined, exchange::v1::ANSWER_ACTION_DECLINE, "NO_VACANCY");
  TakeAll("workshop");

  const store::Sequence before = engine_->Counts().synced;
  const auto ended = Withdraw(consent);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(engine_->Counts().synced, before + 1);
  EXPECT_THAT(ended->revoked_referrals(),
              ElementsAre(resting[0].referral(), resting[1].referral()));
  for (const ReferralDocument& one : resting) {
    const ReferralDocument now = Get(one);
    EXPECT_EQ(now.state(), journal::v1::REFERRAL_STATE_REVOKED);
    EXPECT_EQ(now.history(now.history_size() - 1).principal().name(), "hub");
    EXPECT_THAT(now.deadlines(), IsEmpty());
  }
  EXPECT_EQ(StateOf(statutory), journal::v1::REFERRAL_STATE_SENT);
  EXPECT_EQ(StateOf(on_other), journal::v1::REFERRAL_STATE_SENT);
  EXPECT_EQ(StateOf(draft), journal::v1::REFERRAL_STATE_DRAFT);
  EXPECT_EQ(StateOf(declined), journal::v1::REFERRAL_STATE_DECLINED);

  const auto told = TakeAll("workshop");
  ASSERT_EQ(told.size(), 2U);
  for (const exchange::v1::Delivery& delivery : told) {
    EXPECT_TRUE(delivery.has_withdrawal());
    EXPECT_THAT(delivery.DebugString(), Not(HasSubstr("REVOKED")));
    EXPECT_THAT(delivery.DebugString(), Not(HasSubstr("CONSENT")));
  }
  EXPECT_THAT(TakeAll(), IsEmpty());
  const absl::Status late =
      AnswerWith(resting[0], exchange::v1::ANSWER_ACTION_HOLD, "WAITING_FOR_PLACE").status();
  EXPECT_EQ(late.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(late.ToString(), HasSubstr("WITHDRAWN"));
  EXPECT_THAT(late.ToString(), Not(HasSubstr("REVOKED")));
  EXPECT_EQ(ReasonOf(Withdraw(consent).status()), reason::kConsentEnded);
  ExpectVerified();
  Restart();
  EXPECT_EQ(StateOf(resting[1]), journal::v1::REFERRAL_STATE_REVOKED);
  EXPECT_EQ(StateOf(statutory), journal::v1::REFERRAL_STATE_SENT);
  EXPECT_EQ(engine_->ListConsents(person, "", 10, "")->items.size(), 2U);
  ExpectVerified();
}

TEST_P(ConsentsTest, AConsentRunsOutByItself) {
  const std::string person = AddPerson();
  CreateConsentCommand terms = Terms(person);
  terms.expire_date = model::CivilDate::Of(2026, 9, 22);
  const std::string consent = Consent(terms);
  const ReferralDocument sent =
      *engine_->SendReferral(User(), With(WorkshopDraft(person), consent), "");
  GoTo(2026, 9, 22);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_SENT);
  // A moment past its last day it is refused, whether or not the timer has fired.
  const ReferralDocument draft = WorkshopDraft(person);
  clock_.Set(model::EndOf(model::CivilDate::Of(2026, 9, 22)));
  EXPECT_EQ(ReasonOf(engine_->SendReferral(User(), With(draft, consent), "").status()),
            reason::kConsentEnded);
  GoTo(2026, 9, 23);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_REVOKED);
  const auto ended = engine_->GetConsent(consent, "");
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_TRUE(ended->expired());
  ExpectVerified();
}

TEST_P(ConsentsTest, ChecksItsTerms) {
  const std::string person = AddPerson();
  const auto before = Everything();
  const auto why = [&](const std::function<void(CreateConsentCommand*)>& change) {
    CreateConsentCommand command = Terms(person);
    change(&command);
    const absl::Status status = engine_->CreateConsent(User(), command, "").status();
    EXPECT_EQ(Everything(), before);
    return ReasonOf(status);
  };
  EXPECT_EQ(why([](auto* c) { c->purpose = "anything"; }), reason::kInvalidField);
  EXPECT_EQ(why([](auto* c) { c->purpose = "referral:"; }), reason::kInvalidField);
  EXPECT_EQ(why([](auto* c) { c->fields = {"drug_type"}; }), reason::kInvalidField);
  EXPECT_EQ(why([](auto* c) { c->fields.clear(); }), reason::kInvalidField);
  EXPECT_EQ(why([](auto* c) { c->evidence.clear(); }), reason::kInvalidField);
  EXPECT_EQ(why([](auto* c) { c->expire_date = model::CivilDate::Of(2026, 9, 20); }),
            reason::kInvalidField);
  EXPECT_EQ(why([](auto* c) { c->agency = "nobody"; }), reason::kAgencyNotFound);
  EXPECT_EQ(why([](auto* c) { c->case_id = "pnone"; }), reason::kCaseNotFound);
  // A repeat answers as before, other content is a conflict.
  const CreateConsentCommand terms = Terms(person);
  const std::string consent = Consent(terms);
  EXPECT_EQ(Consent(terms), consent);
  CreateConsentCommand other = terms;
  other.fields = {"phone"};
  EXPECT_EQ(ReasonOf(engine_->CreateConsent(User(), other, "").status()),
            reason::kRequestIdConflict);
  // Of another jurisdiction it is not there.
  EXPECT_EQ(ReasonOf(engine_->GetConsent(consent, "330").status()), reason::kConsentNotFound);
}

TEST_P(ConsentsTest, AtTheGateNothingHasHappenedWhateverStepFails) {
  const std::string person = AddPerson();
  const std::string consent = Consent(Terms(person));
  const ReferralDocument draft = WorkshopDraft(person);
  const ReferralDocument supplied = SendOne(person);
  TakeAll();
  Answered(supplied, exchange::v1::ANSWER_ACTION_REQUEST_INFORMATION, "DOCUMENT_MISSING");
  const SendReferralCommand send = With(draft, consent);
  MoveReferralCommand supply = Moving(Get(supplied), Action::kSupplyInformation);
  std::set<std::string> hit;
  const std::string* failing = nullptr;
  options_.test_hooks.at_gate = [&](absl::string_view step) -> absl::Status {
    hit.emplace(step);
    if (failing != nullptr && *failing == step) return absl::UnavailableError("injected");
    return absl::OkStatus();
  };
  Restart();
  const auto before = Everything();
  for (const std::string step : kGateSteps) {
    SCOPED_TRACE(step);
    failing = &step;
    EXPECT_EQ(engine_->SendReferral(User(), send, "").status().code(),
              absl::StatusCode::kUnavailable);
    EXPECT_EQ(Everything(), before);
    EXPECT_EQ(engine_->MoveReferral(User(), supply, "").status().code(),
              absl::StatusCode::kUnavailable);
    EXPECT_EQ(Everything(), before);
    EXPECT_EQ(StateOf(draft), journal::v1::REFERRAL_STATE_DRAFT);
  }
  EXPECT_EQ(hit, std::set<std::string>(std::begin(kGateSteps), std::end(kGateSteps)));
  failing = nullptr;
  // Nor if the entry cannot be written.
  store_->FillDisk(1);
  EXPECT_EQ(engine_->SendReferral(User(), send, "").status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Everything(), before);
  EXPECT_EQ(engine_->ListDisclosures(person, "", 10, "")->items.size(), 1U);
  EXPECT_THAT(TakeAll("workshop"), IsEmpty());
  // The request ids are not used up.
  AQ_EXPECT_OK(engine_->SendReferral(User(), send, "").status());
  AQ_EXPECT_OK(engine_->MoveReferral(User(), supply, "").status());
  EXPECT_EQ(TakeAll("workshop").size(), 1U);
  ExpectVerified();
}

INSTANTIATE_TEST_SUITE_P(Stores, ConsentsTest, ::testing::Bool());

}  // namespace
}  // namespace anqiao::engine
