// disclosures mix against a hub's listener.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/hub/ctl/command_fixture.h"

namespace anqiao::ctl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class MixCommandTest : public CommandFixture {
 protected:
  MixCommandTest() : CommandFixture("anqiao://users/zhao?role=auditor") {}
};

TEST_F(MixCommandTest, InChinese) {
  ASSERT_EQ(Run({"disclosures", "mix"}), 0) << err_.str();
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("mix 0"));
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("接收机关"), HasSubstr("全部案件中有公安记录的占比"),
                    HasSubstr("60.0%"), HasSubstr("agencies/employment"),
                    HasSubstr("全年 (至 2026-07)"), HasSubstr("2026-08"), HasSubstr("55.0%"),
                    HasSubstr("-0.25"), HasSubstr("混合 MIXED"), HasSubstr("偏向 ONE_SIDED"),
                    HasSubstr("过少 THIN"), HasSubstr("已隐去"), HasSubstr("the rules")));
}

TEST_F(MixCommandTest, InEnglish) {
  ASSERT_EQ(Run({"disclosures", "mix", "--year", "2026", "--language", "en"}), 0) << err_.str();
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("mix 2026"));
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("RECIPIENT"), HasSubstr("year (to 2026-07)"), HasSubstr("ONE_SIDED"),
                    HasSubstr("suppressed"), HasSubstr("55.0%"), Not(HasSubstr("混合"))));
}

TEST_F(MixCommandTest, AsJson) {
  ASSERT_EQ(Run({"--output", "json", "disclosures", "mix"}), 0) << err_.str();
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("\"knownCount\": \"11\""), HasSubstr("\"evidenceBits\": -0.25"),
                    HasSubstr("COHORT_MIXING_ONE_SIDED"), HasSubstr("\"baseSharePermille\": 600")));
}

TEST_F(MixCommandTest, ARefusalIsTold) {
  EXPECT_NE(Run({"disclosures", "mix", "--year", "2030"}), 0);
  EXPECT_THAT(err_.str(), HasSubstr("year"));
  EXPECT_EQ(Run({"disclosures", "mix", "--year", "0"}), 2);
}

}  // namespace
}  // namespace anqiao::ctl
