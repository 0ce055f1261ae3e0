// Who is who: what becomes of people when records come, change, go or are judged.

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "hub/base/status_macros.h"
#include "hub/engine/identity_tables.h"
#include "hub/engine/projection.h"
#include "hub/engine/watch_notes.h"
#include "hub/model/case.h"
#include "hub/policy/touched.h"
#include "hub/store/keys.h"

namespace anqiao::engine {

using identity::RecordId;
using journal::v1::PersonDocument;
using journal::v1::PersonRecord;
using journal::v1::PersonReview;
using journal::v1::RecordRef;
using store::Sequence;

namespace {

absl::Status Lost(absl::string_view what) {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost, what);
}

std::tuple<absl::string_view, absl::string_view, int, absl::string_view> RecordOrder(
    const RecordRef& ref) {
  return {ref.agency(), ref.format(), ref.kind(), ref.key()};
}

// Index of the record "ref", or where it would be inserted.
int PositionOf(const PersonDocument& person, const RecordRef& ref) {
  const auto it = std::lower_bound(person.records().begin(), person.records().end(), ref,
                                   [](const PersonRecord& a, const RecordRef& b) {
                                     return RecordOrder(a.record()) < RecordOrder(b);
                                   });
  return static_cast<int>(it - person.records().begin());
}

void InsertRecord(PersonDocument* person, PersonRecord record) {
  const int at = PositionOf(*person, record.record());
  *person->add_records() = std::move(record);
  for (int i = person->records_size() - 1; i > at; --i) {
    person->mutable_records()->SwapElements(i, i - 1);
  }
}

// The record out of "person"; false: it is not there.
bool TakeRecord(PersonDocument* person, const RecordRef& ref, PersonRecord* record) {
  const int at = PositionOf(*person, ref);
  if (at == person->records_size() ||
      RecordOrder(person->records(at).record()) != RecordOrder(ref)) {
    return false;
  }
  *record = std::move(*person->mutable_records(at));
  person->mutable_records()->DeleteSubrange(at, 1);
  return true;
}

// Takes "id" into a sorted list, or out of it. True if it changed.
bool SetMember(google::protobuf::RepeatedPtrField<std::string>* ids, const std::string& id,
               bool member) {
  const auto at = std::lower_bound(ids->begin(), ids->end(), id);
  const bool there = at != ids->end() && *at == id;
  if (there == member) return false;
  const int place = static_cast<int>(at - ids->begin());
  if (!member) {
    ids->DeleteSubrange(place, 1);
    return true;
  }
  *ids->Add() = id;
  for (int i = ids->size() - 1; i > place; --i) ids->SwapElements(i, i - 1);
  return true;
}

// The place of the review with "other", or where it would be.
int PlaceOfReview(const PersonDocument& person, const std::string& other) {
  const auto at = std::lower_bound(
      person.reviews().begin(), person.reviews().end(), other,
      [](const PersonReview& review, const std::string& id) { return review.other() < id; });
  return static_cast<int>(at - person.reviews().begin());
}

bool HasReviewAt(const PersonDocument& person, int place, const std::string& other) {
  return place < person.reviews_size() && person.reviews(place).other() == other;
}

RecordId IdOf(const PersonRecord& record) {
  return RecordIdOf(record.record_id(), model::IsPoliceKind(record.record().kind()));
}

// Requires: they have records.
RecordId ClusterOf(const PersonDocument& person) {
  RecordId first = IdOf(person.records(0));
  for (const PersonRecord& record : person.records()) first = std::min(first, IdOf(record));
  return first;
}

PersonReview Turned(const PersonReview& review, const std::string& person) {
  PersonReview turned = review;
  turned.set_other(person);
  turned.set_record_id(review.other_record_id());
  turned.set_other_record_id(review.record_id());
  return turned;
}

}  // namespace

PersonRecord* FindRecord(PersonDocument* person, const RecordRef& ref) {
  const int at = PositionOf(*person, ref);
  if (at == person->records_size() ||
      RecordOrder(person->records(at).record()) != RecordOrder(ref)) {
    return nullptr;
  }
  return person->mutable_records(at);
}

