// What every store asks of a group before it takes it.

#ifndef ANQIAO_HUB_STORE_GROUP_LIMITS_H_
#define ANQIAO_HUB_STORE_GROUP_LIMITS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "hub/store/store.h"

namespace anqiao::store {

// Bytes of entries and blobs of one group.
inline constexpr std::size_t kGroupBytesMax = std::size_t{64} << 20;

// INVALID_ARGUMENT: "group" has no entry, or is over kGroupBytesMax.
absl::Status CheckGroup(const AppendGroup& group);

// FAILED_PRECONDITION (WRITER_FENCED): "epoch" is not "current", or there is no writer yet.
absl::Status CheckEpoch(Epoch epoch, Epoch current);

// INVALID_ARGUMENT: "sequence" is behind "applied".
absl::Status CheckApply(Sequence sequence, Sequence applied);

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_GROUP_LIMITS_H_
