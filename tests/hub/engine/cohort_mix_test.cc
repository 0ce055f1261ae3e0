// How well those with and those without a police record mix among whom a recipient is asked for, by
// the real engine over a store that seals.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"
#include "hub/store/sealed_store.h"
#include "tests/hub/engine/watch_fixture.h"

namespace anqiao::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CohortMixTest : public WatchFixture {
 protected:
  CohortMixTest() {
    options_.entitlement_watch = false;
    AgencyOptions& civil_affairs = options_.agencies.emplace_back();
    civil_affairs.id = "civil_affairs";
    civil_affairs.kind = "civil_affairs";
    civil_affairs.adapter = &stating_slot_;
    civil_affairs.formats = {"jobless"};
    table_ = referral::ParseMixTable(referral::kMixFile, ReadFile(referral::kMixFile)).value();
    options_.mix_table = &table_;
  }
  void SetUp() override {
    auto suite = store::CipherSuite::Make("aes-256-gcm-sha256");
    ASSERT_TRUE(suite.ok());
    auto ring = store::KeyRing::InMemory(**suite);
    ASSERT_TRUE(ring.ok());
    auto sealed =
        store::OpenSealedStore(store::NewMemoryStore(), *std::move(suite), *std::move(ring), {});
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    store_ = std::make_unique<FlakyStore>(*std::move(sealed));
    OpenWith(SmallFiles());
  }

  void Go(int year, int month, int day) {
    clock_.Set(On(year, month, day));
    AQ_ASSERT_OK(engine_->FireTimers());
  }
  // People whom civil affairs relieve; the police know them too if "known".
  void AddRelieved(int from, int count, bool known) {
    for (int number = from; number < from + count; ++number) {
      if (known) Register(number);
      State(absl::StrCat("H", number), number, "2026-03-01", "civil_affairs");
    }
  }
  ReferralDocument SendFor(int number, const std::string& policy = kRelief) {
    CreateReferralCommand command = Draft(CaseOf(number));
    command.policy = policy;
    command.details.clear();
    const auto draft = engine_->CreateReferral(User(), command, "");
    EXPECT_TRUE(draft.ok()) << draft.status();
    if (!draft.ok()) return {};
    const auto sent = engine_->SendReferral(User(), Sending(*draft), "");
    EXPECT_TRUE(sent.ok()) << sent.status();
    return sent.ok() ? *sent : ReferralDocument();
  }
  void SendForAll(int from, int count, const std::string& policy = kRelief) {
    for (int number = from; number < from + count; ++number) SendFor(number, policy);
  }
  CohortMix Mix(int year = 0) {
    const auto mix = engine_->GetCohortMix(year);
    EXPECT_TRUE(mix.ok()) << mix.status();
    return mix.value_or(CohortMix());
  }
  // "employment help 9: 6+6 MIXED", "?" where nothing is shown.
  static std::vector<std::string> Texts(const CohortMix& mix) {
    std::vector<std::string> texts;
    for (const referral::MixLine& line : mix.lines) {
      texts.push_back(absl::StrCat(
          line.agency, " ", line.service, " ", line.month, ": ",
          line.cohorts.has_value()  ? absl::StrCat(line.cohorts->known, "+", line.cohorts->others)
          : line.people.has_value() ? absl::StrCat(*line.people)
                                    : "?",
          line.mixing == referral::Mixing::kMixed  ? " MIXED"
          : line.mixing == referral::Mixing::kThin ? " THIN"
                                                   : " ONE_SIDED"));
    }
    return texts;
  }

  referral::MixTable table_;
};

TEST_F(CohortMixTest, WhoeverCivilAffairsAloneKnowIsReferredThroughTheSameService) {
  AddRelieved(1, 1, false);
  AddRelieved(2, 1, true);
  ASSERT_FALSE(engine_->GetCase(CaseOf(1), {}, "")->folded.known_to_police);
  ASSERT_TRUE(engine_->GetCase(CaseOf(2), {}, "")->folded.known_to_police);
  SendForAll(1, 2);
  DeliveryStream& stream = Receive();
  for (int number = 1; number <= 2; ++number) {
    const exchange::v1::Delivery delivery = NextOf(stream);
    ASSERT_TRUE(delivery.request().has_application());
    EXPECT_EQ(delivery.request().application().beneficiary().id_number(), IdNumber(number));
    EXPECT_EQ(delivery.request().service(), "help");
    EXPECT_NE(delivery.native(), "");
    AQ_EXPECT_OK(stream.Ack(delivery.name()));
  }
}

