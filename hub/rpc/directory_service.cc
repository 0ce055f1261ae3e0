#include "hub/rpc/directory_service.h"

#include <string>

#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/resource_names.h"
#include "hub/rpc/route_conversion.h"

namespace anqiao::rpc {
namespace {

constexpr char kListProviders[] = "/anqiao.hub.v1.DirectoryService/ListProviders";
constexpr char kGetRoute[] = "/anqiao.hub.v1.DirectoryService/GetRoute";
constexpr std::size_t kServiceBytesMax = 100;

}  // namespace

grpc::Status DirectoryServiceImpl::ListProviders(grpc::ServerContext* context,
                                                 const hub::v1::ListProvidersRequest* request,
                                                 hub::v1::ListProvidersResponse* response) {
  return Handle(gate_, *context, kListProviders, [&](const Caller&) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListProviders, *request));
    if (request->service().size() > kServiceBytesMax) {
      return InvalidField("service", "must have at most 100 bytes");
    }
    AQ_ASSIGN_OR_RETURN(const engine::Page<engine::ProviderView> page,
                        engine_.ListProviders(request->service(), range.after, range.limit));
    for (const engine::ProviderView& view : page.items) {
      *response->add_providers() = ToProto(view);
    }
    response->set_next_page_token(EncodePageToken(range.scope, page.next_after));
    return absl::OkStatus();
  });
}

grpc::Status DirectoryServiceImpl::GetRoute(grpc::ServerContext* context,
                                            const hub::v1::GetRouteRequest* request,
                                            hub::v1::Route* response) {
  return Handle(gate_, *context, kGetRoute, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id, ParseResourceName("case", kCases, request->case_()));
    AQ_ASSIGN_OR_RETURN(const std::string policy,
                        ParseResourceName("policy", kPolicies, request->policy()));
    engine::RouteWish wish;
    AQ_ASSIGN_OR_RETURN(wish.agency,
                        ParseOptionalResourceName("agency", kAgencies, request->agency()));
    AQ_ASSIGN_OR_RETURN(wish.provider,
                        ParseOptionalResourceName("provider", kProviders, request->provider()));
    AQ_RETURN_IF_ERROR(CheckPost(request->provider(), request->post()));
    wish.post = request->post();
    AQ_ASSIGN_OR_RETURN(wish.replaces,
                        ParseOptionalResourceName("replaces", kReferrals, request->replaces()));
    gate_.RecordRead(caller, kGetRoute, request->case_());
    AQ_ASSIGN_OR_RETURN(const engine::RouteView view,
                        engine_.GetRoute(id, policy, wish, caller.jurisdiction));
    *response = ToProto(view);
    return absl::OkStatus();
  });
}

}  // namespace anqiao::rpc
