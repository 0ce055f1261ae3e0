// What tests of the resolver need: tables that keep bytes, tables that fail, and an owner that
// keeps up with what changes tell.

#ifndef ANQIAO_TESTS_HUB_IDENTITY_LINKAGE_TESTING_H_
#define ANQIAO_TESTS_HUB_IDENTITY_LINKAGE_TESTING_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/identity/linkage.h"
#include "hub/identity/memory_tables.h"

namespace anqiao::identity {

// A node as bytes and back.
inline std::string NodeBytes(const LinkageTables::Node& node) {
  std::string bytes;
  const auto number = [&](std::uint64_t value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  const auto text = [&](const std::string& value) {
    number(value.size());
    bytes += value;
  };
  text(node.key);
  text(node.profile);
  number(node.keys.size());
  for (const KeyHash key : node.keys) number(key);
  number(node.edges.size());
  for (const LinkageTables::Edge& edge : node.edges) {
    number(edge.to);
    number(static_cast<std::uint64_t>(edge.weight));
    number(static_cast<std::uint64_t>(edge.verdict));
    number(edge.scored);
  }
  for (const std::uint64_t value : {node.id, node.sound, node.cluster}) number(value);
  number(node.crowded);
  number(node.like);
  number(node.alike.size());
  for (const RecordId record : node.alike) number(record);
  number(node.judged);
  return bytes;
}

inline LinkageTables::Node NodeFromBytes(absl::string_view bytes) {
  LinkageTables::Node node;
  const auto number = [&] {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof(value));
    bytes.remove_prefix(sizeof(value));
    return value;
  };
  const auto text = [&] {
    const std::uint64_t size = number();
    std::string value(bytes.substr(0, size));
    bytes.remove_prefix(size);
    return value;
  };
  node.key = text();
  node.profile = text();
  node.keys.resize(number());
  for (KeyHash& key : node.keys) key = number();
  node.edges.resize(number());
  for (LinkageTables::Edge& edge : node.edges) {
    edge.to = number();
    edge.weight = static_cast<Weight>(number());
    edge.verdict = static_cast<Verdict>(number());
    edge.scored = number() != 0;
  }
  for (std::uint64_t* value : {&node.id, &node.sound, &node.cluster}) *value = number();
  node.crowded = number() != 0;
  node.like = number();
  node.alike.resize(number());
  for (RecordId& record : node.alike) record = number();
  node.judged = number() != 0;
  return node;
}

// Keeps each node as bytes. After each call of Linkage its owner calls Close: objects that were
// handed out are gone then, and those that were only read are found to be as they were.
class SerializedTables final : public LinkageTables {
 public:
  struct State {
    std::map<RecordId, std::string> nodes;
    std::map<std::string, RecordId> ids;
    std::map<KeyHash, std::set<RecordId>> buckets;
    std::map<std::pair<std::string, std::string>, Verdict> verdicts;

    friend bool operator==(const State&, const State&) = default;
  };

  void Close() {
    for (auto& [record, open] : open_) {
      const std::string bytes = NodeBytes(*open.node);
      if (open.changed) {
        state_.nodes[record] = bytes;
      } else {
        EXPECT_EQ(absl::BytesToHexString(bytes), absl::BytesToHexString(state_.nodes[record]))
            << "changed without being asked for to be";
      }
      // Whoever still looks at it finds nothing that makes sense.
      *open.node = Node();
    }
    open_.clear();
  }
  const State& state() const { return state_; }
  void Restore(State state) {
    open_.clear();
    state_ = std::move(state);
  }

