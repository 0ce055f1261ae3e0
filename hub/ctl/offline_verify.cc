#include "hub/ctl/offline_verify.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine.h"
#include "hub/store/store.h"

namespace anqiao::ctl {

absl::StatusOr<hub::v1::VerifyResult> VerifyOffline(
    const std::string& directory, const SealFiles& files,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> opened,
                      OpenSealedDirectory(directory, files, true));
  // Projections are not synced: a hub that is running may not have written any of them out yet, and
  // to compare nothing would look like success.
  if (opened->applied_sequence() == 0 && opened->synced_sequence() > 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory,
                     " has no projections on disk to compare; if a hub is running there, verify "
                     "without --data, else start it once"));
  }
  AQ_ASSIGN_OR_RETURN(
      const engine::VerifyReport report,
      engine::VerifyProjections(*opened, [&](store::Sequence done, store::Sequence total) {
        progress(done, total);
        return true;
      }));
  hub::v1::VerifyResult result;
  result.set_equal(report.equal);
  result.set_key_count(report.keys);
  result.set_live_hash(report.live_hash);
  result.set_rebuilt_hash(report.rebuilt_hash);
  for (const std::string& difference : report.differences) result.add_differences(difference);
  return result;
}

}  // namespace anqiao::ctl
