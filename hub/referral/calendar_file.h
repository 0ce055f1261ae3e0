// Reads a calendar of working days (hub/policies/calendars/<name>.yaml, hub/doc/policies.md).
//
// Pure.

#ifndef ANQIAO_HUB_REFERRAL_CALENDAR_FILE_H_
#define ANQIAO_HUB_REFERRAL_CALENDAR_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "hub/model/working_calendar.h"

namespace anqiao::referral {

struct Calendar {
  std::string name;     // such as "cn"
  std::string content;  // bytes of the file, for storing by hash
  std::string hash;     // SHA-256 of content, hexadecimal
  model::WorkingCalendar days;
};

// INVALID_ARGUMENT (CATALOGUE_INVALID): an unknown, missing or repeated key, a year that is missing
// between from and to, a day outside its year or given twice, a working day on a weekday, a failing
// test; the message begins with file:line:column.
absl::StatusOr<Calendar> ParseCalendar(const std::string& file, const std::string& content);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_CALENDAR_FILE_H_
