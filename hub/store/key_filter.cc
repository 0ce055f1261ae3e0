#include "hub/store/key_filter.h"

#include "absl/hash/hash.h"

namespace anqiao::store {
namespace {

constexpr int kProbes = 6;
constexpr int kPlaceBits = 9;  // of 512 bits of a block

// The bits of "hash" beyond those that choose the block, mixed anew: six places need 54 of them.
std::uint64_t Places(std::uint64_t hash) {
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  hash ^= hash >> 33;
  return hash;
}

}  // namespace

void KeyFilter::Add(absl::string_view key) {
  const std::uint64_t hash = absl::Hash<absl::string_view>{}(key);
  Block& block = blocks_[hash % kBlocks];
  std::uint64_t places = Places(hash);
  for (int i = 0; i < kProbes; ++i, places >>= kPlaceBits) {
    block[places >> 6 & 7] |= std::uint64_t{1} << (places & 63);
  }
}

bool KeyFilter::MayContain(absl::string_view key) const {
  const std::uint64_t hash = absl::Hash<absl::string_view>{}(key);
  const Block& block = blocks_[hash % kBlocks];
  std::uint64_t places = Places(hash);
  for (int i = 0; i < kProbes; ++i, places >>= kPlaceBits) {
    if ((block[places >> 6 & 7] >> (places & 63) & 1) == 0) return false;
  }
  return true;
}

}  // namespace anqiao::store
