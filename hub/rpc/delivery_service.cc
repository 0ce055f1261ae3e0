// Of the OperationsService: deliveries, as operators see them.

#include <string>

#include "anqiao/exchange/v1/exchange.pb.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/hub_services.h"
#include "hub/rpc/referral_conversion.h"
#include "hub/rpc/resource_names.h"

namespace anqiao::rpc {
namespace {

constexpr char kListDeliveries[] = "/anqiao.hub.v1.OperationsService/ListDeliveries";
constexpr char kGetDelivery[] = "/anqiao.hub.v1.OperationsService/GetDelivery";
constexpr char kRetry[] = "/anqiao.hub.v1.OperationsService/RetryDelivery";
constexpr char kDiscard[] = "/anqiao.hub.v1.OperationsService/DiscardDelivery";
constexpr int kReasonBytesMax = 63;

hub::v1::DeliveryState StateOf(const journal::v1::DeliveryDocument& document) {
  if (document.has_acknowledge_time()) return hub::v1::DELIVERY_STATE_ACKNOWLEDGED;
  if (document.has_discard_time()) return hub::v1::DELIVERY_STATE_DISCARDED;
  return document.dead() ? hub::v1::DELIVERY_STATE_DEAD : hub::v1::DELIVERY_STATE_WAITING;
}

const char* ContentOf(const exchange::v1::Delivery& envelope) {
  if (envelope.has_request()) return "REQUEST";
  if (envelope.has_report()) return "REPORT";
  if (envelope.has_transfer()) return "TRANSFER";
  if (envelope.has_withdrawal()) return "WITHDRAWAL";
  return envelope.has_cancellation() ? "CANCELLATION" : "CLOSURE";
}

// Nothing of what the recipient is told.
hub::v1::Delivery ToProto(const journal::v1::DeliveryDocument& document) {
  hub::v1::Delivery out;
  out.set_name(ResourceName(kDeliveries, document.delivery().delivery()));
  out.set_agency(ResourceName(kAgencies, document.delivery().agency()));
  out.set_referral(ResourceName(kReferrals, document.referral()));
  out.set_dispatch(ResourceName(kDispatches, document.dispatch()));
  out.set_state(StateOf(document));
  exchange::v1::Delivery envelope;
  if (envelope.ParseFromString(document.delivery().envelope())) {
    out.set_content(ContentOf(envelope));
    out.set_native_format(envelope.native_format());
  }
  if (document.has_create_time()) *out.mutable_create_time() = document.create_time();
  out.set_attempt_count(document.nack_count());
  out.set_last_reason(document.last_reason());
  if (document.has_nack_time()) *out.mutable_last_attempt_time() = document.nack_time();
  out.set_retry_count(document.retry_count());
  if (document.has_acknowledge_time()) {
    *out.mutable_acknowledge_time() = document.acknowledge_time();
  }
  if (document.has_discard_time()) *out.mutable_discard_time() = document.discard_time();
  out.set_discard_reason(document.discard_reason());
  return out;
}

}  // namespace

grpc::Status OperationsServiceImpl::ListDeliveries(grpc::ServerContext* context,
                                                   const hub::v1::ListDeliveriesRequest* request,
                                                   hub::v1::ListDeliveriesResponse* response) {
  return Handle(gate_, *context, kListDeliveries, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListDeliveries, *request));
    engine::DeliveryFilter filter;
    AQ_ASSIGN_OR_RETURN(filter.agency,
                        ParseOptionalResourceName("agency", kAgencies, request->agency()));
    if (request->state() != hub::v1::DELIVERY_STATE_UNSPECIFIED &&
        request->state() != hub::v1::DELIVERY_STATE_WAITING &&
        request->state() != hub::v1::DELIVERY_STATE_DEAD) {
      return InvalidField("state", "must be WAITING or DEAD: others are found by their names");
    }
    filter.dead = request->state() != hub::v1::DELIVERY_STATE_WAITING;
    gate_.RecordRead(caller, kListDeliveries, "deliveries/-");
    AQ_ASSIGN_OR_RETURN(const engine::Page<journal::v1::DeliveryDocument> page,
                        engine_.ListDeliveries(filter, range.after, range.limit));
    for (const journal::v1::DeliveryDocument& document : page.items) {
      *response->add_deliveries() = ToProto(document);
    }
    response->set_next_page_token(EncodePageToken(range.scope, page.next_after));
    return absl::OkStatus();
  });
}

grpc::Status OperationsServiceImpl::GetDelivery(grpc::ServerContext* context,
                                                const hub::v1::GetDeliveryRequest* request,
                                                hub::v1::Delivery* response) {
  return Handle(gate_, *context, kGetDelivery, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kDeliveries, request->name()));
    gate_.RecordRead(caller, kGetDelivery, request->name());
    AQ_ASSIGN_OR_RETURN(const journal::v1::DeliveryDocument document, engine_.GetDelivery(id));
    *response = ToProto(document);
    return absl::OkStatus();
  });
}

grpc::Status OperationsServiceImpl::RetryDelivery(grpc::ServerContext* context,
                                                  const hub::v1::RetryDeliveryRequest* request,
                                                  hub::v1::Delivery* response) {
  return Handle(gate_, *context, kRetry, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    engine::MendDeliveryCommand command;
    command.request_id = request->request_id();
    AQ_ASSIGN_OR_RETURN(command.delivery, ParseResourceName("name", kDeliveries, request->name()));
    AQ_ASSIGN_OR_RETURN(const journal::v1::DeliveryDocument document,
                        engine_.MendDelivery(caller.principal, command));
    *response = ToProto(document);
    return absl::OkStatus();
  });
}

grpc::Status OperationsServiceImpl::DiscardDelivery(grpc::ServerContext* context,
                                                    const hub::v1::DiscardDeliveryRequest* request,
                                                    hub::v1::Delivery* response) {
  return Handle(gate_, *context, kDiscard, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    AQ_RETURN_IF_ERROR(CheckRequired("reason", request->reason(), kReasonBytesMax));
    AQ_RETURN_IF_ERROR(CheckCode("reason", request->reason()));
    engine::MendDeliveryCommand command;
    command.request_id = request->request_id();
    command.discard = true;
    command.reason = request->reason();
    AQ_ASSIGN_OR_RETURN(command.delivery, ParseResourceName("name", kDeliveries, request->name()));
    AQ_ASSIGN_OR_RETURN(const journal::v1::DeliveryDocument document,
                        engine_.MendDelivery(caller.principal, command));
    *response = ToProto(document);
    return absl::OkStatus();
  });
}

}  // namespace anqiao::rpc
