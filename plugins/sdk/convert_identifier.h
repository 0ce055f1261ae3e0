// Numbers of people, organisations, places and phones: brought to one spelling, not judged (the hub
// does that). Pure.

#ifndef ANQIAO_PLUGINS_SDK_CONVERT_IDENTIFIER_H_
#define ANQIAO_PLUGINS_SDK_CONVERT_IDENTIFIER_H_

#include <string>
#include <string_view>

#include "plugins/sdk/fault.h"

namespace anqiao::sdk {

// As written, full-width characters folded, without blanks and a leading apostrophe. VALUE_INVALID:
// a spreadsheet made a floating-point number of it (4.21299E+17), so its end is lost.
Fault ConvertCitizenId(std::string_view text, std::string& out);

// Folded, without blanks, in capitals. VALUE_INVALID: not 18 characters of GB 32100's alphabet, or
// the division in the third to eighth is not in digits.
Fault ConvertCreditCode(std::string_view text, std::string& out);

// A code of 6, 9 or 12 digits, folded, or a name as written. VALUE_INVALID: another number of
// digits, or a number with a fraction or an exponent.
Fault ConvertDivision(std::string_view text, std::string& out);

// 7 to 12 digits: folded, without blanks, hyphens, dots and brackets, and without 86, +86 or 0086
// before a mobile number of 11 digits. VALUE_INVALID: anything else, extensions too.
Fault ConvertPhone(std::string_view text, std::string& out);

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_CONVERT_IDENTIFIER_H_
