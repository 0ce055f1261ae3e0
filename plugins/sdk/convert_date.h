// Dates in the agencies' spellings. Pure.

#ifndef ANQIAO_PLUGINS_SDK_CONVERT_DATE_H_
#define ANQIAO_PLUGINS_SDK_CONVERT_DATE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/sdk/fault.h"

namespace anqiao::sdk {

// "text" as YYYY-MM-DD or YYYY-MM. VALUE_INVALID: no spelling of a date; DATE_IMPOSSIBLE: there is
// no such day.
Fault ConvertDate(std::string_view text, std::string& out);

// The day number of a spreadsheet as YYYY-MM-DD: 1 is 1900-01-01, and 60 is the 29 February 1900
// that spreadsheets have and the calendar has not. DATE_IMPOSSIBLE: 0, 60, or after 9999-12-31.
Fault ConvertDayNumber(std::int64_t number, std::string& out);

// The same for one that is written in digits; VALUE_INVALID unless there are five.
Fault ConvertDayNumber(std::string_view text, std::string& out);

// "date", which is YYYY-MM-DD or YYYY-MM, without its hyphens.
std::string CompactDate(std::string_view date);

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_CONVERT_DATE_H_
