// The kinds of amounts, from a file to fen and formula.

#include "hub/policy/amount.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "hub/model/yaml_reader.h"
#include "hub/policy/policy.h"
#include "tests/hub/policy/policy_files.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using model::CivilDate;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr char kHead[] = R"(id: p
title: {zh: 标题, en: Title}
authority: 某部门
law: {instrument: 某法, article: 第一条}
service: {code: p, title: 服务}
provider: employment
view: training
effective: {from: 2020-01-01, to: 2029-12-31}
evidence: [证明]
parameters:
  base_fen:
    - {from: 2020-01-01, to: 2024-12-31, value: 100001, source: s}
    - {from: 2025-01-01, to: 2029-12-31, value: 195000, source: s, unverified: true}
  factor: [{from: 2020-01-01, to: 2029-12-31, value: 1250, source: s}]
  half: [{from: 2020-01-01, to: 2029-12-31, value: 500, source: s}]
  whole: [{from: 2020-01-01, to: 2029-12-31, value: 1000, source: s}]
  two: [{from: 2020-01-01, to: 2029-12-31, value: 2, source: s}]
  three: [{from: 2020-01-01, to: 2029-12-31, value: 3, source: s}]
  none: [{from: 2020-01-01, to: 2029-12-31, value: 0, source: s}]
tables:
  months:
    - from: 2020-01-01
      to: 2029-12-31
      source: s
      rows: [{at_least: 12, value: 12}, {at_least: 60, value: 18}, {at_least: 120, value: 24}]
  grades:
    - {from: 2020-01-01, to: 2024-12-31, source: s, rows: [{is: "5", value: 90000}]}
    - {from: 2025-01-01, source: s, unverified: true, rows: [{is: "5", value: 100000}, {is: "4", value: 150000}]}
)";
constexpr char kTail[] = R"(
conditions:
  {id: c, fact: employed, op: equals, value: true, law: {instrument: a, article: b}, label: {zh: c, en: d}}
tests:
  - {name: n, as_of: 2026-03-15, facts: {employed: true}, expect: ELIGIBLE}
)";

absl::StatusOr<Policy> Read(const std::string& amount) {
  const auto file = YamlNode::Parse("p.yaml", absl::StrCat(kHead, "amount: ", amount, kTail));
  if (!file.ok()) return file.status();
  return ReadPolicy(*file);
}

// "fen: formula" on a day with facts that are given.
std::string Of(const std::string& amount, const std::string& facts = "{}",
               const std::string& on = "2026-03-15") {
  const Policy policy = Read(amount).value();
  const FactSet given = ReadFacts(YamlNode::Parse("facts", facts).value()).value();
  const PersonFacts person(given, *CivilDate::Parse(on));
  return absl::StrCat(AmountOf(policy, person), ": ", AmountFormula(policy, person, false));
}

TEST(AmountTest, Rate) {
  EXPECT_EQ(Of("{base: base_fen}"), "195000: 1950.00 yuan");
  EXPECT_EQ(Of("{kind: rate, base: base_fen, factor: factor, months: 18}"),
            "365625: 1950.00 yuan a year x 1.25, for 18 months");
  // 100,001 x 1.25 = 125,001.25 -> 125,001; x 18 / 12 = 187,501.5 -> 187,502.
  EXPECT_EQ(Of("{base: base_fen, factor: factor, months: 18}", "{}", "2024-12-31"),
            "187502: 1000.01 yuan a year x 1.25, for 18 months");
}

TEST(AmountTest, MonthsThatAreUsedAreLessLeft) {
  const std::string amount = "{base: base_fen, months: 36, used: employer_relief_months}";
  EXPECT_EQ(Of(amount), "585000: 1950.00 yuan a year, for 36 months");
  EXPECT_EQ(Of(amount, "{employer_relief_months: 0}"),
            "585000: 1950.00 yuan a year, for 36 months");
  EXPECT_EQ(Of(amount, "{employer_relief_months: 14}"),
            "357500: 1950.00 yuan a year, for 22 of 36 months");
  EXPECT_EQ(Of(amount, "{employer_relief_months: 40}"),
            "0: 1950.00 yuan a year, for 0 of 36 months");
}

TEST(AmountTest, Ceiling) {
  EXPECT_EQ(Of("{kind: ceiling, base: base_fen}"), "195000: at most 1950.00 yuan");
}

