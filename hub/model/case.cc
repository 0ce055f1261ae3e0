#include "hub/model/case.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "anqiao/adapter/v1/adapter.pb.h"
#include "hub/model/case_story.h"
#include "hub/model/identifiers.h"
#include "hub/model/periods.h"

namespace anqiao::model {
namespace {

namespace av1 = adapter::v1;
namespace jv1 = journal::v1;
using Records = std::vector<const jv1::PersonRecord*>;

bool IsPolice(const jv1::PersonRecord& record) { return IsPoliceKind(record.record().kind()); }

// The record's own name; unique within a person.
auto Identity(const jv1::PersonRecord& record) {
  const jv1::RecordRef& ref = record.record();
  return std::make_tuple(absl::string_view(ref.agency()), absl::string_view(ref.format()),
                         absl::string_view(ref.key()), ref.kind());
}

// The day on which what the record states begins; none if it does not say.
CivilDate EffectiveDate(const jv1::Observation& o) {
  switch (o.fact_case()) {
    case jv1::Observation::kRegister:
      return CivilDate::FromProto(o.register_().seizure_date());
    case jv1::Observation::kOrder:
      return CivilDate::FromProto(o.order().decided_date());
    case jv1::Observation::kTest:
      return CivilDate::FromProto(o.test().date());
    case jv1::Observation::kHouseholdRelief:
      return CivilDate::FromProto(o.household_relief().from_month());
    case jv1::Observation::kUnemployment:
      return CivilDate::FromProto(o.unemployment().registered_date());
    case jv1::Observation::kCertificate:
      return CivilDate::FromProto(o.certificate().issued_date());
    case jv1::Observation::kDifficulty:
      return CivilDate::FromProto(o.difficulty().valid_from_date());
    case jv1::Observation::kTraining:
      return CivilDate::FromProto(o.training().completed_date());
    case jv1::Observation::kEmployment:
      return CivilDate::FromProto(o.employment().contract_start_date());
    case jv1::Observation::kBusiness:
      return CivilDate::FromProto(o.business().registered_date());
    case jv1::Observation::kTaxRelief:
      return CivilDate::FromProto(o.tax_relief().from_month());
    default:
      return {};
  }
}

Records InFoldingOrder(const jv1::PersonDocument& person) {
  Records records;
  records.reserve(static_cast<std::size_t>(person.records_size()));
  for (const jv1::PersonRecord& record : person.records()) records.push_back(&record);
  std::sort(records.begin(), records.end(),
            [](const jv1::PersonRecord* a, const jv1::PersonRecord* b) {
              const CivilDate first = EffectiveDate(a->observation());
              const CivilDate second = EffectiveDate(b->observation());
              if (first < second || second < first) return first < second;
              return std::make_pair(a->source_version(), Identity(*a)) <
                     std::make_pair(b->source_version(), Identity(*b));
            });
  return records;
}

// --- Best values. ---

// The most trusted first: current before ended, other agencies before the police, then the greatest
// source version.
Records InOrderOfTrust(const jv1::PersonDocument& person, bool police) {
  Records records;
  for (const jv1::PersonRecord& record : person.records()) {
    if (record.observation().has_subject() && (police || !IsPolice(record))) {
      records.push_back(&record);
    }
  }
  std::sort(records.begin(), records.end(),
            [](const jv1::PersonRecord* a, const jv1::PersonRecord* b) {
              const auto rank = [](const jv1::PersonRecord& r) {
                return std::make_tuple(r.ended(), IsPolice(r), -r.source_version(), Identity(r));
              };
              return rank(*a) < rank(*b);
            });
  return records;
}

template <typename Get>
std::string FirstOf(const Records& records, Get get) {
  for (const jv1::PersonRecord* record : records) {
    const std::string& value = get(record->observation().subject());
    if (!value.empty()) return value;
  }
  return "";
}

std::string NameOf(const Records& records) {
  return FirstOf(records, [](const jv1::Subject& s) -> const std::string& { return s.name(); });
}

std::string IdNumberOf(const Records& records) {
  return FirstOf(records,
                 [](const jv1::Subject& s) -> const std::string& { return s.id_number(); });
}

// The most trusted division, in the finest form that any record gives it.
std::string DivisionOf(const Records& records) {
  std::string best = FirstOf(
      records, [](const jv1::Subject& s) -> const std::string& { return s.division_code(); });
  for (const jv1::PersonRecord* record : records) {
    const std::string& code = record->observation().subject().division_code();
    if (!record->ended() && code.size() > best.size() && absl::StartsWith(code, best)) best = code;
  }
  return best;
}

// A day before a month or a year, else the most trusted.
CivilDate BirthDateOf(const Records& records) {
  CivilDate best;
  for (const jv1::PersonRecord* record : records) {
    const CivilDate date = CivilDate::FromProto(record->observation().subject().birth_date());
    if (date.empty()) continue;
    if (date.has_day()) return date;
    if (best.empty()) best = date;
  }
  return best;
}

std::string SexOf(const Records& records, const std::string& id_number) {
  for (const jv1::PersonRecord* record : records) {
    const std::string& sex = record->observation().subject().sex();
    if (sex == "1" || sex == "2") return sex;
  }
  const absl::StatusOr<IdNumber> id = ParseIdNumber(id_number);
  return id.ok() ? std::string(1, id->sex) : "";
}

// All phones of the most trusted sort of record that has any.
std::vector<std::string> PhonesOf(const Records& records) {
  std::vector<std::string> phones;
  const jv1::PersonRecord* first = nullptr;
  for (const jv1::PersonRecord* record : records) {
    if (first != nullptr &&
        (first->ended() != record->ended() || IsPolice(*first) != IsPolice(*record))) {
      break;
    }
    for (const std::string& phone : record->observation().subject().phones()) {
      first = record;
      if (std::find(phones.begin(), phones.end(), phone) == phones.end()) phones.push_back(phone);
    }
  }
  return phones;
}

void TakeBestValues(const jv1::PersonDocument& person, Case& folded) {
  const Records all = InOrderOfTrust(person, /*police=*/true);
  folded.name = NameOf(all);
  folded.id_number = IdNumberOf(all);
  folded.sex = SexOf(all, folded.id_number);
  folded.birth_date = BirthDateOf(all);
  folded.division_code = DivisionOf(all);
  folded.phones = PhonesOf(all);
  const Records outward = InOrderOfTrust(person, /*police=*/false);
  folded.outward.name = NameOf(outward);
  folded.outward.id_number = IdNumberOf(outward);
  folded.outward.division_code = DivisionOf(outward);
  const std::vector<std::string> phones = PhonesOf(outward);
  if (!phones.empty()) folded.outward.phone = phones.front();
}

// --- Facts. ---

void NoteHolder(const jv1::PersonRecord& record, Case& folded) {
  switch (record.record().kind()) {
    case av1::RECORD_KIND_REGISTER:
    case av1::RECORD_KIND_ORDER:
    case av1::RECORD_KIND_TEST:
      folded.known_to_police = true;
      break;
    case av1::RECORD_KIND_HOUSEHOLD_RELIEF:
      folded.known_to_civil_affairs = true;
      break;
    case av1::RECORD_KIND_UNEMPLOYMENT:
    case av1::RECORD_KIND_CERTIFICATE:
    case av1::RECORD_KIND_DIFFICULTY:
    case av1::RECORD_KIND_TRAINING:
    case av1::RECORD_KIND_EMPLOYMENT:
      folded.known_to_employment = true;
      break;
    case av1::RECORD_KIND_BUSINESS:
    case av1::RECORD_KIND_TAX_RELIEF:
      folded.known_to_tax = true;
      break;
    default:
      break;
  }
}

template <typename Fact>
void Keep(std::vector<Stated<Fact>>& list, const Fact& fact, const jv1::PersonRecord& record) {
  list.push_back({fact, record.record().agency(), record.source_version()});
}

void TakeFact(const jv1::PersonRecord& record, Case& folded) {
  const jv1::Observation& o = record.observation();
  switch (o.fact_case()) {
    case jv1::Observation::kOrder:
      if (!o.order().has_decided_date()) return;
      return Keep(folded.orders, o.order(), record);
    case jv1::Observation::kTest:
      return Keep(folded.tests, o.test(), record);
    case jv1::Observation::kHouseholdRelief:
      return Keep(folded.household_reliefs, o.household_relief(), record);
    case jv1::Observation::kUnemployment:
      return Keep(folded.unemployments, o.unemployment(), record);
    case jv1::Observation::kCertificate:
      return Keep(folded.certificates, o.certificate(), record);
    case jv1::Observation::kDifficulty:
      return Keep(folded.difficulties, o.difficulty(), record);
    case jv1::Observation::kTraining:
      return Keep(folded.trainings, o.training(), record);
    case jv1::Observation::kEmployment:
      return Keep(folded.employments, o.employment(), record);
    case jv1::Observation::kBusiness:
      return Keep(folded.businesses, o.business(), record);
    case jv1::Observation::kTaxRelief:
      return Keep(folded.tax_reliefs, o.tax_relief(), record);
    default:
      return;
  }
}

// --- Phases (hub/doc/domain.md). ---

// What the register says, of the entries that have not ended.
struct Register {
  std::string control_status;  // of the latest entry
  CivilDate seizure_date;      // the latest by the as-of date
};

struct PhaseSince {
  Phase phase;
  CivilDate since;
};

Register TakeRegister(const Records& records, Case& folded) {
  Register result;
  std::set<std::string> numbers, flags;
  for (const jv1::PersonRecord* record : records) {
    const jv1::Observation& o = record->observation();
    if (record->ended() || !o.has_register_()) continue;
    folded.registered = true;
    numbers.insert(o.register_().register_number());
    flags.insert(o.register_().flags().begin(), o.register_().flags().end());
    if (!o.register_().control_status().empty()) {
      result.control_status = o.register_().control_status();
    }
    const CivilDate seizure = KnownBy(o.register_().seizure_date(), folded.as_of);
    if (!seizure.empty()) {
      folded.events.push_back({seizure, "FOUND_TO_HAVE_USED", "查获吸毒",
                               "found to have used drugs", record->record().agency()});
    }
    result.seizure_date = std::max(result.seizure_date, seizure);
  }
  folded.register_numbers.assign(numbers.begin(), numbers.end());
  folded.flags.assign(flags.begin(), flags.end());
  folded.deceased = flags.count("DECEASED") > 0;
  folded.registered = folded.registered || !folded.orders.empty() || !folded.tests.empty();
  return result;
}

PhaseSince CommunityPhase(const jv1::OrderFact& order, const CivilDate& as_of, bool detox) {
  const CivilDate ended = KnownBy(order.ended_date(), as_of);
  const CivilDate reported = KnownBy(order.reported_date(), as_of);
  const Phase done = detox ? Phase::kCommunityDetoxDone : Phase::kCommunityRehabilitationDone;
  if (!ended.empty()) {
    if (order.end_reason() == jv1::ORDER_END_REFUSED) {
      return {detox ? Phase::kCommunityDetoxRefused : Phase::kCommunityRehabilitationRefused,
              ended};
    }
    const bool terminated = detox && order.end_reason() == jv1::ORDER_END_TERMINATED;
    return {terminated ? Phase::kCommunityDetoxTerminated : done, ended};
  }
  if (!reported.empty()) {
    const CivilDate expires = OrderTermEnd(order, as_of);
    if (expires <= as_of) return {done, expires};
    return {detox ? Phase::kCommunityDetox : Phase::kCommunityRehabilitation, reported};
  }
  const CivilDate received = KnownBy(order.received_date(), as_of);
  return {detox ? Phase::kCommunityDetoxOrdered : Phase::kCommunityRehabilitationOrdered,
          received.empty() ? CivilDate::FromProto(order.decided_date()) : received};
}

PhaseSince IsolationPhase(const jv1::OrderFact& order, const CivilDate& as_of) {
  const CivilDate ended = KnownBy(order.ended_date(), as_of);
  if (!ended.empty()) return {Phase::kCompulsoryIsolationDone, ended};
  const CivilDate expires = OrderTermEnd(order, as_of);
  if (expires <= as_of) return {Phase::kCompulsoryIsolationDone, expires};
  return {Phase::kCompulsoryIsolation, CivilDate::FromProto(order.decided_date())};
}

PhaseSince PhaseByStatus(const Register& entry) {
  static constexpr std::pair<absl::string_view, Phase> kPhases[] = {
      {"VOLUNTARY", Phase::kVoluntary},
      {"COMMUNITY_DETOX", Phase::kCommunityDetox},
      {"COMPULSORY_ISOLATION", Phase::kCompulsoryIsolation},
      {"COMMUNITY_REHABILITATION", Phase::kCommunityRehabilitation}};
  for (const auto& [status, phase] : kPhases) {
    if (status == entry.control_status) return {phase, entry.seizure_date};
  }
  return {Phase::kRegistered, entry.seizure_date};
}

bool ExcludesCleanYears(Phase phase) {
  switch (phase) {
    case Phase::kVoluntary:
    case Phase::kCommunityDetoxOrdered:
    case Phase::kCommunityDetox:
    case Phase::kCommunityDetoxRefused:
    case Phase::kCompulsoryIsolation:
    case Phase::kCommunityRehabilitationOrdered:
    case Phase::kCommunityRehabilitation:
    case Phase::kCommunityRehabilitationRefused:
      return true;
    default:
      return false;
  }
}

// The day from which the clean years count; none if nothing starts them.
CivilDate CleanAnchor(const Case& folded, const Register& entry, const PhaseSince& current) {
  CivilDate anchor = entry.seizure_date;
  if (!folded.orders.empty()) {
    const jv1::OrderFact& latest = folded.orders.back().fact;
    if (latest.kind() == jv1::ORDER_KIND_COMPULSORY_ISOLATION) {
      anchor = current.phase == Phase::kCompulsoryIsolationDone ? current.since : CivilDate{};
    } else {
      anchor = KnownBy(latest.reported_date(), folded.as_of);
    }
  }
  if (anchor.empty()) return anchor;
  anchor = std::max(anchor, entry.seizure_date);
  for (const Stated<jv1::TestFact>& test : folded.tests) {
    const std::string& kind = test.fact.kind();
    // A positive test on the spot alone decides nothing: it can be challenged.
    if (test.fact.positive() && (kind == "LABORATORY" || kind == "RETEST" || kind == "HAIR")) {
      anchor = std::max(anchor, CivilDate::FromProto(test.fact.date()));
    }
  }
  return anchor;
}

PhaseSince PhaseOf(const Case& folded, const Register& entry) {
  PhaseSince current = PhaseByStatus(entry);
  if (!folded.orders.empty()) {
    const jv1::OrderFact& latest = folded.orders.back().fact;
    current = latest.kind() == jv1::ORDER_KIND_COMPULSORY_ISOLATION
                  ? IsolationPhase(latest, folded.as_of)
                  : CommunityPhase(latest, folded.as_of,
                                   latest.kind() == jv1::ORDER_KIND_COMMUNITY_DETOX);
  }
  if (ExcludesCleanYears(current.phase)) return current;
  const CivilDate anchor = CleanAnchor(folded, entry, current);
  if (anchor.empty()) return current;
  const CivilDate clean = PeriodOn(PeriodRule::kCleanYears, folded.as_of).After(anchor);
  if (clean <= folded.as_of) return {Phase::kCleanThreeYears, clean};
  return current;
}

// The latest order last: by decided date, kind and document number.
void SortOrders(std::vector<Stated<jv1::OrderFact>>& orders) {
  std::stable_sort(orders.begin(), orders.end(), [](const auto& a, const auto& b) {
    const CivilDate first = CivilDate::FromProto(a.fact.decided_date());
    const CivilDate second = CivilDate::FromProto(b.fact.decided_date());
    if (first < second || second < first) return first < second;
    return std::make_tuple(static_cast<int>(a.fact.kind()), a.fact.document_number()) <
           std::make_tuple(static_cast<int>(b.fact.kind()), b.fact.document_number());
  });
}

}  // namespace

CensusPart PartOf(Phase phase) {
  switch (phase) {
    case Phase::kNone:
      return CensusPart::kNone;
    case Phase::kCompulsoryIsolation:
      return CensusPart::kCompulsoryIsolation;
    case Phase::kCommunityDetoxOrdered:
    case Phase::kCommunityDetox:
      return CensusPart::kCommunityDetox;
    case Phase::kCommunityRehabilitationOrdered:
    case Phase::kCommunityRehabilitation:
      return CensusPart::kCommunityRehabilitation;
    case Phase::kCleanThreeYears:
      return CensusPart::kCleanThreeYears;
    default:
      return CensusPart::kInSociety;
  }
}

Case FoldCase(const journal::v1::PersonDocument& person, const CivilDate& as_of) {
  Case folded;
  folded.person = person.person();
  folded.as_of = as_of;
  folded.needs_review = person.reviews_size() > 0;
  TakeBestValues(person, folded);
  const Records records = InFoldingOrder(person);
  for (const jv1::PersonRecord* record : records) {
    NoteHolder(*record, folded);
    if (!record->ended() && EffectiveDate(record->observation()) <= as_of) {
      TakeFact(*record, folded);
    }
  }
  SortOrders(folded.orders);
  const Register entry = TakeRegister(records, folded);
  if (folded.registered) {
    const PhaseSince current = PhaseOf(folded, entry);
    folded.phase = current.phase;
    folded.phase_since = current.since;
  }
  TellStory(folded);
  return folded;
}

Case FoldCaseOfPolice(const jv1::PersonDocument& person, const CivilDate& as_of) {
  jv1::PersonDocument of_police;
  of_police.set_person(person.person());
  for (const jv1::PersonRecord& record : person.records()) {
    if (IsPolice(record)) *of_police.add_records() = record;
  }
  return FoldCase(of_police, as_of);
}

bool IsPoliceKind(int record_kind) {
  return record_kind == av1::RECORD_KIND_REGISTER || record_kind == av1::RECORD_KIND_ORDER ||
         record_kind == av1::RECORD_KIND_TEST;
}

bool IsKnownBeyondPolice(const jv1::PersonDocument& person) {
  return !std::all_of(person.records().begin(), person.records().end(), IsPolice);
}

bool IsKnownToPolice(const jv1::PersonDocument& person) {
  return std::any_of(person.records().begin(), person.records().end(), IsPolice);
}

}  // namespace anqiao::model
