// What the writer knows beyond the projections: heads, requests and acks that are journalled, or
// about to be, and not yet projected. The writer's alone.

#ifndef ANQIAO_HUB_ENGINE_OVERLAY_H_
#define ANQIAO_HUB_ENGINE_OVERLAY_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// A value that the entry at "sequence" gives. Outside the class: clang 14 leaves out members of
// such a nested template.
template <typename Value>
struct Placed {
  Value value;
  store::Sequence sequence = 0;
};

class Overlay {
 public:
  // Reads from "snapshot" from now on and forgets what it has.
  void Refresh(std::unique_ptr<store::Snapshot> snapshot);
  // Forgets everything of its own. Requires: the next Refresh has it all.
  void Clear();
  const store::Snapshot& snapshot() const { return *snapshot_; }

  // An empty head if the record was never seen.
  absl::StatusOr<journal::v1::RecordHead> Head(const std::string& key) const;
  void SetHead(const std::string& key, journal::v1::RecordHead head, store::Sequence sequence);
  // Heads with begin <= key < end, in no order.
  absl::Status ScanHeads(
      const std::string& begin, const std::string& end,
      const std::function<void(const std::string&, const journal::v1::RecordHead&)>& visit) const;

  absl::StatusOr<std::optional<journal::v1::RequestDocument>> Request(const std::string& key) const;
  void SetRequest(const std::string& key, journal::v1::RequestDocument request,
                  store::Sequence sequence);

  // Version of the newest whole snapshot of a format, by SnapshotVersionKey; 0 if there is none.
  absl::StatusOr<std::int64_t> SnapshotVersion(const std::string& key) const;
  void SetSnapshotVersion(const std::string& key, std::int64_t version, store::Sequence sequence);

  bool IsAcknowledged(const std::string& delivery) const { return acks_.contains(delivery); }
  void SetAcknowledged(const std::string& delivery, store::Sequence sequence);

 private:
  enum class Kind { kHead, kRequest, kVersion, kAck };
  struct Mark {
    store::Sequence sequence = 0;
    Kind kind = Kind::kHead;
    std::string key;
  };

  std::unique_ptr<store::Snapshot> snapshot_;
  absl::btree_map<std::string, Placed<journal::v1::RecordHead>> heads_;
  absl::flat_hash_map<std::string, Placed<journal::v1::RequestDocument>> requests_;
  absl::flat_hash_map<std::string, Placed<std::int64_t>> versions_;
  absl::flat_hash_map<std::string, Placed<bool>> acks_;
  std::deque<Mark> marks_;  // by sequence
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_OVERLAY_H_
