// A row keeps its versions while a snapshot may still read them:
//
//   key -> [ (at 3, "a"), (at 7, deleted), (at 9, "b") ]      a snapshot at 8 sees no such key

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/group_limits.h"
#include "hub/store/store.h"

namespace anqiao::store {
namespace {

using Value =
    std::shared_ptr<const std::string>;  // Shared by its row and readers outside the lock.
constexpr std::size_t kScanRows = 256;

class MemoryBatch : public ProjectionBatch {
 public:
  using ProjectionBatch::Put;
  void Put(absl::string_view key, absl::string_view value, absl::string_view owner) override {
    changes_.insert_or_assign(std::string(key), std::make_shared<const std::string>(value));
  }
  void Delete(absl::string_view key) override {
    changes_.insert_or_assign(std::string(key), nullptr);
  }
  // Null: deleted.
  const std::map<std::string, Value>& changes() const { return changes_; }

 private:
  std::map<std::string, Value> changes_;
};

// Thread-safe.
class VersionedRows {
 public:
  struct View {
    std::uint64_t version = 0;
    Sequence sequence = 0;
  };

  View Open() {
    absl::MutexLock lock(&mu_);
    live_.insert(version_);
    return {.version = version_, .sequence = sequence_};
  }

  void Release(std::uint64_t version) {
    absl::MutexLock lock(&mu_);
    live_.erase(live_.find(version));
    if (live_.empty()) Prune();
  }

  Sequence sequence() const {
    absl::MutexLock lock(&mu_);
    return sequence_;
  }

  absl::Status Apply(const std::map<std::string, Value>& changes, Sequence sequence) {
    absl::MutexLock lock(&mu_);
    AQ_RETURN_IF_ERROR(CheckApply(sequence, sequence_));
    ++version_;
    sequence_ = sequence;
    for (const auto& [key, value] : changes) Change(key, value);
    if (live_.empty()) Prune();
    return absl::OkStatus();
  }

  Value Get(absl::string_view key, std::uint64_t version) const {
    absl::MutexLock lock(&mu_);
    const auto row = rows_.find(std::string(key));
    return row == rows_.end() ? nullptr : At(row->second, version);
  }

  // Up to kScanRows rows from "begin" on; empty if there are none.
  std::vector<std::pair<std::string, Value>> Read(const std::string& begin, const std::string& end,
                                                  std::uint64_t version) const {
    absl::MutexLock lock(&mu_);
    std::vector<std::pair<std::string, Value>> rows;
    for (auto row = rows_.lower_bound(begin); row != rows_.end(); ++row) {
      if ((!end.empty() && row->first >= end) || rows.size() == kScanRows) break;
      if (Value value = At(row->second, version)) rows.emplace_back(row->first, std::move(value));
    }
    return rows;
  }

 private:
  struct Version {
    std::uint64_t at = 0;
    Value value;  // Null: deleted.
  };

  static Value At(const std::vector<Version>& versions, std::uint64_t version) {
    for (auto v = versions.rbegin(); v != versions.rend(); ++v) {
      if (v->at <= version) return v->value;
    }
    return nullptr;
  }

  void Change(const std::string& key, const Value& value) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    std::vector<Version>& versions = rows_[key];
    versions.push_back({.at = version_, .value = value});
    if (versions.size() > 1 || value == nullptr) changed_.insert(key);
  }

  // Drops what no snapshot can see. Requires: no snapshot is open.
  void Prune() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    for (const std::string& key : changed_) {
      const auto row = rows_.find(key);
      if (row->second.back().value == nullptr) {
        rows_.erase(row);
      } else {
        row->second.erase(row->second.begin(), row->second.end() - 1);
      }
    }
    changed_.clear();
  }

  mutable absl::Mutex mu_;
  std::map<std::string, std::vector<Version>> rows_ ABSL_GUARDED_BY(mu_);
  std::uint64_t version_ ABSL_GUARDED_BY(mu_) = 0;
  Sequence sequence_ ABSL_GUARDED_BY(mu_) = 0;
  // Versions that open snapshots read.
  std::multiset<std::uint64_t> live_ ABSL_GUARDED_BY(mu_);
  // Keys that have more than one version, or only that they are deleted.
  std::set<std::string> changed_ ABSL_GUARDED_BY(mu_);
};

class MemorySnapshot : public Snapshot {
 public:
  explicit MemorySnapshot(std::shared_ptr<VersionedRows> rows)
      : rows_(std::move(rows)), view_(rows_->Open()) {}
  ~MemorySnapshot() override { rows_->Release(view_.version); }

  Sequence sequence() const override { return view_.sequence; }

  absl::StatusOr<std::string> Get(absl::string_view key) const override {
    const Value value = rows_->Get(key, view_.version);
    if (value == nullptr) return absl::NotFoundError("there is no such key");
    return *value;
  }

