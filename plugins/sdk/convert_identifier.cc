#include "plugins/sdk/convert_identifier.h"

#include <cstddef>
#include <string>

#include "plugins/sdk/text.h"

namespace anqiao::sdk {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool AllDigits(std::string_view text) {
  for (const char c : text) {
    if (!IsDigit(c)) return false;
  }
  return !text.empty();
}

// Half width, without blanks, invisible characters and the apostrophe by which spreadsheets keep
// text (or what typing made of it).
std::string Cleaned(std::string_view text) {
  std::string clean = WithoutBlanks(FoldWidth(text));
  // U+200B to U+200F and U+2060.
  for (std::size_t at = clean.find('\xE2'); at != std::string::npos; at = clean.find('\xE2', at)) {
    const std::string_view rest = std::string_view(clean).substr(at);
    const bool invisible = (rest.starts_with("\xE2\x80") && rest.size() > 2 && rest[2] >= '\x8B' &&
                            rest[2] <= '\x8F') ||
                           rest.starts_with("\xE2\x81\xA0");
    if (invisible) {
      clean.erase(at, 3);
    } else {
      ++at;
    }
  }
  for (const std::string_view quote : {"'", "\u2018", "\u2019", "`", "\u00B4"}) {
    if (!clean.starts_with(quote)) continue;
    clean.erase(0, quote.size());
    break;
  }
  return clean;
}

// A number with a point or an exponent, as a spreadsheet writes one that is too long for it.
bool IsFloatingPoint(std::string_view text) {
  bool special = false;
  for (const char c : text) {
    if (c == '.' || c == 'E' || c == 'e' || c == '+') {
      special = true;
    } else if (!IsDigit(c)) {
      return false;
    }
  }
  return special && IsDigit(text.front());
}

}  // namespace

Fault ConvertCitizenId(std::string_view text, std::string& out) {
  out = Cleaned(text);
  if (out.empty()) return {kValueInvalid, "expected an identity number"};
  if (IsFloatingPoint(out)) {
    return {kValueInvalid,
            "a spreadsheet made a number of it and its last digits are lost; the column must be "
            "text"};
  }
  for (const char c : out) {
    if ((c >= 0 && c < ' ') || c == 0x7F) return {kValueInvalid, "holds a control character"};
  }
  return {};
}

Fault ConvertCreditCode(std::string_view text, std::string& out) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  constexpr std::size_t kLength = 18;
  constexpr std::size_t kRegistrar = 2;    // of letters or digits
  constexpr std::size_t kDivisionEnd = 8;  // six digits behind them
  out = Cleaned(text);
  bool good = out.size() == kLength;
  for (std::size_t i = 0; good && i < out.size(); ++i) {
    if (out[i] >= 'a' && out[i] <= 'z') out[i] = static_cast<char>(out[i] - 'a' + 'A');
    good = kAlphabet.find(out[i]) != std::string_view::npos &&
           (i < kRegistrar || i >= kDivisionEnd || IsDigit(out[i]));
  }
  if (!good) {
    return {kValueInvalid,
            "expected a unified social credit code: 18 digits and capitals without I, O, S, V, Z, "
            "six digits in the third to eighth place"};
  }
  return {};
}

Fault ConvertDivision(std::string_view text, std::string& out) {
  const std::string folded = WithoutBlanks(FoldWidth(text));
  if (!folded.empty() && IsDigit(folded.front()) &&
      (AllDigits(folded) || IsFloatingPoint(folded))) {
    if (!AllDigits(folded) || (folded.size() != 6 && folded.size() != 9 && folded.size() != 12)) {
      return {kValueInvalid, "expected a division's code of 6, 9 or 12 digits, or its name"};
    }
    out = folded;
    return {};
  }
  for (const char c : text) {
    if ((c >= 0 && c < ' ') || c == 0x7F) return {kValueInvalid, "holds a control character"};
  }
  out = text;
  return {};
}

Fault ConvertPhone(std::string_view text, std::string& out) {
  constexpr char kExpected[] = "expected one phone number of 7 to 12 digits";
  constexpr std::size_t kMobileLength = 11;
  constexpr std::size_t kLengthMin = 7;
  constexpr std::size_t kLengthMax = 12;
  const std::string clean = Cleaned(text);
  std::string_view rest = clean;
  const bool plus = rest.starts_with('+');
  if (plus) rest.remove_prefix(1);
  out.clear();
  for (const char c : rest) {
    if (IsDigit(c)) {
      out.push_back(c);
    } else if (c != '-' && c != '(' && c != ')' && c != '.') {
      return {kValueInvalid, kExpected};
    }
  }
  std::string_view digits = out;
  bool country = false;
  for (const std::string_view code : {"0086", "86"}) {
    if (country || !digits.starts_with(code)) continue;
    const std::string_view national = digits.substr(code.size());
    country = plus || (national.size() == kMobileLength && national.front() == '1');
    if (country) digits = national;
  }
  if ((plus && !country) || digits.size() < kLengthMin || digits.size() > kLengthMax) {
    return {kValueInvalid, kExpected};
  }
  out = std::string(digits);
  return {};
}

}  // namespace anqiao::sdk
