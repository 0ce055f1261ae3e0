#include "hub/referral/timetable.h"

#include <algorithm>
#include <cstdint>

namespace anqiao::referral {
namespace {

using journal::v1::Deadline;
using journal::v1::DeadlineSet;
using model::CivilDate;

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  out->set_seconds(absl::ToUnixSeconds(time));
}

// The end of the last day of a period that began on "from".
absl::Time PeriodEnd(const Timetable& timetable, const CivilDate& from, const DeadlineRule& rule,
                     DeadlineSet* set) {
  if (!rule.in_working_days) return model::EndOf(from.AddDays(rule.days));
  const model::CountedDay day = timetable.calendar.days.AddWorkingDays(from, rule.working_days);
  set->set_calendar_hash(timetable.calendar.hash);
  if (day.beyond || day.unverified) set->set_calendar_uncertain(true);
  return model::EndOf(day.date);
}

void Add(journal::v1::DeadlineKind kind, absl::Time due, DeadlineSet* set) {
  Deadline* deadline = set->add_deadlines();
  deadline->set_kind(kind);
  SetTime(due, deadline->mutable_due_time());
}

void Sort(DeadlineSet* set) {
  std::stable_sort(set->mutable_deadlines()->begin(), set->mutable_deadlines()->end(),
                   [](const Deadline& a, const Deadline& b) {
                     return a.due_time().seconds() < b.due_time().seconds();
                   });
}

}  // namespace

DeadlineSet DeadlinesOf(const Timetable& timetable, const policy::Deadlines& own,
                        journal::v1::ReferralState state, absl::Time now,
                        const CivilDate& resume_date) {
  DeadlineSet set;
  for (const DeadlineRule& rule : RulesOf(timetable.rules, own, state)) {
    switch (rule.from) {
      case DeadlineRule::From::kDelivery:
        break;
      case DeadlineRule::From::kResumeDate:
        // On that day, from its beginning.
        if (!resume_date.empty()) {
          Add(rule.then, PeriodEnd(timetable, resume_date, rule, &set) - absl::Hours(24), &set);
        }
        break;
      case DeadlineRule::From::kEntry:
        Add(rule.then, PeriodEnd(timetable, CivilDate::At(now), rule, &set), &set);
    }
  }
  Sort(&set);
  return set;
}

DeadlineSet DeadlinesFromDelivery(const Timetable& timetable, const policy::Deadlines& own,
                                  journal::v1::ReferralState state, absl::Time now) {
  DeadlineSet set;
  for (const DeadlineRule& rule : RulesOf(timetable.rules, own, state)) {
    if (rule.from != DeadlineRule::From::kDelivery) continue;
    Add(rule.then, PeriodEnd(timetable, CivilDate::At(now), rule, &set), &set);
  }
  Sort(&set);
  return set;
}

DeadlineSet ChecksAfter(const Timetable& timetable, const std::string& code,
                        const CivilDate& date) {
  DeadlineSet set;
  if (!timetable.rules.checked_outcomes.contains(code) || !date.has_day()) return set;
  for (const int days : timetable.rules.check_days) {
    Add(journal::v1::DEADLINE_KIND_CHECK, model::BeginningOf(date.AddDays(days)), &set);
    set.mutable_deadlines(set.deadlines_size() - 1)->set_check_days(days);
  }
  return set;
}

absl::Time AbsenceDue(const Timetable& timetable, absl::Time since) {
  return model::EndOf(
      timetable.calendar.days
          .AddWorkingDays(CivilDate::At(since), timetable.rules.absence_working_days)
          .date);
}

}  // namespace anqiao::referral
