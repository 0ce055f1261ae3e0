#include "hub/model/names.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"

namespace anqiao::model {
namespace {

constexpr UChar32 kReplacement = 0xFFFD;

std::vector<UChar32> CodePoints(absl::string_view text) {
  std::vector<UChar32> points;
  points.reserve(text.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto length = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < length;) {
    UChar32 point = 0;
    U8_NEXT_OR_FFFD(bytes, i, length, point);
    points.push_back(point);
  }
  return points;
}

void Append(std::string& out, UChar32 point) {
  std::uint8_t bytes[U8_MAX_LENGTH];
  std::int32_t length = 0;
  U8_APPEND_UNSAFE(bytes, length, point);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
}

// The block of the ideographs in common use.
bool IsCommonHan(UChar32 point) { return point >= 0x4E00 && point <= 0x9FFF; }

// NormalizeText of text that has only characters which need no look into Unicode's tables: ASCII,
// common ideographs, full-width ASCII and the dot of names. Nearly all text has no other. NFKC
// composes none of them with another. False if there is another.
bool NormalizeCommon(absl::string_view text, std::string& out) {
  out.reserve(text.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto length = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < length;) {
    if (bytes[i] < 0x80) {
      if (bytes[i] > ' ' && bytes[i] < 0x7F) out.push_back(text[static_cast<std::size_t>(i)]);
      ++i;
      continue;
    }
    const std::int32_t start = i;
    UChar32 point = 0;
    U8_NEXT(bytes, i, length, point);
    if (IsCommonHan(point) || point == kNameDot) {
      out.append(text.data() + start, static_cast<std::size_t>(i - start));
    } else if (point >= 0xFF01 && point <= 0xFF5E) {
      out.push_back(static_cast<char>(point - 0xFF01 + '!'));
    } else if (point != 0x3000) {
      return false;
    }
  }
  return true;
}

bool IsDropped(UChar32 point) {
  return u_isUWhiteSpace(point) || u_iscntrl(point) ||
         u_hasBinaryProperty(point, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
}

std::string Nfkc(absl::string_view text) {
  static const icu::Normalizer2* const normalizer = [] {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* const nfkc = icu::Normalizer2::getNFKCInstance(status);
    return U_SUCCESS(status) ? nfkc : nullptr;
  }();
  UErrorCode status = normalizer == nullptr ? U_MISSING_RESOURCE_ERROR : U_ZERO_ERROR;
  std::string out;
  if (normalizer != nullptr) {
    icu::StringByteSink<std::string> sink(&out, static_cast<std::int32_t>(text.size()));
    normalizer->normalizeUTF8(0,
                              icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())),
                              sink, nullptr, status);
  }
  // Fails only without ICU's data or without memory.
  return U_SUCCESS(status) ? out : std::string(text);
}

bool IsNameDot(UChar32 point) {
  switch (point) {
    case kNameDot:
    case 0x2022:  // bullet
    case 0x2027:  // hyphenation point
    case 0x2219:  // bullet operator
    case 0x22C5:  // dot operator
    case 0x25CF:  // black circle
    case 0x2E31:  // word separator middle dot
    case 0x30FB:  // katakana middle dot; U+FF65 is this after NFKC
      return true;
    default:
      return false;
  }
}

}  // namespace

bool IsValidUtf8(absl::string_view text) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto length = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < length;) {
    UChar32 point = 0;
    U8_NEXT(bytes, i, length, point);
    if (point < 0) return false;
  }
  return true;
}

std::string NormalizeText(absl::string_view text) {
  std::string out;
  if (NormalizeCommon(text, out)) return out;
  const std::string composed = Nfkc(text);
  out.clear();
  out.reserve(composed.size());
  for (const UChar32 point : CodePoints(composed)) {
    if (!IsDropped(point)) Append(out, point);
  }
  return out;
}

std::string NormalizeName(absl::string_view text) {
  std::string normal = NormalizeText(text);
  // The first bytes of all dots but kNameDot, which is left as it is.
  const bool may_have_dot = std::any_of(
      normal.begin(), normal.end(), [](char c) { return c == '.' || c == '\xE2' || c == '\xE3'; });
  if (!may_have_dot) return normal;
  const std::vector<UChar32> points = CodePoints(normal);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    // A full stop is a name dot between characters that are not Latin.
    const bool full_stop = points[i] == '.' && i > 0 && i + 1 < points.size() &&
                           points[i - 1] > 0x7F && points[i + 1] > 0x7F;
    Append(out, full_stop || IsNameDot(points[i]) ? kNameDot : points[i]);
  }
  return out;
}

bool IsUnknownCharacter(char32_t character) {
  return character == '?' || character == 0x25A1 || character == 0x3013 ||
         character == kReplacement;
}

bool HasUnknownCharacter(absl::string_view name) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(name.data());
  const auto length = static_cast<std::int32_t>(name.size());
  for (std::int32_t i = 0; i < length;) {
    if (bytes[i] < 0x80) {
      if (bytes[i++] == '?') return true;
      continue;
    }
    UChar32 point = 0;
    U8_NEXT_OR_FFFD(bytes, i, length, point);
    if (!IsCommonHan(point) && IsUnknownCharacter(static_cast<char32_t>(point))) return true;
  }
  return false;
}

bool NamesCompatible(absl::string_view a, absl::string_view b) {
  if (a.empty() || b.empty()) return false;
  if (!HasUnknownCharacter(a) && (a == b || !HasUnknownCharacter(b))) return a == b;
  const std::vector<UChar32> left = CodePoints(a);
  const std::vector<UChar32> right = CodePoints(b);
  // reach[i][j]: the first i and j characters can stand for the same; 2 if a known one agreed.
  const std::size_t width = right.size() + 1;
  std::vector<char> reach((left.size() + 1) * width, 0);
  const auto at = [&](std::size_t i, std::size_t j) -> char& { return reach[i * width + j]; };
  const auto raise = [](char& cell, char value) { cell = cell < value ? value : cell; };
  at(0, 0) = 1;
  for (std::size_t i = 0; i <= left.size(); ++i) {
    for (std::size_t j = 0; j <= right.size(); ++j) {
      if (at(i, j) == 0) continue;
      if (i < left.size() && j < right.size()) {
        const bool unknown = IsUnknownCharacter(left[i]) || IsUnknownCharacter(right[j]);
        if (unknown) raise(at(i + 1, j + 1), at(i, j));
        if (!unknown && left[i] == right[j]) at(i + 1, j + 1) = 2;
        if (i + 1 < left.size() && left[i] == '?' && left[i + 1] == '?') {
          raise(at(i + 2, j + 1), at(i, j));
        }
        if (j + 1 < right.size() && right[j] == '?' && right[j + 1] == '?') {
          raise(at(i + 1, j + 2), at(i, j));
        }
      }
    }
  }
  return at(left.size(), right.size()) == 2;
}

}  // namespace anqiao::model
