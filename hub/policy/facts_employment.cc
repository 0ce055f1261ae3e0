// Facts that the employment bureau states.

#include <algorithm>
#include <string>
#include <vector>

#include "hub/policy/fact_derivation.h"

namespace anqiao::policy {
namespace {

using journal::v1::EmploymentFact;
using model::Case;
using model::CivilDate;

constexpr int kOpenEndedMonths = 999;

bool IsQualified(const journal::v1::TrainingFact& training) {
  return !From(training.completed_date()).empty() && !training.qualification_number().empty();
}

bool IsRunning(const EmploymentFact& contract, const CivilDate& on) {
  Fact ignored;
  return RunsWith(ignored, From(contract.contract_start_date()), From(contract.contract_end_date()),
                  on);
}

int ContractMonths(const EmploymentFact& contract) {
  const CivilDate end = From(contract.contract_end_date());
  if (end.empty()) return kOpenEndedMonths;
  return model::WholeMonthsBetween(From(contract.contract_start_date()), end.LastDay().AddDays(1));
}

const journal::v1::UnemploymentFact* LatestRegistration(const Case& person, const CivilDate& on) {
  return Latest(
      person.unemployments,
      [&](const auto& fact) { return From(fact.registered_date()).FirstDay() <= on; },
      [](const auto& fact) { return From(fact.registered_date()); });
}

Fact UnemployedSince(const FactInput& input) {
  const journal::v1::UnemploymentFact* open = OpenUnemployment(input.person, input.on);
  Fact since = DateOrNone(open == nullptr ? CivilDate() : From(open->registered_date()));
  for (const auto& stated : input.person.unemployments) {
    BeginsOn(since, From(stated.fact.registered_date()), input.on);
    ChangesAt(since, From(stated.fact.ended_date()).FirstDay(), input.on);
  }
  return since;
}

Fact UnemployedMonths(const FactInput& input) {
  Fact months = Known(std::int64_t{0});
  for (const auto& stated : input.person.unemployments) {
    BeginsOn(months, From(stated.fact.registered_date()), input.on);
  }
  const journal::v1::UnemploymentFact* latest = LatestRegistration(input.person, input.on);
  if (latest == nullptr) return months;
  months.date = From(latest->registered_date());
  // A registration of which only the month is known counts from that month's last day.
  const CivilDate start = months.date.LastDay();
  const CivilDate ended = From(latest->ended_date()).FirstDay();
  ChangesAt(months, ended, input.on);
  const bool over = !ended.empty() && ended <= input.on;
  const int count = model::WholeMonthsBetween(start, over ? ended : input.on);
  months.value = std::int64_t{std::max(count, 0)};
  if (over) return months;
  if (count < 0) {
    ChangesAt(months, start, input.on);
  } else {
    months.counts_from = start;
    months.step_months = 1;
  }
  return months;
}

Fact UnemploymentRegisteredEver(const FactInput& input) {
  const journal::v1::UnemploymentFact* latest = LatestRegistration(input.person, input.on);
  Fact ever =
      Known(latest != nullptr, latest == nullptr ? CivilDate() : From(latest->registered_date()));
  for (const auto& stated : input.person.unemployments) {
    BeginsOn(ever, From(stated.fact.registered_date()), input.on);
  }
  return ever;
}

// Calls "visit" with each contract that runs; "fact" may change where one begins or ends.
template <typename Visit>
void ForRunningContracts(const FactInput& input, Fact& fact, Visit visit) {
  for (const auto& stated : input.person.employments) {
    if (RunsWith(fact, From(stated.fact.contract_start_date()),
                 From(stated.fact.contract_end_date()), input.on)) {
      visit(stated.fact);
    }
  }
}

Fact EmploymentStarted(const FactInput& input) {
  Fact started = Known(std::monostate());
  ForRunningContracts(input, started, [](const EmploymentFact&) {});
  if (const EmploymentFact* latest = RunningContract(input.person, input.on)) {
    started.date = From(latest->contract_start_date());
    started.value = started.date;
  }
  return started;
}

Fact Employed(const FactInput& input) {
  Fact employed = EmploymentStarted(input);
  employed.value = !std::holds_alternative<std::monostate>(employed.value);
  return employed;
}

Fact SocialInsurancePaid(const FactInput& input) {
  Fact insured = Known(false);
  ForRunningContracts(input, insured, [&](const EmploymentFact& contract) {
    const CivilDate from = From(contract.social_insurance_from_month());
    if (from.empty() || !BeginsOn(insured, from, input.on)) return;
    insured.value = true;
    insured.date = from;
  });
  return insured;
}

Fact LongestContractMonths(const FactInput& input) {
  Fact months = Known(std::int64_t{0});
  std::int64_t longest = 0;
  ForRunningContracts(input, months, [&](const EmploymentFact& contract) {
    if (ContractMonths(contract) <= longest) return;
    longest = ContractMonths(contract);
    months.date = From(contract.contract_start_date());
  });
  months.value = longest;
  return months;
}

Fact DifficultyRecognised(const FactInput& input) {
  Fact recognised = Known(false);
  for (const auto& stated : input.person.difficulties) {
    const CivilDate from = From(stated.fact.valid_from_date());
    if (!RunsWith(recognised, from, From(stated.fact.valid_to_date()), input.on)) continue;
    recognised.value = true;
    recognised.date = from;
  }
  return recognised;
}

Fact CertificateAnnotations(const FactInput& input) {
  std::vector<std::string> annotations;
  Fact fact = Known(std::monostate());
  for (const auto& stated : input.person.certificates) {
    const CivilDate issued = From(stated.fact.issued_date());
    if (!BeginsOn(fact, issued, input.on)) continue;
    annotations.insert(annotations.end(), stated.fact.annotations().begin(),
                       stated.fact.annotations().end());
    fact.date = issued;
  }
  std::sort(annotations.begin(), annotations.end());
  annotations.erase(std::unique(annotations.begin(), annotations.end()), annotations.end());
  fact.value = std::move(annotations);
  return fact;
}

Fact TrainingCertificateDate(const FactInput& input) {
  const journal::v1::TrainingFact* training = LatestQualification(input.person, input.on);
  Fact completed = DateOrNone(training == nullptr ? CivilDate() : From(training->completed_date()));
  for (const auto& stated : input.person.trainings) {
    if (IsQualified(stated.fact)) {
      BeginsOn(completed, From(stated.fact.completed_date()), input.on);
    }
  }
  return completed;
}

}  // namespace

const std::vector<FactKind>& EmploymentFactKinds() {
  constexpr unsigned kOwn = kSeenByEmployment;
  // What the tax office checks in the reliefs (公告2023年第15号) and must be told of.
  constexpr unsigned kRelief = kSeenByEmployment | kSeenByTax;
  static const auto& kinds = *new std::vector<FactKind>{
      {"certificate_annotations", FactType::kTexts, "employment", kRelief, CertificateAnnotations},
      {"contract_months", FactType::kNumber, "employment", kRelief, LongestContractMonths},
      {"difficulty_recognised", FactType::kFlag, "employment", kOwn, DifficultyRecognised},
      {"employed", FactType::kFlag, "employment", kRelief, Employed},
      {"employment_started", FactType::kDate, "employment", kRelief, EmploymentStarted},
      {"social_insurance_paid", FactType::kFlag, "employment", kRelief, SocialInsurancePaid},
      {"training_certificate_date", FactType::kDate, "employment", kOwn, TrainingCertificateDate},
      {"unemployed_months", FactType::kNumber, "employment", kRelief, UnemployedMonths},
      {"unemployed_since", FactType::kDate, "employment", kOwn, UnemployedSince},
      {"unemployment_registered_ever", FactType::kFlag, "employment", kRelief,
       UnemploymentRegisteredEver},
  };
  return kinds;
}

const journal::v1::UnemploymentFact* OpenUnemployment(const Case& person, const CivilDate& on) {
  return Latest(
      person.unemployments,
      [&](const auto& fact) {
        const CivilDate ended = From(fact.ended_date());
        return From(fact.registered_date()).FirstDay() <= on &&
               (ended.empty() || ended.FirstDay() > on);
      },
      [](const auto& fact) { return From(fact.registered_date()); });
}

const EmploymentFact* RunningContract(const Case& person, const CivilDate& on) {
  return Latest(
      person.employments, [&](const auto& fact) { return IsRunning(fact, on); },
      [](const auto& fact) { return From(fact.contract_start_date()); });
}

const journal::v1::TrainingFact* LatestQualification(const Case& person, const CivilDate& on) {
  return Latest(
      person.trainings,
      [&](const auto& fact) {
        return IsQualified(fact) && From(fact.completed_date()).FirstDay() <= on;
      },
      [](const auto& fact) { return From(fact.completed_date()); });
}

const journal::v1::CertificateFact* CertificateWith(const Case& person, const CivilDate& on,
                                                    absl::string_view annotation) {
  return Latest(
      person.certificates,
      [&](const auto& fact) {
        return From(fact.issued_date()) <= on &&
               std::find(fact.annotations().begin(), fact.annotations().end(), annotation) !=
                   fact.annotations().end();
      },
      [](const auto& fact) { return From(fact.issued_date()); });
}

}  // namespace anqiao::policy
