// Random numbers that are the same on every machine, for registers of made-up people.
//
// Pure; Random is thread-compatible.

#ifndef ANQIAO_TESTS_TESTING_REGISTER_RANDOM_H_
#define ANQIAO_TESTS_TESTING_REGISTER_RANDOM_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace anqiao::testing {

// A bijection of 64 bits that looks random (the end of splitmix64).
constexpr std::uint64_t Mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

// A bijection of the numbers below "size", another for each key. Requires: value < size.
constexpr std::uint64_t Permute(std::uint64_t value, std::uint64_t size, std::uint64_t key) {
  const int bits = std::bit_width(size - 1) < 4 ? 4 : std::bit_width(size - 1);
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  do {
    for (int round = 0; round < 3; ++round) {
      value = ((value ^ (key >> (16 * round))) * 0x9E3779B97F4A7C15U) & mask;
      value ^= value >> (bits / 2);
    }
  } while (value >= size);
  return value;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  // The stream of "index" among those of "purpose".
  Random(std::uint64_t seed, std::uint64_t purpose, std::uint64_t index)
      : state_(Mix(Mix(seed + purpose * 0x9E3779B97F4A7C15U) + index)) {}

  std::uint64_t Next() { return Mix(state_ += 0x9E3779B97F4A7C15U); }
  // Requires: 0 < bound.
  std::uint32_t Below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((Next() >> 32) * bound) >> 32);
  }
  // Between "first" and "last", both included.
  int Between(int first, int last) {
    return first + static_cast<int>(Below(static_cast<std::uint32_t>(last - first + 1)));
  }
  // From 0 up to 1, without it.
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  bool Chance(double probability) { return Unit() < probability; }

 private:
  std::uint64_t state_;
};

// Draws words by weight, in constant time (Vose's alias method).
class WeightedWords {
 public:
  using Words = std::vector<std::pair<std::string, double>>;

  // Requires: weights above 0.
  explicit WeightedWords(Words words);

  const std::string& Draw(Random& random) const {
    const std::uint64_t drawn = random.Next();
    const std::size_t i = ((drawn >> 32) * words_.size()) >> 32;
    return words_[(drawn & 0xFFFFFFFFU) < keep_[i] ? i : other_[i]];
  }

 private:
  std::vector<std::string> words_;
  std::vector<std::uint64_t> keep_;  // Of 2^32: how often a place means its own word.
  std::vector<std::size_t> other_;
};

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_REGISTER_RANDOM_H_
