#include "hub/base/time_slice.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <thread>

namespace anqiao {
namespace {

// sched_runtime of struct sched_attr, 24 bytes from its beginning.
std::uint64_t SliceOfThisThread() {
  alignas(8) unsigned char attributes[256] = {};
  if (syscall(SYS_sched_getattr, 0, attributes, sizeof attributes, 0) != 0) return 0;
  return *reinterpret_cast<const std::uint64_t*>(attributes + 24);
}

TEST(TimeSliceTest, IsAskedForAndInherited) {
  std::thread([] {
    if (!AskForSlice(kLongSlice)) GTEST_SKIP() << "the kernel does not take it";
    if (SliceOfThisThread() == 0) GTEST_SKIP() << "the kernel is older than 6.12";
    EXPECT_EQ(SliceOfThisThread(), 100'000'000U);
    std::uint64_t inherited = 0;
    std::thread([&] { inherited = SliceOfThisThread(); }).join();
    EXPECT_EQ(inherited, 100'000'000U);
    ASSERT_TRUE(AskForSlice(kShortSlice));
    EXPECT_EQ(SliceOfThisThread(), 200'000U);
  }).join();
}

TEST(TimeSliceTest, NicenessStays) {
  std::thread([] {
    const auto thread = static_cast<id_t>(syscall(SYS_gettid));
    ASSERT_EQ(setpriority(PRIO_PROCESS, thread, 7), 0);
    AskForSlice(kLongSlice);
    EXPECT_EQ(getpriority(PRIO_PROCESS, thread), 7);
  }).join();
}

TEST(TimeSliceTest, AnotherSchedulingClassIsLeftAlone) {
  std::thread([] {
    const sched_param none = {};
    ASSERT_EQ(sched_setscheduler(0, SCHED_BATCH, &none), 0);
    EXPECT_FALSE(AskForSlice(kShortSlice));
    EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
  }).join();
}

}  // namespace
}  // namespace anqiao
