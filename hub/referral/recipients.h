// Who may be told on which basis: a public organ within its statutory duty, with notice to the
// person; anybody else only with a separate consent (个人信息保护法 第十三、二十三、三十四条).
// Pure.

#ifndef ANQIAO_HUB_REFERRAL_RECIPIENTS_H_
#define ANQIAO_HUB_REFERRAL_RECIPIENTS_H_

#include <algorithm>
#include <iterator>

#include "absl/strings/string_view.h"

namespace anqiao::referral {

inline constexpr char kStatutoryDuty[] = "STATUTORY_DUTY";
inline constexpr char kConsent[] = "CONSENT";

struct RecipientKind {
  absl::string_view kind;  // of an agency
  bool public_organ;
};
inline constexpr RecipientKind kRecipientKinds[] = {
    {"police", true},
    {"civil_affairs", true},
    {"employment", true},
    {"tax", true},
    {"employer", false},
    {"bank", false},
    {"school", false},
    // The office of another sub-district, which takes files over (dispatch_view.h).
    {"subdistrict_office", true}};

inline bool IsRecipientKind(absl::string_view kind) {
  return std::any_of(std::begin(kRecipientKinds), std::end(kRecipientKinds),
                     [&](const RecipientKind& one) { return one.kind == kind; });
}

inline bool IsPublicOrgan(absl::string_view kind) {
  return std::any_of(
      std::begin(kRecipientKinds), std::end(kRecipientKinds),
      [&](const RecipientKind& one) { return one.kind == kind && one.public_organ; });
}

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_RECIPIENTS_H_
