// The caseworkers' and operators' side: cases, who is who, eligibility, referrals, consents, care
// teams, dispatches, operations.
//
// Every handler goes through Gate::Admit, checks its request, records what it reads and calls the
// engine with the caller's jurisdiction. Thread-safe; engine and gate outlive the services.

#ifndef ANQIAO_HUB_RPC_HUB_SERVICES_H_
#define ANQIAO_HUB_RPC_HUB_SERVICES_H_

#include <atomic>

#include "anqiao/hub/v1/care_team.grpc.pb.h"
#include "anqiao/hub/v1/cases.grpc.pb.h"
#include "anqiao/hub/v1/consents.grpc.pb.h"
#include "anqiao/hub/v1/dispatches.grpc.pb.h"
#include "anqiao/hub/v1/eligibility.grpc.pb.h"
#include "anqiao/hub/v1/identity.grpc.pb.h"
#include "anqiao/hub/v1/operations.grpc.pb.h"
#include "anqiao/hub/v1/referrals.grpc.pb.h"
#include "hub/engine/engine.h"
#include "hub/rpc/authorizer.h"

namespace anqiao::rpc {

class CaseServiceImpl final : public hub::v1::CaseService::Service {
 public:
  CaseServiceImpl(engine::Engine* engine, const Gate* gate) : engine_(*engine), gate_(*gate) {}

  grpc::Status GetCase(grpc::ServerContext* context, const hub::v1::GetCaseRequest* request,
                       hub::v1::Case* response) override;
  grpc::Status ListCases(grpc::ServerContext* context, const hub::v1::ListCasesRequest* request,
                         hub::v1::ListCasesResponse* response) override;
  grpc::Status GetCensus(grpc::ServerContext* context, const hub::v1::GetCensusRequest* request,
                         hub::v1::Census* response) override;

 private:
  engine::Engine& engine_;
  const Gate& gate_;
};

class EligibilityServiceImpl final : public hub::v1::EligibilityService::Service {
 public:
  EligibilityServiceImpl(engine::Engine* engine, const Gate* gate)
      : engine_(*engine), gate_(*gate) {}

  grpc::Status EvaluateEligibility(grpc::ServerContext* context,
                                   const hub::v1::EvaluateEligibilityRequest* request,
                                   hub::v1::EvaluateEligibilityResponse* response) override;
  grpc::Status ListEntitlements(grpc::ServerContext* context,
                                const hub::v1::ListEntitlementsRequest* request,
                                hub::v1::ListEntitlementsResponse* response) override;
  grpc::Status ListPolicies(grpc::ServerContext* context,
                            const hub::v1::ListPoliciesRequest* request,
                            hub::v1::ListPoliciesResponse* response) override;
  // In watch_service.cc.
  grpc::Status ListEntitlementNotices(grpc::ServerContext* context,
                                      const hub::v1::ListEntitlementNoticesRequest* request,
                                      hub::v1::ListEntitlementNoticesResponse* response) override;
  grpc::Status CompareCatalogue(grpc::ServerContext* context,
                                const hub::v1::CompareCatalogueRequest* request,
                                hub::v1::CompareCatalogueResponse* response) override;

 private:
  engine::Engine& engine_;
  const Gate& gate_;
};

class ReferralServiceImpl final : public hub::v1::ReferralService::Service {
 public:
  ReferralServiceImpl(engine::Engine* engine, const Gate* gate) : engine_(*engine), gate_(*gate) {}

