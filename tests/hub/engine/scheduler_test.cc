#include "hub/engine/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace anqiao::engine {
namespace {

TEST(SchedulerTest, StepsTheChosenAmongThoseWhoAreReady) {
  std::size_t choice = 0;
  std::vector<std::string> steps;
  Scheduler scheduler(
      [&](std::size_t count) {
        EXPECT_EQ(count, 2);
        return choice;
      },
      [] { return false; });
  bool ready = true;
  const int a = 0, b = 0, c = 0;
  scheduler.Add(
      &a, [] { return false; }, [&] { steps.push_back("a"); });
  scheduler.Add(
      &b, [&] { return ready; }, [&] { steps.push_back("b"); });
  scheduler.Add(
      &c, [&] { return ready; }, [&] { steps.push_back("c"); });
  EXPECT_TRUE(scheduler.Step());
  choice = 1;
  EXPECT_TRUE(scheduler.Step());
  ready = false;
  EXPECT_FALSE(scheduler.Step());
  EXPECT_THAT(steps, ::testing::ElementsAre("b", "c"));
}

TEST(SchedulerTest, WhoWaitsIsNotSteppedAgainUnlessReentrant) {
  Scheduler scheduler([](std::size_t) { return 0; }, [] { return false; });
  int waits = 0, others = 0;
  const int waiter = 0, other = 0;
  scheduler.Add(
      &waiter, [] { return true; },
      [&] {
        ++waits;
        EXPECT_EQ(scheduler.depth(), 1);
        scheduler.RunUntil([&] { return others == 3; });
      });
  scheduler.Add(
      &other, [] { return true; }, [&] { ++others; }, /*reentrant=*/true);
  EXPECT_TRUE(scheduler.Step());
  EXPECT_EQ(waits, 1);
  EXPECT_EQ(others, 3);
  EXPECT_EQ(scheduler.depth(), 0);
  scheduler.Remove(&waiter);
  EXPECT_TRUE(scheduler.Step());
  EXPECT_EQ(others, 4);
}

TEST(SchedulerTest, MovesTheClockWhenNobodyCanGoOn) {
  int moves = 0;
  Scheduler scheduler([](std::size_t) { return 0; }, [&] { return ++moves < 10; });
  scheduler.RunUntil([&] { return moves == 5; });
  EXPECT_EQ(moves, 5);
}

TEST(SchedulerDeathTest, AbortsIfWhatIsWaitedForCannotCome) {
  Scheduler scheduler([](std::size_t) { return 0; }, [] { return false; });
  EXPECT_DEATH(scheduler.RunUntil([] { return false; }), "nobody brings about");
}

}  // namespace
}  // namespace anqiao::engine
