// What comes due, over virtual time. The timers' thread runs beside: what it fires first, the test
// finds fired.

#include <algorithm>

#include "hub/engine/referral_fold.h"
#include "hub/engine/values.h"
#include "hub/store/keys.h"
#include "tests/hub/engine/timetable_fixture.h"

namespace anqiao::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using referral::Action;

class DeadlinesTest : public TimetableFixture {
 protected:
  absl::StatusCode CodeOf(const absl::StatusOr<exchange::v1::AnswerReferralResponse>& answer) {
    return answer.status().code();
  }
  // Entries of the journal that name "kind".
  int Count(journal::v1::Entry::ChangeCase kind) {
    int count = 0;
    AQ_EXPECT_OK(store_->ReadJournal(1, [&](store::Sequence, absl::string_view bytes) {
      journal::v1::Entry entry;
      EXPECT_TRUE(entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      count += entry.change_case() == kind ? 1 : 0;
      return true;
    }));
    return count;
  }
};

TEST_P(DeadlinesTest, TheCalendarIsActivatedWithItsContent) {
  AQ_ASSERT_OK_AND_ASSIGN(const std::string content, store_->GetBlob(timetable_.calendar.hash));
  EXPECT_EQ(content, timetable_.calendar.content);
  EXPECT_EQ(Count(journal::v1::Entry::kActivated), 4);  // catalogue, identity, adapter, calendar
  Restart();
  EXPECT_EQ(Count(journal::v1::Entry::kActivated), 4);
}

TEST_P(DeadlinesTest, WhatWasNeverDeliveredNeverExpires) {
  const ReferralDocument sent = SendOne(AddPerson());
  GoTo(2026, 12, 20);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_SENT);
  EXPECT_THAT(OpenKinds(sent), IsEmpty());
  // The absence is what is escalated, once.
  EXPECT_TRUE(Employment().absent_since.has_value());
  EXPECT_THAT(NeedAction(), ElementsAre(sent.referral()));
  EXPECT_EQ(Count(journal::v1::Entry::kAgencyAbsent), 1);
  GoTo(2026, 12, 25);
  EXPECT_EQ(Count(journal::v1::Entry::kAgencyAbsent), 1);
  ExpectVerified();
  // It is back: its times begin.
  TakeAll();
  EXPECT_FALSE(Employment().absent_since.has_value());
  EXPECT_THAT(NeedAction(), IsEmpty());
  GoTo(2026, 12, 30);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_SENT);
  GoTo(2027, 1, 20);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_EXPIRED);
  ExpectVerified();
}

TEST_P(DeadlinesTest, AnAgencyThatTakesWhatComesIsNotAway) {
  for (int day = 21; day <= 30; ++day) {
    GoTo(2026, 9, day);
    SendOne(AddPerson(day));
    TakeAll();
  }
  EXPECT_EQ(Count(journal::v1::Entry::kAgencyAbsent), 0);
  SendOne(AddPerson(1));
  GoTo(2026, 10, 9);  // 8 and 9 October are working days; the second is not over
  EXPECT_EQ(Count(journal::v1::Entry::kAgencyAbsent), 0);
  GoTo(2026, 10, 10);
  EXPECT_EQ(Count(journal::v1::Entry::kAgencyAbsent), 1);
}

