// providers list, providers route.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "anqiao/hub/v1/directory.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/pages.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using hub::v1::DirectoryService;

struct ProviderArguments {
  std::string service, case_name, policy, recipient, provider, post, replaces;
};

std::string TitleText(const hub::v1::RouteTitle& title) {
  return absl::StrCat(title.zh(), " ", title.en());
}

std::string PlaceText(const std::string& provider, const std::string& post,
                      const std::string& agency) {
  const std::string& who = provider.empty() ? agency : provider;
  return post.empty() ? OrDash(who) : absl::StrCat(who, " / ", post);
}

void PrintLimits(Context& context,
                 const google::protobuf::RepeatedPtrField<hub::v1::JobLimit>& limits) {
  for (const hub::v1::JobLimit& limit : limits) {
    context.out << "  " << Printable(limit.law()) << ": " << Printable(TitleText(limit.title()))
                << (limit.unverified() ? " (未核对 unverified)" : "") << "\n";
  }
}

void PrintRoute(Context& context, const hub::v1::Route& route) {
  PrintPairs(context.out,
             {{"to 去向", PlaceText(route.provider(), route.post(), route.agency())},
              {"through 经由", OrDash(route.agency())},
              {"why 理由", absl::StrCat(route.code(), " ", TitleText(route.title()))}});
  if (route.division_unknown()) {
    context.out << "居住地未知，未按辖区排除 the division of residence is not known and excluded "
                   "nobody\n";
  }
  if (!route.limits().empty()) {
    context.out << "依法不能从事该岗位，仅供工作人员知悉 the law does not let the person hold the "
                   "post; for caseworkers only\n";
    PrintLimits(context, route.limits());
  }
  if (route.options().empty()) return;
  Table table({{"PASSED OVER 未选"}, {"CODE 代码"}, {"WHY 理由"}});
  for (const hub::v1::RouteOption& option : route.options()) {
    table.AddRow({PlaceText(option.provider(), option.post(), option.agency()), option.code(),
                  TitleText(option.title())});
  }
  context.out << "\n";
  table.Print(context.out);
  for (const hub::v1::RouteOption& option : route.options()) PrintLimits(context, option.limits());
}

absl::StatusOr<ExitCode> ListAll(Context& context, const ProviderArguments& arguments) {
  hub::v1::ListProvidersRequest request;
  request.set_service(arguments.service);
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = DirectoryService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListProvidersRequest& page_request)
      -> absl::StatusOr<hub::v1::ListProvidersResponse> {
    hub::v1::ListProvidersResponse page;
    AQ_RETURN_IF_ERROR(
        FromRpc(stub->ListProviders(connection.NewCall().get(), page_request, &page)));
    return page;
  };
  AQ_ASSIGN_OR_RETURN(const auto response,
                      FetchPages<hub::v1::ListProvidersResponse>(
                          request, 0, fetch, [](hub::v1::ListProvidersResponse& page) {
                            return page.mutable_providers();
                          }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Table table({{"PROVIDER 单位"},
               {"NAME 名称"},
               {"THROUGH 经由"},
               {"SERVICES 服务"},
               {"AREA 辖区"},
               {"HELD / PLACES 占用 / 名额", Table::Align::kRight},
               {"HOURS 时间"}});
  for (const hub::v1::Provider& provider : response.providers()) {
    const std::string places =
        provider.places_bounded() ? absl::StrCat(provider.places()) : std::string("-");
    table.AddRow({provider.name(), TitleText(provider.title()), provider.agency(),
                  absl::StrJoin(provider.services(), ", "),
                  OrDash(absl::StrJoin(provider.jurisdictions(), ", ")),
                  absl::StrCat(provider.held_places(), " / ", places),
                  OrDash(absl::StrJoin(provider.hours(), "; "))});
    for (const hub::v1::ProviderPost& post : provider.posts()) {
      table.AddRow({absl::StrCat("  / ", post.code()), TitleText(post.title()), "", post.service(),
                    post.job_class(), absl::StrCat(post.held_count(), " / ", post.count()),
                    post.conditional() ? "有法定条件 conditional" : ""});
    }
  }
  table.Print(context.out);
  return kExitOk;
}

absl::StatusOr<ExitCode> ShowRoute(Context& context, const ProviderArguments& arguments) {
  hub::v1::GetRouteRequest request;
  request.set_case_(ResourceName("cases", arguments.case_name));
  request.set_policy(ResourceName("policies", arguments.policy));
  request.set_agency(ResourceName("agencies", arguments.recipient));
  request.set_provider(ResourceName("providers", arguments.provider));
  request.set_post(arguments.post);
  request.set_replaces(ResourceName("referrals", arguments.replaces));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::Route route;
  AQ_RETURN_IF_ERROR(FromRpc(DirectoryService::NewStub(connection.channel())
                                 ->GetRoute(connection.NewCall().get(), request, &route)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, route));
  } else {
    PrintRoute(context, route);
  }
  return kExitOk;
}

}  // namespace

void AddProviderCommands(CLI::App& app, Action& chosen) {
  auto arguments = std::make_shared<ProviderArguments>();
  CLI::App* providers =
      app.add_subcommand("providers", "See who gives which service, and where a request would go");
  providers->require_subcommand(1);

  CLI::App* list = providers->add_subcommand("list", "List the providers of the directory");
  list->add_option("--service", arguments->service, "Only those that give this service");
  OnChosen(list, chosen, arguments, ListAll);

  CLI::App* route = providers->add_subcommand(
      "route", "Say where a request would go for a person, why, and why not elsewhere");
  route->add_option("--case", arguments->case_name, "The person's case")->required();
  route->add_option("--policy", arguments->policy, "The policy")->required();
  route->add_option("--recipient", arguments->recipient,
                    "Only what is reached through this agency");
  route->add_option("--provider", arguments->provider, "A provider that you decide for");
  route->add_option("--post", arguments->post, "One of its posts");
  route->add_option("--replaces", arguments->replaces,
                    "The ended referral: whom it asked is not asked again");
  OnChosen(route, chosen, arguments, ShowRoute);
}

}  // namespace anqiao::ctl
