// The shipped policies, from records to answers: each condition alone, boundary days, what time
// alone changes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/policy/catalogue.h"
#include "tests/hub/model/person_builder.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::policy {
namespace {

using journal::v1::EntitlementAnswer;
using model::Case;
using model::CivilDate;
using model::Day;
using model::SetDay;

template <typename Record>
Record& AddTo(std::vector<model::Stated<Record>>& records) {
  return records.emplace_back().fact;
}

// A man of 40 on 2026-03-15 whom every agency knows and of whom none states anything more.
Case KnownMan() {
  Case person;
  person.as_of = Day("2026-03-15");
  person.sex = "1";
  person.birth_date = Day("1986-03-15");
  person.known_to_civil_affairs = true;
  person.known_to_employment = true;
  person.known_to_tax = true;
  return person;
}

void Unemployed(Case& person, absl::string_view since) {
  SetDay(AddTo(person.unemployments).mutable_registered_date(), since);
}

void Recognised(Case& person) {
  SetDay(AddTo(person.difficulties).mutable_valid_from_date(), "2025-06-01");
}

void Annotated(Case& person, absl::string_view annotation) {
  AddTo(person.certificates).add_annotations(std::string(annotation));
}

void Relief(Case& person, journal::v1::ReliefKind kind, bool zero_employment = false) {
  journal::v1::HouseholdReliefFact& relief = AddTo(person.household_reliefs);
  relief.set_kind(kind);
  relief.set_zero_employment(zero_employment);
  SetDay(relief.mutable_from_month(), "2025-01");
}

void Business(Case& person, absl::string_view registered) {
  SetDay(AddTo(person.businesses).mutable_registered_date(), registered);
}

journal::v1::EmploymentFact& Contract(Case& person, absl::string_view start,
                                      absl::string_view end) {
  journal::v1::EmploymentFact& contract = AddTo(person.employments);
  SetDay(contract.mutable_contract_start_date(), start);
  SetDay(contract.mutable_contract_end_date(), end);
  SetDay(contract.mutable_social_insurance_from_month(), start.substr(0, 7));
  return contract;
}

void Certificate(Case& person, absl::string_view completed) {
  journal::v1::TrainingFact& training = AddTo(person.trainings);
  training.set_qualification_number("Q1");
  SetDay(training.mutable_completed_date(), completed);
}

const Catalogue& Shipped() {
  static const auto& catalogue = *Catalogue::Load(ANQIAO_POLICIES, "421202").value().release();
  return catalogue;
}

std::vector<std::string> AllPolicies() {
  std::vector<std::string> ids;
  for (const PolicySummary& policy : Shipped().policies()) ids.push_back(policy.id);
  return ids;
}

EntitlementAnswer Evaluate(const std::string& policy, const Case& person) {
  const Catalogue& catalogue = Shipped();
  EntitlementAnswer answer = catalogue.Evaluate(policy, person).value();
  EXPECT_EQ(answer.catalogue_hash(), catalogue.hash());
  EXPECT_EQ(CivilDate::FromProto(answer.as_of_date()), person.as_of);
  return answer;
}

// "ELIGIBLE CATEGORY", "NOT_ELIGIBLE", "ELIGIBLE_FROM 2026-09-15", "UNKNOWN tax".
std::string Summary(const EntitlementAnswer& answer) {
  std::string text =
      journal::v1::EntitlementResult_Name(answer.result()).substr(sizeof("ENTITLEMENT_RESULT"));
  if (answer.result() == journal::v1::ENTITLEMENT_RESULT_ELIGIBLE && !answer.category().empty()) {
    absl::StrAppend(&text, " ", answer.category());
  }
  if (answer.has_eligible_from_date()) {
    absl::StrAppend(&text, " ", CivilDate::FromProto(answer.eligible_from_date()).ToString());
  }
  for (const auto& missing : answer.missing()) absl::StrAppend(&text, " ", missing.fact());
  return text;
}

std::string NextChange(const EntitlementAnswer& answer) {
  if (!answer.has_next_change_date()) return "never";
  return CivilDate::FromProto(answer.next_change_date()).ToString();
}

// A change of someone who is eligible, and the answer then.
struct Row {
  absl::string_view name;
  std::function<void(Case&)> change;
  absl::string_view answer, next_change;
};

void Check(const std::string& policy, const Case& eligible, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    SCOPED_TRACE(absl::StrCat(policy, ": ", row.name));
    Case person = eligible;
    row.change(person);
    const EntitlementAnswer answer = Evaluate(policy, person);
    EXPECT_EQ(Summary(answer), row.answer);
    EXPECT_EQ(NextChange(answer), row.next_change);
  }
}

void Nothing(Case& person) {}

