// What agreement is worth: the linkage model. Fellegi and Sunter, "A Theory for Record Linkage",
// JASA 64 (1969): each level of each attribute adds log2(m/u), where m is how often records of one
// person show it and u how often those of two people do; agreement on a frequent value is worth
// less than on a rare one.
//
// Models are versioned data (hub/identity/models, hub/doc/identity.md). Pure; thread-compatible.

#ifndef ANQIAO_HUB_IDENTITY_MODEL_H_
#define ANQIAO_HUB_IDENTITY_MODEL_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "hub/identity/attributes.h"
#include "hub/identity/blocking.h"
#include "hub/identity/comparison.h"

namespace anqiao::identity {

// Weights are integers, in thousandths of a bit of log2 odds: sums are the same everywhere.
using Weight = std::int32_t;
inline constexpr Weight kBit = 1000;

// How often a value occurs, as a share of the records that have one.
struct Frequencies {
  absl::flat_hash_map<std::string, double> values;
  // Of a value that is not among them. 0: as the level's u says.
  double other = 0;
};

struct AttributeModel {
  // By level; of a level that the kind does not use, 0.
  std::array<double, kLevels> m{}, u{};
  Frequencies frequencies;
  // Of Han names, those of surnames and of the characters of given names, from which that of a
  // name is estimated.
  Frequencies surnames, given_characters;
};

struct Model {
  // Names the model, for journal and explanations; changes whenever an answer could.
  std::string version;
  Schema schema;
  std::vector<AttributeModel> attributes;  // in the order of the schema
  std::vector<KeyRecipe> recipes;
  // Log2 odds that two records drawn at random are one person's: SizedFor.
  Weight prior = 0;
  // How many other records of its person a record has, on average.
  double others_per_record = 1;
  std::size_t records = 2;  // how many the prior is for
  // At or above "link" two records are taken for one person's; from "review" on a person looks.
  Weight link = 5 * kBit, review = 0;
};

// "model" for a register of about "records" records: the more there are, the less likely are two of
// them one person's, or do an agency's numbers of two people happen to be equal; fewer than 1,000
// count as so many. The number is part of the model: it does not follow what has arrived.
Model SizedFor(Model model, std::size_t records);

// What is known of registers and not in the weights.
enum class Caution {
  kNone,
  // The same national id and another name, and no phone or address agrees, or the sex or all of the
  // name differs: put to a person, however much or little it weighs.
  kIdAlone,
  // The same issued number, likewise, and no national id agrees.
  kNumberAlone,
  // Same birth date and surname, another given name: at most put to a person.
  kLikelyTwins,
  // They live together; their names differ, and no birth date or number agrees: likewise.
  kHousehold,
  // Same name and another birth date, and no number, phone or address agrees: two people.
  kNamesakes,
  // The same name, however rare, and nothing but sex and division beside it, or a nearly equal
  // birth date where phone and address both say otherwise: at most put to a person.
  kNameAlone,
};
absl::string_view CautionName(Caution caution);

struct Score {
  Weight total = 0;
  // What each attribute added; their sum and the prior are "total", unless a caution changed it.
  std::array<Weight, kAttributesMax> parts{};
  Caution caution = Caution::kNone;
  bool conflicting_ids = false;
  // Two people beyond doubt: different valid numbers and different names.
  bool different = false;
};

// What pairs weigh by a model, and what is looked up for each of them looked up once. The model
// must outlive it.
class Scorer {
 public:
  // Requires: an AttributeModel for each attribute of the schema.
  explicit Scorer(const Model& model);

  const Places& places() const { return places_; }
  // Symmetric.
  Score ScoreOf(const Comparison& comparison, const Profile& a, const Profile& b) const;

 private:
  Caution Judge(const Comparison& comparison, const Score& score, const Profile& a,
                const Profile& b) const;

  const Model& model_;
  const Places places_;
  // By attribute and level, how often a value occurs left aside; 0 where the model says nothing.
  std::array<std::array<Weight, kLevels>, kAttributesMax> weights_{};
};
// The same for a single pair.
Score ScorePair(const Model& model, const Comparison& comparison, const Profile& a,
                const Profile& b);

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_MODEL_H_
