// employer simulate, employer relief.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "anqiao/hub/v1/employers.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/failure.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using hub::v1::EmployerService;

struct EmployerArguments {
  int count = 0;
  int contract_months = 0;
  std::string start, category, place;
  std::vector<std::string> monthly, annual, hires, due;
};

// "NAME=VALUE", or INVALID_ARGUMENT.
absl::StatusOr<std::pair<std::string, std::string>> SplitPair(absl::string_view option,
                                                              const std::string& text) {
  std::pair<std::string, std::string> pair = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (pair.first.empty() || pair.second.empty()) {
    return UsageError(absl::StrCat(option, " must be NAME=VALUE, got '", text, "'"));
  }
  return pair;
}

absl::Status AddTaxes(absl::string_view option, const std::vector<std::string>& given,
                      google::protobuf::RepeatedPtrField<hub::v1::TaxAmount>& taxes) {
  for (const std::string& text : given) {
    AQ_ASSIGN_OR_RETURN(const auto pair, SplitPair(option, text));
    hub::v1::TaxAmount& tax = *taxes.Add();
    tax.set_tax(pair.first);
    AQ_ASSIGN_OR_RETURN(const std::int64_t fen, ParseYuan(option, pair.second));
    tax.set_amount_fen(fen);
  }
  return absl::OkStatus();
}

// "label=a,category=...,start=2026-11-02,insured=2026-11".
absl::Status ParseHire(const std::string& text, hub::v1::Hire& hire) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  for (const std::string& part : parts) {
    AQ_ASSIGN_OR_RETURN(const auto pair, SplitPair("--hire", part));
    const auto& [name, value] = pair;
    type::v1::CivilDate* date = name == "start"        ? hire.mutable_contract_start_date()
                                : name == "end"        ? hire.mutable_contract_end_date()
                                : name == "left"       ? hire.mutable_left_date()
                                : name == "insured"    ? hire.mutable_social_insurance_from_month()
                                : name == "insured-to" ? hire.mutable_social_insurance_to_month()
                                                       : nullptr;
    if (date != nullptr) {
      AQ_ASSIGN_OR_RETURN(*date, ParseDate("--hire", value));
    } else if (name == "label") {
      hire.set_label(value);
    } else if (name == "category") {
      hire.set_category(value);
    } else if (name == "used") {
      int months = 0;
      if (!absl::SimpleAtoi(value, &months)) {
        return UsageError(absl::StrCat("--hire: used must be a number of months, got ", value));
      }
      hire.set_months_used(months);
    } else if (name == "other") {
      AQ_ASSIGN_OR_RETURN(const std::int64_t fen, ParseYuan("--hire", value));
      hire.set_other_relief_year_fen(fen);
    } else {
      return UsageError(absl::StrCat(
          "--hire takes label, category, start, end, left, insured, insured-to, used and other, "
          "got '",
          name, "'"));
    }
  }
  return absl::OkStatus();
}

// "2026-11:VALUE_ADDED_TAX=500.00", or "2026:CORPORATE_INCOME_TAX=100".
absl::Status ParseDue(const std::string& text, hub::v1::TaxDue& due) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  AQ_ASSIGN_OR_RETURN(const type::v1::CivilDate when, ParseDate("--due", parts.first));
  if (when.year() == 0 || when.day() != 0) {
    return UsageError(absl::StrCat("--due must begin with YYYY-MM: or YYYY:, got '", text, "'"));
  }
  AQ_ASSIGN_OR_RETURN(const auto pair, SplitPair("--due", parts.second));
  AQ_ASSIGN_OR_RETURN(const std::int64_t fen, ParseYuan("--due", pair.second));
  due.set_year(when.year());
  due.set_month(when.month());
  due.set_tax(pair.first);
  due.set_amount_fen(fen);
  return absl::OkStatus();
}

// 0.00 is an answer here, not an absence.
std::string Money(std::int64_t fen) { return fen == 0 ? "0.00" : YuanText(fen); }

template <typename Response>
void PrintYears(Context& context, const Response& response) {
  Table table({{"YEAR 年度"},
               {"MAY BE DEDUCTED 限额", Table::Align::kRight},
               {"SAVED 扣减", Table::Align::kRight},
               {"LAPSES 作废", Table::Align::kRight},
               {"TAXES 税种"}});
  for (const hub::v1::EmployerReliefYear& year : response.years()) {
    std::string taxes;
    for (const hub::v1::TaxDeduction& tax : year.taxes()) {
      if (tax.deducted_fen() == 0) continue;
      absl::StrAppend(&taxes, taxes.empty() ? "" : ", ", tax.tax(), " ", Money(tax.deducted_fen()));
    }
    table.AddRow({absl::StrCat(year.year()), Money(year.quota_fen()), Money(year.deducted_fen()),
                  Money(year.lapsed_fen()), OrDash(taxes)});
  }
  table.AddRow({"合计 total", Money(response.quota_fen()), Money(response.deducted_fen()),
                Money(response.lapsed_fen()), ""});
  table.Print(context.out);
  for (const hub::v1::EmployerReliefYear& year : response.years()) {
    if (year.formula().empty()) continue;
    context.out << "  " << year.year() << ": " << Printable(year.formula()) << "\n";
  }
  if (response.unverified()) {
    context.out << "有未核对的数据，仅供参考 Some of the numbers have not been verified.\n";
  }
}

