#include "hub/identity/clustering.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace anqiao::identity {
namespace {

class Clusters {
 public:
  explicit Clusters(const Component& component)
      : parent_(component.ids.size()), ids_(component.ids.size()), apart_(component.ids.size()) {
    std::iota(parent_.begin(), parent_.end(), 0U);
    for (std::size_t i = 0; i < component.ids.size(); ++i) {
      if (component.ids[i] != 0) ids_[i].insert(component.ids[i]);
    }
    for (const auto& [a, b] : component.apart) {
      apart_[a].insert(b);
      apart_[b].insert(a);
    }
  }

  std::uint32_t Find(std::uint32_t record) {
    while (parent_[record] != record) record = parent_[record] = parent_[parent_[record]];
    return record;
  }

  bool NumbersConflict(std::uint32_t a, std::uint32_t b) const {
    if (ids_[a].empty() || ids_[b].empty()) return false;
    return std::none_of(ids_[a].begin(), ids_[a].end(),
                        [&](std::uint64_t id) { return ids_[b].count(id) > 0; });
  }

  bool ToldApart(std::uint32_t a, std::uint32_t b) {
    if (apart_[a].size() > apart_[b].size()) std::swap(a, b);
    return std::any_of(apart_[a].begin(), apart_[a].end(),
                       [&](std::uint32_t other) { return Find(other) == b; });
  }

  // The smaller number stays the first of the cluster.
  void Unite(std::uint32_t a, std::uint32_t b) {
    if (b < a) std::swap(a, b);
    parent_[b] = a;
    ids_[a].merge(ids_[b]);
    apart_[a].merge(apart_[b]);
  }

 private:
  std::vector<std::uint32_t> parent_;
  std::vector<std::set<std::uint64_t>> ids_;
  std::vector<std::set<std::uint32_t>> apart_;
};

}  // namespace

Partition Cluster(const Component& component) {
  std::vector<Link> links = component.links;
  for (Link& link : links) {
    if (link.b < link.a) std::swap(link.a, link.b);
  }
  std::sort(links.begin(), links.end(), [](const Link& x, const Link& y) {
    const auto rank = [](const Link& link) {
      return std::tuple(link.verdict != Verdict::kSame, -link.weight, link.a, link.b);
    };
    return rank(x) < rank(y);
  });
  const bool too_many = links.size() > component.links_max;
  Clusters clusters(component);
  Partition partition;
  std::vector<Partition::Refused>& refused = partition.refused;
  for (const Link& link : links) {
    const std::uint32_t a = clusters.Find(link.a), b = clusters.Find(link.b);
    if (a == b) continue;
    std::optional<Refusal> refusal;
    const bool told = link.verdict == Verdict::kSame;
    if (clusters.ToldApart(a, b)) {
      refusal = Refusal::kToldApart;
    } else if (!told && too_many) {
      refusal = Refusal::kTooManyLinks;
    } else if (!told && clusters.NumbersConflict(a, b)) {
      refusal = Refusal::kConflictingIds;
    }
    if (refusal.has_value()) {
      refused.push_back({link, *refusal});
    } else {
      clusters.Unite(a, b);
      partition.used.push_back(link);
    }
  }
  for (std::uint32_t i = 0; i < component.ids.size(); ++i) {
    partition.cluster.push_back(clusters.Find(i));
  }
  // What shares a number with both sides may have brought them together later.
  refused.erase(std::remove_if(refused.begin(), refused.end(),
                               [&](const Partition::Refused& each) {
                                 return clusters.Find(each.link.a) == clusters.Find(each.link.b);
                               }),
                refused.end());
  return partition;
}

}  // namespace anqiao::identity
