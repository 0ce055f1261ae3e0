#include "hub/engine/referral_book.h"

#include "absl/strings/str_replace.h"
#include "hub/base/digest.h"
#include "hub/engine/values.h"
#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using exchange::v1::AnswerReferralRequest;
using exchange::v1::Delivery;
using referral::Action;

class ReferralsTest : public EngineOverStores {
 protected:
  std::string Answered(const AnswerReferralRequest& request) {
    const auto response = engine_->AnswerReferral("employment", request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->etag() : "";
  }
  ReferralDocument Get(const ReferralDocument& referral) {
    return *engine_->GetReferral(referral.referral(), "");
  }
  // By its latest etag.
  absl::StatusOr<ReferralDocument> Move(const ReferralDocument& referral, Action action,
                                        const std::string& reason_text = "",
                                        const std::string& role = "caseworker") {
    return engine_->MoveReferral(User("chen", role), Moving(Get(referral), action, reason_text),
                                 "");
  }
};

TEST_P(ReferralsTest, GoesTheWholeWay) {
  const std::string person = AddPerson();
  const auto draft = engine_->CreateReferral(User(), Draft(person), "");
  ASSERT_TRUE(draft.ok()) << draft.status();
  EXPECT_EQ(draft->state(), journal::v1::REFERRAL_STATE_DRAFT);
  EXPECT_EQ(draft->draft().agency(), "employment");
  const auto sent = engine_->SendReferral(User(), Sending(*draft), "");
  ASSERT_TRUE(sent.ok()) << sent.status();
  EXPECT_EQ(sent->state(), journal::v1::REFERRAL_STATE_SENT);

  DeliveryStream& stream = Receive();
  const Delivery request = NextOf(stream);
  EXPECT_EQ(request.request().training().course(), "电工");
  EXPECT_EQ(request.request().training().beneficiary().name(), "张安");
  EXPECT_EQ(request.native_format(), "requests");
  EXPECT_THAT(request.native(), HasSubstr("电工"));
  EXPECT_EQ(request.referral(), "referrals/" + sent->draft().pseudonym());
  EXPECT_THAT(request.DebugString(), Not(HasSubstr("P1")));
  EXPECT_THAT(request.DebugString(), Not(HasSubstr(person)));
  AQ_ASSERT_OK(stream.Ack(request.name()));
  EXPECT_TRUE(Get(*sent).has_delivered_time());

  std::string etag = Answered(Answer(*sent, exchange::v1::ANSWER_ACTION_ACCEPT, request.etag()));
  EXPECT_NE(etag, request.etag());
  etag = Answered(Answer(*sent, exchange::v1::ANSWER_ACTION_START, etag));
  AnswerReferralRequest outcome = Answer(*sent, exchange::v1::ANSWER_ACTION_REPORT_OUTCOME, etag);
  outcome.mutable_answer()->mutable_outcome()->set_code(exchange::v1::OUTCOME_CODE_TRAINED);
  *outcome.mutable_answer()->mutable_outcome()->mutable_date() =
      model::CivilDate::At(clock_.Now()).ToProto();
  Answered(outcome);
  EXPECT_EQ(Get(*sent).outcome().code(), "TRAINED");
  const auto closed = Move(*sent, Action::kClose);
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->state(), journal::v1::REFERRAL_STATE_CLOSED);
  EXPECT_EQ(closed->history_size(), 6);
  const Delivery closure = NextOf(stream);
  EXPECT_TRUE(closure.has_closure());
  EXPECT_EQ(closure.etag(), OutwardEtag(*closed));
  AQ_EXPECT_OK(stream.Ack(closure.name()));

  EXPECT_EQ(engine_->GetCase(person, {}, "")->document.referrals(0), sent->referral());
  const auto ledger = engine_->ListDisclosures(person, "", 10, "");
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  ASSERT_EQ(ledger->items.size(), 1);
  const journal::v1::Disclosure& disclosure = ledger->items[0].disclosure();
  EXPECT_EQ(disclosure.view(), "TrainingView");
  EXPECT_EQ(disclosure.view_hash(), Sha256(disclosure.view_salt() + Canonical(request.request())));
  ExpectVerified();
  const std::string before = Get(*sent).SerializeAsString();
  Restart();
  EXPECT_EQ(Get(*sent).SerializeAsString(), before);
  ExpectVerified();
}

