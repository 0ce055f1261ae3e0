// Which records of a connected component are one person: Kruskal's algorithm over the links by
// falling weight, refusing a union that would put two different people's numbers, or two records
// that somebody told apart, together. The answer depends on the component alone, not on the order
// in which its records came.
//
// Pure.

#ifndef ANQIAO_HUB_IDENTITY_CLUSTERING_H_
#define ANQIAO_HUB_IDENTITY_CLUSTERING_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "hub/identity/model.h"

namespace anqiao::identity {

// What a caseworker said of two records. It outweighs every score and every number; of verdicts
// that contradict each other, "not the same" holds.
enum class Verdict : std::uint8_t { kNone, kSame, kNotSame };

struct Link {
  std::uint32_t a = 0, b = 0;
  Weight weight = 0;
  Verdict verdict = Verdict::kNone;  // kSame or kNone
};

// A component of more links is put to people whole: none of it is linked but by a verdict.
inline constexpr std::size_t kLinksMax = 20'000;

// Records are numbered from 0 in the order of their keys, which breaks ties.
struct Component {
  // Valid national id of each record (its first 17 digits); 0 if it has none.
  std::vector<std::uint64_t> ids;
  std::vector<Link> links;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> apart;  // told apart
  std::size_t links_max = kLinksMax;
};

enum class Refusal { kConflictingIds, kToldApart, kTooManyLinks };

struct Partition {
  // For each record the first record of its cluster.
  std::vector<std::uint32_t> cluster;
  // Those that made two clusters one, in that order.
  std::vector<Link> used;
  struct Refused {
    Link link;
    Refusal refusal = Refusal::kConflictingIds;
  };
  // Links that were refused and whose two sides ended up apart: verdicts first, then by falling
  // weight.
  std::vector<Refused> refused;
};

Partition Cluster(const Component& component);

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_CLUSTERING_H_
