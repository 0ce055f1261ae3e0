#include "hub/engine/outward_case.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/identity_model.h"
#include "hub/engine/identity_tables.h"
#include "hub/engine/projection.h"
#include "hub/engine/values.h"
#include "hub/identity/clustering.h"
#include "hub/identity/comparison.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using identity::KeyHash;
using identity::LinkageTables;
using identity::RecordId;
using journal::v1::PersonDocument;
using journal::v1::PersonRecord;
using journal::v1::RecordRef;

// Of a key with more it is not looked whether it is too frequent only because of what was said of
// the police's records: each such judgment can make one more of it.
constexpr std::size_t kOutwardMembersMax = 2 * kKeyRecordsMax;

bool IsPolice(const PersonRecord& record) { return model::IsPoliceKind(record.record().kind()); }

// Whose records these are if nobody counts those of the police, nor what was said of them: the same
// links, but by keys that are rare enough without them, clustered without them.
//
// A node here has all records that say the same and of which nothing is said but of police records
// beside them: those that would share one if there were no police.
class OutwardLinkage {
 public:
  OutwardLinkage(const store::Snapshot& snapshot, const identity::Model& model)
      : model_(model),
        scorer_(model),
        tables_([&snapshot]() -> const store::Snapshot& { return snapshot; }, &heads_) {}

  // Records that are one person's with "anchor".
  absl::StatusOr<std::vector<RecordId>> PersonOf(RecordId anchor) {
    AQ_ASSIGN_OR_RETURN(const IdentityTables::Leader leader, tables_.LeaderOf(anchor));
    if (leader.node == nullptr) return NotThere();
    AQ_ASSIGN_OR_RETURN(const RecordId start, NodeOf(leader.record));
    AQ_ASSIGN_OR_RETURN(Walk walk, WalkFrom(start, false));
    if (walk.crowded) {
      // Then only what somebody said links, as within the hub.
      AQ_ASSIGN_OR_RETURN(walk, WalkFrom(start, true));
    }
    return Solve(walk, start);
  }
  absl::StatusOr<std::string> KeyOf(RecordId record) {
    AQ_ASSIGN_OR_RETURN(const LinkageTables::Node* node, Find(record));
    return node->key;
  }

 private:
  using Edge = LinkageTables::Edge;
  struct Member {
    std::vector<const LinkageTables::Node*> nodes;  // the first in the order of keys leads
    std::vector<RecordId> records;
    std::map<RecordId, Edge> edges;  // to others that the police did not hand in
    bool has_edges = false;
  };
  struct Walk {
    std::vector<RecordId> records;
    bool crowded = false;
  };

