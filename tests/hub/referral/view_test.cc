#include "hub/referral/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/referral/machine.h"
#include "hub/referral/reasons.h"
#include "tests/hub/model/person_builder.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::referral {
namespace {

using adapter::v1::RecordKind;
using model::Day;
using model::SetDay;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr char kBasis[] = "就业促进法 第五十二条";
constexpr char kName[] = "陈安";
constexpr char kIdNumber[] = "421299199003070014";

// Someone whom every agency knows; the police under other names and numbers.
class PersonOfAll {
 public:
  explicit PersonOfAll(bool police) {
    if (police) {
      journal::v1::Observation& observation = Add(adapter::v1::RECORD_KIND_REGISTER, "police");
      observation.mutable_register_()->set_register_number("R1");
      SetDay(observation.mutable_register_()->mutable_seizure_date(), "2025-01-01");
      journal::v1::Subject& subject = *observation.mutable_subject();
      subject.set_name("警方所记");
      subject.set_id_number("421299199003070022");
      subject.clear_phones();
      subject.add_phones("+8619009999999");
      subject.set_division_code("421298001001");
      subject.set_address("警方所记地址");
      journal::v1::OrderFact& order =
          *Add(adapter::v1::RECORD_KIND_ORDER, "police").mutable_order();
      order.set_kind(journal::v1::ORDER_KIND_COMMUNITY_DETOX);
      SetDay(order.mutable_decided_date(), "2025-01-05");
    }
    journal::v1::Observation& unemployment =
        Add(adapter::v1::RECORD_KIND_UNEMPLOYMENT, "employment");
    SetDay(unemployment.mutable_unemployment()->mutable_registered_date(), "2025-09-01");
    unemployment.mutable_subject()->add_phones("+8619001234567");
    unemployment.mutable_subject()->set_division_code("421299001002");
    journal::v1::CertificateFact& certificate =
        *Add(adapter::v1::RECORD_KIND_CERTIFICATE, "employment").mutable_certificate();
    certificate.set_number("4212990026000001");
    certificate.add_annotations("SELF_EMPLOYMENT");
    SetDay(certificate.mutable_issued_date(), "2025-10-01");
    journal::v1::TrainingFact& training =
        *Add(adapter::v1::RECORD_KIND_TRAINING, "employment").mutable_training();
    training.set_course("电工");
    training.set_qualification_number("Q1");
    SetDay(training.mutable_completed_date(), "2026-01-15");
    journal::v1::EmploymentFact& contract =
        *Add(adapter::v1::RECORD_KIND_EMPLOYMENT, "employment").mutable_employment();
    contract.set_employer_code("91421299MA00000000");
    contract.set_employer_name("安桥食品厂");
    SetDay(contract.mutable_contract_start_date(), "2026-02-01");
    SetDay(contract.mutable_social_insurance_from_month(), "2026-02");
    journal::v1::BusinessFact& business =
        *Add(adapter::v1::RECORD_KIND_BUSINESS, "tax").mutable_business();
    business.set_code("92421299MA00000000");
    SetDay(business.mutable_registered_date(), "2026-01-20");
  }

  journal::v1::PersonDocument& document() { return builder_.document(); }
  model::Case Fold() { return model::FoldCase(builder_.document(), Day("2026-03-15")); }

 private:
  journal::v1::Observation& Add(RecordKind kind, absl::string_view agency) {
    journal::v1::Observation& observation = *builder_.Add(kind, agency).mutable_observation();
    observation.mutable_subject()->set_name(kName);
    observation.mutable_subject()->set_id_number(kIdNumber);
    return observation;
  }