TEST_P(DeadlinesTest, AnUnansweredRequestEscalatesAndThenExpires) {
  const ReferralDocument sent = SendOne(AddPerson());
  TakeAll();
  // 22, 23, 24, 28, 29 September; 25 to 27 are off.
  GoTo(2026, 9, 29);
  EXPECT_THAT(OpenKinds(sent), IsEmpty());
  const ReferralDocument waiting = Get(sent);
  EXPECT_EQ(NextDeadline(waiting)->kind(), journal::v1::DEADLINE_KIND_ESCALATE);
  GoTo(2026, 9, 30);
  EXPECT_THAT(OpenKinds(sent), ElementsAre("OVERDUE"));
  EXPECT_THAT(NeedAction(), ElementsAre(sent.referral()));
  // 30 September, 8, 9, 10 (a Saturday on which people work), 12 October.
  GoTo(2026, 10, 12);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_SENT);
  GoTo(2026, 10, 13);
  const ReferralDocument expired = Get(sent);
  EXPECT_EQ(expired.state(), journal::v1::REFERRAL_STATE_EXPIRED);
  const journal::v1::ReferralEvent& last = expired.history(expired.history_size() - 1);
  EXPECT_EQ(last.principal().name(), "hub");
  EXPECT_EQ(last.reason(), "NO_ANSWER");
  EXPECT_EQ(expired.follow_up(), journal::v1::FOLLOW_UP_NEXT_PROVIDER);
  EXPECT_THAT(NeedAction(), IsEmpty());
  // The recipient hears that it is withdrawn and no more, also if it answers late.
  const auto told = TakeAll();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0].has_withdrawal());
  EXPECT_THAT(told[0].DebugString(), Not(HasSubstr("EXPIRED")));
  EXPECT_EQ(CodeOf(engine_->AnswerReferral(
                "employment", Answer(sent, exchange::v1::ANSWER_ACTION_ACCEPT, OutwardEtag(sent)))),
            absl::StatusCode::kAborted);
  const absl::Status late = AnswerWith(sent, exchange::v1::ANSWER_ACTION_ACCEPT).status();
  EXPECT_EQ(late.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(late.ToString(), HasSubstr("WITHDRAWN"));
  EXPECT_THAT(late.ToString(), Not(HasSubstr("EXPIRED")));
  ExpectVerified();
}

TEST_P(DeadlinesTest, AJumpOfYearsFiresEverythingOnceAndInOrder) {
  std::vector<ReferralDocument> sent;
  for (int i = 1; i <= 5; ++i) {
    sent.push_back(SendOne(AddPerson(i)));
    clock_.Advance(absl::Hours(24));
    TakeAll();
  }
  const auto draft = engine_->CreateReferral(User(), Draft(AddPerson(6)), "");
  ASSERT_TRUE(draft.ok()) << draft.status();
  GoTo(2036, 1, 1);
  std::vector<absl::Time> due;
  AQ_ASSERT_OK(store_->ReadJournal(1, [&](store::Sequence, absl::string_view bytes) {
    journal::v1::Entry entry;
    EXPECT_TRUE(entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    if (entry.has_referral_escalated()) {
      due.push_back(ToTime(entry.referral_escalated().deadline().due_time()));
    } else if (entry.has_referral_changed() && entry.referral_changed().has_due_time()) {
      due.push_back(ToTime(entry.referral_changed().due_time()));
    }
    return true;
  }));
  EXPECT_EQ(due.size(), 11U);  // five escalated, five expired, one warned
  EXPECT_TRUE(std::is_sorted(due.begin(), due.end()));
  for (const ReferralDocument& one : sent) {
    EXPECT_EQ(StateOf(one), journal::v1::REFERRAL_STATE_EXPIRED);
  }
  // Nothing stays behind in the index.
  std::vector<std::string> left;
  const store::KeyRange range = store::FamilyRange(store::Family::kDue);
  AQ_ASSERT_OK(store_->NewSnapshot()->Scan(range.begin, range.end,
                                           [&](absl::string_view key, absl::string_view) {
                                             left.emplace_back(key);
                                             return true;
                                           }));
  EXPECT_THAT(left, IsEmpty());
  const auto before = Everything();
  GoTo(2036, 1, 1);
  Restart();
  GoTo(2036, 1, 1);
  // The clock goes back and comes again: nothing fires a second time.
  GoTo(2026, 9, 1);
  GoTo(2036, 1, 1);
  EXPECT_EQ(Everything(), before);
  ExpectVerified();
}

TEST_P(DeadlinesTest, WhatCameDueWhileTheHubWasDownFiresThen) {
  const ReferralDocument sent = SendOne(AddPerson());
  TakeAll();
  stream_.reset();
  engine_.reset();
  clock_.Set(On(2026, 11, 1));
  Restart();
  AQ_ASSERT_OK(engine_->FireTimers());
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_EXPIRED);
  EXPECT_EQ(Count(journal::v1::Entry::kReferralEscalated), 1);
  ExpectVerified();
}

