// A store whose power can go at any operation: what was not synced is lost then, in whole groups,
// and the projections fall back to some earlier state.
//
//   append -> [written] -> sync -> [durable] -> answered        power may go at each arrow
//
// Of one thread.

#ifndef ANQIAO_TESTS_HUB_ENGINE_SIMULATED_STORE_H_
#define ANQIAO_TESTS_HUB_ENGINE_SIMULATED_STORE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hub/base/errors.h"
#include "hub/store/store.h"

namespace anqiao::engine {

class SimulatedStore : public store::Store {
 public:
  // "choose" gives one of 0 ... count - 1.
  explicit SimulatedStore(std::function<std::size_t(std::size_t)> choose)
      : choose_(std::move(choose)), store_(store::NewMemoryStore()) {}

  // Power goes at the "points"-th point from now; 0: it stays.
  void CutPowerAfter(int points) { points_left_ = points; }
  void CutPower() { down_ = true; }
  bool down() const { return down_; }
  // Appends, or changes of projections, fail as on a full disk.
  void FillDisk(bool full) { append_full_ = full; }
  void FillProjections(bool full) { apply_full_ = full; }
  // For a mutant: syncs do nothing, what was written becomes durable when it pleases.
  void LeaveSyncsOut() { lazy_ = true; }

  // After a power cut, when nobody uses the store any longer: what it holds now is what was
  // durable.
  void Recover() {
    // What was written and not synced may have reached the disk or not, as far as it pleases.
    groups_.resize(synced_groups_ + choose_(groups_.size() - synced_groups_ + 1));
    batches_.resize(choose_(batches_.size() + 1));
    std::size_t entries = 0;
    for (const store::AppendGroup& group : groups_) entries += group.entries.size();
    while (!batches_.empty() && batches_.back().sequence > entries) batches_.pop_back();
    store_ = store::NewMemoryStore();
    store::Epoch epoch = 0;
    for (store::Epoch i = 0; i < epochs_; ++i) epoch = *store_->AcquireWriter();
    for (const store::AppendGroup& group : groups_) (void)store_->Append(epoch, group);
    for (const Batch& batch : batches_) {
      const std::unique_ptr<store::ProjectionBatch> copy = Copy(batch);
      (void)store_->Apply(*copy, batch.sequence);
    }
    synced_groups_ = groups_.size();
    points_left_ = 0;
    down_ = false;
  }

  absl::StatusOr<store::Epoch> AcquireWriter() override {
    ++epochs_;
    return store_->AcquireWriter();
  }

  absl::StatusOr<store::Sequence> Append(store::Epoch epoch, store::AppendGroup group) override {
    if (Pass()) return Off();
    if (append_full_) return Full();
    absl::StatusOr<store::Sequence> last = store_->Append(epoch, group);
    if (!last.ok()) return last;
    groups_.push_back(std::move(group));
    if (Pass()) return Off();
    if (lazy_) {
      synced_groups_ += choose_(groups_.size() - synced_groups_ + 1);
    } else {
      synced_groups_ = groups_.size();
    }
    if (Pass()) return Off();
    return last;
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
  std::unique_ptr<store::ProjectionBatch> NewBatch() const override {
    return std::make_unique<Batch>();
  }

  absl::Status Apply(const store::ProjectionBatch& batch, store::Sequence sequence) override {
    if (Pass()) return Off();
    if (apply_full_) return Full();
    Batch own = dynamic_cast<const Batch&>(batch);
    own.sequence = sequence;
    const std::unique_ptr<store::ProjectionBatch> copy = Copy(own);
    if (absl::Status status = store_->Apply(*copy, sequence); !status.ok()) return status;
    batches_.push_back(std::move(own));
    return absl::OkStatus();
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
  absl::Status FlushProjections() override { return store_->FlushProjections(); }
  absl::Status Checkpoint(const std::string& directory) override {
    return store_->Checkpoint(directory);
  }

 private:
  struct Batch : store::ProjectionBatch {
    using ProjectionBatch::Put;
    void Put(absl::string_view key, absl::string_view value, absl::string_view owner) override {
      changes.emplace_back(std::string(key), std::string(value));
    }
    void Delete(absl::string_view key) override {
      changes.emplace_back(std::string(key), std::nullopt);
    }
    std::vector<std::pair<std::string, std::optional<std::string>>> changes;
    store::Sequence sequence = 0;
  };

  // True: power is off, or goes here.
  bool Pass() {
    if (points_left_ > 0 && --points_left_ == 0) down_ = true;
    return down_;
  }
  static absl::Status Off() { return absl::UnavailableError("the power is off"); }
  static absl::Status Full() {
    return Error(absl::StatusCode::kResourceExhausted, reason::kStorageFull, "the disk is full");
  }
  std::unique_ptr<store::ProjectionBatch> Copy(const Batch& batch) const {
    std::unique_ptr<store::ProjectionBatch> copy = store_->NewBatch();
    for (const auto& [key, value] : batch.changes) {
      if (value.has_value()) {
        copy->Put(key, *value);
      } else {
        copy->Delete(key);
      }
    }
    return copy;
  }

  const std::function<std::size_t(std::size_t)> choose_;
  std::unique_ptr<store::Store> store_;
  std::vector<store::AppendGroup> groups_;
  std::size_t synced_groups_ = 0;
  std::vector<Batch> batches_;
  store::Epoch epochs_ = 0;
  int points_left_ = 0;
  bool down_ = false;
  bool append_full_ = false;
  bool apply_full_ = false;
  bool lazy_ = false;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_SIMULATED_STORE_H_
