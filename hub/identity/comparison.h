// How two records agree, attribute by attribute, as one of a few levels. What a level is worth is
// the model's business (model.h).
//
// Pure.

#ifndef ANQIAO_HUB_IDENTITY_COMPARISON_H_
#define ANQIAO_HUB_IDENTITY_COMPARISON_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "hub/identity/attributes.h"

namespace anqiao::identity {

// From the best to the worst; each kind of attribute uses some of them (LevelsOf).
enum class Level : std::uint8_t {
  kMissing,           // one side has no value, or the two say nothing of each other
  kExact,             // the same
  kUnknownCharacter,  // the same but for characters that one side could not write
  kSameReading,       // sounds the same
  kOtherColumn,       // the same value in the column beside it
  kOneEdit,           // one character more, less or other, two swapped, or all in another order
  kClose,             // texts: two edits or very similar; dates: the month, or all but the year or
                      // month; divisions: the city; Han names: all but one character; Han
                      // addresses: the building
  kSimilar,           // texts: similar; dates: the year; ids: the birth date; divisions: the
                      // province; Han names: the surname; Han addresses: the road
  kDifferent,
};
inline constexpr std::size_t kLevels = 9;

// "MISSING", "EXACT", ... as in model files and explanations.
absl::string_view LevelName(Level level);
std::optional<Level> ParseLevel(absl::string_view name);
// The levels that a comparison of this kind can give, kMissing left out.
const std::vector<Level>& LevelsOf(AttributeKind kind);

struct Comparison {
  std::array<Level, kAttributesMax> levels{};  // in the order of the schema
  // Both sides hold a national id with a right check digit, and not the same one.
  bool conflicting_ids = false;

  friend bool operator==(const Comparison&, const Comparison&) = default;
};

// Symmetric. Requires: profiles of this schema.
Comparison Compare(const Places& places, const Profile& a, const Profile& b);
Comparison Compare(const Schema& schema, const Profile& a, const Profile& b);

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_COMPARISON_H_
