// row := key 8 bytes big-endian | sealed value        key 0: the key of the set
// value of a row with a hidden key := length of the key 4 bytes | key | value

#include "hub/store/sealed_projections.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/checksum.h"
#include "hub/store/keys.h"

namespace anqiao::store {
namespace {

// Lies before all families; holds the ids of the set's keys.
constexpr absl::string_view kKeysRow("\x01keys", 5);
constexpr char kFirstFamily = '\x02';
constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kOwnersMax = 200'000;

absl::Status Damaged() {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
               "a sealed row of the projections is damaged");
}

bool Destroyed(const absl::Status& status) { return ReasonOf(status) == reason::kKeyDestroyed; }

std::string StoredKey(const SealedProjections::Vault& vault, const SealedProjections::Keys& keys,
                      absl::string_view key) {
  if (keys.index == 0) return std::string(key);
  return HideKey(
      key, [&](absl::string_view part) { return vault.suite->KeyedHash(keys.index_key, part); });
}

absl::StatusOr<KeyId> IdOf(absl::string_view row) {
  if (row.size() < kIdBytes) return Damaged();
  return DecodeNumber(row.substr(0, kIdBytes));
}

// What was put under "key": the value, and the key where the stored one hides it.
struct Opened {
  std::string key;
  std::string value;
};

absl::StatusOr<Opened> OpenRow(const SealedProjections::Vault& vault,
                               const SealedProjections::Keys& keys, absl::string_view stored_key,
                               absl::string_view row) {
  AQ_ASSIGN_OR_RETURN(const KeyId id, IdOf(row));
  absl::StatusOr<std::string> text;
  if (id == 0) {
    text = vault.suite->Open(keys.values_key, stored_key, row.substr(kIdBytes));
  } else {
    const absl::StatusOr<DataKey> key = vault.ring->Get(id);
    if (Destroyed(key.status()) && keys.retired) {
      return Error(absl::StatusCode::kAborted, reason::kOverloaded,
                   "the projections were computed anew meanwhile: read again");
    }
    AQ_RETURN_IF_ERROR(key.status());
    text = vault.suite->Open(*key, stored_key, row.substr(kIdBytes));
  }
  AQ_RETURN_IF_ERROR(text.status());
  if (keys.index == 0 || !IsHidden(stored_key)) {
    return Opened{std::string(stored_key), *std::move(text)};
  }
  if (text->size() < kLengthBytes) return Damaged();
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length = length << 8 | static_cast<unsigned char>((*text)[i]);
  }
  if (text->size() - kLengthBytes < length) return Damaged();
  return Opened{text->substr(kLengthBytes, length), text->substr(kLengthBytes + length)};
}

class SealedSnapshot : public Snapshot {
 public:
  SealedSnapshot(const SealedProjections::Vault* vault,
                 std::shared_ptr<const SealedProjections::Keys> keys,
                 std::unique_ptr<Snapshot> base)
      : vault_(vault), keys_(std::move(keys)), base_(std::move(base)) {}

  Sequence sequence() const override { return base_->sequence(); }

  absl::StatusOr<std::string> Get(absl::string_view key) const override {
    if (keys_ == nullptr) return absl::NotFoundError("there is no such key");
    const std::string stored_key = StoredKey(*vault_, *keys_, key);
    AQ_ASSIGN_OR_RETURN(const std::string row, base_->Get(stored_key));
    absl::StatusOr<Opened> opened = OpenRow(*vault_, *keys_, stored_key, row);
    if (Destroyed(opened.status())) return absl::NotFoundError("there is no such key");
    AQ_RETURN_IF_ERROR(opened.status());
    return std::move(opened->value);
  }

  absl::Status Scan(
      absl::string_view begin, absl::string_view end,
      const std::function<bool(absl::string_view, absl::string_view)>& visit) const override {
    if (keys_ == nullptr) return absl::OkStatus();
    absl::Status failure;
    const absl::string_view first(&kFirstFamily, 1);
    AQ_RETURN_IF_ERROR(
        base_->Scan(std::max(begin, first), end, [&](absl::string_view key, absl::string_view row) {
          absl::StatusOr<Opened> opened = OpenRow(*vault_, *keys_, key, row);
          if (opened.ok()) return visit(opened->key, opened->value);
          if (Destroyed(opened.status())) return true;
          failure = opened.status();
          return false;
        }));
    return failure;
  }

 private:
  const SealedProjections::Vault* const vault_;
  const std::shared_ptr<const SealedProjections::Keys> keys_;  // null: the set is empty
  const std::unique_ptr<Snapshot> base_;
};

}  // namespace

// Seals what is put; what could not be sealed is tried again by Apply.
class SealedBatch : public ProjectionBatch {
 public:
  SealedBatch(const SealedProjections* projections, std::unique_ptr<ProjectionBatch> base)
      : projections_(projections), base_(std::move(base)) {}

