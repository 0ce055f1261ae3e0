#include "tests/hub/engine/outward_script.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "anqiao/adapter/v1/adapter.pb.h"

namespace anqiao::engine {
namespace {

using namespace adapter::v1;  // NOLINT(google-build-using-namespace): the names of one enum.

constexpr const char* kNames[] = {"张安", "李桥", "王平", "赵欣", "刘安宁", "陈若水"};
constexpr const char* kDivisions[] = {"421202003001", "421202003010", "421202003012", "421202"};
constexpr const char* kCompany = "91421299MA4ABCDEF3";
constexpr const char* kBusiness = "92421299MA4KXYQ7X7";
constexpr const char* kProviders[] = {"employment", "school", "tax", "civil_affairs"};
constexpr absl::CivilDay kToday(2026, 9, 21);

// A made-up identity number: county 421299 was never assigned.
std::string MakeIdNumber(absl::CivilDay birth, int number) {
  static constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  const std::string day = absl::StrCat(birth.year(), birth.month() < 10 ? "0" : "", birth.month(),
                                       birth.day() < 10 ? "0" : "", birth.day());
  const std::string digits = absl::StrCat("421299", day, number);
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) sum += (digits[i] - '0') * kWeights[i];
  return digits + "10X98765432"[sum % 11];
}

std::string Field(adapter::v1::Field field, const std::string& value) {
  return value.empty() ? "" : absl::StrCat(";", static_cast<int>(field), "=", value);
}

std::string DaysAgo(Dice& dice, std::size_t least, std::size_t most) {
  const auto days = static_cast<std::int64_t>(least + dice.Choose(most - least));
  return absl::FormatCivilTime(kToday - days);
}

struct PersonPlan {
  int number = 0;
  std::string name, id_number, birth, phone, second_phone, division;
  std::vector<RecordName> records;
};

// Nobody shares a name: a request about a case that the police make of several people is another
// request, and no pair of ours.
PersonPlan MakePerson(Dice& dice, int number) {
  PersonPlan person;
  person.number = number;
  person.name = kNames[static_cast<std::size_t>(number) % std::size(kNames)];
  const absl::CivilDay birth =
      absl::CivilDay(1962, 1, 1) + static_cast<std::int64_t>(dice.Choose(42 * 365));
  person.birth = absl::FormatCivilTime(birth);
  person.id_number = MakeIdNumber(birth, 100 + static_cast<int>(dice.Choose(899)));
  person.phone = absl::StrCat("1900", 1000000 + dice.Choose(9000000));
  person.second_phone = absl::StrCat("1900", 1000000 + dice.Choose(9000000));
  person.division = kDivisions[dice.Choose(std::size(kDivisions))];
  return person;
}

// What one record of the other agencies says of the person; some leave much out, so that who is who
// hangs by little.
std::string SubjectOf(Dice& dice, const PersonPlan& person) {
  std::string text = Field(FIELD_PERSON_NAME, person.name);
  const bool numbered = !dice.OneIn(5);
  if (numbered) text += Field(FIELD_ID_NUMBER, person.id_number);
  if (!numbered || dice.OneIn(3)) text += Field(FIELD_BIRTH_DATE, person.birth);
  if (!dice.OneIn(3)) {
    text += Field(FIELD_PHONE, dice.OneIn(4) ? person.second_phone : person.phone);
  }
  if (!dice.OneIn(3)) text += Field(FIELD_DIVISION, person.division);
  if (dice.OneIn(4)) text += Field(FIELD_SEX, person.id_number[16] % 2 == 1 ? "1" : "2");
  return text;
}

// Writes the steps of both sides.
class ScriptWriter {
 public:
  explicit ScriptWriter(std::uint64_t seed) : dice_(seed) { pair_.seed = seed; }

  Pair Write() {
    const std::size_t people = 1 + dice_.Choose(3);
    for (std::size_t i = 0; i < people; ++i) {
      people_.push_back(MakePerson(dice_, static_cast<int>(i)));
      WriteRecords(people_.back());
    }
    Mix();
    for (const PersonPlan& person : people_) WriteReferrals(person);
    WriteTraffic();
    for (std::size_t side = 0; side < 2; ++side) WritePolice(side);
    return std::move(pair_);
  }

 private:
  void Record(PersonPlan& person, const std::string& agency, const std::string& format,
              const std::string& facts) {
    const std::string key = absl::StrCat("K", person.number);
    person.records.push_back({agency, format, key});
    Step& step = pair_.steps.emplace_back();
    step.kind = Step::Kind::kSubmit;
    step.payload = {agency, format, absl::StrCat(key, SubjectOf(dice_, person), facts, "\n")};
    if (dice_.OneIn(8)) step.payload.text += "BAD\n";
  }

