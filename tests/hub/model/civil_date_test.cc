#include "hub/model/civil_date.h"

#include <gtest/gtest.h>

#include <string>

namespace anqiao::model {
namespace {

CivilDate D(absl::string_view text) {
  const std::optional<CivilDate> date = CivilDate::Parse(text);
  EXPECT_TRUE(date.has_value()) << std::string(text);
  return date.value_or(CivilDate{});
}

TEST(CivilDateTest, ParsesTheThreePrecisionsAndFormatsThemBack) {
  for (const char* text :
       {"2026-03-15", "2026-03", "2026", "0001-01-01", "9999-12-31", "2024-02-29", "2000-02-29"}) {
    EXPECT_EQ(D(text).ToString(), text);
  }
}

TEST(CivilDateTest, RefusesWhatIsNoDate) {
  for (const char* text :
       {"", "0000", "0000-01-01", "2026-13", "2026-00", "2026-02-29", "1900-02-29", "2026-04-31",
        "2026-01-00", "2026-1-05", "2026/01/05", "20260105", " 2026", "2026-01-05 ", "+026-01-05",
        "2026-01-5x", "二〇二六"}) {
    EXPECT_FALSE(CivilDate::Parse(text).has_value()) << text;
  }
}

TEST(CivilDateTest, EveryDayOfFourCenturiesRoundTrips) {
  const long first = CivilDate::Of(1800, 1, 1).DayNumber();
  const long last = CivilDate::Of(2200, 1, 1).DayNumber();
  CivilDate before = CivilDate::Of(1799, 12, 31);
  for (long number = first; number < last; ++number) {
    const CivilDate day = CivilDate::FromDayNumber(number);
    ASSERT_EQ(day.DayNumber(), number);
    ASSERT_EQ(CivilDate::Parse(day.ToString()), day);
    ASSERT_EQ(CivilDate::FromProto(day.ToProto()), day);
    ASSERT_LT(before, day);
    before = day;
  }
  EXPECT_EQ(CivilDate::Of(1970, 1, 1).DayNumber(), 0);
}

TEST(CivilDateTest, MonthsEndOnTheLastDayWhereThereIsNoOther) {
  EXPECT_EQ(D("2026-01-31").AddMonths(1), D("2026-02-28"));
  EXPECT_EQ(D("2024-02-29").AddYears(1), D("2025-02-28"));
  EXPECT_EQ(D("2026-03-15").AddMonths(-15), D("2024-12-15"));
  EXPECT_EQ(D("2026-12-15").AddMonths(1), D("2027-01-15"));
  EXPECT_EQ(D("2026-11").AddMonths(3), D("2027-02"));
  EXPECT_EQ(D("2026").AddYears(3), D("2029"));
  EXPECT_TRUE(CivilDate{}.AddMonths(36).empty());
}

TEST(CivilDateTest, PrecisionGivesAFirstAndALastDay) {
  EXPECT_EQ(D("2024-02").FirstDay(), D("2024-02-01"));
  EXPECT_EQ(D("2024-02").LastDay(), D("2024-02-29"));
  EXPECT_EQ(D("2026").LastDay(), D("2026-12-31"));
  EXPECT_EQ(D("2026-03-15").LastDay(), D("2026-03-15"));
  EXPECT_TRUE(CivilDate{}.LastDay().empty());
}

TEST(CivilDateTest, UnknownMonthAndDaySortAsTheFirst) {
  EXPECT_LT(D("2025-12-31"), D("2026"));
  EXPECT_LT(D("2026"), D("2026-01-02"));
  EXPECT_LE(D("2026-01"), D("2026-01-01"));
  EXPECT_GE(D("2026-01"), D("2026-01-01"));
  EXPECT_LT(CivilDate{}, D("0001"));
}

TEST(CivilDateTest, TheDayInChinaBeginsEightHoursEarlier) {
  EXPECT_EQ(CivilDate::At(absl::FromUnixSeconds(0)), D("1970-01-01"));
  EXPECT_EQ(CivilDate::At(absl::FromUnixSeconds(16 * 3600)), D("1970-01-02"));
  EXPECT_EQ(CivilDate::At(absl::FromUnixSeconds(16 * 3600 - 1)), D("1970-01-01"));
}

TEST(CivilDateTest, WholeMonthsAreTheGreatestThatFit) {
  EXPECT_EQ(WholeMonthsBetween(D("2026-01-31"), D("2026-02-27")), 0);
  EXPECT_EQ(WholeMonthsBetween(D("2026-01-31"), D("2026-02-28")), 1);
  EXPECT_EQ(WholeMonthsBetween(D("2026-03-15"), D("2026-09-14")), 5);
  EXPECT_EQ(WholeMonthsBetween(D("2026-03-15"), D("2026-09-15")), 6);
  EXPECT_EQ(WholeMonthsBetween(D("2026-03-15"), D("2026-03-14")), -1);
  for (int days = 0; days < 800; ++days) {
    const CivilDate from = D("2024-01-31");
    const CivilDate to = from.AddDays(days);
    const int months = WholeMonthsBetween(from, to);
    ASSERT_LE(from.AddMonths(months), to);
    ASSERT_GT(from.AddMonths(months + 1), to);
  }
}

TEST(CivilDateTest, AgeGrowsOnTheBirthday) {
  EXPECT_EQ(AgeOn(D("1985-03-15"), D("2026-03-14")), 40);
  EXPECT_EQ(AgeOn(D("1985-03-15"), D("2026-03-15")), 41);
  EXPECT_EQ(AgeOn(D("2026-03-15"), D("2026-03-14")), -1);
}

}  // namespace
}  // namespace anqiao::model
