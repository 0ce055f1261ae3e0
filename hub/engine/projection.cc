#include "hub/engine/projection.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/model/case.h"
#include "hub/policy/touched.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::Entry;
using journal::v1::PersonDocument;
using journal::v1::PersonRecord;
using journal::v1::QuarantineDocument;
using journal::v1::RecordHead;
using journal::v1::RecordObserved;
using store::Sequence;

// What is remembered of each kind of documents from batch to batch.
constexpr std::size_t kCachedRecordBytes = std::size_t{6} << 20;
constexpr std::size_t kCachedBytes = std::size_t{2} << 20;

bool SameSubject(const journal::v1::Subject& a, const journal::v1::Subject& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

// How the projections are computed; another value has them computed anew at the next start.
std::string ProjectionsVersion(const IdentityModel& model) {
  return absl::StrCat("7/", kRegisterRecords, "/", model.hash);
}
std::string VersionKey() { return store::MetaKey("version"); }

// Sequences of the last entry that had keys destroyed, and of the last that erased a person.
std::string DestructionKey() { return store::MetaKey("destruction"); }
std::string ErasureKey() { return store::MetaKey("erasure"); }

Sequence SequenceAt(const store::Snapshot& snapshot, const std::string& key) {
  Sequence sequence = 0;
  const absl::StatusOr<std::string> text = snapshot.Get(key);
  return text.ok() && absl::SimpleAtoi(*text, &sequence) ? sequence : 0;
}

}  // namespace

std::string LiveRecordsCount(const std::string& agency) { return absl::StrCat("records/", agency); }
std::string PendingCount(const std::string& agency) { return absl::StrCat("pending/", agency); }
std::string DeadCount(const std::string& agency) { return absl::StrCat("dead/", agency); }
std::string QuarantineCount(const std::string& agency) {
  return absl::StrCat("quarantine/", agency);
}
std::string HeldCount(const std::string& provider, const std::string& post) {
  return post.empty() ? absl::StrCat("held/", provider)
                      : absl::StrCat("held/", provider, "/", post);
}
std::string SnapshotVersionKey(const std::string& agency, const std::string& format) {
  return store::MetaKey(absl::StrCat("snapshot/", agency, "/", format));
}
std::string AnsweredKey(const std::string& agency) {
  return store::MetaKey(absl::StrCat("answered/", agency));
}
std::string AbsentKey(const std::string& agency) {
  return store::MetaKey(absl::StrCat("absent/", agency));
}
std::optional<absl::Time> AbsentSince(const store::Snapshot& snapshot, const std::string& agency) {
  std::int64_t micros = 0;
  const absl::StatusOr<std::string> stored = snapshot.Get(AbsentKey(agency));
  if (!stored.ok() || !absl::SimpleAtoi(*stored, &micros)) return std::nullopt;
  return absl::FromUnixMicros(micros);
}
std::string FirstSightKey() { return store::MetaKey("first_sight"); }
Sequence LastDestruction(const store::Snapshot& snapshot) {
  return SequenceAt(snapshot, DestructionKey());
}
bool ComputedOtherwise(const store::Snapshot& snapshot, const IdentityModel& model) {
  if (snapshot.sequence() == 0) return false;
  const absl::StatusOr<std::string> version = snapshot.Get(VersionKey());
  return !version.ok() || *version != ProjectionsVersion(model);
}
std::string ModelHashOf(const store::Snapshot& snapshot) {
  const absl::StatusOr<std::string> version = snapshot.Get(VersionKey());
  const std::string start = ProjectionsVersion({});
  return version.ok() && absl::StartsWith(*version, start) ? version->substr(start.size()) : "";
}
Sequence LastErasure(const store::Snapshot& snapshot) { return SequenceAt(snapshot, ErasureKey()); }
std::string TimerKey(const std::string& timer) {
  return store::MetaKey(absl::StrCat("timer/", timer));
}
std::string ActivationKey(journal::v1::ActivationKind kind, const std::string& name) {
  return store::MetaKey(absl::StrCat("activated/", static_cast<int>(kind), "/", name));
}

Projection::Projection(store::ProjectionStore* store, const IdentityModel& model)
    : store_(store),
      model_(model),
      identity_tables_([this]() -> const store::Snapshot& { return snapshot(); }, &heads_),
      linkage_(model.model, identity_tables_,
               {.hash = identity::KeyedHash(store->IndexSecret()), .rank = RankOf}) {}

const store::Snapshot& Projection::snapshot() {
  if (snapshot_ == nullptr) snapshot_ = store_->NewSnapshot();
  return *snapshot_;
}

absl::StatusOr<const store::Snapshot*> Projection::WholeSnapshot() {
  AQ_RETURN_IF_ERROR(Land());
  return &snapshot();
}