TEST_P(ReferralsTest, WhatTheGateRefusesLeavesNothingBehind) {
  const std::string person = AddPerson();
  const auto draft = engine_->CreateReferral(User(), Draft(person), "");
  ASSERT_TRUE(draft.ok()) << draft.status();
  const auto before = Everything();
  const auto refused = [&](const SendReferralCommand& command, absl::StatusCode code,
                           const std::string& why) {
    const absl::Status status = engine_->SendReferral(User(), command, "").status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_EQ(ReasonOf(status), why) << status;
    EXPECT_EQ(Everything(), before) << why;
  };
  SendReferralCommand command = Sending(*draft);
  command.etag = "0000000000000000";
  refused(command, absl::StatusCode::kAborted, reason::kEtagMismatch);
  command = Sending(*draft);
  command.legal_basis = "CONSENT";
  refused(command, absl::StatusCode::kFailedPrecondition, reason::kNoLegalBasis);
  command = Sending(*draft);
  command.notice_given = false;
  refused(command, absl::StatusCode::kFailedPrecondition, reason::kNoLegalBasis);
  command = Sending(*draft);
  command.basis_reference = "";
  refused(command, absl::StatusCode::kInvalidArgument, reason::kInvalidField);
  command = Sending(*draft);
  command.basis_reference = "禁毒法第三十四条";
  refused(command, absl::StatusCode::kFailedPrecondition, reason::kNoLegalBasis);
  command = Sending(*draft);
  command.referral = "rnone";
  refused(command, absl::StatusCode::kNotFound, reason::kReferralNotFound);
  catalogue_.result = journal::v1::ENTITLEMENT_RESULT_NOT_ELIGIBLE;
  refused(Sending(*draft), absl::StatusCode::kFailedPrecondition, reason::kNotEligible);
  catalogue_.result = journal::v1::ENTITLEMENT_RESULT_UNKNOWN;
  refused(Sending(*draft), absl::StatusCode::kFailedPrecondition, reason::kNotEligible);
  catalogue_.result = journal::v1::ENTITLEMENT_RESULT_ELIGIBLE;
  EXPECT_FALSE(NextOf(Receive(), absl::Milliseconds(20)).has_request());
  EXPECT_TRUE(engine_->ListDisclosures(person, "", 10, "")->items.empty());
}

TEST_P(ReferralsTest, SendsNothingOfAPersonWhomOnlyThePoliceName) {
  Submit("changes", absl::StrCat("P1|张安|", IdNumber(1), "\n"));
  const std::string person = engine_->ListCases({}, "", 10, "")->items.at(0).document.person();
  const auto draft = engine_->CreateReferral(User(), Draft(person), "");
  ASSERT_TRUE(draft.ok()) << draft.status();
  const auto before = Everything();
  const absl::Status status = engine_->SendReferral(User(), Sending(*draft), "").status();
  EXPECT_EQ(ReasonOf(status), reason::kNoOutwardIdentity) << status;
  EXPECT_EQ(Everything(), before);
}

TEST_P(ReferralsTest, SendsNothingIncomplete) {
  CreateReferralCommand command = Draft(AddPerson());
  command.details.clear();
  const auto draft = engine_->CreateReferral(User(), command, "");
  ASSERT_TRUE(draft.ok()) << draft.status();
  const auto before = Everything();
  const absl::Status status = engine_->SendReferral(User(), Sending(*draft), "").status();
  EXPECT_EQ(ReasonOf(status), reason::kViewIncomplete) << status;
  EXPECT_EQ(Everything(), before);
}

TEST_P(ReferralsTest, DraftsOnlyWhatCanBe) {
  const std::string person = AddPerson();
  const auto before = Everything();
  const auto why = [&](const CreateReferralCommand& command) {
    return ReasonOf(engine_->CreateReferral(User(), command, "").status());
  };
  CreateReferralCommand command = Draft(person);
  command.policy = "none";
  EXPECT_EQ(why(command), reason::kPolicyNotFound);
  command = Draft("pnone");
  EXPECT_EQ(why(command), reason::kCaseNotFound);
  command = Draft(person);
  command.agency = "nobody";
  EXPECT_EQ(why(command), reason::kAgencyNotFound);
  command.agency = "police";
  EXPECT_EQ(why(command), reason::kNoProvider);
  command = Draft(person);
  command.details["course"] = std::string(1001, 'x');
  EXPECT_EQ(why(command), reason::kInvalidField);
  command = Draft(person);
  command.request_id = std::string(101, 'x');
  EXPECT_EQ(why(command), reason::kInvalidField);
  catalogue_.result = journal::v1::ENTITLEMENT_RESULT_ELIGIBLE_FROM;
  EXPECT_EQ(why(Draft(person)), reason::kNotEligible);
  EXPECT_EQ(Everything(), before);
}

