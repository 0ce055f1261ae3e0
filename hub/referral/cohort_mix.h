// Whether having been referred tells that the police know somebody: how many of the people whom a
// recipient is asked for have a police record and how many have none.
//
// What a recipient learns from a request alone is the likelihood ratio
// P(asked for | record) / P(asked for | none): by it the odds of a record change, whatever they
// were before (I. J. Good, Probability and the Weighing of Evidence, 1950). Its logarithm to base 2
// is the weight of evidence in bits: 0 tells nothing, 1 doubles the odds. The shares of both
// classes are compared as in N. Li, T. Li, S. Venkatasubramanian, t-Closeness, ICDE 2007: those
// asked for against all cases of the hub. One half is added to every count, so that it is finite
// where one is 0 (J. B. S. Haldane, Annals of Human Genetics 20, 1956).
//
// Of fewer people than the rule's "cell_min" no number is shown, and none from which it follows
// (MixLines says how). Bounds: hub/policies/tables/cohort-mix.yaml. Pure.

#ifndef ANQIAO_HUB_REFERRAL_COHORT_MIX_H_
#define ANQIAO_HUB_REFERRAL_COHORT_MIX_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hub/model/civil_date.h"

namespace anqiao::referral {

// What holds from "from" to "to", which may be empty.
struct MixRule {
  model::CivilDate from, to;
  std::string source;
  bool unverified = false;
  std::int64_t cell_min = 0;
  double evidence_bits_max = 0;
};

struct MixTable {
  std::vector<MixRule> rules;

  // Null if none is in force.
  const MixRule* On(const model::CivilDate& day) const;
};

inline constexpr char kMixFile[] = "tables/cohort-mix.yaml";

// INVALID_ARGUMENT (CATALOGUE_INVALID): an unknown, missing or repeated key, a number out of range,
// a row that does not follow the one before; the message begins with file:line:column.
absl::StatusOr<MixTable> ParseMixTable(const std::string& file, const std::string& content);

// People with a police record and without any.
struct Cohorts {
  std::int64_t known = 0, others = 0;

  std::int64_t total() const { return known + others; }
  // Neither is a small cell.
  bool AreBoth(std::int64_t cell_min) const { return known >= cell_min && others >= cell_min; }
  Cohorts& operator+=(const Cohorts& more) {
    known += more.known;
    others += more.others;
    return *this;
  }
  friend bool operator==(const Cohorts&, const Cohorts&) = default;
};

enum class Mixing {
  kMixed,     // having been asked for says next to nothing
  kThin,      // one of the cohorts is too small for the other to be among
  kOneSided,  // having been asked for tells of a police record
};

// What it tells of somebody of "all" to be among "asked", in bits; negative: of no record.
double EvidenceBits(const Cohorts& asked, const Cohorts& all);
// Who is too few to judge by is kThin: fewer than two small cells' worth of people in all.
Mixing Judge(const Cohorts& asked, const Cohorts& all, const MixRule& rule);

// A recipient and a service, by their ids.
using Channel = std::pair<std::string, std::string>;

// A year's people by the month in which a recipient was first asked for them in that year.
struct MixInput {
  int year = 0;
  int months = 0;  // of the year that are over
  Cohorts all;     // cases of the hub
  std::map<Channel, std::array<Cohorts, 12>> channels;
};

struct MixLine {
  std::string agency, service;  // empty: of all
  int month = 0;                // 0: of the year
  Mixing mixing = Mixing::kThin;
  // Absent: suppressed. "evidence_bits" to two places.
  std::optional<std::int64_t> people;
  std::optional<Cohorts> cohorts;
  std::optional<double> evidence_bits;
  // Of a year: the last month that its numbers count; 0: none. Judged is all that is over.
  int counted_months = 0;
};

// A line for all, then for each channel its year and the months in which somebody was asked for.
//
// A month shows both cohorts or neither. A year's numbers are the sum of its months, so that
// subtracting tells what is left out: they end with the last month up to which the months that show
// neither come in groups of at least two with enough people of each cohort, and those that show no
// people at all in groups of at least two with enough people. Where they end changes only by whole
// groups, so that two answers at different times differ by no small cell either. The line for all
// is the sum of what the years show. FAILED_PRECONDITION (CONFIGURATION_INVALID): no rule is in
// force at the end of a month that is counted.
absl::StatusOr<std::vector<MixLine>> MixLines(const MixTable& table, const MixInput& input);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_COHORT_MIX_H_
