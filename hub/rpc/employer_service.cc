#include "hub/rpc/employer_service.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/policy/employer_relief.h"
#include "hub/rpc/handler.h"

namespace anqiao::rpc {
namespace {

using model::CivilDate;

constexpr char kSimulate[] = "/anqiao.hub.v1.EmployerService/SimulateHiring";
constexpr char kCompute[] = "/anqiao.hub.v1.EmployerService/ComputeEmployerRelief";

absl::StatusOr<const policy::EmployerReliefTable*> TableOf(const policy::Catalogue& catalogue) {
  if (catalogue.employer_relief() != nullptr) return catalogue.employer_relief();
  return Error(absl::StatusCode::kNotFound, reason::kPolicyNotFound,
               "the catalogue has no table of the employers' relief");
}

// Empty if absent. INVALID_ARGUMENT: there is no such date.
absl::StatusOr<CivilDate> ReadDate(const std::string& path, const type::v1::CivilDate& date) {
  if (date.year() == 0 && date.month() == 0 && date.day() == 0) return CivilDate();
  const CivilDate read = CivilDate::FromProto(date);
  const std::optional<CivilDate> parsed = CivilDate::Parse(read.ToString());
  if (!parsed.has_value() || *parsed != read) return InvalidField(path, "is no date that exists");
  return read;
}

std::vector<policy::HiringPlan::Tax> ReadTaxes(
    const google::protobuf::RepeatedPtrField<hub::v1::TaxAmount>& taxes) {
  std::vector<policy::HiringPlan::Tax> read;
  for (const hub::v1::TaxAmount& tax : taxes) read.push_back({tax.tax(), tax.amount_fen()});
  return read;
}

absl::StatusOr<policy::EmployerHire> ReadHire(const std::string& path, const hub::v1::Hire& hire) {
  policy::EmployerHire read;
  read.label = hire.label();
  read.category = hire.category();
  AQ_ASSIGN_OR_RETURN(read.contract_start, ReadDate(absl::StrCat(path, ".contract_start_date"),
                                                    hire.contract_start_date()));
  AQ_ASSIGN_OR_RETURN(read.contract_end,
                      ReadDate(absl::StrCat(path, ".contract_end_date"), hire.contract_end_date()));
  AQ_ASSIGN_OR_RETURN(read.insurance_from,
                      ReadDate(absl::StrCat(path, ".social_insurance_from_month"),
                               hire.social_insurance_from_month()));
  AQ_ASSIGN_OR_RETURN(read.insurance_to, ReadDate(absl::StrCat(path, ".social_insurance_to_month"),
                                                  hire.social_insurance_to_month()));
  AQ_ASSIGN_OR_RETURN(read.left, ReadDate(absl::StrCat(path, ".left_date"), hire.left_date()));
  read.months_used = hire.months_used();
  read.other_relief_year_fen = hire.other_relief_year_fen();
  return read;
}

type::v1::CivilDate MonthDate(policy::MonthNumber month) {
  return CivilDate::Of(policy::YearOf(month), month % 12 + 1).ToProto();
}

void Write(const policy::HireRelief& relief, const std::string& label, hub::v1::HireRelief& out) {
  out.set_label(label);
  out.set_outcome(std::string(policy::OutcomeName(relief.outcome)));
  out.set_quota_fen(relief.quota_fen);
  if (relief.years.empty()) return;
  *out.mutable_first_month() = MonthDate(relief.first);
  *out.mutable_last_month() = MonthDate(relief.last);
  for (const policy::PersonYear& year : relief.years) {
    hub::v1::HireReliefYear& added = *out.add_years();
    added.set_year(year.year);
    added.set_months(year.months);
    added.set_quota_fen(year.quota_fen);
    added.set_formula(year.formula);
  }
}

void Write(const policy::EmployerYear& year, hub::v1::EmployerReliefYear& out) {
  out.set_year(year.year);
  out.set_quota_fen(year.quota_fen);
  out.set_deducted_fen(year.deducted_fen);
  out.set_lapsed_fen(year.lapsed_fen);
  for (const policy::TaxDeduction& tax : year.taxes) {
    hub::v1::TaxDeduction& added = *out.add_taxes();
    added.set_tax(tax.tax);
    added.set_due_fen(tax.due_fen);
    added.set_deducted_fen(tax.deducted_fen);
  }
}

// What both answers have.
template <typename Response>
void WriteSums(const policy::EmployerRelief& relief, const policy::Catalogue& catalogue,
               Response& out) {
  for (const policy::EmployerYear& year : relief.years) Write(year, *out.add_years());
  out.set_quota_fen(relief.quota_fen);
  out.set_deducted_fen(relief.deducted_fen);
  out.set_lapsed_fen(relief.lapsed_fen);
  out.set_unverified(relief.unverified);
  out.set_catalogue_hash(catalogue.hash());
}

}  // namespace

grpc::Status EmployerServiceImpl::SimulateHiring(grpc::ServerContext* context,
                                                 const hub::v1::SimulateHiringRequest* request,
                                                 hub::v1::SimulateHiringResponse* response) {
  return Handle(gate_, *context, kSimulate, [&](const Caller&) -> absl::Status {
    const policy::Catalogue& catalogue = engine_.catalogue();
    AQ_ASSIGN_OR_RETURN(const policy::EmployerReliefTable* table, TableOf(catalogue));
    policy::HiringPlan plan;
    plan.count = request->count();
    AQ_ASSIGN_OR_RETURN(plan.start_month, ReadDate("start_month", request->start_month()));
    plan.category = request->category();
    plan.contract_months = request->contract_months();
    plan.monthly_taxes = ReadTaxes(request->monthly_taxes());
    plan.annual_taxes = ReadTaxes(request->annual_taxes());
    plan.place = request->place();
    AQ_ASSIGN_OR_RETURN(const policy::HiringSimulation simulation,
                        policy::SimulateHiring(*table, plan));
    Write(simulation.person, "", *response->mutable_person());
    WriteSums(simulation.relief, catalogue, *response);
    for (std::size_t i = 0; i < simulation.formulas.size(); ++i) {
      response->mutable_years(static_cast<int>(i))->set_formula(simulation.formulas[i]);
    }
    return absl::OkStatus();
  });
}

grpc::Status EmployerServiceImpl::ComputeEmployerRelief(
    grpc::ServerContext* context, const hub::v1::ComputeEmployerReliefRequest* request,
    hub::v1::ComputeEmployerReliefResponse* response) {
  return Handle(gate_, *context, kCompute, [&](const Caller&) -> absl::Status {
    const policy::Catalogue& catalogue = engine_.catalogue();
    AQ_ASSIGN_OR_RETURN(const policy::EmployerReliefTable* table, TableOf(catalogue));
    if (request->hires().empty()) return InvalidField("hires", "is required");
    policy::EmployerReliefInput input;
    for (int i = 0; i < request->hires_size(); ++i) {
      AQ_ASSIGN_OR_RETURN(policy::EmployerHire hire,
                          ReadHire(absl::StrCat("hires[", i, "]"), request->hires(i)));
      input.hires.push_back(std::move(hire));
    }
    for (const hub::v1::TaxDue& due : request->taxes_due()) {
      input.taxes.push_back({due.year(), due.month(), due.tax(), due.amount_fen()});
    }
    input.place = request->place();
    AQ_ASSIGN_OR_RETURN(const policy::EmployerRelief relief,
                        policy::ComputeEmployerRelief(*table, input));
    for (std::size_t i = 0; i < relief.hires.size(); ++i) {
      Write(relief.hires[i], input.hires[i].label, *response->add_hires());
    }
    WriteSums(relief, catalogue, *response);
    return absl::OkStatus();
  });
}

}  // namespace anqiao::rpc
