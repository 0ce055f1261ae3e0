// eligibility proposals, reminders and compare against a hub's listener.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/hub/ctl/command_fixture.h"

namespace anqiao::ctl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class WatchCommandsTest : public CommandFixture {
 protected:
  WatchCommandsTest() : CommandFixture("anqiao://users/li?role=supervisor") {}
};

TEST_F(WatchCommandsTest, ListsProposals) {
  ASSERT_EQ(Run({"eligibility", "proposals", "--case", "one", "--policy", "a-policy"}), 0)
      << err_.str();
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("notices one a-policy 1 in "));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("cases/a"), HasSubstr("referrals/r1"),
                                HasSubstr("policies/a-policy")));
}

TEST_F(WatchCommandsTest, ListsReminders) {
  ASSERT_EQ(Run({"eligibility", "reminders", "--limit", "2"}), 0) << err_.str();
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("notices   2 in "));
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("cases/b"), HasSubstr("2026-08-01"), Not(HasSubstr("cases/c"))));
}

TEST_F(WatchCommandsTest, AddsUpTheComparison) {
  ASSERT_EQ(Run({"eligibility", "compare", "--as-of", "2026-07-01"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("cases/a"), HasSubstr("cases/d"), HasSubstr("GAIN"),
                                HasSubstr("LOSS"), HasSubstr("other"), HasSubstr("0.06")));
  // Both pages, each of two cases.
  ASSERT_EQ(Run({"--output", "json", "eligibility", "compare"}), 0) << err_.str();
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("\"caseCount\": \"4\""), HasSubstr("\"otherCount\": \"1\""),
                    HasSubstr("\"gainCount\": \"1\"")));
}

TEST_F(WatchCommandsTest, EligibilityItselfNeedsACase) {
  EXPECT_EQ(Run({"eligibility", "one"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("a-policy"));
  EXPECT_EQ(Run({"eligibility"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("case"));
}

}  // namespace
}  // namespace anqiao::ctl
