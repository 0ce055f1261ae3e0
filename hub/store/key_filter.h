// Which keys a store may have: one that was never added is known not to be there without looking.
//
// A blocked Bloom filter (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters,
// 2007) of 16 MiB: of ten million keys, one in a thousand that is not there seems to be. It says
// nothing wrong of more, only less often something.
//
// Thread-safe. Who asks sees what was added before, if something else makes it be before: the
// filter itself orders nothing.

#ifndef ANQIAO_HUB_STORE_KEY_FILTER_H_
#define ANQIAO_HUB_STORE_KEY_FILTER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "absl/strings/string_view.h"

namespace anqiao::store {

class KeyFilter {
 public:
  KeyFilter();

  void Add(absl::string_view key);
  // False: it was not added.
  bool MayContain(absl::string_view key) const;

 private:
  // As wide as a line of the processor's cache.
  using Block = std::array<std::uint64_t, 8>;
  static constexpr std::size_t kBlocks = std::size_t{1} << 18;

  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  // Straight from the system, which gives a page when it is first written to: of few keys the
  // filter takes little.
  std::unique_ptr<Block[], Free> blocks_;
};

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_KEY_FILTER_H_
