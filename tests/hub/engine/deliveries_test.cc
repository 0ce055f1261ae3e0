#include "hub/engine/deliveries.h"

#include <set>
#include <thread>

#include "hub/base/digest.h"
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

TEST_P(DeliveriesTest, OnlyTheWindowIsInMemory) {
  options_.delivery_window_max = 4;
  Restart();
  const std::string person = AddPerson();
  std::vector<std::string> sent;
  for (int i = 0; i < 15; ++i) {
    sent.push_back("referrals/" + SendOne(person).draft().pseudonym());
  }
  EXPECT_EQ(engine_->Counts().delivery_places, 0);
  std::vector<std::string> came;
  DeliveryStream& stream = Receive(2);
  for (int i = 0; i < 15; ++i) {
    const Delivery delivery = NextOf(stream);
    came.push_back(delivery.referral());
    EXPECT_LE(engine_->Counts().delivery_places, 4);
    // While it is there more comes than fits.
    if (i < 5) sent.push_back("referrals/" + SendOne(person).draft().pseudonym());
    AQ_ASSERT_OK(stream.Ack(delivery.name()));
  }
  for (int i = 15; i < 20; ++i) {
    const Delivery delivery = NextOf(stream);
    came.push_back(delivery.referral());
    AQ_ASSERT_OK(stream.Ack(delivery.name()));
  }
  EXPECT_EQ(came, sent);
  EXPECT_TRUE(NothingComes(stream));
  ExpectVerified();
}

class DeadLettersTest : public DeliveriesTest {
 protected:
  // Refuses what comes next until it is dead; its name.
  std::string RefuseToDeath(DeliveryStream& stream) {
    std::string name;
    for (int i = 0; i < 3; ++i) {
      name = NextOf(stream).name();
      AQ_EXPECT_OK(stream.Nack(name, "SYSTEM_DOWN"));
    }
    return name;
  }
  static std::string IdOf(const std::string& name) { return name.substr(sizeof "deliveries/" - 1); }
  std::vector<std::string> Listed(bool dead, int limit = 10, const std::string& agency = "") {
    std::vector<std::string> ids;
    std::string after;
    do {
      const auto page = engine_->ListDeliveries({.agency = agency, .dead = dead}, after, limit);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const auto& document : page->items) ids.push_back(document.delivery().delivery());
      after = page->next_after;
    } while (!after.empty());
    return ids;
  }
  absl::StatusOr<journal::v1::DeliveryDocument> Mend(const std::string& id, bool discard,
                                                     const std::string& request_id = "mend-1") {
    return engine_->MendDelivery(User("ops", "operator"),
                                 {.request_id = request_id,
                                  .delivery = id,
                                  .discard = discard,
                                  .reason = discard ? "SENT_ON_PAPER" : ""});
  }
  std::int32_t DeadOf(const ReferralDocument& referral) {
    return engine_->GetReferral(referral.referral(), "")->dead_delivery_count();
  }
};

TEST_P(DeadLettersTest, AreSentAgainBeforeWhatComesAfterThem) {
  const std::string person = AddPerson();
  const ReferralDocument sent = SendOne(person);
  DeliveryStream& stream = Receive();
  const std::string name = RefuseToDeath(stream);
  EXPECT_EQ(DeadOf(sent), 1);
  EXPECT_THAT(Listed(true), ::testing::ElementsAre(IdOf(name)));
  const auto now = engine_->GetReferral(sent.referral(), "");
  AQ_ASSERT_OK(
      engine_->MoveReferral(User(), Moving(*now, referral::Action::kCancel, "PERSON_WITHDREW"), "")
          .status());
  const auto retried = Mend(IdOf(name), false);
  ASSERT_TRUE(retried.ok()) << retried.status();
  EXPECT_EQ(retried->retry_count(), 1);
  EXPECT_EQ(retried->nack_count(), 0);
  EXPECT_EQ(DeadOf(sent), 0);
  EXPECT_EQ(Employment().pending_deliveries, 2);
  ExpectVerified();
  // The same request does nothing more; another finds nothing dead.
  const store::Sequence before = engine_->Counts().synced;
  AQ_EXPECT_OK(Mend(IdOf(name), false).status());
  EXPECT_EQ(engine_->Counts().synced, before);
  EXPECT_THAT(Mend(IdOf(name), false, "mend-2").status(),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Mend(IdOf(name), true).status(), testing::StatusIs(absl::StatusCode::kAlreadyExists));
  Restart();
  DeliveryStream& again = Receive();
  const Delivery first = NextOf(again);
  EXPECT_EQ(first.name(), name);
  EXPECT_EQ(first.attempt(), 1);
  EXPECT_TRUE(NothingComes(again));
  AQ_ASSERT_OK(again.Ack(name));
  EXPECT_TRUE(NextOf(again).has_cancellation());
  EXPECT_TRUE(engine_->GetReferral(sent.referral(), "")->has_delivered_time());
  ExpectVerified();
}

