// stored entry := SealedEntry{ envelope, SealedBody{key, previous, digest, ciphertext}, commitment
// } stored blob  := parts, each: key 8 bytes | length 4 bytes | sealed bytes

#include "hub/store/sealed_store.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "anqiao/exchange/v1/audit.pb.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/sealed.pb.h"
#include "hub/base/errors.h"
#include "hub/base/signing.h"
#include "hub/base/status_macros.h"
#include "hub/store/audit_log.h"
#include "hub/store/checksum.h"
#include "hub/store/entry_proof.h"
#include "hub/store/log_trees.h"
#include "hub/store/sealed_projections.h"

namespace anqiao::store {
namespace {

constexpr char kOptionsBlob[] = "seal";
constexpr std::size_t kPartHeader = 12;

absl::Status LostRow(absl::string_view message) {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost, message);
}

bool KeyIsDestroyed(const absl::Status& status) {
  return ReasonOf(status) == reason::kKeyDestroyed;
}

// Binds a ciphertext to its place and to what lies open beside it.
std::string EntryAssociated(Sequence sequence, absl::string_view envelope,
                            absl::string_view commitment, const journal::v1::SealedBody& body) {
  return absl::StrCat("entry", EncodeNumber(sequence), EncodeNumber(body.key()),
                      EncodeNumber(body.previous()), EncodeNumber(envelope.size()), envelope,
                      EncodeNumber(commitment.size()), commitment, body.request_digest());
}

std::string BlobAssociated(absl::string_view name, std::size_t part) {
  return absl::StrCat("blob", EncodeNumber(part), name);
}

// Projections of the store beneath that take their hashes from the live ones' secret.
class ComparedProjections : public ProjectionStore {
 public:
  ComparedProjections(std::unique_ptr<ProjectionStore> base, std::string secret)
      : base_(std::move(base)), secret_(std::move(secret)) {}

  std::unique_ptr<ProjectionBatch> NewBatch() const override { return base_->NewBatch(); }
  absl::Status Apply(const ProjectionBatch& batch, Sequence sequence) override {
    return base_->Apply(batch, sequence);
  }
  Sequence applied_sequence() const override { return base_->applied_sequence(); }
  std::unique_ptr<Snapshot> NewSnapshot() const override { return base_->NewSnapshot(); }
  std::string IndexSecret() const override { return secret_; }

 private:
  const std::unique_ptr<ProjectionStore> base_;
  const std::string secret_;
};

class SealedStore : public Store {
 public:
  SealedStore(std::unique_ptr<Store> base, std::unique_ptr<const CipherSuite> suite,
              std::unique_ptr<KeyRing> ring, const SealOptions& options)
      : options_(options),
        suite_(std::move(suite)),
        ring_(std::move(ring)),
        vault_{.suite = suite_.get(),
               .ring = ring_.get(),
               .hide_keys = options.hide_keys,
               .read_only = options.read_only},
        base_(std::move(base)) {}

  absl::Status Open();

  absl::StatusOr<Epoch> AcquireWriter() override { return base_->AcquireWriter(); }
  absl::StatusOr<Sequence> Append(Epoch epoch, AppendGroup group) override;
  absl::Status ReadJournal(
      Sequence first, const std::function<bool(Sequence, absl::string_view)>& visit) const override;
  absl::StatusOr<std::string> GetEntry(Sequence sequence) const override;
  Sequence synced_sequence() const override { return base_->synced_sequence(); }
  absl::StatusOr<std::string> GetBlob(absl::string_view name) const override;

  std::unique_ptr<ProjectionBatch> NewBatch() const override { return Live()->NewBatch(); }
  absl::Status Apply(const ProjectionBatch& batch, Sequence sequence) override {
    return Live()->Apply(batch, sequence);
  }
  Sequence applied_sequence() const override { return base_->applied_sequence(); }
  std::unique_ptr<Snapshot> NewSnapshot() const override {
    // Under the lock: rows and keys of one set.
    absl::MutexLock lock(&mu_);
    return live_->NewSnapshot();
  }
  std::string IndexSecret() const override {
    absl::MutexLock lock(&mu_);
    return live_->IndexSecret();
  }
  absl::StatusOr<std::unique_ptr<ProjectionStore>> NewProjections(
      ProjectionPurpose purpose) override;
  absl::Status ReplaceProjections(std::unique_ptr<ProjectionStore> projections) override;
  Sequence projections_born() const override { return Live()->born(); }
  absl::Status FlushProjections() override { return base_->FlushProjections(); }
  absl::Status Checkpoint(const std::string& directory) override {
    return base_->Checkpoint(directory);
  }

