#include "hub/model/identifiers.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/model/names.h"

namespace anqiao::model {
namespace {

constexpr std::size_t kLength = 18;
// Longer text is not looked at: nothing that means a number is.
constexpr std::size_t kIdentifierBytesMax = 128;

// GB 32100 leaves out I, O, S, V and Z.
constexpr absl::string_view kCreditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";

absl::Status Wrong(absl::string_view reason, absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason, message);
}

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

bool AllDigits(absl::string_view text) { return std::all_of(text.begin(), text.end(), IsDigit); }

// Without spaces and the apostrophe that spreadsheets keep before text; ASCII, capitals.
std::string Cleaned(absl::string_view text) {
  std::string clean = NormalizeText(text);
  for (absl::string_view quote : {"'", "\u2018", "\u2019", "`", "\u00B4"}) {
    if (absl::StartsWith(clean, quote)) {
      clean.erase(0, quote.size());
      break;
    }
  }
  absl::AsciiStrToUpper(&clean);
  return clean;
}

// 4.21299E+17: what a spreadsheet shows of a long number.
bool HasExponent(absl::string_view text) {
  const std::size_t exponent = text.find('E');
  if (exponent == absl::string_view::npos || exponent == 0) return false;
  absl::string_view power = text.substr(exponent + 1);
  if (absl::StartsWith(power, "+")) power.remove_prefix(1);
  return !power.empty() && AllDigits(power) &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(exponent),
                     [](char c) { return IsDigit(c) || c == '.'; });
}

absl::Status CutShort() {
  return Wrong(reason::kValueInvalid,
               "identity number was cut short by a spreadsheet: export the column as text");
}

}  // namespace

char IdNumberCheckCharacter(absl::string_view first_17) {
  static constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (std::size_t i = 0; i < kLength - 1; ++i) sum += (first_17[i] - '0') * kWeights[i];
  return "10X98765432"[sum % 11];
}

absl::StatusOr<IdNumber> ParseIdNumber(absl::string_view text) {
  if (text.size() > kIdentifierBytesMax) {
    return Wrong(reason::kValueInvalid, "identity number is far too long");
  }
  std::string number = Cleaned(text);
  if (HasExponent(number)) return CutShort();
  if (number.size() == 15 && AllDigits(number)) {
    number.insert(6, "19");
    number.push_back(IdNumberCheckCharacter(number));
  }
  if (number.size() != kLength || number[0] == '0' ||
      !AllDigits(absl::string_view(number).substr(0, kLength - 1)) ||
      (!IsDigit(number.back()) && number.back() != 'X')) {
    return Wrong(reason::kValueInvalid,
                 absl::StrCat("identity number must have 18 characters or 15 digits, got ",
                              number.size(), " characters"));
  }
  if (number.back() != IdNumberCheckCharacter(number)) {
    if (absl::EndsWith(number, "000")) return CutShort();
    return Wrong(reason::kCheckDigitWrong, "identity number has a wrong check digit");
  }
  const absl::string_view date = absl::string_view(number).substr(6, 8);
  const std::optional<CivilDate> birth = CivilDate::Parse(
      absl::StrCat(date.substr(0, 4), "-", date.substr(4, 2), "-", date.substr(6, 2)));
  if (!birth.has_value() || birth->year < 1800) {
    return Wrong(reason::kDateImpossible, "identity number has an impossible date of birth");
  }
  const char sex = (number[16] - '0') % 2 == 1 ? '1' : '2';
  return IdNumber{std::move(number), *birth, sex};
}

char CreditCodeCheckCharacter(absl::string_view first_17) {
  static constexpr int kWeights[] = {1,  3,  9,  27, 19, 26, 16, 17, 20,
                                     29, 25, 13, 8,  24, 10, 30, 28};
  int sum = 0;
  for (std::size_t i = 0; i < kLength - 1; ++i) {
    sum += static_cast<int>(kCreditAlphabet.find(first_17[i])) * kWeights[i];
  }
  return kCreditAlphabet[(31 - sum % 31) % 31];
}

absl::StatusOr<std::string> ParseCreditCode(absl::string_view text) {
  if (text.size() > kIdentifierBytesMax) {
    return Wrong(reason::kValueInvalid, "unified social credit code is far too long");
  }
  std::string code = Cleaned(text);
  const auto in_alphabet = [](char c) {
    return kCreditAlphabet.find(c) != absl::string_view::npos;
  };
  if (code.size() != kLength || !std::all_of(code.begin(), code.end(), in_alphabet)) {
    return Wrong(reason::kValueInvalid,
                 "unified social credit code must have 18 characters of digits and capital "
                 "letters without I, O, S, V and Z");
  }
  // Digits 3 to 8 are the division of the registering authority.
  if (!AllDigits(absl::string_view(code).substr(2, 6))) {
    return Wrong(reason::kValueInvalid,
                 "unified social credit code must have digits as its characters 3 to 8");
  }
  if (code.back() != CreditCodeCheckCharacter(code)) {
    return Wrong(reason::kCheckDigitWrong,
                 "unified social credit code has a wrong check character");
  }
  return code;
}

}  // namespace anqiao::model
