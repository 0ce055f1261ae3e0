#include "hub/transport/outbox_delivery.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "hub/base/digest.h"
#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::transport {
namespace {

namespace fs = std::filesystem;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::StatusIs;

constexpr absl::Duration kSoon = absl::Milliseconds(10);

class OutboxDeliveryTest : public engine::EngineFixture {
 protected:
  void SetUp() override {
    options_.agencies[1].delivery_way = journal::v1::DELIVERY_WAY_FOLDER;
    options_.agencies[1].delivery_format = "";
    folder_.agency = "employment";
    folder_.path = directory_.File("out");
    fs::create_directory(folder_.path);
    Reopen();
  }
  void TearDown() override {
    delivery_.reset();
    EngineFixture::TearDown();
  }
  void Reopen() {
    delivery_.reset();
    Open();
    AQ_ASSERT_OK_AND_ASSIGN(delivery_, OutboxDelivery::Open(folder_, engine_.get(), nullptr));
  }
  // Without what is hidden.
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string Content(const std::string& name) const {
    std::ifstream file(folder_.path + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path + "/" + name, std::ios::binary) << text;
  }
  std::int64_t Pending() { return Employment().pending_deliveries; }

  OutboxOptions folder_;
  std::unique_ptr<OutboxDelivery> delivery_;
};

TEST_F(OutboxDeliveryTest, AFileThatIsDurableIsDelivered) {
  const std::string person = AddPerson();
  const engine::ReferralDocument sent = SendOne(person);
  AQ_EXPECT_OK(delivery_->DeliverOnce(kSoon));
  EXPECT_EQ(Pending(), 0);
  ASSERT_EQ(Files().size(), 1u);
  EXPECT_THAT(Files()[0], EndsWith(".json"));
  const std::string content = Content(Files()[0]);
  EXPECT_THAT(content, HasSubstr("referrals/" + sent.draft().pseudonym()));
  EXPECT_THAT(content, HasSubstr("\"course\": \"电工\""));
  // Nothing of the hub's inside, and nothing that changes from attempt to attempt.
  for (const std::string& inside : {sent.referral(), person, std::string("attempt")}) {
    EXPECT_THAT(content, Not(HasSubstr(inside)));
  }
  EXPECT_EQ(delivery_->Counts().delivered, 1);
  const auto ledger = engine_->ListDisclosures(person, "", 10, "");
  const journal::v1::HandedOver& handed_over = ledger->items[0].handed_over();
  EXPECT_EQ(handed_over.way(), journal::v1::DELIVERY_WAY_FOLDER);
  EXPECT_EQ(handed_over.bytes_hash(), Sha256(handed_over.sealed_salt() + content));
  EXPECT_EQ(handed_over.adapter_build(), "");
  AQ_EXPECT_OK(delivery_->DeliverOnce(kSoon));
  EXPECT_EQ(delivery_->Counts().delivered, 1);
}

TEST_F(OutboxDeliveryTest, TheFormIsTheAgencysOwnWhereItsAdapterEncodes) {
  options_.agencies[1].delivery_format = "requests";
  folder_.form = EnvelopeForm::kProtobuf;
  Reopen();
  const std::string person = AddPerson();
  const engine::ReferralDocument sent = SendOne(person);
  AQ_ASSERT_OK(
      engine_->MoveReferral(User(), Moving(sent, referral::Action::kCancel, "PERSON_WITHDREW"), "")
          .status());
  AQ_EXPECT_OK(delivery_->DeliverOnce(kSoon));
  ASSERT_EQ(Files().size(), 1u);
  EXPECT_THAT(Files()[0], EndsWith(".requests"));
  EXPECT_THAT(Content(Files()[0]), ::testing::StartsWith("requests|"));
  EXPECT_EQ(engine_->ListDisclosures(person, "", 10, "")->items[0].handed_over().adapter_build(),
            adapter_.build_id());
  AQ_EXPECT_OK(delivery_->DeliverOnce(kSoon));
  ASSERT_EQ(Files().size(), 2u);
  const std::string notice = absl::EndsWith(Files()[0], ".pb") ? Files()[0] : Files()[1];
  exchange::v1::Delivery envelope;
  ASSERT_TRUE(envelope.ParseFromString(Content(notice)));
  EXPECT_TRUE(envelope.has_cancellation());
}

TEST_F(OutboxDeliveryTest, WhatACrashLeftIsRecognised) {
  SendOne(AddPerson());
  // The file is there, its ack is not.
  store_->FillDisk(1);
  EXPECT_THAT(delivery_->DeliverOnce(kSoon), StatusIs(absl::StatusCode::kResourceExhausted));
  ASSERT_EQ(Files().size(), 1u);
  const std::string name = Files()[0];
  Reopen();
  AQ_EXPECT_OK(delivery_->DeliverOnce(kSoon));
  EXPECT_EQ(Files(), std::vector<std::string>{name});
  EXPECT_EQ(Pending(), 0);
}

TEST_F(OutboxDeliveryTest, WithoutItsFolderEverythingWaitsAndNothingCounts) {
  SendOne(AddPerson());
  AQ_EXPECT_OK(delivery_->DeliverOnce(kSoon));
  EXPECT_TRUE(Employment().receiving);
  SendOne(AddPerson());
  fs::rename(folder_.path, directory_.File("gone"));
  clock_.Advance(absl::Hours(1));
  const absl::Time gone = clock_.Now();
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(delivery_->DeliverOnce(kSoon), StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_EQ(Employment().away_since, gone);
  EXPECT_EQ(Employment().dead_deliveries, 0);
  EXPECT_EQ(engine_->ListDeliveries({.dead = false}, "", 10)->items[0].nack_count(), 0);
  EXPECT_GT(delivery_->PauseAfter(absl::UnavailableError("")), absl::ZeroDuration());
  fs::rename(directory_.File("gone"), folder_.path);
  AQ_EXPECT_OK(delivery_->DeliverOnce(kSoon));
  EXPECT_EQ(Pending(), 0);
  EXPECT_TRUE(Employment().receiving);
}

TEST_F(OutboxDeliveryTest, AnothersFileOfItsNameCountsAsARefusal) {
  SendOne(AddPerson());
  const std::string id =
      engine_->ListDeliveries({.dead = false}, "", 1)->items[0].delivery().delivery();
  Write(id + ".json", "not ours");
  AQ_EXPECT_OK(delivery_->DeliverOnce(kSoon));
  EXPECT_EQ(Content(id + ".json"), "not ours");
  const auto waiting = engine_->GetDelivery(id);
  EXPECT_EQ(waiting->nack_count(), 1);
  EXPECT_EQ(waiting->last_reason(), "FILE_NAME_TAKEN");
}

TEST_F(OutboxDeliveryTest, WaitsForTheAgencysWordIfItIsToldTo) {
  folder_.await_ack = true;
  folder_.in_flight = 2;
  Reopen();
  const std::string person = AddPerson();
  for (int i = 0; i < 3; ++i) SendOne(person);
  for (int i = 0; i < 4; ++i) AQ_EXPECT_OK(delivery_->DeliverOnce(kSoon));
  ASSERT_EQ(Files().size(), 2u);
  EXPECT_EQ(Pending(), 3);
  EXPECT_FALSE(Employment().receiving);
  const std::string first = Files()[0], second = Files()[1];
  Write(first + ".ack", "");
  Write(second + ".nack", "NOT_OURS\n");
  AQ_EXPECT_OK(delivery_->DeliverOnce(absl::Seconds(10)));
  EXPECT_EQ(Pending(), 2);
  EXPECT_TRUE(Employment().receiving);
  EXPECT_EQ(engine_->GetDelivery(second.substr(0, second.find('.')))->last_reason(), "NOT_OURS");
  // The nack is heard once; after its pause the file is offered again.
  for (int i = 0; i < 20; ++i) AQ_EXPECT_OK(delivery_->DeliverOnce(kSoon));
  EXPECT_FALSE(fs::exists(folder_.path + "/" + second + ".nack"));
  EXPECT_EQ(engine_->GetDelivery(second.substr(0, second.find('.')))->nack_count(), 1);
  // Who says nothing for long is away.
  clock_.Advance(absl::Hours(2));
  AQ_EXPECT_OK(delivery_->DeliverOnce(kSoon));
  EXPECT_FALSE(Employment().receiving);
  // What was written before a restart is known by its name.
  Write(second + ".ack", "");
  Reopen();
  for (int i = 0; i < 4; ++i) AQ_EXPECT_OK(delivery_->DeliverOnce(kSoon));
  EXPECT_EQ(Pending(), 1);
}

TEST_F(OutboxDeliveryTest, GoesOnByItself) {
  delivery_->Start();
  const std::string person = AddPerson();
  for (int i = 0; i < 5; ++i) SendOne(person);
  for (int i = 0; i < 1000 && Pending() > 0; ++i) absl::SleepFor(kSoon);
  EXPECT_EQ(Pending(), 0);
  delivery_->Shutdown();
  EXPECT_EQ(Files().size(), 5u);
}

}  // namespace
}  // namespace anqiao::transport
