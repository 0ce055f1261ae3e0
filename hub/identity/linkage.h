// Records resolved to people one at a time, over tables that somebody else keeps. After any adding,
// changing and removing the partition is that of the records that are there, whatever came first.
//
//   MemoryTables tables;
//   Linkage linkage(model, tables);
//   AQ_ASSIGN_OR_RETURN(const LinkageChange change, linkage.Put(17, "police/17", profile));
//   AQ_ASSIGN_OR_RETURN(const RecordId person, linkage.ClusterOf(17));
//
// A cluster's id is the smallest record id in it. So it is a function of the partition alone, and
// what is undone gives the ids of before.
//
// Records that say the same, in every attribute, share a node if what they say is enough to link
// two records: they are one person's, however many they are, and count as one wherever records are
// counted. A record that somebody judged has a node of its own, linked with theirs as any two
// records are. Which of the others leads, and stands for all of them in answers, is a matter of
// rank and key.
//
// What a change costs: a record has at most recipes * kKeysPerRecipeMax keys, each with at most
// records_max others to compare with; one that says what another says is looked up and no more.
// When another leads, the node is made anew and all that share it are told. A key that
// becomes too frequent, or rare enough again, is gone through once, records_max * records_max / 2
// pairs. The connected component is walked whole up to links_max links. Of one with more no record
// is linked but by a verdict, which needs only what verdicts connect; its records are marked, so
// that the rest is not walked again: only when the component becomes one of these, or is one no
// more, are the parts walked that were or are smaller. What verdicts connect has no bound but the
// people who give them.
//
// Errors are those of the tables, as they are (linkage_tables.h), and DATA_LOSS if the tables
// contradict themselves.
//
// Keeps no pointers and nothing of the records itself. Thread-compatible as far as the tables are.

#ifndef ANQIAO_HUB_IDENTITY_LINKAGE_H_
#define ANQIAO_HUB_IDENTITY_LINKAGE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/identity/blocking.h"
#include "hub/identity/clustering.h"
#include "hub/identity/linkage_tables.h"
#include "hub/identity/model.h"

namespace anqiao::identity {

// What a change did to the partition.
struct LinkageChange {
  struct Moved {
    RecordId record = kNoRecord;
    RecordId from = kNoRecord, to = kNoRecord;  // clusters; from kNoRecord: it is new

    friend bool operator==(const Moved&, const Moved&) = default;
  };
  // Records that are now in another cluster, by id; not the one that was removed.
  std::vector<Moved> moved;
  // The cluster that the removed record was in.
  RecordId removed_from = kNoRecord;
  // Clusters whose members, edges or verdicts changed, those that are no more too; rising. Whatever
  // is kept of a cluster or between two is as before if none of them is here.
  std::vector<RecordId> touched;

  friend bool operator==(const LinkageChange&, const LinkageChange&) = default;
};

// One record beside another that it might belong to, or does.
struct Neighbour {
  RecordId record = kNoRecord;
  std::string key;
  Score score;
  Comparison comparison;
  Verdict verdict = Verdict::kNone;
  // True if both are in one cluster.
  bool together = false;
};

// Two clusters that a person should look at: the two records that speak most for their being one.
// "key" is of the smaller cluster; of two of a size, of the one whose first key, of those that
// lead, comes later.
struct Review {
  std::string key, other;
  RecordId record = kNoRecord, other_record = kNoRecord;
  RecordId cluster = kNoRecord, other_cluster = kNoRecord;
  Score score;
};

// Why they are not one: TWO_NUMBERS (they agree, but for two valid numbers), the name of a caution,
// STRONGER_ELSEWHERE (a stronger link came before and excludes it) or TOO_LITTLE (it weighs less
// than a link).
absl::string_view ReviewReason(const Model& model, const Score& score);

// Why records are one person's.
struct Explanation {
  struct Between {
    // In the order of keys; of two that say the same, the one that leads first.
    RecordId a = kNoRecord, b = kNoRecord;
    std::string key_a, key_b;
    Score score;
    Comparison comparison;
    Verdict verdict = Verdict::kNone;
  };
  struct Inside : Between {
    // Counted from 1 if it made two parts one, in that order; 0 if they were one already, or if it
    // is weaker than a link.
    std::size_t step = 0;
  };
  struct Refused : Between {
    Refusal refusal = Refusal::kConflictingIds;
  };

  std::string model;  // its version
  RecordId cluster = kNoRecord;
  std::vector<RecordId> members;  // rising
  // All that is kept between two of them: the steps in order, then the others by falling weight.
  // First those that say the same, each with the one that leads them.
  std::vector<Inside> inside;
  // Links to other clusters, by falling weight.
  std::vector<Refused> refused;
};

// Of records that say the same and were judged, so many are compared with each other and with the
// node that the others share.
inline constexpr std::size_t kAlikeMax = 50;

// A hash with a key that everybody knows, for tables that nobody else reads.
std::uint64_t PublicHash(absl::string_view bytes);

// The same with a key of 16 bytes.
std::function<std::uint64_t(absl::string_view)> KeyedHash(std::string key);

struct LinkageOptions {
  // Of parts of personal data: where the tables can be stolen, keyed with a secret.
  std::function<std::uint64_t(absl::string_view)> hash = PublicHash;
  std::size_t links_max = kLinksMax;
  // Of records that say the same one of the lowest rank leads, and of those the first in the order
  // of keys. None: all are of one rank.
  std::function<int(RecordId)> rank = nullptr;
};

class Linkage {
 public:
  // "model" and "tables" must outlive the object. Requires: at most kRecipesMax recipes.
  Linkage(const Model& model, LinkageTables& tables, LinkageOptions options = {})
      : model_(model), scorer_(model), tables_(tables), options_(std::move(options)) {}

