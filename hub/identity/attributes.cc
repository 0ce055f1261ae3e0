#include "hub/identity/attributes.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hub/base/errors.h"
#include "hub/identity/readings.h"
#include "hub/identity/text_distance.h"
#include "hub/model/civil_date.h"
#include "hub/model/identifiers.h"
#include "hub/model/names.h"
#include "hub/model/phones.h"

namespace anqiao::identity {
namespace {

constexpr std::array<std::pair<AttributeKind, absl::string_view>, kAttributeKinds> kKinds = {
    {{AttributeKind::kName, "name"},
     {AttributeKind::kGivenName, "given_name"},
     {AttributeKind::kSurname, "surname"},
     {AttributeKind::kBirthDate, "birth_date"},
     {AttributeKind::kNationalId, "national_id"},
     {AttributeKind::kIdentifier, "identifier"},
     {AttributeKind::kIssuedNumber, "issued_number"},
     {AttributeKind::kPhone, "phone"},
     {AttributeKind::kAddress, "address"},
     {AttributeKind::kDivision, "division"},
     {AttributeKind::kSex, "sex"},
     {AttributeKind::kOther, "other"}}};

constexpr std::size_t kIdCharacters = 18;
constexpr std::size_t kDayDigits = 8;

// What people and systems write where they have nothing to write.
constexpr absl::string_view kNothing[] = {"无",  "无。",    "不详", "未知", "空",  "暂无", "没有",
                                          "n/a", "na",      "null", "none", "nil", "nan",  "-",
                                          "--",  "unknown", ".",    "/",    "\\n", "待查", "不明"};

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// The block of ideographs that are in use; folding the case leaves them as they are.
bool IsCommonHan(UChar32 point) { return point >= 0x4E00 && point <= 0x9FFF; }

bool IsHan(UChar32 point) {
  return IsCommonHan(point) || (point > 0x7F && u_hasBinaryProperty(point, UCHAR_IDEOGRAPHIC));
}

bool HasHan(absl::string_view text) {
  const auto length = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < length;) {
    UChar32 point = 0;
    U8_NEXT_OR_FFFD(reinterpret_cast<const std::uint8_t*>(text.data()), i, length, point);
    if (IsHan(point)) return true;
  }
  return false;
}

// Small letters, of any script.
std::string FoldCase(std::string text) {
  const auto length = static_cast<std::int32_t>(text.size());
  const auto* bytes_of_text = reinterpret_cast<const std::uint8_t*>(text.data());
  std::int32_t i = 0;
  // Nearly all text is of characters that are folded where they stand.
  for (std::int32_t next = 0; i < length; i = next) {
    UChar32 point = 0;
    U8_NEXT(bytes_of_text, next, length, point);
    if (point >= 0 && point < 0x80) {
      char& letter = text[static_cast<std::size_t>(i)];
      letter = absl::ascii_tolower(static_cast<unsigned char>(letter));
    } else if (!IsCommonHan(point)) {
      break;
    }
  }
  if (i == length) return text;
  std::string folded = text.substr(0, static_cast<std::size_t>(i));
  while (i < length) {
    UChar32 point = 0;
    U8_NEXT_OR_FFFD(bytes_of_text, i, length, point);
    point = u_foldCase(point, U_FOLD_CASE_DEFAULT);
    std::uint8_t bytes[U8_MAX_LENGTH];
    std::int32_t size = 0;
    U8_APPEND_UNSAFE(bytes, size, point);
    folded.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }
  return folded;
}

// Words with single spaces between them, in small letters; Han text without any space.
std::string NormalizeWords(absl::string_view text) {
  if (HasHan(text)) return FoldCase(model::NormalizeName(text));
  std::string words;
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const std::string folded = FoldCase(model::NormalizeName(word));
    if (!words.empty() && !folded.empty()) words.push_back(' ');
    words.append(folded);
  }
  return words;
}

bool SaysNothing(absl::string_view text) {
  return std::find(std::begin(kNothing), std::end(kNothing), text) != std::end(kNothing);
}

std::string OnlyDigits(absl::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (IsDigit(c)) digits.push_back(c);
  }
  return digits;
}

