#include "hub/policy/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/errors.h"
#include "hub/policy/catalogue.h"
#include "tests/hub/policy/policy_files.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::policy {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::StatusIs;

constexpr char kProfile[] = R"(profile: "42"
title: {zh: 某省, en: A province}
overrides:
  - policy: p
    parameter: base_fen
    values:
      - {from: 2022-01-01, to: 2025-12-31, value: 200000, source: 省, unverified: true}
  - policy: p
    parameter: factor
    values:
      - {from: 2020-01-01, value: 1100, source: 省}
)";

std::string ProfileOf(absl::string_view division, absl::string_view parameter,
                      absl::string_view values) {
  return absl::StrCat("profile: \"", division, "\"\ntitle: {zh: 地, en: Place}\noverrides:\n",
                      "  - policy: p\n    parameter: ", parameter, "\n    values: [", values,
                      "]\n");
}

std::map<std::string, std::string> Files(const std::map<std::string, std::string>& profiles) {
  std::map<std::string, std::string> files = FilesWith(kPolicyFile);
  for (const auto& [division, text] : profiles) {
    files[absl::StrCat("profiles/", division, ".yaml")] = text;
  }
  return files;
}

// "amount profiles" of nobody on "on".
std::string AnswerIn(const std::map<std::string, std::string>& files,
                     const std::string& jurisdiction, absl::string_view on) {
  const auto catalogue = Catalogue::Parse(files, jurisdiction);
  if (!catalogue.ok()) return catalogue.status().ToString();
  model::Case person;
  person.as_of = model::CivilDate::Parse(on).value();
  const auto answer = (*catalogue)->Evaluate("p", person).value();
  EXPECT_EQ(answer.jurisdiction(), jurisdiction);
  return absl::StrCat(answer.amount_fen(), " ", absl::StrJoin(answer.profiles(), ","));
}

TEST(ProfileTest, ValuesOfTheJurisdictionStandInForThoseOfThePolicy) {
  const auto files = Files({{"42", kProfile}});
  EXPECT_EQ(AnswerIn(files, "", "2024-03-15"), "187500 ");
  EXPECT_EQ(AnswerIn(files, "43", "2024-03-15"), "187500 ");
  EXPECT_EQ(AnswerIn(files, "421202003000", "2024-03-15"), "330000 42");
  // Only on the days that they name.
  EXPECT_EQ(AnswerIn(files, "42", "2021-12-31"), "165000 42");
  EXPECT_EQ(AnswerIn(files, "42", "2022-01-01"), "330000 42");
  EXPECT_EQ(AnswerIn(files, "42", "2025-12-31"), "330000 42");
  EXPECT_EQ(AnswerIn(files, "42", "2026-01-01"), "165000 42");
}

TEST(ProfileTest, TheLongestPrefixWinsParameterByParameter) {
  const auto files = Files(
      {{"42", kProfile},
       {"4212", ProfileOf("4212", "base_fen", "{from: 2023-01-01, value: 300000, source: 市}")},
       {"421202", ProfileOf("421202", "base_fen",
                            "{from: 2024-01-01, to: 2024-12-31, value: 400000, source: 区}")},
       {"4213", ProfileOf("4213", "base_fen", "{from: 2020-01-01, value: 900000, source: 市}")}});
  EXPECT_EQ(AnswerIn(files, "421202", "2022-06-01"), "330000 42");
  EXPECT_EQ(AnswerIn(files, "421202", "2023-06-01"), "495000 42,4212");
  EXPECT_EQ(AnswerIn(files, "421202", "2024-06-01"), "660000 42,421202");
  EXPECT_EQ(AnswerIn(files, "421202", "2025-06-01"), "495000 42,4212");
  EXPECT_EQ(AnswerIn(files, "421281", "2024-06-01"), "495000 42,4212");
  EXPECT_EQ(AnswerIn(files, "4213", "2024-06-01"), "1485000 42,4213");
}

TEST(ProfileTest, AConditionComparesWithTheProfilesValue) {
  const auto files = Files({{"42", ProfileOf("42", "months_min",
                                             "{from: 2020-01-01, value: 3, source: 省, "
                                             "unverified: true}")}});
  model::Case person;
  person.as_of = model::CivilDate::Of(2026, 3, 15);
  person.known_to_employment = true;
  *person.unemployments.emplace_back().fact.mutable_registered_date() =
      model::CivilDate::Of(2025, 12, 1).ToProto();
  const auto national = Catalogue::Parse(files).value()->Evaluate("p", person).value();
  EXPECT_EQ(national.result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE_FROM);
  EXPECT_FALSE(national.leaves(0).unverified());
  const auto local = Catalogue::Parse(files, "42").value()->Evaluate("p", person).value();
  EXPECT_EQ(local.result(), journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);
  EXPECT_TRUE(local.leaves(0).unverified());
  EXPECT_FALSE(local.leaves(1).unverified());
}

