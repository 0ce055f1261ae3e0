#include "hub/identity/comparison.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "hub/identity/readings.h"
#include "hub/identity/text_distance.h"
#include "hub/model/names.h"

namespace anqiao::identity {
namespace {

constexpr std::array<absl::string_view, kLevels> kNames = {
    "MISSING",  "EXACT", "UNKNOWN_CHARACTER", "SAME_READING", "OTHER_COLUMN",
    "ONE_EDIT", "CLOSE", "SIMILAR",           "DIFFERENT"};

// Shorter texts have the same letters by chance.
constexpr std::size_t kReorderedMin = 4;
// Two edits of a shorter text make another.
constexpr std::size_t kTwoEditsMin = 6;
constexpr double kVerySimilar = 0.9;
constexpr double kSimilarEnough = 0.8;
constexpr std::size_t kDateDigits = 8;

std::size_t EditsBetween(absl::string_view a, absl::string_view b, std::size_t limit) {
  CharacterBuffer buffer_a, buffer_b;
  return EditDistance(Characters(a, buffer_a), Characters(b, buffer_b), limit);
}

bool IsAsciiAlpha(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)); }

bool HasLetters(absl::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return IsAsciiAlpha(c) || static_cast<unsigned char>(c) >= 0x80;
  });
}

Level CompareTexts(absl::string_view a, absl::string_view b) {
  if (a == b) return Level::kExact;
  CharacterBuffer buffer_a, buffer_b;
  const std::u32string_view x = Characters(a, buffer_a), y = Characters(b, buffer_b);
  const std::size_t edits = EditDistance(x, y, 2);
  if (edits <= 1) return Level::kOneEdit;
  if (!HasLetters(a) || !HasLetters(b)) return edits == 2 ? Level::kClose : Level::kDifferent;
  if (x.size() >= kReorderedMin && SameCharacters(x, y)) return Level::kOneEdit;
  if (edits == 2 && std::min(x.size(), y.size()) >= kTwoEditsMin) return Level::kClose;
  const double similarity = JaroWinkler(x, y);
  return similarity >= kVerySimilar     ? Level::kClose
         : similarity >= kSimilarEnough ? Level::kSimilar
                                        : Level::kDifferent;
}

bool ShareReading(const Value& a, const Value& b) {
  return std::any_of(a.readings.begin(), a.readings.end(), [&](const std::string& reading) {
    return std::find(b.readings.begin(), b.readings.end(), reading) != b.readings.end();
  });
}

// Names of which at least one has Han characters.
Level CompareHanNames(const Value& a, const Value& b) {
  if (model::NamesCompatible(a.text, b.text)) return Level::kUnknownCharacter;
  // "王xiuying" is a name that somebody could not write.
  if (ShareReading(a, b)) {
    const bool pinyin = std::any_of(a.text.begin(), a.text.end(), IsAsciiAlpha) ||
                        std::any_of(b.text.begin(), b.text.end(), IsAsciiAlpha);
    return pinyin ? Level::kUnknownCharacter : Level::kSameReading;
  }
  CharacterBuffer buffer_a, buffer_b;
  const std::u32string_view x = Characters(a.text, buffer_a), y = Characters(b.text, buffer_b);
  // One character more or less, or two swapped, happens in writing; another character is as often
  // the name of a brother or sister.
  if (std::max(x.size(), y.size()) >= 3 && EditDistance(x, y, 1) <= 1) {
    return x.size() != y.size() || SameCharacters(x, y) ? Level::kOneEdit : Level::kClose;
  }
  const std::size_t surname_a = SurnameBytes(a.text), surname_b = SurnameBytes(b.text);
  return a.text.compare(0, surname_a, b.text, 0, surname_b) == 0 ? Level::kSimilar
                                                                 : Level::kDifferent;
}

Level CompareNames(const Value& a, const Value& b) {
  // Of former names too, one that both have.
  bool shared = false;
  const auto written = [&](const std::string& text) {
    if (b.text != text && std::find(b.further.begin(), b.further.end(), text) == b.further.end()) {
      return false;
    }
    shared = true;
    return !model::HasUnknownCharacter(text);
  };
  if (written(a.text) || std::any_of(a.further.begin(), a.further.end(), written)) {
    return Level::kExact;
  }
  if (shared) return Level::kUnknownCharacter;
  return a.readings.empty() && b.readings.empty() ? CompareTexts(a.text, b.text)
                                                  : CompareHanNames(a, b);
}