  grpc::Status CreateReferral(grpc::ServerContext* context,
                              const hub::v1::CreateReferralRequest* request,
                              hub::v1::Referral* response) override;
  grpc::Status GetReferral(grpc::ServerContext* context, const hub::v1::GetReferralRequest* request,
                           hub::v1::Referral* response) override;
  grpc::Status ListReferrals(grpc::ServerContext* context,
                             const hub::v1::ListReferralsRequest* request,
                             hub::v1::ListReferralsResponse* response) override;
  grpc::Status SendReferral(grpc::ServerContext* context,
                            const hub::v1::SendReferralRequest* request,
                            hub::v1::Referral* response) override;
  grpc::Status MoveReferral(grpc::ServerContext* context,
                            const hub::v1::MoveReferralRequest* request,
                            hub::v1::Referral* response) override;
  grpc::Status ListDisclosures(grpc::ServerContext* context,
                               const hub::v1::ListDisclosuresRequest* request,
                               hub::v1::ListDisclosuresResponse* response) override;
  grpc::Status GetCohortMix(grpc::ServerContext* context,
                            const hub::v1::GetCohortMixRequest* request,
                            hub::v1::CohortMix* response) override;

 private:
  engine::Engine& engine_;
  const Gate& gate_;
};

class ConsentServiceImpl final : public hub::v1::ConsentService::Service {
 public:
  ConsentServiceImpl(engine::Engine* engine, const Gate* gate) : engine_(*engine), gate_(*gate) {}

  grpc::Status CreateConsent(grpc::ServerContext* context,
                             const hub::v1::CreateConsentRequest* request,
                             hub::v1::Consent* response) override;
  grpc::Status GetConsent(grpc::ServerContext* context, const hub::v1::GetConsentRequest* request,
                          hub::v1::Consent* response) override;
  grpc::Status ListConsents(grpc::ServerContext* context,
                            const hub::v1::ListConsentsRequest* request,
                            hub::v1::ListConsentsResponse* response) override;
  grpc::Status WithdrawConsent(grpc::ServerContext* context,
                               const hub::v1::WithdrawConsentRequest* request,
                               hub::v1::Consent* response) override;

 private:
  engine::Engine& engine_;
  const Gate& gate_;
};

class CareTeamServiceImpl final : public hub::v1::CareTeamService::Service {
 public:
  CareTeamServiceImpl(engine::Engine* engine, const Gate* gate) : engine_(*engine), gate_(*gate) {}

  grpc::Status CreateTeamMember(grpc::ServerContext* context,
                                const hub::v1::CreateTeamMemberRequest* request,
                                hub::v1::TeamMember* response) override;
  grpc::Status GetTeamMember(grpc::ServerContext* context,
                             const hub::v1::GetTeamMemberRequest* request,
                             hub::v1::TeamMember* response) override;
  grpc::Status ListTeamMembers(grpc::ServerContext* context,
                               const hub::v1::ListTeamMembersRequest* request,
                               hub::v1::ListTeamMembersResponse* response) override;
  grpc::Status EndTeamMember(grpc::ServerContext* context,
                             const hub::v1::EndTeamMemberRequest* request,
                             hub::v1::TeamMember* response) override;

 private:
  engine::Engine& engine_;
  const Gate& gate_;
};

class IdentityServiceImpl final : public hub::v1::IdentityService::Service {
 public:
  IdentityServiceImpl(engine::Engine* engine, const Gate* gate) : engine_(*engine), gate_(*gate) {}

  grpc::Status ListIdentityReviews(grpc::ServerContext* context,
                                   const hub::v1::ListIdentityReviewsRequest* request,
                                   hub::v1::ListIdentityReviewsResponse* response) override;
  grpc::Status ExplainIdentity(grpc::ServerContext* context,
                               const hub::v1::ExplainIdentityRequest* request,
                               hub::v1::IdentityExplanation* response) override;
  grpc::Status GetIdentityPair(grpc::ServerContext* context,
                               const hub::v1::GetIdentityPairRequest* request,
                               hub::v1::IdentityPair* response) override;
  grpc::Status JudgeIdentity(grpc::ServerContext* context,
                             const hub::v1::JudgeIdentityRequest* request,
                             hub::v1::JudgeIdentityResponse* response) override;
  grpc::Status PreviewIdentityModel(
      grpc::ServerContext* context, const hub::v1::PreviewIdentityModelRequest* request,
      grpc::ServerWriter<hub::v1::PreviewIdentityModelResponse>* writer) override;

  // Ends a preview that is running.
  void Stop() { stopped_ = true; }

