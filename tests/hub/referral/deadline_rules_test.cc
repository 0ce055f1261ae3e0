#include "hub/referral/deadline_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_replace.h"
#include "hub/base/errors.h"
#include "hub/referral/transitions.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::referral {
namespace {

using ::testing::HasSubstr;

std::string Shipped() {
  std::ifstream in(ANQIAO_POLICIES "/tables/referral_deadlines.yaml", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(DeadlineRulesTest, EveryStateThatHasNotEndedComesDue) {
  AQ_ASSERT_OK_AND_ASSIGN(const DeadlineRules rules, ParseDeadlineRules("t.yaml", Shipped()));
  for (const StateRow& row : States()) {
    EXPECT_EQ(RulesOf(rules, {}, row.state).empty(), row.end) << StateName(row.state);
  }
  EXPECT_EQ(rules.check_days, (std::vector<int>{30, 90, 180}));
  EXPECT_EQ(rules.park_days, 60);
  EXPECT_EQ(rules.refusals.consequence_at, 3);
}

TEST(DeadlineRulesTest, APolicysOwnNumbersGoBefore) {
  AQ_ASSERT_OK_AND_ASSIGN(const DeadlineRules rules, ParseDeadlineRules("t.yaml", Shipped()));
  policy::Deadlines own;
  own.answer_working_days = 15;
  own.expire_working_days = 20;
  own.draft_days = 3;
  own.update_days = 10;
  own.cancel_working_days = 1;
  const auto sent = RulesOf(rules, own, journal::v1::REFERRAL_STATE_SENT);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].working_days, 15);
  EXPECT_EQ(sent[1].working_days, 20);
  EXPECT_EQ(sent[0].from, DeadlineRule::From::kDelivery);
  EXPECT_EQ(RulesOf(rules, own, journal::v1::REFERRAL_STATE_DRAFT)[0].days, 3);
  EXPECT_EQ(RulesOf(rules, own, journal::v1::REFERRAL_STATE_IN_PROGRESS)[0].days, 10);
  EXPECT_EQ(RulesOf(rules, own, journal::v1::REFERRAL_STATE_CANCEL_REQUESTED)[0].working_days, 1);
  // What it leaves out has the default.
  EXPECT_EQ(RulesOf(rules, own, journal::v1::REFERRAL_STATE_ACCEPTED)[0].working_days, 10);
}

struct Mistake {
  const char* from;
  const char* to;
  const char* said;
};

TEST(DeadlineRulesTest, SaysWhereAMistakeIs) {
  const std::string shipped = Shipped();
  for (const Mistake& mistake : {
           Mistake{"table: referral_deadlines", "table: deadlines", "t.yaml:3:8: must be"},
           Mistake{"state: DRAFT,", "state: DRAFTED,", "t.yaml:7:13: is no state"},
           Mistake{"then: WARN", "then: EXPIRE", "does not fit the state DRAFT"},
           Mistake{"then: CANCEL", "then: RESUME", "does not fit the state CANCEL_REQUESTED"},
           Mistake{"state: ACCEPTED, working_days: 10", "state: ACCEPTED, working_days: 0",
                   "must be from 1 to 366"},
           Mistake{"state: ACCEPTED, working_days: 10", "state: ACCEPTED", "either days or"},
           Mistake{"state: ACCEPTED,", "state: ACCEPTED, counts_from: DELIVERY,",
                   "must be DELIVERY, of SENT"},
           Mistake{"state: ACCEPTED, working_days: 10", "state: CLOSED, working_days: 10",
                   "does not fit the state CLOSED"},
           Mistake{"working_days: 10, then: EXPIRE", "working_days: 10, then: ESCALATE",
                   "the same came before"},
           Mistake{"days: [30, 90, 180]", "days: [30, 30]", "more than the one before"},
           Mistake{"park_days: 60", "park_day: 60", "unknown key park_day"},
       }) {
    const std::string text = absl::StrReplaceAll(shipped, {{mistake.from, mistake.to}});
    ASSERT_NE(text, shipped) << mistake.from;
    const absl::Status status = ParseDeadlineRules("t.yaml", text).status();
    EXPECT_EQ(ReasonOf(status), reason::kCatalogueInvalid) << mistake.to;
    EXPECT_THAT(std::string(status.message()), HasSubstr(mistake.said));
  }
}

}  // namespace
}  // namespace anqiao::referral
