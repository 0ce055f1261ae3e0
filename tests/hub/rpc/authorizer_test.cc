#include "hub/rpc/authorizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "anqiao/exchange/v1/exchange.pb.h"
#include "anqiao/hub/v1/cases.pb.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

std::vector<const google::protobuf::ServiceDescriptor*> CaseService() {
  return {hub::v1::Case::descriptor()->file()->FindServiceByName("CaseService")};
}

std::vector<Rule> CaseRules() {
  return {{"/anqiao.hub.v1.CaseService/GetCase", kStaff},
          {"/anqiao.hub.v1.CaseService/ListCases", kStaff},
          {"/anqiao.hub.v1.CaseService/GetCensus", kStaff}};
}

TEST(AuthorizerTest, AcceptsATableThatIsComplete) {
  AQ_EXPECT_OK(Authorizer::CheckComplete(CaseRules(), CaseService()));
}

TEST(AuthorizerTest, RefusesAMissingRule) {
  std::vector<Rule> rules = CaseRules();
  rules.pop_back();
  EXPECT_THAT(Authorizer::CheckComplete(rules, CaseService()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no rule for /anqiao.hub.v1.CaseService/GetCensus")));
}

TEST(AuthorizerTest, RefusesARuleWithoutAMethodAndTwoForOne) {
  std::vector<Rule> rules = CaseRules();
  rules.push_back({"/anqiao.hub.v1.CaseService/DropCase", kStaff});
  EXPECT_THAT(Authorizer::CheckComplete(rules, CaseService()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("DropCase")));
  rules = CaseRules();
  rules.push_back(rules[0]);
  EXPECT_THAT(Authorizer::CheckComplete(rules, CaseService()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("two rules")));
}

// Written by hand against the table: A agency, C caseworker, S supervisor, O operator, U auditor.
TEST(AuthorizerTest, EveryMethodIsOpenToItsRolesAndToNoOther) {
  const std::map<std::string, std::string> expected = {
      {"/anqiao.exchange.v1.ExchangeService/Submit", "A"},
      {"/anqiao.exchange.v1.ExchangeService/Receive", "A"},
      {"/anqiao.exchange.v1.ExchangeService/AnswerReferral", "A"},
      {"/anqiao.exchange.v1.ExchangeService/GetRecordProof", "A"},
      {"/anqiao.exchange.v1.ExchangeService/GetLogHead", "A"},
      {"/anqiao.exchange.v1.ExchangeService/GetCorrections", "A"},
      {"/anqiao.hub.v1.AdapterService/ListAdapters", "OU"},
      {"/anqiao.hub.v1.AdapterService/GetAdapter", "OU"},
      {"/anqiao.hub.v1.AdapterService/LoadAdapter", "O"},
      {"/anqiao.hub.v1.AdapterService/ReloadAdapter", "O"},
      {"/anqiao.hub.v1.AdapterService/DisableAdapter", "O"},
      {"/anqiao.hub.v1.AdapterService/EnableAdapter", "O"},
      {"/anqiao.hub.v1.AdapterService/ShadowAdapter", "SO"},
      {"/anqiao.hub.v1.AdapterService/ExportCorrections", "O"},
      {"/anqiao.hub.v1.CaseService/GetCase", "CS"},
      {"/anqiao.hub.v1.CaseService/ListCases", "CS"},
      {"/anqiao.hub.v1.CaseService/GetCensus", "CSOU"},
      {"/anqiao.hub.v1.EligibilityService/EvaluateEligibility", "CS"},
      {"/anqiao.hub.v1.EligibilityService/ListEntitlements", "CS"},
      {"/anqiao.hub.v1.EligibilityService/ListPolicies", "CSOU"},
      {"/anqiao.hub.v1.EligibilityService/ListEntitlementNotices", "CS"},
      {"/anqiao.hub.v1.EligibilityService/CompareCatalogue", "S"},
      {"/anqiao.hub.v1.EmployerService/SimulateHiring", "CSOU"},
      {"/anqiao.hub.v1.EmployerService/ComputeEmployerRelief", "CS"},
      {"/anqiao.hub.v1.DirectoryService/ListProviders", "CSOU"},
      {"/anqiao.hub.v1.DirectoryService/GetRoute", "CS"},
      {"/anqiao.hub.v1.ReferralService/CreateReferral", "CS"},
      {"/anqiao.hub.v1.ReferralService/GetReferral", "CS"},
      {"/anqiao.hub.v1.ReferralService/ListReferrals", "CS"},
      {"/anqiao.hub.v1.ReferralService/SendReferral", "CS"},
      {"/anqiao.hub.v1.ReferralService/MoveReferral", "CS"},
      {"/anqiao.hub.v1.ReferralService/ListDisclosures", "CSU"},
      {"/anqiao.hub.v1.ReferralService/GetCohortMix", "SU"},
      {"/anqiao.hub.v1.ConsentService/CreateConsent", "CS"},
      {"/anqiao.hub.v1.ConsentService/GetConsent", "CSU"},
      {"/anqiao.hub.v1.ConsentService/ListConsents", "CSU"},
      {"/anqiao.hub.v1.ConsentService/WithdrawConsent", "CS"},
      {"/anqiao.hub.v1.IdentityService/ListIdentityReviews", "CS"},
      {"/anqiao.hub.v1.IdentityService/ExplainIdentity", "CS"},
      {"/anqiao.hub.v1.IdentityService/GetIdentityPair", "CS"},
      {"/anqiao.hub.v1.IdentityService/JudgeIdentity", "CS"},
      {"/anqiao.hub.v1.IdentityService/PreviewIdentityModel", "S"},
      {"/anqiao.hub.v1.CareTeamService/CreateTeamMember", "CS"},
      {"/anqiao.hub.v1.CareTeamService/GetTeamMember", "CSU"},
      {"/anqiao.hub.v1.CareTeamService/ListTeamMembers", "CSU"},
      {"/anqiao.hub.v1.CareTeamService/EndTeamMember", "CS"},
      {"/anqiao.hub.v1.DispatchService/SendReport", "CS"},
      {"/anqiao.hub.v1.DispatchService/SendTransfer", "CS"},
      {"/anqiao.hub.v1.DispatchService/GetDispatch", "CSU"},
      {"/anqiao.hub.v1.DispatchService/ListDispatches", "CSU"},
      {"/anqiao.hub.v1.OperationsService/ListAgencies", "CSOU"},
      {"/anqiao.hub.v1.OperationsService/ListDeliveries", "OU"},
      {"/anqiao.hub.v1.OperationsService/GetDelivery", "OU"},
      {"/anqiao.hub.v1.OperationsService/RetryDelivery", "O"},
      {"/anqiao.hub.v1.OperationsService/DiscardDelivery", "O"},
      {"/anqiao.hub.v1.OperationsService/ListQuarantinedPayloads", "O"},
      {"/anqiao.hub.v1.OperationsService/GetQuarantinedPayload", "O"},
      {"/anqiao.hub.v1.OperationsService/ReplayQuarantinedPayload", "O"},
      {"/anqiao.hub.v1.OperationsService/VerifyProjections", "OU"},
      {"/anqiao.hub.v1.OperationsService/GetHubStatus", "CSOU"},
      {"/anqiao.hub.v1.CustodyService/ErasePerson", "S"},
      {"/anqiao.hub.v1.CustodyService/PurgeData", "O"},
      {"/anqiao.hub.v1.CustodyService/RebuildProjections", "O"},
      {"/anqiao.hub.v1.CustodyService/BackUpHub", "O"},
      {"/anqiao.hub.v1.CustodyService/RotateMasterKey", "O"},
      {"/anqiao.hub.v1.CustodyService/GetTreeHead", "OU"},
      {"/grpc.health.v1.Health/Check", "ACSOU"},
      {"/grpc.health.v1.Health/Watch", "ACSOU"},
      {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "ACSOU"},
      {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "ACSOU"}};
  const std::map<char, std::string> roles = {
      {'C', "caseworker"}, {'S', "supervisor"}, {'O', "operator"}, {'U', "auditor"}};
  const Authorizer authorizer(DefaultRules());
  EXPECT_EQ(DefaultRules().size(), expected.size());
  for (const auto& [method, who] : expected) {
    Caller caller;
    caller.principal.set_kind(journal::v1::PRINCIPAL_KIND_AGENCY);
    EXPECT_EQ(authorizer.Authorize(caller, method).ok(), who.find('A') != std::string::npos)
        << method;
    caller.principal.set_kind(journal::v1::PRINCIPAL_KIND_USER);
    for (const auto& [letter, role] : roles) {
      caller.principal.set_role(role);
      EXPECT_EQ(authorizer.Authorize(caller, method).ok(), who.find(letter) != std::string::npos)
          << method << " as " << role;
    }
    caller.principal.set_role("");
    EXPECT_FALSE(authorizer.Authorize(caller, method).ok()) << method << " without a role";
  }
}

TEST(AuthorizerTest, DeniesWhatNoRuleAllows) {
  const Authorizer authorizer(DefaultRules());
  Caller agency, caseworker;
  agency.principal.set_kind(journal::v1::PRINCIPAL_KIND_AGENCY);
  caseworker.principal.set_kind(journal::v1::PRINCIPAL_KIND_USER);
  caseworker.principal.set_role("caseworker");
  const char* submit = "/anqiao.exchange.v1.ExchangeService/Submit";
  const char* get_case = "/anqiao.hub.v1.CaseService/GetCase";
  const char* replay = "/anqiao.hub.v1.OperationsService/ReplayQuarantinedPayload";
  AQ_EXPECT_OK(authorizer.Authorize(agency, submit));
  AQ_EXPECT_OK(authorizer.Authorize(caseworker, get_case));
  EXPECT_THAT(authorizer.Authorize(caseworker, submit),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(authorizer.Authorize(agency, get_case),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(authorizer.Authorize(caseworker, replay),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(authorizer.Authorize(caseworker, "/unknown/Method"),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_TRUE(authorizer.IsRecorded(get_case));
  EXPECT_FALSE(authorizer.IsRecorded(submit));
}

}  // namespace
}  // namespace anqiao::rpc