  void Jobless(PersonPlan& person, std::size_t least_days) {
    Record(person, "employment", "jobless",
           Field(FIELD_UNEMPLOYED_SINCE, DaysAgo(dice_, least_days, least_days + 300)));
  }
  void Difficulty(PersonPlan& person) {
    Record(person, "employment", "difficulty",
           Field(FIELD_DIFFICULTY_CATEGORY, dice_.OneIn(2) ? "LONG_TERM_UNEMPLOYED" : "DISABLED") +
               Field(FIELD_VALID_FROM_DATE, DaysAgo(dice_, 10, 200)));
  }
  void Certificate(PersonPlan& person, const std::string& annotation) {
    Record(person, "employment", "certificate",
           Field(FIELD_CERTIFICATE_NUMBER, absl::StrCat("4212990026", 100000 + person.number)) +
               Field(FIELD_CERTIFICATE_ANNOTATION, annotation) +
               Field(FIELD_ISSUED_DATE, DaysAgo(dice_, 10, 100)));
  }
  void Hire(PersonPlan& person) {
    const std::string start = DaysAgo(dice_, 40, 120);
    Record(
        person, "employment", "hire",
        Field(FIELD_EMPLOYER_CODE, kCompany) + Field(FIELD_EMPLOYER_NAME, "示例环境服务有限公司") +
            Field(FIELD_CONTRACT_START_DATE, start) + Field(FIELD_CONTRACT_END_DATE, "2029-12-31") +
            Field(FIELD_SOCIAL_INSURANCE_FROM_MONTH, start.substr(0, 7)));
  }
  void Business(PersonPlan& person) {
    Record(person, "tax", "business",
           Field(FIELD_BUSINESS_CODE, kBusiness) +
               Field(FIELD_REGISTRATION_DATE, DaysAgo(dice_, 380, 600)));
  }
  void Relief(PersonPlan& person) {
    Record(person, "civil_affairs", "relief",
           Field(FIELD_HOUSEHOLD_KEY, absl::StrCat("H", person.number)) +
               Field(FIELD_RELIEF_KIND, dice_.OneIn(2) ? "URBAN_MINIMUM_LIVING" : "TEMPORARY") +
               Field(FIELD_RELIEF_FROM_MONTH, "2026-02"));
  }
  void Training(PersonPlan& person) {
    Record(person, "employment", "training",
           Field(FIELD_COURSE, "电工") + Field(FIELD_COMPLETED_DATE, DaysAgo(dice_, 10, 300)) +
               Field(FIELD_QUALIFICATION_NUMBER, absl::StrCat("Q", person.number)) +
               Field(FIELD_QUALIFICATION_GRADE, "4"));
  }

  void WriteRecords(PersonPlan& person) {
    switch (dice_.Choose(8)) {
      case 0:
        Jobless(person, 40);
        Difficulty(person);
        break;
      case 1:
        Relief(person);
        break;
      case 2:
        Jobless(person, 40);
        Training(person);
        break;
      case 3:
        Jobless(person, 250);
        Certificate(person, "SELF_EMPLOYMENT");
        Business(person);
        break;
      case 4:
        Jobless(person, 250);
        Certificate(person, "EMPLOYER");
        Hire(person);
        break;
      case 5:
        Difficulty(person);
        Business(person);
        break;
      case 6:
        Difficulty(person);
        Hire(person);
        break;
      default:
        Jobless(person, 400);
        Relief(person);
    }
    if (dice_.OneIn(3) && person.records.front().agency != "civil_affairs") Relief(person);
  }

  // The order of arrival is the same on both sides, and any.
  void Mix() {
    for (std::size_t i = pair_.steps.size(); i > 1; --i) {
      std::swap(pair_.steps[i - 1], pair_.steps[dice_.Choose(i)]);
    }
  }

  // The record by which the hub tells a provider whom a request is about (outward_case.h).
  static RecordName AnchorOf(const PersonPlan& person, const std::string& provider) {
    return *std::min_element(person.records.begin(), person.records.end(),
                             [&](const RecordName& a, const RecordName& b) {
                               const auto rank = [&](const RecordName& name) {
                                 return std::make_tuple(name.agency != provider, name.agency,
                                                        name.format);
                               };
                               return rank(a) < rank(b);
                             });
  }

