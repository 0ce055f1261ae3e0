// Records resolved to people one at a time, in memory. After any adding, changing and removing the
// partition is that of the records that are there, whatever came first.
//
//   Linkage linkage(model);
//   linkage.Put("police/17", profile);
//   linkage.ClusterOf("police/17");  // key of the first record of the same person
//
// Thread-compatible.

#ifndef ANQIAO_HUB_IDENTITY_LINKAGE_H_
#define ANQIAO_HUB_IDENTITY_LINKAGE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "hub/identity/clustering.h"
#include "hub/identity/model.h"

namespace anqiao::identity {

// One record beside another that it might belong to, or does.
struct Neighbour {
  std::string key;
  Score score;
  Comparison comparison;
  Verdict verdict = Verdict::kNone;
  // True if both are in one cluster.
  bool together = false;
};

// Two clusters that a person should look at: the two records that speak most for their being one.
// "key" is of the smaller cluster; of two of a size, of the one whose first key comes later.
struct Review {
  std::string key, other;
  Score score;
};

class Linkage {
 public:
  // "model" must outlive the object.
  explicit Linkage(const Model& model) : model_(model) {}

  // Adds a record, or puts it in the place of the one with this key. Requires: a profile of the
  // model's schema.
  void Put(std::string key, const Profile& profile);
  // False if there is none.
  bool Remove(const std::string& key);
  // What a person decided about two records, there or not; kNone takes it back.
  void Tell(const std::string& a, const std::string& b, Verdict verdict);

  bool Has(const std::string& key) const { return places_.contains(key); }
  std::size_t size() const { return places_.size(); }
  // The first key of the record's cluster. Requires: Has(key).
  const std::string& ClusterOf(const std::string& key) const;
  // All that is kept at or above "review", and what a verdict says, by falling weight. Requires:
  // Has(key).
  std::vector<Neighbour> NeighboursOf(const std::string& key) const;
  // Weight of the strongest link between the record and another of its cluster; nullopt if there is
  // none. Requires: Has(key).
  std::optional<Weight> StrengthOf(const std::string& key) const;
  // One for each two clusters between which something is at or above "review" and of which no two
  // records were told apart, by falling weight; and for each two that were told the same and are
  // apart because that contradicts another verdict.
  std::vector<Review> Reviews() const;

  std::uint64_t comparisons() const { return comparisons_; }

 private:
  using Place = std::uint32_t;
  // Of a blocking key. Two that collide count as one: among 10^8 keys a chance of 1 in 4,000.
  using KeyHash = std::uint64_t;
  struct Edge {
    Place to = 0;
    Weight weight = 0;  // 0 unless scored
    Verdict verdict = Verdict::kNone;
    bool scored =
        false;  // they share a key and weigh "review" or more; else there is a verdict only
  };
  struct Node {
    std::string key;
    std::string profile;  // packed
    std::vector<KeyHash> keys;
    std::vector<Edge> edges;
    std::uint64_t id = 0;     // as in Component
    std::uint64_t sound = 0;  // hash of how a whole name is read; 0 if that does not tell it
    Place cluster = 0;
  };
  struct Bucket {
    std::uint32_t recipe = 0;
    absl::InlinedVector<Place, 2> members;
  };

  bool Live(const Bucket& bucket) const {
    return bucket.members.size() <= model_.recipes[bucket.recipe].records_max;
  }
  bool ShareLiveKey(const Node& a, const Node& b) const;
  bool Links(const Edge& edge) const {
    return edge.verdict == Verdict::kSame ||
           (edge.verdict == Verdict::kNone && edge.scored && edge.weight >= model_.link);
  }
  Edge* FindEdge(Place a, Place b);
  Profile ProfileOf(const Node& node) const {
    return UnpackProfile(node.profile, model_.schema.size());
  }
  // Two people beyond doubt (Score::different), by what lies at hand.
  static bool PlainlyDifferent(const Node& a, const Node& b) {
    return a.id != b.id && a.id != 0 && b.id != 0 && a.sound != b.sound && a.sound != 0 &&
           b.sound != 0;
  }
  Score ScoreOf(const Node& a, const Node& b, Comparison* comparison = nullptr) const;
  // Compares if need be, and keeps the edge if it weighs enough; true if it does.
  bool Connect(Place a, const Profile& profile_a, Place b);
  void SetEdge(Place from, const Edge& edge);
  void EraseEdge(Place from, Place to);
  // Takes the score of an edge away, and the edge if there is no verdict.
  void Unscore(Place a, Place b);
  Verdict VerdictOn(const std::string& a, const std::string& b) const;
  // Clusters the components of these places anew.
  void Recluster(const std::vector<Place>& dirty);

  const Model& model_;
  std::vector<Node> nodes_;
  std::vector<Place> free_;
  absl::flat_hash_map<std::string, Place> places_;
  absl::flat_hash_map<KeyHash, Bucket> buckets_;
  std::map<std::pair<std::string, std::string>, Verdict> verdicts_;
  absl::flat_hash_map<std::string, std::vector<std::string>> told_;  // partners in verdicts_
  std::uint64_t comparisons_ = 0;
};

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_LINKAGE_H_
