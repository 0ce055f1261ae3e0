#include "tests/testing/register_generator.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/testing/register_spelling.h"

namespace anqiao::testing {
namespace {

// What the stream of random numbers is for.
constexpr std::uint64_t kRecords = 101, kIssuedNumbers = 102;
// Two for each person, of the first 50 million.
constexpr std::uint64_t kIssuedNumbersMax = 100'000'000;
constexpr int kRecordsMax = 4;
constexpr int kChildRecordsMax = 2;  // No more agencies know children.
constexpr int kAdult = 16;
constexpr int kOld = 70;

MistakeRates Scaled(MistakeRates rates, double scale) {
  for (double* rate : {&rates.name_homophone,    &rates.name_variant,
                       &rates.name_lookalike,    &rates.name_unknown,
                       &rates.name_pinyin,       &rates.name_slip,
                       &rates.name_spaced,       &rates.dot_otherwise,
                       &rates.sex_wrong,         &rates.sex_unknown,
                       &rates.birth_typo,        &rates.birth_day_month,
                       &rates.birth_default,     &rates.birth_partial,
                       &rates.birth_spelling,    &rates.id_digit,
                       &rates.id_swap,           &rates.id_borrowed,
                       &rates.id_spelling,       &rates.id_cut,
                       &rates.id_old_card,       &rates.id_small_x,
                       &rates.phone_placeholder, &rates.phone_worker,
                       &rates.phone_landline,    &rates.phone_digit,
                       &rates.phone_spelling,    &rates.division_other,
                       &rates.address_part,      &rates.address_number,
                       &rates.issued_again,      &rates.issued_digit}) {
    *rate = std::min(1.0, *rate * scale);
  }
  return rates;
}

// One draw among chances that exclude each other.
class Choice {
 public:
  explicit Choice(Random& random) : left_(random.Unit()) {}
  // True for at most one of the calls on a choice, with its probability.
  bool Takes(double probability) {
    const bool taken = left_ >= 0 && left_ < probability;
    left_ -= probability;
    return taken;
  }

