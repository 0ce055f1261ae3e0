#include "hub/base/clock.h"

#include <gtest/gtest.h>

namespace anqiao {
namespace {

TEST(ManualClockTest, StandsStillUntilItIsMoved) {
  ManualClock clock(absl::FromUnixSeconds(1000));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1000));
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1005));
  clock.Set(absl::FromUnixSeconds(1));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(1));
}

TEST(SystemClockTest, ShiftedClockBeginsAtItsStartAndTicks) {
  const absl::Time start = absl::FromUnixSeconds(1'700'000'000);
  const SystemClock clock(start);
  const absl::Time first = clock.Now();
  EXPECT_GE(first, start);
  EXPECT_LT(first, start + absl::Minutes(1));
  EXPECT_GE(clock.Now(), first);
}

TEST(SystemClockTest, UnshiftedClockIsTheSystems) {
  const absl::Time before = absl::Now();
  const absl::Time now = SystemClock().Now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, absl::Now());
}

}  // namespace
}  // namespace anqiao
