// The evaluation of policies against a plain one that derives every fact anew on every day, on
// random trees, people and days.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/model/yaml_reader.h"
#include "hub/policy/facts.h"
#include "hub/policy/policy.h"
#include "tests/hub/model/person_builder.h"
#include "tests/hub/policy/policy_files.h"
#include "tests/testing/sanitized.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using journal::v1::TRUTH_FALSE;
using journal::v1::TRUTH_TRUE;
using journal::v1::TRUTH_UNKNOWN;
using model::Case;
using model::CivilDate;

constexpr int kHorizonDays = 1000;

// --- The plain evaluation.

Truth PlainAnd(Truth a, Truth b) {
  if (a == TRUTH_FALSE || b == TRUTH_FALSE) return TRUTH_FALSE;
  return a == TRUTH_TRUE && b == TRUTH_TRUE ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

Truth PlainNot(Truth a) {
  return a == TRUTH_TRUE ? TRUTH_FALSE : a == TRUTH_FALSE ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

Truth PlainOr(Truth a, Truth b) { return PlainNot(PlainAnd(PlainNot(a), PlainNot(b))); }

// "n of" as the disjunction over which child holds first.
Truth PlainAtLeast(int threshold, const std::vector<Truth>& truths, std::size_t first) {
  if (threshold <= 0) return TRUTH_TRUE;
  if (first == truths.size()) return TRUTH_FALSE;
  return PlainOr(PlainAnd(truths[first], PlainAtLeast(threshold - 1, truths, first + 1)),
                 PlainAtLeast(threshold, truths, first + 1));
}

Truth PlainDecide(const Expression& node, const std::vector<Truth>& leaves) {
  if (node.kind == Expression::Kind::kLeaf) return leaves[node.leaf];
  std::vector<Truth> children;
  for (const Expression& child : node.children) children.push_back(PlainDecide(child, leaves));
  if (node.kind == Expression::Kind::kNot) return PlainNot(children.front());
  return PlainAtLeast(node.threshold, children, 0);
}

// What one day, of those that a date may mean, comes to.
bool PlainDay(const Leaf& leaf, std::int64_t months, const CivilDate& day, const CivilDate& on) {
  if (leaf.op == Operator::kRange) {
    return !(day < leaf.from) && (leaf.to.empty() || !(leaf.to < day));
  }
  const CivilDate back = on.AddMonths(-static_cast<int>(months));
  if (!leaf.at_most) return back.DayNumber() >= day.DayNumber();
  return back.DayNumber() <= day.DayNumber() && day.DayNumber() <= on.DayNumber();
}

bool PlainNumber(const Leaf& leaf, std::int64_t limit, std::int64_t value) {
  if (leaf.op == Operator::kRange) return value >= leaf.number_min && value <= leaf.number_max;
  if (leaf.op == Operator::kAtMost) return !(value > limit);
  if (leaf.op == Operator::kAtLeast) return !(value < limit);
  return value == limit;
}

Truth PlainJudge(const Policy& policy, const Leaf& leaf, const FactSet& facts,
                 const CivilDate& on) {
  const Fact& fact = facts[leaf.fact];
  if (fact.state != Fact::State::kValue) return TRUTH_UNKNOWN;
  const auto of = [](bool holds) { return holds ? TRUTH_TRUE : TRUTH_FALSE; };
  const bool none = std::holds_alternative<std::monostate>(fact.value);
  if (leaf.op == Operator::kExists) return of(!none);
  std::int64_t number = leaf.number;
  if (!leaf.parameter.empty()) {
    bool found = false;
    for (const DatedValue& row : policy.parameters.at(leaf.parameter)) {
      if (on < row.from || (!row.to.empty() && row.to < on)) continue;
      number = row.value;
      found = true;
    }
    if (!found) return TRUTH_FALSE;
  }
  if (none) return TRUTH_FALSE;
  if (const bool* flag = std::get_if<bool>(&fact.value)) return of(*flag == leaf.flag);
  if (const auto* value = std::get_if<std::int64_t>(&fact.value)) {
    return of(PlainNumber(leaf, number, *value));
  }
  if (const auto* date = std::get_if<CivilDate>(&fact.value)) {
    const bool first = PlainDay(leaf, number, date->FirstDay(), on);
    return first == PlainDay(leaf, number, date->LastDay(), on) ? of(first) : TRUTH_UNKNOWN;
  }
  for (const std::string& text : std::get<std::vector<std::string>>(fact.value)) {
    if (std::count(leaf.texts.begin(), leaf.texts.end(), text) > 0) return TRUTH_TRUE;
  }
  return TRUTH_FALSE;
}

struct Plain {
  std::vector<Truth> truths;
  Truth now = TRUTH_UNKNOWN;
  // Within the horizon.
  CivilDate next_change, eligible_from;
};

std::vector<Truth> PlainTruths(const Policy& policy, const FactSet& facts, const CivilDate& on) {
  std::vector<Truth> truths;
  for (const Leaf& leaf : policy.leaves) truths.push_back(PlainJudge(policy, leaf, facts, on));
  return truths;
}

Plain PlainEvaluate(const Policy& policy, const std::vector<FactSet>& days, const CivilDate& on) {
  Plain plain;
  plain.truths = PlainTruths(policy, days.front(), on);
  plain.now = PlainDecide(policy.conditions, plain.truths);
  for (int shift = 1; shift <= kHorizonDays; ++shift) {
    const CivilDate day = on.AddDays(shift);
    const Truth then = PlainDecide(policy.conditions,
                                   PlainTruths(policy, days[static_cast<std::size_t>(shift)], day));
    if (then != plain.now && plain.next_change.empty()) plain.next_change = day;
    if (plain.now != TRUTH_FALSE) {
      if (!plain.next_change.empty()) return plain;
    } else if (then == TRUTH_TRUE) {
      plain.eligible_from = day;
      return plain;
    }
  }
  return plain;
}

// --- Random policies and people.

class EvaluationTest : public ::testing::Test {
 protected:
  int Draw(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
  bool Chance(int in) { return Draw(in) == 0; }

  CivilDate Day() { return CivilDate::Of(2024, 1, 1).AddDays(Draw(1800)); }

  // Often only to the month, sometimes to the year; the ends of months often.
  CivilDate Date() {
    CivilDate day = Day();
    if (Chance(4)) day = CivilDate::Of(day.year, day.month).LastDay();
    if (Chance(4)) return CivilDate::Of(day.year, day.month);
    return Chance(12) ? CivilDate::Of(day.year) : day;
  }
  type::v1::CivilDate ProtoDate() { return Date().ToProto(); }
  type::v1::CivilDate MaybeDate() { return Chance(2) ? type::v1::CivilDate() : ProtoDate(); }

  template <typename Record>
  Record& Add(std::vector<model::Stated<Record>>& records) {
    return records.emplace_back().fact;
  }

  void AddEmployment(Case& person) {
    for (int i = Draw(3); i > 0; --i) {
      auto& fact = Add(person.unemployments);
      *fact.mutable_registered_date() = ProtoDate();
      *fact.mutable_ended_date() = MaybeDate();
    }
    for (int i = Draw(3); i > 0; --i) {
      auto& fact = Add(person.employments);
      *fact.mutable_contract_start_date() = ProtoDate();
      *fact.mutable_contract_end_date() = MaybeDate();
      *fact.mutable_social_insurance_from_month() = MaybeDate();
    }
    for (int i = Draw(2); i > 0; --i) {
      auto& fact = Add(person.difficulties);
      *fact.mutable_valid_from_date() = ProtoDate();
      *fact.mutable_valid_to_date() = MaybeDate();
    }
    for (int i = Draw(2); i > 0; --i) {
      auto& fact = Add(person.certificates);
      *fact.mutable_issued_date() = MaybeDate();
      fact.add_annotations(Chance(2) ? "EMPLOYER" : "SELF_EMPLOYMENT");
    }
    for (int i = Draw(3); i > 0; --i) {
      auto& fact = Add(person.trainings);
      *fact.mutable_completed_date() = MaybeDate();
      if (!Chance(3)) fact.set_qualification_number("Q1");
    }
  }

  Case Person() {
    Case person;
    person.as_of = Day();
    person.sex = Chance(4) ? "" : Chance(2) ? "1" : "2";
    if (!Chance(4)) {
      // Around the ages that conditions ask for, within the horizon.
      person.birth_date = Date().AddYears(-(Chance(2) ? 16 : 14 + Draw(48)));
    }
    person.known_to_employment = !Chance(4);
    person.known_to_civil_affairs = !Chance(4);
    person.known_to_tax = !Chance(4);
    AddEmployment(person);
    for (int i = Draw(3); i > 0; --i) {
      auto& fact = Add(person.household_reliefs);
      fact.set_kind(Chance(2) ? journal::v1::RELIEF_KIND_URBAN_MINIMUM_LIVING
                              : journal::v1::RELIEF_KIND_RURAL_MINIMUM_LIVING);
      fact.set_zero_employment(Chance(2));
      *fact.mutable_from_month() = ProtoDate();
      *fact.mutable_to_month() = MaybeDate();
    }
    for (int i = Draw(3); i > 0; --i) {
      auto& fact = Add(person.businesses);
      *fact.mutable_registered_date() = ProtoDate();
      *fact.mutable_deregistered_date() = MaybeDate();
    }
    if (Chance(3)) Add(person.tax_reliefs).set_policy("tax-relief-employer");
    return person;
  }

  void DrawNumber(const FactKind& kind, Leaf& leaf) {
    const int most = kind.name == "age" ? 64 : 24;
    leaf.op = std::vector<Operator>{Operator::kEquals, Operator::kAtLeast, Operator::kAtMost,
                                    Operator::kRange}[static_cast<std::size_t>(Draw(4))];
    leaf.number = Draw(most);
    leaf.number_min = Draw(most);
    leaf.number_max = leaf.number_min + Draw(8);
    if (leaf.op != Operator::kRange && Chance(4)) leaf.parameter = "months";
  }

  void DrawDate(Leaf& leaf) {
    leaf.op = std::vector<Operator>{Operator::kExists, Operator::kRange,
                                    Operator::kElapsed}[static_cast<std::size_t>(Draw(3))];
    leaf.number = Draw(24);
    leaf.at_most = Chance(2);
    leaf.from = Day();
    if (Chance(2)) leaf.to = leaf.from.AddDays(Draw(700));
    if (leaf.op == Operator::kElapsed && Chance(4)) leaf.parameter = "months";
  }

  Leaf DrawLeaf(std::size_t index) {
    Leaf leaf;
    leaf.id = absl::StrCat("leaf_", index);
    leaf.fact = static_cast<std::size_t>(Draw(static_cast<int>(FactKinds().size())));
    const FactKind& kind = FactKinds()[leaf.fact];
    leaf.of_day = kind.name == "as_of_date";
    switch (kind.type) {
      case FactType::kFlag:
        leaf.op = Operator::kEquals;
        leaf.flag = Chance(2);
        break;
      case FactType::kNumber:
        DrawNumber(kind, leaf);
        break;
      case FactType::kDate:
        DrawDate(leaf);
        break;
      case FactType::kTexts:
        leaf.op = Operator::kContains;
        leaf.texts = {kind.name == "sex" ? "1" : "EMPLOYER"};
    }
    if (Chance(2)) leaf.category = absl::StrCat("CATEGORY_", index);
    return leaf;
  }

  // Each leaf of [first, last) once, in order.
  Expression Tree(std::size_t first, std::size_t last) {
    Expression node;
    if (Draw(6) == 0) {
      node.kind = Expression::Kind::kNot;
      node.children.push_back(Tree(first, last));
      return node;
    }
    if (last - first == 1) {
      node.leaf = first;
      return node;
    }
    node.kind = Expression::Kind::kAtLeast;
    while (first < last) {
      const std::size_t end = first + 1 + static_cast<std::size_t>(Draw(3));
      const std::size_t next = std::min(end, node.children.empty() ? last - 1 : last);
      node.children.push_back(Tree(first, next));
      first = next;
    }
    const int count = static_cast<int>(node.children.size());
    node.threshold = Chance(2) ? count : 1 + Draw(count);
    return node;
  }

  Policy DrawPolicy() {
    Policy policy;
    policy.summary.id = "p";
    const CivilDate turn = Day();
    policy.parameters["months"] = {
        {CivilDate::Of(2023, 1, 1), turn, Draw(18), "s", false, ""},
        {turn.AddDays(1), Chance(2) ? CivilDate() : turn.AddDays(1 + Draw(900)), Draw(18), "s",
         false, ""}};
    const std::size_t count = static_cast<std::size_t>(1 + Draw(7));
    for (std::size_t i = 0; i < count; ++i) policy.leaves.push_back(DrawLeaf(i));
    policy.conditions = Tree(0, count);
    return policy;
  }

  std::mt19937 random_{20261129};
};

RetirementTable Table() {
  return RetirementTable::Read(YamlNode::Parse("retirement.yaml", RetirementFile()).value())
      .value();
}

std::vector<FactSet> FactsOfEachDay(const Case& person, const RetirementTable& table) {
  std::vector<FactSet> days;
  for (int shift = 0; shift <= kHorizonDays; ++shift) {
    days.push_back(DeriveFacts(person, person.as_of.AddDays(shift), table));
  }
  return days;
}

// What lies beyond the horizon was not looked at by the plain evaluation.
CivilDate Within(const CivilDate& day, const CivilDate& on) {
  return day > on.AddDays(kHorizonDays) ? CivilDate() : day;
}

std::string Described(const Policy& policy, const FactSet& facts, const CivilDate& on) {
  std::string text = absl::StrCat("on ", on.ToString());
  for (const Leaf& leaf : policy.leaves) {
    const Fact& fact = facts[leaf.fact];
    absl::StrAppend(&text, "\n  ", FactKinds()[leaf.fact].name, "=", ValueText(fact), " until ",
                    fact.until.ToString(), " op ", static_cast<int>(leaf.op), " number ",
                    leaf.number, leaf.parameter, " most ", leaf.at_most, " from ",
                    leaf.from.ToString(), " to ", leaf.to.ToString());
  }
  return text;
}

TEST_F(EvaluationTest, IsThatOfAPlainOneOnEveryDay) {
  const RetirementTable table = Table();
  int changes = 0, later = 0, unknown = 0;
  const int rounds = testing::kSanitized ? 80 : 400;
  for (int round = 0; round < rounds; ++round) {
    const Case person = Person();
    const std::vector<FactSet> days = FactsOfEachDay(person, table);
    const PersonFacts facts(person, person.as_of, table);
    for (int i = 0; i < 12; ++i) {
      const Policy policy = DrawPolicy();
      SCOPED_TRACE(Described(policy, days.front(), person.as_of));
      const Plain plain = PlainEvaluate(policy, days, person.as_of);
      const Decision decision = Decide(policy, facts);
      const auto expected = plain.now == TRUTH_TRUE      ? journal::v1::ENTITLEMENT_RESULT_ELIGIBLE
                            : plain.now == TRUTH_UNKNOWN ? journal::v1::ENTITLEMENT_RESULT_UNKNOWN
                            : plain.eligible_from.empty()
                                ? journal::v1::ENTITLEMENT_RESULT_NOT_ELIGIBLE
                                : journal::v1::ENTITLEMENT_RESULT_ELIGIBLE_FROM;
      const CivilDate from = Within(decision.eligible_from, person.as_of);
      if (from == decision.eligible_from) {
        ASSERT_EQ(decision.result, expected);
      }
      ASSERT_EQ(from.ToString(), plain.eligible_from.ToString());
      ASSERT_EQ(Within(decision.next_change, person.as_of).ToString(),
                plain.next_change.ToString());
      changes += plain.next_change.empty() ? 0 : 1;
      later += plain.eligible_from.empty() ? 0 : 1;
      unknown += plain.now == TRUTH_UNKNOWN ? 1 : 0;
    }
  }
  // The people and policies are such that it means something.
  EXPECT_GT(changes, rounds * 3 / 4);
  EXPECT_GT(later, rounds / 8);
  EXPECT_GT(unknown, rounds / 4);
}

TEST_F(EvaluationTest, TheReasonsAreThoseOfAPlainOne) {
  const RetirementTable table = Table();
  journal::v1::EntitlementAnswer used_again;
  for (int round = 0; round < 3000; ++round) {
    const Case person = Person();
    const PersonFacts facts(person, person.as_of, table);
    const FactSet plain_facts = DeriveFacts(person, person.as_of, table);
    const Policy policy = DrawPolicy();
    const auto answer = Answer(policy, facts);
    std::vector<Truth> truths = PlainTruths(policy, plain_facts, person.as_of);
    const Truth now = PlainDecide(policy.conditions, truths);
    ASSERT_EQ(answer.leaves_size(), static_cast<int>(truths.size()));
    for (std::size_t i = 0; i < truths.size(); ++i) {
      const auto& leaf = answer.leaves(static_cast<int>(i));
      ASSERT_EQ(leaf.truth(), truths[i]);
      ASSERT_EQ(leaf.value(), ValueText(plain_facts[policy.leaves[i].fact]));
      if (truths[i] == TRUTH_UNKNOWN) continue;
      const Truth was = truths[i];
      truths[i] = PlainNot(was);
      ASSERT_EQ(leaf.decisive(), PlainDecide(policy.conditions, truths) != now);
      truths[i] = was;
    }
    const Decision decision = Decide(policy, facts);
    ASSERT_EQ(answer.result(), decision.result);
    ASSERT_EQ(CivilDate::FromProto(answer.next_change_date()), decision.next_change);
    ASSERT_EQ(CivilDate::FromProto(answer.eligible_from_date()), decision.eligible_from);
    ASSERT_EQ(answer.category(), decision.category);
    // Nothing is left of what a message held before.
    WriteAnswer(policy, facts, Evaluate(policy, facts), &used_again);
    ASSERT_EQ(used_again.SerializeAsString(), answer.SerializeAsString());
  }
}

// Each fact holds until the day that it names, but for counting.
TEST_F(EvaluationTest, AFactChangesOnNoDayBeforeTheOneThatItNames) {
  const RetirementTable table = Table();
  for (int round = 0; round < 300; ++round) {
    const Case person = Person();
    const PersonFacts facts(person, person.as_of, table);
    for (std::size_t i = 0; i < FactKinds().size(); ++i) {
      const Fact& fact = facts[i];
      if (FactKinds()[i].name == "as_of_date" || fact.step_months > 0) continue;
      for (int shift = 1; shift <= 400; ++shift) {
        const CivilDate day = person.as_of.AddDays(shift);
        if (!fact.until.empty() && fact.until <= day) break;
        const Fact then = facts.On(i, day);
        ASSERT_EQ(then.state, fact.state) << FactKinds()[i].name;
        ASSERT_EQ(then.value, fact.value) << FactKinds()[i].name << day.ToString();
        ASSERT_EQ(then.step_months, 0) << FactKinds()[i].name;
      }
    }
  }
}

}  // namespace
}  // namespace anqiao::policy
