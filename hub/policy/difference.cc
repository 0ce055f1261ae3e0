#include "hub/policy/difference.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace anqiao::policy {
namespace {

using model::CivilDate;

std::string Mark(bool unverified) { return unverified ? " unverified" : ""; }

std::string TimeText(const CivilDate& from, const CivilDate& to) {
  return absl::StrCat(from.ToString(), "..", to.ToString());
}

std::string OperandText(const Leaf& leaf) {
  if (!leaf.parameter.empty()) return leaf.parameter;
  switch (leaf.op) {
    case Operator::kExists:
      return "";
    case Operator::kRange:
      return leaf.from.empty() ? absl::StrCat(leaf.number_min, "..", leaf.number_max)
                               : TimeText(leaf.from, leaf.to);
    default:
      break;
  }
  if (!leaf.texts.empty()) return absl::StrJoin(leaf.texts, ",");
  if (FactKinds()[leaf.fact].type == FactType::kFlag) return leaf.flag ? "true" : "false";
  return absl::StrCat(leaf.number);
}

const char* OperatorName(const Leaf& leaf) {
  switch (leaf.op) {
    case Operator::kEquals:
      return "equals";
    case Operator::kIn:
      return "in";
    case Operator::kContains:
      return "contains";
    case Operator::kExists:
      return "exists";
    case Operator::kAtLeast:
      return "at_least";
    case Operator::kAtMost:
      return "at_most";
    case Operator::kRange:
      return "range";
    case Operator::kElapsed:
      return leaf.at_most ? "elapsed_at_most" : "elapsed_at_least";
  }
  return "";
}

std::string LeafText(const Leaf& leaf) {
  return absl::StrCat(FactKinds()[leaf.fact].name, " ", OperatorName(leaf), " ", OperandText(leaf),
                      leaf.category.empty() ? "" : absl::StrCat(", category ", leaf.category), ", ",
                      leaf.law, ", ", leaf.label_zh, " / ", leaf.label_en, Mark(leaf.unverified));
}

std::string TreeText(const Policy& policy, const Expression& node) {
  if (node.kind == Expression::Kind::kLeaf) return policy.leaves[node.leaf].id;
  std::vector<std::string> children;
  for (const Expression& child : node.children) children.push_back(TreeText(policy, child));
  const std::string joined = absl::StrJoin(children, ", ");
  if (node.kind == Expression::Kind::kNot) return absl::StrCat("not(", joined, ")");
  const int count = static_cast<int>(node.children.size());
  if (node.threshold == count) return absl::StrCat("all(", joined, ")");
  if (node.threshold == 1) return absl::StrCat("any(", joined, ")");
  return absl::StrCat("at_least_", node.threshold, "(", joined, ")");
}

std::string ParameterText(const Parameter& rows) {
  std::vector<std::string> texts;
  for (const DatedValue& row : rows) {
    texts.push_back(absl::StrCat(TimeText(row.from, row.to), " = ", row.value, " (", row.source,
                                 row.profile.empty() ? "" : absl::StrCat(", profile ", row.profile),
                                 ")", Mark(row.unverified)));
  }
  return absl::StrJoin(texts, "; ");
}

std::string TableText(const ValueTable& tables) {
  std::vector<std::string> texts;
  for (const DatedTable& table : tables) {
    std::vector<std::string> rows;
    for (const TableRow& row : table.rows) {
      rows.push_back(
          absl::StrCat(table.by_text ? row.is : absl::StrCat(row.at_least), ": ", row.value));
    }
    texts.push_back(absl::StrCat(TimeText(table.from, table.to), " = ", absl::StrJoin(rows, ", "),
                                 " (", table.source, ")", Mark(table.unverified)));
  }
  return absl::StrJoin(texts, "; ");
}

// Every part of a policy as text, by its name.
std::map<std::string, std::string> PartsOf(const Policy& policy) {
  const PolicySummary& summary = policy.summary;
  std::map<std::string, std::string> parts = {
      {"title", absl::StrCat(summary.title_zh, " / ", summary.title_en)},
      {"authority", policy.authority},
      {"law", policy.law},
      {"service", absl::StrCat(summary.service, " ", summary.service_title)},
      {"provider", summary.provider},
      {"view", summary.view},
      {"effective", TimeText(summary.effective_from, summary.effective_to)},
      {"unverified", summary.unverified ? "true" : "false"},
      {"evidence", absl::StrJoin(policy.evidence, "; ")},
      {"conditions", TreeText(policy, policy.conditions)}};
  if (!summary.received.empty()) parts["received"] = summary.received;
  const std::string deadlines = DeadlinesText(summary.deadlines);
  if (!deadlines.empty()) parts["deadlines"] = deadlines;
  if (policy.amount.kind != AmountKind::kNone) parts["amount"] = AmountText(policy.amount);
  for (const auto& [name, table] : policy.tables) {
    parts[absl::StrCat("table ", name)] = TableText(table);
  }
  for (const auto& [name, rows] : policy.parameters) {
    parts[absl::StrCat("parameter ", name)] = ParameterText(rows);
  }
  for (const Leaf& leaf : policy.leaves) {
    // That it is in force is told as "effective".
    if (leaf.of_day) continue;
    parts[absl::StrCat("condition ", leaf.id)] = LeafText(leaf);
  }
  return parts;
}

void CompareParts(const Policy& before, const Policy& after, std::vector<Difference>& out) {
  const std::map<std::string, std::string> old_parts = PartsOf(before);
  const std::map<std::string, std::string> new_parts = PartsOf(after);
  std::set<std::string> names;
  for (const auto& [name, text] : old_parts) names.insert(name);
  for (const auto& [name, text] : new_parts) names.insert(name);
  for (const std::string& name : names) {
    const auto was = old_parts.find(name);
    const auto is = new_parts.find(name);
    Difference difference;
    difference.policy = before.summary.id;
    difference.part = name;
    if (was != old_parts.end()) difference.before = was->second;
    if (is != new_parts.end()) difference.after = is->second;
    if (difference.before == difference.after) continue;
    difference.kind = was == old_parts.end()  ? Difference::Kind::kAdded
                      : is == new_parts.end() ? Difference::Kind::kRemoved
                                              : Difference::Kind::kChanged;
    out.push_back(std::move(difference));
  }
}

std::set<std::string> IdsOf(const PolicyMap& before, const PolicyMap& after) {
  std::set<std::string> ids;
  for (const PolicyMap* policies : {&before, &after}) {
    for (const auto& [id, policy] : *policies) ids.insert(id);
  }
  return ids;
}

std::string DecisionText(const Decision& decision) {
  std::string text =
      journal::v1::EntitlementResult_Name(decision.result).substr(sizeof("ENTITLEMENT_RESULT"));
  if (!decision.eligible_from.empty()) {
    absl::StrAppend(&text, " ", decision.eligible_from.ToString());
  }
  if (decision.amount_fen > 0) {
    absl::StrAppendFormat(&text, " %d.%02d", decision.amount_fen / 100, decision.amount_fen % 100);
  }
  return text;
}

}  // namespace

