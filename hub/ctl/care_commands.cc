// team add, end, list; dispatches report, transfer, list, show.

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "anqiao/hub/v1/care_team.grpc.pb.h"
#include "anqiao/hub/v1/dispatches.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/pages.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using hub::v1::CareTeamService;
using hub::v1::Dispatch;
using hub::v1::DispatchService;
using hub::v1::TeamMember;

constexpr char kRequestId[] = "UUID of this request; the same again answers as before";

struct TeamArguments {
  std::string name, case_name, role, display_name, user, from, until, basis = "STATUTORY_DUTY";
  std::string consent, reason, etag, request_id;
};

struct DispatchArguments {
  std::string name, case_name, recipient, code, date, basis, document, etag, request_id;
};

// --- Teams. ---

absl::StatusOr<ExitCode> Show(Context& context, const TeamMember& member) {
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, member));
    return kExitOk;
  }
  PrintPairs(context.out,
             {{"member 成员", member.name()},
              {"case 案件", member.case_()},
              {"role 角色", member.role()},
              {"name 姓名", member.display_name()},
              {"user 用户", OrDash(member.user())},
              {"state 状态", EnumText(member.state())},
              {"from 起", DateText(member.from_date())},
              {"until 止", DateText(member.until_date())},
              {"basis 依据", absl::StrCat(member.basis(), " ", member.basis_reference())},
              {"consent 同意", OrDash(member.consent())},
              {"sees 可见内容", absl::StrJoin(member.fields(), ", ")},
              {"ended because 退出原因", OrDash(member.end_reason())},
              {"etag 版本", member.etag()}});
  return kExitOk;
}

absl::StatusOr<ExitCode> Add(Context& context, const TeamArguments& arguments) {
  hub::v1::CreateTeamMemberRequest request;
  AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
  request.set_case_(ResourceName("cases", arguments.case_name));
  request.set_role(arguments.role);
  request.set_display_name(arguments.display_name);
  request.set_user(ResourceName("users", arguments.user));
  if (!arguments.from.empty()) {
    AQ_ASSIGN_OR_RETURN(*request.mutable_from_date(), ParseDate("--from", arguments.from));
  }
  if (!arguments.until.empty()) {
    AQ_ASSIGN_OR_RETURN(*request.mutable_until_date(), ParseDate("--until", arguments.until));
  }
  request.set_basis(arguments.basis);
  request.set_consent(ResourceName("consents", arguments.consent));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  TeamMember member;
  AQ_RETURN_IF_ERROR(FromRpc(CareTeamService::NewStub(connection.channel())
                                 ->CreateTeamMember(connection.NewCall().get(), request, &member)));
  return Show(context, member);
}

absl::StatusOr<ExitCode> End(Context& context, const TeamArguments& arguments) {
  hub::v1::EndTeamMemberRequest request;
  AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
  request.set_name(ResourceName("teamMembers", arguments.name));
  request.set_reason(arguments.reason);
  request.set_etag(arguments.etag);
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = CareTeamService::NewStub(connection.channel());
  TeamMember member;
  if (request.etag().empty()) {
    hub::v1::GetTeamMemberRequest get;
    get.set_name(request.name());
    AQ_RETURN_IF_ERROR(FromRpc(stub->GetTeamMember(connection.NewCall().get(), get, &member)));
    request.set_etag(member.etag());
  }
  AQ_RETURN_IF_ERROR(FromRpc(stub->EndTeamMember(connection.NewCall().get(), request, &member)));
  return Show(context, member);
}

