// referrals create, list, show, send, move.

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "anqiao/hub/v1/referrals.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/pages.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using hub::v1::Referral;
using hub::v1::ReferralService;

constexpr int kDefaultLimit = 50;

struct ReferralArguments {
  std::string name, case_name, policy, recipient, replaces, state, action, etag, reason;
  std::string basis, reference, consent, request_id, provider, post;
  std::vector<std::string> details;
  bool notice_given = false, all = false, needs_action = false;
  int limit = kDefaultLimit;
};

std::string ActionsText(const Referral& referral) {
  std::vector<std::string> names;
  for (const int action : referral.allowed_actions()) {
    names.push_back(EnumText(static_cast<hub::v1::ReferralAction>(action)));
  }
  return OrDash(absl::StrJoin(names, ", "));
}

// When something comes due and what, and a mark if somebody should look now.
std::string DueText(const Referral& referral) {
  std::string text = referral.has_due_time()
                         ? absl::StrCat(TimeText(referral.due_time()), " ", referral.due_action())
                         : "-";
  if (referral.escalated()) text += " !";
  return text;
}

void PrintOutcome(Context& context, const hub::v1::ReferralOutcome& outcome) {
  std::vector<std::pair<std::string, std::string>> pairs = {
      {"outcome 结果", outcome.code()}, {"date 日期", DateText(outcome.date())}};
  if (!outcome.reason().empty()) pairs.emplace_back("reason 原因", outcome.reason());
  if (!outcome.employer_code().empty()) {
    pairs.emplace_back("employer 用人单位", outcome.employer_code());
    if (!outcome.contract_type().empty()) {
      pairs.emplace_back("contract type 合同类型", outcome.contract_type());
    }
    pairs.emplace_back("contract months 合同月数", outcome.contract_months() == 0
                                                       ? "open-ended 无固定期限"
                                                       : absl::StrCat(outcome.contract_months()));
    pairs.emplace_back("social insurance 社会保险", YesNo(outcome.social_insurance()));
  }
  if (outcome.amount_fen() != 0) {
    pairs.emplace_back("amount in yuan 金额(元)", YuanText(outcome.amount_fen()));
  }
  if (outcome.valid_from_date().year() != 0) {
    pairs.emplace_back("valid 有效期", absl::StrCat(DateText(outcome.valid_from_date()), " .. ",
                                                    DateText(outcome.valid_to_date())));
  }
  context.out << "\n";
  PrintPairs(context.out, pairs);
}

std::string FollowUpText(const Referral& referral) {
  std::string text = OrDash(referral.follow_up());
  if (referral.parked_until_date().year() != 0) {
    absl::StrAppend(&text, " until ", DateText(referral.parked_until_date()));
  }
  if (referral.refusal_warning()) {
    absl::StrAppend(&text, "; refused suitable jobs in a row 连续拒绝 ", referral.refusal_count(),
                    ": the next has consequences");
  }
  return text;
}

std::string ProviderText(const Referral& referral) {
  return referral.post().empty() ? OrDash(referral.provider())
                                 : absl::StrCat(referral.provider(), " / ", referral.post());
}

std::string RouteText(const Referral& referral) {
  const hub::v1::Route& route = referral.route();
  if (route.code().empty()) return "-";
  std::vector<std::string> passed;
  for (const hub::v1::RouteOption& option : route.options()) {
    passed.push_back(absl::StrCat(option.provider(), option.post().empty() ? "" : "/",
                                  option.post(), "=", option.code()));
  }
  return absl::StrCat(route.code(), passed.empty() ? "" : "; not 未选 ",
                      absl::StrJoin(passed, ", "));
}

void PrintEscalations(Context& context, const Referral& referral) {
  if (!referral.escalations().empty()) {
    Table table({{"ESCALATED 催办"}, {"KIND 事由"}, {"DUE 到期"}, {"SETTLED 已处理"}});
    for (const auto& one : referral.escalations()) {
      table.AddRow({TimeText(one.time()), one.kind(),
                    one.has_due_time() ? TimeText(one.due_time()) : "-", YesNo(one.settled())});
    }
    context.out << "\n";
    table.Print(context.out);
  }
  if (referral.checks().empty()) return;
  Table table({{"CHECK AFTER DAYS 回访(天)"}, {"RESULT 结果"}, {"RECORDED 记录"}});
  for (const auto& check : referral.checks()) {
    table.AddRow({absl::StrCat(check.days()), OrDash(check.result()),
                  check.has_record_time() ? TimeText(check.record_time()) : "-"});
  }
  context.out << "\n";
  table.Print(context.out);
}

