#include "hub/model/normalize.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "hub/base/errors.h"
#include "hub/model/divisions.h"
#include "hub/model/identifiers.h"
#include "hub/model/names.h"
#include "hub/model/phones.h"

namespace anqiao::model {
namespace {

namespace av1 = adapter::v1;
namespace jv1 = journal::v1;

constexpr std::size_t kKeyBytesMax = 200;
constexpr std::size_t kValueBytesMax = 1000;
constexpr std::size_t kNameBytesMax = 200;
constexpr std::size_t kNativeFieldBytesMax = 200;
constexpr int kValuesMax = 64;
constexpr int kRepeatsMax = 8;
constexpr std::int64_t kMoneyFenMax = 1'000'000'000'000;
constexpr int kTermMonthsMax = 120;
constexpr int kPostCountMax = 100'000;
constexpr int kAgeYearsMax = 130;
constexpr int kFactYearMin = 1900;

// A record on its way, and the value that is being judged.
struct Context {
  const av1::Record& record;
  const CivilDate& today;
  Normalized& out;
  const av1::FieldValue* value = nullptr;

  jv1::Subject* subject() { return out.observation.mutable_subject(); }
  absl::string_view text() const { return value->value(); }

  void Add(absl::string_view reason, absl::string_view message, bool warning) {
    if (out.problems.size() >= kProblemsMax) {
      // The last place tells whether the record can be used.
      out.problems.back().warning = out.problems.back().warning && warning;
      return;
    }
    Problem problem;
    problem.reason = std::string(reason);
    problem.row = record.row();
    problem.byte_offset = record.byte_offset();
    if (value != nullptr) {
      problem.column = value->column();
      const std::string& name = value->native_field();
      if (name.size() <= kNativeFieldBytesMax && IsValidUtf8(name)) problem.field = name;
    }
    problem.message = std::string(message);
    problem.warning = warning;
    out.problems.push_back(std::move(problem));
  }
  void Fail(absl::string_view reason, absl::string_view message) { Add(reason, message, false); }
  void Warn(absl::string_view message) { Add(reason::kValueInvalid, message, true); }
};

enum class When { kAnyTime, kNotInFuture };

// The date in "c.value"; nullopt, with a problem, if it is none or lies in the future.
std::optional<CivilDate> FactDate(Context& c, When when) {
  const std::optional<CivilDate> date = CivilDate::Parse(c.text());
  if (!date.has_value() || date->year < kFactYearMin) {
    c.Fail(reason::kDateImpossible,
           "is not a date that exists: expected YYYY-MM-DD, YYYY-MM or YYYY");
    return std::nullopt;
  }
  if (when == When::kNotInFuture && *date > c.today.AddDays(1)) {
    c.Fail(reason::kDateImpossible, "lies in the future");
    return std::nullopt;
  }
  return date;
}

void Date(Context& c, type::v1::CivilDate* to, When when = When::kAnyTime) {
  if (const auto date = FactDate(c, when)) *to = date->ToProto();
}

void PastDate(Context& c, type::v1::CivilDate* to) { Date(c, to, When::kNotInFuture); }

void Month(Context& c, type::v1::CivilDate* to) {
  std::optional<CivilDate> date = FactDate(c, When::kAnyTime);
  if (!date.has_value()) return;
  if (date->month == 0) {
    c.Fail(reason::kDateImpossible, "has no month: expected YYYY-MM");
    return;
  }
  date->day = 0;
  *to = date->ToProto();
}

// Free text, as written but for its ends.
std::string Text(const Context& c) { return std::string(absl::StripAsciiWhitespace(c.text())); }

// Numbers and keys of an agency: one form for every way of writing them.
std::string Number(const Context& c) { return NormalizeText(c.text()); }

// "c.value" if it is one of "words"; else empty, with a problem.
std::string Word(Context& c, std::initializer_list<absl::string_view> words) {
  if (std::find(words.begin(), words.end(), c.text()) != words.end()) return std::string(c.text());
  c.Fail(reason::kValueInvalid, "is not one of the values that the field can have");
  return "";
}

template <typename Enum>
Enum Coded(Context& c, std::initializer_list<std::pair<absl::string_view, Enum>> words) {
  for (const auto& [word, value] : words) {
    if (word == c.text()) return value;
  }
  c.Fail(reason::kValueInvalid, "is not one of the values that the field can have");
  return Enum{};
}

std::int64_t Whole(Context& c, std::int64_t min, std::int64_t max) {
  std::int64_t number = 0;
  const bool digits = std::all_of(c.text().begin(), c.text().end(), [](unsigned char character) {
    return absl::ascii_isdigit(character);
  });
  if (!digits || !absl::SimpleAtoi(c.text(), &number) || number < min || number > max) {
    c.Fail(reason::kValueInvalid, absl::StrCat("must be a whole number from ", min, " to ", max));
    return 0;
  }
  return number;
}

bool Flag(Context& c) { return Whole(c, 0, 1) == 1; }

std::string CreditCode(Context& c) {
  absl::StatusOr<std::string> code = ParseCreditCode(c.text());
  if (code.ok()) return *std::move(code);
  c.Fail(ReasonOf(code.status()), code.status().message());
  return "";
}

void AddOnce(google::protobuf::RepeatedPtrField<std::string>* list, std::string value) {
  if (value.empty() || std::find(list->begin(), list->end(), value) != list->end()) return;
  *list->Add() = std::move(value);
}

// --- The subject. ---

std::string PersonName(Context& c) {
  std::string name = NormalizeName(c.text());
  if (name.empty() || name.size() > kNameBytesMax) {
    c.Fail(reason::kValueInvalid,
           absl::StrCat("is not a name: expected 1 to ", kNameBytesMax, " bytes"));
    return "";
  }
  return name;
}

void SetIdNumber(Context& c) {
  absl::StatusOr<IdNumber> id = ParseIdNumber(c.text());
  if (!id.ok()) {
    c.Fail(ReasonOf(id.status()), id.status().message());
  } else if (id->birth_date > c.today || AgeOn(id->birth_date, c.today) > kAgeYearsMax) {
    c.Fail(reason::kDateImpossible, "identity number has an impossible date of birth");
  } else {
    c.subject()->set_id_number(std::move(id->value));
  }
}

void SetBirthDate(Context& c) {
  const std::optional<CivilDate> date = CivilDate::Parse(c.text());
  if (!date.has_value() || *date > c.today || AgeOn(*date, c.today) > kAgeYearsMax) {
    c.Add(reason::kDateImpossible, "is not a possible date of birth; left out", true);
  } else {
    *c.subject()->mutable_birth_date() = date->ToProto();
  }
}

void AddPhones(Context& c) {
  Phones phones = ParsePhones(c.text());
  if (phones.incomplete) c.Warn("is not a possible phone number; left out");
  for (std::string& number : phones.numbers) {
    if (c.subject()->phones_size() < kRepeatsMax) {
      AddOnce(c.subject()->mutable_phones(), std::move(number));
    }
  }
}

std::string Division(Context& c) {
  std::optional<std::string> code = ResolveDivision(c.text());
  if (!code.has_value()) c.Warn("is not a known division; left out");
  return code.value_or("");
}

// A code of "digits" digits within a code table; else empty, with a warning.
std::string TableCode(Context& c, std::size_t digits) {
  const bool fits = c.text().size() == digits &&
                    std::all_of(c.text().begin(), c.text().end(),
                                [](unsigned char x) { return absl::ascii_isdigit(x); });
  if (fits) return std::string(c.text());
  c.Warn(absl::StrCat("is not a code of ", digits, " digits; left out"));
  return "";
}

void SetSex(Context& c) {
  if (c.text() == "0" || c.text() == "1" || c.text() == "2" || c.text() == "9") {
    c.subject()->set_sex(c.value->value());
  } else {
    c.Warn("is not 0, 1, 2 or 9 (GB/T 2261.1); left out");
  }
}

// --- What a kind may and must have: the comments of RecordKind as a table. ---

struct Rule {
  enum Need { kOptional, kRequired, kRepeated };
  av1::Field field;
  Need need;
  void (*apply)(Context&);
};

constexpr Rule kSubjectRules[] = {
    {av1::FIELD_PERSON_NAME, Rule::kRequired,
     [](Context& c) { c.subject()->set_name(PersonName(c)); }},
    {av1::FIELD_FORMER_NAME, Rule::kRepeated,
     [](Context& c) { AddOnce(c.subject()->mutable_former_names(), PersonName(c)); }},
    {av1::FIELD_ID_NUMBER, Rule::kOptional, SetIdNumber},
    {av1::FIELD_SEX, Rule::kOptional, SetSex},
    {av1::FIELD_BIRTH_DATE, Rule::kOptional, SetBirthDate},
    {av1::FIELD_PHONE, Rule::kRepeated, AddPhones},
    {av1::FIELD_ADDRESS, Rule::kOptional,
     [](Context& c) { c.subject()->set_address(NormalizeText(c.text())); }},
    {av1::FIELD_DIVISION, Rule::kOptional,
     [](Context& c) { c.subject()->set_division_code(Division(c)); }},
    {av1::FIELD_REGISTERED_DIVISION, Rule::kOptional,
     [](Context& c) { c.subject()->set_registered_division_code(Division(c)); }},
    {av1::FIELD_ETHNICITY, Rule::kOptional,
     [](Context& c) { c.subject()->set_ethnicity(TableCode(c, 2)); }},
    {av1::FIELD_EDUCATION, Rule::kOptional,
     [](Context& c) { c.subject()->set_education(TableCode(c, 2)); }},
    {av1::FIELD_MARITAL_STATUS, Rule::kOptional,
     [](Context& c) { c.subject()->set_marital_status(TableCode(c, 2)); }},
    {av1::FIELD_AGENCY_PERSON_NUMBER, Rule::kOptional,
     [](Context& c) {
       // For the police the register number is this, whichever comes first.
       if (c.subject()->agency_number().empty()) c.subject()->set_agency_number(Number(c));
     }},
};

jv1::RegisterFact* Register(Context& c) { return c.out.observation.mutable_register_(); }

constexpr Rule kRegisterRules[] = {
    {av1::FIELD_REGISTER_NUMBER, Rule::kRequired,
     [](Context& c) {
       Register(c)->set_register_number(Number(c));
       c.subject()->set_agency_number(Number(c));
     }},
    {av1::FIELD_CONTROL_STATUS, Rule::kOptional,
     [](Context& c) {
       Register(c)->set_control_status(
           Word(c, {"REGISTERED", "VOLUNTARY", "COMMUNITY_DETOX", "COMPULSORY_ISOLATION",
                    "COMMUNITY_REHABILITATION", "IN_SOCIETY", "CLEAN_THREE_YEARS"}));
     }},
    {av1::FIELD_SEIZURE_DATE, Rule::kOptional,
     [](Context& c) { PastDate(c, Register(c)->mutable_seizure_date()); }},
    {av1::FIELD_FIRST_USE_DATE, Rule::kOptional,
     [](Context& c) { PastDate(c, Register(c)->mutable_first_use_date()); }},
    {av1::FIELD_SUBSTANCE, Rule::kOptional,
     [](Context& c) { Register(c)->set_substance(Text(c)); }},
    {av1::FIELD_RISK_GRADE, Rule::kOptional,
     [](Context& c) {
       Register(c)->set_risk_grade(Word(c, {"HIGH", "MEDIUM", "LOW"}));
     }},
    {av1::FIELD_STATUS_FLAG, Rule::kRepeated,
     [](Context& c) {
       AddOnce(Register(c)->mutable_flags(),
               Word(c, {"METHADONE", "IN_CUSTODY", "LOST", "ABROAD", "DECEASED"}));
     }},
};

jv1::OrderFact* Order(Context& c) { return c.out.observation.mutable_order(); }

constexpr Rule kOrderRules[] = {
    {av1::FIELD_REGISTER_NUMBER, Rule::kOptional,
     [](Context& c) {
       Order(c)->set_register_number(Number(c));
       c.subject()->set_agency_number(Number(c));
     }},
    {av1::FIELD_ORDER_KIND, Rule::kRequired,
     [](Context& c) {
       Order(c)->set_kind(Coded<jv1::OrderKind>(
           c, {{"COMMUNITY_DETOX", jv1::ORDER_KIND_COMMUNITY_DETOX},
               {"COMPULSORY_ISOLATION", jv1::ORDER_KIND_COMPULSORY_ISOLATION},
               {"COMMUNITY_REHABILITATION", jv1::ORDER_KIND_COMMUNITY_REHABILITATION}}));
     }},
    {av1::FIELD_DOCUMENT_NUMBER, Rule::kOptional,
     [](Context& c) { Order(c)->set_document_number(Text(c)); }},
    {av1::FIELD_ORGAN, Rule::kOptional, [](Context& c) { Order(c)->set_organ(Text(c)); }},
    {av1::FIELD_DECIDED_DATE, Rule::kRequired,
     [](Context& c) { PastDate(c, Order(c)->mutable_decided_date()); }},
    {av1::FIELD_RECEIVED_DATE, Rule::kOptional,
     [](Context& c) { PastDate(c, Order(c)->mutable_received_date()); }},
    {av1::FIELD_REPORTED_DATE, Rule::kOptional,
     [](Context& c) { PastDate(c, Order(c)->mutable_reported_date()); }},
    // An end can be announced.
    {av1::FIELD_ENDED_DATE, Rule::kOptional,
     [](Context& c) { Date(c, Order(c)->mutable_ended_date()); }},
    {av1::FIELD_END_REASON, Rule::kOptional,
     [](Context& c) {
       Order(c)->set_end_reason(
           Coded<jv1::OrderEnd>(c, {{"EXPIRED", jv1::ORDER_END_EXPIRED},
                                    {"RELEASED_EARLY", jv1::ORDER_END_RELEASED_EARLY},
                                    {"CONVERTED", jv1::ORDER_END_CONVERTED},
                                    {"TERMINATED", jv1::ORDER_END_TERMINATED},
                                    {"REFUSED", jv1::ORDER_END_REFUSED}}));
     }},
    {av1::FIELD_TERM_MONTHS, Rule::kOptional,
     [](Context& c) {
       Order(c)->set_term_months(static_cast<std::int32_t>(Whole(c, 1, kTermMonthsMax)));
     }},
};

jv1::TestFact* Test(Context& c) { return c.out.observation.mutable_test(); }

constexpr Rule kTestRules[] = {
    {av1::FIELD_REGISTER_NUMBER, Rule::kOptional,
     [](Context& c) {
       Test(c)->set_register_number(Number(c));
       c.subject()->set_agency_number(Number(c));
     }},
    {av1::FIELD_TEST_DATE, Rule::kRequired,
     [](Context& c) { PastDate(c, Test(c)->mutable_date()); }},
    {av1::FIELD_TEST_RESULT, Rule::kRequired,
     [](Context& c) {
       Test(c)->set_positive(Word(c, {"POSITIVE", "NEGATIVE"}) == "POSITIVE");
     }},
    {av1::FIELD_TEST_KIND, Rule::kOptional,
     [](Context& c) {
       Test(c)->set_kind(Word(c, {"ON_SITE", "LABORATORY", "RETEST", "HAIR"}));
     }},
};

jv1::HouseholdReliefFact* Relief(Context& c) {
  return c.out.observation.mutable_household_relief();
}

constexpr Rule kHouseholdReliefRules[] = {
    {av1::FIELD_HOUSEHOLD_KEY, Rule::kRequired,
     [](Context& c) { Relief(c)->set_household_key(Number(c)); }},
    {av1::FIELD_RELIEF_KIND, Rule::kRequired,
     [](Context& c) {
       Relief(c)->set_kind(Coded<jv1::ReliefKind>(
           c, {{"URBAN_MINIMUM_LIVING", jv1::RELIEF_KIND_URBAN_MINIMUM_LIVING},
               {"RURAL_MINIMUM_LIVING", jv1::RELIEF_KIND_RURAL_MINIMUM_LIVING},
               {"DESTITUTE", jv1::RELIEF_KIND_DESTITUTE},
               {"TEMPORARY", jv1::RELIEF_KIND_TEMPORARY}}));
     }},
    {av1::FIELD_RELIEF_CERTIFICATE, Rule::kOptional,
     [](Context& c) { Relief(c)->set_certificate_number(Number(c)); }},
    {av1::FIELD_RELIEF_FROM_MONTH, Rule::kRequired,
     [](Context& c) { Month(c, Relief(c)->mutable_from_month()); }},
    {av1::FIELD_RELIEF_TO_MONTH, Rule::kOptional,
     [](Context& c) { Month(c, Relief(c)->mutable_to_month()); }},
    {av1::FIELD_HOUSEHOLD_RELATION, Rule::kOptional,
     [](Context& c) {
       Relief(c)->set_relation(Word(c, {"HEAD", "SPOUSE", "CHILD", "PARENT", "OTHER"}));
     }},
    {av1::FIELD_MONTHLY_AMOUNT_FEN, Rule::kOptional,
     [](Context& c) { Relief(c)->set_monthly_amount_fen(Whole(c, 0, kMoneyFenMax)); }},
    {av1::FIELD_ZERO_EMPLOYMENT, Rule::kOptional,
     [](Context& c) { Relief(c)->set_zero_employment(Flag(c)); }},
};

jv1::UnemploymentFact* Unemployment(Context& c) { return c.out.observation.mutable_unemployment(); }

constexpr Rule kUnemploymentRules[] = {
    {av1::FIELD_UNEMPLOYED_SINCE, Rule::kRequired,
     [](Context& c) { PastDate(c, Unemployment(c)->mutable_registered_date()); }},
    {av1::FIELD_UNEMPLOYMENT_REASON, Rule::kOptional,
     [](Context& c) { Unemployment(c)->set_reason(Text(c)); }},
    {av1::FIELD_UNEMPLOYMENT_ENDED_DATE, Rule::kOptional,
     [](Context& c) { Date(c, Unemployment(c)->mutable_ended_date()); }},
    {av1::FIELD_PERSON_CATEGORY, Rule::kRepeated,
     [](Context& c) {
       AddOnce(Unemployment(c)->mutable_person_categories(),
               Word(c, {"POVERTY_RELIEVED", "POVERTY_MONITORED", "OTHER"}));
     }},
};

jv1::CertificateFact* Certificate(Context& c) { return c.out.observation.mutable_certificate(); }

constexpr Rule kCertificateRules[] = {
    {av1::FIELD_CERTIFICATE_NUMBER, Rule::kRequired,
     [](Context& c) { Certificate(c)->set_number(Number(c)); }},
    {av1::FIELD_CERTIFICATE_ANNOTATION, Rule::kRepeated,
     [](Context& c) {
       AddOnce(Certificate(c)->mutable_annotations(),
               Word(c, {"SELF_EMPLOYMENT", "EMPLOYER", "GRADUATE"}));
     }},
    {av1::FIELD_ISSUED_DATE, Rule::kOptional,
     [](Context& c) { PastDate(c, Certificate(c)->mutable_issued_date()); }},
};

jv1::DifficultyFact* Difficulty(Context& c) { return c.out.observation.mutable_difficulty(); }

constexpr Rule kDifficultyRules[] = {
    {av1::FIELD_DIFFICULTY_CATEGORY, Rule::kRequired,
     [](Context& c) {
       Difficulty(c)->set_category(
           Word(c, {"AGE_4050", "DISABLED", "MINIMUM_LIVING", "ZERO_EMPLOYMENT_HOUSEHOLD",
                    "LOST_LAND", "LONG_TERM_UNEMPLOYED", "OTHER"}));
     }},
    {av1::FIELD_VALID_FROM_DATE, Rule::kRequired,
     [](Context& c) { Date(c, Difficulty(c)->mutable_valid_from_date()); }},
    {av1::FIELD_VALID_TO_DATE, Rule::kOptional,
     [](Context& c) { Date(c, Difficulty(c)->mutable_valid_to_date()); }},
};

jv1::TrainingFact* Training(Context& c) { return c.out.observation.mutable_training(); }

constexpr Rule kTrainingRules[] = {
    {av1::FIELD_COURSE, Rule::kRequired, [](Context& c) { Training(c)->set_course(Text(c)); }},
    {av1::FIELD_COMPLETED_DATE, Rule::kOptional,
     [](Context& c) { Date(c, Training(c)->mutable_completed_date()); }},
    {av1::FIELD_QUALIFICATION_NUMBER, Rule::kOptional,
     [](Context& c) { Training(c)->set_qualification_number(Number(c)); }},
    {av1::FIELD_QUALIFICATION_GRADE, Rule::kOptional,
     [](Context& c) { Training(c)->set_qualification_grade(TableCode(c, 1)); }},
};

jv1::EmploymentFact* Employment(Context& c) { return c.out.observation.mutable_employment(); }

constexpr Rule kEmploymentRules[] = {
    {av1::FIELD_EMPLOYER_CODE, Rule::kOptional,
     [](Context& c) { Employment(c)->set_employer_code(CreditCode(c)); }},
    {av1::FIELD_EMPLOYER_NAME, Rule::kOptional,
     [](Context& c) { Employment(c)->set_employer_name(Text(c)); }},
    {av1::FIELD_CONTRACT_START_DATE, Rule::kRequired,
     [](Context& c) { Date(c, Employment(c)->mutable_contract_start_date()); }},
    {av1::FIELD_CONTRACT_END_DATE, Rule::kOptional,
     [](Context& c) { Date(c, Employment(c)->mutable_contract_end_date()); }},
    {av1::FIELD_SOCIAL_INSURANCE_FROM_MONTH, Rule::kOptional,
     [](Context& c) { Month(c, Employment(c)->mutable_social_insurance_from_month()); }},
    {av1::FIELD_EMPLOYMENT_FORM, Rule::kOptional,
     [](Context& c) {
       Employment(c)->set_form(Word(c, {"UNIT", "FLEXIBLE", "SELF_EMPLOYED", "PUBLIC_WELFARE"}));
     }},
};

jv1::BusinessFact* Business(Context& c) { return c.out.observation.mutable_business(); }

constexpr Rule kBusinessRules[] = {
    {av1::FIELD_BUSINESS_CODE, Rule::kRequired,
     [](Context& c) { Business(c)->set_code(CreditCode(c)); }},
    {av1::FIELD_BUSINESS_NAME, Rule::kOptional, [](Context& c) { Business(c)->set_name(Text(c)); }},
    {av1::FIELD_REGISTRATION_DATE, Rule::kRequired,
     [](Context& c) { PastDate(c, Business(c)->mutable_registered_date()); }},
    {av1::FIELD_DEREGISTRATION_DATE, Rule::kOptional,
     [](Context& c) { Date(c, Business(c)->mutable_deregistered_date()); }},
};

constexpr Rule kEmployerRules[] = {
    {av1::FIELD_EMPLOYER_CODE, Rule::kRequired,
     [](Context& c) { c.out.observation.mutable_employer()->set_code(CreditCode(c)); }},
    {av1::FIELD_EMPLOYER_NAME, Rule::kRequired,
     [](Context& c) { c.out.observation.mutable_employer()->set_name(Text(c)); }},
};

jv1::TaxReliefFact* TaxRelief(Context& c) { return c.out.observation.mutable_tax_relief(); }

constexpr Rule kTaxReliefRules[] = {
    {av1::FIELD_RELIEF_POLICY, Rule::kRequired,
     [](Context& c) {
       TaxRelief(c)->set_policy(Word(c, {"tax-relief-self-employed", "tax-relief-employer"}));
     }},
    {av1::FIELD_RELIEF_FROM_MONTH, Rule::kRequired,
     [](Context& c) { Month(c, TaxRelief(c)->mutable_from_month()); }},
    {av1::FIELD_RELIEF_TO_MONTH, Rule::kOptional,
     [](Context& c) { Month(c, TaxRelief(c)->mutable_to_month()); }},
    {av1::FIELD_EMPLOYER_CODE, Rule::kOptional,
     [](Context& c) { TaxRelief(c)->set_employer_code(CreditCode(c)); }},
    {av1::FIELD_AMOUNT_FEN, Rule::kOptional,
     [](Context& c) { TaxRelief(c)->set_amount_fen(Whole(c, 0, kMoneyFenMax)); }},
};

jv1::VacancyFact* Vacancy(Context& c) { return c.out.observation.mutable_vacancy(); }

constexpr Rule kVacancyRules[] = {
    {av1::FIELD_EMPLOYER_CODE, Rule::kRequired,
     [](Context& c) { Vacancy(c)->set_employer_code(CreditCode(c)); }},
    {av1::FIELD_EMPLOYER_NAME, Rule::kOptional,
     [](Context& c) { Vacancy(c)->set_employer_name(Text(c)); }},
    {av1::FIELD_POST, Rule::kRequired, [](Context& c) { Vacancy(c)->set_post(Text(c)); }},
    {av1::FIELD_POST_COUNT, Rule::kOptional,
     [](Context& c) {
       Vacancy(c)->set_count(static_cast<std::int32_t>(Whole(c, 0, kPostCountMax)));
     }},
    {av1::FIELD_DIVISION, Rule::kOptional,
     [](Context& c) { Vacancy(c)->set_division_code(Division(c)); }},
};

struct Kind {
  av1::RecordKind kind;
  absl::Span<const Rule> subject;
  absl::Span<const Rule> fact;
};

// Kinds that state nothing about a person or an employer have no row.
const Kind* KindOf(av1::RecordKind kind) {
  static constexpr Kind kKinds[] = {
      {av1::RECORD_KIND_REGISTER, kSubjectRules, kRegisterRules},
      {av1::RECORD_KIND_ORDER, kSubjectRules, kOrderRules},
      {av1::RECORD_KIND_TEST, kSubjectRules, kTestRules},
      {av1::RECORD_KIND_HOUSEHOLD_RELIEF, kSubjectRules, kHouseholdReliefRules},
      {av1::RECORD_KIND_UNEMPLOYMENT, kSubjectRules, kUnemploymentRules},
      {av1::RECORD_KIND_CERTIFICATE, kSubjectRules, kCertificateRules},
      {av1::RECORD_KIND_DIFFICULTY, kSubjectRules, kDifficultyRules},
      {av1::RECORD_KIND_TRAINING, kSubjectRules, kTrainingRules},
      {av1::RECORD_KIND_EMPLOYMENT, kSubjectRules, kEmploymentRules},
      {av1::RECORD_KIND_BUSINESS, kSubjectRules, kBusinessRules},
      {av1::RECORD_KIND_EMPLOYER, {}, kEmployerRules},
      {av1::RECORD_KIND_TAX_RELIEF, kSubjectRules, kTaxReliefRules},
      {av1::RECORD_KIND_VACANCY, {}, kVacancyRules},
  };
  for (const Kind& row : kKinds) {
    if (row.kind == kind) return &row;
  }
  return nullptr;
}

const Rule* RuleOf(const Kind& kind, av1::Field field) {
  // The fact's own rule goes first: some fields mean another thing there.
  for (const absl::Span<const Rule> rules : {kind.fact, kind.subject}) {
    for (const Rule& rule : rules) {
      if (rule.field == field) return &rule;
    }
  }
  return nullptr;
}

void CheckKey(Context& c) {
  if (c.record.key().empty()) {
    c.Fail(reason::kMissingValue, "record has no key");
  } else if (c.record.key().size() > kKeyBytesMax) {
    c.Fail(reason::kValueInvalid, absl::StrCat("record key must not be longer than ", kKeyBytesMax,
                                               " bytes, got ", c.record.key().size()));
  } else if (!IsValidUtf8(c.record.key())) {
    c.Fail(reason::kEncodingInvalid, "record key is not valid UTF-8");
  }
}

// True if "text" is made of nothing but spaces, the ideographic one among them.
bool IsBlank(absl::string_view text) {
  do {
    text = absl::StripAsciiWhitespace(text);
  } while (absl::ConsumePrefix(&text, "\u3000"));
  return text.empty();
}

// How often each field was given.
using Counts = std::array<std::uint8_t, av1::Field_ARRAYSIZE>;

void ApplyValue(Context& c, const Kind& kind, Counts& counts) {
  if (!IsValidUtf8(c.text())) {
    c.Fail(reason::kEncodingInvalid, "is not valid UTF-8");
    return;
  }
  if (IsBlank(c.text())) return;
  if (c.text().size() > kValueBytesMax) {
    c.Fail(reason::kValueInvalid, absl::StrCat("must not be longer than ", kValueBytesMax,
                                               " bytes, got ", c.text().size()));
    return;
  }
  const av1::Field field = c.value->field();
  const Rule* rule = RuleOf(kind, field);
  if (rule == nullptr) {
    c.Fail(reason::kValueInvalid, "is a field that records of this kind do not have");
    return;
  }
  const int count = ++counts[static_cast<std::size_t>(field)];
  if (count > (rule->need == Rule::kRepeated ? kRepeatsMax : 1)) {
    c.Fail(reason::kValueInvalid, "is given too often");
    return;
  }
  rule->apply(c);
}

void CheckRequired(Context& c, const Kind& kind, const Counts& counts) {
  for (const absl::Span<const Rule> rules : {kind.subject, kind.fact}) {
    for (const Rule& rule : rules) {
      if (rule.need != Rule::kRequired || counts[static_cast<std::size_t>(rule.field)] > 0)
        continue;
      const std::string& name = av1::Field_Name(rule.field);
      c.Fail(reason::kMissingValue,
             absl::StrCat("required value ", name.substr(sizeof("FIELD_") - 1), " is missing"));
    }
  }
}

// An end before its beginning is no date that can be.
void CheckOrder(Context& c, absl::string_view what, const type::v1::CivilDate& first,
                const type::v1::CivilDate& last) {
  if (first.year() == 0 || last.year() == 0) return;
  if (CivilDate::FromProto(last).LastDay() < CivilDate::FromProto(first)) {
    c.Fail(reason::kDateImpossible, absl::StrCat(what, " lies before the beginning"));
  }
}

void CheckOrders(Context& c) {
  const jv1::Observation& o = c.out.observation;
  switch (o.fact_case()) {
    case jv1::Observation::kOrder:
      CheckOrder(c, "date received", o.order().decided_date(), o.order().received_date());
      CheckOrder(c, "date reported", o.order().decided_date(), o.order().reported_date());
      CheckOrder(c, "end of the order", o.order().decided_date(), o.order().ended_date());
      break;
    case jv1::Observation::kHouseholdRelief:
      CheckOrder(c, "last month", o.household_relief().from_month(),
                 o.household_relief().to_month());
      break;
    case jv1::Observation::kUnemployment:
      CheckOrder(c, "end of the registration", o.unemployment().registered_date(),
                 o.unemployment().ended_date());
      break;
    case jv1::Observation::kDifficulty:
      CheckOrder(c, "last day", o.difficulty().valid_from_date(), o.difficulty().valid_to_date());
      break;
    case jv1::Observation::kEmployment:
      CheckOrder(c, "end of the contract", o.employment().contract_start_date(),
                 o.employment().contract_end_date());
      break;
    case jv1::Observation::kBusiness:
      CheckOrder(c, "deregistration", o.business().registered_date(),
                 o.business().deregistered_date());
      break;
    case jv1::Observation::kTaxRelief:
      CheckOrder(c, "last month", o.tax_relief().from_month(), o.tax_relief().to_month());
      break;
    default:
      break;
  }
}

// The birth date out of the identity number where the agency gave none.
void DeriveBirthDate(jv1::Subject* subject) {
  if (subject->has_birth_date() || subject->id_number().empty()) return;
  const absl::StatusOr<IdNumber> id = ParseIdNumber(subject->id_number());
  if (!id.ok()) return;
  *subject->mutable_birth_date() = id->birth_date.ToProto();
  subject->set_birth_date_derived(true);
}

}  // namespace

bool Normalized::usable() const {
  return std::all_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.warning; });
}

Normalized Normalize(const adapter::v1::Record& record, const CivilDate& today) {
  Normalized out;
  Context context{record, today, out};
  const Kind* kind = KindOf(record.kind());
  CheckKey(context);
  if (kind == nullptr) {
    context.Fail(reason::kValueInvalid, "record is of a kind that cannot be taken up");
    return out;
  }
  if (record.removed()) return out;
  if (record.values_size() > kValuesMax) {
    context.Fail(reason::kValueInvalid, absl::StrCat("record must not have more than ", kValuesMax,
                                                     " values, got ", record.values_size()));
    return out;
  }
  Counts counts{};
  for (const av1::FieldValue& value : record.values()) {
    context.value = &value;
    ApplyValue(context, *kind, counts);
  }
  context.value = nullptr;
  CheckRequired(context, *kind, counts);
  CheckOrders(context);
  if (!kind->subject.empty()) DeriveBirthDate(context.subject());
  return out;
}

}  // namespace anqiao::model
