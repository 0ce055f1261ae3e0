// Administrative divisions: province, city and county (6 digits, GB/T 2260), street (9, GB/T
// 10114), community (12, statistical codes).
//
//   ResolveDivision("421202003010");   // "421202003010"
//   ResolveDivision("永安街道凤凰社区");  // "421202003010"
//   DivisionTitle("421202003010");     // "咸安区永安街道凤凰社区"
//
// Pure and thread-safe. The rows that are known are those of divisions_data.cc; below a known row a
// code is taken on trust where no rows of that level are known.

#ifndef ANQIAO_HUB_MODEL_DIVISIONS_H_
#define ANQIAO_HUB_MODEL_DIVISIONS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace anqiao::model {

// The code that "text" means, 6, 9 or 12 digits: a code, also an abolished one of the county (its
// successor is returned) or one padded with zeros (it is returned at its own level), or a name or
// path of names that only one division has. Counties of other provinces and codes whose digits 5
// and 6 lie between 91 and 99 (made up: never assigned) are accepted as they are. nullopt:
// unknown.
std::optional<std::string> ResolveDivision(absl::string_view text);

// What a normalized code is called, from the county down; empty if "code" is unknown. Of codes that
// are only known from above, what is known; of made-up codes "made-up division".
std::string DivisionTitle(absl::string_view code);

}  // namespace anqiao::model

#endif  // ANQIAO_HUB_MODEL_DIVISIONS_H_
