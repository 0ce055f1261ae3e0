// adapter list/show/load/reload/disable/enable/shadow; corrections.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "anqiao/exchange/v1/exchange.grpc.pb.h"
#include "anqiao/hub/v1/adapters.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/pages.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using hub::v1::AdapterService;

struct AdapterArguments {
  std::string agency, library, samples, build, reason;
  int last = 0;
  bool values = false;
};

struct CorrectionArguments {
  std::string request_id, payload, language = "zh", out;
};

// Paths are the hub's; on this machine they are completed for the operator.
std::string Complete(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

std::string BuildText(const hub::v1::AdapterBuild& build) {
  if (build.build().empty()) return "-";
  return absl::StrCat(build.build(), " (", OrDash(build.version()), ") ", build.library());
}

absl::Status Print(Context& context, const hub::v1::Adapter& adapter) {
  if (context.json) return PrintJson(context.out, adapter);
  PrintPairs(context.out,
             {{"adapter 适配器", adapter.adapter().empty()
                                     ? adapter.name()
                                     : absl::StrCat(adapter.name(), " ", adapter.adapter())},
              {"state 状态", EnumText(adapter.state())},
              {"reason 原因", OrDash(adapter.reason())},
              {"in use 使用中", BuildText(adapter.current())},
              {"loaded 已装载", BuildText(adapter.candidate())},
              {"configured 配置", OrDash(adapter.configured_library())},
              {"formats 格式", OrDash(absl::StrJoin(adapter.current().formats(), ", "))},
              {"decoded 已解析", absl::StrCat(adapter.payload_count())},
              {"refused 已拒绝", absl::StrCat(adapter.refused_payload_count())},
              {"failures 失败", absl::StrCat(adapter.failure_count())}});
  if (!adapter.candidate().build().empty()) {
    context.out << "not in use yet 尚未启用: anqiaoctl adapter reload "
                << absl::StripPrefix(adapter.name(), "adapters/") << "\n";
  } else if (adapter.current().library() != adapter.configured_library()) {
    context.out
        << (adapter.configured_library().empty()
                ? "after a restart the agency has no adapter: name it in the configuration\n"
                : "after a restart the configured library is used: change the "
                  "configuration\n");
  }
  return absl::OkStatus();
}

template <typename Request>
absl::StatusOr<ExitCode> CallForAdapter(
    Context& context, const std::string& agency, Request request,
    grpc::Status (AdapterService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                 hub::v1::Adapter*)) {
  request.set_name(ResourceName("adapters", agency));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = AdapterService::NewStub(connection.channel());
  hub::v1::Adapter adapter;
  AQ_RETURN_IF_ERROR(FromRpc((stub.get()->*method)(connection.NewCall().get(), request, &adapter)));
  AQ_RETURN_IF_ERROR(Print(context, adapter));
  return kExitOk;
}

absl::StatusOr<ExitCode> List(Context& context, const AdapterArguments&) {
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = AdapterService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListAdaptersRequest& request)
      -> absl::StatusOr<hub::v1::ListAdaptersResponse> {
    hub::v1::ListAdaptersResponse page;
    AQ_RETURN_IF_ERROR(FromRpc(stub->ListAdapters(connection.NewCall().get(), request, &page)));
    return page;
  };
  AQ_ASSIGN_OR_RETURN(const auto response, FetchPages<hub::v1::ListAdaptersResponse>(
                                               hub::v1::ListAdaptersRequest(), 0, fetch,
                                               [](hub::v1::ListAdaptersResponse& page) {
                                                 return page.mutable_adapters();
                                               }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  constexpr auto kRight = Table::Align::kRight;
  Table table({{"ADAPTER 适配器"},
               {"STATE 状态"},
               {"REASON 原因"},
               {"BUILD 版本"},
               {"LOADED 已装载"},
               {"DECODED 已解析", kRight},
               {"REFUSED 已拒绝", kRight}});
  for (const hub::v1::Adapter& adapter : response.adapters()) {
    table.AddRow({adapter.name(), EnumText(adapter.state()), OrDash(adapter.reason()),
                  adapter.current().build().empty()
                      ? "-"
                      : absl::StrCat(adapter.current().version(), " ", adapter.current().build()),
                  OrDash(adapter.candidate().build()), absl::StrCat(adapter.payload_count()),
                  absl::StrCat(adapter.refused_payload_count())});
  }
  table.Print(context.out);
  return kExitOk;
}

absl::StatusOr<ExitCode> Show(Context& context, const AdapterArguments& arguments) {
  return CallForAdapter(context, arguments.agency, hub::v1::GetAdapterRequest(),
                        &AdapterService::Stub::GetAdapter);
}

absl::StatusOr<ExitCode> Load(Context& context, const AdapterArguments& arguments) {
  hub::v1::LoadAdapterRequest request;
  request.set_library(Complete(arguments.library));
  request.set_samples(Complete(arguments.samples));
  AQ_ASSIGN_OR_RETURN(const ExitCode code, CallForAdapter(context, arguments.agency, request,
                                                          &AdapterService::Stub::LoadAdapter));
  if (arguments.samples.empty() && !context.json) {
    context.out << "without --samples only those of the configuration were run, if it has any\n";
  }
  return code;
}

absl::StatusOr<ExitCode> Reload(Context& context, const AdapterArguments& arguments) {
  hub::v1::ReloadAdapterRequest request;
  request.set_build(arguments.build);
  return CallForAdapter(context, arguments.agency, request, &AdapterService::Stub::ReloadAdapter);
}

absl::StatusOr<ExitCode> Disable(Context& context, const AdapterArguments& arguments) {
  hub::v1::DisableAdapterRequest request;
  request.set_reason(arguments.reason);
  return CallForAdapter(context, arguments.agency, request, &AdapterService::Stub::DisableAdapter);
}

absl::StatusOr<ExitCode> Enable(Context& context, const AdapterArguments& arguments) {
  return CallForAdapter(context, arguments.agency, hub::v1::EnableAdapterRequest(),
                        &AdapterService::Stub::EnableAdapter);
}

void PrintShadow(Context& context, const hub::v1::ShadowAdapterResponse& report) {
  PrintPairs(context.out, {{"in use 使用中", report.current_build()},
                           {"other 另一版本", report.shadow_build()},
                           {"payloads 报文", absl::StrCat(report.payload_count())},
                           {"unreadable 不可读", absl::StrCat(report.unreadable_payload_count())},
                           {"same 相同", absl::StrCat(report.same_count())},
                           {"added 新增", absl::StrCat(report.added_count())},
                           {"removed 减少", absl::StrCat(report.removed_count())},
                           {"changed 变化", absl::StrCat(report.changed_count())},
                           {"cases 个案", absl::StrCat(report.cases_size())}});
  Table records(
      {{"PAYLOAD 报文"}, {"ROW 行", Table::Align::kRight}, {"CHANGE 变化"}, {"FIELDS 字段"}});
  for (const hub::v1::RecordDifference& record : report.records()) {
    std::vector<std::string> fields(record.reasons().begin(), record.reasons().end());
    for (const hub::v1::FieldDifference& field : record.fields()) {
      const bool values = !field.current_value().empty() || !field.shadow_value().empty();
      fields.push_back(values ? absl::StrCat(field.field(), " [", field.current_value(), "] -> [",
                                             field.shadow_value(), "]")
                              : field.field());
    }
    records.AddRow({record.payload(), absl::StrCat(record.row()), EnumText(record.change()),
                    OrDash(absl::StrJoin(fields, ", "))});
  }
  if (!records.empty()) {
    context.out << "\n";
    records.Print(context.out);
  }
  Table cases({{"CASE 个案"}, {"CHANGES 变化"}});
  for (const hub::v1::CaseDifference& changed : report.cases()) {
    cases.AddRow({changed.case_(), absl::StrJoin(changed.aspects(), ", ")});
  }
  if (!cases.empty()) {
    context.out << "\n";
    cases.Print(context.out);
  }
  if (report.truncated()) context.out << "and more\n";
  context.out
      << "\nCompared are payloads of which something waits in quarantine: of others no bytes "
         "are kept.\n";
}

absl::StatusOr<ExitCode> Shadow(Context& context, const AdapterArguments& arguments) {
  hub::v1::ShadowAdapterRequest request;
  request.set_name(ResourceName("adapters", arguments.agency));
  request.set_library(Complete(arguments.library));
  request.set_samples(Complete(arguments.samples));
  request.set_payload_count(arguments.last);
  request.set_include_values(arguments.values);
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::ShadowAdapterResponse report;
  AQ_RETURN_IF_ERROR(FromRpc(AdapterService::NewStub(connection.channel())
                                 ->ShadowAdapter(connection.NewStream().get(), request, &report)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, report));
  } else {
    PrintShadow(context, report);
  }
  return kExitOk;
}

// Takes the parts of a file; "stream" is read to its end.
template <typename Response, typename Stream>
absl::Status Fetch(Stream& stream, std::string* name, std::string* bytes) {
  Response part;
  while (stream.Read(&part)) {
    if (!part.file_name().empty()) *name = part.file_name();
    *bytes += part.data();
  }
  return FromRpc(stream.Finish());
}

absl::StatusOr<ExitCode> Corrections(Context& context, const CorrectionArguments& arguments) {
  if (arguments.request_id.empty() == arguments.payload.empty()) {
    return UsageError("give either --request-id, as an agency, or --payload, as an operator");
  }
  std::string name, bytes;
  if (!arguments.request_id.empty()) {
    exchange::v1::GetCorrectionsRequest request;
    request.set_request_id(arguments.request_id);
    request.set_language(arguments.language);
    AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kAgency));
    const auto stub = exchange::v1::ExchangeService::NewStub(connection.channel());
    const auto call = connection.NewStream();
    const auto stream = stub->GetCorrections(call.get(), request);
    AQ_RETURN_IF_ERROR(Fetch<exchange::v1::GetCorrectionsResponse>(*stream, &name, &bytes));
  } else {
    hub::v1::ExportCorrectionsRequest request;
    request.set_name(ResourceName("quarantinedPayloads", arguments.payload));
    request.set_language(arguments.language);
    AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
    const auto stub = AdapterService::NewStub(connection.channel());
    const auto call = connection.NewStream();
    const auto stream = stub->ExportCorrections(call.get(), request);
    AQ_RETURN_IF_ERROR(Fetch<hub::v1::ExportCorrectionsResponse>(*stream, &name, &bytes));
  }
  if (arguments.out.empty()) {
    context.out << bytes;
    return kExitOk;
  }
  // A folder takes the file under the name that the hub gives it, which is never a path.
  std::filesystem::path path(arguments.out);
  if (std::filesystem::is_directory(path)) path /= std::filesystem::path(name).filename();
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  file.close();
  if (!file) return absl::UnavailableError(absl::StrCat("cannot write ", path.string()));
  context.out << path.string() << "\n";
  return kExitOk;
}

