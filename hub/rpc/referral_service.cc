#include <utility>

#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/hub_services.h"
#include "hub/rpc/referral_conversion.h"
#include "hub/rpc/resource_names.h"
#include "hub/rpc/route_conversion.h"

namespace anqiao::rpc {
namespace {

constexpr char kCreateReferral[] = "/anqiao.hub.v1.ReferralService/CreateReferral";
constexpr char kGetReferral[] = "/anqiao.hub.v1.ReferralService/GetReferral";
constexpr char kListReferrals[] = "/anqiao.hub.v1.ReferralService/ListReferrals";
constexpr char kSend[] = "/anqiao.hub.v1.ReferralService/SendReferral";
constexpr char kMove[] = "/anqiao.hub.v1.ReferralService/MoveReferral";
constexpr char kListDisclosures[] = "/anqiao.hub.v1.ReferralService/ListDisclosures";
constexpr char kGetCohortMix[] = "/anqiao.hub.v1.ReferralService/GetCohortMix";
constexpr int kEtagBytesMax = 128;
constexpr int kReferenceBytesMax = 512;

std::map<std::string, std::string> ToMap(
    const google::protobuf::Map<std::string, std::string>& details) {
  return {details.begin(), details.end()};
}

}  // namespace

grpc::Status ReferralServiceImpl::CreateReferral(grpc::ServerContext* context,
                                                 const hub::v1::CreateReferralRequest* request,
                                                 hub::v1::Referral* response) {
  return Handle(gate_, *context, kCreateReferral, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    engine::CreateReferralCommand command;
    command.request_id = request->request_id();
    AQ_ASSIGN_OR_RETURN(command.case_id, ParseResourceName("case", kCases, request->case_()));
    AQ_ASSIGN_OR_RETURN(command.policy, ParseResourceName("policy", kPolicies, request->policy()));
    AQ_ASSIGN_OR_RETURN(command.agency,
                        ParseOptionalResourceName("agency", kAgencies, request->agency()));
    AQ_ASSIGN_OR_RETURN(command.replaces,
                        ParseOptionalResourceName("replaces", kReferrals, request->replaces()));
    AQ_ASSIGN_OR_RETURN(command.provider,
                        ParseOptionalResourceName("provider", kProviders, request->provider()));
    AQ_RETURN_IF_ERROR(CheckPost(request->provider(), request->post()));
    command.post = request->post();
    AQ_RETURN_IF_ERROR(CheckDetails(request->details()));
    command.details = ToMap(request->details());
    AQ_ASSIGN_OR_RETURN(const journal::v1::ReferralDocument referral,
                        engine_.CreateReferral(caller.principal, command, caller.jurisdiction));
    *response = ToProto(referral, caller);
    return absl::OkStatus();
  });
}

grpc::Status ReferralServiceImpl::GetReferral(grpc::ServerContext* context,
                                              const hub::v1::GetReferralRequest* request,
                                              hub::v1::Referral* response) {
  return Handle(gate_, *context, kGetReferral, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kReferrals, request->name()));
    gate_.RecordRead(caller, kGetReferral, request->name());
    AQ_ASSIGN_OR_RETURN(const journal::v1::ReferralDocument referral,
                        engine_.GetReferral(id, caller.jurisdiction));
    *response = ToProto(referral, caller);
    return absl::OkStatus();
  });
}

grpc::Status ReferralServiceImpl::ListReferrals(grpc::ServerContext* context,
                                                const hub::v1::ListReferralsRequest* request,
                                                hub::v1::ListReferralsResponse* response) {
  return Handle(gate_, *context, kListReferrals, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListReferrals, *request));
    if (!hub::v1::ReferralState_IsValid(request->state())) {
      return InvalidField("state", "must be one of the states");
    }
    engine::ReferralFilter filter;
    filter.state = static_cast<journal::v1::ReferralState>(request->state());
    AQ_ASSIGN_OR_RETURN(filter.case_id,
                        ParseOptionalResourceName("case", kCases, request->case_()));
    AQ_ASSIGN_OR_RETURN(filter.agency,
                        ParseOptionalResourceName("agency", kAgencies, request->agency()));
    filter.needs_action = request->needs_action();
    gate_.RecordRead(caller, kListReferrals,
                     request->case_().empty() ? "referrals/-" : request->case_());
    AQ_ASSIGN_OR_RETURN(
        const engine::Page<journal::v1::ReferralDocument> page,
        engine_.ListReferrals(filter, range.after, range.limit, caller.jurisdiction));
    FillPage(
        range, page,
        [&](const journal::v1::ReferralDocument& referral) { return ToProto(referral, caller); },
        response->mutable_referrals(), response->mutable_next_page_token());
    return absl::OkStatus();
  });
}

