// The way of the money in one year. A person's quota joins the pool in the first month of that year
// in which the run is on; every month the monthly taxes take from the pool in their order; what is
// left takes the annual settlement, and what is left then lapses.
//
//   pool  += quotas of the persons whose months of the year begin now
//   VAT -> urban maintenance -> education -> local education      (each month)
//   corporate income tax                                          (once, after December)

#include "hub/policy/employer_relief.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::policy {
namespace {

using model::CivilDate;

constexpr std::size_t kLabelBytesMax = 32;
constexpr int kDigitsInARowMax = 6;
constexpr int kYearMin = 2000;
constexpr int kYearMax = 2100;
constexpr std::int64_t kOtherReliefFenMax = 10'000'000'000;
constexpr int kContractMonthsMax = 600;

std::string PlainYuan(std::int64_t fen) { return absl::StrFormat("%d.%02d", fen / 100, fen % 100); }

// What may be deducted in a year, by the month in which it joins the pool.
struct YearPool {
  std::int64_t quota_fen = 0;
  std::array<std::int64_t, 12> joins{};
};
using TaxesOfMonth = std::map<std::string, std::int64_t>;
// By year and month; month 0 is the annual settlement.
using Taxes = std::map<std::pair<int, int>, TaxesOfMonth>;

absl::Status CheckLabel(const std::string& path, const std::string& label) {
  int digits = 0;
  bool wrong = label.empty() || label.size() > kLabelBytesMax;
  for (const char c : label) {
    digits = absl::ascii_isdigit(static_cast<unsigned char>(c)) ? digits + 1 : 0;
    wrong = wrong || digits > kDigitsInARowMax ||
            (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_');
  }
  if (!wrong) return absl::OkStatus();
  return InvalidField(path, absl::StrCat("must be 1 to ", kLabelBytesMax,
                                         " letters, digits, hyphens and underscores, with at most ",
                                         kDigitsInARowMax, " digits in a row: no name, no number"));
}

absl::Status CheckDay(const std::string& path, const CivilDate& date, bool required) {
  if (date.empty() && !required) return absl::OkStatus();
  if (date.has_day() && kYearMin <= date.year && date.year <= kYearMax) return absl::OkStatus();
  return InvalidField(path, absl::StrCat("must be a day from ", kYearMin, " to ", kYearMax));
}

absl::Status CheckMonth(const std::string& path, const CivilDate& date) {
  if (date.empty()) return absl::OkStatus();
  if (date.month != 0 && kYearMin <= date.year && date.year <= kYearMax) return absl::OkStatus();
  return InvalidField(path, absl::StrCat("must be a month from ", kYearMin, " to ", kYearMax));
}

absl::Status CheckHire(const EmployerReliefTable& table, const std::string& path,
                       const EmployerHire& hire) {
  AQ_RETURN_IF_ERROR(CheckLabel(absl::StrCat(path, ".label"), hire.label));
  if (hire.category.empty()) return InvalidField(absl::StrCat(path, ".category"), "is required");
  AQ_RETURN_IF_ERROR(
      CheckDay(absl::StrCat(path, ".contract_start_date"), hire.contract_start, true));
  AQ_RETURN_IF_ERROR(CheckDay(absl::StrCat(path, ".contract_end_date"), hire.contract_end, false));
  AQ_RETURN_IF_ERROR(CheckDay(absl::StrCat(path, ".left_date"), hire.left, false));
  AQ_RETURN_IF_ERROR(
      CheckMonth(absl::StrCat(path, ".social_insurance_from_month"), hire.insurance_from));
  AQ_RETURN_IF_ERROR(
      CheckMonth(absl::StrCat(path, ".social_insurance_to_month"), hire.insurance_to));
  if (!hire.contract_end.empty() && hire.contract_end < hire.contract_start) {
    return InvalidField(absl::StrCat(path, ".contract_end_date"), "is before the start");
  }
  if (!hire.left.empty() && hire.left < hire.contract_start) {
    return InvalidField(absl::StrCat(path, ".left_date"), "is before the start");
  }
  if (!hire.insurance_to.empty() &&
      (hire.insurance_from.empty() || MonthOf(hire.insurance_to) < MonthOf(hire.insurance_from))) {
    return InvalidField(absl::StrCat(path, ".social_insurance_to_month"),
                        "is before the first month");
  }
  if (hire.months_used < 0 || hire.months_used > table.run_months()) {
    return InvalidField(absl::StrCat(path, ".months_used"),
                        absl::StrCat("must be from 0 to ", table.run_months()));
  }
  if (hire.other_relief_year_fen < 0 || hire.other_relief_year_fen > kOtherReliefFenMax) {
    return InvalidField(absl::StrCat(path, ".other_relief_year_fen"),
                        absl::StrCat("must be from 0 to ", kOtherReliefFenMax));
  }
  return absl::OkStatus();
}

bool IsPlace(const EmployerReliefTable& table, const std::string& place) {
  const std::vector<std::string>& places = table.places();
  return place.empty() || std::find(places.begin(), places.end(), place) != places.end();
}

absl::Status CheckPlace(const EmployerReliefTable& table, const std::string& place) {
  if (IsPlace(table, place)) return absl::OkStatus();
  return InvalidField("place",
                      absl::StrCat("must be one of ", absl::StrJoin(table.places(), ", ")));
}

absl::Status CheckTax(const EmployerReliefTable& table, const std::string& path, MonthNumber month,
                      bool annual, const std::string& code, std::int64_t fen) {
  const ReliefOrder* order = table.OrderIn(month);
  const ReliefTax* tax = order == nullptr ? nullptr : order->Find(code);
  if (tax == nullptr) {
    return InvalidField(absl::StrCat(path, ".tax"), "is none that the relief is taken from then");
  }
  if (tax->annual != annual) {
    return InvalidField(path, tax->annual ? "is settled once a year" : "is settled every month");
  }
  if (fen < 0 || fen > kTaxDueFenMax) {
    return InvalidField(absl::StrCat(path, ".amount_fen"),
                        absl::StrCat("must be from 0 to ", kTaxDueFenMax));
  }
  return absl::OkStatus();
}

absl::StatusOr<Taxes> ReadTaxes(const EmployerReliefTable& table,
                                const EmployerReliefInput& input) {
  Taxes taxes;
  for (std::size_t i = 0; i < input.taxes.size(); ++i) {
    const TaxDue& due = input.taxes[i];
    const std::string path = absl::StrCat("taxes_due[", i, "]");
    if (due.year < kYearMin || due.year > kYearMax) {
      return InvalidField(absl::StrCat(path, ".year"),
                          absl::StrCat("must be from ", kYearMin, " to ", kYearMax));
    }
    if (due.month < 0 || due.month > 12) {
      return InvalidField(absl::StrCat(path, ".month"), "must be from 0 to 12");
    }
    const bool annual = due.month == 0;
    AQ_RETURN_IF_ERROR(CheckTax(table, path, due.year * 12 + (annual ? 12 : due.month) - 1, annual,
                                due.tax, due.fen));
    if (!taxes[{due.year, due.month}].emplace(due.tax, due.fen).second) {
      return InvalidField(path, "repeats a tax of the same time");
    }
  }
  return taxes;
}

// Whether a contract of that length is long enough; one that was left early was still so long.
bool LongEnough(const EmployerReliefTable& table, const EmployerHire& hire) {
  if (hire.contract_end.empty()) return true;
  return model::WholeMonthsBetween(hire.contract_start, hire.contract_end.AddDays(1)) >=
         table.contract_months_min();
}

std::int64_t RoundedShare(std::int64_t amount, std::int64_t parts, std::int64_t of) {
  return (amount * parts * 2 + of) / (of * 2);
}

// One year of a run from "first" to "last".
PersonYear QuotaOfYear(const EmployerReliefTable& table, int year, MonthNumber first,
                       MonthNumber last, bool& unverified) {
  PersonYear result;
  result.year = year;
  std::int64_t sum = 0;
  std::vector<std::string> parts;
  std::int64_t same = 0;
  int months = 0;
  const auto flush = [&] {
    if (months == 0) return;
    parts.push_back(
        absl::StrCat(PlainYuan(RoundedShare(same, 1, 1000)), " yuan x ", months, "/12"));
    months = 0;
  };
  for (MonthNumber month = std::max(first, year * 12); month <= std::min(last, year * 12 + 11);
       ++month) {
    const ReliefQuota quota = table.QuotaIn(month);
    if (quota.year_fen_permille() != same) flush();
    same = quota.year_fen_permille();
    unverified = unverified || quota.unverified;
    sum += same;
    ++result.months;
    ++months;
  }
  flush();
  result.quota_fen = RoundedShare(sum, 1, 12'000);
  result.formula = absl::StrJoin(parts, " + ");
  return result;
}

// The months with this employer: from the month in which both the contract and the insurance are
// there, for what is left of the run.
HireOutcome FindRun(const EmployerReliefTable& table, const EmployerHire& hire,
                    HireRelief& relief) {
  const std::vector<std::string>& circle = table.categories();
  if (std::find(circle.begin(), circle.end(), hire.category) == circle.end()) {
    return HireOutcome::kNotInCircle;
  }
  if (hire.insurance_from.empty()) return HireOutcome::kNotInsured;
  if (!LongEnough(table, hire)) return HireOutcome::kContractTooShort;
  const MonthNumber first = std::max(MonthOf(hire.contract_start), MonthOf(hire.insurance_from));
  if (first < table.window_first()) return HireOutcome::kBeforeWindow;
  if (first > table.window_last()) return HireOutcome::kAfterWindow;
  const int left = table.run_months() - hire.months_used;
  if (left == 0) return HireOutcome::kMonthsUsedUp;
  MonthNumber last = first + left - 1;
  for (const CivilDate& end : {hire.contract_end, hire.left, hire.insurance_to}) {
    if (!end.empty()) last = std::min(last, MonthOf(end));
  }
  // Insured only after the end.
  if (last < first) return HireOutcome::kNotInsured;
  relief.first = first;
  relief.last = last;
  return HireOutcome::kCounted;
}

HireRelief ReliefOf(const EmployerReliefTable& table, const EmployerHire& hire, bool& unverified) {
  HireRelief relief;
  relief.outcome = FindRun(table, hire, relief);
  if (relief.outcome != HireOutcome::kCounted) return relief;
  std::int64_t other = 0;
  for (int year = YearOf(relief.first); year <= YearOf(relief.last); ++year) {
    PersonYear of = QuotaOfYear(table, year, relief.first, relief.last, unverified);
    relief.quota_fen += of.quota_fen;
    other += RoundedShare(hire.other_relief_year_fen, of.months, 12);
    relief.years.push_back(std::move(of));
  }
  if (other > relief.quota_fen) {
    relief = HireRelief();
    relief.outcome = HireOutcome::kOtherReliefIsBetter;
  }
  return relief;
}

std::int64_t DueOf(const ReliefTax& tax, const TaxesOfMonth& due, const std::string& place) {
  if (const auto it = due.find(tax.code); it != due.end()) return it->second;
  if (place.empty() || tax.base.empty()) return 0;
  const auto base = due.find(tax.base);
  // Of what was due before this relief.
  return base == due.end() ? 0 : RoundedShare(base->second, tax.rates.at(place), 1000);
}

// Takes from "pool" for each tax of that time, in the order of the month.
void Deduct(const ReliefOrder& order, const TaxesOfMonth& due, const std::string& place,
            bool annual, std::int64_t& pool, EmployerYear& year) {
  for (const ReliefTax& tax : order.taxes) {
    if (tax.annual != annual) continue;
    auto sum = std::find_if(year.taxes.begin(), year.taxes.end(),
                            [&](const TaxDeduction& t) { return t.tax == tax.code; });
    if (sum == year.taxes.end()) {
      sum = year.taxes.insert(year.taxes.end(), TaxDeduction{.tax = tax.code});
    }
    const std::int64_t fen = DueOf(tax, due, place);
    const std::int64_t taken = std::min(fen, pool);
    sum->due_fen += fen;
    sum->deducted_fen += taken;
    year.deducted_fen += taken;
    pool -= taken;
  }
}

EmployerYear YearOfEmployer(const EmployerReliefTable& table, int number, const YearPool& quotas,
                            const Taxes& taxes, const std::string& place, bool& unverified) {
  EmployerYear year;
  year.year = number;
  year.quota_fen = quotas.quota_fen;
  std::int64_t pool = 0;
  bool begun = false;
  const auto deduct = [&](int month) {
    const bool annual = month == 0;
    const ReliefOrder* order = table.OrderIn(number * 12 + (annual ? 12 : month) - 1);
    if (order == nullptr) return;
    const auto due = taxes.find({number, month});
    static const TaxesOfMonth& nothing = *new TaxesOfMonth();
    unverified = unverified || order->unverified;
    Deduct(*order, due == taxes.end() ? nothing : due->second, place, annual, pool, year);
  };
  for (int month = 1; month <= 12; ++month) {
    pool += quotas.joins[static_cast<std::size_t>(month - 1)];
    begun = begun || pool > 0;
    if (begun) deduct(month);
  }
  deduct(0);
  year.lapsed_fen = pool;
  return year;
}

}  // namespace

absl::StatusOr<EmployerRelief> ComputeEmployerRelief(const EmployerReliefTable& table,
                                                     const EmployerReliefInput& input) {
  if (input.hires.size() > kHiresMax) {
    return InvalidField("hires", absl::StrCat("must be at most ", kHiresMax));
  }
  if (input.taxes.size() > kTaxesDueMax) {
    return InvalidField("taxes_due", absl::StrCat("must be at most ", kTaxesDueMax));
  }
  AQ_RETURN_IF_ERROR(CheckPlace(table, input.place));
  AQ_ASSIGN_OR_RETURN(const Taxes taxes, ReadTaxes(table, input));
  EmployerRelief relief;
  std::map<int, YearPool> pools;
  for (std::size_t i = 0; i < input.hires.size(); ++i) {
    AQ_RETURN_IF_ERROR(CheckHire(table, absl::StrCat("hires[", i, "]"), input.hires[i]));
    HireRelief hire = ReliefOf(table, input.hires[i], relief.unverified);
    for (const PersonYear& of : hire.years) {
      YearPool& pool = pools[of.year];
      pool.quota_fen += of.quota_fen;
      const MonthNumber joins = std::max(hire.first, of.year * 12);
      pool.joins[static_cast<std::size_t>(joins % 12)] += of.quota_fen;
    }
    relief.hires.push_back(std::move(hire));
  }
  for (const auto& [number, pool] : pools) {
    EmployerYear year = YearOfEmployer(table, number, pool, taxes, input.place, relief.unverified);
    relief.quota_fen += year.quota_fen;
    relief.deducted_fen += year.deducted_fen;
    relief.lapsed_fen += year.lapsed_fen;
    relief.years.push_back(std::move(year));
  }
  return relief;
}

absl::string_view OutcomeName(HireOutcome outcome) {
  switch (outcome) {
    case HireOutcome::kCounted:
      return "COUNTED";
    case HireOutcome::kNotInCircle:
      return "NOT_IN_CIRCLE";
    case HireOutcome::kNotInsured:
      return "NOT_INSURED";
    case HireOutcome::kContractTooShort:
      return "CONTRACT_TOO_SHORT";
    case HireOutcome::kBeforeWindow:
      return "BEFORE_WINDOW";
    case HireOutcome::kAfterWindow:
      return "AFTER_WINDOW";
    case HireOutcome::kMonthsUsedUp:
      return "MONTHS_USED_UP";
    case HireOutcome::kOtherReliefIsBetter:
      return "OTHER_RELIEF_IS_BETTER";
  }
  return "";
}

namespace {

absl::Status CheckPlan(const EmployerReliefTable& table, const HiringPlan& plan) {
  if (plan.count < 1 || plan.count > static_cast<int>(kHiresMax)) {
    return InvalidField("count", absl::StrCat("must be from 1 to ", kHiresMax));
  }
  if (plan.start_month.empty()) return InvalidField("start_month", "is required");
  AQ_RETURN_IF_ERROR(CheckMonth("start_month", plan.start_month));
  if (plan.contract_months < 0 || plan.contract_months > kContractMonthsMax) {
    return InvalidField("contract_months", absl::StrCat("must be from 0 to ", kContractMonthsMax));
  }
  const std::vector<std::string>& circle = table.categories();
  if (std::find(circle.begin(), circle.end(), plan.category) == circle.end()) {
    return InvalidField("category", absl::StrCat("must be one of ", absl::StrJoin(circle, ", ")));
  }
  if (plan.monthly_taxes.size() > kTaxesDueMax / 600) {
    return InvalidField("monthly_taxes", absl::StrCat("must be at most ", kTaxesDueMax / 600));
  }
  if (plan.annual_taxes.size() > kTaxesDueMax / 600) {
    return InvalidField("annual_taxes", absl::StrCat("must be at most ", kTaxesDueMax / 600));
  }
  return CheckPlace(table, plan.place);
}

// Checks each of "taxes" and adds it for the month, 0 for the annual settlement.
absl::Status AddTaxes(const EmployerReliefTable& table, absl::string_view field, int year,
                      int month, const std::vector<HiringPlan::Tax>& taxes,
                      EmployerReliefInput& input) {
  for (std::size_t i = 0; i < taxes.size(); ++i) {
    const std::string path = absl::StrCat(field, "[", i, "]");
    AQ_RETURN_IF_ERROR(CheckTax(table, path, year * 12 + (month == 0 ? 12 : month) - 1, month == 0,
                                taxes[i].tax, taxes[i].fen));
    const bool repeated =
        std::any_of(taxes.begin(), taxes.begin() + static_cast<std::ptrdiff_t>(i),
                    [&](const HiringPlan::Tax& other) { return other.tax == taxes[i].tax; });
    if (repeated) return InvalidField(path, "repeats a tax");
    input.taxes.push_back({.year = year, .month = month, .tax = taxes[i].tax, .fen = taxes[i].fen});
  }
  return absl::OkStatus();
}

std::string FormulaOf(int count, const PersonYear& person, const EmployerYear& year) {
  std::vector<std::string> taken;
  for (const TaxDeduction& tax : year.taxes) {
    if (tax.deducted_fen > 0)
      taken.push_back(absl::StrCat(tax.tax, " ", PlainYuan(tax.deducted_fen)));
  }
  std::string formula =
      absl::StrCat(count, " x (", person.formula, ") = ", PlainYuan(year.quota_fen), " yuan");
  absl::StrAppend(&formula, "; saved ", PlainYuan(year.deducted_fen), " yuan");
  if (!taken.empty()) absl::StrAppend(&formula, " (", absl::StrJoin(taken, " + "), ")");
  if (year.lapsed_fen > 0)
    absl::StrAppend(&formula, "; lapses ", PlainYuan(year.lapsed_fen), " yuan");
  return formula;
}

}  // namespace

absl::StatusOr<HiringSimulation> SimulateHiring(const EmployerReliefTable& table,
                                                const HiringPlan& plan) {
  AQ_RETURN_IF_ERROR(CheckPlan(table, plan));
  EmployerHire hire;
  hire.label = "hire";
  hire.category = plan.category;
  hire.contract_start = plan.start_month.FirstDay();
  hire.insurance_from = plan.start_month;
  if (plan.contract_months > 0) {
    hire.contract_end = hire.contract_start.AddMonths(plan.contract_months).AddDays(-1);
  }
  HiringSimulation simulation;
  bool unverified = false;
  simulation.person = ReliefOf(table, hire, unverified);
  EmployerReliefInput input;
  input.place = plan.place;
  input.hires.assign(static_cast<std::size_t>(plan.count), hire);
  for (const PersonYear& of : simulation.person.years) {
    for (int month = 1; month <= 12; ++month) {
      AQ_RETURN_IF_ERROR(
          AddTaxes(table, "monthly_taxes", of.year, month, plan.monthly_taxes, input));
    }
    AQ_RETURN_IF_ERROR(AddTaxes(table, "annual_taxes", of.year, 0, plan.annual_taxes, input));
  }
  AQ_ASSIGN_OR_RETURN(simulation.relief, ComputeEmployerRelief(table, input));
  for (std::size_t i = 0; i < simulation.relief.years.size(); ++i) {
    simulation.formulas.push_back(
        FormulaOf(plan.count, simulation.person.years[i], simulation.relief.years[i]));
  }
  return simulation;
}

}  // namespace anqiao::policy
