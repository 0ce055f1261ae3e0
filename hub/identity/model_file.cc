#include "hub/identity/model_file.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/identity/shipped.h"
#include "hub/model/yaml_reader.h"

namespace anqiao::identity {
namespace {

using model::YamlNode;

constexpr std::size_t kValuesMax = 20'000;
constexpr double kSumTolerance = 0.001;

absl::StatusOr<double> Probability(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const double value, node.Decimal());
  if (value <= 0 || value > 1) return node.Wrong("expected a probability over 0 and at most 1");
  return value;
}

absl::StatusOr<Weight> Bits(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const double bits, node.Decimal());
  if (std::abs(bits) > 100) return node.Wrong("expected at most 100 bits");
  return static_cast<Weight>(std::lround(bits * kBit));
}

absl::Status ReadLevels(const YamlNode& node, AttributeKind kind, AttributeModel& attribute) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map levels, node.AnyKeys(kLevels));
  const std::vector<Level>& used = LevelsOf(kind);
  double sum_m = 0, sum_u = 0;
  for (const auto& [name, each] : levels) {
    const std::optional<Level> level = ParseLevel(name);
    if (!level.has_value() || std::find(used.begin(), used.end(), *level) == used.end()) {
      return each.Wrong(absl::StrCat("kind ", AttributeKindName(kind), " has no level ", name));
    }
    AQ_ASSIGN_OR_RETURN(const YamlNode::Map pair, each.Keys({"m", "u"}, {}));
    AQ_ASSIGN_OR_RETURN(const double m, Probability(pair.at("m")));
    AQ_ASSIGN_OR_RETURN(const double u, Probability(pair.at("u")));
    attribute.m[static_cast<std::size_t>(*level)] = m;
    attribute.u[static_cast<std::size_t>(*level)] = u;
    sum_m += m;
    sum_u += u;
  }
  if (levels.size() != used.size()) {
    return node.Wrong(
        absl::StrCat("kind ", AttributeKindName(kind), " has ", used.size(), " levels"));
  }
  if (std::abs(sum_m - 1) > kSumTolerance || std::abs(sum_u - 1) > kSumTolerance) {
    return node.Wrong("m of all levels must add up to 1, and so must u");
  }
  return absl::OkStatus();
}

absl::StatusOr<Frequencies> ReadFrequencies(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys, node.Keys({"other", "values"}, {}));
  Frequencies frequencies;
  AQ_ASSIGN_OR_RETURN(frequencies.other, Probability(keys.at("other")));
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map values, keys.at("values").AnyKeys(kValuesMax));
  for (const auto& [value, share] : values) {
    AQ_ASSIGN_OR_RETURN(frequencies.values[value], Probability(share));
  }
  return frequencies;
}

absl::Status ReadAttribute(const YamlNode& node, Model& model) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys,
                      node.Keys({"name", "kind", "levels"}, {"surnames", "given_characters"}));
  Attribute attribute;
  AQ_ASSIGN_OR_RETURN(attribute.name, keys.at("name").Text());
  AQ_ASSIGN_OR_RETURN(const std::string kind, keys.at("kind").Text());
  const std::optional<AttributeKind> parsed = ParseAttributeKind(kind);
  if (!parsed.has_value()) return keys.at("kind").Wrong(absl::StrCat("unknown kind ", kind));
  attribute.kind = *parsed;
  AttributeModel& weights = model.attributes.emplace_back();
  AQ_RETURN_IF_ERROR(ReadLevels(keys.at("levels"), attribute.kind, weights));
  model.schema.push_back(std::move(attribute));
  if (keys.contains("surnames") != keys.contains("given_characters")) {
    return node.Wrong("surnames and given_characters belong together");
  }
  if (keys.contains("surnames")) {
    AQ_ASSIGN_OR_RETURN(weights.surnames, ReadFrequencies(keys.at("surnames")));
    AQ_ASSIGN_OR_RETURN(weights.given_characters, ReadFrequencies(keys.at("given_characters")));
  }
  return absl::OkStatus();
}

