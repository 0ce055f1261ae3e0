#include "hub/referral/care_team.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "hub/referral/field_titles.h"

namespace anqiao::referral {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

const model::CivilDate kToday = model::CivilDate::Of(2026, 9, 21);

const CareRole& Role(absl::string_view code) {
  const CareRole* role = FindCareRole(code, kToday);
  EXPECT_NE(role, nullptr) << code;
  return *role;
}

TEST(CareTeamTest, HasTheRolesThatTheLawAndTheSubDistrictAsk) {
  std::set<std::string> required, named;
  for (const CareRole& role : CareRoles()) {
    if (role.required) required.insert(std::string(role.code));
    if (!role.law.empty()) named.insert(std::string(role.code));
  }
  EXPECT_THAT(required, ElementsAre("COMMUNITY_MEDIC", "DEDICATED_WORKER", "FAMILY",
                                    "GOVERNANCE_MEMBER", "GRID_WORKER", "PRECINCT_OFFICER"));
  // 戒毒条例 第十七条 names five.
  EXPECT_THAT(named, ElementsAre("COMMUNITY_MEDIC", "DEDICATED_WORKER", "FAMILY",
                                 "PRECINCT_OFFICER", "VOLUNTEER"));
}

TEST(CareTeamTest, FamilyAndWhoeverHelpsSeeTasksAndNeverTests) {
  for (const char* code : {"FAMILY", "PARTY_BRANCH", "BUILDING_HEAD", "VOLUNTEER"}) {
    EXPECT_THAT(Role(code).fields, ElementsAre("case.name", "case.tasks")) << code;
  }
  for (const char* code : {"GOVERNANCE_MEMBER", "GRID_WORKER"}) {
    EXPECT_THAT(Role(code).fields, Not(Contains("case.tests"))) << code;
  }
}

// What other agencies do for the person is none of the police's.
TEST(CareTeamTest, ThePoliceOfficerSeesNothingOfTheHelp) {
  EXPECT_THAT(Role("PRECINCT_OFFICER").fields, Not(Contains("case.referrals")));
  EXPECT_THAT(Role("DEDICATED_WORKER").fields, Contains("case.referrals"));
}

TEST(CareTeamTest, EveryFieldHasWordsAndEveryCodeIsOne) {
  for (const CareRole& role : CareRoles()) {
    EXPECT_TRUE(std::is_sorted(role.fields.begin(), role.fields.end())) << role.code;
    for (const absl::string_view field : role.fields) {
      EXPECT_NE(FindFieldTitle(TeamFieldTitles(), field), nullptr) << field;
    }
    EXPECT_EQ(PurposeTitle(std::string(kCareTeamPurpose) + std::string(role.code)).zh, role.zh);
  }
  EXPECT_EQ(FindCareRole("NEIGHBOUR", kToday), nullptr);
  // Before the regulation there was none.
  EXPECT_EQ(FindCareRole("FAMILY", model::CivilDate::Of(2011, 6, 25)), nullptr);
  EXPECT_TRUE(FindCareTeamEnd("CONSENT_EXPIRED")->by_hub);
  EXPECT_FALSE(FindCareTeamEnd("LEFT")->by_hub);
  EXPECT_EQ(FindCareTeamEnd("TIRED"), nullptr);
}

TEST(CareTeamTest, ACodeOfTheLedgerHasWords) {
  EXPECT_EQ(BasisTitle("STATUTORY_DUTY").zh, "履行法定职责");
  EXPECT_EQ(BasisTitle("CONSENT").en, "separate consent");
  EXPECT_EQ(BasisTitle("CHANGE_OF_PLACE").zh, "变更执行地移送");
  EXPECT_EQ(BasisTitle("SOMETHING").zh, "");
  EXPECT_EQ(PurposeTitle("transfer").zh, "移送执行档案");
  EXPECT_EQ(PurposeTitle("report:REFUSED").en, "refuses the measure");
  EXPECT_EQ(PurposeTitle("report:RUMOUR").en, "");
  // The service of a referral says what it is for itself.
  EXPECT_EQ(PurposeTitle("referral:skills").en, "");
}

}  // namespace
}  // namespace anqiao::referral
