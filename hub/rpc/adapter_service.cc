#include "hub/rpc/adapter_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/resource_names.h"

namespace anqiao::rpc {
namespace {

constexpr char kListAdapters[] = "/anqiao.hub.v1.AdapterService/ListAdapters";
constexpr char kGetAdapter[] = "/anqiao.hub.v1.AdapterService/GetAdapter";
constexpr char kLoad[] = "/anqiao.hub.v1.AdapterService/LoadAdapter";
constexpr char kReload[] = "/anqiao.hub.v1.AdapterService/ReloadAdapter";
constexpr char kDisable[] = "/anqiao.hub.v1.AdapterService/DisableAdapter";
constexpr char kEnable[] = "/anqiao.hub.v1.AdapterService/EnableAdapter";
constexpr char kShadow[] = "/anqiao.hub.v1.AdapterService/ShadowAdapter";
constexpr char kExport[] = "/anqiao.hub.v1.AdapterService/ExportCorrections";

constexpr int kLibraryPathBytesMax = 4095;
constexpr int kShadowPayloads = 100;
constexpr int kShadowPayloadsMax = 1000;

absl::Status CheckLibraryPath(absl::string_view field, absl::string_view path) {
  AQ_RETURN_IF_ERROR(CheckRequired(field, path, kLibraryPathBytesMax));
  if (path[0] != '/' || path.find('\0') != absl::string_view::npos) {
    return InvalidField(field, "must be an absolute path on the hub's machine");
  }
  return absl::OkStatus();
}

absl::Status CheckOptionalPath(absl::string_view field, absl::string_view path) {
  return path.empty() ? absl::OkStatus() : CheckLibraryPath(field, path);
}

void ToProto(const adapter::LoadedBuild& build, hub::v1::AdapterBuild* out) {
  out->set_build(build.adapter->build_id());
  out->set_version(build.adapter->manifest().version());
  out->set_library(build.library);
  for (const adapter::v1::Format& format : build.adapter->manifest().formats()) {
    out->add_formats(format.name());
  }
}

hub::v1::Adapter ToProto(const engine::AdapterView& view) {
  using State = adapter::AdapterSlot::State;
  hub::v1::Adapter out;
  out.set_name(ResourceName(kAdapters, view.options->id));
  out.set_adapter(view.slot.current.adapter->manifest().name());
  out.set_state(view.slot.state == State::kDisabled ? hub::v1::ADAPTER_STATE_DISABLED
                : view.slot.state == State::kAbsent ? hub::v1::ADAPTER_STATE_ABSENT
                : view.slot.state == State::kFailed ? hub::v1::ADAPTER_STATE_FAILED
                                                    : hub::v1::ADAPTER_STATE_LOADED);
  out.set_reason(view.slot.reason);
  ToProto(view.slot.current, out.mutable_current());
  if (view.slot.candidate.has_value()) ToProto(*view.slot.candidate, out.mutable_candidate());
  out.set_configured_library(view.slot.configured_library);
  out.set_payload_count(view.slot.counts.payloads);
  out.set_refused_payload_count(view.slot.counts.refused);
  out.set_failure_count(view.slot.counts.failed);
  return out;
}

void ToProto(const engine::ShadowReport& report, hub::v1::ShadowAdapterResponse* out) {
  using Change = engine::ShadowReport::Change;
  out->set_current_build(report.current_build);
  out->set_shadow_build(report.shadow_build);
  out->set_payload_count(report.payloads);
  out->set_unreadable_payload_count(report.unreadable);
  out->set_same_count(report.same);
  out->set_added_count(report.added);
  out->set_removed_count(report.removed);
  out->set_changed_count(report.changed);
  out->set_truncated(report.truncated);
  for (const engine::ShadowReport::Record& record : report.records) {
    hub::v1::RecordDifference* to = out->add_records();
    to->set_payload(ResourceName(kQuarantinedPayloads, record.payload));
    to->set_row(static_cast<std::int64_t>(record.row));
    to->set_change(record.change == Change::kAdded     ? hub::v1::RECORD_CHANGE_ADDED
                   : record.change == Change::kRemoved ? hub::v1::RECORD_CHANGE_REMOVED
                                                       : hub::v1::RECORD_CHANGE_CHANGED);
    for (const std::string& text : record.reasons) to->add_reasons(text);
    for (const engine::ShadowReport::Field& field : record.fields) {
      hub::v1::FieldDifference* difference = to->add_fields();
      difference->set_field(field.path);
      difference->set_current_value(field.current);
      difference->set_shadow_value(field.shadow);
    }
  }
  for (const engine::ShadowReport::Case& changed : report.cases) {
    hub::v1::CaseDifference* to = out->add_cases();
    to->set_case_(ResourceName(kCases, changed.id));
    for (const std::string& aspect : changed.aspects) to->add_aspects(aspect);
  }
}

}  // namespace

grpc::Status AdapterServiceImpl::ListAdapters(grpc::ServerContext* context,
                                              const hub::v1::ListAdaptersRequest* request,
                                              hub::v1::ListAdaptersResponse* response) {
  return Handle(gate_, *context, kListAdapters, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListAdapters, *request));
    AQ_ASSIGN_OR_RETURN(const std::vector<engine::AgencyStatus> agencies, engine_.ListAgencies());
    std::vector<std::string> ids;
    for (const engine::AgencyStatus& agency : agencies) ids.push_back(agency.options->id);
    std::sort(ids.begin(), ids.end());
    std::string last;
    for (const std::string& id : ids) {
      if (id <= range.after) continue;
      if (response->adapters_size() == range.limit) {
        response->set_next_page_token(EncodePageToken(range.scope, last));
        break;
      }
      AQ_ASSIGN_OR_RETURN(const engine::AdapterView view, engine_.GetAdapter(id));
      *response->add_adapters() = ToProto(view);
      last = id;
    }
    return absl::OkStatus();
  });
}