void AddLibraryOptions(CLI::App* command, AdapterArguments& arguments, bool required) {
  command
      ->add_option("--library", arguments.library,
                   "Library of the build, a path on the hub's machine")
      ->required(required);
  command->add_option("--samples", arguments.samples,
                      "Directory of the samples that it must pass (default: the configured ones)");
}

}  // namespace

void AddAdapterOperations(CLI::App* adapter, Action& chosen) {
  auto arguments = std::make_shared<AdapterArguments>();
  OnChosen(adapter->add_subcommand("list", "List the adapters"), chosen, arguments, List);
  const auto add = [&](const char* name, const char* what,
                       absl::StatusOr<ExitCode> (*run)(Context&, const AdapterArguments&)) {
    CLI::App* command = adapter->add_subcommand(name, what);
    command->add_option("agency", arguments->agency, "adapters/... or the agency's id")->required();
    OnChosen(command, chosen, arguments, run);
    return command;
  };
  add("show", "Show an agency's adapter", Show);
  AddLibraryOptions(
      add("load", "Load a build beside the one in use and run its samples; nothing changes yet",
          Load),
      *arguments, true);
  add("reload", "Put to use what was loaded, or else the configured library anew", Reload)
      ->add_option("--build", arguments->build, "The build that shall be in use afterwards");
  add("disable", "Take no payloads of the agency until it is enabled", Disable)
      ->add_option("--reason", arguments->reason, "UPPER_SNAKE reason, shown to operators");
  add("enable", "Take payloads again", Enable);
  CLI::App* shadow = add("shadow", "Tell what another build would decode differently", Shadow);
  AddLibraryOptions(shadow, *arguments, false);
  shadow->add_option("--last", arguments->last, "How many of the kept payloads (default: 100)")
      ->check(CLI::Range(1, 1000));
  shadow->add_flag("--values", arguments->values, "Also the values that differ, as a supervisor");
}

void AddCorrectionCommands(CLI::App& app, Action& chosen) {
  auto corrections = std::make_shared<CorrectionArguments>();
  CLI::App* fetch = app.add_subcommand("corrections", "Fetch what is to be corrected, as a file");
  fetch->add_option("--request-id", corrections->request_id,
                    "As an agency: the id that the payload was answered with");
  fetch->add_option("--payload", corrections->payload,
                    "As an operator: quarantinedPayloads/... or the part after it");
  fetch->add_option("--language", corrections->language, "zh (default) or en")
      ->check(CLI::IsMember({"zh", "en"}));
  fetch->add_option("--out", corrections->out, "File or folder (default: standard output)");
  OnChosen(fetch, chosen, corrections, Corrections);
}

}  // namespace anqiao::ctl
