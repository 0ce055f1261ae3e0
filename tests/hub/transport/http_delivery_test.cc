#include "hub/transport/http_delivery.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "hub/base/digest.h"
#include "tests/hub/transport/scripted_server.h"
#include "tests/hub/transport/transport_fixture.h"

namespace anqiao::transport {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::StatusIs;
using Then = ScriptedServer::Then;

constexpr absl::Duration kSoon = absl::Milliseconds(10);

class HttpDeliveryTest : public TransportFixture {
 protected:
  void SetUp() override {
    EngineFixture::options_.agencies[1].delivery_way = journal::v1::DELIVERY_WAY_HTTP;
    EngineFixture::options_.agencies[1].delivery_format = "";
    Open();
    http_.agency = "employment";
    http_.identity = Identity("server");
    http_.connections = 1;
    OpenServer("server");
  }
  void TearDown() override {
    delivery_.reset();
    server_.reset();
    EngineFixture::TearDown();
  }
  void OpenServer(const std::string& certificate) {
    delivery_.reset();
    server_ = std::make_unique<ScriptedServer>(Identity(certificate));
    AQ_ASSERT_OK_AND_ASSIGN(
        http_.url, PollUrl::Parse(absl::StrCat("https://", server_->address(), "/inbox"), false));
    OpenDelivery();
  }
  void OpenDelivery() {
    delivery_.reset();
    AQ_ASSERT_OK_AND_ASSIGN(delivery_,
                            HttpDelivery::Open(http_, engine_.get(), &system_clock_, nullptr));
  }
  absl::Status Deliver() { return delivery_->DeliverOnce(kSoon); }
  std::string LastRequest() const { return server_->requests().back(); }
  std::string LastBody() const {
    const std::string request = LastRequest();
    return request.substr(request.find("\r\n\r\n") + 4);
  }
  journal::v1::DeliveryDocument First(bool dead = false) {
    const auto page = engine_->ListDeliveries({.agency = "employment", .dead = dead}, "", 1);
    return page.ok() && !page->items.empty() ? page->items[0] : journal::v1::DeliveryDocument();
  }

  testing::TempDir files_;
  HttpDeliveryOptions http_;
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<HttpDelivery> delivery_;
};

TEST_F(HttpDeliveryTest, PostsAndTakesA2xxForAnAck) {
  const std::string person = AddPerson();
  const engine::ReferralDocument sent = SendOne(person);
  const std::string id = First().delivery().delivery();
  server_->Give(202, "thank you");
  AQ_EXPECT_OK(Deliver());
  EXPECT_THAT(LastRequest(), AllOf(StartsWith("POST /inbox HTTP/1.1\r\n"),
                                   HasSubstr("Host: " + server_->address() + "\r\n"),
                                   HasSubstr("Idempotency-Key: " + id + "\r\n"),
                                   HasSubstr("Content-Type: application/json\r\n"),
                                   HasSubstr("referrals/" + sent.draft().pseudonym()),
                                   Not(HasSubstr("Authorization"))));
  // Nothing that tells who sends, or of the hub's inside.
  for (const std::string& inside :
       {std::string("anqiao"), std::string("httplib"), sent.referral(), person}) {
    EXPECT_THAT(LastRequest(), Not(HasSubstr(inside)));
  }
  EXPECT_EQ(Employment().pending_deliveries, 0);
  EXPECT_TRUE(Employment().receiving);
  EXPECT_EQ(delivery_->Counts().delivered, 1);
  const auto ledger = engine_->ListDisclosures(person, "", 10, "");
  const journal::v1::HandedOver& handed_over = ledger->items[0].handed_over();
  EXPECT_EQ(handed_over.way(), journal::v1::DELIVERY_WAY_HTTP);
  EXPECT_EQ(handed_over.bytes_hash(), Sha256(handed_over.sealed_salt() + LastBody()));
}

TEST_F(HttpDeliveryTest, ARefusalCountsAndTheOthersGoOn) {
  EngineFixture::options_.nack_pause_min = EngineFixture::options_.nack_pause_max =
      absl::Minutes(10);
  delivery_.reset();
  Open();
  OpenDelivery();
  const std::string person = AddPerson();
  const engine::ReferralDocument refused = SendOne(person);
  const engine::ReferralDocument taken = SendOne(person);
  server_->Give(422, "{}");
  server_->Give(200, "");
  AQ_EXPECT_OK(Deliver());
  AQ_EXPECT_OK(Deliver());
  EXPECT_THAT(LastRequest(), HasSubstr(taken.draft().pseudonym()));
  EXPECT_EQ(First().referral(), refused.referral());
  EXPECT_EQ(First().nack_count(), 1);
  EXPECT_EQ(First().last_reason(), "HTTP_422");
  EXPECT_EQ(delivery_->Counts().refused, 1);
}

TEST_F(HttpDeliveryTest, AfterTooManyItIsDeadAndCanBeSentAgain) {
  const engine::ReferralDocument sent = SendOne(AddPerson());
  for (int i = 0; i < 3; ++i) {
    server_->Give(500, "");
    AQ_EXPECT_OK(delivery_->DeliverOnce(absl::Seconds(10)));
  }
  EXPECT_EQ(First(/*dead=*/true).last_reason(), "HTTP_500");
  EXPECT_EQ(engine_->GetReferral(sent.referral(), "")->dead_delivery_count(), 1);
  const std::string id = First(/*dead=*/true).delivery().delivery();
  AQ_EXPECT_OK(
      engine_->MendDelivery(User("ops", "operator"), {.request_id = "m", .delivery = id}).status());
  server_->Give(200, "");
  AQ_EXPECT_OK(delivery_->DeliverOnce(absl::Seconds(10)));
  EXPECT_THAT(LastRequest(), HasSubstr("Idempotency-Key: " + id + "\r\n"));
  EXPECT_EQ(Employment().pending_deliveries, 0);
}

TEST_F(HttpDeliveryTest, WhoAsksForLaterIsWaitedForWithinBounds) {
  SendOne(AddPerson());
  const std::pair<int, absl::Duration> cases[] = {{429, absl::Minutes(2)}, {503, absl::Minutes(2)},
                                                  {408, absl::Minutes(2)}, {502, absl::Minutes(2)},
                                                  {504, absl::Minutes(2)}, {425, absl::Minutes(2)}};
  for (const auto& [code, pause] : cases) {
    server_->Give(code, "", absl::StrCat("Retry-After: ", absl::ToInt64Seconds(pause), "\r\n"));
    const absl::Status status = Deliver();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, HasSubstr(absl::StrCat(code))));
    EXPECT_EQ(delivery_->PauseAfter(status), pause);
    EXPECT_EQ(Employment().receiving, OutcomeOf(code) == PostOutcome::kLater) << code;
  }
  server_->Give(503, "", "Retry-After: 86400\r\n");
  EXPECT_EQ(delivery_->PauseAfter(Deliver()), http_.retry_after_max);
  EXPECT_EQ(First().nack_count(), 0);
  EXPECT_EQ(delivery_->Counts().postponed, 7);
  server_->Give(200, "");
  AQ_EXPECT_OK(Deliver());
  EXPECT_EQ(Employment().pending_deliveries, 0);
}

