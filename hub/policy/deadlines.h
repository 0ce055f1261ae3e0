// How long a referral for one policy may wait in each state, where its file says so
// (hub/doc/policies.md, Deadlines). What a policy leaves out has the default of the referral table.
//
// Pure.

#ifndef ANQIAO_HUB_POLICY_DEADLINES_H_
#define ANQIAO_HUB_POLICY_DEADLINES_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace anqiao::model {
class YamlNode;
}  // namespace anqiao::model

namespace anqiao::policy {

// Days are calendar days unless the name says working days.
struct Deadlines {
  // DRAFT, until it warns.
  std::optional<int> draft_days;
  // SENT, counted from delivered_at: until it escalates, and until it expires. Both or neither.
  std::optional<int> answer_working_days;
  std::optional<int> expire_working_days;
  // INFO_NEEDED, until it expires.
  std::optional<int> info_working_days;
  // ACCEPTED without a start, until it escalates.
  std::optional<int> start_working_days;
  // IN_PROGRESS without an update, until it escalates.
  std::optional<int> update_days;
  // OUTCOME_REPORTED without a review, until it escalates.
  std::optional<int> review_working_days;
  // CANCEL_REQUESTED without an answer, until it is CANCELLED.
  std::optional<int> cancel_working_days;

  friend bool operator==(const Deadlines&, const Deadlines&) = default;
};

// The "deadlines" block. INVALID_ARGUMENT (CATALOGUE_INVALID), located: an unknown key, a number
// that is not from 1 to 366, one of answer and expire without the other, expire not after answer.
absl::StatusOr<Deadlines> ReadDeadlines(const model::YamlNode& node);

// Those that are set, such as "update_days 90, review_working_days 5".
std::string DeadlinesText(const Deadlines& deadlines);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_DEADLINES_H_
