#include "hub/policy/employer_relief.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/model/yaml_reader.h"
#include "hub/policy/catalogue.h"
#include "hub/policy/content.h"
#include "hub/policy/employer_relief_table.h"
#include "tests/hub/policy/policy_files.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using model::CivilDate;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

std::string TableFile() { return ReadFile(ANQIAO_POLICIES "/tables/employer-relief.yaml"); }

// The shipped policies with the values of their own files.
PolicyMap Policies() {
  std::vector<absl::Status> errors;
  Content content = ReadContent(ReadCatalogueFiles(ANQIAO_POLICIES).value(), errors);
  EXPECT_TRUE(errors.empty());
  return std::move(content.policies);
}

absl::StatusOr<EmployerReliefTable> ReadTable(const std::string& text,
                                              const PolicyMap& policies = Policies()) {
  const auto file = YamlNode::Parse("t.yaml", text);
  if (!file.ok()) return file.status();
  return EmployerReliefTable::Read(*file, policies);
}

// As it is in Hubei: 7,800 yuan a year.
const EmployerReliefTable& Table() {
  static const auto& catalogue = *Catalogue::Load(ANQIAO_POLICIES, "42").value().release();
  return *catalogue.employer_relief();
}

CivilDate Day(absl::string_view text) { return *CivilDate::Parse(text); }

// Of the circle, open-ended, insured from the first month.
EmployerHire Hired(absl::string_view start) {
  EmployerHire hire;
  hire.label = "a";
  hire.category = "UNEMPLOYED_HALF_YEAR";
  hire.contract_start = Day(start);
  hire.insurance_from = Day(start.substr(0, 7));
  return hire;
}

EmployerRelief Compute(const std::vector<EmployerHire>& hires,
                       const std::vector<TaxDue>& taxes = {}, const std::string& place = "") {
  return ComputeEmployerRelief(Table(), {.hires = hires, .taxes = taxes, .place = place}).value();
}

HireRelief One(const EmployerHire& hire) { return Compute({hire}).hires.front(); }

std::vector<std::string> Lines(const EmployerYear& year) {
  std::vector<std::string> lines;
  for (const TaxDeduction& tax : year.taxes) {
    lines.push_back(absl::StrCat(tax.tax, " ", tax.deducted_fen, "/", tax.due_fen));
  }
  return lines;
}

std::vector<std::string> Lines(const HireRelief& hire) {
  std::vector<std::string> lines;
  for (const PersonYear& year : hire.years) {
    lines.push_back(absl::StrCat(year.year, " ", year.months, " ", year.quota_fen));
  }
  return lines;
}

