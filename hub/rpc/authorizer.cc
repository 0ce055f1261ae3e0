#include "hub/rpc/authorizer.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::rpc {
namespace {

unsigned WhoIs(const Caller& caller) {
  if (caller.is_agency()) return kAgency;
  const std::string& role = caller.principal.role();
  if (role == "caseworker") return kCaseworker;
  if (role == "supervisor") return kSupervisor;
  if (role == "operator") return kOperator;
  if (role == "auditor") return kAuditor;
  return 0;
}

}  // namespace

const std::vector<Rule>& DefaultRules() {
  static const auto* const kRules = new std::vector<Rule>{
      {"/anqiao.exchange.v1.ExchangeService/Submit", kAgency},
      {"/anqiao.exchange.v1.ExchangeService/Receive", kAgency},
      {"/anqiao.exchange.v1.ExchangeService/AnswerReferral", kAgency},
      {"/anqiao.exchange.v1.ExchangeService/GetRecordProof", kAgency},
      {"/anqiao.exchange.v1.ExchangeService/GetLogHead", kAgency},
      {"/anqiao.exchange.v1.ExchangeService/GetCorrections", kAgency},

      {"/anqiao.hub.v1.CaseService/GetCase", kStaff, true},
      {"/anqiao.hub.v1.CaseService/ListCases", kStaff, true},
      {"/anqiao.hub.v1.CaseService/GetCensus", kAnyUser},

      {"/anqiao.hub.v1.IdentityService/ListIdentityReviews", kStaff, true},
      {"/anqiao.hub.v1.IdentityService/ExplainIdentity", kStaff, true},
      {"/anqiao.hub.v1.IdentityService/GetIdentityPair", kStaff, true},
      // An entry of its own says who judged.
      {"/anqiao.hub.v1.IdentityService/JudgeIdentity", kStaff},
      {"/anqiao.hub.v1.IdentityService/PreviewIdentityModel", kSupervisor, true},

      {"/anqiao.hub.v1.EligibilityService/EvaluateEligibility", kStaff, true},
      {"/anqiao.hub.v1.EligibilityService/ListEntitlements", kStaff, true},
      {"/anqiao.hub.v1.EligibilityService/ListPolicies", kAnyUser},
      {"/anqiao.hub.v1.EligibilityService/ListEntitlementNotices", kStaff, true},
      {"/anqiao.hub.v1.EligibilityService/CompareCatalogue", kSupervisor, true},

      // Neither reads a case.
      {"/anqiao.hub.v1.EmployerService/SimulateHiring", kAnyUser},
      {"/anqiao.hub.v1.EmployerService/ComputeEmployerRelief", kStaff},

      // A route tells what the police know of the person.
      {"/anqiao.hub.v1.DirectoryService/ListProviders", kAnyUser},
      {"/anqiao.hub.v1.DirectoryService/GetRoute", kStaff, true},

      {"/anqiao.hub.v1.ReferralService/CreateReferral", kStaff},
      {"/anqiao.hub.v1.ReferralService/GetReferral", kStaff, true},
      {"/anqiao.hub.v1.ReferralService/ListReferrals", kStaff, true},
      {"/anqiao.hub.v1.ReferralService/SendReferral", kStaff},
      {"/anqiao.hub.v1.ReferralService/MoveReferral", kStaff},
      {"/anqiao.hub.v1.ReferralService/ListDisclosures", kStaff | kAuditor, true},
      // Where a channel is one-sided the names of its deliveries would tell: so not for operators,
      // who see these. Supervisors can change it, auditors ask whether they did.
      {"/anqiao.hub.v1.ReferralService/GetCohortMix", kSupervisor | kAuditor, true},

      {"/anqiao.hub.v1.ConsentService/CreateConsent", kStaff},
      {"/anqiao.hub.v1.ConsentService/GetConsent", kStaff | kAuditor, true},
      {"/anqiao.hub.v1.ConsentService/ListConsents", kStaff | kAuditor, true},
      {"/anqiao.hub.v1.ConsentService/WithdrawConsent", kStaff},

      {"/anqiao.hub.v1.CareTeamService/CreateTeamMember", kStaff},
      {"/anqiao.hub.v1.CareTeamService/GetTeamMember", kStaff | kAuditor, true},
      {"/anqiao.hub.v1.CareTeamService/ListTeamMembers", kStaff | kAuditor, true},
      {"/anqiao.hub.v1.CareTeamService/EndTeamMember", kStaff},

      {"/anqiao.hub.v1.DispatchService/SendReport", kStaff},
      {"/anqiao.hub.v1.DispatchService/SendTransfer", kStaff},
      {"/anqiao.hub.v1.DispatchService/GetDispatch", kStaff | kAuditor, true},
      {"/anqiao.hub.v1.DispatchService/ListDispatches", kStaff | kAuditor, true},

      {"/anqiao.hub.v1.OperationsService/ListAgencies", kAnyUser},
      // Sending again and giving up make entries of their own, which say who asked.
      {"/anqiao.hub.v1.OperationsService/ListDeliveries", kOperator | kAuditor, true},
      {"/anqiao.hub.v1.OperationsService/GetDelivery", kOperator | kAuditor, true},
      {"/anqiao.hub.v1.OperationsService/RetryDelivery", kOperator},
      {"/anqiao.hub.v1.OperationsService/DiscardDelivery", kOperator},
      {"/anqiao.hub.v1.OperationsService/ListQuarantinedPayloads", kOperator, true},
      {"/anqiao.hub.v1.OperationsService/GetQuarantinedPayload", kOperator, true},
      {"/anqiao.hub.v1.OperationsService/ReplayQuarantinedPayload", kOperator},
      {"/anqiao.hub.v1.OperationsService/VerifyProjections", kOperator | kAuditor},
      {"/anqiao.hub.v1.OperationsService/GetHubStatus", kAnyUser},

      // Reloading, disabling and enabling make entries of their own as well.
      {"/anqiao.hub.v1.AdapterService/ListAdapters", kOperator | kAuditor},
      {"/anqiao.hub.v1.AdapterService/GetAdapter", kOperator | kAuditor},
      {"/anqiao.hub.v1.AdapterService/LoadAdapter", kOperator, true},
      {"/anqiao.hub.v1.AdapterService/ReloadAdapter", kOperator, true},
      {"/anqiao.hub.v1.AdapterService/DisableAdapter", kOperator},
      {"/anqiao.hub.v1.AdapterService/EnableAdapter", kOperator},
      {"/anqiao.hub.v1.AdapterService/ShadowAdapter", kOperator | kSupervisor, true},
      {"/anqiao.hub.v1.AdapterService/ExportCorrections", kOperator, true},

      // Erasing and purging make entries of their own, which say who asked.
      {"/anqiao.hub.v1.CustodyService/ErasePerson", kSupervisor},
      {"/anqiao.hub.v1.CustodyService/PurgeData", kOperator},
      {"/anqiao.hub.v1.CustodyService/RebuildProjections", kOperator, true},
      {"/anqiao.hub.v1.CustodyService/BackUpHub", kOperator, true},
      {"/anqiao.hub.v1.CustodyService/RotateMasterKey", kOperator, true},
      {"/anqiao.hub.v1.CustodyService/GetTreeHead", kOperator | kAuditor},

      {"/grpc.health.v1.Health/Check", kAnyone},
      {"/grpc.health.v1.Health/Watch", kAnyone},
      {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", kAnyone},
      {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", kAnyone},
  };
  return *kRules;
}

Authorizer::Authorizer(const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) rules_.emplace(rule.method, rule);
}

absl::Status Authorizer::CheckComplete(
    const std::vector<Rule>& rules,
    const std::vector<const google::protobuf::ServiceDescriptor*>& services) {
  std::set<std::string> methods;
  for (const google::protobuf::ServiceDescriptor* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      methods.insert(absl::StrCat("/", service->full_name(), "/", service->method(i)->name()));
    }
  }
  const auto fail = [](absl::string_view what, absl::string_view method) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 absl::StrCat("authorization table: ", what, " ", method))
        .Meta("method", method);
  };
  std::set<std::string> ruled;
  for (const Rule& rule : rules) {
    if (!ruled.insert(rule.method).second) return fail("two rules for", rule.method);
    if (methods.count(rule.method) == 0) return fail("a rule without a method,", rule.method);
  }
  for (const std::string& method : methods) {
    if (ruled.count(method) == 0) return fail("no rule for", method);
  }
  return absl::OkStatus();
}

