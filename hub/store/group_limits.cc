#include "hub/store/group_limits.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"

namespace anqiao::store {

absl::Status CheckGroup(const AppendGroup& group) {
  if (group.entries.empty()) return absl::InvalidArgumentError("a group needs at least one entry");
  if (!group.headers.empty() && group.headers.size() != group.entries.size()) {
    return absl::InvalidArgumentError("a group needs a header for each entry, or none at all");
  }
  std::size_t bytes = 0;
  for (const std::string& entry : group.entries) bytes += entry.size();
  for (const Blob& blob : group.blobs) bytes += blob.name.size() + blob.bytes.size();
  if (bytes > kGroupBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a group holds at most ", kGroupBytesMax, " bytes, got ", bytes));
  }
  return absl::OkStatus();
}

absl::Status CheckEpoch(Epoch epoch, Epoch current) {
  if (epoch != 0 && epoch == current) return absl::OkStatus();
  return Error(
      absl::StatusCode::kFailedPrecondition, reason::kWriterFenced,
      absl::StrCat("writer ", epoch, " does not hold the lease; the current writer is ", current));
}

absl::Status CheckApply(Sequence sequence, Sequence applied) {
  if (sequence >= applied) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the projections are at ", applied, " and cannot go back to ", sequence));
}

}  // namespace anqiao::store
