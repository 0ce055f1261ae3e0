// The roles of a care team: which of them a case must have, whom the law itself names, and what
// each may see (hub/doc/care_team.md). Pure.

#ifndef ANQIAO_HUB_REFERRAL_CARE_TEAM_H_
#define ANQIAO_HUB_REFERRAL_CARE_TEAM_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "hub/model/civil_date.h"

namespace anqiao::referral {

// What of the ledger's purpose comes before the role's code.
inline constexpr char kCareTeamPurpose[] = "care-team:";

// A row holds from its day until a later row of the same code.
struct CareRole {
  absl::string_view code;  // UPPER_SNAKE
  absl::string_view zh, en;
  model::CivilDate from;
  // A case under an order must have somebody in it.
  bool required;
  // Law and article that names it; empty: only the person's consent lets them join.
  absl::string_view law;
  // Names of team fields (field_titles.h), sorted.
  std::vector<absl::string_view> fields;
};

// In the order in which they are shown.
const std::vector<CareRole>& CareRoles();
// The row in force on "day"; null: there is no such role then.
const CareRole* FindCareRole(absl::string_view code, const model::CivilDate& day);

// Why a membership ended.
struct CareTeamEnd {
  absl::string_view code, zh, en;
  bool by_hub;  // no user gives it
};
const std::vector<CareTeamEnd>& CareTeamEnds();
// Null if there is none.
const CareTeamEnd* FindCareTeamEnd(absl::string_view code);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_CARE_TEAM_H_
