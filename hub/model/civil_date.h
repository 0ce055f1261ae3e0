// A calendar date with its precision: day, month or year.
//
//   CivilDate d = CivilDate::Of(2026, 3, 15);
//   d.AddMonths(6).ToString();  // "2026-09-15"
//
// Plain values; no time zone, no clock. Comparison: an unknown month or day sorts as the first.

#ifndef ANQIAO_HUB_MODEL_CIVIL_DATE_H_
#define ANQIAO_HUB_MODEL_CIVIL_DATE_H_

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "anqiao/type/v1/civil_date.pb.h"

namespace anqiao::model {

struct CivilDate {
  int year = 0;   // 0: no date.
  int month = 0;  // 0: only the year is known.
  int day = 0;    // 0: only the month is known.

  // Requires: a date that exists.
  static CivilDate Of(int year, int month = 0, int day = 0) { return {year, month, day}; }
  // "YYYY-MM-DD", "YYYY-MM" or "YYYY"; nullopt if "text" is anything else or no such day exists (1
  // to 9999).
  static std::optional<CivilDate> Parse(absl::string_view text);
  // The day in China (UTC+8) at "instant".
  static CivilDate At(absl::Time instant);
  static CivilDate FromProto(const type::v1::CivilDate& proto);
  type::v1::CivilDate ToProto() const;
  std::string ToString() const;

  bool empty() const { return year == 0; }
  bool has_day() const { return day != 0; }
  // The first and the last day that this date may mean.
  CivilDate FirstDay() const;
  CivilDate LastDay() const;
  // Requires: a day. Days count from 1970-01-01.
  long DayNumber() const;
  static CivilDate FromDayNumber(long days);
  CivilDate AddDays(long days) const;
  // The corresponding day, or the last of the month where there is none (民法典 第二百零二条).
  // Keeps the precision.
  CivilDate AddMonths(int months) const;
  CivilDate AddYears(int years) const { return AddMonths(12 * years); }

  friend bool operator==(const CivilDate&, const CivilDate&) = default;
  friend bool operator<(const CivilDate& a, const CivilDate& b) { return a.Rank() < b.Rank(); }
  friend bool operator>(const CivilDate& a, const CivilDate& b) { return b < a; }
  friend bool operator<=(const CivilDate& a, const CivilDate& b) { return !(b < a); }
  friend bool operator>=(const CivilDate& a, const CivilDate& b) { return !(a < b); }

 private:
  // Grows with the first day that it may mean.
  int Rank() const { return year * 512 + std::max(month, 1) * 32 + std::max(day, 1); }
};

// Whole months from "from" to "to": the greatest n with from.AddMonths(n) <= to. Negative if "to"
// is earlier.
int WholeMonthsBetween(const CivilDate& from, const CivilDate& to);
// Age in whole years on "on".
int AgeOn(const CivilDate& birth, const CivilDate& on);

}  // namespace anqiao::model

#endif  // ANQIAO_HUB_MODEL_CIVIL_DATE_H_
