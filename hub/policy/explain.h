// An answer in words, from the tree of its policy: for the caseworker whole, for a recipient only
// what it may see.
//
// A recipient's explanation says of conditions on facts that it may not see nothing, of facts that
// another agency states no value, and neither what is decisive nor when the answer changes next:
// those two would tell of the conditions left out. Pure.

#ifndef ANQIAO_HUB_POLICY_EXPLAIN_H_
#define ANQIAO_HUB_POLICY_EXPLAIN_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "anqiao/journal/v1/entitlement.pb.h"
#include "hub/policy/policy.h"

namespace anqiao::policy {

inline constexpr char kCaseworker[] = "caseworker";

// Whether explanations are made for "reader": the caseworker, civil_affairs, employment, tax.
bool IsReader(absl::string_view reader);

// Lines, indented by two blanks a level; empty if "answer" is not one of "policy" or there is no
// such reader.
std::vector<std::string> Explain(const Policy& policy, const journal::v1::EntitlementAnswer& answer,
                                 absl::string_view reader, Language language);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_EXPLAIN_H_