// Digits of a date whose parts stand apart, as year, month, day; empty if there are no three parts
// that make a day.
std::string FromParts(absl::string_view text, absl::string_view order) {
  std::array<absl::string_view, 3> parts;
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size() && count < parts.size();) {
    const std::size_t start = i;
    while (i < text.size() && IsDigit(text[i])) ++i;
    if (i > start) {
      parts[count++] = text.substr(start, i - start);
    } else {
      ++i;
    }
  }
  const auto padded = [](absl::string_view part) {
    return absl::StrCat(part.size() == 1 ? "0" : "", part);
  };
  if (count == 2 && parts[0].size() == 4 && parts[1].size() <= 2) {
    return absl::StrCat(parts[0], padded(parts[1]));
  }
  if (count < 3) return "";
  // Whatever the others of a file look like, four digits are the year.
  if (parts[0].size() == 4) {
    order = "YMD";
  } else if (order.empty() || order[0] == 'Y') {
    order = "DMY";
  }
  absl::string_view year, month, day;
  for (std::size_t i = 0; i < 3 && i < order.size(); ++i) {
    (order[i] == 'Y' ? year : order[i] == 'M' ? month : day) = parts[i];
  }
  const auto short_part = [](absl::string_view part) {
    return part.size() == 1 || part.size() == 2;
  };
  return year.size() == 4 && short_part(month) && short_part(day)
             ? absl::StrCat(year, padded(month), padded(day))
             : std::string();
}

bool IsDay(absl::string_view digits) {
  if (digits.size() != kDayDigits) return false;
  const char date[] = {digits[0], digits[1], digits[2], digits[3], '-',
                       digits[4], digits[5], '-',       digits[6], digits[7]};
  return model::CivilDate::Parse(absl::string_view(date, sizeof(date))).has_value();
}

// Eight digits that stand together, in "order", with the year first.
std::string YearFirst(absl::string_view digits, absl::string_view order) {
  if (order.empty() || order[0] == 'Y' || digits.size() != kDayDigits) return std::string(digits);
  std::string year, month, day;
  for (const char part : order) {
    std::string& into = part == 'Y' ? year : part == 'M' ? month : day;
    const std::size_t size = part == 'Y' ? 4 : 2;
    into = std::string(digits.substr(0, size));
    digits.remove_prefix(size);
  }
  return absl::StrCat(year, month, day);
}

Value BirthDate(absl::string_view order, absl::string_view text) {
  // Without the time of day that spreadsheets and databases add.
  if (const std::size_t colon = text.find(':'); colon != absl::string_view::npos) {
    text = text.substr(0, text.substr(0, colon).find_last_of(" T"));
  }
  const std::string normal = model::NormalizeText(text);
  Value value;
  value.text = FromParts(normal, order);
  if (value.text.empty()) {
    const std::string digits = OnlyDigits(normal);
    value.text = YearFirst(digits, order);
    if (!IsDay(value.text) && IsDay(digits)) value.text = digits;
  }
  if (value.text.size() > 2 * kDayDigits) value.text.clear();
  value.valid = IsDay(value.text);
  return value;
}

Value NationalId(absl::string_view text) {
  Value value;
  if (const absl::StatusOr<model::IdNumber> parsed = model::ParseIdNumber(text); parsed.ok()) {
    value.text = parsed->value;
    value.valid = true;
    return value;
  }
  const std::string normal = absl::AsciiStrToUpper(model::NormalizeText(text));
  value.text = OnlyDigits(normal);
  if (absl::EndsWith(normal, "X")) value.text.push_back('X');
  // Too little to tell anybody by, what an exponent leaves, what is masked or only fills the place.
  const bool one_digit = value.text.find_first_not_of(value.text[0]) == std::string::npos;
  if (value.text.size() < 10 || value.text.size() > 24 || one_digit ||
      normal.find('*') != std::string::npos) {
    value.text.clear();
  }
  return value;
}

Value IssuedNumber(absl::string_view text) {
  const absl::string_view issuer = IssuerOf(text);
  Value value;
  if (issuer.size() <= 1) return value;
  value = NormalizeValue({"", AttributeKind::kIdentifier}, text.substr(issuer.size()));
  if (!value.empty()) value.text = absl::StrCat(issuer, value.text);
  return value;
}

Value Phone(absl::string_view text) {
  Value value;
  const model::Phones phones = model::ParsePhones(text);
  for (const std::string& number : phones.numbers) {
    (value.text.empty() ? value.text : value.further.emplace_back()) = number;
  }
  value.valid = !value.text.empty();
  if (value.text.empty()) value.text = OnlyDigits(model::NormalizeText(text));
  constexpr std::size_t kDigitsMin = 7;
  if (value.text.size() < kDigitsMin) return {};
  return value;
}

