// Projections whose values are sealed and whose keys hide what is personal in them.
//
// A value about a person lies under that person's key, any other under the key of this set of
// projections. Keys on personal values are keyed hashes under an index key. All three live in the
// key ring; keys.cc says which part of a key is hidden. A row that cannot be opened because its key
// was destroyed is not there: Get says NOT_FOUND, Scan passes over it. After
// Retire, when all keys are destroyed, such a row is ABORTED: read again from the new projections.
//
// Threads as ProjectionStore.

#ifndef ANQIAO_HUB_STORE_SEALED_PROJECTIONS_H_
#define ANQIAO_HUB_STORE_SEALED_PROJECTIONS_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"
#include "hub/store/store.h"

namespace anqiao::store {

class SealedProjections : public ProjectionStore {
 public:
  // Where a set's keys come from.
  struct Keys {
    KeyId index = 0;  // 0: keys are not hidden
    KeyId values = 0;
    DataKey index_key;
    DataKey values_key;
    // How far the journal was when the set was made.
    Sequence born = 0;
    // Others took their place, and their keys are destroyed.
    mutable std::atomic<bool> retired = false;
  };

  // What projections under the same roof have in common; outlives them and their snapshots.
  struct Vault {
    const CipherSuite* suite = nullptr;
    KeyRing* ring = nullptr;
    bool hide_keys = true;
    bool read_only = false;
  };

  // Over "base", which it borrows. Reads the keys that "base" was written with; a set that is still
  // empty takes new ones with its first batch.
  static absl::StatusOr<std::unique_ptr<SealedProjections>> Open(const Vault* vault,
                                                                 ProjectionStore* base,
                                                                 Sequence born);
  // Over a "base" that is empty and becomes its own, with new keys.
  static absl::StatusOr<std::unique_ptr<SealedProjections>> OpenBeside(
      const Vault* vault, std::unique_ptr<ProjectionStore> base, Sequence born);

  std::unique_ptr<ProjectionBatch> NewBatch() const override;
  absl::Status Apply(const ProjectionBatch& batch, Sequence sequence) override;
  Sequence applied_sequence() const override { return base_->applied_sequence(); }
  std::unique_ptr<Snapshot> NewSnapshot() const override;
  std::string IndexSecret() const override;

  // The key that values about "owner" lie under; 0: there are none.
  absl::StatusOr<KeyId> OwnerKey(const std::string& owner) const;
  // All keys of the set, of people too.
  absl::StatusOr<std::vector<KeyId>> AllKeys() const;
  Sequence born() const { return keys_ == nullptr ? 0 : keys_->born; }
  void Retire() { keys_->retired = true; }
  std::unique_ptr<ProjectionStore> TakeBase() { return std::move(owned_); }
  // Goes on over "base", which has what the base taken away had.
  void SetBase(ProjectionStore* base) { base_ = base; }

 private:
  friend class SealedBatch;

  SealedProjections(const Vault* vault, ProjectionStore* base) : vault_(vault), base_(base) {}

  absl::Status LoadKeys();
  absl::Status MakeKeys(Sequence born);
  absl::StatusOr<KeyId> OwnerKey(const std::string& owner, const Snapshot& rows) const;
  // The key for values about "owner", made if there is none yet. "rows" are as of the last batch.
  absl::StatusOr<KeyId> KeyFor(const std::string& owner, const Snapshot& rows) const;

  const Vault* const vault_;
  std::unique_ptr<ProjectionStore> owned_;
  ProjectionStore* base_;
  // Shared with snapshots and batches.
  std::shared_ptr<const Keys> keys_;
  bool keys_stored_ = false;

  mutable absl::Mutex mu_;
  // Of people whose rows were read or written lately.
  mutable absl::flat_hash_map<std::string, KeyId> owners_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_SEALED_PROJECTIONS_H_
