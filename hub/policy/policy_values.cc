// Values, facts and tests of a policy's file (hub/doc/policies.md).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/policy/policy.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using journal::v1::EntitlementResult;
using model::CivilDate;

absl::StatusOr<Fact> ReadTestFact(const YamlNode& node, FactType type) {
  Fact fact;
  if (node.is_scalar()) {
    AQ_ASSIGN_OR_RETURN(const std::string text, node.Text());
    for (const Fact::State state : {Fact::State::kMissing, Fact::State::kStale,
                                    Fact::State::kWithheld, Fact::State::kConflicting}) {
      fact.state = state;
      if (text == StateName(state)) return fact;
    }
    fact.state = Fact::State::kValue;
    if (text == "none" && type == FactType::kDate) return fact;
  }
  fact.state = Fact::State::kValue;
  switch (type) {
    case FactType::kFlag: {
      AQ_ASSIGN_OR_RETURN(fact.value, node.Flag());
      break;
    }
    case FactType::kNumber: {
      AQ_ASSIGN_OR_RETURN(fact.value, node.Number());
      break;
    }
    case FactType::kDate: {
      AQ_ASSIGN_OR_RETURN(fact.value, node.Day());
      break;
    }
    case FactType::kTexts: {
      std::vector<std::string> texts;
      if (node.is_list()) {
        AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, node.Items(kRowsMax));
        for (const YamlNode& item : items) {
          AQ_ASSIGN_OR_RETURN(std::string text, item.Text());
          texts.push_back(std::move(text));
        }
      } else {
        AQ_ASSIGN_OR_RETURN(const std::string text, node.Text());
        if (text != "none") texts.push_back(text);
      }
      fact.value = std::move(texts);
    }
  }
  return fact;
}

absl::StatusOr<EntitlementResult> ReadResult(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const std::string name, node.Text());
  EntitlementResult result = journal::v1::ENTITLEMENT_RESULT_UNSPECIFIED;
  if (name == "UNSPECIFIED" ||
      !journal::v1::EntitlementResult_Parse(absl::StrCat("ENTITLEMENT_RESULT_", name), &result)) {
    return node.Wrong(absl::StrCat("unknown value ", name));
  }
  return result;
}

}  // namespace

absl::Status ReadTime(const YamlNode& node, const YamlNode::Map& keys, CivilDate& from,
                      CivilDate& to) {
  AQ_ASSIGN_OR_RETURN(from, keys.at("from").Day());
  if (const auto it = keys.find("to"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(to, it->second.Day());
    if (to < from) return it->second.Wrong("ends before it begins");
  }
  return absl::OkStatus();
}

absl::StatusOr<Parameter> ReadDatedValues(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> rows, node.Items(kRowsMax));
  Parameter values;
  for (const YamlNode& item : rows) {
    AQ_ASSIGN_OR_RETURN(YamlNode::Map keys,
                        item.Keys({"from", "value", "source"}, {"to", "unverified"}));
    DatedValue row;
    AQ_RETURN_IF_ERROR(ReadTime(item, keys, row.from, row.to));
    AQ_ASSIGN_OR_RETURN(row.value, keys.at("value").Number());
    if (row.value < 0 || row.value > 100'000'000'000) {
      return keys.at("value").Wrong("must be from 0 to 100000000000");
    }
    AQ_ASSIGN_OR_RETURN(row.source, keys.at("source").Text());
    if (const auto it = keys.find("unverified"); it != keys.end()) {
      AQ_ASSIGN_OR_RETURN(row.unverified, it->second.Flag());
    }
    if (!values.empty()) {
      const CivilDate& last = values.back().to;
      if (last.empty() || row.from <= last) return item.Wrong("overlaps the dates before it");
    }
    values.push_back(std::move(row));
  }
  return values;
}

absl::Status CheckRole(const Policy& policy, const std::string& parameter, const YamlNode& node,
                       const Parameter& values) {
  for (const DatedValue& row : values) {
    const std::string objection = AmountObjection(policy.amount, parameter, row.value);
    if (!objection.empty()) return node.Wrong(objection);
  }
  return absl::OkStatus();
}

absl::StatusOr<FactSet> ReadFacts(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map given, node.AnyKeys(kRowsMax));
  FactSet facts;
  for (const auto& [fact, value] : given) {
    const std::optional<std::size_t> ordinal = FindFact(fact);
    if (!ordinal.has_value()) return value.Wrong(absl::StrCat("unknown fact ", fact));
    AQ_ASSIGN_OR_RETURN(facts[*ordinal], ReadTestFact(value, FactKinds()[*ordinal].type));
  }
  return facts;
}

absl::StatusOr<PolicyTest> ReadTest(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(YamlNode::Map keys, node.Keys({"name", "as_of", "facts", "expect"},
                                                    {"from", "category", "amount_fen"}));
  PolicyTest test;
  test.place = node.Place();
  AQ_ASSIGN_OR_RETURN(test.name, keys.at("name").Text());
  AQ_ASSIGN_OR_RETURN(test.as_of, keys.at("as_of").Day());
  AQ_ASSIGN_OR_RETURN(test.facts, ReadFacts(keys.at("facts")));
  AQ_ASSIGN_OR_RETURN(test.expected, ReadResult(keys.at("expect")));
  if (const auto it = keys.find("from"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(test.from, it->second.Day());
    test.from_place = it->second.Place();
  }
  if (const auto it = keys.find("category"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(test.category, it->second.Text());
    test.category_place = it->second.Place();
  }
  if (const auto it = keys.find("amount_fen"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(test.amount_fen, it->second.Number());
    test.amount_place = it->second.Place();
  }
  return test;
}

}  // namespace anqiao::policy