TEST_P(DeadlinesTest, AnAnswerBeforeTheAckCounts) {
  const ReferralDocument sent = SendOne(AddPerson());
  DeliveryStream& stream = Receive();
  const exchange::v1::Delivery request = NextOf(stream);
  Answered(sent, exchange::v1::ANSWER_ACTION_ACCEPT);
  AQ_ASSERT_OK(stream.Ack(request.name()));
  const ReferralDocument now = Get(sent);
  EXPECT_TRUE(now.has_delivered_time());
  EXPECT_TRUE(now.has_read_time());
  ASSERT_EQ(now.deadlines_size(), 1);  // of ACCEPTED
  GoTo(2026, 10, 20);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_ACCEPTED);
  ExpectVerified();
}

TEST_P(DeadlinesTest, ADraftWarnsAndSomebodyTakesNote) {
  const auto draft = engine_->CreateReferral(User(), Draft(AddPerson()), "");
  ASSERT_TRUE(draft.ok()) << draft.status();
  GoTo(2026, 9, 28);
  EXPECT_THAT(OpenKinds(*draft), IsEmpty());
  GoTo(2026, 9, 29);
  EXPECT_THAT(OpenKinds(*draft), ElementsAre("WARNING"));
  const auto noted = Move(*draft, Action::kTakeNote);
  ASSERT_TRUE(noted.ok()) << noted.status();
  EXPECT_EQ(noted->state(), journal::v1::REFERRAL_STATE_DRAFT);
  EXPECT_THAT(OpenKinds(*draft), IsEmpty());
  EXPECT_THAT(NeedAction(), IsEmpty());
}

TEST_P(DeadlinesTest, WorkThatDoesNotMoveIsEscalatedAndNewsSettlesIt) {
  const ReferralDocument sent = SendOne(AddPerson());
  TakeAll();
  Answered(sent, exchange::v1::ANSWER_ACTION_ACCEPT);
  GoTo(2026, 10, 13);
  EXPECT_THAT(OpenKinds(sent), ElementsAre("OVERDUE"));
  Answered(sent, exchange::v1::ANSWER_ACTION_START);
  EXPECT_THAT(OpenKinds(sent), IsEmpty());
  GoTo(2026, 11, 13);
  EXPECT_THAT(OpenKinds(sent), ElementsAre("OVERDUE"));
  EXPECT_EQ(CodeOf(AnswerWith(sent, exchange::v1::ANSWER_ACTION_REPORT_PROGRESS)),
            absl::StatusCode::kInvalidArgument);
  Answered(sent, exchange::v1::ANSWER_ACTION_REPORT_PROGRESS, "APPOINTMENT_MADE",
           [](exchange::v1::ReferralAnswer* answer) {
             *answer->mutable_appointment_date() = model::CivilDate::Of(2026, 11, 20).ToProto();
           });
  EXPECT_THAT(OpenKinds(sent), IsEmpty());
  const ReferralDocument now = Get(sent);
  EXPECT_EQ(now.history(now.history_size() - 1).action(), "REPORT_PROGRESS");
  EXPECT_EQ(now.history(now.history_size() - 1).appointment_date().day(), 20);
  GoTo(2026, 12, 13);
  EXPECT_THAT(OpenKinds(sent), IsEmpty());
  GoTo(2026, 12, 14);
  EXPECT_THAT(OpenKinds(sent), ElementsAre("OVERDUE"));
  ExpectVerified();
}

