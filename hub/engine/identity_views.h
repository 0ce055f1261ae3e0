// What people are shown of who is who, and what they say of it.

#ifndef ANQIAO_HUB_ENGINE_IDENTITY_VIEWS_H_
#define ANQIAO_HUB_ENGINE_IDENTITY_VIEWS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/identity/clustering.h"
#include "hub/identity/comparison.h"
#include "hub/identity/linkage.h"
#include "hub/identity/model.h"

namespace anqiao::engine {

// Two records side by side.
struct IdentityPair {
  journal::v1::PersonRecord record, other_record;
  std::string person, other;  // whose they are
  // By attribute of the model; its name, how they agree and what that adds.
  struct Attribute {
    std::string name;
    identity::Level level = identity::Level::kMissing;
    identity::Weight weight = 0;
  };
  std::vector<Attribute> attributes;
  identity::Weight weight = 0;
  // Why they are not linked though they may be one person's; empty if they are, or are told apart.
  std::string reason;
  identity::Verdict verdict = identity::Verdict::kNone;
  // Of both people and the verdict: give it back with a decision.
  std::string etag;
};

// Why records are one person's (identity::Explanation).
struct IdentityExplanation {
  std::string person, model;
  std::vector<journal::v1::PersonRecord> records;
  struct Link {
    IdentityPair pair;
    // See identity::Explanation::Inside.
    std::size_t step = 0;
  };
  std::vector<Link> links;
  // How many more there are.
  std::size_t links_left_off = 0;
  // By falling weight, then those who were told apart.
  struct Refused {
    IdentityPair pair;
    identity::Refusal refusal = identity::Refusal::kConflictingIds;
  };
  std::vector<Refused> refused;
  // How many more there may be, those that the reader may not see among them.
  std::size_t refused_left_off = 0;
};
inline constexpr std::size_t kLinksExplainedMax = 500;

// What another model would make of people: of several one, or of one several.
struct IdentityShift {
  enum class Kind { kJoined, kParted } kind = Kind::kJoined;
  // Whose the records are now, and those that stay or come together.
  struct Part {
    std::string person;
    std::vector<journal::v1::PersonRecord> records;
  };
  std::vector<Part> parts;  // two or more
};

struct IdentityPreview {
  std::string model, candidate;  // their versions
  std::string candidate_hash;
  std::size_t people = 0, candidate_people = 0;
  // Those of them that the reader may see.
  std::size_t joined = 0, parted = 0;
};

// Why somebody says what they say (hub/doc/codes.md).
struct JudgeReason {
  absl::string_view code, zh, en;
};
inline constexpr JudgeReason kJudgeReasons[] = {
    {"SEEN_DOCUMENTS", "已核对证件", "Documents were seen"},
    {"SPOKE_WITH_PERSON", "已与本人核实", "The person was asked"},
    {"AGENCY_CONFIRMED", "来源单位已确认", "The agency that keeps the record confirmed it"},
    {"ENTERED_IN_ERROR", "判定有误", "What was said before was a mistake"},
};

// What somebody says of pairs of records, all or none of it.
struct JudgeIdentityCommand {
  std::string request_id;
  std::string reason;  // one of kJudgeReasons
  struct Decision {
    // Their numbers.
    identity::RecordId record = identity::kNoRecord, other_record = identity::kNoRecord;
    // kNone takes back what was said.
    identity::Verdict verdict = identity::Verdict::kNone;
    std::string etag;
  };
  std::vector<Decision> decisions;
};
inline constexpr std::size_t kDecisionsMax = 100;
// Verdicts on one record; more are nobody's considered opinion.
inline constexpr std::size_t kVerdictsPerRecordMax = 200;

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_IDENTITY_VIEWS_H_
