// Whom the hub watches for entitlements, which services it proposes, and how long before a lapse it
// reminds (hub/policies/tables/entitlement-watch.yaml, hub/doc/watch.md).
//
// Pure.

#ifndef ANQIAO_HUB_POLICY_ENTITLEMENT_WATCH_H_
#define ANQIAO_HUB_POLICY_ENTITLEMENT_WATCH_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hub/model/case.h"
#include "hub/model/yaml_reader.h"
#include "hub/policy/policy.h"

namespace anqiao::policy {

// The rules for a time.
struct WatchRules {
  model::CivilDate from, to;  // "to" may be empty in the last one
  std::string source;
  bool unverified = false;
  // People on the register, and people whom civil affairs relieves.
  bool registered = false, hardship = false;
  // By the id of the policy that is proposed: so many days before it lapses it is reminded of.
  std::map<std::string, int, std::less<>> remind_days;

  // Nobody is watched of whom only the police know: nothing could be sent about them, and no fact
  // that a policy asks for is known.
  bool Watches(const model::Case& person) const;
};

class EntitlementWatchTable {
 public:
  // INVALID_ARGUMENT (CATALOGUE_INVALID), located: an unknown key or group, a policy that is not
  // there or stands twice, a gap or overlap of dates.
  static absl::StatusOr<EntitlementWatchTable> Read(const model::YamlNode& file,
                                                    const PolicyMap& policies);

  // Null: nobody is watched on that day.
  const WatchRules* On(const model::CivilDate& day) const;

 private:
  std::vector<WatchRules> rows_;
};

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_ENTITLEMENT_WATCH_H_
