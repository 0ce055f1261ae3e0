#include "plugins/sdk/xml_text.h"

#include <cstddef>
#include <cstdint>

namespace anqiao::sdk {

void AppendXmlText(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        out += c;
    }
  }
}

namespace {

constexpr char kInvalid = '\xFF';
constexpr std::uint32_t kCharacterMax = 0x10FFFF;

// The value of a digit, or "base" if it is none.
std::uint32_t DigitOf(char c, std::uint32_t base) {
  std::uint32_t digit = base;
  if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
  if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
  return digit < base ? digit : base;
}

// "reference" begins behind "&#". True as well for what is no reference, which a parser leaves
// alone.
bool IsPossible(std::string_view reference) {
  std::uint32_t base = 10;
  if (reference.starts_with('x')) {
    base = 16;
    reference.remove_prefix(1);
  }
  std::uint32_t code = 0;
  std::size_t i = 0;
  for (; i < reference.size() && DigitOf(reference[i], base) < base; ++i) {
    if (code <= kCharacterMax) code = code * base + DigitOf(reference[i], base);
  }
  if (i == 0 || i == reference.size() || reference[i] != ';') return true;
  return code > 0 && code <= kCharacterMax && (code < 0xD800 || code > 0xDFFF);
}

}  // namespace

void SpoilImpossibleReferences(std::string& text) {
  for (std::size_t at = text.find("&#"); at != std::string::npos; at = text.find("&#", at + 1)) {
    if (!IsPossible(std::string_view(text).substr(at + 2))) text[at] = kInvalid;
  }
}

bool IsXmlName(std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool start = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c < 0;
    const bool later = (c >= '0' && c <= '9') || c == '-' || c == '.';
    if (!start && (i == 0 || !later)) return false;
  }
  return !name.empty();
}

}  // namespace anqiao::sdk