  model::PersonBuilder builder_;
};

constexpr absl::string_view kViews[] = {"employment_service", "training", "self_employed_relief",
                                        "employer_relief",    "loan",     "application",
                                        "business_support"};

policy::PolicySummary Summary(absl::string_view view) {
  policy::PolicySummary summary;
  summary.view = std::string(view);
  summary.service = "service";
  summary.service_title = "服务";
  return summary;
}

journal::v1::EntitlementAnswer Granted() {
  journal::v1::EntitlementAnswer answer;
  answer.set_result(journal::v1::ENTITLEMENT_RESULT_ELIGIBLE);
  answer.set_category("UNEMPLOYED_HALF_YEAR");
  answer.set_amount_fen(30'000'000);
  return answer;
}

using Details = std::map<std::string, std::string>;

absl::StatusOr<BuiltView> Build(absl::string_view view, const model::Case& person,
                                const Details& details = {}, const std::string& basis = kBasis) {
  return BuildView(Summary(view), Granted(), person, details, basis);
}

TEST(ViewTest, TheEmploymentServiceIsToldOfTheRegistration) {
  AQ_ASSERT_OK_AND_ASSIGN(const BuiltView built,
                          Build("employment_service", PersonOfAll(true).Fold()));
  EXPECT_EQ(built.name, "EmploymentServiceView");
  EXPECT_EQ(built.request.service(), "service");
  EXPECT_EQ(built.request.service_title(), "服务");
  EXPECT_EQ(built.request.legal_basis(), kBasis);
  const auto& view = built.request.employment_service();
  EXPECT_EQ(view.beneficiary().name(), kName);
  EXPECT_EQ(view.beneficiary().id_number(), kIdNumber);
  EXPECT_EQ(view.phone(), "+8619001234567");
  EXPECT_EQ(view.division_code(), "421299");
  EXPECT_EQ(model::CivilDate::FromProto(view.unemployment_registration_date()), Day("2025-09-01"));
  EXPECT_EQ(view.category(), "UNEMPLOYED_HALF_YEAR");
  EXPECT_THAT(built.fields,
              ElementsAre("beneficiary.id_number", "beneficiary.name", "category", "division_code",
                          "phone", "unemployment_registration_date"));
}

TEST(ViewTest, ATrainerIsToldOfTheCourse) {
  AQ_ASSERT_OK_AND_ASSIGN(const BuiltView built, Build("training", PersonOfAll(true).Fold()));
  EXPECT_EQ(built.name, "TrainingView");
  EXPECT_EQ(built.request.training().course(), "电工");
  EXPECT_EQ(built.request.training().certificate_number(), "Q1");
  EXPECT_THAT(built.fields, ElementsAre("beneficiary.id_number", "beneficiary.name",
                                        "certificate_number", "course", "phone"));
}

TEST(ViewTest, TheCourseThatIsAskedForGoesFirst) {
  AQ_ASSERT_OK_AND_ASSIGN(const BuiltView built,
                          Build("training", PersonOfAll(true).Fold(), {{"course", "焊工"}}));
  EXPECT_EQ(built.request.training().course(), "焊工");
}

TEST(ViewTest, TheTaxOfficeIsToldOfTheBusiness) {
  AQ_ASSERT_OK_AND_ASSIGN(const BuiltView built,
                          Build("self_employed_relief", PersonOfAll(true).Fold()));
  EXPECT_EQ(built.name, "SelfEmployedReliefView");
  const auto& view = built.request.self_employed_relief();
  EXPECT_EQ(view.certificate_number(), "4212990026000001");
  EXPECT_EQ(view.business_code(), "92421299MA00000000");
  EXPECT_EQ(model::CivilDate::FromProto(view.registration_month()), Day("2026-01"));
  EXPECT_EQ(view.category(), "UNEMPLOYED_HALF_YEAR");
}

TEST(ViewTest, TheTaxOfficeIsToldOfTheContract) {
  AQ_ASSERT_OK_AND_ASSIGN(const BuiltView built,
                          Build("employer_relief", PersonOfAll(true).Fold()));
  EXPECT_EQ(built.name, "EmployerReliefView");
  const auto& view = built.request.employer_relief();
  EXPECT_EQ(view.employer_code(), "91421299MA00000000");
  EXPECT_EQ(view.employer_name(), "安桥食品厂");
  EXPECT_EQ(model::CivilDate::FromProto(view.contract_start_date()), Day("2026-02-01"));
  EXPECT_EQ(model::CivilDate::FromProto(view.social_insurance_start_month()), Day("2026-02"));
}

TEST(ViewTest, ALenderIsToldOfTheAmount) {
  AQ_ASSERT_OK_AND_ASSIGN(const BuiltView built, Build("loan", PersonOfAll(true).Fold()));
  EXPECT_EQ(built.name, "LoanView");
  EXPECT_EQ(built.request.loan().amount_max_fen(), 30'000'000);
  AQ_ASSERT_OK_AND_ASSIGN(const BuiltView less,
                          Build("loan", PersonOfAll(true).Fold(), {{"amount_yuan", "120000"}}));
  EXPECT_EQ(less.request.loan().amount_max_fen(), 12'000'000);
}

TEST(ViewTest, AnApplicationIsToldOfNoRegistration) {
  model::Case person = PersonOfAll(true).Fold();
  person.unemployments.clear();
  AQ_ASSERT_OK_AND_ASSIGN(const BuiltView built, Build("application", person));
  EXPECT_EQ(built.name, "ApplicationView");
  const auto& view = built.request.application();
  EXPECT_EQ(view.beneficiary().name(), kName);
  EXPECT_EQ(view.phone(), "+8619001234567");
  EXPECT_EQ(view.division_code(), "421299");
  EXPECT_EQ(view.category(), "UNEMPLOYED_HALF_YEAR");
  EXPECT_THAT(built.fields, ElementsAre("beneficiary.id_number", "beneficiary.name", "category",
                                        "division_code", "phone"));
}

TEST(ViewTest, SupportOfABusinessIsToldOfTheBusiness) {
  AQ_ASSERT_OK_AND_ASSIGN(const BuiltView built,
                          Build("business_support", PersonOfAll(true).Fold()));
  EXPECT_EQ(built.name, "BusinessSupportView");
  const auto& view = built.request.business_support();
  EXPECT_EQ(view.business_code(), "92421299MA00000000");
  EXPECT_EQ(model::CivilDate::FromProto(view.registration_month()), Day("2026-01"));
  EXPECT_THAT(built.fields,
              ElementsAre("beneficiary.id_number", "beneficiary.name", "business_code", "category",
                          "phone", "registration_month"));
}

TEST(ViewTest, TheCertificateIsThatOfTheCategory) {
  model::Case person = PersonOfAll(true).Fold();
  const auto build = [&](const char* category) {
    journal::v1::EntitlementAnswer answer = Granted();
    answer.set_category(category);
    return BuildView(Summary("self_employed_relief"), answer, person, {}, kBasis);
  };
  EXPECT_EQ(ReasonOf(build("GRADUATE").status()), reason::kViewIncomplete);
  person.certificates[0].fact.set_annotations(0, "GRADUATE");
  AQ_ASSERT_OK_AND_ASSIGN(const BuiltView graduate, build("GRADUATE"));
  EXPECT_EQ(graduate.request.self_employed_relief().certificate_number(), "4212990026000001");
  EXPECT_EQ(ReasonOf(build("UNEMPLOYED_HALF_YEAR").status()), reason::kViewIncomplete);
  person.certificates.clear();
  AQ_ASSERT_OK_AND_ASSIGN(const BuiltView relieved, build("POVERTY_RELIEVED"));
  EXPECT_EQ(relieved.request.self_employed_relief().certificate_number(), "");
}

// What is taken away, what the error then names, and who would give it.
struct Lack {
  absl::string_view view, field, giver;
  std::function<void(model::Case&)> take;
};

std::vector<Lack> Lacks() {
  std::vector<Lack> lacks = {
      {"employment_service", "unemployment_registration_date", "employment",
       [](model::Case& person) { person.unemployments.clear(); }},
      {"employment_service", "unemployment_registration_date", "employment",
       [](model::Case& person) {
         SetDay(person.unemployments.front().fact.mutable_ended_date(), "2026-03-15");
       }},
      {"training", "course", "employment, or the detail course",
       [](model::Case& person) { person.trainings.clear(); }},
      {"training", "course", "employment, or the detail course",
       [](model::Case& person) { person.trainings.front().fact.set_course("戒毒人员电工班"); }},
      {"self_employed_relief", "certificate_number", "employment",
       [](model::Case& person) { person.certificates.clear(); }},
      {"self_employed_relief", "certificate_number", "employment",
       [](model::Case& person) {
         person.certificates.front().fact.set_annotations(0, "EMPLOYER");
       }},
      {"self_employed_relief", "business_code", "tax",
       [](model::Case& person) { person.businesses.clear(); }},
      {"business_support", "business_code", "tax",
       [](model::Case& person) { person.businesses.clear(); }},
      {"employer_relief", "employer_code", "employment",
       [](model::Case& person) { person.employments.clear(); }},
      {"employer_relief", "employer_name", "employment",
       [](model::Case& person) { person.employments.front().fact.clear_employer_name(); }},
      {"employer_relief", "social_insurance_start_month", "employment",
       [](model::Case& person) {
         person.employments.front().fact.clear_social_insurance_from_month();
       }},
  };
  for (const absl::string_view view : kViews) {
    lacks.push_back({view, "beneficiary.id_number", "any agency but the police",
                     [](model::Case& person) { person.outward.id_number.clear(); }});
  }
  return lacks;
}

TEST(ViewTest, AnIncompleteViewNamesTheFieldAndWhoWouldGiveIt) {
  for (const Lack& lack : Lacks()) {
    SCOPED_TRACE(absl::StrCat(lack.view, " without ", lack.field));
    model::Case person = PersonOfAll(true).Fold();
    lack.take(person);
    const absl::StatusOr<BuiltView> built = Build(lack.view, person);
    EXPECT_THAT(built, StatusIs(absl::StatusCode::kFailedPrecondition));
    const ErrorDetail detail = DetailOf(built.status()).value_or(ErrorDetail());
    EXPECT_EQ(detail.reason, reason::kViewIncomplete);
    EXPECT_THAT(detail.metadata,
                ElementsAre(std::pair<std::string, std::string>("field", lack.field),
                            std::pair<std::string, std::string>("given_by", lack.giver)));
    EXPECT_EQ(detail.preconditions.size(), 1U);
    EXPECT_THAT(std::string(built.status().message()), HasSubstr(std::string(lack.field)));
  }
}

TEST(ViewTest, TheTaxOfficeMustBeToldACategory) {
  journal::v1::EntitlementAnswer answer = Granted();
  answer.clear_category();
  for (const char* view : {"self_employed_relief", "employer_relief"}) {
    const absl::StatusOr<BuiltView> built =
        BuildView(Summary(view), answer, PersonOfAll(true).Fold(), {}, kBasis);
    EXPECT_EQ(ReasonOf(built.status()), reason::kViewIncomplete) << view;
    EXPECT_THAT(built, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("category")));
  }
}

