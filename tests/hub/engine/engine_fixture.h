// An engine with two agencies, a clock that stands still and one policy, over the memory store or
// over RocksDB in a directory of its own.

#ifndef ANQIAO_TESTS_HUB_ENGINE_ENGINE_FIXTURE_H_
#define ANQIAO_TESTS_HUB_ENGINE_ENGINE_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "hub/base/errors.h"
#include "hub/engine/engine.h"
#include "tests/hub/engine/flaky_store.h"
#include "tests/testing/fake_adapter.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::engine {

using exchange::v1::PayloadSummary;
using exchange::v1::SubmitResponse;
using journal::v1::ReferralDocument;

inline constexpr char kPolicy[] = "training-help";

// One policy, whose answer the test says.
class OnePolicy : public policy::Catalogue {
 public:
  OnePolicy() {
    policy::PolicySummary& policy = policies_.emplace_back();
    policy.id = kPolicy;
    policy.service = "skills";
    policy.service_title = "职业技能培训";
    policy.provider = "employment";
    policy.view = "training";
  }
  const std::string& content() const override { return text_; }
  const std::string& hash() const override { return text_; }
  const std::vector<policy::PolicySummary>& policies() const override { return policies_; }
  const policy::PolicySummary* Find(absl::string_view id) const override {
    return id == kPolicy ? policies_.data() : nullptr;
  }
  absl::StatusOr<journal::v1::EntitlementAnswer> Evaluate(
      absl::string_view id, const model::Case& person) const override {
    if (Find(id) == nullptr) {
      return Error(absl::StatusCode::kNotFound, reason::kPolicyNotFound, "there is none");
    }
    journal::v1::EntitlementAnswer answer;
    answer.set_policy(kPolicy);
    answer.set_result(result);
    return answer;
  }

  journal::v1::EntitlementResult result = journal::v1::ENTITLEMENT_RESULT_ELIGIBLE;

 private:
  std::string text_ = "one policy";
  std::vector<policy::PolicySummary> policies_;
};

// Identity number of nobody: county 421299, a day of 1990, a number of that day.
inline std::string IdNumber(int number) {
  const std::string digits = absl::StrCat("42129919900101", 100 + number);
  static constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (int i = 0; i < 17; ++i) sum += (digits[static_cast<std::size_t>(i)] - '0') * kWeights[i];
  return digits + "10X98765432"[sum % 11];
}

class EngineFixture : public ::testing::Test {
 protected:
  EngineFixture() {
    AgencyOptions& police = options_.agencies.emplace_back();
    police.id = "police";
    police.kind = "police";
    police.adapter = &slot_;
    police.formats = {"roster", "changes"};
    police.payload_bytes_max = 4000;
    police.shrink_count_min = 2;
    AgencyOptions& employment = options_.agencies.emplace_back();
    employment.id = "employment";
    employment.kind = "employment";
    employment.adapter = &slot_;
    employment.formats = {"jobless", "answers"};
    employment.services = {"skills"};
    employment.delivery_format = "requests";
    options_.nack_pause_min = absl::Milliseconds(30);
    options_.nack_pause_max = absl::Milliseconds(60);
    options_.delivery_attempts_max = 3;
  }
  void TearDown() override {
    stream_.reset();
    engine_.reset();
  }

  // Opens the engine, or closes it and opens it again.
  virtual absl::StatusOr<std::unique_ptr<store::Store>> OpenOnDisk(const std::string& directory) {
    return store::OpenRocksStore({.directory = directory});
  }
  void Open(bool on_disk = false) {
    stream_.reset();
    engine_.reset();
    if (store_ == nullptr || on_disk) {
      store_.reset();
      std::unique_ptr<store::Store> store = store::NewMemoryStore();
      if (on_disk) {
        AQ_ASSERT_OK_AND_ASSIGN(store, OpenOnDisk(directory_.path()));
      }
      store_ = std::make_unique<FlakyStore>(std::move(store));
    }
    AQ_ASSERT_OK_AND_ASSIGN(engine_, Engine::Open(options_, store_.get(), &clock_, &catalogue_));
  }