TEST(PoliciesTest, TaxReliefSelfEmployed) {
  Case person = KnownMan();
  Business(person, "2026-02-01");
  Unemployed(person, "2025-09-15");
  Annotated(person, "SELF_EMPLOYMENT");
  const auto without_half_year = [](Case& p) {
    SetDay(p.unemployments.front().fact.mutable_ended_date(), "2025-12-01");
  };
  Check(
      "tax-relief-self-employed", person,
      {{"on the day of six months", Nothing, "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2029-02-01"},
       {"a day before", [](Case& p) { p.as_of = Day("2026-03-14"); }, "ELIGIBLE_FROM 2026-03-15",
        "2026-03-15"},
       {"no business", [](Case& p) { p.businesses.clear(); }, "NOT_ELIGIBLE", "never"},
       {"registered in the first month that still runs",
        [](Case& p) { SetDay(p.businesses[0].fact.mutable_registered_date(), "2023-04-30"); },
        "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2026-04-01"},
       {"registered in the month whose run is over",
        [](Case& p) { SetDay(p.businesses[0].fact.mutable_registered_date(), "2023-03-31"); },
        "NOT_ELIGIBLE", "never"},
       {"registered before",
        [](Case& p) { SetDay(p.businesses[0].fact.mutable_registered_date(), "2022-12-31"); },
        "NOT_ELIGIBLE", "never"},
       {"registered in 2024, no more is known",
        [](Case& p) { SetDay(p.businesses[0].fact.mutable_registered_date(), "2024"); },
        "UNKNOWN business_month", "2030-12-01"},
       {"no certificate", [](Case& p) { p.certificates.clear(); }, "NOT_ELIGIBLE", "never"},
       {"the employers' annotation",
        [](Case& p) { p.certificates[0].fact.set_annotations(0, "EMPLOYER"); }, "NOT_ELIGIBLE",
        "never"},
       {"used before", [](Case& p) { AddTo(p.tax_reliefs).set_policy("tax-relief-self-employed"); },
        "NOT_ELIGIBLE", "never"},
       {"the other relief used before",
        [](Case& p) { AddTo(p.tax_reliefs).set_policy("tax-relief-employer"); },
        "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2029-02-01"},
       {"the tax office does not know the person",
        [](Case& p) {
          p.businesses.clear();
          p.known_to_tax = false;
        },
        "UNKNOWN business_registered business_month self_employed_relief_used "
        "self_employed_relief_running",
        "2030-12-01"},
       {"unemployed too short", without_half_year, "NOT_ELIGIBLE", "never"},
       {"too short, on urban relief",
        [&](Case& p) {
          without_half_year(p);
          Relief(p, journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING);
        },
        "ELIGIBLE URBAN_MINIMUM_LIVING", "2029-02-01"},
       {"too short, on rural relief",
        [&](Case& p) {
          without_half_year(p);
          Relief(p, journal::v1::RELIEF_KIND_RURAL_MINIMUM_LIVING);
        },
        "NOT_ELIGIBLE", "never"},
       {"too short, in a household without work",
        [&](Case& p) {
          without_half_year(p);
          Relief(p, journal::v1::RELIEF_KIND_RURAL_MINIMUM_LIVING, true);
        },
        "ELIGIBLE ZERO_EMPLOYMENT_HOUSEHOLD", "2029-02-01"},
       {"on urban relief, never registered",
        [](Case& p) {
          p.unemployments.clear();
          Relief(p, journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING);
        },
        "NOT_ELIGIBLE", "never"},
       {"lifted out of poverty, without a certificate",
        [&](Case& p) {
          without_half_year(p);
          p.certificates.clear();
          p.unemployments[0].fact.add_person_categories("POVERTY_RELIEVED");
        },
        "ELIGIBLE POVERTY_RELIEVED", "2029-02-01"},
       {"a graduate",
        [&](Case& p) {
          without_half_year(p);
          p.certificates[0].fact.set_annotations(0, "GRADUATE");
        },
        "ELIGIBLE GRADUATE", "2029-02-01"},
       {"on the last day of the run", [](Case& p) { p.as_of = Day("2029-01-31"); },
        "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2029-02-01"},
       {"after the run", [](Case& p) { p.as_of = Day("2029-02-01"); }, "NOT_ELIGIBLE", "never"}});
  const EntitlementAnswer answer = Evaluate("tax-relief-self-employed", person);
  EXPECT_EQ(answer.amount_fen(), 7'200'000);
  EXPECT_EQ(answer.amount_formula(), "20000.00 yuan a year x 1.2, for 36 months");
  EXPECT_EQ(answer.provider(), "tax");
}

