// What the writer's side counts of itself: how large groups were and how long their syncs took.
//
// Plain values; whoever hands them out takes the snapshot.

#ifndef ANQIAO_HUB_ENGINE_COUNTS_H_
#define ANQIAO_HUB_ENGINE_COUNTS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace anqiao::engine {

// How many values were at most each bound; the last of "counts" are those above all.
template <std::size_t N>
struct Histogram {
  std::array<std::int64_t, N> bounds;
  std::array<std::int64_t, N + 1> counts = {};
  std::int64_t sum = 0;

  void Add(std::int64_t value) {
    const auto bound = std::lower_bound(bounds.begin(), bounds.end(), value);
    ++counts[static_cast<std::size_t>(bound - bounds.begin())];
    sum += value;
  }
};

// Of the groups that were committed.
struct GroupCounts {
  std::int64_t groups = 0;
  std::int64_t largest = 0;  // entries
  Histogram<8> entries = {.bounds = {1, 4, 16, 64, 256, 1024, 4096, 16384}};
  // Appending and syncing, on the steady clock.
  Histogram<10> sync_micros = {
      .bounds = {100, 250, 500, 1000, 2500, 5000, 10'000, 25'000, 100'000, 1'000'000}};

  void Add(std::int64_t entry_count, std::int64_t micros) {
    ++groups;
    largest = std::max(largest, entry_count);
    entries.Add(entry_count);
    sync_micros.Add(micros);
  }
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_COUNTS_H_
