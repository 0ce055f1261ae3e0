// What an employer may deduct for hiring, and from which taxes: a dated table
// (hub/policies/tables/employer-relief.yaml, hub/doc/employers.md).
//
// Pure; immutable after reading.

#ifndef ANQIAO_HUB_POLICY_EMPLOYER_RELIEF_TABLE_H_
#define ANQIAO_HUB_POLICY_EMPLOYER_RELIEF_TABLE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/model/civil_date.h"
#include "hub/model/yaml_reader.h"
#include "hub/policy/policy.h"

namespace anqiao::policy {

// Months count from January of the year 0.
using MonthNumber = int;

// Requires: a date with a month.
constexpr MonthNumber MonthOf(const model::CivilDate& date) {
  return date.year * 12 + date.month - 1;
}
constexpr int YearOf(MonthNumber month) { return month / 12; }

// Of one month.
struct ReliefQuota {
  std::int64_t year_fen = 0;
  std::int64_t permille = 1000;
  bool unverified = false;

  // Fen of a year, times 1,000.
  std::int64_t year_fen_permille() const { return year_fen * permille; }
};

struct ReliefTax {
  std::string code, title_zh, title_en;
  // Settled once a year, else every month.
  bool annual = false;
  // A surcharge: the tax that it is counted from, and its rate per mille by place.
  std::string base;
  std::map<std::string, int> rates;
};

// Which tax first.
struct ReliefOrder {
  MonthNumber first = 0, last = 0;
  bool unverified = false;
  std::vector<ReliefTax> taxes;

  // Null if there is none.
  const ReliefTax* Find(absl::string_view code) const;
};

class EmployerReliefTable {
 public:
  // INVALID_ARGUMENT (CATALOGUE_INVALID), located: an unknown key, a gap or overlap of dates, rows
  // that do not begin and end with a month, a surcharge on a tax that does not come before it, a
  // policy or parameter that is not there or does not last as long as a run.
  static absl::StatusOr<EmployerReliefTable> Read(const model::YamlNode& file,
                                                  const PolicyMap& policies);

  // Takes the amounts of a year from "policies", to which profiles may have been applied since.
  // Requires: the policies that it was read with.
  void TakeQuotas(const PolicyMap& policies);

  // A run begins in one of these months.
  MonthNumber window_first() const { return window_first_; }
  MonthNumber window_last() const { return window_last_; }
  int run_months() const { return run_months_; }
  int contract_months_min() const { return contract_months_min_; }
  const std::vector<std::string>& categories() const { return categories_; }
  const std::vector<std::string>& places() const { return places_; }

  // Requires: from window_first() to the last month of a run that begins in window_last().
  ReliefQuota QuotaIn(MonthNumber month) const;
  // Null outside of those years.
  const ReliefOrder* OrderIn(MonthNumber month) const;

 private:
  absl::Status ReadQuota(const model::YamlNode& node, const PolicyMap& policies);
  absl::Status ReadOrders(const model::YamlNode& node);

  MonthNumber window_first_ = 0, window_last_ = 0;
  int run_months_ = 0, contract_months_min_ = 0;
  std::vector<std::string> categories_, places_;
  std::string policy_, base_name_, factor_name_;
  Parameter base_, factor_;
  std::vector<ReliefOrder> orders_;
};

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_EMPLOYER_RELIEF_TABLE_H_
