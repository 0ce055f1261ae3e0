#include "tests/testing/register_spelling.h"

#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "tests/testing/register_places.h"
#include "tests/testing/register_tables.h"

namespace anqiao::testing {
namespace {

using model::CivilDate;

// Another digit than "digit".
char OtherDigit(Random& random, char digit) {
  return static_cast<char>('0' + (digit - '0' + 1 + static_cast<int>(random.Below(9))) % 10);
}

// A character of "name" for which "others" knows others is replaced by one of them: mostly of the
// given name, which is last.
using OthersOf = const std::vector<std::string>& (*)(absl::string_view);
bool ReplaceCharacter(Random& random, OthersOf others, std::string& name) {
  const std::vector<absl::string_view> characters = CharactersOf(name);
  const std::size_t first = characters.size() > 1 && random.Chance(0.85) ? 1 : 0;
  const std::size_t start =
      first + random.Below(static_cast<std::uint32_t>(characters.size() - first));
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const std::size_t place = (start + i) % characters.size();
    const std::vector<std::string>& found = others(characters[place]);
    if (found.empty()) continue;
    const std::string& other = found[random.Below(static_cast<std::uint32_t>(found.size()))];
    name.replace(static_cast<std::size_t>(characters[place].data() - name.data()),
                 characters[place].size(), other);
    return true;
  }
  return false;
}

// A whole name in traditional writing, as from another system.
bool ReplaceAllByVariants(std::string& name) {
  std::string written;
  for (const absl::string_view character : CharactersOf(name)) {
    const std::vector<std::string>& variants = VariantsOf(character);
    absl::StrAppend(&written, variants.empty() ? character : variants.front());
  }
  const bool changed = written != name;
  name = std::move(written);
  return changed;
}

absl::string_view Unknown(Random& random) {
  const double kind = random.Unit();
  return kind < 0.5 ? "?" : kind < 0.6 ? "??" : kind < 0.7 ? "？" : kind < 0.95 ? "□" : "\uFFFD";
}

constexpr std::array<absl::string_view, 10> kBuildingWords = {"号楼", "号楼", "号楼", "号楼", "栋",
                                                              "栋",   "栋",   "幢",   "幢",   "座"};

// The last two characters swapped, or one of them left out; of names of three and more.
bool SlipCharacter(Random& random, std::string& name) {
  const std::vector<absl::string_view> characters = CharactersOf(name);
  if (characters.size() < 3) return false;
  const std::string last(characters.back()), before(characters[characters.size() - 2]);
  if (last == before) return false;
  name.resize(name.size() - last.size() - before.size());
  const double kind = random.Unit();
  if (kind < 0.5) {
    absl::StrAppend(&name, last, before);
  } else {
    name += kind < 0.75 ? last : before;
  }
  return true;
}

// What of a home within an estate is written: 3栋2单元501室, 3-2-501 and so on.
void AppendHome(Random& random, const Residence& home, bool room, std::string& address) {
  if (random.Chance(0.15)) {
    absl::StrAppend(&address, home.building, "-", home.unit);
    if (room) absl::StrAppend(&address, "-", home.room);
    return;
  }
  absl::StrAppend(&address, home.building, kBuildingWords[random.Below(kBuildingWords.size())]);
  if (random.Chance(0.75)) absl::StrAppend(&address, home.unit, "单元");
  if (!room) return;
  absl::StrAppend(&address, home.room);
  if (random.Chance(0.55)) address += "室";
}

}  // namespace

std::string FullWidth(absl::string_view text) {
  std::string wide;
  for (const char c : text) {
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '?') {
      // U+FF01 and on are ASCII from "!" on.
      const int point = 0xFF01 + (c - '!');
      wide.push_back(static_cast<char>(0xE0 | (point >> 12)));
      wide.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3F)));
      wide.push_back(static_cast<char>(0x80 | (point & 0x3F)));
    } else {
      wide.push_back(c);
    }
  }
  return wide;
}

bool MistakeCharacter(Random& random, CharacterMistake mistake, std::string& name) {
  switch (mistake) {
    case CharacterMistake::kHomophone:
      return ReplaceCharacter(random, HomophonesOf, name);
    case CharacterMistake::kVariant:
      return random.Chance(0.5) ? ReplaceAllByVariants(name)
                                : ReplaceCharacter(random, VariantsOf, name);
    case CharacterMistake::kLookalike:
      return ReplaceCharacter(random, LookalikesOf, name);
    case CharacterMistake::kSlip:
      return SlipCharacter(random, name);
    case CharacterMistake::kUnknown:
    case CharacterMistake::kPinyin:
      break;
  }
  // The last character; the rest must say something.
  const std::vector<absl::string_view> characters = CharactersOf(name);
  if (characters.size() < 2) return false;
  const absl::string_view last = characters.back();
  const absl::string_view reading = ReadingOf(last);
  if (mistake == CharacterMistake::kPinyin && reading.empty()) return false;
  const std::string written(mistake == CharacterMistake::kPinyin ? reading : Unknown(random));
  name.replace(name.size() - last.size(), last.size(), written);
  return true;
}

