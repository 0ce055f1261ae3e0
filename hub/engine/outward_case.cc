#include "hub/engine/outward_case.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "anqiao/adapter/v1/adapter.pb.h"
#include "hub/base/status_macros.h"
#include "hub/engine/values.h"
#include "hub/identity/resolver.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::PersonDocument;
using journal::v1::PersonRecord;
using journal::v1::RecordRef;

// More records than these share no person's names and numbers; the rest is left out.
constexpr std::size_t kRecordsMax = 256;
constexpr int kFirstPerson = 1000;  // so that names sort as they were given

using Order = std::tuple<std::string, std::string, int, std::string>;

Order OrderOf(const RecordRef& ref) {
  return {ref.agency(), ref.format(), static_cast<int>(ref.kind()), ref.key()};
}

bool IsPolice(const PersonRecord& record) {
  switch (record.record().kind()) {
    case adapter::v1::RECORD_KIND_REGISTER:
    case adapter::v1::RECORD_KIND_ORDER:
    case adapter::v1::RECORD_KIND_TEST:
      return true;
    default:
      return false;
  }
}

const journal::v1::Subject& SubjectOf(const PersonRecord& record) {
  return record.observation().subject();
}

// The other agencies' records that "person" has, and all that share a key with one of them, and so
// on: whatever people the police's records made of them, these are the same.
class Neighbours {
 public:
  explicit Neighbours(const store::Snapshot* snapshot) : snapshot_(snapshot) {}

  absl::Status Gather(const PersonDocument& person) {
    for (const PersonRecord& record : person.records()) Add(record);
    while (!waiting_.empty()) {
      const std::vector<std::string> blocks = std::exchange(waiting_, {});
      for (const std::string& block : blocks) AQ_RETURN_IF_ERROR(GatherBlock(block));
    }
    return absl::OkStatus();
  }
  const std::map<Order, PersonRecord>& records() const { return records_; }

 private:
  void Add(const PersonRecord& record) {
    if (IsPolice(record) || !record.observation().has_subject()) return;
    if (records_.size() >= kRecordsMax ||
        !records_.emplace(OrderOf(record.record()), record).second)
      return;
    for (std::string& block : identity::BlockingKeys(SubjectOf(record))) {
      if (blocks_.insert(block).second) waiting_.push_back(std::move(block));
    }
  }

  absl::Status GatherBlock(const std::string& block) {
    AQ_ASSIGN_OR_RETURN(const auto people, ReadDocument<journal::v1::BlockDocument>(
                                               *snapshot_, store::BlockKey(block)));
    if (!people.has_value()) return absl::OkStatus();
    for (const std::string& id : people->people()) {
      AQ_ASSIGN_OR_RETURN(const PersonDocument* person, Find(id));
      for (const PersonRecord& record : person->records()) {
        // The person may have the key from a record of the police, or from what a record once said.
        if (IsPolice(record)) continue;
        const std::vector<std::string> keys = identity::BlockingKeys(SubjectOf(record));
        if (std::find(keys.begin(), keys.end(), block) != keys.end()) Add(record);
      }
    }
    return absl::OkStatus();
  }

  // Without records if there is none, or none any more.
  absl::StatusOr<const PersonDocument*> Find(const std::string& id) {
    const auto [at, added] = people_.try_emplace(id);
    if (added) {
      AQ_ASSIGN_OR_RETURN(auto person,
                          ReadDocument<PersonDocument>(*snapshot_, store::PersonKey(id)));
      if (person.has_value()) at->second = *std::move(person);
    }
    return &at->second;
  }

  const store::Snapshot* const snapshot_;
  std::map<Order, PersonRecord> records_;
  std::map<std::string, PersonDocument> people_;
  std::set<std::string> blocks_;
  std::vector<std::string> waiting_;
};

// The people whom these records make by themselves; what names an identity number goes first.
std::vector<PersonDocument> Resolve(const std::map<Order, PersonRecord>& records) {
  std::vector<const PersonRecord*> ordered;
  for (const auto& [order, record] : records) ordered.push_back(&record);
  std::stable_partition(ordered.begin(), ordered.end(), [](const PersonRecord* record) {
    return !SubjectOf(*record).id_number().empty();
  });
  std::vector<PersonDocument> people;
  for (const PersonRecord* record : ordered) {
    std::vector<identity::Candidate> candidates;
    for (const PersonDocument& person : people) candidates.push_back({&person});
    const std::string id = identity::Resolve(SubjectOf(*record), candidates).person;
    auto person = std::find_if(people.begin(), people.end(),
                               [&](const PersonDocument& known) { return known.person() == id; });
    if (person == people.end()) {
      const std::string name = absl::StrCat(kFirstPerson + people.size());
      person = people.emplace(people.end());
      person->set_person(name);
    }
    *person->add_records() = *record;
  }
  return people;
}

// The record by which "recipient" is told whom a request is about; null: there is none.
const PersonRecord* AnchorOf(const PersonDocument& person, const std::string& recipient) {
  const PersonRecord* anchor = nullptr;
  const auto rank = [&](const PersonRecord& record) {
    return std::make_tuple(record.record().agency() != recipient, record.ended(),
                           OrderOf(record.record()));
  };
  for (const PersonRecord& record : person.records()) {
    if (IsPolice(record)) continue;
    if (anchor == nullptr || rank(record) < rank(*anchor)) anchor = &record;
  }
  return anchor;
}

bool Has(const PersonDocument& person, const PersonRecord& record) {
  return std::any_of(
      person.records().begin(), person.records().end(),
      [&](const PersonRecord& each) { return OrderOf(each.record()) == OrderOf(record.record()); });
}

}  // namespace

absl::StatusOr<model::Case> OutwardCase(const store::Snapshot& snapshot,
                                        const PersonDocument& person, const std::string& recipient,
                                        const model::CivilDate& as_of) {
  PersonDocument outward;
  const PersonRecord* anchor = AnchorOf(person, recipient);
  if (anchor != nullptr) {
    Neighbours neighbours(&snapshot);
    AQ_RETURN_IF_ERROR(neighbours.Gather(person));
    for (PersonDocument& each : Resolve(neighbours.records())) {
      if (Has(each, *anchor)) outward = std::move(each);
    }
  }
  outward.set_person(person.person());
  return model::FoldCase(outward, as_of);
}

}  // namespace anqiao::engine
