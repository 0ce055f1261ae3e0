// When working age ends: the gradual delay that began in 2025
// (hub/policies/tables/retirement.yaml).
//
// Pure.

#ifndef ANQIAO_HUB_POLICY_RETIREMENT_H_
#define ANQIAO_HUB_POLICY_RETIREMENT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/model/civil_date.h"
#include "hub/model/yaml_reader.h"

namespace anqiao::policy {

struct RetirementRow {
  std::string id;
  // GB/T 2261.1 of whom it is the row unless something else is known; empty if of nobody.
  std::string default_for_sex;
  int base_years = 0;
  // Whoever was born before this month retires at the base age.
  model::CivilDate first_birth_month;
  // One month more for each so many months of later birth.
  int months_per_step = 1;
  int delay_months_max = 0;

  // The first day that is not working age for someone born on "birth".
  model::CivilDate RetirementOf(const model::CivilDate& birth) const;
};

class RetirementTable {
 public:
  // Reads the table and checks the vectors in it. INVALID_ARGUMENT (CATALOGUE_INVALID), located.
  static absl::StatusOr<RetirementTable> Read(const model::YamlNode& file);

  // The row for "sex", 1 or 2.
  const RetirementRow& ForSex(absl::string_view sex) const;

 private:
  const RetirementRow* Find(absl::string_view id) const;
  absl::Status CheckVectors(const model::YamlNode& tests) const;

  std::vector<RetirementRow> rows_;
};

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_RETIREMENT_H_
