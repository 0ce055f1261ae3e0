// agencies, quarantine list/show/replay, verify, status, version.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "anqiao/hub/v1/operations.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/offline_verify.h"
#include "hub/ctl/pages.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/progress.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using hub::v1::OperationsService;
using hub::v1::QuarantinedPayload;
using hub::v1::RecordProblem;
using Problems = google::protobuf::RepeatedPtrField<RecordProblem>;

struct OperationsArguments {
  std::string name, submitter, data, request_id;
  SealFiles files;
  bool allow_shrinking = false;
  std::int64_t wait = 0;
};

absl::StatusOr<ExitCode> ListAgencies(Context& context, const OperationsArguments&) {
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = OperationsService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListAgenciesRequest& page_request)
      -> absl::StatusOr<hub::v1::ListAgenciesResponse> {
    hub::v1::ListAgenciesResponse page;
    AQ_RETURN_IF_ERROR(
        FromRpc(stub->ListAgencies(connection.NewCall().get(), page_request, &page)));
    return page;
  };
  AQ_ASSIGN_OR_RETURN(const auto response, FetchPages<hub::v1::ListAgenciesResponse>(
                                               hub::v1::ListAgenciesRequest(), 0, fetch,
                                               [](hub::v1::ListAgenciesResponse& page) {
                                                 return page.mutable_agencies();
                                               }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  constexpr auto kRight = Table::Align::kRight;
  Table table({{"AGENCY 机关"},
               {"NAME 名称"},
               {"KIND 种类"},
               {"RECORDS 记录", kRight},
               {"WAITING 待送", kRight},
               {"SET ASIDE 搁置", kRight},
               {"QUARANTINED 隔离", kRight},
               {"RECEIVING 在线"},
               {"AWAY SINCE 离线自"},
               {"WAY 送达方式"},
               {"FORMATS 格式"},
               {"SERVICES 服务"},
               {"ADAPTER 适配器"}});
  for (const auto& agency : response.agencies()) {
    table.AddRow(
        {agency.name(), agency.display_name(), agency.kind(), absl::StrCat(agency.record_count()),
         absl::StrCat(agency.pending_delivery_count()), absl::StrCat(agency.dead_delivery_count()),
         absl::StrCat(agency.quarantined_payload_count()), YesNo(agency.receiving()),
         TimeText(agency.away_since_time()), OrDash(agency.delivery_way()),
         OrDash(absl::StrJoin(agency.formats(), ", ")),
         OrDash(absl::StrJoin(agency.services(), ", ")),
         absl::StrCat(agency.adapter(), " ", agency.adapter_build().substr(0, 12))});
  }
  table.Print(context.out);
  return kExitOk;
}

void PrintProblems(Context& context, const Problems& payload_problems,
                   const QuarantinedPayload* payload) {
  Table table({{"ROW 行", Table::Align::kRight},
               {"COLUMN 列", Table::Align::kRight},
               {"FIELD 栏目"},
               {"REASON 原因"},
               {"KEY 主键"},
               {"MESSAGE 说明"}});
  const auto add = [&](const RecordProblem& problem, std::int64_t row, const std::string& key) {
    const auto number = [](std::int64_t value) {
      return value == 0 ? std::string("-") : absl::StrCat(value);
    };
    table.AddRow({number(problem.row() == 0 ? row : problem.row()), number(problem.column()),
                  OrDash(problem.field()), problem.reason(), OrDash(key), problem.message()});
  };
  for (const RecordProblem& problem : payload_problems) add(problem, 0, "");
  if (payload != nullptr) {
    for (const auto& record : payload->records()) {
      for (const RecordProblem& problem : record.problems()) {
        add(problem, record.row(), record.record_key());
      }
    }
  }
  if (table.empty()) return;
  context.out << "\n";
  table.Print(context.out);
}

absl::StatusOr<ExitCode> ListQuarantine(Context& context, const OperationsArguments& arguments) {
  hub::v1::ListQuarantinedPayloadsRequest request;
  request.set_agency(ResourceName("agencies", arguments.submitter));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = OperationsService::NewStub(connection.channel());
  const auto fetch = [&](const hub::v1::ListQuarantinedPayloadsRequest& page_request)
      -> absl::StatusOr<hub::v1::ListQuarantinedPayloadsResponse> {
    hub::v1::ListQuarantinedPayloadsResponse page;
    AQ_RETURN_IF_ERROR(
        FromRpc(stub->ListQuarantinedPayloads(connection.NewCall().get(), page_request, &page)));
    return page;
  };
  AQ_ASSIGN_OR_RETURN(const auto response,
                      FetchPages<hub::v1::ListQuarantinedPayloadsResponse>(
                          request, 0, fetch, [](hub::v1::ListQuarantinedPayloadsResponse& page) {
                            return page.mutable_payloads();
                          }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Table table({{"PAYLOAD 报文"},
               {"AGENCY 机关"},
               {"FORMAT 格式"},
               {"FILE 文件"},
               {"CAME 接收"},
               {"WHOLE 整体"},
               {"ROWS 行数", Table::Align::kRight},
               {"REPLAYED 重试", Table::Align::kRight},
               {"REASON 原因"}});
  for (const QuarantinedPayload& payload : response.payloads()) {
    table.AddRow({payload.name(), payload.agency(), payload.format(), OrDash(payload.file_name()),
                  TimeText(payload.create_time()), YesNo(payload.whole()),
                  absl::StrCat(payload.record_count()), absl::StrCat(payload.replay_count()),
                  payload.problems().empty() ? "" : payload.problems(0).reason()});
  }
  table.Print(context.out);
  return kExitOk;
}

absl::StatusOr<ExitCode> ShowQuarantine(Context& context, const OperationsArguments& arguments) {
  hub::v1::GetQuarantinedPayloadRequest request;
  request.set_name(ResourceName("quarantinedPayloads", arguments.name));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  QuarantinedPayload payload;
  AQ_RETURN_IF_ERROR(
      FromRpc(OperationsService::NewStub(connection.channel())
                  ->GetQuarantinedPayload(connection.NewCall().get(), request, &payload)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, payload));
    return kExitOk;
  }
  PrintPairs(context.out, {{"payload 报文", payload.name()},
                           {"agency 机关", payload.agency()},
                           {"format 格式", payload.format()},
                           {"file 文件", OrDash(payload.file_name())},
                           {"came 接收", TimeText(payload.create_time())},
                           {"whole 整体", YesNo(payload.whole())},
                           {"held rows 待处理行", absl::StrCat(payload.record_count())},
                           {"replayed 重试", absl::StrCat(payload.replay_count())}});
  PrintProblems(context, payload.problems(), &payload);
  return kExitOk;
}

absl::StatusOr<ExitCode> ReplayQuarantine(Context& context, const OperationsArguments& arguments) {
  hub::v1::ReplayQuarantinedPayloadRequest request;
  AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
  request.set_name(ResourceName("quarantinedPayloads", arguments.name));
  request.set_allow_shrinking(arguments.allow_shrinking);
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::ReplayQuarantinedPayloadResponse response;
  AQ_RETURN_IF_ERROR(
      FromRpc(OperationsService::NewStub(connection.channel())
                  ->ReplayQuarantinedPayload(connection.NewCall().get(), request, &response)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
  } else {
    PrintPairs(context.out, {{"accepted 接收", absl::StrCat(response.accepted_count())},
                             {"unchanged 未变", absl::StrCat(response.unchanged_count())},
                             {"held 待处理", absl::StrCat(response.held_count())},
                             {"rejected 拒绝", absl::StrCat(response.rejected_count())},
                             {"ended 终止", absl::StrCat(response.ended_count())}});
    PrintProblems(context, response.problems(), nullptr);
  }
  return kExitOk;
}

absl::StatusOr<hub::v1::VerifyResult> VerifyOnline(Context& context, ProgressBar& bar) {
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = OperationsService::NewStub(connection.channel());
  const auto call = connection.NewStream();
  const auto reader = stub->VerifyProjections(call.get(), hub::v1::VerifyProjectionsRequest());
  hub::v1::VerifyProjectionsResponse response;
  hub::v1::VerifyResult result;
  bool done = false;
  while (reader->Read(&response)) {
    bar.Update(static_cast<std::uint64_t>(response.entry_count()),
               static_cast<std::uint64_t>(response.total_entry_count()),
               absl::StrCat(response.total_entry_count(), " entries"));
    if (response.has_result()) {
      result = response.result();
      done = true;
    }
  }
  AQ_RETURN_IF_ERROR(FromRpc(reader->Finish()));
  if (!done) return absl::InternalError("the hub ended the verification without a result");
  return result;
}

absl::StatusOr<ExitCode> Verify(Context& context, const OperationsArguments& arguments) {
  const SealFiles& files = arguments.files;
  if (!arguments.data.empty() && (files.ring.empty() || files.master_key.empty())) {
    return UsageError("--data needs --ring and --master-key");
  }
  ProgressBar bar(context.err, context.show_progress, "rebuilding 重建");
  absl::StatusOr<hub::v1::VerifyResult> result =
      arguments.data.empty()
          ? VerifyOnline(context, bar)
          : VerifyOffline(arguments.data, files, [&](std::uint64_t done, std::uint64_t total) {
              bar.Update(done, total, absl::StrCat(total, " entries"));
            });
  bar.Clear();
  if (!result.ok()) return result.status();
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, *result));
  } else {
    PrintPairs(context.out, {{"equal 一致", YesNo(result->equal())},
                             {"keys 键数", absl::StrCat(result->key_count())},
                             {"live hash 现有", result->live_hash()},
                             {"rebuilt hash 重建", result->rebuilt_hash()}});
    for (const std::string& difference : result->differences()) {
      context.out << "  differs 差异: " << Printable(difference) << "\n";
    }
  }
  return result->equal() ? kExitOk : kExitDifferent;
}

