// Stored values: what opens must seal to the same bytes.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "hub/store/checksum.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace anqiao::store;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const absl::string_view key = bytes.substr(0, size < 8 ? size : 8);
  const absl::string_view sealed = bytes.substr(key.size());
  if (const auto value = Unseal(key, sealed); value.ok() && Seal(key, *value) != sealed) abort();
  if (const auto number = DecodeNumber(bytes); number.ok() && EncodeNumber(*number) != bytes) {
    abort();
  }
  return 0;
}
