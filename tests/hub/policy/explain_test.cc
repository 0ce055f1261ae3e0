#include "hub/policy/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "hub/policy/catalogue.h"
#include "tests/hub/policy/policy_files.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::policy {
namespace {

using model::CivilDate;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Someone with a business and a certificate whose household is on urban relief.
model::Case Person() {
  model::Case person;
  person.as_of = CivilDate::Of(2026, 3, 15);
  person.sex = "1";
  person.birth_date = CivilDate::Of(1986, 3, 15);
  person.known_to_civil_affairs = true;
  person.known_to_employment = true;
  person.known_to_tax = true;
  *person.businesses.emplace_back().fact.mutable_registered_date() =
      CivilDate::Of(2026, 2, 1).ToProto();
  *person.unemployments.emplace_back().fact.mutable_registered_date() =
      CivilDate::Of(2026, 1, 10).ToProto();
  person.certificates.emplace_back().fact.add_annotations("SELF_EMPLOYMENT");
  auto& relief = person.household_reliefs.emplace_back().fact;
  relief.set_kind(journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING);
  *relief.mutable_from_month() = CivilDate::Of(2025, 7).ToProto();
  return person;
}

const Catalogue& Shipped() {
  static const auto& catalogue = *Catalogue::Load(ANQIAO_POLICIES, "421202").value().release();
  return catalogue;
}

std::string Explained(const model::Case& person, absl::string_view reader,
                      Language language = Language::kEn) {
  const auto answer = Shipped().Evaluate("tax-relief-self-employed", person).value();
  return absl::StrJoin(Shipped().Explain(answer, reader, language), "\n");
}

TEST(ExplainTest, TheCaseworkerSeesTheWholeTree) {
  const std::string text = Explained(Person(), "caseworker");
  EXPECT_THAT(text, HasSubstr("answer: eligible (as of 2026-03-15)\n"));
  EXPECT_THAT(text, HasSubstr("amount, at most: 72000.00 yuan = 20000.00 yuan a year x 1.2, for "
                              "36 months (unverified)\n"));
  EXPECT_THAT(text, HasSubstr("\nall of [yes]\n"));
  EXPECT_THAT(text, HasSubstr("\n  any of [yes]\n"));
  EXPECT_THAT(text, HasSubstr("\n        [no] Registered as unemployed for six months or more "
                              "(unemployed_months = 2; employment bureau; 2026-01-10; "));
  EXPECT_THAT(text, HasSubstr("[yes] Household on urban minimum living relief "
                              "(urban_minimum_living = true; civil affairs; 2025-07; "
                              "公告2023年第15号 第一条) *decisive"));
  EXPECT_THAT(text, HasSubstr("next change by time alone: 2029-02-01"));
  EXPECT_THAT(text, HasSubstr("parameter: province_permille = 1200 (湖北省上浮百分之二十; profile "
                              "42) (unverified)"));
  EXPECT_THAT(text, HasSubstr(Shipped().hash()));
}

TEST(ExplainTest, InChinese) {
  const std::string text = Explained(Person(), "caseworker", Language::kZh);
  EXPECT_THAT(text, HasSubstr("重点群体从事个体经营税收扣减\n结论：符合条件（截至 2026-03-15）"));
  EXPECT_THAT(text, HasSubstr("最高金额：72000.00元 = 20000.00元/年 x 1.2，36个月（未核实）"));
  EXPECT_THAT(text,
              HasSubstr("[是] 享受城市居民最低生活保障家庭（urban_minimum_living = true; 民政"));
}

TEST(ExplainTest, ARecipientSeesOnlyWhatItMaySee) {
  const std::string text = Explained(Person(), "tax");
  EXPECT_THAT(text, HasSubstr("answer: eligible"));
  EXPECT_THAT(text, HasSubstr("[yes] Business registered within the policy's time "
                              "(business_registered = 2026-02-01; tax office; 2026-02-01; "));
  // Another agency's fact without its value and date.
  EXPECT_THAT(text, HasSubstr("[no] Registered as unemployed for six months or more "
                              "(unemployed_months; employment bureau; 公告"));
  EXPECT_THAT(text, Not(HasSubstr("minimum")));
  EXPECT_THAT(text, Not(HasSubstr("Household")));
  EXPECT_THAT(text, Not(HasSubstr("civil affairs")));
  EXPECT_THAT(text, Not(HasSubstr("decisive")));
  EXPECT_THAT(text, Not(HasSubstr("next change")));
}

TEST(ExplainTest, WhatARecipientMayNotSeeChangesNothingForIt) {
  model::Case person = Person();
  *person.unemployments.front().fact.mutable_registered_date() =
      CivilDate::Of(2025, 6, 1).ToProto();
  const std::string with = Explained(person, "tax");
  person.household_reliefs.clear();
  EXPECT_EQ(Explained(person, "tax"), with);
  person.known_to_civil_affairs = false;
  EXPECT_EQ(Explained(person, "tax"), with);
}

TEST(ExplainTest, WhatIsMissingIsSaidToWhoeverMaySeeIt) {
  model::Case person = Person();
  person.businesses.clear();
  person.known_to_tax = false;
  EXPECT_THAT(Explained(person, "caseworker"),
              HasSubstr("missing: business_registered (MISSING; held by tax office)"));
  EXPECT_THAT(Explained(person, "tax"), HasSubstr("missing: business_registered"));
  EXPECT_THAT(Explained(person, "employment"), Not(HasSubstr("business_registered")));
}

TEST(ExplainTest, ThereAreOnlyTheseReaders) {
  for (const char* reader : {"police", "bank", ""}) {
    EXPECT_FALSE(IsReader(reader));
    EXPECT_EQ(Explained(Person(), reader), "");
  }
  auto answer = Shipped().Evaluate("tax-relief-self-employed", Person()).value();
  answer.mutable_leaves()->RemoveLast();
  EXPECT_THAT(Shipped().Explain(answer, "caseworker", Language::kEn), IsEmpty());
  answer.set_policy("no-such");
  EXPECT_THAT(Shipped().Explain(answer, "caseworker", Language::kEn), IsEmpty());
}

}  // namespace
}  // namespace anqiao::policy
