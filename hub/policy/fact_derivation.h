// What the functions that derive facts share. To add a fact: one function from FactInput to Fact
// and one row with it in the table of the same file.
//
// A derivation names in Fact::until, by ChangesAt, RunsWith or BeginsOn, the first later day on
// which it would say something else; it must not be later than that, but may be earlier. Pure.

#ifndef ANQIAO_HUB_POLICY_FACT_DERIVATION_H_
#define ANQIAO_HUB_POLICY_FACT_DERIVATION_H_

#include <utility>
#include <vector>

#include "hub/model/case.h"
#include "hub/model/civil_date.h"
#include "hub/policy/facts.h"

namespace anqiao::policy {

// The tables of the files.
const std::vector<FactKind>& PersonFactKinds();
const std::vector<FactKind>& StatedFactKinds();
const std::vector<FactKind>& EmploymentFactKinds();
const std::vector<FactKind>& CivilAffairsFactKinds();
const std::vector<FactKind>& TaxFactKinds();

// What the person says of it; missing if nothing, or nothing of its type.
Fact StatedFact(const model::Case& person, const FactKind& kind);

inline model::CivilDate From(const type::v1::CivilDate& date) {
  return model::CivilDate::FromProto(date);
}

inline Fact Known(FactValue value, const model::CivilDate& date = {}) {
  Fact fact;
  fact.state = Fact::State::kValue;
  fact.value = std::move(value);
  fact.date = date;
  return fact;
}

inline Fact DateOrNone(const model::CivilDate& date) {
  return date.empty() ? Known(std::monostate()) : Known(date, date);
}

// "fact", as of "on", may change on "day", if that is later.
inline void ChangesAt(Fact& fact, const model::CivilDate& day, const model::CivilDate& on) {
  if (day > on && (fact.until.empty() || day < fact.until)) fact.until = day;
}

// True if what begins on "from" has begun; if not, "fact" may change then.
inline bool BeginsOn(Fact& fact, const model::CivilDate& from, const model::CivilDate& on) {
  ChangesAt(fact, from.FirstDay(), on);
  return from.FirstDay() <= on;
}

// True if it runs: "from" <= on, and on is not after "to", where there is one. "fact" may change at
// either end.
inline bool RunsWith(Fact& fact, const model::CivilDate& from, const model::CivilDate& to,
                     const model::CivilDate& on) {
  const bool begun = BeginsOn(fact, from, on);
  if (to.empty()) return begun;
  const model::CivilDate last = to.LastDay();
  if (last >= on) ChangesAt(fact, last.AddDays(1), on);
  return begun && on <= last;
}

// The latest by "date_of" among those that "counts"; null if none does.
template <typename Record, typename Counts, typename DateOf>
const Record* Latest(const std::vector<model::Stated<Record>>& all, Counts counts, DateOf date_of) {
  const Record* latest = nullptr;
  for (const auto& stated : all) {
    if (!counts(stated.fact)) continue;
    if (latest == nullptr || date_of(*latest) < date_of(stated.fact)) latest = &stated.fact;
  }
  return latest;
}

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_FACT_DERIVATION_H_
