#include "hub/store/store.h"

#include "hub/base/errors.h"
#include "hub/store/entry_proof.h"

namespace anqiao::store {

absl::StatusOr<EntryProof> Store::ProveEntry(Sequence sequence, absl::Time now) const {
  return Error(absl::StatusCode::kNotFound, reason::kLogNotFound, "the store keeps no logs");
}

}  // namespace anqiao::store
