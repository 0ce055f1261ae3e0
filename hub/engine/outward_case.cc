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

bool IsPolice(const PersonRecord& record) { return model::IsPoliceKind(record.record().kind()); }

// Whose records these are if nobody counts those of the police: the same links, but by keys that
// are rare enough without them, clustered without them.
class OutwardLinkage {
 public:
  explicit OutwardLinkage(const store::Snapshot& snapshot)
      : tables_([&snapshot]() -> const store::Snapshot& { return snapshot; }, &heads_) {}

  // Records that are one person's with "anchor".
  absl::StatusOr<std::vector<RecordId>> PersonOf(RecordId anchor) {
    AQ_ASSIGN_OR_RETURN(Walk walk, WalkFrom(anchor, false));
    if (walk.crowded) {
      // Then only what somebody said links, as within the hub.
      AQ_ASSIGN_OR_RETURN(walk, WalkFrom(anchor, true));
    }
    return Solve(walk, anchor);
  }
  absl::StatusOr<std::string> KeyOf(RecordId record) {
    AQ_ASSIGN_OR_RETURN(const Member* member, Load(record));
    return member->node->key;
  }

 private:
  using Edge = LinkageTables::Edge;
  struct Member {
    const LinkageTables::Node* node = nullptr;

    std::vector<Edge> edges;  // to others that the police did not hand in
    bool has_edges = false;
  };
  struct Walk {
    std::vector<RecordId> records;
    bool crowded = false;
  };

  absl::StatusOr<Member*> Load(RecordId record) {
    Member& member = members_[record];
    if (member.node != nullptr) return &member;
    AQ_ASSIGN_OR_RETURN(member.node, tables_.Find(record));
    if (member.node == nullptr) {
      return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                   "the resolver's tables name a record that is not there");
    }
    return &member;
  }

  absl::StatusOr<const std::vector<Edge>*> EdgesOf(RecordId record) {
    AQ_ASSIGN_OR_RETURN(Member * member, Load(record));
    if (member->has_edges) return &member->edges;
    member->has_edges = true;
    std::set<RecordId> known;
    for (const Edge& edge : member->node->edges) {
      if (IsOfPolice(edge.to)) continue;
      member->edges.push_back(edge);
      if (edge.scored) known.insert(edge.to);
    }
    // Keys that are too frequent only because of the police's records.
    for (const KeyHash key : member->node->keys) {
      const std::size_t recipe = key >> identity::kKeyHashBits;
      if (recipe >= IdentityModel().recipes.size()) continue;
      const std::size_t records_max = IdentityModel().recipes[recipe].records_max;
      AQ_ASSIGN_OR_RETURN(const std::size_t all, tables_.CountMembers(key));
      AQ_ASSIGN_OR_RETURN(const std::size_t outward, tables_.CountOutwardMembers(key));
      if (all <= records_max || outward > records_max) continue;
      std::vector<RecordId> others;
      AQ_RETURN_IF_ERROR(tables_.ListOutwardMembers(key, others));
      for (const RecordId other : others) {
        if (other == record || !known.insert(other).second) continue;
        AQ_RETURN_IF_ERROR(Compare(*member, other));
      }
    }
    return &member->edges;
  }

  // Adds what there is between two records that share a key.
  absl::Status Compare(Member& member, RecordId other) {
    AQ_ASSIGN_OR_RETURN(const Member* partner, Load(other));
    const identity::Model& model = IdentityModel();
    const auto profile = [&](const LinkageTables::Node& node) {
      return identity::UnpackProfile(node.profile, model.schema.size());
    };
    const identity::Profile a = profile(*member.node), b = profile(*partner->node);
    const identity::Score score =
        identity::ScorePair(model, identity::Compare(model.schema, a, b), a, b);
    if (score.total < model.review || score.different) return absl::OkStatus();
    const auto at = std::find_if(member.edges.begin(), member.edges.end(),
                                 [&](const Edge& edge) { return edge.to == other; });
    if (at != member.edges.end()) {
      at->weight = score.total;
      at->scored = true;
    } else {
      member.edges.push_back({other, score.total, identity::Verdict::kNone, true});
    }
    return absl::OkStatus();
  }

  static bool Links(const Edge& edge, bool by_verdicts) {
    return edge.verdict == identity::Verdict::kSame ||
           (!by_verdicts && edge.verdict == identity::Verdict::kNone && edge.scored &&
            edge.weight >= IdentityModel().link);
  }

  absl::StatusOr<Walk> WalkFrom(RecordId start, bool by_verdicts) {
    Walk walk{.records = {start}};
    std::set<RecordId> seen = {start};
    std::size_t ends = 0;
    for (std::size_t i = 0; i < walk.records.size(); ++i) {
      AQ_ASSIGN_OR_RETURN(const std::vector<Edge>* edges, EdgesOf(walk.records[i]));
      for (const Edge& edge : *edges) {
        if (!Links(edge, by_verdicts)) continue;
        ++ends;
        if (seen.insert(edge.to).second) walk.records.push_back(edge.to);
      }
      if (!by_verdicts && ends > 2 * identity::kLinksMax) {
        walk.crowded = true;
        break;
      }
    }
    by_verdicts_ = by_verdicts;
    return walk;
  }

  absl::StatusOr<std::vector<RecordId>> Solve(const Walk& walk, RecordId anchor) {
    // In the order of keys, which breaks ties.
    std::map<std::string, RecordId> sorted;
    for (const RecordId record : walk.records) {
      AQ_ASSIGN_OR_RETURN(std::string key, KeyOf(record));
      sorted.emplace(std::move(key), record);
    }
    std::map<RecordId, std::uint32_t> places;
    for (const auto& [key, record] : sorted) {
      places.emplace(record, static_cast<std::uint32_t>(places.size()));
    }
    identity::Component component;
    for (const auto& [key, record] : sorted) {
      const std::uint32_t place = places.at(record);
      component.ids.push_back(members_.at(record).node->id);
      for (const Edge& edge : members_.at(record).edges) {
        const auto to = places.find(edge.to);
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
      if (partition.cluster[place] == partition.cluster[places.at(anchor)]) {
        person.push_back(record);
      }
    }
    return person;
  }

  IdentityTables::Heads heads_;
  IdentityTables tables_;
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
                                        const PersonDocument& person, const std::string& recipient,
                                        const model::CivilDate& as_of) {
  PersonDocument outward;
  const PersonRecord* anchor = AnchorOf(person, recipient);
  if (anchor != nullptr) {
    OutwardLinkage linkage(snapshot);
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