// Registered on 2027-06-15 and in use since that month: it goes on in 2028 and 2029, to the end of
// May 2030. Whoever registered in 2028 has none.
TEST(PoliciesTest, AReliefThatBeganInTheWindowRunsOnAfterIt) {
  Case person = KnownMan();
  Business(person, "2027-06-15");
  Unemployed(person, "2026-09-15");
  SetDay(person.unemployments[0].fact.mutable_ended_date(), "2027-06-15");
  Annotated(person, "SELF_EMPLOYMENT");
  journal::v1::TaxReliefFact& relief = AddTo(person.tax_reliefs);
  relief.set_policy("tax-relief-self-employed");
  SetDay(relief.mutable_from_month(), "2027-06");
  Check("tax-relief-self-employed", person,
        {{"on the last day of the window", [](Case& p) { p.as_of = Day("2027-12-31"); },
          "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2030-06-01"},
         {"in 2028", [](Case& p) { p.as_of = Day("2028-01-01"); }, "ELIGIBLE UNEMPLOYED_HALF_YEAR",
          "2030-06-01"},
         {"in 2029", [](Case& p) { p.as_of = Day("2029-07-01"); }, "ELIGIBLE UNEMPLOYED_HALF_YEAR",
          "2030-06-01"},
         {"on the last day", [](Case& p) { p.as_of = Day("2030-05-31"); },
          "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2030-06-01"},
         {"after it", [](Case& p) { p.as_of = Day("2030-06-01"); }, "NOT_ELIGIBLE", "never"},
         {"given up",
          [](Case& p) {
            p.as_of = Day("2028-03-01");
            SetDay(p.tax_reliefs[0].fact.mutable_to_month(), "2028-02");
          },
          "NOT_ELIGIBLE", "never"},
         {"registered in 2028",
          [](Case& p) {
            p.as_of = Day("2028-03-01");
            p.tax_reliefs.clear();
            SetDay(p.businesses[0].fact.mutable_registered_date(), "2028-01-01");
          },
          "NOT_ELIGIBLE", "never"}});
}

TEST(PoliciesTest, TaxReliefEmployer) {
  Case person = KnownMan();
  Unemployed(person, "2025-06-01");
  SetDay(person.unemployments.front().fact.mutable_ended_date(), "2026-01-01");
  Annotated(person, "EMPLOYER");
  Contract(person, "2026-01-01", "2026-12-31");
  Check("tax-relief-employer", person,
        {{"all hold", Nothing, "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2027-01-01"},
         {"on the contract's last day", [](Case& p) { p.as_of = Day("2026-12-31"); },
          "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2027-01-01"},
         {"after it", [](Case& p) { p.as_of = Day("2027-01-01"); }, "NOT_ELIGIBLE", "never"},
         {"a day short of a year",
          [](Case& p) { SetDay(p.employments[0].fact.mutable_contract_end_date(), "2026-12-30"); },
          "NOT_ELIGIBLE", "never"},
         {"open-ended", [](Case& p) { p.employments[0].fact.clear_contract_end_date(); },
          "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2029-01-01"},
         {"without insurance",
          [](Case& p) { p.employments[0].fact.clear_social_insurance_from_month(); },
          "NOT_ELIGIBLE", "never"},
         {"insured from the next month",
          [](Case& p) {
            SetDay(p.employments[0].fact.mutable_social_insurance_from_month(), "2026-04");
          },
          "ELIGIBLE_FROM 2026-04-01", "2026-04-01"},
         {"hired before the window",
          [](Case& p) {
            p.employments.clear();
            Contract(p, "2022-12-31", "");
          },
          "NOT_ELIGIBLE", "never"},
         {"hired before the window and insured in it",
          [](Case& p) {
            p.as_of = Day("2023-03-15");
            SetDay(p.unemployments[0].fact.mutable_registered_date(), "2022-01-01");
            SetDay(p.unemployments[0].fact.mutable_ended_date(), "2022-12-31");
            p.employments.clear();
            SetDay(Contract(p, "2022-12-31", "").mutable_social_insurance_from_month(), "2023-01");
          },
          "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2026-01-01"},
         {"unemployed a day too short",
          [](Case& p) { SetDay(p.unemployments[0].fact.mutable_ended_date(), "2025-11-30"); },
          "NOT_ELIGIBLE", "never"},
         {"relief alone is not enough",
          [](Case& p) {
            p.unemployments.clear();
            Relief(p, journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING, true);
          },
          "NOT_ELIGIBLE", "never"},
         {"lifted out of poverty, without a certificate",
          [](Case& p) {
            SetDay(p.unemployments[0].fact.mutable_ended_date(), "2025-11-30");
            p.certificates.clear();
            p.unemployments[0].fact.add_person_categories("POVERTY_MONITORED");
          },
          "ELIGIBLE POVERTY_RELIEVED", "2027-01-01"},
         {"used, and nobody says how long",
          [](Case& p) { AddTo(p.tax_reliefs).set_policy("tax-relief-employer"); },
          "UNKNOWN employer_relief_months", "2027-01-01"},
         {"thirty-five months used",
          [](Case& p) {
            journal::v1::TaxReliefFact& relief = AddTo(p.tax_reliefs);
            relief.set_policy("tax-relief-employer");
            SetDay(relief.mutable_from_month(), "2023-01");
            SetDay(relief.mutable_to_month(), "2025-11");
          },
          "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2027-01-01"},
         {"thirty-six months used",
          [](Case& p) {
            journal::v1::TaxReliefFact& relief = AddTo(p.tax_reliefs);
            relief.set_policy("tax-relief-employer");
            SetDay(relief.mutable_from_month(), "2023-01");
            SetDay(relief.mutable_to_month(), "2025-12");
          },
          "NOT_ELIGIBLE", "never"},
         {"the tax office does not know the person", [](Case& p) { p.known_to_tax = false; },
          "UNKNOWN employer_relief_running employer_relief_months", "2027-01-01"}});
  const EntitlementAnswer answer = Evaluate("tax-relief-employer", person);
  EXPECT_EQ(answer.amount_fen(), 2'340'000);
  EXPECT_EQ(answer.amount_formula(), "6000.00 yuan a year x 1.3, for 36 months");
}

