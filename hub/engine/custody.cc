// Erasing, purging, computing anew, backup, rotation, and what shows that nothing was altered.

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/person.h"
#include "hub/engine/values.h"
#include "hub/store/audit_log.h"
#include "hub/store/cipher.h"
#include "hub/store/entry_proof.h"
#include "hub/store/key_ring.h"
#include "hub/store/keys.h"
#include "hub/store/log_trees.h"
#include "hub/store/master_key.h"

namespace anqiao::engine {
namespace {

using journal::v1::Entry;
using store::KeyId;
using store::Sequence;

constexpr absl::Duration kProjectedWait = absl::Seconds(60);
// So few entries are applied while the writer waits.
constexpr Sequence kLastStretch = 2'000;
constexpr int kStretchesMax = 20;
constexpr int kRecordKinds = 64;
constexpr std::size_t kReasonBytes = 63;
constexpr std::size_t kReferenceBytes = 500;

absl::Status NothingIsSealed() {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
               "the hub seals nothing, so no key can be destroyed");
}

ErasureResult ResultOf(const journal::v1::PersonErased& erased, Sequence sequence) {
  return {.person = erased.person(),
          .records = erased.record_count(),
          .referrals = erased.referral_count(),
          .payloads = erased.payloads_size(),
          .keys = erased.keys_size(),
          .sequence = sequence};
}

// Payloads in quarantine with bytes of these records that lie under a key of the payload's.
absl::Status FindUncutPayloads(const store::Store& store, const store::Snapshot& snapshot,
                               const std::set<KeyId>& records, journal::v1::PersonErased* erased) {
  absl::Status failure;
  const store::KeyRange range = store::FamilyRange(store::Family::kQuarantine);
  AQ_RETURN_IF_ERROR(
      snapshot.Scan(range.begin, range.end, [&](absl::string_view, absl::string_view value) {
        journal::v1::QuarantineDocument document;
        if (!document.ParseFromArray(value.data(), static_cast<int>(value.size()))) return true;
        if (document.sliced()) return true;
        const absl::StatusOr<std::string> bytes = store.GetEntry(document.sequence());
        Entry entry;
        failure = bytes.status();
        if (!failure.ok()) return false;
        if (!entry.ParseFromString(*bytes)) return true;
        const auto& receipts = entry.payload_closed().receipt().records();
        if (std::any_of(receipts.begin(), receipts.end(), [&](const auto& record) {
              return record.key() != 0 && records.count(record.key()) > 0;
            })) {
          erased->add_payloads(document.payload());
          erased->add_keys(document.bytes_key());
        }
        return true;
      }));
  return failure;
}

}  // namespace

absl::Status EngineImpl::EraseTurn(Writer::Turn& turn, const Principal& principal,
                                   const ErasePersonCommand& command,
                                   const std::string& jurisdiction, const std::string& hash,
                                   Entry* made, Sequence* sequence) {
  if (!command.request_id.empty()) {
    absl::StatusOr<Entry> earlier = turn.EarlierEntry(principal, command.request_id, hash);
    if (earlier.ok()) {
      *made = *std::move(earlier);
      return absl::OkStatus();
    }
    if (!absl::IsNotFound(earlier.status())) return earlier.status();
  }
  ReferralBook book = turn.Book();
  AQ_ASSIGN_OR_RETURN(const CaseView view, book.FindCase(command.case_id, Today(), jurisdiction));
  *made->mutable_principal() = principal;
  journal::v1::PersonErased* erased = made->mutable_person_erased();
  erased->set_person(view.document.person());
  erased->set_reason(command.reason);
  erased->set_basis_reference(command.basis_reference);
  erased->set_request_id(command.request_id);
  erased->set_request_hash(hash);
  std::set<KeyId> keys;
  // From now on their records are new ones, should an agency send them again.
  std::vector<std::pair<std::string, journal::v1::RecordHead>> heads;
  for (const journal::v1::PersonRecord& record : view.document.records()) {
    const std::string key = store::RecordKey(record.record());
    AQ_ASSIGN_OR_RETURN(const journal::v1::RecordHead head, turn.overlay().Head(key));
    if (head.key() != 0) keys.insert(head.key());
    heads.emplace_back(key, journal::v1::RecordHead());
  }
  erased->set_record_count(view.document.records_size());
  AQ_RETURN_IF_ERROR(FindUncutPayloads(turn.store(), turn.snapshot(), keys, erased));
  for (const std::string& referral : view.document.referrals()) {
    AQ_ASSIGN_OR_RETURN(const journal::v1::ReferralDocument* document, book.Find(referral));
    if (document->key() != 0) keys.insert(document->key());
  }
  for (const std::string& consent : view.document.consents()) {
    AQ_ASSIGN_OR_RETURN(const auto document, ReadDocument<journal::v1::ConsentDocument>(
                                                 turn.snapshot(), store::ConsentKey(consent)));
    if (document.has_value() && document->key() != 0) keys.insert(document->key());
  }
  for (const std::string& member : view.document.team_members()) {
    AQ_ASSIGN_OR_RETURN(const auto document, ReadDocument<journal::v1::TeamMemberDocument>(
                                                 turn.snapshot(), store::TeamMemberKey(member)));
    if (document.has_value() && document->key() != 0) keys.insert(document->key());
  }
  for (const std::string& dispatch : view.document.dispatches()) {
    AQ_ASSIGN_OR_RETURN(const auto document, ReadDocument<journal::v1::DispatchDocument>(
                                                 turn.snapshot(), store::DispatchKey(dispatch)));
    if (document.has_value() && document->key() != 0) keys.insert(document->key());
  }
  erased->set_referral_count(view.document.referrals_size());
  for (const std::string& id : IdsOf(view.document)) {
    AQ_ASSIGN_OR_RETURN(const auto notes, ReadDocument<journal::v1::EntitlementNotes>(
                                              turn.snapshot(), store::NotesKey(id)));
    if (notes.has_value() && notes->key() != 0) keys.insert(notes->key());
    AQ_ASSIGN_OR_RETURN(const KeyId own, turn.store().OwnerKey(id));
    if (own != 0) keys.insert(own);
  }
  for (const KeyId key : keys) erased->add_keys(key);
  std::vector<std::string> blobs(erased->payloads().begin(), erased->payloads().end());
  AQ_ASSIGN_OR_RETURN(*sequence, turn.Commit({*made}, std::move(blobs), std::move(heads)));
  return absl::OkStatus();
}