TEST(ViewTest, WhatIsOptionalMayBeAbsent) {
  model::Case person = PersonOfAll(true).Fold();
  person.outward.phone.clear();
  person.outward.division_code.clear();
  AQ_ASSERT_OK_AND_ASSIGN(const BuiltView built, Build("employment_service", person));
  EXPECT_THAT(built.fields, ElementsAre("beneficiary.id_number", "beneficiary.name", "category",
                                        "unemployment_registration_date"));
}

TEST(ViewTest, SomeoneWhomOnlyThePoliceNameCannotBeReferred) {
  PersonOfAll all(true);
  while (all.document().records_size() > 2) all.document().mutable_records()->RemoveLast();
  const model::Case person = all.Fold();
  EXPECT_FALSE(person.name.empty());
  for (const absl::string_view view : kViews) {
    const absl::StatusOr<BuiltView> built = Build(view, person);
    EXPECT_THAT(built, StatusIs(absl::StatusCode::kFailedPrecondition)) << view;
    EXPECT_EQ(ReasonOf(built.status()), reason::kNoOutwardIdentity) << view;
  }
}

TEST(ViewTest, PoliceRecordsChangeNoByteOfAView) {
  const model::Case known = PersonOfAll(true).Fold();
  const model::Case unknown = PersonOfAll(false).Fold();
  EXPECT_TRUE(known.known_to_police);
  EXPECT_FALSE(unknown.known_to_police);
  for (const absl::string_view view : kViews) {
    AQ_ASSERT_OK_AND_ASSIGN(const BuiltView with, Build(view, known));
    AQ_ASSERT_OK_AND_ASSIGN(const BuiltView without, Build(view, unknown));
    const std::string bytes = with.request.SerializeAsString();
    EXPECT_EQ(bytes, without.request.SerializeAsString()) << view;
    EXPECT_EQ(with.fields, without.fields);
    for (const char* value : {"警方所记", "421299199003070022", "19009999999", "421298", "R1"}) {
      EXPECT_FALSE(absl::StrContains(bytes, value)) << view << " " << value;
    }
  }
}

