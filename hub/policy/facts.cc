#include "hub/policy/facts.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace anqiao::policy {
namespace {

using model::Case;
using model::CivilDate;

constexpr int kOpenEndedMonths = 999;
constexpr int kWorkingAgeYears = 16;

CivilDate From(const type::v1::CivilDate& date) { return CivilDate::FromProto(date); }

// "from" <= on, and on is not after "to", where there is one.
bool Runs(const CivilDate& from, const CivilDate& to, const CivilDate& on) {
  return from.FirstDay() <= on && (to.empty() || on <= to.LastDay());
}

Fact Known(FactValue value, const CivilDate& date = {}) {
  Fact fact;
  fact.state = Fact::State::kValue;
  fact.value = std::move(value);
  fact.date = date;
  return fact;
}

Fact DateOrNone(const CivilDate& date) {
  return date.empty() ? Known(std::monostate()) : Known(date, date);
}

// The day after the last that "to" may mean.
void AddEnd(Fact& fact, const CivilDate& to) {
  if (!to.empty()) fact.changes.push_back(to.LastDay().AddDays(1));
}

// The latest by "date_of" among those that "counts"; null if none does.
template <typename Record, typename Counts, typename DateOf>
const Record* Latest(const std::vector<model::Stated<Record>>& all, Counts counts, DateOf date_of) {
  const Record* latest = nullptr;
  for (const auto& stated : all) {
    if (!counts(stated.fact)) continue;
    if (latest == nullptr || date_of(*latest) < date_of(stated.fact)) latest = &stated.fact;
  }
  return latest;
}

bool IsQualified(const journal::v1::TrainingFact& training) {
  return !From(training.completed_date()).empty() && !training.qualification_number().empty();
}

bool IsRunning(const journal::v1::EmploymentFact& contract, const CivilDate& on) {
  return Runs(From(contract.contract_start_date()), From(contract.contract_end_date()), on);
}

int ContractMonths(const journal::v1::EmploymentFact& contract) {
  const CivilDate end = From(contract.contract_end_date());
  if (end.empty()) return kOpenEndedMonths;
  return model::WholeMonthsBetween(From(contract.contract_start_date()), end.LastDay().AddDays(1));
}

void AddUnemployment(const Case& person, const CivilDate& on, FactSet& facts) {
  const journal::v1::UnemploymentFact* latest = Latest(
      person.unemployments,
      [&](const auto& fact) { return From(fact.registered_date()).FirstDay() <= on; },
      [](const auto& fact) { return From(fact.registered_date()); });
  const journal::v1::UnemploymentFact* open = OpenUnemployment(person, on);
  Fact since = DateOrNone(open == nullptr ? CivilDate() : From(open->registered_date()));
  Fact months = Known(std::int64_t{0});
  for (const auto& stated : person.unemployments) {
    const CivilDate ended = From(stated.fact.ended_date());
    if (!ended.empty()) since.changes.push_back(ended.FirstDay());
  }
  if (latest != nullptr) {
    // A registration of which only the month is known counts from that month's last day.
    const CivilDate start = From(latest->registered_date()).LastDay();
    const CivilDate ended = From(latest->ended_date());
    const bool over = !ended.empty() && ended.FirstDay() <= on;
    const int count = model::WholeMonthsBetween(start, over ? ended.FirstDay() : on);
    months = Known(std::int64_t{std::max(count, 0)}, From(latest->registered_date()));
    if (!over) {
      months.counts_from = start;
      months.step_months = 1;
    }
  }
  facts["unemployed_since"] = std::move(since);
  facts["unemployed_months"] = std::move(months);
  facts["unemployment_registered_ever"] =
      Known(latest != nullptr, latest == nullptr ? CivilDate() : From(latest->registered_date()));
}

void AddContracts(const Case& person, const CivilDate& on, FactSet& facts) {
  Fact employed = Known(false);
  Fact insured = Known(false);
  Fact months = Known(std::int64_t{0});
  Fact started = Known(std::monostate());
  std::int64_t longest = 0;
  for (const auto& stated : person.employments) {
    const journal::v1::EmploymentFact& contract = stated.fact;
    if (!IsRunning(contract, on)) continue;
    employed.value = true;
    for (Fact* fact : {&employed, &insured, &months, &started}) {
      AddEnd(*fact, From(contract.contract_end_date()));
    }
    if (ContractMonths(contract) > longest) {
      longest = ContractMonths(contract);
      months.date = From(contract.contract_start_date());
    }
    const CivilDate from = From(contract.social_insurance_from_month()).FirstDay();
    if (from.empty()) continue;
    if (from <= on) {
      insured.value = true;
      insured.date = From(contract.social_insurance_from_month());
    } else {
      insured.changes.push_back(from);
    }
  }
  const journal::v1::EmploymentFact* latest = RunningContract(person, on);
  if (latest != nullptr) {
    started.date = From(latest->contract_start_date());
    started.value = started.date;
    employed.date = started.date;
  }
  months.value = longest;
  facts["employed"] = std::move(employed);
  facts["social_insurance_paid"] = std::move(insured);
  facts["contract_months"] = std::move(months);
  facts["employment_started"] = std::move(started);
}

void AddEmploymentFacts(const Case& person, const CivilDate& on, FactSet& facts) {
  AddUnemployment(person, on, facts);
  AddContracts(person, on, facts);
  Fact recognised = Known(false);
  for (const auto& stated : person.difficulties) {
    const CivilDate from = From(stated.fact.valid_from_date());
    const CivilDate to = From(stated.fact.valid_to_date());
    if (!Runs(from, to, on)) continue;
    recognised.value = true;
    recognised.date = from;
    AddEnd(recognised, to);
  }
  facts["difficulty_recognised"] = std::move(recognised);
  std::set<std::string> annotations;
  Fact of_certificates = Known(std::vector<std::string>());
  for (const auto& stated : person.certificates) {
    if (From(stated.fact.issued_date()) > on) continue;
    annotations.insert(stated.fact.annotations().begin(), stated.fact.annotations().end());
    of_certificates.date = From(stated.fact.issued_date());
  }
  of_certificates.value = std::vector<std::string>(annotations.begin(), annotations.end());
  facts["certificate_annotations"] = std::move(of_certificates);
  const journal::v1::TrainingFact* training = LatestQualification(person, on);
  Fact certificate =
      DateOrNone(training == nullptr ? CivilDate() : From(training->completed_date()));
  for (const auto& stated : person.trainings) {
    if (IsQualified(stated.fact)) {
      certificate.changes.push_back(From(stated.fact.completed_date()).FirstDay());
    }
  }
  facts["training_certificate_date"] = std::move(certificate);
}

void AddReliefFacts(const Case& person, const CivilDate& on, FactSet& facts) {
  Fact urban = Known(false);
  Fact rural = Known(false);
  Fact zero = Known(false);
  const auto set = [](Fact& fact, const CivilDate& from, const CivilDate& to) {
    fact.value = true;
    fact.date = from;
    AddEnd(fact, to);
  };
  for (const auto& stated : person.household_reliefs) {
    const CivilDate from = From(stated.fact.from_month());
    const CivilDate to = From(stated.fact.to_month());
    if (!Runs(from, to, on)) continue;
    if (stated.fact.kind() == journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING) set(urban, from, to);
    if (stated.fact.kind() == journal::v1::RELIEF_KIND_RURAL_MINIMUM_LIVING) set(rural, from, to);
    if (stated.fact.zero_employment()) set(zero, from, to);
  }
  facts["urban_minimum_living"] = std::move(urban);
  facts["rural_minimum_living"] = std::move(rural);
  facts["zero_employment_household"] = std::move(zero);
}

void AddTaxFacts(const Case& person, const CivilDate& on, FactSet& facts) {
  const journal::v1::BusinessFact* business = RunningBusiness(person, on);
  Fact registered =
      DateOrNone(business == nullptr ? CivilDate() : From(business->registered_date()));
  for (const auto& stated : person.businesses) {
    const CivilDate gone = From(stated.fact.deregistered_date());
    if (!gone.empty()) registered.changes.push_back(gone.FirstDay());
  }
  facts["business_registered"] = std::move(registered);
  const auto used = [&](absl::string_view policy) {
    for (const auto& stated : person.tax_reliefs) {
      if (stated.fact.policy() == policy) return Known(true, From(stated.fact.from_month()));
    }
    return Known(false);
  };
  facts["self_employed_relief_used"] = used("tax-relief-self-employed");
  facts["employer_relief_used"] = used("tax-relief-employer");
}

// Known only if every day and sex that may be meant gives the same.
Fact WorkingAge(const Case& person, const CivilDate& on, const RetirementTable& retirement) {
  std::vector<std::string> sexes = {person.sex};
  if (person.sex != "1" && person.sex != "2") sexes = {"1", "2"};
  int holding = 0;
  int readings = 0;
  Fact fact = Known(false, person.birth_date);
  for (const CivilDate& birth : {person.birth_date.FirstDay(), person.birth_date.LastDay()}) {
    const CivilDate begin = birth.AddYears(kWorkingAgeYears);
    for (const std::string& sex : sexes) {
      const CivilDate end = retirement.ForSex(sex).RetirementOf(birth);
      holding += begin <= on && on < end ? 1 : 0;
      ++readings;
      fact.changes.push_back(begin);
      fact.changes.push_back(end);
    }
  }
  fact.value = holding == readings;
  if (holding != 0 && holding != readings) fact.state = Fact::State::kMissing;
  return fact;
}

void AddPersonFacts(const Case& person, const CivilDate& on, const RetirementTable& retirement,
                    FactSet& facts) {
  if (person.sex == "1" || person.sex == "2") {
    facts["sex"] = Known(std::vector<std::string>{person.sex});
  }
  if (person.birth_date.empty()) return;
  facts["working_age"] = WorkingAge(person, on, retirement);
  const CivilDate last = person.birth_date.LastDay();
  const int age = model::AgeOn(last, on);
  Fact fact = Known(std::int64_t{age}, person.birth_date);
  // Of a birth date without a day the age is known only while it does not matter which day it is.
  if (model::AgeOn(person.birth_date.FirstDay(), on) != age) fact.state = Fact::State::kMissing;
  fact.counts_from = last;
  fact.step_months = 12;
  if (!person.birth_date.has_day()) {
    fact.changes.push_back(person.birth_date.FirstDay().AddYears(age + 1));
    fact.changes.push_back(last.AddYears(age + 1));
  }
  facts["age"] = std::move(fact);
}

}  // namespace