TEST(PoliciesTest, DifficultyRecognition) {
  Case person = KnownMan();
  Unemployed(person, "2026-03-01");
  person.birth_date = Day("1976-03-15");
  Check("difficulty-recognition", person,
        {{"a man on his fiftieth birthday", Nothing, "ELIGIBLE AGE_4050", "never"},
         {"the day before, and nobody says whether disabled",
          [](Case& p) { p.as_of = Day("2026-03-14"); }, "UNKNOWN disabled lost_land", "2026-03-15"},
         {"a woman on her fortieth birthday",
          [](Case& p) {
            p.sex = "2";
            p.birth_date = Day("1986-03-15");
          },
          "ELIGIBLE AGE_4050", "never"},
         {"a man of forty", [](Case& p) { p.birth_date = Day("1986-03-15"); },
          "UNKNOWN disabled lost_land", "2027-03-01"},
         {"on urban relief",
          [](Case& p) {
            p.birth_date = Day("1986-03-15");
            Relief(p, journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING);
          },
          "ELIGIBLE MINIMUM_LIVING", "never"},
         {"on rural relief",
          [](Case& p) {
            p.birth_date = Day("1986-03-15");
            Relief(p, journal::v1::RELIEF_KIND_RURAL_MINIMUM_LIVING);
          },
          "ELIGIBLE MINIMUM_LIVING", "never"},
         {"unemployed for a year",
          [](Case& p) {
            p.birth_date = Day("1986-03-15");
            SetDay(p.unemployments[0].fact.mutable_registered_date(), "2025-03-15");
          },
          "ELIGIBLE LONG_TERM_UNEMPLOYED", "never"},
         {"not registered", [](Case& p) { p.unemployments.clear(); }, "NOT_ELIGIBLE", "never"},
         {"recognised already", Recognised, "NOT_ELIGIBLE", "never"},
         {"recognised until the end of the month",
          [](Case& p) {
            Recognised(p);
            SetDay(p.difficulties[0].fact.mutable_valid_to_date(), "2026-03-31");
          },
          "ELIGIBLE_FROM 2026-04-01", "2026-04-01"},
         {"the employment bureau does not know the person",
          [](Case& p) {
            p.unemployments.clear();
            p.known_to_employment = false;
          },
          "UNKNOWN unemployed_since difficulty_recognised", "never"}});
}

TEST(PoliciesTest, EmploymentAssistance) {
  Case person = KnownMan();
  Unemployed(person, "2026-03-01");
  Recognised(person);
  Check("employment-assistance", person,
        {{"recognised", Nothing, "ELIGIBLE DIFFICULTY_RECOGNISED", "2049-03-15"},
         {"not recognised", [](Case& p) { p.difficulties.clear(); }, "NOT_ELIGIBLE", "never"},
         {"a household without work",
          [](Case& p) {
            p.difficulties.clear();
            Relief(p, journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING, true);
          },
          "ELIGIBLE ZERO_EMPLOYMENT_HOUSEHOLD", "2049-03-15"},
         {"the household's relief ends",
          [](Case& p) {
            p.difficulties.clear();
            Relief(p, journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING, true);
            SetDay(p.household_reliefs[0].fact.mutable_to_month(), "2026-05");
          },
          "ELIGIBLE ZERO_EMPLOYMENT_HOUSEHOLD", "2026-06-01"},
         {"not registered", [](Case& p) { p.unemployments.clear(); }, "NOT_ELIGIBLE", "never"},
         {"the last day of working age", [](Case& p) { p.as_of = Day("2049-03-14"); },
          "ELIGIBLE DIFFICULTY_RECOGNISED", "2049-03-15"},
         {"retired", [](Case& p) { p.as_of = Day("2049-03-15"); }, "NOT_ELIGIBLE", "never"},
         {"a day short of sixteen", [](Case& p) { p.birth_date = Day("2010-03-16"); },
          "ELIGIBLE_FROM 2026-03-16", "2026-03-16"},
         {"sixteen", [](Case& p) { p.birth_date = Day("2010-03-15"); },
          "ELIGIBLE DIFFICULTY_RECOGNISED", "2073-03-15"},
         {"neither birth date nor sex known",
          [](Case& p) {
            p.birth_date = {};
            p.sex = "";
          },
          "UNKNOWN working_age", "never"},
         {"civil affairs do not know the person",
          [](Case& p) {
            p.difficulties.clear();
            p.known_to_civil_affairs = false;
          },
          "UNKNOWN zero_employment_household", "2049-03-15"}});
}