  static SubmitCommand Command(const std::string& agency, const std::string& format,
                               const std::string& payload, const std::string& request_id = "",
                               std::optional<int> extract_day = std::nullopt) {
    SubmitCommand command;
    command.agency = agency;
    command.payload = payload;
    command.header.set_format(format);
    command.header.set_request_id(request_id);
    if (extract_day.has_value()) {
      command.header.mutable_extract_time()->set_seconds(1'780'000'000 + 86400 * *extract_day);
    }
    return command;
  }
  std::vector<SubmitResponse> SubmitAndWait(const SubmitCommand& command) {
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
  // From the police.
  std::vector<SubmitResponse> Submit(const std::string& format, const std::string& payload,
                                     const std::string& request_id = "",
                                     std::optional<int> extract_day = std::nullopt) {
    return SubmitAndWait(Command("police", format, payload, request_id, extract_day));
  }
  static PayloadSummary Summary(const std::vector<SubmitResponse>& responses) {
    return responses.back().summary();
  }
  static absl::StatusCode CodeOf(const PayloadSummary& summary) {
    return static_cast<absl::StatusCode>(summary.status().code());
  }
  std::int64_t LiveRecords(std::size_t agency = 0) {
    const auto agencies = engine_->ListAgencies();
    return agencies.ok() ? agencies->at(agency).records : -1;
  }
  AgencyStatus Employment() { return engine_->ListAgencies()->at(1); }

  void ExpectVerified() {
    const auto report = engine_->Verify(nullptr);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->equal) << ::testing::PrintToString(report->differences);
  }
  // Everything that is durable and everything that can be read.
  std::pair<store::Sequence, std::string> Everything() {
    return {engine_->Counts().synced, engine_->Verify(nullptr)->live_hash};
  }

  static Principal User(const std::string& name = "chen", const std::string& role = "caseworker") {
    Principal user;
    user.set_kind(journal::v1::PRINCIPAL_KIND_USER);
    user.set_name(name);
    user.set_role(role);
    return user;
  }

  // A person whom police and employment know; their case.
  std::string AddPerson(int number = 1) {
    const std::string id = IdNumber(number);
    Submit("changes", absl::StrCat("P", number, "|张安|", id, "||421202003010\n"));
    SubmitAndWait(Command("employment", "jobless",
                          absl::StrCat("J", number, "|张安|", id, "|2026-01-05|421202\n")));
    const auto cases = engine_->ListCases({}, "", 1000, "");
    if (cases.ok()) {
      for (const CaseView& view : cases->items) {
        if (view.folded.id_number == id) return view.document.person();
      }
    }
    ADD_FAILURE() << "the person is not there";
    return "";
  }

  CreateReferralCommand Draft(const std::string& case_id) {
    CreateReferralCommand command;
    command.request_id = absl::StrCat("create-", ++requests_);
    command.case_id = case_id;
    command.policy = kPolicy;
    command.details = {{"course", "电工"}};
    return command;
  }
  SendReferralCommand Sending(const ReferralDocument& referral) {
    SendReferralCommand command;
    command.request_id = absl::StrCat("send-", ++requests_);
    command.referral = referral.referral();
    command.etag = ReferralEtag(referral);
    command.legal_basis = "STATUTORY_DUTY";
    command.basis_reference = "就业促进法第五十二条";
    command.notice_given = true;
    return command;
  }
  MoveReferralCommand Moving(const ReferralDocument& referral, referral::Action action,
                             const std::string& reason_text = "") {
    MoveReferralCommand command;
    command.request_id = absl::StrCat("move-", ++requests_);
    command.referral = referral.referral();
    command.etag = ReferralEtag(referral);
    command.action = action;
    command.reason = reason_text;
    return command;
  }
  // A referral that has been sent.
  ReferralDocument SendOne(const std::string& case_id) {
    const auto draft = engine_->CreateReferral(User(), Draft(case_id), "");
    EXPECT_TRUE(draft.ok()) << draft.status();
    if (!draft.ok()) return {};
    const auto sent = engine_->SendReferral(User(), Sending(*draft), "");
    EXPECT_TRUE(sent.ok()) << sent.status();
    return sent.ok() ? *sent : ReferralDocument();
  }
  exchange::v1::AnswerReferralRequest Answer(const ReferralDocument& referral,
                                             exchange::v1::AnswerAction action,
                                             const std::string& etag) {
    exchange::v1::AnswerReferralRequest request;
    request.set_request_id(absl::StrCat("answer-", ++requests_));
    request.set_referral(absl::StrCat("referrals/", referral.draft().pseudonym()));
    request.set_etag(etag);
    request.mutable_answer()->set_action(action);
    return request;
  }
  journal::v1::ReferralState StateOf(const ReferralDocument& referral) {
    const auto now = engine_->GetReferral(referral.referral(), "");
    EXPECT_TRUE(now.ok()) << now.status();
    return now.ok() ? now->state() : journal::v1::REFERRAL_STATE_UNSPECIFIED;
  }

  DeliveryStream& Receive(int max_in_flight = 10, absl::Duration visibility = absl::Seconds(60)) {
    auto opened = engine_->OpenReceive("employment", max_in_flight, visibility);
    EXPECT_TRUE(opened.ok()) << opened.status();
    stream_ = *std::move(opened);
    return *stream_;
  }
  // What comes next; an empty delivery if nothing does.
  static exchange::v1::Delivery NextOf(DeliveryStream& stream,
                                       absl::Duration timeout = absl::Seconds(10)) {
    const auto delivery = stream.Next(timeout);
    EXPECT_TRUE(delivery.ok()) << delivery.status();
    return delivery.ok() && delivery->has_value() ? **delivery : exchange::v1::Delivery();
  }

  testing::TempDir directory_;
  testing::FakeAdapter adapter_;
  adapter::AdapterSlot slot_{&adapter_};
  ManualClock clock_{absl::FromUnixSeconds(1'790'000'000)};
  OnePolicy catalogue_;
  EngineOptions options_;
  std::unique_ptr<FlakyStore> store_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<DeliveryStream> stream_;
  int requests_ = 0;
};

// The same over both stores.
class EngineOverStores : public EngineFixture, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override { Restart(); }
  void Restart() { Open(GetParam()); }
};

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_ENGINE_FIXTURE_H_
