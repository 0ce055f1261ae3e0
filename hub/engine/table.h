// Documents of the projections with those that a batch changed: read once, changed in memory,
// written once. What is remembered may be ahead of the snapshot that the rest is read from.
//
// Thread-compatible.

#ifndef ANQIAO_HUB_ENGINE_TABLE_H_
#define ANQIAO_HUB_ENGINE_TABLE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/engine/values.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// Whose key a document lies under: what tells about a person lies under theirs.
inline std::string OwnerOf(const journal::v1::RecordHead&) { return ""; }
inline std::string OwnerOf(const journal::v1::PersonDocument& person) { return person.person(); }
inline std::string OwnerOf(const journal::v1::ReferralDocument& referral) {
  return referral.draft().case_id();
}
inline std::string OwnerOf(const journal::v1::ConsentDocument& consent) {
  return consent.consent().case_id();
}
inline std::string OwnerOf(const journal::v1::DeliveryDocument& delivery) {
  return delivery.person();
}
inline std::string OwnerOf(const journal::v1::QuarantineDocument&) { return ""; }
inline std::string OwnerOf(const journal::v1::EntitlementNotes& notes) { return notes.person(); }
inline std::string OwnerOf(const journal::v1::TeamMemberDocument& member) {
  return member.added().case_id();
}
inline std::string OwnerOf(const journal::v1::DispatchDocument& dispatch) {
  return dispatch.sent().case_id();
}

// Documents of one family with those that were changed and not yet written.
template <typename Document>
class Table {
 public:
  struct Row {
    Document document;
    bool exists = false;
    bool dirty = false;
    std::size_t bytes = 0;  // as stored, when it was read or written last
  };

  absl::StatusOr<Row*> Find(const store::Snapshot& snapshot, const std::string& key) {
    std::unique_ptr<Row>& row = rows_[key];
    if (row != nullptr) return row.get();
    absl::StatusOr<std::optional<Document>> stored = ReadDocument<Document>(snapshot, key);
    if (!stored.ok()) {
      rows_.erase(key);
      return stored.status();
    }
    row = std::make_unique<Row>();
    if (stored->has_value()) {
      row->document = *std::move(*stored);
      row->exists = true;
      row->bytes = row->document.ByteSizeLong();
    }
    bytes_ += kRowBytes + row->bytes;
    return row.get();
  }

  void Touch(const std::string& key, Row* row) {
    row->exists = true;
    if (!row->dirty) changed_.emplace_back(key, row);
    row->dirty = true;
  }
  void Remove(const std::string& key, Row* row) {
    Touch(key, row);
    row->exists = false;
    row->document.Clear();
  }

  // Puts what was changed into the batch.
  void Collect(store::ProjectionBatch* batch) {
    for (auto& [key, row] : changed_) {
      std::size_t bytes = 0;
      if (row->exists) {
        const std::string value = Canonical(row->document);
        bytes = value.size();
        batch->Put(key, value, OwnerOf(row->document));
      } else {
        batch->Delete(key);
      }
      bytes_ += bytes - row->bytes;
      row->bytes = bytes;
      row->dirty = false;
    }
    collected_ = std::exchange(changed_, {});
  }
  // If what is remembered takes more than "bytes_max" bytes, about as stored, forgets all but what
  // was collected last, or that too if it is written. Requires: nothing is changed.
  void Trim(std::size_t bytes_max, bool written) {
    if (written) collected_.clear();
    if (bytes_ <= bytes_max) return;
    absl::flat_hash_map<std::string, std::unique_ptr<Row>> kept;
    bytes_ = 0;
    for (const auto& [key, row] : collected_) {
      kept.emplace(key, std::move(rows_.at(key)));
      bytes_ += kRowBytes + row->bytes;
    }
    rows_ = std::move(kept);
  }

 private:
  // What a row takes beside its document.
  static constexpr std::size_t kRowBytes = sizeof(Row) + 64;

  absl::flat_hash_map<std::string, std::unique_ptr<Row>> rows_;
  std::vector<std::pair<std::string, Row*>> changed_, collected_;
  std::size_t bytes_ = 0;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_TABLE_H_