  static absl::Status NotThere() {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "the resolver's tables name a record that is not there");
  }

  absl::StatusOr<const LinkageTables::Node*> Find(RecordId record) {
    AQ_ASSIGN_OR_RETURN(const LinkageTables::Node* node, tables_.Find(record));
    if (node == nullptr) return NotThere();
    return node;
  }

  // True if it shares its node with all that say the same, or would without the police.
  static bool Shares(const LinkageTables::Node& node) {
    return identity::HasProfileKey(node.keys) &&
           std::none_of(node.edges.begin(), node.edges.end(), [](const Edge& edge) {
             return edge.verdict != identity::Verdict::kNone && !IsOfPolice(edge.to);
           });
  }

  // The node here that the node of "record" is part of, by the record that leads it. Requires: the
  // police did not hand that in.
  absl::StatusOr<RecordId> NodeOf(RecordId record) {
    if (const auto known = nodes_.find(record); known != nodes_.end()) return known->second;
    AQ_ASSIGN_OR_RETURN(const LinkageTables::Node* node, Find(record));
    std::vector<std::pair<const LinkageTables::Node*, RecordId>> parts = {{node, record}};
    if (Shares(*node)) {
      std::vector<RecordId> alike;
      AQ_RETURN_IF_ERROR(tables_.ListOutwardMembers(node->keys.back(), alike));
      for (const RecordId each : alike) {
        if (each == record) continue;
        AQ_ASSIGN_OR_RETURN(const LinkageTables::Node* other, Find(each));
        if (other->profile == node->profile && Shares(*other)) parts.emplace_back(other, each);
      }
    }
    std::sort(parts.begin(), parts.end(),
              [](const auto& a, const auto& b) { return a.first->key < b.first->key; });
    const RecordId leader = parts.front().second;
    Member& member = members_[leader];
    for (const auto& [part, id] : parts) {
      nodes_[id] = leader;
      member.nodes.push_back(part);
      member.records.push_back(id);
      for (const RecordId each : part->alike) {
        if (!IsOfPolice(each)) member.records.push_back(each);
      }
    }
    return leader;
  }

  absl::StatusOr<const std::map<RecordId, Edge>*> EdgesOf(RecordId record) {
    Member& member = members_.at(record);
    if (member.has_edges) return &member.edges;
    member.has_edges = true;
    for (const LinkageTables::Node* node : member.nodes) {
      for (const Edge& edge : node->edges) {
        if (IsOfPolice(edge.to)) continue;
        AQ_ASSIGN_OR_RETURN(const RecordId to, NodeOf(edge.to));
        if (to == record) continue;
        // Parts of one node have no verdicts, and where they are compared they weigh the same.
        Edge& known = member.edges[to];
        if (!known.scored) known = edge;
        known.to = to;
      }
    }
    // Keys that are too frequent only because of the police's records.
    for (const KeyHash key : member.nodes.front()->keys) {
      const std::size_t recipe = key >> identity::kKeyHashBits;
      if (recipe >= model_.recipes.size()) continue;
      const std::size_t records_max = model_.recipes[recipe].records_max;
      AQ_ASSIGN_OR_RETURN(const std::size_t all, tables_.CountMembers(key));
      AQ_ASSIGN_OR_RETURN(const std::size_t outward, tables_.CountOutwardMembers(key));
      if (all <= records_max || outward > kOutwardMembersMax) continue;
      std::vector<RecordId> members;
      AQ_RETURN_IF_ERROR(tables_.ListOutwardMembers(key, members));
      std::set<RecordId> others;
      for (const RecordId each : members) {
        AQ_ASSIGN_OR_RETURN(const RecordId other, NodeOf(each));
        others.insert(other);
      }
      if (others.size() > records_max) continue;
      others.erase(record);
      for (const RecordId other : others) Compare(member, other);
    }
    return &member.edges;
  }

  // Adds what there is between two nodes that share a key.
  void Compare(Member& member, RecordId other) {
    const auto known = member.edges.find(other);
    if (known != member.edges.end() && known->second.scored) return;
    const auto profile = [&](const Member& of) {
      return identity::UnpackProfile(of.nodes.front()->profile, model_.schema.size());
    };
    const identity::Profile a = profile(member), b = profile(members_.at(other));
    const identity::Score score = scorer_.ScoreOf(identity::Compare(scorer_.places(), a, b), a, b);
    if (score.total < model_.review || score.different) return;
    Edge& edge = member.edges[other];
    edge.to = other;
    edge.weight = score.total;
    edge.scored = true;
  }

  bool Links(const Edge& edge, bool by_verdicts) const {
    return edge.verdict == identity::Verdict::kSame ||
           (!by_verdicts && edge.verdict == identity::Verdict::kNone && edge.scored &&
            edge.weight >= model_.link);
  }

  absl::StatusOr<Walk> WalkFrom(RecordId start, bool by_verdicts) {
    Walk walk{.records = {start}};
    std::set<RecordId> seen = {start};
    std::size_t ends = 0;
    for (std::size_t i = 0; i < walk.records.size(); ++i) {
      AQ_ASSIGN_OR_RETURN(const auto* edges, EdgesOf(walk.records[i]));
      for (const auto& [to, edge] : *edges) {
        if (!Links(edge, by_verdicts)) continue;
        ++ends;
        if (seen.insert(to).second) walk.records.push_back(to);
      }
      if (!by_verdicts && ends > 2 * identity::kLinksMax) {
        walk.crowded = true;
        break;
      }
    }
    by_verdicts_ = by_verdicts;
    return walk;
  }

  absl::StatusOr<std::vector<RecordId>> Solve(const Walk& walk, RecordId start) {
    // In the order of keys, which breaks ties.
    std::map<std::string, RecordId> sorted;
    for (const RecordId record : walk.records) {
      sorted.emplace(members_.at(record).nodes.front()->key, record);
    }
    std::map<RecordId, std::uint32_t> places;
    for (const auto& [key, record] : sorted) {
      places.emplace(record, static_cast<std::uint32_t>(places.size()));
    }
    identity::Component component;
    for (const auto& [key, record] : sorted) {
      const std::uint32_t place = places.at(record);
      component.ids.push_back(members_.at(record).nodes.front()->id);
      for (const auto& [other, edge] : members_.at(record).edges) {
        const auto to = places.find(other);
        if (to == places.end() || to->second < place) continue;
        if (edge.verdict == identity::Verdict::kNotSame) {
          component.apart.emplace_back(place, to->second);
        } else if (Links(edge, by_verdicts_)) {
          component.links.push_back({place, to->second, edge.weight, edge.verdict});
        }
      }
    }
    const identity::Partition partition = identity::Cluster(component);
    std::vector<RecordId> person;
    for (const auto& [record, place] : places) {
      if (partition.cluster[place] != partition.cluster[places.at(start)]) continue;
      const std::vector<RecordId>& records = members_.at(record).records;
      person.insert(person.end(), records.begin(), records.end());
    }
    std::sort(person.begin(), person.end());
    return person;
  }

  const identity::Model& model_;
  const identity::Scorer scorer_;
  IdentityTables::Heads heads_;
  IdentityTables tables_;
  std::map<RecordId, RecordId> nodes_;
  std::map<RecordId, Member> members_;
  bool by_verdicts_ = false;
};

