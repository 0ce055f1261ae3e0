// Words that would tell a recipient why the person is known. Pure.

#ifndef ANQIAO_HUB_REFERRAL_TELLING_H_
#define ANQIAO_HUB_REFERRAL_TELLING_H_

#include "absl/strings/string_view.h"

namespace anqiao::referral {

// True if "text" has one of them, in capitals or not.
bool Tells(absl::string_view text);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_TELLING_H_