Level CompareDates(absl::string_view a, absl::string_view b) {
  if (a == b) return a.size() == kDateDigits ? Level::kExact : Level::kSimilar;
  // Of a day a digit may be lost; less than that says a year, or a month.
  if (std::min(a.size(), b.size()) + 1 >= kDateDigits && EditsBetween(a, b, 1) <= 1) {
    return Level::kOneEdit;
  }
  if (a.size() < kDateDigits || b.size() < kDateDigits) {
    // Less than a day is known of one: what is known of both may be the same.
    const std::size_t known = std::min(a.size(), b.size());
    return a.substr(0, known) == b.substr(0, known) && known >= 4 ? Level::kSimilar
                                                                  : Level::kDifferent;
  }
  const bool year = a.substr(0, 4) == b.substr(0, 4);
  const bool month = a.substr(4, 2) == b.substr(4, 2), day = a.substr(6) == b.substr(6);
  if (year && a.substr(4, 2) == b.substr(6) && a.substr(6) == b.substr(4, 2)) {
    return Level::kOneEdit;
  }
  if (year + month + day == 2) return Level::kClose;
  return year ? Level::kSimilar : Level::kDifferent;
}

Level CompareNationalIds(const Value& a, const Value& b) {
  if (a.text == b.text) return Level::kExact;
  if (!a.valid || !b.valid) {
    const std::size_t edits = EditsBetween(a.text, b.text, 2);
    if (edits <= 1) return Level::kOneEdit;
    if (edits == 2) return Level::kClose;
  }
  const absl::string_view born = BirthDateWithin(a);
  return !born.empty() && born == BirthDateWithin(b) ? Level::kSimilar : Level::kDifferent;
}

Level ComparePhones(const Value& a, const Value& b) {
  const auto holds = [](const Value& value, const std::string& text) {
    return value.text == text ||
           std::find(value.further.begin(), value.further.end(), text) != value.further.end();
  };
  if (holds(b, a.text) || std::any_of(a.further.begin(), a.further.end(),
                                      [&](const std::string& text) { return holds(b, text); })) {
    return Level::kExact;
  }
  return EditsBetween(a.text, b.text, 1) <= 1 ? Level::kOneEdit : Level::kDifferent;
}

// What another agency calls somebody says nothing.
Level CompareIssuedNumbers(absl::string_view a, absl::string_view b) {
  if (a == b) return Level::kExact;
  return IssuerOf(a) == IssuerOf(b) ? Level::kDifferent : Level::kMissing;
}

// "road|number|number...".
Level CompareHanAddresses(absl::string_view a, absl::string_view b) {
  if (a == b) return Level::kExact;
  const absl::string_view road_a = a.substr(0, a.find('|')), road_b = b.substr(0, b.find('|'));
  const absl::string_view numbers_a = a.substr(road_a.size());
  const absl::string_view numbers_b = b.substr(road_b.size());
  const bool same_road = !road_a.empty() && !road_b.empty() &&
                         (absl::EndsWith(road_a, road_b) || absl::EndsWith(road_b, road_a) ||
                          absl::StartsWith(road_a, road_b) || absl::StartsWith(road_b, road_a));
  if (same_road && numbers_a == numbers_b) return Level::kExact;
  const auto one_edit = [](absl::string_view x, absl::string_view y) {
    return EditsBetween(x, y, 1) <= 1;
  };
  if (numbers_a == numbers_b && !numbers_a.empty() && one_edit(road_a, road_b)) {
    return Level::kOneEdit;
  }
  if (!same_road) return Level::kDifferent;
  if (!numbers_a.empty() && !numbers_b.empty()) {
    if (one_edit(numbers_a, numbers_b)) return Level::kOneEdit;
    const auto first = [](absl::string_view numbers) {
      return numbers.substr(0, numbers.find('|', 1));
    };
    if (first(numbers_a) == first(numbers_b)) return Level::kClose;
  }
  return Level::kSimilar;
}

Level CompareDivisions(absl::string_view a, absl::string_view b) {
  constexpr std::size_t kCounty = 6, kCity = 4, kProvince = 2;
  const auto same = [&](std::size_t digits) {
    return a.size() >= digits && b.size() >= digits && a.substr(0, digits) == b.substr(0, digits);
  };
  return same(kCounty)     ? Level::kExact
         : same(kCity)     ? Level::kClose
         : same(kProvince) ? Level::kSimilar
                           : Level::kDifferent;
}

Level CompareValues(AttributeKind kind, const Value& a, const Value& b) {
  switch (kind) {
    case AttributeKind::kName:
      return CompareNames(a, b);
    case AttributeKind::kBirthDate:
      return CompareDates(a.text, b.text);
    case AttributeKind::kNationalId:
      return CompareNationalIds(a, b);
    case AttributeKind::kIssuedNumber:
      return CompareIssuedNumbers(a.text, b.text);
    case AttributeKind::kPhone:
      return ComparePhones(a, b);
    case AttributeKind::kDivision:
      return CompareDivisions(a.text, b.text);
    case AttributeKind::kSex:
      return a.text == b.text ? Level::kExact : Level::kDifferent;
    case AttributeKind::kAddress:
      if (a.text.find('|') != std::string::npos || b.text.find('|') != std::string::npos) {
        return CompareHanAddresses(a.text, b.text);
      }
      break;
    case AttributeKind::kGivenName:
    case AttributeKind::kSurname:
    case AttributeKind::kIdentifier:
    case AttributeKind::kOther:
      break;
  }
  return CompareTexts(a.text, b.text);
}

