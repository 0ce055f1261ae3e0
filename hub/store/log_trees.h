// The Merkle logs over a journal: the hub's, with a leaf an entry, and one an agency, with a leaf
// for each of its entries. hub/doc/audit_log.md has every byte.
//
// Whoever appends to the journal extends the trees first, stores what that gives together with the
// entries, and then says whether that succeeded; only what is durable is ever shown.
//
//   AQ_RETURN_IF_ERROR(trees.Ready());
//   trees.Add(agency, sequence, leaf_bytes);  ...
//   trees.Finish(store->Append(epoch, group with trees.TakeBlobs()).ok());
//
// One thread extends; any thread asks for heads and proofs.

#ifndef ANQIAO_HUB_STORE_LOG_TREES_H_
#define ANQIAO_HUB_STORE_LOG_TREES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "anqiao/exchange/v1/audit.pb.h"
#include "hub/base/merkle.h"
#include "hub/base/signing.h"
#include "hub/store/store.h"

namespace anqiao::store {

// Where an entry is in the log of its agency.
struct LogPlace {
  std::uint64_t index = 0;  // from 0
  Sequence previous = 0;    // of the entry before it there; 0: it is the first
};

// The leaf of a stored entry.
struct StoredLeaf {
  exchange::v1::LogLeaf leaf;
  exchange::v1::LeafEnvelope envelope;
  Sequence previous = 0;
};
// DATA_LOSS (STORAGE_LOST): the bytes are no stored entry.
absl::StatusOr<StoredLeaf> LeafOfStored(absl::string_view stored);

// Names of the blobs that are kept of the logs: a complete tile, and how far each agency's log is.
std::string LogTileBlob(absl::string_view log, int level, std::uint64_t index);
inline constexpr char kLogSizesBlob[] = "logs";

// The log of an agency, "agencies/police", to its id; empty for "hub" and for no log.
std::string AgencyOfLog(absl::string_view log);

class LogTrees {
 public:
  // Restores the trees of "journal", whose entries are SealedEntry; it outlives them. DATA_LOSS
  // (STORAGE_LOST): what was kept of the logs does not fit the journal.
  static absl::StatusOr<std::unique_ptr<LogTrees>> Open(const Store* journal,
                                                        std::unique_ptr<SigningKey> key);

  // --- For the one who appends. ---
  // Mends what a failed append left. The errors of Open.
  absl::Status Ready();
  // The place that the next entry of "agency" gets.
  LogPlace NextPlace(const std::string& agency);
  // Takes the leaf of the entry at "sequence", which is the journal's next.
  void Add(const std::string& agency, Sequence sequence, absl::string_view leaf_bytes);
  // Blobs to be stored together with what was added.
  std::vector<Blob> TakeBlobs();
  // What was added is durable, or, if not "ok", was not appended.
  void Finish(bool ok);

  // --- For everybody. "log" is "hub" or "agencies/<id>"; NOT_FOUND: there is no such log. ---
  absl::StatusOr<std::uint64_t> Size(const std::string& log) const;
  std::vector<std::string> Logs() const;
  // Signs the log as it is now.
  absl::StatusOr<exchange::v1::SignedTreeHead> Head(const std::string& log, absl::Time now) const;
  absl::StatusOr<MerkleHash> RootAt(const std::string& log, std::uint64_t size) const;
  absl::StatusOr<MerkleProof> Inclusion(const std::string& log, std::uint64_t tree_size,
                                        std::uint64_t index) const;
  absl::StatusOr<exchange::v1::ConsistencyProof> Growth(const std::string& log,
                                                        std::uint64_t old_size,
                                                        std::uint64_t new_size) const;
  const SigningKey& key() const { return *key_; }

 private:
  struct Log {
    MerkleTree tree;            // may be ahead of what is durable
    std::uint64_t durable = 0;  // leaves
    Sequence last = 0;          // of its last entry
  };

  LogTrees(const Store* journal, std::unique_ptr<SigningKey> key)
      : journal_(journal), key_(std::move(key)) {}

  absl::Status Restore() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status RestoreAgency(const std::string& log, std::uint64_t size, Sequence last)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<std::string> ReadTile(const std::string& log, int level, std::uint64_t index) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  MerkleTileReader TilesOf(const std::string& log) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<const Log*> Find(const std::string& log, std::uint64_t size) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Extend(const std::string& log, Sequence sequence, const MerkleHash& leaf)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Store* const journal_;
  const std::unique_ptr<SigningKey> key_;

  mutable absl::Mutex mu_;
  std::map<std::string, Log> logs_ ABSL_GUARDED_BY(mu_);
  // Tiles that are not stored yet.
  std::map<std::string, std::string> tiles_ ABSL_GUARDED_BY(mu_);
  // An append failed: the trees are ahead of the journal.
  bool restore_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_LOG_TREES_H_