absl::StatusOr<Projection::PersonRow*> Projection::Home(const std::string& id) {
  const std::string key = store::PersonKey(id);
  AQ_ASSIGN_OR_RETURN(PersonRow * row, people_.Find(snapshot(), key));
  const Sequence number = FirstRecordOf(id);
  if (row->exists || number == 0) return row;
  AQ_ASSIGN_OR_RETURN(const RecordId first, identity_tables_.IdOfNumber(number));
  if (first == identity::kNoRecord) return row;
  AQ_ASSIGN_OR_RETURN(const identity::LinkageTables::Node* node, identity_tables_.Find(first));
  const std::string person = PersonId(node->cluster);
  const std::string person_key = store::PersonKey(person);
  AQ_ASSIGN_OR_RETURN(PersonRow * current, people_.Find(snapshot(), person_key));
  if (!current->exists) return Lost("a record's person is not there");
  row->document.set_person(id);
  row->document.set_merged_into(person);
  people_.Touch(key, row);
  SetMember(current->document.mutable_former_ids(), id, true);
  people_.Touch(person_key, current);
  return row;
}

absl::StatusOr<Projection::PersonRow*> Projection::PersonOf(const std::string& id) {
  AQ_ASSIGN_OR_RETURN(PersonRow * row, Home(id));
  if (!row->exists || row->document.merged_into().empty()) return row;
  return people_.Find(snapshot(), store::PersonKey(row->document.merged_into()));
}

absl::Status Projection::Revised(PersonRow* person) {
  if (!person->exists) return absl::OkStatus();
  person->document.set_revision(person->document.revision() + 1);
  people_.Touch(store::PersonKey(person->document.person()), person);
  return absl::OkStatus();
}

absl::Status Projection::Attach(const std::string& home,
                                absl::FunctionRef<void(PersonDocument&)> change) {
  AQ_ASSIGN_OR_RETURN(PersonRow * row, Home(home));
  if (!row->exists) return absl::OkStatus();
  change(row->document);
  people_.Touch(store::PersonKey(home), row);
  AQ_ASSIGN_OR_RETURN(PersonRow * person, PersonOf(home));
  return Revised(person);
}

// What a change of the partition does to people.
class Projection::Regrouping {
 public:
  Regrouping(Projection* projection, const char* rule) : p_(*projection), rule_(rule) {}

  // "removed" is the record that was removed, if one was.
  absl::Status Apply(const identity::LinkageChange& change, const RecordRef* removed) {
    for (const auto& moved : change.moved) AQ_RETURN_IF_ERROR(Move(moved));
    if (removed != nullptr && change.removed_from != identity::kNoRecord) {
      AQ_ASSIGN_OR_RETURN(PersonRow * from, Open(PersonId(change.removed_from)));
      PersonRecord gone;
      if (!TakeRecord(&from->document, *removed, &gone)) return NotWithPerson();
      // With the record goes the id that was made of it.
      const std::string id = PersonId(IdOf(gone));
      AQ_ASSIGN_OR_RETURN(const PersonRow* own,
                          p_.people_.Find(p_.snapshot(), store::PersonKey(id)));
      if (own->exists && own != from) {
        SetMember(from->document.mutable_former_ids(), id, false);
        AQ_ASSIGN_OR_RETURN(PersonRow * row, Open(id));
        row->document.clear_merged_into();
      }
    }
    AQ_RETURN_IF_ERROR(Close());
    for (const RecordId cluster : change.touched) {
      AQ_RETURN_IF_ERROR(p_.UpdateReviews(PersonId(cluster)));
    }
    return absl::OkStatus();
  }

 private:
  struct Opened {
    PersonRow* row = nullptr;
    bool person = false, known_to_police = false;  // before
    bool others_moved = false;                     // records that are not new came or went
  };

  static absl::Status NotWithPerson() {
    return Lost("a record is not with the person that it is linked to");
  }

  // The document of an id, which is about to change.
  absl::StatusOr<PersonRow*> Open(const std::string& id) {
    const auto [at, added] = opened_.try_emplace(id);
    if (!added) return at->second.row;
    AQ_ASSIGN_OR_RETURN(PersonRow * row, p_.people_.Find(p_.snapshot(), store::PersonKey(id)));
    row->document.set_person(id);
    at->second = {row, row->document.records_size() > 0, model::IsKnownToPolice(row->document)};
    return row;
  }

