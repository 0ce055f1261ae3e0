#include "hub/identity/readings.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "hub/identity/readings_data.h"
#include "hub/model/names.h"

namespace anqiao::identity {
namespace {

constexpr char32_t kBrokenCharacter = 0xFFFD;

// The character at "at", which moves past it; kBrokenCharacter if it is not UTF-8.
char32_t Next(absl::string_view text, std::size_t& at) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  UChar32 point = 0;
  U8_NEXT_OR_FFFD(bytes, at, text.size(), point);
  return static_cast<char32_t>(point);
}

void Append(std::string& out, char32_t point) {
  char bytes[U8_MAX_LENGTH];
  std::size_t size = 0;
  U8_APPEND_UNSAFE(bytes, size, point);
  out.append(bytes, size);
}

// The value of a two-step table.
std::uint16_t Find(const std::uint16_t* pages, const std::uint16_t* values, char32_t point) {
  if (point >= kCharactersEnd) return 0;
  const std::size_t page = pages[point >> kPageBits];
  return values[(page << kPageBits) | (point & ((1 << kPageBits) - 1))];
}

char32_t Form(char32_t point) {
  const std::uint16_t target = Find(kFormsPages, kForms, point);
  return target == 0 ? point : kFormTargets[target];
}

// Null if the surname is read as usual, or is none.
const SurnameRow* FindSurname(char32_t first, char32_t second) {
  const SurnameRow* const end = kSurnames + kSurnameCount;
  const auto less = [](const SurnameRow& row, const std::pair<char32_t, char32_t>& key) {
    return std::pair(row.first, row.second) < key;
  };
  const SurnameRow* const row = std::lower_bound(kSurnames, end, std::pair(first, second), less);
  return row != end && row->first == first && row->second == second ? row : nullptr;
}

bool IsRunOfAscii(char32_t point) { return point > ' ' && point < 0x7F && point != '?'; }

// The row of the surname of "name", without a dot.
const SurnameRow* SurnameOf(absl::string_view name) {
  std::size_t at = 0;
  const char32_t first = Form(Next(name, at));
  if (at < name.size()) {
    if (const SurnameRow* row = FindSurname(first, Form(Next(name, at)))) return row;
  }
  return FindSurname(first, 0);
}

// The words of a reading.
class Words {
 public:
  void Add(absl::string_view word) {
    Separate();
    text_.append(word.data(), word.size());
  }

  void Add(const Syllable& syllable) { Add(absl::string_view(syllable.text, syllable.size)); }

  void Add(char32_t point) {
    Separate();
    Append(text_, point);
  }

  // Belongs to the word before if that is such a run too.
  void AddToRun(char32_t point) {
    if (!in_run_) Separate();
    in_run_ = true;
    text_.push_back(absl::ascii_tolower(static_cast<unsigned char>(point)));
  }

  void EndRun() { in_run_ = false; }

  std::string Take() { return std::move(text_); }

 private:
  void Separate() {
    if (!text_.empty()) text_.push_back(' ');
    in_run_ = false;
  }

  std::string text_;
  bool in_run_ = false;
};

// Reads "name"; "surname", if any, are the syllables of its first characters.
std::string Read(absl::string_view name, const std::uint16_t* surname, std::size_t surname_size) {
  Words words;
  std::size_t index = 0;
  for (std::size_t at = 0; at < name.size(); ++index) {
    const char32_t point = Form(Next(name, at));
    if (index < surname_size) {
      words.Add(kSyllables[surname[index]]);
    } else if (IsRunOfAscii(point)) {
      words.AddToRun(point);
    } else if (point == model::kNameDot || point == ' ') {
      words.EndRun();
    } else if (model::IsUnknownCharacter(point)) {
      words.Add("?");
    } else if (const std::uint16_t syllable = Find(kReadingsPages, kReadings, point)) {
      words.Add(kSyllables[syllable]);
    } else {
      words.Add(point);
    }
  }
  return words.Take();
}

// Where the first dot is; npos if there is none.
std::size_t FindDot(absl::string_view name) { return name.find("\u00B7"); }

}  // namespace

std::string FoldVariants(absl::string_view name) {
  std::string out;
  out.reserve(name.size());
  // Most characters are their own form: copied in runs.
  std::size_t copied = 0;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t start = at;
    const char32_t point = Next(name, at);
    const char32_t form = Form(point);
    if (form == point && point != kBrokenCharacter) continue;
    out.append(name.data() + copied, start - copied);
    Append(out, form);
    copied = at;
  }
  out.append(name.data() + copied, name.size() - copied);
  return out;
}

std::vector<std::string> NameReadings(absl::string_view name) {
  std::vector<std::string> readings;
  if (name.empty()) return readings;
  const SurnameRow* const row = FindDot(name) == name.npos ? SurnameOf(name) : nullptr;
  if (row == nullptr) {
    std::string reading = Read(name, nullptr, 0);
    if (!reading.empty()) readings.push_back(std::move(reading));
    return readings;
  }
  for (const auto& reading : row->readings) {
    if (reading[0] != 0) readings.push_back(Read(name, reading, row->second == 0 ? 1 : 2));
  }
  return readings;
}

std::size_t SurnameBytes(absl::string_view name) {
  const std::size_t dot = FindDot(name);
  if (dot != name.npos) return dot;
  std::size_t at = 0;
  while (at < name.size() && IsRunOfAscii(static_cast<unsigned char>(name[at]))) ++at;
  if (at > 0 || name.empty()) return at;
  const char32_t first = Form(Next(name, at));
  std::size_t after = at;
  if (after == name.size()) return at;
  const char32_t second = Form(Next(name, after));
  return after < name.size() && FindSurname(first, second) != nullptr ? after : at;
}

}  // namespace anqiao::identity
