#include "hub/store/key_filter.h"

#include <gtest/gtest.h>

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

TEST(KeyFilterTest, HasNothingAtFirst) {
  const KeyFilter filter;
  EXPECT_FALSE(filter.MayContain(""));
  EXPECT_FALSE(filter.MayContain("key"));
}

}  // namespace
}  // namespace anqiao::store
