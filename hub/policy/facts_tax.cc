// Facts that the tax office states.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "hub/policy/fact_derivation.h"

namespace anqiao::policy {
namespace {

using model::CivilDate;

Fact BusinessRegistered(const FactInput& input) {
  const journal::v1::BusinessFact* business = RunningBusiness(input.person, input.on);
  Fact registered =
      DateOrNone(business == nullptr ? CivilDate() : From(business->registered_date()));
  for (const auto& stated : input.person.businesses) {
    BeginsOn(registered, From(stated.fact.registered_date()), input.on);
    ChangesAt(registered, From(stated.fact.deregistered_date()).FirstDay(), input.on);
  }
  return registered;
}

// Whole months since the business was registered.
Fact BusinessRunningMonths(const FactInput& input) {
  Fact months = BusinessRegistered(input);
  const auto* registered = std::get_if<CivilDate>(&months.value);
  if (registered == nullptr) {
    months.value = std::int64_t{0};
    return months;
  }
  // Of which only the month is known: from its last day.
  const CivilDate start = registered->LastDay();
  const int count = model::WholeMonthsBetween(start, input.on);
  if (count < 0) {
    ChangesAt(months, start, input.on);
  } else {
    months.counts_from = start;
    months.step_months = 1;
  }
  months.value = std::int64_t{std::max(count, 0)};
  return months;
}

// The calendar month of the business, that of the registration being the first; 0: there is none.
Fact BusinessMonth(const FactInput& input) {
  Fact month = BusinessRegistered(input);
  const auto* registered = std::get_if<CivilDate>(&month.value);
  if (registered == nullptr) {
    month.value = std::int64_t{0};
    return month;
  }
  if (registered->month == 0) {
    month.state = Fact::State::kMissing;
    return month;
  }
  month.counts_from = CivilDate::Of(registered->year, registered->month, 1).AddMonths(-1);
  month.step_months = 1;
  month.value = std::int64_t{model::WholeMonthsBetween(month.counts_from, input.on)};
  return month;
}

// The running business is the only one on file.
Fact FirstBusiness(const FactInput& input) {
  Fact first = BusinessRegistered(input);
  const bool running = std::holds_alternative<CivilDate>(first.value);
  std::size_t begun = 0;
  for (const auto& stated : input.person.businesses) {
    begun += From(stated.fact.registered_date()).FirstDay() <= input.on ? 1 : 0;
  }
  first.value = running && begun == 1;
  return first;
}

// Whether a relief of "policy" runs.
Fact ReliefRunning(const FactInput& input, absl::string_view policy) {
  Fact running = Known(false);
  for (const auto& stated : input.person.tax_reliefs) {
    const CivilDate from = From(stated.fact.from_month());
    if (stated.fact.policy() != policy || from.empty() ||
        !RunsWith(running, from, From(stated.fact.to_month()), input.on)) {
      continue;
    }
    running.value = true;
    running.date = from;
  }
  return running;
}

Fact SelfEmployedReliefRunning(const FactInput& input) {
  return ReliefRunning(input, "tax-relief-self-employed");
}

Fact EmployerReliefRunning(const FactInput& input) {
  return ReliefRunning(input, "tax-relief-employer");
}

// Calendar months of the employers' relief on file, the running one's up to this month.
Fact EmployerReliefMonths(const FactInput& input) {
  Fact months = Known(std::int64_t{0});
  std::int64_t sum = 0;
  for (const auto& stated : input.person.tax_reliefs) {
    if (stated.fact.policy() != "tax-relief-employer") continue;
    const CivilDate from = From(stated.fact.from_month());
    if (from.month == 0) {
      // Used, and nobody says for how long.
      months.state = Fact::State::kMissing;
      return months;
    }
    if (!BeginsOn(months, from, input.on)) continue;
    CivilDate last = From(stated.fact.to_month());
    if (last.month == 0 || input.on < last.FirstDay()) {
      last = input.on;
      ChangesAt(months, CivilDate::Of(input.on.year, input.on.month, 1).AddMonths(1), input.on);
    }
    sum += (last.year - from.year) * 12 + last.month - from.month + 1;
    months.date = from;
  }
  months.value = sum;
  return months;
}

Fact ReliefUsed(const FactInput& input, absl::string_view policy) {
  for (const auto& stated : input.person.tax_reliefs) {
    if (stated.fact.policy() == policy) return Known(true, From(stated.fact.from_month()));
  }
  return Known(false);
}

Fact SelfEmployedReliefUsed(const FactInput& input) {
  return ReliefUsed(input, "tax-relief-self-employed");
}

Fact EmployerReliefUsed(const FactInput& input) { return ReliefUsed(input, "tax-relief-employer"); }

}  // namespace

const std::vector<FactKind>& TaxFactKinds() {
  constexpr unsigned kOwn = kSeenByTax;
  // What the employment bureau checks in the subsidy for a first business.
  constexpr unsigned kSeen = kSeenByTax | kSeenByEmployment;
  static const auto& kinds = *new std::vector<FactKind>{
      {"business_month", FactType::kNumber, "tax", kOwn, BusinessMonth},
      {"business_registered", FactType::kDate, "tax", kOwn, BusinessRegistered},
      {"business_running_months", FactType::kNumber, "tax", kSeen, BusinessRunningMonths},
      {"employer_relief_months", FactType::kNumber, "tax", kOwn, EmployerReliefMonths},
      {"employer_relief_running", FactType::kFlag, "tax", kOwn, EmployerReliefRunning},
      {"employer_relief_used", FactType::kFlag, "tax", kOwn, EmployerReliefUsed},
      {"first_business", FactType::kFlag, "tax", kSeen, FirstBusiness},
      {"self_employed_relief_running", FactType::kFlag, "tax", kOwn, SelfEmployedReliefRunning},
      {"self_employed_relief_used", FactType::kFlag, "tax", kOwn, SelfEmployedReliefUsed},
  };
  return kinds;
}

const journal::v1::BusinessFact* RunningBusiness(const model::Case& person, const CivilDate& on) {
  return Latest(
      person.businesses,
      [&](const auto& fact) {
        const CivilDate gone = From(fact.deregistered_date());
        return From(fact.registered_date()).FirstDay() <= on &&
               (gone.empty() || gone.FirstDay() > on);
      },
      [](const auto& fact) { return From(fact.registered_date()); });
}

}  // namespace anqiao::policy