TEST_P(ReferralsTest, ARepeatedRequestHasNoFurtherEffect) {
  const CreateReferralCommand create = Draft(AddPerson());
  const auto draft = engine_->CreateReferral(User(), create, "");
  ASSERT_TRUE(draft.ok()) << draft.status();
  EXPECT_EQ(engine_->CreateReferral(User(), create, "")->referral(), draft->referral());
  const SendReferralCommand send = Sending(*draft);
  AQ_ASSERT_OK(engine_->SendReferral(User(), send, "").status());
  const auto before = Everything();
  AQ_EXPECT_OK(engine_->SendReferral(User(), send, "").status());
  Restart();
  AQ_EXPECT_OK(engine_->SendReferral(User(), send, "").status());
  EXPECT_EQ(Everything(), before);
  CreateReferralCommand other = create;
  other.details["course"] = "焊工";
  EXPECT_EQ(ReasonOf(engine_->CreateReferral(User(), other, "").status()),
            reason::kRequestIdConflict);
  // Another user's ids are their own.
  EXPECT_NE(engine_->CreateReferral(User("li"), other, "")->referral(), draft->referral());
}

TEST_P(ReferralsTest, AnswersNeedTheLatestEtagAndAFittingState) {
  const ReferralDocument sent = SendOne(AddPerson());
  const std::string etag = OutwardEtag(sent);
  const auto before = Everything();
  const auto refused = [&](const AnswerReferralRequest& request, absl::StatusCode code,
                           const std::string& agency = "employment") {
    EXPECT_EQ(engine_->AnswerReferral(agency, request).status().code(), code);
    EXPECT_EQ(Everything(), before);
  };
  refused(Answer(sent, exchange::v1::ANSWER_ACTION_ACCEPT, "0000000000000000"),
          absl::StatusCode::kAborted);
  refused(Answer(sent, exchange::v1::ANSWER_ACTION_START, etag),
          absl::StatusCode::kFailedPrecondition);
  refused(Answer(sent, exchange::v1::ANSWER_ACTION_DECLINE, etag),
          absl::StatusCode::kInvalidArgument);
  refused(Answer(sent, exchange::v1::ANSWER_ACTION_UNSPECIFIED, etag),
          absl::StatusCode::kInvalidArgument);
  // Another agency's referrals are not there.
  refused(Answer(sent, exchange::v1::ANSWER_ACTION_ACCEPT, etag), absl::StatusCode::kNotFound,
          "police");
  refused(Answer(sent, exchange::v1::ANSWER_ACTION_ACCEPT, etag), absl::StatusCode::kNotFound,
          "nobody");
  AnswerReferralRequest request = Answer(sent, exchange::v1::ANSWER_ACTION_ACCEPT, etag);
  request.clear_request_id();
  refused(request, absl::StatusCode::kInvalidArgument);
  request = Answer(sent, exchange::v1::ANSWER_ACTION_ACCEPT, etag);
  request.set_referral("referrals/none");
  refused(request, absl::StatusCode::kNotFound);
}

