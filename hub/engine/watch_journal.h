// Whom entries of the journal touched, for a watch that has not followed the projector all along.

#ifndef ANQIAO_HUB_ENGINE_WATCH_JOURNAL_H_
#define ANQIAO_HUB_ENGINE_WATCH_JOURNAL_H_

#include "absl/status/statusor.h"
#include "hub/engine/projection.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// Of the entries from "first" to "last", which "projections" have: at least whom the projector
// would have named. DATA_LOSS: an entry cannot be read.
absl::StatusOr<Touches> TouchesOfEntries(const store::Store& journal,
                                         const store::Snapshot& projections, store::Sequence first,
                                         store::Sequence last);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_WATCH_JOURNAL_H_
