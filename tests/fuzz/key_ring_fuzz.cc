// The bytes of a key ring: what is read must be written the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "hub/store/key_ring_format.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace anqiao::store;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto header = DecodeHeader(bytes); header.ok()) {
    const std::string again = EncodeHeader(*header);
    if (again.size() > kHeaderBytes || again != bytes.substr(0, again.size())) abort();
  }
  // The ring's id, the slot's number in one byte, and the slot.
  if (size == kRingIdBytes + 1 + kSlotBytes) {
    const absl::string_view ring = bytes.substr(0, kRingIdBytes);
    const KeyId id = data[kRingIdBytes];
    const absl::string_view stored = bytes.substr(kRingIdBytes + 1);
    const auto slot = DecodeSlot(ring, id, stored);
    if (slot.ok() && EncodeSlot(ring, id, *slot) != stored) abort();
  }
  return 0;
}