const std::vector<FactKind>& FactKinds() {
  static const auto& kinds = *new std::vector<FactKind>{
      {"age", FactType::kNumber, "any"},
      {"as_of_date", FactType::kDate, "any"},
      {"business_registered", FactType::kDate, "tax"},
      {"certificate_annotations", FactType::kTexts, "employment"},
      {"contract_months", FactType::kNumber, "employment"},
      {"difficulty_recognised", FactType::kFlag, "employment"},
      {"disabled", FactType::kFlag, "civil_affairs"},
      {"employed", FactType::kFlag, "employment"},
      {"employer_relief_used", FactType::kFlag, "tax"},
      {"employment_started", FactType::kDate, "employment"},
      {"lost_land", FactType::kFlag, "civil_affairs"},
      {"rural_minimum_living", FactType::kFlag, "civil_affairs"},
      {"self_employed_relief_used", FactType::kFlag, "tax"},
      {"sex", FactType::kTexts, "any"},
      {"social_insurance_paid", FactType::kFlag, "employment"},
      {"training_certificate_date", FactType::kDate, "employment"},
      {"unemployed_months", FactType::kNumber, "employment"},
      {"unemployed_since", FactType::kDate, "employment"},
      {"unemployment_registered_ever", FactType::kFlag, "employment"},
      {"urban_minimum_living", FactType::kFlag, "civil_affairs"},
      {"working_age", FactType::kFlag, "any"},
      {"zero_employment_household", FactType::kFlag, "civil_affairs"},
  };
  return kinds;
}