TEST(PoliciesTest, TrainingSubsidy) {
  Case person = KnownMan();
  Unemployed(person, "2026-03-01");
  Certificate(person, "2025-03-15");
  Check("training-subsidy", person,
        {{"on the last day of twelve months", Nothing, "ELIGIBLE UNEMPLOYED", "2026-03-16"},
         {"a day later", [](Case& p) { p.as_of = Day("2026-03-16"); }, "NOT_ELIGIBLE", "never"},
         {"no certificate", [](Case& p) { p.trainings.clear(); }, "NOT_ELIGIBLE", "never"},
         {"on urban relief",
          [](Case& p) {
            p.unemployments.clear();
            Relief(p, journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING);
          },
          "ELIGIBLE MINIMUM_LIVING", "2026-03-16"},
         {"on rural relief",
          [](Case& p) {
            p.unemployments.clear();
            Relief(p, journal::v1::RELIEF_KIND_RURAL_MINIMUM_LIVING);
          },
          "ELIGIBLE MINIMUM_LIVING", "2026-03-16"},
         {"recognised",
          [](Case& p) {
            p.unemployments.clear();
            Recognised(p);
          },
          "ELIGIBLE DIFFICULTY_RECOGNISED", "2026-03-16"},
         {"none of these", [](Case& p) { p.unemployments.clear(); }, "NOT_ELIGIBLE", "never"},
         {"civil affairs do not know the person",
          [](Case& p) {
            p.unemployments.clear();
            p.known_to_civil_affairs = false;
          },
          "UNKNOWN urban_minimum_living rural_minimum_living", "2026-03-16"}});
}

TEST(PoliciesTest, StartupLoan) {
  Case person = KnownMan();
  Unemployed(person, "2026-03-01");
  Business(person, "2026-02-01");
  Check("startup-loan", person,
        {{"unemployed with a business", Nothing, "ELIGIBLE UNEMPLOYED", "2028-10-01"},
         {"recognised",
          [](Case& p) {
            p.unemployments.clear();
            Recognised(p);
          },
          "ELIGIBLE DIFFICULTY_RECOGNISED", "2028-10-01"},
         {"neither", [](Case& p) { p.unemployments.clear(); }, "NOT_ELIGIBLE", "never"},
         {"no business", [](Case& p) { p.businesses.clear(); }, "NOT_ELIGIBLE", "never"},
         {"a business that ends",
          [](Case& p) { SetDay(p.businesses[0].fact.mutable_deregistered_date(), "2026-07-01"); },
          "ELIGIBLE UNEMPLOYED", "2026-07-01"},
         {"the tax office does not know the person",
          [](Case& p) {
            p.businesses.clear();
            p.known_to_tax = false;
          },
          "UNKNOWN business_registered", "2028-10-01"},
         {"before the policy",
          [](Case& p) {
            p.as_of = Day("2023-09-30");
            SetDay(p.unemployments[0].fact.mutable_registered_date(), "2023-03-01");
            SetDay(p.businesses[0].fact.mutable_registered_date(), "2023-02-01");
          },
          "ELIGIBLE_FROM 2023-10-01", "2023-10-01"}});
  EXPECT_EQ(Evaluate("startup-loan", person).amount_fen(), 30'000'000);
  EXPECT_EQ(Evaluate("startup-loan", person).amount_formula(), "at most 300000.00 yuan");
}

TEST(PoliciesTest, UnemploymentRegistration) {
  Case person = KnownMan();
  person.stated["able_and_willing_to_work"] = "true";
  Check("unemployment-registration", person,
        {{"able and willing", Nothing, "ELIGIBLE", "2049-03-15"},
         {"nobody asked", [](Case& p) { p.stated.clear(); }, "UNKNOWN able_and_willing_to_work",
          "2049-03-15"},
         {"not willing", [](Case& p) { p.stated["able_and_willing_to_work"] = "false"; },
          "NOT_ELIGIBLE", "never"},
         {"has work until the end of May", [](Case& p) { Contract(p, "2025-06-01", "2026-05-31"); },
          "ELIGIBLE_FROM 2026-06-01", "2026-06-01"},
         {"registered", [](Case& p) { Unemployed(p, "2026-01-01"); }, "NOT_ELIGIBLE", "never"},
         {"the bureau does not know the person", [](Case& p) { p.known_to_employment = false; },
          "UNKNOWN employed unemployed_since", "2049-03-15"},
         {"the bureau does not know the person, who has no work and is not registered",
          [](Case& p) {
            p.known_to_employment = false;
            p.stated["employed"] = "false";
            p.stated["unemployed_since"] = "none";
          },
          "ELIGIBLE", "2049-03-15"}});
}

