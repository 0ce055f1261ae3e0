// Which jobs the law does not let a person hold, by what the police's records say of them:
// hub/policies/tables/job_limits.yaml. Only shown to caseworkers: nothing that leaves may rest on
// it, and no request is routed by it (hub/doc/routing.md).
//
// Pure.

#ifndef ANQIAO_HUB_REFERRAL_JOB_LIMITS_H_
#define ANQIAO_HUB_REFERRAL_JOB_LIMITS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/model/case.h"
#include "hub/model/civil_date.h"
#include "hub/referral/provider.h"

namespace anqiao::referral {

// What must be so for a limit to hold.
enum class LimitRule {
  kEverInIsolation,  // was ever in compulsory isolation
  kEverOnRecord,     // is on the register, or a measure was ordered, or a test was positive
  kUsedWithin,       // was found to have used within so many years
  kReleasedWithin,   // was released from compulsory isolation within so many years
  kMeasureRuns,      // a measure runs now
};

struct JobLimit {
  std::string job_class;
  std::string law;  // and article
  std::string label_zh, label_en;
  model::CivilDate from, to;  // in force; "to" may be empty
  LimitRule rule = LimitRule::kEverOnRecord;
  int years = 0;  // of kUsedWithin and kReleasedWithin
  bool unverified = false;
};

struct JobClass {
  std::string code, title_zh, title_en;
};

struct JobLimits {
  std::vector<JobClass> classes;
  std::vector<JobLimit> limits;
  // A positive test on site counts only when so many days have gone by, in which it is challenged.
  int challenge_days = 0;

  bool HasClass(absl::string_view code) const;
  // A law limits who may hold such a job on "on", whoever it is.
  bool IsConditional(absl::string_view code, const model::CivilDate& on) const;
};

inline constexpr char kJobLimitsFile[] = "tables/job_limits.yaml";

// INVALID_ARGUMENT (CATALOGUE_INVALID): an unknown, missing or repeated key, a class or a rule that
// is none; the message begins with file:line:column.
absl::StatusOr<JobLimits> ParseJobLimits(const std::string& file, const std::string& content);

// INVALID_ARGUMENT (CATALOGUE_INVALID): a post's class is none of the table, so that nobody could
// say what the law wants; the message begins with the post's place.
absl::Status CheckPosts(const ProviderDirectory& directory, const JobLimits& limits);

// The limits that keep "person", as of its date, from a job of "job_class"; by the table's order.
std::vector<const JobLimit*> LimitsOf(const JobLimits& limits, absl::string_view job_class,
                                      const model::Case& person);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_JOB_LIMITS_H_
