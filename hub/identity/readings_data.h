// Tables of readings.cc, written at build time by readings_generate.py.
//
// Forms and readings of characters are tables of two steps: the page of 16 code points, then the
// value in the page. Code points from kCharactersEnd on have neither.

#ifndef ANQIAO_HUB_IDENTITY_READINGS_DATA_H_
#define ANQIAO_HUB_IDENTITY_READINGS_DATA_H_

#include <cstddef>
#include <cstdint>

namespace anqiao::identity {

inline constexpr int kPageBits = 4;

extern const char32_t kCharactersEnd;

// Number of the syllable in kSyllables; 0: no reading, or not the form that FoldVariants gives.
extern const std::uint16_t kReadingsPages[];
extern const std::uint16_t kReadings[];

// Number of the character in kFormTargets that this one becomes; 0: stays.
extern const std::uint16_t kFormsPages[];
extern const std::uint16_t kForms[];
extern const char32_t kFormTargets[];

struct Syllable {
  std::uint8_t size;
  char text[7];
};
extern const Syllable kSyllables[];

// Sorted by both characters.
struct SurnameRow {
  char32_t first;
  // 0: a surname of one character.
  char32_t second;
  // Numbers of syllables, one a character; the second reading is 0 where there is one.
  std::uint16_t readings[2][2];
};
extern const SurnameRow kSurnames[];
extern const std::size_t kSurnameCount;

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_READINGS_DATA_H_
