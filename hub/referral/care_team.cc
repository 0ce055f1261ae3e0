#include "hub/referral/care_team.h"

#include <algorithm>

namespace anqiao::referral {
namespace {

// "社区戒毒工作小组由社区戒毒专职工作人员、社区民警、社区医务人员、社区戒毒人员的家庭成员以及禁毒志愿
// 者共同组成": whoever is not among them joins only with the person's consent.
constexpr char kLaw[] = "戒毒条例 第十七条";
constexpr model::CivilDate kSince{2011, 6, 26};

}  // namespace

const std::vector<CareRole>& CareRoles() {
  // Whoever sees results of tests carries the measure out (戒毒条例 第十八条、第十九条); family and
  // whoever helps unpaid see what is to be done. The police officer sees nothing of the help that
  // other agencies give.
  static const auto& roles = *new std::vector<CareRole>{
      {"GOVERNANCE_MEMBER",
       "综治委员",
       "member for public governance",
       kSince,
       true,
       "",
       {"case.deadlines", "case.name", "case.phase", "case.tasks"}},
      {"DEDICATED_WORKER",
       "禁毒专干",
       "dedicated worker",
       kSince,
       true,
       kLaw,
       {"case.deadlines", "case.division", "case.id_number", "case.name", "case.orders",
        "case.phase", "case.phone", "case.referrals", "case.tasks", "case.tests"}},
      {"GRID_WORKER",
       "网格员",
       "grid worker",
       kSince,
       true,
       "",
       {"case.division", "case.name", "case.phone", "case.tasks"}},
      {"PRECINCT_OFFICER",
       "片区民警",
       "precinct officer",
       kSince,
       true,
       kLaw,
       {"case.deadlines", "case.division", "case.id_number", "case.name", "case.orders",
        "case.phase", "case.phone", "case.tasks", "case.tests"}},
      {"FAMILY", "家属", "family", kSince, true, kLaw, {"case.name", "case.tasks"}},
      {"COMMUNITY_MEDIC",
       "社区医务人员",
       "community medic",
       kSince,
       true,
       kLaw,
       {"case.name", "case.phase", "case.phone", "case.tasks", "case.tests"}},
      {"PARTY_BRANCH", "党支部", "party branch", kSince, false, "", {"case.name", "case.tasks"}},
      {"BUILDING_HEAD",
       "楼栋长",
       "head of the building",
       kSince,
       false,
       "",
       {"case.name", "case.tasks"}},
      {"VOLUNTEER", "志愿者", "volunteer", kSince, false, kLaw, {"case.name", "case.tasks"}},
  };
  return roles;
}

const CareRole* FindCareRole(absl::string_view code, const model::CivilDate& day) {
  const CareRole* found = nullptr;
  for (const CareRole& role : CareRoles()) {
    if (role.code == code && role.from <= day) found = &role;
  }
  return found;
}

const std::vector<CareTeamEnd>& CareTeamEnds() {
  static const auto& ends = *new std::vector<CareTeamEnd>{
      {"LEFT", "离任", "Left the post", false},
      {"REPLACED", "更换人员", "Replaced by somebody else", false},
      {"MEMBER_DECLINED", "成员不愿参加", "The member does not want it", false},
      {"PERSON_OBJECTED", "本人反对", "The person objected", false},
      {"ORDER_ENDED", "措施已结束", "The order ended", false},
      {"ENTERED_IN_ERROR", "录入错误", "Entered in error", false},
      {"CONSENT_WITHDRAWN", "本人撤回同意", "The person withdrew the consent", true},
      {"CONSENT_EXPIRED", "同意已到期", "The consent ran out", true},
  };
  return ends;
}

const CareTeamEnd* FindCareTeamEnd(absl::string_view code) {
  const auto found = std::find_if(CareTeamEnds().begin(), CareTeamEnds().end(),
                                  [&](const CareTeamEnd& end) { return end.code == code; });
  return found == CareTeamEnds().end() ? nullptr : &*found;
}

}  // namespace anqiao::referral
