// Simulations of the engine (simulation.h). As a test: some hundred seeds, and every mutant caught.
//
//   engine_simulation_test --seeds 10000 [--first 1]    so many runs
//   engine_simulation_test --seed 7 [--trace]           one run, from its number
//
// Exits with 1 at the first seed that finds a violation, after it has named the seed.

#include "tests/hub/engine/simulation.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include "absl/strings/numbers.h"
#include "tests/testing/sanitized.h"

namespace anqiao::engine {
namespace {

// In a sanitized build a run takes far longer.
int SeedCount() {
  const char* asked = std::getenv("AQ_SIMULATION_SEEDS");
  int count = 0;
  if (asked != nullptr && absl::SimpleAtoi(asked, &count) && count > 0) return count;
  return testing::kSanitized ? 20 : 300;
}

// The first seed whose run finds a violation; 0 if none of "seeds" does.
std::uint64_t FirstCaught(Mutant mutant, std::uint64_t seeds, std::string* violation) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const SimulationResult result = Simulate({.seed = seed, .mutant = mutant});
    *violation = result.violation;
    if (!violation->empty()) return seed;
  }
  return 0;
}

TEST(SimulationTest, EverySeedHolds) {
  int crashes = 0, deliveries = 0;
  std::uint64_t entries = 0;
  const int count = SeedCount();
  for (int seed = 1; seed <= count; ++seed) {
    const SimulationResult result = Simulate({.seed = static_cast<std::uint64_t>(seed)});
    ASSERT_EQ(result.violation, "") << "seed " << seed;
    crashes += result.crashes;
    deliveries += result.deliveries;
    entries += result.entries;
  }
  std::printf("%d seeds, %d crashes, %d deliveries, %llu entries\n", count, crashes, deliveries,
              static_cast<unsigned long long>(entries));
  // It would hold as well if nothing happened.
  EXPECT_GT(crashes, count / 2);
  EXPECT_GT(deliveries, count);
}

TEST(SimulationTest, ASeedIsOneRunExactly) {
  std::set<std::uint64_t> hashes;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const SimulationResult once = Simulate({.seed = seed});
    const SimulationResult again = Simulate({.seed = seed});
    EXPECT_EQ(once.trace_hash, again.trace_hash) << "seed " << seed;
    EXPECT_EQ(once.entries, again.entries);
    hashes.insert(once.trace_hash);
  }
  EXPECT_EQ(hashes.size(), 5);
}

class MutantTest : public ::testing::TestWithParam<Mutant> {};

TEST_P(MutantTest, IsCaught) {
  std::string violation;
  const std::uint64_t seed = FirstCaught(GetParam(), 100, &violation);
  EXPECT_NE(seed, 0);
  std::printf("caught by seed %llu: %s\n", static_cast<unsigned long long>(seed),
              violation.c_str());
}

INSTANTIATE_TEST_SUITE_P(Mutants, MutantTest,
                         ::testing::Values(Mutant::kAnswerBeforeSync, Mutant::kNoSync,
                                           Mutant::kForgetDeliveries,
                                           Mutant::kProjectionReadsClock));

int RunSeeds(std::uint64_t first, std::uint64_t count, bool trace) {
  int crashes = 0;
  std::uint64_t entries = 0, hash = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const SimulationResult result = Simulate({.seed = seed, .trace = trace});
    crashes += result.crashes;
    entries += result.entries;
    hash = hash * 31 + result.trace_hash;
    if (!result.violation.empty()) {
      std::printf("seed %llu: %s\nagain: --seed %llu --trace\n",
                  static_cast<unsigned long long>(seed), result.violation.c_str(),
                  static_cast<unsigned long long>(seed));
      return 1;
    }
  }
  std::printf("%llu seeds hold, %d crashes, %llu entries, trace hash %016llx\n",
              static_cast<unsigned long long>(count), crashes,
              static_cast<unsigned long long>(entries), static_cast<unsigned long long>(hash));
  return 0;
}

int Main(int argc, char** argv) {
  std::uint64_t first = 1, count = 0;
  bool trace = false;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    std::uint64_t value = 0;
    if (flag == "--trace") {
      trace = true;
    } else if (i + 1 < argc && absl::SimpleAtoi(argv[i + 1], &value) && flag == "--seeds") {
      count = value;
      ++i;
    } else if (i + 1 < argc && absl::SimpleAtoi(argv[i + 1], &value) && flag == "--first") {
      first = value;
      ++i;
    } else if (i + 1 < argc && absl::SimpleAtoi(argv[i + 1], &value) && flag == "--seed") {
      first = value;
      count = 1;
      ++i;
    }
  }
  if (count > 0) return RunSeeds(first, count, trace);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

}  // namespace
}  // namespace anqiao::engine

int main(int argc, char** argv) { return anqiao::engine::Main(argc, argv); }
