#include "hub/policy/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/model/yaml_reader.h"
#include "tests/hub/model/person_builder.h"
#include "tests/hub/policy/policy_files.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using model::Case;
using model::Day;
using model::SetDay;

RetirementTable Table() {
  const YamlNode file = YamlNode::Parse("retirement.yaml", RetirementFile()).value();
  return RetirementTable::Read(file).value();
}

template <typename Record>
Record& AddTo(std::vector<model::Stated<Record>>& records) {
  return records.emplace_back().fact;
}

Fact FactOn(const Case& person, const std::string& name, absl::string_view on = "2026-03-15") {
  return DeriveFacts(person, Day(on), Table()).at(name);
}

std::string Text(const Case& person, const std::string& name, absl::string_view on = "2026-03-15") {
  const Fact fact = FactOn(person, name, on);
  return fact.known() ? ValueText(fact) : std::string(StateName(fact.state));
}

TEST(FactsTest, WhatNoAgencyThatKnowsThePersonCouldStateIsMissing) {
  const FactSet facts = DeriveFacts(Case(), Day("2026-03-15"), Table());
  for (const FactKind& kind : FactKinds()) {
    const Fact& fact = facts.at(kind.name);
    EXPECT_EQ(fact.known(), kind.name == "as_of_date") << kind.name;
    EXPECT_EQ(StateName(fact.state), kind.name == "as_of_date" ? "" : "MISSING") << kind.name;
  }
  EXPECT_EQ(facts.size(), FactKinds().size());
}

TEST(FactsTest, AnAgencyThatKnowsThePersonSpeaksCompletely) {
  Case person;
  person.known_to_employment = true;
  person.known_to_tax = true;
  person.known_to_civil_affairs = true;
  for (const FactKind& kind : FactKinds()) {
    if (kind.holder == "any" || kind.holder == "person") continue;
    if (kind.name == "disabled" || kind.name == "lost_land") continue;
    // Without a recognition there is no such number.
    if (kind.name == "months_to_retirement_at_recognition") {
      EXPECT_EQ(Text(person, std::string(kind.name)), "none");
      continue;
    }
    const std::string expected = kind.type == FactType::kFlag     ? "false"
                                 : kind.type == FactType::kNumber ? "0"
                                                                  : "none";
    EXPECT_EQ(Text(person, std::string(kind.name)), expected) << kind.name;
  }
  EXPECT_EQ(Text(person, "disabled"), "MISSING");
  EXPECT_EQ(Text(person, "lost_land"), "MISSING");
}

TEST(FactsTest, AnAgencySpeaksOnlyOfWhatItHolds) {
  Case person;
  person.known_to_tax = true;
  person.known_to_police = true;
  const FactSet facts = DeriveFacts(person, Day("2026-03-15"), Table());
  for (const FactKind& kind : FactKinds()) {
    EXPECT_EQ(facts.at(kind.name).known(), kind.holder == "tax" || kind.name == "as_of_date")
        << kind.name;
  }
}

TEST(FactsTest, KindsAreSortedAndMeantByTheirPlace) {
  const std::vector<FactKind>& kinds = FactKinds();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    EXPECT_EQ(FindFact(kinds[i].name), i);
    EXPECT_EQ(FindFactKind(kinds[i].name), &kinds[i]);
    if (i > 0) {
      EXPECT_LT(kinds[i - 1].name, kinds[i].name);
    }
  }
  EXPECT_EQ(FindFact("happy"), std::nullopt);
  EXPECT_EQ(FindFactKind(""), nullptr);
}

TEST(FactsTest, WhatThePoliceHoldIsSeenByNobodyElseAndNothingElseByThem) {
  for (const FactKind& kind : FactKinds()) {
    EXPECT_FALSE(MaySee("police", kind)) << kind.name;
    EXPECT_FALSE(MaySee("bank", kind)) << kind.name;
    if (kind.holder == "police") {
      EXPECT_EQ(kind.seen_by, kSeenByNobody) << kind.name;
      continue;
    }
    if (kind.holder == "any" || kind.holder == "person") continue;
    EXPECT_TRUE(MaySee(kind.holder, kind)) << kind.name;
  }
  FactKind planted{"wanted", FactType::kFlag, "police", kSeenByAll, nullptr};
  EXPECT_FALSE(MaySee("employment", planted));
}

