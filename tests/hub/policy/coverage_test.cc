#include "hub/policy/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/model/yaml_reader.h"
#include "tests/hub/policy/policy_files.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::StatusIs;

Policy Read(const std::string& text) {
  return ReadPolicy(YamlNode::Parse("p.yaml", text).value()).value();
}

// What is lacking, by condition.
std::map<std::string, std::string> Lacking(const Policy& policy) {
  std::map<std::string, std::string> lacking;
  for (const LeafCoverage& leaf : CoverageOf(policy)) {
    lacking[leaf.leaf] = absl::StrJoin(leaf.lacking, " ");
  }
  return lacking;
}

TEST(CoverageTest, NamesWhatNoTestShows) {
  const std::map<std::string, std::string> expected = {
      {"long_enough", "unknown"},
      {"employed", "true unknown"},
      {"in_force", "2020-01-01 2029-12-31 2030-01-01"}};
  EXPECT_EQ(Lacking(Read(kPolicyFile)), expected);
  EXPECT_THAT(CheckCoverage(Read(kPolicyFile)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(StartsWith(PlaceOf("p.yaml", kPolicyFile, "name: long enough")),
                             HasSubstr("employed (true, unknown)"))));
}

constexpr char kMore[] = R"(  - {name: nothing known, as_of: 2020-01-01, facts: {}, expect: UNKNOWN}
  - {name: last day, as_of: 2029-12-31, facts: {employed: true}, expect: NOT_ELIGIBLE}
  - {name: after, as_of: 2030-01-01, facts: {employed: true}, expect: NOT_ELIGIBLE}
)";

TEST(CoverageTest, IsWholeOnceEveryCaseAndDayIsThere) {
  const Policy policy = Read(absl::StrCat(kPolicyFile, kMore));
  for (const auto& [leaf, lacking] : Lacking(policy)) EXPECT_EQ(lacking, "") << leaf;
  AQ_EXPECT_OK(CheckCoverage(policy));
  const std::vector<LeafCoverage> coverage = CoverageOf(policy);
  EXPECT_EQ(coverage[0].holding, 1);
  EXPECT_EQ(coverage[0].failing, 1);
  EXPECT_EQ(coverage[0].unknown, 3);
}

TEST(CoverageTest, ARangeOverDatesIsShownOnItsDays) {
  const std::string file = Changed(
      kPolicyFile,
      "        id: employed\n        fact: employed\n        op: equals\n        value: true\n",
      "        id: employed\n        fact: employment_started\n        op: range\n"
      "        value: {from: 2024-01-01}\n");
  const std::string changed =
      Changed(Changed(file, "unemployed_months: 12, employed: false",
                      "unemployed_months: 12, employment_started: 2023-12-31"),
              "unemployed_months: 6, employed: false",
              "unemployed_months: 6, employment_started: 2024-02-01");
  EXPECT_EQ(Lacking(Read(changed)).at("employed"), "unknown 2024-01-01");
}

}  // namespace
}  // namespace anqiao::policy
