#include "hub/store/key_filter.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"

namespace anqiao::store {
namespace {

TEST(KeyFilterTest, KnowsEveryKeyThatWasAdded) {
  KeyFilter filter;
  for (int i = 0; i < 100'000; ++i) filter.Add(absl::StrCat("key", i));
  for (int i = 0; i < 100'000; ++i) EXPECT_TRUE(filter.MayContain(absl::StrCat("key", i)));
}

TEST(KeyFilterTest, SaysOfNearlyEveryOtherKeyThatItIsNotThere) {
  KeyFilter filter;
  for (int i = 0; i < 1'000'000; ++i) filter.Add(absl::StrCat("key", i));
  int taken_for_there = 0;
  for (int i = 0; i < 100'000; ++i) {
    if (filter.MayContain(absl::StrCat("other", i))) ++taken_for_there;
  }
  EXPECT_LT(taken_for_there, 100);
}

TEST(KeyFilterTest, LosesNothingThatTwoAddAtATime) {
  KeyFilter filter;
  const auto add = [&](int from) {
    for (int i = from; i < 200'000; i += 2) filter.Add(absl::StrCat("key", i));
  };
  std::thread even(add, 0), odd(add, 1);
  even.join();
  odd.join();
  for (int i = 0; i < 200'000; ++i) EXPECT_TRUE(filter.MayContain(absl::StrCat("key", i)));
}

TEST(KeyFilterTest, HasNothingAtFirst) {
  const KeyFilter filter;
  EXPECT_FALSE(filter.MayContain(""));
  EXPECT_FALSE(filter.MayContain("key"));
}

}  // namespace
}  // namespace anqiao::store
