// A mutant: a store that takes for done what failed. The fault runs must notice it.

#ifndef ANQIAO_TESTS_HUB_STORE_CARELESS_STORE_H_
#define ANQIAO_TESTS_HUB_STORE_CARELESS_STORE_H_

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/store/store.h"

namespace anqiao::store {

class CarelessStore : public Store {
 public:
  // Whether what failed with "failure" is done is not looked at, the first "times" times.
  CarelessStore(std::unique_ptr<Store> store, absl::StatusCode failure,
                int times = std::numeric_limits<int>::max())
      : store_(std::move(store)),
        failure_(failure),
        times_(times),
        end_(store_->synced_sequence()) {}

  absl::StatusOr<Epoch> AcquireWriter() override { return store_->AcquireWriter(); }
  absl::StatusOr<Sequence> Append(Epoch epoch, AppendGroup group) override {
    const std::size_t count = group.entries.size();
    const absl::StatusOr<Sequence> appended = store_->Append(epoch, std::move(group));
    if (!appended.ok() && (appended.status().code() != failure_ || times_-- <= 0)) return appended;
    return end_ += count;
  }
  absl::Status ReadJournal(
      Sequence first,
      const std::function<bool(Sequence, absl::string_view)>& visit) const override {
    return store_->ReadJournal(first, visit);
  }
  absl::StatusOr<std::string> GetEntry(Sequence sequence) const override {
    return store_->GetEntry(sequence);
  }
  Sequence synced_sequence() const override { return store_->synced_sequence(); }
  absl::StatusOr<std::string> GetBlob(absl::string_view name) const override {
    return store_->GetBlob(name);
  }
  std::unique_ptr<ProjectionBatch> NewBatch() const override { return store_->NewBatch(); }
  absl::Status Apply(const ProjectionBatch& batch, Sequence sequence) override {
    return store_->Apply(batch, sequence);
  }
  Sequence applied_sequence() const override { return store_->applied_sequence(); }
  std::unique_ptr<Snapshot> NewSnapshot() const override { return store_->NewSnapshot(); }
  std::string IndexSecret() const override { return store_->IndexSecret(); }
  absl::StatusOr<std::unique_ptr<ProjectionStore>> NewProjections(
      ProjectionPurpose purpose) override {
    return store_->NewProjections(purpose);
  }
  absl::Status ReplaceProjections(std::unique_ptr<ProjectionStore> projections) override {
    return store_->ReplaceProjections(std::move(projections));
  }
  absl::Status FlushProjections() override { return store_->FlushProjections(); }
  absl::Status Checkpoint(const std::string& directory) override {
    return store_->Checkpoint(directory);
  }

 private:
  const std::unique_ptr<Store> store_;
  const absl::StatusCode failure_;
  int times_;
  Sequence end_;
};

}  // namespace anqiao::store

#endif  // ANQIAO_TESTS_HUB_STORE_CARELESS_STORE_H_
