#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/model/yaml_reader.h"
#include "hub/policy/catalogue.h"
#include "hub/policy/policy.h"
#include "tests/hub/policy/policy_files.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using ::testing::StartsWith;
using testing::StatusIs;

absl::Status Load(const std::string& policy) {
  return Catalogue::Parse(FilesWith(policy)).status();
}

// A change of the file, what the error points at, and what it says.
struct Mistake {
  absl::string_view from, to, marker, message;
};

class MistakeTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(MistakeTest, IsNamedWithItsPlace) {
  const Mistake& mistake = GetParam();
  const std::string file = Changed(kPolicyFile, mistake.from, mistake.to);
  ASSERT_FALSE(file.empty()) << mistake.from;
  const absl::Status status = Load(file);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               StartsWith(PlaceOf("p.yaml", file, mistake.marker))));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr(std::string(mistake.message))));
  EXPECT_EQ(ReasonOf(status), reason::kCatalogueInvalid);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, MistakeTest,
    ::testing::Values(
        Mistake{"authority:", "author: x\nauthority:", "author:", "unknown key author"},
        Mistake{"authority: 某部门\n", "", "id: p", "missing key authority"},
        Mistake{"view: training", "view: training\nview: loan", "view: loan", "repeated key view"},
        Mistake{"view: training", "view: everything", "everything", "unknown value everything"},
        Mistake{"provider: employment", "provider: club", "club", "unknown value club"},
        Mistake{"id: p\n", "id: {a: b}\n", "{a: b}", "expected text"},
        Mistake{"zh: 标题, ", "", "{en: Title}", "missing key zh"},
        Mistake{"evidence:\n  - 证明", "evidence: []", "[]", "expected a list that is not empty"}));

INSTANTIATE_TEST_SUITE_P(
    Conditions, MistakeTest,
    ::testing::Values(
        Mistake{"      law: {instrument: 某法, article: 第二条}\n", "", "id: long_enough",
                "missing key law"},
        Mistake{"article: 第二条}", "}", "{instrument: 某法, }", "missing key article"},
        Mistake{"      category: LONG", "      remark: x", "remark", "unknown key remark"},
        Mistake{"id: employed", "id: long_enough\n        #", "long_enough\n        #",
                "a condition with this id came before"},
        Mistake{"fact: employed", "fact: happy", "happy", "unknown fact happy"},
        Mistake{"op: equals", "op: resembles", "resembles", "unknown operator resembles"},
        Mistake{"op: equals", "op: at_least", "at_least\n        value", "does not fit the fact"},
        Mistake{"        value: true\n", "", "id: employed", "expected either value or parameter"},
        Mistake{"value: true", "value: maybe", "maybe", "expected true or false"},
        Mistake{"parameter: months_min", "parameter: weeks", "weeks", "there is no such parameter"},
        Mistake{"parameter: months_min", "value: 1201", "1201", "must be from 0 to 1200"},
        Mistake{"parameter: months_min", "value: 1.5", "1.5", "expected a whole number"},
        Mistake{"value: true", "parameter: months_min", "months_min\n        law",
                "only a number can be a parameter"},
        Mistake{"conditions:\n  all:", "conditions:\n  every:", "every", "unknown key every"},
        Mistake{"conditions:\n  all:", "conditions:\n  of:", "of:", "missing key at_least"},
        Mistake{"conditions:\n  all:", "conditions:\n  at_least: 3\n  of:", "3\n  of:",
                "must be from 1 to the number of conditions"},
        Mistake{"conditions:\n  all:", "conditions:\n  any: []\n  all:", "any: []",
                "unknown key"}));

