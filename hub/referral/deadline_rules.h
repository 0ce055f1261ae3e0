// How long a referral waits in each state and what happens then: the defaults of
// hub/policies/tables/referral_deadlines.yaml, over which a policy's own deadlines go. Pure.

#ifndef ANQIAO_HUB_REFERRAL_DEADLINE_RULES_H_
#define ANQIAO_HUB_REFERRAL_DEADLINE_RULES_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/policy/deadlines.h"

namespace anqiao::referral {

struct DeadlineRule {
  enum class From { kEntry, kDelivery, kResumeDate };

  journal::v1::ReferralState state = journal::v1::REFERRAL_STATE_UNSPECIFIED;
  From from = From::kEntry;
  // One of the two counts; 0 days: at once.
  int days = 0, working_days = 0;
  bool in_working_days = false;
  journal::v1::DeadlineKind then = journal::v1::DEADLINE_KIND_UNSPECIFIED;
};

// Refusals of suitable jobs in a row.
struct RefusalRules {
  std::set<std::string> services;  // that offer jobs
  int consequence_at = 0;          // the refusal that has one
};

struct DeadlineRules {
  std::vector<DeadlineRule> rules;
  int park_days = 0;
  int absence_working_days = 0;
  std::set<std::string> checked_outcomes;
  std::vector<int> check_days;  // ascending
  RefusalRules refusals;
};

inline constexpr char kDeadlinesFile[] = "tables/referral_deadlines.yaml";

// INVALID_ARGUMENT (CATALOGUE_INVALID): an unknown, missing or repeated key, a state that does not
// wait, a number out of range; the message begins with file:line:column.
absl::StatusOr<DeadlineRules> ParseDeadlineRules(const std::string& file,
                                                 const std::string& content);

// The rules of "state", as "own" has them.
std::vector<DeadlineRule> RulesOf(const DeadlineRules& rules, const policy::Deadlines& own,
                                  journal::v1::ReferralState state);

// Name without prefix, such as "EXPIRE".
absl::string_view DeadlineName(journal::v1::DeadlineKind kind);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_DEADLINE_RULES_H_
