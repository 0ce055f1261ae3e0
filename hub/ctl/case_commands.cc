// cases list, cases show, census.

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "anqiao/hub/v1/cases.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/pages.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using hub::v1::Case;
using hub::v1::CaseService;

constexpr int kDefaultLimit = 50;

struct CaseArguments {
  std::string name, phase, display_name, as_of;
  bool registered = false, review = false, all = false;
  int limit = kDefaultLimit;
};

absl::StatusOr<ExitCode> List(Context& context, const CaseArguments& arguments) {
  hub::v1::ListCasesRequest request;
  request.set_registered_only(arguments.registered);
  request.set_needs_review_only(arguments.review);
  request.set_display_name(arguments.display_name);
  if (!arguments.phase.empty()) {
    AQ_ASSIGN_OR_RETURN(const auto phase, ParseEnum<hub::v1::Phase>("--phase", arguments.phase));
    request.set_phase(phase);
  }
  if (!arguments.as_of.empty()) {
    AQ_ASSIGN_OR_RETURN(*request.mutable_as_of_date(), ParseDate("--as-of", arguments.as_of));
  }
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = CaseService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListCasesRequest& page_request)
      -> absl::StatusOr<hub::v1::ListCasesResponse> {
    hub::v1::ListCasesResponse page;
    AQ_RETURN_IF_ERROR(FromRpc(stub->ListCases(connection.NewCall().get(), page_request, &page)));
    return page;
  };
  AQ_ASSIGN_OR_RETURN(const auto cases,
                      FetchPages<hub::v1::ListCasesResponse>(
                          request, arguments.all ? 0 : arguments.limit, fetch,
                          [](hub::v1::ListCasesResponse& page) { return page.mutable_cases(); }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, cases));
    return kExitOk;
  }
  Table table({{"CASE 案件"},
               {"NAME 姓名"},
               {"ID 证件"},
               {"DIVISION 区划"},
               {"PHASE 阶段"},
               {"SINCE 起始"},
               {"REVIEW 复核"}});
  for (const Case& item : cases.cases()) {
    table.AddRow(
        {item.name(), item.display_name(), OrDash(item.masked_id_number()),
         OrDash(item.division_title().empty() ? item.division_code() : item.division_title()),
         PhaseText(item.phase()), DateText(item.phase_since_date()),
         item.needs_review() ? "!" : ""});
  }
  table.Print(context.out);
  if (!cases.next_page_token().empty()) {
    context.err << "only the first " << cases.cases_size() << " are shown; --all shows all\n";
  }
  return kExitOk;
}

void PrintEvents(Context& context, const Case& item) {
  if (item.events().empty()) return;
  Table table({{"DATE 日期"}, {"EVENT 事项"}, {"AGENCY 机关"}, {"IN WORDS 说明"}});
  for (const auto& event : item.events()) {
    table.AddRow({DateText(event.date()), event.kind(), event.agency(),
                  absl::StrCat(event.text_zh(), " ", event.text_en())});
  }
  context.out << "\n";
  table.Print(context.out);
}

void PrintDeadlines(Context& context, const Case& item) {
  if (item.deadlines().empty()) return;
  Table table({{"LAST DAY 期限"}, {"RULE 事项"}, {"OVERDUE 逾期"}, {"LAW 依据"}});
  for (const auto& deadline : item.deadlines()) {
    table.AddRow(
        {DateText(deadline.date()), deadline.rule(), YesNo(deadline.overdue()), deadline.law()});
  }
  context.out << "\n";
  table.Print(context.out);
}

void PrintSources(Context& context, const Case& item) {
  if (item.sources().empty()) return;
  Table table({{"AGENCY 机关"},
               {"FORMAT 格式"},
               {"KIND 种类"},
               {"KEY 主键"},
               {"LINKED BY 关联"},
               {"REVIEW 复核"},
               {"ENDED 终止"}});
  for (const auto& source : item.sources()) {
    table.AddRow({source.agency(), source.format(), source.kind(), source.record_key(),
                  source.link_rule(), source.review_reason(), YesNo(source.ended())});
  }
  context.out << "\n";
  table.Print(context.out);
}