  absl::StatusOr<RecordId> IdOf(absl::string_view key) const override {
    const auto found = state_.ids.find(std::string(key));
    return found == state_.ids.end() ? kNoRecord : found->second;
  }
  absl::StatusOr<const Node*> Find(RecordId record) const override { return Open(record, false); }
  absl::StatusOr<Node*> Change(RecordId record) override { return Open(record, true); }
  absl::StatusOr<Node*> Create(RecordId record, absl::string_view key) override {
    if (state_.nodes.count(record) > 0) return absl::AlreadyExistsError("a record has this id");
    EXPECT_TRUE(state_.ids.emplace(key, record).second);
    Node node;
    node.key = std::string(key);
    node.cluster = record;
    state_.nodes[record] = NodeBytes(node);
    return Open(record, true);
  }
  absl::Status Erase(RecordId record) override {
    state_.ids.erase(Open(record, true)->key);
    open_.erase(record);
    state_.nodes.erase(record);
    return absl::OkStatus();
  }
  absl::StatusOr<std::size_t> AddMember(KeyHash key, RecordId record) override {
    EXPECT_TRUE(state_.buckets[key].insert(record).second);
    return state_.buckets[key].size();
  }
  absl::StatusOr<std::size_t> RemoveMember(KeyHash key, RecordId record) override {
    EXPECT_EQ(state_.buckets[key].erase(record), 1U);
    const std::size_t left = state_.buckets[key].size();
    if (left == 0) state_.buckets.erase(key);
    return left;
  }
  absl::StatusOr<std::size_t> CountMembers(KeyHash key) const override {
    const auto found = state_.buckets.find(key);
    return found == state_.buckets.end() ? 0 : found->second.size();
  }
  absl::Status ListMembers(KeyHash key, std::vector<RecordId>& members) const override {
    const auto found = state_.buckets.find(key);
    if (found == state_.buckets.end()) return absl::OkStatus();
    EXPECT_LE(found->second.size(), kRecordsPerKeyMax + 1);
    members.insert(members.end(), found->second.rbegin(), found->second.rend());
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<Told>> VerdictsOn(absl::string_view key) const override {
    std::vector<Told> told;
    for (const auto& [pair, verdict] : state_.verdicts) {
      if (pair.first == key) told.push_back({pair.second, verdict});
      if (pair.second == key) told.push_back({pair.first, verdict});
    }
    return told;
  }
  absl::Status SetVerdict(absl::string_view a, absl::string_view b, Verdict verdict) override {
    const std::pair<std::string, std::string> pair = std::minmax(std::string(a), std::string(b));
    state_.verdicts.erase(pair);
    if (verdict != Verdict::kNone) state_.verdicts.emplace(pair, verdict);
    return absl::OkStatus();
  }

 private:
  struct Opened {
    std::unique_ptr<Node> node;
    bool changed = false;
  };

  Node* Open(RecordId record, bool change) const {
    const auto found = state_.nodes.find(record);
    if (found == state_.nodes.end()) return nullptr;
    Opened& open = open_[record];
    if (open.node == nullptr) open.node = std::make_unique<Node>(NodeFromBytes(found->second));
    open.changed = open.changed || change;
    return open.node.get();
  }

  State state_;
  mutable std::map<RecordId, Opened> open_;
};

// Fails at the n-th call.
class FailingTables final : public LinkageTables {
 public:
  FailingTables(LinkageTables& tables, int at) : tables_(tables), left_(at) {}

  bool failed() const { return left_ <= 0; }

  absl::StatusOr<RecordId> IdOf(absl::string_view key) const override {
    return Fails() ? Failure() : tables_.IdOf(key);
  }
  absl::StatusOr<const Node*> Find(RecordId record) const override {
    return Fails() ? Failure() : tables_.Find(record);
  }
  absl::StatusOr<Node*> Change(RecordId record) override {
    return Fails() ? Failure() : tables_.Change(record);
  }
  absl::StatusOr<Node*> Create(RecordId record, absl::string_view key) override {
    return Fails() ? Failure() : tables_.Create(record, key);
  }
  absl::Status Erase(RecordId record) override {
    return Fails() ? Failure() : tables_.Erase(record);
  }
  absl::StatusOr<std::size_t> AddMember(KeyHash key, RecordId record) override {
    return Fails() ? Failure() : tables_.AddMember(key, record);
  }
  absl::StatusOr<std::size_t> RemoveMember(KeyHash key, RecordId record) override {
    return Fails() ? Failure() : tables_.RemoveMember(key, record);
  }
  absl::StatusOr<std::size_t> CountMembers(KeyHash key) const override {
    return Fails() ? Failure() : tables_.CountMembers(key);
  }
  absl::Status ListMembers(KeyHash key, std::vector<RecordId>& members) const override {
    return Fails() ? Failure() : tables_.ListMembers(key, members);
  }
  absl::StatusOr<std::vector<Told>> VerdictsOn(absl::string_view key) const override {
    if (Fails()) return Failure();
    return tables_.VerdictsOn(key);
  }
  absl::Status SetVerdict(absl::string_view a, absl::string_view b, Verdict verdict) override {
    return Fails() ? Failure() : tables_.SetVerdict(a, b, verdict);
  }