std::optional<RareLoss> LoseRareCharacter(Random& random, std::string& name) {
  for (const absl::string_view character : CharactersOf(name)) {
    const RareCharacter* rare = FindRareCharacter(character);
    if (rare == nullptr) continue;
    const double kind = random.Unit();
    const RareLoss loss = kind < 0.4 && !rare->legacy.empty() ? RareLoss::kLegacy
                          : kind < 0.2                        ? RareLoss::kPinyin
                                                              : RareLoss::kUnknown;
    const std::string written(loss == RareLoss::kLegacy   ? rare->legacy
                              : loss == RareLoss::kPinyin ? rare->reading
                                                          : Unknown(random));
    name.replace(static_cast<std::size_t>(character.data() - name.data()), character.size(),
                 written);
    return loss;
  }
  return std::nullopt;
}

std::string SpacedName(Random& random, absl::string_view surname, absl::string_view given) {
  const double kind = random.Unit();
  if (kind < 0.4) return absl::StrCat(surname, " ", given);
  if (kind < 0.7) return absl::StrCat(surname, "\u3000", given);
  if (kind < 0.9) return absl::StrCat(surname, given, " ");
  return absl::StrCat("\u00A0", surname, given);
}

absl::string_view OtherDot(Random& random) {
  static constexpr std::array<absl::string_view, 6> kDots = {"•", "・", "●", "．", ".", ""};
  return kDots[random.Below(kDots.size())];
}

std::string DateDigits(const CivilDate& date) {
  std::string digits(8, '0');
  int value = date.year * 10000 + date.month * 100 + date.day;
  for (std::size_t i = 8; i > 0; value /= 10) digits[--i] = static_cast<char>('0' + value % 10);
  return digits;
}

std::string OtherDate(Random& random, const CivilDate& date) {
  switch (random.Below(4)) {
    case 0:
      return absl::StrFormat("%04d-%02d-%02d", date.year, date.month, date.day);
    case 1:
      return absl::StrCat(date.year, "/", date.month, "/", date.day);
    case 2:
      return absl::StrFormat("%04d.%02d.%02d", date.year, date.month, date.day);
    default:
      return absl::StrCat(date.year, "年", date.month, "月", date.day, "日");
  }
}

std::string PartialDate(Random& random, const CivilDate& date) {
  switch (random.Below(3)) {
    case 0:
      return absl::StrCat(date.year, "年", date.month, "月");
    case 1:
      return DateDigits(date).substr(0, 6);
    default:
      return absl::StrFormat("%04d-%02d", date.year, date.month);
  }
}

bool MistypeDate(Random& random, CivilDate& date) {
  for (int attempt = 0; attempt < 8; ++attempt) {
    std::string digits = DateDigits(date);
    const std::size_t place = 2 + random.Below(6);
    digits[place] = OtherDigit(random, digits[place]);
    const absl::string_view text = digits;
    const std::optional<CivilDate> wrong = CivilDate::Parse(
        absl::StrCat(text.substr(0, 4), "-", text.substr(4, 2), "-", text.substr(6)));
    if (wrong.has_value() && wrong->year <= Population::kYear) {
      date = *wrong;
      return true;
    }
  }
  return false;
}

bool SwapDayAndMonth(CivilDate& date) {
  if (date.day > 12 || date.day == date.month) return false;
  std::swap(date.day, date.month);
  return true;
}

bool MistypeIdNumber(Random& random, std::string& number) {
  const std::size_t place = 6 + random.Below(static_cast<std::uint32_t>(number.size() - 6));
  number[place] = OtherDigit(random, number[place] == 'X' ? '0' : number[place]);
  return true;
}

bool SwapIdDigits(Random& random, std::string& number) {
  const auto swappable = static_cast<std::uint32_t>(number.size() - 8);  // The last may be an X.
  const std::size_t start = random.Below(swappable);
  for (std::size_t i = 0; i < swappable; ++i) {
    const std::size_t place = 6 + (start + i) % swappable;
    if (number[place] == number[place + 1]) continue;
    std::swap(number[place], number[place + 1]);
    return true;
  }
  return false;
}

