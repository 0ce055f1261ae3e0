// The ways in which agencies write one and the same value, and the ways in which they get it wrong.
//
// Pure: "random" decides. Functions that return a bool change the value and return true, or find
// nothing to change and return false.

#ifndef ANQIAO_TESTS_TESTING_REGISTER_SPELLING_H_
#define ANQIAO_TESTS_TESTING_REGISTER_SPELLING_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "hub/model/civil_date.h"
#include "tests/testing/register_population.h"
#include "tests/testing/register_random.h"

namespace anqiao::testing {

// Digits, capitals and "?" as their full-width forms.
std::string FullWidth(absl::string_view text);

// Names. "name" is without dot and spaces.
enum class CharacterMistake { kHomophone, kVariant, kLookalike, kUnknown, kPinyin, kSlip };
bool MistakeCharacter(Random& random, CharacterMistake mistake, std::string& name);
enum class RareLoss { kUnknown, kPinyin, kLegacy };
// A system lacks the character in "name" that is not in GBK: what becomes of it; nullopt if there
// is no such character, as in a former name.
std::optional<RareLoss> LoseRareCharacter(Random& random, std::string& name);
// "王 伟", "王　伟", or spaces around.
std::string SpacedName(Random& random, absl::string_view surname, absl::string_view given);
// A dot that is not U+00B7, or none.
absl::string_view OtherDot(Random& random);

// Dates. Eight digits.
std::string DateDigits(const model::CivilDate& date);
// 1985-03-15, 1985/3/15, 1985.03.15, 1985年3月15日.
std::string OtherDate(Random& random, const model::CivilDate& date);
// Year and month: 1985年3月, 198503, 1985-03.
std::string PartialDate(Random& random, const model::CivilDate& date);
// One digit of month, day or the last two of the year is wrong; the date exists.
bool MistypeDate(Random& random, model::CivilDate& date);
bool SwapDayAndMonth(model::CivilDate& date);

// ID numbers of 18 characters. Never in the first six, which stay a county that does not exist.
bool MistypeIdNumber(Random& random, std::string& number);
bool SwapIdDigits(Random& random, std::string& number);
// Full-width, in groups with spaces, or after an apostrophe.
std::string OtherIdNumber(Random& random, absl::string_view number);
// What a spreadsheet makes of it: the last three digits 000, or an exponent.
std::string CutIdNumber(Random& random, absl::string_view number);

// Phones of 11 digits. Never in the first four, 1900.
bool MistypePhone(Random& random, std::string& phone);
std::string OtherPhone(Random& random, absl::string_view phone);
// What is entered where a phone is demanded and none is known.
const std::string& PlaceholderPhone(Random& random);
// A landline of made-up district and number: local numbers do not begin with 9.
std::string Landline(Random& random, const RegisteredPerson& person);

// Addresses.
enum class AddressMistake { kNone, kPartMissing, kOtherNumber };
std::string SpelledAddress(Random& random, const Residence& residence, AddressMistake mistake);

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_REGISTER_SPELLING_H_
