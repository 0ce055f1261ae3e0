// The bytes of a key ring, made and read here alone; see "Keys" in hub/doc/storage_format.md.
//
// Thread-safe.

#ifndef ANQIAO_HUB_STORE_KEY_RING_FORMAT_H_
#define ANQIAO_HUB_STORE_KEY_RING_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/store/key_ring.h"

namespace anqiao::store {

inline constexpr std::uint32_t kRingVersion = 1;
inline constexpr std::size_t kHeaderBytes = 4096;
inline constexpr std::size_t kHeaderCopies = 2;
inline constexpr std::size_t kSlotBytes = 64;
inline constexpr std::size_t kRingIdBytes = 16;
inline constexpr std::size_t kMasterIdMax = 64;
inline constexpr std::size_t kNamedKeysMax = 16;
inline constexpr std::size_t kKeyNameMax = 32;
inline constexpr std::size_t kPoolMax = 65536;
inline constexpr KeyId kKeyIdMax = KeyId{1} << 48;

struct RingHeader {
  // Grows with every writing; copy generation % kHeaderCopies holds it.
  std::uint64_t generation = 0;
  char suite = 0;
  std::string ring_id;
  std::string master_id;
  // Slots up to here may have been given.
  KeyId reserved_through = 0;
  // Slots up to here were on disk when this was written: a file without them was cut off.
  KeyId synced_through = 0;
  std::uint64_t erased_through = 0;
  // Name and wrapped key.
  std::vector<std::pair<std::string, std::string>> named;
};

enum class SlotState { kVoid, kLive, kDestroyed };

struct Slot {
  SlotState state = SlotState::kVoid;
  // Of a live slot.
  std::string wrapped;
};

// At most kHeaderBytes. Requires: the bounds above hold.
std::string EncodeHeader(const RingHeader& header);

// "bytes" may go on after the header. DATA_LOSS (STORAGE_LOST): damaged, or no key ring.
// FAILED_PRECONDITION (FORMAT_VERSION_UNKNOWN): whole, but of another version.
absl::StatusOr<RingHeader> DecodeHeader(absl::string_view bytes);

// kSlotBytes; a void slot is zeros. Requires: "wrapped" has at most CipherSuite::kWrappedMax bytes.
std::string EncodeSlot(absl::string_view ring_id, KeyId id, const Slot& slot);

// DATA_LOSS (STORAGE_LOST): damaged, or of another place or ring.
absl::StatusOr<Slot> DecodeSlot(absl::string_view ring_id, KeyId id, absl::string_view bytes);

// Where the slot lies in the file.
constexpr std::uint64_t SlotOffset(KeyId id) {
  return kHeaderCopies * kHeaderBytes + (id - 1) * kSlotBytes;
}

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_KEY_RING_FORMAT_H_
