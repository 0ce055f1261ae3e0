// What the entitlement watch keeps of a person, for the projections and for the watch. Pure.

#ifndef ANQIAO_HUB_ENGINE_WATCH_NOTES_H_
#define ANQIAO_HUB_ENGINE_WATCH_NOTES_H_

#include <cstdint>
#include <optional>

#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/state.pb.h"

namespace anqiao::engine {

// Whether an answer may lead to something: others are not kept.
bool IsKept(const journal::v1::NotedAnswer& answer);
// The day, counted from 1970-01-01, on which the person is looked at again although nothing
// happens; nullopt: none.
std::optional<std::uint64_t> NextLook(const journal::v1::EntitlementNotes& notes);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_WATCH_NOTES_H_
