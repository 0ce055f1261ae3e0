// What the resolver keeps of its records, as tables that their owner provides: in memory
// (MemoryTables) or as documents of a store.
//
//   nodes      by record id     the record, its blocking keys, its edges, its cluster; or which
//   other
//                               record's node it shares
//   record ids by record key
//   buckets    by blocking key  the records that have it, those that share a node as one
//   verdicts   by record key    what people said of it and others; they outlast the records
//
// The tables belong to one model and one hash: under others they are made anew from the records.
// The same records, ids and verdicts give the same content, whatever happened before: lists in
// nodes are sorted, buckets and verdicts are sets.
//
// Ownership: nodes are the tables'. A pointer that Find, Change or Create gave holds, and points to
// the one object of that record, until the method of Linkage that asked for it returns or the node
// is erased; then the owner may write it away and let go of it. What was not got from Change or
// Create was not changed.
//
// Threads: one at a time, const methods too, unless an implementation says more.
//
// Errors are the implementation's; Linkage passes them on as they are. After one the change is
// there in part: an owner that goes on puts the tables back to where they were before it.

#ifndef ANQIAO_HUB_IDENTITY_LINKAGE_TABLES_H_
#define ANQIAO_HUB_IDENTITY_LINKAGE_TABLES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/identity/clustering.h"
#include "hub/identity/model.h"

namespace anqiao::identity {

// Where a record is kept, given by its owner: never 0, never another record's. Nothing is decided
// by it but the names of clusters; ties go by record key.
using RecordId = std::uint64_t;
inline constexpr RecordId kNoRecord = 0;

// Of a blocking key: the number of its recipe in the upper 8 bits, a hash in the lower 56. So the
// recipe is known wherever the key is, and only keys of one recipe can collide: two that do count
// as one. Among 10^7 keys of a recipe the chance of any is 1 in 1,400.
using KeyHash = std::uint64_t;
inline constexpr int kKeyHashBits = 56;
// In the place of a recipe's number: the key is of all that a record says. The last one of those
// that have it, which are the profiles that are linked with themselves.
inline constexpr KeyHash kOfProfile = 255;
inline bool HasProfileKey(const std::vector<KeyHash>& keys) {
  return !keys.empty() && keys.back() >> kKeyHashBits == kOfProfile;
}

class LinkageTables {
 public:
  struct Edge {
    RecordId to = kNoRecord;
    Weight weight = 0;  // 0 unless scored
    Verdict verdict = Verdict::kNone;
    // They share a key and weigh "review" or more; else there is a verdict only.
    bool scored = false;

    friend bool operator==(const Edge&, const Edge&) = default;
  };
  struct Node {
    std::string key;               // set by Create, and left as it is
    std::string profile;           // packed
    std::vector<KeyHash> keys;     // rising
    std::vector<Edge> edges;       // by rising "to"; both ends have one
    std::uint64_t id = 0;          // as in Component
    std::uint64_t sound = 0;       // hash of how a whole name is read; 0 if that does not tell it
    RecordId cluster = kNoRecord;  // the smallest id in the record's cluster
    bool crowded = false;          // its component has too many links (kLinksMax)
    // The record whose node this one shares, because it says the same (Linkage); then of the rest
    // it has a key and a cluster only.
    RecordId like = kNoRecord;
    std::vector<RecordId> alike;  // those that share this node, rising
    bool judged = false;          // there is a verdict on it: it shares its node with no other

    friend bool operator==(const Node&, const Node&) = default;
  };
  struct Told {
    std::string partner;
    Verdict verdict = Verdict::kNone;  // kSame or kNotSame

    friend bool operator==(const Told&, const Told&) = default;
  };

  virtual ~LinkageTables() = default;

  // kNoRecord if there is none.
  virtual absl::StatusOr<RecordId> IdOf(absl::string_view key) const = 0;

  // nullptr if there is none.
  virtual absl::StatusOr<const Node*> Find(RecordId record) const = 0;
  virtual absl::StatusOr<Node*> Change(RecordId record) = 0;
  // With the key and a cluster of its own; from now on IdOf("key") is "record". Requires: there is
  // no record with this key.
  // ALREADY_EXISTS: one has this id.
  virtual absl::StatusOr<Node*> Create(RecordId record, absl::string_view key) = 0;
  // The node and its key. Requires: there is one.
  virtual absl::Status Erase(RecordId record) = 0;

  // Both return how many members there are then. Requires: the record is not, or is, a member. A
  // key may have as many members as there are records: no call may take time in their number.
  virtual absl::StatusOr<std::size_t> AddMember(KeyHash key, RecordId record) = 0;
  virtual absl::StatusOr<std::size_t> RemoveMember(KeyHash key, RecordId record) = 0;
  virtual absl::StatusOr<std::size_t> CountMembers(KeyHash key) const = 0;
  // Appends the members to "members", in any order. Is called for kRecordsPerKeyMax + 1 at most,
  // and as many as people judged of one profile.
  virtual absl::Status ListMembers(KeyHash key, std::vector<RecordId>& members) const = 0;

  // Hints: the members of the key are asked for soon, the record is looked for soon.
  virtual void WillAskFor(KeyHash key) const {}
  virtual void WillFind(RecordId record) const {}

  // What was said of the record with this key, there or not, and others, in any order.
  virtual absl::StatusOr<std::vector<Told>> VerdictsOn(absl::string_view key) const = 0;
  // Of both; kNone takes away what is there.
  virtual absl::Status SetVerdict(absl::string_view a, absl::string_view b, Verdict verdict) = 0;
};

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_LINKAGE_TABLES_H_