// Such as "<=4: 12, <=16: 3, more: 1"; without what never happened.
std::string HistogramText(
    const google::protobuf::RepeatedPtrField<hub::v1::HistogramBucket>& buckets) {
  std::vector<std::string> parts;
  for (const hub::v1::HistogramBucket& bucket : buckets) {
    if (bucket.count() == 0) continue;
    parts.push_back(bucket.upper_bound() == 0
                        ? absl::StrCat("more: ", bucket.count())
                        : absl::StrCat("<=", bucket.upper_bound(), ": ", bucket.count()));
  }
  return OrDash(absl::StrJoin(parts, ", "));
}

absl::StatusOr<ExitCode> ShowStatus(Context& context, const OperationsArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::GetHubStatusRequest request;
  request.set_at_least_entry_count(arguments.wait);
  hub::v1::HubStatus status;
  AQ_RETURN_IF_ERROR(FromRpc(OperationsService::NewStub(connection.channel())
                                 ->GetHubStatus(connection.NewCall().get(), request, &status)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, status));
    return kExitOk;
  }
  PrintPairs(context.out, {{"version 版本", status.version()},
                           {"journal entries 日志条目", absl::StrCat(status.journal_entry_count())},
                           {"projected 已投影", absl::StrCat(status.projected_entry_count())},
                           {"groups 提交组", absl::StrCat(status.group_count())},
                           {"group sizes 组大小", HistogramText(status.group_entry_buckets())},
                           {"sync µs 同步耗时", HistogramText(status.sync_micros_buckets())},
                           {"queued 排队", absl::StrCat(status.queued_count())},
                           {"waits for lag 等待投影", absl::StrCat(status.lag_wait_count())},
                           {"people 人员", absl::StrCat(status.people_count())},
                           {"clock 时钟", TimeText(status.clock_time())},
                           {"catalogue 政策目录", OrDash(status.catalogue_hash())}});
  return kExitOk;
}