TEST(AmountTest, MonthlyByATable) {
  const std::string amount =
      "{kind: monthly, base: base_fen, factor: half, months_by: months, of: insured_months}";
  EXPECT_EQ(Of(amount, "{insured_months: 11}"), "0: 1950.00 yuan a month x 0.5, for 0 months");
  EXPECT_EQ(Of(amount, "{insured_months: 12}"),
            "1170000: 1950.00 yuan a month x 0.5, for 12 months");
  EXPECT_EQ(Of(amount, "{insured_months: 59}"),
            "1170000: 1950.00 yuan a month x 0.5, for 12 months");
  EXPECT_EQ(Of(amount, "{insured_months: 60}"),
            "1755000: 1950.00 yuan a month x 0.5, for 18 months");
  EXPECT_EQ(Of(amount, "{insured_months: 120}"),
            "2340000: 1950.00 yuan a month x 0.5, for 24 months");
  EXPECT_EQ(Of(amount), "2340000: 1950.00 yuan a month x 0.5, for at most 24 months");
  EXPECT_EQ(Of("{kind: monthly, base: base_fen}"), "195000: 1950.00 yuan a month");
}

TEST(AmountTest, ShareOfWhatIsPaid) {
  const std::string amount =
      "{kind: share, of: own_insurance_month_fen, numerator: two, denominator: three}";
  // 2/3 of 1,000.01 is 666.673.
  EXPECT_EQ(Of(amount, "{own_insurance_month_fen: 100001}"), "66667: 2/3 of 1000.01 yuan a month");
  // 2/3 of 0.01 is 0.0067, half up.
  EXPECT_EQ(Of(amount, "{own_insurance_month_fen: 1}"), "1: 2/3 of 0.01 yuan a month");
  EXPECT_EQ(Of(amount), "0: 2/3 of what is paid a month");
  EXPECT_EQ(Of("{kind: share, of: own_insurance_month_fen, numerator: two, denominator: three, "
               "months: 36}",
               "{own_insurance_month_fen: 90000}"),
            "2160000: 2/3 of 900.00 yuan a month, for 36 months");
}

TEST(AmountTest, Range) {
  EXPECT_EQ(Of("{kind: range, base: base_fen, low: half, high: whole, months: 36}"),
            "7020000: 50% to 100% of 1950.00 yuan a month, for 36 months");
}

TEST(AmountTest, Supplement) {
  const std::string amount =
      "{kind: supplement, base: base_fen, income: household_income_fen, size: household_size}";
  EXPECT_EQ(Of(amount, "{household_income_fen: 120000, household_size: 3}"),
            "465000: (1950.00 yuan - 1200.00 yuan / 3) x 3 a month");
  EXPECT_EQ(Of(amount, "{household_income_fen: 585001, household_size: 3}"),
            "0: (1950.00 yuan - 5850.01 yuan / 3) x 3 a month");
  EXPECT_EQ(Of(amount, "{household_size: 3}"),
            "0: (1950.00 yuan - income per person) x people in the household, a month");
}

TEST(AmountTest, Table) {
  const std::string amount = "{kind: table, table: grades, of: training_grade}";
  EXPECT_EQ(Of(amount, "{training_grade: [\"4\"]}"), "150000: 1500.00 yuan, by the table");
  EXPECT_EQ(Of(amount, "{training_grade: [\"5\"]}", "2024-12-31"),
            "90000: 900.00 yuan, by the table");
  EXPECT_EQ(Of(amount, "{training_grade: [\"9\"]}"), "0: 0.00 yuan, by the table");
  EXPECT_EQ(Of(amount), "150000: at most 1500.00 yuan, by the table");
}

TEST(AmountTest, OutOfItsTimeThereIsNone) {
  EXPECT_EQ(Of("{base: base_fen}", "{}", "2030-01-01"), "0: ");
  EXPECT_EQ(Of("{kind: share, of: own_insurance_month_fen, numerator: two, denominator: three}",
               "{own_insurance_month_fen: 3}", "2019-12-31"),
            "0: ");
}

TEST(AmountTest, InChinese) {
  const Policy policy =
      Read("{kind: range, base: base_fen, low: half, high: whole, months: 36}").value();
  const PersonFacts person(FactSet(), CivilDate::Of(2026, 3, 15));
  EXPECT_EQ(AmountFormula(policy, person, true), "50%至100% × 1950.00元/月，36个月");
}

