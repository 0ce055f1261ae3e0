#include "hub/identity/text_distance.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>

namespace anqiao::identity {
namespace {

constexpr char32_t kBroken = 0xFFFD;

// The character at the beginning of "text" and its length; a single byte as kBroken if it is none.
char32_t Decode(absl::string_view text, std::size_t& length) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = at(0);
  length = 1;
  if (first < 0x80) return first;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return kBroken;
  char32_t character = first & (0x7F >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return kBroken;
    character = character << 6 | (at(i) & 0x3F);
  }
  length = size;
  return character;
}

std::u32string_view Bounded(std::u32string_view text) { return text.substr(0, kTextCharactersMax); }

}  // namespace

std::u32string Characters(absl::string_view text) {
  CharacterBuffer buffer;
  return std::u32string(Characters(text, buffer));
}

std::u32string_view Characters(absl::string_view text, CharacterBuffer& buffer) {
  std::size_t count = 0;
  while (!text.empty() && count < buffer.size()) {
    std::size_t length = 0;
    buffer[count++] = Decode(text, length);
    text.remove_prefix(length);
  }
  return std::u32string_view(buffer.data(), count);
}

std::string Utf8(char32_t character) {
  std::string text;
  if (character < 0x80) {
    text.push_back(static_cast<char>(character));
    return text;
  }
  const int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
  text.push_back(static_cast<char>((0xF00 >> (more + 1) & 0xFF) | character >> (6 * more)));
  for (int i = more - 1; i >= 0; --i) {
    text.push_back(static_cast<char>(0x80 | (character >> (6 * i) & 0x3F)));
  }
  return text;
}

std::size_t EditDistance(std::u32string_view a, std::u32string_view b, std::size_t limit) {
  a = Bounded(a);
  b = Bounded(b);
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > limit) return limit + 1;
  // What both begin or end with needs no change.
  while (!a.empty() && a.front() == b.front()) {
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  while (!a.empty() && a.back() == b.back()) {
    a.remove_suffix(1);
    b.remove_suffix(1);
  }
  if (a.empty()) return b.size();
  std::array<std::array<std::size_t, kTextCharactersMax + 1>, 3> rows;
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i - 1) % 3];
    row[0] = i;
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], rows[(i - 2) % 3][j - 2] + 1);
      }
      least = std::min(least, row[j]);
    }
    // A swap reaches over one row, and never lowers what a row without it has by more than one.
    if (least > limit + 1) return limit + 1;
  }
  return std::min(rows[a.size() % 3][b.size()], limit + 1);
}

double JaroWinkler(std::u32string_view a, std::u32string_view b) {
  a = Bounded(a);
  b = Bounded(b);
  if (a.empty() || b.empty()) return a.empty() && b.empty() ? 1 : 0;
  const std::size_t longer = std::max(a.size(), b.size());
  const std::size_t window = longer < 4 ? 0 : longer / 2 - 1;
  std::bitset<kTextCharactersMax> matched_a, matched_b;
  std::size_t matches = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t end = std::min(b.size(), i + window + 1);
    for (std::size_t j = i > window ? i - window : 0; j < end; ++j) {
      if (matched_b[j] || a[i] != b[j]) continue;
      matched_a[i] = matched_b[j] = true;
      ++matches;
      break;
    }
  }
  if (matches == 0) return 0;
  std::size_t out_of_order = 0;
  for (std::size_t i = 0, j = 0; i < a.size(); ++i) {
    if (!matched_a[i]) continue;
    while (!matched_b[j]) ++j;
    if (a[i] != b[j++]) ++out_of_order;
  }
  const double m = static_cast<double>(matches);
  const double jaro = (m / static_cast<double>(a.size()) + m / static_cast<double>(b.size()) +
                       (m - static_cast<double>(out_of_order) / 2) / m) /
                      3;
  std::size_t prefix = 0;
  while (prefix < std::min<std::size_t>({4, a.size(), b.size()}) && a[prefix] == b[prefix]) {
    ++prefix;
  }
  return jaro + 0.1 * static_cast<double>(prefix) * (1 - jaro);
}

bool SameCharacters(std::u32string_view a, std::u32string_view b) {
  if (a.size() != b.size()) return false;
  return std::is_permutation(a.begin(), a.end(), b.begin());
}

}  // namespace anqiao::identity