 private:
  bool Fails() const { return --left_ == 0; }
  static absl::Status Failure() { return absl::UnavailableError("the tables are away"); }

  LinkageTables& tables_;
  mutable int left_;
};

// Of an answer that is expected to be there.
template <typename T>
T Answer(absl::StatusOr<T> answer) {
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() ? *std::move(answer) : T();
}

// What ids say that an Owner gave.
inline int RankOfId(RecordId record) { return static_cast<int>(record % 2); }

// A linkage over tables of its own, spoken to by record key; ids are counted. Keeps clusters and
// the review queue by what changes tell.
class Owner {
 public:
  explicit Owner(const Model& model, bool serialized = false, LinkageOptions options = {})
      : links_max_(options.links_max),
        rank_(options.rank),
        model_(model),
        linkage_(model,
                 serialized ? static_cast<LinkageTables&>(serialized_)
                            : static_cast<LinkageTables&>(memory_),
                 options),
        tables_(serialized ? static_cast<LinkageTables&>(serialized_)
                           : static_cast<LinkageTables&>(memory_)) {}

  LinkageChange Put(const std::string& key, const Profile& profile) {
    keys_.insert(key);
    ++last_id_;
    // With ranks they go by the key, as the id says.
    return Follow(
        linkage_.Put(rank_ == nullptr ? last_id_ : 2 * last_id_ + RankOf(key), key, profile));
  }
  bool Remove(const std::string& key) {
    const RecordId id = IdOf(key);
    const bool there = keys_.erase(key) > 0;
    EXPECT_EQ(id != kNoRecord, there);
    const LinkageChange change = Follow(linkage_.Remove(key));
    if (there) {
      EXPECT_EQ(change.removed_from, clusters_[id]);
    }
    clusters_.erase(id);
    return change.removed_from != kNoRecord;
  }
  LinkageChange Tell(const std::string& a, const std::string& b, Verdict verdict) {
    return Follow(linkage_.Tell(a, b, verdict));
  }

  const std::set<std::string>& keys() const { return keys_; }
  std::size_t size() const { return keys_.size(); }
  bool Has(const std::string& key) { return IdOf(key) != kNoRecord; }
  RecordId IdOf(const std::string& key) { return Closing(linkage_.IdOf(key)); }
  // The first key of the record's cluster.
  std::string ClusterOf(const std::string& key) {
    return FirstKey(Closing(linkage_.ClusterOf(IdOf(key))));
  }
  std::string FirstKey(RecordId cluster) {
    std::set<std::string> keys;
    for (const RecordId member : Closing(linkage_.MembersOf(cluster))) keys.insert(KeyOf(member));
    EXPECT_FALSE(keys.empty());
    return keys.empty() ? "" : *keys.begin();
  }
  std::vector<Neighbour> NeighboursOf(const std::string& key) {
    return Closing(linkage_.NeighboursOf(IdOf(key)));
  }
  std::optional<Weight> StrengthOf(const std::string& key) {
    return Closing(linkage_.StrengthOf(IdOf(key)));
  }
  Explanation Explain(const std::string& key) { return Closing(linkage_.Explain(IdOf(key))); }
  std::vector<Review> Reviews() { return Closing(linkage_.Reviews(Ids())); }
  std::vector<RecordId> Ids() {
    std::vector<RecordId> ids;
    for (const std::string& key : keys_) ids.push_back(IdOf(key));
    return ids;
  }
  std::string KeyOf(RecordId record) { return NodeOf(record).key; }
  LinkageTables::Node NodeOf(RecordId record) {
    const LinkageTables::Node* node = Answer(tables_.Find(record));
    EXPECT_NE(node, nullptr);
    LinkageTables::Node copy = node == nullptr ? LinkageTables::Node() : *node;
    serialized_.Close();
    return copy;
  }
  Linkage& linkage() { return linkage_; }
  SerializedTables& serialized() { return serialized_; }

