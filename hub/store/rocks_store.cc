#include <rocksdb/env.h>
#include <rocksdb/options.h>

#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/directories.h"
#include "hub/store/rocks_journal.h"
#include "hub/store/rocks_projections.h"
#include "hub/store/rocks_status.h"
#include "hub/store/rocks_store_internal.h"

namespace anqiao::store {
namespace {

// Names the live projections: a decimal number N, for projections-N.
constexpr char kCurrentFile[] = "/PROJECTIONS";
constexpr char kFolder[] = "projections-";
// The folder of format version 1.
constexpr char kOldFolder[] = "projections";

std::string PathOf(const std::string& directory, std::uint64_t generation) {
  if (generation == 0) return absl::StrCat(directory, "/", kOldFolder);
  return absl::StrCat(directory, "/", kFolder, generation);
}

// 0: none is named yet.
absl::StatusOr<std::uint64_t> ReadGeneration(const std::string& directory, rocksdb::Env* env) {
  std::string text;
  const rocksdb::Status read = rocksdb::ReadFileToString(env, directory + kCurrentFile, &text);
  if (read.IsNotFound() || read.IsPathNotFound() ||
      !env->FileExists(directory + kCurrentFile).ok()) {
    return 0;
  }
  AQ_RETURN_IF_ERROR(FromRocks(read, "reading which projections are the live ones"));
  std::uint64_t generation = 0;
  // Damage costs no more than computing them again.
  if (!absl::SimpleAtoi(text, &generation)) return 0;
  return generation;
}

absl::Status WriteGeneration(const std::string& directory, std::uint64_t generation,
                             rocksdb::Env* env) {
  const std::string path = directory + kCurrentFile;
  constexpr char kDoing[] = "writing which projections are the live ones";
  AQ_RETURN_IF_ERROR(FromRocks(
      rocksdb::WriteStringToFile(env, absl::StrCat(generation, "\n"), path + ".new", true),
      kDoing));
  AQ_RETURN_IF_ERROR(FromRocks(env->RenameFile(path + ".new", path), kDoing));
  return SyncDirectory(*env->GetFileSystem(), directory);
}

// What a crash left behind: projections that never became the live ones, or are it no more.
void RemoveOthers(const std::string& directory, std::uint64_t generation, rocksdb::Env* env) {
  std::vector<std::string> children;
  if (!env->GetChildren(directory, &children).ok()) return;
  rocksdb::Options options;
  options.env = env;
  for (const std::string& child : children) {
    if (child != kOldFolder && !absl::StartsWith(child, kFolder)) continue;
    const std::string path = absl::StrCat(directory, "/", child);
    if (path == PathOf(directory, generation)) continue;
    // Whatever stays is tried again at the next opening.
    rocksdb::DestroyDB(path, options).PermitUncheckedError();
  }
}

// What a directory without projections, such as a backup, is read with.
absl::StatusOr<std::unique_ptr<RocksProjections>> EmptyProjections(const RocksStoreTuning& tuning,
                                                                   rocksdb::Env* memory) {
  constexpr char kPath[] = "/projections";
  AQ_RETURN_IF_ERROR(RocksProjections::Open(kPath, false, tuning, memory).status());
  return RocksProjections::Open(kPath, true, tuning, memory);
}

class RocksStore : public Store {
 public:
  RocksStore(RocksStoreOptions options, const RocksStoreTuning& tuning, rocksdb::Env* env,
             std::unique_ptr<rocksdb::Env> memory, std::uint64_t generation,
             std::unique_ptr<RocksJournal> journal, std::unique_ptr<RocksProjections> projections)
      : options_(std::move(options)),
        tuning_(tuning),
        env_(env),
        memory_(std::move(memory)),
        newest_(generation),
        journal_(std::move(journal)),
        projections_(std::move(projections)) {}