TEST(ViewTest, PoliceRecordsChangeNoErrorEither) {
  for (const Lack& lack : Lacks()) {
    model::Case known = PersonOfAll(true).Fold();
    model::Case unknown = PersonOfAll(false).Fold();
    lack.take(known);
    lack.take(unknown);
    EXPECT_EQ(Build(lack.view, known).status(), Build(lack.view, unknown).status());
  }
}

TEST(ViewTest, ALegalBasisMustBeGivenShortAndNeutral) {
  const model::Case person = PersonOfAll(true).Fold();
  for (const std::string& basis :
       {std::string(), std::string("禁毒法 第三十四条"), std::string("Anti-Drug Law, article 34"),
        std::string("社区矫正法"), std::string(301, 'x')}) {
    const absl::StatusOr<BuiltView> built = Build("loan", person, {}, basis);
    EXPECT_THAT(built, StatusIs(absl::StatusCode::kFailedPrecondition)) << basis;
    EXPECT_EQ(ReasonOf(built.status()), reason::kNoLegalBasis) << basis;
  }
  AQ_EXPECT_OK(Build("loan", person, {}, std::string(300, 'x')).status());
}

TEST(ViewTest, ADetailMustBeShortAndNeutral) {
  const model::Case person = PersonOfAll(true).Fold();
  for (const std::string& course :
       {std::string("戒毒人员电工班"), std::string("Detox group"), std::string(201, 'x')}) {
    const absl::StatusOr<BuiltView> built = Build("training", person, {{"course", course}});
    EXPECT_EQ(ReasonOf(built.status()), reason::kViewIncomplete) << course;
    EXPECT_FALSE(absl::StrContains(built.status().ToString(), course));
  }
  AQ_EXPECT_OK(Build("training", person, {{"course", std::string(200, 'x')}}).status());
}

