#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/model/case.h"
#include "hub/policy/explain.h"
#include "hub/policy/facts.h"
#include "hub/rpc/case_conversion.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/hub_services.h"
#include "hub/rpc/resource_names.h"

namespace anqiao::rpc {
namespace {

constexpr char kEvaluate[] = "/anqiao.hub.v1.EligibilityService/EvaluateEligibility";
constexpr char kListEntitlements[] = "/anqiao.hub.v1.EligibilityService/ListEntitlements";
constexpr char kListPolicies[] = "/anqiao.hub.v1.EligibilityService/ListPolicies";
constexpr int kCasesPerPageDefault = 200;
constexpr int kPoliciesPerRequestMax = 100;

// Sorted ids; those of the whole catalogue if none is named. NOT_FOUND: one does not exist.
absl::StatusOr<std::vector<std::string>> PolicyIds(const policy::Catalogue& catalogue,
                                                   std::vector<std::string> named) {
  if (named.empty()) {
    for (const policy::PolicySummary& policy : catalogue.policies()) named.push_back(policy.id);
  }
  std::sort(named.begin(), named.end());
  named.erase(std::unique(named.begin(), named.end()), named.end());
  for (const std::string& id : named) {
    if (catalogue.Find(id) == nullptr) {
      return Error(absl::StatusCode::kNotFound, reason::kPolicyNotFound,
                   absl::StrCat("no policy named ", ResourceName(kPolicies, id)))
          .Meta("policy", ResourceName(kPolicies, id));
    }
  }
  return named;
}

absl::StatusOr<policy::Language> ParseLanguage(const std::string& code) {
  if (code.empty() || code == "zh") return policy::Language::kZh;
  if (code == "en") return policy::Language::kEn;
  return InvalidField("language_code", "must be zh or en");
}

}  // namespace

grpc::Status EligibilityServiceImpl::EvaluateEligibility(
    grpc::ServerContext* context, const hub::v1::EvaluateEligibilityRequest* request,
    hub::v1::EvaluateEligibilityResponse* response) {
  return Handle(gate_, *context, kEvaluate, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string case_id,
                        ParseResourceName("case", kCases, request->case_()));
    AQ_ASSIGN_OR_RETURN(const model::CivilDate as_of, ParseAsOfDate(request->as_of_date()));
    if (request->policies_size() > kPoliciesPerRequestMax) {
      return InvalidField("policies", absl::StrCat("must name at most ", kPoliciesPerRequestMax,
                                                   ", got ", request->policies_size()));
    }
    std::vector<std::string> named;
    for (int i = 0; i < request->policies_size(); ++i) {
      AQ_ASSIGN_OR_RETURN(std::string id, ParseResourceName(absl::StrCat("policies[", i, "]"),
                                                            kPolicies, request->policies(i)));
      named.push_back(std::move(id));
    }
    const policy::Catalogue& catalogue = engine_.catalogue();
    AQ_ASSIGN_OR_RETURN(const std::vector<std::string> policies,
                        PolicyIds(catalogue, std::move(named)));
    if (!request->explain_for().empty() && !policy::IsReader(request->explain_for())) {
      return InvalidField("explain_for", "must be caseworker, civil_affairs, employment or tax");
    }
    AQ_ASSIGN_OR_RETURN(const policy::Language language, ParseLanguage(request->language_code()));
    const std::map<std::string, std::string> stated(request->stated_facts().begin(),
                                                    request->stated_facts().end());
    AQ_RETURN_IF_ERROR(policy::CheckStated(stated));
    gate_.RecordRead(caller, kEvaluate, request->case_());
    AQ_ASSIGN_OR_RETURN(const engine::CaseView view,
                        engine_.GetCase(case_id, as_of, caller.jurisdiction));
    const std::string& reader = request->explain_for();
    const bool outward = !reader.empty() && reader != policy::kCaseworker;
    model::Case person = view.folded;
    if (outward) {
      AQ_ASSIGN_OR_RETURN(
          person, engine_.GetOutwardCase(case_id, reader, view.folded.as_of, caller.jurisdiction));
    }
    person.stated = stated;
    AQ_ASSIGN_OR_RETURN(const auto answers, catalogue.EvaluateMany(policies, person));
    for (const journal::v1::EntitlementAnswer& answer : answers) {
      hub::v1::Entitlement* entitlement = response->add_entitlements();
      *entitlement = ToProto(case_id, answer);
      if (reader.empty()) continue;
      for (std::string& line : catalogue.Explain(answer, reader, language)) {
        entitlement->add_explanation(std::move(line));
      }
    }
    return absl::OkStatus();
  });
}

