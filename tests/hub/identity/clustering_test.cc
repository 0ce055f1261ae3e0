#include "hub/identity/clustering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace anqiao::identity {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(ClusterTest, TakesTheStrongestLinksFirst) {
  // 1 could go with 0 or with 2, whose numbers differ.
  const Partition partition =
      Cluster({.ids = {11, 0, 22}, .links = {{0, 1, 6000}, {1, 2, 7000}}, .apart = {}});
  EXPECT_THAT(partition.cluster, ElementsAre(0, 1, 1));
  ASSERT_THAT(partition.refused, SizeIs(1));
  EXPECT_EQ(partition.refused[0].link.weight, 6000);
  EXPECT_EQ(partition.refused[0].refusal, Refusal::kConflictingIds);
}

TEST(ClusterTest, TellsWhatItUsedInOrder) {
  const Partition partition =
      Cluster({.ids = {0, 0, 0}, .links = {{0, 1, 6000}, {2, 1, 7000}, {0, 2, 5000}}, .apart = {}});
  ASSERT_THAT(partition.used, SizeIs(2));
  EXPECT_EQ(partition.used[0].weight, 7000);
  EXPECT_EQ(partition.used[0].a, 1);
  EXPECT_EQ(partition.used[1].weight, 6000);
}

TEST(ClusterTest, WhatCameTogetherInTheEndWasNotRefused) {
  // 2 and 3 are one whose number was written in two ways.
  const Partition partition =
      Cluster({.ids = {11, 22, 11, 22},
               .links = {{0, 1, 9000}, {0, 2, 8000}, {1, 3, 7000}, {2, 3, 0, Verdict::kSame}},
               .apart = {}});
  EXPECT_THAT(partition.cluster, ElementsAre(0, 0, 0, 0));
  EXPECT_TRUE(partition.refused.empty());
}

TEST(ClusterTest, TheFirstRecordsBreakTies) {
  const Partition partition =
      Cluster({.ids = {11, 0, 22}, .links = {{2, 1, 7000}, {1, 0, 7000}}, .apart = {}});
  EXPECT_THAT(partition.cluster, ElementsAre(0, 0, 2));
}

TEST(ClusterTest, NumbersConflictThroughOthers) {
  const Partition partition = Cluster(
      {.ids = {11, 0, 0, 22}, .links = {{0, 1, 9000}, {2, 3, 9000}, {1, 2, 8000}}, .apart = {}});
  EXPECT_THAT(partition.cluster, ElementsAre(0, 0, 2, 2));
}

TEST(ClusterTest, ToldApartHoldsThroughOthers) {
  const Partition partition =
      Cluster({.ids = {0, 0, 0}, .links = {{0, 1, 9000}, {1, 2, 8000}}, .apart = {{0, 2}}});
  EXPECT_THAT(partition.cluster, ElementsAre(0, 0, 2));
  ASSERT_THAT(partition.refused, SizeIs(1));
  EXPECT_EQ(partition.refused[0].refusal, Refusal::kToldApart);
}

TEST(ClusterTest, ToldTheSameOutweighsNumbers) {
  const Partition partition =
      Cluster({.ids = {11, 22}, .links = {{0, 1, 0, Verdict::kSame}}, .apart = {}});
  EXPECT_THAT(partition.cluster, ElementsAre(0, 0));
  EXPECT_TRUE(partition.refused.empty());
}

TEST(ClusterTest, NotTheSameHoldsAgainstTheSame) {
  const Partition partition =
      Cluster({.ids = {0, 0, 0},
               .links = {{0, 1, 0, Verdict::kSame}, {1, 2, 0, Verdict::kSame}},
               .apart = {{0, 2}}});
  EXPECT_THAT(partition.cluster, ElementsAre(0, 0, 2));
  EXPECT_THAT(partition.refused, SizeIs(1));
}

TEST(ClusterTest, WhatIsTooLargeIsPutToPeople) {
  Component component;
  for (std::uint32_t i = 0; i < 250; ++i) {
    component.ids.push_back(0);
    for (std::uint32_t j = 0; j < i; ++j) component.links.push_back({j, i, 9000});
  }
  ASSERT_GT(component.links.size(), kLinksMax);
  component.links.push_back({3, 9, 0, Verdict::kSame});
  const Partition partition = Cluster(component);
  for (std::uint32_t i = 0; i < 250; ++i) EXPECT_EQ(partition.cluster[i], i == 9 ? 3 : i);
  EXPECT_EQ(partition.refused[0].refusal, Refusal::kTooManyLinks);
}

TEST(ClusterTest, TheOrderOfLinksDoesNotMatter) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Component component;
    for (std::uint32_t i = 0; i < 12; ++i) component.ids.push_back(random() % 3);
    for (int i = 0; i < 25; ++i) {
      const std::uint32_t a = random() % 12, b = random() % 12;
      if (a == b) continue;
      if (random() % 8 == 0) {
        component.apart.emplace_back(a, b);
      } else {
        component.links.push_back({a, b, static_cast<Weight>(5000 + random() % 4)});
      }
    }
    const Partition partition = Cluster(component);
    for (Link& link : component.links) {
      if (random() % 2 == 0) std::swap(link.a, link.b);
    }
    std::shuffle(component.links.begin(), component.links.end(), random);
    std::shuffle(component.apart.begin(), component.apart.end(), random);
    ASSERT_EQ(Cluster(component).cluster, partition.cluster);
  }
}

TEST(ClusterTest, NothingIsNothing) { EXPECT_TRUE(Cluster({}).cluster.empty()); }

}  // namespace
}  // namespace anqiao::identity
