// From a journal of format version 1, which sealed nothing, to one that seals: entry for entry, so
// that every name made from a position stays. The projections are then computed from it.

#ifndef ANQIAO_HUB_ENGINE_UPGRADE_H_
#define ANQIAO_HUB_ENGINE_UPGRADE_H_

#include <functional>

#include "absl/status/status.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// Writes the journal of "old" into "sealed", which must be empty. "progress" (done, total) may be
// null. FAILED_PRECONDITION: "sealed" has entries. DATA_LOSS: an entry of "old" cannot be read.
// CANCELLED: "progress" returned false.
absl::Status UpgradeJournal(const store::Store& old, store::Store* sealed,
                            const std::function<bool(store::Sequence, store::Sequence)>& progress);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_UPGRADE_H_
