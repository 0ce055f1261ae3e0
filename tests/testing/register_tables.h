// What Chinese names are made of and how they are mistaken: for registers of made-up people.
//
// Shares of surnames are about those that the Ministry of Public Security publishes; given names
// are common characters in about their order of frequency, by sex and by when they were in fashion.
// Readings agree with Unihan but for surnames that have their own.
//
// Characters are passed as their UTF-8 text. Pure and thread-safe.

#ifndef ANQIAO_TESTS_TESTING_REGISTER_TABLES_H_
#define ANQIAO_TESTS_TESTING_REGISTER_TABLES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/testing/register_random.h"

namespace anqiao::testing {

// One of about 200, some of two characters.
const std::string& DrawSurname(Random& random);
// One or two characters as they were in fashion in "birth_year". Sex: '1' man, '2' woman.
std::string DrawGivenName(Random& random, char sex, int birth_year);
// Another given name that keeps one character of "given" if that has two, as siblings' names do.
std::string DrawSiblingName(Random& random, char sex, int birth_year, absl::string_view given);
// The part of a Uyghur name before or after the dot.
const std::string& DrawUyghurName(Random& random, char sex);

struct RareCharacter {
  absl::string_view character;
  absl::string_view reading;  // Pinyin without tones.
  // The code point for private use that stood for it before GB 18030-2005; empty if none did.
  absl::string_view legacy;
};
// A character outside GBK. Half of them have four bytes in UTF-8.
const RareCharacter& DrawRareCharacter(Random& random);
// Null if "character" is not one of them.
const RareCharacter* FindRareCharacter(absl::string_view character);

// Pinyin without tones, empty if it is not in the table. A surname may have a reading of its own.
absl::string_view ReadingOf(absl::string_view character);
// All of these are empty if there is no such character, and never hold "character" itself.
// Characters with the same reading but for the tone, as an input method offers them.
const std::vector<std::string>& HomophonesOf(absl::string_view character);
// The traditional character, or another that is written for the same.
const std::vector<std::string>& VariantsOf(absl::string_view character);
// Characters that look much the same.
const std::vector<std::string>& LookalikesOf(absl::string_view character);

// "text" cut into its characters. Requires: valid UTF-8.
std::vector<absl::string_view> CharactersOf(absl::string_view text);

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_REGISTER_TABLES_H_
