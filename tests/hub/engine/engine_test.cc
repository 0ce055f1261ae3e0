#include "hub/engine/engine.h"

#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::engine {
namespace {

class EngineTest : public EngineOverStores {};

TEST_P(EngineTest, TakesUpRecordsAndRecognisesThemAgain) {
  EXPECT_EQ(Summary(Submit("changes", "A1|张安\nA2|李桥\n", "one")).accepted_count(), 2);
  EXPECT_EQ(Summary(Submit("changes", "A1|张安\nA2|李桥\nA3|王平\n", "two")).unchanged_count(), 2);
  EXPECT_EQ(LiveRecords(), 3);
  EXPECT_EQ(engine_->Counts().people, 3);
  ExpectVerified();
}

TEST_P(EngineTest, AnswersARepeatedRequestAsBeforeAlsoAfterARestart) {
  Submit("changes", "A1|张安\n", "one");
  const store::Sequence synced = engine_->Counts().synced;
  EXPECT_TRUE(Summary(Submit("changes", "A1|张安\n", "one")).repeated());
  Restart();
  const PayloadSummary again = Summary(Submit("changes", "A1|张安\n", "one"));
  EXPECT_TRUE(again.repeated());
  EXPECT_EQ(again.accepted_count(), 1);
  EXPECT_EQ(engine_->Counts().synced, synced);
  ExpectVerified();
}

TEST_P(EngineTest, RefusesTheSameRequestIdWithOtherContent) {
  Submit("changes", "A1|张安\n", "one");
  const PayloadSummary summary = Summary(Submit("changes", "A1|李桥\n", "one"));
  EXPECT_EQ(summary.status().code(), static_cast<int>(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(summary.status().message(), ::testing::HasSubstr("one"));
}

TEST_P(EngineTest, HoldsBadRowsAndTakesTheirNeighbours) {
  const auto answer = Submit("changes", "A1|张安\nBAD\nA2|李桥|421299199001010009\nA3|王平\n");
  EXPECT_EQ(Summary(answer).accepted_count(), 2);
  EXPECT_EQ(Summary(answer).held_count(), 2);
  EXPECT_EQ(answer[0].records(1).problems(0).row(), 2);
  EXPECT_EQ(answer[0].records(1).problems(0).reason(), reason::kRowCutOff);
  EXPECT_EQ(engine_->ListQuarantine("police", "", 10)->items.size(), 1);
  ExpectVerified();
}

TEST_P(EngineTest, ANoteOnTheHeaderHoldsNothingBack) {
  Submit("roster", "A1|张安\nA2|李桥\nA3|王平\n", "", 1);
  const auto answer = Submit("roster", "HEADER\nA1|张安\nA2|李桥\n", "", 2);
  EXPECT_EQ(Summary(answer).held_count(), 0);
  EXPECT_EQ(Summary(answer).ended_count(), 1);
  EXPECT_EQ(Summary(answer).problems(0).reason(), reason::kUnknownColumn);
  EXPECT_EQ(Summary(answer).problems(0).column(), 3);
  EXPECT_TRUE(engine_->ListQuarantine("police", "", 10)->items.empty());
  ExpectVerified();
}

TEST_P(EngineTest, HoldsASecondRowWithTheSameKeyAndOtherContent) {
  const auto answer = Submit("changes", "A1|张安\nA1|张安\nA1|李桥\n");
  EXPECT_EQ(Summary(answer).accepted_count(), 1);
  EXPECT_EQ(Summary(answer).unchanged_count(), 1);
  EXPECT_EQ(answer[0].records(2).problems(0).reason(), reason::kDuplicateRecord);
}

TEST_P(EngineTest, SaysWhyAWholePayloadCannotBeUsed) {
  EXPECT_EQ(CodeOf(Summary(Submit("changes", ""))), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Summary(Submit("other", "A1|张安"))), absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(Summary(Submit("changes", std::string(5000, 'x')))),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(CodeOf(Summary(Submit("changes", "BROKEN"))), absl::StatusCode::kInvalidArgument);
  SubmitCommand cut_off = Command("police", "changes", "A1|张", "id");
  cut_off.cut_off = true;
  EXPECT_EQ(CodeOf(Summary(SubmitAndWait(cut_off))), absl::StatusCode::kInvalidArgument);
  // The whole comes under the same id.
  EXPECT_EQ(Summary(Submit("changes", "A1|张安", "id")).accepted_count(), 1);
  EXPECT_EQ(engine_->ListQuarantine("police", "", 10)->items.size(), 2);
  ExpectVerified();
}

TEST_P(EngineTest, KeepsNoBytesOfForbiddenContent) {
  const PayloadSummary summary = Summary(Submit("changes", "A1|张安\nFORBIDDEN\nBAD\n"));
  EXPECT_EQ(summary.accepted_count(), 1);
  EXPECT_EQ(summary.rejected_count(), 2);
  EXPECT_TRUE(engine_->ListQuarantine("police", "", 10)->items.empty());
}

TEST_P(EngineTest, ASnapshotEndsWhatItLacks) {
  Submit("roster", "A1|张安\nA2|李桥\nA3|王平\n", "", 1);
  EXPECT_EQ(Summary(Submit("roster", "A1|张安\nA2|李桥\n", "", 2)).ended_count(), 1);
  EXPECT_EQ(LiveRecords(), 2);
  ExpectVerified();
}

TEST_P(EngineTest, AnOlderSnapshotThatArrivesLateChangesNothing) {
  Submit("roster", "A1|张安\nA2|李桥\n", "", 2);
  EXPECT_EQ(Summary(Submit("roster", "A1|王平\nA3|赵明\n", "", 1)).ended_count(), 0);
  EXPECT_EQ(LiveRecords(), 2);
  ExpectVerified();
}

TEST_P(EngineTest, HoldsASnapshotThatShrankAndTakesItWhenTold) {
  Submit("roster", "A1|张安\nA2|李桥\nA3|王平\nA4|赵明\n", "", 1);
  const PayloadSummary summary = Summary(Submit("roster", "A1|张安\n", "", 2));
  EXPECT_EQ(summary.problems(0).reason(), reason::kSnapshotShrank);
  EXPECT_EQ(LiveRecords(), 4);
  const std::string payload = engine_->ListQuarantine("", "", 10)->items.at(0).payload();
  const auto replayed = engine_->ReplayQuarantine(User(), "replay", payload, true);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(replayed->ended, 3);
  EXPECT_EQ(engine_->ReplayQuarantine(User(), "replay", payload, true)->ended, 3);
  EXPECT_EQ(LiveRecords(), 1);
  EXPECT_THAT(engine_->GetQuarantine(payload), testing::StatusIs(absl::StatusCode::kNotFound));
  ExpectVerified();
}

TEST_P(EngineTest, TakesTheGoodRowsOfATruncatedDeltaAndNothingOfATruncatedSnapshot) {
  const PayloadSummary delta = Summary(Submit("changes", "A1|张安\nA2|李桥\nCUT\n"));
  EXPECT_EQ(delta.accepted_count(), 2);
  EXPECT_EQ(delta.problems(0).reason(), reason::kPayloadTruncated);
  EXPECT_EQ(LiveRecords(), 2);
  Submit("roster", "B1|张安\nB2|李桥\n", "", 1);
  const PayloadSummary snapshot = Summary(Submit("roster", "B1|张安\nCUT\n", "", 2));
  EXPECT_EQ(CodeOf(snapshot), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(LiveRecords(), 4);
  ExpectVerified();
}

TEST_P(EngineTest, NeverUsesASnapshotThatWasCutOffHoweverOftenItIsReplayed) {
  Submit("roster", "A1|张安\nA2|李桥\n", "", 1);
  SubmitCommand cut_off = Command("police", "roster", "A1|张安", "id", 2);
  cut_off.cut_off = true;
  SubmitAndWait(cut_off);
  const std::string payload = engine_->ListQuarantine("", "", 10)->items.at(0).payload();
  const auto replayed = engine_->ReplayQuarantine(User(), "replay", payload, true);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(replayed->ended, 0);
  EXPECT_EQ(replayed->problems.at(0).reason(), reason::kPayloadTruncated);
  EXPECT_EQ(LiveRecords(), 2);
  AQ_EXPECT_OK(engine_->GetQuarantine(payload).status());
  ExpectVerified();
}

TEST_P(EngineTest, AReplayedSnapshotIsTheNewestAtOnce) {
  Submit("roster", "A1|张安\nA2|李桥\nA3|王平\nA4|赵明\n", "", 1);
  Submit("roster", "A1|张安\n", "", 3);
  const std::string payload = engine_->ListQuarantine("", "", 10)->items.at(0).payload();
  AQ_ASSERT_OK(engine_->ReplayQuarantine(User(), "replay", payload, true).status());
  // An older one brings nobody back.
  const PayloadSummary older = Summary(Submit("roster", "A1|张安\nA2|李桥\nA5|孙立\n", "", 2));
  EXPECT_EQ(older.ended_count(), 0);
  EXPECT_EQ(LiveRecords(), 1);
  ExpectVerified();
}

TEST_P(EngineTest, APoisonedPayloadHarmsNoNeighbour) {
  EXPECT_EQ(CodeOf(Summary(Submit("changes", "A1|张安\nFAULT\n"))), absl::StatusCode::kInternal);
  EXPECT_EQ(Summary(Submit("changes", "A1|张安\n")).accepted_count(), 1);
  const std::string payload = engine_->ListQuarantine("", "", 10)->items.at(0).payload();
  const auto replayed = engine_->ReplayQuarantine(User(), "", payload, false);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(replayed->accepted, 0);
  EXPECT_EQ(engine_->GetQuarantine(payload)->replay_count(), 1);
  ExpectVerified();
}

TEST_P(EngineTest, ASubmittedRequestIdIsTakenForAnswersToo) {
  SubmitAndWait(Command("employment", "jobless", "J1|张安||2026-01-05\n", "one"));
  exchange::v1::AnswerReferralRequest request;
  request.set_request_id("one");
  request.set_referral("referrals/none");
  EXPECT_THAT(engine_->AnswerReferral("employment", request).status(),
              testing::StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_P(EngineTest, RemovesARecordOfADelta) {
  Submit("changes", "A1|张安\nA2|李桥\n");
  EXPECT_EQ(Summary(Submit("changes", "-A1\n")).accepted_count(), 1);
  EXPECT_EQ(LiveRecords(), 1);
  EXPECT_EQ(Summary(Submit("changes", "-A1\n", "again")).unchanged_count(), 1);
  EXPECT_EQ(Summary(Submit("changes", "A1|张安\n", "back")).accepted_count(), 1);
  EXPECT_EQ(LiveRecords(), 2);
  ExpectVerified();
}

TEST_P(EngineTest, TheOrderOfArrivalDoesNotMatter) {
  Submit("changes", "A1|张安\nA2|李桥\n", "", 2);
  Submit("changes", "A1|王平\nA2|李桥\n", "", 1);
  const auto cases = engine_->ListCases({}, "", 10, "");
  ASSERT_TRUE(cases.ok());
  ASSERT_EQ(cases->items.size(), 2);
  EXPECT_EQ(cases->items[0].folded.name, "张安");
  ExpectVerified();
}

TEST_P(EngineTest, FirstSightsGoOnAfterARestartEvenIfTheClockWasSetBack) {
  Submit("changes", "A1|张安\n");
  clock_.Advance(-absl::Hours(1));
  Restart();
  EXPECT_EQ(Summary(Submit("changes", "A1|王平\n")).accepted_count(), 1);
  EXPECT_EQ(engine_->ListCases({}, "", 10, "")->items.at(0).folded.name, "王平");
  ExpectVerified();
}

TEST_P(EngineTest, FirstSightsGoOnAfterARestartEvenIfTheClockWasSetBackLongBefore) {
  Submit("changes", "A1|张安\n");
  clock_.Advance(-absl::Hours(87'600));
  Submit("changes", "A2|李桥\n", "", 1);
  clock_.Advance(absl::Hours(1));
  Restart();
  EXPECT_EQ(Summary(Submit("changes", "A1|王平\n")).accepted_count(), 1);
  EXPECT_EQ(engine_->ListCases({}, "", 10, "")->items.at(0).folded.name, "王平");
  ExpectVerified();
}

TEST_P(EngineTest, RefusesAHeaderThatCannotBeRecorded) {
  const store::Sequence synced = engine_->Counts().synced;
  const auto refused = [&](const SubmitCommand& command) {
    return CodeOf(Summary(SubmitAndWait(command)));
  };
  EXPECT_EQ(refused(Command("police", "changes", "A1|张安", std::string(101, 'x'))),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused(Command("police", "", "A1|张安")), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused(Command("police", "changes", "A1|张安", "", 200)),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused(Command("nobody", "changes", "A1|张安")), absl::StatusCode::kNotFound);
  EXPECT_EQ(engine_->Counts().synced, synced);
}

TEST_P(EngineTest, RecordsARefusalOnceAMinute) {
  const store::Sequence synced = engine_->Counts().synced;
  for (int i = 0; i < 3; ++i) {
    engine_->RecordAccess(User(), "GetCase", "cases/p1", false, reason::kPermissionDenied);
  }
  clock_.Advance(absl::Minutes(2));
  engine_->RecordAccess(User(), "GetCase", "cases/p1", false, reason::kPermissionDenied);
  engine_->RecordAccess(User(), "GetCase", "cases/p1", true, "");
  engine_->Shutdown();
  EXPECT_EQ(engine_->Counts().synced, synced + 3);
}

INSTANTIATE_TEST_SUITE_P(Stores, EngineTest, ::testing::Bool());

}  // namespace
}  // namespace anqiao::engine
