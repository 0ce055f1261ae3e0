// What the entitlement watch does when nothing happens but time.

#include "tests/hub/engine/watch_fixture.h"

namespace anqiao::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kEmployerRelief[] = "tax-relief-employer";

class WatchTimeTest : public WatchFixture {};

TEST_F(WatchTimeTest, AnEmployersDeductionIsProposedOnTheVeryDay) {
  AQ_ASSERT_OK_AND_ASSIGN(auto shipped, policy::Catalogue::Load(ANQIAO_POLICIES, "421202"));
  clock_.Set(On(2026, 3, 2));
  OpenWith(std::move(shipped));
  Register(1);
  State("J1", 1, "2026-01-15");
  State("C1", 1, "2026-02-02");
  State("W1", 1, "2026-02-10");
  State("T1", 1, "2026-01-01", "tax");
  Settle();
  const journal::v1::NotedAnswer waits = Noted(1, kEmployerRelief);
  EXPECT_EQ(waits.result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE_FROM);
  EXPECT_EQ(model::CivilDate::FromProto(waits.eligible_from_date()),
            model::CivilDate::Of(2026, 7, 15));
  EXPECT_THAT(Drafted(1, kEmployerRelief), IsEmpty());

  const absl::Time day = model::BeginningOf(model::CivilDate::Of(2026, 7, 15));
  GoTo(day - absl::Seconds(1));
  EXPECT_THAT(Drafted(1, kEmployerRelief), IsEmpty());
  GoTo(day);
  const std::vector<ReferralDocument> drafted = Drafted(1, kEmployerRelief);
  ASSERT_THAT(drafted, SizeIs(1));
  EXPECT_EQ(drafted[0].draft().agency(), "tax");
  EXPECT_EQ(drafted[0].state(), journal::v1::REFERRAL_STATE_DRAFT);
  EXPECT_EQ(ToTime(drafted[0].create_time()), day);
  NoticeFilter filter;
  filter.policy = kEmployerRelief;
  ASSERT_THAT(Notices(filter), SizeIs(1));
  EXPECT_EQ(ToTime(Notices(filter)[0].notice.time()), day);
  GoTo(day + absl::Hours(24));
  EXPECT_THAT(Drafted(1, kEmployerRelief), SizeIs(1));
  ExpectVerified();
}

TEST_F(WatchTimeTest, WhatComesDueWhileTheHubIsDownIsProposedAtItsStart) {
  OpenWith(SmallFiles());
  Register(1);
  State("J1", 1, "2026-06-05");
  Settle();
  EXPECT_THAT(Drafted(1), IsEmpty());
  engine_.reset();
  clock_.Set(On(2027, 2, 1));
  AQ_ASSERT_OK_AND_ASSIGN(engine_, Engine::Open(options_, store_.get(), &clock_, watched_.get()));
  Settle();
  EXPECT_THAT(Drafted(1), SizeIs(1));
}

TEST_F(WatchTimeTest, OnlyThePolicyWhoseDayHasComeIsLookedAt) {
  OpenWith(SmallFiles());
  Settle();
  Register(1);
  State("J1", 1, "2026-06-05");
  State("H1", 1, "2026-06-05");
  Settle();
  watched_->TakeAsked();
  GoTo(2026, 12, 4);
  EXPECT_THAT(watched_->TakeAsked(), IsEmpty());
  GoTo(2026, 12, 5);
  EXPECT_THAT(watched_->TakeAsked(), ElementsAre(std::vector<std::string>{kPolicy}));
}

TEST_F(WatchTimeTest, ALapseIsRemindedOfOnce) {
  OpenWith(SmallFiles());
  Register(1);
  State("J1", 1, "2026-01-05");
  Settle();
  EXPECT_THAT(Reminders(), IsEmpty());
  GoTo(2027, 12, 1);
  EXPECT_THAT(Reminders(), IsEmpty());
  GoTo(2027, 12, 2);  // 30 days before
  EXPECT_THAT(Reminders(), ElementsAre("training-help 2028-01-01"));
  GoTo(2027, 12, 3);
  State("J1", 1, "2026-01-06");
  Settle();
  EXPECT_THAT(Reminders(), SizeIs(1));
  GoTo(2028, 1, 1);
  EXPECT_THAT(Reminders(), SizeIs(1));
  EXPECT_THAT(Notes(1).answers(), IsEmpty());
  ExpectVerified();
}

TEST_F(WatchTimeTest, WhoeverIsEntitledForAShortTimeIsRemindedAtOnce) {
  clock_.Set(On(2027, 12, 20));
  OpenWith(SmallFiles());
  Register(1);
  State("J1", 1, "2026-01-05");
  Settle();
  EXPECT_THAT(Drafted(1), SizeIs(1));
  EXPECT_THAT(Reminders(), ElementsAre("training-help 2028-01-01"));
}

TEST_F(WatchTimeTest, AClockThatGoesBackDoesNothingTwice) {
  OpenWith(SmallFiles());
  Register(1);
  State("J1", 1, "2026-01-05");
  GoTo(2027, 12, 5);
  GoTo(2027, 11, 1);
  GoTo(2027, 12, 5);
  EXPECT_THAT(Drafted(1), SizeIs(1));
  EXPECT_THAT(Reminders(), SizeIs(1));
}

}  // namespace
}  // namespace anqiao::engine
