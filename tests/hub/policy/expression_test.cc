#include "hub/policy/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace anqiao::policy {
namespace {

using journal::v1::TRUTH_FALSE;
using journal::v1::TRUTH_TRUE;
using journal::v1::TRUTH_UNKNOWN;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Truth kT = TRUTH_TRUE;
constexpr Truth kF = TRUTH_FALSE;
constexpr Truth kU = TRUTH_UNKNOWN;

Expression LeafOf(std::size_t index) {
  Expression expression;
  expression.leaf = index;
  return expression;
}

Expression Not(Expression child) {
  Expression expression;
  expression.kind = Expression::Kind::kNot;
  expression.children.push_back(std::move(child));
  return expression;
}

Expression AtLeast(int threshold, std::vector<Expression> children) {
  Expression expression;
  expression.kind = Expression::Kind::kAtLeast;
  expression.threshold = threshold;
  expression.children = std::move(children);
  return expression;
}

Expression All(std::vector<Expression> children) {
  const int count = static_cast<int>(children.size());
  return AtLeast(count, std::move(children));
}
Expression Any(std::vector<Expression> children) { return AtLeast(1, std::move(children)); }

TEST(DecideTest, AllIsKleenesConjunction) {
  const Expression both = All({LeafOf(0), LeafOf(1)});
  const Truth table[3][3] = {{kT, kF, kU}, {kF, kF, kF}, {kU, kF, kU}};
  const Truth truths[] = {kT, kF, kU};
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      EXPECT_EQ(Decide(both, {truths[a], truths[b]}), table[a][b]) << a << b;
    }
  }
}

TEST(DecideTest, AnyIsKleenesDisjunction) {
  const Expression either = Any({LeafOf(0), LeafOf(1)});
  const Truth table[3][3] = {{kT, kT, kT}, {kT, kF, kU}, {kT, kU, kU}};
  const Truth truths[] = {kT, kF, kU};
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      EXPECT_EQ(Decide(either, {truths[a], truths[b]}), table[a][b]) << a << b;
    }
  }
}

TEST(DecideTest, NotLeavesTheUnknownUnknown) {
  const Expression no = Not(LeafOf(0));
  EXPECT_EQ(Decide(no, {kT}), kF);
  EXPECT_EQ(Decide(no, {kF}), kT);
  EXPECT_EQ(Decide(no, {kU}), kU);
}

TEST(DecideTest, AtLeastIsDecidedOnceTheUnknownCannotMatter) {
  const Expression two = AtLeast(2, {LeafOf(0), LeafOf(1), LeafOf(2)});
  EXPECT_EQ(Decide(two, {kT, kT, kU}), kT);
  EXPECT_EQ(Decide(two, {kT, kU, kF}), kU);
  EXPECT_EQ(Decide(two, {kU, kF, kF}), kF);
  EXPECT_EQ(Decide(two, {kU, kU, kF}), kU);
}

TEST(DecisiveLeavesTest, TheOneThatFailsDecides) {
  EXPECT_THAT(DecisiveLeaves(All({LeafOf(0), LeafOf(1)}), {kT, kF}), ElementsAre(false, true));
  EXPECT_THAT(DecisiveLeaves(All({LeafOf(0), LeafOf(1)}), {kF, kF}), ElementsAre(false, false));
  EXPECT_THAT(DecisiveLeaves(Any({LeafOf(0), LeafOf(1)}), {kT, kF}), ElementsAre(true, false));
}

TEST(DecisiveLeavesTest, WhatIsUnknownBelowSomethingDecidedDoesNotMatter) {
  const Expression tree = All({Any({LeafOf(0), LeafOf(1)}), LeafOf(2)});
  EXPECT_THAT(DecisiveLeaves(tree, {kT, kU, kU}), ElementsAre(false, false, true));
  EXPECT_THAT(DecisiveLeaves(tree, {kF, kU, kT}), ElementsAre(true, true, true));
  EXPECT_THAT(DecisiveLeaves(tree, {kU, kU, kF}), ElementsAre(false, false, true));
}

TEST(SupportingLeavesTest, OnlyWhatHoldsAllTheWayUpSupports) {
  const Expression tree =
      All({Any({All({LeafOf(0), LeafOf(1)}), LeafOf(2)}), Not(LeafOf(3)), LeafOf(4)});
  EXPECT_THAT(SupportingLeaves(tree, {kT, kF, kT, kF, kT}), ElementsAre(2, 4));
  EXPECT_THAT(SupportingLeaves(tree, {kT, kT, kF, kT, kF}), ElementsAre(0, 1));
  EXPECT_THAT(SupportingLeaves(LeafOf(0), {kT}), ElementsAre(0));
  EXPECT_THAT(SupportingLeaves(LeafOf(0), {kU}), IsEmpty());
}