TEST_P(DeadlinesTest, TheHubResumesAtTheDate) {
  const ReferralDocument sent = SendOne(AddPerson());
  TakeAll();
  Answered(sent, exchange::v1::ANSWER_ACTION_ACCEPT);
  Answered(sent, exchange::v1::ANSWER_ACTION_START);
  Answered(sent, exchange::v1::ANSWER_ACTION_HOLD, "WAITING_FOR_PLACE",
           [](exchange::v1::ReferralAnswer* answer) {
             *answer->mutable_resume_date() = model::CivilDate::Of(2026, 10, 9).ToProto();
           });
  GoTo(2026, 10, 8);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_ON_HOLD);
  GoTo(2026, 10, 9);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_IN_PROGRESS);
  EXPECT_THAT(OpenKinds(sent), ElementsAre("RESUMED"));
  // Its recipient can go on with the etag that it has.
  Outcome(sent, exchange::v1::OUTCOME_CODE_TRAINED);
  ExpectVerified();
}

TEST_P(DeadlinesTest, TheHubConfirmsACancellationThatNobodyConfirms) {
  const ReferralDocument sent = SendOne(AddPerson());  // never delivered
  AQ_ASSERT_OK(Move(sent, Action::kCancel, "CIRCUMSTANCES_CHANGED").status());
  GoTo(2026, 9, 24);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_CANCEL_REQUESTED);
  GoTo(2026, 9, 25);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_CANCELLED);
  ExpectVerified();
}

TEST_P(DeadlinesTest, AnAnswerThatCrossesACancellationIsRecorded) {
  const ReferralDocument sent = SendOne(AddPerson());
  TakeAll();
  const std::string etag = OutwardEtag(sent);
  AQ_ASSERT_OK(Move(sent, Action::kCancel, "CIRCUMSTANCES_CHANGED").status());
  // With the etag from before the request.
  exchange::v1::AnswerReferralRequest decline =
      Answer(sent, exchange::v1::ANSWER_ACTION_DECLINE, etag);
  decline.mutable_answer()->set_reason("NO_VACANCY");
  AQ_ASSERT_OK(engine_->AnswerReferral("employment", decline).status());
  EXPECT_EQ(
      engine_->AnswerReferral("employment", Answer(sent, exchange::v1::ANSWER_ACTION_ACCEPT, etag))
          .status()
          .code(),
      absl::StatusCode::kAborted);
  const ReferralDocument now = Get(sent);
  EXPECT_EQ(now.state(), journal::v1::REFERRAL_STATE_CANCEL_REQUESTED);
  const journal::v1::ReferralEvent& last = now.history(now.history_size() - 1);
  EXPECT_EQ(last.action(), "DECLINE");
  EXPECT_EQ(last.reason(), "NO_VACANCY");
  GoTo(2026, 9, 25);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_CANCELLED);
  ExpectVerified();
}

TEST_P(DeadlinesTest, InformationThatIsNotSuppliedExpires) {
  const ReferralDocument sent = SendOne(AddPerson());
  TakeAll();
  Answered(sent, exchange::v1::ANSWER_ACTION_REQUEST_INFORMATION, "DOCUMENT_MISSING");
  EXPECT_EQ(Get(sent).follow_up(), journal::v1::FOLLOW_UP_SUPPLY);
  AQ_ASSERT_OK(Move(sent, Action::kSupplyInformation).status());
  // The new request has not been delivered.
  GoTo(2026, 11, 1);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_SENT);
  TakeAll();
  Answered(sent, exchange::v1::ANSWER_ACTION_REQUEST_INFORMATION, "DOCUMENT_MISSING");
  GoTo(2026, 12, 1);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_EXPIRED);
  const ReferralDocument expired = Get(sent);
  EXPECT_EQ(expired.history(expired.history_size() - 1).reason(), "NOT_SUPPLIED");
  ExpectVerified();
}

TEST_P(DeadlinesTest, APolicysOwnTimesGoBefore) {
  policies_.Change(kPolicy).deadlines.answer_working_days = 1;
  policies_.Change(kPolicy).deadlines.expire_working_days = 2;
  const ReferralDocument sent = SendOne(AddPerson());
  TakeAll();
  GoTo(2026, 9, 23);
  EXPECT_THAT(OpenKinds(sent), ElementsAre("OVERDUE"));
  // What was decided stays, whatever the policy says later.
  policies_.Change(kPolicy).deadlines.expire_working_days = 50;
  GoTo(2026, 9, 24);
  EXPECT_EQ(StateOf(sent), journal::v1::REFERRAL_STATE_EXPIRED);
}

