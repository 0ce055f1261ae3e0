// A policy's file (hub/doc/policies.md) to a Policy.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/policy/policy.h"
#include "hub/policy/touched.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using model::CivilDate;

constexpr std::size_t kTestsMax = 256;
constexpr std::int64_t kSpanMonthsMax = 1200;
constexpr char kAsOfDate[] = "as_of_date";

const std::map<std::string, Operator>& Operators() {
  static const auto& operators =
      *new std::map<std::string, Operator>{{"equals", Operator::kEquals},
                                           {"in", Operator::kIn},
                                           {"contains", Operator::kContains},
                                           {"exists", Operator::kExists},
                                           {"at_least", Operator::kAtLeast},
                                           {"at_most", Operator::kAtMost},
                                           {"range", Operator::kRange},
                                           {"elapsed_at_most", Operator::kElapsed},
                                           {"elapsed_at_least", Operator::kElapsed}};
  return operators;
}

absl::StatusOr<std::string> OneOf(const YamlNode& node,
                                  const std::vector<absl::string_view>& allowed) {
  AQ_ASSIGN_OR_RETURN(std::string text, node.Text());
  if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
    return node.Wrong(absl::StrCat("unknown value ", text));
  }
  return text;
}

absl::StatusOr<std::pair<std::string, std::string>> ReadTitles(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"zh", "en"}, {}));
  AQ_ASSIGN_OR_RETURN(std::string zh, keys.at("zh").Text());
  AQ_ASSIGN_OR_RETURN(std::string en, keys.at("en").Text());
  return std::make_pair(std::move(zh), std::move(en));
}

absl::StatusOr<std::string> ReadLaw(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"instrument", "article"}, {}));
  AQ_ASSIGN_OR_RETURN(const std::string instrument, keys.at("instrument").Text());
  AQ_ASSIGN_OR_RETURN(const std::string article, keys.at("article").Text());
  return absl::StrCat(instrument, " ", article);
}

absl::StatusOr<Parameter> ReadParameter(const YamlNode& node, const PolicySummary& policy) {
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> rows, node.Items(kRowsMax));
  AQ_ASSIGN_OR_RETURN(Parameter parameter, ReadDatedValues(node));
  for (std::size_t i = 1; i < parameter.size(); ++i) {
    if (parameter[i].from != parameter[i - 1].to.AddDays(1)) {
      return rows[i].Wrong("leaves a gap after the dates before it");
    }
  }
  if (policy.effective_from < parameter.front().from) {
    return rows.front().Wrong("leaves a gap: begins after the policy");
  }
  const CivilDate& end = parameter.back().to;
  if (!end.empty() && (policy.effective_to.empty() || end < policy.effective_to)) {
    return rows.back().Wrong("leaves a gap: ends before the policy");
  }
  return parameter;
}

absl::Status ReadNumber(const YamlNode& value, std::int64_t& number) {
  AQ_ASSIGN_OR_RETURN(number, value.Number());
  return number < 0 || number > kSpanMonthsMax ? value.Wrong("must be from 0 to 1200")
                                               : absl::OkStatus();
}

absl::Status ReadRange(const YamlNode& value, FactType type, Leaf& leaf) {
  if (type == FactType::kDate) {
    AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, value.Keys({"from"}, {"to"}));
    return ReadTime(value, keys, leaf.from, leaf.to);
  }
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, value.Keys({"min", "max"}, {}));
  AQ_RETURN_IF_ERROR(ReadNumber(keys.at("min"), leaf.number_min));
  AQ_RETURN_IF_ERROR(ReadNumber(keys.at("max"), leaf.number_max));
  return leaf.number_max < leaf.number_min ? value.Wrong("ends before it begins")
                                           : absl::OkStatus();
}