  using ProjectionBatch::Put;
  void Put(absl::string_view key, absl::string_view value, absl::string_view owner) override {
    if (!waiting_.empty() || !Seal(key, value, owner).ok()) {
      waiting_.push_back({std::string(key), std::string(value), std::string(owner)});
    }
  }
  void Delete(absl::string_view key) override {
    if (waiting_.empty()) return Remove(key);
    waiting_.push_back({std::string(key), std::nullopt, ""});
  }

  // Everything is sealed when it returns OK. It may be called again: a key that could not be made
  // on a full disk is made once there is room.
  absl::Status Finish() const {
    for (; !waiting_.empty(); waiting_.pop_front()) {
      const Change& change = waiting_.front();
      if (change.value.has_value()) {
        AQ_RETURN_IF_ERROR(Seal(change.key, *change.value, change.owner));
      } else {
        Remove(change.key);
      }
    }
    return absl::OkStatus();
  }
  ProjectionBatch& base() const { return *base_; }

 private:
  struct Change {
    std::string key;
    std::optional<std::string> value;  // nullopt: deleted
    std::string owner;
  };

  void Remove(absl::string_view key) const {
    base_->Delete(StoredKey(*projections_->vault_, *projections_->keys_, key));
  }

  absl::Status Seal(absl::string_view key, absl::string_view value, absl::string_view owner) const {
    const SealedProjections::Vault& vault = *projections_->vault_;
    const SealedProjections::Keys& keys = *projections_->keys_;
    const std::string stored_key = StoredKey(vault, keys, key);
    KeyId id = 0;
    if (!owner.empty()) {
      if (rows_ == nullptr) rows_ = projections_->base_->NewSnapshot();
      AQ_ASSIGN_OR_RETURN(id, projections_->KeyFor(std::string(owner), *rows_));
    }
    std::string text;
    if (keys.index != 0 && IsHidden(stored_key)) {
      text.reserve(kLengthBytes + key.size() + value.size());
      for (int shift = 24; shift >= 0; shift -= 8) {
        text.push_back(static_cast<char>(key.size() >> shift));
      }
      absl::StrAppend(&text, key, value);
      value = text;
    }
    std::string row = EncodeNumber(id);
    row.reserve(row.size() + value.size() + CipherSuite::kSealOverheadMax);
    if (id == 0) {
      AQ_RETURN_IF_ERROR(vault.suite->Seal(keys.values_key, stored_key, value, &row));
    } else {
      AQ_ASSIGN_OR_RETURN(const DataKey data_key, vault.ring->Get(id));
      AQ_RETURN_IF_ERROR(vault.suite->Seal(data_key, stored_key, value, &row));
    }
    base_->Put(stored_key, row);
    return absl::OkStatus();
  }

  const SealedProjections* const projections_;
  const std::unique_ptr<ProjectionBatch> base_;
  mutable std::unique_ptr<Snapshot> rows_;  // before the batch; null until it is needed
  // From the first that could not be sealed on, in order.
  mutable std::deque<Change> waiting_;
};

absl::StatusOr<std::unique_ptr<SealedProjections>> SealedProjections::Open(const Vault* vault,
                                                                           ProjectionStore* base,
                                                                           Sequence born) {
  std::unique_ptr<SealedProjections> projections(new SealedProjections(vault, base));
  AQ_RETURN_IF_ERROR(projections->LoadKeys());
  if (projections->keys_ == nullptr && !vault->read_only) {
    AQ_RETURN_IF_ERROR(projections->MakeKeys(born));
  }
  return projections;
}

absl::StatusOr<std::unique_ptr<SealedProjections>> SealedProjections::OpenBeside(
    const Vault* vault, std::unique_ptr<ProjectionStore> base, Sequence born) {
  std::unique_ptr<SealedProjections> projections(new SealedProjections(vault, base.get()));
  projections->owned_ = std::move(base);
  AQ_RETURN_IF_ERROR(projections->MakeKeys(born));
  return projections;
}

absl::Status SealedProjections::LoadKeys() {
  const absl::StatusOr<std::string> row = base_->NewSnapshot()->Get(kKeysRow);
  if (absl::IsNotFound(row.status())) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(row.status());
  if (row->size() != 3 * kIdBytes) return Damaged();
  auto keys = std::make_shared<Keys>();
  AQ_ASSIGN_OR_RETURN(keys->index, DecodeNumber(absl::string_view(*row).substr(0, kIdBytes)));
  AQ_ASSIGN_OR_RETURN(keys->values,
                      DecodeNumber(absl::string_view(*row).substr(kIdBytes, kIdBytes)));
  AQ_ASSIGN_OR_RETURN(keys->born, DecodeNumber(absl::string_view(*row).substr(2 * kIdBytes)));
  if (keys->index != 0) {
    AQ_ASSIGN_OR_RETURN(keys->index_key, vault_->ring->Get(keys->index));
  }
  AQ_ASSIGN_OR_RETURN(keys->values_key, vault_->ring->Get(keys->values));
  keys_ = std::move(keys);
  keys_stored_ = true;
  return absl::OkStatus();
}