INSTANTIATE_TEST_SUITE_P(
    Dates, MistakeTest,
    ::testing::Values(
        Mistake{"{from: 2025-01-01", "{from: 2025-01-02", "{from: 2025-01-02",
                "leaves a gap after the dates before it"},
        Mistake{"{from: 2025-01-01", "{from: 2024-12-31", "{from: 2024-12-31",
                "overlaps the dates before it"},
        Mistake{"{from: 2020-01-01, to: 2024-12-31", "{from: 2020-01-02, to: 2024-12-31",
                "{from: 2020-01-02", "begins after the policy"},
        Mistake{"to: 2029-12-31, value: 12", "to: 2029-12-30, value: 12", "{from: 2025-01-01",
                "ends before the policy"},
        Mistake{"to: 2024-12-31", "to: 2019-12-31", "2019-12-31, value", "ends before it begins"},
        Mistake{"effective: {from: 2020-01-01", "effective: {from: 2020-02-30", "2020-02-30",
                "expected a day"},
        Mistake{"effective: {from: 2020-01-01", "effective: {from: 2020-01", "2020-01, to",
                "expected a day"},
        Mistake{"value: 12, source: s", "value: 12", "{from: 2025-01-01", "missing key source"},
        Mistake{"value: 100000", "value: -1", "-1, source", "must be from 0 to 100000000000"},
        Mistake{"base: base_fen", "base: money", "money", "there is no such parameter"},
        Mistake{"factor: factor", "factor: base_fen", "base_fen, months", "a factor is at most"},
        Mistake{"months: 18", "months: 0", "0}\ncond", "must be from 1 to 1200"}));

INSTANTIATE_TEST_SUITE_P(
    OwnTests, MistakeTest,
    ::testing::Values(Mistake{"    expect: ELIGIBLE\n", "    expect: NOT_ELIGIBLE\n",
                              "name: long enough",
                              "test failed: long enough: expected NOT_ELIGIBLE, got ELIGIBLE"},
                      Mistake{"    expect: ELIGIBLE\n", "    expect: PERHAPS\n", "PERHAPS",
                              "unknown value PERHAPS"},
                      Mistake{"ELIGIBLE\n    category: LONG\n", "ELIGIBLE\n    category: SHORT\n",
                              "SHORT", "test failed: got LONG"},
                      Mistake{"    from: 2020-01-01\n", "    from: 2020-01-02\n", "2020-01-02\n",
                              "test failed: got 2020-01-01"},
                      Mistake{"unemployed_months: 12, employed", "weeks: 12, employed",
                              "12, employed", "unknown fact weeks"},
                      Mistake{"{unemployed_months: 12, employed: false}",
                              "{unemployed_months: long, employed: false}", "long, employed",
                              "expected a whole number"}));

TEST(ReadPolicyTest, TheFileWithoutAMistakeLoads) { AQ_EXPECT_OK(Load(kPolicyFile)); }

TEST(ReadPolicyTest, WhatIsNoYamlIsNamedWithItsPlace) {
  const absl::Status status = Load("id: [p\ntitle: }");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("p.yaml:2:")));
  EXPECT_EQ(ReasonOf(status), reason::kCatalogueInvalid);
}

TEST(ReadPolicyTest, AFileIsOneDocument) {
  EXPECT_THAT(Load(""), StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("p.yaml:1:1: ")));
  EXPECT_THAT(Load(absl::StrCat(kPolicyFile, "---\n", kPolicyFile)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected one document")));
  EXPECT_THAT(Load("- a\n- b\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected keys with values")));
}

TEST(ReadPolicyTest, AFileIsBounded) {
  EXPECT_THAT(Load(absl::StrCat(kPolicyFile, "#", std::string(model::kFileBytesMax, 'x'))),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 262144 bytes")));
}

TEST(ReadPolicyTest, ConditionsAreNotNestedWithoutEnd) {
  std::string opening = "conditions: ";
  std::string closing;
  for (int i = 0; i < 5000; ++i) {
    absl::StrAppend(&opening, "{not: ");
    closing += "}";
  }
  const std::string file = Changed(kPolicyFile, "conditions:", absl::StrCat(opening, "a", closing));
  EXPECT_THAT(Load(file), StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("p.yaml:")));
  const std::string nine = Changed(
      kPolicyFile, "        id: employed",
      "          not: {not: {not: {not: {not: {not: {not: {id: x}}}}}}}\n        # id: employed");
  EXPECT_THAT(Load(nine), StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("p.yaml:")));
}

TEST(ReadPolicyTest, ThereIsABoundOnConditions) {
  std::string many;
  for (int i = 0; i < 64; ++i) {
    absl::StrAppend(&many, "    - {id: c", i, ", fact: employed, op: equals, value: true, law: ",
                    "{instrument: a, article: b}, label: {zh: c, en: d}}\n");
  }
  const std::string file = Changed(kPolicyFile, "    - not:", absl::StrCat(many, "    - not:"));
  EXPECT_THAT(Load(file), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("more than 64")));
}

