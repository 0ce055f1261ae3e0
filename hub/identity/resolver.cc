#include "hub/identity/resolver.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/digest.h"
#include "hub/model/civil_date.h"
#include "hub/model/names.h"

namespace anqiao::identity {
namespace {

namespace jv1 = journal::v1;

constexpr std::size_t kKeysMax = 8;
constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kStreetDigits = 9;

std::string Key(absl::string_view kind, absl::string_view first, absl::string_view second = "") {
  return Sha256(absl::StrCat(kind, "\x1f", first, "\x1f", second)).substr(0, kKeyBytes);
}

// The full birth date as text; empty if the day is not known.
std::string BirthDay(const jv1::Subject& subject) {
  const model::CivilDate date = model::CivilDate::FromProto(subject.birth_date());
  return date.has_day() ? date.ToString() : "";
}

bool HasName(const jv1::Subject& subject, absl::string_view name) {
  return subject.name() == name ||
         std::find(subject.former_names().begin(), subject.former_names().end(), name) !=
             subject.former_names().end();
}

// Equal names, former ones too; never empty, never with an unknown character.
bool NamesEqual(const jv1::Subject& a, const jv1::Subject& b) {
  const auto usable = [](const std::string& name) {
    return !name.empty() && !model::HasUnknownCharacter(name);
  };
  return (usable(a.name()) && HasName(b, a.name())) || (usable(b.name()) && HasName(a, b.name()));
}

bool SexesConflict(const jv1::Subject& a, const jv1::Subject& b) {
  const auto known = [](const std::string& sex) { return sex == "1" || sex == "2"; };
  return known(a.sex()) && known(b.sex()) && a.sex() != b.sex();
}

bool SameStreet(const std::string& a, const std::string& b) {
  return a.size() >= kStreetDigits && b.size() >= kStreetDigits &&
         absl::string_view(a).substr(0, kStreetDigits) ==
             absl::string_view(b).substr(0, kStreetDigits);
}

bool SharePhone(const jv1::Subject& a, const jv1::Subject& b) {
  return std::any_of(a.phones().begin(), a.phones().end(), [&](const std::string& phone) {
    return std::find(b.phones().begin(), b.phones().end(), phone) != b.phones().end();
  });
}

// The agreement that name and birth date need beside them.
bool AgreeOnceMore(const jv1::Subject& a, const jv1::Subject& b) {
  return SharePhone(a, b) || (!a.address().empty() && a.address() == b.address()) ||
         SameStreet(a.division_code(), b.division_code()) ||
         SameStreet(a.registered_division_code(), b.registered_division_code());
}

// How a record stands to one candidate, over all of the candidate's records.
struct ExactComparison {
  std::string person;
  bool agency_number = false, id_number = false;
  bool name_agrees = false, name_birth = false, once_more = false;
  bool sexes_conflict = false, id_numbers_conflict = false;
};

ExactComparison Compare(const jv1::Subject& subject, const jv1::PersonDocument& person) {
  ExactComparison result;
  result.person = person.person();
  bool has_id_number = false;
  const std::string birth_day = BirthDay(subject);
  for (const jv1::PersonRecord& record : person.records()) {
    if (!record.observation().has_subject()) continue;
    const jv1::Subject& other = record.observation().subject();
    if (!subject.agency_number().empty() && subject.agency_number() == other.agency_number()) {
      result.agency_number = true;
    }
    if (!other.id_number().empty()) {
      has_id_number = true;
      result.id_number = result.id_number || subject.id_number() == other.id_number();
    }
    result.name_agrees = result.name_agrees || NamesAgree(subject, other);
    if (!birth_day.empty() && birth_day == BirthDay(other) && NamesEqual(subject, other)) {
      result.name_birth = true;
    }
    result.once_more = result.once_more || AgreeOnceMore(subject, other);
    result.sexes_conflict = result.sexes_conflict || SexesConflict(subject, other);
  }
  result.id_numbers_conflict = !subject.id_number().empty() && has_id_number && !result.id_number;
  return result;
}

// What one candidate suggests: a rule that links, or a reason to look.
struct Suggestion {
  absl::string_view rule, review;
};

Suggestion Judge(const ExactComparison& c) {
  const bool third = c.name_birth && c.once_more && !c.sexes_conflict;
  if (c.id_numbers_conflict) {
    return {"", (c.agency_number && c.name_agrees) || third ? "CONFLICTING_ID_NUMBERS" : ""};
  }
  if (c.agency_number && c.name_agrees) return {"AGENCY_NUMBER", ""};
  if (c.id_number) {
    return c.name_agrees ? Suggestion{"ID_NUMBER", ""} : Suggestion{"", "ID_NUMBER_OTHER_NAME"};
  }
  if (third) return {"NAME_BIRTH", ""};
  if (c.agency_number) return {"", "AGENCY_NUMBER_OTHER_NAME"};
  if (c.name_birth) return {"", "NAME_BIRTH_ALONE"};
  return {"", ""};
}

// The first of "order" that occurs in "found"; empty if none does.
template <std::size_t N>
std::string FirstFound(const absl::string_view (&order)[N], const std::set<std::string>& found) {
  for (const absl::string_view each : order) {
    if (found.count(std::string(each)) > 0) return std::string(each);
  }
  return "";
}

constexpr absl::string_view kRules[] = {"AGENCY_NUMBER", "ID_NUMBER", "NAME_BIRTH"};
constexpr absl::string_view kReviews[] = {"CONFLICTING_ID_NUMBERS", "ID_NUMBER_OTHER_NAME",
                                          "AGENCY_NUMBER_OTHER_NAME", "NAME_BIRTH_ALONE"};

}  // namespace

std::vector<std::string> BlockingKeys(const jv1::Subject& subject) {
  std::vector<std::string> keys;
  if (!subject.id_number().empty()) keys.push_back(Key("id", subject.id_number()));
  if (!subject.agency_number().empty()) keys.push_back(Key("number", subject.agency_number()));
  const std::string birth_day = BirthDay(subject);
  if (birth_day.empty()) return keys;
  const auto add_name = [&](const std::string& name) {
    if (name.empty() || model::HasUnknownCharacter(name) || keys.size() >= kKeysMax) return;
    std::string key = Key("name", name, birth_day);
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
  };
  add_name(subject.name());
  for (const std::string& former : subject.former_names()) add_name(former);
  return keys;
}

bool NamesAgree(const jv1::Subject& a, const jv1::Subject& b) {
  return model::NamesCompatible(a.name(), b.name()) || NamesEqual(a, b);
}

Decision Resolve(const jv1::Subject& subject, const std::vector<Candidate>& candidates) {
  std::set<std::string> rules, reviews;
  std::vector<std::pair<std::string, Suggestion>> suggestions;
  for (const Candidate& candidate : candidates) {
    const ExactComparison comparison = Compare(subject, *candidate.person);
    const Suggestion suggestion = Judge(comparison);
    if (!suggestion.rule.empty()) rules.emplace(suggestion.rule);
    if (!suggestion.review.empty()) reviews.emplace(suggestion.review);
    suggestions.emplace_back(comparison.person, suggestion);
  }
  // The smallest id first, each person once.
  std::sort(suggestions.begin(), suggestions.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  suggestions.erase(std::unique(suggestions.begin(), suggestions.end(),
                                [](const auto& a, const auto& b) { return a.first == b.first; }),
                    suggestions.end());

  Decision decision;
  decision.rule = FirstFound(kRules, rules);
  const bool linked = !decision.rule.empty();
  if (!linked) {
    decision.rule = "NEW";
    decision.review = FirstFound(kReviews, reviews);
  }
  for (const auto& [person, suggestion] : suggestions) {
    if (linked && decision.person.empty() && suggestion.rule == decision.rule) {
      decision.person = person;
    } else if (linked ? !suggestion.rule.empty() : !suggestion.review.empty()) {
      decision.review_candidates.push_back(person);
    }
  }
  if (linked && !decision.review_candidates.empty()) decision.review = "SEVERAL_CANDIDATES";
  return decision;
}

}  // namespace anqiao::identity
