#include "hub/ctl/log_audit.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/audit_log.h"
#include "hub/store/checksum.h"

namespace anqiao::ctl {
namespace {

using exchange::v1::SignedTreeHead;
using store::kHubLog;
using store::Sequence;

constexpr char kAnchoredKind[] = "LOGS_ANCHORED";
constexpr std::size_t kLengthBytes = 4;
constexpr Sequence kProgressStep = 256;

absl::Status Edited(absl::string_view message) {
  return Error(absl::StatusCode::kDataLoss, reason::kLogEdited, message);
}
absl::Status CutOff(absl::string_view message) {
  return Error(absl::StatusCode::kDataLoss, reason::kLogCutOff, message);
}
absl::Status Forked(absl::string_view message) {
  return Error(absl::StatusCode::kDataLoss, reason::kLogForked, message);
}

}  // namespace

absl::Status LogAudit::Recompute(const AuditProgress& progress) {
  logs_[kHubLog];
  const Sequence total = journal_.synced_sequence();
  absl::Status failure;
  AQ_RETURN_IF_ERROR(journal_.ReadJournal(1, [&](Sequence sequence, absl::string_view stored) {
    failure = Add(sequence, stored);
    if (sequence % kProgressStep == 0 || sequence == total) progress(sequence, total);
    return failure.ok();
  }));
  AQ_RETURN_IF_ERROR(failure);
  return CheckSizes();
}

absl::Status LogAudit::Add(Sequence sequence, absl::string_view stored) {
  absl::StatusOr<store::StoredLeaf> leaf = store::LeafOfStored(stored);
  if (!leaf.ok()) return Edited(absl::StrCat("entry ", sequence, " of hub is no sealed entry"));
  const absl::StatusOr<std::string> bytes = store::LeafBytes(leaf->leaf);
  if (!bytes.ok()) return Edited(absl::StrCat("entry ", sequence, " of hub makes no leaf"));
  const MerkleHash hash = MerkleLeafHash(*bytes);
  AQ_RETURN_IF_ERROR(Extend(kHubLog, hash, sequence));
  const std::string& agency = leaf->envelope.agency();
  if (!agency.empty()) {
    const std::string name = store::AgencyLog(agency);
    const Log& log = logs_[name];
    if (leaf->envelope.index() != log.tree.size() || leaf->previous != log.last) {
      return Edited(absl::StrCat("entry ", sequence, " of hub says that it is entry ",
                                 leaf->envelope.index() + 1, " of ", name, ", where ",
                                 log.tree.size() + 1,
                                 " is due: an entry was inserted, removed or moved"));
    }
    AQ_RETURN_IF_ERROR(Extend(name, hash, sequence));
  }
  if (leaf->envelope.kind() == kAnchoredKind) return TakeAnchored(sequence);
  return absl::OkStatus();
}

absl::Status LogAudit::Extend(const std::string& name, const MerkleHash& leaf, Sequence sequence) {
  Log& log = logs_[name];
  absl::Status failure;
  log.tree.Append(leaf, [&](const MerkleTile& tile) {
    if (failure.ok()) failure = CompareTile(name, tile);
  });
  log.last = sequence;
  return failure;
}

absl::Status LogAudit::CompareTile(const std::string& log, const MerkleTile& tile) const {
  const absl::StatusOr<std::string> kept =
      journal_.GetBlob(store::LogTileBlob(log, tile.level, tile.index));
  if (absl::IsNotFound(kept.status())) {
    return Edited(
        absl::StrCat("tile ", tile.index, " of level ", tile.level, " of ", log, " is missing"));
  }
  AQ_RETURN_IF_ERROR(kept.status());
  if (*kept == tile.bytes) return absl::OkStatus();
  if (tile.level > 0 || kept->size() != tile.bytes.size()) {
    return Edited(
        absl::StrCat("tile ", tile.index, " of level ", tile.level, " of ", log, " was changed"));
  }
  const auto differs = std::mismatch(kept->begin(), kept->end(), tile.bytes.begin());
  const auto byte = static_cast<std::uint64_t>(differs.first - kept->begin());
  return Edited(absl::StrCat("entry ", tile.index * kMerkleTileHashes + byte / kMerkleHashBytes + 1,
                             " of ", log, " was changed: its leaf is not the one that was logged"));
}

absl::Status LogAudit::TakeAnchored(Sequence sequence) {
  const absl::StatusOr<std::string> blob =
      journal_.GetBlob(absl::StrCat(store::kOpenBlobs, sequence));
  if (absl::IsNotFound(blob.status())) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(blob.status());
  const absl::Status damaged =
      Edited(absl::StrCat("the heads signed with entry ", sequence, " of hub cannot be read"));
  for (absl::string_view rest = *blob; !rest.empty();) {
    if (rest.size() < kLengthBytes) return damaged;
    AQ_ASSIGN_OR_RETURN(const std::uint64_t size,
                        store::DecodeNumber(absl::StrCat(std::string(kLengthBytes, '\0'),
                                                         rest.substr(0, kLengthBytes))));
    rest.remove_prefix(kLengthBytes);
    SignedTreeHead head;
    if (size > rest.size() || !head.ParseFromArray(rest.data(), static_cast<int>(size))) {
      return damaged;
    }
    rest.remove_prefix(size);
    anchored_.push_back(std::move(head));
  }
  return absl::OkStatus();
}

absl::Status LogAudit::CheckSizes() const {
  const absl::StatusOr<std::string> blob = journal_.GetBlob(store::kLogSizesBlob);
  if (absl::IsNotFound(blob.status())) {
    return Size(kHubLog) == 0 ? absl::OkStatus() : Edited("the agencies' logs' sizes are missing");
  }
  AQ_RETURN_IF_ERROR(blob.status());
  journal::v1::LogsAnchored logs;
  if (!logs.ParseFromString(*blob)) return Edited("the agencies' logs' sizes cannot be read");
  std::uint64_t agencies = 0;
  for (const journal::v1::AnchoredHead& head : logs.heads()) {
    const std::string name = store::AgencyLog(head.agency());
    const std::uint64_t size = Size(name);
    if (size < head.size()) {
      return CutOff(absl::StrCat(name, " has ", size, " entries where ", head.size(),
                                 " were logged: the last are missing"));
    }
    if (size > head.size()) {
      return Edited(absl::StrCat(name, " has ", size, " entries where ", head.size(),
                                 " were logged: entries were inserted"));
    }
    agencies += size > 0 ? 1 : 0;
  }
  if (agencies + 1 != logs_.size()) return Edited("an agency has entries that were not logged");
  return absl::OkStatus();
}

std::vector<std::string> LogAudit::Logs() const {
  std::vector<std::string> names = {kHubLog};
  for (const auto& [name, log] : logs_) {
    if (name != kHubLog) names.push_back(name);
  }
  return names;
}

std::uint64_t LogAudit::Size(const std::string& log) const {
  const auto it = logs_.find(log);
  return it == logs_.end() ? 0 : it->second.tree.size();
}

MerkleTileReader LogAudit::TilesOf(const std::string& log) const {
  // Those that were compared.
  return [this, log](int level, std::uint64_t index) {
    return journal_.GetBlob(store::LogTileBlob(log, level, index));
  };
}

absl::StatusOr<MerkleHash> LogAudit::RootAt(const std::string& log, std::uint64_t size) const {
  const auto it = logs_.find(log);
  if (it == logs_.end()) return MerkleTree().RootAt(size, TilesOf(log));
  return it->second.tree.RootAt(size, TilesOf(log));
}

absl::StatusOr<exchange::v1::ConsistencyProof> LogAudit::Growth(const std::string& log,
                                                                std::uint64_t old_size,
                                                                std::uint64_t new_size) const {
  const auto it = logs_.find(log);
  if (it == logs_.end()) {
    return Error(absl::StatusCode::kNotFound, reason::kLogNotFound, "there is no such log");
  }
  AQ_ASSIGN_OR_RETURN(const MerkleProof proof,
                      it->second.tree.ConsistencyProof(old_size, new_size, TilesOf(log)));
  return store::MakeConsistencyProof(old_size, new_size, proof);
}

absl::Status LogAudit::Judge(const std::vector<SignedTreeHead>& heads,
                             const std::string& public_key) const {
  std::vector<SignedTreeHead> all = anchored_;
  all.insert(all.end(), heads.begin(), heads.end());
  std::map<std::string, std::map<std::uint64_t, std::string>> roots;
  for (const SignedTreeHead& head : all) {
    if (!public_key.empty()) {
      const absl::Status verified = store::VerifyHead(head, public_key);
      if (!verified.ok()) {
        return Error(absl::StatusCode::kInvalidArgument, reason::kSignatureInvalid,
                     absl::StrCat("the head of ", head.log(), " at size ", head.size(),
                                  " was not signed by the key"));
      }
    }
    const auto [it, added] = roots[head.log()].emplace(head.size(), head.root_hash());
    if (!added && it->second != head.root_hash()) {
      return Forked(absl::StrCat("fork: two heads of ", head.log(), " at size ", head.size(),
                                 " have other roots"));
    }
  }
  for (const auto& [log, of_log] : roots) AQ_RETURN_IF_ERROR(JudgeLog(log, of_log));
  return absl::OkStatus();
}

absl::Status LogAudit::JudgeLog(const std::string& log,
                                const std::map<std::uint64_t, std::string>& roots) const {
  const std::uint64_t size = Size(log);
  std::uint64_t good = 0;              // the largest head that fits what is here
  std::uint64_t before = 0;            // the largest of those before the first that does not
  const std::uint64_t* bad = nullptr;  // the smallest head that does not
  for (const auto& [head_size, root] : roots) {
    if (head_size > size) break;
    AQ_ASSIGN_OR_RETURN(const MerkleHash here, RootAt(log, head_size));
    if (MerkleBytes(here) == root) {
      good = head_size;
      if (bad == nullptr) before = head_size;
    } else if (bad == nullptr) {
      bad = &head_size;
    }
  }
  if (bad != nullptr && good > *bad) {
    return Forked(absl::StrCat("fork: the head of ", log, " at size ", good,
                               " was signed for what is here, that at size ", *bad,
                               " for another history; they part after entry ", before));
  }
  if (bad != nullptr) {
    return Edited(absl::StrCat("the entries of ", log, " do not have the root signed for size ",
                               *bad, ": between entries ", before + 1, " and ", *bad,
                               " something is not as it was signed"));
  }
  const std::uint64_t largest = roots.rbegin()->first;
  if (largest > size) {
    return CutOff(absl::StrCat(log, " has ", size, " entries where a head has signed ", largest,
                               ": the last ", largest - size, " are cut off"));
  }
  return absl::OkStatus();
}

}  // namespace anqiao::ctl
