// Numbers that carry a check character: the citizen identity number (GB 11643-1999) and the unified
// social credit code (GB 32100-2015).
//
//   AQ_ASSIGN_OR_RETURN(IdNumber id, ParseIdNumber("421299 19850315 002６"));
//   id.value;  // "421299198503150026"
//
// Pure. Errors never hold the number. The division prefix is not judged: it names where the number
// was given out, often long ago, and not where anybody lives.

#ifndef ANQIAO_HUB_MODEL_IDENTIFIERS_H_
#define ANQIAO_HUB_MODEL_IDENTIFIERS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/model/civil_date.h"

namespace anqiao::model {

struct IdNumber {
  std::string value;  // 18 characters
  CivilDate birth_date;
  char sex = '0';  // GB/T 2261.1: '1' male, '2' female
};

// Takes what people and spreadsheets make of a number: full-width digits, spaces, a leading
// apostrophe, a small x, the old form of 15 digits. INVALID_ARGUMENT with the reason
//   VALUE_INVALID: not 15 or 18 characters of a number, or cut short by a spreadsheet (an exponent,
//                  or the last three digits lost to 000);
//   CHECK_DIGIT_WRONG: the check character does not fit;
//   DATE_IMPOSSIBLE: no such day of birth.
absl::StatusOr<IdNumber> ParseIdNumber(absl::string_view text);

// The check character that belongs to the first 17 digits. Requires: 17 digits.
char IdNumberCheckCharacter(absl::string_view first_17);

// The code in capitals, 18 characters. INVALID_ARGUMENT with VALUE_INVALID or CHECK_DIGIT_WRONG.
absl::StatusOr<std::string> ParseCreditCode(absl::string_view text);

// The check character that belongs to the first 17. Requires: 17 characters of the code's alphabet.
char CreditCodeCheckCharacter(absl::string_view first_17);

}  // namespace anqiao::model

#endif  // ANQIAO_HUB_MODEL_IDENTIFIERS_H_