const FactKind* FindFactKind(absl::string_view name) {
  for (const FactKind& kind : FactKinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

absl::string_view StateName(Fact::State state) {
  switch (state) {
    case Fact::State::kValue:
      return "";
    case Fact::State::kMissing:
      return "MISSING";
    case Fact::State::kStale:
      return "STALE";
    case Fact::State::kWithheld:
      return "WITHHELD";
    case Fact::State::kConflicting:
      return "CONFLICTING";
  }
  return "";
}

std::string ValueText(const Fact& fact) {
  if (!fact.known()) return "";
  if (const bool* flag = std::get_if<bool>(&fact.value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&fact.value)) return absl::StrCat(*number);
  if (const auto* date = std::get_if<CivilDate>(&fact.value)) return date->ToString();
  const auto* texts = std::get_if<std::vector<std::string>>(&fact.value);
  return texts == nullptr || texts->empty() ? "none" : absl::StrJoin(*texts, ", ");
}

FactSet DeriveFacts(const Case& person, const CivilDate& on, const RetirementTable& retirement) {
  FactSet facts;
  for (const FactKind& kind : FactKinds()) facts[std::string(kind.name)] = Fact();
  facts["as_of_date"] = Known(on, on);
  AddPersonFacts(person, on, retirement, facts);
  if (person.known_to_employment) AddEmploymentFacts(person, on, facts);
  if (person.known_to_civil_affairs) AddReliefFacts(person, on, facts);
  if (person.known_to_tax) AddTaxFacts(person, on, facts);
  return facts;
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

const journal::v1::EmploymentFact* RunningContract(const Case& person, const CivilDate& on) {
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

const journal::v1::BusinessFact* RunningBusiness(const Case& person, const CivilDate& on) {
  return Latest(
      person.businesses,
      [&](const auto& fact) {
        const CivilDate gone = From(fact.deregistered_date());
        return From(fact.registered_date()).FirstDay() <= on &&
               (gone.empty() || gone.FirstDay() > on);
      },
      [](const auto& fact) { return From(fact.registered_date()); });
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
