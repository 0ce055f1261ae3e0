// Who is this? The first method: the same agency's own number of the person, or a valid identity
// number, with an agreeing name; else name with birth date and one more agreement; else somebody
// new. What is doubtful is marked for review and not linked.
//
// Pure. The engine looks up candidates by blocking key, this decides.

#ifndef ANQIAO_HUB_IDENTITY_RESOLVER_H_
#define ANQIAO_HUB_IDENTITY_RESOLVER_H_

#include <string>
#include <vector>

#include "anqiao/journal/v1/record.pb.h"
#include "anqiao/journal/v1/state.pb.h"

namespace anqiao::identity {

// Names the rules, for the journal; changes whenever an answer could.
inline constexpr char kModelVersion[] = "exact-1";

// People who share a key with a record are its candidates. Hashes (16 bytes): nothing personal is
// stored in an index. At most 8. A record without a usable name and number has none.
std::vector<std::string> BlockingKeys(const journal::v1::Subject& subject);

struct Candidate {
  // Must outlive the call.
  const journal::v1::PersonDocument* person = nullptr;
};

struct Decision {
  // Person to link to; empty: somebody new.
  std::string person;
  // "AGENCY_NUMBER", "ID_NUMBER", "NAME_BIRTH" or "NEW".
  std::string rule;
  // Why a human should look; empty if nothing is doubtful. Not linked: ID_NUMBER_OTHER_NAME,
  // AGENCY_NUMBER_OTHER_NAME, NAME_BIRTH_ALONE, CONFLICTING_ID_NUMBERS. Linked, and a rule links it
  // to others as well: SEVERAL_CANDIDATES.
  std::string review;
  // Whom it might also be, sorted.
  std::vector<std::string> review_candidates;
};

// Deterministic; the order of "candidates" does not matter. Two different valid identity numbers
// never link.
Decision Resolve(const journal::v1::Subject& subject, const std::vector<Candidate>& candidates);

// True if the names agree: equal after normalizing, equal to a former name, or equal but for
// characters that one side could not write
// ("?", "□", "〓", U+FFFD).
bool NamesAgree(const journal::v1::Subject& a, const journal::v1::Subject& b);

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_RESOLVER_H_
