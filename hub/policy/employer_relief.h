// What an employer saves by hiring people of the circle, by the dated table
// (hub/doc/employers.md has the rules and a worked case).
//
//   AQ_ASSIGN_OR_RETURN(EmployerRelief relief, ComputeEmployerRelief(table, input));
//
// Nothing here names a person: a hire has a label that its employer gave it. Pure.

#ifndef ANQIAO_HUB_POLICY_EMPLOYER_RELIEF_H_
#define ANQIAO_HUB_POLICY_EMPLOYER_RELIEF_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/model/civil_date.h"
#include "hub/policy/employer_relief_table.h"

namespace anqiao::policy {

inline constexpr std::size_t kHiresMax = 10'000;
inline constexpr std::size_t kTaxesDueMax = 5'000;
inline constexpr std::int64_t kTaxDueFenMax = 10'000'000'000'000;

// One person in one post.
struct EmployerHire {
  // Letters, digits, "-" and "_"; at most 32, of which at most 6 digits in a row.
  std::string label;
  std::string category;
  // "contract_end" is empty if open-ended.
  model::CivilDate contract_start, contract_end;
  // First and last month for which the employer paid social insurance; empty: none, and goes on.
  model::CivilDate insurance_from, insurance_to;
  // Last day in the post if it was left before the contract's end.
  model::CivilDate left;
  // Months of the run that are gone already, with this or another employer.
  int months_used = 0;
  // What another employment relief would give for this person in a whole year.
  std::int64_t other_relief_year_fen = 0;
};

// A tax that is due before this relief.
struct TaxDue {
  int year = 0;
  // 1 to 12; 0 for the annual settlement.
  int month = 0;
  std::string tax;
  std::int64_t fen = 0;
};

struct EmployerReliefInput {
  std::vector<EmployerHire> hires;
  std::vector<TaxDue> taxes;
  // If given, surcharges that are not among "taxes" are counted from their base by this place's
  // rate.
  std::string place;
};

enum class HireOutcome {
  kCounted,
  kNotInCircle,
  kNotInsured,
  kContractTooShort,
  kBeforeWindow,
  kAfterWindow,
  kMonthsUsedUp,
  kOtherReliefIsBetter,
};

// What may be deducted for one person in one year.
struct PersonYear {
  int year = 0;
  int months = 0;
  std::int64_t quota_fen = 0;
  // Such as "7800.00 yuan x 2/12".
  std::string formula;
};

struct HireRelief {
  HireOutcome outcome = HireOutcome::kCounted;
  // Of the run, with this employer; 0 unless it counts.
  MonthNumber first = 0, last = 0;
  std::vector<PersonYear> years;
  std::int64_t quota_fen = 0;
};

struct TaxDeduction {
  std::string tax;
  // Due in months from which the relief could be taken, and what was.
  std::int64_t due_fen = 0;
  std::int64_t deducted_fen = 0;
};

struct EmployerYear {
  int year = 0;
  // What may be deducted for all persons; what the taxes due allow; the rest, which lapses.
  std::int64_t quota_fen = 0, deducted_fen = 0, lapsed_fen = 0;
  // In their order.
  std::vector<TaxDeduction> taxes;
};

struct EmployerRelief {
  // As the hires were given.
  std::vector<HireRelief> hires;
  // Every year in which something may be deducted.
  std::vector<EmployerYear> years;
  std::int64_t quota_fen = 0, deducted_fen = 0, lapsed_fen = 0;
  // A row of the table that was used is not verified.
  bool unverified = false;
};

// INVALID_ARGUMENT (INVALID_FIELD), with the path of what is wrong ("hires[2].label").
absl::StatusOr<EmployerRelief> ComputeEmployerRelief(const EmployerReliefTable& table,
                                                     const EmployerReliefInput& input);

// What hiring would save; reads nothing of any person.
struct HiringPlan {
  int count = 0;
  // All begin and are insured in this month.
  model::CivilDate start_month;
  std::string category;
  // 0: open-ended.
  int contract_months = 0;
  // Due each month, and each year at the annual settlement, before the relief.
  struct Tax {
    std::string tax;
    std::int64_t fen = 0;
  };
  std::vector<Tax> monthly_taxes, annual_taxes;
  std::string place;
};

struct HiringSimulation {
  // What each of the people allows.
  HireRelief person;
  EmployerRelief relief;
  // One for each of relief.years.
  std::vector<std::string> formulas;
};

// INVALID_ARGUMENT (INVALID_FIELD), with the path of what is wrong.
absl::StatusOr<HiringSimulation> SimulateHiring(const EmployerReliefTable& table,
                                                const HiringPlan& plan);

// UPPER_SNAKE; COUNTED if the hire counts.
absl::string_view OutcomeName(HireOutcome outcome);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_EMPLOYER_RELIEF_H_
