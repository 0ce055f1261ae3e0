#include "hub/engine/upgrade.h"

#include <cstddef>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/receipts.h"
#include "hub/engine/values.h"

namespace anqiao::engine {
namespace {

using journal::v1::Entry;
using store::KeyId;
using store::Sequence;

constexpr std::size_t kGroupEntries = 4096;
constexpr std::size_t kGroupBytes = std::size_t{16} << 20;

class Upgrade {
 public:
  Upgrade(const store::Store& old, store::Store* sealed, store::Epoch epoch)
      : old_(old), sealed_(*sealed), epoch_(epoch) {}

  absl::Status Take(Sequence sequence, absl::string_view bytes) {
    Entry entry;
    if (!entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                   absl::StrCat("entry ", sequence, " of the journal cannot be read"));
    }
    AQ_RETURN_IF_ERROR(GiveKey(&entry));
    TellHeader(sealed_, &entry);
    group_.headers.push_back(HeaderOf(entry));
    group_.entries.push_back(entry.SerializeAsString());
    bytes_ += group_.entries.back().size();
    return group_.entries.size() >= kGroupEntries || bytes_ >= kGroupBytes ? Flush()
                                                                           : absl::OkStatus();
  }

  absl::Status Flush() {
    if (group_.entries.empty()) return absl::OkStatus();
    bytes_ = 0;
    return sealed_.Append(epoch_, std::exchange(group_, store::AppendGroup())).status();
  }

 private:
  using Keys = absl::flat_hash_map<std::string, KeyId>;

  absl::StatusOr<KeyId> KeyOf(const std::string& name, Keys* keys) {
    const auto [it, inserted] = keys->emplace(name, 0);
    if (inserted) {
      AQ_ASSIGN_OR_RETURN(it->second, sealed_.NewKey());
    }
    return it->second;
  }

  static std::string NameOf(absl::string_view agency, absl::string_view format,
                            absl::string_view key) {
    return absl::StrCat(agency, absl::string_view("\0", 1), format, absl::string_view("\0", 1),
                        key);
  }

  absl::Status GiveKey(Entry* entry) {
    switch (entry->change_case()) {
      case Entry::kRecordObserved:
      case Entry::kRecordEnded: {
        const journal::v1::RecordRef& ref = entry->has_record_observed()
                                                ? entry->record_observed().record()
                                                : entry->record_ended().record();
        // Kinds of one format share their keys: receipts do not tell the kind.
        AQ_ASSIGN_OR_RETURN(const KeyId key,
                            KeyOf(NameOf(ref.agency(), ref.format(), ref.key()), &records_));
        entry->set_key(key);
        return absl::OkStatus();
      }
      case Entry::kReferralChanged: {
        AQ_ASSIGN_OR_RETURN(const KeyId key,
                            KeyOf(entry->referral_changed().referral(), &referrals_));
        entry->set_key(key);
        return absl::OkStatus();
      }
      case Entry::kPayloadClosed:
        return Close(entry);
      case Entry::kQuarantineReplayed: {
        AQ_ASSIGN_OR_RETURN(const KeyId key,
                            KeyOf(entry->quarantine_replayed().payload(), &payloads_));
        entry->set_key(key);
        return absl::OkStatus();
      }
      case Entry::kActivated:
        return CopyBlob(entry->activated().hash(), 0);
      default:
        return absl::OkStatus();
    }
  }

  absl::Status Close(Entry* entry) {
    journal::v1::PayloadClosed* closed = entry->mutable_payload_closed();
    AQ_ASSIGN_OR_RETURN(const KeyId key, KeyOf(closed->payload(), &payloads_));
    entry->set_key(key);
    for (journal::v1::StoredRecordReceipt& record : *closed->mutable_receipt()->mutable_records()) {
      const auto known =
          records_.find(NameOf(closed->agency(), closed->format(), record.record_key()));
      if (known != records_.end()) record.set_key(known->second);
    }
    AQ_RETURN_IF_ERROR(SealReceipts(sealed_, closed->mutable_receipt()->mutable_records()));
    if (!closed->bytes_kept()) return absl::OkStatus();
    AQ_ASSIGN_OR_RETURN(const KeyId bytes_key, sealed_.NewKey());
    closed->set_bytes_key(bytes_key);
    return CopyBlob(closed->payload(), bytes_key);
  }

  // What is no longer there was released or replaced since.
  absl::Status CopyBlob(const std::string& name, KeyId key) {
    absl::StatusOr<std::string> bytes = old_.GetBlob(name);
    if (absl::IsNotFound(bytes.status())) return absl::OkStatus();
    AQ_RETURN_IF_ERROR(bytes.status());
    bytes_ += bytes->size();
    group_.blobs.emplace_back(name, *std::move(bytes),
                              std::vector<std::pair<std::size_t, KeyId>>{{0, key}});
    return absl::OkStatus();
  }

  const store::Store& old_;
  store::Store& sealed_;
  const store::Epoch epoch_;
  store::AppendGroup group_;
  std::size_t bytes_ = 0;
  Keys records_, referrals_, payloads_;
};

}  // namespace

absl::Status UpgradeJournal(const store::Store& old, store::Store* sealed,
                            const std::function<bool(Sequence, Sequence)>& progress) {
  if (sealed->synced_sequence() > 0) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 "the directory to upgrade into has entries already");
  }
  AQ_ASSIGN_OR_RETURN(const store::Epoch epoch, sealed->AcquireWriter());
  Upgrade upgrade(old, sealed, epoch);
  const Sequence total = old.synced_sequence();
  absl::Status failure;
  AQ_RETURN_IF_ERROR(old.ReadJournal(1, [&](Sequence sequence, absl::string_view bytes) {
    failure = upgrade.Take(sequence, bytes);
    if (failure.ok() && progress && sequence % kGroupEntries == 0 && !progress(sequence, total)) {
      failure = absl::CancelledError("stopped by the caller");
    }
    return failure.ok();
  }));
  AQ_RETURN_IF_ERROR(failure);
  AQ_RETURN_IF_ERROR(upgrade.Flush());
  if (progress) progress(total, total);
  return absl::OkStatus();
}

}  // namespace anqiao::engine