  absl::StatusOr<KeyId> NewKey() override { return ring_->New(); }
  absl::Status DestroyKeys(const std::vector<KeyId>& keys) override { return ring_->Destroy(keys); }
  absl::StatusOr<KeyId> OwnerKey(const std::string& owner) const override {
    return Live()->OwnerKey(owner);
  }
  Sequence destroyed_through() const override { return ring_->erased_through(); }
  absl::Status SetDestroyedThrough(Sequence sequence) override {
    return ring_->SetErasedThrough(sequence);
  }
  absl::StatusOr<std::string> SealText(KeyId key, absl::string_view purpose,
                                       absl::string_view text) const override;
  absl::StatusOr<std::string> OpenText(KeyId key, absl::string_view purpose,
                                       absl::string_view sealed) const override;
  std::string Digest(absl::string_view text) const override {
    return suite_->KeyedHash(digest_key_, text);
  }
  const LogTrees* logs() const override { return logs_.get(); }
  absl::StatusOr<EntryProof> ProveEntry(Sequence sequence, absl::Time now) const override;
  KeyRing* ring() override { return ring_.get(); }

 private:
  std::shared_ptr<SealedProjections> Live() const {
    absl::MutexLock lock(&mu_);
    return live_;
  }
  std::string OptionsText() const {
    return absl::StrCat("suite=", suite_->name(), " hide_keys=", options_.hide_keys,
                        " keep_logs=", options_.keep_logs, "\n");
  }
  absl::StatusOr<DataKey> KeyOf(KeyId id) const {
    if (id == 0) return journal_key_;
    return ring_->Get(id);
  }
  absl::StatusOr<std::string> SealEntry(Sequence sequence, const EntryHeader& header,
                                        absl::string_view entry);
  absl::StatusOr<std::string> SealBlob(const Blob& blob) const;
  // Salt and serialized Entry.
  struct OpenedEntry {
    std::string salt;
    std::string entry;
  };
  absl::StatusOr<OpenedEntry> OpenEntry(Sequence sequence, absl::string_view stored) const;
  // Lets go of what it has sealed: a large group should not be in memory twice.
  absl::StatusOr<AppendGroup> SealGroup(AppendGroup group);

  const SealOptions options_;
  const std::unique_ptr<const CipherSuite> suite_;
  const std::unique_ptr<KeyRing> ring_;
  const SealedProjections::Vault vault_;
  const std::unique_ptr<Store> base_;
  DataKey journal_key_;
  DataKey digest_key_;
  std::unique_ptr<LogTrees> logs_;

  mutable absl::Mutex mu_;
  // Shared with those who are just reading when it is replaced.
  std::shared_ptr<SealedProjections> live_ ABSL_GUARDED_BY(mu_);
};

absl::Status SealedStore::Open() {
  AQ_ASSIGN_OR_RETURN(journal_key_, ring_->Named("journal"));
  AQ_ASSIGN_OR_RETURN(digest_key_, ring_->Named("digest"));
  const absl::StatusOr<std::string> made_with = base_->GetBlob(kOptionsBlob);
  if (!absl::IsNotFound(made_with.status())) {
    AQ_RETURN_IF_ERROR(made_with.status());
    if (*made_with != OptionsText()) {
      return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                   absl::StrCat("the store was made with other settings: ", *made_with));
    }
  } else if (base_->synced_sequence() > 0) {
    return LostRow("the settings that the store was made with are missing");
  }
  if (options_.keep_logs) {
    AQ_ASSIGN_OR_RETURN(const DataKey seed, ring_->Named("log-signing"));
    AQ_ASSIGN_OR_RETURN(std::unique_ptr<SigningKey> key, SigningKey::FromSeed(seed.view()));
    AQ_ASSIGN_OR_RETURN(logs_, LogTrees::Open(base_.get(), std::move(key)));
  }
  AQ_ASSIGN_OR_RETURN(std::shared_ptr<SealedProjections> live,
                      SealedProjections::Open(&vault_, base_.get(), 0));
  absl::MutexLock lock(&mu_);
  live_ = std::move(live);
  return absl::OkStatus();
}

