// The resolver's tables (hub/identity/linkage_tables.h) as documents of the projections.
//
//   nodes      record id        -> IdentityNode, under the key of the person it belongs to
//   record ids                     in the records' heads
//   buckets    blocking key     -> BlockDocument; members beyond kPageMembers in further documents
//   verdicts                       in the nodes' edges: they are of record ids, which never return
//
// Thread-compatible. What it handed out holds until the next Trim.

#ifndef ANQIAO_HUB_ENGINE_IDENTITY_TABLES_H_
#define ANQIAO_HUB_ENGINE_IDENTITY_TABLES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/engine/table.h"
#include "hub/identity/linkage_tables.h"
#include "hub/identity/model.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// What a model of this schema knows of "subject", whom a record of "agency" is about.
identity::Profile ProfileOf(const identity::Schema& schema, const std::string& agency,
                            const journal::v1::Subject& subject);
// A record's id for the resolver is its number, the position of the entry that first said whom it
// is about. The police's come after all others: a person is named by their first record that
// somebody else handed in, if there is one. So neither who a person is called nor whose is what was
// attached to them hangs on what the police say and unsay.
inline constexpr identity::RecordId kOfPolice = identity::RecordId{1} << 62;
inline identity::RecordId RecordIdOf(store::Sequence number, bool of_police) {
  return of_police ? number | kOfPolice : number;
}
inline bool IsOfPolice(identity::RecordId record) { return (record & kOfPolice) != 0; }
// Of records that say the same one that others than the police handed in leads, if there is one.
inline int RankOf(identity::RecordId record) { return IsOfPolice(record) ? 1 : 0; }
inline store::Sequence NumberOf(identity::RecordId record) { return record & ~kOfPolice; }
// The id of the person whose smallest record id this is, and the number of the record that an id
// was made of; 0: it is no such id.
std::string PersonId(identity::RecordId cluster);
store::Sequence FirstRecordOf(absl::string_view person);

// A node as the projections keep it.
struct NodeDocument {
  identity::LinkageTables::Node node;

  std::size_t ByteSizeLong() const;
  void Clear() { node = {}; }
};
std::string Canonical(const NodeDocument& document);
std::string OwnerOf(const NodeDocument& document);
template <>
absl::StatusOr<std::optional<NodeDocument>> ReadDocument(const store::Snapshot& snapshot,
                                                         const std::string& key);

// A page of a key's members as the projections keep it.
struct BlockPage {
  struct Members {
    absl::InlinedVector<identity::RecordId, 2> records;
    std::uint64_t further = 0;  // on further pages; of the first page only

    bool empty() const { return records.empty() && further == 0; }
    std::size_t count() const { return records.size() + further; }
  };
  Members ours, police;  // not the police's, the police's

  bool empty() const { return ours.empty() && police.empty(); }
  std::size_t count() const { return ours.count() + police.count(); }
  std::size_t ByteSizeLong() const { return 8 * (ours.records.size() + police.records.size()); }
  void Clear() {
    for (Members* members : {&ours, &police}) {
      members->records.clear();
      members->further = 0;
    }
  }
};
std::string Canonical(const BlockPage& page);
inline std::string OwnerOf(const BlockPage&) { return ""; }
template <>
absl::StatusOr<std::optional<BlockPage>> ReadDocument(const store::Snapshot& snapshot,
                                                      const std::string& key);

class IdentityTables final : public identity::LinkageTables {
 public:
  using Heads = Table<journal::v1::RecordHead>;

  // "snapshot" gives what is stored; it and "heads" outlive the tables.
  IdentityTables(std::function<const store::Snapshot&()> snapshot, Heads* heads)
      : snapshot_(std::move(snapshot)), heads_(*heads) {}

  void Collect(store::ProjectionBatch* batch);
  void Trim(std::size_t bytes_max, bool written);
  // Of nodes that not only the police handed in.
  absl::StatusOr<std::size_t> CountOutwardMembers(identity::KeyHash key) const;
  absl::Status ListOutwardMembers(identity::KeyHash key,
                                  std::vector<identity::RecordId>& members) const;

  // The node that the record has, its own or another's, and whose it is; nullptr: there is no such
  // record.
  struct Leader {
    identity::RecordId record = identity::kNoRecord;
    const Node* node = nullptr;
  };
  absl::StatusOr<Leader> LeaderOf(identity::RecordId record) const;
  // The id of the record with this number; kNoRecord if there is none.
  absl::StatusOr<identity::RecordId> IdOfNumber(store::Sequence number) const;

  absl::StatusOr<identity::RecordId> IdOf(absl::string_view key) const override;
  absl::StatusOr<const Node*> Find(identity::RecordId record) const override;
  absl::StatusOr<Node*> Change(identity::RecordId record) override;
  absl::StatusOr<Node*> Create(identity::RecordId record, absl::string_view key) override;
  absl::Status Erase(identity::RecordId record) override;
  absl::StatusOr<std::size_t> AddMember(identity::KeyHash key, identity::RecordId record) override;
  absl::StatusOr<std::size_t> RemoveMember(identity::KeyHash key,
                                           identity::RecordId record) override;
  absl::StatusOr<std::size_t> CountMembers(identity::KeyHash key) const override;
  absl::Status ListMembers(identity::KeyHash key,
                           std::vector<identity::RecordId>& members) const override;
  absl::StatusOr<std::vector<Told>> VerdictsOn(absl::string_view) const override {
    return std::vector<Told>();
  }
  absl::Status SetVerdict(absl::string_view, absl::string_view, identity::Verdict) override {
    return absl::OkStatus();
  }

 private:
  using Blocks = Table<BlockPage>;
  using Nodes = Table<NodeDocument>;
  struct Page {
    std::string key;
    Blocks::Row* row = nullptr;
  };

  absl::StatusOr<Page> PageOf(identity::KeyHash key, std::uint64_t page) const;
  absl::Status List(identity::KeyHash key, bool police,
                    std::vector<identity::RecordId>& members) const;

  const std::function<const store::Snapshot&()> snapshot_;
  Heads& heads_;
  // What is read is remembered.
  mutable Nodes nodes_;
  mutable Blocks blocks_;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_IDENTITY_TABLES_H_