using Order = std::tuple<std::string, std::string, int, std::string>;

Order OrderOf(const RecordRef& ref) {
  return {ref.agency(), ref.format(), static_cast<int>(ref.kind()), ref.key()};
}

// The record by which "recipient" is told whom a request is about; null: there is none.
const PersonRecord* AnchorOf(const PersonDocument& person, const std::string& recipient) {
  const PersonRecord* anchor = nullptr;
  const auto rank = [&](const PersonRecord& record) {
    return std::make_tuple(record.record().agency() != recipient, record.ended(),
                           OrderOf(record.record()));
  };
  for (const PersonRecord& record : person.records()) {
    if (IsPolice(record)) continue;
    if (anchor == nullptr || rank(record) < rank(*anchor)) anchor = &record;
  }
  return anchor;
}

// The record with this key, from whichever person has it.
absl::StatusOr<PersonRecord> ReadRecord(const store::Snapshot& snapshot, const std::string& key) {
  AQ_ASSIGN_OR_RETURN(const auto head, ReadDocument<journal::v1::RecordHead>(snapshot, key));
  AQ_ASSIGN_OR_RETURN(const RecordRef ref, store::DecodeRecordKey(key));
  if (head.has_value()) {
    AQ_ASSIGN_OR_RETURN(auto person,
                        ReadDocument<PersonDocument>(snapshot, store::PersonKey(head->person())));
    if (person.has_value()) {
      if (PersonRecord* record = FindRecord(&*person, ref); record != nullptr) {
        return std::move(*record);
      }
    }
  }
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
               "a record is not with the person that it is linked to");
}

}  // namespace

absl::StatusOr<model::Case> OutwardCase(const store::Snapshot& snapshot,
                                        const identity::Model& model, const PersonDocument& person,
                                        const std::string& recipient,
                                        const model::CivilDate& as_of) {
  PersonDocument outward;
  const PersonRecord* anchor = AnchorOf(person, recipient);
  if (anchor != nullptr) {
    OutwardLinkage linkage(snapshot, model);
    AQ_ASSIGN_OR_RETURN(const std::vector<RecordId> records, linkage.PersonOf(anchor->record_id()));
    for (const RecordId record : records) {
      AQ_ASSIGN_OR_RETURN(const std::string key, linkage.KeyOf(record));
      AQ_ASSIGN_OR_RETURN(*outward.add_records(), ReadRecord(snapshot, key));
    }
    std::sort(outward.mutable_records()->begin(), outward.mutable_records()->end(),
              [](const PersonRecord& a, const PersonRecord& b) {
                return OrderOf(a.record()) < OrderOf(b.record());
              });
  }
  outward.set_person(person.person());
  return model::FoldCase(outward, as_of);
}

}  // namespace anqiao::engine