absl::StatusOr<ExitCode> ShowVersion(Context& context, const OperationsArguments&) {
  context.out << "anqiaoctl " << ANQIAO_VERSION << "\n";
  return kExitOk;
}

void AddQuarantineCommands(CLI::App& app, Action& chosen,
                           const std::shared_ptr<OperationsArguments>& arguments) {
  CLI::App* quarantine = app.add_subcommand("quarantine", "Look at what could not be used");
  quarantine->require_subcommand(1);
  CLI::App* list = quarantine->add_subcommand("list", "List what waits, oldest first");
  list->add_option("--submitter", arguments->submitter, "Only payloads of this agency");
  OnChosen(list, chosen, arguments, ListQuarantine);

  CLI::App* show = quarantine->add_subcommand("show", "Show a payload's held rows and why");
  show->add_option("payload", arguments->name, "quarantinedPayloads/... or the part after it")
      ->required();
  OnChosen(show, chosen, arguments, ShowQuarantine);

  CLI::App* replay =
      quarantine->add_subcommand("replay", "Try the held rows again with the adapter as it is now");
  replay->add_option("payload", arguments->name, "quarantinedPayloads/... or the part after it")
      ->required();
  replay->add_flag("--allow-shrinking", arguments->allow_shrinking,
                   "Take a snapshot although most of what is on file is missing from it");
  replay->add_option("--request-id", arguments->request_id,
                     "UUID of this request; the same again answers as before");
  OnChosen(replay, chosen, arguments, ReplayQuarantine);
}

}  // namespace

void AddOperationsCommands(CLI::App& app, Action& chosen) {
  auto arguments = std::make_shared<OperationsArguments>();
  CLI::App* agencies =
      app.add_subcommand("agencies", "List the agencies and how their exchange stands");
  OnChosen(agencies, chosen, arguments, ListAgencies);
  AddQuarantineCommands(app, chosen, arguments);

  CLI::App* verify = app.add_subcommand(
      "verify", "Rebuild the projections from the journal and compare; exit code 4 if they differ");
  verify->add_option("--data", arguments->data,
                     "Data directory of a hub that is not running (default: ask the running hub)");
  AddSealOptions(verify, arguments->files, false);
  OnChosen(verify, chosen, arguments, Verify);

  CLI::App* status = app.add_subcommand("status", "Tell how the hub is");
  status
      ->add_option("--wait", arguments->wait,
                   "Wait until the projections have reached so many journal entries")
      ->check(CLI::NonNegativeNumber);
  OnChosen(status, chosen, arguments, ShowStatus);
  CLI::App* version = app.add_subcommand("version", "Tell the version of anqiaoctl");
  OnChosen(version, chosen, arguments, ShowVersion);
}

}  // namespace anqiao::ctl