void PrintReferral(Context& context, const Referral& referral) {
  std::vector<std::string> details;
  for (const auto& [key, value] : referral.details()) {
    details.push_back(absl::StrCat(key, "=", value));
  }
  std::sort(details.begin(), details.end());
  PrintPairs(context.out, {{"referral 转介", referral.name()},
                           {"case 案件", referral.case_()},
                           {"policy 政策", referral.policy()},
                           {"service 服务", referral.service()},
                           {"agency 机关", referral.agency()},
                           {"provider 单位", ProviderText(referral)},
                           {"route 去向理由", RouteText(referral)},
                           {"state 状态", EnumText(referral.state())},
                           {"can do 可办", ActionsText(referral)},
                           {"created 创建", TimeText(referral.create_time())},
                           {"updated 更新", TimeText(referral.update_time())},
                           {"delivered 送达", TimeText(referral.delivered_time())},
                           {"read 已阅", TimeText(referral.read_time())},
                           {"due 到期", DueText(referral)},
                           {"consent 同意", OrDash(referral.consent())},
                           {"follow up 后续", FollowUpText(referral)},
                           {"details 补充", OrDash(absl::StrJoin(details, ", "))},
                           {"replaces 取代", OrDash(referral.replaces())},
                           {"replaced by 被取代", OrDash(referral.replaced_by())},
                           {"etag 版本", referral.etag()}});
  if (referral.dead_delivery_count() > 0) {
    context.out << referral.dead_delivery_count()
                << " of its deliveries set aside 送达件已搁置: an operator must mend them\n";
  }
  if (referral.has_outcome() && !referral.outcome().code().empty()) {
    PrintOutcome(context, referral.outcome());
  }
  PrintEscalations(context, referral);
  if (referral.steps().empty()) return;
  Table table({{"SINCE 起始"}, {"STATE 状态"}, {"BY 由"}, {"REASON 原因"}, {"ACTION 动作"}});
  for (const auto& step : referral.steps()) {
    table.AddRow({TimeText(step.time()), EnumText(step.state()), step.principal(), step.reason(),
                  OrDash(step.action())});
  }
  context.out << "\n";
  table.Print(context.out);
}

absl::StatusOr<ExitCode> Show(Context& context, const Referral& referral) {
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, referral));
  } else {
    PrintReferral(context, referral);
  }
  return kExitOk;
}

absl::StatusOr<Referral> Get(const Connection& connection, const std::string& name) {
  hub::v1::GetReferralRequest request;
  request.set_name(ResourceName("referrals", name));
  Referral referral;
  AQ_RETURN_IF_ERROR(FromRpc(ReferralService::NewStub(connection.channel())
                                 ->GetReferral(connection.NewCall().get(), request, &referral)));
  return referral;
}

absl::StatusOr<std::string> EtagOf(const Connection& connection,
                                   const ReferralArguments& arguments) {
  if (!arguments.etag.empty()) return arguments.etag;
  AQ_ASSIGN_OR_RETURN(const Referral referral, Get(connection, arguments.name));
  return referral.etag();
}

absl::StatusOr<ExitCode> Create(Context& context, const ReferralArguments& arguments) {
  hub::v1::CreateReferralRequest request;
  AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
  request.set_case_(ResourceName("cases", arguments.case_name));
  request.set_policy(ResourceName("policies", arguments.policy));
  request.set_agency(ResourceName("agencies", arguments.recipient));
  request.set_replaces(ResourceName("referrals", arguments.replaces));
  request.set_provider(ResourceName("providers", arguments.provider));
  request.set_post(arguments.post);
  AQ_RETURN_IF_ERROR(ParseDetails("--detail", arguments.details, *request.mutable_details()));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  Referral referral;
  AQ_RETURN_IF_ERROR(FromRpc(ReferralService::NewStub(connection.channel())
                                 ->CreateReferral(connection.NewCall().get(), request, &referral)));
  return Show(context, referral);
}