// One condition on one fact, judged on 2026-03-15.
absl::StatusOr<std::string> JudgeOne(absl::string_view condition, absl::string_view facts) {
  const std::string head(
      absl::string_view(kPolicyFile).substr(0, absl::string_view(kPolicyFile).find("conditions:")));
  for (const char* expect : {"ELIGIBLE", "NOT_ELIGIBLE", "UNKNOWN", "ELIGIBLE_FROM"}) {
    const absl::Status status = Load(absl::StrCat(
        head, "conditions:\n  {id: c, ", condition,
        ", law: {instrument: a, article: b}, label: {zh: c, en: d}}\ntests:\n  - {name: n, as_of: "
        "2026-03-15, facts: {",
        facts, "}, expect: ", expect, "}\n"));
    if (status.ok()) return std::string(expect);
    if (!absl::StrContains(status.message(), "test failed")) return status;
  }
  return absl::InternalError("no expectation fits");
}

struct Judgement {
  absl::string_view condition, facts, result;
};

class OperatorTest : public ::testing::TestWithParam<Judgement> {};

TEST_P(OperatorTest, Judges) {
  const Judgement& judgement = GetParam();
  EXPECT_THAT(JudgeOne(judgement.condition, judgement.facts),
              IsOkAndHolds(std::string(judgement.result)))
      << judgement.condition << " of " << judgement.facts;
}

INSTANTIATE_TEST_SUITE_P(
    Flags, OperatorTest,
    ::testing::Values(
        Judgement{"fact: employed, op: equals, value: true", "employed: true", "ELIGIBLE"},
        Judgement{"fact: employed, op: equals, value: false", "employed: true", "NOT_ELIGIBLE"},
        Judgement{"fact: employed, op: equals, value: true", "", "UNKNOWN"},
        Judgement{"fact: employed, op: equals, value: true", "employed: MISSING", "UNKNOWN"},
        Judgement{"fact: employed, op: equals, value: true", "employed: STALE", "UNKNOWN"},
        Judgement{"fact: employed, op: equals, value: true", "employed: WITHHELD", "UNKNOWN"},
        Judgement{"fact: employed, op: equals, value: true", "employed: CONFLICTING", "UNKNOWN"}));

INSTANTIATE_TEST_SUITE_P(
    Numbers, OperatorTest,
    ::testing::Values(
        Judgement{"fact: age, op: at_least, value: 50", "age: 50", "ELIGIBLE"},
        Judgement{"fact: age, op: at_least, value: 50", "age: 49", "NOT_ELIGIBLE"},
        Judgement{"fact: age, op: at_most, value: 50", "age: 50", "ELIGIBLE"},
        Judgement{"fact: age, op: at_most, value: 50", "age: 51", "NOT_ELIGIBLE"},
        Judgement{"fact: age, op: equals, value: 50", "age: 50", "ELIGIBLE"},
        Judgement{"fact: age, op: equals, value: 50", "age: 51", "NOT_ELIGIBLE"},
        Judgement{"fact: age, op: range, value: {min: 16, max: 59}", "age: 16", "ELIGIBLE"},
        Judgement{"fact: age, op: range, value: {min: 16, max: 59}", "age: 59", "ELIGIBLE"},
        Judgement{"fact: age, op: range, value: {min: 16, max: 59}", "age: 60", "NOT_ELIGIBLE"},
        Judgement{"fact: age, op: at_least, parameter: months_min", "age: 12", "ELIGIBLE"},
        Judgement{"fact: age, op: at_least, parameter: months_min", "age: 11", "NOT_ELIGIBLE"}));

