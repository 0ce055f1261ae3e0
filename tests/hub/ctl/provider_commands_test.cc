// providers list and providers route against a hub's listener.

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

class ProviderCommandsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* id : {"a-school", "b-works"}) {
      referral::Provider& provider = engine_.directory.providers.emplace_back();
      provider.id = id;
      provider.title_zh = "示例学校";
      provider.title_en = "Example";
      provider.agency = "employment";
      provider.kind = "school";
      provider.services = {"training"};
    }
    referral::Post& post = engine_.directory.providers[1].posts.emplace_back();
    post.id = "guard";
    post.title_zh = "保安";
    post.service = "training";
    post.job_class = "SECURITY_GUARD";
    post.count = 4;
    engine_.limit.law = "保安服务管理条例 第十七条";
    engine_.limit.label_zh = "不得担任保安员";
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, rpc::Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                               .hub = {.address = "127.0.0.1:0"},
                                                               .insecure_loopback = true},
                                                              &engine_));
  }

  int Run(std::vector<std::string> arguments) {
    std::vector<std::string> all = {"--insecure", "--hub", listeners_->hub_address(), "--as-uri",
                                    "anqiao://users/wang?role=caseworker&jurisdiction=421202"};
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

TEST_F(ProviderCommandsTest, ListsProvidersWithTheirPosts) {
  ASSERT_EQ(Run({"providers", "list"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("providers/a-school"), HasSubstr("3 / -"),
                                HasSubstr("guard"), HasSubstr("1 / 4"), HasSubstr("conditional")));
  ASSERT_EQ(Run({"providers", "list", "--service", "loan"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), Not(HasSubstr("a-school")));
}

TEST_F(ProviderCommandsTest, SaysWhereARequestWouldGoAndWhatTheLawKeepsFromThePerson) {
  ASSERT_EQ(
      Run({"providers", "route", "--case", "one", "--policy", "a-policy", "--replaces", "r1"}), 0)
      << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("providers/a-school"), HasSubstr("NEAREST"),
                                HasSubstr("LEGAL_LIMIT"), HasSubstr("providers/b-works / guard"),
                                HasSubstr("保安服务管理条例 第十七条: 不得担任保安员")));
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("route one a-policy    r1"));
  EXPECT_EQ(Run({"providers", "route", "--case", "one"}), 2);
}

}  // namespace
}  // namespace anqiao::ctl
