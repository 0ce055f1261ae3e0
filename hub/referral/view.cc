#include "hub/referral/view.h"

#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/policy/facts.h"
#include "hub/referral/telling.h"

namespace anqiao::referral {
namespace {

using model::CivilDate;

constexpr std::size_t kDetailBytesMax = 200;
constexpr std::size_t kBasisBytesMax = 300;
constexpr std::int64_t kContractMonthsMax = 1200;

absl::Status Incomplete(absl::string_view field, absl::string_view giver) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kViewIncomplete,
               absl::StrCat("the request needs ", field, ", which ", giver, " would give"))
      .Meta("field", field)
      .Meta("given_by", giver)
      .Precondition(field, absl::StrCat("must be given by ", giver));
}

// A detail that may leave: short and telling nothing.
absl::StatusOr<std::string> Detail(const std::map<std::string, std::string>& details,
                                   const std::string& key) {
  const auto it = details.find(key);
  if (it == details.end()) return std::string();
  if (it->second.size() > kDetailBytesMax || Tells(it->second)) {
    return Incomplete(key, absl::StrCat("another detail ", key, ", short and neutral,"));
  }
  return it->second;
}

// Fills one view and remembers what was filled.
class ViewFiller {
 public:
  explicit ViewFiller(std::vector<std::string>& fields) : fields_(fields) {}

  // The first required field that was empty.
  const absl::Status& status() const { return status_; }

  template <typename Set>
  void Text(absl::string_view path, const std::string& value, absl::string_view giver, Set set) {
    if (!Note(path, value.empty(), giver)) return;
    set(value);
  }
  // An empty giver: the field may be absent. True if it is to be filled.
  bool Note(absl::string_view path, bool empty, absl::string_view giver) {
    if (!empty) {
      fields_.emplace_back(path);
      return true;
    }
    if (!giver.empty() && status_.ok()) status_ = Incomplete(path, giver);
    return false;
  }

 private:
  std::vector<std::string>& fields_;
  absl::Status status_;
};

void FillBeneficiary(const model::Case& person, exchange::v1::Beneficiary* out,
                     ViewFiller& filler) {
  filler.Text("beneficiary.name", person.outward.name, "any agency but the police",
              [&](const std::string& v) { out->set_name(v); });
  filler.Text("beneficiary.id_number", person.outward.id_number, "any agency but the police",
              [&](const std::string& v) { out->set_id_number(v); });
}

void FillEmployment(const model::Case& person, const journal::v1::EntitlementAnswer& answer,
                    exchange::v1::EmploymentServiceView* view, ViewFiller& filler) {
  FillBeneficiary(person, view->mutable_beneficiary(), filler);
  filler.Text("phone", person.outward.phone, "", [&](const std::string& v) { view->set_phone(v); });
  filler.Text("division_code", person.outward.division_code.substr(0, 6), "",
              [&](const std::string& v) { view->set_division_code(v); });
  const auto* open = policy::OpenUnemployment(person, person.as_of);
  if (filler.Note("unemployment_registration_date", open == nullptr, "employment")) {
    *view->mutable_unemployment_registration_date() = open->registered_date();
  }
  filler.Text("category", answer.category(), "",
              [&](const std::string& v) { view->set_category(v); });
}

void FillTraining(const model::Case& person, const std::string& asked,
                  exchange::v1::TrainingView* view, ViewFiller& filler) {
  FillBeneficiary(person, view->mutable_beneficiary(), filler);
  filler.Text("phone", person.outward.phone, "", [&](const std::string& v) { view->set_phone(v); });
  const auto* done = policy::LatestQualification(person, person.as_of);
  std::string course = asked;
  // Whoever held the course may have named it after those whom it was for.
  if (course.empty() && done != nullptr && !Tells(done->course())) course = done->course();
  filler.Text("course", course, "employment, or the detail course",
              [&](const std::string& v) { view->set_course(v); });
  filler.Text("certificate_number", done == nullptr ? "" : done->qualification_number(), "",
              [&](const std::string& v) { view->set_certificate_number(v); });
}

template <typename View>
void FillBusiness(const model::Case& person, View* view, ViewFiller& filler) {
  const auto* business = policy::RunningBusiness(person, person.as_of);
  filler.Text("business_code", business == nullptr ? "" : business->code(), "tax",
              [&](const std::string& v) { view->set_business_code(v); });
  if (filler.Note("registration_month", business == nullptr, "tax")) {
    *view->mutable_registration_month() = business->registered_date();
    view->mutable_registration_month()->clear_day();
  }
}

