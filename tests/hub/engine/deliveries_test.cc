#include "hub/engine/deliveries.h"

#include <thread>

#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::engine {
namespace {

using exchange::v1::Delivery;

constexpr absl::Duration kSoon = absl::Milliseconds(10);

class DeliveriesTest : public EngineOverStores {
 protected:
  bool NothingComes(DeliveryStream& stream) { return NextOf(stream, kSoon).name().empty(); }
};

TEST_P(DeliveriesTest, ComesAgainIfNobodyAnswers) {
  SendOne(AddPerson());
  DeliveryStream& stream = Receive(10, absl::Milliseconds(40));
  const Delivery first = NextOf(stream);
  EXPECT_EQ(first.attempt(), 1);
  const Delivery second = NextOf(stream);
  EXPECT_EQ(second.name(), first.name());
  EXPECT_EQ(second.attempt(), 2);
  AQ_EXPECT_OK(stream.Ack(first.name()));
  EXPECT_EQ(NextOf(stream, absl::Milliseconds(80)).name(), "");
}

TEST_P(DeliveriesTest, ComesInOrderOfItsReferral) {
  const std::string person = AddPerson();
  const ReferralDocument first = SendOne(person);
  const ReferralDocument second = SendOne(person);
  AQ_ASSERT_OK(
      engine_->MoveReferral(User(), Moving(first, referral::Action::kCancel, "PERSON_WITHDREW"), "")
          .status());
  DeliveryStream& stream = Receive();
  const Delivery request = NextOf(stream);
  EXPECT_EQ(request.referral(), "referrals/" + first.draft().pseudonym());
  // The other referral does not wait, the cancellation does.
  EXPECT_EQ(NextOf(stream).referral(), "referrals/" + second.draft().pseudonym());
  EXPECT_TRUE(NothingComes(stream));
  AQ_ASSERT_OK(stream.Ack(request.name()));
  EXPECT_TRUE(NextOf(stream).has_cancellation());
}

TEST_P(DeliveriesTest, ComesUpToTheWindow) {
  const std::string person = AddPerson();
  for (int i = 0; i < 3; ++i) SendOne(person);
  DeliveryStream& stream = Receive(2);
  const Delivery first = NextOf(stream);
  EXPECT_NE(NextOf(stream).name(), "");
  EXPECT_TRUE(NothingComes(stream));
  AQ_ASSERT_OK(stream.Ack(first.name()));
  EXPECT_NE(NextOf(stream).name(), "");
}

TEST_P(DeliveriesTest, PausesAfterARefusalAndIsSetAsideAfterTooMany) {
  const ReferralDocument sent = SendOne(AddPerson());
  AQ_ASSERT_OK(
      engine_->MoveReferral(User(), Moving(sent, referral::Action::kCancel, "PERSON_WITHDREW"), "")
          .status());
  DeliveryStream& stream = Receive();
  std::string name;
  for (int i = 1; i <= 3; ++i) {
    const Delivery delivery = NextOf(stream);
    EXPECT_TRUE(delivery.has_request());
    EXPECT_EQ(delivery.attempt(), i);
    name = delivery.name();
    AQ_ASSERT_OK(stream.Nack(name, "SYSTEM_DOWN"));
    EXPECT_TRUE(i == 3 || NothingComes(stream));
  }
  // It is dead: those after it go on.
  EXPECT_TRUE(NextOf(stream).has_cancellation());
  EXPECT_EQ(Employment().dead_deliveries, 1);
  EXPECT_EQ(Employment().pending_deliveries, 1);
  ExpectVerified();
  AQ_EXPECT_OK(stream.Nack(name, "SYSTEM_DOWN"));
  AQ_EXPECT_OK(stream.Ack(name));
  EXPECT_EQ(Employment().dead_deliveries, 0);
  ExpectVerified();
}

TEST_P(DeliveriesTest, RemembersRefusalsOverARestart) {
  SendOne(AddPerson());
  std::string name;
  for (int i = 1; i <= 3; ++i) {
    DeliveryStream& stream = Receive();
    const Delivery delivery = NextOf(stream);
    EXPECT_EQ(delivery.attempt(), i);
    EXPECT_TRUE(name.empty() || name == delivery.name());
    name = delivery.name();
    AQ_ASSERT_OK(stream.Nack(name, "SYSTEM_DOWN"));
    Restart();
  }
  EXPECT_TRUE(NothingComes(Receive()));
  EXPECT_EQ(Employment().dead_deliveries, 1);
}

TEST_P(DeliveriesTest, SurvivesARestartAndIsNotRepeatedOnceAcknowledged) {
  const std::string person = AddPerson();
  SendOne(person);
  SendOne(person);
  const Delivery first = NextOf(Receive());
  Restart();
  DeliveryStream& stream = Receive();
  const Delivery again = NextOf(stream);
  EXPECT_EQ(again.name(), first.name());
  AQ_ASSERT_OK(stream.Ack(again.name()));
  const Delivery second = NextOf(stream);
  Restart();
  EXPECT_EQ(NextOf(Receive()).name(), second.name());
  EXPECT_EQ(Employment().pending_deliveries, 1);
  ExpectVerified();
}

TEST_P(DeliveriesTest, ARepeatedAckIsFineAndRecordsNothing) {
  SendOne(AddPerson());
  DeliveryStream& stream = Receive();
  const Delivery delivery = NextOf(stream);
  AQ_ASSERT_OK(stream.Ack(delivery.name()));
  const auto before = Everything();
  AQ_EXPECT_OK(stream.Ack(delivery.name()));
  AQ_EXPECT_OK(stream.Nack(delivery.name(), "TOO_LATE"));
  EXPECT_EQ(Everything(), before);
}

TEST_P(DeliveriesTest, AcksAreForWhomItIsAddressedTo) {
  SendOne(AddPerson());
  const Delivery delivery = NextOf(Receive());
  auto other = engine_->OpenReceive("police", 10, absl::Seconds(60));
  ASSERT_TRUE(other.ok()) << other.status();
  constexpr auto kNotFound = absl::StatusCode::kNotFound;
  EXPECT_THAT((*other)->Ack(delivery.name()), testing::StatusIs(kNotFound));
  EXPECT_THAT((*other)->Nack(delivery.name(), "WRONG"), testing::StatusIs(kNotFound));
  EXPECT_THAT(stream_->Ack("deliveries/none"), testing::StatusIs(kNotFound));
  EXPECT_THAT(stream_->Ack(""), testing::StatusIs(kNotFound));
  EXPECT_THAT(stream_->Nack(delivery.name(), "not a code"),
              testing::StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_TRUE(NothingComes(**other));
}

TEST_P(DeliveriesTest, AStreamThatClosesHandsBackWhatItHad) {
  SendOne(AddPerson());
  const Delivery delivery = NextOf(Receive());
  auto other = engine_->OpenReceive("employment", 10, absl::Seconds(60));
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_TRUE(NothingComes(**other));
  stream_.reset();
  EXPECT_EQ(NextOf(**other).name(), delivery.name());
  EXPECT_TRUE(Employment().receiving);
  other->reset();
  EXPECT_FALSE(Employment().receiving);
}

TEST_P(DeliveriesTest, WhoeverWaitsIsToldOfTheEnd) {
  for (const bool shutdown : {false, true}) {
    DeliveryStream& stream = Receive();
    std::thread closer([&] {
      absl::SleepFor(kSoon);
      shutdown ? engine_->Shutdown() : stream.Close();
    });
    EXPECT_THAT(stream.Next(absl::Seconds(60)).status(),
                testing::StatusIs(absl::StatusCode::kCancelled));
    closer.join();
  }
}

TEST_P(DeliveriesTest, StreamsHaveBounds) {
  constexpr auto kWrong = absl::StatusCode::kInvalidArgument;
  const absl::Duration second = absl::Seconds(1);
  EXPECT_THAT(engine_->OpenReceive("employment", 0, second).status(), testing::StatusIs(kWrong));
  EXPECT_THAT(engine_->OpenReceive("employment", 1001, second).status(), testing::StatusIs(kWrong));
  EXPECT_THAT(engine_->OpenReceive("employment", 1, absl::ZeroDuration()).status(),
              testing::StatusIs(kWrong));
  EXPECT_THAT(engine_->OpenReceive("employment", 1, absl::Minutes(11)).status(),
              testing::StatusIs(kWrong));
  EXPECT_THAT(engine_->OpenReceive("nobody", 1, second).status(),
              testing::StatusIs(absl::StatusCode::kNotFound));
}

INSTANTIATE_TEST_SUITE_P(Stores, DeliveriesTest, ::testing::Bool());

}  // namespace
}  // namespace anqiao::engine