absl::StatusOr<ExitCode> List(Context& context, const ReferralArguments& arguments) {
  hub::v1::ListReferralsRequest request;
  request.set_case_(ResourceName("cases", arguments.case_name));
  request.set_agency(ResourceName("agencies", arguments.recipient));
  request.set_needs_action(arguments.needs_action);
  if (!arguments.state.empty()) {
    AQ_ASSIGN_OR_RETURN(const auto state,
                        ParseEnum<hub::v1::ReferralState>("--state", arguments.state));
    request.set_state(state);
  }
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = ReferralService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListReferralsRequest& page_request)
      -> absl::StatusOr<hub::v1::ListReferralsResponse> {
    hub::v1::ListReferralsResponse page;
    AQ_RETURN_IF_ERROR(
        FromRpc(stub->ListReferrals(connection.NewCall().get(), page_request, &page)));
    return page;
  };
  AQ_ASSIGN_OR_RETURN(const auto response, FetchPages<hub::v1::ListReferralsResponse>(
                                               request, arguments.all ? 0 : arguments.limit, fetch,
                                               [](hub::v1::ListReferralsResponse& page) {
                                                 return page.mutable_referrals();
                                               }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Table table({{"REFERRAL 转介"},
               {"STATE 状态"},
               {"POLICY 政策"},
               {"AGENCY 机关"},
               {"CASE 案件"},
               {"UPDATED 更新"},
               {"DUE 到期"},
               {"OUTCOME 结果"}});
  for (const Referral& referral : response.referrals()) {
    table.AddRow({referral.name(), EnumText(referral.state()), referral.policy(), referral.agency(),
                  referral.case_(), TimeText(referral.update_time()), DueText(referral),
                  OrDash(referral.outcome().code())});
  }
  table.Print(context.out);
  if (!response.next_page_token().empty()) {
    context.err << "only the first " << response.referrals_size()
                << " are shown; --all shows all\n";
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> ShowReferral(Context& context, const ReferralArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  AQ_ASSIGN_OR_RETURN(const Referral referral, Get(connection, arguments.name));
  return Show(context, referral);
}

absl::StatusOr<ExitCode> Send(Context& context, const ReferralArguments& arguments) {
  hub::v1::SendReferralRequest request;
  AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
  request.set_name(ResourceName("referrals", arguments.name));
  request.set_legal_basis(arguments.basis);
  request.set_basis_reference(arguments.reference);
  request.set_notice_given(arguments.notice_given);
  request.set_consent(ResourceName("consents", arguments.consent));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  AQ_ASSIGN_OR_RETURN(*request.mutable_etag(), EtagOf(connection, arguments));
  Referral referral;
  AQ_RETURN_IF_ERROR(FromRpc(ReferralService::NewStub(connection.channel())
                                 ->SendReferral(connection.NewCall().get(), request, &referral)));
  return Show(context, referral);
}

absl::StatusOr<ExitCode> Move(Context& context, const ReferralArguments& arguments) {
  hub::v1::MoveReferralRequest request;
  AQ_ASSIGN_OR_RETURN(const auto action,
                      ParseEnum<hub::v1::ReferralAction>("--action", arguments.action));
  if (action == hub::v1::REFERRAL_ACTION_SEND) {
    return UsageError("to send a draft use anqiaoctl referrals send");
  }
  AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
  request.set_name(ResourceName("referrals", arguments.name));
  request.set_action(action);
  request.set_reason(arguments.reason);
  AQ_RETURN_IF_ERROR(ParseDetails("--detail", arguments.details, *request.mutable_details()));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  AQ_ASSIGN_OR_RETURN(*request.mutable_etag(), EtagOf(connection, arguments));
  Referral referral;
  AQ_RETURN_IF_ERROR(FromRpc(ReferralService::NewStub(connection.channel())
                                 ->MoveReferral(connection.NewCall().get(), request, &referral)));
  return Show(context, referral);
}

void AddMovingCommands(CLI::App* referrals, Action& chosen,
                       const std::shared_ptr<ReferralArguments>& arguments) {
  constexpr char kEtag[] =
      "Version that the decision rests on (default: fetched now, so that a change by somebody else "
      "just before goes unnoticed)";
  constexpr char kRequestId[] = "UUID of this request; the same again answers as before";
  CLI::App* create = referrals->add_subcommand("create", "Draft a referral");
  create->add_option("--case", arguments->case_name, "The person's case")->required();
  create->add_option("--policy", arguments->policy, "The policy")->required();
  create->add_option("--recipient", arguments->recipient,
                     "Only what is reached through this agency (default: any)");
  create->add_option("--provider", arguments->provider,
                     "Provider (default: the one that anqiaoctl providers route proposes)");
  create->add_option("--post", arguments->post, "One of the provider's posts");
  create->add_option("--detail", arguments->details,
                     "key=value that the recipient needs and no record holds, such as "
                     "course=welding; repeat for more");
  create->add_option("--replaces", arguments->replaces, "The ended referral that it replaces");
  create->add_option("--request-id", arguments->request_id, kRequestId);
  OnChosen(create, chosen, arguments, Create);

  CLI::App* send = referrals->add_subcommand("send", "Send a draft to its agency");
  send->add_option("referral", arguments->name, "referrals/... or the part after it")->required();
  send->add_option("--basis", arguments->basis,
                   "Legal basis: STATUTORY_DUTY (public organs only) or CONSENT")
      ->required();
  send->add_option("--consent", arguments->consent, "The consent, for the basis CONSENT");
  send->add_option("--reference", arguments->reference,
                   "Law and article, such as \"就业促进法 第五十二条\"")
      ->required();
  send->add_flag("--notice-given", arguments->notice_given, "The person was given notice");
  send->add_option("--etag", arguments->etag, kEtag);
  send->add_option("--request-id", arguments->request_id, kRequestId);
  OnChosen(send, chosen, arguments, Send);

  CLI::App* move = referrals->add_subcommand("move", "Cancel, close, void or complete a referral");
  move->add_option("referral", arguments->name, "referrals/... or the part after it")->required();
  move->add_option("--action", arguments->action,
                   "CANCEL, CLOSE, VOID, SUPPLY_INFORMATION, TAKE_NOTE or RECORD_CHECK")
      ->required();
  move->add_option("--reason", arguments->reason,
                   "Coded reason, for CANCEL and VOID; the result, for RECORD_CHECK");
  move->add_option("--detail", arguments->details, "key=value, for SUPPLY_INFORMATION");
  move->add_option("--etag", arguments->etag, kEtag);
  move->add_option("--request-id", arguments->request_id, kRequestId);
  OnChosen(move, chosen, arguments, Move);
}

}  // namespace

void AddReferralCommands(CLI::App& app, Action& chosen) {
  auto arguments = std::make_shared<ReferralArguments>();
  CLI::App* referrals = app.add_subcommand("referrals", "Draft, send and follow referrals");
  referrals->require_subcommand(1);
  AddMovingCommands(referrals, chosen, arguments);

  CLI::App* list = referrals->add_subcommand("list", "List referrals in the order of drafting");
  list->add_option("--case", arguments->case_name, "Only those of this case");
  list->add_option("--state", arguments->state, "Only those in this state, such as SENT");
  list->add_option("--recipient", arguments->recipient, "Only those to this agency");
  list->add_flag("--needs-action,--overdue", arguments->needs_action,
                 "Only those that need somebody now: overdue, escalated, a check to be made, or "
                 "sent to an agency that is away");
  CLI::Option* limit = list->add_option("--limit", arguments->limit, "At most this many")
                           ->check(CLI::Range(1, 1'000'000))
                           ->capture_default_str();
  list->add_flag("--all", arguments->all, "All of them")->excludes(limit);
  OnChosen(list, chosen, arguments, List);

  CLI::App* show = referrals->add_subcommand("show", "Show one referral with its steps");
  show->add_option("referral", arguments->name, "referrals/... or the part after it")->required();
  OnChosen(show, chosen, arguments, ShowReferral);
}

}  // namespace anqiao::ctl
