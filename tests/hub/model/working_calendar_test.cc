#include "hub/model/working_calendar.h"

#include <gtest/gtest.h>

#include <random>

namespace anqiao::model {
namespace {

WorkingCalendar::Days Between(const CivilDate& from, const CivilDate& to) {
  WorkingCalendar::Days days;
  days.from = from;
  days.to = to;
  return days;
}

// Off on the first two days, a make-up day on Saturday the 10th; known: January 2026.
WorkingCalendar January() {
  WorkingCalendar::Days days = Between(CivilDate::Of(2026, 1, 1), CivilDate::Of(2026, 1, 31));
  days.off = {CivilDate::Of(2026, 1, 1).DayNumber(), CivilDate::Of(2026, 1, 2).DayNumber()};
  days.working = {CivilDate::Of(2026, 1, 10).DayNumber()};
  return WorkingCalendar(days);
}

TEST(WorkingCalendarTest, CountsFromMondayToFridayButForWhatIsListed) {
  const WorkingCalendar calendar = January();
  EXPECT_FALSE(calendar.IsWorkingDay(CivilDate::Of(2026, 1, 1)));   // Thursday, off
  EXPECT_FALSE(calendar.IsWorkingDay(CivilDate::Of(2026, 1, 3)));   // Saturday
  EXPECT_FALSE(calendar.IsWorkingDay(CivilDate::Of(2026, 1, 4)));   // Sunday
  EXPECT_TRUE(calendar.IsWorkingDay(CivilDate::Of(2026, 1, 5)));    // Monday
  EXPECT_TRUE(calendar.IsWorkingDay(CivilDate::Of(2026, 1, 10)));   // Saturday, working
  EXPECT_FALSE(calendar.IsWorkingDay(CivilDate::Of(2026, 1, 11)));  // Sunday
  EXPECT_EQ(calendar.AddWorkingDays(CivilDate::Of(2026, 1, 1), 1).date, CivilDate::Of(2026, 1, 5));
  EXPECT_EQ(calendar.AddWorkingDays(CivilDate::Of(2026, 1, 5), 0).date, CivilDate::Of(2026, 1, 5));
  EXPECT_EQ(calendar.AddWorkingDays(CivilDate::Of(2026, 1, 9), 1).date, CivilDate::Of(2026, 1, 10));
  EXPECT_EQ(calendar.AddWorkingDays(CivilDate::Of(2026, 1, 9), 2).date, CivilDate::Of(2026, 1, 12));
}

TEST(WorkingCalendarTest, SaysThatItEnds) {
  const WorkingCalendar calendar = January();
  EXPECT_FALSE(calendar.AddWorkingDays(CivilDate::Of(2026, 1, 29), 1).beyond);
  // The 31st is a Saturday, so the next working day is past the end.
  EXPECT_TRUE(calendar.AddWorkingDays(CivilDate::Of(2026, 1, 30), 1).beyond);
  EXPECT_EQ(calendar.AddWorkingDays(CivilDate::Of(2026, 1, 30), 1).date, CivilDate::Of(2026, 2, 2));
  EXPECT_TRUE(calendar.AddWorkingDays(CivilDate::Of(2025, 12, 30), 1).beyond);
  EXPECT_TRUE(WorkingCalendar().AddWorkingDays(CivilDate::Of(2026, 1, 5), 1).beyond);
}

TEST(WorkingCalendarTest, SaysThatAYearIsUnverified) {
  WorkingCalendar::Days days = Between(CivilDate::Of(2026, 1, 1), CivilDate::Of(2027, 12, 31));
  days.unverified = {2027};
  const WorkingCalendar calendar(days);
  EXPECT_FALSE(calendar.AddWorkingDays(CivilDate::Of(2026, 12, 30), 1).unverified);
  EXPECT_TRUE(calendar.AddWorkingDays(CivilDate::Of(2026, 12, 31), 1).unverified);
}

TEST(WorkingCalendarTest, ADayBeginsInChina) {
  EXPECT_EQ(BeginningOf(CivilDate::Of(2026, 3, 15)),
            absl::FromCivil(absl::CivilSecond(2026, 3, 14, 16), absl::UTCTimeZone()));
  EXPECT_EQ(CivilDate::At(BeginningOf(CivilDate::Of(2026, 3, 15))), CivilDate::Of(2026, 3, 15));
  EXPECT_EQ(EndOf(CivilDate::Of(2026, 3, 15)), BeginningOf(CivilDate::Of(2026, 3, 16)));
}

// A calendar with some hundred days moved about at random.
WorkingCalendar Random(std::mt19937& random) {
  WorkingCalendar::Days days = Between(CivilDate::Of(2025, 1, 1), CivilDate::Of(2026, 12, 31));
  const long first = days.from.DayNumber();
  const long last = days.to.DayNumber();
  const WorkingCalendar plain;
  for (int i = 0; i < 100; ++i) {
    const long day = std::uniform_int_distribution<long>(first, last)(random);
    (plain.IsWorkingDay(CivilDate::FromDayNumber(day)) ? days.off : days.working).insert(day);
  }
  return WorkingCalendar(days);
}

TEST(WorkingCalendarTest, AddingIsTheInverseOfCounting) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    const WorkingCalendar calendar = Random(random);
    const CivilDate from =
        CivilDate::Of(2024, 12, 1).AddDays(std::uniform_int_distribution<long>(0, 800)(random));
    const int count = std::uniform_int_distribution<int>(1, 60)(random);
    const CivilDate to = calendar.AddWorkingDays(from, count).date;
    // It ends on a working day, the count is what lies between, and the day before has one fewer.
    ASSERT_TRUE(calendar.IsWorkingDay(to));
    ASSERT_EQ(calendar.WorkingDaysBetween(from, to), count);
    ASSERT_EQ(calendar.WorkingDaysBetween(from, to.AddDays(-1)), count - 1);
    // One after the other is the same as both at once, and later starts end no earlier.
    const int more = std::uniform_int_distribution<int>(0, 20)(random);
    ASSERT_EQ(calendar.AddWorkingDays(to, more).date,
              calendar.AddWorkingDays(from, count + more).date);
    ASSERT_LE(to, calendar.AddWorkingDays(from.AddDays(1), count).date);
  }
}

TEST(WorkingCalendarTest, EveryWeekOfAPlainCalendarHasFiveDays) {
  const WorkingCalendar plain;
  for (int i = 0; i < 1000; ++i) {
    const CivilDate from = CivilDate::Of(1969, 6, 1).AddDays(i);
    EXPECT_EQ(plain.WorkingDaysBetween(from, from.AddDays(7)), 5);
  }
}

}  // namespace
}  // namespace anqiao::model