std::string OtherIdNumber(Random& random, absl::string_view number) {
  const double kind = random.Unit();
  if (kind < 0.4) return FullWidth(number);
  if (kind < 0.7) return absl::StrCat("'", number);
  return absl::StrCat(number.substr(0, 6), " ", number.substr(6, 8), " ", number.substr(14));
}

std::string CutIdNumber(Random& random, absl::string_view number) {
  if (random.Chance(0.7)) return absl::StrCat(number.substr(0, 15), "000");
  return absl::StrCat(number.substr(0, 1), ".", number.substr(1, 5), "E+17");
}

bool MistypePhone(Random& random, std::string& phone) {
  const std::size_t place = 4 + random.Below(7);
  phone[place] = OtherDigit(random, phone[place]);
  return true;
}

std::string OtherPhone(Random& random, absl::string_view phone) {
  const absl::string_view a = phone.substr(0, 3);
  const absl::string_view b = phone.substr(3, 4);
  const absl::string_view c = phone.substr(7);
  switch (random.Below(6)) {
    case 0:
      return absl::StrCat("+86 ", a, " ", b, " ", c);
    case 1:
      return absl::StrCat("+86", phone);
    case 2:
      return absl::StrCat("0086", phone);
    case 3:
      return absl::StrCat(a, "-", b, "-", c);
    case 4:
      return FullWidth(phone);
    default:
      return absl::StrCat(a, " ", b, " ", c);
  }
}

const std::string& PlaceholderPhone(Random& random) {
  // Put together here: the repository holds no phone that could be somebody's.
  static const auto& placeholders = *new WeightedWords({
      {absl::StrCat("138", "0000", "0000"), 5},
      {absl::StrCat("138", "0013", "8000"), 3},
      {absl::StrCat("138", "8888", "8888"), 2},
      {absl::StrCat("139", "9999", "9999"), 1},
      {std::string(11, '1'), 3},
      {std::string(11, '0'), 2},
      {"12345678901", 1},
      {"无", 2},
  });
  return placeholders.Draw(random);
}

std::string Landline(Random& random, const RegisteredPerson& person) {
  const std::string area = absl::StrFormat("07%02d", person.residence.district % 100);
  const std::string local =
      absl::StrFormat("9%06d", Mix(static_cast<std::uint64_t>(person.household)) % 1'000'000);
  switch (random.Below(3)) {
    case 0:
      return absl::StrCat(area, "-", local);
    case 1:
      return absl::StrCat("(", area, ")", local);
    default:
      return absl::StrCat(area, local);
  }
}

std::string SpelledAddress(Random& random, const Residence& residence, AddressMistake mistake) {
  std::string address;
  address.reserve(120);
  const double prefix = random.Unit();
  if (prefix < 0.30)
    absl::StrAppend(&address, kCities[residence.district / 5 % std::size(kCities)]);
  if (prefix < 0.55)
    absl::StrAppend(&address, kCounties[residence.district % std::size(kCounties)]);
  const bool rural = residence.kind == Residence::Kind::kRural;
  const bool dormitory = residence.kind == Residence::Kind::kDormitory;
  if (dormitory || random.Chance(0.75)) {
    // Each district has another choice of the names.
    const std::size_t town =
        static_cast<std::size_t>(residence.town + 5 * residence.district) % std::size(kTowns);
    absl::StrAppend(&address, kTowns[town], dormitory ? "工业园" : rural ? "镇" : "街道");
  }
  int number = residence.number;
  if (mistake == AddressMistake::kOtherNumber) number += random.Chance(0.5) ? 1 : 10;
  const bool whole = mistake != AddressMistake::kPartMissing;
  if (dormitory) {
    if (whole) absl::StrAppend(&address, number, "号");
    address += "宿舍";
  } else if (rural) {
    absl::StrAppend(&address, kVillageNames[residence.street], residence.building, "组");
    if (whole) absl::StrAppend(&address, number, "号");
  } else {
    const std::uint32_t missing = whole ? 3 : random.Below(3);
    absl::StrAppend(&address, kStreetNames[residence.street]);
    if (missing != 0) absl::StrAppend(&address, number, "号");
    if (missing != 1) {
      if (random.Chance(0.8)) absl::StrAppend(&address, kEstateNames[residence.estate]);
      AppendHome(random, residence, missing != 2, address);
    }
  }
  return random.Chance(0.02) ? FullWidth(address) : address;
}

}  // namespace anqiao::testing
