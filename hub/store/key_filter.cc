#include "hub/store/key_filter.h"

#include <atomic>
#include <new>

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

KeyFilter::KeyFilter() : blocks_(static_cast<Block*>(std::calloc(kBlocks, sizeof(Block)))) {
  if (blocks_ == nullptr) throw std::bad_alloc();
}

void KeyFilter::Add(absl::string_view key) {
  const std::uint64_t hash = absl::Hash<absl::string_view>{}(key);
  Block& block = blocks_[hash % kBlocks];
  std::uint64_t places = Places(hash);
  for (int i = 0; i < kProbes; ++i, places >>= kPlaceBits) {
    std::atomic_ref<std::uint64_t> word(block[places >> 6 & 7]);
    const std::uint64_t bit = std::uint64_t{1} << (places & 63);
    if ((word.load(std::memory_order_relaxed) & bit) == 0) {
      word.fetch_or(bit, std::memory_order_relaxed);
    }
  }
}

bool KeyFilter::MayContain(absl::string_view key) const {
  const std::uint64_t hash = absl::Hash<absl::string_view>{}(key);
  Block& block = blocks_[hash % kBlocks];
  std::uint64_t places = Places(hash);
  for (int i = 0; i < kProbes; ++i, places >>= kPlaceBits) {
    const std::atomic_ref<std::uint64_t> word(block[places >> 6 & 7]);
    if ((word.load(std::memory_order_relaxed) >> (places & 63) & 1) == 0) return false;
  }
  return true;
}

}  // namespace anqiao::store