  absl::StatusOr<Epoch> AcquireWriter() override { return journal_->AcquireWriter(); }
  absl::StatusOr<Sequence> Append(Epoch epoch, AppendGroup group) override {
    return journal_->Append(epoch, std::move(group));
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
  absl::Status Checkpoint(const std::string& directory) override {
    return journal_->Checkpoint(directory);
  }

  std::unique_ptr<ProjectionBatch> NewBatch() const override { return Live()->NewBatch(); }
  absl::Status Apply(const ProjectionBatch& batch, Sequence sequence) override {
    // Projections ahead of the journal would be taken for a journal that lost its end.
    if (sequence > journal_->synced_sequence()) {
      return absl::InvalidArgumentError(absl::StrCat("the journal ends at ",
                                                     journal_->synced_sequence(),
                                                     ", before projections of ", sequence));
    }
    return Live()->Apply(batch, sequence);
  }
  Sequence applied_sequence() const override { return Live()->applied_sequence(); }
  std::unique_ptr<Snapshot> NewSnapshot() const override { return Live()->NewSnapshot(); }
  absl::Status FlushProjections() override { return Live()->Flush(false); }

  absl::StatusOr<std::unique_ptr<ProjectionStore>> NewProjections(
      ProjectionPurpose purpose) override {
    if (options_.read_only) {
      // Beside a store that somebody else may be writing nothing is left behind.
      const std::string path = absl::StrCat(
          options_.scratch_directory.empty() ? options_.directory : options_.scratch_directory,
          "/compare-", RandomName());
      return MakeBeside(path, purpose);
    }
    absl::MutexLock lock(&mu_);
    return MakeBeside(PathOf(options_.directory, ++newest_), purpose);
  }

  absl::Status ReplaceProjections(std::unique_ptr<ProjectionStore> projections) override {
    auto* const own = dynamic_cast<RocksProjections*>(projections.get());
    if (own == nullptr || options_.read_only) {
      return absl::InvalidArgumentError("the projections are of another store");
    }
    AQ_RETURN_IF_ERROR(own->Flush(true));
    std::uint64_t generation = 0;
    absl::string_view number = own->path();
    if (!absl::ConsumePrefix(&number, absl::StrCat(options_.directory, "/", kFolder)) ||
        !absl::SimpleAtoi(number, &generation)) {
      return absl::InvalidArgumentError("the projections are of another store");
    }
    AQ_RETURN_IF_ERROR(WriteGeneration(options_.directory, generation, env_));
    own->KeepAfterUse();
    projections.release();
    std::shared_ptr<RocksProjections> next(own);
    absl::MutexLock lock(&mu_);
    projections_->RemoveAfterUse();
    projections_.swap(next);
    return absl::OkStatus();
  }

 private:
  std::shared_ptr<RocksProjections> Live() const {
    absl::MutexLock lock(&mu_);
    return projections_;
  }

  absl::StatusOr<std::unique_ptr<ProjectionStore>> MakeBeside(const std::string& path,
                                                              ProjectionPurpose purpose) const {
    std::unique_ptr<RocksProjections> projections;
    if (purpose == ProjectionPurpose::kCompare) {
      const FileCipher cipher = options_.sm4 ? FileCipher::kSm4 : FileCipher::kAes256;
      AQ_ASSIGN_OR_RETURN(projections,
                          RocksProjections::MakeToCompare(path, tuning_, env_, cipher));
    } else {
      AQ_ASSIGN_OR_RETURN(projections, RocksProjections::Open(path, false, tuning_, env_));
      projections->RemoveAfterUse();
    }
    return std::unique_ptr<ProjectionStore>(std::move(projections));
  }

  const RocksStoreOptions options_;
  const RocksStoreTuning tuning_;
  rocksdb::Env* const env_;
  // Of projections that are on no disk; null otherwise.
  const std::unique_ptr<rocksdb::Env> memory_;
  mutable absl::Mutex mu_;
  std::uint64_t newest_ ABSL_GUARDED_BY(mu_);
  const std::unique_ptr<RocksJournal> journal_;
  // Shared with those who are just reading when it is replaced.
  std::shared_ptr<RocksProjections> projections_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenRocksStoreOn(rocksdb::Env* env,
                                                        const RocksStoreOptions& options,
                                                        const RocksStoreTuning& given) {
  RocksStoreTuning tuning = given;
  tuning.compresses &= options.compress;
  if (!env->FileExists(options.directory + "/HEAD").ok()) {
    if (options.read_only) return absl::FailedPreconditionError("there is no store to read");
    AQ_RETURN_IF_ERROR(MakeDirectories(*env->GetFileSystem(), options.directory));
  }
  AQ_ASSIGN_OR_RETURN(std::uint64_t generation, ReadGeneration(options.directory, env));
  std::unique_ptr<rocksdb::Env> memory;
  std::unique_ptr<RocksJournal> journal;
  std::unique_ptr<RocksProjections> projections;
  if (options.read_only) {
    // A live writer may move both on: the projections opened first cannot be ahead.
    const std::string path = PathOf(options.directory, generation);
    if (generation == 0 && !env->FileExists(path).ok()) {
      memory.reset(rocksdb::NewMemEnv(rocksdb::Env::Default()));
      AQ_ASSIGN_OR_RETURN(projections, EmptyProjections(tuning, memory.get()));
    } else {
      AQ_ASSIGN_OR_RETURN(projections, RocksProjections::Open(path, true, tuning, env));
    }
    AQ_ASSIGN_OR_RETURN(journal, RocksJournal::Open(options, tuning, env));
  } else {
    AQ_ASSIGN_OR_RETURN(journal, RocksJournal::Open(options, tuning, env));
    if (generation == 0) {
      generation = 1;
      AQ_RETURN_IF_ERROR(WriteGeneration(options.directory, generation, env));
    }
    RemoveOthers(options.directory, generation, env);
    AQ_ASSIGN_OR_RETURN(projections, RocksProjections::Open(PathOf(options.directory, generation),
                                                            false, tuning, env));
  }
  if (projections->applied_sequence() > journal->synced_sequence()) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 absl::StrCat("the journal ends at ", journal->synced_sequence(),
                              " but projections of ", projections->applied_sequence(), " exist"));
  }
  return std::make_unique<RocksStore>(options, tuning, env, std::move(memory), generation,
                                      std::move(journal), std::move(projections));
}

absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(const RocksStoreOptions& options) {
  return OpenRocksStoreOn(rocksdb::Env::Default(), options);
}

}  // namespace anqiao::store
