// How much: the closed set of ways in which a policy's amount comes about (hub/doc/policies.md,
// Amounts). Whole fen, each product rounded half up.
//
// Pure; immutable after loading.

#ifndef ANQIAO_HUB_POLICY_AMOUNT_H_
#define ANQIAO_HUB_POLICY_AMOUNT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "hub/model/civil_date.h"
#include "hub/model/yaml_reader.h"

namespace anqiao::policy {

struct Policy;
class PersonFacts;

enum class AmountKind {
  kNone,
  // base x factor: of a year if there are months, else once.
  kRate,
  // base: what may be asked for at most.
  kCeiling,
  // base x factor a month, for months that are given or that a table gives for a fact.
  kMonthly,
  // numerator / denominator of a fact a month.
  kShare,
  // base x low to base x high a month.
  kRange,
  // base x size - income a month.
  kSupplement,
  // What a table gives for a fact.
  kTable,
};

struct Amount {
  AmountKind kind = AmountKind::kNone;
  // Names of parameters.
  std::string base, factor, numerator, denominator, low, high;
  // 0: not said.
  int months = 0;
  // Name of a table, and the fact that is looked up in it.
  std::string table;
  // Ordinals. kRate: months that are used already; kMonthly and kTable: what is looked up; kShare:
  // what is paid; kSupplement: income.
  std::optional<std::size_t> fact;
  // kSupplement: people in the household.
  std::optional<std::size_t> size_fact;
};

// One line of a table: for numbers from "at_least" on, or for a text.
struct TableRow {
  std::int64_t at_least = 0;
  std::string is;
  std::int64_t value = 0;
};

// The lines of a table for a time.
struct DatedTable {
  model::CivilDate from, to;  // "to" may be empty in the last one
  std::string source;
  bool unverified = false;
  // By number rising, or by text.
  bool by_text = false;
  std::vector<TableRow> rows;
};
using ValueTable = std::vector<DatedTable>;

// Reads the "tables" block. INVALID_ARGUMENT (CATALOGUE_INVALID), located.
absl::Status ReadTables(const model::YamlNode& node, Policy& policy);
// Reads the "amount" block; parameters and tables come before it. INVALID_ARGUMENT
// (CATALOGUE_INVALID), located.
absl::Status ReadAmount(const model::YamlNode& node, Policy& policy);
// Whether "parameter" may have "value" for what the amount uses it; empty if so, else why not.
std::string AmountObjection(const Amount& amount, const std::string& parameter, std::int64_t value);

// Its terms by name, such as "rate: base year_fen, factor permille, 36 months".
std::string AmountText(const Amount& amount);

// At most, in fen. 0: there is none, or it hangs on a fact that is not known and is not bounded.
std::int64_t AmountOf(const Policy& policy, const PersonFacts& facts);
// How it comes about; empty if there is none.
std::string AmountFormula(const Policy& policy, const PersonFacts& facts, bool zh);
// Whether a parameter or table that it uses is not verified.
bool AmountUnverified(const Policy& policy, const model::CivilDate& on);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_AMOUNT_H_
