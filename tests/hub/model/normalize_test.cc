#include "hub/model/normalize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"

namespace anqiao::model {
namespace {

namespace av1 = adapter::v1;
namespace jv1 = journal::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const CivilDate kToday = CivilDate::Of(2026, 11, 23);

using Values = std::vector<std::pair<av1::Field, std::string>>;

av1::Record RecordOf(av1::RecordKind kind, const Values& values) {
  av1::Record record;
  record.set_kind(kind);
  record.set_key("k1");
  record.set_row(7);
  record.set_byte_offset(900);
  std::uint32_t column = 0;
  for (const auto& [field, value] : values) {
    av1::FieldValue& added = *record.add_values();
    added.set_field(field);
    added.set_value(value);
    added.set_column(++column);
    added.set_native_field(absl::StrCat("列", column));
  }
  return record;
}

// The least that each kind needs.
Values Least(av1::RecordKind kind) {
  const Values name = {{av1::FIELD_PERSON_NAME, "张三"}};
  const auto with_name = [&](Values values) {
    values.insert(values.begin(), name.begin(), name.end());
    return values;
  };
  switch (kind) {
    case av1::RECORD_KIND_REGISTER:
      return with_name({{av1::FIELD_REGISTER_NUMBER, "X1"}});
    case av1::RECORD_KIND_ORDER:
      return with_name(
          {{av1::FIELD_ORDER_KIND, "COMMUNITY_DETOX"}, {av1::FIELD_DECIDED_DATE, "2025-01-01"}});
    case av1::RECORD_KIND_TEST:
      return with_name(
          {{av1::FIELD_TEST_DATE, "2025-01-01"}, {av1::FIELD_TEST_RESULT, "NEGATIVE"}});
    case av1::RECORD_KIND_HOUSEHOLD_RELIEF:
      return with_name({{av1::FIELD_HOUSEHOLD_KEY, "H1"},
                        {av1::FIELD_RELIEF_KIND, "URBAN_MINIMUM_LIVING"},
                        {av1::FIELD_RELIEF_FROM_MONTH, "2025-01"}});
    case av1::RECORD_KIND_UNEMPLOYMENT:
      return with_name({{av1::FIELD_UNEMPLOYED_SINCE, "2025-01-01"}});
    case av1::RECORD_KIND_CERTIFICATE:
      return with_name({{av1::FIELD_CERTIFICATE_NUMBER, "C1"}});
    case av1::RECORD_KIND_DIFFICULTY:
      return with_name(
          {{av1::FIELD_DIFFICULTY_CATEGORY, "OTHER"}, {av1::FIELD_VALID_FROM_DATE, "2025-01-01"}});
    case av1::RECORD_KIND_TRAINING:
      return with_name({{av1::FIELD_COURSE, "电工"}});
    case av1::RECORD_KIND_EMPLOYMENT:
      return with_name({{av1::FIELD_CONTRACT_START_DATE, "2025-01-01"}});
    case av1::RECORD_KIND_BUSINESS:
      return with_name({{av1::FIELD_BUSINESS_CODE, "92421299MA4KXYQ7X7"},
                        {av1::FIELD_REGISTRATION_DATE, "2025-01-01"}});
    case av1::RECORD_KIND_EMPLOYER:
      return {{av1::FIELD_EMPLOYER_CODE, "91421299MA4ABCDEF3"},
              {av1::FIELD_EMPLOYER_NAME, "虚构公司"}};
    case av1::RECORD_KIND_TAX_RELIEF:
      return with_name({{av1::FIELD_RELIEF_POLICY, "tax-relief-employer"},
                        {av1::FIELD_RELIEF_FROM_MONTH, "2025-01"}});
    case av1::RECORD_KIND_VACANCY:
      return {{av1::FIELD_EMPLOYER_CODE, "91421299MA4ABCDEF3"}, {av1::FIELD_POST, "保洁"}};
    default:
      return {};
  }
}

constexpr av1::RecordKind kKinds[] = {
    av1::RECORD_KIND_REGISTER,         av1::RECORD_KIND_ORDER,        av1::RECORD_KIND_TEST,
    av1::RECORD_KIND_HOUSEHOLD_RELIEF, av1::RECORD_KIND_UNEMPLOYMENT, av1::RECORD_KIND_CERTIFICATE,
    av1::RECORD_KIND_DIFFICULTY,       av1::RECORD_KIND_TRAINING,     av1::RECORD_KIND_EMPLOYMENT,
    av1::RECORD_KIND_BUSINESS,         av1::RECORD_KIND_EMPLOYER,     av1::RECORD_KIND_TAX_RELIEF,
    av1::RECORD_KIND_VACANCY};

// A registration as unemployed with one more value.
Normalized With(av1::Field field, const std::string& value) {
  Values values = Least(av1::RECORD_KIND_UNEMPLOYMENT);
  for (auto& [old_field, old_value] : values) {
    if (old_field == field) {
      old_value = value;
      return Normalize(RecordOf(av1::RECORD_KIND_UNEMPLOYMENT, values), kToday);
    }
  }
  values.emplace_back(field, value);
  return Normalize(RecordOf(av1::RECORD_KIND_UNEMPLOYMENT, values), kToday);
}

// The reason of the only problem.
std::string ReasonIn(const Normalized& result) {
  EXPECT_EQ(result.problems.size(), 1U);
  return result.problems.empty() ? "" : result.problems[0].reason;
}

TEST(NormalizeTest, EachKindIsUsableWithItsRequiredValuesAndHeldWithoutAnyOfThem) {
  for (const av1::RecordKind kind : kKinds) {
    const Values least = Least(kind);
    const Normalized whole = Normalize(RecordOf(kind, least), kToday);
    EXPECT_TRUE(whole.usable()) << av1::RecordKind_Name(kind);
    EXPECT_NE(whole.observation.fact_case(), jv1::Observation::FACT_NOT_SET);
    for (std::size_t missing = 0; missing < least.size(); ++missing) {
      Values values = least;
      values[missing].second = " \u3000 ";
      const Normalized result = Normalize(RecordOf(kind, values), kToday);
      EXPECT_FALSE(result.usable());
      ASSERT_EQ(result.problems.size(), 1U);
      EXPECT_EQ(result.problems[0].reason, reason::kMissingValue);
      EXPECT_EQ(result.problems[0].row, 7U);
      EXPECT_THAT(result.problems[0].message,
                  HasSubstr(av1::Field_Name(values[missing].first).substr(6)));
    }
  }
}

TEST(NormalizeTest, AFieldOfAnotherKindIsRefused) {
  for (const av1::RecordKind kind : kKinds) {
    Values values = Least(kind);
    values.emplace_back(av1::FIELD_OUTCOME_CODE, "HIRED");
    EXPECT_FALSE(Normalize(RecordOf(kind, values), kToday).usable());
  }
  EXPECT_EQ(ReasonIn(With(av1::FIELD_TEST_DATE, "2025-01-01")), reason::kValueInvalid);
  EXPECT_EQ(ReasonIn(With(av1::FIELD_UNSPECIFIED, "x")), reason::kValueInvalid);
  EXPECT_EQ(ReasonIn(With(static_cast<av1::Field>(9999), "x")), reason::kValueInvalid);
}

TEST(NormalizeTest, KindsThatStateNothingAreRefused) {
  for (const int kind : {0, 13, 14, 77}) {
    EXPECT_FALSE(Normalize(RecordOf(static_cast<av1::RecordKind>(kind), {}), kToday).usable());
  }
}

TEST(NormalizeTest, TheSubjectIsNormalized) {
  Values values = Least(av1::RECORD_KIND_UNEMPLOYMENT);
  values[0].second = "阿依古丽 • 买买提";
  for (const auto& value : Values{{av1::FIELD_FORMER_NAME, "阿依"},
                                  {av1::FIELD_ID_NUMBER, "'421299850315002"},
                                  {av1::FIELD_SEX, "2"},
                                  {av1::FIELD_PHONE, "190-0555-0001"},
                                  {av1::FIELD_PHONE, "19005550002"},
                                  {av1::FIELD_ADDRESS, "幸福路 １２号"},
                                  {av1::FIELD_DIVISION, "永安街道"},
                                  {av1::FIELD_REGISTERED_DIVISION, "422301"},
                                  {av1::FIELD_ETHNICITY, "05"},
                                  {av1::FIELD_EDUCATION, "60"},
                                  {av1::FIELD_MARITAL_STATUS, "20"},
                                  {av1::FIELD_AGENCY_PERSON_NUMBER, " 77 "}}) {
    values.push_back(value);
  }
  const Normalized result = Normalize(RecordOf(av1::RECORD_KIND_UNEMPLOYMENT, values), kToday);
  ASSERT_THAT(result.problems, IsEmpty());
  const jv1::Subject& subject = result.observation.subject();
  EXPECT_EQ(subject.name(), "阿依古丽·买买提");
  EXPECT_THAT(subject.former_names(), ElementsAre("阿依"));
  EXPECT_EQ(subject.id_number(), "421299198503150026");
  EXPECT_EQ(subject.sex(), "2");
  EXPECT_THAT(subject.phones(), ElementsAre("+8619005550001", "+8619005550002"));
  EXPECT_EQ(subject.address(), "幸福路12号");
  EXPECT_EQ(subject.division_code(), "421202003");
  EXPECT_EQ(subject.registered_division_code(), "421202");
  EXPECT_EQ(subject.agency_number(), "77");
  EXPECT_EQ(CivilDate::FromProto(subject.birth_date()), CivilDate::Of(1985, 3, 15));
  EXPECT_TRUE(subject.birth_date_derived());
}

TEST(NormalizeTest, TheAgencysBirthDateGoesBeforeTheNumbers) {
  Values values = Least(av1::RECORD_KIND_UNEMPLOYMENT);
  values.emplace_back(av1::FIELD_ID_NUMBER, "421299198503150026");
  values.emplace_back(av1::FIELD_BIRTH_DATE, "1985-05-13");
  const Normalized result = Normalize(RecordOf(av1::RECORD_KIND_UNEMPLOYMENT, values), kToday);
  EXPECT_EQ(CivilDate::FromProto(result.observation.subject().birth_date()),
            CivilDate::Of(1985, 5, 13));
  EXPECT_FALSE(result.observation.subject().birth_date_derived());
}

TEST(NormalizeTest, ThePolicesNumberOfAPersonIsTheRegisterNumber) {
  for (const av1::RecordKind kind :
       {av1::RECORD_KIND_REGISTER, av1::RECORD_KIND_ORDER, av1::RECORD_KIND_TEST}) {
    Values values = Least(kind);
    if (kind != av1::RECORD_KIND_REGISTER) values.emplace_back(av1::FIELD_REGISTER_NUMBER, "X1");
    values.emplace_back(av1::FIELD_AGENCY_PERSON_NUMBER, "other");
    EXPECT_EQ(Normalize(RecordOf(kind, values), kToday).observation.subject().agency_number(),
              "X1");
  }
}

TEST(NormalizeTest, ABlankIdentityNumberIsNoProblem) {
  EXPECT_THAT(With(av1::FIELD_ID_NUMBER, "  ").problems, IsEmpty());
}

TEST(NormalizeTest, AWrongIdentityNumberHoldsTheRecord) {
  EXPECT_EQ(ReasonIn(With(av1::FIELD_ID_NUMBER, "421299198503150027")), reason::kCheckDigitWrong);
  EXPECT_EQ(ReasonIn(With(av1::FIELD_ID_NUMBER, "4.21299E+17")), reason::kValueInvalid);
  EXPECT_EQ(ReasonIn(With(av1::FIELD_ID_NUMBER, "421299196502300024")), reason::kCheckDigitWrong);
  const Normalized unborn = Normalize(
      RecordOf(av1::RECORD_KIND_UNEMPLOYMENT,
               {{av1::FIELD_PERSON_NAME, "张三"}, {av1::FIELD_ID_NUMBER, "421299199912311059"}}),
      CivilDate::Of(1999, 12, 30));
  EXPECT_EQ(unborn.problems.at(0).reason, reason::kDateImpossible);
}

TEST(NormalizeTest, AProblemNamesItsPlaceAndNeverTheValue) {
  const Normalized result = With(av1::FIELD_ID_NUMBER, "421299198503150027");
  ASSERT_EQ(result.problems.size(), 1U);
  const Problem& problem = result.problems[0];
  EXPECT_EQ(problem.row, 7U);
  EXPECT_EQ(problem.column, 3U);
  EXPECT_EQ(problem.field, "列3");
  EXPECT_EQ(problem.byte_offset, 900U);
  EXPECT_FALSE(problem.warning);
  EXPECT_THAT(problem.message, Not(HasSubstr("421299")));
}

TEST(NormalizeTest, UnusableSideValuesAreLeftOutWithAWarning) {
  const Values wrong = {{av1::FIELD_PHONE, "12345"},
                        {av1::FIELD_DIVISION, "某街道"},
                        {av1::FIELD_SEX, "男"},
                        {av1::FIELD_BIRTH_DATE, "1985-02-30"},
                        {av1::FIELD_BIRTH_DATE, "2027-01"},
                        {av1::FIELD_BIRTH_DATE, "1850"},
                        {av1::FIELD_ETHNICITY, "汉"},
                        {av1::FIELD_REGISTERED_DIVISION, "1"}};
  for (const auto& [field, value] : wrong) {
    const Normalized result = With(field, value);
    EXPECT_TRUE(result.usable()) << value;
    ASSERT_EQ(result.problems.size(), 1U) << value;
    EXPECT_TRUE(result.problems[0].warning);
    jv1::Subject expected;
    expected.set_name("张三");
    EXPECT_EQ(result.observation.subject().SerializeAsString(), expected.SerializeAsString());
  }
}

TEST(NormalizeTest, DatesOfFactsMustExistAndNotLieInTheFuture) {
  EXPECT_EQ(ReasonIn(With(av1::FIELD_UNEMPLOYED_SINCE, "2025-02-30")), reason::kDateImpossible);
  EXPECT_EQ(ReasonIn(With(av1::FIELD_UNEMPLOYED_SINCE, "20250201")), reason::kDateImpossible);
  EXPECT_EQ(ReasonIn(With(av1::FIELD_UNEMPLOYED_SINCE, "1899-12-31")), reason::kDateImpossible);
  EXPECT_EQ(ReasonIn(With(av1::FIELD_UNEMPLOYED_SINCE, "2026-11-25")), reason::kDateImpossible);
  EXPECT_TRUE(With(av1::FIELD_UNEMPLOYED_SINCE, "2026-11-24").usable()) << "a day of grace";
  EXPECT_TRUE(With(av1::FIELD_UNEMPLOYMENT_ENDED_DATE, "2030-01-01").usable());
  EXPECT_EQ(ReasonIn(With(av1::FIELD_UNEMPLOYMENT_ENDED_DATE, "2024-12-31")),
            reason::kDateImpossible);
}

TEST(NormalizeTest, MonthsKeepTheirPrecision) {
  Values values = Least(av1::RECORD_KIND_HOUSEHOLD_RELIEF);
  values[3].second = "2025-01-15";
  EXPECT_EQ(
      CivilDate::FromProto(Normalize(RecordOf(av1::RECORD_KIND_HOUSEHOLD_RELIEF, values), kToday)
                               .observation.household_relief()
                               .from_month()),
      CivilDate::Of(2025, 1));
  values[3].second = "2025";
  EXPECT_EQ(ReasonIn(Normalize(RecordOf(av1::RECORD_KIND_HOUSEHOLD_RELIEF, values), kToday)),
            reason::kDateImpossible);
}

TEST(NormalizeTest, CodedValuesAndNumbersAreBounded) {
  Values order = Least(av1::RECORD_KIND_ORDER);
  for (const char* months : {"0", "-1", "121", "x", "1e1", "99999999999999999999", "+3"}) {
    Values values = order;
    values.emplace_back(av1::FIELD_TERM_MONTHS, months);
    EXPECT_EQ(ReasonIn(Normalize(RecordOf(av1::RECORD_KIND_ORDER, values), kToday)),
              reason::kValueInvalid)
        << months;
  }
  order[1].second = "SOMETHING";
  EXPECT_EQ(ReasonIn(Normalize(RecordOf(av1::RECORD_KIND_ORDER, order), kToday)),
            reason::kValueInvalid);
}

TEST(NormalizeTest, AWrongCreditCodeHoldsTheRecord) {
  Values values = Least(av1::RECORD_KIND_BUSINESS);
  values[1].second = "92421299MA4KXYQ7X8";
  EXPECT_EQ(ReasonIn(Normalize(RecordOf(av1::RECORD_KIND_BUSINESS, values), kToday)),
            reason::kCheckDigitWrong);
}

TEST(NormalizeTest, AValueIsGivenOnceUnlessItMayRepeat) {
  Values values = Least(av1::RECORD_KIND_UNEMPLOYMENT);
  values.push_back(values[0]);
  EXPECT_EQ(ReasonIn(Normalize(RecordOf(av1::RECORD_KIND_UNEMPLOYMENT, values), kToday)),
            reason::kValueInvalid);
  Values flags = Least(av1::RECORD_KIND_REGISTER);
  flags.emplace_back(av1::FIELD_STATUS_FLAG, "LOST");
  flags.emplace_back(av1::FIELD_STATUS_FLAG, "METHADONE");
  flags.emplace_back(av1::FIELD_STATUS_FLAG, "LOST");
  const Normalized result = Normalize(RecordOf(av1::RECORD_KIND_REGISTER, flags), kToday);
  EXPECT_TRUE(result.usable());
  EXPECT_THAT(result.observation.register_().flags(), ElementsAre("LOST", "METHADONE"));
}

TEST(NormalizeTest, KeysAreBounded) {
  av1::Record record =
      RecordOf(av1::RECORD_KIND_UNEMPLOYMENT, Least(av1::RECORD_KIND_UNEMPLOYMENT));
  record.set_key("");
  EXPECT_EQ(ReasonIn(Normalize(record, kToday)), reason::kMissingValue);
  record.set_key(std::string(200, 'k'));
  EXPECT_TRUE(Normalize(record, kToday).usable());
  record.set_key(std::string(201, 'k'));
  EXPECT_EQ(ReasonIn(Normalize(record, kToday)), reason::kValueInvalid);
  record.set_key("\xd5\xc5");
  EXPECT_EQ(ReasonIn(Normalize(record, kToday)), reason::kEncodingInvalid);
}

TEST(NormalizeTest, ValuesAreBounded) {
  EXPECT_EQ(ReasonIn(With(av1::FIELD_UNEMPLOYMENT_REASON, std::string(1001, 'x'))),
            reason::kValueInvalid);
  EXPECT_EQ(ReasonIn(With(av1::FIELD_UNEMPLOYMENT_REASON, "\xd5\xc5")), reason::kEncodingInvalid);
  EXPECT_EQ(ReasonIn(With(av1::FIELD_PERSON_NAME, std::string(201, 'x'))), reason::kValueInvalid);
  Values many(65, {av1::FIELD_PHONE, "19005550001"});
  EXPECT_EQ(ReasonIn(Normalize(RecordOf(av1::RECORD_KIND_UNEMPLOYMENT, many), kToday)),
            reason::kValueInvalid);
}

TEST(NormalizeTest, ProblemsAreBoundedAndTheLastTellsWhetherTheRecordIsHeld) {
  Values values = Least(av1::RECORD_KIND_UNEMPLOYMENT);
  for (int i = 0; i < 60; ++i) values.emplace_back(av1::FIELD_OUTCOME_CODE, "x");
  const Normalized result = Normalize(RecordOf(av1::RECORD_KIND_UNEMPLOYMENT, values), kToday);
  EXPECT_EQ(result.problems.size(), static_cast<std::size_t>(kProblemsMax));
  EXPECT_FALSE(result.usable());
}

TEST(NormalizeTest, OfARemovedRecordOnlyTheKeyIsJudged) {
  av1::Record record = RecordOf(av1::RECORD_KIND_UNEMPLOYMENT, {{av1::FIELD_ID_NUMBER, "1"}});
  record.set_removed(true);
  EXPECT_TRUE(Normalize(record, kToday).usable());
  record.set_key("");
  EXPECT_FALSE(Normalize(record, kToday).usable());
}

}  // namespace
}  // namespace anqiao::model