  absl::Status Move(const identity::LinkageChange::Moved& moved) {
    AQ_ASSIGN_OR_RETURN(const identity::LinkageTables::Node* node,
                        p_.identity_tables_.Find(moved.record));
    if (node == nullptr) return Lost("a record that moved is not there");
    AQ_ASSIGN_OR_RETURN(const RecordRef ref, store::DecodeRecordKey(node->key));
    const std::string to_id = PersonId(moved.to);
    AQ_ASSIGN_OR_RETURN(PersonRow * to, Open(to_id));
    PersonRecord record;
    if (moved.from == identity::kNoRecord) {
      record.set_record_id(NumberOf(moved.record));
      record.set_link_rule(moved.to == moved.record ? "NEW" : rule_);
    } else {
      const std::string from_id = PersonId(moved.from);
      AQ_ASSIGN_OR_RETURN(PersonRow * from, Open(from_id));
      if (!TakeRecord(&from->document, ref, &record)) return NotWithPerson();
      record.set_link_rule(moved.to == moved.record ? "NEW" : rule_);
      opened_[from_id].others_moved = opened_[to_id].others_moved = true;
      AQ_RETURN_IF_ERROR(MoveId(PersonId(moved.record), from, to));
      const std::int64_t revision =
          std::max(from->document.revision(), to->document.revision()) + 1;
      from->document.set_revision(revision);
      to->document.set_revision(revision);
    }
    *record.mutable_record() = ref;
    InsertRecord(&to->document, std::move(record));
    AQ_ASSIGN_OR_RETURN(auto* head, p_.heads_.Find(p_.snapshot(), node->key));
    head->document.set_person(to_id);
    p_.heads_.Touch(node->key, head);
    return absl::OkStatus();
  }

  // An id goes with its first record, and what is attached to it with the id.
  absl::Status MoveId(const std::string& id, PersonRow* from, PersonRow* to) {
    AQ_ASSIGN_OR_RETURN(PersonRow * own, p_.people_.Find(p_.snapshot(), store::PersonKey(id)));
    const bool opened = opened_.count(id) > 0;
    if (!own->exists && !opened) return absl::OkStatus();
    AQ_RETURN_IF_ERROR(Open(id).status());
    if (own != from) SetMember(from->document.mutable_former_ids(), id, false);
    if (own == to) {
      own->document.clear_merged_into();
    } else {
      own->document.set_merged_into(to->document.person());
      SetMember(to->document.mutable_former_ids(), id, true);
    }
    return p_.WatchOrNot(id, own == to);
  }

  absl::Status Close() {
    for (auto& [id, opened] : opened_) {
      PersonDocument& document = opened.row->document;
      const bool person = document.records_size() > 0;
      const bool known = model::IsKnownToPolice(document);
      if (person != opened.person) {
        AQ_RETURN_IF_ERROR(p_.Count(kPeopleCount, person ? 1 : -1));
      }
      if (known != opened.known_to_police) {
        AQ_RETURN_IF_ERROR(p_.Count(kKnownToPoliceCount, known ? 1 : -1));
      }
      const std::string key = store::PersonKey(id);
      if (!person && document.merged_into().empty()) {
        // Its first record is gone for good.
        AQ_RETURN_IF_ERROR(p_.UpdateReviews(id));
        p_.people_.Remove(key, opened.row);
        continue;
      }
      p_.people_.Touch(key, opened.row);
      if (person && opened.others_moved) {
        p_.Touch(document, policy::kTouchesEverything | policy::kTouchesStanding);
        // The entry does not tell whom it changed: for a watch that reads it later.
        p_.Put(store::RegroupedKey(p_.last_, id), "");
      }
    }
    return absl::OkStatus();
  }

  Projection& p_;
  const char* const rule_;
  std::map<std::string, Opened> opened_;
};

absl::Status Projection::Regroup(const identity::LinkageChange& change, const char* rule,
                                 const RecordRef* removed) {
  return Regrouping(this, rule).Apply(change, removed);
}

absl::Status Projection::SetReview(const std::string& person, const std::string& other,
                                   const PersonReview* review) {
  const std::string key = store::PersonKey(person);
  AQ_ASSIGN_OR_RETURN(PersonRow * row, people_.Find(snapshot(), key));
  if (!row->exists) return absl::OkStatus();
  const int place = PlaceOfReview(row->document, other);
  auto* reviews = row->document.mutable_reviews();
  if (HasReviewAt(row->document, place, other)) {
    if (review == nullptr) {
      reviews->DeleteSubrange(place, 1);
    } else {
      *reviews->Mutable(place) = *review;
    }
  } else if (review != nullptr) {
    *reviews->Add() = *review;
    for (int i = reviews->size() - 1; i > place; --i) reviews->SwapElements(i, i - 1);
  } else {
    return absl::OkStatus();
  }
  people_.Touch(key, row);
  return absl::OkStatus();
}

