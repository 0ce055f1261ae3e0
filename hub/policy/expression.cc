#include "hub/policy/expression.h"

namespace anqiao::policy {
namespace {

using journal::v1::TRUTH_FALSE;
using journal::v1::TRUTH_TRUE;
using journal::v1::TRUTH_UNKNOWN;

Truth Negate(Truth truth) {
  if (truth == TRUTH_TRUE) return TRUTH_FALSE;
  return truth == TRUTH_FALSE ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

// Of an "at least": how many of its children hold and are unknown.
struct Count {
  int holding = 0, unknown = 0;

  void Add(Truth truth, int number = 1) {
    holding += truth == TRUTH_TRUE ? number : 0;
    unknown += truth == TRUTH_UNKNOWN ? number : 0;
  }
  Truth Against(int threshold) const {
    if (holding >= threshold) return TRUTH_TRUE;
    return holding + unknown < threshold ? TRUTH_FALSE : TRUTH_UNKNOWN;
  }
};

// What the whole comes to with a part of it true, false or unknown.
struct Effect {
  Truth if_true = TRUTH_TRUE, if_false = TRUTH_FALSE, if_unknown = TRUTH_UNKNOWN;

  Truth Of(Truth truth) const {
    if (truth == TRUTH_TRUE) return if_true;
    return truth == TRUTH_FALSE ? if_false : if_unknown;
  }
};

// "effect": of this part on the whole. "unknown": everything above it is.
void MarkDecisive(const Expression& expression, absl::Span<const Truth> leaves,
                  const Effect& effect, bool unknown, absl::InlinedVector<bool, 24>& marked) {
  if (expression.kind == Expression::Kind::kLeaf) {
    const Truth truth = leaves[expression.leaf];
    marked[expression.leaf] =
        truth == TRUTH_UNKNOWN ? unknown : effect.Of(truth) != effect.Of(Negate(truth));
    return;
  }
  if (expression.kind == Expression::Kind::kNot) {
    const Expression& child = expression.children.front();
    unknown = unknown && Decide(child, leaves) == TRUTH_UNKNOWN;
    MarkDecisive(child, leaves, {effect.if_false, effect.if_true, effect.if_unknown}, unknown,
                 marked);
    return;
  }
  Count all;
  absl::InlinedVector<Truth, 8> truths;
  for (const Expression& child : expression.children) {
    truths.push_back(Decide(child, leaves));
    all.Add(truths.back());
  }
  unknown = unknown && all.Against(expression.threshold) == TRUTH_UNKNOWN;
  for (std::size_t i = 0; i < truths.size(); ++i) {
    const auto with = [&](Truth truth) {
      Count count = all;
      count.Add(truths[i], -1);
      count.Add(truth);
      return effect.Of(count.Against(expression.threshold));
    };
    MarkDecisive(expression.children[i], leaves,
                 {with(TRUTH_TRUE), with(TRUTH_FALSE), with(TRUTH_UNKNOWN)}, unknown, marked);
  }
}

void CollectHolding(const Expression& expression, absl::Span<const Truth> leaves,
                    std::vector<std::size_t>& out) {
  if (Decide(expression, leaves) != TRUTH_TRUE) return;
  if (expression.kind == Expression::Kind::kLeaf) out.push_back(expression.leaf);
  // What is below a "not" holds by failing and supports nothing.
  if (expression.kind != Expression::Kind::kAtLeast) return;
  for (const Expression& child : expression.children) CollectHolding(child, leaves, out);
}

}  // namespace

Truth Decide(const Expression& expression, absl::Span<const Truth> leaves) {
  if (expression.kind == Expression::Kind::kLeaf) return leaves[expression.leaf];
  if (expression.kind == Expression::Kind::kNot) {
    return Negate(Decide(expression.children.front(), leaves));
  }
  Count count;
  for (const Expression& child : expression.children) count.Add(Decide(child, leaves));
  return count.Against(expression.threshold);
}

absl::InlinedVector<bool, 24> DecisiveLeaves(const Expression& expression,
                                             absl::Span<const Truth> leaves) {
  absl::InlinedVector<bool, 24> decisive(leaves.size(), false);
  MarkDecisive(expression, leaves, {}, true, decisive);
  return decisive;
}

std::vector<std::size_t> SupportingLeaves(const Expression& expression,
                                          absl::Span<const Truth> leaves) {
  std::vector<std::size_t> supporting;
  if (expression.children.empty()) {
    CollectHolding(expression, leaves, supporting);
  } else if (expression.kind == Expression::Kind::kAtLeast) {
    for (const Expression& child : expression.children) CollectHolding(child, leaves, supporting);
  }
  return supporting;
}

}  // namespace anqiao::policy
