#include "hub/identity/linkage.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "hub/identity/blocking.h"
#include "hub/model/names.h"

namespace anqiao::identity {
namespace {

// Keys of records in memory only: any key of the hash will do.
constexpr unsigned char kHashKey[crypto_shorthash_KEYBYTES] = {};

std::uint64_t Hash(absl::string_view bytes) {
  std::uint64_t hash = 0;
  static_assert(sizeof(hash) == crypto_shorthash_BYTES);
  unsigned char out[crypto_shorthash_BYTES];
  crypto_shorthash(out, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                   kHashKey);
  std::memcpy(&hash, out, sizeof(out));
  return hash;
}

// The first 17 digits of a valid national id; 0 if there is none.
std::uint64_t IdOf(const Schema& schema, const Profile& profile) {
  const std::optional<std::size_t> place = FindKind(schema, AttributeKind::kNationalId);
  std::uint64_t id = 0;
  if (!place.has_value() || !profile[*place].valid ||
      !absl::SimpleAtoi(absl::string_view(profile[*place].text).substr(0, 17), &id)) {
    return 0;
  }
  return id;
}

// How a whole name sounds; 0 if it may sound, or be written, in other ways.
std::uint64_t SoundOf(const Schema& schema, const Profile& profile) {
  const std::optional<std::size_t> place = FindKind(schema, AttributeKind::kName);
  if (!place.has_value()) return 0;
  const Value& name = profile[*place];
  if (name.readings.size() != 1 || !name.further.empty() || model::HasUnknownCharacter(name.text)) {
    return 0;
  }
  return Hash(name.readings[0]);
}

std::pair<std::string, std::string> Ordered(const std::string& a, const std::string& b) {
  return a < b ? std::pair(a, b) : std::pair(b, a);
}

}  // namespace

bool Linkage::ShareLiveKey(const Node& a, const Node& b) const {
  return std::any_of(a.keys.begin(), a.keys.end(), [&](const KeyHash& key) {
    return std::find(b.keys.begin(), b.keys.end(), key) != b.keys.end() &&
           Live(buckets_.find(key)->second);
  });
}

Linkage::Edge* Linkage::FindEdge(Place a, Place b) {
  std::vector<Edge>& edges = nodes_[a].edges;
  const auto found =
      std::find_if(edges.begin(), edges.end(), [&](const Edge& edge) { return edge.to == b; });
  return found == edges.end() ? nullptr : &*found;
}

void Linkage::SetEdge(Place from, const Edge& edge) {
  if (Edge* found = FindEdge(from, edge.to); found != nullptr) {
    *found = edge;
  } else {
    nodes_[from].edges.push_back(edge);
  }
}

void Linkage::EraseEdge(Place from, Place to) {
  std::vector<Edge>& edges = nodes_[from].edges;
  edges.erase(
      std::remove_if(edges.begin(), edges.end(), [&](const Edge& edge) { return edge.to == to; }),
      edges.end());
}

Score Linkage::ScoreOf(const Node& a, const Node& b, Comparison* comparison) const {
  const Profile x = ProfileOf(a), y = ProfileOf(b);
  const Comparison compared = Compare(model_.schema, x, y);
  if (comparison != nullptr) *comparison = compared;
  return ScorePair(model_, compared, x, y);
}

bool Linkage::Connect(Place a, const Profile& profile_a, Place b) {
  if (PlainlyDifferent(nodes_[a], nodes_[b]) &&
      VerdictOn(nodes_[a].key, nodes_[b].key) == Verdict::kNone) {
    return false;
  }
  ++comparisons_;
  const Profile profile_b = ProfileOf(nodes_[b]);
  const Score score =
      ScorePair(model_, Compare(model_.schema, profile_a, profile_b), profile_a, profile_b);
  const Verdict verdict = VerdictOn(nodes_[a].key, nodes_[b].key);
  const bool scored = score.total >= model_.review && !score.different;
  if (!scored && verdict == Verdict::kNone) return false;
  const Weight weight = scored ? score.total : 0;
  SetEdge(a, {b, weight, verdict, scored});
  SetEdge(b, {a, weight, verdict, scored});
  return scored;
}

void Linkage::Unscore(Place a, Place b) {
  Edge* edge = FindEdge(a, b);
  if (edge == nullptr) return;
  if (edge->verdict == Verdict::kNone) {
    EraseEdge(a, b);
    EraseEdge(b, a);
  } else {
    SetEdge(a, {b, 0, edge->verdict, false});
    SetEdge(b, {a, 0, FindEdge(b, a)->verdict, false});
  }
}

Verdict Linkage::VerdictOn(const std::string& a, const std::string& b) const {
  if (verdicts_.empty()) return Verdict::kNone;
  const auto found = verdicts_.find(Ordered(a, b));
  return found == verdicts_.end() ? Verdict::kNone : found->second;
}

void Linkage::Put(std::string key, const Profile& profile) {
  Remove(key);
  Place place = static_cast<Place>(nodes_.size());
  if (free_.empty()) {
    nodes_.emplace_back();
  } else {
    place = free_.back();
    free_.pop_back();
  }
  places_[key] = place;
  Node& node = nodes_[place];
  node.key = std::move(key);
  node.profile = PackProfile(profile);
  node.id = IdOf(model_.schema, profile);
  node.sound = SoundOf(model_.schema, profile);
  node.cluster = place;
  std::vector<Place> candidates, dirty = {place};
  for (const KeyMaterial& material : MakeKeys(model_.recipes, profile)) {
    const KeyHash hash = Hash(material.bytes);
    node.keys.push_back(hash);
    Bucket& bucket = buckets_[hash];
    bucket.recipe = static_cast<std::uint32_t>(material.recipe);
    if (bucket.members.size() < model_.recipes[material.recipe].records_max) {
      candidates.insert(candidates.end(), bucket.members.begin(), bucket.members.end());
    }
    bucket.members.push_back(place);
  }
  // A key that this record makes too frequent connects nobody any more.
  for (const KeyHash& hash : node.keys) {
    const Bucket& bucket = buckets_.find(hash)->second;
    if (bucket.members.size() != model_.recipes[bucket.recipe].records_max + 1) continue;
    for (std::size_t i = 0; i < bucket.members.size(); ++i) {
      for (std::size_t j = i + 1; j < bucket.members.size(); ++j) {
        const Place a = bucket.members[i], b = bucket.members[j];
        if (FindEdge(a, b) == nullptr || ShareLiveKey(nodes_[a], nodes_[b])) continue;
        Unscore(a, b);
        dirty.push_back(a);
        dirty.push_back(b);
      }
    }
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  for (const Place other : candidates) Connect(place, profile, other);
  if (const auto told = told_.find(node.key); told != told_.end()) {
    for (const std::string& partner : told->second) {
      const auto found = places_.find(partner);
      if (found == places_.end() || FindEdge(place, found->second) != nullptr) continue;
      const Verdict verdict = VerdictOn(node.key, partner);
      SetEdge(place, {found->second, 0, verdict, false});
      SetEdge(found->second, {place, 0, verdict, false});
    }
  }
  Recluster(dirty);
}

bool Linkage::Remove(const std::string& key) {
  const auto found = places_.find(key);
  if (found == places_.end()) return false;
  const Place place = found->second;
  places_.erase(found);
  Node node = std::move(nodes_[place]);
  nodes_[place] = Node();
  free_.push_back(place);
  std::vector<Place> dirty;
  for (const Edge& edge : node.edges) {
    EraseEdge(edge.to, place);
    dirty.push_back(edge.to);
  }
  for (const KeyHash& hash : node.keys) {
    const auto at = buckets_.find(hash);
    auto& members = at->second.members;
    members.erase(std::find(members.begin(), members.end(), place));
    if (members.empty()) {
      buckets_.erase(at);
      continue;
    }
    // The key is rare enough again.
    if (members.size() != model_.recipes[at->second.recipe].records_max) continue;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const Profile profile = ProfileOf(nodes_[members[i]]);
      for (std::size_t j = i + 1; j < members.size(); ++j) {
        const Edge* edge = FindEdge(members[i], members[j]);
        if (edge != nullptr && edge->scored) continue;
        if (!Connect(members[i], profile, members[j])) continue;
        dirty.push_back(members[i]);
        dirty.push_back(members[j]);
      }
    }
  }
  // What was in its cluster may have to find another first record.
  Recluster(dirty);
  return true;
}

void Linkage::Tell(const std::string& a, const std::string& b, Verdict verdict) {
  if (a == b) return;
  if (verdict == Verdict::kNone) {
    verdicts_.erase(Ordered(a, b));
  } else {
    verdicts_[Ordered(a, b)] = verdict;
  }
  const auto remember = [&](const std::string& of, const std::string& partner) {
    std::vector<std::string>& partners = told_[of];
    partners.erase(std::remove(partners.begin(), partners.end(), partner), partners.end());
    if (verdict != Verdict::kNone) partners.push_back(partner);
    if (partners.empty()) told_.erase(of);
  };
  remember(a, b);
  remember(b, a);
  const auto x = places_.find(a), y = places_.find(b);
  if (x == places_.end() || y == places_.end()) return;
  Edge edge = {y->second, 0, verdict, false};
  if (const Edge* found = FindEdge(x->second, y->second); found != nullptr) {
    edge = *found;
    edge.verdict = verdict;
  }
  if (!edge.scored && verdict == Verdict::kNone) {
    EraseEdge(x->second, y->second);
    EraseEdge(y->second, x->second);
  } else {
    SetEdge(x->second, edge);
    edge.to = x->second;
    SetEdge(y->second, edge);
  }
  Recluster({x->second, y->second});
}

void Linkage::Recluster(const std::vector<Place>& dirty) {
  absl::flat_hash_set<Place> done;
  for (const Place start : dirty) {
    if (done.contains(start)) continue;
    std::vector<Place> component = {start};
    absl::flat_hash_map<Place, std::uint32_t> seen = {{start, 0}};
    for (std::size_t i = 0; i < component.size(); ++i) {
      for (const Edge& edge : nodes_[component[i]].edges) {
        if (Links(edge) && seen.emplace(edge.to, 0).second) component.push_back(edge.to);
      }
    }
    if (component.size() == 1) {
      nodes_[start].cluster = start;
      done.insert(start);
      continue;
    }
    std::sort(component.begin(), component.end(),
              [&](Place a, Place b) { return nodes_[a].key < nodes_[b].key; });
    for (std::uint32_t i = 0; i < component.size(); ++i) seen[component[i]] = i;
    Component problem;
    for (std::uint32_t i = 0; i < component.size(); ++i) {
      const Node& node = nodes_[component[i]];
      problem.ids.push_back(node.id);
      for (const Edge& edge : node.edges) {
        const auto to = seen.find(edge.to);
        if (to == seen.end() || to->second < i) continue;
        if (edge.verdict == Verdict::kNotSame) {
          problem.apart.emplace_back(i, to->second);
        } else if (Links(edge)) {
          problem.links.push_back({i, to->second, edge.weight, edge.verdict});
        }
      }
    }
    const Partition partition = Cluster(problem);
    for (std::uint32_t i = 0; i < component.size(); ++i) {
      nodes_[component[i]].cluster = component[partition.cluster[i]];
      done.insert(component[i]);
    }
  }
}

const std::string& Linkage::ClusterOf(const std::string& key) const {
  return nodes_[nodes_[places_.at(key)].cluster].key;
}

std::vector<Neighbour> Linkage::NeighboursOf(const std::string& key) const {
  const Node& node = nodes_[places_.at(key)];
  std::vector<Neighbour> neighbours;
  for (const Edge& edge : node.edges) {
    const Node& other = nodes_[edge.to];
    Neighbour neighbour;
    neighbour.key = other.key;
    neighbour.score = ScoreOf(node, other, &neighbour.comparison);
    neighbour.verdict = edge.verdict;
    neighbour.together = node.cluster == other.cluster;
    neighbours.push_back(std::move(neighbour));
  }
  std::sort(neighbours.begin(), neighbours.end(), [](const Neighbour& a, const Neighbour& b) {
    return std::tuple(-a.score.total, a.key) < std::tuple(-b.score.total, b.key);
  });
  return neighbours;
}

std::optional<Weight> Linkage::StrengthOf(const std::string& key) const {
  const Node& node = nodes_[places_.at(key)];
  std::optional<Weight> strength;
  for (const Edge& edge : node.edges) {
    if (!edge.scored || nodes_[edge.to].cluster != node.cluster) continue;
    strength = std::max(strength.value_or(edge.weight), edge.weight);
  }
  return strength;
}

std::vector<Review> Linkage::Reviews() const {
  absl::flat_hash_map<Place, std::uint32_t> sizes;
  for (const auto& [key, place] : places_) ++sizes[nodes_[place].cluster];
  // By the two clusters, the first one's place being the smaller.
  struct Best {
    Weight weight = 0;
    Place a = 0, b = 0;
  };
  absl::flat_hash_map<std::pair<Place, Place>, Best> best;
  absl::flat_hash_set<std::pair<Place, Place>> apart;
  // Keys break ties, so that the answer does not depend on places.
  const auto stronger = [&](const Best& x, const Best& y) {
    return std::tie(y.weight, nodes_[x.a].key, nodes_[x.b].key) <
           std::tie(x.weight, nodes_[y.a].key, nodes_[y.b].key);
  };
  for (const auto& [key, place] : places_) {
    const Node& node = nodes_[place];
    for (const Edge& edge : node.edges) {
      const Node& other = nodes_[edge.to];
      if (node.cluster == other.cluster || other.key < node.key) continue;
      if (edge.verdict == Verdict::kNotSame) {
        apart.insert(std::minmax(node.cluster, other.cluster));
        continue;
      }
      const Best found = {edge.weight, place, edge.to};
      const auto [at, inserted] = best.emplace(std::minmax(node.cluster, other.cluster), found);
      if (!inserted && stronger(found, at->second)) at->second = found;
    }
  }
  std::vector<Review> reviews;
  for (const auto& [clusters, found] : best) {
    if (apart.contains(clusters)) continue;
    Place a = found.a, b = found.b;
    const auto rank = [&](Place place) {
      const Place cluster = nodes_[place].cluster;
      return std::pair(-static_cast<std::int64_t>(sizes.at(cluster)), nodes_[cluster].key);
    };
    if (rank(a) < rank(b)) std::swap(a, b);
    reviews.push_back({nodes_[a].key, nodes_[b].key, ScoreOf(nodes_[a], nodes_[b])});
  }
  std::sort(reviews.begin(), reviews.end(), [](const Review& x, const Review& y) {
    return std::tie(y.score.total, x.key, x.other) < std::tie(x.score.total, y.key, y.other);
  });
  return reviews;
}

}  // namespace anqiao::identity
