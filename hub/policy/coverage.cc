#include "hub/policy/coverage.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/errors.h"

namespace anqiao::policy {
namespace {

using model::CivilDate;

// The days that tests must show of a range over dates.
std::vector<CivilDate> DaysOf(const Leaf& leaf) {
  if (leaf.op != Operator::kRange || leaf.from.empty()) return {};
  std::vector<CivilDate> days = {leaf.from.AddDays(-1), leaf.from};
  if (!leaf.to.empty()) {
    days.push_back(leaf.to);
    days.push_back(leaf.to.AddDays(1));
  }
  return days;
}

std::vector<std::string> LackingDays(const Policy& policy, const Leaf& leaf) {
  std::set<std::string> shown;
  for (const PolicyTest& test : policy.tests) {
    if (leaf.of_day) shown.insert(test.as_of.ToString());
    const Fact& fact = test.facts[leaf.fact];
    const auto* date = std::get_if<CivilDate>(&fact.value);
    if (!leaf.of_day && fact.known() && date != nullptr) shown.insert(date->ToString());
  }
  std::vector<std::string> lacking;
  for (const CivilDate& day : DaysOf(leaf)) {
    if (!shown.contains(day.ToString())) lacking.push_back(day.ToString());
  }
  return lacking;
}

}  // namespace

std::vector<LeafCoverage> CoverageOf(const Policy& policy) {
  std::vector<LeafCoverage> all;
  for (const Leaf& leaf : policy.leaves) {
    LeafCoverage& coverage = all.emplace_back();
    coverage.leaf = leaf.id;
    for (const PolicyTest& test : policy.tests) {
      const Truth truth =
          Judge(policy, leaf, PersonFacts(test.facts, test.as_of)[leaf.fact], test.as_of);
      coverage.holding += truth == journal::v1::TRUTH_TRUE ? 1 : 0;
      coverage.failing += truth == journal::v1::TRUTH_FALSE ? 1 : 0;
      coverage.unknown += truth == journal::v1::TRUTH_UNKNOWN ? 1 : 0;
    }
    if (coverage.holding == 0) coverage.lacking.emplace_back("true");
    if (coverage.failing == 0) coverage.lacking.emplace_back("false");
    if (coverage.unknown == 0 && !leaf.of_day) coverage.lacking.emplace_back("unknown");
    for (std::string& day : LackingDays(policy, leaf)) coverage.lacking.push_back(std::move(day));
  }
  return all;
}

absl::Status CheckCoverage(const Policy& policy) {
  std::vector<std::string> lacking;
  for (const LeafCoverage& coverage : CoverageOf(policy)) {
    if (coverage.lacking.empty()) continue;
    lacking.push_back(
        absl::StrCat(coverage.leaf, " (", absl::StrJoin(coverage.lacking, ", "), ")"));
  }
  if (lacking.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, reason::kCatalogueInvalid,
               absl::StrCat(policy.tests.front().place, ": the tests of ", policy.summary.id,
                            " show no case of ", absl::StrJoin(lacking, "; ")));
}

}  // namespace anqiao::policy