grpc::Status ReferralServiceImpl::SendReferral(grpc::ServerContext* context,
                                               const hub::v1::SendReferralRequest* request,
                                               hub::v1::Referral* response) {
  return Handle(gate_, *context, kSend, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    AQ_RETURN_IF_ERROR(CheckRequired("etag", request->etag(), kEtagBytesMax));
    AQ_RETURN_IF_ERROR(CheckRequired("legal_basis", request->legal_basis(), 63));
    AQ_RETURN_IF_ERROR(CheckCode("legal_basis", request->legal_basis()));
    AQ_RETURN_IF_ERROR(
        CheckRequired("basis_reference", request->basis_reference(), kReferenceBytesMax));
    engine::SendReferralCommand command{.request_id = request->request_id(),
                                        .referral = "",
                                        .etag = request->etag(),
                                        .legal_basis = request->legal_basis(),
                                        .basis_reference = request->basis_reference(),
                                        .notice_given = request->notice_given(),
                                        .consent = ""};
    AQ_ASSIGN_OR_RETURN(command.consent,
                        ParseOptionalResourceName("consent", kConsents, request->consent()));
    AQ_ASSIGN_OR_RETURN(command.referral, ParseResourceName("name", kReferrals, request->name()));
    AQ_ASSIGN_OR_RETURN(const journal::v1::ReferralDocument referral,
                        engine_.SendReferral(caller.principal, command, caller.jurisdiction));
    *response = ToProto(referral, caller);
    return absl::OkStatus();
  });
}

grpc::Status ReferralServiceImpl::MoveReferral(grpc::ServerContext* context,
                                               const hub::v1::MoveReferralRequest* request,
                                               hub::v1::Referral* response) {
  return Handle(gate_, *context, kMove, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    AQ_RETURN_IF_ERROR(CheckRequired("etag", request->etag(), kEtagBytesMax));
    AQ_RETURN_IF_ERROR(CheckCode("reason", request->reason()));
    AQ_RETURN_IF_ERROR(CheckDetails(request->details()));
    engine::MoveReferralCommand command;
    command.request_id = request->request_id();
    command.etag = request->etag();
    command.reason = request->reason();
    command.details = ToMap(request->details());
    AQ_ASSIGN_OR_RETURN(command.referral, ParseResourceName("name", kReferrals, request->name()));
    AQ_ASSIGN_OR_RETURN(command.action, MoveAction(request->action()));
    AQ_ASSIGN_OR_RETURN(const journal::v1::ReferralDocument referral,
                        engine_.MoveReferral(caller.principal, command, caller.jurisdiction));
    *response = ToProto(referral, caller);
    return absl::OkStatus();
  });
}

grpc::Status ReferralServiceImpl::ListDisclosures(grpc::ServerContext* context,
                                                  const hub::v1::ListDisclosuresRequest* request,
                                                  hub::v1::ListDisclosuresResponse* response) {
  return Handle(gate_, *context, kListDisclosures, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListDisclosures, *request));
    AQ_ASSIGN_OR_RETURN(const std::string id, ParseResourceName("case", kCases, request->case_()));
    gate_.RecordRead(caller, kListDisclosures, request->case_());
    AQ_ASSIGN_OR_RETURN(const engine::Page<journal::v1::DisclosureDocument> page,
                        engine_.ListDisclosures(id, range.after, range.limit, caller.jurisdiction));
    const auto convert = [&](const journal::v1::DisclosureDocument& disclosure) {
      const engine::AgencyOptions* agency = engine_.FindAgency(disclosure.disclosure().agency());
      return ToProto(disclosure, agency == nullptr ? "" : agency->display_name);
    };
    FillPage(range, page, convert, response->mutable_disclosures(),
             response->mutable_next_page_token());
    return absl::OkStatus();
  });
}

grpc::Status ReferralServiceImpl::GetCohortMix(grpc::ServerContext* context,
                                               const hub::v1::GetCohortMixRequest* request,
                                               hub::v1::CohortMix* response) {
  return Handle(gate_, *context, kGetCohortMix, [&](const Caller& caller) -> absl::Status {
    gate_.RecordRead(caller, kGetCohortMix, "agencies/-");
    AQ_ASSIGN_OR_RETURN(const engine::CohortMix mix, engine_.GetCohortMix(request->year()));
    *response = ToProto(mix);
    return absl::OkStatus();
  });
}

}  // namespace anqiao::rpc
