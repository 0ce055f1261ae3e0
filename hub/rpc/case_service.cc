#include <utility>

#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/case_conversion.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/hub_services.h"
#include "hub/rpc/resource_names.h"

namespace anqiao::rpc {
namespace {

constexpr char kGetCase[] = "/anqiao.hub.v1.CaseService/GetCase";
constexpr char kListCases[] = "/anqiao.hub.v1.CaseService/ListCases";
constexpr char kGetCensus[] = "/anqiao.hub.v1.CaseService/GetCensus";
constexpr std::size_t kDisplayNameBytesMax = 200;

absl::StatusOr<engine::CaseFilter> ParseFilter(const hub::v1::ListCasesRequest& request) {
  engine::CaseFilter filter;
  if (!hub::v1::Phase_IsValid(request.phase())) {
    return InvalidField("phase", "must be one of the phases");
  }
  if (request.display_name().size() > kDisplayNameBytesMax) {
    return InvalidField("display_name", "must be at most 200 bytes");
  }
  filter.registered_only = request.registered_only();
  filter.phase = static_cast<model::Phase>(request.phase());
  filter.needs_review_only = request.needs_review_only();
  filter.display_name = request.display_name();
  AQ_ASSIGN_OR_RETURN(filter.as_of, ParseAsOfDate(request.as_of_date()));
  return filter;
}

}  // namespace

grpc::Status CaseServiceImpl::GetCase(grpc::ServerContext* context,
                                      const hub::v1::GetCaseRequest* request,
                                      hub::v1::Case* response) {
  return Handle(gate_, *context, kGetCase, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id, ParseResourceName("name", kCases, request->name()));
    AQ_ASSIGN_OR_RETURN(const model::CivilDate as_of, ParseAsOfDate(request->as_of_date()));
    gate_.RecordRead(caller, kGetCase, request->name());
    AQ_ASSIGN_OR_RETURN(const engine::CaseView view,
                        engine_.GetCase(id, as_of, caller.jurisdiction));
    *response = ToProto(view);
    return absl::OkStatus();
  });
}

grpc::Status CaseServiceImpl::ListCases(grpc::ServerContext* context,
                                        const hub::v1::ListCasesRequest* request,
                                        hub::v1::ListCasesResponse* response) {
  return Handle(gate_, *context, kListCases, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListCases, *request));
    AQ_ASSIGN_OR_RETURN(const engine::CaseFilter filter, ParseFilter(*request));
    gate_.RecordRead(caller, kListCases, "cases/-");
    AQ_ASSIGN_OR_RETURN(const engine::Page<engine::CaseView> page,
                        engine_.ListCases(filter, range.after, range.limit, caller.jurisdiction));
    FillPage(
        range, page, [](const engine::CaseView& view) { return ToProto(view); },
        response->mutable_cases(), response->mutable_next_page_token());
    return absl::OkStatus();
  });
}

grpc::Status CaseServiceImpl::GetCensus(grpc::ServerContext* context,
                                        const hub::v1::GetCensusRequest* request,
                                        hub::v1::Census* response) {
  return Handle(gate_, *context, kGetCensus, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const model::CivilDate as_of, ParseAsOfDate(request->as_of_date()));
    AQ_ASSIGN_OR_RETURN(const engine::CensusCounts counts,
                        engine_.GetCensus(as_of, caller.jurisdiction));
    *response = ToProto(counts);
    return absl::OkStatus();
  });
}

}  // namespace anqiao::rpc
