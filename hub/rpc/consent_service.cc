#include <utility>

#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/hub_services.h"
#include "hub/rpc/referral_conversion.h"
#include "hub/rpc/resource_names.h"

namespace anqiao::rpc {
namespace {

constexpr char kCreateConsent[] = "/anqiao.hub.v1.ConsentService/CreateConsent";
constexpr char kGetConsent[] = "/anqiao.hub.v1.ConsentService/GetConsent";
constexpr char kListConsents[] = "/anqiao.hub.v1.ConsentService/ListConsents";
constexpr char kWithdraw[] = "/anqiao.hub.v1.ConsentService/WithdrawConsent";
constexpr int kPurposeBytesMax = 100;
constexpr int kEvidenceBytesMax = 200;
constexpr int kFieldsMax = 64;
constexpr std::size_t kRecipientNameBytesMax = 100;

}  // namespace

grpc::Status ConsentServiceImpl::CreateConsent(grpc::ServerContext* context,
                                               const hub::v1::CreateConsentRequest* request,
                                               hub::v1::Consent* response) {
  return Handle(gate_, *context, kCreateConsent, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    AQ_RETURN_IF_ERROR(CheckRequired("purpose", request->purpose(), kPurposeBytesMax));
    AQ_RETURN_IF_ERROR(CheckRequired("evidence", request->evidence(), kEvidenceBytesMax));
    if (request->fields().empty() || request->fields_size() > kFieldsMax) {
      return InvalidField("fields", "must name 1 to 64 fields");
    }
    engine::CreateConsentCommand command;
    command.request_id = request->request_id();
    command.purpose = request->purpose();
    command.evidence = request->evidence();
    command.fields.assign(request->fields().begin(), request->fields().end());
    command.expire_date = model::CivilDate::FromProto(request->expire_date());
    const std::string date = command.expire_date.ToString();
    if (!command.expire_date.has_day() || !model::CivilDate::Parse(date).has_value()) {
      return InvalidField("expire_date", "must be a day");
    }
    AQ_ASSIGN_OR_RETURN(command.case_id, ParseResourceName("case", kCases, request->case_()));
    AQ_ASSIGN_OR_RETURN(command.agency,
                        ParseOptionalResourceName("agency", kAgencies, request->agency()));
    if (request->agency().empty() == request->recipient_name().empty()) {
      return InvalidField("agency", "either an agency or recipient_name must be given");
    }
    if (request->recipient_name().size() > kRecipientNameBytesMax) {
      return InvalidField("recipient_name", "must have at most 100 bytes");
    }
    command.recipient_name = request->recipient_name();
    AQ_ASSIGN_OR_RETURN(const journal::v1::ConsentDocument consent,
                        engine_.CreateConsent(caller.principal, command, caller.jurisdiction));
    *response = ToProto(consent);
    return absl::OkStatus();
  });
}

grpc::Status ConsentServiceImpl::GetConsent(grpc::ServerContext* context,
                                            const hub::v1::GetConsentRequest* request,
                                            hub::v1::Consent* response) {
  return Handle(gate_, *context, kGetConsent, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kConsents, request->name()));
    gate_.RecordRead(caller, kGetConsent, request->name());
    AQ_ASSIGN_OR_RETURN(const journal::v1::ConsentDocument consent,
                        engine_.GetConsent(id, caller.jurisdiction));
    *response = ToProto(consent);
    return absl::OkStatus();
  });
}

grpc::Status ConsentServiceImpl::ListConsents(grpc::ServerContext* context,
                                              const hub::v1::ListConsentsRequest* request,
                                              hub::v1::ListConsentsResponse* response) {
  return Handle(gate_, *context, kListConsents, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListConsents, *request));
    AQ_ASSIGN_OR_RETURN(const std::string id, ParseResourceName("case", kCases, request->case_()));
    gate_.RecordRead(caller, kListConsents, request->case_());
    AQ_ASSIGN_OR_RETURN(const engine::Page<journal::v1::ConsentDocument> page,
                        engine_.ListConsents(id, range.after, range.limit, caller.jurisdiction));
    FillPage(
        range, page, [](const journal::v1::ConsentDocument& consent) { return ToProto(consent); },
        response->mutable_consents(), response->mutable_next_page_token());
    return absl::OkStatus();
  });
}

grpc::Status ConsentServiceImpl::WithdrawConsent(grpc::ServerContext* context,
                                                 const hub::v1::WithdrawConsentRequest* request,
                                                 hub::v1::Consent* response) {
  return Handle(gate_, *context, kWithdraw, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    engine::WithdrawConsentCommand command{.request_id = request->request_id(), .consent = ""};
    AQ_ASSIGN_OR_RETURN(command.consent, ParseResourceName("name", kConsents, request->name()));
    AQ_ASSIGN_OR_RETURN(const journal::v1::ConsentDocument consent,
                        engine_.WithdrawConsent(caller.principal, command, caller.jurisdiction));
    *response = ToProto(consent);
    return absl::OkStatus();
  });
}

}  // namespace anqiao::rpc
