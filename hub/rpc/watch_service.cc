// What the entitlement watch did, and what another catalogue would change.

#include <map>
#include <string>
#include <utility>

#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/case_conversion.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/hub_services.h"
#include "hub/rpc/resource_names.h"

namespace anqiao::rpc {
namespace {

constexpr char kListEntitlementNotices[] =
    "/anqiao.hub.v1.EligibilityService/ListEntitlementNotices";
constexpr char kCompareCatalogue[] = "/anqiao.hub.v1.EligibilityService/CompareCatalogue";
constexpr int kCasesPerPageDefault = 500;

void Count(engine::CatalogueComparison::Kind kind, hub::v1::PolicyComparison* policy) {
  switch (kind) {
    case engine::CatalogueComparison::Kind::kGain:
      return policy->set_gain_count(policy->gain_count() + 1);
    case engine::CatalogueComparison::Kind::kLoss:
      return policy->set_loss_count(policy->loss_count() + 1);
    case engine::CatalogueComparison::Kind::kAmount:
      return policy->set_amount_count(policy->amount_count() + 1);
    case engine::CatalogueComparison::Kind::kOther:
      return policy->set_other_count(policy->other_count() + 1);
  }
}

}  // namespace

grpc::Status EligibilityServiceImpl::ListEntitlementNotices(
    grpc::ServerContext* context, const hub::v1::ListEntitlementNoticesRequest* request,
    hub::v1::ListEntitlementNoticesResponse* response) {
  return Handle(
      gate_, *context, kListEntitlementNotices, [&](const Caller& caller) -> absl::Status {
        AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListEntitlementNotices, *request));
        if (!hub::v1::NoticeKind_IsValid(request->kind())) {
          return InvalidField("kind", "must be PROPOSAL or REMINDER");
        }
        engine::NoticeFilter filter;
        AQ_ASSIGN_OR_RETURN(filter.case_id,
                            ParseOptionalResourceName("case", kCases, request->case_()));
        AQ_ASSIGN_OR_RETURN(filter.policy,
                            ParseOptionalResourceName("policy", kPolicies, request->policy()));
        filter.kind = static_cast<journal::v1::EntitlementNoticeKind>(request->kind());
        gate_.RecordRead(caller, kListEntitlementNotices,
                         request->case_().empty() ? "cases/-" : request->case_());
        AQ_ASSIGN_OR_RETURN(
            const engine::Page<engine::NoticeView> page,
            engine_.ListNotices(filter, range.after, range.limit, caller.jurisdiction));
        FillPage(
            range, page, [](const engine::NoticeView& view) { return ToProto(view); },
            response->mutable_notices(), response->mutable_next_page_token());
        return absl::OkStatus();
      });
}

grpc::Status EligibilityServiceImpl::CompareCatalogue(
    grpc::ServerContext* context, const hub::v1::CompareCatalogueRequest* request,
    hub::v1::CompareCatalogueResponse* response) {
  return Handle(gate_, *context, kCompareCatalogue, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range,
                        ParsePage(kCompareCatalogue, *request, kCasesPerPageDefault));
    AQ_ASSIGN_OR_RETURN(const model::CivilDate as_of, ParseAsOfDate(request->as_of_date()));
    gate_.RecordRead(caller, kCompareCatalogue, "cases/-");
    AQ_ASSIGN_OR_RETURN(
        const engine::CatalogueComparison comparison,
        engine_.CompareCatalogue(as_of, range.after, range.limit, caller.jurisdiction));
    std::map<std::string, hub::v1::PolicyComparison> policies;
    for (const engine::CatalogueComparison::Change& change : comparison.changes) {
      *response->add_comparisons() = ToProto(change);
      Count(change.kind, &policies[change.policy]);
    }
    for (auto& [policy, counts] : policies) {
      counts.set_policy(ResourceName(kPolicies, policy));
      *response->add_policies() = std::move(counts);
    }
    response->set_case_count(comparison.cases);
    response->set_catalogue_hash(comparison.catalogue_hash);
    response->set_candidate_hash(comparison.candidate_hash);
    response->set_next_page_token(EncodePageToken(range.scope, comparison.next_after));
    return absl::OkStatus();
  });
}

}  // namespace anqiao::rpc