TEST(ViewTest, AnAmountMustBeWholeYuanUpToTheMaximum) {
  const model::Case person = PersonOfAll(true).Fold();
  for (const char* amount : {"0", "-1", "300001", "1.5", "much"}) {
    const absl::StatusOr<BuiltView> built = Build("loan", person, {{"amount_yuan", amount}});
    EXPECT_EQ(ReasonOf(built.status()), reason::kViewIncomplete) << amount;
  }
  for (const char* amount : {"1", "300000"}) {
    AQ_EXPECT_OK(Build("loan", person, {{"amount_yuan", amount}}).status());
  }
  journal::v1::EntitlementAnswer none = Granted();
  none.clear_amount_fen();
  EXPECT_EQ(ReasonOf(BuildView(Summary("loan"), none, person, {}, kBasis).status()),
            reason::kViewIncomplete);
}

TEST(ViewTest, NothingThatLeavesTellsWhyThePersonIsKnown) {
  std::vector<std::string> leaving = {kSender};
  AQ_ASSERT_OK_AND_ASSIGN(const auto catalogue, policy::Catalogue::Load(ANQIAO_POLICIES));
  const model::Case person = PersonOfAll(true).Fold();
  for (const policy::PolicySummary& summary : catalogue->policies()) {
    leaving.insert(leaving.end(), {summary.id, summary.title_zh, summary.title_en, summary.service,
                                   summary.service_title, summary.view});
    leaving.insert(leaving.end(), summary.laws.begin(), summary.laws.end());
    AQ_ASSERT_OK_AND_ASSIGN(const BuiltView built,
                            BuildView(summary, Granted(), person, {}, kBasis));
    exchange::v1::Delivery delivery;
    delivery.set_sender(kSender);
    *delivery.mutable_request() = built.request;
    leaving.push_back(delivery.SerializeAsString());
    leaving.push_back(ToRecord(delivery).SerializeAsString());
    leaving.push_back(built.name);
  }
  for (const ReasonCode& code : ReasonCodes()) {
    for (const absl::string_view text : {code.code, code.title_zh, code.title_en}) {
      leaving.emplace_back(text);
    }
  }
  const auto* outcomes = exchange::v1::OutcomeCode_descriptor();
  for (int i = 0; i < outcomes->value_count(); ++i) leaving.push_back(outcomes->value(i)->name());
  for (const std::string& text : leaving) {
    for (const char* term : {"毒", "尿检", "管控", "矫正", "警", "公安", "drug", "detox", "addict",
                             "narcotic", "police"}) {
      EXPECT_FALSE(absl::StrContains(absl::AsciiStrToLower(text), term)) << term << " in " << text;
    }
  }
}