// True if attributes of these kinds may stand in each other's columns.
bool MayStandInEachOther(AttributeKind a, AttributeKind b) {
  return (a == AttributeKind::kGivenName && b == AttributeKind::kSurname) ||
         (a == AttributeKind::kSurname && b == AttributeKind::kGivenName) ||
         (a == AttributeKind::kAddress && b == AttributeKind::kAddress);
}

bool InOtherColumn(const Places& places, const Profile& a, const Profile& b, std::size_t i) {
  const AttributeKind kind = places.KindAt(i);
  for (std::size_t j = 0; j < places.size(); ++j) {
    if (j == i || !MayStandInEachOther(kind, places.KindAt(j))) continue;
    if ((!a[i].empty() && a[i].text == b[j].text) || (!b[i].empty() && b[i].text == a[j].text)) {
      return true;
    }
  }
  return false;
}

// True if what a record gives as its birth date was read out of its national id, or could have
// been: it says nothing beside the number.
bool BirthDateFollows(const Value& birth_date, const Value& national_id) {
  const absl::string_view within = BirthDateWithin(national_id);
  return !within.empty() && (birth_date.empty() || birth_date.text == within);
}

}  // namespace

absl::string_view LevelName(Level level) { return kNames[static_cast<std::size_t>(level)]; }

std::optional<Level> ParseLevel(absl::string_view name) {
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Level>(found - kNames.begin());
}

const std::vector<Level>& LevelsOf(AttributeKind kind) {
  using enum Level;
  static const std::vector<Level> of_names = {kExact, kUnknownCharacter, kSameReading, kOneEdit,
                                              kClose, kSimilar,          kDifferent};
  static const std::vector<Level> of_columns = {kExact, kOtherColumn, kOneEdit,
                                                kClose, kSimilar,     kDifferent};
  static const std::vector<Level> of_texts = {kExact, kOneEdit, kClose, kSimilar, kDifferent};
  static const std::vector<Level> of_phones = {kExact, kOneEdit, kDifferent};
  static const std::vector<Level> of_divisions = {kExact, kClose, kSimilar, kDifferent};
  static const std::vector<Level> same_or_not = {kExact, kDifferent};
  switch (kind) {
    case AttributeKind::kName:
      return of_names;
    case AttributeKind::kGivenName:
    case AttributeKind::kSurname:
    case AttributeKind::kAddress:
      return of_columns;
    case AttributeKind::kPhone:
      return of_phones;
    case AttributeKind::kDivision:
      return of_divisions;
    case AttributeKind::kSex:
    case AttributeKind::kIssuedNumber:
      return same_or_not;
    case AttributeKind::kBirthDate:
    case AttributeKind::kNationalId:
    case AttributeKind::kIdentifier:
    case AttributeKind::kOther:
      break;
  }
  return of_texts;
}

Comparison Compare(const Schema& schema, const Profile& a, const Profile& b) {
  return Compare(Places(schema), a, b);
}

Comparison Compare(const Places& places, const Profile& a, const Profile& b) {
  Comparison result;
  for (std::size_t i = 0; i < places.size(); ++i) {
    Level& level = result.levels[i];
    if (!a[i].empty() && !b[i].empty()) level = CompareValues(places.KindAt(i), a[i], b[i]);
    if (level != Level::kExact && InOtherColumn(places, a, b, i)) level = Level::kOtherColumn;
  }
  const std::size_t id = places[AttributeKind::kNationalId];
  if (id == Places::kNowhere || a[id].empty() || b[id].empty()) return result;
  result.conflicting_ids = a[id].valid && b[id].valid && a[id].text != b[id].text;
  // The number says the birth date and the sex as well: counted once.
  const std::size_t birth = places[AttributeKind::kBirthDate];
  if (birth != Places::kNowhere && BirthDateFollows(a[birth], a[id]) &&
      BirthDateFollows(b[birth], b[id])) {
    result.levels[birth] = Level::kMissing;
  }
  const std::size_t sex = places[AttributeKind::kSex];
  if (sex != Places::kNowhere && result.levels[id] == Level::kExact &&
      result.levels[sex] == Level::kExact) {
    result.levels[sex] = Level::kMissing;
  }
  return result;
}

}  // namespace anqiao::identity
