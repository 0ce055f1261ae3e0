// The made-up people of a register as they truly are, before any agency writes them down.
//
//   const Population population(7, {});
//   std::vector<RegisteredPerson> people;
//   population.FillBlock(0, people);  // The people 0 to 15.
//
// Households (couples, children, grandparents, siblings, people alone, dormitories) lie within
// blocks of people, so that a person depends on the seed and the index alone and nothing is kept in
// memory. No two people have the same ID number, but for those planted, up to about 90,000 people a
// district; phones are each one person's up to about 5 million people and then given out again.
//
// Nobody in it exists: county codes of ID numbers and divisions were never assigned (digits 5 and 6
// are 91 to 99) and phones begin with 1900.
//
// Thread-safe.

#ifndef ANQIAO_TESTS_TESTING_REGISTER_POPULATION_H_
#define ANQIAO_TESTS_TESTING_REGISTER_POPULATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "hub/model/civil_date.h"
#include "tests/testing/register_random.h"

namespace anqiao::testing {

// Shares of people, unless something else is said.
struct PopulationOptions {
  // Each a county with a code of its own. At most 2000.
  int districts = 40;
  // Of pairs of siblings. In life about 0.02; more, so that a small register has some.
  double twins = 0.06;
  // Of households with names of two parts and a dot (阿依古丽·买买提); Uyghurs are 0.8 % of China.
  double dotted_names = 0.01;
  // A character outside GBK in the given name. Names that are hard to write are put at some 4 % of
  // China; most of them are in GBK.
  double rare_characters = 0.006;
  // With another's number, their own by law: 1.68 million people in 2009.
  double duplicated_ids = 0.0013;
  // No number that anybody knows: newborn children, twins who were registered late, and others.
  double without_id = 0.006;
  double without_id_newborn = 0.05;  // Under 3 years.
  double without_id_twin = 0.05;
  // Who have changed their name, ever. A third of them the surname.
  double renamed = 0.008;
  double changed_phone = 0.25;
  // Of old numbers: the carrier has given it to somebody else since.
  double recycled_phone = 0.10;
  // Of households.
  double moved = 0.15;
  double moved_far = 0.3;  // Of those who moved: to another district.
  // Of people who live alone: in a dormitory, one address for many.
  double dormitory = 0.08;
  // The number was given out in another county than that of residence. Adults.
  double migrants = 0.2;
};

enum class HouseholdRole { kHead, kSpouse, kChild, kParent, kSibling };

// Where somebody lives. Names are places in the lists of register_places.h.
struct Residence {
  enum class Kind { kUrban, kRural, kDormitory };
  Kind kind = Kind::kUrban;
  int district = 0;
  int town = 0;
  int street = 0;  // Rural: the village.
  int number = 0;  // Rural: the house; dormitory: the building.
  int estate = 0;
  int building = 0;  // Rural: the group (组).
  int unit = 0;
  int room = 0;

  friend bool operator==(const Residence&, const Residence&) = default;
};

struct RegisteredPerson {
  std::int64_t person = 0;
  std::int64_t household = 0;  // The person index of its first member.
  HouseholdRole role = HouseholdRole::kHead;
  std::int64_t twin = -1;          // -1: none.
  std::int64_t shares_id_of = -1;  // Whose number this person has by law as well; -1: nobody's.
  char sex = '1';
  bool rare = false;    // The given name has a character outside GBK.
  bool dotted = false;  // The name is written "given·surname", the surname being the father's name.
  std::string surname, given;
  std::string former_surname, former_given;  // Empty: never renamed.
  model::CivilDate birth;
  std::string id_number;         // Empty: has none.
  std::string phone, old_phone;  // "old_phone" is empty if it never changed.
  std::string household_phone;   // The head's.
  Residence residence, old_residence;
  bool moved = false;
};

class Population {
 public:
  static constexpr int kBlock = 16;
  // Ages are counted at the end of this year.
  static constexpr int kYear = 2025;

  // Requires: options as their comments say.
  Population(std::uint64_t seed, PopulationOptions options);

  // The people block * kBlock and on, in their order; "people" is written anew and keeps its
  // memory. Requires: 0 <= block.
  void FillBlock(std::int64_t block, std::vector<RegisteredPerson>& people) const;

  // Six digits. Requires: district < options().districts.
  const std::string& DivisionOf(int district) const { return divisions_[district]; }
  // A phone of a community worker who enters it for people without one. Requires: 0 <= worker.
  std::string WorkerPhone(int district, int worker) const;

  const PopulationOptions& options() const { return options_; }

 private:
  class Builder;

  // Serial numbers of phones: two for each person. "serial" may be any number.
  std::string PhoneOf(std::uint64_t serial) const;
  // Without the duplicates of others' numbers; "lone" keeps the last place for one alone.
  void FillOwn(std::int64_t block, bool lone, std::vector<RegisteredPerson>& people) const;
  bool HoldsDuplicate(std::int64_t block) const;

  const std::uint64_t seed_;
  const PopulationOptions options_;
  std::vector<std::string> divisions_;
};

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_REGISTER_POPULATION_H_
