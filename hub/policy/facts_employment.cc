// Facts that the employment bureau states.

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
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

int MonthIndex(const CivilDate& date) { return date.year * 12 + date.month - 1; }

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

// Since when the latest running contract is both signed and insured; none if it is not insured.
Fact EmploymentInsuredFrom(const FactInput& input) {
  Fact since = Known(std::monostate());
  ForRunningContracts(input, since, [](const EmploymentFact&) {});
  const EmploymentFact* latest = RunningContract(input.person, input.on);
  if (latest == nullptr || !latest->has_social_insurance_from_month()) return since;
  const CivilDate start = From(latest->contract_start_date()).FirstDay();
  const CivilDate insured = From(latest->social_insurance_from_month()).FirstDay();
  since.date = std::max(start, insured);
  since.value = since.date;
  return since;
}

// The calendar month of that time, its first being 1; 0 if there is none or it has not begun.
Fact EmployerRunMonth(const FactInput& input) {
  Fact month = EmploymentInsuredFrom(input);
  const CivilDate since = month.date;
  month.value = std::int64_t{0};
  if (since.empty()) return month;
  const CivilDate first = CivilDate::Of(since.year, since.month, 1);
  if (!BeginsOn(month, first, input.on)) return month;
  month.counts_from = first.AddMonths(-1);
  month.step_months = 1;
  month.value = std::int64_t{model::WholeMonthsBetween(month.counts_from, input.on)};
  return month;
}

Fact FlexibleEmployment(const FactInput& input) {
  Fact flexible = Known(false);
  ForRunningContracts(input, flexible, [&](const EmploymentFact& contract) {
    if (contract.form() != "FLEXIBLE") return;
    flexible.value = true;
    flexible.date = From(contract.contract_start_date());
  });
  return flexible;
}

// Calendar months for which a contract on file was insured, each once.
Fact InsuredMonths(const FactInput& input) {
  Fact fact = Known(std::int64_t{0});
  std::vector<std::pair<int, int>> spans;
  const int now = MonthIndex(input.on);
  for (const auto& stated : input.person.employments) {
    const CivilDate from = From(stated.fact.social_insurance_from_month());
    const CivilDate end = From(stated.fact.contract_end_date());
    if (from.month == 0 || !BeginsOn(fact, from, input.on)) continue;
    const bool over = end.month != 0 && MonthIndex(end) <= now;
    if (!over) {
      ChangesAt(fact, CivilDate::Of(input.on.year, input.on.month, 1).AddMonths(1), input.on);
    }
    spans.emplace_back(MonthIndex(from), over ? MonthIndex(end) : now);
    fact.date = from;
  }
  std::sort(spans.begin(), spans.end());
  std::int64_t months = 0;
  int counted = 0;
  for (const auto& [first, last] : spans) {
    const int begin = std::max(first, counted + 1);
    if (last < begin) continue;
    months += last - begin + 1;
    counted = last;
  }
  fact.value = months;
  return fact;
}

// Contracts in a public-welfare post that have begun.
Fact PublicPostTimes(const FactInput& input) {
  Fact times = Known(std::int64_t{0});
  std::int64_t count = 0;
  for (const auto& stated : input.person.employments) {
    const CivilDate from = From(stated.fact.contract_start_date());
    if (stated.fact.form() != "PUBLIC_WELFARE" || !BeginsOn(times, from, input.on)) continue;
    ++count;
    times.date = from;
  }
  times.value = count;
  return times;
}

Fact PovertyRelieved(const FactInput& input) {
  Fact relieved = Known(false);
  for (const auto& stated : input.person.unemployments) {
    const CivilDate from = From(stated.fact.registered_date());
    const auto& categories = stated.fact.person_categories();
    const bool named = std::any_of(categories.begin(), categories.end(), [](const std::string& c) {
      return c == "POVERTY_RELIEVED" || c == "POVERTY_MONITORED";
    });
    if (!named || !BeginsOn(relieved, from, input.on)) continue;
    relieved.value = true;
    relieved.date = from;
  }
  return relieved;
}

// Of the recognitions that run.
Fact DifficultyCategories(const FactInput& input) {
  std::vector<std::string> categories;
  Fact fact = Known(std::monostate());
  for (const auto& stated : input.person.difficulties) {
    const CivilDate from = From(stated.fact.valid_from_date());
    if (!RunsWith(fact, from, From(stated.fact.valid_to_date()), input.on)) continue;
    categories.push_back(stated.fact.category());
    fact.date = from;
  }
  std::sort(categories.begin(), categories.end());
  categories.erase(std::unique(categories.begin(), categories.end()), categories.end());
  fact.value = std::move(categories);
  return fact;
}

// The earliest recognition on file; empty if there is none.
CivilDate FirstRecognition(const FactInput& input, Fact& fact) {
  CivilDate first;
  for (const auto& stated : input.person.difficulties) {
    const CivilDate from = From(stated.fact.valid_from_date());
    if (from.empty() || !BeginsOn(fact, from, input.on)) continue;
    if (first.empty() || from < first) first = from;
  }
  return first;
}

// Whole months since the first recognition.
Fact RecognisedMonths(const FactInput& input) {
  Fact months = Known(std::int64_t{0});
  months.date = FirstRecognition(input, months);
  if (months.date.empty()) return months;
  const CivilDate start = months.date.LastDay();
  const int count = model::WholeMonthsBetween(start, input.on);
  months.value = std::int64_t{std::max(count, 0)};
  if (count < 0) {
    ChangesAt(months, start, input.on);
  } else {
    months.counts_from = start;
    months.step_months = 1;
  }
  return months;
}