absl::StatusOr<ExitCode> ListTeam(Context& context, const TeamArguments& arguments) {
  hub::v1::ListTeamMembersRequest request;
  request.set_case_(ResourceName("cases", arguments.case_name));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = CareTeamService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListTeamMembersRequest& page_request)
      -> absl::StatusOr<hub::v1::ListTeamMembersResponse> {
    hub::v1::ListTeamMembersResponse page;
    AQ_RETURN_IF_ERROR(
        FromRpc(stub->ListTeamMembers(connection.NewCall().get(), page_request, &page)));
    // Every page says the same: once is enough.
    if (!page.next_page_token().empty()) page.clear_missing_roles();
    return page;
  };
  AQ_ASSIGN_OR_RETURN(const auto response,
                      FetchPages<hub::v1::ListTeamMembersResponse>(
                          request, 0, fetch, [](hub::v1::ListTeamMembersResponse& page) {
                            return page.mutable_team_members();
                          }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Table table({{"MEMBER 成员"},
               {"ROLE 角色"},
               {"NAME 姓名"},
               {"STATE 状态"},
               {"FROM 起"},
               {"UNTIL 止"},
               {"BASIS 依据"},
               {"SEES 可见内容"}});
  for (const TeamMember& member : response.team_members()) {
    table.AddRow({member.name(), member.role(), member.display_name(), EnumText(member.state()),
                  DateText(member.from_date()), DateText(member.until_date()), member.basis(),
                  absl::StrJoin(member.fields(), ", ")});
  }
  table.Print(context.out);
  context.out << "missing 缺少: " << OrDash(absl::StrJoin(response.missing_roles(), ", ")) << "\n";
  return kExitOk;
}

void AddTeamCommands(CLI::App& app, Action& chosen) {
  auto arguments = std::make_shared<TeamArguments>();
  CLI::App* team = app.add_subcommand("team", "Keep the care team of a case");
  team->require_subcommand(1);
  CLI::App* add = team->add_subcommand("add", "Record that somebody joins");
  add->add_option("--case", arguments->case_name, "The case")->required();
  add->add_option("--role", arguments->role, "Their role, such as FAMILY")->required();
  add->add_option("--name", arguments->display_name, "Who it is")->required();
  add->add_option("--user", arguments->user, "Their name as a user");
  add->add_option("--from", arguments->from, "First day (default: today)");
  add->add_option("--until", arguments->until, "Last day (default: open)");
  add->add_option("--basis", arguments->basis, "STATUTORY_DUTY or CONSENT")->capture_default_str();
  add->add_option("--consent", arguments->consent, "The consent, for the basis CONSENT");
  add->add_option("--request-id", arguments->request_id, kRequestId);
  OnChosen(add, chosen, arguments, Add);

  CLI::App* end = team->add_subcommand("end", "Record that somebody leaves");
  end->add_option("member", arguments->name, "teamMembers/... or the part after it")->required();
  end->add_option("--reason", arguments->reason, "Code, such as LEFT")->required();
  end->add_option("--etag", arguments->etag, "Version that was read (default: the current one)");
  end->add_option("--request-id", arguments->request_id, kRequestId);
  OnChosen(end, chosen, arguments, End);

  CLI::App* list = team->add_subcommand("list", "List the team, and the roles that it lacks");
  list->add_option("case", arguments->case_name, "cases/... or the part after it")->required();
  OnChosen(list, chosen, arguments, ListTeam);
}

// --- Dispatches. ---

absl::StatusOr<ExitCode> Show(Context& context, const Dispatch& dispatch) {
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, dispatch));
    return kExitOk;
  }
  PrintPairs(context.out,
             {{"dispatch 移送", dispatch.name()},
              {"case 案件", dispatch.case_()},
              {"agency 接收方", dispatch.agency()},
              {"kind 类别", EnumText(dispatch.kind())},
              {"code 事项", OrDash(dispatch.report_code())},
              {"date 日期", DateText(dispatch.event_date())},
              {"basis 依据", absl::StrCat(dispatch.legal_basis(), " ", dispatch.basis_reference())},
              {"fields 字段", absl::StrJoin(dispatch.fields(), ", ")},
              {"delivery 投递", dispatch.delivery()},
              {"sent 发送", TimeText(dispatch.create_time())},
              {"acknowledged 签收", TimeText(dispatch.acknowledge_time())}});
  return kExitOk;
}

