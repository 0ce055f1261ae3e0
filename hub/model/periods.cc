#include "hub/model/periods.h"

namespace anqiao::model {
namespace {

// National text. 禁毒法 is in force from 2008-06-01, 戒毒条例 (国务院令第597号) from 2011-06-26.
// Rows of a rule in the order of their dates.
constexpr Period kPeriods[] = {
    // "应当自收到责令社区戒毒决定书之日起15日内" report.
    {PeriodRule::kReportForDetox, {2011, 6, 26}, 0, 15, "戒毒条例 第十四条"},
    // "社区戒毒的期限为三年", counted from the day of reporting.
    {PeriodRule::kDetoxTerm, {2008, 6, 1}, 36, 0, "禁毒法 第三十三条、戒毒条例 第十四条"},
    // "强制隔离戒毒的期限为二年".
    {PeriodRule::kIsolationTerm, {2008, 6, 1}, 24, 0, "禁毒法 第四十七条"},
    // "应当自收到责令社区康复决定书之日起15日内" report.
    {PeriodRule::kReportForRehabilitation, {2011, 6, 26}, 0, 15, "戒毒条例 第三十七条"},
    // "不超过三年", from the day of reporting as for community detox.
    {PeriodRule::kRehabilitationTerm, {2008, 6, 1}, 36, 0, "禁毒法 第四十八条"},
    // The notice of release within 7 days.
    {PeriodRule::kDetoxReleaseNotice, {2011, 6, 26}, 0, 7, "戒毒条例 第二十三条"},
    {PeriodRule::kRehabilitationReleaseNotice, {2011, 6, 26}, 0, 7, "戒毒条例 第四十条"},
    // "对戒断3年未复吸的人员，不再实行动态管控".
    {PeriodRule::kCleanYears, {2011, 6, 26}, 36, 0, "戒毒条例 第七条"},
    // "应当自变更之日起15日内" report at the new place.
    {PeriodRule::kReportAfterMove, {2011, 6, 26}, 0, 15, "戒毒条例 第二十二条"},
};

}  // namespace

CivilDate Period::After(const CivilDate& start) const {
  const CivilDate moved = start.AddMonths(months);
  return days == 0 ? moved : moved.LastDay().AddDays(days);
}

const Period& PeriodOn(PeriodRule rule, const CivilDate& on) {
  const Period* found = nullptr;
  for (const Period& period : kPeriods) {
    if (period.rule == rule && (found == nullptr || period.from <= on)) found = &period;
  }
  return *found;  // Every rule has a row.
}

}  // namespace anqiao::model