void FillSelfEmployed(const model::Case& person, const journal::v1::EntitlementAnswer& answer,
                      exchange::v1::SelfEmployedReliefView* view, ViewFiller& filler) {
  FillBeneficiary(person, view->mutable_beneficiary(), filler);
  // Whoever was lifted out of poverty needs no certificate, and whoever graduates has their own.
  const bool graduate = answer.category() == "GRADUATE";
  const auto* certificate =
      policy::CertificateWith(person, person.as_of, graduate ? "GRADUATE" : "SELF_EMPLOYMENT");
  filler.Text("certificate_number", certificate == nullptr ? "" : certificate->number(),
              answer.category() == "POVERTY_RELIEVED" ? "" : "employment",
              [&](const std::string& v) { view->set_certificate_number(v); });
  FillBusiness(person, view, filler);
  filler.Text("category", answer.category(), "the entitlement",
              [&](const std::string& v) { view->set_category(v); });
}

void FillEmployer(const model::Case& person, const journal::v1::EntitlementAnswer& answer,
                  exchange::v1::EmployerReliefView* view, ViewFiller& filler) {
  FillBeneficiary(person, view->mutable_beneficiary(), filler);
  const auto* contract = policy::RunningContract(person, person.as_of);
  filler.Text("employer_code", contract == nullptr ? "" : contract->employer_code(), "employment",
              [&](const std::string& v) { view->set_employer_code(v); });
  filler.Text("employer_name", contract == nullptr ? "" : contract->employer_name(), "employment",
              [&](const std::string& v) { view->set_employer_name(v); });
  if (filler.Note("contract_start_date", contract == nullptr, "employment")) {
    *view->mutable_contract_start_date() = contract->contract_start_date();
  }
  const bool insured = contract != nullptr && contract->social_insurance_from_month().year() != 0;
  if (filler.Note("social_insurance_start_month", !insured, "employment")) {
    *view->mutable_social_insurance_start_month() = contract->social_insurance_from_month();
    view->mutable_social_insurance_start_month()->clear_day();
  }
  filler.Text("category", answer.category(), "the entitlement",
              [&](const std::string& v) { view->set_category(v); });
}

void FillApplication(const model::Case& person, const journal::v1::EntitlementAnswer& answer,
                     exchange::v1::ApplicationView* view, ViewFiller& filler) {
  FillBeneficiary(person, view->mutable_beneficiary(), filler);
  filler.Text("phone", person.outward.phone, "", [&](const std::string& v) { view->set_phone(v); });
  filler.Text("division_code", person.outward.division_code.substr(0, 6), "",
              [&](const std::string& v) { view->set_division_code(v); });
  filler.Text("category", answer.category(), "",
              [&](const std::string& v) { view->set_category(v); });
}

void FillBusinessSupport(const model::Case& person, const journal::v1::EntitlementAnswer& answer,
                         exchange::v1::BusinessSupportView* view, ViewFiller& filler) {
  FillBeneficiary(person, view->mutable_beneficiary(), filler);
  filler.Text("phone", person.outward.phone, "", [&](const std::string& v) { view->set_phone(v); });
  FillBusiness(person, view, filler);
  filler.Text("category", answer.category(), "",
              [&](const std::string& v) { view->set_category(v); });
}

absl::Status FillLoan(const model::Case& person, const journal::v1::EntitlementAnswer& answer,
                      const std::string& asked, exchange::v1::LoanView* view, ViewFiller& filler) {
  FillBeneficiary(person, view->mutable_beneficiary(), filler);
  filler.Text("phone", person.outward.phone, "", [&](const std::string& v) { view->set_phone(v); });
  std::int64_t fen = answer.amount_fen();
  if (!asked.empty()) {
    std::int64_t yuan = 0;
    if (!absl::SimpleAtoi(asked, &yuan) || yuan < 1 || yuan > fen / 100) {
      return Incomplete("amount_yuan", "the detail amount_yuan, whole yuan up to the maximum,");
    }
    fen = yuan * 100;
  }
  if (filler.Note("amount_max_fen", fen <= 0, "the policy")) view->set_amount_max_fen(fen);
  filler.Text("category", answer.category(), "",
              [&](const std::string& v) { view->set_category(v); });
  return absl::OkStatus();
}

