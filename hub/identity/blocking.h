// Which records are worth comparing: those that share a key. A key is made of parts of one or more
// attributes; a record without one of the parts does not have the key.
//
// Pure.

#ifndef ANQIAO_HUB_IDENTITY_BLOCKING_H_
#define ANQIAO_HUB_IDENTITY_BLOCKING_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "hub/identity/attributes.h"

namespace anqiao::identity {

enum class KeyPartKind {
  kValue,
  kBeginning,       // the first three characters
  kReading,         // how a Han name sounds; another as it is
  kAnyReading,      // the same of the further names too
  kSurnameReading,  // how its surname sounds; of another its last word
  kYear,            // of a date
  kProvince,        // of a division
  kFirst14,         // of a national id: where and when registered as born
  kFrom7,           // of a national id: all but the division; of one that is not whole, all
  kWithoutBirth,    // of a national id: all but the birth date
};
// "value", "beginning", "reading", "any_reading", "surname_reading", "year", "province",
// "first_14", "from_7", "without_birth".
absl::string_view KeyPartName(KeyPartKind kind);
std::optional<KeyPartKind> ParseKeyPart(absl::string_view name);

struct KeyPart {
  std::size_t attribute = 0;  // place in the schema
  KeyPartKind kind = KeyPartKind::kValue;
};

inline constexpr std::size_t kRecordsPerKeyMax = 1'000;
inline constexpr std::size_t kRecipesMax = 200;

struct KeyRecipe {
  std::vector<KeyPart> parts;
  // A key that more records share is not used at all: neither by which of them came first, nor by
  // how many more there are. So it depends on the records alone, not on their order.
  std::size_t records_max = 50;
};

// What the keys of a record are made of, to be hashed: at most kKeysPerRecipeMax of each recipe,
// sorted, each once, with the number of the recipe.
struct KeyMaterial {
  std::size_t recipe = 0;
  std::string bytes;
};
inline constexpr std::size_t kKeysPerRecipeMax = 8;
std::vector<KeyMaterial> MakeKeys(const std::vector<KeyRecipe>& recipes, const Profile& profile);
// Calls "visit" with each of them, in their order, without a copy.
void VisitKeys(const std::vector<KeyRecipe>& recipes, const Profile& profile,
               absl::FunctionRef<void(std::size_t recipe, absl::string_view bytes)> visit);

// The recipes for a schema that nobody wrote recipes for: those of Chinese registers if it has a
// whole name, and each value and all pairs of beginnings if it has not.
std::vector<KeyRecipe> DefaultRecipes(const Schema& schema);

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_BLOCKING_H_
