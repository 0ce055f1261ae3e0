#include "hub/policy/deadlines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "hub/model/yaml_reader.h"
#include "hub/policy/catalogue.h"
#include "tests/hub/policy/policy_files.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using ::testing::HasSubstr;
using testing::StatusIs;

absl::StatusOr<Deadlines> Read(const std::string& text) {
  const auto node = YamlNode::Parse("p.yaml", text);
  if (!node.ok()) return node.status();
  return ReadDeadlines(*node);
}

TEST(DeadlinesTest, EveryKeyFillsItsOwn) {
  AQ_ASSERT_OK_AND_ASSIGN(
      const Deadlines read,
      Read("{draft_days: 1, answer_working_days: 2, expire_working_days: 3, info_working_days: 4, "
           "start_working_days: 5, update_days: 6, review_working_days: 7, "
           "cancel_working_days: 366}"));
  EXPECT_EQ(read.draft_days, 1);
  EXPECT_EQ(read.answer_working_days, 2);
  EXPECT_EQ(read.expire_working_days, 3);
  EXPECT_EQ(read.info_working_days, 4);
  EXPECT_EQ(read.start_working_days, 5);
  EXPECT_EQ(read.update_days, 6);
  EXPECT_EQ(read.review_working_days, 7);
  EXPECT_EQ(read.cancel_working_days, 366);
}

TEST(DeadlinesTest, WhatIsLeftOutIsNotSet) {
  AQ_ASSERT_OK_AND_ASSIGN(const Deadlines read, Read("{update_days: 90}"));
  Deadlines expected;
  expected.update_days = 90;
  EXPECT_EQ(read, expected);
}

TEST(DeadlinesTest, MistakesAreNamedWithTheirPlace) {
  const auto refused = [](const std::string& text, const std::string& message) {
    EXPECT_THAT(Read(text), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)))
        << text;
  };
  refused("{}", "p.yaml:1:1: expected at least one deadline");
  refused("{answer_days: 5}", "p.yaml:1:2: unknown key answer_days");
  refused("{update_days: 0}", "p.yaml:1:15: must be from 1 to 366");
  refused("{update_days: 367}", "p.yaml:1:15: must be from 1 to 366");
  refused("{update_days: soon}", "expected a whole number");
  refused("{answer_working_days: 5}", "go together");
  refused("{expire_working_days: 5}", "go together");
  refused("{answer_working_days: 5, expire_working_days: 5}",
          "p.yaml:1:47: must be more than answer_working_days");
}

TEST(DeadlinesTest, APolicyCarriesItsOwn) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto without, Catalogue::Parse(FilesWith(kPolicyFile)));
  EXPECT_EQ(without->Find("p")->deadlines, Deadlines());
  const std::string file = absl::StrCat(kPolicyFile, "deadlines: {update_days: 90}\n");
  AQ_ASSERT_OK_AND_ASSIGN(const auto with, Catalogue::Parse(FilesWith(file)));
  EXPECT_EQ(with->Find("p")->deadlines.update_days, 90);
  EXPECT_EQ(with->Find("p")->deadlines.draft_days, std::nullopt);
}

}  // namespace
}  // namespace anqiao::policy