absl::StatusOr<std::string> SealedStore::SealEntry(Sequence sequence, const EntryHeader& header,
                                                   absl::string_view entry) {
  exchange::v1::LeafEnvelope envelope;
  envelope.set_commit_time_micros(header.commit_time_micros);
  envelope.set_kind(header.kind);
  envelope.set_agency(header.agency);
  journal::v1::SealedBody body;
  body.set_key(header.key);
  body.set_request_digest(header.request_digest);
  if (logs_ != nullptr && !header.agency.empty()) {
    const LogPlace place = logs_->NextPlace(header.agency);
    envelope.set_index(place.index);
    body.set_previous(place.previous);
  }
  journal::v1::SealedEntry sealed;
  sealed.set_envelope(envelope.SerializeAsString());
  std::string text;
  text.reserve(entry.size() + kSaltBytes);
  if (!header.content.empty()) {
    text = RandomBytes(kSaltBytes);
    AQ_ASSIGN_OR_RETURN(*sealed.mutable_commitment(), Commitment(text, header.content));
  }
  absl::StrAppend(&text, entry);
  AQ_ASSIGN_OR_RETURN(const DataKey key, KeyOf(header.key));
  AQ_RETURN_IF_ERROR(
      suite_->Seal(key, EntryAssociated(sequence, sealed.envelope(), sealed.commitment(), body),
                   text, body.mutable_ciphertext()));
  sealed.set_body(body.SerializeAsString());
  if (logs_ != nullptr) {
    exchange::v1::LogLeaf leaf;
    leaf.set_envelope(sealed.envelope());
    leaf.set_ciphertext_hash(Sha256(sealed.body()));
    leaf.set_commitment(sealed.commitment().empty() ? std::string(kMerkleHashBytes, '\0')
                                                    : sealed.commitment());
    AQ_ASSIGN_OR_RETURN(const std::string leaf_bytes, LeafBytes(leaf));
    logs_->Add(header.agency, sequence, leaf_bytes);
  }
  return sealed.SerializeAsString();
}

absl::StatusOr<std::string> SealedStore::SealBlob(const Blob& blob) const {
  std::vector<std::pair<std::size_t, KeyId>> parts = blob.parts;
  if (parts.empty()) parts.emplace_back(0, 0);
  std::string stored;
  stored.reserve(blob.bytes.size() + parts.size() * (kPartHeader + CipherSuite::kSealOverheadMax));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t begin = parts[i].first;
    const std::size_t end = i + 1 < parts.size() ? parts[i + 1].first : blob.bytes.size();
    if (begin > end || end > blob.bytes.size() || (i == 0 && begin != 0)) {
      return absl::InvalidArgumentError("the parts of a blob are not in order");
    }
    AQ_ASSIGN_OR_RETURN(const DataKey key, KeyOf(parts[i].second));
    std::string sealed;
    AQ_RETURN_IF_ERROR(suite_->Seal(key, BlobAssociated(blob.name, i),
                                    absl::string_view(blob.bytes).substr(begin, end - begin),
                                    &sealed));
    absl::StrAppend(&stored, EncodeNumber(parts[i].second), EncodeNumber(sealed.size()).substr(4),
                    sealed);
  }
  return stored;
}

absl::StatusOr<AppendGroup> SealedStore::SealGroup(AppendGroup group) {
  AppendGroup sealed;
  sealed.removed_blobs = std::move(group.removed_blobs);
  Sequence sequence = base_->synced_sequence();
  if (sequence == 0) sealed.blobs.emplace_back(kOptionsBlob, OptionsText());
  for (Blob& blob : group.blobs) {
    if (!absl::StartsWith(blob.name, kOpenBlobs)) {
      AQ_ASSIGN_OR_RETURN(blob.bytes, SealBlob(blob));
      blob.parts.clear();
    }
    sealed.blobs.push_back(std::move(blob));
  }
  sealed.entries.reserve(group.entries.size());
  for (std::size_t i = 0; i < group.entries.size(); ++i) {
    const EntryHeader header = std::move(group.headers[i]);
    const std::string entry = std::move(group.entries[i]);
    AQ_ASSIGN_OR_RETURN(std::string stored, SealEntry(++sequence, header, entry));
    sealed.entries.push_back(std::move(stored));
  }
  if (logs_ != nullptr) {
    for (Blob& blob : logs_->TakeBlobs()) sealed.blobs.push_back(std::move(blob));
  }
  return sealed;
}