  // Adds a record, or puts it in the place of the one with this key, which keeps its id: then
  // "record" is not looked at. Requires: a profile of the model's schema.
  // ALREADY_EXISTS: another record has this id. INVALID_ARGUMENT: the id is kNoRecord.
  absl::StatusOr<LinkageChange> Put(RecordId record, absl::string_view key, const Profile& profile);
  // Changes nothing if there is none.
  absl::StatusOr<LinkageChange> Remove(absl::string_view key);
  // What a person decided about two records, there or not; kNone takes it back.
  absl::StatusOr<LinkageChange> Tell(absl::string_view a, absl::string_view b, Verdict verdict);

  // kNoRecord if there is none.
  absl::StatusOr<RecordId> IdOf(absl::string_view key) const { return tables_.IdOf(key); }

  // Of the next four, NOT_FOUND: there is no such record.

  absl::StatusOr<RecordId> ClusterOf(RecordId record) const;
  // All that is kept at or above "review", and what a verdict says, by falling weight.
  absl::StatusOr<std::vector<Neighbour>> NeighboursOf(RecordId record) const;
  // Weight of the strongest link between the record and another of its cluster; nullopt if there is
  // none.
  absl::StatusOr<std::optional<Weight>> StrengthOf(RecordId record) const;
  // Of the cluster that the record is in.
  absl::StatusOr<Explanation> Explain(RecordId record) const;

  // Rising; empty if there is no such cluster.
  absl::StatusOr<std::vector<RecordId>> MembersOf(RecordId cluster) const;
  // One for each other cluster, such that something between the two is at or above "review" and no
  // two of their records were told apart, or that they were told the same and are apart because
  // that contradicts another verdict. By falling weight; none if there is no such cluster.
  absl::StatusOr<std::vector<Review>> ReviewsOf(RecordId cluster) const;
  // The same between all clusters, each pair once. Requires: these are all records.
  absl::StatusOr<std::vector<Review>> Reviews(const std::vector<RecordId>& records) const;

  std::uint64_t comparisons() const { return comparisons_; }

 private:
  using Edge = LinkageTables::Edge;
  using Node = LinkageTables::Node;
  class Change;
  class ReviewFinder;
  // A component, or as much of it as tells that it is crowded.
  struct Walk {
    std::vector<RecordId> records;
    std::vector<const Node*> nodes;
    bool crowded = false;
  };
  enum class Along { kLinks, kSameVerdicts };

  bool Links(const Edge& edge) const {
    return edge.verdict == Verdict::kSame ||
           (edge.verdict == Verdict::kNone && edge.scored && edge.weight >= model_.link);
  }
  bool Follows(const Edge& edge, Along along) const {
    return along == Along::kLinks ? Links(edge) : edge.verdict == Verdict::kSame;
  }
  // A key that no recipe makes connects nobody.
  std::size_t RecordsMax(KeyHash key) const {
    const std::size_t recipe = key >> kKeyHashBits;
    if (recipe == kOfProfile) return kAlikeMax;
    return recipe < model_.recipes.size() ? model_.recipes[recipe].records_max : 0;
  }
  // A profile, and what follows from it.
  struct Content {
    const Profile& profile;
    std::string packed;
    std::vector<KeyHash> keys;  // rising, each once
  };
  Content ContentOf(const Profile& profile) const;
  // The one of two records that say the same which leads the other.
  bool Leads(RecordId a, absl::string_view key_a, RecordId b, absl::string_view key_b) const;
  // Of all that share the node.
  static RecordId FirstOf(RecordId record, const Node& node) {
    return node.alike.empty() ? record : std::min(record, node.alike.front());
  }
  // The first 17 digits of a valid national id; 0 if there is none.
  std::uint64_t NumberOf(const Profile& profile) const;
  // How a whole name sounds; 0 if it may sound, or be written, in other ways.
  std::uint64_t SoundOf(const Profile& profile) const;
  Profile ProfileOf(const Node& node) const {
    return UnpackProfile(node.profile, model_.schema.size());
  }
  Score ScoreOf(const Node& a, const Node& b, Comparison* comparison = nullptr) const;
  static const Edge* FindEdge(const Node& node, RecordId to);

  // Of a record that another table names.
  absl::StatusOr<const Node*> NodeOf(RecordId record) const;
  // Of a record that a caller names: NOT_FOUND.
  absl::StatusOr<const Node*> NodeAsked(RecordId record) const;
  // The same, but the record is replaced with that whose node it shares.
  absl::StatusOr<const Node*> LeaderAsked(RecordId& record) const;
  // The nodes of a cluster, by rising id; none if there is no such cluster.
  absl::StatusOr<std::vector<RecordId>> NodesOf(RecordId cluster) const;
  // What is connected with "start". Along links it stops as soon as it has seen too many of them.
  absl::StatusOr<Walk> WalkFrom(RecordId start, Along along) const;
  // Sorts the walk by key and clusters it. Requires: it is not crowded, or is along verdicts.
  Partition Solve(Walk& walk, Along along) const;
  absl::Status ExplainInside(const Walk& walk, const Partition& partition, Explanation& why) const;
  absl::Status ExplainRefused(const Walk& walk, const Partition& partition, Explanation& why) const;

  const Model& model_;
  const Scorer scorer_;
  LinkageTables& tables_;
  const LinkageOptions options_;
  std::uint64_t comparisons_ = 0;
};

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_LINKAGE_H_