absl::Status ReadTexts(const YamlNode& value, Leaf& leaf) {
  if (leaf.op != Operator::kIn) {
    AQ_ASSIGN_OR_RETURN(std::string text, value.Text());
    leaf.texts.push_back(std::move(text));
    return absl::OkStatus();
  }
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, value.Items(kRowsMax));
  for (const YamlNode& item : items) {
    AQ_ASSIGN_OR_RETURN(std::string text, item.Text());
    leaf.texts.push_back(std::move(text));
  }
  return absl::OkStatus();
}

bool Fits(Operator op, FactType type) {
  switch (type) {
    case FactType::kFlag:
      return op == Operator::kEquals;
    case FactType::kNumber:
      return op == Operator::kEquals || op == Operator::kAtLeast || op == Operator::kAtMost ||
             op == Operator::kRange;
    case FactType::kDate:
      return op == Operator::kExists || op == Operator::kRange || op == Operator::kElapsed;
    case FactType::kTexts:
      return op == Operator::kEquals || op == Operator::kIn || op == Operator::kContains;
  }
  return false;
}

// What the operator compares with: "value", or for numbers "parameter".
absl::Status ReadOperand(const YamlNode& node, const YamlNode::Map& keys, const Policy& policy,
                         FactType type, Leaf& leaf) {
  const auto value = keys.find("value");
  const auto parameter = keys.find("parameter");
  const bool exists = leaf.op == Operator::kExists;
  if ((value != keys.end()) + (parameter != keys.end()) != (exists ? 0 : 1)) {
    return node.Wrong(exists ? "exists takes neither value nor parameter"
                             : "expected either value or parameter");
  }
  if (exists) return absl::OkStatus();
  if (parameter != keys.end()) {
    AQ_ASSIGN_OR_RETURN(leaf.parameter, parameter->second.Text());
    if (!policy.parameters.contains(leaf.parameter)) {
      return parameter->second.Wrong("there is no such parameter");
    }
    const bool number = leaf.op == Operator::kElapsed || type == FactType::kNumber;
    return number && leaf.op != Operator::kRange
               ? absl::OkStatus()
               : parameter->second.Wrong("only a number can be a parameter");
  }
  if (leaf.op == Operator::kRange) return ReadRange(value->second, type, leaf);
  if (type == FactType::kTexts) return ReadTexts(value->second, leaf);
  if (type == FactType::kFlag) {
    AQ_ASSIGN_OR_RETURN(leaf.flag, value->second.Flag());
    return absl::OkStatus();
  }
  return ReadNumber(value->second, leaf.number);
}