absl::StatusOr<ErasureResult> EngineImpl::ErasePerson(const Principal& principal,
                                                      const ErasePersonCommand& command,
                                                      const std::string& jurisdiction) {
  if (store_->ring() == nullptr) return NothingIsSealed();
  if (command.reason.empty() || command.reason.size() > kReasonBytes) {
    return InvalidField("reason", "must be a code of 1 to 63 bytes");
  }
  if (command.basis_reference.empty() || command.basis_reference.size() > kReferenceBytes) {
    return InvalidField("basis_reference", "must name the law and article in 1 to 500 bytes");
  }
  const std::string hash = Sha256(
      absl::StrCat("erase:", command.case_id, ":", command.reason, ":", command.basis_reference));
  absl::MutexLock lock(&destruction_mu_);
  Entry made;
  Sequence sequence = 0;
  AQ_RETURN_IF_ERROR(writer_.Run([&](Writer::Turn& turn) {
    return EraseTurn(turn, principal, command, jurisdiction, hash, &made, &sequence);
  }));
  // A repeat: it was done then.
  if (sequence == 0) return ResultOf(made.person_erased(), 0);
  AQ_RETURN_IF_ERROR(projector_.WaitFor(sequence, kProjectedWait));
  AQ_RETURN_IF_ERROR(DestroyKeysOf(sequence, made));
  AQ_RETURN_IF_ERROR(Rebuild(nullptr));
  return ResultOf(made.person_erased(), sequence);
}

absl::Status EngineImpl::DestroyKeysOf(Sequence sequence, const Entry& entry) {
  const auto& named =
      entry.has_person_erased() ? entry.person_erased().keys() : entry.purged().keys();
  AQ_RETURN_IF_ERROR(store_->DestroyKeys({named.begin(), named.end()}));
  return store_->SetDestroyedThrough(sequence);
}

absl::Status EngineImpl::FinishDestruction() {
  const std::unique_ptr<store::Snapshot> before = store_->NewSnapshot();
  const bool otherwise = ComputedOtherwise(*before, ModelOf(options_));
  Sequence last = LastDestruction(*before);
  if (otherwise) {
    // Then they were not brought up to the journal's end.
    AQ_RETURN_IF_ERROR(store_->ReadJournal(
        before->sequence() + 1, [&](Sequence sequence, absl::string_view bytes) {
          Entry entry;
          if (entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
              (entry.has_person_erased() || entry.has_purged())) {
            last = sequence;
          }
          return true;
        }));
  }
  // Always again: a restored journal may be shorter than what the ring has seen.
  if (last > 0 && store_->ring() != nullptr) {
    AQ_ASSIGN_OR_RETURN(const std::string bytes, store_->GetEntry(last));
    Entry entry;
    if (!entry.ParseFromString(bytes)) {
      return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                   absl::StrCat("entry ", last, " of the journal cannot be read"));
    }
    AQ_RETURN_IF_ERROR(DestroyKeysOf(last, entry));
  }
  // Until projections are computed from a journal without them, others may still tell of the
  // erased.
  if (LastErasure(*before) <= store_->projections_born() && !otherwise) {
    return absl::OkStatus();
  }
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<store::ProjectionStore> next,
                      store_->NewProjections(store::ProjectionPurpose::kReplace));
  {
    Projection projection(next.get(), ModelOf(options_));
    AQ_RETURN_IF_ERROR(
        ApplyJournal(*store_, store_->synced_sequence(), next.get(), &projection, nullptr));
  }
  return projector_.Replace(std::move(next));
}

