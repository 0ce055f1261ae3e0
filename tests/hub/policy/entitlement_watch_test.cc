#include "hub/policy/entitlement_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "hub/model/yaml_reader.h"
#include "hub/policy/catalogue.h"
#include "hub/policy/content.h"
#include "tests/hub/policy/policy_files.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using model::CivilDate;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr char kTable[] = R"(table: entitlement-watch
rows:
  - from: 2025-01-01
    to: 2025-12-31
    source: s
    watched: [REGISTERED]
    remind_days: 30
    propose:
      - {policy: p}
  - from: 2026-01-01
    source: s
    unverified: true
    watched: [REGISTERED, HARDSHIP]
    remind_days: 14
    propose:
      - {policy: p, remind_days: 60}
)";

PolicyMap OnePolicy() {
  std::vector<absl::Status> errors;
  Content content =
      ReadContent({{"p.yaml", kPolicyFile}, {"tables/retirement.yaml", RetirementFile()}}, errors);
  EXPECT_TRUE(errors.empty());
  return std::move(content.policies);
}

absl::StatusOr<EntitlementWatchTable> Read(const std::string& text) {
  const auto file = YamlNode::Parse("w.yaml", text);
  if (!file.ok()) return file.status();
  return EntitlementWatchTable::Read(*file, OnePolicy());
}

// The table with "from" replaced.
absl::StatusOr<EntitlementWatchTable> Changed(const std::string& from, const std::string& to) {
  const std::string text = absl::StrReplaceAll(kTable, {{from, to}});
  EXPECT_NE(text, kTable) << from;
  return Read(text);
}

TEST(EntitlementWatchTest, EachRowHasItsTime) {
  AQ_ASSERT_OK_AND_ASSIGN(const EntitlementWatchTable table, Read(kTable));
  EXPECT_EQ(table.On(CivilDate::Of(2024, 12, 31)), nullptr);
  const WatchRules* first = table.On(CivilDate::Of(2025, 12, 31));
  ASSERT_NE(first, nullptr);
  EXPECT_TRUE(first->registered);
  EXPECT_FALSE(first->hardship);
  EXPECT_EQ(first->remind_days.at("p"), 30);
  const WatchRules* second = table.On(CivilDate::Of(2099, 1, 1));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->from, CivilDate::Of(2026, 1, 1));
  EXPECT_TRUE(second->hardship);
  EXPECT_TRUE(second->unverified);
  EXPECT_EQ(second->remind_days.at("p"), 60);
}

TEST(EntitlementWatchTest, MistakesAreNamedWithTheirPlace) {
  const struct {
    const char *from, *to, *message;
  } kWrong[] = {
      {"table: entitlement-watch", "table: other", "w.yaml:1:8: must be entitlement-watch"},
      {"watched: [REGISTERED]", "watched: [EVERYBODY]",
       "w.yaml:6:15: must be REGISTERED or HARDSHIP"},
      {"[REGISTERED, HARDSHIP]", "[REGISTERED, REGISTERED]", "REGISTERED came before"},
      {"- {policy: p}", "- {policy: q}", "w.yaml:9:18: there is no such policy"},
      {"- {policy: p}\n", "- {policy: p}\n      - {policy: p}\n", "policy p came before"},
      {"remind_days: 14", "remind_days: 0", "must be from 1 to 366"},
      {"remind_days: 60}", "remind_days: 400}", "must be from 1 to 366"},
      {"    to: 2025-12-31\n", "", "must begin the day after the row before ends"},
      {"from: 2026-01-01", "from: 2026-01-02", "must begin the day after the row before ends"},
      {"    source: s\n    watched: [REGISTERED]\n", "    watched: [REGISTERED]\n",
       "missing key source"},
      {"    unverified: true\n", "    unverifed: true\n", "unknown key unverifed"},
  };
  for (const auto& wrong : kWrong) {
    EXPECT_THAT(Changed(wrong.from, wrong.to),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(wrong.message)))
        << wrong.from;
  }
}

TEST(EntitlementWatchTest, AMistakeStopsTheCatalogue) {
  EXPECT_THAT(
      Catalogue::Parse({{"p.yaml", kPolicyFile},
                        {"tables/retirement.yaml", RetirementFile()},
                        {"tables/entitlement-watch.yaml", "table: entitlement-watch\nrows: []\n"}}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tables/entitlement-watch.yaml:2:")));
}

// Whether some test of the policy has it ELIGIBLE by what agencies state alone.
bool RecordsAreEnough(const Policy& policy) {
  return std::any_of(policy.tests.begin(), policy.tests.end(), [](const PolicyTest& test) {
    for (std::size_t i = 0; i < FactKinds().size(); ++i) {
      if (test.facts[i].known() && FactKinds()[i].holder == "person") return false;
    }
    return test.expected == journal::v1::ENTITLEMENT_RESULT_ELIGIBLE;
  });
}

TEST(EntitlementWatchTest, TheShippedTableProposesWhatRecordsCanShow) {
  std::vector<absl::Status> errors;
  const Content content = ReadContent(ReadCatalogueFiles(ANQIAO_POLICIES).value(), errors);
  ASSERT_TRUE(errors.empty()) << errors.front();
  AQ_ASSERT_OK_AND_ASSIGN(const auto catalogue, Catalogue::Load(ANQIAO_POLICIES));
  ASSERT_NE(catalogue->entitlement_watch(), nullptr);
  const WatchRules* rules = catalogue->entitlement_watch()->On(CivilDate::Of(2026, 3, 15));
  ASSERT_NE(rules, nullptr);
  EXPECT_TRUE(rules->registered);
  EXPECT_TRUE(rules->hardship);
  EXPECT_TRUE(rules->remind_days.contains("tax-relief-employer"));
  for (const auto& [id, policy] : content.policies) {
    EXPECT_EQ(rules->remind_days.contains(id), RecordsAreEnough(policy)) << id;
  }
}

TEST(EntitlementWatchTest, WatchedIsWhoIsOnTheRegisterOrInHardshipAndKnownElsewhere) {
  AQ_ASSERT_OK_AND_ASSIGN(const EntitlementWatchTable table, Read(kTable));
  const WatchRules& both = *table.On(CivilDate::Of(2026, 1, 1));
  const WatchRules& registered_only = *table.On(CivilDate::Of(2025, 1, 1));
  model::Case person;
  EXPECT_FALSE(both.Watches(person));
  person.registered = true;
  person.known_to_police = true;
  EXPECT_FALSE(both.Watches(person));
  person.known_to_employment = true;
  EXPECT_TRUE(both.Watches(person));
  person.registered = false;
  EXPECT_FALSE(both.Watches(person));
  person.household_reliefs.emplace_back();
  EXPECT_TRUE(both.Watches(person));
  EXPECT_FALSE(registered_only.Watches(person));
  person.deceased = true;
  EXPECT_FALSE(both.Watches(person));
}

}  // namespace
}  // namespace anqiao::policy
