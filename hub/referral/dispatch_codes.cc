#include "hub/referral/dispatch_codes.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace anqiao::referral {

const std::vector<DispatchBasis>& DispatchBases() {
  static const auto& bases = *new std::vector<DispatchBasis>{
      {"REPORT_DUTY",
       "戒毒条例 第二十一条",
       {2011, 6, 26},
       journal::v1::DISPATCH_KIND_REPORT,
       "专职人员报告义务",
       "duty of the dedicated worker to report"},
      {"CASE_HANDLING",
       "治安管理处罚法 第一百三十六条",
       {2026, 1, 1},
       journal::v1::DISPATCH_KIND_REPORT,
       "国家机关办案需要",
       "a state organ's handling of a case"},
      {"CHANGE_OF_PLACE",
       "戒毒条例 第二十二条",
       {2011, 6, 26},
       journal::v1::DISPATCH_KIND_TRANSFER,
       "变更执行地移送",
       "change of the place of execution"},
  };
  return bases;
}

const DispatchBasis* FindDispatchBasis(absl::string_view code, const model::CivilDate& day) {
  const auto found = std::find_if(
      DispatchBases().begin(), DispatchBases().end(),
      [&](const DispatchBasis& basis) { return basis.code == code && basis.from <= day; });
  return found == DispatchBases().end() ? nullptr : &*found;
}

const std::vector<ReportKind>& ReportKinds() {
  static const auto& kinds = *new std::vector<ReportKind>{
      {"REFUSED", "R01", true, "戒毒条例 第二十一条", "拒绝接受", "refuses the measure"},
      {"RELAPSE", "R02", true, "戒毒条例 第二十一条", "又吸食、注射毒品", "used again"},
      {"SERIOUS_VIOLATION", "R03", true, "戒毒条例 第二十条、第二十一条", "严重违反协议",
       "a serious violation of the agreement"},
      // No violation by itself: three such absences are one, or more than thirty days.
      {"LEFT_WITHOUT_REPORT", "R04", false, "戒毒条例 第十九条", "外出三日以上未书面报告",
       "away for three days or more without a written report"},
  };
  return kinds;
}

const ReportKind* FindReportKind(absl::string_view code) {
  const auto found = std::find_if(ReportKinds().begin(), ReportKinds().end(),
                                  [&](const ReportKind& kind) { return kind.code == code; });
  return found == ReportKinds().end() ? nullptr : &*found;
}

bool Carries(const DispatchBasis& basis, const ReportKind& report) {
  return basis.kind == journal::v1::DISPATCH_KIND_REPORT &&
         (report.duty || basis.code != "REPORT_DUTY");
}

std::string OutwardOrderKind(journal::v1::OrderKind kind) {
  return absl::StrFormat("M%d", static_cast<int>(kind));
}

std::string OutwardPhase(model::Phase phase) {
  return absl::StrFormat("S%02d", static_cast<int>(phase));
}

}  // namespace anqiao::referral
