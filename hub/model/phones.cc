#include "hub/model/phones.h"

#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hub/model/names.h"

namespace anqiao::model {
namespace {

constexpr std::size_t kPhoneBytesMax = 200;
constexpr std::size_t kNumbersMax = 4;

// 1 and ten more digits: a mobile number, and by far the most frequent form.
bool IsMobile(absl::string_view digits) {
  return digits.size() == 11 && digits[0] == '1' &&
         std::all_of(digits.begin(), digits.end(),
                     [](unsigned char c) { return absl::ascii_isdigit(c); });
}

// The frequent spellings of Chinese numbers, as libphonenumber reads them, in far less time: a
// mobile number with the country code or hyphens, a landline with its area code. Empty: another
// spelling.
std::string ToE164Quickly(absl::string_view text) {
  if (IsMobile(text)) return absl::StrCat("+86", text);
  const bool country = absl::ConsumePrefix(&text, "+86") || absl::ConsumePrefix(&text, "0086");
  if (country) absl::ConsumePrefix(&text, "-");
  std::string digits;
  bool hyphen = true;
  for (const char c : text) {
    if (c == '-' && !hyphen) {
      hyphen = true;
    } else if (absl::ascii_isdigit(static_cast<unsigned char>(c)) && digits.size() < 12) {
      hyphen = false;
      digits.push_back(c);
    } else {
      return "";
    }
  }
  if (hyphen) return "";
  // 1, 11, 12 and 179 may begin the code of a carrier.
  if (IsMobile(digits) && digits[1] >= '3' && !absl::StartsWith(digits, "179")) {
    return absl::StrCat("+86", digits);
  }
  const bool landline = !country && (digits.size() == 11 || digits.size() == 12) &&
                        digits[0] == '0' && digits[1] >= '2';
  return landline ? absl::StrCat("+86", digits.substr(1)) : std::string();
}

// Empty if it is no possible number.
std::string ToE164(const std::string& text) {
  if (std::string quick = ToE164Quickly(text); !quick.empty()) return quick;
  using i18n::phonenumbers::PhoneNumber;
  using i18n::phonenumbers::PhoneNumberUtil;
  const PhoneNumberUtil* util = PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  if (util->Parse(text, "CN", &number) != PhoneNumberUtil::NO_PARSING_ERROR ||
      util->IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE) {
    return "";
  }
  // Longer or shorter, a mobile number is only mistyped, though its length is that of some number.
  const std::string national = absl::StrCat(number.national_number());
  if (number.country_code() == 86 && national[0] == '1' && national[1] >= '3' &&
      !IsMobile(national)) {
    return "";
  }
  std::string formatted;
  util->Format(number, PhoneNumberUtil::E164, &formatted);
  return formatted;
}

}  // namespace

Phones ParsePhones(absl::string_view text) {
  Phones phones;
  if (text.size() > kPhoneBytesMax) return {{}, true};
  std::string separated = NormalizeText(text);
  if (IsMobile(separated)) return {{absl::StrCat("+86", separated)}, false};
  absl::StrReplaceAll({{"、", "/"}, {",", "/"}, {";", "/"}}, &separated);
  std::size_t count = 0;
  for (const absl::string_view part : absl::StrSplit(separated, '/', absl::SkipEmpty())) {
    std::string number = ++count <= kNumbersMax ? ToE164(std::string(part)) : std::string();
    if (number.empty()) {
      phones.incomplete = true;
    } else if (std::find(phones.numbers.begin(), phones.numbers.end(), number) ==
               phones.numbers.end()) {
      phones.numbers.push_back(std::move(number));
    }
  }
  phones.incomplete = phones.incomplete || count == 0;
  return phones;
}

}  // namespace anqiao::model
