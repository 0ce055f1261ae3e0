#include "hub/identity/model.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "hub/identity/readings.h"
#include "hub/identity/text_distance.h"

namespace anqiao::identity {
namespace {

// No level says more than this, however rarely it was seen to be wrong.
constexpr Weight kWeightMax = 25 * kBit;
// An agency gives each number once: what it says grows with the register (SizedFor).
constexpr Weight kIssuedNumberMax = 40 * kBit;
// A table of fewer records is a part of something larger.
constexpr std::size_t kRecordsMin = 1'000;

Weight Log2(double ratio, Weight max = kWeightMax) {
  const double bits = std::log2(ratio) * kBit;
  return static_cast<Weight>(std::lround(std::clamp<double>(bits, -max, max)));
}

// 0 if the model says nothing.
Weight WeightOf(AttributeKind kind, double m, double u) {
  if (m <= 0 || u <= 0) return 0;
  return Log2(m / u, kind == AttributeKind::kIssuedNumber ? kIssuedNumberMax : kWeightMax);
}

double Lookup(const Frequencies& frequencies, absl::string_view value) {
  const auto found = frequencies.values.find(value);
  return found == frequencies.values.end() ? frequencies.other : found->second;
}

bool Holds(const Value& value, const std::string& text) {
  return value.text == text ||
         std::find(value.further.begin(), value.further.end(), text) != value.further.end();
}

double FrequencyOfText(const AttributeModel& attribute, absl::string_view text, bool han_name,
                       double otherwise) {
  if (!han_name || attribute.surnames.values.empty()) {
    const double found = Lookup(attribute.frequencies, text);
    return found > 0 ? found : otherwise;
  }
  const std::size_t surname = SurnameBytes(text);
  double frequency = Lookup(attribute.surnames, text.substr(0, surname));
  CharacterBuffer buffer;
  for (const char32_t character : Characters(text.substr(surname), buffer)) {
    frequency *= Lookup(attribute.given_characters, Utf8(character));
  }
  return frequency;
}

// How often what both have occurs: the more frequent, if there are several.
double SharedFrequency(const AttributeModel& attribute, const Value& a, const Value& b,
                       double otherwise) {
  const bool han_name = !a.surname_readings.empty() || !b.surname_readings.empty();
  double frequency = 0;
  const auto take = [&](const std::string& text) {
    if (Holds(b, text)) {
      frequency = std::max(frequency, FrequencyOfText(attribute, text, han_name, otherwise));
    }
  };
  take(a.text);
  for (const std::string& text : a.further) take(text);
  return frequency > 0 ? frequency : otherwise;
}

// Attributes that say where somebody lives. They come and go together, and a household shares them,
// so that together they are worth no more than one.
bool IsResidence(AttributeKind kind) {
  return kind == AttributeKind::kPhone || kind == AttributeKind::kAddress ||
         kind == AttributeKind::kDivision;
}

bool ShareSurname(const Value& a, const Value& b) {
  return std::any_of(a.surname_readings.begin(), a.surname_readings.end(), [&](const auto& each) {
    return std::find(b.surname_readings.begin(), b.surname_readings.end(), each) !=
           b.surname_readings.end();
  });
}

}  // namespace

absl::string_view CautionName(Caution caution) {
  switch (caution) {
    case Caution::kNone:
      break;
    case Caution::kIdAlone:
      return "ID_ALONE";
    case Caution::kNumberAlone:
      return "NUMBER_ALONE";
    case Caution::kLikelyTwins:
      return "LIKELY_TWINS";
    case Caution::kNamesakes:
      return "NAMESAKES";
    case Caution::kHousehold:
      return "HOUSEHOLD";
    case Caution::kNameAlone:
      return "NAME_ALONE";
  }
  return "";
}

Model SizedFor(Model model, std::size_t records) {
  const auto counted = [](std::size_t size) {
    return static_cast<double>(std::max(size, kRecordsMin));
  };
  // The more people an agency numbers, the less often do two of them have the same number.
  const std::optional<std::size_t> number = FindKind(model.schema, AttributeKind::kIssuedNumber);
  if (number.has_value() && *number < model.attributes.size()) {
    model.attributes[*number].u[static_cast<std::size_t>(Level::kExact)] *=
        counted(model.records) / counted(records);
  }
  const double others = std::max<double>(counted(records) - 1, 2 * model.others_per_record);
  const double share = model.others_per_record / others;
  model.prior = Log2(share / (1 - share));
  model.records = records;
  return model;
}

Scorer::Scorer(const Model& model) : model_(model), places_(model.schema) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    for (std::size_t level = 0; level < kLevels; ++level) {
      weights_[i][level] =
          WeightOf(places_.KindAt(i), model.attributes[i].m[level], model.attributes[i].u[level]);
    }
    weights_[i][static_cast<std::size_t>(Level::kMissing)] = 0;
  }
}

