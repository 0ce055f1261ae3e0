#include "tests/testing/register_population.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/model/identifiers.h"
#include "tests/testing/register_places.h"
#include "tests/testing/register_tables.h"

namespace anqiao::testing {
namespace {

// What a stream of random numbers is for.
enum Purpose : std::uint64_t { kHouseholds = 1, kBirthSlots, kPhones, kDuplicates };

// Days of a year that is not a leap year, times the pairs of sequence numbers of a day.
constexpr std::uint64_t kSequences = 250;
constexpr std::uint64_t kSlots = 365 * kSequences;
constexpr std::uint64_t kPhoneSerials = 10'000'000;
constexpr std::uint64_t kWorkersOfDistrict = 20;

// People of 100 by age, in steps of five years (about as in the census of 2020).
constexpr double kAges[] = {5.5, 6.4, 6.0, 5.2, 5.3, 6.5, 8.8, 7.0, 6.6, 8.1,
                            8.6, 7.2, 5.2, 5.2, 3.5, 2.2, 1.4, 0.8, 0.3};
constexpr int kOldest = 5 * static_cast<int>(std::size(kAges)) - 1;

// The first two digits of division codes.
constexpr int kProvinces[] = {42, 43, 36, 41, 50, 51, 11, 12, 13, 14, 15, 21, 22, 23, 31, 32,
                              33, 34, 35, 37, 44, 45, 46, 52, 53, 54, 61, 62, 63, 64, 65};

constexpr int kDaysBefore[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

model::CivilDate BirthDate(int year, int day_of_year) {
  const auto* const next =
      std::upper_bound(std::begin(kDaysBefore), std::end(kDaysBefore), day_of_year);
  const int month = static_cast<int>(next - std::begin(kDaysBefore));
  return {year, month, day_of_year - kDaysBefore[month - 1] + 1};
}

// "value" as "width" digits.
void AppendDigits(int value, std::size_t width, std::string& out) {
  out.append(width, '0');
  for (std::size_t i = out.size(); width > 0; --width, value /= 10) {
    out[--i] = static_cast<char>('0' + value % 10);
  }
}

// An age between the two from the census.
int DrawAge(Random& random, int youngest, int oldest) {
  static const auto& pyramid = *new WeightedWords([] {
    WeightedWords::Words words;
    for (const double share : kAges) {
      words.emplace_back(std::string(1, static_cast<char>(words.size())), share);
    }
    return words;
  }());
  for (int attempt = 0; attempt < 50; ++attempt) {
    const int group = pyramid.Draw(random)[0];
    const int age = 5 * group + random.Between(0, 4);
    if (age >= youngest && age <= oldest) return age;
  }
  return random.Between(youngest, oldest);
}

// How often given names of siblings share a character.
constexpr double kSiblingsAlike = 0.3;
constexpr double kTwinsAlike = 0.8;

// Who lives together, and how often.
enum class HouseholdKind {
  kAlone,
  kCouple,
  kOneChild,
  kTwoChildren,
  kSingleParent,
  kThreeGenerations,
  kSiblings,
};
struct HouseholdShare {
  HouseholdKind kind;
  int members;
  double share;
};
// About 2.5 people a household; the census of 2020 has 2.6.
constexpr HouseholdShare kHouseholdShares[] = {
    {HouseholdKind::kAlone, 1, 0.25},        {HouseholdKind::kCouple, 2, 0.22},
    {HouseholdKind::kOneChild, 3, 0.20},     {HouseholdKind::kTwoChildren, 4, 0.14},
    {HouseholdKind::kSingleParent, 2, 0.05}, {HouseholdKind::kThreeGenerations, 5, 0.10},
    {HouseholdKind::kSiblings, 2, 0.04}};

HouseholdKind DrawHousehold(Random& random, int room) {
  double drawn = random.Unit();
  for (const HouseholdShare& household : kHouseholdShares) {
    if (drawn < household.share && household.members <= room) return household.kind;
    drawn -= household.share;
  }
  return HouseholdKind::kAlone;
}

}  // namespace

// Makes the people of one block, household by household.
class Population::Builder {
 public:
  Builder(const Population& population, std::int64_t block, std::vector<RegisteredPerson>& people)
      : population_(population),
        options_(population.options_),
        random_(population.seed_, kHouseholds, static_cast<std::uint64_t>(block)),
        first_(block * kBlock),
        district_(static_cast<int>(block % options_.districts)),
        local_(static_cast<std::uint64_t>(block / options_.districts) * kBlock),
        people_(people) {}