std::vector<std::string> Values(const adapter::v1::Record& record) {
  std::vector<std::string> values;
  for (const adapter::v1::FieldValue& value : record.values()) {
    values.push_back(
        absl::StrCat(adapter::v1::Field_Name(value.field()).substr(6), "=", value.value()));
  }
  return values;
}

TEST(RecordTest, EachViewIsARecordForAnEncodingAdapter) {
  const std::string name = absl::StrCat("PERSON_NAME=", kName);
  const std::string id = absl::StrCat("ID_NUMBER=", kIdNumber);
  const std::map<std::string, std::vector<std::string>> expected = {
      {"employment_service",
       {name, id, "PHONE=+8619001234567", "DIVISION=421299", "UNEMPLOYED_SINCE=2025-09-01",
        "CATEGORY=UNEMPLOYED_HALF_YEAR"}},
      {"training", {name, id, "PHONE=+8619001234567", "COURSE=电工", "QUALIFICATION_NUMBER=Q1"}},
      {"self_employed_relief",
       {name, id, "CERTIFICATE_NUMBER=4212990026000001", "BUSINESS_CODE=92421299MA00000000",
        "REGISTRATION_DATE=2026-01-01", "CATEGORY=UNEMPLOYED_HALF_YEAR"}},
      {"employer_relief",
       {name, id, "EMPLOYER_CODE=91421299MA00000000", "EMPLOYER_NAME=安桥食品厂",
        "CONTRACT_START_DATE=2026-02-01", "SOCIAL_INSURANCE_FROM_MONTH=2026-02-01",
        "CATEGORY=UNEMPLOYED_HALF_YEAR"}},
      {"loan",
       {name, id, "PHONE=+8619001234567", "AMOUNT_FEN=30000000", "CATEGORY=UNEMPLOYED_HALF_YEAR"}},
  };
  for (const auto& [view, values] : expected) {
    AQ_ASSERT_OK_AND_ASSIGN(const BuiltView built, Build(view, PersonOfAll(true).Fold()));
    exchange::v1::Delivery delivery;
    delivery.set_name("deliveries/d1");
    delivery.set_referral("referrals/r1");
    delivery.set_etag("e1");
    *delivery.mutable_request() = built.request;
    const adapter::v1::Record record = ToRecord(delivery);
    EXPECT_EQ(record.kind(), adapter::v1::RECORD_KIND_SERVICE_REQUEST);
    EXPECT_EQ(record.key(), "deliveries/d1");
    EXPECT_EQ(record.row(), 1U);
    std::vector<std::string> all = {"REFERRAL=referrals/r1", "ETAG=e1", "SERVICE=service"};
    all.insert(all.end(), values.begin(), values.end());
    EXPECT_THAT(Values(record), ElementsAreArray(all)) << view;
  }
}

using FieldValues = std::map<adapter::v1::Field, std::string>;

adapter::v1::Record Reply(const FieldValues& values) {
  adapter::v1::Record record;
  record.set_kind(adapter::v1::RECORD_KIND_REFERRAL_ANSWER);
  record.set_key("3f0b1c52-6a1e-5d43-9b1c-0e6f2a7d8c90");
  for (const auto& [field, value] : values) {
    adapter::v1::FieldValue& added = *record.add_values();
    added.set_field(field);
    added.set_value(value);
  }
  return record;
}

