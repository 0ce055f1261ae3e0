#include "hub/identity/linkage.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "hub/base/status_macros.h"
#include "hub/identity/blocking.h"
#include "hub/identity/linkage_change.h"
#include "hub/model/names.h"

namespace anqiao::identity {
namespace {

static_assert(kRecipesMax <= kOfProfile);

std::uint64_t ShortHash(absl::string_view bytes, const std::string& key) {
  unsigned char out[crypto_shorthash_BYTES];
  crypto_shorthash(out, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                   reinterpret_cast<const unsigned char*>(key.data()));
  std::uint64_t hash = 0;
  static_assert(sizeof(hash) == crypto_shorthash_BYTES);
  std::memcpy(&hash, out, sizeof(out));
  return hash;
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
      scorer_.ScoreOf(Compare(scorer_.places(), profile, profile), profile, profile);
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
  const std::size_t place = scorer_.places()[AttributeKind::kNationalId];
  std::uint64_t number = 0;
  if (place == Places::kNowhere || !profile[place].valid ||
      !absl::SimpleAtoi(absl::string_view(profile[place].text).substr(0, 17), &number)) {
    return 0;
  }
  return number;
}

std::uint64_t Linkage::SoundOf(const Profile& profile) const {
  const std::size_t place = scorer_.places()[AttributeKind::kName];
  if (place == Places::kNowhere) return 0;
  const Value& name = profile[place];
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
