#include "hub/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "absl/synchronization/notification.h"
#include "hub/base/errors.h"
#include "tests/testing/fake_adapter.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::engine {
namespace {

using exchange::v1::PayloadSummary;
using exchange::v1::SubmitResponse;

class EmptyCatalogue : public policy::Catalogue {
 public:
  const std::string& content() const override { return text_; }
  const std::string& hash() const override { return text_; }
  const std::vector<policy::PolicySummary>& policies() const override { return policies_; }
  const policy::PolicySummary* Find(absl::string_view) const override { return nullptr; }
  absl::StatusOr<journal::v1::EntitlementAnswer> Evaluate(absl::string_view,
                                                          const model::Case&) const override {
    return Error(absl::StatusCode::kNotFound, reason::kPolicyNotFound, "none");
  }

 private:
  std::string text_ = "empty";
  std::vector<policy::PolicySummary> policies_;
};

// Runs over the memory store and over RocksDB.
class EngineTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override { Open(); }
  void TearDown() override { engine_.reset(); }

  void Open() {
    engine_.reset();
    if (store_ == nullptr || GetParam()) {
      store_.reset();
      if (GetParam()) {
        AQ_ASSERT_OK_AND_ASSIGN(store_, store::OpenRocksStore({.directory = directory_.path()}));
      } else {
        store_ = store::NewMemoryStore();
      }
    }
    EngineOptions options;
    AgencyOptions& police = options.agencies.emplace_back();
    police.id = "police";
    police.kind = "police";
    police.adapter = &adapter_;
    police.formats = {"roster", "changes"};
    police.payload_bytes_max = 4000;
    police.shrink_count_min = 2;
    AQ_ASSERT_OK_AND_ASSIGN(engine_, Engine::Open(options, store_.get(), &clock_, &catalogue_));
  }

  std::vector<SubmitResponse> Submit(const std::string& format, const std::string& payload,
                                     const std::string& request_id = "",
                                     std::optional<int> extract_day = std::nullopt,
                                     bool cut_off = false) {
    SubmitCommand command;
    command.agency = "police";
    command.payload = payload;
    command.cut_off = cut_off;
    command.header.set_format(format);
    command.header.set_request_id(request_id);
    if (extract_day.has_value()) {
      command.header.mutable_extract_time()->set_seconds(1'780'000'000 + 86400 * *extract_day);
    }
    std::vector<SubmitResponse> answer;
    absl::Notification done;
    EXPECT_TRUE(engine_->Submit(
        command,
        [&](std::vector<SubmitResponse> responses) {
          answer = std::move(responses);
          done.Notify();
        },
        nullptr));
    done.WaitForNotification();
    return answer;
  }
  static PayloadSummary Summary(const std::vector<SubmitResponse>& responses) {
    return responses.back().summary();
  }
  std::int64_t LiveRecords() {
    const auto agencies = engine_->ListAgencies();
    return agencies.ok() ? agencies->at(0).records : -1;
  }
  void ExpectVerified() {
    const auto report = engine_->Verify(nullptr);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->equal) << ::testing::PrintToString(report->differences);
  }

  testing::TempDir directory_;
  testing::FakeAdapter adapter_;
  ManualClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  EmptyCatalogue catalogue_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Engine> engine_;
};

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
  Open();
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

TEST_P(EngineTest, HoldsASecondRowWithTheSameKeyAndOtherContent) {
  const auto answer = Submit("changes", "A1|张安\nA1|张安\nA1|李桥\n");
  EXPECT_EQ(Summary(answer).accepted_count(), 1);
  EXPECT_EQ(Summary(answer).unchanged_count(), 1);
  EXPECT_EQ(answer[0].records(2).problems(0).reason(), reason::kDuplicateRecord);
}

TEST_P(EngineTest, SaysWhyAWholePayloadCannotBeUsed) {
  const auto code = [&](const PayloadSummary& summary) {
    return static_cast<absl::StatusCode>(summary.status().code());
  };
  EXPECT_EQ(code(Summary(Submit("changes", ""))), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(Summary(Submit("other", "A1|张安"))), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(Summary(Submit("changes", std::string(5000, 'x')))),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(code(Summary(Submit("changes", "BROKEN"))), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(Summary(Submit("changes", "A1|张", "id", std::nullopt, true))),
            absl::StatusCode::kInvalidArgument);
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
  Principal operator_user;
  operator_user.set_kind(journal::v1::PRINCIPAL_KIND_USER);
  operator_user.set_name("wang");
  const auto replayed = engine_->ReplayQuarantine(operator_user, "replay", payload, true);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_EQ(replayed->ended, 3);
  EXPECT_EQ(engine_->ReplayQuarantine(operator_user, "replay", payload, true)->ended, 3);
  EXPECT_EQ(LiveRecords(), 1);
  EXPECT_THAT(engine_->GetQuarantine(payload), testing::StatusIs(absl::StatusCode::kNotFound));
  ExpectVerified();
}

INSTANTIATE_TEST_SUITE_P(Stores, EngineTest, ::testing::Bool());

}  // namespace
}  // namespace anqiao::engine