TEST(FactsTest, WhatThePersonStatesCountsOnlyWhereNoAgencyKnowsThem) {
  Case person;
  person.stated = {{"employed", "false"},
                   {"unemployed_since", "2026-01-05"},
                   {"contract_months", "12"},
                   {"sudden_hardship", "perhaps"}};
  EXPECT_EQ(Text(person, "employed"), "false");
  EXPECT_TRUE(FactOn(person, "employed").stated);
  EXPECT_EQ(Text(person, "unemployed_since"), "2026-01-05");
  // Not one that may be stated, and not a value of its type.
  EXPECT_EQ(Text(person, "contract_months"), "MISSING");
  EXPECT_EQ(Text(person, "sudden_hardship"), "MISSING");
  person.known_to_employment = true;
  EXPECT_EQ(Text(person, "unemployed_since"), "none");
  EXPECT_FALSE(FactOn(person, "unemployed_since").stated);
}

TEST(FactsTest, WhatIsStatedIsChecked) {
  AQ_EXPECT_OK(CheckStated({}));
  AQ_EXPECT_OK(CheckStated({{"employed", "true"},
                            {"unemployed_since", "none"},
                            {"household_size", "3"},
                            {"unemployed_since", "2026-01"}}));
  const std::map<std::string, std::string> wrongs = {{"employed", "yes"},
                                                     {"household_size", "-1"},
                                                     {"unemployed_since", "soon"},
                                                     {"contract_months", "12"},
                                                     {"age", "30"},
                                                     {"no_such_fact", "true"},
                                                     {"household_income_per_person_fen", "1"}};
  for (const auto& [name, value] : wrongs) {
    EXPECT_EQ(CheckStated({{name, value}}).code(), absl::StatusCode::kInvalidArgument) << name;
  }
  std::map<std::string, std::string> many;
  for (int i = 0; i < 33; ++i) many[absl::StrCat("fact", i)] = "true";
  EXPECT_EQ(CheckStated(many).code(), absl::StatusCode::kInvalidArgument);
}

TEST(FactsTest, TheRunOfAnEmployerBeginsWithContractAndInsurance) {
  Case person;
  person.known_to_employment = true;
  auto& contract = AddTo(person.employments);
  SetDay(contract.mutable_contract_start_date(), "2026-01-31");
  EXPECT_EQ(Text(person, "employment_insured_from"), "none");
  EXPECT_EQ(Text(person, "employer_run_month"), "0");
  SetDay(contract.mutable_social_insurance_from_month(), "2026-04");
  EXPECT_EQ(Text(person, "employment_insured_from"), "2026-04-01");
  EXPECT_EQ(Text(person, "employer_run_month", "2026-03-31"), "0");
  EXPECT_EQ(FactOn(person, "employer_run_month", "2026-03-31").until, Day("2026-04-01"));
  EXPECT_EQ(Text(person, "employer_run_month", "2026-04-01"), "1");
  EXPECT_EQ(Text(person, "employer_run_month", "2026-04-30"), "1");
  EXPECT_EQ(Text(person, "employer_run_month", "2029-03-31"), "36");
  EXPECT_EQ(Text(person, "employer_run_month", "2029-04-01"), "37");
  SetDay(contract.mutable_social_insurance_from_month(), "2025-11");
  EXPECT_EQ(Text(person, "employment_insured_from"), "2026-01-31");
  EXPECT_EQ(Text(person, "employer_run_month", "2026-02-01"), "2");
}

TEST(FactsTest, InsuredMonthsCountEachMonthOnce) {
  Case person;
  person.known_to_employment = true;
  const auto add = [&](absl::string_view from, absl::string_view end) {
    auto& contract = AddTo(person.employments);
    SetDay(contract.mutable_contract_start_date(), "2020-01-01");
    SetDay(contract.mutable_social_insurance_from_month(), from);
    SetDay(contract.mutable_contract_end_date(), end);
  };
  add("2025-01", "2025-06-15");
  EXPECT_EQ(Text(person, "insured_months"), "6");
  add("2025-04", "2025-09-30");
  EXPECT_EQ(Text(person, "insured_months"), "9");
  add("2026-02", "");
  EXPECT_EQ(Text(person, "insured_months"), "11");
  EXPECT_EQ(FactOn(person, "insured_months").until, Day("2026-04-01"));
  EXPECT_EQ(Text(person, "insured_months", "2026-04-01"), "12");
}

