#include "hub/store/rocks_status.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"

namespace anqiao::store {

absl::Status FromRocks(const rocksdb::Status& status, absl::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  if (status.IsNotFound()) return absl::NotFoundError(absl::StrCat(doing, ": not found"));
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit) {
    return Error(absl::StatusCode::kResourceExhausted, reason::kStorageFull,
                 absl::StrCat(doing, ": the disk is full; free space and try again"));
  }
  const std::string text = status.ToString();
  if (status.IsIOError() && absl::StrContains(text, "/LOCK")) {
    return absl::UnavailableError(absl::StrCat(
        doing, ": another process has the directory open; stop it first, or open read-only"));
  }
  if (status.IsBusy() || status.IsTryAgain()) {
    return absl::UnavailableError(absl::StrCat(doing, ": ", text));
  }
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost, absl::StrCat(doing, ": ", text));
}

}  // namespace anqiao::store