grpc::Status EligibilityServiceImpl::ListEntitlements(
    grpc::ServerContext* context, const hub::v1::ListEntitlementsRequest* request,
    hub::v1::ListEntitlementsResponse* response) {
  return Handle(gate_, *context, kListEntitlements, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range,
                        ParsePage(kListEntitlements, *request, kCasesPerPageDefault));
    if (!hub::v1::EligibilityResult_IsValid(request->result())) {
      return InvalidField("result", "must be one of the answers");
    }
    const hub::v1::EligibilityResult wanted =
        request->result() == hub::v1::ELIGIBILITY_RESULT_UNSPECIFIED
            ? hub::v1::ELIGIBILITY_RESULT_ELIGIBLE
            : request->result();
    AQ_ASSIGN_OR_RETURN(const std::string policy,
                        ParseOptionalResourceName("policy", kPolicies, request->policy()));
    const policy::Catalogue& catalogue = engine_.catalogue();
    AQ_ASSIGN_OR_RETURN(const std::vector<std::string> policies,
                        PolicyIds(catalogue, policy.empty() ? std::vector<std::string>()
                                                            : std::vector<std::string>{policy}));
    engine::CaseFilter filter;
    AQ_ASSIGN_OR_RETURN(filter.as_of, ParseAsOfDate(request->as_of_date()));
    gate_.RecordRead(caller, kListEntitlements, "cases/-");
    AQ_ASSIGN_OR_RETURN(const engine::Page<engine::CaseView> page,
                        engine_.ListCases(filter, range.after, range.limit, caller.jurisdiction));
    std::string next_after = page.next_after;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < page.items.size(); ++i) {
      const int before = response->entitlements_size();
      const model::Case& folded = page.items[i].folded;
      AQ_ASSIGN_OR_RETURN(const auto answers, catalogue.EvaluateMany(policies, folded));
      for (const journal::v1::EntitlementAnswer& answer : answers) {
        hub::v1::Entitlement entitlement = ToProto(folded.person, answer);
        if (entitlement.result() != wanted) continue;
        entitlement.clear_conditions();
        bytes += entitlement.ByteSizeLong();
        *response->add_entitlements() = std::move(entitlement);
      }
      if (i > 0 && bytes > engine::kPageBytesMax) {
        // A case is on one page whole.
        response->mutable_entitlements()->DeleteSubrange(before,
                                                         response->entitlements_size() - before);
        next_after = page.places[i - 1];
        break;
      }
    }
    response->set_next_page_token(EncodePageToken(range.scope, next_after));
    return absl::OkStatus();
  });
}

grpc::Status EligibilityServiceImpl::ListPolicies(grpc::ServerContext* context,
                                                  const hub::v1::ListPoliciesRequest* request,
                                                  hub::v1::ListPoliciesResponse* response) {
  return Handle(gate_, *context, kListPolicies, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListPolicies, *request));
    std::string last;
    for (const policy::PolicySummary& policy : engine_.catalogue().policies()) {
      if (policy.id <= range.after) continue;
      if (response->policies_size() == range.limit) {
        response->set_next_page_token(EncodePageToken(range.scope, last));
        break;
      }
      *response->add_policies() = ToProto(policy);
      last = policy.id;
    }
    return absl::OkStatus();
  });
}

}  // namespace anqiao::rpc
