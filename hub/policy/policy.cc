#include "hub/policy/policy.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace anqiao::policy {
namespace {

using journal::v1::EntitlementAnswer;
using journal::v1::TRUTH_FALSE;
using journal::v1::TRUTH_TRUE;
using journal::v1::TRUTH_UNKNOWN;
using model::CivilDate;

// Days visited in search of a change; a policy's facts change on far fewer.
constexpr int kStepsMax = 96;

Truth Of(bool holds) { return holds ? TRUTH_TRUE : TRUTH_FALSE; }

std::optional<std::int64_t> ParameterOn(const Policy& policy, const std::string& name,
                                        const CivilDate& on) {
  const auto it = policy.parameters.find(name);
  if (it == policy.parameters.end()) return std::nullopt;
  for (const DatedValue& row : it->second) {
    if (row.from <= on && (row.to.empty() || on <= row.to)) return row.value;
  }
  return std::nullopt;
}

std::optional<std::int64_t> NumberOf(const Policy& policy, const Leaf& leaf, const CivilDate& on) {
  if (leaf.parameter.empty()) return leaf.number;
  return ParameterOn(policy, leaf.parameter, on);
}

// Of a date without a day both ends must agree.
Truth JudgeDate(const Leaf& leaf, std::int64_t months, const CivilDate& date, const CivilDate& on) {
  const auto holds = [&](const CivilDate& day) {
    if (leaf.op == Operator::kRange) {
      return leaf.from <= day && (leaf.to.empty() || day <= leaf.to);
    }
    const CivilDate limit = on.AddMonths(-static_cast<int>(months));
    return leaf.at_most ? limit <= day && day <= on : day <= limit;
  };
  const bool first = holds(date.FirstDay());
  return first == holds(date.LastDay()) ? Of(first) : TRUTH_UNKNOWN;
}

bool JudgeNumber(const Leaf& leaf, std::int64_t limit, std::int64_t value) {
  switch (leaf.op) {
    case Operator::kAtMost:
      return value <= limit;
    case Operator::kRange:
      return leaf.number_min <= value && value <= leaf.number_max;
    case Operator::kEquals:
      return value == limit;
    default:
      return value >= limit;
  }
}

bool JudgeTexts(const Leaf& leaf, const std::vector<std::string>& values) {
  return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
    return std::find(leaf.texts.begin(), leaf.texts.end(), value) != leaf.texts.end();
  });
}

std::vector<Truth> JudgeAll(const Policy& policy, const FactSet& facts, const CivilDate& on) {
  std::vector<Truth> truths;
  truths.reserve(policy.leaves.size());
  for (const Leaf& leaf : policy.leaves) truths.push_back(Judge(policy, leaf, facts, on));
  return truths;
}

void AddCandidates(const Policy& policy, const Leaf& leaf, const Fact& fact, const CivilDate& on,
                   std::vector<CivilDate>& out) {
  out.insert(out.end(), fact.changes.begin(), fact.changes.end());
  const std::optional<std::int64_t> number = NumberOf(policy, leaf, on);
  if (fact.step_months > 0) {
    for (const std::int64_t bound : {number.value_or(0), leaf.number_min, leaf.number_max}) {
      for (const std::int64_t count : {bound, bound + 1}) {
        out.push_back(fact.counts_from.AddMonths(static_cast<int>(count) * fact.step_months));
      }
    }
  }
  const auto* date = std::get_if<CivilDate>(&fact.value);
  if (leaf.op == Operator::kElapsed && date != nullptr && number.has_value()) {
    for (const CivilDate& day : {date->FirstDay(), date->LastDay()}) {
      // Around the end of a month the last day that still counts may be up to three days later.
      const CivilDate turn = day.AddMonths(static_cast<int>(*number));
      for (int shift = 0; shift <= 4; ++shift) out.push_back(turn.AddDays(shift));
    }
  }
  if (leaf.fact == "as_of_date") {
    out.push_back(leaf.from);
    if (!leaf.to.empty()) out.push_back(leaf.to.AddDays(1));
  }
  if (const auto it = policy.parameters.find(leaf.parameter); it != policy.parameters.end()) {
    for (const DatedValue& row : it->second) out.push_back(row.from);
  }
}

// The first day after "on" on which time alone may change a condition.
std::optional<CivilDate> NextCandidate(const Policy& policy, const FactSet& facts,
                                       const CivilDate& on) {
  std::vector<CivilDate> candidates;
  for (const Leaf& leaf : policy.leaves) {
    AddCandidates(policy, leaf, facts.at(leaf.fact), on, candidates);
  }
  std::optional<CivilDate> next;
  for (const CivilDate& candidate : candidates) {
    if (candidate > on && (!next.has_value() || candidate < *next)) next = candidate;
  }
  return next;
}

void LookAhead(const Policy& policy, const FactsOn& facts_on, const CivilDate& on, FactSet facts,
               Truth now, EntitlementAnswer& answer) {
  CivilDate day = on;
  for (int step = 0; step < kStepsMax; ++step) {
    const std::optional<CivilDate> next = NextCandidate(policy, facts, day);
    if (!next.has_value()) return;
    day = *next;
    facts = facts_on(day);
    const Truth then = Decide(policy.conditions, JudgeAll(policy, facts, day));
    if (then != now && !answer.has_next_change_date()) {
      *answer.mutable_next_change_date() = day.ToProto();
      if (now != TRUTH_FALSE) return;
    }
    if (now == TRUTH_FALSE && then == TRUTH_TRUE) {
      answer.set_result(journal::v1::ENTITLEMENT_RESULT_ELIGIBLE_FROM);
      *answer.mutable_eligible_from_date() = day.ToProto();
      return;
    }
  }
}