  // Everything that the tables hold, and all that is told of it, with keys for ids.
  std::string Describe();
  // What changes told is what is asked for, reviews of clusters are those of all, and clusters are
  // those of their whole components.
  void Check();

 private:
  using Pair = std::pair<RecordId, RecordId>;

  template <typename T>
  T Closing(absl::StatusOr<T> answer) {
    serialized_.Close();
    return Answer(std::move(answer));
  }
  static std::string Describe(const Review& review) {
    return absl::StrCat(review.key, " ", review.other, " ", review.score.total, " ",
                        review.cluster < review.other_cluster);
  }
  std::map<Pair, std::string> ReviewsOf(RecordId cluster) {
    std::map<Pair, std::string> reviews;
    for (const Review& review : Closing(linkage_.ReviewsOf(cluster))) {
      EXPECT_TRUE(
          reviews.emplace(std::minmax(review.cluster, review.other_cluster), Describe(review))
              .second);
    }
    return reviews;
  }
  LinkageChange Follow(absl::StatusOr<LinkageChange> made) {
    const LinkageChange change = Closing(std::move(made));
    const auto touched = [&](RecordId cluster) {
      return std::binary_search(change.touched.begin(), change.touched.end(), cluster);
    };
    for (const LinkageChange::Moved& moved : change.moved) {
      EXPECT_EQ(clusters_[moved.record], moved.from);
      EXPECT_NE(moved.to, moved.from);
      EXPECT_TRUE(touched(moved.to) && (moved.from == kNoRecord || touched(moved.from)));
      clusters_[moved.record] = moved.to;
    }
    for (auto at = queue_.begin(); at != queue_.end();) {
      at = touched(at->first.first) || touched(at->first.second) ? queue_.erase(at) : ++at;
    }
    for (const RecordId cluster : change.touched) queue_.merge(ReviewsOf(cluster));
    return change;
  }

  RecordId RankOf(const std::string& key) const {
    return rank_ == nullptr ? 0 : static_cast<unsigned char>(key.back()) % 2;
  }

