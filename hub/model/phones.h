// Phone numbers as people write them, to E.164. Over libphonenumber, with China as the default
// region.
//
// Pure and thread-safe.

#ifndef ANQIAO_HUB_MODEL_PHONES_H_
#define ANQIAO_HUB_MODEL_PHONES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace anqiao::model {

struct Phones {
  std::vector<std::string> numbers;  // E.164, in the order written, each once
  // Some part of the text is not a possible number.
  bool incomplete = false;
};

// One number, or several separated by "/", ",", ";" or "、" (at most 4; more are incomplete).
Phones ParsePhones(absl::string_view text);

}  // namespace anqiao::model

#endif  // ANQIAO_HUB_MODEL_PHONES_H_
