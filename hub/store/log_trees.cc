// Blobs beside the journal:
//
//   tile/<log>/<level>/<index>   256 hashes, once complete
//   logs                         journal.v1.LogsAnchored: size of each agency's log, and as
//                                root_hash the sequence of its last entry, 8 bytes big-endian

#include "hub/store/log_trees.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/sealed.pb.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/audit_log.h"
#include "hub/store/checksum.h"

namespace anqiao::store {
namespace {

absl::Status LostTree(absl::string_view message) {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost, message);
}

absl::StatusOr<MerkleHash> LeafHashOf(const StoredLeaf& stored) {
  AQ_ASSIGN_OR_RETURN(const std::string bytes, LeafBytes(stored.leaf));
  return MerkleLeafHash(bytes);
}

}  // namespace

absl::StatusOr<StoredLeaf> LeafOfStored(absl::string_view stored) {
  journal::v1::SealedEntry entry;
  journal::v1::SealedBody body;
  StoredLeaf result;
  if (!entry.ParseFromArray(stored.data(), static_cast<int>(stored.size())) ||
      !body.ParseFromString(entry.body()) || !result.envelope.ParseFromString(entry.envelope())) {
    return LostTree("a stored entry cannot be read");
  }
  result.previous = body.previous();
  result.leaf.set_ciphertext_hash(Sha256(entry.body()));
  result.leaf.set_commitment(entry.commitment().empty() ? std::string(kMerkleHashBytes, '\0')
                                                        : std::move(*entry.mutable_commitment()));
  result.leaf.set_envelope(std::move(*entry.mutable_envelope()));
  return result;
}

std::string LogTileBlob(absl::string_view log, int level, std::uint64_t index) {
  return absl::StrCat("tile/", log, "/", level, "/", index);
}

std::string AgencyOfLog(absl::string_view log) {
  return absl::ConsumePrefix(&log, "agencies/") ? std::string(log) : std::string();
}

absl::StatusOr<std::unique_ptr<LogTrees>> LogTrees::Open(const Store* journal,
                                                         std::unique_ptr<SigningKey> key) {
  std::unique_ptr<LogTrees> trees(new LogTrees(journal, std::move(key)));
  absl::MutexLock lock(&trees->mu_);
  AQ_RETURN_IF_ERROR(trees->Restore());
  return trees;
}

absl::Status LogTrees::Restore() {
  logs_.clear();
  tiles_.clear();
  Log& hub = logs_[kHubLog];
  hub.durable = hub.last = journal_->synced_sequence();
  AQ_ASSIGN_OR_RETURN(
      hub.tree,
      MerkleTree::Restore(
          hub.durable, TilesOf(kHubLog), [&](std::uint64_t index) -> absl::StatusOr<MerkleHash> {
            AQ_ASSIGN_OR_RETURN(const std::string entry, journal_->GetEntry(index + 1));
            AQ_ASSIGN_OR_RETURN(const StoredLeaf leaf, LeafOfStored(entry));
            return LeafHashOf(leaf);
          }));
  const absl::StatusOr<std::string> bytes = journal_->GetBlob(kLogSizesBlob);
  if (absl::IsNotFound(bytes.status())) {
    if (hub.durable > 0) return LostTree("what was kept of the agencies' logs is missing");
    restore_ = false;
    return absl::OkStatus();
  }
  AQ_RETURN_IF_ERROR(bytes.status());
  journal::v1::LogsAnchored logs;
  if (!logs.ParseFromString(*bytes))
    return LostTree("what was kept of the agencies' logs is damaged");
  for (const journal::v1::AnchoredHead& head : logs.heads()) {
    AQ_ASSIGN_OR_RETURN(const Sequence last, DecodeNumber(head.root_hash()));
    AQ_RETURN_IF_ERROR(RestoreAgency(AgencyLog(head.agency()), head.size(), last));
  }
  restore_ = false;
  return absl::OkStatus();
}

absl::Status LogTrees::RestoreAgency(const std::string& log, std::uint64_t size, Sequence last) {
  // Its last entries, from the end back to the last complete tile.
  std::map<std::uint64_t, MerkleHash> leaves;
  Sequence at = last;
  for (std::uint64_t index = size; index > size - size % kMerkleTileHashes; --index) {
    AQ_ASSIGN_OR_RETURN(const std::string entry, journal_->GetEntry(at));
    AQ_ASSIGN_OR_RETURN(const StoredLeaf leaf, LeafOfStored(entry));
    if (AgencyLog(leaf.envelope.agency()) != log || leaf.envelope.index() != index - 1) {
      return LostTree(absl::StrCat("entry ", at, " is not where the log of its agency has it"));
    }
    AQ_ASSIGN_OR_RETURN(leaves[index - 1], LeafHashOf(leaf));
    at = leaf.previous;
  }
  Log& restored = logs_[log];
  restored.durable = size;
  restored.last = last;
  AQ_ASSIGN_OR_RETURN(
      restored.tree,
      MerkleTree::Restore(size, TilesOf(log),
                          [&](std::uint64_t index) -> absl::StatusOr<MerkleHash> {
                            const auto leaf = leaves.find(index);
                            if (leaf == leaves.end()) {
                              return LostTree("a leaf of an agency's log is missing");
                            }
                            return leaf->second;
                          }));
  return absl::OkStatus();
}