TEST_F(CohortMixTest, TellsAMixedChannelFromAOneSidedOne) {
  // September: as many of each to one service; to the other only people whom the police know.
  AddRelieved(1, 6, true);
  AddRelieved(11, 6, false);
  SendForAll(1, 6);
  SendForAll(11, 6);
  for (int number = 31; number < 43; ++number) {
    Register(number);
    State(absl::StrCat("J", number), number, "2026-01-05");
  }
  SendForAll(31, 12, kPolicy);
  EXPECT_THAT(Mix().lines, IsEmpty());
  // October: too few of each to be shown, and some for the second time.
  Go(2026, 10, 20);
  AddRelieved(21, 3, true);
  AddRelieved(51, 3, false);
  SendForAll(21, 3);
  SendForAll(51, 3);
  SendForAll(1, 3);
  EXPECT_EQ(Mix().months, 9);
  Go(2026, 11, 5);
  const CohortMix mix = Mix();
  EXPECT_EQ(mix.year, 2026);
  EXPECT_EQ(mix.months, 10);
  EXPECT_EQ(mix.base_permille, 700);  // 21 of 30
  EXPECT_EQ(mix.cell_min, 5);
  EXPECT_NE(mix.source, "");
  EXPECT_THAT(Texts(mix),
              ElementsAre("  0: 6+6 MIXED", "employment help 0: 6+6 MIXED",
                          "employment help 9: 6+6 MIXED", "employment help 10: 6 THIN",
                          "employment skills 0: ? ONE_SIDED", "employment skills 9: 12 ONE_SIDED"));
  // (6.5 / 6.5) / (21.5 / 9.5)
  ASSERT_TRUE(mix.lines[2].evidence_bits.has_value());
  EXPECT_NEAR(*mix.lines[2].evidence_bits, -1.18, 0.001);
  EXPECT_EQ(mix.lines[1].counted_months, 9);
  ExpectVerified();

  // The month that runs does not count, nor does it matter who becomes known to the police later.
  AddRelieved(61, 1, false);
  SendFor(61);
  for (int number = 11; number < 17; ++number) Register(number);
  const CohortMix later = Mix();
  EXPECT_THAT(Texts(later), ::testing::Contains("employment help 9: 6+6 MIXED"));
  EXPECT_FALSE(later.base_permille.has_value());  // 27 of 31: the others are too few
  ExpectVerified();
  AQ_ASSERT_OK(engine_->Rebuild(nullptr));
  EXPECT_EQ(Texts(Mix()), Texts(later));
  Reopen();
  EXPECT_EQ(Texts(Mix()), Texts(later));

  // Another year begins anew.
  Go(2027, 1, 10);
  SendForAll(11, 6);
  EXPECT_EQ(Mix().year, 2026);
  EXPECT_THAT(Mix(2027).lines, IsEmpty());
  Go(2027, 2, 1);
  EXPECT_THAT(Texts(Mix()),
              ElementsAre("  0: ? THIN", "employment help 0: ? THIN", "employment help 1: 6 THIN"));
  EXPECT_THAT(Texts(Mix(2026)), ::testing::Contains("employment help 11: ? THIN"));
  EXPECT_THAT(Mix(2025).lines, IsEmpty());
}

TEST_F(CohortMixTest, AnErasedPersonCountsNoLonger) {
  AddRelieved(1, 6, true);
  AddRelieved(11, 6, false);
  SendForAll(1, 6);
  SendForAll(11, 6);
  Go(2026, 10, 20);
  EXPECT_THAT(Texts(Mix()), ::testing::Contains("employment help 9: 6+6 MIXED"));
  EXPECT_EQ(Mix().base_permille, 500);
  AQ_ASSERT_OK(engine_
                   ->ErasePerson(User("li", "supervisor"),
                                 {.request_id = "erase",
                                  .case_id = CaseOf(1),
                                  .reason = "PURPOSE_FULFILLED",
                                  .basis_reference = "个人信息保护法 第四十七条"},
                                 "")
                   .status());
  EXPECT_THAT(Texts(Mix()), ::testing::Contains("employment help 9: 5+6 MIXED"));
  EXPECT_EQ(Mix().base_permille, 455);  // 5 of 11
  ExpectVerified();
  AQ_ASSERT_OK(engine_->Rebuild(nullptr));
  EXPECT_THAT(Texts(Mix()), ::testing::Contains("employment help 9: 5+6 MIXED"));
  ExpectVerified();
}

TEST_F(CohortMixTest, WhatIsAskedForMustBeThere) {
  EXPECT_THAT(engine_->GetCohortMix(2027), testing::StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(engine_->GetCohortMix(-1), testing::StatusIs(absl::StatusCode::kInvalidArgument));
  options_.mix_table = nullptr;
  Reopen();
  EXPECT_EQ(ReasonOf(engine_->GetCohortMix(0).status()), reason::kConfigurationInvalid);
}

}  // namespace
}  // namespace anqiao::engine
