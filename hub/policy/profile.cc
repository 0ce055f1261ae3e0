#include "hub/policy/profile.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using model::CivilDate;

constexpr std::size_t kOverridesMax = 256;

absl::StatusOr<Override> ReadOverride(const YamlNode& node, const PolicyMap& policies) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"policy", "parameter", "values"}, {}));
  Override one;
  AQ_ASSIGN_OR_RETURN(one.policy, keys.at("policy").Text());
  const auto policy = policies.find(one.policy);
  if (policy == policies.end()) return keys.at("policy").Wrong("there is no such policy");
  AQ_ASSIGN_OR_RETURN(one.parameter, keys.at("parameter").Text());
  if (!policy->second.parameters.contains(one.parameter)) {
    return keys.at("parameter").Wrong("there is no such parameter");
  }
  AQ_ASSIGN_OR_RETURN(one.values, ReadDatedValues(keys.at("values")));
  AQ_RETURN_IF_ERROR(CheckRole(policy->second, one.parameter, keys.at("values"), one.values));
  return one;
}

// What is left of "row" outside the days of "over", in order of time.
std::vector<DatedValue> Outside(const DatedValue& row, const DatedValue& over) {
  const bool before = row.from < over.from;
  const bool after = !over.to.empty() && (row.to.empty() || over.to < row.to);
  const bool apart =
      (!row.to.empty() && row.to < over.from) || (!over.to.empty() && over.to < row.from);
  if (apart) return {row};
  std::vector<DatedValue> left;
  if (before) {
    left.push_back(row);
    left.back().to = over.from.AddDays(-1);
  }
  if (after) {
    left.push_back(row);
    left.back().from = over.to.AddDays(1);
  }
  return left;
}

void Lay(const Parameter& over, const std::string& division, Parameter& rows) {
  for (DatedValue value : over) {
    Parameter laid;
    for (const DatedValue& row : rows) {
      for (DatedValue& left : Outside(row, value)) laid.push_back(std::move(left));
    }
    value.profile = division;
    laid.push_back(std::move(value));
    std::sort(laid.begin(), laid.end(),
              [](const DatedValue& a, const DatedValue& b) { return a.from < b.from; });
    rows = std::move(laid);
  }
}

}  // namespace

bool IsDivisionPrefix(absl::string_view text) {
  for (const std::size_t length : {2U, 4U, 6U, 9U, 12U}) {
    if (text.size() == length) return std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  }
  return false;
}

absl::StatusOr<Profile> ReadProfile(const YamlNode& file, const PolicyMap& policies) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, file.Keys({"profile", "title", "overrides"}, {}));
  Profile profile;
  AQ_ASSIGN_OR_RETURN(profile.division, keys.at("profile").Text());
  if (!IsDivisionPrefix(profile.division)) {
    return keys.at("profile").Wrong("expected 2, 4, 6, 9 or 12 digits of a division code");
  }
  AQ_ASSIGN_OR_RETURN(YamlNode::Map title, keys.at("title").Keys({"zh", "en"}, {}));
  AQ_ASSIGN_OR_RETURN(profile.title_zh, title.at("zh").Text());
  AQ_ASSIGN_OR_RETURN(profile.title_en, title.at("en").Text());
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, keys.at("overrides").Items(kOverridesMax));
  for (const YamlNode& item : items) {
    AQ_ASSIGN_OR_RETURN(Override one, ReadOverride(item, policies));
    for (const Override& other : profile.overrides) {
      if (other.policy == one.policy && other.parameter == one.parameter) {
        return item.Wrong("the same policy and parameter came before");
      }
    }
    profile.overrides.push_back(std::move(one));
  }
  return profile;
}

void ApplyProfiles(const std::vector<Profile>& profiles, absl::string_view jurisdiction,
                   PolicyMap& policies) {
  std::vector<const Profile*> holding;
  for (const Profile& profile : profiles) {
    if (absl::StartsWith(jurisdiction, profile.division)) holding.push_back(&profile);
  }
  std::sort(holding.begin(), holding.end(), [](const Profile* a, const Profile* b) {
    return a->division.size() < b->division.size();
  });
  for (const Profile* profile : holding) {
    for (const Override& one : profile->overrides) {
      Lay(one.values, profile->division, policies.at(one.policy).parameters.at(one.parameter));
    }
  }
}

}  // namespace anqiao::policy