absl::StatusOr<std::string> LogTrees::ReadTile(const std::string& log, int level,
                                               std::uint64_t index) const {
  const std::string name = LogTileBlob(log, level, index);
  if (const auto it = tiles_.find(name); it != tiles_.end()) return it->second;
  absl::StatusOr<std::string> tile = journal_->GetBlob(name);
  if (absl::IsNotFound(tile.status())) return LostTree("a tile of a log is missing");
  return tile;
}

MerkleTileReader LogTrees::TilesOf(const std::string& log) const {
  return [this, log](int level, std::uint64_t index)
             ABSL_NO_THREAD_SAFETY_ANALYSIS { return ReadTile(log, level, index); };
}

absl::Status LogTrees::Ready() {
  absl::MutexLock lock(&mu_);
  return restore_ ? Restore() : absl::OkStatus();
}

LogPlace LogTrees::NextPlace(const std::string& agency) {
  absl::MutexLock lock(&mu_);
  const Log& log = logs_[AgencyLog(agency)];
  return {.index = log.tree.size(), .previous = log.last};
}

void LogTrees::Add(const std::string& agency, Sequence sequence, absl::string_view leaf_bytes) {
  absl::MutexLock lock(&mu_);
  const MerkleHash leaf = MerkleLeafHash(leaf_bytes);
  Extend(kHubLog, sequence, leaf);
  if (!agency.empty()) Extend(AgencyLog(agency), sequence, leaf);
}

void LogTrees::Extend(const std::string& name, Sequence sequence, const MerkleHash& leaf) {
  Log& log = logs_[name];
  log.last = sequence;
  log.tree.Append(leaf, [&](const MerkleTile& tile) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    tiles_.emplace(LogTileBlob(name, tile.level, tile.index), std::string(tile.bytes));
  });
}

std::vector<Blob> LogTrees::TakeBlobs() {
  absl::MutexLock lock(&mu_);
  std::vector<Blob> blobs;
  for (const auto& [name, bytes] : tiles_) blobs.emplace_back(name, bytes);
  journal::v1::LogsAnchored logs;
  for (const auto& [name, log] : logs_) {
    if (name == kHubLog) continue;
    journal::v1::AnchoredHead* head = logs.add_heads();
    head->set_agency(AgencyOfLog(name));
    head->set_size(log.tree.size());
    head->set_root_hash(EncodeNumber(log.last));
  }
  blobs.emplace_back(kLogSizesBlob, logs.SerializeAsString());
  return blobs;
}

void LogTrees::Finish(bool ok) {
  absl::MutexLock lock(&mu_);
  if (!ok) {
    // Failing again, it stays to be done; nothing is appended before.
    restore_ = !Restore().ok();
    return;
  }
  tiles_.clear();
  for (auto& [name, log] : logs_) {
    log.durable = log.tree.size();
  }
}

absl::StatusOr<const LogTrees::Log*> LogTrees::Find(const std::string& log,
                                                    std::uint64_t size) const {
  const auto it = logs_.find(log);
  if (it == logs_.end() || (it->second.durable == 0 && log != kHubLog)) {
    return Error(absl::StatusCode::kNotFound, reason::kLogNotFound, "there is no such log");
  }
  if (size > it->second.durable) {
    return InvalidField(
        "size", absl::StrCat("the log has ", it->second.durable, " entries, fewer than asked for"));
  }
  return &it->second;
}

absl::StatusOr<std::uint64_t> LogTrees::Size(const std::string& log) const {
  absl::MutexLock lock(&mu_);
  AQ_ASSIGN_OR_RETURN(const Log* found, Find(log, 0));
  return found->durable;
}

std::vector<std::string> LogTrees::Logs() const {
  absl::MutexLock lock(&mu_);
  std::vector<std::string> names;
  for (const auto& [name, log] : logs_) {
    if (log.durable > 0) names.push_back(name);
  }
  return names;
}

absl::StatusOr<MerkleHash> LogTrees::RootAt(const std::string& log, std::uint64_t size) const {
  absl::MutexLock lock(&mu_);
  AQ_ASSIGN_OR_RETURN(const Log* found, Find(log, size));
  return found->tree.RootAt(size, TilesOf(log));
}

absl::StatusOr<exchange::v1::SignedTreeHead> LogTrees::Head(const std::string& log,
                                                            absl::Time now) const {
  std::uint64_t size = 0;
  MerkleHash root;
  {
    absl::MutexLock lock(&mu_);
    AQ_ASSIGN_OR_RETURN(const Log* found, Find(log, 0));
    size = found->durable;
    AQ_ASSIGN_OR_RETURN(root, found->tree.RootAt(size, TilesOf(log)));
  }
  return SignHead(*key_, log, size, root, now);
}

absl::StatusOr<MerkleProof> LogTrees::Inclusion(const std::string& log, std::uint64_t tree_size,
                                                std::uint64_t index) const {
  absl::MutexLock lock(&mu_);
  AQ_ASSIGN_OR_RETURN(const Log* found, Find(log, tree_size));
  return found->tree.InclusionProof(tree_size, index, TilesOf(log));
}

absl::StatusOr<exchange::v1::ConsistencyProof> LogTrees::Growth(const std::string& log,
                                                                std::uint64_t old_size,
                                                                std::uint64_t new_size) const {
  absl::MutexLock lock(&mu_);
  AQ_ASSIGN_OR_RETURN(const Log* found, Find(log, std::max(old_size, new_size)));
  AQ_ASSIGN_OR_RETURN(const MerkleProof proof,
                      found->tree.ConsistencyProof(old_size, new_size, TilesOf(log)));
  return MakeConsistencyProof(old_size, new_size, proof);
}

}  // namespace anqiao::store