absl::Status Projection::UpdateReviews(const std::string& person) {
  AQ_ASSIGN_OR_RETURN(PersonRow * row, people_.Find(snapshot(), store::PersonKey(person)));
  std::map<std::string, PersonReview> now;
  if (row->exists && row->document.records_size() > 0) {
    const RecordId cluster = ClusterOf(row->document);
    AQ_ASSIGN_OR_RETURN(const std::vector<identity::Review> reviews, linkage_.ReviewsOf(cluster));
    for (const identity::Review& review : reviews) {
      const bool first = review.cluster == cluster;
      PersonReview& item = now[PersonId(first ? review.other_cluster : review.cluster)];
      item.set_other(PersonId(first ? review.other_cluster : review.cluster));
      item.set_record_id(NumberOf(first ? review.record : review.other_record));
      item.set_other_record_id(NumberOf(first ? review.other_record : review.record));
      item.set_reason(std::string(identity::ReviewReason(model_.model, review.score)));
      item.set_weight(review.score.total);
    }
  }
  std::vector<std::string> gone;
  for (const PersonReview& review : row->document.reviews()) {
    if (now.count(review.other()) == 0) gone.push_back(review.other());
  }
  const auto pair_key = [&](const std::string& other) {
    const auto& [a, b] = std::minmax(person, other);
    return store::ReviewKey(a, b);
  };
  for (const std::string& other : gone) {
    AQ_RETURN_IF_ERROR(SetReview(person, other, nullptr));
    AQ_RETURN_IF_ERROR(SetReview(other, person, nullptr));
    Remove(pair_key(other));
  }
  for (const auto& [other, review] : now) {
    const int place = PlaceOfReview(row->document, other);
    if (HasReviewAt(row->document, place, other)) {
      if (Canonical(row->document.reviews(place)) == Canonical(review)) continue;
    } else {
      Put(pair_key(other), "");
    }
    AQ_RETURN_IF_ERROR(SetReview(person, other, &review));
    const PersonReview turned = Turned(review, person);
    AQ_RETURN_IF_ERROR(SetReview(other, person, &turned));
  }
  return absl::OkStatus();
}

absl::Status Projection::Resolve(Sequence sequence, const journal::v1::RecordObserved& observed) {
  AQ_ASSIGN_OR_RETURN(
      const identity::LinkageChange change,
      linkage_.Put(RecordIdOf(sequence, model::IsPoliceKind(observed.record().kind())),
                   store::RecordKey(observed.record()),
                   ProfileOf(model_.model.schema, observed.record().agency(),
                             observed.observation().subject())));
  return Regroup(change, "MODEL", nullptr);
}

absl::Status Projection::Judged(const journal::v1::IdentityJudged& judged) {
  for (const journal::v1::JudgedPair& pair : judged.pairs()) {
    AQ_ASSIGN_OR_RETURN(const RecordId x, identity_tables_.IdOfNumber(pair.record_id()));
    AQ_ASSIGN_OR_RETURN(const RecordId y, identity_tables_.IdOfNumber(pair.other_record_id()));
    // One of them was erased.
    if (x == identity::kNoRecord || y == identity::kNoRecord) continue;
    AQ_ASSIGN_OR_RETURN(const auto* a, identity_tables_.Find(x));
    AQ_ASSIGN_OR_RETURN(const auto* b, identity_tables_.Find(y));
    AQ_ASSIGN_OR_RETURN(
        const identity::LinkageChange change,
        linkage_.Tell(a->key, b->key, static_cast<identity::Verdict>(pair.verdict())));
    const bool same = pair.verdict() == journal::v1::IDENTITY_VERDICT_SAME;
    AQ_RETURN_IF_ERROR(Regroup(change, same ? "VERDICT" : "MODEL", nullptr));
  }
  return absl::OkStatus();
}

absl::Status Projection::WatchOrNot(const std::string& person, bool watch) {
  AQ_ASSIGN_OR_RETURN(auto* notes, notes_.Find(snapshot(), store::NotesKey(person)));
  if (!notes->exists) return absl::OkStatus();
  const auto look = NextLook(notes->document);
  if (!look.has_value()) return absl::OkStatus();
  if (watch) {
    Put(store::LookKey(*look, person), "");
  } else {
    Remove(store::LookKey(*look, person));
  }
  return absl::OkStatus();
}

}  // namespace anqiao::engine
