// One policy as it was loaded, and how its conditions are judged.
//
// Pure; immutable after loading.

#ifndef ANQIAO_HUB_POLICY_POLICY_H_
#define ANQIAO_HUB_POLICY_POLICY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "anqiao/journal/v1/entitlement.pb.h"
#include "hub/policy/catalogue.h"
#include "hub/policy/expression.h"
#include "hub/policy/facts.h"
#include "hub/policy/yaml_reader.h"

namespace anqiao::policy {

inline constexpr std::size_t kLeavesMax = 64;
inline constexpr int kDepthMax = 8;

// The closed set of operators (hub/doc/policies.md).
enum class Operator { kEquals, kIn, kContains, kExists, kAtLeast, kAtMost, kRange, kElapsed };

// Values of one parameter, each for a time, without gap or overlap.
struct DatedValue {
  model::CivilDate from, to;  // "to" may be empty in the last one
  std::int64_t value = 0;
};
using Parameter = std::vector<DatedValue>;

struct Leaf {
  std::string id, fact, law, label_zh, label_en, category;
  Operator op = Operator::kExists;
  bool flag = true;
  std::vector<std::string> texts;
  // kAtLeast, kAtMost; kElapsed: months. A parameter's name stands in for the number.
  std::int64_t number = 0;
  std::string parameter;
  // kRange over dates; kElapsed: at most (else at least) so many months ago.
  model::CivilDate from, to;
  std::int64_t number_min = 0, number_max = 0;
  bool at_most = false;
};

struct Amount {
  std::string base, factor;
  // 0: once.
  int months = 0;
};

struct Policy {
  PolicySummary summary;
  std::vector<Leaf> leaves;
  Expression conditions;
  std::map<std::string, Parameter> parameters;
  Amount amount;
  std::vector<std::string> evidence;
};

// Facts as of a day.
using FactsOn = std::function<FactSet(const model::CivilDate&)>;

// Reads one file and runs its tests. INVALID_ARGUMENT (CATALOGUE_INVALID), located.
absl::StatusOr<Policy> ReadPolicy(const YamlNode& file);

// What "leaf" comes to. Requires: as loaded.
Truth Judge(const Policy& policy, const Leaf& leaf, const FactSet& facts,
            const model::CivilDate& on);

// Everything but the catalogue's hash.
journal::v1::EntitlementAnswer Answer(const Policy& policy, const FactsOn& facts_on,
                                      const model::CivilDate& on);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_POLICY_H_