grpc::Status AdapterServiceImpl::GetAdapter(grpc::ServerContext* context,
                                            const hub::v1::GetAdapterRequest* request,
                                            hub::v1::Adapter* response) {
  return Handle(gate_, *context, kGetAdapter, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kAdapters, request->name()));
    AQ_ASSIGN_OR_RETURN(const engine::AdapterView view, engine_.GetAdapter(id));
    *response = ToProto(view);
    return absl::OkStatus();
  });
}

grpc::Status AdapterServiceImpl::LoadAdapter(grpc::ServerContext* context,
                                             const hub::v1::LoadAdapterRequest* request,
                                             hub::v1::Adapter* response) {
  return Handle(gate_, *context, kLoad, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kAdapters, request->name()));
    AQ_RETURN_IF_ERROR(CheckLibraryPath("library", request->library()));
    AQ_RETURN_IF_ERROR(CheckOptionalPath("samples", request->samples()));
    gate_.RecordRead(caller, kLoad, request->name());
    AQ_ASSIGN_OR_RETURN(const engine::AdapterView view,
                        engine_.LoadAdapter(id, request->library(), request->samples()));
    *response = ToProto(view);
    return absl::OkStatus();
  });
}

grpc::Status AdapterServiceImpl::ReloadAdapter(grpc::ServerContext* context,
                                               const hub::v1::ReloadAdapterRequest* request,
                                               hub::v1::Adapter* response) {
  return Handle(gate_, *context, kReload, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kAdapters, request->name()));
    if (request->build().size() > 64) {
      return InvalidField("build", "must be a build as GetAdapter gives it");
    }
    gate_.RecordRead(caller, kReload, request->name());
    AQ_ASSIGN_OR_RETURN(const engine::AdapterView view,
                        engine_.ReloadAdapter(caller.principal, id, request->build()));
    *response = ToProto(view);
    return absl::OkStatus();
  });
}

grpc::Status AdapterServiceImpl::DisableAdapter(grpc::ServerContext* context,
                                                const hub::v1::DisableAdapterRequest* request,
                                                hub::v1::Adapter* response) {
  return Handle(gate_, *context, kDisable, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kAdapters, request->name()));
    AQ_RETURN_IF_ERROR(CheckCode("reason", request->reason()));
    AQ_ASSIGN_OR_RETURN(const engine::AdapterView view,
                        engine_.SwitchAdapter(caller.principal, id, false, request->reason()));
    *response = ToProto(view);
    return absl::OkStatus();
  });
}

grpc::Status AdapterServiceImpl::EnableAdapter(grpc::ServerContext* context,
                                               const hub::v1::EnableAdapterRequest* request,
                                               hub::v1::Adapter* response) {
  return Handle(gate_, *context, kEnable, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kAdapters, request->name()));
    AQ_ASSIGN_OR_RETURN(const engine::AdapterView view,
                        engine_.SwitchAdapter(caller.principal, id, true, ""));
    *response = ToProto(view);
    return absl::OkStatus();
  });
}

grpc::Status AdapterServiceImpl::ShadowAdapter(grpc::ServerContext* context,
                                               const hub::v1::ShadowAdapterRequest* request,
                                               hub::v1::ShadowAdapterResponse* response) {
  return Handle(gate_, *context, kShadow, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kAdapters, request->name()));
    AQ_RETURN_IF_ERROR(CheckOptionalPath("library", request->library()));
    AQ_RETURN_IF_ERROR(CheckOptionalPath("samples", request->samples()));
    if (request->payload_count() < 0 || request->payload_count() > kShadowPayloadsMax) {
      return InvalidField("payload_count",
                          absl::StrCat("must lie between 0 and ", kShadowPayloadsMax));
    }
    // Operators look after adapters, not after people.
    if (request->include_values() && caller.principal.role() != "supervisor") {
      return Error(absl::StatusCode::kPermissionDenied, reason::kPermissionDenied,
                   "values are shown to supervisors only; leave include_values away");
    }
    gate_.RecordRead(caller, kShadow, request->name());
    AQ_ASSIGN_OR_RETURN(
        const engine::ShadowReport report,
        engine_.ShadowAdapter(
            {.agency = id,
             .library = request->library(),
             .samples = request->samples(),
             .payloads = request->payload_count() == 0 ? kShadowPayloads : request->payload_count(),
             .with_values = request->include_values()}));
    ToProto(report, response);
    return absl::OkStatus();
  });
}

grpc::Status AdapterServiceImpl::ExportCorrections(
    grpc::ServerContext* context, const hub::v1::ExportCorrectionsRequest* request,
    grpc::ServerWriter<hub::v1::ExportCorrectionsResponse>* writer) {
  return Handle(gate_, *context, kExport, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kQuarantinedPayloads, request->name()));
    gate_.RecordRead(caller, kExport, request->name());
    AQ_ASSIGN_OR_RETURN(const engine::CorrectionFile file,
                        engine_.ExportCorrections(id, request->language()));
    WriteFile<hub::v1::ExportCorrectionsResponse>(file, writer);
    return absl::OkStatus();
  });
}

}  // namespace anqiao::rpc
