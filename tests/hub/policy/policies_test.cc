// The shipped policies, from records to answers: each condition alone, boundary days, what time
// alone changes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

EntitlementAnswer Evaluate(const std::string& policy, const Case& person) {
  static const auto& catalogue = *Catalogue::Load(ANQIAO_POLICIES, "421202").value().release();
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
      {{"on the day of six months", Nothing, "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2028-01-01"},
       {"a day before", [](Case& p) { p.as_of = Day("2026-03-14"); }, "ELIGIBLE_FROM 2026-03-15",
        "2026-03-15"},
       {"no business", [](Case& p) { p.businesses.clear(); }, "NOT_ELIGIBLE", "never"},
       {"registered on the first day",
        [](Case& p) { SetDay(p.businesses[0].fact.mutable_registered_date(), "2023-01-01"); },
        "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2028-01-01"},
       {"registered before",
        [](Case& p) { SetDay(p.businesses[0].fact.mutable_registered_date(), "2022-12-31"); },
        "NOT_ELIGIBLE", "never"},
       {"registered in 2023, no more is known",
        [](Case& p) { SetDay(p.businesses[0].fact.mutable_registered_date(), "2023"); },
        "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2028-01-01"},
       {"no certificate", [](Case& p) { p.certificates.clear(); }, "NOT_ELIGIBLE", "never"},
       {"the employers' annotation",
        [](Case& p) { p.certificates[0].fact.set_annotations(0, "EMPLOYER"); }, "NOT_ELIGIBLE",
        "never"},
       {"used before", [](Case& p) { AddTo(p.tax_reliefs).set_policy("tax-relief-self-employed"); },
        "NOT_ELIGIBLE", "never"},
       {"the other relief used before",
        [](Case& p) { AddTo(p.tax_reliefs).set_policy("tax-relief-employer"); },
        "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2028-01-01"},
       {"the tax office does not know the person",
        [](Case& p) {
          p.businesses.clear();
          p.known_to_tax = false;
        },
        "UNKNOWN business_registered self_employed_relief_used", "2028-01-01"},
       {"unemployed too short", without_half_year, "NOT_ELIGIBLE", "never"},
       {"too short, on urban relief",
        [&](Case& p) {
          without_half_year(p);
          Relief(p, journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING);
        },
        "ELIGIBLE URBAN_MINIMUM_LIVING", "2028-01-01"},
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
        "ELIGIBLE ZERO_EMPLOYMENT_HOUSEHOLD", "2028-01-01"},
       {"on urban relief, never registered",
        [](Case& p) {
          p.unemployments.clear();
          Relief(p, journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING);
        },
        "NOT_ELIGIBLE", "never"},
       {"on the last day", [](Case& p) { p.as_of = Day("2027-12-31"); },
        "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2028-01-01"},
       {"after the last day", [](Case& p) { p.as_of = Day("2028-01-01"); }, "NOT_ELIGIBLE",
        "never"}});
  const EntitlementAnswer answer = Evaluate("tax-relief-self-employed", person);
  EXPECT_EQ(answer.amount_fen(), 7'200'000);
  EXPECT_EQ(answer.amount_formula(), "20000.00 yuan a year x 1.2, for 36 months");
  EXPECT_EQ(answer.provider(), "tax");
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
          "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2028-01-01"},
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
         {"hired on its first day",
          [](Case& p) {
            p.employments.clear();
            Contract(p, "2023-01-01", "");
          },
          "ELIGIBLE UNEMPLOYED_HALF_YEAR", "2028-01-01"},
         {"unemployed a day too short",
          [](Case& p) { SetDay(p.unemployments[0].fact.mutable_ended_date(), "2025-11-30"); },
          "NOT_ELIGIBLE", "never"},
         {"relief alone is not enough",
          [](Case& p) {
            p.unemployments.clear();
            Relief(p, journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING, true);
          },
          "NOT_ELIGIBLE", "never"},
         {"used before", [](Case& p) { AddTo(p.tax_reliefs).set_policy("tax-relief-employer"); },
          "NOT_ELIGIBLE", "never"},
         {"the tax office does not know the person", [](Case& p) { p.known_to_tax = false; },
          "UNKNOWN employer_relief_used", "2027-01-01"}});
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
  EXPECT_EQ(Evaluate("startup-loan", person).amount_formula(), "300000.00 yuan");
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
  for (const char* policy :
       {"difficulty-recognition", "employment-assistance", "startup-loan", "tax-relief-employer",
        "tax-relief-self-employed", "training-subsidy"}) {
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
  for (const char* policy :
       {"difficulty-recognition", "employment-assistance", "startup-loan", "tax-relief-employer",
        "tax-relief-self-employed", "training-subsidy"}) {
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
