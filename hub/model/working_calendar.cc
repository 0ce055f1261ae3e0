#include "hub/model/working_calendar.h"

namespace anqiao::model {
namespace {

constexpr long kSecondsPerDay = 86'400;
constexpr long kChinaSeconds = 8L * 3600;

// 1970-01-01 was a Thursday.
bool IsWeekend(long day) {
  const long since_monday = ((day + 3) % 7 + 7) % 7;
  return since_monday >= 5;
}

}  // namespace

bool WorkingCalendar::Knows(const CivilDate& date) const {
  return !days_.from.empty() && days_.from <= date && date <= days_.to;
}

bool WorkingCalendar::IsWorkingDay(const CivilDate& date) const {
  const long day = date.DayNumber();
  if (IsWeekend(day)) return days_.working.contains(day);
  return !days_.off.contains(day);
}

CountedDay WorkingCalendar::AddWorkingDays(const CivilDate& from, int count) const {
  CountedDay counted{.date = from};
  while (count > 0) {
    counted.date = counted.date.AddDays(1);
    if (!Knows(counted.date)) counted.beyond = true;
    if (days_.unverified.contains(counted.date.year)) counted.unverified = true;
    if (IsWorkingDay(counted.date)) --count;
  }
  return counted;
}

int WorkingCalendar::WorkingDaysBetween(const CivilDate& from, const CivilDate& to) const {
  int count = 0;
  for (CivilDate day = from; day < to;) {
    day = day.AddDays(1);
    if (IsWorkingDay(day)) ++count;
  }
  return count;
}

absl::Time BeginningOf(const CivilDate& date) {
  return absl::FromUnixSeconds(date.DayNumber() * kSecondsPerDay - kChinaSeconds);
}

}  // namespace anqiao::model