absl::Status Projection::Add(Sequence sequence, const Entry& entry) {
  if (entry.has_person_erased()) {
    // It looks for what is written, so what came before has to be.
    AQ_RETURN_IF_ERROR(Commit());
  }
  last_ = sequence;
  if (sequence == 1) Put(VersionKey(), ProjectionsVersion(model_));
  Remember(sequence, entry);
  if (!entry.agency().empty() && !entry.request_digest().empty()) {
    AQ_RETURN_IF_ERROR(Raise(FirstSightKey(), absl::ToUnixMicros(ToTime(entry.commit_time()))));
  }
  // Of an erased entry nothing else is known.
  if (entry.erased()) return absl::OkStatus();
  switch (entry.change_case()) {
    case Entry::kRecordObserved:
      return Observed(sequence, entry);
    case Entry::kRecordEnded:
      return Ended(sequence, entry);
    case Entry::kPayloadClosed:
      return Closed(sequence, entry);
    case Entry::kQuarantineReplayed:
      return Replayed(sequence, entry);
    case Entry::kActivated:
      Put(ActivationKey(entry.activated().kind(), entry.activated().name()),
          entry.activated().hash());
      return absl::OkStatus();
    case Entry::kReferralChanged:
      return ReferralMoved(sequence, entry);
    case Entry::kDeliveryAnswered:
      return Answered(entry);
    case Entry::kPersonErased:
      Put(DestructionKey(), absl::StrCat(sequence));
      Put(ErasureKey(), absl::StrCat(sequence));
      return Erased(entry.person_erased());
    case Entry::kPurged:
      Put(DestructionKey(), absl::StrCat(sequence));
      for (const std::string& payload : entry.purged().payloads()) {
        AQ_RETURN_IF_ERROR(ForgetPayload(payload));
      }
      return absl::OkStatus();
    case Entry::kTimerFired:
      return Fired(entry.timer_fired());
    case Entry::kDeliveryRetried:
      return Retried(entry.delivery_retried());
    case Entry::kDeliveryDiscarded:
      return Discarded(entry);
    case Entry::kConsentGiven:
      return ConsentRecorded(entry);
    case Entry::kConsentWithdrawn:
      return ConsentEnded(sequence, entry);
    case Entry::kReferralEscalated:
      return ReferralEscalated(entry);
    case Entry::kAgencyAbsent:
      Put(AbsentKey(entry.agency_absent().agency()),
          absl::StrCat(absl::ToUnixMicros(ToTime(entry.agency_absent().since_time()))));
      return absl::OkStatus();
    case Entry::kEntitlementNoted:
      return Noted(sequence, entry);
    case Entry::kTeamMemberAdded:
      return MemberAdded(sequence, entry);
    case Entry::kTeamMemberEnded:
      return MemberEnded(entry, entry.team_member_ended());
    case Entry::kDispatchSent:
      return Dispatched(sequence, entry);
    case Entry::kIdentityJudged:
      return Judged(entry.identity_judged());
    case Entry::kLogsAnchored:
    case Entry::kAccessRecorded:
    case Entry::CHANGE_NOT_SET:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

void Projection::CollectChanges() {
  batch_ = store_->NewBatch();
  heads_.Collect(batch_.get());
  people_.Collect(batch_.get());
  identity_tables_.Collect(batch_.get());
  referrals_.Collect(batch_.get());
  consents_.Collect(batch_.get());
  deliveries_.Collect(batch_.get());
  quarantine_.Collect(batch_.get());
  notes_.Collect(batch_.get());
  members_.Collect(batch_.get());
  dispatches_.Collect(batch_.get());
  for (const auto& [key, other] : others_) {
    if (other.value.has_value()) {
      batch_->Put(key, *other.value, other.owner);
    } else {
      batch_->Delete(key);
    }
  }
  others_.clear();
}

absl::Status Projection::Commit() {
  AQ_RETURN_IF_ERROR(Land());
  if (last_ == 0) return absl::OkStatus();
  if (batch_ == nullptr) CollectChanges();
  AQ_RETURN_IF_ERROR(store_->Apply(*batch_, last_));
  batch_.reset();
  last_ = 0;
  snapshot_.reset();
  Trim(true);
  return absl::OkStatus();
}

absl::Status Projection::CommitAhead() {
  AQ_RETURN_IF_ERROR(Land());
  if (last_ == 0) return absl::OkStatus();
  CollectChanges();
  flying_ = std::async(std::launch::async,
                       [store = store_, batch = std::move(batch_), last = std::exchange(last_, 0)] {
                         return store->Apply(*batch, last);
                       });
  Trim(false);
  return absl::OkStatus();
}

absl::Status Projection::Land() {
  if (flying_.valid()) {
    landed_ = flying_.get();
    snapshot_.reset();
  }
  return landed_;
}

void Projection::Trim(bool written) {
  heads_.Trim(kCachedRecordBytes, written);
  people_.Trim(kCachedRecordBytes, written);
  identity_tables_.Trim(kCachedRecordBytes * 3 / 2, written);
  referrals_.Trim(kCachedBytes, written);
  consents_.Trim(kCachedBytes, written);
  deliveries_.Trim(kCachedBytes, written);
  quarantine_.Trim(kCachedBytes, written);
  notes_.Trim(kCachedBytes, written);
  members_.Trim(kCachedBytes, written);
  dispatches_.Trim(kCachedBytes, written);
}

absl::Status Projection::Count(const std::string& name, std::int64_t change) {
  const std::string key = store::CountKey(name);
  auto it = counts_.find(key);
  if (it == counts_.end()) {
    std::int64_t value = 0;
    const absl::StatusOr<std::string> stored = snapshot().Get(key);
    if (stored.ok()) {
      if (!absl::SimpleAtoi(*stored, &value)) {
        return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                     "a stored count cannot be read");
      }
    } else if (!absl::IsNotFound(stored.status())) {
      return stored.status();
    }
    it = counts_.emplace(key, value).first;
  }
  it->second += change;
  Put(key, absl::StrCat(it->second));
  return absl::OkStatus();
}

void Projection::Remember(Sequence sequence, const Entry& entry) {
  if (entry.request_digest().empty()) return;
  journal::v1::RequestDocument request;
  request.set_sequence(sequence);
  request.set_erased(entry.erased());
  request.set_request_hash(RequestHashOf(entry));
  Put(store::RequestKey(entry.request_digest()), Canonical(request));
}

absl::Status Projection::Observed(Sequence sequence, const Entry& entry) {
  const RecordObserved& observed = entry.record_observed();
  const std::string key = store::RecordKey(observed.record());
  AQ_ASSIGN_OR_RETURN(auto* row, heads_.Find(snapshot(), key));
  RecordHead* head = &row->document;
  const bool was_live = IsLive(*head);
  if (!FoldObserved(observed.source_version(), observed.content_hash(), head)) {
    return absl::OkStatus();
  }
  head->set_key(entry.key());
  head->set_sequence(sequence);
  heads_.Touch(key, row);
  if (IsLive(*head) != was_live) {
    AQ_RETURN_IF_ERROR(Count(LiveRecordsCount(observed.record().agency()), IsLive(*head) ? 1 : -1));
  }
  if (!observed.observation().has_subject()) return absl::OkStatus();
  return UpdateRecord(sequence, observed, head);
}

absl::Status Projection::UpdateRecord(Sequence sequence, const RecordObserved& observed,
                                      RecordHead* head) {
  const journal::v1::Subject& subject = observed.observation().subject();
  bool same = false;
  if (!head->person().empty()) {
    AQ_ASSIGN_OR_RETURN(PersonRow * row,
                        people_.Find(snapshot(), store::PersonKey(head->person())));
    const PersonRecord* record = FindRecord(&row->document, observed.record());
    same = record != nullptr && SameSubject(record->observation().subject(), subject);
  }
  // It may lead to another person then.
  if (!same) AQ_RETURN_IF_ERROR(Resolve(sequence, observed));
  const std::string key = store::PersonKey(head->person());
  AQ_ASSIGN_OR_RETURN(PersonRow * row, people_.Find(snapshot(), key));
  PersonDocument* person = &row->document;
  PersonRecord* record = FindRecord(person, observed.record());
  if (record == nullptr) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "a record is not with the person that it is linked to");
  }
  Touch(*person,
        policy::TouchedByRecord(observed.record().kind()) | (same ? 0 : policy::kTouchesSubject));
  *record->mutable_observation() = observed.observation();
  record->set_source_version(head->source_version());
  record->set_ended(head->ended());
  person->set_revision(person->revision() + 1);
  people_.Touch(key, row);
  return absl::OkStatus();
}