void Add(adapter::v1::Record& record, adapter::v1::Field field, const std::string& value) {
  if (value.empty()) return;
  adapter::v1::FieldValue& added = *record.add_values();
  added.set_field(field);
  added.set_value(value);
}

void AddDate(adapter::v1::Record& record, adapter::v1::Field field,
             const type::v1::CivilDate& date) {
  // Encoding adapters write days: of a month the first.
  Add(record, field, CivilDate::FromProto(date).FirstDay().ToString());
}

void AddBeneficiary(adapter::v1::Record& record, const exchange::v1::Beneficiary& beneficiary) {
  Add(record, adapter::v1::FIELD_PERSON_NAME, beneficiary.name());
  Add(record, adapter::v1::FIELD_ID_NUMBER, beneficiary.id_number());
}

void AddView(adapter::v1::Record& record, const exchange::v1::ServiceRequest& request) {
  if (request.has_employment_service()) {
    const auto& view = request.employment_service();
    AddBeneficiary(record, view.beneficiary());
    Add(record, adapter::v1::FIELD_PHONE, view.phone());
    Add(record, adapter::v1::FIELD_DIVISION, view.division_code());
    AddDate(record, adapter::v1::FIELD_UNEMPLOYED_SINCE, view.unemployment_registration_date());
    Add(record, adapter::v1::FIELD_CATEGORY, view.category());
  } else if (request.has_training()) {
    const auto& view = request.training();
    AddBeneficiary(record, view.beneficiary());
    Add(record, adapter::v1::FIELD_PHONE, view.phone());
    Add(record, adapter::v1::FIELD_COURSE, view.course());
    Add(record, adapter::v1::FIELD_QUALIFICATION_NUMBER, view.certificate_number());
  } else if (request.has_self_employed_relief()) {
    const auto& view = request.self_employed_relief();
    AddBeneficiary(record, view.beneficiary());
    Add(record, adapter::v1::FIELD_CERTIFICATE_NUMBER, view.certificate_number());
    Add(record, adapter::v1::FIELD_BUSINESS_CODE, view.business_code());
    AddDate(record, adapter::v1::FIELD_REGISTRATION_DATE, view.registration_month());
    Add(record, adapter::v1::FIELD_CATEGORY, view.category());
  } else if (request.has_employer_relief()) {
    const auto& view = request.employer_relief();
    AddBeneficiary(record, view.beneficiary());
    Add(record, adapter::v1::FIELD_EMPLOYER_CODE, view.employer_code());
    Add(record, adapter::v1::FIELD_EMPLOYER_NAME, view.employer_name());
    AddDate(record, adapter::v1::FIELD_CONTRACT_START_DATE, view.contract_start_date());
    AddDate(record, adapter::v1::FIELD_SOCIAL_INSURANCE_FROM_MONTH,
            view.social_insurance_start_month());
    Add(record, adapter::v1::FIELD_CATEGORY, view.category());
  } else if (request.has_loan()) {
    const auto& view = request.loan();
    AddBeneficiary(record, view.beneficiary());
    Add(record, adapter::v1::FIELD_PHONE, view.phone());
    Add(record, adapter::v1::FIELD_AMOUNT_FEN, absl::StrCat(view.amount_max_fen()));
    Add(record, adapter::v1::FIELD_CATEGORY, view.category());
  } else if (request.has_application()) {
    const auto& view = request.application();
    AddBeneficiary(record, view.beneficiary());
    Add(record, adapter::v1::FIELD_PHONE, view.phone());
    Add(record, adapter::v1::FIELD_DIVISION, view.division_code());
    Add(record, adapter::v1::FIELD_CATEGORY, view.category());
  } else if (request.has_business_support()) {
    const auto& view = request.business_support();
    AddBeneficiary(record, view.beneficiary());
    Add(record, adapter::v1::FIELD_PHONE, view.phone());
    Add(record, adapter::v1::FIELD_BUSINESS_CODE, view.business_code());
    AddDate(record, adapter::v1::FIELD_REGISTRATION_DATE, view.registration_month());
    Add(record, adapter::v1::FIELD_CATEGORY, view.category());
  }
}

