// Names and other text as people and systems write them, brought to one form.
//
//   NormalizeName("阿依古丽 • 买买提");  // "阿依古丽·买买提"
//   NamesCompatible("王?", "王㛃");      // true: one side could not write a character
//
// Pure. Text that is not valid UTF-8 gives U+FFFD where it breaks.

#ifndef ANQIAO_HUB_MODEL_NAMES_H_
#define ANQIAO_HUB_MODEL_NAMES_H_

#include <string>

#include "absl/strings/string_view.h"

namespace anqiao::model {

// What NormalizeName leaves between the parts of a name.
inline constexpr char32_t kNameDot = 0x00B7;

bool IsValidUtf8(absl::string_view text);

// NFKC without white space, controls and invisible characters. For addresses and numbers.
std::string NormalizeText(absl::string_view text);

// NormalizeText, and every dot that stands between the parts of a name as kNameDot.
std::string NormalizeName(absl::string_view text);

// True if the character stands for one that could not be written: "?", "□", "〓", U+FFFD.
bool IsUnknownCharacter(char32_t character);

// True if some character of the normalized "name" is such a one.
bool HasUnknownCharacter(absl::string_view name);

// True if the normalized names are equal but for unknown characters, each of which stands for any
// one character ("??" also for one: a character of two bytes that was lost). At least one known
// character must agree.
bool NamesCompatible(absl::string_view a, absl::string_view b);

}  // namespace anqiao::model

#endif  // ANQIAO_HUB_MODEL_NAMES_H_