absl::StatusOr<ExitCode> Simulate(Context& context, const EmployerArguments& arguments) {
  hub::v1::SimulateHiringRequest request;
  request.set_count(arguments.count);
  AQ_ASSIGN_OR_RETURN(*request.mutable_start_month(), ParseDate("--start", arguments.start));
  request.set_category(arguments.category);
  request.set_contract_months(arguments.contract_months);
  request.set_place(arguments.place);
  AQ_RETURN_IF_ERROR(AddTaxes("--monthly", arguments.monthly, *request.mutable_monthly_taxes()));
  AQ_RETURN_IF_ERROR(AddTaxes("--annual", arguments.annual, *request.mutable_annual_taxes()));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::SimulateHiringResponse response;
  AQ_RETURN_IF_ERROR(FromRpc(EmployerService::NewStub(connection.channel())
                                 ->SimulateHiring(connection.NewCall().get(), request, &response)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  if (response.person().outcome() != "COUNTED") {
    context.out << "不能扣减 nothing may be deducted: " << Printable(response.person().outcome())
                << "\n";
  }
  PrintYears(context, response);
  return kExitOk;
}

absl::StatusOr<ExitCode> Relief(Context& context, const EmployerArguments& arguments) {
  hub::v1::ComputeEmployerReliefRequest request;
  request.set_place(arguments.place);
  for (const std::string& hire : arguments.hires) {
    AQ_RETURN_IF_ERROR(ParseHire(hire, *request.add_hires()));
  }
  for (const std::string& due : arguments.due) {
    AQ_RETURN_IF_ERROR(ParseDue(due, *request.add_taxes_due()));
  }
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::ComputeEmployerReliefResponse response;
  AQ_RETURN_IF_ERROR(
      FromRpc(EmployerService::NewStub(connection.channel())
                  ->ComputeEmployerRelief(connection.NewCall().get(), request, &response)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Table table({{"HIRE 人员"},
               {"OUTCOME 结果"},
               {"YEAR 年度"},
               {"MONTHS 月数", Table::Align::kRight},
               {"MAY BE DEDUCTED 限额", Table::Align::kRight},
               {"HOW 算式"}});
  for (const hub::v1::HireRelief& hire : response.hires()) {
    if (hire.years().empty()) table.AddRow({hire.label(), hire.outcome(), "-", "", "0.00", "-"});
    for (const hub::v1::HireReliefYear& year : hire.years()) {
      table.AddRow({hire.label(), hire.outcome(), absl::StrCat(year.year()),
                    absl::StrCat(year.months()), Money(year.quota_fen()), year.formula()});
    }
  }
  table.Print(context.out);
  context.out << "\n";
  PrintYears(context, response);
  return kExitOk;
}

}  // namespace

void AddEmployerCommands(CLI::App& app, Action& chosen) {
  constexpr char kPlace[] =
      "CITY, TOWN or OTHER: count the surcharges that are not given by its rates";
  auto arguments = std::make_shared<EmployerArguments>();
  CLI::App* employer =
      app.add_subcommand("employer", "Count what an employer saves by hiring, without any person");
  employer->require_subcommand(1);

  CLI::App* simulate = employer->add_subcommand("simulate", "What would hiring N people save?");
  simulate->add_option("--count", arguments->count, "People hired")->required();
  simulate->add_option("--start", arguments->start, "Month in which they begin, YYYY-MM")
      ->required();
  simulate->add_option("--category", arguments->category, "Category assumed for all")
      ->default_val("UNEMPLOYED_HALF_YEAR");
  simulate->add_option("--contract-months", arguments->contract_months,
                       "Length of the contracts (default: open-ended)");
  simulate->add_option("--monthly", arguments->monthly,
                       "TAX=YUAN due every month, such as VALUE_ADDED_TAX=5000; repeat for more");
  simulate->add_option("--annual", arguments->annual,
                       "TAX=YUAN due every year, such as CORPORATE_INCOME_TAX=20000");
  simulate->add_option("--place", arguments->place, kPlace);
  OnChosen(simulate, chosen, arguments, Simulate);

  CLI::App* relief = employer->add_subcommand("relief", "The relief for hires and taxes due");
  relief
      ->add_option("--hire", arguments->hires,
                   "label=a,category=UNEMPLOYED_HALF_YEAR,start=2026-11-02,insured=2026-11; also "
                   "end, left, insured-to, used (months), other (yuan a year); repeat for more")
      ->required();
  relief->add_option(
      "--due", arguments->due,
      "YYYY-MM:TAX=YUAN, or YYYY:TAX=YUAN at the annual settlement; repeat for more");
  relief->add_option("--place", arguments->place, kPlace);
  OnChosen(relief, chosen, arguments, Relief);
}

}  // namespace anqiao::ctl