TEST_P(DeadlinesTest, AReasonThatParksSaysUntilWhen) {
  const ReferralDocument sent = SendOne(AddPerson());
  TakeAll();
  Answered(sent, exchange::v1::ANSWER_ACTION_DECLINE, "PERSON_NOT_READY");
  const ReferralDocument declined = Get(sent);
  EXPECT_EQ(declined.follow_up(), journal::v1::FOLLOW_UP_PARK);
  EXPECT_EQ(model::CivilDate::FromProto(declined.parked_until_date()),
            model::CivilDate::Of(2026, 9, 21).AddDays(60));
}

TEST_P(DeadlinesTest, RetentionChecksComeDueAndAreRecorded) {
  const ReferralDocument sent = SendOne(AddPerson());
  TakeAll();
  Answered(sent, exchange::v1::ANSWER_ACTION_ACCEPT);
  Answered(sent, exchange::v1::ANSWER_ACTION_START);
  Outcome(sent, exchange::v1::OUTCOME_CODE_HIRED);
  GoTo(2026, 9, 30);
  EXPECT_THAT(OpenKinds(sent), ElementsAre("OVERDUE"));  // nobody has reviewed it
  AQ_ASSERT_OK(Move(sent, Action::kClose).status());
  EXPECT_THAT(OpenKinds(sent), IsEmpty());
  EXPECT_EQ(Get(sent).checks_size(), 3);
  EXPECT_EQ(ReasonOf(Move(sent, Action::kRecordCheck, "STILL_THERE").status()),
            reason::kStateNotAllowed);
  GoTo(2026, 12, 20);  // 30 and 90 days after 21 September
  EXPECT_THAT(OpenKinds(sent), ElementsAre("CHECK", "CHECK"));
  EXPECT_EQ(Move(sent, Action::kRecordCheck).status().code(), absl::StatusCode::kInvalidArgument);
  AQ_ASSERT_OK(Move(sent, Action::kRecordCheck, "STILL_THERE").status());
  EXPECT_THAT(OpenKinds(sent), ElementsAre("CHECK"));
  AQ_ASSERT_OK(Move(sent, Action::kRecordCheck, "NO_LONGER_THERE").status());
  EXPECT_THAT(OpenKinds(sent), IsEmpty());
  const ReferralDocument now = Get(sent);
  EXPECT_EQ(now.state(), journal::v1::REFERRAL_STATE_CLOSED);
  EXPECT_EQ(now.checks(0).result(), "STILL_THERE");
  EXPECT_EQ(now.checks(1).result(), "NO_LONGER_THERE");
  EXPECT_EQ(now.checks(2).result(), "");
  GoTo(2027, 3, 20);
  EXPECT_THAT(OpenKinds(sent), ElementsAre("CHECK"));
  ExpectVerified();
}

