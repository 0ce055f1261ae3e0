// One policy as it was loaded, and how its conditions are judged.
//
// Pure; immutable after loading.

#ifndef ANQIAO_HUB_POLICY_POLICY_H_
#define ANQIAO_HUB_POLICY_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "anqiao/journal/v1/entitlement.pb.h"
#include "hub/model/yaml_reader.h"
#include "hub/policy/amount.h"
#include "hub/policy/catalogue.h"
#include "hub/policy/expression.h"
#include "hub/policy/facts.h"

namespace anqiao::policy {

inline constexpr std::size_t kLeavesMax = 64;
inline constexpr int kDepthMax = 8;
inline constexpr std::size_t kRowsMax = 64;

// The closed set of operators (hub/doc/policies.md).
enum class Operator { kEquals, kIn, kContains, kExists, kAtLeast, kAtMost, kRange, kElapsed };

// Values of one parameter, each for a time, without gap or overlap.
struct DatedValue {
  model::CivilDate from, to;  // "to" may be empty in the last one
  std::int64_t value = 0;
  std::string source;
  bool unverified = false;
  // Division prefix of the profile that it came from; empty: the policy itself.
  std::string profile;
};
using Parameter = std::vector<DatedValue>;

struct Leaf {
  std::string id, law, label_zh, label_en, category;
  // Ordinal of the fact.
  std::size_t fact = 0;
  // The fact is as_of_date.
  bool of_day = false;
  Operator op = Operator::kExists;
  bool flag = true;
  std::vector<std::string> texts;
  // kAtLeast, kAtMost; kElapsed: months. A parameter stands in for the number.
  std::int64_t number = 0;
  std::string parameter;
  // kRange over dates; kElapsed: at most (else at least) so many months ago.
  model::CivilDate from, to;
  std::int64_t number_min = 0, number_max = 0;
  bool at_most = false;
  bool unverified = false;
};

// A test of its own, as it stands in the file.
struct PolicyTest {
  std::string name;
  model::CivilDate as_of;
  FactSet facts;
  journal::v1::EntitlementResult expected = journal::v1::ENTITLEMENT_RESULT_UNSPECIFIED;
  // Empty: not said.
  model::CivilDate from;
  std::string category;
  std::optional<std::int64_t> amount_fen;
  // Where it stands, and where what is expected: "file:line:column".
  std::string place, from_place, category_place, amount_place;
};

struct Policy {
  PolicySummary summary;
  std::string law, authority;
  std::vector<Leaf> leaves;
  Expression conditions;
  std::map<std::string, Parameter> parameters;
  std::map<std::string, ValueTable> tables;
  Amount amount;
  std::vector<std::string> evidence;
  std::vector<PolicyTest> tests;
};

// By id.
using PolicyMap = std::map<std::string, Policy, std::less<>>;

// Reads one file without running its tests. INVALID_ARGUMENT (CATALOGUE_INVALID), located.
absl::StatusOr<Policy> ReadPolicy(const model::YamlNode& file);

// "from" and, unless it goes on, "to".
absl::Status ReadTime(const model::YamlNode& node, const model::YamlNode::Map& keys,
                      model::CivilDate& from, model::CivilDate& to);
// Rows {from, to, value, source, unverified} in order of time, without overlap.
absl::StatusOr<Parameter> ReadDatedValues(const model::YamlNode& node);
// Whether the policy can use "values" of "node" for its parameter.
absl::Status CheckRole(const Policy& policy, const std::string& parameter,
                       const model::YamlNode& node, const Parameter& values);
// Facts by name, as in a policy's test; those that are not named are missing.
absl::StatusOr<FactSet> ReadFacts(const model::YamlNode& node);

absl::StatusOr<PolicyTest> ReadTest(const model::YamlNode& node);

// Runs one of the policy's own tests, with the values that stand in its file. INVALID_ARGUMENT
// (CATALOGUE_INVALID), located: it does not come out as it says.
absl::Status RunTest(const Policy& policy, const PolicyTest& test);

// What "leaf" comes to with "fact", which is as of "on". Requires: as loaded.
Truth Judge(const Policy& policy, const Leaf& leaf, const Fact& fact, const model::CivilDate& on);

// The row in force on "on"; null if there is none.
const DatedValue* ValueOn(const Parameter& parameter, const model::CivilDate& on);
const DatedValue* ValueOn(const Policy& policy, const std::string& parameter,
                          const model::CivilDate& on);

// What the policy decides; views into "policy".
Decision Decide(const Policy& policy, const PersonFacts& facts);

// What it decides and why, before it is put into words.
struct Evaluation {
  Decision decision;
  // Of each condition in order.
  Truths truths;
  absl::InlinedVector<bool, 24> decisive;
  // Facts that are not known and could change the answer, each once.
  absl::InlinedVector<std::size_t, 8> missing;
};
Evaluation Evaluate(const Policy& policy, const PersonFacts& facts);

// The evaluation as it is kept: everything but the catalogue's hash and jurisdiction. What
// "answer" held is replaced and its memory used again.
void WriteAnswer(const Policy& policy, const PersonFacts& facts, const Evaluation& evaluation,
                 journal::v1::EntitlementAnswer* answer);
journal::v1::EntitlementAnswer Answer(const Policy& policy, const PersonFacts& facts);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_POLICY_H_
