#include "tests/testing/register_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "hub/model/identifiers.h"
#include "hub/model/names.h"
#include "hub/model/phones.h"
#include "tests/testing/register_tables.h"

namespace anqiao::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::int64_t kPeople = 100'000;
constexpr std::uint32_t kWrongId = kIdDigit | kIdSwap | kIdCut;

const RegisterGenerator& Large() {
  static const auto& generator = *new RegisterGenerator({.seed = 7, .people = kPeople});
  return generator;
}

const std::vector<RegisteredPerson>& LargePeople() {
  static const auto& people = *new std::vector<RegisteredPerson>([] {
    std::vector<RegisteredPerson> all;
    std::vector<RegisteredPerson> block;
    for (std::int64_t i = 0; i < kPeople; i += Population::kBlock) {
      Large().population().FillBlock(i / Population::kBlock, block);
      all.insert(all.end(), block.begin(), block.end());
    }
    return all;
  }());
  return people;
}

void ForEachRecord(RegisterGenerator::Visitor visit) { Large().Visit(0, kPeople, visit); }

bool IsMadeUpCounty(absl::string_view digits) {
  return digits.size() >= 6 && digits[4] == '9' && digits[5] >= '1' && digits[5] <= '9';
}

// Digits of a number however it is spelled.
std::string DigitsOf(const std::string& text) {
  std::string digits;
  for (const char c : model::NormalizeText(text)) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  return digits;
}

TEST(RegisterGeneratorTest, TheSeedDecides) {
  const RegisterOptions options = {.seed = 3, .people = 500};
  EXPECT_EQ(RegisterGenerator(options).Records(), RegisterGenerator(options).Records());
  EXPECT_NE(RegisterGenerator(options).Records(),
            RegisterGenerator({.seed = 4, .people = 500}).Records());
}

// What was measured or trained on a register can be done again: a change here is a change of all
// registers.
TEST(RegisterGeneratorTest, TheRecordsOfASeedStayAsTheyAre) {
  std::uint64_t digest = 0;
  Large().Visit(0, 2000, [&](const LabelledRecord& record) {
    for (const std::string* field :
         {&record.record_id, &record.source, &record.name, &record.sex, &record.birth_date,
          &record.id_number, &record.phone, &record.division, &record.address}) {
      for (const char c : *field) digest = Mix(digest + static_cast<unsigned char>(c));
      digest = Mix(digest + 256);
    }
  });
  EXPECT_EQ(digest, 17313624203619170932U);
}

TEST(RegisterGeneratorTest, AgenciesNumberTheirClients) {
  // For each person and agency the numbers and how many records have them.
  std::map<std::pair<std::int64_t, std::string>, std::map<std::string, int>> numbers;
  std::map<std::string, std::set<std::int64_t>> people;
  std::int64_t records = 0, numbered = 0;
  ForEachRecord([&](const LabelledRecord& record) {
    ++records;
    if (record.issued_number.empty()) return;
    ++numbered;
    EXPECT_TRUE(absl::StartsWith(record.issued_number, record.source + "/"));
    EXPECT_EQ(record.issued_number.size(), record.source.size() + 11) << record.issued_number;
    ++numbers[{record.person, record.source}][record.issued_number];
    people[record.issued_number].insert(record.person);
  });
  EXPECT_NEAR(static_cast<double>(numbered), 0.85 * static_cast<double>(records),
              0.05 * static_cast<double>(records));
  std::int64_t several = 0, two_numbers = 0, shared = 0;
  for (const auto& [client, of_client] : numbers) {
    int count = 0;
    for (const auto& [number, times] : of_client) count += times;
    if (count < 2) continue;
    ++several;
    if (of_client.size() > 1) ++two_numbers;
  }
  for (const auto& [number, of_number] : people) shared += of_number.size() > 1 ? 1 : 0;
  EXPECT_GT(several, kPeople / 100);
  EXPECT_GT(two_numbers, several / 20);
  EXPECT_LT(two_numbers, several / 5);
  EXPECT_LT(shared, 10);
}

