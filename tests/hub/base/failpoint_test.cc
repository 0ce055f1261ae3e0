#include "hub/base/failpoint.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace anqiao {
namespace {

int hits = 0;

TEST(FailpointTest, DoesNothingUnlessATestWantsIt) {
  Failpoint::Hit(failpoint::kBeforeAppend);
  SetFailpointHandlerForTest([](const char* name) {
    EXPECT_STREQ(name, failpoint::kBeforeAppend);
    ++hits;
  });
  Failpoint::Hit(failpoint::kBeforeAppend);
  SetFailpointHandlerForTest(nullptr);
  Failpoint::Hit(failpoint::kBeforeAppend);
  EXPECT_EQ(hits, 1);
}

TEST(FailpointTest, NamesAreDistinct) {
  std::set<std::string> names;
  for (const char* name : AllFailpoints()) EXPECT_TRUE(names.insert(name).second) << name;
  EXPECT_EQ(names.size(), 12);
}

}  // namespace
}  // namespace anqiao