absl::Status ReadLeaf(const YamlNode& node, Policy& policy) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys,
                      node.Keys({"id", "fact", "op", "law", "label"},
                                {"value", "parameter", "category", "unverified"}));
  Leaf leaf;
  AQ_ASSIGN_OR_RETURN(leaf.id, keys.at("id").Text());
  for (const Leaf& other : policy.leaves) {
    if (other.id == leaf.id) return keys.at("id").Wrong("a condition with this id came before");
  }
  AQ_ASSIGN_OR_RETURN(const std::string fact, keys.at("fact").Text());
  const std::optional<std::size_t> ordinal = FindFact(fact);
  if (!ordinal.has_value()) return keys.at("fact").Wrong(absl::StrCat("unknown fact ", fact));
  leaf.fact = *ordinal;
  leaf.of_day = fact == kAsOfDate;
  const FactKind* kind = &FactKinds()[leaf.fact];
  AQ_ASSIGN_OR_RETURN(const std::string op, keys.at("op").Text());
  const auto known = Operators().find(op);
  if (known == Operators().end()) return keys.at("op").Wrong(absl::StrCat("unknown operator ", op));
  leaf.op = known->second;
  leaf.at_most = op == "elapsed_at_most";
  if (!Fits(leaf.op, kind->type)) return keys.at("op").Wrong("does not fit the fact");
  AQ_RETURN_IF_ERROR(ReadOperand(node, keys, policy, kind->type, leaf));
  AQ_ASSIGN_OR_RETURN(leaf.law, ReadLaw(keys.at("law")));
  AQ_ASSIGN_OR_RETURN(std::tie(leaf.label_zh, leaf.label_en), ReadTitles(keys.at("label")));
  if (const auto it = keys.find("category"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(leaf.category, it->second.Text());
  }
  if (const auto it = keys.find("unverified"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(leaf.unverified, it->second.Flag());
  }
  if (policy.leaves.size() == kLeavesMax) return node.Wrong("too many conditions");
  policy.leaves.push_back(std::move(leaf));
  return absl::OkStatus();
}

absl::StatusOr<Expression> ReadExpression(const YamlNode& node, int depth, Policy& policy) {
  if (depth > kDepthMax) return node.Wrong("conditions are nested too deeply");
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys, node.AnyKeys(16));
  Expression expression;
  if (keys.contains("not")) {
    AQ_RETURN_IF_ERROR(node.Keys({"not"}, {}).status());
    expression.kind = Expression::Kind::kNot;
    AQ_ASSIGN_OR_RETURN(Expression child, ReadExpression(keys.at("not"), depth + 1, policy));
    expression.children.push_back(std::move(child));
    return expression;
  }
  const bool at_least = keys.contains("at_least");
  const char* name = keys.contains("all") ? "all" : keys.contains("any") ? "any" : "of";
  if (!keys.contains(name) && !at_least) {
    AQ_RETURN_IF_ERROR(ReadLeaf(node, policy));
    expression.leaf = policy.leaves.size() - 1;
    return expression;
  }
  if (at_least) {
    AQ_RETURN_IF_ERROR(node.Keys({"at_least", "of"}, {}).status());
    name = "of";
  } else {
    AQ_RETURN_IF_ERROR(node.Keys({name}, {}).status());
    if (!keys.contains("all") && !keys.contains("any")) return node.Wrong("missing key at_least");
  }
  expression.kind = Expression::Kind::kAtLeast;
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, keys.at(name).Items(kLeavesMax));
  for (const YamlNode& item : items) {
    AQ_ASSIGN_OR_RETURN(Expression child, ReadExpression(item, depth + 1, policy));
    expression.children.push_back(std::move(child));
  }
  const std::int64_t count = static_cast<std::int64_t>(items.size());
  std::int64_t threshold = keys.contains("all") ? count : 1;
  if (at_least) {
    AQ_ASSIGN_OR_RETURN(threshold, keys.at("at_least").Number());
    if (threshold < 1 || threshold > count) {
      return keys.at("at_least").Wrong("must be from 1 to the number of conditions");
    }
  }
  expression.threshold = static_cast<int>(threshold);
  return expression;
}

// That the policy is in force is a condition like any other, the last one.
void AddInForce(const std::string& law, Policy& policy) {
  Leaf leaf;
  leaf.id = "in_force";
  leaf.fact = FindFact(kAsOfDate).value();
  leaf.of_day = true;
  leaf.op = Operator::kRange;
  leaf.from = policy.summary.effective_from;
  leaf.to = policy.summary.effective_to;
  leaf.law = law;
  leaf.label_zh = "政策有效期内";
  leaf.label_en = "The policy is in force";
  policy.leaves.push_back(std::move(leaf));
  Expression in_force;
  in_force.leaf = policy.leaves.size() - 1;
  Expression& root = policy.conditions;
  const bool all = root.kind == Expression::Kind::kAtLeast &&
                   root.threshold == static_cast<int>(root.children.size());
  if (!all) {
    Expression wrapped;
    wrapped.kind = Expression::Kind::kAtLeast;
    wrapped.threshold = 1;
    wrapped.children.push_back(std::move(root));
    root = std::move(wrapped);
  }
  root.children.push_back(std::move(in_force));
  ++root.threshold;
}

