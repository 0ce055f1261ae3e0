// Strong Kleene logic (S. C. Kleene, Introduction to Metamathematics, 1952, section 64) over a tree
// of conditions. Nothing is cut short: every leaf has its truth before the tree is looked at.
//
// Pure.

#ifndef ANQIAO_HUB_POLICY_EXPRESSION_H_
#define ANQIAO_HUB_POLICY_EXPRESSION_H_

#include <cstddef>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "anqiao/journal/v1/entitlement.pb.h"

namespace anqiao::policy {

using journal::v1::Truth;
// One for each leaf.
using Truths = absl::InlinedVector<Truth, 24>;

struct Expression {
  enum class Kind { kLeaf, kNot, kAtLeast };

  Kind kind = Kind::kLeaf;
  // kLeaf: index of the leaf.
  std::size_t leaf = 0;
  // kAtLeast: how many children must hold; "all" is every one, "any" is 1.
  int threshold = 0;
  // kNot: one. kAtLeast: one or more.
  std::vector<Expression> children;
};

// What "expression" comes to. Requires: "leaves" has a truth for every leaf.
Truth Decide(const Expression& expression, absl::Span<const Truth> leaves);

// For each leaf, whether the answer hangs on it: for a known one, that its other truth alone gives
// another answer; for an unknown one, that it and everything above it is unknown. Requires: each
// leaf stands once in "expression".
absl::InlinedVector<bool, 24> DecisiveLeaves(const Expression& expression,
                                             absl::Span<const Truth> leaves);

// Leaves that hold, and everything above which below the root holds too, in their order.
std::vector<std::size_t> SupportingLeaves(const Expression& expression,
                                          absl::Span<const Truth> leaves);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_EXPRESSION_H_
