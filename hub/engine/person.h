// People as readers see them: whoever an id names now, with all that is attached to the ids that
// they were known by.

#ifndef ANQIAO_HUB_ENGINE_PERSON_H_
#define ANQIAO_HUB_ENGINE_PERSON_H_

#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// False for an id that was merged into another: its document is no person's.
inline bool IsPerson(const journal::v1::PersonDocument& document) {
  return document.merged_into().empty();
}
// Adds to a person's own document what is attached to their former ids, in the order it was made.
absl::Status AddAttached(const store::Snapshot& snapshot, journal::v1::PersonDocument* person);
// Whoever "id" names now; nullopt: there is nobody.
absl::StatusOr<std::optional<journal::v1::PersonDocument>> ReadPerson(
    const store::Snapshot& snapshot, const std::string& id);
// The id that "id" leads to: itself if it names a person, or nobody.
absl::StatusOr<std::string> CurrentId(const store::Snapshot& snapshot, const std::string& id);
// All ids of a person, sorted.
std::set<std::string> IdsOf(const journal::v1::PersonDocument& person);
// True if both ids lead to one person.
absl::StatusOr<bool> SamePerson(const store::Snapshot& snapshot, const std::string& a,
                                const std::string& b);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_PERSON_H_