// Whole months from the first recognition to retirement; none without a recognition, missing where
// the birth date or the sex is not known well enough.
Fact MonthsToRetirementAtRecognition(const FactInput& input) {
  Fact months = Known(std::monostate());
  months.date = FirstRecognition(input, months);
  if (months.date.empty()) return months;
  const CivilDate& birth = input.person.birth_date;
  if (birth.empty() || (input.person.sex != "1" && input.person.sex != "2")) {
    months.state = Fact::State::kMissing;
    return months;
  }
  const RetirementRow& row = input.retirement.ForSex(input.person.sex);
  const auto left = [&](const CivilDate& born) {
    return model::WholeMonthsBetween(months.date.FirstDay(), row.RetirementOf(born));
  };
  months.value = std::int64_t{left(birth.FirstDay())};
  if (left(birth.LastDay()) != left(birth.FirstDay())) months.state = Fact::State::kMissing;
  return months;
}

// Certificates of this calendar year.
Fact TrainingCertificatesThisYear(const FactInput& input) {
  Fact fact = Known(std::int64_t{0});
  std::int64_t count = 0;
  for (const auto& stated : input.person.trainings) {
    if (!IsQualified(stated.fact)) continue;
    const CivilDate completed = From(stated.fact.completed_date());
    if (!BeginsOn(fact, completed, input.on) || completed.year != input.on.year) continue;
    ++count;
    fact.date = completed;
  }
  if (count > 0) ChangesAt(fact, CivilDate::Of(input.on.year + 1, 1, 1), input.on);
  fact.value = count;
  return fact;
}

// Grade of the latest certificate.
Fact TrainingGrade(const FactInput& input) {
  Fact grade = TrainingCertificateDate(input);
  const journal::v1::TrainingFact* latest = LatestQualification(input.person, input.on);
  std::vector<std::string> grades;
  if (latest != nullptr && !latest->qualification_grade().empty()) {
    grades.push_back(latest->qualification_grade());
  }
  grade.value = std::move(grades);
  return grade;
}

// An earlier certificate is for the same course and grade as the latest.
Fact TrainingGradeRepeated(const FactInput& input) {
  Fact repeated = TrainingCertificateDate(input);
  const journal::v1::TrainingFact* latest = LatestQualification(input.person, input.on);
  repeated.value =
      latest != nullptr &&
      std::any_of(input.person.trainings.begin(), input.person.trainings.end(),
                  [&](const auto& stated) {
                    return &stated.fact != latest && IsQualified(stated.fact) &&
                           From(stated.fact.completed_date()).FirstDay() <= input.on &&
                           stated.fact.course() == latest->course() &&
                           stated.fact.qualification_grade() == latest->qualification_grade();
                  });
  return repeated;
}

}  // namespace

const std::vector<FactKind>& EmploymentFactKinds() {
  constexpr unsigned kOwn = kSeenByEmployment;
  // What the tax office checks in the reliefs (公告2023年第15号) and must be told of.
  constexpr unsigned kRelief = kSeenByEmployment | kSeenByTax;
  static const auto& kinds = *new std::vector<FactKind>{
      {"certificate_annotations", FactType::kTexts, "employment", kRelief, CertificateAnnotations},
      {"contract_months", FactType::kNumber, "employment", kRelief, LongestContractMonths},
      {"difficulty_categories", FactType::kTexts, "employment", kOwn, DifficultyCategories},
      {"difficulty_recognised", FactType::kFlag, "employment", kOwn, DifficultyRecognised},
      {"employed", FactType::kFlag, "employment", kRelief, Employed, true},
      {"employer_run_month", FactType::kNumber, "employment", kRelief, EmployerRunMonth},
      {"employment_insured_from", FactType::kDate, "employment", kRelief, EmploymentInsuredFrom},
      {"employment_started", FactType::kDate, "employment", kRelief, EmploymentStarted},
      {"flexible_employment", FactType::kFlag, "employment", kOwn, FlexibleEmployment},
      {"insured_months", FactType::kNumber, "employment", kOwn, InsuredMonths},
      {"months_to_retirement_at_recognition", FactType::kNumber, "employment", kOwn,
       MonthsToRetirementAtRecognition},
      {"poverty_relieved", FactType::kFlag, "employment", kRelief, PovertyRelieved},
      {"public_post_times", FactType::kNumber, "employment", kOwn, PublicPostTimes},
      {"recognised_months", FactType::kNumber, "employment", kOwn, RecognisedMonths},
      {"social_insurance_paid", FactType::kFlag, "employment", kRelief, SocialInsurancePaid},
      {"training_certificate_date", FactType::kDate, "employment", kOwn, TrainingCertificateDate},
      {"training_certificates_this_year", FactType::kNumber, "employment", kOwn,
       TrainingCertificatesThisYear},
      {"training_grade", FactType::kTexts, "employment", kOwn, TrainingGrade},
      {"training_grade_repeated", FactType::kFlag, "employment", kOwn, TrainingGradeRepeated},
      {"unemployed_months", FactType::kNumber, "employment", kRelief, UnemployedMonths},
      {"unemployed_since", FactType::kDate, "employment", kOwn, UnemployedSince, true},
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