TEST_F(HttpDeliveryTest, WhoCannotBeReachedIsAwayAndNothingCounts) {
  SendOne(AddPerson());
  // Another's certificate, then nobody at all.
  OpenServer("forged");
  clock_.Advance(absl::Hours(1));
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(Deliver(), StatusIs(absl::StatusCode::kUnavailable));
  }
  server_.reset();
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(Deliver(), StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_FALSE(Employment().receiving);
  EXPECT_EQ(First().nack_count(), 0);
  OpenServer("server");
  server_->Give(204, "");
  AQ_EXPECT_OK(Deliver());
  EXPECT_EQ(Employment().pending_deliveries, 0);
}

TEST_F(HttpDeliveryTest, WhoTakesTheConnectionAndSaysNothingIsThere) {
  SendOne(AddPerson());
  const std::string id = First().delivery().delivery();
  server_->Say("HTTP/1.1 20", Then::kCutOff);
  AQ_EXPECT_OK(Deliver());
  EXPECT_EQ(First().nack_count(), 1);
  EXPECT_EQ(First().last_reason(), "NO_ANSWER");
  server_->Give(200, "");
  AQ_EXPECT_OK(delivery_->DeliverOnce(absl::Seconds(10)));
  EXPECT_THAT(LastRequest(), HasSubstr("Idempotency-Key: " + id + "\r\n"));
}

TEST_F(HttpDeliveryTest, ALongBodyOfAnAnswerIsNotRead) {
  SendOne(AddPerson());
  server_->Say("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nbegins", Then::kCutOff);
  AQ_EXPECT_OK(Deliver());
  EXPECT_EQ(Employment().pending_deliveries, 0);
}

TEST_F(HttpDeliveryTest, ShowsItsTokenAndWaitsWithoutIt) {
  http_.token_file = files_.File("token");
  std::ofstream(http_.token_file) << "secret\n";
  chmod(http_.token_file.c_str(), 0600);
  OpenDelivery();
  SendOne(AddPerson());
  chmod(http_.token_file.c_str(), 0644);
  EXPECT_THAT(Deliver(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(First().nack_count(), 0);
  chmod(http_.token_file.c_str(), 0600);
  server_->Give(200, "");
  AQ_EXPECT_OK(Deliver());
  EXPECT_THAT(LastRequest(), HasSubstr("Authorization: Bearer secret\r\n"));
}

TEST_F(HttpDeliveryTest, OpensOnlyForWhoIsPushedTo) {
  http_.agency = "police";
  EXPECT_THAT(HttpDelivery::Open(http_, engine_.get(), &system_clock_, nullptr).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  http_.agency = "employment";
  http_.identity.ca = "no certificate";
  EXPECT_THAT(HttpDelivery::Open(http_, engine_.get(), &system_clock_, nullptr).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("deliver of agency")));
}

TEST_F(HttpDeliveryTest, GoesOnByItselfOverSeveralConnections) {
  http_.connections = 3;
  OpenDelivery();
  const std::string person = AddPerson();
  for (int i = 0; i < 6; ++i) server_->Give(200, "");
  for (int i = 0; i < 6; ++i) SendOne(person);
  delivery_->Start();
  for (int i = 0; i < 1000 && Employment().pending_deliveries > 0; ++i) absl::SleepFor(kSoon);
  EXPECT_EQ(Employment().pending_deliveries, 0);
  delivery_->Shutdown();
  EXPECT_EQ(server_->requests().size(), 6u);
}

TEST(PostOutcomeTest, EveryCodeMeansSomething) {
  for (int code = 100; code < 600; ++code) {
    EXPECT_EQ(OutcomeOf(code) == PostOutcome::kDelivered, code / 100 == 2) << code;
  }
  for (const int code : {301, 302, 400, 401, 403, 404, 409, 413, 422, 500, 501, 505}) {
    EXPECT_EQ(OutcomeOf(code), PostOutcome::kRefused) << code;
  }
}

}  // namespace
}  // namespace anqiao::transport
