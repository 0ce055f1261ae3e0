#include "hub/identity/memory_tables.h"

#include <algorithm>
#include <utility>

#include "hub/identity/blocking.h"

namespace anqiao::identity {

LinkageTables::Node* MemoryTables::At(RecordId record) const {
  const std::size_t block = record / kBlockNodes;
  if (block >= blocks_.size() || blocks_[block] == nullptr) return nullptr;
  Node& node = (*blocks_[block])[record % kBlockNodes];
  return node.cluster == kNoRecord ? nullptr : &node;
}

std::vector<RecordId> MemoryTables::Records() const {
  std::vector<RecordId> records;
  records.reserve(ids_.size());
  for (const auto& [key, record] : ids_) records.push_back(record);
  std::sort(records.begin(), records.end());
  return records;
}

absl::StatusOr<RecordId> MemoryTables::IdOf(absl::string_view key) const {
  const auto found = ids_.find(key);
  return found == ids_.end() ? kNoRecord : found->second;
}

absl::StatusOr<LinkageTables::Node*> MemoryTables::Create(RecordId record, absl::string_view key) {
  const std::size_t block = record / kBlockNodes;
  if (block >= blocks_.size()) blocks_.resize(block + 1);
  if (blocks_[block] == nullptr) blocks_[block] = std::make_unique<Block>();
  Node& node = (*blocks_[block])[record % kBlockNodes];
  if (node.cluster != kNoRecord) return absl::AlreadyExistsError("a record has this id");
  node.key = std::string(key);
  node.cluster = record;
  ids_.emplace(node.key, record);
  return &node;
}

absl::Status MemoryTables::Erase(RecordId record) {
  Node& node = *At(record);
  ids_.erase(node.key);
  node = Node();
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> MemoryTables::AddMember(KeyHash key, RecordId record) {
  const auto [at, inserted] = buckets_.try_emplace(key);
  Bucket& bucket = at->second;
  if (bucket.size() > kRecordsPerKeyMax) {
    crowds_[key].insert(bucket.begin(), bucket.end());
    bucket.clear();
    bucket.shrink_to_fit();
  } else if (inserted || !bucket.empty()) {
    bucket.push_back(record);
    return bucket.size();
  }
  auto& crowd = crowds_[key];
  crowd.insert(record);
  return crowd.size();
}

absl::StatusOr<std::size_t> MemoryTables::RemoveMember(KeyHash key, RecordId record) {
  const auto at = buckets_.find(key);
  Bucket& bucket = at->second;
  if (bucket.empty()) {
    const auto crowd = crowds_.find(key);
    crowd->second.erase(record);
    // A bucket again when it is far from growing into a crowd.
    if (const std::size_t left = crowd->second.size(); left > kRecordsPerKeyMax / 2) return left;
    bucket.assign(crowd->second.begin(), crowd->second.end());
    crowds_.erase(crowd);
    return bucket.size();
  }
  bucket.erase(std::find(bucket.begin(), bucket.end(), record));
  const std::size_t left = bucket.size();
  if (left == 0) buckets_.erase(at);
  return left;
}

absl::StatusOr<std::size_t> MemoryTables::CountMembers(KeyHash key) const {
  const auto found = buckets_.find(key);
  if (found == buckets_.end()) return 0;
  return found->second.empty() ? crowds_.at(key).size() : found->second.size();
}

absl::Status MemoryTables::ListMembers(KeyHash key, std::vector<RecordId>& members) const {
  const auto found = buckets_.find(key);
  if (found == buckets_.end()) return absl::OkStatus();
  const auto append = [&](const auto& from) {
    members.insert(members.end(), from.begin(), from.end());
  };
  if (found->second.empty()) {
    append(crowds_.at(key));
  } else {
    append(found->second);
  }
  return absl::OkStatus();
}

void MemoryTables::WillFind(RecordId record) const {
  // The two lines of the processor's cache that tell whether it must be compared.
  const Node& node = (*blocks_[record / kBlockNodes])[record % kBlockNodes];
  __builtin_prefetch(&node.profile);
  __builtin_prefetch(&node.sound);
}

absl::StatusOr<std::vector<LinkageTables::Told>> MemoryTables::VerdictsOn(
    absl::string_view key) const {
  const auto found = told_.find(key);
  return found == told_.end() ? std::vector<Told>() : found->second;
}

absl::Status MemoryTables::SetVerdict(absl::string_view a, absl::string_view b, Verdict verdict) {
  const auto remember = [&](absl::string_view of, absl::string_view partner) {
    std::vector<Told>& told = told_[of];
    told.erase(std::remove_if(told.begin(), told.end(),
                              [&](const Told& each) { return each.partner == partner; }),
               told.end());
    if (verdict != Verdict::kNone) told.push_back({std::string(partner), verdict});
    if (told.empty()) told_.erase(told_.find(of));
  };
  remember(a, b);
  remember(b, a);
  return absl::OkStatus();
}

}  // namespace anqiao::identity