TEST_P(DeadlinesTest, TheThirdRefusalIsWarnedOfBeforeItHappens) {
  const std::string person = AddPerson();
  SubmitAndWait(
      Command("employment", "jobless", absl::StrCat("H1|张安|", IdNumber(1), "||421202\n")));
  const auto refuse = [&] {
    const ReferralDocument sent = SendOf(person, kJob);
    Answered(sent, exchange::v1::ANSWER_ACTION_DECLINE, "PERSON_DECLINED");
    return sent;
  };
  EXPECT_THAT(OpenKinds(refuse()), IsEmpty());
  // With good cause: it does not count. Nor does what the provider decided, or another service.
  const ReferralDocument cause = SendOf(person, kJob);
  Answered(cause, exchange::v1::ANSWER_ACTION_DECLINE, "PERSON_HAS_CAUSE");
  Answered(SendOf(person, kJob), exchange::v1::ANSWER_ACTION_DECLINE, "NO_VACANCY");
  Answered(SendOf(person, kPolicy), exchange::v1::ANSWER_ACTION_DECLINE, "PERSON_DECLINED");
  const ReferralDocument second = refuse();
  EXPECT_EQ(Get(second).refusals().count(), 2);
  EXPECT_TRUE(Get(second).refusals().warning());
  EXPECT_THAT(OpenKinds(second), ElementsAre("REFUSALS"));
  // The next is warned of from its draft on.
  CreateReferralCommand command = Draft(person);
  command.policy = kJob;
  const auto draft = engine_->CreateReferral(User(), command, "");
  ASSERT_TRUE(draft.ok()) << draft.status();
  EXPECT_TRUE(draft->refusals().warning());
  AQ_ASSERT_OK(engine_->SendReferral(User(), Sending(*draft), "").status());
  EXPECT_THAT(NeedAction(), ElementsAre(second.referral(), draft->referral()));
  AQ_ASSERT_OK(Move(second, Action::kTakeNote).status());
  EXPECT_THAT(NeedAction(), ElementsAre(draft->referral()));
  // It is taken up this time: the count begins again.
  Answered(*draft, exchange::v1::ANSWER_ACTION_ACCEPT);
  Answered(*draft, exchange::v1::ANSWER_ACTION_START);
  Outcome(*draft, exchange::v1::OUTCOME_CODE_HIRED);
  EXPECT_EQ(Get(*draft).refusals().count(), 0);
  EXPECT_THAT(OpenKinds(refuse()), IsEmpty());
  ExpectVerified();
}

TEST_P(DeadlinesTest, RefusalsOfTwoWhoAreOneCountTogetherAndComeApartAgain) {
  const std::string first = AddPerson(1), second = AddPerson(2);
  const auto count_after_refusal = [&](const std::string& person) {
    const ReferralDocument sent = SendOf(person, kJob);
    Answered(sent, exchange::v1::ANSWER_ACTION_DECLINE, "PERSON_DECLINED");
    return Get(sent).refusals().count();
  };
  EXPECT_EQ(count_after_refusal(first), 1);
  EXPECT_EQ(count_after_refusal(first), 2);
  EXPECT_EQ(count_after_refusal(second), 1);
  const auto record_of = [&](const std::string& person) {
    return engine_->GetCase(person, {}, "")->document.records(0).record_id();
  };
  const identity::RecordId a = record_of(first), b = record_of(second);
  const auto judge = [&](identity::Verdict verdict) {
    JudgeIdentityCommand command;
    command.request_id = absl::StrCat("judge-", static_cast<int>(verdict));
    command.reason = "SEEN_DOCUMENTS";
    JudgeIdentityCommand::Decision& decision = command.decisions.emplace_back();
    decision.record = a;
    decision.other_record = b;
    decision.verdict = verdict;
    decision.etag = engine_->GetIdentityPair(a, b, "")->etag;
    AQ_ASSERT_OK(engine_->JudgeIdentity(User(), command, "").status());
  };
  judge(identity::Verdict::kSame);
  ASSERT_EQ(engine_->GetCase(second, {}, "")->document.person(), first);
  EXPECT_EQ(engine_->GetCase(first, {}, "")->document.refusals_in_a_row(), 3);
  EXPECT_EQ(count_after_refusal(second), 4);
  judge(identity::Verdict::kNotSame);
  EXPECT_EQ(engine_->GetCase(first, {}, "")->document.refusals_in_a_row(), 2);
  EXPECT_EQ(engine_->GetCase(second, {}, "")->document.refusals_in_a_row(), 2);
  EXPECT_EQ(count_after_refusal(first), 3);
  ExpectVerified();
}

TEST_P(DeadlinesTest, WhoIsNotOnReliefIsNotWarned) {
  const std::string person = AddPerson();
  ReferralDocument last;
  for (int i = 0; i < 3; ++i) {
    last = SendOf(person, kJob);
    Answered(last, exchange::v1::ANSWER_ACTION_DECLINE, "PERSON_DECLINED");
  }
  EXPECT_EQ(Get(last).refusals().count(), 3);
  EXPECT_THAT(OpenKinds(last), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Stores, DeadlinesTest, ::testing::Bool());

}  // namespace
}  // namespace anqiao::engine
