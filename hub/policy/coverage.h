// What a policy's own tests leave out: of each condition a case in which it holds, one in which it
// fails and one in which it is not known, and the days on which its dates begin and end.
//
// Pure.

#ifndef ANQIAO_HUB_POLICY_COVERAGE_H_
#define ANQIAO_HUB_POLICY_COVERAGE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "hub/policy/policy.h"

namespace anqiao::policy {

struct LeafCoverage {
  std::string leaf;
  // Tests in which it is so.
  int holding = 0, failing = 0, unknown = 0;
  // What no test shows: "true", "false", "unknown", or a day, such as "2027-12-31".
  std::vector<std::string> lacking;
};

// Of each condition in order. The day of the answer is always known, so that conditions on it need
// no unknown case. Days: of "effective" (by as_of) and of ranges over dates (by the fact) the first
// and the last, the one before and the one after.
std::vector<LeafCoverage> CoverageOf(const Policy& policy);

// INVALID_ARGUMENT (CATALOGUE_INVALID), located at the policy's tests: they leave something out.
absl::Status CheckCoverage(const Policy& policy);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_COVERAGE_H_
