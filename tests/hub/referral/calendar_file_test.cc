#include "hub/referral/calendar_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_replace.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::referral {
namespace {

using model::CivilDate;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kSmall[] = R"(calendar: small
from: 2026-01-01
to: 2026-12-31
years:
  - year: 2026
    source: a notice
    off:
      - {name: 元旦, from: 2026-01-01, to: 2026-01-03}
    working: [2026-01-04]
tests:
  - {from: 2026-01-01, working_days: 1, expect: 2026-01-04}
)";

std::string Shipped() {
  std::ifstream in(ANQIAO_POLICIES "/calendars/cn.yaml", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(CalendarFileTest, ReadsTheShippedCalendar) {
  AQ_ASSERT_OK_AND_ASSIGN(const Calendar calendar, ParseCalendar("cn.yaml", Shipped()));
  EXPECT_EQ(calendar.name, "cn");
  EXPECT_EQ(calendar.hash, Hex(Sha256(calendar.content)));
  // Of 2025: 52 weeks and a Wednesday, 261 weekdays; 18 of them are off and 5 weekend days are not.
  EXPECT_EQ(
      calendar.days.WorkingDaysBetween(CivilDate::Of(2024, 12, 31), CivilDate::Of(2025, 12, 31)),
      248);
  EXPECT_EQ(
      calendar.days.WorkingDaysBetween(CivilDate::Of(2025, 12, 31), CivilDate::Of(2026, 12, 31)),
      248);
  EXPECT_TRUE(calendar.days.IsWorkingDay(CivilDate::Of(2026, 2, 28)));
  EXPECT_FALSE(calendar.days.IsWorkingDay(CivilDate::Of(2026, 10, 7)));
  EXPECT_FALSE(calendar.days.Knows(CivilDate::Of(2027, 1, 1)));
}

TEST(CalendarFileTest, AnotherByteIsAnotherHash) {
  AQ_ASSERT_OK_AND_ASSIGN(const Calendar one, ParseCalendar("small.yaml", kSmall));
  AQ_ASSERT_OK_AND_ASSIGN(const Calendar other,
                          ParseCalendar("small.yaml", std::string(kSmall) + "# more\n"));
  EXPECT_NE(one.hash, other.hash);
}

struct Mistake {
  const char* from;
  const char* to;
  const char* said;
};

TEST(CalendarFileTest, SaysWhereAMistakeIs) {
  for (const Mistake& mistake : {
           Mistake{"calendar: small", "calender: small", "small.yaml:1:1: unknown key calender"},
           Mistake{"to: 2026-12-31", "to: 2027-12-31", "small.yaml:5:3: the year 2027 is missing"},
           Mistake{"to: 2026-12-31", "to: 2025-12-31", "small.yaml:3:5: must not be before from"},
           Mistake{"year: 2026", "year: 2031", "small.yaml:5:11: must lie between from and to"},
           Mistake{"    source: a notice\n", "", "small.yaml:5:5: missing key source"},
           Mistake{"to: 2026-01-03}", "to: 2025-12-31}", "small.yaml:8:46: must be a day of 2026"},
           Mistake{"from: 2026-01-01, to: 2026-01-03}", "from: 2026-01-01, to: 2026-02-30}",
                   "small.yaml:8:46: expected a day"},
           Mistake{"[2026-01-04]", "[2026-01-05]", "small.yaml:9:15: is no weekend day"},
           Mistake{"[2026-01-04]", "[2026-01-03]", "small.yaml:9:15: is a day off, or came before"},
           Mistake{"[2026-01-04]", "[2026-01-04, 2026-01-04]", "small.yaml:9:27: is a day off"},
           Mistake{"[2026-01-04]\n", "[2026-01-04]\n    working: [2026-01-10]\n",
                   "repeated key working"},
           Mistake{"expect: 2026-01-04", "expect: 2026-01-05",
                   "small.yaml:11:5: test failed: expected 2026-01-05, got 2026-01-04"},
           Mistake{"years:", "years: []\nmore:", "small.yaml"},
       }) {
    const std::string text = absl::StrReplaceAll(kSmall, {{mistake.from, mistake.to}});
    ASSERT_NE(text, kSmall) << mistake.from;
    const absl::Status status = ParseCalendar("small.yaml", text).status();
    EXPECT_THAT(status, testing::StatusIs(absl::StatusCode::kInvalidArgument)) << mistake.to;
    EXPECT_EQ(ReasonOf(status), reason::kCatalogueInvalid);
    EXPECT_THAT(std::string(status.message()), HasSubstr(mistake.said));
    EXPECT_THAT(std::string(status.message()), StartsWith("small.yaml:"));
  }
}

TEST(CalendarFileTest, AnUnverifiedYearIsMarked) {
  const std::string text =
      absl::StrReplaceAll(kSmall, {{"    source:", "    unverified: true\n    source:"}});
  AQ_ASSERT_OK_AND_ASSIGN(const Calendar calendar, ParseCalendar("small.yaml", text));
  EXPECT_TRUE(calendar.days.AddWorkingDays(CivilDate::Of(2026, 3, 2), 1).unverified);
}

}  // namespace
}  // namespace anqiao::referral