// The one value of "field"; empty if there is none.
std::string ValueOf(const adapter::v1::Record& record, adapter::v1::Field field) {
  for (const adapter::v1::FieldValue& value : record.values()) {
    if (value.field() == field) return value.value();
  }
  return "";
}

absl::Status ReadDate(const adapter::v1::Record& record, adapter::v1::Field field,
                      absl::string_view path,
                      type::v1::CivilDate* (*slot)(exchange::v1::ReferralAnswer&),
                      exchange::v1::ReferralAnswer& answer) {
  const std::string text = ValueOf(record, field);
  if (text.empty()) return absl::OkStatus();
  const std::optional<CivilDate> date = CivilDate::Parse(text);
  if (!date.has_value() || !date->has_day()) return InvalidField(path, "is not a day");
  *slot(answer) = date->ToProto();
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> ReadNumber(const adapter::v1::Record& record, adapter::v1::Field field,
                                        absl::string_view path, std::int64_t max) {
  const std::string text = ValueOf(record, field);
  std::int64_t number = 0;
  if (!text.empty() && (!absl::SimpleAtoi(text, &number) || number < 0 || number > max)) {
    return InvalidField(path, absl::StrCat("is not a whole number from 0 to ", max));
  }
  return number;
}

absl::Status ReadOutcome(const adapter::v1::Record& record, exchange::v1::ReferralAnswer& answer) {
  using exchange::v1::ReferralAnswer;
  const std::string code = ValueOf(record, adapter::v1::FIELD_OUTCOME_CODE);
  if (code.empty()) return absl::OkStatus();
  exchange::v1::OutcomeCode parsed = exchange::v1::OUTCOME_CODE_UNSPECIFIED;
  if (!exchange::v1::OutcomeCode_Parse(absl::StrCat("OUTCOME_CODE_", code), &parsed) ||
      parsed == exchange::v1::OUTCOME_CODE_UNSPECIFIED) {
    return InvalidField("answer.outcome.code", "is not an outcome");
  }
  exchange::v1::Outcome& outcome = *answer.mutable_outcome();
  outcome.set_code(parsed);
  outcome.set_reason(answer.reason());
  outcome.set_employer_code(ValueOf(record, adapter::v1::FIELD_EMPLOYER_CODE));
  const std::string insured = ValueOf(record, adapter::v1::FIELD_SOCIAL_INSURANCE);
  if (!insured.empty() && insured != "0" && insured != "1") {
    return InvalidField("answer.outcome.social_insurance", "is not a flag");
  }
  outcome.set_social_insurance(insured == "1");
  AQ_ASSIGN_OR_RETURN(const std::int64_t months,
                      ReadNumber(record, adapter::v1::FIELD_CONTRACT_MONTHS,
                                 "answer.outcome.contract_months", kContractMonthsMax));
  outcome.set_contract_months(static_cast<std::int32_t>(months));
  AQ_ASSIGN_OR_RETURN(const std::int64_t fen,
                      ReadNumber(record, adapter::v1::FIELD_AMOUNT_FEN, "answer.outcome.amount_fen",
                                 1'000'000'000'000));
  outcome.set_amount_fen(fen);
  AQ_RETURN_IF_ERROR(ReadDate(
      record, adapter::v1::FIELD_OUTCOME_DATE, "answer.outcome.date",
      [](ReferralAnswer& a) { return a.mutable_outcome()->mutable_date(); }, answer));
  AQ_RETURN_IF_ERROR(ReadDate(
      record, adapter::v1::FIELD_VALID_FROM_DATE, "answer.outcome.valid_from_date",
      [](ReferralAnswer& a) { return a.mutable_outcome()->mutable_valid_from_date(); }, answer));
  return ReadDate(
      record, adapter::v1::FIELD_VALID_TO_DATE, "answer.outcome.valid_to_date",
      [](ReferralAnswer& a) { return a.mutable_outcome()->mutable_valid_to_date(); }, answer);
}

}  // namespace