// Random trees over a few leaves, held against every completion of what is unknown.
class CompletionTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kLeaves = 7;

  int Draw(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

  // A tree in which each leaf of [first, last) stands once, in order.
  Expression ReadOnce(std::size_t first, std::size_t last) {
    if (Draw(5) == 0) return Not(ReadOnce(first, last));
    if (last - first == 1) return LeafOf(first);
    std::vector<Expression> children;
    while (first < last) {
      const std::size_t end = first + 1 + static_cast<std::size_t>(Draw(3));
      const std::size_t next = std::min(end, children.empty() ? last - 1 : last);
      children.push_back(ReadOnce(first, next));
      first = next;
    }
    const int threshold = 1 + Draw(static_cast<int>(children.size()));
    return AtLeast(threshold, std::move(children));
  }

  // A tree in which leaves may stand again and again.
  Expression Repeating(int depth) {
    if (depth == 0 || Draw(4) == 0) return LeafOf(static_cast<std::size_t>(Draw(kLeaves)));
    if (Draw(4) == 0) return Not(Repeating(depth - 1));
    std::vector<Expression> children;
    const int count = 1 + Draw(3);
    for (int i = 0; i < count; ++i) children.push_back(Repeating(depth - 1));
    return AtLeast(1 + Draw(count), std::move(children));
  }

  std::vector<Truth> Truths() {
    std::vector<Truth> truths;
    for (std::size_t i = 0; i < kLeaves; ++i) {
      const int drawn = Draw(4);
      truths.push_back(drawn == 0 ? kT : drawn == 1 ? kF : kU);
    }
    return truths;
  }

  static std::vector<std::vector<Truth>> Completions(const std::vector<Truth>& truths) {
    std::vector<std::vector<Truth>> all = {truths};
    for (std::size_t i = 0; i < truths.size(); ++i) {
      if (truths[i] != kU) continue;
      std::vector<std::vector<Truth>> next;
      for (std::vector<Truth> some : all) {
        some[i] = kT;
        next.push_back(some);
        some[i] = kF;
        next.push_back(std::move(some));
      }
      all = std::move(next);
    }
    return all;
  }

  // Judged in two values, without Decide's help.
  static bool Holds(const Expression& expression, const std::vector<Truth>& leaves) {
    if (expression.kind == Expression::Kind::kLeaf) return leaves[expression.leaf] == kT;
    if (expression.kind == Expression::Kind::kNot) {
      return !Holds(expression.children.front(), leaves);
    }
    int holding = 0;
    for (const Expression& child : expression.children) holding += Holds(child, leaves) ? 1 : 0;
    return holding >= expression.threshold;
  }

  static std::pair<int, int> Count(const Expression& tree, const std::vector<Truth>& truths) {
    int holding = 0;
    int failing = 0;
    for (const auto& completion : Completions(truths)) {
      ++(Holds(tree, completion) ? holding : failing);
    }
    return {holding, failing};
  }

  std::mt19937 random_{20260315};
};

TEST_F(CompletionTest, AnAnswerHoldsInEveryCompletion) {
  for (int round = 0; round < 3000; ++round) {
    const Expression tree = Repeating(4);
    const std::vector<Truth> truths = Truths();
    const auto [holding, failing] = Count(tree, truths);
    const Truth decided = Decide(tree, truths);
    ASSERT_TRUE(decided != kT || failing == 0);
    ASSERT_TRUE(decided != kF || holding == 0);
  }
}

TEST_F(CompletionTest, WithEachLeafOnceUnknownMeansThatItDepends) {
  for (int round = 0; round < 3000; ++round) {
    const Expression tree = ReadOnce(0, kLeaves);
    const std::vector<Truth> truths = Truths();
    const auto [holding, failing] = Count(tree, truths);
    ASSERT_EQ(Decide(tree, truths), failing == 0 ? kT : holding == 0 ? kF : kU);
  }
}

TEST_F(CompletionTest, AnUnknownLeafIsDecisiveExactlyIfItCanMatter) {
  for (int round = 0; round < 2000; ++round) {
    const Expression tree = ReadOnce(0, kLeaves);
    const std::vector<Truth> truths = Truths();
    const auto decisive = DecisiveLeaves(tree, truths);
    for (std::size_t i = 0; i < kLeaves; ++i) {
      if (truths[i] != kU) continue;
      bool matters = false;
      for (std::vector<Truth> completion : Completions(truths)) {
        const bool before = Holds(tree, completion);
        completion[i] = completion[i] == kT ? kF : kT;
        matters = matters || Holds(tree, completion) != before;
      }
      ASSERT_EQ(decisive[i], matters);
    }
  }
}

TEST_F(CompletionTest, AKnownLeafIsDecisiveExactlyIfItsOtherTruthChangesTheAnswer) {
  for (int round = 0; round < 4000; ++round) {
    const Expression tree = ReadOnce(0, kLeaves);
    std::vector<Truth> truths = Truths();
    const auto decisive = DecisiveLeaves(tree, truths);
    const Truth answer = Decide(tree, truths);
    for (std::size_t i = 0; i < kLeaves; ++i) {
      if (truths[i] == kU) continue;
      const Truth was = truths[i];
      truths[i] = was == kT ? kF : kT;
      ASSERT_EQ(decisive[i], Decide(tree, truths) != answer);
      truths[i] = was;
    }
  }
}

}  // namespace
}  // namespace anqiao::policy