absl::Status SealedProjections::MakeKeys(Sequence born) {
  auto keys = std::make_shared<Keys>();
  if (vault_->hide_keys) {
    AQ_ASSIGN_OR_RETURN(keys->index, vault_->ring->New());
    AQ_ASSIGN_OR_RETURN(keys->index_key, vault_->ring->Get(keys->index));
  }
  AQ_ASSIGN_OR_RETURN(keys->values, vault_->ring->New());
  AQ_ASSIGN_OR_RETURN(keys->values_key, vault_->ring->Get(keys->values));
  keys->born = born;
  keys_ = std::move(keys);
  return absl::OkStatus();
}

std::unique_ptr<ProjectionBatch> SealedProjections::NewBatch() const {
  return std::make_unique<SealedBatch>(this, base_->NewBatch());
}

absl::Status SealedProjections::Apply(const ProjectionBatch& batch, Sequence sequence) {
  const auto* own = dynamic_cast<const SealedBatch*>(&batch);
  if (own == nullptr) return absl::InvalidArgumentError("the batch is of another store");
  AQ_RETURN_IF_ERROR(own->Finish());
  if (!keys_stored_) {
    own->base().Put(kKeysRow, absl::StrCat(EncodeNumber(keys_->index), EncodeNumber(keys_->values),
                                           EncodeNumber(keys_->born)));
  }
  AQ_RETURN_IF_ERROR(base_->Apply(own->base(), sequence));
  keys_stored_ = true;
  absl::MutexLock lock(&mu_);
  // From now on their rows tell.
  if (owners_.size() > kOwnersMax) owners_.clear();
  return absl::OkStatus();
}

std::unique_ptr<Snapshot> SealedProjections::NewSnapshot() const {
  return std::make_unique<SealedSnapshot>(vault_, keys_, base_->NewSnapshot());
}

std::string SealedProjections::IndexSecret() const {
  static_assert(CipherSuite::kKeyedHashBytes == 16);
  if (keys_ == nullptr || keys_->index == 0) return ProjectionStore::IndexSecret();
  return vault_->suite->KeyedHash(keys_->index_key, "blocking keys");
}

absl::StatusOr<KeyId> SealedProjections::OwnerKey(const std::string& owner) const {
  return OwnerKey(owner, *base_->NewSnapshot());
}

absl::StatusOr<KeyId> SealedProjections::OwnerKey(const std::string& owner,
                                                  const Snapshot& rows) const {
  {
    absl::MutexLock lock(&mu_);
    if (const auto it = owners_.find(owner); it != owners_.end()) return it->second;
  }
  const absl::StatusOr<std::string> row = rows.Get(PersonKey(owner));
  if (absl::IsNotFound(row.status())) return 0;
  AQ_RETURN_IF_ERROR(row.status());
  return IdOf(*row);
}

absl::StatusOr<KeyId> SealedProjections::KeyFor(const std::string& owner,
                                                const Snapshot& rows) const {
  AQ_ASSIGN_OR_RETURN(KeyId id, OwnerKey(owner, rows));
  if (id != 0) {
    AQ_ASSIGN_OR_RETURN(const bool destroyed, vault_->ring->IsDestroyed(id));
    if (!destroyed) {
      absl::MutexLock lock(&mu_);
      owners_[owner] = id;
      return id;
    }
  }
  AQ_ASSIGN_OR_RETURN(id, vault_->ring->New());
  absl::MutexLock lock(&mu_);
  owners_[owner] = id;
  return id;
}

absl::StatusOr<std::vector<KeyId>> SealedProjections::AllKeys() const {
  std::vector<KeyId> ids;
  if (keys_ == nullptr) return ids;
  if (keys_->index != 0) ids.push_back(keys_->index);
  ids.push_back(keys_->values);
  const KeyRange people = FamilyRange(Family::kPerson);
  absl::Status failure;
  AQ_RETURN_IF_ERROR(base_->NewSnapshot()->Scan(people.begin, people.end,
                                                [&](absl::string_view, absl::string_view row) {
                                                  const absl::StatusOr<KeyId> id = IdOf(row);
                                                  failure = id.status();
                                                  if (id.ok() && *id != 0) ids.push_back(*id);
                                                  return failure.ok();
                                                }));
  AQ_RETURN_IF_ERROR(failure);
  absl::MutexLock lock(&mu_);
  for (const auto& [owner, id] : owners_) ids.push_back(id);
  return ids;
}

}  // namespace anqiao::store
