#include "hub/identity/linkage_change.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "hub/base/status_macros.h"
#include "hub/identity/clustering.h"
#include "hub/identity/comparison.h"

namespace anqiao::identity {
namespace {

// Two people beyond doubt (Score::different), by what lies at hand.
bool PlainlyDifferent(const LinkageTables::Node& a, const LinkageTables::Node& b) {
  return a.id != b.id && a.id != 0 && b.id != 0 && a.sound != b.sound && a.sound != 0 &&
         b.sound != 0;
}

}  // namespace

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
  const Scorer& scorer = linkage_.scorer_;
  const Score score = scorer.ScoreOf(Compare(scorer.places(), a, b), a, b);
  const bool scored = score.total >= linkage_.model_.review && !score.different;
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

}  // namespace anqiao::identity