  const std::size_t links_max_;
  const std::function<int(RecordId)> rank_;
  const Model& model_;
  MemoryTables memory_;
  SerializedTables serialized_;
  Linkage linkage_;
  LinkageTables& tables_;
  RecordId last_id_ = 0;
  std::set<std::string> keys_;
  std::map<RecordId, RecordId> clusters_;
  std::map<Pair, std::string> queue_;
};

// What the tables hold of a record, with keys for ids. "key_of" and "first_key_of" a cluster.
template <typename KeyOf, typename FirstKeyOf>
std::string DescribeNode(const LinkageTables::Node& node, const KeyOf& key_of,
                         const FirstKeyOf& first_key_of) {
  std::vector<std::string> edges;
  for (const LinkageTables::Edge& edge : node.edges) {
    edges.push_back(absl::StrCat(key_of(edge.to), "(", edge.weight, ",",
                                 static_cast<int>(edge.verdict), ",", edge.scored, ")"));
  }
  std::sort(edges.begin(), edges.end());
  std::vector<std::string> alike;
  for (const RecordId record : node.alike) alike.push_back(key_of(record));
  std::sort(alike.begin(), alike.end());
  std::string text =
      absl::StrCat(node.key, " in ", first_key_of(node.cluster), node.crowded ? " crowded" : "",
                   node.judged ? " judged" : "", " ", node.id, " ", node.sound, " ",
                   absl::Hex(PublicHash(node.profile)));
  if (node.like != kNoRecord) absl::StrAppend(&text, " like ", key_of(node.like));
  for (const std::string& record : alike) absl::StrAppend(&text, " with ", record);
  for (const KeyHash key : node.keys) absl::StrAppend(&text, " ", absl::Hex(key));
  for (const std::string& edge : edges) absl::StrAppend(&text, " ", edge);
  return text;
}

inline std::string Owner::Describe() {
  std::string text;
  std::set<KeyHash> buckets;
  std::map<std::string, RecordId> clusters;
  for (const std::string& key : keys_) {
    const LinkageTables::Node node = NodeOf(IdOf(key));
    absl::StrAppend(&text,
                    DescribeNode(
                        node, [&](RecordId id) { return KeyOf(id); },
                        [&](RecordId id) { return FirstKey(id); }),
                    "\n");
    buckets.insert(node.keys.begin(), node.keys.end());
    clusters.emplace(FirstKey(node.cluster), node.cluster);
    for (const Neighbour& neighbour : NeighboursOf(key)) {
      absl::StrAppend(&text, " ", neighbour.key, "(", neighbour.score.total, ",",
                      neighbour.together, ",", static_cast<int>(neighbour.verdict), ")");
    }
    absl::StrAppend(&text, " ", StrengthOf(key).value_or(0), "\n");
  }
  for (const KeyHash key : buckets) {
    std::vector<RecordId> members;
    EXPECT_TRUE(tables_.ListMembers(key, members).ok());
    EXPECT_EQ(members.size(), Answer(tables_.CountMembers(key)));
    std::set<std::string> keys;
    for (const RecordId member : members) keys.insert(KeyOf(member));
    absl::StrAppend(&text, absl::Hex(key));
    for (const std::string& each : keys) absl::StrAppend(&text, " ", each);
    absl::StrAppend(&text, "\n");
  }
  if (!serialized_.state().nodes.empty()) {
    EXPECT_EQ(serialized_.state().buckets.size(), buckets.size());
  }
  for (const auto& [first, cluster] : clusters) {
    const Explanation why = Explain(first);
    EXPECT_EQ(why.cluster, cluster);
    EXPECT_EQ(why.members, Closing(linkage_.MembersOf(cluster)));
    absl::StrAppend(&text, "why ", first, ":");
    for (const auto& each : why.inside) {
      absl::StrAppend(&text, " ", each.key_a, "+", each.key_b, "(", each.score.total, ",",
                      each.step, ")");
    }
    for (const auto& each : why.refused) {
      absl::StrAppend(&text, " ", each.key_a, "-", each.key_b, "(", static_cast<int>(each.refusal),
                      ")");
    }
    absl::StrAppend(&text, "\n");
  }
  for (const Review& review : Reviews()) {
    absl::StrAppend(&text, "review ", review.key, " ", review.other, " ", review.score.total, "\n");
  }
  return text;
}

inline void Owner::Check() {
  std::map<RecordId, RecordId> clusters;
  std::map<std::string, LinkageTables::Node> nodes;
  for (const std::string& key : keys_) {
    const RecordId id = IdOf(key);
    clusters[id] = Closing(linkage_.ClusterOf(id));
    nodes[key] = NodeOf(id);
  }
  EXPECT_EQ(clusters_, clusters);
  std::map<Pair, std::string> all, by_cluster;
  std::map<RecordId, std::vector<RecordId>> members;
  for (const Review& review : Reviews()) {
    all.emplace(std::minmax(review.cluster, review.other_cluster), Describe(review));
  }
  for (const auto& [id, cluster] : clusters) members[cluster].push_back(id);
  for (const auto& [cluster, ids] : members) {
    EXPECT_EQ(Closing(linkage_.MembersOf(cluster)), ids);
    EXPECT_EQ(cluster, ids.front());
    for (const auto& [pair, review] : ReviewsOf(cluster)) {
      EXPECT_TRUE(by_cluster.emplace(pair, review).second || by_cluster[pair] == review);
    }
  }
  EXPECT_EQ(by_cluster, all);
  EXPECT_EQ(queue_, all);

  // Who says the same, and was not judged, shares the node of the first of them.
  std::map<std::string, std::string> first_keys;
  std::vector<std::string> by_rank(keys_.begin(), keys_.end());
  std::stable_sort(by_rank.begin(), by_rank.end(), [&](const std::string& a, const std::string& b) {
    return RankOf(a) < RankOf(b);
  });
  for (const std::string& key : by_rank) {
    const LinkageTables::Node& node = nodes[key];
    const LinkageTables::Node leader = node.like == kNoRecord ? node : NodeOf(node.like);
    EXPECT_EQ(leader.like, kNoRecord);
    EXPECT_EQ(leader.cluster, node.cluster);
    if (HasProfileKey(leader.keys) && !leader.judged) {
      EXPECT_EQ(first_keys.emplace(leader.profile, key).first->second, leader.key);
    } else {
      EXPECT_TRUE(node.like == kNoRecord && node.alike.empty());
    }
    if (node.like != kNoRecord) {
      EXPECT_TRUE(std::binary_search(leader.alike.begin(), leader.alike.end(), IdOf(key)));
      EXPECT_TRUE(node.profile.empty() && node.keys.empty() && node.edges.empty());
    }
    for (const RecordId alike : node.alike) EXPECT_EQ(NodeOf(alike).like, IdOf(key));
  }

  // All components by the edges, each clustered whole.
  std::vector<std::string> keys;
  for (const std::string& key : keys_) {
    if (nodes[key].like == kNoRecord) keys.push_back(key);
  }
  std::map<RecordId, std::uint32_t> places;
  for (std::uint32_t i = 0; i < keys.size(); ++i) places[IdOf(keys[i])] = i;
  std::vector<std::uint32_t> component(keys.size());
  for (std::uint32_t i = 0; i < keys.size(); ++i) component[i] = i;
  const auto links = [&](const LinkageTables::Edge& edge) {
    return edge.verdict == Verdict::kSame ||
           (edge.verdict == Verdict::kNone && edge.scored && edge.weight >= model_.link);
  };
  for (bool again = true; again;) {
    again = false;
    for (std::uint32_t i = 0; i < keys.size(); ++i) {
      for (const LinkageTables::Edge& edge : nodes[keys[i]].edges) {
        const std::uint32_t to = places.at(edge.to);
        if (!links(edge) || component[i] <= component[to]) continue;
        component[i] = component[to];
        again = true;
      }
    }
  }
  for (std::uint32_t first = 0; first < keys.size(); ++first) {
    Component problem;
    problem.links_max = links_max_;
    std::map<std::uint32_t, std::uint32_t> inside;
    std::vector<std::uint32_t> outside;
    for (std::uint32_t i = 0; i < keys.size(); ++i) {
      if (component[i] != first) continue;
      inside.emplace(i, static_cast<std::uint32_t>(inside.size()));
      outside.push_back(i);
      problem.ids.push_back(nodes[keys[i]].id);
    }
    for (const auto& [i, at] : inside) {
      for (const LinkageTables::Edge& edge : nodes[keys[i]].edges) {
        const auto to = inside.find(places.at(edge.to));
        if (to == inside.end() || to->first < i) continue;
        if (edge.verdict == Verdict::kNotSame) problem.apart.emplace_back(at, to->second);
        if (links(edge)) problem.links.push_back({at, to->second, edge.weight, edge.verdict});
      }
    }
    const Partition partition = Cluster(problem);
    for (const auto& [i, at] : inside) {
      RecordId least = ~RecordId{0};
      for (std::uint32_t j = 0; j < outside.size(); ++j) {
        if (partition.cluster[j] == partition.cluster[at]) {
          const std::string& other = keys[outside[j]];
          least = std::min(least, IdOf(other));
          for (const RecordId alike : nodes[other].alike) least = std::min(least, alike);
        }
      }
      EXPECT_EQ(nodes[keys[i]].cluster, least);
      EXPECT_EQ(nodes[keys[i]].crowded, problem.links.size() > links_max_);
    }
  }
}

}  // namespace anqiao::identity

#endif  // ANQIAO_TESTS_HUB_IDENTITY_LINKAGE_TESTING_H_
