// The files of a catalogue, read: every policy, profile and table, and every error in them.
//
// Pure but for ReadCatalogueFiles.

#ifndef ANQIAO_HUB_POLICY_CONTENT_H_
#define ANQIAO_HUB_POLICY_CONTENT_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/policy/employer_relief_table.h"
#include "hub/policy/entitlement_watch.h"
#include "hub/policy/policy.h"
#include "hub/policy/profile.h"
#include "hub/policy/retirement.h"

namespace anqiao::policy {

inline constexpr std::size_t kFilesMax = 256;

// By file name, as Catalogue::Parse takes them. INVALID_ARGUMENT (CATALOGUE_INVALID).
absl::StatusOr<std::map<std::string, std::string>> ReadCatalogueFiles(const std::string& directory);

struct Content {
  RetirementTable retirement;
  // By id, with the values that stand in their own files.
  PolicyMap policies;
  std::vector<Profile> profiles;
  std::optional<EmployerReliefTable> employer_relief;
  std::optional<EntitlementWatchTable> entitlement_watch;
};

// Reads what it can and adds each error to "errors"; a file with an error is left out. The tests of
// the policies are not run.
Content ReadContent(const std::map<std::string, std::string>& files,
                    std::vector<absl::Status>& errors);

// Runs the tests of every policy and adds each failure to "errors".
void RunTests(const Content& content, std::vector<absl::Status>& errors);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_CONTENT_H_
