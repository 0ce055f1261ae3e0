// identity reviews, why, compare and judge against a hub's listener.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/hub/ctl/command_fixture.h"

namespace anqiao::ctl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class IdentityReviewCommandsTest : public CommandFixture {
 protected:
  IdentityReviewCommandsTest() : CommandFixture("anqiao://users/li?role=caseworker") {}
};

TEST_F(IdentityReviewCommandsTest, ListsWhatToLookAt) {
  ASSERT_EQ(Run({"identity", "reviews", "--case", "p1", "--limit", "1"}), 0) << err_.str();
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("reviews of p1 after  limit 1 in "));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("张安 / 张小安"), HasSubstr("张按 / 张小安"),
                                HasSubstr("4212**********1010"), HasSubstr("cases/p2")));
  EXPECT_THAT(out_.str(),
              HasSubstr("3.50 bits 比特: name SAME_READING +7.50, phone EXACT +12.25\n"))
      << "what neither says is left out";
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("TOO_LITTLE"), HasSubstr("17,912,e17"),
                                HasSubstr("there are more: --limit")));
  ASSERT_EQ(Run({"identity", "reviews", "--limit", "0"}), 0) << err_.str();
  EXPECT_EQ(engine_.TakeNotes().size(), 2u);
  EXPECT_THAT(out_.str(), Not(HasSubstr("--limit")));
  ASSERT_EQ(Run({"--output", "json", "identity", "reviews", "--limit", "1"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("\"etag\""));
}

TEST_F(IdentityReviewCommandsTest, ShowsWhy) {
  ASSERT_EQ(Run({"identity", "why", "cases/p1"}), 0) << err_.str();
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("why p1 in "));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("zh-2"), HasSubstr("17+912"), HasSubstr("TOLD_APART"),
                                HasSubstr("said 已判定: NOT_SAME")));
  EXPECT_EQ(Run({"identity", "why"}), 2);
}

TEST_F(IdentityReviewCommandsTest, ShowsAnyTwoRecords) {
  ASSERT_EQ(Run({"identity", "compare", "17", "912"}), 0) << err_.str();
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("pair 17 912 in "));
  EXPECT_THAT(out_.str(), HasSubstr("17,912,e17"));
  EXPECT_EQ(Run({"identity", "compare", "17"}), 2);
  EXPECT_EQ(Run({"identity", "compare", "17", "x"}), 2);
}

TEST_F(IdentityReviewCommandsTest, ACaseworkerTriesNoModels) {
  EXPECT_NE(Run({"identity", "preview"}), 0);
  EXPECT_THAT(engine_.TakeNotes(), IsEmpty());
}

class IdentityPreviewCommandTest : public CommandFixture {
 protected:
  IdentityPreviewCommandTest() : CommandFixture("anqiao://users/zhao?role=supervisor") {}
};

TEST_F(IdentityPreviewCommandTest, TellsWhatAModelWouldChange) {
  ASSERT_EQ(Run({"identity", "preview"}), 0) << err_.str();
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("preview in "));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("would be one person"), HasSubstr("cases/p1"),
                                HasSubstr("cases/p2"), HasSubstr("and 1 more records")));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("zh-2"), HasSubstr("zh-3 c0ffee"),
                                HasSubstr("417 -> 416"), HasSubstr("joined 合并")));
  ASSERT_EQ(Run({"--output", "json", "identity", "preview"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("\"joinedCount\""), HasSubstr("JOINED")));
}

TEST_F(IdentityReviewCommandsTest, JudgesSeveralAtOnce) {
  ASSERT_EQ(Run({"identity", "judge", "--same", "17,912,e17", "--not-same", "5,6,e5", "--not-same",
                 "5,7,e6", "--take-back", "8,9,e8", "--reason", "SEEN_DOCUMENTS"}),
            0)
      << err_.str();
  EXPECT_THAT(
      engine_.TakeNotes(),
      ElementsAre("judge SEEN_DOCUMENTS 17,912,1,e17 5,6,2,e5 5,7,2,e6 8,9,0,e8 by li in "));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("17+912"), HasSubstr("cases/p1, cases/p2")));
}

TEST_F(IdentityReviewCommandsTest, SaysWhatADecisionLooksLike) {
  EXPECT_EQ(Run({"identity", "judge", "--same", "17,912", "--reason", "SEEN_DOCUMENTS"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--same must be RECORD,RECORD,ETAG"));
  EXPECT_EQ(Run({"identity", "judge", "--not-same", "17,x,e", "--reason", "SEEN_DOCUMENTS"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--not-same must be RECORD,RECORD,ETAG"));
  EXPECT_EQ(Run({"identity", "judge", "--reason", "SEEN_DOCUMENTS"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("at least one of --same, --not-same and --take-back"));
  EXPECT_EQ(Run({"identity", "judge", "--same", "17,912,e17"}), 2);
  EXPECT_THAT(engine_.TakeNotes(), IsEmpty());
}

}  // namespace
}  // namespace anqiao::ctl
