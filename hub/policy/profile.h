// Profiles of jurisdictions: one YAML file each under hub/policies/profiles/, named by its division
// prefix, whose values stand in for those of policies there (hub/doc/policies.md).
//
// Pure.

#ifndef ANQIAO_HUB_POLICY_PROFILE_H_
#define ANQIAO_HUB_POLICY_PROFILE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/model/yaml_reader.h"
#include "hub/policy/policy.h"

namespace anqiao::policy {

// Values in place of a policy's own, on the days that they name.
struct Override {
  std::string policy, parameter;
  Parameter values;
};

struct Profile {
  // Prefix of division codes: of a province, prefecture, county, sub-district or community.
  std::string division;
  std::string title_zh, title_en;
  std::vector<Override> overrides;
};

// True for the lengths that a division's prefix may have.
bool IsDivisionPrefix(absl::string_view text);

// Reads one file. INVALID_ARGUMENT (CATALOGUE_INVALID), located: also if there is no such policy or
// parameter.
absl::StatusOr<Profile> ReadProfile(const model::YamlNode& file, const PolicyMap& policies);

// Puts the values of the profiles of "jurisdiction", a division code, in place: of each parameter
// and day those of the longest prefix.
void ApplyProfiles(const std::vector<Profile>& profiles, absl::string_view jurisdiction,
                   PolicyMap& policies);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_PROFILE_H_
