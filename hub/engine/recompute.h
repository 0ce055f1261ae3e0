// A stored answer again, years later: from the catalogue whose hash it names, however long ago that
// was replaced, and the person's records as they were when it was given.

#ifndef ANQIAO_HUB_ENGINE_RECOMPUTE_H_
#define ANQIAO_HUB_ENGINE_RECOMPUTE_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "anqiao/journal/v1/entitlement.pb.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/store/store.h"

namespace anqiao::engine {

struct RecomputedAnswer {
  // The entry that holds the answer; the records are those before it.
  store::Sequence sequence = 0;
  journal::v1::EntitlementAnswer stored, recomputed;
  // Whether both are the same bytes.
  bool equal = false;
};

// Answers "case_id" as "stored" says (its policy, catalogue, jurisdiction and date) from the
// journal before "sequence"; "stated" is what the person said then. Where "outward_anchor" is an
// agency, the answer may have been given on the other agencies' records alone (outward_case.h).
// FAILED_PRECONDITION (ANSWER_NOT_RECOMPUTABLE): the catalogue is not kept or is not read any more,
// or the person's records were erased or purged.
absl::StatusOr<RecomputedAnswer> RecomputeAnswer(
    store::Store& store, store::Sequence sequence, const std::string& case_id,
    const journal::v1::EntitlementAnswer& stored,
    const std::function<bool(store::Sequence, store::Sequence)>& progress,
    const std::map<std::string, std::string>& stated = {}, const std::string& outward_anchor = "");

// An answer that the entitlement watch noted, and what it is again.
struct RecomputedNote {
  journal::v1::NotedAnswer stored, recomputed;
  bool equal = false;
};

// The answers of the EntitlementNoted entry at "sequence", which say nothing of when they are
// looked at again. NOT_FOUND (REFERRAL_NOT_FOUND): it notes no person. Else as RecomputeAnswer.
absl::StatusOr<std::vector<RecomputedNote>> RecomputeNotes(
    store::Store& store, store::Sequence sequence,
    const std::function<bool(store::Sequence, store::Sequence)>& progress);

// The answer that a referral's draft was made with. NOT_FOUND (REFERRAL_NOT_FOUND): no entry drafts
// "referral". "progress" (done, total) may be null; CANCELLED if it returns false. Works beside a
// writer and on a read-only store.
absl::StatusOr<RecomputedAnswer> RecomputeReferral(
    store::Store& store, const std::string& referral,
    const std::function<bool(store::Sequence, store::Sequence)>& progress);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_RECOMPUTE_H_