TEST(FactsTest, UnemploymentCountsWholeMonthsUpToItsEnd) {
  Case person;
  person.known_to_employment = true;
  SetDay(AddTo(person.unemployments).mutable_registered_date(), "2025-09-15");
  EXPECT_EQ(Text(person, "unemployed_since"), "2025-09-15");
  EXPECT_EQ(Text(person, "unemployed_months"), "6");
  EXPECT_EQ(Text(person, "unemployed_months", "2026-03-14"), "5");
  EXPECT_EQ(Text(person, "unemployed_months", "2025-09-15"), "0");
  EXPECT_EQ(Text(person, "unemployed_since", "2025-09-14"), "none");
  EXPECT_EQ(Text(person, "unemployment_registered_ever", "2025-09-14"), "false");

  SetDay(person.unemployments.front().fact.mutable_ended_date(), "2026-02-15");
  EXPECT_EQ(Text(person, "unemployed_since"), "none");
  EXPECT_EQ(Text(person, "unemployed_since", "2026-02-14"), "2025-09-15");
  EXPECT_EQ(Text(person, "unemployed_months"), "5");
  EXPECT_EQ(Text(person, "unemployment_registered_ever"), "true");
}

TEST(FactsTest, TheLatestRegistrationCounts) {
  Case person;
  person.known_to_employment = true;
  SetDay(AddTo(person.unemployments).mutable_registered_date(), "2026-01-15");
  SetDay(AddTo(person.unemployments).mutable_registered_date(), "2024-01-15");
  EXPECT_EQ(Text(person, "unemployed_since"), "2026-01-15");
  EXPECT_EQ(Text(person, "unemployed_months"), "2");
}

TEST(FactsTest, ARegistrationOfAMonthCountsFromItsLastDay) {
  Case person;
  person.known_to_employment = true;
  SetDay(AddTo(person.unemployments).mutable_registered_date(), "2025-09");
  EXPECT_EQ(Text(person, "unemployed_months", "2026-03-29"), "5");
  EXPECT_EQ(Text(person, "unemployed_months", "2026-03-30"), "6");
}

TEST(FactsTest, ContractsCountWhileTheyRun) {
  Case person;
  person.known_to_employment = true;
  journal::v1::EmploymentFact& contract = AddTo(person.employments);
  SetDay(contract.mutable_contract_start_date(), "2026-01-01");
  SetDay(contract.mutable_contract_end_date(), "2026-12-31");
  SetDay(contract.mutable_social_insurance_from_month(), "2026-02");
  EXPECT_EQ(Text(person, "employed"), "true");
  EXPECT_EQ(Text(person, "contract_months"), "12");
  EXPECT_EQ(Text(person, "employment_started"), "2026-01-01");
  EXPECT_EQ(Text(person, "social_insurance_paid"), "true");
  EXPECT_EQ(Text(person, "social_insurance_paid", "2026-01-31"), "false");
  EXPECT_EQ(Text(person, "employed", "2026-12-31"), "true");
  EXPECT_EQ(Text(person, "employed", "2027-01-01"), "false");
  EXPECT_EQ(Text(person, "contract_months", "2027-01-01"), "0");
  for (const char* name :
       {"employed", "contract_months", "employment_started", "social_insurance_paid"}) {
    EXPECT_EQ(FactOn(person, name).until, Day("2027-01-01")) << name;
  }
  SetDay(contract.mutable_contract_end_date(), "2026-12-30");
  EXPECT_EQ(Text(person, "contract_months"), "11");
  contract.clear_contract_end_date();
  EXPECT_EQ(Text(person, "contract_months"), "999");
}

TEST(FactsTest, ARecognitionCountsWhileItIsValid) {
  Case person;
  person.known_to_employment = true;
  journal::v1::DifficultyFact& difficulty = AddTo(person.difficulties);
  SetDay(difficulty.mutable_valid_from_date(), "2025-03-16");
  SetDay(difficulty.mutable_valid_to_date(), "2026-03-15");
  EXPECT_EQ(Text(person, "difficulty_recognised"), "true");
  EXPECT_EQ(Text(person, "difficulty_recognised", "2026-03-16"), "false");
  EXPECT_EQ(FactOn(person, "difficulty_recognised").until, Day("2026-03-16"));
}

TEST(FactsTest, AnnotationsAreOfAllCertificates) {
  Case person;
  person.known_to_employment = true;
  journal::v1::CertificateFact& first = AddTo(person.certificates);
  first.add_annotations("EMPLOYER");
  SetDay(first.mutable_issued_date(), "2025-01-01");
  journal::v1::CertificateFact& second = AddTo(person.certificates);
  second.add_annotations("SELF_EMPLOYMENT");
  SetDay(second.mutable_issued_date(), "2026-03-16");
  EXPECT_EQ(Text(person, "certificate_annotations"), "EMPLOYER");
  EXPECT_EQ(Text(person, "certificate_annotations", "2026-03-16"), "EMPLOYER, SELF_EMPLOYMENT");
}