Value Sex(std::string words) {
  static constexpr std::pair<absl::string_view, absl::string_view> kWords[] = {
      {"男", "1"},   {"男性", "1"},  {"m", "1"}, {"male", "1"},   {"1", "1"},   {"女", "2"},
      {"女性", "2"}, {"f", "2"},     {"2", "2"}, {"female", "2"}, {"未知", ""}, {"0", ""},
      {"9", ""},     {"未说明", ""}, {"u", ""},  {"x", "x"}};
  Value value;
  value.text = std::move(words);
  for (const auto& [word, code] : kWords) {
    if (value.text == word) {
      value.text = std::string(code);
      value.valid = !code.empty();
      return value;
    }
  }
  return value;
}

// Where the regions at the front of an address end: one source writes them, another does not. A
// region has at least two characters before its last one, and something follows.
std::size_t RegionsEnd(absl::string_view words) {
  static constexpr absl::string_view kRegions[] = {"省", "自治区", "市", "区", "县", "街道", "镇"};
  constexpr std::size_t kHanBytes = 3;
  std::size_t end = 0;
  for (std::size_t at = 2 * kHanBytes; at + 3 * kHanBytes <= words.size(); ++at) {
    if ((static_cast<unsigned char>(words[at]) & 0xC0) == 0x80) continue;
    const absl::string_view rest = words.substr(at);
    for (const absl::string_view region : kRegions) {
      if (rest[1] != region[1] || !absl::StartsWith(rest, region) ||
          rest.size() < region.size() + 2 * kHanBytes) {
        continue;
      }
      // 阳光小区 is where one lives, not a region.
      const absl::string_view before = words.substr(0, at);
      if (!absl::EndsWith(before, "小") && !absl::EndsWith(before, "社")) {
        end = std::max(end, at + region.size());
      }
    }
  }
  return end;
}

// "花园大道112号19栋501室": the words without what only says "number", and the numbers.
std::string HanAddress(const std::string& text) {
  static constexpr absl::string_view kUnits[] = {"号楼", "单元", "号院", "号", "栋", "幢", "座",
                                                 "室",   "层",   "楼",   "弄", "房", "户"};
  std::string words, numbers;
  words.reserve(text.size());
  bool in_number = false;
  for (std::size_t i = 0; i < text.size();) {
    const absl::string_view rest = absl::string_view(text).substr(i);
    if (IsDigit(rest[0])) {
      if (!in_number) numbers.push_back('|');
      in_number = true;
      numbers.push_back(rest[0]);
      ++i;
      continue;
    }
    const bool after_number = in_number;
    in_number = false;
    if (after_number) {
      const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                      [&](auto each) { return absl::StartsWith(rest, each); });
      if (unit != std::end(kUnits)) {
        i += unit->size();
        continue;
      }
    }
    const std::size_t size = static_cast<unsigned char>(rest[0]) >= 0xF0   ? 4
                             : static_cast<unsigned char>(rest[0]) >= 0xE0 ? 3
                             : static_cast<unsigned char>(rest[0]) >= 0xC0 ? 2
                                                                           : 1;
    if (size > 1 || absl::ascii_isalpha(static_cast<unsigned char>(rest[0]))) {
      words.append(text, i, size);
    }
    i += size;
  }
  return absl::StrCat(absl::string_view(words).substr(RegionsEnd(words)), numbers);
}

// "王xiuying" sounds like "王秀英".
std::vector<std::string> Unspaced(std::vector<std::string> readings) {
  for (std::string& reading : readings) {
    reading.erase(std::remove(reading.begin(), reading.end(), ' '), reading.end());
  }
  return readings;
}

Value Name(AttributeKind kind, std::string words) {
  Value value;
  value.text = std::move(words);
  CharacterBuffer buffer;
  const std::u32string_view characters = Characters(value.text, buffer);
  if (std::all_of(characters.begin(), characters.end(), model::IsUnknownCharacter)) return {};
  if (HasHan(value.text)) {
    value.text = FoldVariants(value.text);
    if (kind == AttributeKind::kName) {
      value.readings = ReadingsOfName(value.text);
      value.surname_readings =
          Unspaced(NameReadings(absl::string_view(value.text).substr(0, SurnameBytes(value.text))));
    }
  }
  value.valid = true;
  return value;
}

