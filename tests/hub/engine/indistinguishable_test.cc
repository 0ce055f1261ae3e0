// The person must never be marked by the help that they get: what leaves towards the agencies is
// the same, byte for byte, whatever the police hand in (hub/doc/referrals.md).
//
// Pairs of worlds are generated from seeds; ANQIAO_PAIRS says how many, ANQIAO_FIRST_PAIR from
// which on. A pair that fails is named by its seed: run it alone with both.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "tests/hub/engine/outward_script.h"
#include "tests/hub/engine/outward_world.h"
#include "tests/testing/forbidden_terms.h"
#include "tests/testing/sanitized.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::engine {
namespace {

#ifdef NDEBUG
constexpr bool kSlow = testing::kSanitized;
#else
constexpr bool kSlow = true;
#endif

constexpr std::uint64_t kPairs = kSlow ? 200 : 10'000;
constexpr std::uint64_t kSealedPairs = kSlow ? 20 : 300;
constexpr std::uint64_t kPairsToCatchALeak = 300;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  std::uint64_t value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

const policy::Catalogue& TheCatalogue() {
  static const auto& catalogue = *[] {
    auto loaded = policy::Catalogue::Load(ANQIAO_POLICIES);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return loaded.ok() ? std::move(*loaded).release() : nullptr;
  }();
  return catalogue;
}

std::string Compare(std::uint64_t seed, Leak leak, bool sealed,
                    std::map<std::string, std::size_t>* counts) {
  const Pair pair = MakePair(seed);
  const WorldOptions options{.catalogue = &TheCatalogue(), .leak = leak, .sealed = sealed};
  const WorldResult a = RunWorld(pair, 0, options);
  const WorldResult b = RunWorld(pair, 1, options);
  if (counts != nullptr) {
    for (const auto& [what, count] : a.counts) (*counts)[what] += count;
  }
  return FirstDifference(a.captured, b.captured);
}

struct Outcome {
  std::string failure;
  std::map<std::string, std::size_t> counts;
};

// Compares "count" pairs on all processors; the failure is that of the smallest seed.
Outcome CompareAll(std::uint64_t first, std::uint64_t count, bool sealed) {
  absl::Mutex mu;
  Outcome outcome;
  std::uint64_t failed = first + count;
  std::atomic<std::uint64_t> next{first};
  const auto work = [&] {
    std::map<std::string, std::size_t> counts;
    while (true) {
      const std::uint64_t seed = next.fetch_add(1);
      {
        absl::MutexLock lock(&mu);
        if (seed >= failed) break;
      }
      const std::string difference = Compare(seed, Leak::kNone, sealed, &counts);
      if (difference.empty()) continue;
      absl::MutexLock lock(&mu);
      if (seed >= failed) continue;
      failed = seed;
      outcome.failure = absl::StrCat("pair ", seed, ": ", difference);
    }
    absl::MutexLock lock(&mu);
    for (const auto& [what, amount] : counts) outcome.counts[what] += amount;
  };
  std::vector<std::thread> threads;
  const unsigned processors = std::max(1U, std::min(8U, std::thread::hardware_concurrency()));
  for (unsigned i = 0; i < processors; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  return outcome;
}

TEST(Indistinguishable, WhateverThePoliceHandIn) {
  const std::uint64_t count = FromEnvironment("ANQIAO_PAIRS", kPairs);
  const Outcome outcome = CompareAll(FromEnvironment("ANQIAO_FIRST_PAIR", 1), count, false);
  EXPECT_EQ(outcome.failure, "");
  for (const auto& [what, amount] : outcome.counts) {
    if (std::getenv("ANQIAO_PRINT_COUNTS") != nullptr) {
      std::printf("%8zu %s\n", amount, what.c_str());
    }
  }
  EXPECT_EQ(outcome.counts.count("timers failed") + outcome.counts.count("next lost"), 0U);
  if (count < 200) return;
  // The pairs are no shadow-boxing: every view leaves, and answers of every kind come.
  for (int view = 4; view <= 10; ++view) {
    EXPECT_GT(outcome.counts.count(absl::StrCat("delivery ", view)), 0U) << view;
  }
  for (const char* what : {"receipt",
                           "ack OK",
                           "nack OK",
                           "answer OK",
                           "answer ETAG_MISMATCH",
                           "answer STATE_NOT_ALLOWED",
                           "answer REFERRAL_NOT_FOUND",
                           "answer INVALID_FIELD",
                           "answer REQUEST_ID_CONFLICT",
                           "corrections",
                           "send OK",
                           "move OK",
                           "proposal",
                           "next OK",
                           "join OK",
                           "join too OK",
                           "left",
                           "report OK",
                           "transfer OK",
                           "taken by police",
                           "taken by north_street",
                           "judge OK"}) {
    EXPECT_GT(outcome.counts.count(what), 0U) << what;
  }
  EXPECT_GT(outcome.counts.at("delivery"), count);
}

// With a store that seals, there are logs with heads and proofs.
TEST(Indistinguishable, ProofsAndHeadsOfTheAgenciesOwnLogs) {
  const std::uint64_t count = FromEnvironment("ANQIAO_PAIRS", kSealedPairs);
  const Outcome outcome =
      CompareAll(FromEnvironment("ANQIAO_FIRST_PAIR", 1), std::min(count, kSealedPairs), true);
  EXPECT_EQ(outcome.failure, "");
  if (count < 20) return;
  EXPECT_GT(outcome.counts.count("proof"), 0U);
  EXPECT_GT(outcome.counts.count("head"), 0U);
}

TEST(Indistinguishable, EachPlantedLeakIsCaught) {
  for (const Leak leak : kLeaks) {
    const bool in_logs = leak == Leak::kTreeSize || leak == Leak::kPosition;
    std::string difference;
    for (std::uint64_t seed = 1; seed <= kPairsToCatchALeak && difference.empty(); ++seed) {
      difference = Compare(seed, leak, in_logs, nullptr);
    }
    EXPECT_NE(difference, "") << LeakName(leak) << " leaves unnoticed";
  }
}

// --- Nothing outbound holds a word that tells why the person is known. ---

TEST(Outbound, HoldsNoForbiddenTerm) {
  const std::uint64_t count = std::min<std::uint64_t>(FromEnvironment("ANQIAO_PAIRS", kPairs), 300);
  std::size_t bytes = 0;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const WorldResult result = RunWorld(MakePair(seed), 0, {.catalogue = &TheCatalogue()});
    for (const Captured& captured : result.captured) {
      bytes += captured.bytes.size();
      ASSERT_EQ(testing::FindForbidden(captured.bytes), "")
          << "pair " << seed << ", a " << captured.what << " for " << captured.recipient;
    }
  }
  EXPECT_GT(bytes, count * 1000);
}

TEST(Outbound, APlantedTermIsFound) {
  bool found = false;
  for (std::uint64_t seed = 1; seed <= 50 && !found; ++seed) {
    const WorldResult result =
        RunWorld(MakePair(seed), 0, {.catalogue = &TheCatalogue(), .leak = Leak::kSender});
    found = std::any_of(result.captured.begin(), result.captured.end(), [](const Captured& each) {
      return !testing::FindForbidden(each.bytes).empty();
    });
  }
  EXPECT_TRUE(found);
}

TEST(Outbound, TermsAreFoundHoweverTheyAreWritten) {
  const std::string text = "永安街道戒毒办";
  EXPECT_NE(testing::FindForbidden(text), "");
  EXPECT_NE(testing::FindForbidden("A Detox unit"), "");
  for (const char* encoding : {"GB18030", "UTF-16LE", "UTF-16BE"}) {
    EXPECT_NE(testing::FindForbidden(testing::Encoded(text, encoding)), "") << encoding;
    // A single character is found where the encoding is known to be one of these.
    EXPECT_NE(testing::FindForbidden(testing::Encoded("贩毒", encoding), /*native=*/true), "")
        << encoding;
  }
  for (const char* encoding : {"UTF-8", "GB18030", "UTF-16LE", "UTF-16BE"}) {
    const std::string bytes = testing::Encoded(text, encoding);
    EXPECT_NE(testing::FindForbidden(absl::BytesToHexString(bytes)), "") << encoding;
    // In base 64 two characters of two bytes each leave too little that is the same in every place.
    const std::string longer = testing::Encoded("永安街道社区康复站", encoding);
    for (const std::string before : {"", "a", "ab"}) {
      EXPECT_NE(testing::FindForbidden(absl::Base64Escape(before + longer)), "") << encoding;
    }
  }
  EXPECT_EQ(testing::FindForbidden("永安街道公共服务办公室 职业技能培训 employment"), "");
}

}  // namespace
}  // namespace anqiao::engine