absl::StatusOr<BuiltView> BuildView(const policy::PolicySummary& policy,
                                    const journal::v1::EntitlementAnswer& answer,
                                    const model::Case& person,
                                    const std::map<std::string, std::string>& details,
                                    const std::string& legal_basis) {
  if (person.outward.name.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kNoOutwardIdentity,
                 "no agency but the police names the person");
  }
  if (legal_basis.empty() || legal_basis.size() > kBasisBytesMax || Tells(legal_basis)) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kNoLegalBasis,
                 "the legal basis must be given, short, and tell nothing of why the person is "
                 "known");
  }
  BuiltView built;
  built.request.set_service(policy.service);
  built.request.set_service_title(policy.service_title);
  built.request.set_legal_basis(legal_basis);
  ViewFiller filler(built.fields);
  if (policy.view == "employment_service") {
    FillEmployment(person, answer, built.request.mutable_employment_service(), filler);
    built.name = "EmploymentServiceView";
  } else if (policy.view == "training") {
    AQ_ASSIGN_OR_RETURN(const std::string course, Detail(details, "course"));
    FillTraining(person, course, built.request.mutable_training(), filler);
    built.name = "TrainingView";
  } else if (policy.view == "self_employed_relief") {
    FillSelfEmployed(person, answer, built.request.mutable_self_employed_relief(), filler);
    built.name = "SelfEmployedReliefView";
  } else if (policy.view == "employer_relief") {
    FillEmployer(person, answer, built.request.mutable_employer_relief(), filler);
    built.name = "EmployerReliefView";
  } else if (policy.view == "application") {
    FillApplication(person, answer, built.request.mutable_application(), filler);
    built.name = "ApplicationView";
  } else if (policy.view == "business_support") {
    FillBusinessSupport(person, answer, built.request.mutable_business_support(), filler);
    built.name = "BusinessSupportView";
  } else {
    AQ_ASSIGN_OR_RETURN(const std::string asked, Detail(details, "amount_yuan"));
    AQ_RETURN_IF_ERROR(FillLoan(person, answer, asked, built.request.mutable_loan(), filler));
    built.name = "LoanView";
  }
  AQ_RETURN_IF_ERROR(filler.status());
  std::sort(built.fields.begin(), built.fields.end());
  return built;
}

adapter::v1::Record ToRecord(const exchange::v1::Delivery& delivery) {
  adapter::v1::Record record;
  record.set_kind(adapter::v1::RECORD_KIND_SERVICE_REQUEST);
  record.set_key(delivery.name());
  record.set_row(1);
  Add(record, adapter::v1::FIELD_REFERRAL, delivery.referral());
  Add(record, adapter::v1::FIELD_ETAG, delivery.etag());
  Add(record, adapter::v1::FIELD_SERVICE, delivery.request().service());
  AddView(record, delivery.request());
  return record;
}

absl::StatusOr<exchange::v1::AnswerReferralRequest> FromRecord(const adapter::v1::Record& record) {
  if (record.kind() != adapter::v1::RECORD_KIND_REFERRAL_ANSWER) {
    return InvalidField("kind", "is not an answer to a referral");
  }
  if (!IsUuid(record.key())) return InvalidField("request_id", "is not a UUID");
  exchange::v1::AnswerReferralRequest request;
  request.set_request_id(record.key());
  request.set_referral(ValueOf(record, adapter::v1::FIELD_REFERRAL));
  request.set_etag(ValueOf(record, adapter::v1::FIELD_ETAG));
  if (request.referral().empty()) return InvalidField("referral", "is missing");
  if (request.etag().empty()) return InvalidField("etag", "is missing");
  exchange::v1::ReferralAnswer& answer = *request.mutable_answer();
  exchange::v1::AnswerAction action = exchange::v1::ANSWER_ACTION_UNSPECIFIED;
  const std::string name =
      absl::StrCat("ANSWER_ACTION_", ValueOf(record, adapter::v1::FIELD_ANSWER_ACTION));
  if (!exchange::v1::AnswerAction_Parse(name, &action) ||
      action == exchange::v1::ANSWER_ACTION_UNSPECIFIED) {
    return InvalidField("answer.action", "is not an action");
  }
  answer.set_action(action);
  answer.set_reason(ValueOf(record, adapter::v1::FIELD_ANSWER_REASON));
  AQ_RETURN_IF_ERROR(ReadDate(
      record, adapter::v1::FIELD_RESUME_DATE, "answer.resume_date",
      [](exchange::v1::ReferralAnswer& a) { return a.mutable_resume_date(); }, answer));
  AQ_RETURN_IF_ERROR(ReadOutcome(record, answer));
  return request;
}

}  // namespace anqiao::referral
