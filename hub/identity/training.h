// Learns what levels are worth from records whose people nobody knows: u from pairs drawn at
// random, m by expectation and maximization over the pairs that share a key. Winkler, "Using the EM
// Algorithm for Weight Computation in the Fellegi-Sunter Model of Record Linkage" (1988).
//
// Deterministic: the same records in any order, the same model. Pure.

#ifndef ANQIAO_HUB_IDENTITY_TRAINING_H_
#define ANQIAO_HUB_IDENTITY_TRAINING_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hub/identity/attributes.h"
#include "hub/identity/model.h"

namespace anqiao::identity {

struct TrainingRecord {
  std::string key;  // tells records apart; gives them an order of their own
  Profile profile;
};

struct TrainingOptions {
  int rounds_max = 200;
  // Random pairs that u is learned from; all there are if they are not more.
  std::size_t random_pairs = 1'000'000;
  // Pairs that share a key that m is learned from.
  std::size_t blocked_pairs_max = 2'000'000;
};

struct TrainingReport {
  std::size_t random_pairs = 0, blocked_pairs = 0;
  int rounds = 0;
  double matches = 0;  // expected among all pairs that share a key
};

// "base" gives schema, recipes and thresholds. FAILED_PRECONDITION with fewer than 100 records, or
// if no two of them share a key.
absl::StatusOr<Model> Train(const Model& base, std::vector<TrainingRecord> records,
                            const TrainingOptions& options = {}, TrainingReport* report = nullptr);

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_TRAINING_H_
