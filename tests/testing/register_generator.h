// Registers of made-up people: labelled records such as four kinds of agencies keep them, with the
// mistakes that they make, for tests, benchmarks and training of the resolver of identities.
//
//   const RegisterGenerator generator({.seed = 7, .people = 100'000});
//   generator.Visit(0, 100'000, [&](const LabelledRecord& record) { ... });
//
// A person's records are a pure function of the seed, the rates and the person's index: nothing is
// kept in memory, any range can be visited by itself, and a larger register begins with the same
// people. About two records a person.
//
// Nobody in it exists: county codes were never assigned (digits 5 and 6 are 91 to 99), mobile
// phones begin with 1900 (but for the placeholders that people enter) and landlines have numbers
// that no exchange gives out. Check digits are right unless a mistake was planted.
//
// The rates were chosen from what is known of such registers in general and from no data set.
//
// Thread-safe.

#ifndef ANQIAO_TESTS_TESTING_REGISTER_GENERATOR_H_
#define ANQIAO_TESTS_TESTING_REGISTER_GENERATOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "tests/testing/register_population.h"
#include "tests/testing/register_random.h"

namespace anqiao::testing {

// What is wrong or unusual about a record, as bits of LabelledRecord::mistakes.
enum Mistake : std::uint32_t {
  kNameHomophone = 1U << 0,
  kNameVariant = 1U << 1,  // Traditional, or another character for the same.
  kNameLookalike = 1U << 2,
  kNameUnknown = 1U << 3,   // "?", "□" and the like for a character.
  kNamePinyin = 1U << 4,    // A character's reading.
  kNameLegacy = 1U << 5,    // A code point for private use, from before GB 18030-2005.
  kNameSpelling = 1U << 6,  // Spaces, another dot or none.
  kNameFormer = 1U << 7,    // From before the person changed it.
  kSexWrong = 1U << 8,
  kSexUnknown = 1U << 9,  // "0".
  kBirthTypo = 1U << 10,
  kBirthDayMonth = 1U << 11,
  kBirthDefault = 1U << 12,  // 1 January of the year, or 19000101.
  kBirthSpelling = 1U << 13,
  kBirthPartial = 1U << 14,  // Year and month.
  kIdOldCard = 1U << 15,     // 15 digits.
  kIdDigit = 1U << 16,
  kIdSwap = 1U << 17,
  kIdSpelling = 1U << 18,  // Full-width, spaces, apostrophe, small x.
  kIdCut = 1U << 19,       // By a spreadsheet.
  kIdBorrowed = 1U << 20,  // Another person's valid number.
  kPhoneDigit = 1U << 21,
  kPhoneOld = 1U << 22,
  kPhoneShared = 1U << 23,  // The head's of the household, or a community worker's.
  kPhonePlaceholder = 1U << 24,
  kPhoneLandline = 1U << 25,
  kPhoneSpelling = 1U << 26,
  kDivisionOther = 1U << 27,  // Where the ID number was given out and not where the person lives.
  kAddressOld = 1U << 28,     // And the division.
  kAddressPart = 1U << 29,    // A part is missing.
  kAddressNumber = 1U << 30,  // Another house number.
  kNameSlip = 1U << 31,       // A character of the given name left out, or two swapped.
};

struct LabelledRecord {
  std::string record_id;  // 16 hexadecimal digits that say nothing; unique in the register.
  std::string source;     // police, civil, employment, tax
  std::string name;
  std::string sex;         // "1" man, "2" woman, "0" unknown, or empty
  std::string birth_date;  // "19850315", other spellings, or empty
  std::string id_number;
  std::string phone;
  std::string division;  // Six digits, or empty.
  std::string address;
  std::string issued_number;  // "police/P-00071234", what the agency calls the person; or empty
  std::int64_t person = 0;
  std::uint32_t mistakes = 0;  // Of Mistake.

  friend bool operator==(const LabelledRecord&, const LabelledRecord&) = default;
};

// Shares of the records in which the field is filled, unless something else is said.
struct MistakeRates {
  // Names. At most one of the first six; spaced names and lost rare characters come first.
  // A clerk picks one of the names that the input method offers for a reading: the most frequent.
  double name_homophone = 0.010;
  // Registers filled in from old papers, or from Hong Kong, Macao and Taiwan.
  double name_variant = 0.006;
  // Read from handwriting.
  double name_lookalike = 0.003;
  // What a change of encodings left behind; far more often for rare characters (SourceRates).
  double name_unknown = 0.001;
  // As one writes what the keyboard cannot find.
  double name_pinyin = 0.0005;
  // Typed from memory or in a hurry: 王英秀 or 王秀 for 王秀英.
  double name_slip = 0.004;
  // 王 伟: names of two characters are stretched in printed lists.
  double name_spaced = 0.012;
  // Of names with a dot: systems do not agree on it.
  double dot_otherwise = 0.30;

  // A slip in a list of two choices; sources that derive it from the number have none.
  double sex_wrong = 0.003;
  double sex_unknown = 0.005;

  // Birth dates. At most one of these.
  // Typed from paper; most systems refuse a date that does not exist.
  double birth_typo = 0.006;
  // Files that went through a spreadsheet of another region; 11 days of 30 can be swapped.
  double birth_day_month = 0.002;
  // The day was not known: 1 January.
  double birth_default = 0.004;
  // Only year and month were asked for.
  double birth_partial = 0.004;
  // Sheets that people keep by hand.
  double birth_spelling = 0.05;