TEST_P(DeadLettersTest, AreGivenUpForAReason) {
  const ReferralDocument sent = SendOne(AddPerson());
  DeliveryStream& stream = Receive();
  const std::string name = RefuseToDeath(stream);
  const auto discarded = Mend(IdOf(name), true);
  ASSERT_TRUE(discarded.ok()) << discarded.status();
  EXPECT_EQ(discarded->discard_reason(), "SENT_ON_PAPER");
  EXPECT_EQ(DeadOf(sent), 0);
  EXPECT_EQ(Employment().dead_deliveries, 0);
  EXPECT_THAT(Listed(true), ::testing::IsEmpty());
  EXPECT_TRUE(NothingComes(stream));
  Restart();
  EXPECT_TRUE(NothingComes(Receive()));
  EXPECT_TRUE(engine_->GetDelivery(IdOf(name))->has_discard_time());
  // It had it after all.
  AQ_EXPECT_OK(stream_->Ack(name));
  EXPECT_EQ(Employment().pending_deliveries, 0);
  EXPECT_TRUE(engine_->GetReferral(sent.referral(), "")->has_delivered_time());
  ExpectVerified();
}

TEST_P(DeadLettersTest, AreListedByPagesInTheOrderOfQueueing) {
  const std::string person = AddPerson();
  for (int i = 0; i < 5; ++i) SendOne(person);
  DeliveryStream& stream = Receive();
  std::vector<std::string> names, dead;
  for (int i = 0; i < 5; ++i) names.push_back(NextOf(stream).name());
  for (int i = 0; i < 3; ++i) dead.push_back(IdOf(names[static_cast<std::size_t>(i)]));
  for (int i = 0; i < 9; ++i) {
    const std::string name = i < 3 ? names[static_cast<std::size_t>(i)] : NextOf(stream).name();
    AQ_ASSERT_OK(stream.Nack(name, "SYSTEM_DOWN"));
  }
  EXPECT_EQ(Listed(true, 2), dead);
  EXPECT_EQ(Listed(true, 1, "employment"), dead);
  EXPECT_THAT(Listed(true, 1, "police"), ::testing::IsEmpty());
  EXPECT_EQ(Listed(false, 1).size(), 2u);
  EXPECT_THAT(engine_->GetDelivery("none").status(),
              testing::StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(DeliveriesTest, TheLedgerHasTheHashOfWhatWasHandedOver) {
  const std::string person = AddPerson();
  SendOne(person);
  DeliveryStream& stream = Receive();
  Delivery delivery = NextOf(stream);
  EXPECT_FALSE(engine_->ListDisclosures(person, "", 10, "")->items[0].has_handed_over());
  AQ_ASSERT_OK(stream.Ack(delivery.name()));
  delivery.clear_attempt();
  const auto ledger = engine_->ListDisclosures(person, "", 10, "");
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  const journal::v1::DisclosureDocument& entry = ledger->items[0];
  EXPECT_EQ(entry.handed_over().way(), journal::v1::DELIVERY_WAY_STREAM);
  EXPECT_EQ(entry.handed_over().adapter_build(), adapter_.build_id());
  EXPECT_EQ(entry.handed_over().sealed_salt().size(), 16u);
  EXPECT_EQ(entry.handed_over().bytes_hash(),
            Sha256(entry.handed_over().sealed_salt() + delivery.SerializeAsString()));
  EXPECT_TRUE(entry.has_acknowledge_time());
  ExpectVerified();
}

TEST_P(DeliveriesTest, OnlyOneWayIsOpen) {
  EXPECT_THAT(engine_->OpenPush("employment", 1).status(),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition));
  options_.agencies[1].delivery_way = journal::v1::DELIVERY_WAY_HTTP;
  Restart();
  const absl::Status refused = engine_->OpenReceive("employment", 1, absl::Seconds(1)).status();
  EXPECT_THAT(refused, testing::StatusIs(absl::StatusCode::kFailedPrecondition,
                                         ::testing::HasSubstr("posted to its server")));
  EXPECT_EQ(ReasonOf(refused), reason::kDeliveriesPushed);
  AQ_EXPECT_OK(engine_->OpenPush("employment", 1).status());
}

TEST_P(DeliveriesTest, WhoPushesHandsBackWithoutCounting) {
  options_.agencies[1].delivery_way = journal::v1::DELIVERY_WAY_FOLDER;
  Restart();
  SendOne(AddPerson());
  auto stream = engine_->OpenPush("employment", 1);
  ASSERT_TRUE(stream.ok()) << stream.status();
  const std::string name = NextOf(**stream).name();
  EXPECT_TRUE(NothingComes(**stream));
  (*stream)->HandBack();
  EXPECT_EQ(NextOf(**stream).name(), name);
  EXPECT_EQ(engine_->GetDelivery(name.substr(11))->nack_count(), 0);
}

TEST_P(DeliveriesTest, TellsSinceWhenAnAgencyIsAway) {
  const absl::Time start = clock_.Now();
  EXPECT_EQ(Employment().away_since, start);
  clock_.Advance(absl::Hours(1));
  Receive();
  EXPECT_EQ(Employment().away_since, std::nullopt);
  clock_.Advance(absl::Hours(1));
  stream_.reset();
  EXPECT_EQ(Employment().away_since, start + absl::Hours(2));
  clock_.Advance(absl::Hours(1));
  SendOne(AddPerson());
  const absl::Time queued = clock_.Now();
  // A restart does not bring it back.
  clock_.Advance(absl::Hours(24));
  Restart();
  EXPECT_EQ(Employment().away_since, queued);
  AQ_ASSERT_OK(Receive().Nack(NextOf(*stream_).name(), "SYSTEM_DOWN"));
  const absl::Time answered = clock_.Now();
  clock_.Advance(absl::Hours(24));
  Restart();
  EXPECT_EQ(Employment().away_since, answered);
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
INSTANTIATE_TEST_SUITE_P(Stores, DeadLettersTest, ::testing::Bool());

}  // namespace
}  // namespace anqiao::engine
