// team and dispatches against a hub's listener.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/hub/ctl/command_fixture.h"

namespace anqiao::ctl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class CareCommandsTest : public CommandFixture {
 protected:
  CareCommandsTest() : CommandFixture("anqiao://users/li?role=caseworker") {}
};

TEST_F(CareCommandsTest, AddsAMember) {
  ASSERT_EQ(Run({"team", "add", "--case", "p1", "--role", "FAMILY", "--name", "王小妹", "--until",
                 "2026-12-31"}),
            0)
      << err_.str();
  EXPECT_THAT(engine_.TakeNotes(),
              ElementsAre("add p1 FAMILY 王小妹   2026-12-31 STATUTORY_DUTY  in "));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("teamMembers/g1"), HasSubstr("case.tasks")));
  ASSERT_EQ(
      Run({"team", "add", "--case", "p1", "--role", "GRID_WORKER", "--name", "陈网格", "--user",
           "chen.wg", "--from", "2026-07-01", "--basis", "CONSENT", "--consent", "c1"}),
      0)
      << err_.str();
  EXPECT_THAT(engine_.TakeNotes(),
              ElementsAre("add p1 GRID_WORKER 陈网格 chen.wg 2026-07-01  CONSENT c1 in "));
  EXPECT_EQ(Run({"team", "add", "--case", "p1", "--role", "FAMILY"}), 2);
}

TEST_F(CareCommandsTest, EndsAMembershipByTheCurrentEtag) {
  ASSERT_EQ(Run({"team", "end", "g1", "--reason", "REPLACED"}), 0) << err_.str();
  const std::vector<std::string> notes = engine_.TakeNotes();
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_EQ(notes[0], "member g1 in ");
  EXPECT_EQ(notes[1],
            absl::StrCat("end g1 ", engine::TeamMemberEtag(testing::FakeEngine::AMember()),
                         " REPLACED in "));
  ASSERT_EQ(Run({"team", "end", "g1", "--reason", "LEFT", "--etag", "read"}), 0) << err_.str();
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("end g1 read LEFT in "));
}

TEST_F(CareCommandsTest, ListsATeamWithWhatItLacksOnce) {
  ASSERT_EQ(Run({"team", "list", "p1"}), 0) << err_.str();
  EXPECT_EQ(engine_.TakeNotes().size(), 2u);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("陈网格"), HasSubstr("missing 缺少: FAMILY\n")));
  ASSERT_EQ(Run({"--output", "json", "team", "list", "p1"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("missingRoles"));
}

TEST_F(CareCommandsTest, ReportsAndTransfers) {
  ASSERT_EQ(Run({"dispatches", "report", "--case", "p1", "--recipient", "police", "--code",
                 "REFUSED", "--date", "2026-06-29", "--document", "3号"}),
            0)
      << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("dispatches/s1"), HasSubstr("deliveries/d7")));
  ASSERT_EQ(Run({"dispatches", "transfer", "--case", "p1", "--recipient", "north_street", "--date",
                 "2026-06-28", "--document", "5号"}),
            0)
      << err_.str();
  EXPECT_THAT(engine_.TakeNotes(),
              ElementsAre("dispatch 1 p1 police REFUSED 2026-06-29 REPORT_DUTY 3号  in ",
                          "dispatch 2 p1 north_street  2026-06-28 CHANGE_OF_PLACE 5号  in "));
  EXPECT_EQ(Run({"dispatches", "report", "--case", "p1", "--recipient", "police", "--code",
                 "REFUSED", "--date", "2026-06-29"}),
            2);
}

TEST_F(CareCommandsTest, ListsAndShowsDispatches) {
  ASSERT_EQ(Run({"dispatches", "list", "p1"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("REPORT"), HasSubstr("agencies/police")));
  ASSERT_EQ(Run({"dispatches", "show", "s1"}), 0) << err_.str();
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre(StartsWith("dispatches p1"), "dispatch s1 in "));
}

TEST_F(CareCommandsTest, AConsentIsForAnAgencyOrForAMember) {
  ASSERT_EQ(
      Run({"consents", "create", "--case", "p1", "--member", "陈网格", "--role", "GRID_WORKER",
           "--field", "case.tasks", "--until", "2026-12-31", "--evidence", "档案 1"}),
      0)
      << err_.str();
  {
    absl::MutexLock lock(&engine_.mu);
    EXPECT_EQ(engine_.consent_created.purpose, "care-team:GRID_WORKER");
    EXPECT_EQ(engine_.consent_created.recipient_name, "陈网格");
  }
  EXPECT_EQ(Run({"consents", "create", "--case", "p1", "--member", "陈网格", "--field",
                 "case.tasks", "--until", "2026-12-31", "--evidence", "档案 1"}),
            2);
  EXPECT_THAT(err_.str(), HasSubstr("--member and --role"));
}

}  // namespace
}  // namespace anqiao::ctl
