// The law's periods, as a dated table: what counts on a day is the row in force on it.
//
// Pure.

#ifndef ANQIAO_HUB_MODEL_PERIODS_H_
#define ANQIAO_HUB_MODEL_PERIODS_H_

#include "hub/model/civil_date.h"

namespace anqiao::model {

enum class PeriodRule {
  kReportForDetox,
  kDetoxTerm,
  kIsolationTerm,
  kReportForRehabilitation,
  kRehabilitationTerm,
  kDetoxReleaseNotice,
  kRehabilitationReleaseNotice,
  kCleanYears,
  kReportAfterMove,
};

struct Period {
  PeriodRule rule;
  // In force from this day until a later row of the same rule.
  CivilDate from;
  int months;
  int days;
  // Law and article.
  const char* law;

  // The last day of the period that "start" begins; the day of the event is not counted (民法典
  // 第二百零一条, 第二百零二条). Holidays do not move it.
  CivilDate After(const CivilDate& start) const;
};

// The period in force on "on"; before the first row, that one.
const Period& PeriodOn(PeriodRule rule, const CivilDate& on);

}  // namespace anqiao::model

#endif  // ANQIAO_HUB_MODEL_PERIODS_H_