absl::Status ReadSummary(const YamlNode& file, const YamlNode::Map& keys, PolicySummary& summary) {
  AQ_ASSIGN_OR_RETURN(summary.id, keys.at("id").Text());
  AQ_ASSIGN_OR_RETURN(std::tie(summary.title_zh, summary.title_en), ReadTitles(keys.at("title")));
  AQ_ASSIGN_OR_RETURN(YamlNode::Map service, keys.at("service").Keys({"code", "title"}, {}));
  AQ_ASSIGN_OR_RETURN(summary.service, service.at("code").Text());
  AQ_ASSIGN_OR_RETURN(summary.service_title, service.at("title").Text());
  AQ_ASSIGN_OR_RETURN(summary.provider,
                      OneOf(keys.at("provider"), {"police", "civil_affairs", "employment", "tax",
                                                  "employer", "bank", "school"}));
  AQ_ASSIGN_OR_RETURN(
      summary.view,
      OneOf(keys.at("view"), {"employment_service", "training", "self_employed_relief",
                              "employer_relief", "loan", "application", "business_support"}));
  AQ_ASSIGN_OR_RETURN(YamlNode::Map effective, keys.at("effective").Keys({"from"}, {"to"}));
  AQ_RETURN_IF_ERROR(
      ReadTime(keys.at("effective"), effective, summary.effective_from, summary.effective_to));
  if (const auto it = keys.find("unverified"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(summary.unverified, it->second.Flag());
  }
  if (const auto it = keys.find("deadlines"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(summary.deadlines, ReadDeadlines(it->second));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Policy> ReadPolicy(const YamlNode& file) {
  AQ_ASSIGN_OR_RETURN(
      YamlNode::Map keys,
      file.Keys({"id", "title", "authority", "law", "service", "provider", "view", "effective",
                 "evidence", "conditions", "tests"},
                {"unverified", "parameters", "tables", "amount", "deadlines", "received"}));
  Policy policy;
  AQ_RETURN_IF_ERROR(ReadSummary(file, keys, policy.summary));
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> evidence, keys.at("evidence").Items(kRowsMax));
  for (const YamlNode& item : evidence) {
    AQ_ASSIGN_OR_RETURN(std::string text, item.Text());
    policy.evidence.push_back(std::move(text));
  }
  if (const auto it = keys.find("parameters"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const YamlNode::Map parameters, it->second.AnyKeys(kRowsMax));
    for (const auto& [name, node] : parameters) {
      AQ_ASSIGN_OR_RETURN(policy.parameters[name], ReadParameter(node, policy.summary));
    }
  }
  if (const auto it = keys.find("tables"); it != keys.end()) {
    AQ_RETURN_IF_ERROR(ReadTables(it->second, policy));
  }
  if (const auto it = keys.find("amount"); it != keys.end()) {
    AQ_RETURN_IF_ERROR(ReadAmount(it->second, policy));
  }
  AQ_ASSIGN_OR_RETURN(policy.authority, keys.at("authority").Text());
  AQ_ASSIGN_OR_RETURN(policy.law, ReadLaw(keys.at("law")));
  AQ_ASSIGN_OR_RETURN(policy.conditions, ReadExpression(keys.at("conditions"), 1, policy));
  if (const auto it = keys.find("received"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(policy.summary.received, it->second.Text());
    const bool known =
        std::any_of(policy.leaves.begin(), policy.leaves.end(),
                    [&](const Leaf& leaf) { return leaf.id == policy.summary.received; });
    if (!known) return it->second.Wrong("there is no such condition");
  }
  AddInForce(policy.law, policy);
  policy.summary.laws.push_back(policy.law);
  for (const Leaf& leaf : policy.leaves) {
    std::vector<std::string>& laws = policy.summary.laws;
    if (std::find(laws.begin(), laws.end(), leaf.law) == laws.end()) laws.push_back(leaf.law);
  }
  policy.summary.touches = TouchesOf(policy);
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> tests, keys.at("tests").Items(kTestsMax));
  for (const YamlNode& node : tests) {
    AQ_ASSIGN_OR_RETURN(PolicyTest test, ReadTest(node));
    policy.tests.push_back(std::move(test));
  }
  return policy;
}

}  // namespace anqiao::policy
