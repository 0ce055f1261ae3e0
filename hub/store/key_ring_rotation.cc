// ring            old master key   what everybody uses until the renaming
// ring.rotating   next master key  slots are copied in chunks while others work; then, with writers
//                                  held up, what came after, what was destroyed meanwhile, and the
//                                  header; it is synced and renamed to ring, and the folder synced

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/key_ring_impl.h"

namespace anqiao::store {
namespace {

// Slots that are read, wrapped and written at once.
constexpr std::uint64_t kChunk = 1024;
// What was added meanwhile is copied this many times before new keys are held up.
constexpr int kPasses = 4;

absl::Status LostRing(absl::string_view message) {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost, message);
}

}  // namespace

absl::Status KeyRing::Impl::Rotate(
    std::unique_ptr<MasterKey> next,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  if (next == nullptr || next->id().size() > kMasterIdMax) {
    return absl::InvalidArgumentError("rotation needs a master key with an id of at most 64 bytes");
  }
  {
    const absl::MutexLock lock(&write_mu_);
    AQ_RETURN_IF_ERROR(CheckWritable());
    if (rotating_) return absl::UnavailableError("a rotation of the key ring is under way");
    rotating_ = true;
  }
  const absl::Status status = CopyAndReplace(std::move(next), progress);
  const absl::MutexLock lock(&write_mu_);
  // What cannot be removed now is removed at the next opening.
  if (!status.ok() && !broken_) WipeAndRemove(*system_, path_ + kRotatingSuffix).IgnoreError();
  rotating_ = false;
  destroyed_meanwhile_.clear();
  return status;
}

absl::Status KeyRing::Impl::CopyAndReplace(
    std::unique_ptr<MasterKey> next,
    const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<RingFile> to,
                      RingFile::Create(*system_, path_ + kRotatingSuffix));
  KeyId copied = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    KeyId last = 0;
    {
      const absl::MutexLock lock(&write_mu_);
      last = header_.reserved_through;
    }
    while (copied < last) {
      const KeyId until = std::min(last, copied + kChunk);
      AQ_RETURN_IF_ERROR(CopySlots(*to, *next, copied + 1, until));
      copied = until;
      if (progress) progress(copied, last);
    }
    // Most of the waiting for the disk is done before anybody else has to.
    AQ_RETURN_IF_ERROR(to->Sync());
  }
  std::unique_ptr<RingFile> old;
  std::uint64_t old_bytes = 0;
  {
    const absl::MutexLock lock(&write_mu_);
    AQ_RETURN_IF_ERROR(CheckWritable());
    AQ_ASSIGN_OR_RETURN(RingHeader header, FinishCopy(*to, *next, copied));
    // A renaming that failed may have happened after all.
    const absl::Status replaced = Replace(*system_, path_ + kRotatingSuffix, path_);
    if (!replaced.ok()) {
      broken_ = true;
      return LostRing(replaced.message());
    }
    header_ = std::move(header);
    old_bytes = SlotOffset(header_.reserved_through + 1);
    const absl::MutexLock file_lock(&file_mu_);
    old = std::exchange(file_, std::move(to));
    master_ = std::move(next);
  }
  // The rotation is done: what cannot be overwritten lies under the old master key only.
  old->Wipe(old_bytes).IgnoreError();
  return absl::OkStatus();
}

absl::Status KeyRing::Impl::CopySlots(RingFile& to, const MasterKey& next, KeyId first,
                                      KeyId last) {
  std::string bytes;
  {
    const absl::ReaderMutexLock lock(&file_mu_);
    AQ_ASSIGN_OR_RETURN(bytes, file_->ReadSlots(first, last - first + 1));
  }
  std::string copy;
  copy.reserve(bytes.size());
  for (KeyId id = first; id <= last; ++id) {
    const std::size_t at = std::min(bytes.size(), (id - first) * kSlotBytes);
    AQ_ASSIGN_OR_RETURN(Slot slot,
                        DecodeSlot(ring_id_, id, absl::string_view(bytes).substr(at, kSlotBytes)));
    if (slot.state == SlotState::kLive) {
      AQ_ASSIGN_OR_RETURN(const DataKey key, master_->Unwrap(slot.wrapped));
      AQ_ASSIGN_OR_RETURN(slot.wrapped, next.Wrap(key));
    }
    copy += EncodeSlot(ring_id_, id, slot);
  }
  return to.WriteSlots(first, copy);
}

// What came after "copied", what was destroyed meanwhile, and the header.
absl::StatusOr<RingHeader> KeyRing::Impl::FinishCopy(RingFile& to, const MasterKey& next,
                                                     KeyId copied) {
  while (copied < header_.reserved_through) {
    const KeyId until = std::min(header_.reserved_through, copied + kChunk);
    AQ_RETURN_IF_ERROR(CopySlots(to, next, copied + 1, until));
    copied = until;
  }
  for (const KeyId id : destroyed_meanwhile_) {
    AQ_RETURN_IF_ERROR(to.WriteSlots(
        id, EncodeSlot(ring_id_, id, {.state = SlotState::kDestroyed, .wrapped = {}})));
  }
  RingHeader header = header_;
  header.master_id = next.id();
  for (auto& [name, wrapped] : header.named) {
    AQ_ASSIGN_OR_RETURN(const DataKey key, master_->Unwrap(wrapped));
    AQ_ASSIGN_OR_RETURN(wrapped, next.Wrap(key));
  }
  for (std::size_t copy = 0; copy < kHeaderCopies; ++copy) {
    ++header.generation;
    AQ_RETURN_IF_ERROR(to.WriteHeader(header));
  }
  AQ_RETURN_IF_ERROR(to.Sync());
  return header;
}

}  // namespace anqiao::store
