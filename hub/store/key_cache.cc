#include "hub/store/key_cache.h"

namespace anqiao::store {

KeyCache::KeyCache(std::size_t keys) : sets_(keys / kWays + 1) {}

std::optional<DataKey> KeyCache::Find(KeyId id) {
  if (id == 0) return std::nullopt;  // The mark of an empty entry.
  Stripe& stripe = StripeOf(id);
  const absl::MutexLock lock(&stripe.mu);
  for (Entry& entry : SetOf(id)) {
    if (entry.id == id) {
      entry.used = ++stripe.clock;
      return entry.key;
    }
  }
  return std::nullopt;
}

void KeyCache::Put(KeyId id, const DataKey& key) {
  Stripe& stripe = StripeOf(id);
  const absl::MutexLock lock(&stripe.mu);
  Set& set = SetOf(id);
  Entry* oldest = &set.front();
  for (Entry& entry : set) {
    if (entry.id == id) {
      oldest = &entry;
      break;
    }
    if (entry.used < oldest->used) oldest = &entry;
  }
  *oldest = {.id = id, .used = ++stripe.clock, .key = key};
}

void KeyCache::Erase(KeyId id) {
  Stripe& stripe = StripeOf(id);
  const absl::MutexLock lock(&stripe.mu);
  for (Entry& entry : SetOf(id)) {
    if (entry.id == id) entry = Entry();
  }
}

}  // namespace anqiao::store
