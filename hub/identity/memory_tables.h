// The resolver's tables in memory, lost with the object. No method fails but Create.
//
//   MemoryTables tables;
//   Linkage linkage(model, tables);
//
// Takes memory for the largest id: for ids that were counted from 1, not for scattered ones.
// Thread-compatible.

#ifndef ANQIAO_HUB_IDENTITY_MEMORY_TABLES_H_
#define ANQIAO_HUB_IDENTITY_MEMORY_TABLES_H_

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "hub/identity/linkage_tables.h"

namespace anqiao::identity {

class MemoryTables final : public LinkageTables {
 public:
  std::size_t size() const { return ids_.size(); }
  // Of all records, rising.
  std::vector<RecordId> Records() const;

  absl::StatusOr<RecordId> IdOf(absl::string_view key) const override;
  absl::StatusOr<const Node*> Find(RecordId record) const override { return At(record); }
  absl::StatusOr<Node*> Change(RecordId record) override { return At(record); }
  absl::StatusOr<Node*> Create(RecordId record, absl::string_view key) override;
  absl::Status Erase(RecordId record) override;
  absl::StatusOr<std::size_t> AddMember(KeyHash key, RecordId record) override;
  absl::StatusOr<std::size_t> RemoveMember(KeyHash key, RecordId record) override;
  absl::StatusOr<std::size_t> CountMembers(KeyHash key) const override;
  absl::Status ListMembers(KeyHash key, std::vector<RecordId>& members) const override;
  void WillAskFor(KeyHash key) const override { buckets_.prefetch(key); }
  void WillFind(RecordId record) const override;
  absl::StatusOr<std::vector<Told>> VerdictsOn(absl::string_view key) const override;
  absl::Status SetVerdict(absl::string_view a, absl::string_view b, Verdict verdict) override;

 private:
  // Nodes stay where they are while others come. One without a cluster is none.
  static constexpr std::size_t kBlockNodes = 256;
  using Block = std::array<Node, kBlockNodes>;
  // Empty: they are in crowds_.
  using Bucket = absl::InlinedVector<RecordId, 2>;

  Node* At(RecordId record) const;

  std::vector<std::unique_ptr<Block>> blocks_;
  absl::flat_hash_map<absl::string_view, RecordId> ids_;  // by the keys in the nodes
  absl::flat_hash_map<KeyHash, Bucket> buckets_;
  // Of keys that no recipe listens to any more, so that members come and go in no time.
  absl::flat_hash_map<KeyHash, absl::flat_hash_set<RecordId>> crowds_;
  absl::flat_hash_map<std::string, std::vector<Told>> told_;
};

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_MEMORY_TABLES_H_
