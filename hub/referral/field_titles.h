// The fields of the views in words, for consents and for a person's accounting of disclosures.
// Pure.

#ifndef ANQIAO_HUB_REFERRAL_FIELD_TITLES_H_
#define ANQIAO_HUB_REFERRAL_FIELD_TITLES_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace anqiao::referral {

struct FieldTitle {
  absl::string_view field;  // as in Disclosure.fields, such as "beneficiary.name"
  absl::string_view zh, en;
};

// By field.
const std::vector<FieldTitle>& FieldTitles();
// Null if no view has such a field.
const FieldTitle* FindFieldTitle(absl::string_view field);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_FIELD_TITLES_H_