absl::Status Projection::Ended(Sequence sequence, const Entry& entry) {
  const journal::v1::RecordEnded& ended = entry.record_ended();
  const std::string key = store::RecordKey(ended.record());
  AQ_ASSIGN_OR_RETURN(auto* row, heads_.Find(snapshot(), key));
  RecordHead* head = &row->document;
  const bool was_live = IsLive(*head);
  if (!FoldEnded(ended.source_version(), head)) return absl::OkStatus();
  head->set_key(entry.key());
  head->set_sequence(sequence);
  heads_.Touch(key, row);
  if (was_live) AQ_RETURN_IF_ERROR(Count(LiveRecordsCount(ended.record().agency()), -1));
  if (head->person().empty()) return absl::OkStatus();
  const std::string person_key = store::PersonKey(head->person());
  AQ_ASSIGN_OR_RETURN(PersonRow * person, people_.Find(snapshot(), person_key));
  if (PersonRecord* record = FindRecord(&person->document, ended.record()); record != nullptr) {
    record->set_ended(true);
    record->set_source_version(head->source_version());
    Touch(person->document, policy::TouchedByRecord(ended.record().kind()) |
                                policy::kTouchesSubject | policy::kTouchesStanding);
    person->document.set_revision(person->document.revision() + 1);
    people_.Touch(person_key, person);
  }
  return absl::OkStatus();
}

