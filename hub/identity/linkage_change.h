// One change of the linkage: what it touches, and whose components are to be clustered again.
//
// For the linkage's own files.

#ifndef ANQIAO_HUB_IDENTITY_LINKAGE_CHANGE_H_
#define ANQIAO_HUB_IDENTITY_LINKAGE_CHANGE_H_

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/identity/linkage.h"

namespace anqiao::identity {

// What the tables keep between two records.
struct Tie {
  Weight weight = 0;
  Verdict verdict = Verdict::kNone;
  bool scored = false;
};

// Where the edge is, or would be.
template <typename Edges>
auto PlaceOfEdge(Edges& edges, RecordId to) {
  return std::lower_bound(
      edges.begin(), edges.end(), to,
      [](const LinkageTables::Edge& edge, RecordId record) { return edge.to < record; });
}

inline void SortOnce(std::vector<std::uint64_t>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

class Linkage::Change {
 public:
  explicit Change(Linkage& linkage) : linkage_(linkage), tables_(linkage.tables_) {}

  // A record that is new, is going to be another, or to go.
  void Came(RecordId record) {
    touched_.push_back({record, kNoRecord, record});
    dirty_.push_back(record);
    came_ = true;
  }
  void Changes(RecordId record, const Node& node) {
    Touch(record, node);
    dirty_.push_back(record);
  }
  void Goes(RecordId record, const Node& node) {
    Touch(record, node);
    removed_ = record;
    removed_from_ = node.cluster;
  }

  // What the record says, whatever it said before. Requires: it shares its node with no other.
  absl::Status Says(RecordId record, Node& node, Content content);
  // Takes the record out of a node that it shares: then it says nothing.
  absl::Status Separate(RecordId record, Node& node);
  // What the record says is gone, and who is only judged with it.
  absl::Status Silent(RecordId record, Node& node);
  // There is a verdict on the record now; or perhaps none any more.
  absl::Status Judged(RecordId record, Node& node);
  absl::Status Unjudged(RecordId record, Node& node);
  // Both edges between two records; none if the tie is none.
  absl::Status SetTie(RecordId a, RecordId b, const Tie& tie);

  absl::StatusOr<LinkageChange> Finish();

 private:
  struct Touched {
    RecordId record, from, to;
  };

  void Touch(RecordId record, const Node& node) {
    touched_.push_back({record, node.cluster, node.cluster});
  }
  Tie Judge(const Profile& a, const Profile& b, Verdict verdict);
  // Gives the node this content, its keys and its edges.
  absl::Status Grow(RecordId record, Node& node, Content content);
  // The same of what another node said.
  absl::Status GrowAgain(RecordId record, Node& node, absl::string_view packed);
  // Takes the node its edges and keys.
  absl::Status Wither(RecordId record, Node& node);
  // The node that other records with this profile share; kNoRecord if there is none. Requires: it
  // has a key of its own.
  absl::StatusOr<RecordId> FindAlike(KeyHash key, absl::string_view profile) const;
  // "from", which shares its node with no other, or leads, and those that share it share the node
  // of "into" from now on.
  absl::Status Join(RecordId from, Node& from_node, RecordId into, Node& into_node);
  // Gives the record other keys, and their buckets what follows from that for others.
  absl::Status Rekey(RecordId record, Node& node, std::vector<KeyHash> keys);
  // The record's own edges, by the keys that it has now.
  absl::Status Reconnect(RecordId record, const Node& node, const Profile& profile);
  // A key that "record" made too frequent connects nobody any more.
  absl::Status Silence(KeyHash key, RecordId record);
  // A key that is rare enough again connects all who have it.
  absl::Status Reopen(KeyHash key);
  absl::StatusOr<bool> ShareLiveKey(const Node& a, const Node& b) const;
  absl::StatusOr<std::vector<std::pair<RecordId, Verdict>>> Verdicts(const Node& node) const;
  absl::StatusOr<bool> HasVerdicts(const Node& node) const;

  absl::Status Recluster();
  // Those connected with "start" in a component that was not crowded until now, to "crowd_".
  absl::Status Spread(RecordId start);
  absl::Status Settle(Walk& walk, Along along);
  absl::Status Assign(RecordId record, const Node& node, RecordId cluster, bool crowded);
  // Of a record that shares a node.
  absl::Status Follow(RecordId record, RecordId cluster);

  Linkage& linkage_;
  LinkageTables& tables_;
  bool came_ = false;
  RecordId removed_ = kNoRecord, removed_from_ = kNoRecord;
  std::vector<Touched> touched_;  // in the order of time, a record as often as it changes
  std::vector<KeyHash> live_;     // keys of the record that others have too
  std::vector<RecordId> joined_;  // they share a node that they did not share before
  std::vector<RecordId> dirty_;   // each component to be walked has one of them
  std::vector<RecordId> crowd_;   // in crowded components, to be clustered by verdicts
  absl::flat_hash_set<RecordId> in_crowd_;
  absl::flat_hash_set<RecordId> settled_;
};

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_LINKAGE_CHANGE_H_