TEST_P(ReferralsTest, ADraftIsNotThereForItsRecipient) {
  const auto draft = engine_->CreateReferral(User(), Draft(AddPerson()), "");
  ASSERT_TRUE(draft.ok()) << draft.status();
  EXPECT_THAT(engine_
                  ->AnswerReferral("employment", Answer(*draft, exchange::v1::ANSWER_ACTION_ACCEPT,
                                                        OutwardEtag(*draft)))
                  .status(),
              testing::StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(ReferralsTest, ARepeatedAnswerIsAnsweredAsBefore) {
  const ReferralDocument sent = SendOne(AddPerson());
  const AnswerReferralRequest accept =
      Answer(sent, exchange::v1::ANSWER_ACTION_ACCEPT, OutwardEtag(sent));
  const std::string etag = Answered(accept);
  Answered(Answer(sent, exchange::v1::ANSWER_ACTION_START, etag));
  const auto before = Everything();
  EXPECT_EQ(Answered(accept), etag);
  Restart();
  EXPECT_EQ(Answered(accept), etag);
  EXPECT_EQ(Everything(), before);
  AnswerReferralRequest other = accept;
  other.mutable_answer()->set_action(exchange::v1::ANSWER_ACTION_DECLINE);
  EXPECT_EQ(ReasonOf(engine_->AnswerReferral("employment", other).status()),
            reason::kRequestIdConflict);
}

TEST_P(ReferralsTest, ChecksAnOutcome) {
  const ReferralDocument sent = SendOne(AddPerson());
  std::string etag = Answered(Answer(sent, exchange::v1::ANSWER_ACTION_ACCEPT, OutwardEtag(sent)));
  etag = Answered(Answer(sent, exchange::v1::ANSWER_ACTION_START, etag));
  const auto why = [&](const std::function<void(exchange::v1::Outcome*)>& change) {
    AnswerReferralRequest request = Answer(sent, exchange::v1::ANSWER_ACTION_REPORT_OUTCOME, etag);
    exchange::v1::Outcome* outcome = request.mutable_answer()->mutable_outcome();
    outcome->set_code(exchange::v1::OUTCOME_CODE_TRAINED);
    *outcome->mutable_date() = model::CivilDate::At(clock_.Now()).ToProto();
    change(outcome);
    return engine_->AnswerReferral("employment", request).status().code();
  };
  constexpr auto kWrong = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(why([](auto* o) { o->clear_code(); }), kWrong);
  EXPECT_EQ(why([](auto* o) { o->clear_date(); }), kWrong);
  EXPECT_EQ(why([](auto* o) { o->mutable_date()->set_year(2050); }), kWrong);
  EXPECT_EQ(why([](auto* o) { o->set_amount_fen(-1); }), kWrong);
  EXPECT_EQ(why([](auto* o) { o->set_contract_months(100'000); }), kWrong);
  EXPECT_EQ(why([](auto* o) { o->set_employer_code(std::string(100, '9')); }), kWrong);
  EXPECT_EQ(why([](auto* o) { o->set_code(exchange::v1::OUTCOME_CODE_NOT_GRANTED); }), kWrong);
  EXPECT_EQ(why([](auto*) {}), absl::StatusCode::kOk);
}

TEST_P(ReferralsTest, TakesAnswersInTheAgencysOwnFormat) {
  const ReferralDocument sent = SendOne(AddPerson());
  const std::string etag = OutwardEtag(sent);
  const std::string referral = "referrals/" + sent.draft().pseudonym();
  const std::string line = absl::StrCat("|", referral, "|", etag, "|");
  const std::string answers = absl::StrCat("00000000-0000-4000-8000-000000000001", line, "ACCEPT\n",
                                           "00000000-0000-4000-8000-000000000002", line, "START\n",
                                           "00000000-0000-4000-8000-000000000003", line, "ACCEPT\n",
                                           "00000000-0000-4000-8000-000000000004", line,
                                           "REPORT_OUTCOME||TRAINED|2026-09-20\n");
  const auto responses = SubmitAndWait(Command("employment", "answers", answers, "one"));
  EXPECT_EQ(Summary(responses).accepted_count(), 3);
  EXPECT_EQ(Summary(responses).held_count(), 1);
  EXPECT_EQ(responses[0].records(2).problems(0).reason(), reason::kStateNotAllowed);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_OUTCOME_REPORTED);
  // Again, in another payload and after a restart: nothing more happens.
  const std::string first = answers.substr(0, answers.find('\n'));
  EXPECT_EQ(
      Summary(SubmitAndWait(Command("employment", "answers", first, "two"))).unchanged_count(), 1);
  Restart();
  EXPECT_EQ(
      Summary(SubmitAndWait(Command("employment", "answers", first, "three"))).unchanged_count(),
      1);
  EXPECT_EQ(Get(sent).version(), 5);
  const std::string other = absl::StrReplaceAll(first, {{"ACCEPT", "START"}});
  const auto conflict = SubmitAndWait(Command("employment", "answers", other, "four"));
  EXPECT_EQ(conflict[0].records(0).problems(0).reason(), reason::kRequestIdConflict);
  ExpectVerified();
}

TEST_P(ReferralsTest, ANativeAnswerToWhatTheHubHasChangedIsHeld) {
  const ReferralDocument sent = SendOne(AddPerson());
  AQ_ASSERT_OK(Move(sent, Action::kCancel, "PERSON_WITHDREW").status());
  const auto responses = SubmitAndWait(
      Command("employment", "answers",
              absl::StrCat("00000000-0000-4000-8000-000000000001|referrals/",
                           sent.draft().pseudonym(), "|", OutwardEtag(sent), "|ACCEPT\n")));
  EXPECT_EQ(responses[0].records(0).problems(0).reason(), reason::kEtagMismatch);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_CANCEL_REQUESTED);
}

TEST_P(ReferralsTest, IsCancelledWhenTheRecipientConfirms) {
  const ReferralDocument sent = SendOne(AddPerson());
  EXPECT_THAT(Move(sent, Action::kCancel, "").status(),
              testing::StatusIs(absl::StatusCode::kInvalidArgument));
  const auto asked = Move(sent, Action::kCancel, "PERSON_WITHDREW");
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->state(), journal::v1::REFERRAL_STATE_CANCEL_REQUESTED);
  DeliveryStream& stream = Receive();
  AQ_ASSERT_OK(stream.Ack(NextOf(stream).name()));
  const Delivery notice = NextOf(stream);
  EXPECT_EQ(notice.cancellation().reason(), "PERSON_WITHDREW");
  Answered(Answer(sent, exchange::v1::ANSWER_ACTION_CONFIRM_CANCELLATION, notice.etag()));
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_CANCELLED);
  ExpectVerified();
}

TEST_P(ReferralsTest, NobodyHearsOfADraftThatIsCancelled) {
  const auto draft = engine_->CreateReferral(User(), Draft(AddPerson()), "");
  ASSERT_TRUE(draft.ok()) << draft.status();
  EXPECT_EQ(Move(*draft, Action::kCancel, "PERSON_WITHDREW")->state(),
            journal::v1::REFERRAL_STATE_CANCELLED);
  EXPECT_EQ(Employment().pending_deliveries, 0);
}

TEST_P(ReferralsTest, OnlyASupervisorVoids) {
  const ReferralDocument sent = SendOne(AddPerson());
  EXPECT_THAT(Move(sent, Action::kVoid, "WRONG_PERSON").status(),
              testing::StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(Move(sent, Action::kVoid, "WRONG_PERSON", "supervisor")->state(),
            journal::v1::REFERRAL_STATE_VOID);
  EXPECT_EQ(Employment().pending_deliveries, 2);
  ExpectVerified();
}

TEST_P(ReferralsTest, ReplacesOneThatHasEnded) {
  const std::string person = AddPerson();
  const auto first = engine_->CreateReferral(User(), Draft(person), "");
  ASSERT_TRUE(first.ok()) << first.status();
  CreateReferralCommand again = Draft(person);
  again.replaces = first->referral();
  EXPECT_EQ(ReasonOf(engine_->CreateReferral(User(), again, "").status()),
            reason::kStateNotAllowed);
  AQ_ASSERT_OK(Move(*first, Action::kCancel, "PERSON_WITHDREW").status());
  EXPECT_EQ(engine_->CreateReferral(User(), again, "")->draft().replaces(), first->referral());
  CreateReferralCommand other = Draft(AddPerson(2));
  other.replaces = first->referral();
  EXPECT_EQ(ReasonOf(engine_->CreateReferral(User(), other, "").status()),
            reason::kReferralNotFound);
}

TEST_P(ReferralsTest, WhatIsSuppliedIsDisclosedAgain) {
  const std::string person = AddPerson();
  const ReferralDocument sent = SendOne(person);
  AnswerReferralRequest ask =
      Answer(sent, exchange::v1::ANSWER_ACTION_REQUEST_INFORMATION, OutwardEtag(sent));
  ask.mutable_answer()->set_reason("DOCUMENT_MISSING");
  Answered(ask);
  MoveReferralCommand supply = Moving(Get(sent), Action::kSupplyInformation);
  supply.details = {{"course", "焊工"}};
  const auto supplied = engine_->MoveReferral(User(), supply, "");
  ASSERT_TRUE(supplied.ok()) << supplied.status();
  DeliveryStream& stream = Receive();
  AQ_ASSERT_OK(stream.Ack(NextOf(stream).name()));
  EXPECT_EQ(NextOf(stream).request().training().course(), "焊工");
  EXPECT_EQ(engine_->ListDisclosures(person, "", 10, "")->items.size(), 2);
  ExpectVerified();
}

INSTANTIATE_TEST_SUITE_P(Stores, ReferralsTest, ::testing::Bool());

}  // namespace
}  // namespace anqiao::engine
