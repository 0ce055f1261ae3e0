// What a Linkage tells of its clusters; linkage_change.cc changes them.

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "hub/base/status_macros.h"
#include "hub/identity/linkage.h"

namespace anqiao::identity {

absl::StatusOr<const LinkageTables::Node*> Linkage::NodeAsked(RecordId record) const {
  AQ_ASSIGN_OR_RETURN(const Node* node, tables_.Find(record));
  if (node == nullptr) return absl::NotFoundError("there is no such record");
  return node;
}

absl::StatusOr<const LinkageTables::Node*> Linkage::LeaderAsked(RecordId& record) const {
  AQ_ASSIGN_OR_RETURN(const Node* node, NodeAsked(record));
  if (node->like == kNoRecord) return node;
  record = node->like;
  return NodeOf(record);
}

Score Linkage::ScoreOf(const Node& a, const Node& b, Comparison* comparison) const {
  const Profile x = ProfileOf(a), y = ProfileOf(b);
  const Comparison compared = Compare(scorer_.places(), x, y);
  if (comparison != nullptr) *comparison = compared;
  return scorer_.ScoreOf(compared, x, y);
}

absl::StatusOr<RecordId> Linkage::ClusterOf(RecordId record) const {
  AQ_ASSIGN_OR_RETURN(const Node* node, NodeAsked(record));
  return node->cluster;
}

absl::StatusOr<std::vector<Neighbour>> Linkage::NeighboursOf(RecordId record) const {
  RecordId leader = record;
  AQ_ASSIGN_OR_RETURN(const Node* node, LeaderAsked(leader));
  std::vector<Neighbour> neighbours;
  const auto add = [&](RecordId to, const Node& shared, Verdict verdict) -> absl::Status {
    Neighbour neighbour;
    neighbour.score = ScoreOf(*node, shared, &neighbour.comparison);
    neighbour.verdict = verdict;
    neighbour.together = node->cluster == shared.cluster;
    std::vector<RecordId> others = shared.alike;
    others.push_back(to);
    for (const RecordId other : others) {
      if (other == record) continue;
      AQ_ASSIGN_OR_RETURN(const Node* each, NodeOf(other));
      neighbour.record = other;
      neighbour.key = each->key;
      neighbours.push_back(neighbour);
    }
    return absl::OkStatus();
  };
  AQ_RETURN_IF_ERROR(add(leader, *node, Verdict::kNone));
  for (const Edge& edge : node->edges) {
    AQ_ASSIGN_OR_RETURN(const Node* other, NodeOf(edge.to));
    AQ_RETURN_IF_ERROR(add(edge.to, *other, edge.verdict));
  }
  std::sort(neighbours.begin(), neighbours.end(), [](const Neighbour& a, const Neighbour& b) {
    return std::tuple(-a.score.total, a.key) < std::tuple(-b.score.total, b.key);
  });
  return neighbours;
}

absl::StatusOr<std::optional<Weight>> Linkage::StrengthOf(RecordId record) const {
  AQ_ASSIGN_OR_RETURN(const Node* node, LeaderAsked(record));
  std::optional<Weight> strength;
  if (!node->alike.empty()) strength = ScoreOf(*node, *node).total;
  for (const Edge& edge : node->edges) {
    if (!edge.scored) continue;
    AQ_ASSIGN_OR_RETURN(const Node* other, NodeOf(edge.to));
    if (other->cluster != node->cluster) continue;
    strength = std::max(strength.value_or(edge.weight), edge.weight);
  }
  return strength;
}

absl::string_view ReviewReason(const Model& model, const Score& score) {
  if (score.conflicting_ids) return "TWO_NUMBERS";
  const absl::string_view caution = CautionName(score.caution);
  if (!caution.empty()) return caution;
  return score.total >= model.link ? "STRONGER_ELSEWHERE" : "TOO_LITTLE";
}

absl::StatusOr<std::vector<RecordId>> Linkage::MembersOf(RecordId cluster) const {
  AQ_ASSIGN_OR_RETURN(std::vector<RecordId> members, NodesOf(cluster));
  const std::size_t nodes = members.size();
  for (std::size_t i = 0; i < nodes; ++i) {
    AQ_ASSIGN_OR_RETURN(const Node* node, NodeOf(members[i]));
    members.insert(members.end(), node->alike.begin(), node->alike.end());
  }
  std::sort(members.begin(), members.end());
  return members;
}

absl::StatusOr<std::vector<RecordId>> Linkage::NodesOf(RecordId cluster) const {
  AQ_ASSIGN_OR_RETURN(const Node* first, tables_.Find(cluster));
  if (first == nullptr || first->cluster != cluster) return std::vector<RecordId>();
  const RecordId start = first->like == kNoRecord ? cluster : first->like;
  // What made them one were links between them: the same walk finds them all.
  std::vector<RecordId> members = {start};
  absl::flat_hash_set<RecordId> seen = {start};
  for (std::size_t i = 0; i < members.size(); ++i) {
    AQ_ASSIGN_OR_RETURN(const Node* node, NodeOf(members[i]));
    for (const Edge& edge : node->edges) {
      if (!Links(edge) || seen.contains(edge.to)) continue;
      AQ_ASSIGN_OR_RETURN(const Node* other, NodeOf(edge.to));
      if (other->cluster != cluster) continue;
      seen.insert(edge.to);
      members.push_back(edge.to);
    }
  }
  std::sort(members.begin(), members.end());
  return members;
}

// Finds the reviews of the records that it is shown.
class Linkage::ReviewFinder {
 public:
  explicit ReviewFinder(const Linkage& linkage) : linkage_(linkage) {}

