#include "hub/store/directories.h"

#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/store/rocks_status.h"

namespace anqiao::store {

std::string DirectoryOf(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  return directory.empty() ? "." : directory;
}

absl::Status SyncDirectory(rocksdb::FileSystem& files, const std::string& directory) {
  std::unique_ptr<rocksdb::FSDirectory> opened;
  AQ_RETURN_IF_ERROR(FromRocks(files.NewDirectory(directory, {}, &opened, nullptr),
                               "opening a directory of the store"));
  return FromRocks(opened->Fsync({}, nullptr), "syncing a directory of the store");
}

absl::Status MakeDirectories(rocksdb::FileSystem& files, const std::string& directory) {
  if (files.FileExists(directory, {}, nullptr).ok()) {
    // A process that was killed may have made it without syncing. An operator who made it below a
    // directory that the hub may not read has to have synced it.
    std::unique_ptr<rocksdb::FSDirectory> above;
    if (!files.NewDirectory(DirectoryOf(directory), {}, &above, nullptr).ok()) {
      return absl::OkStatus();
    }
    return FromRocks(above->Fsync({}, nullptr), "syncing the directory above the store");
  }
  const std::string above = DirectoryOf(directory);
  if (above != directory) AQ_RETURN_IF_ERROR(MakeDirectories(files, above));
  const rocksdb::IOStatus made = files.CreateDirIfMissing(directory, {}, nullptr);
  if (made.IsNoSpace()) return FromRocks(made, "making the store's directory");
  if (!made.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store's directory could not be made: ", made.ToString()));
  }
  return SyncDirectory(files, above);
}

}  // namespace anqiao::store
