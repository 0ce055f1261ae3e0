#include "hub/identity/linkage.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "hub/base/status_macros.h"
#include "hub/identity/blocking.h"
#include "hub/model/names.h"

namespace anqiao::identity {
namespace {

static_assert(kRecipesMax <= kOfProfile);

// What the tables keep between two records.
struct Tie {
  Weight weight = 0;
  Verdict verdict = Verdict::kNone;
  bool scored = false;
};

// Two people beyond doubt (Score::different), by what lies at hand.
bool PlainlyDifferent(const LinkageTables::Node& a, const LinkageTables::Node& b) {
  return a.id != b.id && a.id != 0 && b.id != 0 && a.sound != b.sound && a.sound != 0 &&
         b.sound != 0;
}

// Where the edge is, or would be.
template <typename Edges>
auto PlaceOfEdge(Edges& edges, RecordId to) {
  return std::lower_bound(
      edges.begin(), edges.end(), to,
      [](const LinkageTables::Edge& edge, RecordId record) { return edge.to < record; });
}

std::uint64_t ShortHash(absl::string_view bytes, const std::string& key) {
  unsigned char out[crypto_shorthash_BYTES];
  crypto_shorthash(out, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                   reinterpret_cast<const unsigned char*>(key.data()));
  std::uint64_t hash = 0;
  static_assert(sizeof(hash) == crypto_shorthash_BYTES);
  std::memcpy(&hash, out, sizeof(out));
  return hash;
}

void SortOnce(std::vector<std::uint64_t>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

std::uint64_t PublicHash(absl::string_view bytes) {
  static const std::string& key = *new std::string(crypto_shorthash_KEYBYTES, '\0');
  return ShortHash(bytes, key);
}

std::function<std::uint64_t(absl::string_view)> KeyedHash(std::string key) {
  key.resize(crypto_shorthash_KEYBYTES);
  return [key = std::move(key)](absl::string_view bytes) { return ShortHash(bytes, key); };
}

const LinkageTables::Edge* Linkage::FindEdge(const Node& node, RecordId to) {
  const auto place = PlaceOfEdge(node.edges, to);
  return place == node.edges.end() || place->to != to ? nullptr : &*place;
}

// One change: what it touches, and whose components are to be clustered again.
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

absl::Status Linkage::Change::SetTie(RecordId a, RecordId b, const Tie& tie) {
  AQ_ASSIGN_OR_RETURN(const Node* before, linkage_.NodeOf(a));
  const Edge* found = FindEdge(*before, b);
  const Edge old = found == nullptr ? Edge{} : *found;
  const Edge now = {b, tie.weight, tie.verdict, tie.scored};
  const bool none = !tie.scored && tie.verdict == Verdict::kNone;
  if (found == nullptr ? none : old == now) return absl::OkStatus();
  for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
    AQ_ASSIGN_OR_RETURN(Node * node, tables_.Change(from));
    if (node == nullptr) return absl::DataLossError("an edge leads to a record that is not there");
    Touch(from, *node);
    const auto place = PlaceOfEdge(node->edges, to);
    const bool there = place != node->edges.end() && place->to == to;
    if (none) {
      if (there) node->edges.erase(place);
    } else if (there) {
      *place = {to, tie.weight, tie.verdict, tie.scored};
    } else {
      node->edges.insert(place, {to, tie.weight, tie.verdict, tie.scored});
    }
  }
  if (linkage_.Links(old) || linkage_.Links(now) || old.verdict != now.verdict) {
    dirty_.push_back(a);
    dirty_.push_back(b);
  }
  return absl::OkStatus();
}

Tie Linkage::Change::Judge(const Profile& a, const Profile& b, Verdict verdict) {
  ++linkage_.comparisons_;
  const Model& model = linkage_.model_;
  const Score score = ScorePair(model, Compare(model.schema, a, b), a, b);
  const bool scored = score.total >= model.review && !score.different;
  return {scored ? score.total : 0, verdict, scored};
}

absl::StatusOr<bool> Linkage::Change::ShareLiveKey(const Node& a, const Node& b) const {
  for (const KeyHash key : a.keys) {
    if (!std::binary_search(b.keys.begin(), b.keys.end(), key)) continue;
    AQ_ASSIGN_OR_RETURN(const std::size_t count, tables_.CountMembers(key));
    if (count <= linkage_.RecordsMax(key)) return true;
  }
  return false;
}

absl::Status Linkage::Change::Rekey(RecordId record, Node& node, std::vector<KeyHash> keys) {
  live_.clear();
  std::vector<KeyHash> silenced, reopened;
  const std::vector<KeyHash> before = std::exchange(node.keys, std::move(keys));
  const auto within = [](const std::vector<KeyHash>& some, KeyHash key) {
    return std::binary_search(some.begin(), some.end(), key);
  };
  for (const KeyHash key : before) {
    if (within(node.keys, key)) continue;
    AQ_ASSIGN_OR_RETURN(const std::size_t count, tables_.RemoveMember(key, record));
    const std::size_t records_max = linkage_.RecordsMax(key);
    if (records_max > 0 && count == records_max) reopened.push_back(key);
  }
  for (const KeyHash key : node.keys) {
    const bool kept = within(before, key);
    AQ_ASSIGN_OR_RETURN(const std::size_t count,
                        kept ? tables_.CountMembers(key) : tables_.AddMember(key, record));
    const std::size_t records_max = linkage_.RecordsMax(key);
    if (count > 1 && count <= records_max) live_.push_back(key);
    if (records_max > 0 && !kept && count == records_max + 1) silenced.push_back(key);
  }
  // Only now, when it is known of all keys who listens.
  for (const KeyHash key : silenced) AQ_RETURN_IF_ERROR(Silence(key, record));
  for (const KeyHash key : reopened) AQ_RETURN_IF_ERROR(Reopen(key));
  return absl::OkStatus();
}

absl::Status Linkage::Change::Silence(KeyHash key, RecordId record) {
  std::vector<RecordId> members;
  AQ_RETURN_IF_ERROR(tables_.ListMembers(key, members));
  std::sort(members.begin(), members.end());
  for (const RecordId a : members) {
    // Its own edges are made anew in any case.
    if (a == record) continue;
    AQ_ASSIGN_OR_RETURN(const Node* node, linkage_.NodeOf(a));
    std::vector<Edge> edges;
    std::copy_if(node->edges.begin(), node->edges.end(), std::back_inserter(edges),
                 [&](const Edge& edge) {
                   return edge.scored && edge.to > a && edge.to != record &&
                          std::binary_search(members.begin(), members.end(), edge.to);
                 });
    for (const Edge& edge : edges) {
      AQ_ASSIGN_OR_RETURN(const Node* other, linkage_.NodeOf(edge.to));
      AQ_ASSIGN_OR_RETURN(const bool share, ShareLiveKey(*node, *other));
      if (!share) AQ_RETURN_IF_ERROR(SetTie(a, edge.to, {0, edge.verdict, false}));
    }
  }
  return absl::OkStatus();
}

absl::Status Linkage::Change::Reopen(KeyHash key) {
  std::vector<RecordId> members;
  AQ_RETURN_IF_ERROR(tables_.ListMembers(key, members));
  std::vector<const Node*> nodes;
  std::vector<Profile> profiles;
  for (const RecordId member : members) {
    AQ_ASSIGN_OR_RETURN(const Node* node, linkage_.NodeOf(member));
    nodes.push_back(node);
    profiles.push_back(linkage_.ProfileOf(*node));
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (std::size_t j = i + 1; j < members.size(); ++j) {
      const Edge* edge = FindEdge(*nodes[i], members[j]);
      if (edge != nullptr && edge->scored) continue;
      if (edge == nullptr && PlainlyDifferent(*nodes[i], *nodes[j])) continue;
      const Verdict verdict = edge == nullptr ? Verdict::kNone : edge->verdict;
      AQ_RETURN_IF_ERROR(SetTie(members[i], members[j], Judge(profiles[i], profiles[j], verdict)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::pair<RecordId, Verdict>>> Linkage::Change::Verdicts(
    const Node& node) const {
  std::vector<std::pair<RecordId, Verdict>> verdicts;
  if (!came_) {
    for (const Edge& edge : node.edges) {
      if (edge.verdict != Verdict::kNone) verdicts.emplace_back(edge.to, edge.verdict);
    }
    return verdicts;
  }
  AQ_ASSIGN_OR_RETURN(const std::vector<LinkageTables::Told> told, tables_.VerdictsOn(node.key));
  for (const LinkageTables::Told& each : told) {
    AQ_ASSIGN_OR_RETURN(const RecordId partner, tables_.IdOf(each.partner));
    if (partner != kNoRecord) verdicts.emplace_back(partner, each.verdict);
  }
  std::sort(verdicts.begin(), verdicts.end());
  return verdicts;
}

absl::Status Linkage::Change::Reconnect(RecordId record, const Node& node, const Profile& profile) {
  AQ_ASSIGN_OR_RETURN(const auto verdicts, Verdicts(node));
  std::vector<RecordId> candidates;
  for (const KeyHash key : live_) AQ_RETURN_IF_ERROR(tables_.ListMembers(key, candidates));
  for (const RecordId candidate : candidates) tables_.WillFind(candidate);
  SortOnce(candidates);
  std::vector<RecordId> others = candidates;
  for (const auto& [other, verdict] : verdicts) others.push_back(other);
  for (const Edge& edge : node.edges) others.push_back(edge.to);
  SortOnce(others);
  Profile other_profile(linkage_.model_.schema.size());
  for (const RecordId other : others) {
    if (other == record) continue;
    const auto told =
        std::lower_bound(verdicts.begin(), verdicts.end(), other,
                         [](const auto& each, RecordId to) { return each.first < to; });
    Tie tie;
    if (told != verdicts.end() && told->first == other) tie.verdict = told->second;
    if (std::binary_search(candidates.begin(), candidates.end(), other)) {
      AQ_ASSIGN_OR_RETURN(const Node* other_node, linkage_.NodeOf(other));
      if (tie.verdict != Verdict::kNone || !PlainlyDifferent(node, *other_node)) {
        UnpackProfile(other_node->profile, other_profile);
        tie = Judge(profile, other_profile, tie.verdict);
      }
    }
    AQ_RETURN_IF_ERROR(SetTie(record, other, tie));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Linkage::Change::HasVerdicts(const Node& node) const {
  if (std::any_of(node.edges.begin(), node.edges.end(),
                  [](const Edge& edge) { return edge.verdict != Verdict::kNone; })) {
    return true;
  }
  AQ_ASSIGN_OR_RETURN(const std::vector<LinkageTables::Told> told, tables_.VerdictsOn(node.key));
  return !told.empty();
}

absl::Status Linkage::Change::Grow(RecordId record, Node& node, Content content) {
  if (dirty_.empty() || dirty_.back() != record) dirty_.push_back(record);
  node.profile = std::move(content.packed);
  node.id = linkage_.NumberOf(content.profile);
  node.sound = linkage_.SoundOf(content.profile);
  AQ_RETURN_IF_ERROR(Rekey(record, node, std::move(content.keys)));
  return Reconnect(record, node, content.profile);
}

absl::Status Linkage::Change::GrowAgain(RecordId record, Node& node, absl::string_view packed) {
  const Profile profile = UnpackProfile(packed, linkage_.model_.schema.size());
  return Grow(record, node, linkage_.ContentOf(profile));
}

absl::Status Linkage::Change::Wither(RecordId record, Node& node) {
  const std::vector<Edge> edges = node.edges;
  for (const Edge& edge : edges) AQ_RETURN_IF_ERROR(SetTie(record, edge.to, {}));
  return Rekey(record, node, {});
}

absl::StatusOr<RecordId> Linkage::Change::FindAlike(KeyHash key, absl::string_view profile) const {
  std::vector<RecordId> members;
  AQ_RETURN_IF_ERROR(tables_.ListMembers(key, members));
  for (const RecordId member : members) {
    AQ_ASSIGN_OR_RETURN(const Node* node, linkage_.NodeOf(member));
    if (!node->judged && node->profile == profile) return member;
  }
  return kNoRecord;
}

absl::Status Linkage::Change::Join(RecordId from, Node& from_node, RecordId into, Node& into_node) {
  AQ_RETURN_IF_ERROR(Wither(from, from_node));
  Touch(from, from_node);
  std::vector<RecordId> joining = std::exchange(from_node.alike, {});
  joining.push_back(from);
  from_node.profile.clear();
  from_node.id = from_node.sound = 0;
  from_node.crowded = false;
  for (const RecordId record : joining) {
    AQ_ASSIGN_OR_RETURN(Node * node, tables_.Change(record));
    if (node == nullptr) return absl::DataLossError("a node names a record that is not there");
    node->like = into;
  }
  into_node.alike.insert(into_node.alike.end(), joining.begin(), joining.end());
  std::sort(into_node.alike.begin(), into_node.alike.end());
  joined_.insert(joined_.end(), joining.begin(), joining.end());
  // Who joined may give the cluster its name.
  if (into_node.alike.front() < into_node.cluster) dirty_.push_back(into);
  return absl::OkStatus();
}

absl::Status Linkage::Change::Says(RecordId record, Node& node, Content content) {
  if (came_) {
    AQ_ASSIGN_OR_RETURN(node.judged, HasVerdicts(node));
  }
  if (HasProfileKey(content.keys) && !node.judged) {
    AQ_ASSIGN_OR_RETURN(const RecordId alike, FindAlike(content.keys.back(), content.packed));
    if (alike != kNoRecord) {
      AQ_ASSIGN_OR_RETURN(Node * other, tables_.Change(alike));
      if (linkage_.Leads(alike, other->key, record, node.key)) {
        return Join(record, node, alike, *other);
      }
      AQ_RETURN_IF_ERROR(Join(alike, *other, record, node));
    }
  }
  return Grow(record, node, std::move(content));
}

absl::Status Linkage::Change::Separate(RecordId record, Node& node) {
  if (node.like != kNoRecord) {
    const RecordId leader = std::exchange(node.like, kNoRecord);
    AQ_ASSIGN_OR_RETURN(Node * shared, tables_.Change(leader));
    if (shared == nullptr) return absl::DataLossError("a record shares a node that is not there");
    auto& alike = shared->alike;
    alike.erase(std::remove(alike.begin(), alike.end(), record), alike.end());
    // It had its name from this one.
    if (shared->cluster == record) dirty_.push_back(leader);
    return absl::OkStatus();
  }
  if (node.alike.empty()) return absl::OkStatus();
  std::vector<RecordId> rest = std::exchange(node.alike, {});
  RecordId next = kNoRecord;
  const Node* next_node = nullptr;
  for (const RecordId each : rest) {
    AQ_ASSIGN_OR_RETURN(const Node* other, linkage_.NodeOf(each));
    if (next_node == nullptr || linkage_.Leads(each, other->key, next, next_node->key)) {
      next = each;
      next_node = other;
    }
  }
  AQ_RETURN_IF_ERROR(Wither(record, node));
  node.id = node.sound = 0;
  const std::string packed = std::exchange(node.profile, {});
  rest.erase(std::remove(rest.begin(), rest.end(), next), rest.end());
  for (const RecordId each : rest) {
    AQ_ASSIGN_OR_RETURN(Node * other, tables_.Change(each));
    other->like = next;
  }
  AQ_ASSIGN_OR_RETURN(Node * leader, tables_.Change(next));
  Touch(next, *leader);
  leader->like = kNoRecord;
  leader->alike = std::move(rest);
  return GrowAgain(next, *leader, packed);
}

absl::Status Linkage::Change::Silent(RecordId record, Node& node) {
  AQ_RETURN_IF_ERROR(Separate(record, node));
  const std::vector<Edge> edges = node.edges;
  AQ_RETURN_IF_ERROR(Wither(record, node));
  for (const Edge& edge : edges) {
    if (edge.verdict == Verdict::kNone) continue;
    AQ_ASSIGN_OR_RETURN(Node * other, tables_.Change(edge.to));
    AQ_RETURN_IF_ERROR(Unjudged(edge.to, *other));
  }
  return absl::OkStatus();
}

absl::Status Linkage::Change::Judged(RecordId record, Node& node) {
  if (node.judged) return absl::OkStatus();
  Touch(record, node);
  if (node.like == kNoRecord && node.alike.empty()) {
    node.judged = true;
    return absl::OkStatus();
  }
  AQ_ASSIGN_OR_RETURN(const Node* shared,
                      linkage_.NodeOf(node.like == kNoRecord ? record : node.like));
  const std::string packed = shared->profile;
  AQ_RETURN_IF_ERROR(Separate(record, node));
  node.judged = true;
  return GrowAgain(record, node, packed);
}

absl::Status Linkage::Change::Unjudged(RecordId record, Node& node) {
  AQ_ASSIGN_OR_RETURN(const bool still, HasVerdicts(node));
  if (still || !node.judged) return absl::OkStatus();
  Touch(record, node);
  if (HasProfileKey(node.keys)) {
    AQ_ASSIGN_OR_RETURN(const RecordId alike, FindAlike(node.keys.back(), node.profile));
    if (alike != kNoRecord) {
      AQ_ASSIGN_OR_RETURN(Node * other, tables_.Change(alike));
      node.judged = false;
      return linkage_.Leads(alike, other->key, record, node.key)
                 ? Join(record, node, alike, *other)
                 : Join(alike, *other, record, node);
    }
  }
  node.judged = false;
  return absl::OkStatus();
}

absl::Status Linkage::Change::Assign(RecordId record, const Node& node, RecordId cluster,
                                     bool crowded) {
  if (node.cluster == cluster && node.crowded == crowded) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(Node * changed, tables_.Change(record));
  const bool moved = changed->cluster != cluster;
  touched_.push_back({record, changed->cluster, cluster});
  changed->cluster = cluster;
  changed->crowded = crowded;
  if (!moved) return absl::OkStatus();
  for (const RecordId alike : changed->alike) AQ_RETURN_IF_ERROR(Follow(alike, cluster));
  return absl::OkStatus();
}

absl::Status Linkage::Change::Follow(RecordId record, RecordId cluster) {
  AQ_ASSIGN_OR_RETURN(Node * node, tables_.Change(record));
  if (node == nullptr) return absl::DataLossError("a node names a record that is not there");
  if (node->cluster == cluster) return absl::OkStatus();
  touched_.push_back({record, node->cluster, cluster});
  node->cluster = cluster;
  return absl::OkStatus();
}

absl::Status Linkage::Change::Settle(Walk& walk, Along along) {
  // Who is crowded is walked along verdicts alone.
  const bool crowded = along == Along::kSameVerdicts;
  if (dirty_.size() > 1 || crowded) settled_.insert(walk.records.begin(), walk.records.end());
  if (walk.records.size() == 1) {
    return Assign(walk.records[0], *walk.nodes[0], FirstOf(walk.records[0], *walk.nodes[0]),
                  crowded);
  }
  const Partition partition = linkage_.Solve(walk, along);
  std::vector<RecordId> least(walk.records.size(), std::numeric_limits<RecordId>::max());
  for (std::size_t i = 0; i < walk.records.size(); ++i) {
    RecordId& first = least[partition.cluster[i]];
    first = std::min(first, FirstOf(walk.records[i], *walk.nodes[i]));
  }
  for (std::size_t i = 0; i < walk.records.size(); ++i) {
    AQ_RETURN_IF_ERROR(
        Assign(walk.records[i], *walk.nodes[i], least[partition.cluster[i]], crowded));
  }
  return absl::OkStatus();
}

absl::Status Linkage::Change::Spread(RecordId start) {
  // An unmarked record of a crowded component was in a smaller one before this change, and what
  // joined that to the rest are links of this change, whose ends are all starts: so it is reached
  // through unmarked records alone. The marked ones are clustered by verdicts already.
  std::size_t next = crowd_.size();
  if (in_crowd_.insert(start).second) crowd_.push_back(start);
  for (; next < crowd_.size(); ++next) {
    AQ_ASSIGN_OR_RETURN(const Node* node, linkage_.NodeOf(crowd_[next]));
    for (const Edge& edge : node->edges) {
      if (!linkage_.Links(edge) || in_crowd_.contains(edge.to)) continue;
      AQ_ASSIGN_OR_RETURN(const Node* other, linkage_.NodeOf(edge.to));
      if (other->crowded) continue;
      in_crowd_.insert(edge.to);
      crowd_.push_back(edge.to);
    }
  }
  return absl::OkStatus();
}

absl::Status Linkage::Change::Recluster() {
  absl::flat_hash_set<RecordId> walked;  // found to be crowded
  for (const RecordId start : dirty_) {
    if (start == removed_ || settled_.contains(start)) continue;
    AQ_ASSIGN_OR_RETURN(const Node* node, linkage_.NodeOf(start));
    if (node->like != kNoRecord) continue;
    if (walked.contains(start)) {
      AQ_RETURN_IF_ERROR(Spread(start));
      continue;
    }
    AQ_ASSIGN_OR_RETURN(Walk walk, linkage_.WalkFrom(start, Along::kLinks));
    if (walk.crowded) {
      walked.insert(walk.records.begin(), walk.records.end());
      AQ_RETURN_IF_ERROR(Spread(start));
    } else {
      AQ_RETURN_IF_ERROR(Settle(walk, Along::kLinks));
    }
  }
  // Marks are read above and set below.
  for (const RecordId record : crowd_) {
    if (settled_.contains(record)) continue;
    AQ_ASSIGN_OR_RETURN(Walk walk, linkage_.WalkFrom(record, Along::kSameVerdicts));
    AQ_RETURN_IF_ERROR(Settle(walk, Along::kSameVerdicts));
  }
  return absl::OkStatus();
}

absl::StatusOr<LinkageChange> Linkage::Change::Finish() {
  AQ_RETURN_IF_ERROR(Recluster());
  for (const RecordId record : joined_) {
    AQ_ASSIGN_OR_RETURN(const Node* node, linkage_.NodeOf(record));
    AQ_ASSIGN_OR_RETURN(const Node* leader, linkage_.NodeOf(node->like));
    AQ_RETURN_IF_ERROR(Follow(record, leader->cluster));
  }
  LinkageChange change;
  change.removed_from = removed_from_;
  if (touched_.size() > 1) {
    std::stable_sort(touched_.begin(), touched_.end(),
                     [](const Touched& a, const Touched& b) { return a.record < b.record; });
  }
  for (std::size_t first = 0, last = 0; first < touched_.size(); first = last + 1) {
    const RecordId record = touched_[first].record;
    for (last = first; last + 1 < touched_.size() && touched_[last + 1].record == record;) ++last;
    const RecordId from = touched_[first].from, to = touched_[last].to;
    if (from != kNoRecord) change.touched.push_back(from);
    change.touched.push_back(to);
    if (from != to && record != removed_) change.moved.push_back({record, from, to});
  }
  SortOnce(change.touched);
  return change;
}

Linkage::Content Linkage::ContentOf(const Profile& profile) const {
  Content content = {profile, PackProfile(profile), {}};
  content.keys.reserve(2 * model_.recipes.size() + 1);
  const auto add = [&](KeyHash recipe, absl::string_view bytes) {
    content.keys.push_back(recipe << kKeyHashBits | options_.hash(bytes) >> (64 - kKeyHashBits));
    tables_.WillAskFor(content.keys.back());
  };
  VisitKeys(model_.recipes, profile,
            [&](std::size_t recipe, absl::string_view bytes) { add(recipe, bytes); });
  const Score itself =
      ScorePair(model_, Compare(model_.schema, profile, profile), profile, profile);
  if (itself.total >= model_.link) add(kOfProfile, content.packed);
  SortOnce(content.keys);
  return content;
}

bool Linkage::Leads(RecordId a, absl::string_view key_a, RecordId b,
                    absl::string_view key_b) const {
  const int rank_a = options_.rank == nullptr ? 0 : options_.rank(a);
  const int rank_b = options_.rank == nullptr ? 0 : options_.rank(b);
  return std::tie(rank_a, key_a) < std::tie(rank_b, key_b);
}

std::uint64_t Linkage::NumberOf(const Profile& profile) const {
  const std::optional<std::size_t> place = FindKind(model_.schema, AttributeKind::kNationalId);
  std::uint64_t number = 0;
  if (!place.has_value() || !profile[*place].valid ||
      !absl::SimpleAtoi(absl::string_view(profile[*place].text).substr(0, 17), &number)) {
    return 0;
  }
  return number;
}

std::uint64_t Linkage::SoundOf(const Profile& profile) const {
  const std::optional<std::size_t> place = FindKind(model_.schema, AttributeKind::kName);
  if (!place.has_value()) return 0;
  const Value& name = profile[*place];
  if (name.readings.size() != 1 || !name.further.empty() || model::HasUnknownCharacter(name.text)) {
    return 0;
  }
  return options_.hash(name.readings[0]);
}

absl::StatusOr<const LinkageTables::Node*> Linkage::NodeOf(RecordId record) const {
  AQ_ASSIGN_OR_RETURN(const Node* node, tables_.Find(record));
  if (node == nullptr) return absl::DataLossError("a table names a record that is not there");
  return node;
}

absl::StatusOr<Linkage::Walk> Linkage::WalkFrom(RecordId start, Along along) const {
  Walk walk;
  AQ_ASSIGN_OR_RETURN(const Node* first, NodeOf(start));
  walk.records.push_back(start);
  walk.nodes.push_back(first);
  absl::flat_hash_set<RecordId> seen;
  // Each link has two ends.
  std::size_t ends = 0;
  for (std::size_t i = 0; i < walk.records.size(); ++i) {
    for (const Edge& edge : walk.nodes[i]->edges) {
      if (!Follows(edge, along)) continue;
      ++ends;
      if (edge.to == start || !seen.insert(edge.to).second) continue;
      AQ_ASSIGN_OR_RETURN(const Node* node, NodeOf(edge.to));
      walk.records.push_back(edge.to);
      walk.nodes.push_back(node);
    }
    if (along == Along::kLinks && ends > 2 * options_.links_max) {
      walk.crowded = true;
      break;
    }
  }
  return walk;
}

Partition Linkage::Solve(Walk& walk, Along along) const {
  const std::size_t size = walk.records.size();
  std::vector<std::pair<const Node*, RecordId>> sorted;
  sorted.reserve(size);
  for (std::size_t i = 0; i < size; ++i) sorted.emplace_back(walk.nodes[i], walk.records[i]);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.first->key < b.first->key; });
  std::vector<std::pair<RecordId, std::uint32_t>> places;
  places.reserve(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    std::tie(walk.nodes[i], walk.records[i]) = sorted[i];
    places.emplace_back(walk.records[i], i);
  }
  std::sort(places.begin(), places.end());
  Component problem;
  problem.links_max = options_.links_max;
  problem.ids.reserve(size);
  for (std::uint32_t i = 0; i < size; ++i) {
    problem.ids.push_back(walk.nodes[i]->id);
    for (const Edge& edge : walk.nodes[i]->edges) {
      const auto to = std::lower_bound(places.begin(), places.end(), std::pair(edge.to, 0U));
      if (to == places.end() || to->first != edge.to || to->second < i) continue;
      if (edge.verdict == Verdict::kNotSame) {
        problem.apart.emplace_back(i, to->second);
      } else if (Follows(edge, along)) {
        problem.links.push_back({i, to->second, edge.weight, edge.verdict});
      }
    }
  }
  return Cluster(problem);
}

absl::StatusOr<LinkageChange> Linkage::Put(RecordId record, absl::string_view key,
                                           const Profile& profile) {
  if (record == kNoRecord) return absl::InvalidArgumentError("a record has no id");
  // The keys first: by the time they are looked up, their buckets have come out of memory.
  Content content = ContentOf(profile);
  Change change(*this);
  Node* node = nullptr;
  AQ_ASSIGN_OR_RETURN(const RecordId known, tables_.IdOf(key));
  if (known == kNoRecord) {
    AQ_ASSIGN_OR_RETURN(node, tables_.Create(record, key));
    change.Came(record);
  } else {
    record = known;
    AQ_ASSIGN_OR_RETURN(const Node* before, NodeOf(record));
    if (before->like != kNoRecord) {
      AQ_ASSIGN_OR_RETURN(before, NodeOf(before->like));
    }
    if (before->profile == content.packed) return LinkageChange();
    AQ_ASSIGN_OR_RETURN(node, tables_.Change(record));
    change.Changes(record, *node);
    AQ_RETURN_IF_ERROR(change.Separate(record, *node));
  }
  AQ_RETURN_IF_ERROR(change.Says(record, *node, std::move(content)));
  return change.Finish();
}

absl::StatusOr<LinkageChange> Linkage::Remove(absl::string_view key) {
  AQ_ASSIGN_OR_RETURN(const RecordId record, tables_.IdOf(key));
  if (record == kNoRecord) return LinkageChange();
  AQ_ASSIGN_OR_RETURN(Node * node, tables_.Change(record));
  if (node == nullptr) return absl::DataLossError("a key names a record that is not there");
  Change change(*this);
  change.Goes(record, *node);
  AQ_RETURN_IF_ERROR(change.Silent(record, *node));
  AQ_RETURN_IF_ERROR(tables_.Erase(record));
  return change.Finish();
}

absl::StatusOr<LinkageChange> Linkage::Tell(absl::string_view a, absl::string_view b,
                                            Verdict verdict) {
  if (a == b) return LinkageChange();
  AQ_RETURN_IF_ERROR(tables_.SetVerdict(a, b, verdict));
  AQ_ASSIGN_OR_RETURN(const RecordId x, tables_.IdOf(a));
  AQ_ASSIGN_OR_RETURN(const RecordId y, tables_.IdOf(b));
  Change change(*this);
  const auto each = [&](absl::Status (Change::*what)(RecordId, Node&)) -> absl::Status {
    for (const RecordId record : {x, y}) {
      if (record == kNoRecord) continue;
      AQ_ASSIGN_OR_RETURN(Node * node, tables_.Change(record));
      if (node == nullptr) return absl::DataLossError("a key names a record that is not there");
      AQ_RETURN_IF_ERROR((change.*what)(record, *node));
    }
    return absl::OkStatus();
  };
  if (verdict != Verdict::kNone) AQ_RETURN_IF_ERROR(each(&Change::Judged));
  if (x != kNoRecord && y != kNoRecord) {
    AQ_ASSIGN_OR_RETURN(const Node* node, NodeOf(x));
    Tie tie;
    if (const Edge* edge = FindEdge(*node, y); edge != nullptr) {
      tie = {edge->weight, edge->verdict, edge->scored};
    }
    tie.verdict = verdict;
    AQ_RETURN_IF_ERROR(change.SetTie(x, y, tie));
  }
  if (verdict == Verdict::kNone) AQ_RETURN_IF_ERROR(each(&Change::Unjudged));
  return change.Finish();
}

}  // namespace anqiao::identity
