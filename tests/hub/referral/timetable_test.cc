#include "hub/referral/timetable.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::referral {
namespace {

using journal::v1::DeadlineSet;
using model::CivilDate;

std::string ReadFile(const std::string& name) {
  std::ifstream in(absl::StrCat(ANQIAO_POLICIES "/", name), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Timetable Shipped() {
  Timetable timetable;
  timetable.rules = ParseDeadlineRules(kDeadlinesFile, ReadFile(kDeadlinesFile)).value();
  timetable.calendar = ParseCalendar("cn.yaml", ReadFile("calendars/cn.yaml")).value();
  return timetable;
}

// "kind until the end of day", by the day.
std::vector<std::string> Words(const DeadlineSet& set) {
  std::vector<std::string> words;
  for (const auto& deadline : set.deadlines()) {
    const absl::Time due = absl::FromUnixSeconds(deadline.due_time().seconds());
    words.push_back(absl::StrCat(
        DeadlineName(deadline.kind()), " ", CivilDate::At(due).ToString(),
        CivilDate::At(due - absl::Seconds(1)) == CivilDate::At(due) ? " in the day" : ""));
  }
  return words;
}

// Shortly before midnight in China.
absl::Time Late(int year, int month, int day) {
  return model::EndOf(CivilDate::Of(year, month, day)) - absl::Minutes(1);
}

TEST(TimetableTest, AStateWaitsAsTheTableSays) {
  const Timetable timetable = Shipped();
  const auto words = [&](journal::v1::ReferralState state) {
    return Words(DeadlinesOf(timetable, {}, state, Late(2026, 9, 30), CivilDate::Of(2026, 11, 2)));
  };
  using V = std::vector<std::string>;
  EXPECT_EQ(words(journal::v1::REFERRAL_STATE_DRAFT), V{"WARN 2026-10-08"});
  // The recipient's times wait for its ack.
  EXPECT_EQ(words(journal::v1::REFERRAL_STATE_SENT), V{});
  // 8, 9, 10 (a Saturday on which people work), 12, 13 October.
  EXPECT_EQ(words(journal::v1::REFERRAL_STATE_INFO_NEEDED), V{"EXPIRE 2026-10-14"});
  EXPECT_EQ(words(journal::v1::REFERRAL_STATE_ACCEPTED), V{"ESCALATE 2026-10-21"});
  EXPECT_EQ(words(journal::v1::REFERRAL_STATE_IN_PROGRESS), V{"ESCALATE 2026-10-31"});
  EXPECT_EQ(words(journal::v1::REFERRAL_STATE_ON_HOLD), V{"RESUME 2026-11-02"});
  EXPECT_EQ(words(journal::v1::REFERRAL_STATE_OUTCOME_REPORTED), V{"ESCALATE 2026-10-14"});
  EXPECT_EQ(words(journal::v1::REFERRAL_STATE_CANCEL_REQUESTED), V{"CANCEL 2026-10-11"});
  for (const auto end : {journal::v1::REFERRAL_STATE_CLOSED, journal::v1::REFERRAL_STATE_VOID}) {
    EXPECT_EQ(words(end), V{});
  }
}

TEST(TimetableTest, TheRecipientsTimesBeginWithItsAck) {
  const DeadlineSet set =
      DeadlinesFromDelivery(Shipped(), {}, journal::v1::REFERRAL_STATE_SENT, Late(2026, 9, 30));
  EXPECT_EQ(Words(set), (std::vector<std::string>{"ESCALATE 2026-10-14", "EXPIRE 2026-10-21"}));
  EXPECT_FALSE(set.calendar_uncertain());
  EXPECT_EQ(set.calendar_hash(), Shipped().calendar.hash);
}

TEST(TimetableTest, SaysThatTheCalendarEnds) {
  const DeadlineSet set =
      DeadlinesFromDelivery(Shipped(), {}, journal::v1::REFERRAL_STATE_SENT, Late(2026, 12, 25));
  EXPECT_TRUE(set.calendar_uncertain());
  EXPECT_EQ(Words(set)[1], "EXPIRE 2027-01-09");
}

TEST(TimetableTest, ChecksFollowAnOutcomeThatCanLast) {
  const Timetable timetable = Shipped();
  EXPECT_EQ(Words(ChecksAfter(timetable, "HIRED", CivilDate::Of(2026, 3, 1))),
            (std::vector<std::string>{"CHECK 2026-03-31", "CHECK 2026-05-30", "CHECK 2026-08-28"}));
  EXPECT_EQ(ChecksAfter(timetable, "INTERVIEWED", CivilDate::Of(2026, 3, 1)).deadlines_size(), 0);
}

TEST(TimetableTest, AnAgencyIsAwayAfterWorkingDays) {
  EXPECT_EQ(AbsenceDue(Shipped(), Late(2026, 9, 30)), model::EndOf(CivilDate::Of(2026, 10, 9)));
}

}  // namespace
}  // namespace anqiao::referral