TEST(AmountTest, ItIsUnverifiedOnTheDaysOfThoseRows) {
  const Policy rate = Read("{base: base_fen}").value();
  EXPECT_FALSE(AmountUnverified(rate, CivilDate::Of(2024, 12, 31)));
  EXPECT_TRUE(AmountUnverified(rate, CivilDate::Of(2025, 1, 1)));
  const Policy table = Read("{kind: table, table: grades, of: training_grade}").value();
  EXPECT_FALSE(AmountUnverified(table, CivilDate::Of(2024, 12, 31)));
  EXPECT_TRUE(AmountUnverified(table, CivilDate::Of(2025, 1, 1)));
}

TEST(AmountTest, NoAmountOverflows) {
  EXPECT_EQ(Of("{kind: share, of: own_insurance_month_fen, numerator: two, denominator: three}",
               "{own_insurance_month_fen: 999999999999999}"),
            "666666666667: 2/3 of 10000000000.00 yuan a month");
}

TEST(AmountTest, MistakesAreNamedWithTheirPlace) {
  const auto refused = [](const std::string& amount, const std::string& message) {
    const auto policy = Read(amount);
    EXPECT_THAT(policy, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message))) << amount;
    EXPECT_THAT(policy, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("p.yaml:")))
        << amount;
  };
  refused("{kind: script, base: base_fen}", "unknown kind script");
  refused("{kind: ceiling, base: base_fen, months: 3}", "unknown key months");
  refused("{kind: ceiling}", "missing key base");
  refused("{kind: ceiling, base: money}", "there is no such parameter");
  refused("{kind: monthly, base: base_fen, months_by: months}", "go together");
  refused("{kind: monthly, base: base_fen, of: insured_months}", "go together");
  refused("{kind: monthly, base: base_fen, months: 3, months_by: months, of: insured_months}",
          "either months or months_by");
  refused("{kind: monthly, base: base_fen, months_by: grades, of: insured_months}",
          "does not fit the table");
  refused("{kind: monthly, base: base_fen, months_by: weeks, of: insured_months}",
          "there is no such table");
  refused("{kind: monthly, base: base_fen, months_by: months, of: employed}",
          "does not fit the fact");
  refused("{kind: monthly, base: base_fen, months_by: months, of: happiness}",
          "unknown fact happiness");
  refused("{kind: share, of: own_insurance_month_fen, numerator: two, denominator: none}",
          "from 1 to 1000");
  refused("{kind: range, base: base_fen, low: half, high: base_fen}", "at most 10000 per mille");
  refused("{kind: table, table: months, of: training_grade}", "does not fit the table");
  refused("{base: base_fen, months: 1201}", "must be from 1 to 1200");
}

TEST(AmountTest, MistakesInTablesAreNamedWithTheirPlace) {
  const auto refused = [](const std::string& from, const std::string& to,
                          const std::string& message) {
    std::string text = absl::StrCat(kHead, "amount: {base: base_fen}", kTail);
    ASSERT_NE(text.find(from), std::string::npos) << from;
    text.replace(text.find(from), from.size(), to);
    const auto file = YamlNode::Parse("p.yaml", text);
    EXPECT_THAT(ReadPolicy(file.value()),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)))
        << to;
  };
  refused("{at_least: 60, value: 18}", "{at_least: 12, value: 18}", "must rise");
  refused("{at_least: 60, value: 18}", "{is: x, value: 18}", "by numbers or by texts");
  refused("{at_least: 60, value: 18}", "{value: 18}", "either at_least or is");
  refused("{at_least: 60, value: 18}", "{at_least: 60, value: -1}", "must be from 0");
  refused("{is: \"4\", value: 150000}", "{is: \"5\", value: 150000}", "same text came before");
  refused("to: 2024-12-31, source: s, rows", "to: 2024-12-30, source: s, rows", "leaves a gap");
  refused("to: 2024-12-31, source: s, rows", "to: 2025-01-01, source: s, rows", "overlaps");
  refused("to: 2029-12-31\n      source: s", "to: 2029-12-30\n      source: s",
          "ends before the policy");
}

}  // namespace
}  // namespace anqiao::policy