  // Counts the records of a node as those of its cluster, whose other nodes will be counted as
  // well.
  void Count(const Node& node) {
    Summary& summary = summaries_[node.cluster];
    if (summary.size == 0 || node.key < summary.first_key) summary.first_key = node.key;
    summary.size += 1 + node.alike.size();
  }
  // What leads from the node out of its cluster.
  absl::Status Look(RecordId record, const Node& node);
  absl::StatusOr<std::vector<Review>> Finish();

 private:
  struct Summary {
    std::size_t size = 0;
    absl::string_view first_key;
  };
  struct Best {
    Weight weight = 0;
    RecordId a = kNoRecord, b = kNoRecord;  // in the order of keys
    const Node* node_a = nullptr;
    const Node* node_b = nullptr;

    // Keys break ties, so that the answer does not depend on ids.
    bool StrongerThan(const Best& other) const {
      return std::tie(other.weight, node_a->key, node_b->key) <
             std::tie(weight, other.node_a->key, other.node_b->key);
    }
  };

  absl::StatusOr<Summary> SummaryOf(RecordId cluster);

  const Linkage& linkage_;
  absl::flat_hash_map<RecordId, Summary> summaries_;
  // By the two clusters, the smaller id first.
  absl::flat_hash_map<std::pair<RecordId, RecordId>, Best> best_;
  absl::flat_hash_set<std::pair<RecordId, RecordId>> apart_;
};

absl::Status Linkage::ReviewFinder::Look(RecordId record, const Node& node) {
  for (const Edge& edge : node.edges) {
    AQ_ASSIGN_OR_RETURN(const Node* other, linkage_.NodeOf(edge.to));
    if (node.cluster == other->cluster) continue;
    const std::pair<RecordId, RecordId> clusters = std::minmax(node.cluster, other->cluster);
    if (edge.verdict == Verdict::kNotSame) {
      apart_.insert(clusters);
      continue;
    }
    Best found = {edge.weight, record, edge.to, &node, other};
    if (other->key < node.key) {
      std::swap(found.a, found.b);
      std::swap(found.node_a, found.node_b);
    }
    const auto [at, inserted] = best_.emplace(clusters, found);
    if (!inserted && found.StrongerThan(at->second)) at->second = found;
  }
  return absl::OkStatus();
}

absl::StatusOr<Linkage::ReviewFinder::Summary> Linkage::ReviewFinder::SummaryOf(RecordId cluster) {
  const auto known = summaries_.find(cluster);
  if (known != summaries_.end()) return known->second;
  AQ_ASSIGN_OR_RETURN(const std::vector<RecordId> members, linkage_.NodesOf(cluster));
  for (const RecordId member : members) {
    AQ_ASSIGN_OR_RETURN(const Node* node, linkage_.NodeOf(member));
    Count(*node);
  }
  return summaries_[cluster];
}

absl::StatusOr<std::vector<Review>> Linkage::ReviewFinder::Finish() {
  std::vector<Review> reviews;
  for (const auto& [clusters, found] : best_) {
    if (apart_.contains(clusters)) continue;
    Best best = found;
    AQ_ASSIGN_OR_RETURN(const Summary a, SummaryOf(best.node_a->cluster));
    AQ_ASSIGN_OR_RETURN(const Summary b, SummaryOf(best.node_b->cluster));
    if (std::tie(b.size, a.first_key) < std::tie(a.size, b.first_key)) {
      std::swap(best.a, best.b);
      std::swap(best.node_a, best.node_b);
    }
    Review review = {.key = best.node_a->key,
                     .other = best.node_b->key,
                     .record = best.a,
                     .other_record = best.b,
                     .cluster = best.node_a->cluster,
                     .other_cluster = best.node_b->cluster,
                     .score = linkage_.ScoreOf(*best.node_a, *best.node_b)};
    reviews.push_back(std::move(review));
  }
  std::sort(reviews.begin(), reviews.end(), [](const Review& x, const Review& y) {
    return std::tie(y.score.total, x.key, x.other) < std::tie(x.score.total, y.key, y.other);
  });
  return reviews;
}

absl::StatusOr<std::vector<Review>> Linkage::ReviewsOf(RecordId cluster) const {
  ReviewFinder finder(*this);
  AQ_ASSIGN_OR_RETURN(const std::vector<RecordId> members, NodesOf(cluster));
  for (const RecordId member : members) {
    AQ_ASSIGN_OR_RETURN(const Node* node, NodeOf(member));
    finder.Count(*node);
    AQ_RETURN_IF_ERROR(finder.Look(member, *node));
  }
  return finder.Finish();
}

absl::StatusOr<std::vector<Review>> Linkage::Reviews(const std::vector<RecordId>& records) const {
  ReviewFinder finder(*this);
  for (const RecordId record : records) {
    AQ_ASSIGN_OR_RETURN(const Node* node, NodeOf(record));
    if (node->like != kNoRecord) continue;
    finder.Count(*node);
    AQ_RETURN_IF_ERROR(finder.Look(record, *node));
  }
  return finder.Finish();
}

absl::StatusOr<Explanation> Linkage::Explain(RecordId record) const {
  AQ_ASSIGN_OR_RETURN(const Node* node, LeaderAsked(record));
  Explanation why;
  why.model = model_.version;
  why.cluster = node->cluster;
  const Along along = node->crowded ? Along::kSameVerdicts : Along::kLinks;
  AQ_ASSIGN_OR_RETURN(Walk walk, WalkFrom(record, along));
  if (walk.crowded) return absl::DataLossError("a crowded component is not marked as one");
  const Partition partition = Solve(walk, along);
  AQ_RETURN_IF_ERROR(ExplainInside(walk, partition, why));
  AQ_RETURN_IF_ERROR(ExplainRefused(walk, partition, why));
  return why;
}

absl::Status Linkage::ExplainInside(const Walk& walk, const Partition& partition,
                                    Explanation& why) const {
  // The walk is in the order of keys.
  for (std::size_t i = 0; i < walk.records.size(); ++i) {
    const Node& node = *walk.nodes[i];
    if (node.cluster != why.cluster || node.alike.empty()) continue;
    Explanation::Inside inside;
    inside.a = walk.records[i];
    inside.key_a = node.key;
    inside.score = ScoreOf(node, node, &inside.comparison);
    std::map<std::string, RecordId> alike;
    for (const RecordId each : node.alike) {
      AQ_ASSIGN_OR_RETURN(const Node* other, NodeOf(each));
      alike.emplace(other->key, each);
    }
    for (const auto& [key, each] : alike) {
      inside.b = each;
      inside.key_b = key;
      inside.step = why.inside.size() + 1;
      why.inside.push_back(inside);
    }
  }
  std::map<std::pair<RecordId, RecordId>, std::size_t> steps;
  const std::size_t alike = why.inside.size();
  for (const Link& link : partition.used) {
    if (walk.nodes[link.a]->cluster != why.cluster) continue;
    steps.emplace(std::pair(walk.records[link.a], walk.records[link.b]), alike + steps.size() + 1);
  }
  for (std::size_t i = 0; i < walk.records.size(); ++i) {
    const Node& node = *walk.nodes[i];
    if (node.cluster != why.cluster) continue;
    why.members.push_back(walk.records[i]);
    why.members.insert(why.members.end(), node.alike.begin(), node.alike.end());
    for (const Edge& edge : node.edges) {
      AQ_ASSIGN_OR_RETURN(const Node* other, NodeOf(edge.to));
      if (other->cluster != why.cluster || other->key < node.key) continue;
      Explanation::Inside inside;
      inside.a = walk.records[i];
      inside.b = edge.to;
      inside.key_a = node.key;
      inside.key_b = other->key;
      inside.score = ScoreOf(node, *other, &inside.comparison);
      inside.verdict = edge.verdict;
      if (const auto at = steps.find({inside.a, inside.b}); at != steps.end()) {
        inside.step = at->second;
      }
      why.inside.push_back(std::move(inside));
    }
  }
  std::sort(why.members.begin(), why.members.end());
  std::sort(why.inside.begin(), why.inside.end(),
            [](const Explanation::Inside& x, const Explanation::Inside& y) {
              const auto rank = [](const Explanation::Inside& each) {
                return std::tuple(each.step == 0, each.step, -each.score.total);
              };
              return std::tuple(rank(x), x.key_a, x.key_b) < std::tuple(rank(y), y.key_a, y.key_b);
            });
  return absl::OkStatus();
}

absl::Status Linkage::ExplainRefused(const Walk& walk, const Partition& partition,
                                     Explanation& why) const {
  const auto add = [&](RecordId a, const Node& node_a, RecordId b, const Node& node_b,
                       Verdict verdict, Refusal refusal) {
    const bool ordered = node_a.key < node_b.key;
    Explanation::Refused refused;
    refused.a = ordered ? a : b;
    refused.b = ordered ? b : a;
    refused.key_a = ordered ? node_a.key : node_b.key;
    refused.key_b = ordered ? node_b.key : node_a.key;
    refused.score = ScoreOf(node_a, node_b, &refused.comparison);
    refused.verdict = verdict;
    refused.refusal = refusal;
    why.refused.push_back(std::move(refused));
  };
  for (const Partition::Refused& each : partition.refused) {
    const Node &a = *walk.nodes[each.link.a], &b = *walk.nodes[each.link.b];
    if (a.cluster != why.cluster && b.cluster != why.cluster) continue;
    add(walk.records[each.link.a], a, walk.records[each.link.b], b, each.link.verdict,
        each.refusal);
  }
  // Of a crowded component the walk has only what verdicts connect: the other links that leave the
  // cluster, and the clusters that it was told apart from.
  std::vector<std::pair<std::size_t, Edge>> leaving;
  absl::flat_hash_set<RecordId> apart;
  for (std::size_t i = 0; i < walk.records.size(); ++i) {
    const Node& node = *walk.nodes[i];
    if (!node.crowded || node.cluster != why.cluster) continue;
    for (const Edge& edge : node.edges) {
      AQ_ASSIGN_OR_RETURN(const Node* other, NodeOf(edge.to));
      if (other->cluster == why.cluster) continue;
      if (edge.verdict == Verdict::kNotSame) apart.insert(other->cluster);
      if (edge.verdict == Verdict::kNone && Links(edge)) leaving.emplace_back(i, edge);
    }
  }
  for (const auto& [i, edge] : leaving) {
    AQ_ASSIGN_OR_RETURN(const Node* other, NodeOf(edge.to));
    add(walk.records[i], *walk.nodes[i], edge.to, *other, edge.verdict,
        apart.contains(other->cluster) ? Refusal::kToldApart : Refusal::kTooManyLinks);
  }
  std::sort(why.refused.begin(), why.refused.end(),
            [](const Explanation::Refused& x, const Explanation::Refused& y) {
              return std::tie(y.score.total, x.key_a, x.key_b) <
                     std::tie(x.score.total, y.key_a, y.key_b);
            });
  return absl::OkStatus();
}

}  // namespace anqiao::identity
