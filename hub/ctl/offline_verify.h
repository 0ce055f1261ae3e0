// Rebuilds the projections of a data directory that no hub has open, and compares.

#ifndef ANQIAO_HUB_CTL_OFFLINE_VERIFY_H_
#define ANQIAO_HUB_CTL_OFFLINE_VERIFY_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "anqiao/hub/v1/operations.pb.h"
#include "hub/ctl/sealed_directory.h"

namespace anqiao::ctl {

// Compares as of the entry that the projections on disk have reached. FAILED_PRECONDITION: entries,
// but no projections on disk; or the keys are others. DATA_LOSS: the journal is damaged. Otherwise
// OpenSealedDirectory's errors.
absl::StatusOr<hub::v1::VerifyResult> VerifyOffline(
    const std::string& directory, const SealFiles& files,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_OFFLINE_VERIFY_H_
