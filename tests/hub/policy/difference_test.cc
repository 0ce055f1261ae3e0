#include "hub/policy/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/hub/policy/policy_files.h"

namespace anqiao::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Content Read(const std::map<std::string, std::string>& files) {
  std::vector<absl::Status> errors;
  Content content = ReadContent(files, errors);
  EXPECT_THAT(errors, IsEmpty());
  return content;
}

std::vector<std::string> Told(const std::string& before, const std::string& after) {
  std::vector<std::string> told;
  const Content old_content = Read(FilesWith(before));
  const Content new_content = Read(FilesWith(after));
  for (const Difference& difference : Differences(old_content.policies, new_content.policies)) {
    told.push_back(absl::StrCat(difference.policy, " ", static_cast<int>(difference.kind), " ",
                                difference.part, ": ", difference.before, " -> ",
                                difference.after));
  }
  return told;
}

TEST(DifferenceTest, TheSameFilesDifferInNothing) {
  EXPECT_THAT(Told(kPolicyFile, kPolicyFile), IsEmpty());
  EXPECT_THAT(Told(kPolicyFile, absl::StrCat(kPolicyFile, "# a remark\n")), IsEmpty());
}

TEST(DifferenceTest, EachPartThatChangedIsTold) {
  EXPECT_THAT(
      Told(kPolicyFile, Changed(kPolicyFile, "value: 12, source: s", "value: 18, source: t")),
      ElementsAre("p 2 parameter months_min: 2020-01-01..2024-12-31 = 6 (s); "
                  "2025-01-01..2029-12-31 = 12 (s) -> 2020-01-01..2024-12-31 = 6 (s); "
                  "2025-01-01..2029-12-31 = 18 (t)"));
  EXPECT_THAT(Told(kPolicyFile, Changed(kPolicyFile, "value: 1250, source: s, unverified: true",
                                        "value: 1250, source: s")),
              ElementsAre("p 2 parameter factor: 2020-01-01..2029-12-31 = 1250 (s) unverified -> "
                          "2020-01-01..2029-12-31 = 1250 (s)"));
  EXPECT_THAT(Told(kPolicyFile, Changed(kPolicyFile, "value: true", "value: false")),
              ElementsAre("p 2 condition employed: employed equals true, 某法 第一条, 有工作 / Has "
                          "work -> employed equals false, 某法 第一条, 有工作 / Has work"));
  EXPECT_THAT(
      Told(kPolicyFile, Changed(kPolicyFile, "  all:\n    - id: long", "  any:\n    - id: long")),
      ElementsAre("p 2 conditions: all(long_enough, not(employed), in_force) -> "
                  "all(any(long_enough, not(employed)), in_force)"));
  EXPECT_THAT(Told(kPolicyFile, Changed(kPolicyFile, "evidence:", "unverified: true\nevidence:")),
              ElementsAre("p 2 unverified: false -> true"));
}

TEST(DifferenceTest, APolicyThatComesOrGoesIsToldAsOne) {
  std::map<std::string, std::string> files = FilesWith(kPolicyFile);
  const Content one = Read(files);
  files["q.yaml"] = Changed(kPolicyFile, "id: p\n", "id: q\n");
  const Content two = Read(files);
  const auto added = Differences(one.policies, two.policies);
  ASSERT_EQ(added.size(), 1U);
  EXPECT_EQ(added[0].policy, "q");
  EXPECT_EQ(added[0].kind, Difference::Kind::kAdded);
  EXPECT_EQ(added[0].part, "");
  EXPECT_EQ(added[0].after, "标题");
  EXPECT_EQ(Differences(two.policies, one.policies).at(0).kind, Difference::Kind::kRemoved);
}

TEST(DifferenceTest, WhoGainsAndWhoLosesIsTold) {
  const Content before = Read(FilesWith(kPolicyFile));
  const Content after =
      Read(FilesWith(Changed(kPolicyFile, "value: 12, source: s", "value: 18, source: s")));
  const std::vector<Sample> samples = SamplesOf(before.policies, after.policies);
  ASSERT_EQ(samples.size(), 2U);
  const auto changes = AnswerChanges(before.policies, after.policies, samples);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].sample, "p: long enough");
  EXPECT_EQ(changes[0].before, "ELIGIBLE 1875.00");
  EXPECT_EQ(changes[0].after, "NOT_ELIGIBLE 1875.00");
  EXPECT_TRUE(changes[0].loses);
  EXPECT_FALSE(changes[0].gains);
  const auto back = AnswerChanges(after.policies, before.policies, samples);
  EXPECT_TRUE(back.at(0).gains);
  // Another amount is neither.
  const Content dearer = Read(FilesWith(Changed(kPolicyFile, "value: 100000", "value: 200000")));
  const auto more = AnswerChanges(before.policies, dearer.policies, samples);
  ASSERT_EQ(more.size(), 1U);
  EXPECT_EQ(more[0].after, "ELIGIBLE 3750.00");
  EXPECT_FALSE(more[0].gains || more[0].loses);
  EXPECT_EQ(AnswerChanges(before.policies, {}, samples).at(0).after, "-");
}

}  // namespace
}  // namespace anqiao::policy