TEST(PoliciesTest, WhatThePersonStatesGivesWayToTheRecords) {
  Case person = KnownMan();
  Contract(person, "2025-06-01", "");
  person.stated = {{"able_and_willing_to_work", "true"}, {"employed", "false"}};
  const EntitlementAnswer answer = Evaluate("unemployment-registration", person);
  EXPECT_EQ(Summary(answer), "NOT_ELIGIBLE");
  EXPECT_EQ(answer.leaves(1).source(), "person");
  EXPECT_EQ(answer.leaves(2).source(), "employment");
}

TEST(PoliciesTest, InsuranceSubsidies) {
  Case person = KnownMan();
  Recognised(person);
  Contract(person, "2026-01-01", "").set_form("UNIT");
  person.stated["employer_insurance_month_fen"] = "95050";
  const auto flexible = [](Case& p) { p.employments[0].fact.set_form("FLEXIBLE"); };
  const auto long_recognised = [](Case& p) {
    SetDay(p.difficulties[0].fact.mutable_valid_from_date(), "2023-03-15");
  };
  Check("insurance-subsidy-employer", person,
        {{"recognised and insured", Nothing, "ELIGIBLE DIFFICULTY_RECOGNISED", "2028-06-01"},
         {"flexible", flexible, "NOT_ELIGIBLE", "never"},
         {"not insured", [](Case& p) { p.employments[0].fact.clear_social_insurance_from_month(); },
          "NOT_ELIGIBLE", "never"},
         {"three years after the first recognition", long_recognised,
          "UNKNOWN insurance_subsidy_months", "never"},
         {"three years later, of which a year was subsidised",
          [&](Case& p) {
            long_recognised(p);
            p.stated["insurance_subsidy_months"] = "12";
          },
          "ELIGIBLE DIFFICULTY_RECOGNISED", "never"},
         {"three years later, near retirement then",
          [&](Case& p) {
            long_recognised(p);
            // Retires on 2028-03-14, a day short of five years after the recognition.
            p.birth_date = Day("1966-02-14");
          },
          "ELIGIBLE DIFFICULTY_RECOGNISED", "never"}});
  const EntitlementAnswer employer = Evaluate("insurance-subsidy-employer", person);
  EXPECT_EQ(employer.amount_fen(), 36 * 95'050);
  EXPECT_EQ(employer.amount_formula(), "1/1 of 950.50 yuan a month, for 36 months");
  flexible(person);
  person.stated["own_insurance_month_fen"] = "100000";
  Check("insurance-subsidy-flexible", person,
        {{"flexible", Nothing, "ELIGIBLE DIFFICULTY_RECOGNISED", "2028-06-01"},
         {"of a unit", [](Case& p) { p.employments[0].fact.set_form("UNIT"); }, "NOT_ELIGIBLE",
          "never"},
         {"not recognised", [](Case& p) { p.difficulties.clear(); }, "NOT_ELIGIBLE", "never"}});
  EXPECT_EQ(Evaluate("insurance-subsidy-flexible", person).amount_fen(), 36 * 66'667);
}

TEST(PoliciesTest, PublicWelfarePost) {
  Case person = KnownMan();
  Recognised(person);
  person.difficulties[0].fact.set_category("LOST_LAND");
  const auto before = [](Case& p, int times) {
    for (int i = 0; i < times; ++i)
      Contract(p, "2022-01-01", "2023-12-31").set_form("PUBLIC_WELFARE");
  };
  const auto disabled = [](Case& p) { p.difficulties[0].fact.set_category("DISABLED"); };
  Check("public-welfare-post", person,
        {{"no post before", Nothing, "ELIGIBLE DIFFICULTY_RECOGNISED", "never"},
         {"one before", [&](Case& p) { before(p, 1); }, "NOT_ELIGIBLE", "never"},
         {"disabled, one before",
          [&](Case& p) {
            before(p, 1);
            disabled(p);
          },
          "ELIGIBLE DIFFICULTY_RECOGNISED", "never"},
         {"disabled, two before",
          [&](Case& p) {
            before(p, 2);
            disabled(p);
          },
          "NOT_ELIGIBLE", "never"},
         {"has work", [](Case& p) { Contract(p, "2026-01-01", ""); }, "NOT_ELIGIBLE", "never"}});
  EXPECT_EQ(Evaluate("public-welfare-post", person).amount_formula(),
            "50% to 100% of 1800.00 yuan a month, for 36 months");
}

TEST(PoliciesTest, FirstBusinessSubsidy) {
  Case person = KnownMan();
  Recognised(person);
  Business(person, "2025-09-15");
  Check("first-business-subsidy", person,
        {{"on the day of six months", Nothing, "ELIGIBLE DIFFICULTY_RECOGNISED", "never"},
         {"a day before", [](Case& p) { p.as_of = Day("2026-03-14"); }, "ELIGIBLE_FROM 2026-03-15",
          "2026-03-15"},
         {"a second business",
          [](Case& p) {
            Business(p, "2020-01-01");
            SetDay(p.businesses[1].fact.mutable_deregistered_date(), "2021-01-01");
          },
          "NOT_ELIGIBLE", "never"},
         {"no business", [](Case& p) { p.businesses.clear(); }, "NOT_ELIGIBLE", "never"}});
  EXPECT_EQ(Evaluate("first-business-subsidy", person).amount_fen(), 200'000);
  // Elsewhere twelve months, and no amount is known.
  const auto national = Catalogue::Load(ANQIAO_POLICIES).value();
  const EntitlementAnswer answer = national->Evaluate("first-business-subsidy", person).value();
  EXPECT_EQ(Summary(answer), "ELIGIBLE_FROM 2026-09-15");
  EXPECT_EQ(answer.amount_fen(), 0);
}

TEST(PoliciesTest, UnemploymentInsurance) {
  Case person = KnownMan();
  // Sixty months from 2021-01 to 2025-12, in two contracts that overlap.
  Contract(person, "2021-01-01", "2023-06-30");
  Contract(person, "2023-01-01", "2025-12-31");
  Unemployed(person, "2026-01-05");
  person.stated["unemployed_involuntarily"] = "true";
  Check("unemployment-insurance", person,
        {{"five years", Nothing, "ELIGIBLE UNEMPLOYED", "never"},
         {"left of their own will", [](Case& p) { p.stated["unemployed_involuntarily"] = "false"; },
          "NOT_ELIGIBLE", "never"},
         {"nobody asked", [](Case& p) { p.stated.clear(); }, "UNKNOWN unemployed_involuntarily",
          "never"},
         {"eleven months",
          [](Case& p) {
            p.employments.pop_back();
            SetDay(p.employments[0].fact.mutable_social_insurance_from_month(), "2022-08");
          },
          "NOT_ELIGIBLE", "never"}});
  EXPECT_EQ(Evaluate("unemployment-insurance", person).amount_formula(),
            "1800.00 yuan a month x 0.9, for 18 months");
  SetDay(person.employments[1].fact.mutable_contract_end_date(), "2025-11-30");
  EXPECT_EQ(Evaluate("unemployment-insurance", person).amount_formula(),
            "1800.00 yuan a month x 0.9, for 12 months");
}

TEST(PoliciesTest, MinimumLiving) {
  Case person = KnownMan();
  person.stated = {{"household_income_fen", "235769"},
                   {"household_size", "3"},
                   {"household_assets_within_limits", "true"}};
  Check("minimum-living", person,
        {{"a fen below three times the standard", Nothing, "ELIGIBLE", "never"},
         {"at the standard", [](Case& p) { p.stated["household_income_fen"] = "235770"; },
          "NOT_ELIGIBLE", "never"},
         {"on relief already",
          [](Case& p) { Relief(p, journal::v1::RELIEF_KIND_RURAL_MINIMUM_LIVING); }, "NOT_ELIGIBLE",
          "never"},
         {"nobody says how many they are", [](Case& p) { p.stated.erase("household_size"); },
          "UNKNOWN household_income_per_person_fen", "never"},
         {"a household of nobody", [](Case& p) { p.stated["household_size"] = "0"; },
          "UNKNOWN household_income_per_person_fen", "never"},
         {"civil affairs do not know the person, who says that there is no relief",
          [](Case& p) {
            p.known_to_civil_affairs = false;
            p.stated["minimum_living"] = "false";
          },
          "ELIGIBLE", "never"}});
  EXPECT_EQ(Evaluate("minimum-living", person).amount_fen(), 1);
}

TEST(PoliciesTest, DestituteAndTemporary) {
  Case person = KnownMan();
  person.birth_date = Day("1966-03-15");
  person.stated = {{"without_work_ability", "true"},
                   {"without_income", "true"},
                   {"without_supporter", "true"},
                   {"sudden_hardship", "true"},
                   {"basic_living_in_difficulty", "true"}};
  Check("destitute-support", person,
        {{"on their sixtieth birthday", Nothing, "ELIGIBLE", "never"},
         {"the day before", [](Case& p) { p.as_of = Day("2026-03-14"); }, "UNKNOWN disabled",
          "2026-03-15"},
         {"the day before, and not disabled",
          [](Case& p) {
            p.as_of = Day("2026-03-14");
            p.stated["disabled"] = "false";
          },
          "ELIGIBLE_FROM 2026-03-15", "2026-03-15"},
         {"supported already", [](Case& p) { Relief(p, journal::v1::RELIEF_KIND_DESTITUTE); },
          "NOT_ELIGIBLE", "never"},
         {"with income", [](Case& p) { p.stated["without_income"] = "false"; }, "NOT_ELIGIBLE",
          "never"}});
  Check("temporary-relief", person,
        {{"in sudden hardship", Nothing, "ELIGIBLE", "never"},
         {"not in difficulty", [](Case& p) { p.stated["basic_living_in_difficulty"] = "false"; },
          "NOT_ELIGIBLE", "never"},
         {"nobody asked", [](Case& p) { p.stated.clear(); },
          "UNKNOWN sudden_hardship basic_living_in_difficulty", "never"}});
}

TEST(PoliciesTest, TrainingCountsWithinTheYearAndNotTwice) {
  Case person = KnownMan();
  Unemployed(person, "2026-03-01");
  for (const char* day : {"2026-01-10", "2026-02-10", "2026-03-10"}) {
    Certificate(person, day);
    person.trainings.back().fact.set_course(day);
    person.trainings.back().fact.set_qualification_grade("4");
  }
  Check("training-subsidy", person,
        {{"three this year", Nothing, "ELIGIBLE UNEMPLOYED", "2027-03-11"},
         {"four this year", [](Case& p) { Certificate(p, "2026-01-05"); },
          "ELIGIBLE_FROM 2027-01-01", "2027-01-01"},
         {"the same course and grade",
          [](Case& p) { p.trainings[0].fact.set_course("2026-03-10"); }, "NOT_ELIGIBLE", "never"},
         {"the same course, another grade",
          [](Case& p) {
            p.trainings[0].fact.set_course("2026-03-10");
            p.trainings[0].fact.set_qualification_grade("5");
          },
          "ELIGIBLE UNEMPLOYED", "2027-03-11"}});
  EXPECT_EQ(Evaluate("training-subsidy", person).amount_fen(), 150'000);
}

// Service codes and titles go out and tell nothing of why anyone is known.
TEST(PoliciesTest, NothingThatGoesOutTells) {
  for (const PolicySummary& policy : Shipped().policies()) {
    for (const char* word :
         {"毒", "尿", "管控", "矫", "康复", "drug", "detox", "rehab", "addict"}) {
      EXPECT_EQ(absl::StrCat(policy.service, policy.service_title, policy.title_zh, policy.title_en)
                    .find(word),
                std::string::npos)
          << policy.id << " " << word;
    }
    EXPECT_NE(policy.deadlines, Deadlines()) << policy.id;
    if (!policy.received.empty()) {
      const EntitlementAnswer answer = Evaluate(policy.id, KnownMan());
      EXPECT_TRUE(std::any_of(answer.leaves().begin(), answer.leaves().end(),
                              [&](const auto& leaf) { return leaf.id() == policy.received; }));
    }
  }
}

TEST(PoliciesTest, PoliceRecordsChangeNoAnswer) {
  Case person = KnownMan();
  Unemployed(person, "2025-06-01");
  Business(person, "2026-02-01");
  Annotated(person, "SELF_EMPLOYMENT");
  Case known = person;
  known.known_to_police = true;
  known.registered = true;
  known.phase = model::Phase::kCommunityDetox;
  known.orders.emplace_back();
  known.tests.emplace_back();
  for (const std::string& policy : AllPolicies()) {
    EXPECT_EQ(Evaluate(policy, known).SerializeAsString(),
              Evaluate(policy, person).SerializeAsString())
        << policy;
  }
}

// What is said of the future comes true: on every day up to the next change the answer is today's,
// and on that day another.
TEST(PoliciesTest, TheNextChangeIsTheFirst) {
  Case person = KnownMan();
  person.birth_date = Day("2010-08-31");
  Unemployed(person, "2025-08-31");
  Business(person, "2026-02-28");
  Annotated(person, "SELF_EMPLOYMENT");
  Certificate(person, "2025-08-31");
  Contract(person, "2026-01-31", "2027-01-30");
  Recognised(person);
  SetDay(person.difficulties[0].fact.mutable_valid_to_date(), "2026-06-30");
  for (const std::string& policy : AllPolicies()) {
    person.as_of = Day("2026-02-01");
    const auto truth = [&] {
      const auto result = Evaluate(policy, person).result();
      return result == journal::v1::ENTITLEMENT_RESULT_ELIGIBLE_FROM
                 ? journal::v1::ENTITLEMENT_RESULT_NOT_ELIGIBLE
                 : result;
    };
    std::string said = NextChange(Evaluate(policy, person));
    auto before = truth();
    for (int day = 0; day < 800; ++day) {
      person.as_of = person.as_of.AddDays(1);
      const auto now = truth();
      if (now == before) {
        ASSERT_NE(person.as_of.ToString(), said) << policy;
        continue;
      }
      ASSERT_EQ(person.as_of.ToString(), said) << policy;
      said = NextChange(Evaluate(policy, person));
      before = now;
    }
  }
}

}  // namespace
}  // namespace anqiao::policy
