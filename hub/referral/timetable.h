// When what comes due: the rules and the calendar put to work. Everything is decided when a change
// is made and goes into its entry. Pure.

#ifndef ANQIAO_HUB_REFERRAL_TIMETABLE_H_
#define ANQIAO_HUB_REFERRAL_TIMETABLE_H_

#include "absl/time/time.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/model/civil_date.h"
#include "hub/policy/deadlines.h"
#include "hub/referral/calendar_file.h"
#include "hub/referral/deadline_rules.h"

namespace anqiao::referral {

struct Timetable {
  DeadlineRules rules;
  Calendar calendar;
};

// What comes due of a referral that came into "state" at "now"; without the recipient's times.
// "resume_date" counts for ON_HOLD.
journal::v1::DeadlineSet DeadlinesOf(const Timetable& timetable, const policy::Deadlines& own,
                                     journal::v1::ReferralState state, absl::Time now,
                                     const model::CivilDate& resume_date);
// The recipient's times of a referral in "state" that was delivered at "now".
journal::v1::DeadlineSet DeadlinesFromDelivery(const Timetable& timetable,
                                               const policy::Deadlines& own,
                                               journal::v1::ReferralState state, absl::Time now);
// The retention checks after an outcome of "code" on "date"; none if the code has none.
journal::v1::DeadlineSet ChecksAfter(const Timetable& timetable, const std::string& code,
                                     const model::CivilDate& date);
// When an agency has been away for too long that has taken nothing since "since".
absl::Time AbsenceDue(const Timetable& timetable, absl::Time since);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_TIMETABLE_H_