absl::StatusOr<Sequence> SealedStore::Append(Epoch epoch, AppendGroup group) {
  if (group.headers.size() != group.entries.size() || group.entries.empty()) {
    return absl::InvalidArgumentError("a sealed store needs entries with their headers");
  }
  if (logs_ != nullptr) AQ_RETURN_IF_ERROR(logs_->Ready());
  absl::StatusOr<AppendGroup> sealed = SealGroup(std::move(group));
  const absl::StatusOr<Sequence> last = sealed.ok() ? base_->Append(epoch, *std::move(sealed))
                                                    : absl::StatusOr<Sequence>(sealed.status());
  if (logs_ != nullptr) logs_->Finish(last.ok());
  return last;
}

absl::StatusOr<SealedStore::OpenedEntry> SealedStore::OpenEntry(Sequence sequence,
                                                                absl::string_view stored) const {
  journal::v1::SealedEntry sealed;
  journal::v1::SealedBody body;
  if (!sealed.ParseFromArray(stored.data(), static_cast<int>(stored.size())) ||
      !body.ParseFromString(sealed.body())) {
    return LostRow(absl::StrCat("entry ", sequence, " of the journal cannot be read"));
  }
  const absl::StatusOr<DataKey> key = KeyOf(body.key());
  OpenedEntry opened;
  if (KeyIsDestroyed(key.status())) {
    exchange::v1::LeafEnvelope envelope;
    if (!envelope.ParseFromString(sealed.envelope())) {
      return LostRow(absl::StrCat("entry ", sequence, " of the journal cannot be read"));
    }
    journal::v1::Entry entry;
    const std::int64_t micros = envelope.commit_time_micros();
    entry.mutable_commit_time()->set_seconds(micros / 1'000'000);
    entry.mutable_commit_time()->set_nanos(static_cast<std::int32_t>(micros % 1'000'000 * 1000));
    entry.set_key(body.key());
    entry.set_agency(envelope.agency());
    entry.set_request_digest(body.request_digest());
    entry.set_erased(true);
    opened.entry = entry.SerializeAsString();
    return opened;
  }
  AQ_RETURN_IF_ERROR(key.status());
  absl::StatusOr<std::string> text =
      suite_->Open(*key, EntryAssociated(sequence, sealed.envelope(), sealed.commitment(), body),
                   body.ciphertext());
  if (!text.ok()) {
    return LostRow(
        absl::StrCat("entry ", sequence, " of the journal does not open: it was altered"));
  }
  if (sealed.commitment().empty()) {
    opened.entry = *std::move(text);
    return opened;
  }
  if (text->size() < kSaltBytes) {
    return LostRow(absl::StrCat("entry ", sequence, " of the journal cannot be read"));
  }
  opened.salt = text->substr(0, kSaltBytes);
  opened.entry = text->substr(kSaltBytes);
  return opened;
}

absl::Status SealedStore::ReadJournal(
    Sequence first, const std::function<bool(Sequence, absl::string_view)>& visit) const {
  absl::Status failure;
  AQ_RETURN_IF_ERROR(base_->ReadJournal(first, [&](Sequence sequence, absl::string_view stored) {
    const absl::StatusOr<OpenedEntry> opened = OpenEntry(sequence, stored);
    if (!opened.ok()) {
      failure = opened.status();
      return false;
    }
    return visit(sequence, opened->entry);
  }));
  return failure;
}

absl::StatusOr<std::string> SealedStore::GetEntry(Sequence sequence) const {
  AQ_ASSIGN_OR_RETURN(const std::string stored, base_->GetEntry(sequence));
  AQ_ASSIGN_OR_RETURN(OpenedEntry opened, OpenEntry(sequence, stored));
  return std::move(opened.entry);
}

