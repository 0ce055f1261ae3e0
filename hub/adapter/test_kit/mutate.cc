#include "hub/adapter/test_kit/mutate.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"

namespace anqiao::test_kit {
namespace {

constexpr std::size_t kPayloadBytesMax = std::size_t{4} << 20;
constexpr std::size_t kLongLineBytesMax = std::size_t{1} << 20;

// What readers look for, and what they trip over.
constexpr std::array<absl::string_view, 20> kNasty = {
    "\"", "\n", "\r",   ",",    "|",    ";",  "\t", "<",    "]]>", "&#x0;",
    "{",  "[",  "\\u0", "\x7F", "\xFF", "\\", "'",  "<!--", "}",   "-"};

// Whole and broken pieces of UTF-8, GB18030 (two and four bytes), UTF-16 and byte order marks.
constexpr std::array<absl::string_view, 14> kEncodings = {
    "\xEF\xBB\xBF", "\xFF\xFE",         "\xE6\xA0\xB7",     "\xE6\xA0", "\xD1\xF9",
    "\xD1",         "\x81\x30\x81\x30", "\x81\x30\x81",     "\x81\x30", "\xF0\xA0\x80\x80",
    "\xC0\x80",     "\xED\xA0\x80",     "\x84\x31\x95\x33", "\x95\x7C"};

}  // namespace

std::size_t Mutator::Below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

Input Mutator::Next() {
  Input input = inputs_[Below(inputs_.size())];
  std::string how;
  const std::size_t changes = 1 + Below(1 + Below(8));
  for (std::size_t i = 0; i < changes; ++i) {
    absl::StrAppend(&how, i > 0 ? "," : "", Change(input.payload));
  }
  if (input.payload.size() > kPayloadBytesMax) input.payload.resize(kPayloadBytesMax);
  input.name = absl::StrCat(input.name, "#", ++count_, " ", how);
  return input;
}

absl::string_view Mutator::Change(std::string& payload) {
  const std::size_t at = Below(payload.size() + 1);
  const std::size_t kind = Below(10);
  return kind < 5 ? ChangeBytes(payload, at, kind) : ChangeStructure(payload, at, kind - 5);
}

absl::string_view Mutator::ChangeBytes(std::string& payload, std::size_t at, std::size_t kind) {
  switch (kind) {
    case 0:
      payload.resize(at);
      return "cut";
    case 1:
      if (at < payload.size()) {
        payload[at] = static_cast<char>(payload[at] ^ (1 << Below(8)));
      }
      return "flip";
    case 2:
      if (at < payload.size()) payload[at] = static_cast<char>(Below(256));
      return "byte";
    case 3: {
      const absl::string_view nasty = kNasty[Below(kNasty.size())];
      payload.replace(at, Below(3), nasty.data(), nasty.size());
      return "nasty";
    }
    default: {
      const absl::string_view piece = kEncodings[Below(kEncodings.size())];
      payload.replace(at, Below(3), piece.data(), piece.size());
      return "encoding";
    }
  }
}

absl::string_view Mutator::ChangeStructure(std::string& payload, std::size_t at, std::size_t kind) {
  switch (kind) {
    case 0: {
      const std::string& other = inputs_[Below(inputs_.size())].payload;
      // One draw a statement: compilers differ in the order of arguments.
      const std::size_t from = Below(other.size() + 1);
      const std::size_t replaced = Below(64);
      const std::size_t taken = Below(other.size() - from + 1);
      payload.replace(at, replaced, other, from, taken);
      return "splice";
    }
    case 1:
      SwapFields(payload, at);
      return "swap";
    case 2: {  // a row again, or gone
      const std::size_t begin = at == 0 ? 0 : payload.rfind('\n', at - 1) + 1;
      const std::size_t end = std::min(payload.find('\n', at), payload.size());
      if (Below(2) == 0) {
        payload.insert(begin, payload.substr(begin, end - begin) + "\n");
        return "repeat";
      }
      payload.erase(begin, end - begin + 1);
      return "remove";
    }
    case 3: {
      static constexpr std::array<char, 5> kFill = {'a', '9', ' ', '\0', '\xB0'};
      // Mostly near the bounds that readers have; a whole MiB is rare, since it is slow.
      const std::size_t length = Below(8) == 0 ? Below(kLongLineBytesMax) : Below(70000);
      const std::size_t count = Below(4) == 0 ? length : length / 64;
      const char fill = kFill[Below(kFill.size())];
      payload.insert(at, std::string(count, fill));
      return "long";
    }
    default:
      payload.erase(at, Below(32));
      return "erase";
  }
}

// Two neighbouring values change places; what separates them is the commonest of , ; | and tab.
void Mutator::SwapFields(std::string& payload, std::size_t at) {
  char separator = ',';
  std::ptrdiff_t most = 0;
  for (const char candidate : {',', ';', '|', '\t', '<'}) {
    const auto count = std::count(payload.begin(), payload.end(), candidate);
    if (count > most) {
      most = count;
      separator = candidate;
    }
  }
  const std::size_t first = payload.find(separator, at);
  if (first == std::string::npos) return;
  const std::size_t second = payload.find(separator, first + 1);
  if (second == std::string::npos) return;
  const std::size_t third =
      std::min(payload.find_first_of(std::string{separator, '\n'}, second + 1), payload.size());
  const std::string swapped =
      absl::StrCat(payload.substr(second, third - second), payload.substr(first, second - first));
  payload.replace(first, third - first, swapped);
}

}  // namespace anqiao::test_kit