  int size() const { return size_; }

  void AddHousehold(HouseholdKind kind);

 private:
  // A member of the household in hand with an age and all that depends on it.
  RegisteredPerson& Add(HouseholdRole role, char sex, int age);
  char DrawSex(double male = 0.51) { return random_.Chance(male) ? '1' : '2'; }
  void AddSiblings();
  void AddFamily(HouseholdKind kind);
  void AddGrandparents(RegisteredPerson& husband, RegisteredPerson& wife);
  // At least one of "father" and "mother" is there.
  void AddChildren(int count, RegisteredPerson* father, RegisteredPerson* mother, int mothers_age);
  // Gives "twin" the birth date and ID number of a twin of "first".
  void MakeTwin(RegisteredPerson& first, RegisteredPerson& twin);
  void NameAdult(RegisteredPerson& person);
  void NameChild(RegisteredPerson& child, const RegisteredPerson& parent);
  // Whatever is decided once all members are known.
  void Finish(bool alone);
  void Rename(RegisteredPerson& person);
  std::string IdNumber(const RegisteredPerson& person, const std::string& county, bool twin) const;
  std::size_t PlaceOf(const RegisteredPerson& person) const {
    return static_cast<std::size_t>(person.person - first_);
  }
  std::string OriginOf(bool child);
  Residence DrawResidence(int district, bool alone);

  static int AgeOf(const RegisteredPerson& person) { return kYear - person.birth.year; }

