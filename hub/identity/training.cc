#include "hub/identity/training.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/identity/blocking.h"
#include "hub/identity/comparison.h"
#include "hub/identity/readings.h"
#include "hub/identity/text_distance.h"

namespace anqiao::identity {
namespace {

constexpr std::size_t kTrainedRecordsMin = 100;
constexpr std::uint64_t kSeed = 20260101;
constexpr double kConverged = 1e-7;
// Of the agreement of random pairs, at least this share is by chance.
constexpr double kUMin = 0.02;
// A level that was not seen once is still possible.
constexpr double kUnseen = 0.5;

// Characters of a Han name: a surname of two and a given name of two.
constexpr std::size_t kHanNameMax = 4;
bool IsUnifiedHan(char32_t character) {
  return (character >= 0x3400 && character <= 0x9FFF) ||
         (character >= 0x20000 && character <= 0x3FFFF);
}

using Levels = std::array<Level, kAttributesMax>;
// How many pairs show which levels.
using Patterns = std::map<Levels, double>;
using Pair = std::pair<std::uint32_t, std::uint32_t>;

void Count(Frequencies& frequencies, const std::string& value) { frequencies.values[value] += 1; }

// Counts to shares. What was not seen is as frequent as what was seen half a time.
void ToShares(Frequencies& frequencies) {
  double total = 0;
  for (const auto& [value, count] : frequencies.values) total += count;
  for (auto& [value, count] : frequencies.values) count /= total;
  frequencies.other = total > 0 ? kUnseen / total : 0;
}

AttributeModel CountValues(const std::vector<TrainingRecord>& records, std::size_t attribute) {
  AttributeModel model;
  for (const TrainingRecord& record : records) {
    const Value& value = record.profile[attribute];
    if (value.empty()) continue;
    Count(model.frequencies, value.text);
    if (value.surname_readings.empty()) continue;
    // Not of names that go on after a dot, nor of what is no name: those would be whole values.
    const std::u32string name = Characters(value.text);
    if (name.size() > kHanNameMax || !std::all_of(name.begin(), name.end(), IsUnifiedHan)) continue;
    const std::size_t surname = SurnameBytes(value.text);
    Count(model.surnames, value.text.substr(0, surname));
    for (const char32_t character : Characters(absl::string_view(value.text).substr(surname))) {
      Count(model.given_characters, Utf8(character));
    }
  }
  return model;
}

// The share of pairs of different records that agree exactly, among those that can be compared.
double ExactShare(const Frequencies& counts, AttributeKind kind) {
  std::unordered_map<std::string, double> totals;
  double agreeing = 0;
  for (const auto& [value, count] : counts.values) {
    const bool issued = kind == AttributeKind::kIssuedNumber;
    totals[issued ? std::string(IssuerOf(value)) : ""] += count;
    agreeing += count * (count - 1);
  }
  double pairs = 0;
  for (const auto& [issuer, total] : totals) pairs += total * (total - 1);
  return pairs > 0 ? agreeing / pairs : 0;
}

std::vector<Pair> RandomPairs(std::size_t records, std::size_t pairs_max) {
  std::vector<Pair> pairs;
  const std::size_t all = records * (records - 1) / 2;
  if (all <= pairs_max) {
    for (std::uint32_t i = 0; i < records; ++i) {
      for (std::uint32_t j = i + 1; j < records; ++j) pairs.emplace_back(i, j);
    }
    return pairs;
  }
  std::mt19937_64 random(kSeed);
  while (pairs.size() < pairs_max) {
    const auto i = static_cast<std::uint32_t>(random() % records);
    const auto j = static_cast<std::uint32_t>(random() % records);
    if (i != j) pairs.emplace_back(i, j);
  }
  return pairs;
}

// Draws without regard to the order of anything.
std::uint64_t Mixed(const Pair& pair) {
  std::uint64_t x = (std::uint64_t{pair.first} << 32 | pair.second) + kSeed;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

struct Blocked {
  std::vector<Pair> pairs;
  double share = 1;  // of all that share a key
};

Blocked BlockedPairs(const Model& model, const std::vector<TrainingRecord>& records,
                     std::size_t pairs_max) {
  struct Sharing {
    std::size_t recipe = 0;
    std::vector<std::uint32_t> records;
  };
  std::unordered_map<std::string, Sharing> sharing;
  for (std::uint32_t i = 0; i < records.size(); ++i) {
    for (KeyMaterial& key : MakeKeys(model.recipes, records[i].profile)) {
      Sharing& sharers = sharing[std::move(key.bytes)];
      sharers.recipe = key.recipe;
      sharers.records.push_back(i);
    }
  }
  // Some are counted for each key that they share; so there may be fewer than wanted.
  double all = 0;
  for (auto& [key, sharers] : sharing) {
    if (sharers.records.size() > model.recipes[sharers.recipe].records_max) sharers.records.clear();
    const auto count = static_cast<double>(sharers.records.size());
    all += count * (count - 1) / 2;
  }
  Blocked blocked;
  blocked.share = std::min(1.0, static_cast<double>(pairs_max) / std::max(all, 1.0));
  const double limit = blocked.share * static_cast<double>(UINT64_MAX);
  for (const auto& [key, sharers] : sharing) {
    for (std::size_t i = 0; i < sharers.records.size(); ++i) {
      for (std::size_t j = i + 1; j < sharers.records.size(); ++j) {
        const Pair pair(sharers.records[i], sharers.records[j]);
        if (blocked.share >= 1 || static_cast<double>(Mixed(pair)) < limit) {
          blocked.pairs.push_back(pair);
        }
      }
    }
  }
  std::sort(blocked.pairs.begin(), blocked.pairs.end());
  blocked.pairs.erase(std::unique(blocked.pairs.begin(), blocked.pairs.end()), blocked.pairs.end());
  return blocked;
}

Patterns PatternsOf(const Model& model, const std::vector<TrainingRecord>& records,
                    const std::vector<Pair>& pairs) {
  const Places places(model.schema);
  Patterns patterns;
  for (const auto& [i, j] : pairs) {
    patterns[Compare(places, records[i].profile, records[j].profile).levels] += 1;
  }
  return patterns;
}

// Shares of the levels of "attribute" among pairs with these weights; levels of the kind only.
std::array<double, kLevels> Shares(const std::array<double, kLevels>& counts, AttributeKind kind) {
  std::array<double, kLevels> shares{};
  double total = 0;
  for (const Level level : LevelsOf(kind)) {
    shares[static_cast<std::size_t>(level)] = counts[static_cast<std::size_t>(level)] + kUnseen;
    total += shares[static_cast<std::size_t>(level)];
  }
  for (double& share : shares) share /= total;
  return shares;
}

std::array<double, kLevels> Count(const Patterns& patterns, std::size_t attribute) {
  std::array<double, kLevels> counts{};
  for (const auto& [levels, weight] : patterns) {
    counts[static_cast<std::size_t>(levels[attribute])] += weight;
  }
  return counts;
}

// Where the search begins: people mostly agree with themselves.
std::array<double, kLevels> FirstGuess(AttributeKind kind) {
  std::array<double, kLevels> m{};
  double left = 1;
  for (const Level level : LevelsOf(kind)) {
    m[static_cast<std::size_t>(level)] = left * 0.7;
    left *= 0.3;
  }
  m[static_cast<std::size_t>(LevelsOf(kind).back())] += left;
  return m;
}

// How probable it is that a pair with these levels is one person's.
double Probability(const Model& model, const std::vector<std::array<double, kLevels>>& others,
                   double share, const Levels& levels) {
  double match = share, other = 1 - share;
  for (std::size_t i = 0; i < model.schema.size(); ++i) {
    if (levels[i] == Level::kMissing) continue;
    match *= model.attributes[i].m[static_cast<std::size_t>(levels[i])];
    other *= others[i][static_cast<std::size_t>(levels[i])];
  }
  return match + other > 0 ? match / (match + other) : 0;
}

}  // namespace

absl::StatusOr<Model> Train(const Model& base, std::vector<TrainingRecord> records,
                            const TrainingOptions& options, TrainingReport* report) {
  AQ_RETURN_IF_ERROR(CheckSchema(base.schema));
  if (records.size() < kTrainedRecordsMin) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kValueInvalid,
                 absl::StrCat("a model is learned from at least ", kTrainedRecordsMin,
                              " records, not ", records.size()));
  }
  std::sort(records.begin(), records.end(),
            [](const TrainingRecord& a, const TrainingRecord& b) { return a.key < b.key; });
  Model model = base;
  // Towns and postcodes are shared by many; how many depends on how large the table is.
  if (!FindKind(model.schema, AttributeKind::kName).has_value()) {
    for (KeyRecipe& recipe : model.recipes) {
      if (recipe.parts.size() > 1) continue;
      recipe.records_max = std::clamp<std::size_t>(records.size() / 50, 20, kRecordsPerKeyMax);
    }
  }
  const std::vector<Pair> random = RandomPairs(records.size(), options.random_pairs);
  const auto [blocked, share_of_blocked] = BlockedPairs(model, records, options.blocked_pairs_max);
  if (blocked.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kValueInvalid,
                 "no two records share a key: there is nothing to learn from");
  }
  const Patterns anybody = PatternsOf(model, records, random);
  const Patterns candidates = PatternsOf(model, records, blocked);

  model.attributes.assign(model.schema.size(), {});
  for (std::size_t i = 0; i < model.schema.size(); ++i) {
    AttributeModel& attribute = model.attributes[i];
    attribute = CountValues(records, i);
    const double exact = ExactShare(attribute.frequencies, model.schema[i].kind);
    // Each number is as rare as any other.
    if (model.schema[i].kind == AttributeKind::kIssuedNumber) attribute.frequencies = {};
    ToShares(attribute.frequencies);
    if (!attribute.surnames.values.empty()) {
      ToShares(attribute.surnames);
      ToShares(attribute.given_characters);
    }
    std::array<double, kLevels> counts = Count(anybody, i);
    counts[static_cast<std::size_t>(Level::kMissing)] = 0;
    double seen = 0;
    for (const double count : counts) seen += count;
    counts[static_cast<std::size_t>(Level::kExact)] = exact * seen;
    attribute.u = Shares(counts, model.schema[i].kind);
    attribute.m = FirstGuess(model.schema[i].kind);
  }

  // Of the pairs that share a key and are two people's: they share it by chance, and so are not
  // like random ones.
  std::vector<std::array<double, kLevels>> others;
  for (const AttributeModel& attribute : model.attributes) others.push_back(attribute.u);
  double share = 0.2, matches = 0;
  int round = 0;
  for (; round < options.rounds_max; ++round) {
    std::vector<std::array<double, kLevels>> counts(model.schema.size()), rest = counts;
    matches = 0;
    for (const auto& [levels, weight] : candidates) {
      const double probable = weight * Probability(model, others, share, levels);
      matches += probable;
      for (std::size_t i = 0; i < model.schema.size(); ++i) {
        counts[i][static_cast<std::size_t>(levels[i])] += probable;
        rest[i][static_cast<std::size_t>(levels[i])] += weight - probable;
      }
    }
    double change = std::abs(matches / static_cast<double>(blocked.size()) - share);
    share = matches / static_cast<double>(blocked.size());
    for (std::size_t i = 0; i < model.schema.size(); ++i) {
      const std::array<double, kLevels> m = Shares(counts[i], model.schema[i].kind);
      for (std::size_t level = 0; level < kLevels; ++level) {
        change = std::max(change, std::abs(m[level] - model.attributes[i].m[level]));
      }
      model.attributes[i].m = m;
      others[i] = Shares(rest[i], model.schema[i].kind);
    }
    if (change < kConverged) break;
  }
  matches /= share_of_blocked;
  const double all =
      static_cast<double>(records.size()) * static_cast<double>(records.size() - 1) / 2;
  model.others_per_record = 2 * matches / static_cast<double>(records.size());
  model.records = records.size();  // what u was counted in
  model = SizedFor(std::move(model), records.size());
  // Some of the random pairs are one person's too; what they add is taken out again.
  const double everybody = matches / all;
  for (AttributeModel& attribute : model.attributes) {
    for (std::size_t level = 0; level < kLevels; ++level) {
      double& u = attribute.u[level];
      if (u <= 0) continue;
      const double without = (u - everybody * attribute.m[level]) / (1 - everybody);
      const double kept = std::max(without, u * kUMin);
      if (level == static_cast<std::size_t>(Level::kExact)) {
        const double factor = kept / u;
        for (auto& [value, frequency] : attribute.frequencies.values) frequency *= factor;
        attribute.frequencies.other *= factor;
      }
      u = kept;
    }
    double sum = 0;
    for (const double u : attribute.u) sum += u;
    for (double& u : attribute.u) u /= sum;
  }
  if (report != nullptr) *report = {random.size(), blocked.size(), round, matches};
  return model;
}

}  // namespace anqiao::identity
