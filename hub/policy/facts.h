// What policies ask about: facts derived from a case as of a date (hub/doc/domain.md, Facts).
//
// A fact is a value with its source and date, or it is not known, with the reason why. Each has a
// row in the table of the file that derives it (facts_person.cc, facts_employment.cc,
// facts_civil_affairs.cc, facts_stated.cc, facts_tax.cc) and is meant by its ordinal after loading.
// Pure.

#ifndef ANQIAO_HUB_POLICY_FACTS_H_
#define ANQIAO_HUB_POLICY_FACTS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "hub/model/case.h"
#include "hub/model/civil_date.h"
#include "hub/policy/retirement.h"

namespace anqiao::policy {

enum class FactType { kFlag, kNumber, kDate, kTexts };

// std::monostate: known not to be, such as the date of a registration that does not exist.
using FactValue =
    std::variant<std::monostate, bool, std::int64_t, model::CivilDate, std::vector<std::string>>;

struct Fact {
  enum class State { kValue, kMissing, kStale, kWithheld, kConflicting };

  State state = State::kMissing;
  FactValue value;
  // When it was stated; empty if it follows from what was not stated.
  model::CivilDate date;
  // The person said so, and no agency.
  bool stated = false;
  // For numbers that time alone moves: where they count from, and the months of one step.
  model::CivilDate counts_from;
  int step_months = 0;
  // The first later day on which time alone may change it, otherwise than by counting; empty: none.
  model::CivilDate until;

  bool known() const { return state == State::kValue; }
};

// MISSING, STALE, WITHHELD, CONFLICTING; empty for a value.
absl::string_view StateName(Fact::State state);
// Value as text, "none" if it is known not to be; empty if it is not known.
std::string ValueText(const Fact& fact);

// What a fact is derived from: the person's records as of "on", which may be later than the case's
// own date.
struct FactInput {
  const model::Case& person;
  const model::CivilDate& on;
  const RetirementTable& retirement;
};

// Agency kinds that may see in an explanation what became of a condition on a fact; no police.
inline constexpr unsigned kSeenByNobody = 0;
inline constexpr unsigned kSeenByCivilAffairs = 1;
inline constexpr unsigned kSeenByEmployment = 2;
inline constexpr unsigned kSeenByTax = 4;
inline constexpr unsigned kSeenByAll = kSeenByCivilAffairs | kSeenByEmployment | kSeenByTax;

struct FactKind {
  absl::string_view name;
  FactType type;
  // Agency kind that states it, "any", or "person". While no record of that kind of agency is known
  // it is missing.
  absl::string_view holder;
  unsigned seen_by;
  // Null: no record states it yet.
  Fact (*derive)(const FactInput& input);
  // What the person says counts where no agency that holds it knows the person (Case::stated).
  bool may_be_stated = false;
};

// Every fact that a condition may ask for, by name; a fact's ordinal is its place here.
const std::vector<FactKind>& FactKinds();
// Ordinal of the fact; nullopt if there is none.
std::optional<std::size_t> FindFact(absl::string_view name);
// Null if there is none.
const FactKind* FindFactKind(absl::string_view name);
// Whether an agency of kind "recipient" may see the outcome of conditions on it.
bool MaySee(absl::string_view recipient, const FactKind& kind);

// A fact of each kind, by ordinal; all missing at first.
class FactSet {
 public:
  FactSet() : facts_(FactKinds().size()) {}

  std::size_t size() const { return facts_.size(); }
  Fact& operator[](std::size_t ordinal) { return facts_[ordinal]; }
  const Fact& operator[](std::size_t ordinal) const { return facts_[ordinal]; }
  // Requires: there is such a fact.
  Fact& at(absl::string_view name) { return facts_[FindFact(name).value()]; }
  const Fact& at(absl::string_view name) const { return facts_[FindFact(name).value()]; }

 private:
  std::vector<Fact> facts_;
};

// Every fact of "person" as of "on".
FactSet DeriveFacts(const model::Case& person, const model::CivilDate& on,
                    const RetirementTable& retirement);

// The facts of one person from a day on: each derived once, for all policies, when it is first
// asked for. For one thread.
class PersonFacts {
 public:
  // "person" and "retirement" outlive this.
  PersonFacts(const model::Case& person, const model::CivilDate& on,
              const RetirementTable& retirement)
      : on_(on), person_(&person), retirement_(&retirement), derived_(FactKinds().size()) {}
  // Facts that are given, the same on every day; only as_of_date is the day.
  PersonFacts(FactSet given, const model::CivilDate& on);

  const model::CivilDate& on() const { return on_; }
  // As of on().
  const Fact& operator[](std::size_t ordinal) const {
    if (person_ != nullptr && !derived_[ordinal]) {
      facts_[ordinal] = On(ordinal, on_);
      derived_[ordinal] = 1;
    }
    return facts_[ordinal];
  }
  // As of "day", which is not before on().
  Fact On(std::size_t ordinal, const model::CivilDate& day) const;

 private:
  model::CivilDate on_;
  // Null: the facts are given.
  const model::Case* person_ = nullptr;
  const RetirementTable* retirement_ = nullptr;
  mutable FactSet facts_;
  mutable std::vector<char> derived_;
};

// INVALID_ARGUMENT (INVALID_FIELD, "stated_facts"): a name of no fact that may be stated, or a
// value that is none of its type.
absl::Status CheckStated(const std::map<std::string, std::string>& stated);

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