FieldValues Outcome() {
  return {{adapter::v1::FIELD_REFERRAL, "referrals/r1"},
          {adapter::v1::FIELD_ETAG, "e1"},
          {adapter::v1::FIELD_ANSWER_ACTION, "REPORT_OUTCOME"},
          {adapter::v1::FIELD_OUTCOME_CODE, "HIRED"},
          {adapter::v1::FIELD_OUTCOME_DATE, "2026-03-10"},
          {adapter::v1::FIELD_EMPLOYER_CODE, "91421299MA00000000"},
          {adapter::v1::FIELD_CONTRACT_MONTHS, "12"},
          {adapter::v1::FIELD_SOCIAL_INSURANCE, "1"},
          {adapter::v1::FIELD_AMOUNT_FEN, "120000"},
          {adapter::v1::FIELD_VALID_FROM_DATE, "2026-04-01"},
          {adapter::v1::FIELD_VALID_TO_DATE, "2027-03-31"}};
}

TEST(RecordTest, ANativeAnswerIsACall) {
  AQ_ASSERT_OK_AND_ASSIGN(const exchange::v1::AnswerReferralRequest request,
                          FromRecord(Reply(Outcome())));
  EXPECT_EQ(request.request_id(), "3f0b1c52-6a1e-5d43-9b1c-0e6f2a7d8c90");
  EXPECT_EQ(request.referral(), "referrals/r1");
  EXPECT_EQ(request.etag(), "e1");
  EXPECT_EQ(request.answer().action(), exchange::v1::ANSWER_ACTION_REPORT_OUTCOME);
  const exchange::v1::Outcome& outcome = request.answer().outcome();
  EXPECT_EQ(outcome.code(), exchange::v1::OUTCOME_CODE_HIRED);
  EXPECT_EQ(model::CivilDate::FromProto(outcome.date()), Day("2026-03-10"));
  EXPECT_EQ(outcome.employer_code(), "91421299MA00000000");
  EXPECT_EQ(outcome.contract_months(), 12);
  EXPECT_TRUE(outcome.social_insurance());
  EXPECT_EQ(outcome.amount_fen(), 120'000);
  EXPECT_EQ(model::CivilDate::FromProto(outcome.valid_from_date()), Day("2026-04-01"));
  EXPECT_EQ(model::CivilDate::FromProto(outcome.valid_to_date()), Day("2027-03-31"));
}

TEST(RecordTest, EveryActionAndOutcomeReads) {
  const auto* actions = exchange::v1::AnswerAction_descriptor();
  for (int i = 1; i < actions->value_count(); ++i) {
    FieldValues values = Outcome();
    values[adapter::v1::FIELD_ANSWER_ACTION] = actions->value(i)->name().substr(14);
    AQ_ASSERT_OK_AND_ASSIGN(const auto request, FromRecord(Reply(values)));
    EXPECT_EQ(request.answer().action(), actions->value(i)->number());
  }
  const auto* outcomes = exchange::v1::OutcomeCode_descriptor();
  for (int i = 1; i < outcomes->value_count(); ++i) {
    FieldValues values = Outcome();
    values[adapter::v1::FIELD_OUTCOME_CODE] = outcomes->value(i)->name().substr(13);
    AQ_ASSERT_OK_AND_ASSIGN(const auto request, FromRecord(Reply(values)));
    EXPECT_EQ(request.answer().outcome().code(), outcomes->value(i)->number());
  }
}

TEST(RecordTest, AHoldHasAReasonAndADay) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto request,
                          FromRecord(Reply({{adapter::v1::FIELD_REFERRAL, "referrals/r1"},
                                            {adapter::v1::FIELD_ETAG, "e1"},
                                            {adapter::v1::FIELD_ANSWER_ACTION, "HOLD"},
                                            {adapter::v1::FIELD_ANSWER_REASON, "WAITING_FOR_PLACE"},
                                            {adapter::v1::FIELD_RESUME_DATE, "2026-05-01"}})));
  EXPECT_EQ(request.answer().reason(), "WAITING_FOR_PLACE");
  EXPECT_EQ(model::CivilDate::FromProto(request.answer().resume_date()), Day("2026-05-01"));
  EXPECT_FALSE(request.answer().has_outcome());
}