TEST(FactsTest, OnlyACompletedCourseWithAQualificationCounts) {
  Case person;
  person.known_to_employment = true;
  SetDay(AddTo(person.trainings).mutable_completed_date(), "2026-01-15");
  EXPECT_EQ(Text(person, "training_certificate_date"), "none");
  person.trainings.front().fact.set_qualification_number("Q1");
  EXPECT_EQ(Text(person, "training_certificate_date"), "2026-01-15");
  AddTo(person.trainings).set_qualification_number("Q2");
  EXPECT_EQ(Text(person, "training_certificate_date"), "2026-01-15");
}

TEST(FactsTest, ReliefRunsUpToTheEndOfItsLastMonth) {
  Case person;
  person.known_to_civil_affairs = true;
  journal::v1::HouseholdReliefFact& relief = AddTo(person.household_reliefs);
  relief.set_kind(journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING);
  relief.set_zero_employment(true);
  SetDay(relief.mutable_from_month(), "2025-10");
  SetDay(relief.mutable_to_month(), "2026-03");
  EXPECT_EQ(Text(person, "urban_minimum_living", "2025-10-01"), "true");
  EXPECT_EQ(Text(person, "urban_minimum_living", "2026-03-31"), "true");
  EXPECT_EQ(Text(person, "zero_employment_household", "2026-03-31"), "true");
  EXPECT_EQ(Text(person, "urban_minimum_living", "2026-04-01"), "false");
  EXPECT_EQ(Text(person, "zero_employment_household", "2026-04-01"), "false");
  EXPECT_EQ(Text(person, "rural_minimum_living"), "false");
  relief.set_kind(journal::v1::RELIEF_KIND_RURAL_MINIMUM_LIVING);
  EXPECT_EQ(Text(person, "rural_minimum_living"), "true");
  EXPECT_EQ(Text(person, "urban_minimum_living"), "false");
}

TEST(FactsTest, ABusinessCountsUntilItIsDeregistered) {
  Case person;
  person.known_to_tax = true;
  journal::v1::BusinessFact& business = AddTo(person.businesses);
  SetDay(business.mutable_registered_date(), "2025-06-01");
  SetDay(business.mutable_deregistered_date(), "2026-03-16");
  EXPECT_EQ(Text(person, "business_registered"), "2025-06-01");
  EXPECT_EQ(Text(person, "business_registered", "2026-03-16"), "none");
  AddTo(person.tax_reliefs).set_policy("tax-relief-employer");
  EXPECT_EQ(Text(person, "employer_relief_used"), "true");
  EXPECT_EQ(Text(person, "self_employed_relief_used"), "false");
}

TEST(FactsTest, AgeAndWorkingAgeFollowFromBirthDateAndSex) {
  Case person;
  person.sex = "1";
  person.birth_date = Day("1970-01-15");
  EXPECT_EQ(Text(person, "sex"), "1");
  EXPECT_EQ(Text(person, "age", "2026-01-14"), "55");
  EXPECT_EQ(Text(person, "age", "2026-01-15"), "56");
  EXPECT_EQ(Text(person, "working_age", "1986-01-14"), "false");
  EXPECT_EQ(Text(person, "working_age", "1986-01-15"), "true");
  EXPECT_EQ(Text(person, "working_age", "2031-05-14"), "true");
  EXPECT_EQ(Text(person, "working_age", "2031-05-15"), "false");
  person.sex = "2";
  EXPECT_EQ(Text(person, "working_age", "2020-01-14"), "true");
  EXPECT_EQ(Text(person, "working_age", "2020-01-15"), "false");
}

TEST(FactsTest, WithoutASexWorkingAgeIsKnownOnlyWhereBothAgree) {
  Case person;
  person.sex = "9";
  person.birth_date = Day("1970-01-15");
  EXPECT_EQ(Text(person, "sex"), "MISSING");
  EXPECT_EQ(Text(person, "working_age", "2019-12-31"), "true");
  EXPECT_EQ(Text(person, "working_age", "2026-03-15"), "MISSING");
  EXPECT_EQ(Text(person, "working_age", "2032-01-01"), "false");
}

TEST(FactsTest, OfABirthMonthTheAgeIsKnownOnlyWhereTheDayDoesNotMatter) {
  Case person;
  person.sex = "1";
  person.birth_date = Day("1976-03");
  EXPECT_EQ(Text(person, "age", "2026-02-28"), "49");
  EXPECT_EQ(Text(person, "age", "2026-03-15"), "MISSING");
  EXPECT_EQ(Text(person, "age", "2026-03-31"), "50");
  EXPECT_EQ(FactOn(person, "age", "2026-02-28").until, Day("2026-03-01"));
  EXPECT_EQ(FactOn(person, "age", "2026-03-01").until, Day("2026-03-31"));
}

}  // namespace
}  // namespace anqiao::policy