// The first byte of a packed value; 0 if it is empty.
constexpr unsigned kPackedPresent = 1, kPackedValid = 2;
// Which lists are not empty, from this bit on.
constexpr unsigned kPackedLists = 4;
// More than most profiles take.
constexpr std::size_t kPackedExpected = 256;

// Sizes from 128 on take two bytes. Texts have at most 32,767 bytes: a value is cut long before.
void AppendText(std::string& packed, absl::string_view text) {
  if (text.size() >= 0x80) packed.push_back(static_cast<char>(text.size() >> 8 | 0x80));
  packed.push_back(static_cast<char>(text.size() & 0xFF));
  packed.append(text.data(), text.size());
}

char TakeByte(absl::string_view& packed) {
  const char byte = packed.empty() ? '\0' : packed.front();
  packed.remove_prefix(std::min<std::size_t>(1, packed.size()));
  return byte;
}

void TakeText(absl::string_view& packed, std::string& text) {
  std::size_t size = static_cast<unsigned char>(TakeByte(packed));
  if (size >= 0x80) size = (size & 0x7F) << 8 | static_cast<unsigned char>(TakeByte(packed));
  size = std::min(size, packed.size());
  text.assign(packed.data(), size);
  packed.remove_prefix(size);
}

}  // namespace

absl::string_view AttributeKindName(AttributeKind kind) {
  for (const auto& [each, name] : kKinds) {
    if (each == kind) return name;
  }
  return "";
}

std::optional<AttributeKind> ParseAttributeKind(absl::string_view name) {
  for (const auto& [kind, each] : kKinds) {
    if (each == name) return kind;
  }
  return std::nullopt;
}

absl::Status CheckSchema(const Schema& schema) {
  const auto wrong = [](absl::string_view message) {
    return Error(absl::StatusCode::kInvalidArgument, reason::kValueInvalid, message);
  };
  if (schema.empty() || schema.size() > kAttributesMax) {
    return wrong(
        absl::StrCat("a schema has 1 to ", kAttributesMax, " attributes, not ", schema.size()));
  }
  std::set<std::string> names;
  std::set<AttributeKind> kinds;
  for (const Attribute& attribute : schema) {
    if (attribute.name.empty() || !names.insert(attribute.name).second) {
      return wrong(absl::StrCat("attribute \"", attribute.name, "\" occurs twice, or has no name"));
    }
    const bool several = attribute.kind == AttributeKind::kIdentifier ||
                         attribute.kind == AttributeKind::kAddress ||
                         attribute.kind == AttributeKind::kOther;
    if (!several && !kinds.insert(attribute.kind).second) {
      return wrong(absl::StrCat("two attributes are of kind ", AttributeKindName(attribute.kind),
                                "; the second is \"", attribute.name, "\""));
    }
    std::string order = attribute.date_order;
    std::sort(order.begin(), order.end());
    if (!order.empty() && order != "DMY") {
      return wrong(absl::StrCat("date_order of \"", attribute.name,
                                "\" is not an order of Y, M and D: ", attribute.date_order));
    }
  }
  return absl::OkStatus();
}

std::optional<std::size_t> FindKind(const Schema& schema, AttributeKind kind) {
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (schema[i].kind == kind) return i;
  }
  return std::nullopt;
}

Places::Places(const Schema& schema) : size_(std::min(schema.size(), kAttributesMax)) {
  places_.fill(kNowhere);
  for (std::size_t i = size_; i-- > 0;) {
    kinds_[i] = schema[i].kind;
    places_[static_cast<std::size_t>(schema[i].kind)] = i;
  }
}

