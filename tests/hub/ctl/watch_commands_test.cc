// eligibility proposals, reminders and compare against a hub's listener.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "hub/base/clock.h"
#include "hub/ctl/app.h"
#include "hub/rpc/listener.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::ctl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class WatchCommandsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, rpc::Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                               .hub = {.address = "127.0.0.1:0"},
                                                               .insecure_loopback = true},
                                                              &engine_));
  }
  int Run(std::vector<std::string> arguments) {
    std::vector<std::string> all = {"--insecure", "--hub", listeners_->hub_address(), "--as-uri",
                                    "anqiao://users/li?role=supervisor"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    out_.str("");
    err_.str("");
    return RunApp(all, {.out = out_, .err = err_, .clock = &system_clock_, .profile = ""});
  }

  testing::FakeEngine engine_;
  std::unique_ptr<rpc::Listeners> listeners_;
  const SystemClock system_clock_{};
  std::ostringstream out_, err_;
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
