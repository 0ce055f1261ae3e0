// Working days: Monday to Friday, but for the days off and the make-up working days that are
// announced year by year (hub/policies/calendars).
//
//   calendar.AddWorkingDays(CivilDate::Of(2026, 2, 13), 2).date;  // 2026-02-24
//
// Plain values; immutable, so thread-safe.

#ifndef ANQIAO_HUB_MODEL_WORKING_CALENDAR_H_
#define ANQIAO_HUB_MODEL_WORKING_CALENDAR_H_

#include <set>
#include <utility>

#include "absl/time/time.h"
#include "hub/model/civil_date.h"

namespace anqiao::model {

// A day that was counted to.
struct CountedDay {
  CivilDate date;
  // The calendar does not reach there: from its end on it was counted from Monday to Friday.
  bool beyond = false;
  // A year that was counted through is one that nobody has checked against its source.
  bool unverified = false;
};

class WorkingCalendar {
 public:
  struct Days {
    CivilDate from, to;        // that are known, both included
    std::set<long> off;        // weekdays off, by day number
    std::set<long> working;    // weekend days on which people work
    std::set<int> unverified;  // years
  };

  // Knows no day: everything is beyond.
  WorkingCalendar() = default;
  explicit WorkingCalendar(Days days) : days_(std::move(days)) {}

  // Requires: a day.
  bool IsWorkingDay(const CivilDate& date) const;
  bool Knows(const CivilDate& date) const;
  // The "count"th working day after "from", which is itself not counted (民法典 第二百零一条);
  // "from" for 0. Requires: a day; 0 <= count <= 10,000.
  CountedDay AddWorkingDays(const CivilDate& from, int count) const;
  // Working days after "from" up to "to", which is counted. 0 if "to" is not later.
  int WorkingDaysBetween(const CivilDate& from, const CivilDate& to) const;

 private:
  Days days_;
};

// The instant at which "date" begins in China (UTC+8). Requires: a day.
absl::Time BeginningOf(const CivilDate& date);
// The end of "date": a period ends with its last day (民法典 第二百零三条).
inline absl::Time EndOf(const CivilDate& date) { return BeginningOf(date.AddDays(1)); }

}  // namespace anqiao::model

#endif  // ANQIAO_HUB_MODEL_WORKING_CALENDAR_H_