TEST(RegisterGeneratorTest, AnyRangeEqualsThatOfTheWhole) {
  const RegisterGenerator generator({.seed = 5, .people = 1000});
  const std::vector<LabelledRecord> whole = generator.Records();
  std::vector<LabelledRecord> single;
  std::vector<LabelledRecord> ranges;
  for (std::int64_t i = 0; i < 1000; ++i) {
    for (LabelledRecord& record : generator.RecordsOf(i)) single.push_back(std::move(record));
  }
  for (std::int64_t i = 0; i < 1000; i += 37) {
    generator.Visit(i, std::min<std::int64_t>(i + 37, 1000),
                    [&](const LabelledRecord& record) { ranges.push_back(record); });
  }
  EXPECT_EQ(single, whole);
  EXPECT_EQ(ranges, whole);
}

TEST(RegisterGeneratorTest, ALargerRegisterBeginsWithTheSamePeople) {
  const RegisterGenerator small({.seed = 5, .people = 500});
  const RegisterGenerator large({.seed = 5, .people = 1'000'000});
  for (std::int64_t i = 0; i < 500; ++i) EXPECT_EQ(small.RecordsOf(i), large.RecordsOf(i));
  EXPECT_THAT(large.RecordsOf(999'999), Not(IsEmpty()));
}

TEST(RegisterGeneratorTest, ShufflingChangesTheOrderOnly) {
  const RegisterGenerator generator({.seed = 5, .people = 300});
  std::vector<LabelledRecord> whole = generator.Records();
  std::vector<LabelledRecord> shuffled = generator.ShuffledRecords(1);
  EXPECT_EQ(shuffled, generator.ShuffledRecords(1));
  EXPECT_NE(shuffled, generator.ShuffledRecords(2));
  EXPECT_NE(shuffled, whole);
  const auto by_id = [](const LabelledRecord& a, const LabelledRecord& b) {
    return a.record_id < b.record_id;
  };
  std::sort(whole.begin(), whole.end(), by_id);
  std::sort(shuffled.begin(), shuffled.end(), by_id);
  EXPECT_EQ(shuffled, whole);
}

TEST(RegisterGeneratorTest, OneToFourRecordsAPersonWithIdsOfTheirOwn) {
  std::set<std::string> ids;
  std::map<std::string, int> sources;
  std::map<std::int64_t, int> counts;
  ForEachRecord([&](const LabelledRecord& record) {
    EXPECT_TRUE(ids.insert(record.record_id).second);
    ++sources[record.source];
    ++counts[record.person];
    EXPECT_FALSE(record.name.empty());
  });
  EXPECT_EQ(counts.size(), static_cast<std::size_t>(kPeople));
  EXPECT_EQ(sources.size(), 4U);
  std::map<int, int> people;
  int adults = 0;
  for (const auto& [person, count] : counts) {
    if (Population::kYear - LargePeople()[person].birth.year < 16) {
      EXPECT_LE(count, 2);
    } else {
      ++adults;
      ++people[count];
    }
  }
  EXPECT_NEAR(people[1], 0.30 * adults, 0.02 * adults);
  EXPECT_NEAR(people[2], 0.35 * adults, 0.02 * adults);
  EXPECT_NEAR(people[3], 0.22 * adults, 0.02 * adults);
  EXPECT_NEAR(people[4], 0.13 * adults, 0.02 * adults);
}

TEST(RegisterGeneratorTest, EveryIdentifierIsSynthetic) {
  ForEachRecord([](const LabelledRecord& record) {
    if (!record.id_number.empty() && !absl::StrContains(record.id_number, "E+")) {
      EXPECT_TRUE(IsMadeUpCounty(DigitsOf(record.id_number))) << record.id_number;
    }
    if (!record.division.empty()) {
      EXPECT_EQ(record.division.size(), 6U);
      EXPECT_TRUE(IsMadeUpCounty(record.division)) << record.division;
    }
    if (record.phone.empty() || (record.mistakes & kPhonePlaceholder) != 0) return;
    std::string phone = DigitsOf(record.phone);
    if (phone.size() == 15) phone.erase(0, 4);
    if (phone.size() == 13) phone.erase(0, 2);
    EXPECT_EQ(phone.size(), 11U) << record.phone;
    if ((record.mistakes & kPhoneLandline) != 0) {
      EXPECT_EQ(phone[4], '9') << record.phone;
    } else {
      EXPECT_TRUE(absl::StartsWith(phone, "1900")) << record.phone;
    }
  });
}

TEST(RegisterGeneratorTest, PhonesAreNumbersHoweverTheyAreWritten) {
  Large().Visit(0, 3000, [](const LabelledRecord& record) {
    if (record.phone.empty() || (record.mistakes & kPhonePlaceholder) != 0) return;
    const model::Phones phones = model::ParsePhones(record.phone);
    EXPECT_EQ(phones.numbers.size(), 1U) << record.phone;
    EXPECT_FALSE(phones.incomplete) << record.phone;
  });
}

TEST(RegisterGeneratorTest, CheckDigitsAreRightUnlessAMistakeWasPlanted) {
  ForEachRecord([](const LabelledRecord& record) {
    if (record.id_number.empty()) return;
    const absl::StatusOr<model::IdNumber> parsed = model::ParseIdNumber(record.id_number);
    const RegisteredPerson& person = LargePeople()[record.person];
    if ((record.mistakes & kWrongId) != 0) {
      if ((record.mistakes & kIdCut) == 0) {
        EXPECT_FALSE(parsed.ok()) << record.id_number;
      }
      return;
    }
    ASSERT_TRUE(parsed.ok()) << record.id_number << " " << parsed.status();
    if ((record.mistakes & kIdBorrowed) != 0) {
      EXPECT_NE(parsed->value, person.id_number);
      return;
    }
    EXPECT_EQ(parsed->value, person.id_number);
    EXPECT_EQ(parsed->birth_date, person.birth);
    EXPECT_EQ(parsed->sex, person.sex);
  });
}

struct ExpectedRate {
  const char* name;
  std::uint32_t mistake;
  double rate;
  std::int64_t among;
};

TEST(RegisterGeneratorTest, MistakesOccurAboutAtTheirRates) {
  std::int64_t names = 0, sexes = 0, births = 0, ids = 0, phones = 0, divisions = 0, addresses = 0;
  std::map<std::uint32_t, std::int64_t> counts;
  ForEachRecord([&](const LabelledRecord& record) {
    ++names;
    sexes += record.sex.empty() ? 0 : 1;
    births += record.birth_date.empty() ? 0 : 1;
    ids += record.id_number.empty() ? 0 : 1;
    phones += record.phone.empty() ? 0 : 1;
    divisions += record.division.empty() ? 0 : 1;
    addresses += record.address.empty() ? 0 : 1;
    for (std::uint32_t bit = 1; bit != 0; bit <<= 1) {
      if ((record.mistakes & bit) != 0) ++counts[bit];
    }
  });
  const MistakeRates rates;
  const ExpectedRate expected[] = {
      // Not every character has another.
      {"homophone", kNameHomophone, rates.name_homophone, names},
      {"variant", kNameVariant, 0.75 * rates.name_variant, names},
      {"lookalike", kNameLookalike, 0.7 * rates.name_lookalike, names},
      // A fifth of the people with a rare character lose it: 0.6 % of all, in 0.3 of records.
      {"slip", kNameSlip, 0.8 * rates.name_slip, names},
      {"unknown", kNameUnknown, rates.name_unknown + 0.0012, names},
      {"pinyin", kNamePinyin, rates.name_pinyin + 0.0002, names},
      {"legacy", kNameLegacy, 0.0001, names},
      {"name spelling", kNameSpelling, rates.name_spaced + 0.01 * rates.dot_otherwise, names},
      {"former name", kNameFormer, 0.008 * rates.outdated, names},
      {"sex", kSexWrong, rates.sex_wrong, sexes},
      {"sex unknown", kSexUnknown, rates.sex_unknown, sexes},
      {"birth typo", kBirthTypo, rates.birth_typo, births},
      // Of the days of a month 11 in 30 can be a month.
      {"day and month", kBirthDayMonth, 0.37 * rates.birth_day_month, births},
      {"default date", kBirthDefault, rates.birth_default, births},
      {"date spelling", kBirthSpelling, rates.birth_spelling, births},
      {"partial date", kBirthPartial, rates.birth_partial, births},
      {"old card", kIdOldCard, 0.45 * rates.id_old_card, ids},
      {"ID digit", kIdDigit, rates.id_digit, ids},
      {"ID swap", kIdSwap, rates.id_swap, ids},
      {"ID spelling", kIdSpelling, rates.id_spelling + rates.id_small_x / 11, ids},
      {"ID cut", kIdCut, rates.id_cut, ids},
      {"ID borrowed", kIdBorrowed, rates.id_borrowed, ids},
      {"phone digit", kPhoneDigit, rates.phone_digit, phones},
      {"old phone", kPhoneOld, 0.22 * rates.outdated, phones},
      {"shared phone", kPhoneShared, 0.12, phones},
      {"placeholder", kPhonePlaceholder, rates.phone_placeholder, phones},
      {"landline", kPhoneLandline, rates.phone_landline, phones},
      {"phone spelling", kPhoneSpelling, rates.phone_spelling, phones},
      {"other division", kDivisionOther, rates.division_other, divisions},
      {"old address", kAddressOld, 0.15 * rates.outdated, divisions},
      {"part of address", kAddressPart, rates.address_part, addresses},
      {"house number", kAddressNumber, rates.address_number, addresses}};
  for (const ExpectedRate& one : expected) {
    const double count = static_cast<double>(counts[one.mistake]);
    const double wanted = one.rate * static_cast<double>(one.among);
    EXPECT_GT(count, 0.75 * wanted) << one.name;
    EXPECT_LT(count, 1.3 * wanted) << one.name;
    EXPECT_GT(count, 0) << one.name;
  }
}

TEST(RegisterGeneratorTest, WithoutMistakesRecordsSayWhatIsTrue) {
  RegisterOptions options = {.seed = 9, .people = 2000, .mistakes_scale = 0};
  options.rates.outdated = 0;
  const RegisterGenerator generator(options);
  generator.Visit(0, 2000, [&](const LabelledRecord& record) {
    const RegisteredPerson person = generator.PersonOf(record.person);
    if (!person.rare) {
      EXPECT_EQ(record.name, person.dotted ? absl::StrCat(person.given, "·", person.surname)
                                           : absl::StrCat(person.surname, person.given));
    }
    EXPECT_EQ(record.mistakes & ~(kPhoneShared | kNameUnknown | kNamePinyin | kNameLegacy), 0U);
    if (!record.sex.empty()) {
      EXPECT_EQ(record.sex, std::string(1, person.sex));
    }
    if (!record.id_number.empty()) {
      EXPECT_EQ(record.id_number, person.id_number);
    }
    const std::string date = absl::StrReplaceAll(person.birth.ToString(), {{"-", ""}});
    if (!record.birth_date.empty()) {
      EXPECT_EQ(record.birth_date, date);
    }
    if (!record.phone.empty() && (record.mistakes & kPhoneShared) == 0) {
      EXPECT_EQ(record.phone, person.phone);
    }
    if (!record.division.empty()) {
      EXPECT_EQ(record.division, generator.population().DivisionOf(person.residence.district));
    }
  });
}

TEST(PopulationTest, NamesakesAreAsManyAsInLife) {
  std::map<std::string, std::int64_t> names;
  for (const RegisteredPerson& one : LargePeople()) ++names[one.surname + one.given];
  double pairs = 0;
  std::int64_t most = 0;
  for (const auto& [name, count] : names) {
    pairs += static_cast<double>(count) * static_cast<double>(count - 1) / 2;
    most = std::max(most, count);
  }
  // The most frequent names of China have 290,000 people among 1,400 million: 20 of 100,000.
  EXPECT_GT(most, 15);
  EXPECT_LT(most, 60);
  const double all_pairs = 0.5 * kPeople * kPeople;
  EXPECT_GT(pairs / all_pairs, 3e-6);
  EXPECT_LT(pairs / all_pairs, 2.5e-5);
}

TEST(PopulationTest, TwinsDifferInLittle) {
  std::int64_t twins = 0;
  for (const RegisteredPerson& one : LargePeople()) {
    if (one.twin < 0) continue;
    ++twins;
    const RegisteredPerson& other = LargePeople()[one.twin];
    EXPECT_EQ(other.twin, one.person);
    EXPECT_EQ(one.birth, other.birth);
    EXPECT_EQ(one.residence, other.residence);
    EXPECT_EQ(one.household, other.household);
    if (one.former_given.empty() && other.former_given.empty()) {
      EXPECT_EQ(one.surname, other.surname);
    }
    if (one.id_number.empty() || other.id_number.empty()) continue;
    EXPECT_EQ(one.id_number.substr(0, 14), other.id_number.substr(0, 14));
    EXPECT_NE(one.id_number, other.id_number);
  }
  EXPECT_GT(twins, kPeople / 200);
  EXPECT_LT(twins, kPeople / 50);
}

TEST(PopulationTest, HouseholdsAreFamilies) {
  std::map<std::int64_t, std::vector<const RegisteredPerson*>> households;
  for (const RegisteredPerson& one : LargePeople()) households[one.household].push_back(&one);
  std::int64_t children = 0, fathers_surname = 0;
  for (const auto& [household, members] : households) {
    const RegisteredPerson& head = *members.front();
    EXPECT_EQ(head.person, household);
    EXPECT_EQ(head.role, HouseholdRole::kHead);
    for (const RegisteredPerson* member : members) {
      EXPECT_EQ(member->residence, head.residence);
      EXPECT_EQ(member->household_phone, head.phone);
      if (member->role != HouseholdRole::kChild) continue;
      EXPECT_GE(member->birth.year - head.birth.year, 15);
      if (member->dotted) continue;
      ++children;
      if (member->surname == head.surname) ++fathers_surname;
    }
  }
  EXPECT_NEAR(static_cast<double>(households.size()), kPeople / 2.3, kPeople / 12.0);
  EXPECT_GT(children, kPeople / 5);
  EXPECT_LT(children, kPeople / 2);
  EXPECT_GT(fathers_surname, children * 9 / 10);
  EXPECT_LT(fathers_surname, children);
}

TEST(PopulationTest, AgesAreThoseOfACensus) {
  std::int64_t young = 0, old = 0, men = 0;
  for (const RegisteredPerson& one : LargePeople()) {
    const int age = Population::kYear - one.birth.year;
    EXPECT_GE(age, 0);
    EXPECT_LT(age, 100);
    if (age < 16) ++young;
    if (age >= 65) ++old;
    if (one.sex == '1') ++men;
  }
  EXPECT_NEAR(static_cast<double>(young), 0.18 * kPeople, 0.06 * kPeople);
  EXPECT_NEAR(static_cast<double>(old), 0.14 * kPeople, 0.06 * kPeople);
  EXPECT_NEAR(static_cast<double>(men), 0.51 * kPeople, 0.02 * kPeople);
}

TEST(PopulationTest, IdNumbersAreSharedOnlyWherePlanted) {
  std::map<std::string, std::vector<const RegisteredPerson*>> owners;
  std::set<std::string> phones;
  std::int64_t without = 0;
  for (const RegisteredPerson& one : LargePeople()) {
    phones.insert(one.phone);
    if (one.id_number.empty()) {
      ++without;
    } else {
      owners[one.id_number].push_back(&one);
    }
  }
  std::int64_t sharing = 0;
  for (const auto& [number, people] : owners) {
    if (people.size() == 1) continue;
    sharing += static_cast<std::int64_t>(people.size());
    EXPECT_EQ(people.size(), 2U) << number;
    EXPECT_EQ(people[1]->shares_id_of, people[0]->person);
    EXPECT_EQ(people[1]->birth, people[0]->birth);
    EXPECT_NE(people[1]->household, people[0]->household);
  }
  EXPECT_NEAR(static_cast<double>(sharing), 0.0013 * kPeople, 0.0005 * kPeople);
  EXPECT_NEAR(static_cast<double>(without), 0.008 * kPeople, 0.004 * kPeople);
  EXPECT_EQ(phones.size(), static_cast<std::size_t>(kPeople));
}

TEST(PopulationTest, MostBorrowedNumbersAreRelatives) {
  std::map<std::string, std::int64_t> households;
  for (const RegisteredPerson& one : LargePeople()) {
    if (!one.id_number.empty()) households.emplace(one.id_number, one.household);
  }
  std::int64_t relatives = 0, strangers = 0;
  ForEachRecord([&](const LabelledRecord& record) {
    if ((record.mistakes & kIdBorrowed) == 0) return;
    ASSERT_EQ(households.count(record.id_number), 1U) << record.id_number;
    const bool relative = households[record.id_number] == LargePeople()[record.person].household;
    ++(relative ? relatives : strangers);
  });
  EXPECT_GT(relatives, strangers);
  EXPECT_GT(strangers, 50);
}

TEST(PopulationTest, SomeNamesHaveDotsAndRareCharacters) {
  std::int64_t dotted = 0, rare = 0, compound = 0, renamed = 0;
  for (const RegisteredPerson& one : LargePeople()) {
    if (one.dotted) ++dotted;
    if (one.rare) ++rare;
    if (!one.dotted && one.surname.size() > 3) ++compound;
    if (!one.former_given.empty()) ++renamed;
  }
  EXPECT_NEAR(static_cast<double>(dotted), 0.01 * kPeople, 0.003 * kPeople);
  EXPECT_NEAR(static_cast<double>(rare), 0.006 * kPeople, 0.002 * kPeople);
  EXPECT_NEAR(static_cast<double>(compound), 0.0017 * kPeople, 0.0007 * kPeople);
  EXPECT_NEAR(static_cast<double>(renamed), 0.008 * kPeople, 0.002 * kPeople);
}

TEST(RegisterTablesTest, HomophonesAreReadAlike) {
  EXPECT_THAT(HomophonesOf("强"), ::testing::Contains("墙"));
  EXPECT_THAT(VariantsOf("张"), ::testing::Contains("張"));
  EXPECT_THAT(LookalikesOf("晴"), ::testing::Contains("睛"));
  EXPECT_THAT(HomophonesOf("x"), IsEmpty());
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const std::string given = DrawGivenName(random, '2', 1950 + i % 70);
    for (const absl::string_view one : CharactersOf(given)) {
      for (const std::string& other : HomophonesOf(one)) {
        EXPECT_NE(one, other);
        EXPECT_EQ(ReadingOf(one), ReadingOf(other));
      }
      EXPECT_THAT(ReadingOf(one), Not(IsEmpty())) << one;
    }
  }
}

}  // namespace
}  // namespace anqiao::testing