  const Population& population_;
  const PopulationOptions& options_;
  Random random_;
  const std::int64_t first_;
  const int district_;
  const std::uint64_t local_;  // How many people of the district come before the block.
  std::vector<RegisteredPerson>& people_;
  int size_ = 0;
  int household_ = 0;                    // Where the household in hand begins.
  bool dotted_ = false;                  // It has names with dots.
  std::array<int, kBlock> sequences_{};  // Of 250 a day.
};

RegisteredPerson& Population::Builder::Add(HouseholdRole role, char sex, int age) {
  RegisteredPerson& person = people_[size_];
  person.person = first_ + size_;
  person.household = first_ + household_;
  person.role = role;
  person.twin = -1;
  person.shares_id_of = -1;
  person.sex = sex;
  person.rare = false;
  person.dotted = dotted_;
  person.surname.clear();
  person.given.clear();
  person.former_surname.clear();
  person.former_given.clear();
  const std::uint64_t slot =
      Permute((local_ + size_) % kSlots, kSlots,
              Mix(Mix(population_.seed_ + kBirthSlots) + static_cast<std::uint64_t>(district_)));
  person.birth =
      BirthDate(kYear - std::clamp(age, 0, kOldest), static_cast<int>(slot / kSequences));
  sequences_[size_] = static_cast<int>(slot % kSequences);
  const bool child = role == HouseholdRole::kChild;
  person.id_number = IdNumber(person, OriginOf(child), false);
  ++size_;
  return person;
}

// Of each four sequence numbers two are for twins, so that nobody else has them.
std::string Population::Builder::IdNumber(const RegisteredPerson& person, const std::string& county,
                                          bool twin) const {
  std::string number = county;
  number.reserve(18);
  AppendDigits(person.birth.year, 4, number);
  AppendDigits(person.birth.month, 2, number);
  AppendDigits(person.birth.day, 2, number);
  AppendDigits(4 * sequences_[PlaceOf(person)] + (twin ? 2 : 0) + (person.sex == '1' ? 1 : 0), 3,
               number);
  number.push_back(model::IdNumberCheckCharacter(number));
  return number;
}

// Codes of other places end in 96 to 99, those of the districts in 91 to 95.
std::string Population::Builder::OriginOf(bool child) {
  if (!random_.Chance(child ? options_.migrants / 4 : options_.migrants)) {
    return population_.divisions_[district_];
  }
  std::string county;
  AppendDigits(kProvinces[random_.Below(std::size(kProvinces))], 2, county);
  AppendDigits(random_.Between(1, 14), 2, county);
  AppendDigits(random_.Between(96, 99), 2, county);
  return county;
}

void Population::Builder::NameAdult(RegisteredPerson& person) {
  if (person.dotted) {
    person.given = DrawUyghurName(random_, person.sex);
    person.surname = DrawUyghurName(random_, '1');
    return;
  }
  person.surname = DrawSurname(random_);
  person.given = DrawGivenName(random_, person.sex, person.birth.year);
}

void Population::Builder::NameChild(RegisteredPerson& child, const RegisteredPerson& parent) {
  if (child.dotted) {
    child.given = DrawUyghurName(random_, child.sex);
    child.surname = parent.sex == '1' ? parent.given : DrawUyghurName(random_, '1');
    return;
  }
  child.surname = parent.surname;
  child.given = DrawGivenName(random_, child.sex, child.birth.year);
}

void Population::Builder::MakeTwin(RegisteredPerson& first, RegisteredPerson& twin) {
  first.twin = twin.person;
  twin.twin = first.person;
  twin.birth = first.birth;
  if (random_.Chance(0.7)) twin.sex = first.sex;
  sequences_[PlaceOf(twin)] = sequences_[PlaceOf(first)];
  twin.id_number = IdNumber(twin, first.id_number.substr(0, 6), true);
}

void Population::Builder::AddChildren(int count, RegisteredPerson* father, RegisteredPerson* mother,
                                      int mothers_age) {
  // Nineteen of twenty children have their father's surname.
  const bool mothers_name =
      father == nullptr || (mother != nullptr && !dotted_ && random_.Chance(0.05));
  const RegisteredPerson& parent = mothers_name ? *mother : *father;
  RegisteredPerson* elder = nullptr;
  for (int i = 0; i < count; ++i) {
    // The elder of two is at least one year old, so that only twins are born in one year.
    const int age = elder == nullptr
                        ? mothers_age - random_.Between(20, std::min(36, mothers_age - count + 1))
                        : std::max(0, AgeOf(*elder) - random_.Between(1, 6));
    RegisteredPerson& child = Add(HouseholdRole::kChild, DrawSex(0.525), age);
    const bool twin = elder != nullptr && !child.dotted && random_.Chance(options_.twins);
    if (twin) MakeTwin(*elder, child);
    NameChild(child, parent);
    if (elder != nullptr && !child.dotted && random_.Chance(twin ? kTwinsAlike : kSiblingsAlike)) {
      child.given = DrawSiblingName(random_, child.sex, child.birth.year, elder->given);
    }
    elder = &child;
  }
}

void Population::Builder::AddSiblings() {
  const int age = DrawAge(random_, 18, 50);
  RegisteredPerson& elder = Add(HouseholdRole::kHead, DrawSex(), age);
  NameAdult(elder);
  const int younger_age = std::max(16, AgeOf(elder) - random_.Between(1, 6));
  RegisteredPerson& younger = Add(HouseholdRole::kSibling, DrawSex(), younger_age);
  const bool twin = !dotted_ && random_.Chance(options_.twins);
  if (twin) MakeTwin(elder, younger);
  NameChild(younger, elder);
  if (dotted_) younger.surname = elder.surname;
  if (!dotted_ && random_.Chance(twin ? kTwinsAlike : kSiblingsAlike)) {
    younger.given = DrawSiblingName(random_, younger.sex, younger.birth.year, elder.given);
  }
}

// The husband's parents, or the wife's.
void Population::Builder::AddGrandparents(RegisteredPerson& husband, RegisteredPerson& wife) {
  const int age = AgeOf(wife) + random_.Between(22, 35);
  RegisteredPerson& grandfather = Add(HouseholdRole::kParent, '1', age);
  NameAdult(grandfather);
  NameAdult(Add(HouseholdRole::kParent, '2', age - random_.Between(-1, 5)));
  RegisteredPerson& adult = random_.Chance(0.75) ? husband : wife;
  if (dotted_) {
    adult.surname = grandfather.given;
  } else {
    grandfather.surname = adult.surname;
  }
}

void Population::Builder::AddFamily(HouseholdKind kind) {
  const bool children = kind != HouseholdKind::kCouple;
  const bool couple = kind != HouseholdKind::kSingleParent;
  const bool father_lives_here = couple || random_.Chance(0.25);
  const int age = DrawAge(random_, children ? 22 : 25, children ? 55 : kOldest);
  RegisteredPerson* father = nullptr;
  RegisteredPerson* mother = nullptr;
  if (father_lives_here) {
    father = &Add(HouseholdRole::kHead, '1', age + random_.Between(-1, 5));
    NameAdult(*father);
  }
  if (couple || !father_lives_here) {
    mother = &Add(couple ? HouseholdRole::kSpouse : HouseholdRole::kHead, '2', age);
    NameAdult(*mother);
  }
  if (kind == HouseholdKind::kThreeGenerations) AddGrandparents(*father, *mother);
  if (!children) return;
  AddChildren(kind == HouseholdKind::kTwoChildren ? 2 : 1, father, mother, age);
}

void Population::Builder::AddHousehold(HouseholdKind kind) {
  household_ = size_;
  dotted_ = random_.Chance(options_.dotted_names);
  if (kind == HouseholdKind::kAlone) {
    const int age = DrawAge(random_, 18, kOldest);
    NameAdult(Add(HouseholdRole::kHead, DrawSex(), age));
  } else if (kind == HouseholdKind::kSiblings) {
    AddSiblings();
  } else {
    AddFamily(kind);
  }
  Finish(kind == HouseholdKind::kAlone);
}

void Population::Builder::Rename(RegisteredPerson& person) {
  person.former_surname = person.surname;
  person.former_given = person.given;
  if (random_.Chance(0.33)) {
    while (person.surname == person.former_surname) person.surname = DrawSurname(random_);
  } else {
    while (person.given == person.former_given) {
      person.given = DrawGivenName(random_, person.sex, person.birth.year);
    }
    person.rare = false;
  }
}

Residence Population::Builder::DrawResidence(int district, bool alone) {
  Residence residence;
  residence.district = district;
  residence.town = random_.Between(0, kTownsOfDistrict - 1);
  if (alone && random_.Chance(options_.dormitory)) {
    residence.kind = Residence::Kind::kDormitory;
    residence.town = random_.Between(0, 1);
    residence.number = random_.Between(1, 3);
  } else if (residence.town >= kUrbanTowns) {
    residence.kind = Residence::Kind::kRural;
    residence.street = static_cast<int>(random_.Below(kVillages));
    residence.building = random_.Between(1, 12);
    residence.number = random_.Between(1, 120);
  } else {
    residence.street = static_cast<int>(random_.Below(kStreets));
    residence.number = random_.Between(1, 260);
    residence.estate = static_cast<int>(random_.Below(kEstates));
    residence.building = random_.Between(1, 24);
    residence.unit = random_.Between(1, 4);
    const int floor = random_.Between(1, 18);
    residence.room = 100 * floor + random_.Between(1, 4);
  }
  return residence;
}

void Population::Builder::Finish(bool alone) {
  const Residence residence = DrawResidence(district_, alone);
  const bool moved = random_.Chance(options_.moved);
  Residence old_residence = residence;
  if (moved) {
    const bool far = random_.Chance(options_.moved_far);
    const int from = far ? random_.Between(0, options_.districts - 1) : district_;
    old_residence = DrawResidence(from, alone);
  }
  for (int i = household_; i < size_; ++i) {
    RegisteredPerson& person = people_[i];
    person.residence = residence;
    person.old_residence = old_residence;
    person.moved = moved;
    const auto index = static_cast<std::uint64_t>(person.person);
    person.phone = population_.PhoneOf(2 * index);
    person.old_phone.clear();
    if (random_.Chance(options_.changed_phone)) {
      const bool recycled = random_.Chance(options_.recycled_phone);
      person.old_phone =
          population_.PhoneOf(recycled ? 2 * (random_.Next() % (index + kBlock)) : 2 * index + 1);
    }
    person.household_phone = people_[household_].phone;
    if (!person.dotted) {
      if (random_.Chance(options_.rare_characters)) {
        person.rare = true;
        const std::vector<absl::string_view> given = CharactersOf(person.given);
        person.given = absl::StrCat(given.size() > 1 ? given[0] : absl::string_view(),
                                    DrawRareCharacter(random_).character);
      }
      if (random_.Chance(options_.renamed)) Rename(person);
    }
    const double without = AgeOf(person) < 3  ? options_.without_id_newborn
                           : person.twin >= 0 ? options_.without_id_twin
                                              : options_.without_id;
    if (random_.Chance(without)) person.id_number.clear();
  }
}

Population::Population(std::uint64_t seed, PopulationOptions options)
    : seed_(seed), options_(options) {
  divisions_.reserve(options_.districts);
  for (int i = 0; i < options_.districts; ++i) {
    // Five counties a city and two cities a province, then more cities.
    std::string code;
    AppendDigits(kProvinces[i / 10 % std::size(kProvinces)], 2, code);
    AppendDigits(1 + i / 5 % 2 + 2 * (i / (10 * static_cast<int>(std::size(kProvinces)))), 2, code);
    AppendDigits(91 + i % 5, 2, code);
    divisions_.push_back(std::move(code));
  }
}

std::string Population::PhoneOf(std::uint64_t serial) const {
  std::string phone = "1900";
  AppendDigits(
      static_cast<int>(Permute(serial % kPhoneSerials, kPhoneSerials, Mix(seed_ + kPhones))), 7,
      phone);
  return phone;
}

std::string Population::WorkerPhone(int district, int worker) const {
  return PhoneOf(kPhoneSerials - 1 - static_cast<std::uint64_t>(district) * kWorkersOfDistrict -
                 static_cast<std::uint64_t>(worker) % kWorkersOfDistrict);
}

bool Population::HoldsDuplicate(std::int64_t block) const {
  // Two people for each pair of blocks that has such a number.
  const double chance = options_.duplicated_ids * kBlock;
  return block % 2 == 1 &&
         Random(seed_, kDuplicates, static_cast<std::uint64_t>(block)).Chance(chance);
}

void Population::FillOwn(std::int64_t block, bool lone,
                         std::vector<RegisteredPerson>& people) const {
  people.resize(kBlock);
  Builder builder(*this, block, people);
  Random random(seed_, kHouseholds, ~static_cast<std::uint64_t>(block));
  const int end = lone ? kBlock - 1 : kBlock;
  while (builder.size() < end) {
    builder.AddHousehold(DrawHousehold(random, end - builder.size()));
  }
  if (lone) builder.AddHousehold(HouseholdKind::kAlone);
}

void Population::FillBlock(std::int64_t block, std::vector<RegisteredPerson>& people) const {
  const bool duplicate = HoldsDuplicate(block);
  FillOwn(block, duplicate, people);
  if (!duplicate) return;
  std::vector<RegisteredPerson> others;
  FillOwn(block - 1, false, others);
  const auto other = std::find_if(others.begin(), others.end(), [](const RegisteredPerson& one) {
    return one.birth.year < 1990 && !one.id_number.empty();
  });
  if (other == others.end()) return;
  RegisteredPerson& person = people.back();
  person.birth = other->birth;
  person.id_number = other->id_number;
  person.shares_id_of = other->person;
  if (person.sex == other->sex) return;
  person.sex = other->sex;
  Random random(seed_, kDuplicates, ~static_cast<std::uint64_t>(block));
  person.given = person.dotted ? DrawUyghurName(random, person.sex)
                               : DrawGivenName(random, person.sex, person.birth.year);
  person.rare = false;
}

}  // namespace anqiao::testing