// Hired on 2 November 2026 in a city; VAT of 500 yuan a month all the time, so surcharges of
// 35 (7 %), 15 (3 %) and 10 yuan (2 %); income tax of 100 yuan for 2026 and 2,000 for 2027.
//   2026: 7,800 x 2/12 = 1,300.  November and December: 560 each = 1,120; income tax 100; 80 lapse.
//         What was due from January to October was paid before anybody was hired.
//   2027: 7,800.  12 x 560 = 6,720; of the income tax 1,080.
//   2028: 7,800 and nothing due: lapses.   2029: 7,800 x 10/12 = 6,500, likewise.
TEST(EmployerReliefTest, TheDeductionOverATurnOfTheYear) {
  std::vector<TaxDue> taxes = {{2026, 0, "CORPORATE_INCOME_TAX", 10'000},
                               {2027, 0, "CORPORATE_INCOME_TAX", 200'000}};
  for (int year = 2026; year <= 2027; ++year) {
    for (int month = 1; month <= 12; ++month) {
      taxes.push_back({year, month, "VALUE_ADDED_TAX", 50'000});
    }
  }
  const EmployerRelief relief = Compute({Hired("2026-11-02")}, taxes, "CITY");
  const HireRelief& hire = relief.hires.front();
  EXPECT_EQ(hire.first, MonthOf(Day("2026-11")));
  EXPECT_EQ(hire.last, MonthOf(Day("2029-10")));
  EXPECT_THAT(Lines(hire),
              ElementsAre("2026 2 130000", "2027 12 780000", "2028 12 780000", "2029 10 650000"));
  EXPECT_EQ(hire.years[0].formula, "7800.00 yuan x 2/12");
  EXPECT_EQ(hire.quota_fen, 2'340'000);
  ASSERT_EQ(relief.years.size(), 4U);
  EXPECT_EQ(relief.years[0].quota_fen, 130'000);
  EXPECT_EQ(relief.years[0].deducted_fen, 122'000);
  EXPECT_EQ(relief.years[0].lapsed_fen, 8'000);
  EXPECT_THAT(Lines(relief.years[0]),
              ElementsAre("VALUE_ADDED_TAX 100000/100000", "URBAN_MAINTENANCE_TAX 7000/7000",
                          "EDUCATION_SURCHARGE 3000/3000", "LOCAL_EDUCATION_SURCHARGE 2000/2000",
                          "CORPORATE_INCOME_TAX 10000/10000"));
  EXPECT_EQ(relief.years[1].deducted_fen, 780'000);
  EXPECT_EQ(relief.years[1].lapsed_fen, 0);
  EXPECT_THAT(
      Lines(relief.years[1]),
      ElementsAre("VALUE_ADDED_TAX 600000/600000", "URBAN_MAINTENANCE_TAX 42000/42000",
                  "EDUCATION_SURCHARGE 18000/18000", "LOCAL_EDUCATION_SURCHARGE 12000/12000",
                  "CORPORATE_INCOME_TAX 108000/200000"));
  EXPECT_EQ(relief.years[2].lapsed_fen, 780'000);
  EXPECT_EQ(relief.years[3].lapsed_fen, 650'000);
  EXPECT_EQ(relief.deducted_fen, 902'000);
  EXPECT_EQ(relief.lapsed_fen, 8'000 + 780'000 + 650'000);
  EXPECT_TRUE(relief.unverified);
}

TEST(EmployerReliefTest, TaxesAreTakenInTheirOrderWithinTheMonth) {
  // A pool of 650 yuan from December on: VAT takes 600, the rest what is left.
  const EmployerRelief relief =
      Compute({Hired("2025-12-01")}, {{2025, 12, "EDUCATION_SURCHARGE", 4'000},
                                      {2025, 12, "VALUE_ADDED_TAX", 60'000},
                                      {2025, 12, "URBAN_MAINTENANCE_TAX", 3'000},
                                      {2025, 0, "CORPORATE_INCOME_TAX", 9'000}});
  EXPECT_THAT(Lines(relief.years[0]),
              ElementsAre("VALUE_ADDED_TAX 60000/60000", "URBAN_MAINTENANCE_TAX 3000/3000",
                          "EDUCATION_SURCHARGE 2000/4000", "LOCAL_EDUCATION_SURCHARGE 0/0",
                          "CORPORATE_INCOME_TAX 0/9000"));
}

TEST(EmployerReliefTest, ASurchargeIsCountedFromTheTaxBeforeTheRelief) {
  // All of the VAT is deducted, and the surcharge is still 5 % of it in a town; the one that is
  // given stands.
  const EmployerRelief relief =
      Compute({Hired("2025-01-01")},
              {{2025, 1, "VALUE_ADDED_TAX", 33'310}, {2025, 1, "EDUCATION_SURCHARGE", 1}}, "TOWN");
  // 333.10 x 0.05 = 16.655, half up; 333.10 x 0.02 = 6.662.
  EXPECT_THAT(Lines(relief.years[0]),
              ElementsAre("VALUE_ADDED_TAX 33310/33310", "URBAN_MAINTENANCE_TAX 1666/1666",
                          "EDUCATION_SURCHARGE 1/1", "LOCAL_EDUCATION_SURCHARGE 666/666",
                          "CORPORATE_INCOME_TAX 0/0"));
}

TEST(EmployerReliefTest, BothTheContractAndTheInsuranceBeginTheRun) {
  EmployerHire hire = Hired("2026-01-31");
  hire.insurance_from = Day("2026-04");
  EXPECT_EQ(One(hire).first, MonthOf(Day("2026-04")));
  hire.insurance_from = Day("2025-11");
  EXPECT_EQ(One(hire).first, MonthOf(Day("2026-01")));
}

TEST(EmployerReliefTest, WhoBeganInTheWindowGoesOnAfterIt) {
  const HireRelief last_month = One(Hired("2027-12-31"));
  EXPECT_EQ(last_month.outcome, HireOutcome::kCounted);
  EXPECT_THAT(Lines(last_month),
              ElementsAre("2027 1 65000", "2028 12 780000", "2029 12 780000", "2030 11 715000"));
  EXPECT_EQ(One(Hired("2028-01-01")).outcome, HireOutcome::kAfterWindow);
  EXPECT_EQ(One(Hired("2023-01-01")).outcome, HireOutcome::kCounted);
  EXPECT_EQ(One(Hired("2022-12-31")).outcome, HireOutcome::kBeforeWindow);
}

TEST(EmployerReliefTest, MonthsThatAreUsedShortenTheRun) {
  EmployerHire hire = Hired("2026-01-01");
  hire.months_used = 35;
  EXPECT_THAT(Lines(One(hire)), ElementsAre("2026 1 65000"));
  hire.months_used = 36;
  EXPECT_EQ(One(hire).outcome, HireOutcome::kMonthsUsedUp);
  EXPECT_EQ(One(hire).quota_fen, 0);
}

TEST(EmployerReliefTest, TheEarliestEndCounts) {
  EmployerHire hire = Hired("2026-01-01");
  hire.contract_end = Day("2027-06-30");
  EXPECT_EQ(One(hire).last, MonthOf(Day("2027-06")));
  hire.insurance_to = Day("2027-03");
  EXPECT_EQ(One(hire).last, MonthOf(Day("2027-03")));
  hire.left = Day("2026-12-01");
  EXPECT_EQ(One(hire).last, MonthOf(Day("2026-12")));
  hire.left = Day("2026-01-01");
  hire.insurance_from = Day("2026-02");
  EXPECT_EQ(One(hire).outcome, HireOutcome::kNotInsured);
}

TEST(EmployerReliefTest, SaysWhyAHireDoesNotCount) {
  EmployerHire hire = Hired("2026-01-01");
  hire.category = "ZERO_EMPLOYMENT_HOUSEHOLD";
  EXPECT_EQ(One(hire).outcome, HireOutcome::kNotInCircle);
  hire = Hired("2026-01-01");
  hire.insurance_from = {};
  EXPECT_EQ(One(hire).outcome, HireOutcome::kNotInsured);
  hire = Hired("2026-01-01");
  hire.contract_end = Day("2026-12-30");
  EXPECT_EQ(One(hire).outcome, HireOutcome::kContractTooShort);
  hire.contract_end = Day("2026-12-31");
  EXPECT_EQ(One(hire).outcome, HireOutcome::kCounted);
}

TEST(EmployerReliefTest, TheBetterReliefIsTaken) {
  EmployerHire hire = Hired("2026-11-01");
  hire.other_relief_year_fen = 780'000;
  EXPECT_EQ(One(hire).outcome, HireOutcome::kCounted);
  hire.other_relief_year_fen = 780'100;
  EXPECT_EQ(One(hire).outcome, HireOutcome::kOtherReliefIsBetter);
  const EmployerRelief relief = Compute({hire, Hired("2026-11-01")});
  EXPECT_EQ(relief.quota_fen, 2'340'000);
}

TEST(EmployerReliefTest, EachPersonAndYearIsRoundedHalfUp) {
  PolicyMap policies = Policies();
  policies.at("tax-relief-employer").parameters.at("year_quota_fen")[0].value = 6;
  AQ_ASSERT_OK_AND_ASSIGN(const EmployerReliefTable table, ReadTable(TableFile(), policies));
  EmployerReliefInput input;
  // 6 fen x 1/12 = 0.5: one fen each, and not three for six of them.
  for (int i = 0; i < 6; ++i) input.hires.push_back(Hired("2026-12-01"));
  AQ_ASSERT_OK_AND_ASSIGN(const EmployerRelief relief, ComputeEmployerRelief(table, input));
  EXPECT_EQ(relief.years[0].quota_fen, 6);
}

struct Wrong {
  std::string path;
  std::function<void(EmployerReliefInput&)> change;
};

TEST(EmployerReliefTest, WhatIsWrongIsNamedByItsPath) {
  EmployerReliefInput good;
  good.hires = {Hired("2026-01-01"), Hired("2026-01-01")};
  good.taxes = {{2026, 1, "VALUE_ADDED_TAX", 1}, {2026, 2, "VALUE_ADDED_TAX", 1}};
  const std::vector<Wrong> wrongs = {
      {"hires[1].label", [](auto& in) { in.hires[1].label = ""; }},
      {"hires[1].label", [](auto& in) { in.hires[1].label = "张三"; }},
      {"hires[1].label", [](auto& in) { in.hires[1].label = "421299198503150026"; }},
      {"hires[1].label", [](auto& in) { in.hires[1].label = std::string(33, 'a'); }},
      {"hires[1].category", [](auto& in) { in.hires[1].category = ""; }},
      {"hires[1].contract_start_date", [](auto& in) { in.hires[1].contract_start = {}; }},
      {"hires[1].contract_start_date",
       [](auto& in) { in.hires[1].contract_start = CivilDate::Of(2026, 1); }},
      {"hires[1].contract_start_date", [](auto& in) { in.hires[1].contract_start.year = 1999; }},
      {"hires[1].contract_end_date",
       [](auto& in) { in.hires[1].contract_end = Day("2025-12-31"); }},
      {"hires[1].left_date", [](auto& in) { in.hires[1].left = Day("2025-12-31"); }},
      {"hires[1].social_insurance_from_month",
       [](auto& in) { in.hires[1].insurance_from = CivilDate::Of(2026); }},
      {"hires[1].social_insurance_to_month",
       [](auto& in) { in.hires[1].insurance_to = Day("2025-12"); }},
      {"hires[1].months_used", [](auto& in) { in.hires[1].months_used = 37; }},
      {"hires[1].months_used", [](auto& in) { in.hires[1].months_used = -1; }},
      {"hires[1].other_relief_year_fen", [](auto& in) { in.hires[1].other_relief_year_fen = -1; }},
      {"hires", [](auto& in) { in.hires.assign(kHiresMax + 1, EmployerHire(in.hires[0])); }},
      {"taxes_due", [](auto& in) { in.taxes.assign(kTaxesDueMax + 1, TaxDue(in.taxes[0])); }},
      {"taxes_due[1].year", [](auto& in) { in.taxes[1].year = 1999; }},
      {"taxes_due[1].month", [](auto& in) { in.taxes[1].month = 13; }},
      {"taxes_due[1].tax", [](auto& in) { in.taxes[1].tax = "STAMP_DUTY"; }},
      {"taxes_due[1]", [](auto& in) { in.taxes[1].month = 0; }},
      {"taxes_due[1]", [](auto& in) { in.taxes[1].tax = "CORPORATE_INCOME_TAX"; }},
      {"taxes_due[1]", [](auto& in) { in.taxes[1].month = 1; }},
      {"taxes_due[1].amount_fen", [](auto& in) { in.taxes[1].fen = -1; }},
      {"taxes_due[1].amount_fen", [](auto& in) { in.taxes[1].fen = kTaxDueFenMax + 1; }},
      {"place", [](auto& in) { in.place = "MOON"; }}};
  AQ_EXPECT_OK(ComputeEmployerRelief(Table(), good).status());
  for (const Wrong& wrong : wrongs) {
    EmployerReliefInput input = good;
    wrong.change(input);
    const auto refused = ComputeEmployerRelief(Table(), input);
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument)) << wrong.path;
    const auto detail = DetailOf(refused.status());
    ASSERT_TRUE(detail.has_value() && !detail->fields.empty()) << wrong.path;
    EXPECT_EQ(detail->fields[0].first, wrong.path);
  }
}

// Random employers: what must hold whatever is given.
class EmployerReliefPropertyTest : public ::testing::Test {
 protected:
  int Pick(int from, int to) { return std::uniform_int_distribution<int>(from, to)(random_); }

  EmployerHire RandomHire() {
    EmployerHire hire = Hired("2026-01-01");
    hire.contract_start = Day("2022-06-01").AddDays(Pick(0, 2300));
    hire.insurance_from =
        CivilDate::Of(hire.contract_start.year, hire.contract_start.month).AddMonths(Pick(-2, 4));
    if (Pick(0, 2) == 0) hire.contract_end = hire.contract_start.AddDays(Pick(200, 1500));
    if (Pick(0, 3) == 0) hire.left = hire.contract_start.AddDays(Pick(0, 900));
    hire.months_used = Pick(0, 3) == 0 ? Pick(0, 36) : 0;
    hire.other_relief_year_fen = Pick(0, 5) == 0 ? Pick(0, 1'000'000) : 0;
    if (Pick(0, 6) == 0) hire.category = "OTHER";
    return hire;
  }

  EmployerReliefInput RandomInput() {
    EmployerReliefInput input;
    for (int i = Pick(0, 8); i > 0; --i) input.hires.push_back(RandomHire());
    for (int year = 2022; year <= 2031; ++year) {
      input.taxes.push_back({year, 0, "CORPORATE_INCOME_TAX", Pick(0, 1'000'000)});
      for (int month = 1; month <= 12; ++month) {
        if (year < 2023 || Pick(0, 2) == 0) continue;
        input.taxes.push_back({year, month, "VALUE_ADDED_TAX", Pick(0, 200'000)});
      }
    }
    input.taxes.erase(std::remove_if(input.taxes.begin(), input.taxes.end(),
                                     [](const TaxDue& due) { return due.year < 2023; }),
                      input.taxes.end());
    input.place = Pick(0, 1) == 0 ? "" : "TOWN";
    return input;
  }

  std::mt19937 random_{20260315};
};

TEST_F(EmployerReliefPropertyTest, SumsAddUpAndNoBoundIsPassed) {
  for (int round = 0; round < 2'000; ++round) {
    const EmployerReliefInput input = RandomInput();
    AQ_ASSERT_OK_AND_ASSIGN(const EmployerRelief relief, ComputeEmployerRelief(Table(), input));
    std::map<int, std::int64_t> of_persons;
    for (std::size_t i = 0; i < relief.hires.size(); ++i) {
      const HireRelief& hire = relief.hires[i];
      int months = 0;
      std::int64_t sum = 0;
      for (const PersonYear& year : hire.years) {
        months += year.months;
        sum += year.quota_fen;
        of_persons[year.year] += year.quota_fen;
        ASSERT_LE(year.quota_fen, 780'000);
      }
      ASSERT_EQ(sum, hire.quota_fen);
      ASSERT_LE(months + input.hires[i].months_used, Table().run_months());
      ASSERT_EQ(hire.outcome == HireOutcome::kCounted, months > 0);
    }
    ASSERT_EQ(of_persons.size(), relief.years.size());
    for (const EmployerYear& year : relief.years) {
      ASSERT_EQ(year.quota_fen, of_persons[year.year]);
      ASSERT_EQ(year.deducted_fen + year.lapsed_fen, year.quota_fen);
      std::int64_t deducted = 0;
      for (const TaxDeduction& tax : year.taxes) {
        ASSERT_LE(tax.deducted_fen, tax.due_fen);
        deducted += tax.deducted_fen;
      }
      ASSERT_EQ(deducted, year.deducted_fen);
    }
    ASSERT_EQ(relief.deducted_fen + relief.lapsed_fen, relief.quota_fen);
  }
}

TEST_F(EmployerReliefPropertyTest, MorePeopleOrMoreTaxNeverSavesLess) {
  for (int round = 0; round < 1'000; ++round) {
    EmployerReliefInput input = RandomInput();
    AQ_ASSERT_OK_AND_ASSIGN(const EmployerRelief before, ComputeEmployerRelief(Table(), input));
    EmployerReliefInput more_people = input;
    more_people.hires.push_back(RandomHire());
    AQ_ASSERT_OK_AND_ASSIGN(const EmployerRelief people,
                            ComputeEmployerRelief(Table(), more_people));
    ASSERT_GE(people.deducted_fen, before.deducted_fen);
    EmployerReliefInput more_tax = input;
    more_tax.taxes[static_cast<std::size_t>(Pick(0, 5))].fen += Pick(1, 500'000);
    AQ_ASSERT_OK_AND_ASSIGN(const EmployerRelief tax, ComputeEmployerRelief(Table(), more_tax));
    ASSERT_GE(tax.deducted_fen, before.deducted_fen);
    ASSERT_EQ(tax.quota_fen, before.quota_fen);
  }
}

TEST(HiringSimulationTest, SaysWhatHiringThreeWouldSave) {
  HiringPlan plan;
  plan.count = 3;
  plan.start_month = CivilDate::Of(2026, 11);
  plan.category = "UNEMPLOYED_HALF_YEAR";
  plan.monthly_taxes = {{"VALUE_ADDED_TAX", 100'000}};
  plan.annual_taxes = {{"CORPORATE_INCOME_TAX", 50'000}};
  plan.place = "CITY";
  AQ_ASSERT_OK_AND_ASSIGN(const HiringSimulation simulation, SimulateHiring(Table(), plan));
  EXPECT_THAT(Lines(simulation.person),
              ElementsAre("2026 2 130000", "2027 12 780000", "2028 12 780000", "2029 10 650000"));
  // 2026: 3 x 1,300 = 3,900; two months of 1,000 + 70 + 30 + 20 and 500 of the income tax.
  EXPECT_EQ(simulation.relief.years[0].quota_fen, 390'000);
  EXPECT_EQ(simulation.relief.years[0].deducted_fen, 274'000);
  EXPECT_EQ(simulation.formulas[0],
            "3 x (7800.00 yuan x 2/12) = 3900.00 yuan; saved 2740.00 yuan (VALUE_ADDED_TAX 2000.00 "
            "+ URBAN_MAINTENANCE_TAX 140.00 + EDUCATION_SURCHARGE 60.00 + "
            "LOCAL_EDUCATION_SURCHARGE 40.00 + CORPORATE_INCOME_TAX 500.00); lapses 1160.00 yuan");
  // 2027: 12 x 1,120 + 500 = 13,940 of 23,400.
  EXPECT_EQ(simulation.relief.years[1].deducted_fen, 1'394'000);
  EXPECT_EQ(simulation.relief.quota_fen, 3 * 2'340'000);
}

TEST(HiringSimulationTest, IsWhatTheReliefOfThosePeopleComesTo) {
  HiringPlan plan;
  plan.count = 2;
  plan.start_month = CivilDate::Of(2027, 12);
  plan.category = "POVERTY_RELIEVED";
  plan.contract_months = 12;
  AQ_ASSERT_OK_AND_ASSIGN(const HiringSimulation simulation, SimulateHiring(Table(), plan));
  EmployerHire hire = Hired("2027-12-01");
  hire.contract_end = Day("2028-11-30");
  EXPECT_EQ(simulation.relief.quota_fen, Compute({hire, hire}).quota_fen);
  EXPECT_EQ(simulation.relief.quota_fen, 2 * 780'000);
  plan.contract_months = 11;
  AQ_ASSERT_OK_AND_ASSIGN(const HiringSimulation shorter, SimulateHiring(Table(), plan));
  EXPECT_EQ(shorter.person.outcome, HireOutcome::kContractTooShort);
  EXPECT_EQ(shorter.relief.deducted_fen, 0);
}

TEST(HiringSimulationTest, WhatIsWrongIsNamedByItsPath) {
  HiringPlan good;
  good.count = 1;
  good.start_month = CivilDate::Of(2026, 1);
  good.category = "UNEMPLOYED_HALF_YEAR";
  AQ_EXPECT_OK(SimulateHiring(Table(), good).status());
  const std::vector<std::pair<std::string, std::function<void(HiringPlan&)>>> wrongs = {
      {"count", [](HiringPlan& plan) { plan.count = 0; }},
      {"count", [](HiringPlan& plan) { plan.count = 10'001; }},
      {"start_month", [](HiringPlan& plan) { plan.start_month = {}; }},
      {"start_month", [](HiringPlan& plan) { plan.start_month = CivilDate::Of(2026); }},
      {"start_month", [](HiringPlan& plan) { plan.start_month = CivilDate::Of(1999, 1); }},
      {"category", [](HiringPlan& plan) { plan.category = "URBAN_MINIMUM_LIVING"; }},
      {"contract_months", [](HiringPlan& plan) { plan.contract_months = -1; }},
      {"place", [](HiringPlan& plan) { plan.place = "city"; }},
      {"monthly_taxes",
       [](HiringPlan& plan) {
         plan.monthly_taxes.assign(9, {"VALUE_ADDED_TAX", 1});
       }},
      {"monthly_taxes[0].tax",
       [](HiringPlan& plan) {
         plan.monthly_taxes = {{"X", 1}};
       }},
      {"monthly_taxes[1]",
       [](HiringPlan& plan) {
         plan.monthly_taxes = {{"VALUE_ADDED_TAX", 1}, {"VALUE_ADDED_TAX", 1}};
       }},
      {"monthly_taxes[0]",
       [](HiringPlan& plan) {
         plan.monthly_taxes = {{"CORPORATE_INCOME_TAX", 1}};
       }},
      {"annual_taxes[0].amount_fen", [](HiringPlan& plan) {
         plan.annual_taxes = {{"CORPORATE_INCOME_TAX", -1}};
       }}};
  for (const auto& [path, change] : wrongs) {
    HiringPlan plan = good;
    change(plan);
    const auto refused = SimulateHiring(Table(), plan);
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument)) << path;
    const auto detail = DetailOf(refused.status());
    ASSERT_TRUE(detail.has_value() && !detail->fields.empty()) << path;
    EXPECT_EQ(detail->fields[0].first, path);
  }
}

TEST(EmployerReliefTableTest, TheAmountIsThatOfTheJurisdiction) {
  const auto national = Catalogue::Load(ANQIAO_POLICIES).value();
  EXPECT_EQ(national->employer_relief()->QuotaIn(MonthOf(Day("2026-11"))).year_fen_permille(),
            600'000'000);
  EXPECT_FALSE(national->employer_relief()->QuotaIn(MonthOf(Day("2026-11"))).unverified);
  EXPECT_EQ(Table().QuotaIn(MonthOf(Day("2026-11"))).year_fen_permille(), 780'000'000);
  EXPECT_TRUE(Table().QuotaIn(MonthOf(Day("2026-11"))).unverified);
}

TEST(EmployerReliefTableTest, ACatalogueMayBeWithoutIt) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto catalogue, Catalogue::Parse(FilesWith(kPolicyFile)));
  EXPECT_EQ(catalogue->employer_relief(), nullptr);
}

TEST(EmployerReliefTableTest, MistakesAreNamedWithTheirPlace) {
  const auto refused = [](const std::string& from, const std::string& to,
                          const std::string& message) {
    std::string text = TableFile();
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto table = ReadTable(text);
    EXPECT_THAT(table, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message))) << to;
    EXPECT_THAT(table, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("t.yaml:"))) << to;
  };
  refused("run_months: 36", "run_weeks: 36", "unknown key run_weeks");
  refused("run_months: 36", "run_months: 0", "must be from 1 to 120");
  refused("run_months: 36", "run_months: 37", "no value for 2030-12-01");
  refused("policy: tax-relief-employer", "policy: tax-relief", "there is no such policy");
  refused("factor: province_permille", "factor: permille", "there is no such parameter");
  refused("base: year_quota_fen", "base: run_month", "there is no such parameter");
  refused("factor: province_permille", "factor: year_quota_fen", "must be at most 10000");
  refused("to: 2027-12-31", "to: 2027-12-30", "the last day of a month");
  refused("from: 2026-01-01", "from: 2026-02-01", "the first day of a year");
  refused("to: 2025-12-31", "to: 2025-11-30", "leave a gap or overlap");
  refused("settled: annually", "settled: weekly", "must be monthly or annually");
  refused("base: VALUE_ADDED_TAX", "base: STAMP_DUTY", "a monthly tax that came before");
  refused("rates: {CITY: 70, TOWN: 50, OTHER: 10}", "rates: {CITY: 70}", "a rate for each");
  refused("rates: {CITY: 70, TOWN: 50, OTHER: 10}", "", "base and rates go together");
  refused("code: EDUCATION_SURCHARGE", "code: VALUE_ADDED_TAX", "with this code came before");
  refused("table: employer-relief", "table: employers", "must be employer-relief");
}

}  // namespace
}  // namespace anqiao::policy