TEST(RecordTest, AReasonOfAnOutcomeIsTheOutcomesReason) {
  FieldValues values = Outcome();
  values[adapter::v1::FIELD_OUTCOME_CODE] = "NOT_GRANTED";
  values[adapter::v1::FIELD_ANSWER_REASON] = "QUOTA_USED";
  AQ_ASSERT_OK_AND_ASSIGN(const auto request, FromRecord(Reply(values)));
  EXPECT_EQ(request.answer().outcome().reason(), "QUOTA_USED");
  EXPECT_EQ(request.answer().reason(), "QUOTA_USED");
}

TEST(RecordTest, AWrongValueIsNamedByItsField) {
  struct Wrong {
    adapter::v1::Field field;
    absl::string_view value, path;
  };
  const Wrong wrongs[] = {
      {adapter::v1::FIELD_REFERRAL, "", "referral"},
      {adapter::v1::FIELD_ETAG, "", "etag"},
      {adapter::v1::FIELD_ANSWER_ACTION, "", "answer.action"},
      {adapter::v1::FIELD_ANSWER_ACTION, "UNSPECIFIED", "answer.action"},
      {adapter::v1::FIELD_ANSWER_ACTION, "SEND", "answer.action"},
      {adapter::v1::FIELD_RESUME_DATE, "2026-02-30", "answer.resume_date"},
      {adapter::v1::FIELD_RESUME_DATE, "2026-02", "answer.resume_date"},
      {adapter::v1::FIELD_OUTCOME_CODE, "UNSPECIFIED", "answer.outcome.code"},
      {adapter::v1::FIELD_OUTCOME_CODE, "PROMOTED", "answer.outcome.code"},
      {adapter::v1::FIELD_OUTCOME_DATE, "yesterday", "answer.outcome.date"},
      {adapter::v1::FIELD_SOCIAL_INSURANCE, "yes", "answer.outcome.social_insurance"},
      {adapter::v1::FIELD_CONTRACT_MONTHS, "1201", "answer.outcome.contract_months"},
      {adapter::v1::FIELD_CONTRACT_MONTHS, "-1", "answer.outcome.contract_months"},
      {adapter::v1::FIELD_AMOUNT_FEN, "1.50", "answer.outcome.amount_fen"},
      {adapter::v1::FIELD_AMOUNT_FEN, "1000000000001", "answer.outcome.amount_fen"},
      {adapter::v1::FIELD_VALID_FROM_DATE, "2026", "answer.outcome.valid_from_date"},
      {adapter::v1::FIELD_VALID_TO_DATE, "2026-13-01", "answer.outcome.valid_to_date"},
  };
  for (const Wrong& wrong : wrongs) {
    SCOPED_TRACE(absl::StrCat(wrong.path, " ", wrong.value));
    FieldValues values = Outcome();
    values[wrong.field] = std::string(wrong.value);
    const auto request = FromRecord(Reply(values));
    EXPECT_THAT(request, StatusIs(absl::StatusCode::kInvalidArgument));
    const ErrorDetail detail = DetailOf(request.status()).value_or(ErrorDetail());
    EXPECT_EQ(detail.reason, reason::kInvalidField);
    ASSERT_EQ(detail.fields.size(), 1U);
    EXPECT_EQ(detail.fields.front().first, wrong.path);
  }
}

TEST(RecordTest, OnlyAnAnswerWithAUuidAsItsKeyReads) {
  adapter::v1::Record record = Reply(Outcome());
  record.set_key("1");
  EXPECT_THAT(FromRecord(record), StatusIs(absl::StatusCode::kInvalidArgument));
  record = Reply(Outcome());
  record.set_kind(adapter::v1::RECORD_KIND_SERVICE_REQUEST);
  EXPECT_THAT(FromRecord(record), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace anqiao::referral
