// eligibility, entitlements, policies.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "anqiao/hub/v1/eligibility.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/pages.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using hub::v1::EligibilityService;
using hub::v1::Entitlement;

struct EligibilityArguments {
  std::string case_name, policy, result, as_of;
  std::vector<std::string> policies, stated;
  bool why = false;
  int limit = 0;
};

std::string ResultText(const Entitlement& entitlement) {
  std::string name = EnumText(entitlement.result());
  switch (entitlement.result()) {
    case hub::v1::ELIGIBILITY_RESULT_ELIGIBLE:
      return absl::StrCat("符合 ", name);
    case hub::v1::ELIGIBILITY_RESULT_NOT_ELIGIBLE:
      return absl::StrCat("不符合 ", name);
    case hub::v1::ELIGIBILITY_RESULT_UNKNOWN:
      return absl::StrCat("待定 ", name);
    case hub::v1::ELIGIBILITY_RESULT_ELIGIBLE_FROM:
      return absl::StrCat("届时符合 ", name, " ", DateText(entitlement.eligible_from_date()));
    default:
      return name;
  }
}

std::string PolicyTitle(const std::string& zh, const std::string& en) {
  return absl::StrCat(zh, zh.empty() || en.empty() ? "" : " ", en);
}

std::string TruthText(hub::v1::ConditionTruth truth) {
  switch (truth) {
    case hub::v1::CONDITION_TRUTH_TRUE:
      return "是 TRUE";
    case hub::v1::CONDITION_TRUTH_FALSE:
      return "否 FALSE";
    case hub::v1::CONDITION_TRUTH_UNKNOWN:
      return "未知 UNKNOWN";
    default:
      return EnumText(truth);
  }
}

std::string Mark(bool unverified) { return unverified ? " (未核实 unverified)" : ""; }

void PrintWhy(Context& context, const Entitlement& entitlement) {
  context.out << "\n"
              << Printable(absl::StrCat(entitlement.policy(), "  ",
                                        PolicyTitle(entitlement.title_zh(), entitlement.title_en()),
                                        Mark(entitlement.unverified()), ": ",
                                        ResultText(entitlement)))
              << "\n";
  if (entitlement.next_change_date().year() != 0) {
    context.out << "  next change by time alone 下次变化: "
                << DateText(entitlement.next_change_date()) << "\n";
  }
  if (!entitlement.amount_formula().empty()) {
    context.out << "  amount 金额: " << Printable(entitlement.amount_formula()) << "\n";
  }
  if (!entitlement.conditions().empty()) {
    Table table({{"CONDITION 条件"},
                 {"TRUTH 结果"},
                 {"DECISIVE 关键"},
                 {"VALUE 值"},
                 {"SOURCE 来源"},
                 {"FACT DATE 日期"},
                 {"LAW 依据"}});
    for (const auto& condition : entitlement.conditions()) {
      table.AddRow({absl::StrCat(PolicyTitle(condition.label_zh(), condition.label_en()),
                                 Mark(condition.unverified())),
                    TruthText(condition.truth()), condition.decisive() ? "!" : "",
                    OrDash(condition.value()), OrDash(condition.source()),
                    DateText(condition.fact_date()), condition.law()});
    }
    table.Print(context.out);
  }
  for (const auto& parameter : entitlement.parameters()) {
    context.out << "  parameter 参数: "
                << Printable(absl::StrCat(parameter.parameter_id(), " = ", parameter.value(), " (",
                                          parameter.source(),
                                          parameter.profile().empty() ? "" : ", profile ",
                                          parameter.profile(), ")", Mark(parameter.unverified())))
                << "\n";
  }
  for (const auto& missing : entitlement.missing_facts()) {
    context.out << "  missing 缺少: " << Printable(missing.fact()) << " ("
                << Printable(missing.condition()) << ", held by " << Printable(missing.holder())
                << ")\n";
  }
}