TEST(ProfileTest, TheAnswerNamesEachParameterWithItsSource) {
  const auto catalogue = Catalogue::Parse(Files({{"42", kProfile}}), "42").value();
  model::Case person;
  person.as_of = model::CivilDate::Of(2024, 3, 15);
  const auto answer = catalogue->Evaluate("p", person).value();
  ASSERT_EQ(answer.parameters_size(), 3);
  EXPECT_EQ(answer.parameters(0).name(), "base_fen");
  EXPECT_EQ(answer.parameters(0).value(), 200'000);
  EXPECT_EQ(answer.parameters(0).source(), "省");
  EXPECT_EQ(answer.parameters(0).profile(), "42");
  EXPECT_TRUE(answer.parameters(0).unverified());
  EXPECT_FALSE(answer.parameters(1).unverified());
  EXPECT_EQ(answer.parameters(2).profile(), "");
}

TEST(ProfileTest, ProfilesAreInTheContentAndItsHashWhateverTheJurisdiction) {
  const auto with = Catalogue::Parse(Files({{"42", kProfile}})).value();
  const auto there = Catalogue::Parse(Files({{"42", kProfile}}), "42").value();
  const auto without = Catalogue::Parse(Files({})).value();
  EXPECT_EQ(with->hash(), there->hash());
  EXPECT_NE(with->hash(), without->hash());
  EXPECT_THAT(Catalogue::Unpack(with->content()).value().at("profiles/42.yaml"), kProfile);
}

TEST(ProfileTest, AMistakeIsNamedWithItsPlace) {
  struct Mistake {
    const char *from, *to, *marker, *message;
  };
  const Mistake mistakes[] = {
      {"profile: \"42\"", "profile: \"421\"", "\"421\"", "2, 4, 6, 9 or 12 digits"},
      {"profile: \"42\"", "profile: \"43\"", "profile:", "must be named profiles/43.yaml"},
      {"policy: p", "policy: q", "q\n", "there is no such policy"},
      {"parameter: base_fen", "parameter: money", "money", "there is no such parameter"},
      {"value: 1100", "value: 10001", "- {from: 2020", "a factor is at most"},
      {"value: 1100, source: 省", "value: 1100", "{from: 2020", "missing key source"},
      {"parameter: factor", "parameter: base_fen",
       "policy: p\n    parameter: base_fen\n    "
       "values:\n      - {from: 2020",
       "came before"},
      {"to: 2025-12-31", "to: 2021-12-31", "2021-12-31", "ends before it begins"},
      {"title:", "name:", "name:", "unknown key name"},
  };
  for (const Mistake& mistake : mistakes) {
    const std::string file = Changed(kProfile, mistake.from, mistake.to);
    const absl::Status status = Catalogue::Parse(Files({{"42", file}})).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 StartsWith(PlaceOf("profiles/42.yaml", file, mistake.marker))))
        << mistake.to;
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(mistake.message)));
    EXPECT_EQ(ReasonOf(status), reason::kCatalogueInvalid);
  }
}

TEST(ProfileTest, AJurisdictionIsAPrefixOfDivisionCodes) {
  EXPECT_THAT(Catalogue::Parse(Files({}), "421"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("digits of a division code")));
  EXPECT_THAT(Catalogue::Parse(Files({}), "hubei"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("digits of a division code")));
}

TEST(ProfileTest, TheShippedValuesOfHubeiAreThoseOfItsProfile) {
  model::Case person;
  person.as_of = model::CivilDate::Of(2026, 3, 15);
  const auto formula = [&](const std::string& jurisdiction, const char* policy) {
    const auto catalogue = Catalogue::Load(ANQIAO_POLICIES, jurisdiction).value();
    const auto answer = catalogue->Evaluate(policy, person).value();
    return absl::StrCat(answer.amount_formula(), " ", absl::StrJoin(answer.profiles(), ","));
  };
  EXPECT_EQ(formula("421202003000", "tax-relief-self-employed"),
            "20000.00 yuan a year x 1.2, for 36 months 42");
  EXPECT_EQ(formula("", "tax-relief-self-employed"), "20000.00 yuan a year x 1.0, for 36 months ");
  EXPECT_EQ(formula("42", "tax-relief-employer"), "6000.00 yuan a year x 1.3, for 36 months 42");
  EXPECT_EQ(formula("51", "tax-relief-employer"), "6000.00 yuan a year x 1.0, for 36 months ");
}

}  // namespace
}  // namespace anqiao::policy
