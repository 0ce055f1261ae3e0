// The case: what the agencies' records about one person add up to, as of a date.
//
// Pure and cheap (microseconds): cases are folded when they are read, from the person's current
// records, so that time alone moves them. Order of the records does not matter: folding sorts by
// (effective date, source version, record identity).
//
// Phases follow hub/doc/domain.md: the hub records the decisions of the police and computes only
// expiry and CLEAN_THREE_YEARS (戒毒条例 第七条; anchors as in 上海市禁毒条例 第二十九条 and
// 山东省禁毒条例 第三十六条). A missed deadline raises a flag and never changes a phase.

#ifndef ANQIAO_HUB_MODEL_CASE_H_
#define ANQIAO_HUB_MODEL_CASE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "anqiao/journal/v1/record.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/model/civil_date.h"

namespace anqiao::model {

// The numbers are those of hub.v1.Phase.
enum class Phase {
  kNone = 0,
  kRegistered = 1,
  kVoluntary = 2,
  kCommunityDetoxOrdered = 3,
  kCommunityDetox = 4,
  kCommunityDetoxRefused = 5,
  kCommunityDetoxDone = 6,
  kCompulsoryIsolation = 7,
  kCompulsoryIsolationDone = 8,
  kCommunityRehabilitationOrdered = 9,
  kCommunityRehabilitation = 10,
  kCommunityRehabilitationRefused = 11,
  kCommunityRehabilitationDone = 12,
  kCleanThreeYears = 13,
  kCommunityDetoxTerminated = 14,
};

// The part of the census that a phase counts in (domain.md 5.0).
enum class CensusPart {
  kNone,
  kCompulsoryIsolation,
  kCommunityDetox,
  kCommunityRehabilitation,
  kInSociety,
  kCleanThreeYears
};
CensusPart PartOf(Phase phase);

// A value of the person with the agency kind that states it.
struct Attributed {
  std::string value;
  std::string agency;
};

struct CaseEvent {
  CivilDate date;
  std::string kind;  // UPPER_SNAKE
  std::string text_zh;
  std::string text_en;
  std::string agency;
};

struct Deadline {
  std::string rule;
  CivilDate date;
  bool overdue = false;
  std::string law;
};

// A fact with where it comes from. Only facts that are not ended.
template <typename Fact>
struct Stated {
  Fact fact;
  std::string agency;
  std::int64_t source_version = 0;
};

struct Case {
  std::string person;
  CivilDate as_of;

  // Best values: police values are used here only if no other agency has one; "outward" never comes
  // from the police.
  std::string name, id_number, sex, division_code;
  CivilDate birth_date;
  std::vector<std::string> phones;
  struct Outward {
    std::string name, id_number, phone, division_code;
  } outward;

  // Any current or ended record of that kind of agency (hub/doc/domain.md, Facts).
  bool known_to_police = false, known_to_civil_affairs = false, known_to_employment = false,
       known_to_tax = false;

  bool registered = false;
  std::vector<std::string> register_numbers;  // sorted
  Phase phase = Phase::kNone;
  CivilDate phase_since;
  std::vector<std::string> flags;  // sorted
  bool deceased = false;

  std::vector<Stated<journal::v1::OrderFact>> orders;  // by decided date
  std::vector<Stated<journal::v1::TestFact>> tests;    // by date
  std::vector<Stated<journal::v1::HouseholdReliefFact>> household_reliefs;
  std::vector<Stated<journal::v1::UnemploymentFact>> unemployments;
  std::vector<Stated<journal::v1::CertificateFact>> certificates;
  std::vector<Stated<journal::v1::DifficultyFact>> difficulties;
  std::vector<Stated<journal::v1::TrainingFact>> trainings;
  std::vector<Stated<journal::v1::EmploymentFact>> employments;
  std::vector<Stated<journal::v1::BusinessFact>> businesses;
  std::vector<Stated<journal::v1::TaxReliefFact>> tax_reliefs;

  // What the person says of facts that no agency states, by the fact's name; not of the records:
  // whoever asks fills it in.
  std::map<std::string, std::string> stated;

  std::vector<CaseEvent> events;  // by date
  std::vector<Deadline> deadlines;
  std::vector<std::string> standings;
  bool needs_review = false;
};

// Folds the person's records as of "as_of": facts that begin later are left out.
Case FoldCase(const journal::v1::PersonDocument& person, const CivilDate& as_of);
// The same as if nobody but the police had stated anything: what they may be told of.
Case FoldCaseOfPolice(const journal::v1::PersonDocument& person, const CivilDate& as_of);
// True of records that the police keep (adapter.v1.RecordKind).
bool IsPoliceKind(int record_kind);
// True if another agency than the police has, or had, a record of the person.
bool IsKnownBeyondPolice(const journal::v1::PersonDocument& person);
// True if the police have, or had, a record of the person.
bool IsKnownToPolice(const journal::v1::PersonDocument& person);

}  // namespace anqiao::model

#endif  // ANQIAO_HUB_MODEL_CASE_H_