absl::Status ReadRecipe(const YamlNode& node, Model& model) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys, node.Keys({"of", "records_max"}, {}));
  KeyRecipe recipe;
  AQ_ASSIGN_OR_RETURN(const std::int64_t records_max, keys.at("records_max").Number());
  if (records_max < 2 || records_max > static_cast<std::int64_t>(kRecordsPerKeyMax)) {
    return keys.at("records_max").Wrong(absl::StrCat("expected 2 to ", kRecordsPerKeyMax));
  }
  recipe.records_max = static_cast<std::size_t>(records_max);
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> parts, keys.at("of").Items(kAttributesMax));
  for (const YamlNode& each : parts) {
    AQ_ASSIGN_OR_RETURN(const std::string text, each.Text());
    // The name of an attribute may have dots.
    const std::size_t dot = text.rfind('.');
    if (dot == std::string::npos) return each.Wrong("expected ATTRIBUTE.PART");
    const std::pair<std::string, std::string> pair(text.substr(0, dot), text.substr(dot + 1));
    const auto found =
        std::find_if(model.schema.begin(), model.schema.end(),
                     [&](const Attribute& attribute) { return attribute.name == pair.first; });
    if (found == model.schema.end()) {
      return each.Wrong(absl::StrCat("no attribute ", pair.first));
    }
    const std::optional<KeyPartKind> kind = ParseKeyPart(pair.second);
    if (!kind.has_value()) return each.Wrong(absl::StrCat("unknown part ", pair.second));
    recipe.parts.push_back({static_cast<std::size_t>(found - model.schema.begin()), *kind});
  }
  model.recipes.push_back(std::move(recipe));
  return absl::OkStatus();
}

// A double-quoted scalar of YAML.
std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted.push_back('\\');
      quoted.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      absl::StrAppendFormat(&quoted, "\\x%02X", static_cast<unsigned char>(c));
    } else {
      quoted.push_back(c);
    }
  }
  return quoted + "\"";
}

// What fewer records have could name one of them.
constexpr double kRecordsToName = 5;

void WriteFrequencies(std::string& out, absl::string_view name, const Frequencies& frequencies,
                      double records) {
  std::vector<std::pair<double, std::string>> sorted;
  for (const auto& [value, share] : frequencies.values) {
    if (share * records >= kRecordsToName) sorted.emplace_back(-share, value);
  }
  std::sort(sorted.begin(), sorted.end());
  absl::StrAppend(&out, "    ", name,
                  ":\n      other: ", absl::StrFormat("%.3g", frequencies.other),
                  "\n      values: {");
  const char* separator = "";
  for (const auto& [share, value] : sorted) {
    absl::StrAppend(&out, separator, Quoted(value), ": ", absl::StrFormat("%.3g", -share));
    separator = ", ";
  }
  out += "}\n";
}

absl::StatusOr<Model> ReadModel(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys,
                      node.Keys({"version", "source", "link", "review", "records",
                                 "others_per_record", "attributes", "keys"},
                                {}));
  Model model;
  AQ_ASSIGN_OR_RETURN(model.version, keys.at("version").Text());
  AQ_ASSIGN_OR_RETURN(model.link, Bits(keys.at("link")));
  AQ_ASSIGN_OR_RETURN(model.review, Bits(keys.at("review")));
  if (model.review >= model.link) return keys.at("review").Wrong("review is not under link");
  AQ_ASSIGN_OR_RETURN(const std::int64_t records, keys.at("records").Number());
  if (records < 2) return keys.at("records").Wrong("expected at least 2");
  model.records = static_cast<std::size_t>(records);
  AQ_ASSIGN_OR_RETURN(model.others_per_record, keys.at("others_per_record").Decimal());
  if (model.others_per_record <= 0 || model.others_per_record > 1000) {
    return keys.at("others_per_record").Wrong("expected a number over 0 and at most 1000");
  }
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> attributes,
                      keys.at("attributes").Items(kAttributesMax));
  for (const YamlNode& each : attributes) AQ_RETURN_IF_ERROR(ReadAttribute(each, model));
  if (const absl::Status status = CheckSchema(model.schema); !status.ok()) {
    return keys.at("attributes").Wrong(status.message());
  }
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> recipes, keys.at("keys").Items(kRecipesMax));
  for (const YamlNode& each : recipes) AQ_RETURN_IF_ERROR(ReadRecipe(each, model));
  const std::size_t register_size = model.records;
  return SizedFor(std::move(model), register_size);
}

}  // namespace

