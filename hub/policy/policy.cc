#include "hub/policy/policy.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"

namespace anqiao::policy {
namespace {

using journal::v1::EntitlementAnswer;
using journal::v1::EntitlementResult;
using journal::v1::TRUTH_FALSE;
using journal::v1::TRUTH_TRUE;
using journal::v1::TRUTH_UNKNOWN;
using model::CivilDate;

// Days visited in search of a change; a policy's conditions change on far fewer.
constexpr int kStepsMax = 96;

Truth Of(bool holds) { return holds ? TRUTH_TRUE : TRUTH_FALSE; }

std::optional<std::int64_t> NumberOf(const Policy& policy, const Leaf& leaf, const CivilDate& on) {
  if (leaf.parameter.empty()) return leaf.number;
  const DatedValue* row = ValueOn(policy, leaf.parameter, on);
  if (row == nullptr) return std::nullopt;
  return row->value;
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
  if (date.has_day()) return Of(first);
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

void SetDate(const CivilDate& date, type::v1::CivilDate* out) {
  out->set_year(date.year);
  out->set_month(date.month);
  out->set_day(date.day);
}

// What a number that counts is on "on".
std::int64_t CountOn(const Fact& fact, std::int64_t value, const CivilDate& on) {
  if (fact.step_months <= 0) return value;
  const int months = model::WholeMonthsBetween(fact.counts_from, on);
  const int steps = months / fact.step_months;
  return months % fact.step_months < 0 ? steps - 1 : steps;
}

Truths JudgeAll(const Policy& policy, const PersonFacts& facts) {
  Truths truths;
  truths.reserve(policy.leaves.size());
  for (const Leaf& leaf : policy.leaves) {
    truths.push_back(Judge(policy, leaf, facts[leaf.fact], facts.on()));
  }
  return truths;
}

// The earliest of several days after one.
class Earliest {
 public:
  explicit Earliest(const CivilDate& after) : after_(after) {}
  void Consider(const CivilDate& day) {
    if (day > after_ && (day_.empty() || day < day_)) day_ = day;
  }
  const CivilDate& day() const { return day_; }

 private:
  const CivilDate& after_;
  CivilDate day_;
};

void ConsiderCount(const Leaf& leaf, const Fact& fact, std::int64_t limit, Earliest& next) {
  const auto reaches = [&](std::int64_t count) {
    next.Consider(fact.counts_from.AddMonths(static_cast<int>(count) * fact.step_months));
  };
  if (leaf.op == Operator::kRange) {
    reaches(leaf.number_min);
    reaches(leaf.number_max + 1);
    return;
  }
  if (leaf.op != Operator::kAtMost) reaches(limit);
  if (leaf.op != Operator::kAtLeast) reaches(limit + 1);
}

void ConsiderElapsed(const Leaf& leaf, const CivilDate& date, std::int64_t months, Earliest& next) {
  for (const CivilDate& day : {date.FirstDay(), date.LastDay()}) {
    if (leaf.at_most) next.Consider(day);
    // Around the end of a month the last day that still counts may be up to three days later.
    const CivilDate turn = day.AddMonths(static_cast<int>(months));
    for (int shift = 0; shift <= 4; ++shift) next.Consider(turn.AddDays(shift));
    if (date.has_day()) return;
  }
}

// The first day after "on" on which time alone may change "leaf"; empty: none. "fact" is as of
// "on".
CivilDate NextOf(const Policy& policy, const Leaf& leaf, const Fact& fact, const CivilDate& on) {
  Earliest next(on);
  if (!fact.until.empty()) next.Consider(fact.until);
  if (!fact.known()) return next.day();
  if (leaf.of_day && leaf.op == Operator::kRange) {
    next.Consider(leaf.from);
    if (!leaf.to.empty()) next.Consider(leaf.to.AddDays(1));
  }
  if (!leaf.parameter.empty()) {
    for (const DatedValue& row : policy.parameters.find(leaf.parameter)->second) {
      next.Consider(row.from);
      if (!row.to.empty()) next.Consider(row.to.AddDays(1));
    }
  }
  if (fact.step_months <= 0 && leaf.op != Operator::kElapsed) return next.day();
  const std::optional<std::int64_t> number = NumberOf(policy, leaf, on);
  if (!number.has_value()) return next.day();
  if (fact.step_months > 0) ConsiderCount(leaf, fact, *number, next);
  const auto* date = std::get_if<CivilDate>(&fact.value);
  if (leaf.op == Operator::kElapsed && date != nullptr && !leaf.of_day) {
    ConsiderElapsed(leaf, *date, *number, next);
  }
  return next.day();
}

// A condition that time alone may change.
struct Moving {
  std::size_t leaf;
  // As of the last day visited, which it has not outlived.
  Fact fact;
  CivilDate next;
};

void LookAhead(const Policy& policy, const PersonFacts& facts, const Truths& truths, Truth now,
               Decision& decision) {
  absl::InlinedVector<Moving, 4> moving;
  Truths then = truths;
  for (std::size_t i = 0; i < policy.leaves.size(); ++i) {
    const Leaf& leaf = policy.leaves[i];
    const Fact& fact = facts[leaf.fact];
    const CivilDate next = NextOf(policy, leaf, fact, facts.on());
    if (next.empty()) continue;
    moving.push_back({i, fact, next});
    then[i] = TRUTH_UNKNOWN;
  }
  // What is decided whatever those come to stays so: unknown is below true and false in the order
  // of information, in which Kleene's connectives are monotone.
  if (moving.empty() || Decide(policy.conditions, then) != TRUTH_UNKNOWN) return;
  then = truths;
  for (int step = 0; step < kStepsMax; ++step) {
    CivilDate day;
    for (const Moving& one : moving) {
      if (!one.next.empty() && (day.empty() || one.next < day)) day = one.next;
    }
    if (day.empty()) return;
    for (Moving& one : moving) {
      if (one.next != day) continue;
      const Leaf& leaf = policy.leaves[one.leaf];
      if (!one.fact.until.empty() && one.fact.until <= day) one.fact = facts.On(leaf.fact, day);
      then[one.leaf] = Judge(policy, leaf, one.fact, day);
      one.next = NextOf(policy, leaf, one.fact, day);
    }
    const Truth truth = Decide(policy.conditions, then);
    if (truth != now && decision.next_change.empty()) {
      decision.next_change = day;
      if (now != TRUTH_FALSE) return;
    }
    if (now == TRUTH_FALSE && truth == TRUTH_TRUE) {
      decision.result = journal::v1::ENTITLEMENT_RESULT_ELIGIBLE_FROM;
      decision.eligible_from = day;
      return;
    }
  }
}

Decision DecideWith(const Policy& policy, const PersonFacts& facts, const Truths& truths) {
  Decision decision;
  decision.policy = policy.summary.id;
  const Truth now = Decide(policy.conditions, truths);
  decision.result = now == TRUTH_TRUE    ? journal::v1::ENTITLEMENT_RESULT_ELIGIBLE
                    : now == TRUTH_FALSE ? journal::v1::ENTITLEMENT_RESULT_NOT_ELIGIBLE
                                         : journal::v1::ENTITLEMENT_RESULT_UNKNOWN;
  LookAhead(policy, facts, truths, now, decision);
  for (const std::size_t index : SupportingLeaves(policy.conditions, truths)) {
    if (policy.leaves[index].category.empty()) continue;
    decision.category = policy.leaves[index].category;
    break;
  }
  decision.amount_fen = AmountOf(policy, facts);
  return decision;
}

// Most texts of a message that is used again are there already.
void Put(absl::string_view text, std::string* out) {
  if (*out != text) out->assign(text.data(), text.size());
}

void FillLeaves(const Policy& policy, const PersonFacts& facts, const Evaluation& evaluation,
                EntitlementAnswer& answer) {
  const int count = static_cast<int>(policy.leaves.size());
  answer.mutable_leaves()->Reserve(count);
  while (answer.leaves_size() > count) answer.mutable_leaves()->RemoveLast();
  while (answer.leaves_size() < count) answer.add_leaves();
  for (std::size_t i = 0; i < policy.leaves.size(); ++i) {
    const Leaf& leaf = policy.leaves[i];
    const Fact& fact = facts[leaf.fact];
    const FactKind& kind = FactKinds()[leaf.fact];
    journal::v1::LeafAnswer& out = *answer.mutable_leaves(static_cast<int>(i));
    Put(leaf.id, out.mutable_id());
    Put(leaf.label_zh, out.mutable_label_zh());
    Put(leaf.label_en, out.mutable_label_en());
    Put(leaf.law, out.mutable_law());
    out.set_truth(evaluation.truths[i]);
    Put(kind.name, out.mutable_fact());
    Put(ValueText(fact), out.mutable_value());
    Put(fact.stated ? absl::string_view("person") : kind.holder, out.mutable_source());
    if (fact.date.empty()) {
      out.clear_fact_date();
    } else {
      SetDate(fact.date, out.mutable_fact_date());
    }
    out.set_decisive(evaluation.decisive[i]);
    const DatedValue* row =
        leaf.parameter.empty() ? nullptr : ValueOn(policy, leaf.parameter, facts.on());
    out.set_unverified(leaf.unverified || (row != nullptr && row->unverified));
  }
  answer.clear_missing();
  for (const std::size_t ordinal : evaluation.missing) {
    const Fact& fact = facts[ordinal];
    const FactKind& kind = FactKinds()[ordinal];
    journal::v1::MissingFact& missing = *answer.add_missing();
    missing.set_fact(kind.name.data(), kind.name.size());
    missing.set_holder(kind.holder.data(), kind.holder.size());
    // A date that is known but not to the day lacks its day.
    missing.set_condition(
        std::string(StateName(fact.known() ? Fact::State::kMissing : fact.state)));
  }
}

void FillParameters(const Policy& policy, const CivilDate& on, EntitlementAnswer& answer) {
  answer.clear_parameters();
  answer.clear_profiles();
  std::vector<std::string> profiles;
  for (const auto& [name, rows] : policy.parameters) {
    const DatedValue* row = ValueOn(policy, name, on);
    if (row == nullptr) continue;
    journal::v1::ParameterAnswer& out = *answer.add_parameters();
    out.set_name(name);
    out.set_value(row->value);
    out.set_source(row->source);
    out.set_profile(row->profile);
    out.set_unverified(row->unverified);
    if (!row->profile.empty()) profiles.push_back(row->profile);
  }
  // Prefixes of one code: the shorter sorts first.
  std::sort(profiles.begin(), profiles.end());
  profiles.erase(std::unique(profiles.begin(), profiles.end()), profiles.end());
  for (std::string& profile : profiles) answer.add_profiles(std::move(profile));
}

absl::Status Failed(const std::string& place, absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason::kCatalogueInvalid,
               absl::StrCat(place, ": test failed: ", message));
}

}  // namespace

const DatedValue* ValueOn(const Parameter& parameter, const CivilDate& on) {
  for (const DatedValue& row : parameter) {
    if (row.from <= on && (row.to.empty() || on <= row.to)) return &row;
  }
  return nullptr;
}

const DatedValue* ValueOn(const Policy& policy, const std::string& parameter, const CivilDate& on) {
  if (parameter.empty()) return nullptr;
  const auto it = policy.parameters.find(parameter);
  return it == policy.parameters.end() ? nullptr : ValueOn(it->second, on);
}

Truth Judge(const Policy& policy, const Leaf& leaf, const Fact& fact, const CivilDate& on) {
  if (!fact.known()) return TRUTH_UNKNOWN;
  if (leaf.op == Operator::kExists) {
    return Of(!std::holds_alternative<std::monostate>(fact.value));
  }
  const std::optional<std::int64_t> number = NumberOf(policy, leaf, on);
  // Out of the parameter's time the policy is not in force.
  if (!number.has_value()) return TRUTH_FALSE;
  if (leaf.of_day) return JudgeDate(leaf, *number, on, on);
  if (const bool* flag = std::get_if<bool>(&fact.value)) return Of(*flag == leaf.flag);
  if (const auto* value = std::get_if<std::int64_t>(&fact.value)) {
    return Of(JudgeNumber(leaf, *number, CountOn(fact, *value, on)));
  }
  if (const auto* date = std::get_if<CivilDate>(&fact.value)) {
    return JudgeDate(leaf, *number, *date, on);
  }
  if (const auto* texts = std::get_if<std::vector<std::string>>(&fact.value)) {
    return Of(JudgeTexts(leaf, *texts));
  }
  return TRUTH_FALSE;
}

Decision Decide(const Policy& policy, const PersonFacts& facts) {
  return DecideWith(policy, facts, JudgeAll(policy, facts));
}

Evaluation Evaluate(const Policy& policy, const PersonFacts& facts) {
  Evaluation evaluation;
  evaluation.truths = JudgeAll(policy, facts);
  evaluation.decision = DecideWith(policy, facts, evaluation.truths);
  evaluation.decisive = DecisiveLeaves(policy.conditions, evaluation.truths);
  auto& missing = evaluation.missing;
  for (std::size_t i = 0; i < policy.leaves.size(); ++i) {
    if (evaluation.truths[i] != TRUTH_UNKNOWN || !evaluation.decisive[i]) continue;
    const std::size_t fact = policy.leaves[i].fact;
    if (std::find(missing.begin(), missing.end(), fact) == missing.end()) missing.push_back(fact);
  }
  return evaluation;
}

void WriteAnswer(const Policy& policy, const PersonFacts& facts, const Evaluation& evaluation,
                 EntitlementAnswer* answer) {
  const Decision& decision = evaluation.decision;
  Put(policy.summary.id, answer->mutable_policy());
  Put(policy.summary.title_zh, answer->mutable_title_zh());
  Put(policy.summary.title_en, answer->mutable_title_en());
  Put(policy.summary.provider, answer->mutable_provider());
  SetDate(facts.on(), answer->mutable_as_of_date());
  answer->set_result(decision.result);
  answer->clear_eligible_from_date();
  if (!decision.eligible_from.empty()) {
    SetDate(decision.eligible_from, answer->mutable_eligible_from_date());
  }
  answer->clear_next_change_date();
  if (!decision.next_change.empty()) {
    SetDate(decision.next_change, answer->mutable_next_change_date());
  }
  FillLeaves(policy, facts, evaluation, *answer);
  Put(decision.category, answer->mutable_category());
  answer->set_amount_fen(decision.amount_fen);
  Put(AmountFormula(policy, facts, false), answer->mutable_amount_formula());
  Put(AmountFormula(policy, facts, true), answer->mutable_amount_formula_zh());
  answer->set_unverified(policy.summary.unverified);
  FillParameters(policy, facts.on(), *answer);
}

EntitlementAnswer Answer(const Policy& policy, const PersonFacts& facts) {
  EntitlementAnswer answer;
  WriteAnswer(policy, facts, Evaluate(policy, facts), &answer);
  return answer;
}

absl::Status RunTest(const Policy& policy, const PolicyTest& test) {
  const Decision found = Decide(policy, PersonFacts(test.facts, test.as_of));
  const auto name = [](EntitlementResult result) {
    return journal::v1::EntitlementResult_Name(result).substr(sizeof("ENTITLEMENT_RESULT"));
  };
  if (found.result != test.expected) {
    return Failed(test.place, absl::StrCat(test.name, ": expected ", name(test.expected), ", got ",
                                           name(found.result)));
  }
  if (!test.from.empty() && found.eligible_from != test.from) {
    return Failed(test.from_place, absl::StrCat("got ", found.eligible_from.ToString()));
  }
  if (!test.category.empty() && found.category != test.category) {
    return Failed(test.category_place, absl::StrCat("got ", found.category));
  }
  if (test.amount_fen.has_value() && found.amount_fen != *test.amount_fen) {
    return Failed(test.amount_place, absl::StrCat("got ", found.amount_fen));
  }
  return absl::OkStatus();
}

}  // namespace anqiao::policy
