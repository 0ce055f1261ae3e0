#include "hub/engine/health_code.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace anqiao::engine {
namespace {

// 艾滋, 传染病, 感染, 梅毒, 病毒 in GB18030 and as UTF-16 code units.
struct Word {
  absl::string_view utf8;
  absl::string_view gb18030;
  std::u16string_view utf16;
};
constexpr Word kWords[] = {
    {"艾滋", "\xb0\xac\xd7\xcc", u"艾滋"},
    {"传染病", "\xb4\xab\xc8\xbe\xb2\xa1", u"传染病"},
    {"感染", "\xb8\xd0\xc8\xbe", u"感染"},
    {"梅毒", "\xc3\xb7\xb6\xbe", u"梅毒"},
    {"病毒", "\xb2\xa1\xb6\xbe", u"病毒"},
    {"hiv", "hiv", u"hiv"},
    {"aids", "aids", u"aids"},
};

std::string Utf16Bytes(std::u16string_view text, bool big_endian) {
  std::string bytes;
  for (const char16_t unit : text) {
    const char high = static_cast<char>(unit >> 8), low = static_cast<char>(unit & 0xff);
    bytes.push_back(big_endian ? high : low);
    bytes.push_back(big_endian ? low : high);
  }
  return bytes;
}

const std::vector<std::string>& Patterns() {
  static const auto* const patterns = [] {
    auto* all = new std::vector<std::string>;
    for (const Word& word : kWords) {
      all->emplace_back(word.utf8);
      all->emplace_back(word.gb18030);
      all->push_back(Utf16Bytes(word.utf16, true));
      all->push_back(Utf16Bytes(word.utf16, false));
    }
    // Compared with bytes whose ASCII letters were made small.
    for (std::string& pattern : *all) absl::AsciiStrToLower(&pattern);
    return all;
  }();
  return *patterns;
}

}  // namespace

bool NamesHealthCode(absl::string_view bytes) {
  const std::string lower = absl::AsciiStrToLower(bytes);
  return std::any_of(Patterns().begin(), Patterns().end(),
                     [&](const std::string& pattern) { return absl::StrContains(lower, pattern); });
}

}  // namespace anqiao::engine