std::vector<Difference> Differences(const PolicyMap& before, const PolicyMap& after) {
  std::vector<Difference> differences;
  for (const std::string& id : IdsOf(before, after)) {
    const auto was = before.find(id);
    const auto is = after.find(id);
    if (was != before.end() && is != after.end()) {
      CompareParts(was->second, is->second, differences);
      continue;
    }
    Difference& whole = differences.emplace_back();
    whole.policy = id;
    whole.kind = was == before.end() ? Difference::Kind::kAdded : Difference::Kind::kRemoved;
    (was == before.end() ? whole.after : whole.before) =
        (was == before.end() ? is : was)->second.summary.title_zh;
  }
  return differences;
}

std::vector<Sample> SamplesOf(const PolicyMap& before, const PolicyMap& after) {
  std::vector<Sample> samples;
  std::set<std::string> names;
  // Of a test in both, the newer.
  for (const PolicyMap* policies : {&after, &before}) {
    for (const auto& [id, policy] : *policies) {
      for (const PolicyTest& test : policy.tests) {
        const std::string name = absl::StrCat(id, ": ", test.name);
        if (names.insert(name).second) samples.push_back({name, test.as_of, test.facts});
      }
    }
  }
  std::sort(samples.begin(), samples.end(),
            [](const Sample& a, const Sample& b) { return a.name < b.name; });
  return samples;
}

std::vector<AnswerChange> AnswerChanges(const PolicyMap& before, const PolicyMap& after,
                                        const std::vector<Sample>& samples) {
  std::vector<AnswerChange> changes;
  for (const Sample& sample : samples) {
    const PersonFacts facts(sample.facts, sample.as_of);
    for (const std::string& id : IdsOf(before, after)) {
      const auto ask = [&](const PolicyMap& policies, bool* eligible) {
        const auto it = policies.find(id);
        if (it == policies.end()) return std::string("-");
        const Decision decision = Decide(it->second, facts);
        *eligible = decision.result == journal::v1::ENTITLEMENT_RESULT_ELIGIBLE;
        return DecisionText(decision);
      };
      bool was = false, is = false;
      AnswerChange change{sample.name, id, ask(before, &was), ask(after, &is)};
      if (change.before == change.after) continue;
      change.gains = is && !was;
      change.loses = was && !is;
      changes.push_back(std::move(change));
    }
  }
  return changes;
}

}  // namespace anqiao::policy