 private:
  engine::Engine& engine_;
  const Gate& gate_;
  std::atomic<bool> previewing_{false};
  std::atomic<bool> stopped_{false};
};

class DispatchServiceImpl final : public hub::v1::DispatchService::Service {
 public:
  DispatchServiceImpl(engine::Engine* engine, const Gate* gate) : engine_(*engine), gate_(*gate) {}

  grpc::Status SendReport(grpc::ServerContext* context, const hub::v1::SendReportRequest* request,
                          hub::v1::Dispatch* response) override;
  grpc::Status SendTransfer(grpc::ServerContext* context,
                            const hub::v1::SendTransferRequest* request,
                            hub::v1::Dispatch* response) override;
  grpc::Status GetDispatch(grpc::ServerContext* context, const hub::v1::GetDispatchRequest* request,
                           hub::v1::Dispatch* response) override;
  grpc::Status ListDispatches(grpc::ServerContext* context,
                              const hub::v1::ListDispatchesRequest* request,
                              hub::v1::ListDispatchesResponse* response) override;

 private:
  engine::Engine& engine_;
  const Gate& gate_;
};

class OperationsServiceImpl final : public hub::v1::OperationsService::Service {
 public:
  OperationsServiceImpl(engine::Engine* engine, const Gate* gate)
      : engine_(*engine), gate_(*gate) {}

  grpc::Status ListAgencies(grpc::ServerContext* context,
                            const hub::v1::ListAgenciesRequest* request,
                            hub::v1::ListAgenciesResponse* response) override;
  // In delivery_service.cc.
  grpc::Status ListDeliveries(grpc::ServerContext* context,
                              const hub::v1::ListDeliveriesRequest* request,
                              hub::v1::ListDeliveriesResponse* response) override;
  grpc::Status GetDelivery(grpc::ServerContext* context, const hub::v1::GetDeliveryRequest* request,
                           hub::v1::Delivery* response) override;
  grpc::Status RetryDelivery(grpc::ServerContext* context,
                             const hub::v1::RetryDeliveryRequest* request,
                             hub::v1::Delivery* response) override;
  grpc::Status DiscardDelivery(grpc::ServerContext* context,
                               const hub::v1::DiscardDeliveryRequest* request,
                               hub::v1::Delivery* response) override;
  grpc::Status ListQuarantinedPayloads(grpc::ServerContext* context,
                                       const hub::v1::ListQuarantinedPayloadsRequest* request,
                                       hub::v1::ListQuarantinedPayloadsResponse* response) override;
  grpc::Status GetQuarantinedPayload(grpc::ServerContext* context,
                                     const hub::v1::GetQuarantinedPayloadRequest* request,
                                     hub::v1::QuarantinedPayload* response) override;
  grpc::Status ReplayQuarantinedPayload(
      grpc::ServerContext* context, const hub::v1::ReplayQuarantinedPayloadRequest* request,
      hub::v1::ReplayQuarantinedPayloadResponse* response) override;
  // One at a time: RESOURCE_EXHAUSTED (OVERLOADED) otherwise.
  grpc::Status VerifyProjections(
      grpc::ServerContext* context, const hub::v1::VerifyProjectionsRequest* request,
      grpc::ServerWriter<hub::v1::VerifyProjectionsResponse>* writer) override;
  grpc::Status GetHubStatus(grpc::ServerContext* context,
                            const hub::v1::GetHubStatusRequest* request,
                            hub::v1::HubStatus* response) override;

  // A verification that runs is given up; new ones are refused. Nobody waits any longer.
  void Stop() { stopped_ = true; }

 private:
  // Until the projections have what "request" asks for. RESOURCE_EXHAUSTED (OVERLOADED): too many
  // wait already.
  absl::Status Await(const grpc::ServerContext& context,
                     const hub::v1::GetHubStatusRequest& request);

  engine::Engine& engine_;
  const Gate& gate_;
  std::atomic<bool> verifying_{false};
  std::atomic<int> awaiting_{0};
  std::atomic<bool> stopped_{false};
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_HUB_SERVICES_H_
