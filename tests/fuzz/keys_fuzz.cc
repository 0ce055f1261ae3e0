// Storage keys: what decodes must encode to the same bytes.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "hub/store/keys.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace anqiao::store;
  const absl::string_view key(reinterpret_cast<const char*>(data), size);
  if (const auto record = DecodeRecordKey(key); record.ok() && RecordKey(*record) != key) abort();
  if (const auto pending = DecodePendingKey(key);
      pending.ok() && PendingKey(pending->agency, pending->sequence, pending->delivery) != key) {
    abort();
  }
  if (const auto dead = DecodePlaceKey(Family::kDead, key);
      dead.ok() && DeadKey(dead->agency, dead->sequence, dead->delivery) != key) {
    abort();
  }
  if (const auto person = DecodeOnePart(Family::kPerson, key);
      person.ok() && PersonKey(*person) != key) {
    abort();
  }
  return 0;
}