Caution Scorer::Judge(const Comparison& comparison, const Score& score, const Profile& a,
                      const Profile& b) const {
  const std::size_t name_place = places_[AttributeKind::kName];
  if (name_place == Places::kNowhere) return Caution::kNone;
  const auto level = [&](AttributeKind kind) {
    const std::size_t at = places_[kind];
    return at == Places::kNowhere ? Level::kMissing : comparison.levels[at];
  };
  // The best of the attributes of a kind.
  const auto part = [&](AttributeKind kind) {
    Weight best = 0;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_.KindAt(i) == kind) best = std::max(best, score.parts[i]);
    }
    return best;
  };
  using enum AttributeKind;
  const Level name = level(kName), id = level(kNationalId), birth = level(kBirthDate);
  const bool id_agrees = id == Level::kExact || id == Level::kOneEdit || id == Level::kClose;
  const bool number_agrees = level(kIssuedNumber) == Level::kExact;
  const bool elsewhere = part(kPhone) <= 0 && part(kAddress) <= 0;
  // Half of those who use another's number use a relative's, at the same address.
  const bool somebody_else = name == Level::kDifferent || level(kSex) == Level::kDifferent;
  if (name >= Level::kClose && (somebody_else || elsewhere)) {
    if (id == Level::kExact) return Caution::kIdAlone;
    if (number_agrees && !id_agrees) return Caution::kNumberAlone;
  }
  if (!id_agrees && !number_agrees && birth == Level::kDifferent && elsewhere) {
    return Caution::kNamesakes;
  }
  const bool other_given_name = (name == Level::kClose || name == Level::kSimilar) &&
                                ShareSurname(a[name_place], b[name_place]);
  if (!id_agrees && other_given_name && (birth == Level::kExact || id == Level::kSimilar)) {
    return Caution::kLikelyTwins;
  }
  const bool born_agrees = birth == Level::kExact || birth == Level::kOneEdit;
  if (!id_agrees && !number_agrees && !born_agrees && name >= Level::kOneEdit) {
    return Caution::kHousehold;
  }
  // Namesakes are often born a digit apart: where they live and what they are called by says so.
  const bool lives_elsewhere =
      level(kPhone) == Level::kDifferent && level(kAddress) == Level::kDifferent;
  const bool born_alike = part(kBirthDate) > 0 && (birth == Level::kExact || !lives_elsewhere);
  if (!id_agrees && !number_agrees && !born_alike && part(kNationalId) <= 0 && elsewhere &&
      part(kIdentifier) <= 0 && part(kOther) <= 0) {
    return Caution::kNameAlone;
  }
  return Caution::kNone;
}

Score ScorePair(const Model& model, const Comparison& comparison, const Profile& a,
                const Profile& b) {
  return Scorer(model).ScoreOf(comparison, a, b);
}

Score Scorer::ScoreOf(const Comparison& comparison, const Profile& a, const Profile& b) const {
  Score score;
  score.conflicting_ids = comparison.conflicting_ids;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const auto level = static_cast<std::size_t>(comparison.levels[i]);
    score.parts[i] = weights_[i][level];
    if (comparison.levels[i] != Level::kExact) continue;
    const AttributeModel& attribute = model_.attributes[i];
    const double u = attribute.u[level];
    const double shared = SharedFrequency(attribute, a[i], b[i], u);
    if (shared != u) score.parts[i] = WeightOf(places_.KindAt(i), attribute.m[level], shared);
  }
  score.caution = Judge(comparison, score, a, b);
  const std::size_t name = places_[AttributeKind::kName];
  if (name != Places::kNowhere) {
    Weight best = 0, worst = 0;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (!IsResidence(places_.KindAt(i))) continue;
      best = std::max(best, score.parts[i]);
      worst = std::min(worst, score.parts[i]);
    }
    const Weight kept = best > 0 ? best : worst;
    bool spent = false;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (!IsResidence(places_.KindAt(i))) continue;
      const bool keep = !spent && score.parts[i] == kept;
      spent = spent || keep;
      if (!keep) score.parts[i] = 0;
    }
    score.different = comparison.conflicting_ids && comparison.levels[name] >= Level::kOneEdit;
  }
  score.total = model_.prior;
  for (const Weight part : score.parts) score.total += part;
  switch (score.caution) {
    case Caution::kNone:
      break;
    case Caution::kIdAlone:
    case Caution::kNumberAlone:
      score.total = std::clamp(score.total, model_.review, model_.link - 1);
      break;
    case Caution::kLikelyTwins:
    case Caution::kHousehold:
    case Caution::kNameAlone:
      score.total = std::min(score.total, model_.link - 1);
      break;
    case Caution::kNamesakes:
      score.total = std::min(score.total, model_.review - 1);
      break;
  }
  return score;
}

}  // namespace anqiao::identity