  // ID numbers. At most one of these.
  // Many are read by a machine or checked; those from paper are mistyped in some of 100.
  double id_digit = 0.005;
  double id_swap = 0.002;
  // To get a job or a benefit; two thirds are a relative's, and half bring the lender's birth date.
  double id_borrowed = 0.002;
  // Full-width digits, spaces, an apostrophe: what sheets and forms do.
  double id_spelling = 0.010;
  // The column was not kept as text.
  double id_cut = 0.001;
  // Of those born before 1984, who had cards of 15 digits.
  double id_old_card = 0.02;
  // Of numbers that end in X.
  double id_small_x = 0.25;

  // Phones. At most one of the first three.
  // A form demanded one.
  double phone_placeholder = 0.010;
  // A community worker enters the own number for those who have none.
  double phone_worker = 0.004;
  double phone_landline = 0.015;
  // The head of the household's instead of one's own: under 14 years, from 70 on, and others.
  double phone_head_child = 0.70;
  double phone_head_old = 0.30;
  double phone_head_other = 0.06;
  // Nothing checks it.
  double phone_digit = 0.008;
  // +86, hyphens, spaces, full-width.
  double phone_spelling = 0.06;

  // How much of the records is from before a person moved, or had another phone or name.
  double outdated = 0.35;

  // The division of the ID number, taken for that of residence. Not known without a number.
  double division_other = 0.03;
  // How an address is written differs in every record; this is what is lost.
  double address_part = 0.06;
  double address_number = 0.005;

  // An agency's own numbers. Whom it did not recognise it numbered again.
  double issued_again = 0.10;
  double issued_digit = 0.003;
};

// What a kind of agency knows and lacks.
struct SourceRates {
  absl::string_view source;
  // How much of all records.
  double child, adult, old;  // Under 16 years, to 69, and from 70 on.
  // How often a field is empty.
  double no_sex, no_birth, no_id, no_phone, no_division, no_address;
  // How often the system cannot write a character outside GBK.
  double loses_rare;
  // How often the own number was not passed on.
  double no_issued_number;
};
// Police know nearly all; tax offices keep name and number of those who pay; households on relief
// are listed without dates of birth, which are in the number.
inline constexpr SourceRates kSources[] = {
    {"police", 0.20, 0.32, 0.30, 0.005, 0.08, 0.04, 0.25, 0.03, 0.05, 0.05, 0.10},
    {"civil", 0.80, 0.24, 0.60, 0.10, 0.35, 0.03, 0.20, 0.02, 0.03, 0.40, 0.25},
    {"employment", 0.00, 0.32, 0.08, 0.01, 0.05, 0.03, 0.05, 0.08, 0.12, 0.40, 0.15},
    {"tax", 0.00, 0.12, 0.02, 0.60, 0.70, 0.01, 0.40, 0.30, 0.60, 0.20, 0.05}};

struct RegisterOptions {
  std::uint64_t seed = 1;
  std::int64_t people = 10'000;
  PopulationOptions population = {};
  MistakeRates rates = {};
  // For all of "rates" but what is true of people: "outdated" and phones of the household. 0: none.
  double mistakes_scale = 1;
  // Shares of people with one, two, three and four records. Children have two at most.
  double records[4] = {0.30, 0.35, 0.22, 0.13};
};

class RegisterGenerator {
 public:
  using Visitor = absl::FunctionRef<void(const LabelledRecord&)>;

  explicit RegisterGenerator(RegisterOptions options);

  // The records of the people from "first" to before "last", in order. The record that is passed
  // is overwritten by the next. Requires: 0 <= first, last <= options().people.
  void Visit(std::int64_t first, std::int64_t last, Visitor visit) const;
  std::vector<LabelledRecord> RecordsOf(std::int64_t person) const;
  // All of a small register, in the order of people.
  std::vector<LabelledRecord> Records() const;
  // The same in an order of arrival that "order" decides.
  std::vector<LabelledRecord> ShuffledRecords(std::uint64_t order) const;

  // Who somebody truly is.
  RegisteredPerson PersonOf(std::int64_t person) const;

  const RegisterOptions& options() const { return options_; }
  const Population& population() const { return population_; }

 private:
  using Block = std::vector<RegisteredPerson>;

  void VisitPerson(const Block& block, const RegisteredPerson& person, LabelledRecord& record,
                   Visitor visit) const;
  void WriteName(Random& random, const RegisteredPerson& person, const SourceRates& source,
                 LabelledRecord& record) const;
  void WriteSex(Random& random, const RegisteredPerson& person, const SourceRates& source,
                LabelledRecord& record) const;
  // Sets "birth" to that of a lender whose date is written as well.
  void WriteIdNumber(Random& random, const Block& block, const RegisteredPerson& person,
                     const SourceRates& source, model::CivilDate& birth,
                     LabelledRecord& record) const;
  void WriteBirthDate(Random& random, model::CivilDate birth, const SourceRates& source,
                      LabelledRecord& record) const;
  void WritePhone(Random& random, const RegisteredPerson& person, const SourceRates& source,
                  LabelledRecord& record) const;
  void WriteResidence(Random& random, const RegisteredPerson& person, const SourceRates& source,
                      LabelledRecord& record) const;
  // "again": the agency has a record of the person already.
  void WriteIssuedNumber(Random& random, const RegisteredPerson& person, std::size_t source,
                         bool again, LabelledRecord& record) const;
  // Somebody else with an ID number, of the household if there is one and "random" wants it; no
  // number: nobody was found.
  RegisteredPerson Lender(Random& random, const Block& block, const RegisteredPerson& person) const;

  const RegisterOptions options_;
  const MistakeRates rates_;  // Scaled.
  const Population population_;
};

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_REGISTER_GENERATOR_H_
