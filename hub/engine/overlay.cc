#include "hub/engine/overlay.h"

#include "absl/strings/numbers.h"
#include "hub/base/status_macros.h"
#include "hub/engine/values.h"

namespace anqiao::engine {
namespace {

template <typename Map>
void Forget(const std::string& key, store::Sequence sequence, Map* map) {
  const auto it = map->find(key);
  if (it != map->end() && it->second.sequence <= sequence) map->erase(it);
}

}  // namespace

void Overlay::Refresh(std::unique_ptr<store::Snapshot> snapshot) {
  snapshot_ = std::move(snapshot);
  const store::Sequence reached = snapshot_->sequence();
  while (!marks_.empty() && marks_.front().sequence <= reached) {
    const Mark& mark = marks_.front();
    switch (mark.kind) {
      case Kind::kHead:
        Forget(mark.key, reached, &heads_);
        break;
      case Kind::kRequest:
        Forget(mark.key, reached, &requests_);
        break;
      case Kind::kVersion:
        Forget(mark.key, reached, &versions_);
        break;
      case Kind::kAck:
        Forget(mark.key, reached, &acks_);
        break;
    }
    marks_.pop_front();
  }
}

void Overlay::Clear() {
  heads_.clear();
  requests_.clear();
  versions_.clear();
  acks_.clear();
  marks_.clear();
}

absl::StatusOr<journal::v1::RecordHead> Overlay::Head(const std::string& key) const {
  if (const auto it = heads_.find(key); it != heads_.end()) return it->second.value;
  AQ_ASSIGN_OR_RETURN(std::optional<journal::v1::RecordHead> head,
                      ReadDocument<journal::v1::RecordHead>(*snapshot_, key));
  return head.has_value() ? *std::move(head) : journal::v1::RecordHead();
}

void Overlay::SetHead(const std::string& key, journal::v1::RecordHead head,
                      store::Sequence sequence) {
  heads_[key] = {std::move(head), sequence};
  marks_.push_back({sequence, Kind::kHead, key});
}

absl::Status Overlay::ScanHeads(
    const std::string& begin, const std::string& end,
    const std::function<void(const std::string&, const journal::v1::RecordHead&)>& visit) const {
  bool readable = true;
  AQ_RETURN_IF_ERROR(
      snapshot_->Scan(begin, end, [&](absl::string_view key, absl::string_view value) {
        const std::string text(key);
        if (heads_.contains(text)) return true;
        journal::v1::RecordHead head;
        readable = head.ParseFromArray(value.data(), static_cast<int>(value.size()));
        if (readable) visit(text, head);
        return readable;
      }));
  if (!readable) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "the head of a record cannot be read");
  }
  for (auto own = heads_.lower_bound(begin); own != heads_.end(); ++own) {
    if (!end.empty() && own->first >= end) break;
    visit(own->first, own->second.value);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<journal::v1::RequestDocument>> Overlay::Request(
    const std::string& key) const {
  if (const auto it = requests_.find(key); it != requests_.end()) {
    return std::optional<journal::v1::RequestDocument>(it->second.value);
  }
  return ReadDocument<journal::v1::RequestDocument>(*snapshot_, key);
}

void Overlay::SetRequest(const std::string& key, journal::v1::RequestDocument request,
                         store::Sequence sequence) {
  requests_[key] = {std::move(request), sequence};
  marks_.push_back({sequence, Kind::kRequest, key});
}

absl::StatusOr<std::int64_t> Overlay::SnapshotVersion(const std::string& key) const {
  if (const auto it = versions_.find(key); it != versions_.end()) return it->second.value;
  const absl::StatusOr<std::string> stored = snapshot_->Get(key);
  if (absl::IsNotFound(stored.status())) return 0;
  AQ_RETURN_IF_ERROR(stored.status());
  std::int64_t version = 0;
  if (!absl::SimpleAtoi(*stored, &version)) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "a stored version cannot be read");
  }
  return version;
}

void Overlay::SetSnapshotVersion(const std::string& key, std::int64_t version,
                                 store::Sequence sequence) {
  versions_[key] = {version, sequence};
  marks_.push_back({sequence, Kind::kVersion, key});
}

void Overlay::SetAcknowledged(const std::string& delivery, store::Sequence sequence) {
  acks_[delivery] = {true, sequence};
  marks_.push_back({sequence, Kind::kAck, delivery});
}

}  // namespace anqiao::engine