absl::Status EngineImpl::Rebuild(const std::function<bool(Sequence, Sequence)>& progress) {
  if (rebuilding_.exchange(true)) {
    return Error(absl::StatusCode::kUnavailable, reason::kOverloaded,
                 "the projections are being computed anew already");
  }
  const auto done = absl::MakeCleanup([this] { rebuilding_ = false; });
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<store::ProjectionStore> next,
                      store_->NewProjections(store::ProjectionPurpose::kReplace));
  Projection projection(next.get(), ModelOf(options_));
  for (int i = 0; i < kStretchesMax; ++i) {
    const Sequence last = store_->synced_sequence();
    AQ_RETURN_IF_ERROR(ApplyJournal(*store_, last, next.get(), &projection, progress));
    if (store_->synced_sequence() - last < kLastStretch) break;
  }
  return writer_.Run([&](Writer::Turn& turn) -> absl::Status {
    AQ_RETURN_IF_ERROR(
        ApplyJournal(*store_, store_->synced_sequence(), next.get(), &projection, nullptr));
    return turn.Replace(std::move(next));
  });
}

absl::Status EngineImpl::CollectOldPayloads(const PurgeCommand& command,
                                            const store::Snapshot& snapshot,
                                            journal::v1::Purged* purged) const {
  const store::KeyRange range = store::FamilyRange(store::Family::kQuarantine);
  return snapshot.Scan(range.begin, range.end, [&](absl::string_view, absl::string_view value) {
    journal::v1::QuarantineDocument document;
    if (document.ParseFromArray(value.data(), static_cast<int>(value.size())) &&
        ToTime(document.create_time()) < command.before) {
      purged->add_payloads(document.payload());
      purged->add_keys(document.bytes_key());
    }
    return true;
  });
}

absl::Status EngineImpl::CollectOldAccess(const PurgeCommand& command,
                                          journal::v1::Purged* purged) const {
  // Keys of access records hold for a month: only those of months before the border's are
  // destroyed, so never one that is in use.
  const absl::CivilMonth border = absl::ToCivilMonth(command.before, absl::UTCTimeZone());
  std::set<KeyId> old, young;
  AQ_RETURN_IF_ERROR(store_->ReadJournal(1, [&](Sequence, absl::string_view bytes) {
    Entry entry;
    if (!entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return true;
    if (!entry.has_access_recorded() || entry.key() == 0) return true;
    const absl::CivilMonth month =
        absl::ToCivilMonth(ToTime(entry.commit_time()), absl::UTCTimeZone());
    (month < border ? old : young).insert(entry.key());
    return true;
  }));
  for (const KeyId key : old) {
    if (young.count(key) == 0) purged->add_keys(key);
  }
  return absl::OkStatus();
}

absl::StatusOr<PurgeResult> EngineImpl::Purge(const Principal& principal,
                                              const PurgeCommand& command) {
  if (store_->ring() == nullptr) return NothingIsSealed();
  if (command.retention_class != journal::v1::RETENTION_CLASS_PAYLOADS &&
      command.retention_class != journal::v1::RETENTION_CLASS_ACCESS_LOG) {
    return InvalidField("retention_class", "must be PAYLOADS or ACCESS_LOG");
  }
  if (command.before > Now()) return InvalidField("before_time", "must not lie in the future");
  const std::string hash = Sha256(
      absl::StrCat("purge:", command.retention_class, ":", absl::ToUnixMicros(command.before)));
  absl::MutexLock lock(&destruction_mu_);
  Entry made;
  journal::v1::Purged old_access;
  // Reading the whole journal is no work for the writer.
  if (command.retention_class == journal::v1::RETENTION_CLASS_ACCESS_LOG) {
    AQ_RETURN_IF_ERROR(CollectOldAccess(command, &old_access));
  }
  PurgeResult result;
  AQ_RETURN_IF_ERROR(writer_.Run([&](Writer::Turn& turn) -> absl::Status {
    if (!command.request_id.empty()) {
      absl::StatusOr<Entry> earlier = turn.EarlierEntry(principal, command.request_id, hash);
      if (earlier.ok()) {
        made = *std::move(earlier);
        return absl::OkStatus();
      }
      if (!absl::IsNotFound(earlier.status())) return earlier.status();
    }
    *made.mutable_principal() = principal;
    journal::v1::Purged* purged = made.mutable_purged();
    *purged = old_access;
    purged->set_retention_class(command.retention_class);
    SetTime(command.before, purged->mutable_before_time());
    purged->set_request_id(command.request_id);
    purged->set_request_hash(hash);
    if (command.retention_class == journal::v1::RETENTION_CLASS_PAYLOADS) {
      AQ_RETURN_IF_ERROR(CollectOldPayloads(command, turn.snapshot(), purged));
    }
    AQ_ASSIGN_OR_RETURN(result.sequence, turn.Commit({made}, {purged->payloads().begin(),
                                                              purged->payloads().end()}));
    return absl::OkStatus();
  }));
  result.purged = made.purged();
  if (result.sequence == 0) return result;
  AQ_RETURN_IF_ERROR(projector_.WaitFor(result.sequence, kProjectedWait));
  AQ_RETURN_IF_ERROR(DestroyKeysOf(result.sequence, made));
  return result;
}

absl::Status EngineImpl::Backup(const std::string& directory) {
  return store_->Checkpoint(directory);
}

absl::Status EngineImpl::RotateMasterKey(const std::string& path) {
  if (store_->ring() == nullptr) return NothingIsSealed();
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<store::MasterKey> next,
                      store::MasterKey::FromFile(path, store_->ring()->suite()));
  return store_->ring()->Rotate(std::move(next));
}

