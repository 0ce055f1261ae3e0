// Recomputes the Merkle logs of a data directory as it lies on disk, without any key, and compares
// them with what was kept and signed.
//
//   LogAudit audit(raw_store.get());
//   AQ_RETURN_IF_ERROR(audit.Recompute(progress));
//   AQ_RETURN_IF_ERROR(audit.Judge(kept_heads, public_key));
//
// What is wrong is DATA_LOSS, and the reason says how: LOG_EDITED, entries are not those that were
// logged; LOG_CUT_OFF, there are fewer than a head has signed; LOG_FORKED, two heads were signed
// for two histories. Thread-compatible.

#ifndef ANQIAO_HUB_CTL_LOG_AUDIT_H_
#define ANQIAO_HUB_CTL_LOG_AUDIT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/exchange/v1/audit.pb.h"
#include "hub/base/merkle.h"
#include "hub/store/log_trees.h"
#include "hub/store/store.h"

namespace anqiao::ctl {

using AuditProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

class LogAudit {
 public:
  // "journal" lies open: its entries are SealedEntry. It outlives the audit.
  explicit LogAudit(const store::Store* journal) : journal_(*journal) {}

  // Reads every entry; makes its leaf, checks its place, rebuilds hub's and agencies' trees and
  // compares them with the tiles that were kept. Once, and before all else. LOG_EDITED or
  // LOG_CUT_OFF; STORAGE_LOST: the journal fails its checksums.
  absl::Status Recompute(const AuditProgress& progress);

  // Names of the logs that have entries, "hub" first.
  std::vector<std::string> Logs() const;
  // 0: there is no such log.
  std::uint64_t Size(const std::string& log) const;
  // INVALID_ARGUMENT: the log is smaller.
  absl::StatusOr<MerkleHash> RootAt(const std::string& log, std::uint64_t size) const;
  absl::StatusOr<exchange::v1::ConsistencyProof> Growth(const std::string& log,
                                                        std::uint64_t old_size,
                                                        std::uint64_t new_size) const;
  // Heads that the hub signed on its own account and kept beside the journal.
  const std::vector<exchange::v1::SignedTreeHead>& anchored() const { return anchored_; }

  // Compares with "heads" and with anchored(). An empty "public_key" leaves signatures unchecked.
  // LOG_EDITED, LOG_CUT_OFF, LOG_FORKED, or INVALID_ARGUMENT (SIGNATURE_INVALID).
  absl::Status Judge(const std::vector<exchange::v1::SignedTreeHead>& heads,
                     const std::string& public_key) const;

 private:
  struct Log {
    MerkleTree tree;
    store::Sequence last = 0;
  };

  absl::Status Add(store::Sequence sequence, absl::string_view stored);
  absl::Status Extend(const std::string& name, const MerkleHash& leaf, store::Sequence sequence);
  absl::Status CompareTile(const std::string& log, const MerkleTile& tile) const;
  absl::Status TakeAnchored(store::Sequence sequence);
  absl::Status CheckSizes() const;
  absl::Status JudgeLog(const std::string& log,
                        const std::map<std::uint64_t, std::string>& roots) const;
  MerkleTileReader TilesOf(const std::string& log) const;

  const store::Store& journal_;
  std::map<std::string, Log> logs_;
  std::vector<exchange::v1::SignedTreeHead> anchored_;
};

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_LOG_AUDIT_H_
