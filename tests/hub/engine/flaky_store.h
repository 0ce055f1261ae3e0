// A store that fails when it is told to, or lets its writer wait.
//
// Thread-safe as the store that it wraps.

#ifndef ANQIAO_TESTS_HUB_ENGINE_FLAKY_STORE_H_
#define ANQIAO_TESTS_HUB_ENGINE_FLAKY_STORE_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/errors.h"
#include "hub/store/entry_proof.h"
#include "hub/store/store.h"

namespace anqiao::engine {

class FlakyStore : public store::Store {
 public:
  explicit FlakyStore(std::unique_ptr<store::Store> store) : store_(std::move(store)) {}

  // The next "count" appends fail as on a full disk.
  void FillDisk(int count) {
    absl::MutexLock lock(&mu_);
    append_failures_ = count;
  }
  // The next "count" changes of projections fail as on a full disk.
  void FillProjections(int count) {
    absl::MutexLock lock(&mu_);
    apply_failures_ = count;
  }
  // A sync fails; no append works any more.
  void LoseDisk() {
    absl::MutexLock lock(&mu_);
    lost_ = true;
  }
  // Appends wait until Release.
  void Hold() {
    absl::MutexLock lock(&mu_);
    held_ = true;
  }
  void Release() {
    absl::MutexLock lock(&mu_);
    held_ = false;
    changed_.SignalAll();
  }
  // Until an append waits.
  void AwaitAppend() const {
    absl::MutexLock lock(&mu_);
    while (waiting_ == 0) changed_.Wait(&mu_);
  }

  absl::StatusOr<store::Epoch> AcquireWriter() override { return store_->AcquireWriter(); }

  absl::StatusOr<store::Sequence> Append(store::Epoch epoch, store::AppendGroup group) override {
    {
      absl::MutexLock lock(&mu_);
      ++waiting_;
      changed_.SignalAll();
      while (held_) changed_.Wait(&mu_);
      --waiting_;
      if (lost_) {
        return Error(absl::StatusCode::kDataLoss, reason::kStorageLost, "a sync failed");
      }
      if (append_failures_ > 0) {
        --append_failures_;
        return Full();
      }
    }
    return store_->Append(epoch, std::move(group));
  }

  absl::Status ReadJournal(
      store::Sequence first,
      const std::function<bool(store::Sequence, absl::string_view)>& visit) const override {
    return store_->ReadJournal(first, visit);
  }
  absl::StatusOr<std::string> GetEntry(store::Sequence sequence) const override {
    return store_->GetEntry(sequence);
  }
  store::Sequence synced_sequence() const override { return store_->synced_sequence(); }
  absl::StatusOr<std::string> GetBlob(absl::string_view name) const override {
    return store_->GetBlob(name);
  }
  std::unique_ptr<store::ProjectionBatch> NewBatch() const override { return store_->NewBatch(); }

  absl::Status Apply(const store::ProjectionBatch& batch, store::Sequence sequence) override {
    {
      absl::MutexLock lock(&mu_);
      if (apply_failures_ > 0) {
        --apply_failures_;
        return Full();
      }
    }
    return store_->Apply(batch, sequence);
  }

  store::Sequence applied_sequence() const override { return store_->applied_sequence(); }
  std::unique_ptr<store::Snapshot> NewSnapshot() const override { return store_->NewSnapshot(); }
  std::string IndexSecret() const override { return store_->IndexSecret(); }
  absl::StatusOr<std::unique_ptr<store::ProjectionStore>> NewProjections(
      store::ProjectionPurpose purpose) override {
    return store_->NewProjections(purpose);
  }
  absl::Status ReplaceProjections(std::unique_ptr<store::ProjectionStore> projections) override {
    return store_->ReplaceProjections(std::move(projections));
  }
  store::Sequence projections_born() const override { return store_->projections_born(); }
  absl::Status FlushProjections() override { return store_->FlushProjections(); }
  absl::Status Checkpoint(const std::string& directory) override {
    return store_->Checkpoint(directory);
  }
  absl::StatusOr<store::KeyId> NewKey() override { return store_->NewKey(); }
  absl::Status DestroyKeys(const std::vector<store::KeyId>& keys) override {
    return store_->DestroyKeys(keys);
  }
  absl::StatusOr<store::KeyId> OwnerKey(const std::string& owner) const override {
    return store_->OwnerKey(owner);
  }
  store::Sequence destroyed_through() const override { return store_->destroyed_through(); }
  absl::Status SetDestroyedThrough(store::Sequence sequence) override {
    return store_->SetDestroyedThrough(sequence);
  }
  absl::StatusOr<std::string> SealText(store::KeyId key, absl::string_view purpose,
                                       absl::string_view text) const override {
    return store_->SealText(key, purpose, text);
  }
  absl::StatusOr<std::string> OpenText(store::KeyId key, absl::string_view purpose,
                                       absl::string_view sealed) const override {
    return store_->OpenText(key, purpose, sealed);
  }
  std::string Digest(absl::string_view text) const override { return store_->Digest(text); }
  const store::LogTrees* logs() const override { return store_->logs(); }
  absl::StatusOr<store::EntryProof> ProveEntry(store::Sequence sequence,
                                               absl::Time now) const override {
    return store_->ProveEntry(sequence, now);
  }
  store::KeyRing* ring() override { return store_->ring(); }

 private:
  static absl::Status Full() {
    return Error(absl::StatusCode::kResourceExhausted, reason::kStorageFull, "the disk is full");
  }

  const std::unique_ptr<store::Store> store_;
  mutable absl::Mutex mu_;
  mutable absl::CondVar changed_;
  int append_failures_ ABSL_GUARDED_BY(mu_) = 0;
  int apply_failures_ ABSL_GUARDED_BY(mu_) = 0;
  int waiting_ ABSL_GUARDED_BY(mu_) = 0;
  bool lost_ ABSL_GUARDED_BY(mu_) = false;
  bool held_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_FLAKY_STORE_H_