absl::StatusOr<Model> ParseModel(const std::string& file, const std::string& content) {
  AQ_ASSIGN_OR_RETURN(const YamlNode node,
                      YamlNode::Parse(file, content, reason::kIdentityModelInvalid));
  return ReadModel(node);
}

std::string FormatModel(const Model& model, const std::string& source) {
  std::string out = absl::StrFormat(
      "version: %s\nsource: %s\n# Bits of log2 odds.\nlink: %g\nreview: %g\n"
      "# The size of the register it is for, and how many other records of its person a record "
      "has.\nrecords: %d\nothers_per_record: %.4g\nattributes:\n",
      Quoted(model.version), Quoted(source), static_cast<double>(model.link) / kBit,
      static_cast<double>(model.review) / kBit, model.records, model.others_per_record);
  for (std::size_t i = 0; i < model.schema.size(); ++i) {
    const AttributeModel& attribute = model.attributes[i];
    absl::StrAppend(&out, "  - name: ", Quoted(model.schema[i].name),
                    "\n    kind: ", AttributeKindName(model.schema[i].kind), "\n    levels:\n");
    for (const Level level : LevelsOf(model.schema[i].kind)) {
      const auto at = static_cast<std::size_t>(level);
      absl::StrAppendFormat(&out, "      %s: {m: %.4g, u: %.4g}\n", std::string(LevelName(level)),
                            attribute.m[at], attribute.u[at]);
    }
    if (attribute.surnames.values.empty()) continue;
    const auto records = static_cast<double>(model.records);
    WriteFrequencies(out, "surnames", attribute.surnames, records);
    WriteFrequencies(out, "given_characters", attribute.given_characters, records);
  }
  out += "# A key that more than records_max records share is not used.\nkeys:\n";
  for (const KeyRecipe& recipe : model.recipes) {
    out += "  - of: [";
    const char* separator = "";
    for (const KeyPart& part : recipe.parts) {
      absl::StrAppend(
          &out, separator,
          Quoted(absl::StrCat(model.schema[part.attribute].name, ".", KeyPartName(part.kind))));
      separator = ", ";
    }
    absl::StrAppend(&out, "]\n    records_max: ", recipe.records_max, "\n");
  }
  return out;
}

absl::StatusOr<StopList> ParseStopList(const std::string& file, const std::string& content) {
  AQ_ASSIGN_OR_RETURN(const YamlNode node,
                      YamlNode::Parse(file, content, reason::kIdentityModelInvalid));
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys, node.Keys({"version", "source", "values"}, {}));
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map kinds, keys.at("values").AnyKeys(kAttributesMax));
  StopList list;
  for (const auto& [name, values] : kinds) {
    const std::optional<AttributeKind> kind = ParseAttributeKind(name);
    if (!kind.has_value()) return values.Wrong(absl::StrCat("unknown kind ", name));
    AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, values.Items(kValuesMax));
    for (const YamlNode& item : items) {
      AQ_ASSIGN_OR_RETURN(const std::string text, item.Text());
      const Value value = NormalizeValue({"", *kind}, text);
      if (value.empty()) return item.Wrong(absl::StrCat("says nothing as a ", name));
      list[*kind].insert(value.text);
    }
  }
  return list;
}

// Part of the program and covered by tests: they parse.
const Model& ShippedModel() {
  static const Model* const model = new Model(*ParseModel("zh-2.yaml", kShippedModel));
  return *model;
}

const StopList& ShippedStopList() {
  static const StopList* const list =
      new StopList(*ParseStopList("stop-list.yaml", kShippedStopList));
  return *list;
}

Profile MakeProfile(const Schema& schema, const StopList& stop_list, std::vector<Value> values) {
  for (std::size_t i = 0; i < schema.size(); ++i) {
    const auto generic = stop_list.find(schema[i].kind);
    if (generic == stop_list.end()) continue;
    Value& value = values[i];
    const auto is_generic = [&](const std::string& text) { return generic->second.contains(text); };
    value.further.erase(std::remove_if(value.further.begin(), value.further.end(), is_generic),
                        value.further.end());
    if (value.empty() || !is_generic(value.text)) continue;
    std::vector<std::string> further = std::move(value.further);
    value = Value();
    if (further.empty()) continue;
    value = NormalizeValues(schema[i], "", further);
  }
  CompleteProfile(schema, values);
  return values;
}

}  // namespace anqiao::identity