INSTANTIATE_TEST_SUITE_P(
    Dates, OperatorTest,
    ::testing::Values(
        Judgement{"fact: employment_started, op: exists", "employment_started: 2026-01-01",
                  "ELIGIBLE"},
        Judgement{"fact: employment_started, op: exists", "employment_started: none",
                  "NOT_ELIGIBLE"},
        Judgement{"fact: employment_started, op: range, value: {from: 2026-01-01, to: 2026-01-31}",
                  "employment_started: 2026-01-01", "ELIGIBLE"},
        Judgement{"fact: employment_started, op: range, value: {from: 2026-01-01, to: 2026-01-31}",
                  "employment_started: 2026-01-31", "ELIGIBLE"},
        Judgement{"fact: employment_started, op: range, value: {from: 2026-01-01, to: 2026-01-31}",
                  "employment_started: 2026-02-01", "NOT_ELIGIBLE"},
        Judgement{"fact: employment_started, op: range, value: {from: 2026-01-01}",
                  "employment_started: 2025-12-31", "NOT_ELIGIBLE"},
        Judgement{"fact: employment_started, op: range, value: {from: 2026-01-01}",
                  "employment_started: none", "NOT_ELIGIBLE"},
        Judgement{"fact: employment_started, op: elapsed_at_most, value: 12",
                  "employment_started: 2025-03-15", "ELIGIBLE"},
        Judgement{"fact: employment_started, op: elapsed_at_most, value: 12",
                  "employment_started: 2025-03-14", "NOT_ELIGIBLE"},
        Judgement{"fact: employment_started, op: elapsed_at_least, value: 12",
                  "employment_started: 2025-03-15", "ELIGIBLE"},
        Judgement{"fact: employment_started, op: elapsed_at_least, value: 12",
                  "employment_started: 2025-03-16", "ELIGIBLE_FROM"}));

INSTANTIATE_TEST_SUITE_P(
    Texts, OperatorTest,
    ::testing::Values(
        Judgement{"fact: sex, op: equals, value: \"1\"", "sex: \"1\"", "ELIGIBLE"},
        Judgement{"fact: sex, op: equals, value: \"1\"", "sex: \"2\"", "NOT_ELIGIBLE"},
        Judgement{"fact: sex, op: in, value: [\"1\", \"2\"]", "sex: \"2\"", "ELIGIBLE"},
        Judgement{"fact: sex, op: in, value: [\"1\", \"9\"]", "sex: \"2\"", "NOT_ELIGIBLE"},
        Judgement{"fact: certificate_annotations, op: contains, value: EMPLOYER",
                  "certificate_annotations: [GRADUATE, EMPLOYER]", "ELIGIBLE"},
        Judgement{"fact: certificate_annotations, op: contains, value: EMPLOYER",
                  "certificate_annotations: none", "NOT_ELIGIBLE"}));

TEST(AnswerTest, TheAmountFollowsFromTheParametersOfTheDay) {
  AQ_ASSERT_OK_AND_ASSIGN(const YamlNode file, YamlNode::Parse("p.yaml", kPolicyFile));
  AQ_ASSERT_OK_AND_ASSIGN(const Policy policy, ReadPolicy(file));
  const PersonFacts nothing_known(FactSet(), model::CivilDate::Of(2026, 3, 15));
  const auto answer = Answer(policy, nothing_known);
  EXPECT_EQ(answer.amount_fen(), 187'500);
  EXPECT_EQ(answer.amount_formula(), "1000.00 yuan a year x 1.25, for 18 months");
  EXPECT_EQ(answer.result(), journal::v1::ENTITLEMENT_RESULT_UNKNOWN);
  const auto later = Answer(policy, PersonFacts(FactSet(), model::CivilDate::Of(2030, 1, 1)));
  EXPECT_EQ(later.amount_fen(), 0);
  EXPECT_EQ(later.result(), journal::v1::ENTITLEMENT_RESULT_NOT_ELIGIBLE);
}

TEST(AnswerTest, WhatIsMissingNamesItsHolderOnce) {
  AQ_ASSERT_OK_AND_ASSIGN(const YamlNode file, YamlNode::Parse("p.yaml", kPolicyFile));
  AQ_ASSERT_OK_AND_ASSIGN(const Policy policy, ReadPolicy(file));
  FactSet facts;
  facts.at("employed").state = Fact::State::kStale;
  const auto answer = Answer(policy, PersonFacts(facts, model::CivilDate::Of(2026, 3, 15)));
  ASSERT_EQ(answer.missing_size(), 2);
  EXPECT_EQ(answer.missing(0).fact(), "unemployed_months");
  EXPECT_EQ(answer.missing(0).holder(), "employment");
  EXPECT_EQ(answer.missing(0).condition(), "MISSING");
  EXPECT_EQ(answer.missing(1).fact(), "employed");
  EXPECT_EQ(answer.missing(1).condition(), "STALE");
  ASSERT_EQ(answer.leaves_size(), 3);
  EXPECT_EQ(answer.leaves(0).law(), "某法 第二条");
  EXPECT_EQ(answer.leaves(2).id(), "in_force");
}

}  // namespace
}  // namespace anqiao::policy
