// How far apart two texts are, in characters. For names and codes of at most kTextCharactersMax
// characters; what is longer is compared by its beginning.
//
// Pure.

#ifndef ANQIAO_HUB_IDENTITY_TEXT_DISTANCE_H_
#define ANQIAO_HUB_IDENTITY_TEXT_DISTANCE_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/strings/string_view.h"

namespace anqiao::identity {

inline constexpr std::size_t kTextCharactersMax = 64;

// The characters of UTF-8 text, at most kTextCharactersMax; U+FFFD where it is not UTF-8.
std::u32string Characters(absl::string_view text);
// The same in "buffer", of which the result is a view.
using CharacterBuffer = std::array<char32_t, kTextCharactersMax>;
std::u32string_view Characters(absl::string_view text, CharacterBuffer& buffer);

std::string Utf8(char32_t character);

// Insertions, deletions, substitutions and swaps of neighbours that lead from one to the other, no
// part being changed twice ("optimal string alignment"); limit + 1 if there are more than "limit".
std::size_t EditDistance(std::u32string_view a, std::u32string_view b, std::size_t limit);

// 0 (nothing in common) to 1 (equal); a common beginning of up to four characters counts extra by
// 0.1 each. Winkler, "String Comparator Metrics and Enhanced Decision Rules in the Fellegi-Sunter
// Model of Record Linkage" (1990).
double JaroWinkler(std::u32string_view a, std::u32string_view b);

// True if both have the same characters in any order.
bool SameCharacters(std::u32string_view a, std::u32string_view b);

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_TEXT_DISTANCE_H_