Value NormalizeValue(const Attribute& attribute, absl::string_view text) {
  text = absl::StripAsciiWhitespace(text.substr(0, kValueBytesMax));
  if (text.empty()) return {};
  const bool numeric =
      attribute.kind == AttributeKind::kBirthDate || attribute.kind == AttributeKind::kNationalId ||
      attribute.kind == AttributeKind::kPhone || attribute.kind == AttributeKind::kDivision ||
      attribute.kind == AttributeKind::kIssuedNumber;
  // Nothing that says nothing has a digit, and none is lost on the way to words.
  const bool has_digit = std::any_of(text.begin(), text.end(), IsDigit);
  std::string words;
  if (!numeric || !has_digit) words = NormalizeWords(text);
  if (!has_digit && SaysNothing(words)) return {};
  switch (attribute.kind) {
    case AttributeKind::kName:
    case AttributeKind::kGivenName:
    case AttributeKind::kSurname:
      return Name(attribute.kind, std::move(words));
    case AttributeKind::kBirthDate:
      return BirthDate(attribute.date_order, text);
    case AttributeKind::kNationalId:
      return NationalId(text);
    case AttributeKind::kIssuedNumber:
      return IssuedNumber(text);
    case AttributeKind::kPhone:
      return Phone(text);
    case AttributeKind::kSex:
      return Sex(std::move(words));
    case AttributeKind::kDivision: {
      Value value;
      value.text = OnlyDigits(model::NormalizeText(text));
      value.valid = value.text.size() >= 2;
      return value;
    }
    case AttributeKind::kAddress:
    case AttributeKind::kIdentifier:
    case AttributeKind::kOther:
      break;
  }
  Value value;
  value.text = std::move(words);
  if (attribute.kind == AttributeKind::kAddress && HasHan(value.text)) {
    value.text = HanAddress(FoldVariants(value.text));
  }
  value.valid = true;
  return value;
}

Value NormalizeValues(const Attribute& attribute, absl::string_view text,
                      const std::vector<std::string>& further) {
  Value value = NormalizeValue(attribute, text);
  for (const std::string& each : further) {
    Value other = NormalizeValue(attribute, each);
    if (other.empty()) continue;
    if (value.empty()) {
      value = std::move(other);
    } else if (other.text != value.text && value.further.size() < kFurtherValuesMax) {
      value.further.push_back(std::move(other.text));
    }
  }
  return value;
}

void CompleteProfile(const Schema& schema, Profile& profile) {
  const std::optional<std::size_t> birth = FindKind(schema, AttributeKind::kBirthDate);
  const std::optional<std::size_t> id = FindKind(schema, AttributeKind::kNationalId);
  if (!birth.has_value() || !id.has_value() || !profile[*birth].empty()) return;
  profile[*birth].text = std::string(BirthDateWithin(profile[*id]));
  profile[*birth].valid = !profile[*birth].empty();
}

std::string PackProfile(const Profile& profile) {
  std::string packed;
  packed.reserve(kPackedExpected);
  for (const Value& value : profile) {
    if (value.empty()) {
      packed.push_back('\0');
      continue;
    }
    unsigned flags = kPackedPresent | (value.valid ? kPackedValid : 0);
    unsigned list = kPackedLists;
    for (const auto* texts : {&value.further, &value.readings, &value.surname_readings}) {
      if (!texts->empty()) flags |= list;
      list <<= 1;
    }
    packed.push_back(static_cast<char>(flags));
    AppendText(packed, value.text);
    for (const auto* texts : {&value.further, &value.readings, &value.surname_readings}) {
      if (texts->empty()) continue;
      packed.push_back(static_cast<char>(texts->size()));
      for (const std::string& text : *texts) AppendText(packed, text);
    }
  }
  packed.shrink_to_fit();
  return packed;
}

Profile UnpackProfile(absl::string_view packed, std::size_t attributes) {
  Profile profile(attributes);
  UnpackProfile(packed, profile);
  return profile;
}

void UnpackProfile(absl::string_view packed, Profile& profile) {
  for (Value& value : profile) {
    const auto flags = static_cast<unsigned char>(TakeByte(packed));
    value.valid = (flags & kPackedValid) != 0;
    if (flags != 0) {
      TakeText(packed, value.text);
    } else {
      value.text.clear();
    }
    unsigned list = kPackedLists;
    for (auto* texts : {&value.further, &value.readings, &value.surname_readings}) {
      texts->resize((flags & list) != 0 ? static_cast<unsigned char>(TakeByte(packed)) : 0);
      for (std::string& text : *texts) TakeText(packed, text);
      list <<= 1;
    }
  }
}

std::vector<std::string> ReadingsOfName(absl::string_view name) {
  return HasHan(name) ? Unspaced(NameReadings(name)) : std::vector<std::string>();
}

absl::string_view IssuerOf(absl::string_view issued_number) {
  return issued_number.substr(0, issued_number.find('/') + 1);
}

absl::string_view BirthDateWithin(const Value& national_id) {
  constexpr std::size_t kStart = 6;
  if (national_id.text.size() < kIdCharacters - 1) return "";
  const absl::string_view date = absl::string_view(national_id.text).substr(kStart, kDayDigits);
  return IsDay(date) ? date : absl::string_view();
}

}  // namespace anqiao::identity