// What both requests have; what names the day is the caller's.
template <typename Request>
absl::Status FillTerms(const DispatchArguments& arguments, Request* request) {
  AQ_ASSIGN_OR_RETURN(*request->mutable_request_id(), RequestIdOrNew(arguments.request_id));
  request->set_case_(ResourceName("cases", arguments.case_name));
  request->set_agency(ResourceName("agencies", arguments.recipient));
  request->set_legal_basis(arguments.basis);
  request->set_document_number(arguments.document);
  request->set_etag(arguments.etag);
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Report(Context& context, const DispatchArguments& arguments) {
  hub::v1::SendReportRequest request;
  AQ_RETURN_IF_ERROR(FillTerms(arguments, &request));
  request.set_report_code(arguments.code);
  AQ_ASSIGN_OR_RETURN(*request.mutable_event_date(), ParseDate("--date", arguments.date));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  Dispatch dispatch;
  AQ_RETURN_IF_ERROR(FromRpc(DispatchService::NewStub(connection.channel())
                                 ->SendReport(connection.NewCall().get(), request, &dispatch)));
  return Show(context, dispatch);
}

absl::StatusOr<ExitCode> Transfer(Context& context, const DispatchArguments& arguments) {
  hub::v1::SendTransferRequest request;
  AQ_RETURN_IF_ERROR(FillTerms(arguments, &request));
  AQ_ASSIGN_OR_RETURN(*request.mutable_move_date(), ParseDate("--date", arguments.date));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  Dispatch dispatch;
  AQ_RETURN_IF_ERROR(FromRpc(DispatchService::NewStub(connection.channel())
                                 ->SendTransfer(connection.NewCall().get(), request, &dispatch)));
  return Show(context, dispatch);
}

absl::StatusOr<ExitCode> ShowDispatch(Context& context, const DispatchArguments& arguments) {
  hub::v1::GetDispatchRequest request;
  request.set_name(ResourceName("dispatches", arguments.name));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  Dispatch dispatch;
  AQ_RETURN_IF_ERROR(FromRpc(DispatchService::NewStub(connection.channel())
                                 ->GetDispatch(connection.NewCall().get(), request, &dispatch)));
  return Show(context, dispatch);
}

absl::StatusOr<ExitCode> ListDispatches(Context& context, const DispatchArguments& arguments) {
  hub::v1::ListDispatchesRequest request;
  request.set_case_(ResourceName("cases", arguments.case_name));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = DispatchService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListDispatchesRequest& page_request)
      -> absl::StatusOr<hub::v1::ListDispatchesResponse> {
    hub::v1::ListDispatchesResponse page;
    AQ_RETURN_IF_ERROR(
        FromRpc(stub->ListDispatches(connection.NewCall().get(), page_request, &page)));
    return page;
  };
  AQ_ASSIGN_OR_RETURN(const auto response,
                      FetchPages<hub::v1::ListDispatchesResponse>(
                          request, 0, fetch, [](hub::v1::ListDispatchesResponse& page) {
                            return page.mutable_dispatches();
                          }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Table table({{"DISPATCH 移送"},
               {"KIND 类别"},
               {"AGENCY 接收方"},
               {"CODE 事项"},
               {"DATE 日期"},
               {"BASIS 依据"},
               {"SENT 发送"},
               {"ACKNOWLEDGED 签收"}});
  for (const Dispatch& dispatch : response.dispatches()) {
    table.AddRow({dispatch.name(), EnumText(dispatch.kind()), dispatch.agency(),
                  OrDash(dispatch.report_code()), DateText(dispatch.event_date()),
                  absl::StrCat(dispatch.legal_basis(), " ", dispatch.basis_reference()),
                  TimeText(dispatch.create_time()), TimeText(dispatch.acknowledge_time())});
  }
  table.Print(context.out);
  return kExitOk;
}

void AddTermOptions(CLI::App* command, DispatchArguments* arguments) {
  command->add_option("--case", arguments->case_name, "The case")->required();
  command->add_option("--recipient", arguments->recipient, "The agency that it goes to")
      ->required();
  command->add_option("--document", arguments->document, "Number of the document that it rests on")
      ->required();
  command->add_option("--etag", arguments->etag, "Version of the case that was read");
  command->add_option("--request-id", arguments->request_id, kRequestId);
}

void AddDispatchCommands(CLI::App& app, Action& chosen) {
  CLI::App* dispatches = app.add_subcommand(
      "dispatches", "Report to the police, or transfer a file to another sub-district");
  dispatches->require_subcommand(1);
  auto reported = std::make_shared<DispatchArguments>();
  reported->basis = "REPORT_DUTY";
  CLI::App* report = dispatches->add_subcommand("report", "Report an event to the police");
  AddTermOptions(report, reported.get());
  report->add_option("--code", reported->code, "What is reported, such as REFUSED")->required();
  report->add_option("--date", reported->date, "When it happened")->required();
  report->add_option("--basis", reported->basis, "Code of the legal basis")->capture_default_str();
  OnChosen(report, chosen, reported, Report);

  auto moved = std::make_shared<DispatchArguments>();
  moved->basis = "CHANGE_OF_PLACE";
  CLI::App* transfer =
      dispatches->add_subcommand("transfer", "Transfer a file to another sub-district");
  AddTermOptions(transfer, moved.get());
  transfer->add_option("--date", moved->date, "When the place changed")->required();
  transfer->add_option("--basis", moved->basis, "Code of the legal basis")->capture_default_str();
  OnChosen(transfer, chosen, moved, Transfer);

  auto arguments = std::make_shared<DispatchArguments>();
  CLI::App* list = dispatches->add_subcommand("list", "List what was sent about one person");
  list->add_option("case", arguments->case_name, "cases/... or the part after it")->required();
  OnChosen(list, chosen, arguments, ListDispatches);
  CLI::App* show = dispatches->add_subcommand("show", "Show one");
  show->add_option("dispatch", arguments->name, "dispatches/... or the part after it")->required();
  OnChosen(show, chosen, arguments, ShowDispatch);
}

}  // namespace

void AddCareCommands(CLI::App& app, Action& chosen) {
  AddTeamCommands(app, chosen);
  AddDispatchCommands(app, chosen);
}

}  // namespace anqiao::ctl
