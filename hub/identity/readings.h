// How names are spelled and read, so that two spellings of one name can meet.
//
//   FoldVariants("張偉");        // "张伟"
//   NameReadings("單立人");      // {"shan li ren"}
//   NameReadings("覃勇");        // {"qin yong", "tan yong"}
//   SurnameBytes("欧阳娜娜");    // 6
//
// Names are taken as model::NormalizeName leaves them; text that is not UTF-8 counts as U+FFFD
// where it breaks. Pure, and look-ups in tables only: made for millions of names. Where the tables
// come from: readings_generate.py, surnames.txt, private_use.txt.

#ifndef ANQIAO_HUB_IDENTITY_READINGS_H_
#define ANQIAO_HUB_IDENTITY_READINGS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace anqiao::identity {

// Each character as its form in common use: traditional as simplified, other spellings (峯) as the
// standard one (峰), private-use code points of GBK and older GB 18030 as today's, radicals (⻢) as
// the character (马). Many to one, for comparing only: 后 and 後 become equal. Two characters of
// the standard table (通用规范汉字表) stay two (乾 and 干), but for second simplified forms (锺 as
// 钟). Folding twice changes nothing.
std::string FoldVariants(absl::string_view name);

// How the name is read: pinyin without tones, ü as v, a space between. The surname is read as one
// (单 shan), unless the name has a dot: such names have none of these. One answer, two where the
// surname has two readings, none for an empty name; the more usual first. Equal for equal
// FoldVariants.
//
// Dots are dropped. ASCII stands as itself in lower case, a run of it as one word. An unknown
// character (model::IsUnknownCharacter) stands as "?", one without a reading as itself. Given names
// whose characters have several readings get the usual one.
std::vector<std::string> NameReadings(absl::string_view name);

// Bytes of the surname at the front of "name"; its reading is NameReadings of those. A known
// surname of two characters if another character follows (欧阳 alone is 欧, named 阳), else the
// first character. Where there is no telling, what is likely the same in other records: of a name
// with a dot the part before it, of a name in ASCII letters the run of them. 0 if that is empty.
std::size_t SurnameBytes(absl::string_view name);

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_READINGS_H_