absl::StatusOr<exchange::v1::RecordProof> EngineImpl::ProveRecord(const std::string& agency,
                                                                  const std::string& format,
                                                                  const std::string& record_key) {
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::Snapshot> snapshot, Fresh());
  journal::v1::RecordRef ref;
  ref.set_agency(agency);
  ref.set_format(format);
  ref.set_key(record_key);
  const absl::Status not_found = Error(absl::StatusCode::kNotFound, reason::kErased,
                                       "there is no such record on file, or it was erased");
  for (int kind = 0; kind < kRecordKinds; ++kind) {
    ref.set_kind(kind);
    AQ_ASSIGN_OR_RETURN(const auto head,
                        ReadDocument<journal::v1::RecordHead>(*snapshot, store::RecordKey(ref)));
    if (!head.has_value()) continue;
    AQ_ASSIGN_OR_RETURN(store::EntryProof proof, store_->ProveEntry(head->sequence(), Now()));
    Entry entry;
    if (!entry.ParseFromString(proof.entry)) {
      return Error(absl::StatusCode::kDataLoss, reason::kStorageLost, "an entry cannot be read");
    }
    if (entry.erased()) return not_found;
    exchange::v1::RecordProof shown;
    *shown.mutable_head() = std::move(proof.head);
    *shown.mutable_inclusion() = std::move(proof.inclusion);
    shown.set_salt(std::move(proof.salt));
    if (entry.has_record_observed()) {
      shown.set_content(Canonical(entry.record_observed().observation()));
    }
    return shown;
  }
  return not_found;
}

absl::StatusOr<LogHead> EngineImpl::CertifyEntry(Sequence sequence,
                                                 exchange::v1::InclusionProof* inclusion) {
  AQ_ASSIGN_OR_RETURN(store::EntryProof proof, store_->ProveEntry(sequence, Now()));
  LogHead result;
  result.head = std::move(proof.head);
  result.public_key = store_->logs()->key().public_key();
  *inclusion = std::move(proof.inclusion);
  return result;
}

absl::StatusOr<LogHead> EngineImpl::GetLogHead(const std::string& log, std::uint64_t since) {
  const store::LogTrees* const logs = store_->logs();
  if (logs == nullptr) {
    return Error(absl::StatusCode::kNotFound, reason::kLogNotFound, "the hub keeps no logs");
  }
  LogHead result;
  AQ_ASSIGN_OR_RETURN(result.head, logs->Head(log, Now()));
  result.public_key = logs->key().public_key();
  if (since > 0) {
    AQ_ASSIGN_OR_RETURN(result.growth, logs->Growth(log, since, result.head.size()));
  }
  return result;
}

}  // namespace anqiao::engine