void FillLeaves(const Policy& policy, const FactSet& facts, const std::vector<Truth>& truths,
                EntitlementAnswer& answer) {
  const std::vector<bool> decisive = DecisiveLeaves(policy.conditions, truths);
  for (std::size_t i = 0; i < policy.leaves.size(); ++i) {
    const Leaf& leaf = policy.leaves[i];
    const Fact& fact = facts.at(leaf.fact);
    const FactKind& kind = *FindFactKind(leaf.fact);
    journal::v1::LeafAnswer& out = *answer.add_leaves();
    out.set_id(leaf.id);
    out.set_label_zh(leaf.label_zh);
    out.set_label_en(leaf.label_en);
    out.set_law(leaf.law);
    out.set_truth(truths[i]);
    out.set_fact(leaf.fact);
    out.set_value(ValueText(fact));
    out.set_source(std::string(kind.holder));
    if (!fact.date.empty()) *out.mutable_fact_date() = fact.date.ToProto();
    out.set_decisive(decisive[i]);
    if (truths[i] != TRUTH_UNKNOWN || !decisive[i]) continue;
    const bool listed =
        std::any_of(answer.missing().begin(), answer.missing().end(),
                    [&](const journal::v1::MissingFact& m) { return m.fact() == leaf.fact; });
    if (listed) continue;
    journal::v1::MissingFact& missing = *answer.add_missing();
    missing.set_fact(leaf.fact);
    missing.set_holder(std::string(kind.holder));
    // A date that is known but not to the day lacks its day.
    missing.set_condition(
        std::string(StateName(fact.known() ? Fact::State::kMissing : fact.state)));
  }
}

std::string Yuan(std::int64_t fen) { return absl::StrFormat("%d.%02d", fen / 100, fen % 100); }

void FillAmount(const Policy& policy, const CivilDate& on, EntitlementAnswer& answer) {
  const std::optional<std::int64_t> base = ParameterOn(policy, policy.amount.base, on);
  if (!base.has_value()) return;
  std::string formula = absl::StrCat(Yuan(*base), " yuan");
  if (policy.amount.months > 0) absl::StrAppend(&formula, " a year");
  std::int64_t fen = *base;
  if (!policy.amount.factor.empty()) {
    // A parameter covers every day that its policy is in force, so the factor is there with the
    // base.
    const std::int64_t permille = ParameterOn(policy, policy.amount.factor, on).value_or(1000);
    fen = (fen * permille + 500) / 1000;
    std::string factor = absl::StrFormat("%d.%03d", permille / 1000, permille % 1000);
    while (factor.back() == '0' && factor[factor.size() - 2] != '.') factor.pop_back();
    absl::StrAppend(&formula, " x ", factor);
  }
  if (policy.amount.months > 0) {
    fen = (fen * policy.amount.months + 6) / 12;
    absl::StrAppend(&formula, ", for ", policy.amount.months, " months");
  }
  answer.set_amount_fen(fen);
  answer.set_amount_formula(formula);
}

}  // namespace

Truth Judge(const Policy& policy, const Leaf& leaf, const FactSet& facts, const CivilDate& on) {
  const Fact& fact = facts.at(leaf.fact);
  if (!fact.known()) return TRUTH_UNKNOWN;
  if (leaf.op == Operator::kExists) {
    return Of(!std::holds_alternative<std::monostate>(fact.value));
  }
  const std::optional<std::int64_t> number = NumberOf(policy, leaf, on);
  // Out of the parameter's time the policy is not in force.
  if (!number.has_value()) return TRUTH_FALSE;
  if (const bool* flag = std::get_if<bool>(&fact.value)) return Of(*flag == leaf.flag);
  if (const auto* value = std::get_if<std::int64_t>(&fact.value)) {
    return Of(JudgeNumber(leaf, *number, *value));
  }
  if (const auto* date = std::get_if<CivilDate>(&fact.value)) {
    return JudgeDate(leaf, *number, *date, on);
  }
  if (const auto* texts = std::get_if<std::vector<std::string>>(&fact.value)) {
    return Of(JudgeTexts(leaf, *texts));
  }
  return TRUTH_FALSE;
}

EntitlementAnswer Answer(const Policy& policy, const FactsOn& facts_on, const CivilDate& on) {
  EntitlementAnswer answer;
  answer.set_policy(policy.summary.id);
  answer.set_title_zh(policy.summary.title_zh);
  answer.set_title_en(policy.summary.title_en);
  answer.set_provider(policy.summary.provider);
  *answer.mutable_as_of_date() = on.ToProto();
  const FactSet facts = facts_on(on);
  const std::vector<Truth> truths = JudgeAll(policy, facts, on);
  const Truth now = Decide(policy.conditions, truths);
  answer.set_result(now == TRUTH_TRUE    ? journal::v1::ENTITLEMENT_RESULT_ELIGIBLE
                    : now == TRUTH_FALSE ? journal::v1::ENTITLEMENT_RESULT_NOT_ELIGIBLE
                                         : journal::v1::ENTITLEMENT_RESULT_UNKNOWN);
  FillLeaves(policy, facts, truths, answer);
  for (const std::size_t index : SupportingLeaves(policy.conditions, truths)) {
    if (policy.leaves[index].category.empty()) continue;
    answer.set_category(policy.leaves[index].category);
    break;
  }
  FillAmount(policy, on, answer);
  LookAhead(policy, facts_on, on, facts, now, answer);
  return answer;
}

}  // namespace anqiao::policy