absl::StatusOr<ExitCode> Evaluate(Context& context, const EligibilityArguments& arguments) {
  hub::v1::EvaluateEligibilityRequest request;
  request.set_case_(ResourceName("cases", arguments.case_name));
  for (const std::string& policy : arguments.policies) {
    request.add_policies(ResourceName("policies", policy));
  }
  if (!arguments.as_of.empty()) {
    AQ_ASSIGN_OR_RETURN(*request.mutable_as_of_date(), ParseDate("--as-of", arguments.as_of));
  }
  AQ_RETURN_IF_ERROR(ParseDetails("--stated", arguments.stated, *request.mutable_stated_facts()));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::EvaluateEligibilityResponse response;
  AQ_RETURN_IF_ERROR(
      FromRpc(EligibilityService::NewStub(connection.channel())
                  ->EvaluateEligibility(connection.NewCall().get(), request, &response)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Table table({{"POLICY 政策"},
               {"TITLE 名称"},
               {"ANSWER 结论"},
               {"MAX YUAN 最高金额", Table::Align::kRight},
               {"PROVIDER 机关"}});
  for (const Entitlement& entitlement : response.entitlements()) {
    table.AddRow({entitlement.policy(), PolicyTitle(entitlement.title_zh(), entitlement.title_en()),
                  ResultText(entitlement), YuanText(entitlement.amount_fen()),
                  entitlement.provider()});
  }
  table.Print(context.out);
  if (arguments.why) {
    for (const Entitlement& entitlement : response.entitlements()) PrintWhy(context, entitlement);
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> ListEntitlements(Context& context, const EligibilityArguments& arguments) {
  hub::v1::ListEntitlementsRequest request;
  request.set_policy(ResourceName("policies", arguments.policy));
  if (!arguments.result.empty()) {
    AQ_ASSIGN_OR_RETURN(const auto result,
                        ParseEnum<hub::v1::EligibilityResult>("--result", arguments.result));
    request.set_result(result);
  }
  if (!arguments.as_of.empty()) {
    AQ_ASSIGN_OR_RETURN(*request.mutable_as_of_date(), ParseDate("--as-of", arguments.as_of));
  }
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = EligibilityService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListEntitlementsRequest& page_request)
      -> absl::StatusOr<hub::v1::ListEntitlementsResponse> {
    hub::v1::ListEntitlementsResponse page;
    AQ_RETURN_IF_ERROR(
        FromRpc(stub->ListEntitlements(connection.NewCall().get(), page_request, &page)));
    return page;
  };
  AQ_ASSIGN_OR_RETURN(const auto response, FetchPages<hub::v1::ListEntitlementsResponse>(
                                               request, arguments.limit, fetch,
                                               [](hub::v1::ListEntitlementsResponse& page) {
                                                 return page.mutable_entitlements();
                                               }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Table table({{"CASE 案件"},
               {"POLICY 政策"},
               {"TITLE 名称"},
               {"ANSWER 结论"},
               {"MAX YUAN 最高金额", Table::Align::kRight}});
  for (const Entitlement& entitlement : response.entitlements()) {
    table.AddRow({entitlement.case_(), entitlement.policy(),
                  PolicyTitle(entitlement.title_zh(), entitlement.title_en()),
                  ResultText(entitlement), YuanText(entitlement.amount_fen())});
  }
  table.Print(context.out);
  return kExitOk;
}

absl::StatusOr<ExitCode> ListPolicies(Context& context, const EligibilityArguments&) {
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = EligibilityService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListPoliciesRequest& page_request)
      -> absl::StatusOr<hub::v1::ListPoliciesResponse> {
    hub::v1::ListPoliciesResponse page;
    AQ_RETURN_IF_ERROR(
        FromRpc(stub->ListPolicies(connection.NewCall().get(), page_request, &page)));
    return page;
  };
  AQ_ASSIGN_OR_RETURN(const auto response, FetchPages<hub::v1::ListPoliciesResponse>(
                                               hub::v1::ListPoliciesRequest(), 0, fetch,
                                               [](hub::v1::ListPoliciesResponse& page) {
                                                 return page.mutable_policies();
                                               }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Table table({{"POLICY 政策"},
               {"TITLE 名称"},
               {"PROVIDER 机关"},
               {"FROM 起"},
               {"TO 止"},
               {"VERIFIED 已核对"},
               {"LAWS 依据"}});
  for (const auto& policy : response.policies()) {
    table.AddRow({policy.name(), PolicyTitle(policy.title_zh(), policy.title_en()),
                  policy.provider(), DateText(policy.effective_from_date()),
                  DateText(policy.effective_to_date()), YesNo(!policy.unverified()),
                  absl::StrJoin(policy.laws(), "; ")});
  }
  table.Print(context.out);
  return kExitOk;
}

}  // namespace

void AddEligibilityCommands(CLI::App& app, Action& chosen) {
  constexpr char kAsOf[] = "As of this date (default: today by the hub's clock)";
  auto arguments = std::make_shared<EligibilityArguments>();
  CLI::App* eligibility =
      app.add_subcommand("eligibility",
                         "Answer what one person is entitled to; what the hub "
                         "proposes and reminds of; what a new catalogue changes");
  eligibility->add_option("case", arguments->case_name, "cases/... or the part after it");
  eligibility->add_option("--policy", arguments->policies, "Only this policy; repeat for more");
  eligibility->add_option("--as-of", arguments->as_of, kAsOf);
  eligibility->add_option("--stated", arguments->stated,
                          "fact=value that the person says and no agency states, such as "
                          "able_and_willing_to_work=true; repeat for more");
  eligibility->add_flag("--why", arguments->why,
                        "Every condition with its law, and what is missing");
  AddWatchCommands(*eligibility, chosen);
  // Of the whole only if it is not one of its parts.
  eligibility->callback([&chosen, arguments, eligibility] {
    if (!eligibility->get_subcommands().empty()) return;
    if (arguments->case_name.empty()) throw CLI::RequiredError("case");
    chosen = [arguments](Context& context) { return Evaluate(context, *arguments); };
  });

  CLI::App* entitlements =
      app.add_subcommand("entitlements", "List who has an answer for a policy");
  entitlements->add_option("--policy", arguments->policy, "Only this policy (default: all)");
  entitlements->add_option("--result", arguments->result,
                           "ELIGIBLE (default), NOT_ELIGIBLE, UNKNOWN or ELIGIBLE_FROM");
  entitlements->add_option("--as-of", arguments->as_of, kAsOf);
  entitlements->add_option("--limit", arguments->limit, "At most this many (default: all)")
      ->check(CLI::Range(1, 1'000'000));
  OnChosen(entitlements, chosen, arguments, ListEntitlements);

  CLI::App* policies = app.add_subcommand("policies", "List the policies of the catalogue in use");
  OnChosen(policies, chosen, arguments, ListPolicies);
}

}  // namespace anqiao::ctl
