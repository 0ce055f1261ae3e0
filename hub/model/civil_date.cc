#include "hub/model/civil_date.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace anqiao::model {
namespace {

bool IsLeap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int DaysInMonth(int year, int month) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[month - 1];
}

// "digits" as a number, or -1 if anything else is in it.
int Number(absl::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

// Division that rounds down, for negative months too.
int FloorDiv(int a, int b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

std::optional<CivilDate> CivilDate::Parse(absl::string_view text) {
  if (text.size() != 4 && text.size() != 7 && text.size() != 10) return std::nullopt;
  CivilDate date;
  date.year = Number(text.substr(0, 4));
  if (date.year < 1) return std::nullopt;
  if (text.size() >= 7) {
    date.month = Number(text.substr(5, 2));
    if (text[4] != '-' || date.month < 1 || date.month > 12) return std::nullopt;
  }
  if (text.size() == 10) {
    date.day = Number(text.substr(8, 2));
    if (text[7] != '-' || date.day < 1 || date.day > DaysInMonth(date.year, date.month)) {
      return std::nullopt;
    }
  }
  return date;
}

CivilDate CivilDate::At(absl::Time instant) {
  const absl::CivilDay day = absl::ToCivilDay(instant, absl::FixedTimeZone(8 * 60 * 60));
  return {static_cast<int>(day.year()), day.month(), day.day()};
}

CivilDate CivilDate::FromProto(const type::v1::CivilDate& proto) {
  return {proto.year(), proto.month(), proto.day()};
}

type::v1::CivilDate CivilDate::ToProto() const {
  type::v1::CivilDate proto;
  proto.set_year(year);
  proto.set_month(month);
  proto.set_day(day);
  return proto;
}

std::string CivilDate::ToString() const {
  if (empty()) return "";
  if (month == 0) return absl::StrFormat("%04d", year);
  if (day == 0) return absl::StrFormat("%04d-%02d", year, month);
  return absl::StrFormat("%04d-%02d-%02d", year, month, day);
}

CivilDate CivilDate::FirstDay() const {
  if (empty()) return {};
  return {year, month == 0 ? 1 : month, day == 0 ? 1 : day};
}

CivilDate CivilDate::LastDay() const {
  if (empty()) return {};
  const int last_month = month == 0 ? 12 : month;
  return {year, last_month, day == 0 ? DaysInMonth(year, last_month) : day};
}

// Days of the proleptic Gregorian calendar: years begin in March, so that the leap day is the last.
long CivilDate::DayNumber() const {
  const long shifted_year = month <= 2 ? year - 1 : year;
  const long era = (shifted_year >= 0 ? shifted_year : shifted_year - 399) / 400;
  const long year_of_era = shifted_year - era * 400;
  const long day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const long day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilDate CivilDate::FromDayNumber(long days) {
  const long shifted = days + 719468;
  const long era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const long day_of_era = shifted - era * 146097;
  const long year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const long shifted_month = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {static_cast<int>(year_of_era + era * 400 + (month <= 2 ? 1 : 0)), month, day};
}

CivilDate CivilDate::AddDays(long days) const { return FromDayNumber(DayNumber() + days); }

CivilDate CivilDate::AddMonths(int months) const {
  if (empty()) return {};
  const int index = year * 12 + (month == 0 ? 0 : month - 1) + months;
  CivilDate moved = {FloorDiv(index, 12), 0, 0};
  if (month == 0) return moved;
  moved.month = index - moved.year * 12 + 1;
  if (day != 0) moved.day = std::min(day, DaysInMonth(moved.year, moved.month));
  return moved;
}

int WholeMonthsBetween(const CivilDate& from, const CivilDate& to) {
  const CivilDate first = from.FirstDay();
  const CivilDate last = to.FirstDay();
  const int months = (last.year - first.year) * 12 + last.month - first.month;
  return last < first.AddMonths(months) ? months - 1 : months;
}

int AgeOn(const CivilDate& birth, const CivilDate& on) {
  return FloorDiv(WholeMonthsBetween(birth, on), 12);
}

}  // namespace anqiao::model
