// Unwrapped keys in memory: a fixed table, in which a key that was not used for long gives way to
// a new one and is overwritten.
//
// Thread-safe.

#ifndef ANQIAO_HUB_STORE_KEY_CACHE_H_
#define ANQIAO_HUB_STORE_KEY_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"

namespace anqiao::store {

class KeyCache {
 public:
  // Room for "keys" or a few more.
  explicit KeyCache(std::size_t keys);

  std::optional<DataKey> Find(KeyId id);
  void Put(KeyId id, const DataKey& key);
  // Overwrites the key if it is there.
  void Erase(KeyId id);

 private:
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kStripes = 64;

  struct Entry {
    KeyId id = 0;
    std::uint64_t used = 0;
    DataKey key;
  };
  using Set = std::array<Entry, kWays>;
  // Guards the sets whose number leaves its index as remainder.
  struct alignas(64) Stripe {
    absl::Mutex mu;
    std::uint64_t clock = 0;
  };

  Set& SetOf(KeyId id) { return sets_[id % sets_.size()]; }
  Stripe& StripeOf(KeyId id) { return stripes_[id % sets_.size() % kStripes]; }

  std::vector<Set> sets_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_KEY_CACHE_H_