  absl::Status Scan(
      absl::string_view begin, absl::string_view end,
      const std::function<bool(absl::string_view, absl::string_view)>& visit) const override {
    const std::string stop(end);
    std::string next(begin);
    while (true) {
      const auto rows = rows_->Read(next, stop, view_.version);
      for (const auto& [key, value] : rows) {
        if (!visit(key, *value)) return absl::OkStatus();
      }
      if (rows.size() < kScanRows) return absl::OkStatus();
      next = rows.back().first + '\0';
    }
  }

 private:
  // Shared with the projections, which it may outlive.
  const std::shared_ptr<VersionedRows> rows_;
  const VersionedRows::View view_;
};

class MemoryProjections : public ProjectionStore {
 public:
  std::unique_ptr<ProjectionBatch> NewBatch() const override {
    return std::make_unique<MemoryBatch>();
  }
  absl::Status Apply(const ProjectionBatch& batch, Sequence sequence) override {
    const auto* own = dynamic_cast<const MemoryBatch*>(&batch);
    if (own == nullptr) return absl::InvalidArgumentError("the batch is of another store");
    return rows_->Apply(own->changes(), sequence);
  }
  Sequence applied_sequence() const override { return rows_->sequence(); }
  std::unique_ptr<Snapshot> NewSnapshot() const override {
    return std::make_unique<MemorySnapshot>(rows_);
  }

 private:
  const std::shared_ptr<VersionedRows> rows_ = std::make_shared<VersionedRows>();
};

class MemoryStore : public Store {
 public:
  absl::StatusOr<Epoch> AcquireWriter() override {
    absl::MutexLock lock(&mu_);
    return ++epoch_;
  }

  absl::StatusOr<Sequence> Append(Epoch epoch, AppendGroup group) override {
    AQ_RETURN_IF_ERROR(CheckGroup(group));
    absl::MutexLock lock(&mu_);
    AQ_RETURN_IF_ERROR(CheckEpoch(epoch, epoch_));
    for (Blob& blob : group.blobs) {
      blobs_.insert_or_assign(std::move(blob.name), std::move(blob.bytes));
    }
    for (const std::string& name : group.removed_blobs) blobs_.erase(name);
    for (std::string& entry : group.entries) {
      entries_.push_back(std::make_shared<const std::string>(std::move(entry)));
    }
    return entries_.size();
  }

  absl::Status ReadJournal(
      Sequence first,
      const std::function<bool(Sequence, absl::string_view)>& visit) const override {
    const Sequence last = synced_sequence();
    for (Sequence at = std::max<Sequence>(first, 1); at <= last; ++at) {
      if (!visit(at, *Entry(at))) break;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> GetEntry(Sequence sequence) const override {
    if (sequence == 0 || sequence > synced_sequence()) {
      return absl::NotFoundError("there is no such entry");
    }
    return *Entry(sequence);
  }

  Sequence synced_sequence() const override {
    absl::MutexLock lock(&mu_);
    return entries_.size();
  }

  absl::StatusOr<std::string> GetBlob(absl::string_view name) const override {
    absl::MutexLock lock(&mu_);
    const auto blob = blobs_.find(std::string(name));
    if (blob == blobs_.end()) return absl::NotFoundError("there is no such blob");
    return blob->second;
  }

  absl::Status Checkpoint(const std::string& directory) override {
    return absl::UnimplementedError("a store in memory has no files to copy");
  }

  std::unique_ptr<ProjectionBatch> NewBatch() const override {
    return std::make_unique<MemoryBatch>();
  }
  absl::Status Apply(const ProjectionBatch& batch, Sequence sequence) override {
    return Live()->Apply(batch, sequence);
  }
  Sequence applied_sequence() const override { return Live()->applied_sequence(); }
  std::unique_ptr<Snapshot> NewSnapshot() const override { return Live()->NewSnapshot(); }
  absl::Status FlushProjections() override { return absl::OkStatus(); }
  absl::StatusOr<std::unique_ptr<ProjectionStore>> NewProjections(
      ProjectionPurpose purpose) override {
    return std::make_unique<MemoryProjections>();
  }
  absl::Status ReplaceProjections(std::unique_ptr<ProjectionStore> projections) override {
    if (dynamic_cast<MemoryProjections*>(projections.get()) == nullptr) {
      return absl::InvalidArgumentError("the projections are of another store");
    }
    absl::MutexLock lock(&mu_);
    projections_ = std::move(projections);
    return absl::OkStatus();
  }

 private:
  std::shared_ptr<ProjectionStore> Live() const {
    absl::MutexLock lock(&mu_);
    return projections_;
  }

  // Requires: there is such an entry.
  Value Entry(Sequence sequence) const {
    absl::MutexLock lock(&mu_);
    return entries_[sequence - 1];
  }

  mutable absl::Mutex mu_;
  Epoch epoch_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<Value> entries_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::string> blobs_ ABSL_GUARDED_BY(mu_);
  // Shared with those who are just reading when it is replaced.
  std::shared_ptr<ProjectionStore> projections_ ABSL_GUARDED_BY(mu_) =
      std::make_shared<MemoryProjections>();
};

}  // namespace

std::unique_ptr<Store> NewMemoryStore() { return std::make_unique<MemoryStore>(); }

}  // namespace anqiao::store
