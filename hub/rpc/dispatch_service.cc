#include <string>
#include <utility>

#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/hub_services.h"
#include "hub/rpc/referral_conversion.h"
#include "hub/rpc/resource_names.h"

namespace anqiao::rpc {
namespace {

constexpr char kReport[] = "/anqiao.hub.v1.DispatchService/SendReport";
constexpr char kTransfer[] = "/anqiao.hub.v1.DispatchService/SendTransfer";
constexpr char kGetDispatch[] = "/anqiao.hub.v1.DispatchService/GetDispatch";
constexpr char kListDispatches[] = "/anqiao.hub.v1.DispatchService/ListDispatches";
constexpr int kNumberBytesMax = 100;
constexpr int kDispatchCodeBytesMax = 63;
constexpr std::size_t kEtagBytesMax = 128;

hub::v1::Dispatch ToProto(const journal::v1::DispatchDocument& document) {
  const journal::v1::DispatchSent& sent = document.sent();
  hub::v1::Dispatch out;
  out.set_name(ResourceName(kDispatches, sent.dispatch()));
  out.set_case_(ResourceName(kCases, sent.case_id()));
  out.set_agency(ResourceName(kAgencies, sent.disclosure().agency()));
  out.set_kind(static_cast<hub::v1::DispatchKind>(sent.kind()));
  out.set_report_code(sent.report_code());
  *out.mutable_event_date() = sent.event_date();
  out.set_legal_basis(sent.disclosure().basis());
  out.set_basis_reference(sent.disclosure().basis_reference());
  *out.mutable_fields() = sent.disclosure().fields();
  out.set_delivery(ResourceName(kDeliveries, sent.delivery().delivery()));
  *out.mutable_create_time() = document.create_time();
  out.set_principal(PrincipalName(document.principal()));
  if (document.has_acknowledge_time()) {
    *out.mutable_acknowledge_time() = document.acknowledge_time();
  }
  return out;
}

// What both requests have, into "command".
template <typename Request>
absl::Status ParseTerms(const Request& request, const char* date_field,
                        const type::v1::CivilDate& date, engine::SendDispatchCommand* command) {
  AQ_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  AQ_RETURN_IF_ERROR(CheckRequired("legal_basis", request.legal_basis(), kDispatchCodeBytesMax));
  AQ_RETURN_IF_ERROR(CheckCode("legal_basis", request.legal_basis()));
  AQ_RETURN_IF_ERROR(CheckRequired("document_number", request.document_number(), kNumberBytesMax));
  if (request.etag().size() > kEtagBytesMax) {
    return InvalidField("etag", "must have at most 128 bytes");
  }
  command->request_id = request.request_id();
  command->legal_basis = request.legal_basis();
  command->document_number = request.document_number();
  command->etag = request.etag();
  command->event_date = model::CivilDate::FromProto(date);
  if (!command->event_date.has_day() ||
      !model::CivilDate::Parse(command->event_date.ToString()).has_value()) {
    return InvalidField(date_field, "must be a day");
  }
  AQ_ASSIGN_OR_RETURN(command->case_id, ParseResourceName("case", kCases, request.case_()));
  AQ_ASSIGN_OR_RETURN(command->agency, ParseResourceName("agency", kAgencies, request.agency()));
  return absl::OkStatus();
}

}  // namespace

grpc::Status DispatchServiceImpl::SendReport(grpc::ServerContext* context,
                                             const hub::v1::SendReportRequest* request,
                                             hub::v1::Dispatch* response) {
  return Handle(gate_, *context, kReport, [&](const Caller& caller) -> absl::Status {
    engine::SendDispatchCommand command;
    command.kind = journal::v1::DISPATCH_KIND_REPORT;
    AQ_RETURN_IF_ERROR(CheckRequired("report_code", request->report_code(), kDispatchCodeBytesMax));
    AQ_RETURN_IF_ERROR(CheckCode("report_code", request->report_code()));
    command.report_code = request->report_code();
    AQ_RETURN_IF_ERROR(ParseTerms(*request, "event_date", request->event_date(), &command));
    AQ_ASSIGN_OR_RETURN(const journal::v1::DispatchDocument sent,
                        engine_.SendDispatch(caller.principal, command, caller.jurisdiction));
    *response = ToProto(sent);
    return absl::OkStatus();
  });
}

grpc::Status DispatchServiceImpl::SendTransfer(grpc::ServerContext* context,
                                               const hub::v1::SendTransferRequest* request,
                                               hub::v1::Dispatch* response) {
  return Handle(gate_, *context, kTransfer, [&](const Caller& caller) -> absl::Status {
    engine::SendDispatchCommand command;
    command.kind = journal::v1::DISPATCH_KIND_TRANSFER;
    AQ_RETURN_IF_ERROR(ParseTerms(*request, "move_date", request->move_date(), &command));
    AQ_ASSIGN_OR_RETURN(const journal::v1::DispatchDocument sent,
                        engine_.SendDispatch(caller.principal, command, caller.jurisdiction));
    *response = ToProto(sent);
    return absl::OkStatus();
  });
}

grpc::Status DispatchServiceImpl::GetDispatch(grpc::ServerContext* context,
                                              const hub::v1::GetDispatchRequest* request,
                                              hub::v1::Dispatch* response) {
  return Handle(gate_, *context, kGetDispatch, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kDispatches, request->name()));
    gate_.RecordRead(caller, kGetDispatch, request->name());
    AQ_ASSIGN_OR_RETURN(const journal::v1::DispatchDocument sent,
                        engine_.GetDispatch(id, caller.jurisdiction));
    *response = ToProto(sent);
    return absl::OkStatus();
  });
}

grpc::Status DispatchServiceImpl::ListDispatches(grpc::ServerContext* context,
                                                 const hub::v1::ListDispatchesRequest* request,
                                                 hub::v1::ListDispatchesResponse* response) {
  return Handle(gate_, *context, kListDispatches, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListDispatches, *request));
    AQ_ASSIGN_OR_RETURN(const std::string id, ParseResourceName("case", kCases, request->case_()));
    gate_.RecordRead(caller, kListDispatches, request->case_());
    AQ_ASSIGN_OR_RETURN(const engine::Page<journal::v1::DispatchDocument> page,
                        engine_.ListDispatches(id, range.after, range.limit, caller.jurisdiction));
    for (const journal::v1::DispatchDocument& sent : page.items) {
      *response->add_dispatches() = ToProto(sent);
    }
    response->set_next_page_token(EncodePageToken(range.scope, page.next_after));
    return absl::OkStatus();
  });
}

}  // namespace anqiao::rpc
