#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/directories.h"
#include "hub/store/rocks_journal.h"
#include "hub/store/rocks_projections.h"
#include "hub/store/rocks_store_internal.h"

namespace anqiao::store {
namespace {

class RocksStore : public Store {
 public:
  RocksStore(std::unique_ptr<RocksJournal> journal, std::unique_ptr<RocksProjections> projections)
      : journal_(std::move(journal)), projections_(std::move(projections)) {}

  absl::StatusOr<Epoch> AcquireWriter() override { return journal_->AcquireWriter(); }
  absl::StatusOr<Sequence> Append(Epoch epoch, const AppendGroup& group) override {
    return journal_->Append(epoch, group);
  }
  absl::Status ReadJournal(
      Sequence first,
      const std::function<bool(Sequence, absl::string_view)>& visit) const override {
    return journal_->Read(first, visit);
  }
  absl::StatusOr<std::string> GetEntry(Sequence sequence) const override {
    return journal_->GetEntry(sequence);
  }
  Sequence synced_sequence() const override { return journal_->synced_sequence(); }
  absl::StatusOr<std::string> GetBlob(absl::string_view name) const override {
    return journal_->GetBlob(name);
  }

  std::unique_ptr<ProjectionBatch> NewBatch() const override { return projections_->NewBatch(); }
  absl::Status Apply(const ProjectionBatch& batch, Sequence sequence) override {
    // Projections ahead of the journal would be taken for a journal that lost its end.
    if (sequence > journal_->synced_sequence()) {
      return absl::InvalidArgumentError(absl::StrCat("the journal ends at ",
                                                     journal_->synced_sequence(),
                                                     ", before projections of ", sequence));
    }
    return projections_->Apply(batch, sequence);
  }
  Sequence applied_sequence() const override { return projections_->applied_sequence(); }
  std::unique_ptr<Snapshot> NewSnapshot() const override { return projections_->NewSnapshot(); }
  absl::Status ClearProjections() override { return projections_->Clear(); }

 private:
  const std::unique_ptr<RocksJournal> journal_;
  const std::unique_ptr<RocksProjections> projections_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenRocksStoreOn(rocksdb::Env* env,
                                                        const RocksStoreOptions& options,
                                                        const RocksStoreTuning& tuning) {
  if (!env->FileExists(options.directory + "/HEAD").ok()) {
    if (options.read_only) return absl::FailedPreconditionError("there is no store to read");
    AQ_RETURN_IF_ERROR(MakeDirectories(*env->GetFileSystem(), options.directory));
  }
  std::unique_ptr<RocksJournal> journal;
  std::unique_ptr<RocksProjections> projections;
  if (options.read_only) {
    // A live writer may move both on: the projections opened first cannot be ahead.
    AQ_ASSIGN_OR_RETURN(projections, RocksProjections::Open(options, tuning, env));
    AQ_ASSIGN_OR_RETURN(journal, RocksJournal::Open(options, tuning, env));
  } else {
    AQ_ASSIGN_OR_RETURN(journal, RocksJournal::Open(options, tuning, env));
    AQ_ASSIGN_OR_RETURN(projections, RocksProjections::Open(options, tuning, env));
  }
  if (projections->applied_sequence() > journal->synced_sequence()) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 absl::StrCat("the journal ends at ", journal->synced_sequence(),
                              " but projections of ", projections->applied_sequence(), " exist"));
  }
  return std::make_unique<RocksStore>(std::move(journal), std::move(projections));
}

absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(const RocksStoreOptions& options) {
  return OpenRocksStoreOn(rocksdb::Env::Default(), options);
}

}  // namespace anqiao::store
