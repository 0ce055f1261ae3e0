// What policies ask about: facts derived from a case as of a date (hub/doc/domain.md, Facts).
//
// A fact is a value with its source and date, or it is not known, with the reason why. Pure.

#ifndef ANQIAO_HUB_POLICY_FACTS_H_
#define ANQIAO_HUB_POLICY_FACTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "hub/model/case.h"
#include "hub/model/civil_date.h"
#include "hub/policy/retirement.h"

namespace anqiao::policy {

enum class FactType { kFlag, kNumber, kDate, kTexts };

struct FactKind {
  absl::string_view name;
  FactType type;
  // Agency kind that states it, or "any".
  absl::string_view holder;
};

// Every fact that a condition may ask for, by name.
const std::vector<FactKind>& FactKinds();
// Null if there is none.
const FactKind* FindFactKind(absl::string_view name);

// std::monostate: known not to be, such as the date of a registration that does not exist.
using FactValue =
    std::variant<std::monostate, bool, std::int64_t, model::CivilDate, std::vector<std::string>>;

struct Fact {
  enum class State { kValue, kMissing, kStale, kWithheld, kConflicting };

  State state = State::kMissing;
  FactValue value;
  // When it was stated; empty if it follows from what was not stated.
  model::CivilDate date;
  // For numbers that time alone moves: where they count from, and the months of one step.
  model::CivilDate counts_from;
  int step_months = 0;
  // Later days on which time alone may change it.
  std::vector<model::CivilDate> changes;

  bool known() const { return state == State::kValue; }
};

// MISSING, STALE, WITHHELD, CONFLICTING; empty for a value.
absl::string_view StateName(Fact::State state);
// Value as text, "none" if it is known not to be; empty if it is not known.
std::string ValueText(const Fact& fact);

using FactSet = std::map<std::string, Fact, std::less<>>;

// Every fact of "person" as of "on", which may be later than the case's own date.
FactSet DeriveFacts(const model::Case& person, const model::CivilDate& on,
                    const RetirementTable& retirement);

// The records that facts and views speak of; null if there is none. Of several the latest counts.
const journal::v1::UnemploymentFact* OpenUnemployment(const model::Case& person,
                                                      const model::CivilDate& on);
const journal::v1::EmploymentFact* RunningContract(const model::Case& person,
                                                   const model::CivilDate& on);
const journal::v1::TrainingFact* LatestQualification(const model::Case& person,
                                                     const model::CivilDate& on);
const journal::v1::BusinessFact* RunningBusiness(const model::Case& person,
                                                 const model::CivilDate& on);
const journal::v1::CertificateFact* CertificateWith(const model::Case& person,
                                                    const model::CivilDate& on,
                                                    absl::string_view annotation);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_FACTS_H_