absl::StatusOr<std::string> SealedStore::GetBlob(absl::string_view name) const {
  AQ_ASSIGN_OR_RETURN(std::string stored, base_->GetBlob(name));
  if (absl::StartsWith(name, kOpenBlobs)) return stored;
  absl::string_view rest = stored;
  std::string bytes;
  for (std::size_t part = 0; !rest.empty(); ++part) {
    if (rest.size() < kPartHeader) return LostRow("a stored blob is damaged");
    AQ_ASSIGN_OR_RETURN(const KeyId id, DecodeNumber(rest.substr(0, 8)));
    AQ_ASSIGN_OR_RETURN(const std::uint64_t size,
                        DecodeNumber(absl::StrCat(std::string(4, '\0'), rest.substr(8, 4))));
    rest.remove_prefix(kPartHeader);
    if (rest.size() < size) return LostRow("a stored blob is damaged");
    const absl::StatusOr<DataKey> key = KeyOf(id);
    // What was erased is cut out.
    if (!KeyIsDestroyed(key.status())) {
      AQ_RETURN_IF_ERROR(key.status());
      AQ_ASSIGN_OR_RETURN(const std::string text,
                          suite_->Open(*key, BlobAssociated(name, part), rest.substr(0, size)));
      bytes += text;
    }
    rest.remove_prefix(size);
  }
  return bytes;
}

absl::StatusOr<std::string> SealedStore::SealText(KeyId id, absl::string_view purpose,
                                                  absl::string_view text) const {
  AQ_ASSIGN_OR_RETURN(const DataKey key, KeyOf(id));
  std::string sealed;
  AQ_RETURN_IF_ERROR(suite_->Seal(key, absl::StrCat("text", purpose), text, &sealed));
  return sealed;
}

absl::StatusOr<std::string> SealedStore::OpenText(KeyId id, absl::string_view purpose,
                                                  absl::string_view sealed) const {
  AQ_ASSIGN_OR_RETURN(const DataKey key, KeyOf(id));
  return suite_->Open(key, absl::StrCat("text", purpose), sealed);
}

absl::StatusOr<std::unique_ptr<ProjectionStore>> SealedStore::NewProjections(
    ProjectionPurpose purpose) {
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<ProjectionStore> base, base_->NewProjections(purpose));
  // What is thrown away is not sealed row by row: the store beneath encrypts its files.
  if (purpose == ProjectionPurpose::kCompare) {
    return std::make_unique<ComparedProjections>(std::move(base), IndexSecret());
  }
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<SealedProjections> projections,
                      SealedProjections::OpenBeside(&vault_, std::move(base), synced_sequence()));
  return std::unique_ptr<ProjectionStore>(std::move(projections));
}

absl::Status SealedStore::ReplaceProjections(std::unique_ptr<ProjectionStore> projections) {
  auto* const own = dynamic_cast<SealedProjections*>(projections.get());
  if (own == nullptr) return absl::InvalidArgumentError("the projections are of another store");
  const std::shared_ptr<SealedProjections> old = Live();
  AQ_ASSIGN_OR_RETURN(const std::vector<KeyId> old_keys, old->AllKeys());
  {
    absl::MutexLock lock(&mu_);
    AQ_RETURN_IF_ERROR(base_->ReplaceProjections(own->TakeBase()));
    own->SetBase(base_.get());
    projections.release();
    live_.reset(own);
  }
  old->Retire();
  return ring_->Destroy(old_keys);
}

absl::StatusOr<EntryProof> SealedStore::ProveEntry(Sequence sequence, absl::Time now) const {
  if (logs_ == nullptr) return Store::ProveEntry(sequence, now);
  AQ_ASSIGN_OR_RETURN(const std::string stored, base_->GetEntry(sequence));
  AQ_ASSIGN_OR_RETURN(const StoredLeaf leaf, LeafOfStored(stored));
  const std::string& agency = leaf.envelope.agency();
  const std::string log = agency.empty() ? kHubLog : AgencyLog(agency);
  const std::uint64_t index = agency.empty() ? sequence - 1 : leaf.envelope.index();
  AQ_ASSIGN_OR_RETURN(OpenedEntry opened, OpenEntry(sequence, stored));
  EntryProof proof;
  proof.salt = std::move(opened.salt);
  proof.entry = std::move(opened.entry);
  AQ_ASSIGN_OR_RETURN(proof.head, logs_->Head(log, now));
  AQ_ASSIGN_OR_RETURN(const MerkleProof path, logs_->Inclusion(log, proof.head.size(), index));
  proof.inclusion = MakeInclusionProof(leaf.leaf, index, proof.head.size(), path);
  return proof;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenSealedStore(std::unique_ptr<Store> base,
                                                       std::unique_ptr<const CipherSuite> suite,
                                                       std::unique_ptr<KeyRing> ring,
                                                       const SealOptions& options) {
  auto store =
      std::make_unique<SealedStore>(std::move(base), std::move(suite), std::move(ring), options);
  AQ_RETURN_IF_ERROR(store->Open());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace anqiao::store
