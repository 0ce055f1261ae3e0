#include "hub/model/periods.h"

#include <gtest/gtest.h>

#include <string>

namespace anqiao::model {
namespace {

TEST(PeriodsTest, EveryRuleHasALengthAndALaw) {
  for (int rule = 0; rule <= static_cast<int>(PeriodRule::kReportAfterMove); ++rule) {
    for (const CivilDate on : {CivilDate::Of(1990, 1, 1), CivilDate::Of(2026, 11, 23)}) {
      const Period& period = PeriodOn(static_cast<PeriodRule>(rule), on);
      EXPECT_EQ(static_cast<int>(period.rule), rule);
      EXPECT_GT(period.months + period.days, 0);
      EXPECT_NE(std::string(period.law), "");
    }
  }
}

TEST(PeriodsTest, NationalLengths) {
  const CivilDate day = CivilDate::Of(2026, 1, 31);
  EXPECT_EQ(PeriodOn(PeriodRule::kReportForDetox, day).After(day), CivilDate::Of(2026, 2, 15));
  EXPECT_EQ(PeriodOn(PeriodRule::kReportForRehabilitation, day).days, 15);
  EXPECT_EQ(PeriodOn(PeriodRule::kDetoxTerm, day).After(day), CivilDate::Of(2029, 1, 31));
  EXPECT_EQ(PeriodOn(PeriodRule::kIsolationTerm, day).months, 24);
  EXPECT_EQ(PeriodOn(PeriodRule::kCleanYears, day).months, 36);
  EXPECT_EQ(PeriodOn(PeriodRule::kDetoxReleaseNotice, day).days, 7);
  EXPECT_EQ(PeriodOn(PeriodRule::kReportAfterMove, day).After(day), CivilDate::Of(2026, 2, 15));
}

TEST(PeriodsTest, AnUnknownDayIsCountedInTheirFavour) {
  const CivilDate month = CivilDate::Of(2026, 1);
  EXPECT_EQ(PeriodOn(PeriodRule::kReportForDetox, month).After(month), CivilDate::Of(2026, 2, 15));
}

}  // namespace
}  // namespace anqiao::model