absl::Status Authorizer::Authorize(const Caller& caller, absl::string_view method) const {
  const auto it = rules_.find(method);
  if (it != rules_.end() && (it->second.who & WhoIs(caller)) != 0) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, reason::kPermissionDenied,
               absl::StrCat("this caller may not call ", method))
      .Meta("method", method);
}

bool Authorizer::IsRecorded(absl::string_view method) const {
  const auto it = rules_.find(method);
  return it != rules_.end() && it->second.recorded;
}

absl::StatusOr<Caller> Gate::Admit(const grpc::ServerContextBase& context,
                                   absl::string_view method) const {
  return Admit(authenticator_.Authenticate(context), method);
}

absl::StatusOr<Caller> Gate::Admit(absl::StatusOr<Caller> caller, absl::string_view method) const {
  if (!caller.ok()) {
    engine_.RecordAccess(engine::Principal(), std::string(method), "", false,
                         ReasonOf(caller.status()));
    return caller;
  }
  absl::Status allowed = authorizer_.Authorize(*caller, method);
  if (allowed.ok() && caller->is_agency() &&
      engine_.FindAgency(caller->principal.name()) == nullptr) {
    allowed = Error(absl::StatusCode::kPermissionDenied, reason::kAgencyNotFound,
                    "the agency of this certificate is not registered")
                  .Meta("agency", caller->principal.name());
  }
  if (!allowed.ok()) {
    engine_.RecordAccess(caller->principal, std::string(method), "", false, ReasonOf(allowed));
    return allowed;
  }
  return caller;
}

void Gate::RecordRead(const Caller& caller, absl::string_view method,
                      const std::string& resource) const {
  if (authorizer_.IsRecorded(method)) {
    engine_.RecordAccess(caller.principal, std::string(method), resource, true, "");
  }
}

}  // namespace anqiao::rpc
