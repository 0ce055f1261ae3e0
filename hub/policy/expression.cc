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

void MarkUnknown(const Expression& expression, const std::vector<Truth>& leaves,
                 std::vector<bool>& marked) {
  if (Decide(expression, leaves) != TRUTH_UNKNOWN) return;
  if (expression.kind == Expression::Kind::kLeaf) marked[expression.leaf] = true;
  for (const Expression& child : expression.children) MarkUnknown(child, leaves, marked);
}

void CollectHolding(const Expression& expression, const std::vector<Truth>& leaves,
                    std::vector<std::size_t>& out) {
  if (Decide(expression, leaves) != TRUTH_TRUE) return;
  if (expression.kind == Expression::Kind::kLeaf) out.push_back(expression.leaf);
  // What is below a "not" holds by failing and supports nothing.
  if (expression.kind != Expression::Kind::kAtLeast) return;
  for (const Expression& child : expression.children) CollectHolding(child, leaves, out);
}

}  // namespace

Truth Decide(const Expression& expression, const std::vector<Truth>& leaves) {
  if (expression.kind == Expression::Kind::kLeaf) return leaves[expression.leaf];
  if (expression.kind == Expression::Kind::kNot) {
    return Negate(Decide(expression.children.front(), leaves));
  }
  int holding = 0;
  int unknown = 0;
  for (const Expression& child : expression.children) {
    const Truth truth = Decide(child, leaves);
    holding += truth == TRUTH_TRUE ? 1 : 0;
    unknown += truth == TRUTH_UNKNOWN ? 1 : 0;
  }
  if (holding >= expression.threshold) return TRUTH_TRUE;
  return holding + unknown < expression.threshold ? TRUTH_FALSE : TRUTH_UNKNOWN;
}

std::vector<bool> DecisiveLeaves(const Expression& expression, const std::vector<Truth>& leaves) {
  const Truth answer = Decide(expression, leaves);
  std::vector<bool> decisive(leaves.size(), false);
  std::vector<Truth> other = leaves;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (leaves[i] == TRUTH_UNKNOWN) continue;
    other[i] = Negate(leaves[i]);
    decisive[i] = Decide(expression, other) != answer;
    other[i] = leaves[i];
  }
  MarkUnknown(expression, leaves, decisive);
  return decisive;
}

std::vector<std::size_t> SupportingLeaves(const Expression& expression,
                                          const std::vector<Truth>& leaves) {
  std::vector<std::size_t> supporting;
  if (expression.children.empty()) {
    CollectHolding(expression, leaves, supporting);
  } else if (expression.kind == Expression::Kind::kAtLeast) {
    for (const Expression& child : expression.children) CollectHolding(child, leaves, supporting);
  }
  return supporting;
}

}  // namespace anqiao::policy