 private:
  double left_;
};

int AgeOf(const RegisteredPerson& person) { return Population::kYear - person.birth.year; }

double ShareOf(const SourceRates& source, int age) {
  return age < kAdult ? source.child : age < kOld ? source.adult : source.old;
}

// "known": bits of the sources that know the person already; few people are twice in one source.
std::size_t DrawSource(Random& random, int age, unsigned known) {
  const bool twice = random.Chance(0.1);
  std::size_t source = 0;
  for (int attempt = 0; attempt < 8; ++attempt) {
    double drawn = random.Unit();
    source = 0;
    for (; source + 1 < std::size(kSources); ++source) {
      drawn -= ShareOf(kSources[source], age);
      if (drawn < 0) break;
    }
    if (twice || ((known >> source) & 1U) == 0) break;
  }
  return source;
}

}  // namespace

RegisterGenerator::RegisterGenerator(RegisterOptions options)
    : options_(options),
      rates_(Scaled(options.rates, options.mistakes_scale)),
      population_(options.seed, options.population) {}

void RegisterGenerator::Visit(std::int64_t first, std::int64_t last, Visitor visit) const {
  Block block;
  LabelledRecord record;
  for (std::int64_t person = first; person < last;) {
    const std::int64_t number = person / Population::kBlock;
    population_.FillBlock(number, block);
    const std::int64_t end = std::min(last, (number + 1) * Population::kBlock);
    for (; person < end; ++person) {
      VisitPerson(block, block[person % Population::kBlock], record, visit);
    }
  }
}

std::vector<LabelledRecord> RegisterGenerator::RecordsOf(std::int64_t person) const {
  std::vector<LabelledRecord> records;
  Visit(person, person + 1, [&](const LabelledRecord& record) { records.push_back(record); });
  return records;
}

std::vector<LabelledRecord> RegisterGenerator::Records() const {
  std::vector<LabelledRecord> records;
  Visit(0, options_.people, [&](const LabelledRecord& record) { records.push_back(record); });
  return records;
}

std::vector<LabelledRecord> RegisterGenerator::ShuffledRecords(std::uint64_t order) const {
  std::vector<LabelledRecord> records = Records();
  Random random(Mix(order));
  for (std::size_t i = records.size(); i > 1; --i) {
    std::swap(records[i - 1], records[random.Below(static_cast<std::uint32_t>(i))]);
  }
  return records;
}

RegisteredPerson RegisterGenerator::PersonOf(std::int64_t person) const {
  Block block;
  population_.FillBlock(person / Population::kBlock, block);
  return block[person % Population::kBlock];
}

void RegisterGenerator::VisitPerson(const Block& block, const RegisteredPerson& person,
                                    LabelledRecord& record, Visitor visit) const {
  const auto index = static_cast<std::uint64_t>(person.person);
  Random random(options_.seed, kRecords, index);
  int count = 1;
  double drawn = random.Unit();
  for (; count < kRecordsMax && drawn >= options_.records[count - 1]; ++count) {
    drawn -= options_.records[count - 1];
  }
  if (AgeOf(person) < kAdult) count = std::min(count, kChildRecordsMax);
  unsigned known = 0;
  for (int i = 0; i < count; ++i) {
    const std::size_t source = DrawSource(random, AgeOf(person), known);
    const bool again = ((known >> source) & 1U) != 0;
    known |= 1U << source;
    record.person = person.person;
    record.mistakes = 0;
    record.record_id.clear();
    absl::StrAppend(&record.record_id, absl::Hex(Mix(Mix(options_.seed) + kRecordsMax * index +
                                                     static_cast<std::uint64_t>(i)),
                                                 absl::kZeroPad16));
    const SourceRates& rates = kSources[source];
    record.source.assign(rates.source.data(), rates.source.size());
    model::CivilDate birth = person.birth;
    WriteName(random, person, rates, record);
    WriteSex(random, person, rates, record);
    WriteIdNumber(random, block, person, rates, birth, record);
    WriteBirthDate(random, birth, rates, record);
    WritePhone(random, person, rates, record);
    WriteResidence(random, person, rates, record);
    Random of_number(options_.seed, kIssuedNumbers,
                     kRecordsMax * index + static_cast<std::uint64_t>(i));
    WriteIssuedNumber(of_number, person, source, again, record);
    visit(record);
  }
}

void RegisterGenerator::WriteName(Random& random, const RegisteredPerson& person,
                                  const SourceRates& source, LabelledRecord& record) const {
  const bool former = !person.former_given.empty() && random.Chance(rates_.outdated);
  if (former) record.mistakes |= kNameFormer;
  const std::string& surname = former ? person.former_surname : person.surname;
  const std::string& given = former ? person.former_given : person.given;
  std::string& name = record.name;
  if (person.dotted) {
    name = given;
    if (random.Chance(rates_.dot_otherwise)) {
      record.mistakes |= kNameSpelling;
      absl::StrAppend(&name, OtherDot(random));
    } else {
      name += "·";
    }
    name += surname;
    return;
  }
  if (random.Chance(rates_.name_spaced)) {
    name = SpacedName(random, surname, given);
    record.mistakes |= kNameSpelling;
    return;
  }
  name = surname;
  name += given;
  if (person.rare && random.Chance(source.loses_rare)) {
    static constexpr std::uint32_t kLosses[] = {kNameUnknown, kNamePinyin, kNameLegacy};
    const std::optional<RareLoss> loss = LoseRareCharacter(random, name);
    if (loss.has_value()) record.mistakes |= kLosses[static_cast<std::size_t>(*loss)];
    return;
  }
  struct Kind {
    double rate;
    CharacterMistake mistake;
    std::uint32_t bit;
  };
  const Kind kinds[] = {{rates_.name_homophone, CharacterMistake::kHomophone, kNameHomophone},
                        {rates_.name_variant, CharacterMistake::kVariant, kNameVariant},
                        {rates_.name_lookalike, CharacterMistake::kLookalike, kNameLookalike},
                        {rates_.name_unknown, CharacterMistake::kUnknown, kNameUnknown},
                        {rates_.name_pinyin, CharacterMistake::kPinyin, kNamePinyin},
                        {rates_.name_slip, CharacterMistake::kSlip, kNameSlip}};
  Choice choice(random);
  for (const Kind& kind : kinds) {
    if (choice.Takes(kind.rate) && MistakeCharacter(random, kind.mistake, name)) {
      record.mistakes |= kind.bit;
    }
  }
}

void RegisterGenerator::WriteSex(Random& random, const RegisteredPerson& person,
                                 const SourceRates& source, LabelledRecord& record) const {
  record.sex.clear();
  if (random.Chance(source.no_sex)) return;
  Choice choice(random);
  char sex = person.sex;
  if (choice.Takes(rates_.sex_wrong)) {
    sex = sex == '1' ? '2' : '1';
    record.mistakes |= kSexWrong;
  } else if (choice.Takes(rates_.sex_unknown)) {
    sex = '0';
    record.mistakes |= kSexUnknown;
  }
  record.sex.push_back(sex);
}

RegisteredPerson RegisterGenerator::Lender(Random& random, const Block& block,
                                           const RegisteredPerson& person) const {
  const auto usable = [&](const RegisteredPerson& one) {
    return !one.id_number.empty() && one.id_number != person.id_number;
  };
  if (random.Chance(0.67)) {
    const std::size_t start = random.Below(Population::kBlock);
    for (std::size_t i = 0; i < block.size(); ++i) {
      const RegisteredPerson& one = block[(start + i) % block.size()];
      if (one.household == person.household && usable(one)) return one;
    }
  }
  // Nobody whom only a larger register has.
  const auto others = static_cast<std::uint64_t>(person.person) + 1;
  const RegisteredPerson other = PersonOf(static_cast<std::int64_t>(random.Next() % others));
  return usable(other) ? other : RegisteredPerson();
}

void RegisterGenerator::WriteIdNumber(Random& random, const Block& block,
                                      const RegisteredPerson& person, const SourceRates& source,
                                      model::CivilDate& birth, LabelledRecord& record) const {
  std::string& number = record.id_number;
  number = person.id_number;
  if (random.Chance(source.no_id)) {
    number.clear();
    return;
  }
  // Those without a number may still borrow one.
  Choice choice(random);
  if (choice.Takes(rates_.id_borrowed)) {
    const RegisteredPerson lender = Lender(random, block, person);
    if (!lender.id_number.empty()) {
      number = lender.id_number;
      record.mistakes |= kIdBorrowed;
      if (random.Chance(0.5)) birth = lender.birth;
    }
    return;
  }
  if (number.empty()) return;
  if (choice.Takes(rates_.id_digit)) {
    if (MistypeIdNumber(random, number)) record.mistakes |= kIdDigit;
  } else if (choice.Takes(rates_.id_swap)) {
    if (SwapIdDigits(random, number)) record.mistakes |= kIdSwap;
  } else if (choice.Takes(rates_.id_spelling)) {
    number = OtherIdNumber(random, number);
    record.mistakes |= kIdSpelling;
  } else if (choice.Takes(rates_.id_cut)) {
    number = CutIdNumber(random, number);
    record.mistakes |= kIdCut;
  } else if (person.birth.year < 1984 && choice.Takes(rates_.id_old_card)) {
    number.erase(17, 1).erase(6, 2);
    record.mistakes |= kIdOldCard;
  } else if (number.back() == 'X' && random.Chance(rates_.id_small_x)) {
    number.back() = 'x';
    record.mistakes |= kIdSpelling;
  }
}

void RegisterGenerator::WriteBirthDate(Random& random, model::CivilDate birth,
                                       const SourceRates& source, LabelledRecord& record) const {
  record.birth_date.clear();
  if (random.Chance(source.no_birth)) return;
  Choice choice(random);
  if (choice.Takes(rates_.birth_partial)) {
    record.birth_date = PartialDate(random, birth);
    record.mistakes |= kBirthPartial;
    return;
  }
  if (choice.Takes(rates_.birth_spelling)) {
    record.birth_date = OtherDate(random, birth);
    record.mistakes |= kBirthSpelling;
    return;
  }
  if (choice.Takes(rates_.birth_typo)) {
    if (MistypeDate(random, birth)) record.mistakes |= kBirthTypo;
  } else if (choice.Takes(rates_.birth_day_month)) {
    if (SwapDayAndMonth(birth)) record.mistakes |= kBirthDayMonth;
  } else if (choice.Takes(rates_.birth_default)) {
    birth = model::CivilDate::Of(random.Chance(0.1) ? 1900 : birth.year, 1, 1);
    record.mistakes |= kBirthDefault;
  }
  record.birth_date = DateDigits(birth);
}

void RegisterGenerator::WritePhone(Random& random, const RegisteredPerson& person,
                                   const SourceRates& source, LabelledRecord& record) const {
  std::string& phone = record.phone;
  phone.clear();
  if (random.Chance(source.no_phone)) return;
  Choice choice(random);
  if (choice.Takes(rates_.phone_placeholder)) {
    phone = PlaceholderPhone(random);
    record.mistakes |= kPhonePlaceholder;
    return;
  }
  if (choice.Takes(rates_.phone_landline)) {
    phone = Landline(random, person);
    record.mistakes |= kPhoneLandline;
    return;
  }
  const int age = AgeOf(person);
  const double of_head = age < 14      ? rates_.phone_head_child
                         : age >= kOld ? rates_.phone_head_old
                                       : rates_.phone_head_other;
  if (choice.Takes(rates_.phone_worker)) {
    phone = population_.WorkerPhone(person.residence.district, random.Between(0, 19));
    record.mistakes |= kPhoneShared;
  } else if (person.household_phone != person.phone && random.Chance(of_head)) {
    phone = person.household_phone;
    record.mistakes |= kPhoneShared;
  } else if (!person.old_phone.empty() && random.Chance(rates_.outdated)) {
    phone = person.old_phone;
    record.mistakes |= kPhoneOld;
  } else {
    phone = person.phone;
  }
  if (random.Chance(rates_.phone_digit) && MistypePhone(random, phone)) {
    record.mistakes |= kPhoneDigit;
  }
  if (random.Chance(rates_.phone_spelling)) {
    phone = OtherPhone(random, phone);
    record.mistakes |= kPhoneSpelling;
  }
}

void RegisterGenerator::WriteIssuedNumber(Random& random, const RegisteredPerson& person,
                                          std::size_t source, bool again,
                                          LabelledRecord& record) const {
  std::string& number = record.issued_number;
  number.clear();
  if (random.Chance(kSources[source].no_issued_number)) return;
  const std::uint64_t second = again && random.Chance(rates_.issued_again) ? 1 : 0;
  const std::uint64_t serial = Permute(2 * static_cast<std::uint64_t>(person.person) + second,
                                       kIssuedNumbersMax, Mix(Mix(options_.seed) + source));
  const char letter = absl::ascii_toupper(record.source[0]);
  number = absl::StrCat(record.source, "/", absl::string_view(&letter, 1), "-",
                        absl::Dec(serial, absl::kZeroPad8));
  if (random.Chance(rates_.issued_digit)) {
    char& digit = number[number.size() - 1 - random.Below(8)];
    digit = static_cast<char>('0' + (digit - '0' + 1 + static_cast<int>(random.Below(9))) % 10);
  }
}

void RegisterGenerator::WriteResidence(Random& random, const RegisteredPerson& person,
                                       const SourceRates& source, LabelledRecord& record) const {
  record.division.clear();
  record.address.clear();
  const bool old = person.moved && random.Chance(rates_.outdated);
  const Residence& residence = old ? person.old_residence : person.residence;
  if (!random.Chance(source.no_division)) {
    if (!person.id_number.empty() && random.Chance(rates_.division_other)) {
      record.division.assign(person.id_number, 0, 6);
      record.mistakes |= kDivisionOther;
    } else {
      record.division = population_.DivisionOf(residence.district);
    }
    if (old) record.mistakes |= kAddressOld;
  }
  if (random.Chance(source.no_address)) return;
  Choice choice(random);
  if (old) record.mistakes |= kAddressOld;
  AddressMistake mistake = AddressMistake::kNone;
  if (choice.Takes(rates_.address_part)) {
    mistake = AddressMistake::kPartMissing;
    record.mistakes |= kAddressPart;
  } else if (choice.Takes(rates_.address_number)) {
    mistake = AddressMistake::kOtherNumber;
    record.mistakes |= kAddressNumber;
  }
  record.address = SpelledAddress(random, residence, mistake);
}

}  // namespace anqiao::testing