void PrintCase(Context& context, const Case& item) {
  PrintPairs(context.out,
             {{"case 案件", item.name()},
              {"name 姓名", OrDash(item.display_name())},
              {"identity number 证件号码", OrDash(item.masked_id_number())},
              {"sex 性别", item.sex() == "1"   ? "男 male"
                           : item.sex() == "2" ? "女 female"
                                               : OrDash(item.sex())},
              {"born 出生", DateText(item.birth_date())},
              {"phones 电话", OrDash(absl::StrJoin(item.phones(), ", "))},
              {"division 区划",
               OrDash(absl::StrCat(item.division_title(), item.division_title().empty() ? "" : " ",
                                   item.division_code()))},
              {"registered 在册", YesNo(item.registered())},
              {"register numbers 人员编号", OrDash(absl::StrJoin(item.register_numbers(), ", "))},
              {"phase 阶段", PhaseText(item.phase())},
              {"since 起始", DateText(item.phase_since_date())},
              {"flags 标记", OrDash(absl::StrJoin(item.flags(), ", "))},
              {"needs review 待复核", YesNo(item.needs_review())},
              {"referrals 转介", OrDash(absl::StrJoin(item.referrals(), ", "))},
              {"etag 版本", OrDash(item.etag())}});
  for (const std::string& standing : item.standings()) {
    context.out << "  - " << Printable(standing) << "\n";
  }
  PrintEvents(context, item);
  PrintDeadlines(context, item);
  PrintSources(context, item);
}

absl::StatusOr<ExitCode> ShowCase(Context& context, const CaseArguments& arguments) {
  hub::v1::GetCaseRequest request;
  request.set_name(ResourceName("cases", arguments.name));
  if (!arguments.as_of.empty()) {
    AQ_ASSIGN_OR_RETURN(*request.mutable_as_of_date(), ParseDate("--as-of", arguments.as_of));
  }
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  Case item;
  AQ_RETURN_IF_ERROR(FromRpc(CaseService::NewStub(connection.channel())
                                 ->GetCase(connection.NewCall().get(), request, &item)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, item));
  } else {
    PrintCase(context, item);
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> ShowCensus(Context& context, const CaseArguments& arguments) {
  hub::v1::GetCensusRequest request;
  if (!arguments.as_of.empty()) {
    AQ_ASSIGN_OR_RETURN(*request.mutable_as_of_date(), ParseDate("--as-of", arguments.as_of));
  }
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::Census census;
  AQ_RETURN_IF_ERROR(FromRpc(CaseService::NewStub(connection.channel())
                                 ->GetCensus(connection.NewCall().get(), request, &census)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, census));
    return kExitOk;
  }
  context.out << "As of 截至 " << DateText(census.as_of_date()) << "\n\n";
  Table table({{"PART 部分"}, {"COUNT 人数", Table::Align::kRight}});
  const auto add = [&](const char* title, std::int64_t count) {
    table.AddRow({title, absl::StrCat(count)});
  };
  add("强制戒毒 in compulsory isolation", census.compulsory_isolation_count());
  add("社区戒毒 in community detoxification", census.community_detox_count());
  add("社区康复 in community rehabilitation", census.community_rehabilitation_count());
  add("社会面有吸毒史 in society with a history of use", census.in_society_count());
  add("三年以上未复吸 three years without relapse", census.clean_three_years_count());
  add("登记在册 on the register", census.registered_count());
  add("现有 current: all but three years without relapse", census.current_count());
  add("已死亡 deceased, not counted above", census.deceased_count());
  add("全部人员 people in all", census.people_count());
  table.Print(context.out);
  return kExitOk;
}

}  // namespace

void AddCaseCommands(CLI::App& app, Action& chosen) {
  constexpr char kAsOf[] = "As of this date (default: today by the hub's clock)";
  auto arguments = std::make_shared<CaseArguments>();
  CLI::App* cases = app.add_subcommand("cases", "Look at cases");
  cases->require_subcommand(1);

  CLI::App* list = cases->add_subcommand("list", "List cases in the order of their names");
  list->add_flag("--registered", arguments->registered, "Only people on the police register");
  list->add_option("--phase", arguments->phase, "Only this phase, such as COMMUNITY_DETOX");
  list->add_flag("--review", arguments->review, "Only cases whose linking is doubtful");
  list->add_option("--name", arguments->display_name, "Only people of exactly this name");
  list->add_option("--as-of", arguments->as_of, kAsOf);
  CLI::Option* limit = list->add_option("--limit", arguments->limit, "At most this many")
                           ->check(CLI::Range(1, 1'000'000))
                           ->capture_default_str();
  list->add_flag("--all", arguments->all, "All of them")->excludes(limit);
  OnChosen(list, chosen, arguments, List);

  CLI::App* show = cases->add_subcommand("show", "Show one case with its events and sources");
  show->add_option("case", arguments->name, "cases/... or the part after it")->required();
  show->add_option("--as-of", arguments->as_of, kAsOf);
  OnChosen(show, chosen, arguments, ShowCase);

  CLI::App* census = app.add_subcommand("census", "Count the register by phase");
  census->add_option("--as-of", arguments->as_of, kAsOf);
  OnChosen(census, chosen, arguments, ShowCensus);
}

}  // namespace anqiao::ctl
