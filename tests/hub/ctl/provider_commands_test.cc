// providers list and providers route against a hub's listener.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/hub/ctl/command_fixture.h"

namespace anqiao::ctl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ProviderCommandsTest : public CommandFixture {
 protected:
  ProviderCommandsTest()
      : CommandFixture("anqiao://users/wang?role=caseworker&jurisdiction=421202") {}
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
    CommandFixture::SetUp();
  }
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