  void WriteReferrals(const PersonPlan& person) {
    struct Choice {
      const char* policy;
      const char* provider;
    };
    static constexpr Choice kPolicies[] = {{"employment-assistance", "employment"},
                                           {"difficulty-recognition", "employment"},
                                           {"training-subsidy", "employment"},
                                           {"tax-relief-self-employed", "tax"},
                                           {"tax-relief-employer", "tax"},
                                           {"startup-loan", "employment"},
                                           {"first-business-subsidy", "employment"},
                                           {"insurance-subsidy-employer", "employment"},
                                           {"unemployment-registration", "employment"},
                                           {"public-welfare-post", "employment"},
                                           {"temporary-relief", "civil_affairs"},
                                           {"minimum-living", "civil_affairs"}};
    std::vector<std::size_t> order(std::size(kPolicies));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[dice_.Choose(i)]);
    }
    // What does not fit is refused at the gate, on both sides.
    order.resize(7);
    for (const std::size_t at : order) {
      Step create;
      create.kind = Step::Kind::kCreate;
      create.policy = kPolicies[at].policy;
      create.details = {{"able_and_willing_to_work", "true"},
                        {"employed", "false"},
                        {"unemployed_since", "none"},
                        {"sudden_hardship", "true"},
                        {"basic_living_in_difficulty", "true"}};
      if (dice_.OneIn(2)) create.details["course"] = "家政服务";
      if (create.policy == "training-subsidy" && dice_.OneIn(2)) {
        create.agency = "school";
      }
      if (create.policy == "employment-assistance" && dice_.OneIn(4)) {
        create.provider = "works";
        create.post = dice_.OneIn(2) ? "driver" : "guard";
      }
      create.subject = AnchorOf(person, create.agency.empty() ? kPolicies[at].provider : "school");
      pair_.steps.push_back(create);
      ++drafts_;
      if (dice_.OneIn(10)) continue;  // stays a draft
      Step send;
      send.kind = Step::Kind::kSend;
      send.referral = drafts_ - 1;
      pair_.steps.push_back(send);
      if (dice_.OneIn(4)) Traffic();
    }
  }

  std::string AnyProvider() { return kProviders[dice_.Choose(std::size(kProviders))]; }

  void Traffic() {
    Step step;
    step.choice = dice_.Next();
    step.agency = AnyProvider();
    switch (dice_.Choose(10)) {
      case 8:
        step.kind = Step::Kind::kSendNext;
        step.referral = dice_.Next();
        break;
      case 0:
      case 1:
        step.kind = Step::Kind::kReceive;
        break;
      case 2:
      case 3:
      case 4:
        step.kind = Step::Kind::kAnswer;
        break;
      case 5: {
        const PersonPlan& person = people_[dice_.Choose(people_.size())];
        step.kind = Step::Kind::kProve;
        step.subject = person.records[dice_.Choose(person.records.size())];
        break;
      }
      case 6:
        step.kind = dice_.OneIn(2) ? Step::Kind::kLogHead : Step::Kind::kCorrections;
        break;
      case 7:
        Move(&step);
        break;
      default:
        step.kind = Step::Kind::kWait;
    }
    pair_.steps.push_back(step);
  }

  void Move(Step* step) {
    step->kind = Step::Kind::kMove;
    step->referral = dice_.Next();
    switch (dice_.Choose(4)) {
      case 0:
        step->action = referral::Action::kCancel;
        step->reason = "CIRCUMSTANCES_CHANGED";
        break;
      case 1:
        step->action = referral::Action::kSupplyInformation;
        step->details = {{"course", "护理"}};
        break;
      case 2:
        step->action = referral::Action::kClose;
        break;
      default:
        step->action = referral::Action::kVoid;
        step->reason = "ENTERED_IN_ERROR";
    }
  }

  void Care() {
    const PersonPlan& person = people_[dice_.Choose(people_.size())];
    Step step;
    step.kind = Step::Kind::kCare;
    step.subject = person.records[dice_.Choose(person.records.size())];
    pair_.steps.push_back(step);
  }

  void WriteTraffic() {
    for (const char* provider : kProviders) {
      Step step;
      step.kind = Step::Kind::kReceive;
      step.agency = provider;
      step.choice = dice_.Next();
      pair_.steps.push_back(step);
    }
    for (std::size_t i = 0; i < 16; ++i) {
      if (dice_.OneIn(3)) Care();
      Traffic();
    }
    for (std::size_t i = 0; i < drafts_; ++i) {
      Step step;
      step.kind = Step::Kind::kSendNext;
      step.referral = i;
      pair_.steps.push_back(step);
    }
    for (const char* provider : kProviders) {
      for (const Step::Kind kind : {Step::Kind::kReceive, Step::Kind::kLogHead}) {
        Step step;
        step.kind = kind;
        step.agency = provider;
        step.choice = dice_.Next();
        pair_.steps.push_back(step);
      }
    }
  }

  // --- What only the police say. ---

  std::string PoliceSubject(const PersonPlan& person) {
    const std::string name = dice_.OneIn(5) ? absl::StrCat("周", person.name) : person.name;
    std::string text = Field(FIELD_PERSON_NAME, name);
    if (dice_.OneIn(6)) text += Field(FIELD_FORMER_NAME, person.name);
    const absl::CivilDay other_birth(1980, 5, 17);
    switch (dice_.Choose(5)) {
      case 0:  // somebody else's number, of the same birth date or another
        text += Field(FIELD_ID_NUMBER, MakeIdNumber(other_birth, 500 + person.number));
        if (dice_.OneIn(2)) text += Field(FIELD_BIRTH_DATE, person.birth);
        break;
      case 1:
        text += Field(FIELD_BIRTH_DATE, person.birth);
        break;
      default:
        text += Field(FIELD_ID_NUMBER, person.id_number);
        if (dice_.OneIn(2)) text += Field(FIELD_BIRTH_DATE, person.birth);
    }
    if (!dice_.OneIn(4)) {
      const std::string phones[] = {person.phone, person.second_phone, "19001234567"};
      text += Field(FIELD_PHONE, phones[dice_.Choose(3)]);
    }
    if (!dice_.OneIn(4)) text += Field(FIELD_DIVISION, kDivisions[dice_.Choose(3)]);
    if (dice_.OneIn(3)) text += Field(FIELD_SEX, dice_.OneIn(2) ? "1" : "2");
    text += Field(FIELD_ADDRESS, "永安街道戒毒康复站");
    return text;
  }

  std::string PoliceRecord(const PersonPlan& person, const std::string& format, int version) {
    std::string text = absl::StrCat("X", person.number, PoliceSubject(person));
    text += Field(FIELD_REGISTER_NUMBER, absl::StrCat("G", person.number));
    if (format == "register") {
      static constexpr const char* kStatus[] = {"REGISTERED", "COMMUNITY_DETOX", "IN_SOCIETY",
                                                "CLEAN_THREE_YEARS"};
      text += Field(FIELD_CONTROL_STATUS, kStatus[dice_.Choose(4)]);
      text += Field(FIELD_SEIZURE_DATE, DaysAgo(dice_, 100, 2000));
      text += Field(FIELD_SUBSTANCE, absl::StrCat("海洛因", version));
      if (dice_.OneIn(4)) text += Field(FIELD_STATUS_FLAG, dice_.OneIn(2) ? "DECEASED" : "LOST");
    } else if (format == "order") {
      text +=
          Field(FIELD_ORDER_KIND, dice_.OneIn(2) ? "COMMUNITY_DETOX" : "COMMUNITY_REHABILITATION");
      text += Field(FIELD_DECIDED_DATE, DaysAgo(dice_, 50, 1000));
    } else {
      text += Field(FIELD_TEST_DATE, DaysAgo(dice_, 1, 400));
      text += Field(FIELD_TEST_RESULT, dice_.OneIn(3) ? "POSITIVE" : "NEGATIVE");
    }
    return text;
  }

  void WritePolice(std::size_t side) {
    std::vector<std::vector<ScriptedPayload>>& police = pair_.police[side];
    police.resize(pair_.steps.size() + 1);
    if (side == 1 && dice_.OneIn(2)) return;  // the police know nobody
    std::vector<PersonPlan> known = people_;
    known.push_back(MakePerson(dice_, 95));  // whom nobody else knows
    for (const PersonPlan& person : known) {
      if (dice_.OneIn(4)) continue;
      const std::size_t records = 1 + dice_.Choose(4);
      for (std::size_t i = 0; i < records; ++i) {
        static constexpr const char* kFormats[] = {"register", "order", "test"};
        const std::string format = kFormats[dice_.Choose(3)];
        // Early ones decide who is who; late ones come between referral and answer.
        const std::size_t at = dice_.Choose(dice_.OneIn(2) ? police.size() : 5);
        const std::string text = PoliceRecord(person, format, static_cast<int>(i));
        police[at].push_back({"police", format, text + "\n"});
        if (dice_.OneIn(8)) {
          police[at + dice_.Choose(police.size() - at)].push_back(
              {"police", format, absl::StrCat("-X", person.number, "\n")});
        }
      }
    }
  }

  Dice dice_;
  Pair pair_;
  std::vector<PersonPlan> people_;
  std::size_t drafts_ = 0;
};

}  // namespace

Pair MakePair(std::uint64_t seed) { return ScriptWriter(seed).Write(); }

}  // namespace anqiao::engine
