// employer simulate and employer relief against a hub's listener.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/policy/catalogue.h"
#include "tests/hub/ctl/command_fixture.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class EmployerCommandsTest : public CommandFixture {
 protected:
  EmployerCommandsTest()
      : CommandFixture("anqiao://users/wang?role=caseworker&jurisdiction=421202") {}
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(engine_.loaded_catalogue,
                            policy::Catalogue::Load(ANQIAO_POLICIES, "421202"));
    CommandFixture::SetUp();
  }
};

TEST_F(EmployerCommandsTest, SimulatesHiring) {
  ASSERT_EQ(
      Run({"employer", "simulate", "--count", "3", "--start", "2026-11", "--monthly",
           "VALUE_ADDED_TAX=1000", "--annual", "CORPORATE_INCOME_TAX=500", "--place", "CITY"}),
      0)
      << err_.str();
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("3900.00"), HasSubstr("2740.00"), HasSubstr("1160.00"),
                    HasSubstr("3 x (7800.00 yuan x 2/12) = 3900.00 yuan"), HasSubstr("70200.00")));
}

TEST_F(EmployerCommandsTest, SaysWhyNothingMayBeDeducted) {
  ASSERT_EQ(Run({"employer", "simulate", "--count", "1", "--start", "2028-01"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("AFTER_WINDOW"));
}

TEST_F(EmployerCommandsTest, CountsTheRelief) {
  ASSERT_EQ(Run({"employer", "relief", "--hire",
                 "label=a,category=UNEMPLOYED_HALF_YEAR,start=2026-11-02,insured=2026-11", "--hire",
                 "label=b,category=OTHER,start=2026-11-02,insured=2026-11", "--due",
                 "2026-12:VALUE_ADDED_TAX=500.50", "--due", "2026:CORPORATE_INCOME_TAX=100"}),
            0)
      << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("7800.00 yuan x 2/12"), HasSubstr("NOT_IN_CIRCLE"),
                                HasSubstr("600.50"), HasSubstr("VALUE_ADDED_TAX 500.50")));
}

TEST_F(EmployerCommandsTest, MistakesOnTheCommandLineAreNamed) {
  EXPECT_EQ(Run({"employer", "relief", "--hire", "label=a,name=b"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("name"));
  EXPECT_EQ(Run({"employer", "relief", "--hire", "label"}), 2);
  EXPECT_EQ(Run({"employer", "relief", "--hire", "label=a,used=many"}), 2);
  EXPECT_EQ(Run({"employer", "relief", "--hire", "label=a", "--due", "2026-11-02:X=1"}), 2);
  EXPECT_EQ(Run({"employer", "simulate", "--count", "1", "--start", "2026-11", "--monthly", "X"}),
            2);
  EXPECT_EQ(Run({"employer", "simulate", "--count", "0", "--start", "2026-11"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("count"));
}

}  // namespace
}  // namespace anqiao::ctl