absl::Status Projection::Raise(const std::string& key, std::int64_t version) {
  std::int64_t known = 0;
  if (const auto it = others_.find(key); it != others_.end()) {
    if (!absl::SimpleAtoi(it->second.value.value_or("0"), &known)) known = 0;
  } else {
    AQ_ASSIGN_OR_RETURN(const store::Snapshot* whole, WholeSnapshot());
    const absl::StatusOr<std::string> stored = whole->Get(key);
    if (!stored.ok() && !absl::IsNotFound(stored.status())) return stored.status();
    if (stored.ok() && !absl::SimpleAtoi(*stored, &known)) known = 0;
  }
  if (version > known) Put(key, absl::StrCat(version));
  return absl::OkStatus();
}

absl::Status Projection::Closed(Sequence sequence, const Entry& entry) {
  const journal::v1::PayloadClosed& closed = entry.payload_closed();
  if (closed.snapshot_taken()) {
    AQ_RETURN_IF_ERROR(
        Raise(SnapshotVersionKey(closed.agency(), closed.format()), closed.source_version()));
  }
  if (!closed.bytes_kept()) return absl::OkStatus();
  const std::string key = store::QuarantineKey(closed.payload());
  AQ_ASSIGN_OR_RETURN(auto* row, quarantine_.Find(snapshot(), key));
  QuarantineDocument* document = &row->document;
  document->set_payload(closed.payload());
  document->set_agency(closed.agency());
  document->set_format(closed.format());
  document->set_file_name(closed.file_name());
  document->set_source_version(closed.source_version());
  document->set_key(entry.key());
  document->set_sequence(sequence);
  document->set_sliced(closed.sliced());
  document->set_bytes_key(closed.bytes_key());
  *document->mutable_create_time() = entry.commit_time();
  document->set_whole(closed.receipt().code() != 0);
  *document->mutable_problems() = closed.receipt().problems();
  if (!document->whole()) {
    for (const journal::v1::StoredRecordReceipt& record : closed.receipt().records()) {
      if (record.disposition() == journal::v1::RECORD_DISPOSITION_HELD) {
        *document->add_records() = record;
      }
    }
  }
  quarantine_.Touch(key, row);
  return Count(QuarantineCount(closed.agency()), 1);
}

absl::Status Projection::Replayed(Sequence sequence, const Entry& entry) {
  const journal::v1::QuarantineReplayed& replayed = entry.quarantine_replayed();
  const std::string key = store::QuarantineKey(replayed.payload());
  AQ_ASSIGN_OR_RETURN(auto* row, quarantine_.Find(snapshot(), key));
  if (!row->exists) return absl::OkStatus();
  QuarantineDocument* document = &row->document;
  if (replayed.snapshot_taken()) {
    AQ_RETURN_IF_ERROR(Raise(SnapshotVersionKey(document->agency(), document->format()),
                             document->source_version()));
  }
  if (replayed.payload_released()) {
    AQ_RETURN_IF_ERROR(Count(QuarantineCount(document->agency()), -1));
    quarantine_.Remove(key, row);
    return absl::OkStatus();
  }
  document->set_replay_count(document->replay_count() + 1);
  *document->mutable_problems() = replayed.problems();
  if (replayed.records_size() > 0) {
    document->set_whole(false);
    document->clear_records();
    for (const journal::v1::StoredRecordReceipt& record : replayed.records()) {
      if (record.disposition() == journal::v1::RECORD_DISPOSITION_HELD) {
        *document->add_records() = record;
      }
    }
  }
  quarantine_.Touch(key, row);
  return absl::OkStatus();
}

void Projection::Touch(const PersonDocument& person, unsigned touches) {
  if (!remembers_touches_ || touches == 0 || !model::IsKnownBeyondPolice(person)) return;
  touches_[person.person()] |= touches;
}

absl::Status Projection::Fired(const journal::v1::TimerFired& fired) {
  const std::string key = TimerKey(fired.timer());
  if (fired.has_next_due_time()) {
    Put(key, absl::StrCat(absl::ToUnixMicros(ToTime(fired.next_due_time()))));
  } else {
    Remove(key);
  }
  return absl::OkStatus();
}

}  // namespace anqiao::engine
