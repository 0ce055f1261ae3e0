#include "hub/ctl/offline_restore.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/base/digest.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/log_audit.h"
#include "hub/engine/projection.h"
#include "hub/engine/projector.h"
#include "hub/engine/values.h"
#include "hub/store/store.h"

namespace anqiao::ctl {
namespace {

namespace fs = std::filesystem;

absl::Status SyncFileSystemOf(const std::string& directory) {
  const int folder = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", directory));
  const int result = syncfs(folder);
  const int error = errno;
  close(folder);
  if (result != 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot sync ", directory));
  return absl::OkStatus();
}

absl::Status CopyBackup(const std::string& backup, const std::string& directory) {
  std::error_code error;
  if (!fs::create_directory(directory, error)) {
    return error ? absl::ErrnoToStatus(error.value(), absl::StrCat("cannot make ", directory))
                 : absl::AlreadyExistsError(absl::StrCat(directory, " exists already"));
  }
  fs::permissions(directory, fs::perms::owner_all, error);
  if (!error) {
    fs::copy(fs::path(backup) / "journal", fs::path(directory) / "journal",
             fs::copy_options::recursive, error);
  }
  if (!error) fs::copy(fs::path(backup) / "HEAD", fs::path(directory) / "HEAD", error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot copy ", backup));
  return SyncFileSystemOf(directory);
}

// Compares the copy with itself and with the heads that were kept.
absl::Status AuditCopy(const RestoreOptions& options, const RestoreProgress& progress,
                       RestoreReport* report) {
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> raw, OpenRawDirectory(options.directory));
  LogAudit audit(raw.get());
  AQ_RETURN_IF_ERROR(audit.Recompute(
      [&](std::uint64_t done, std::uint64_t total) { progress("verifying 校验", done, total); }));
  std::vector<exchange::v1::SignedTreeHead> comparable;
  for (const exchange::v1::SignedTreeHead& head : options.kept.heads) {
    const std::uint64_t size = audit.Size(head.log());
    using Relation = RestoreReport::Relation;
    const Relation relation = head.size() == size  ? Relation::kEqual
                              : head.size() < size ? Relation::kEarlier
                                                   : Relation::kLater;
    report->heads.push_back({head, relation});
    if (relation != Relation::kLater) comparable.push_back(head);
  }
  AQ_RETURN_IF_ERROR(audit.Judge(comparable, options.kept.public_key));
  report->entries = raw->synced_sequence();
  for (const std::string& log : audit.Logs()) {
    AQ_ASSIGN_OR_RETURN(const MerkleHash root, audit.RootAt(log, audit.Size(log)));
    report->logs.push_back({log, audit.Size(log), Hex(MerkleBytes(root))});
  }
  return absl::OkStatus();
}

absl::Status ComputeProjections(const RestoreOptions& options, const RestoreProgress& progress,
                                RestoreReport* report) {
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> opened,
                      OpenSealedDirectory(options.directory, options.files, false));
  // As if they took others' place: what they were computed from knew all that was erased.
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<store::ProjectionStore> next,
                      opened->NewProjections(store::ProjectionPurpose::kReplace));
  {
    AQ_ASSIGN_OR_RETURN(const std::shared_ptr<const engine::IdentityModel> model,
                        engine::ModelBefore(*opened, opened->synced_sequence() + 1));
    engine::Projection projection(next.get(), *model);
    AQ_RETURN_IF_ERROR(engine::ApplyJournal(*opened, opened->synced_sequence(), next.get(),
                                            &projection,
                                            [&](store::Sequence done, store::Sequence total) {
                                              progress("computing 计算", done, total);
                                              return true;
                                            }));
  }
  AQ_RETURN_IF_ERROR(opened->ReplaceProjections(std::move(next)));
  report->people = engine::CountOf(*opened->NewSnapshot(), engine::kPeopleCount);
  AQ_RETURN_IF_ERROR(opened->ReadJournal(1, [&](store::Sequence, absl::string_view bytes) {
    journal::v1::Entry entry;
    if (entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) && entry.erased()) {
      ++report->erased;
    }
    return true;
  }));
  return opened->FlushProjections();
}

}  // namespace

absl::StatusOr<RestoreReport> RestoreOffline(const RestoreOptions& options,
                                             const RestoreProgress& progress) {
  AQ_RETURN_IF_ERROR(CheckDataDirectory(options.backup));
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(options.directory, ignored))) {
    return absl::AlreadyExistsError(absl::StrCat(options.directory, " exists already"));
  }
  // A directory that is there is one that can be served.
  auto remove = absl::MakeCleanup([&] {
    std::error_code best_effort;
    fs::remove_all(options.directory, best_effort);
  });
  RestoreReport report;
  AQ_RETURN_IF_ERROR(CopyBackup(options.backup, options.directory));
  AQ_RETURN_IF_ERROR(AuditCopy(options, progress, &report));
  AQ_RETURN_IF_ERROR(ComputeProjections(options, progress, &report));
  AQ_RETURN_IF_ERROR(SyncFileSystemOf(options.directory));
  std::move(remove).Cancel();
  return report;
}

}  // namespace anqiao::ctl
