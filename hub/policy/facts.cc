#include "hub/policy/facts.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/policy/fact_derivation.h"

namespace anqiao::policy {
namespace {

using model::Case;
using model::CivilDate;

bool IsKnownTo(const Case& person, absl::string_view holder) {
  if (holder == "any" || holder == "person") return true;
  if (holder == "employment") return person.known_to_employment;
  if (holder == "civil_affairs") return person.known_to_civil_affairs;
  if (holder == "tax") return person.known_to_tax;
  return false;
}

Fact FactOf(const FactKind& kind, const FactInput& input) {
  if (kind.derive != nullptr && IsKnownTo(input.person, kind.holder)) return kind.derive(input);
  return kind.may_be_stated ? StatedFact(input.person, kind) : Fact();
}

std::vector<FactKind> AllKinds() {
  std::vector<FactKind> all;
  for (const auto* kinds : {&PersonFactKinds(), &StatedFactKinds(), &EmploymentFactKinds(),
                            &CivilAffairsFactKinds(), &TaxFactKinds()}) {
    all.insert(all.end(), kinds->begin(), kinds->end());
  }
  std::sort(all.begin(), all.end(),
            [](const FactKind& a, const FactKind& b) { return a.name < b.name; });
  return all;
}

}  // namespace

const std::vector<FactKind>& FactKinds() {
  static const auto& kinds = *new std::vector<FactKind>(AllKinds());
  return kinds;
}

std::optional<std::size_t> FindFact(absl::string_view name) {
  const std::vector<FactKind>& kinds = FactKinds();
  const auto it =
      std::lower_bound(kinds.begin(), kinds.end(), name,
                       [](const FactKind& kind, absl::string_view n) { return kind.name < n; });
  if (it == kinds.end() || it->name != name) return std::nullopt;
  return static_cast<std::size_t>(std::distance(kinds.begin(), it));
}

const FactKind* FindFactKind(absl::string_view name) {
  const std::optional<std::size_t> ordinal = FindFact(name);
  return ordinal.has_value() ? &FactKinds()[*ordinal] : nullptr;
}

bool MaySee(absl::string_view recipient, const FactKind& kind) {
  if (kind.holder == "police") return false;
  if (recipient == "civil_affairs") return (kind.seen_by & kSeenByCivilAffairs) != 0;
  if (recipient == "employment") return (kind.seen_by & kSeenByEmployment) != 0;
  if (recipient == "tax") return (kind.seen_by & kSeenByTax) != 0;
  return false;
}

absl::string_view StateName(Fact::State state) {
  switch (state) {
    case Fact::State::kValue:
      return "";
    case Fact::State::kMissing:
      return "MISSING";
    case Fact::State::kStale:
      return "STALE";
    case Fact::State::kWithheld:
      return "WITHHELD";
    case Fact::State::kConflicting:
      return "CONFLICTING";
  }
  return "";
}

std::string ValueText(const Fact& fact) {
  if (!fact.known()) return "";
  if (const bool* flag = std::get_if<bool>(&fact.value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&fact.value)) return absl::StrCat(*number);
  if (const auto* date = std::get_if<CivilDate>(&fact.value)) return date->ToString();
  const auto* texts = std::get_if<std::vector<std::string>>(&fact.value);
  return texts == nullptr || texts->empty() ? "none" : absl::StrJoin(*texts, ", ");
}

FactSet DeriveFacts(const Case& person, const CivilDate& on, const RetirementTable& retirement) {
  FactSet facts;
  const FactInput input{person, on, retirement};
  const std::vector<FactKind>& kinds = FactKinds();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    facts[i] = FactOf(kinds[i], input);
  }
  return facts;
}

PersonFacts::PersonFacts(FactSet given, const CivilDate& on) : on_(on), facts_(std::move(given)) {
  facts_.at("as_of_date") = Known(on);
}

Fact PersonFacts::On(std::size_t ordinal, const CivilDate& day) const {
  const FactKind& kind = FactKinds()[ordinal];
  if (person_ == nullptr) {
    return kind.name == "as_of_date" ? Known(day) : facts_[ordinal];
  }
  return FactOf(kind, {*person_, day, *retirement_});
}

}  // namespace anqiao::policy
