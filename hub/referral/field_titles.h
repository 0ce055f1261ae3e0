// What is disclosed in words, for consents and for a person's accounting of disclosures. Pure.

#ifndef ANQIAO_HUB_REFERRAL_FIELD_TITLES_H_
#define ANQIAO_HUB_REFERRAL_FIELD_TITLES_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace anqiao::referral {

struct FieldTitle {
  absl::string_view field;  // as in Disclosure.fields, such as "beneficiary.name"
  absl::string_view zh, en;
};

// Of the views of requests for services, by field.
const std::vector<FieldTitle>& FieldTitles();
// Of what a member of a care team may see, by field.
const std::vector<FieldTitle>& TeamFieldTitles();
// Of reports and files for other public organs, by field.
const std::vector<FieldTitle>& DispatchFieldTitles();

// Null if there is no such field among "titles".
const FieldTitle* FindFieldTitle(const std::vector<FieldTitle>& titles, absl::string_view field);
// Among all of them.
const FieldTitle* FindFieldTitle(absl::string_view field);

// A code in words: what a ledger's purpose, and its basis, are to whoever reads them. Empty if the
// code says it.
struct LedgerTitle {
  absl::string_view zh, en;
};
LedgerTitle PurposeTitle(absl::string_view purpose);
LedgerTitle BasisTitle(absl::string_view basis);

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_FIELD_TITLES_H_
