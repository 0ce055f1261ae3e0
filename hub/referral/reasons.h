// The coded reasons: whose reason each is and what follows from it (hub/doc/codes.md). Pure.

#ifndef ANQIAO_HUB_REFERRAL_REASONS_H_
#define ANQIAO_HUB_REFERRAL_REASONS_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/referral/machine.h"

namespace anqiao::referral {

struct ReasonCode {
  absl::string_view code;
  Action action;
  absl::string_view whose;  // person, recipient, requester, hub
  journal::v1::FollowUp follows;
  absl::string_view title_zh, title_en;
  // The person refused what was offered, without cause: counts towards 社会救助暂行办法
  // 第四十五条 where a suitable job was offered.
  bool refusal = false;
};

// Reasons of one action stand together.
const std::vector<ReasonCode>& ReasonCodes();
// Null if "code" is none of "action".
const ReasonCode* FindReason(Action action, absl::string_view code);

// Name without prefix, such as "NEXT_PROVIDER"; empty if nothing follows.
absl::string_view FollowUpName(journal::v1::FollowUp follows);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_REASONS_H_
