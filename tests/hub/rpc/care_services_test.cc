// Care teams and dispatches over a listener.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "anqiao/hub/v1/care_team.grpc.pb.h"
#include "anqiao/hub/v1/dispatches.grpc.pb.h"
#include "hub/rpc/authenticator.h"
#include "hub/rpc/listener.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/hub/rpc/fault.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using hub::v1::CareTeamService;
using hub::v1::DispatchService;
using ::testing::ElementsAre;
using testing::FakeEngine;

constexpr char kUuid[] = "8a7e5c3e-0d3c-4c5a-9a52-1f6a3f3f0a11";
constexpr char kCaseworker[] = "anqiao://users/wang?role=caseworker&jurisdiction=421202";
constexpr char kAuditor[] = "anqiao://users/zhou?role=auditor";

type::v1::CivilDate Day(int year, int month, int day) {
  return model::CivilDate::Of(year, month, day).ToProto();
}

class CareServicesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                          .hub = {.address = "127.0.0.1:0"},
                                                          .insecure_loopback = true},
                                                         &engine_));
    const auto channel =
        grpc::CreateChannel(listeners_->hub_address(), grpc::InsecureChannelCredentials());
    team_ = CareTeamService::NewStub(channel);
    dispatches_ = DispatchService::NewStub(channel);
  }
  static std::unique_ptr<grpc::ClientContext> As(const char* uri) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->AddMetadata(kPrincipalMetadata, uri);
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    return context;
  }

  std::string Create(const std::function<void(hub::v1::CreateTeamMemberRequest&)>& change,
                     hub::v1::TeamMember* response) {
    hub::v1::CreateTeamMemberRequest request;
    request.set_request_id(kUuid);
    request.set_case_("cases/p1");
    request.set_role("GRID_WORKER");
    request.set_display_name("陈网格");
    request.set_user("users/chen.wg");
    *request.mutable_from_date() = Day(2026, 6, 1);
    request.set_basis("CONSENT");
    request.set_consent("consents/c1");
    change(request);
    return Fault(team_->CreateTeamMember(As(kCaseworker).get(), request, response));
  }
  std::string End(const std::function<void(hub::v1::EndTeamMemberRequest&)>& change,
                  hub::v1::TeamMember* response) {
    hub::v1::EndTeamMemberRequest request;
    request.set_request_id(kUuid);
    request.set_name("teamMembers/g1");
    request.set_etag("e1");
    request.set_reason("LEFT");
    change(request);
    return Fault(team_->EndTeamMember(As(kCaseworker).get(), request, response));
  }
  std::string Report(const std::function<void(hub::v1::SendReportRequest&)>& change,
                     hub::v1::Dispatch* response) {
    hub::v1::SendReportRequest request;
    request.set_request_id(kUuid);
    request.set_case_("cases/p1");
    request.set_agency("agencies/police");
    request.set_report_code("REFUSED");
    *request.mutable_event_date() = Day(2026, 6, 29);
    request.set_legal_basis("REPORT_DUTY");
    request.set_document_number("3号");
    request.set_etag("e1");
    change(request);
    return Fault(dispatches_->SendReport(As(kCaseworker).get(), request, response));
  }
  std::string Transfer(const std::function<void(hub::v1::SendTransferRequest&)>& change) {
    hub::v1::SendTransferRequest request;
    request.set_request_id(kUuid);
    request.set_case_("cases/p1");
    request.set_agency("agencies/north_street");
    *request.mutable_move_date() = Day(2026, 6, 28);
    request.set_legal_basis("CHANGE_OF_PLACE");
    request.set_document_number("5号");
    change(request);
    hub::v1::Dispatch response;
    return Fault(dispatches_->SendTransfer(As(kCaseworker).get(), request, &response));
  }

  FakeEngine engine_;
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<CareTeamService::Stub> team_;
  std::unique_ptr<DispatchService::Stub> dispatches_;
};

TEST_F(CareServicesTest, CreatesAMembershipAndChecksWhatIsAsked) {
  hub::v1::TeamMember member;
  ASSERT_EQ(Create([](auto&) {}, &member), "OK");
  EXPECT_THAT(engine_.TakeNotes(),
              ElementsAre("add p1 GRID_WORKER 陈网格 chen.wg 2026-06-01  CONSENT c1 in 421202"));
  EXPECT_EQ(member.name(), "teamMembers/g1");
  EXPECT_EQ(member.case_(), "cases/p1");
  EXPECT_EQ(member.user(), "users/chen.wg");
  EXPECT_EQ(member.consent(), "consents/c1");
  EXPECT_EQ(member.state(), hub::v1::TEAM_MEMBER_STATE_LIVE);
  EXPECT_THAT(member.fields(), ElementsAre("case.tasks"));
  EXPECT_NE(member.etag(), "");
  const auto fault = [&](const std::function<void(hub::v1::CreateTeamMemberRequest&)>& change) {
    hub::v1::TeamMember response;
    return Create(change, &response);
  };
  EXPECT_EQ(fault([](auto& r) { r.clear_request_id(); }), "INVALID_FIELD request_id");
  EXPECT_EQ(fault([](auto& r) { r.set_case_("p1"); }), "INVALID_FIELD case");
  EXPECT_EQ(fault([](auto& r) { r.clear_role(); }), "INVALID_FIELD role");
  EXPECT_EQ(fault([](auto& r) { r.set_role("grid worker"); }), "INVALID_FIELD role");
  EXPECT_EQ(fault([](auto& r) { r.clear_display_name(); }), "INVALID_FIELD display_name");
  EXPECT_EQ(fault([](auto& r) { r.set_user("chen.wg"); }), "INVALID_FIELD user");
  EXPECT_EQ(fault([](auto& r) { r.clear_basis(); }), "INVALID_FIELD basis");
  EXPECT_EQ(fault([](auto& r) { r.set_consent("c1"); }), "INVALID_FIELD consent");
  EXPECT_EQ(fault([](auto& r) { r.mutable_from_date()->set_day(31); }), "INVALID_FIELD from_date");
  EXPECT_EQ(fault([](auto& r) { r.mutable_until_date()->set_year(2027); }),
            "INVALID_FIELD until_date");
  EXPECT_TRUE(engine_.TakeNotes().empty());
}

TEST_F(CareServicesTest, EndsAMembershipWithTheEtagThatWasRead) {
  hub::v1::TeamMember member;
  ASSERT_EQ(End([](auto&) {}, &member), "OK");
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("end g1 e1 LEFT in 421202"));
  EXPECT_EQ(member.state(), hub::v1::TEAM_MEMBER_STATE_ENDED);
  EXPECT_EQ(member.end_reason(), "LEFT");
  EXPECT_EQ(member.until_date().day(), 30);
  const auto fault = [&](const std::function<void(hub::v1::EndTeamMemberRequest&)>& change) {
    hub::v1::TeamMember response;
    return End(change, &response);
  };
  EXPECT_EQ(fault([](auto& r) { r.clear_request_id(); }), "INVALID_FIELD request_id");
  EXPECT_EQ(fault([](auto& r) { r.set_name("g1"); }), "INVALID_FIELD name");
  EXPECT_EQ(fault([](auto& r) { r.clear_etag(); }), "INVALID_FIELD etag");
  EXPECT_EQ(fault([](auto& r) { r.clear_reason(); }), "INVALID_FIELD reason");
  EXPECT_EQ(fault([](auto& r) { r.set_reason("left"); }), "INVALID_FIELD reason");
}

TEST_F(CareServicesTest, ListsATeamWithWhatItLacksAndRecordsTheRead) {
  hub::v1::ListTeamMembersRequest request;
  request.set_case_("cases/p1");
  request.set_page_size(1);
  hub::v1::ListTeamMembersResponse response;
  ASSERT_TRUE(team_->ListTeamMembers(As(kAuditor).get(), request, &response).ok());
  ASSERT_EQ(response.team_members_size(), 1);
  EXPECT_THAT(response.missing_roles(), ElementsAre("FAMILY"));
  request.set_page_token(response.next_page_token());
  ASSERT_TRUE(team_->ListTeamMembers(As(kAuditor).get(), request, &response).ok());
  EXPECT_EQ(response.next_page_token(), "");
  EXPECT_THAT(engine_.TakeNotes(),
              ElementsAre("team p1 after  limit 1 in ", "team p1 after g1 limit 1 in "));
  hub::v1::GetTeamMemberRequest get;
  get.set_name("teamMembers/g1");
  hub::v1::TeamMember member;
  ASSERT_TRUE(team_->GetTeamMember(As(kAuditor).get(), get, &member).ok());
  const auto accesses = engine_.TakeAccesses();
  ASSERT_EQ(accesses.size(), 3u);
  EXPECT_EQ(accesses[0].resource, "cases/p1");
  EXPECT_EQ(accesses[2].resource, "teamMembers/g1");
  request.set_page_size(-1);
  EXPECT_EQ(Fault(team_->ListTeamMembers(As(kAuditor).get(), request, &response)),
            "INVALID_FIELD page_size");
  get.set_name("g1");
  EXPECT_EQ(Fault(team_->GetTeamMember(As(kAuditor).get(), get, &member)), "INVALID_FIELD name");
}

TEST_F(CareServicesTest, SendsReportsAndTransfersAndChecksWhatIsAsked) {
  hub::v1::Dispatch dispatch;
  ASSERT_EQ(Report([](auto&) {}, &dispatch), "OK");
  ASSERT_EQ(Transfer([](auto&) {}), "OK");
  EXPECT_THAT(engine_.TakeNotes(),
              ElementsAre("dispatch 1 p1 police REFUSED 2026-06-29 REPORT_DUTY 3号 e1 in 421202",
                          "dispatch 2 p1 north_street  2026-06-28 CHANGE_OF_PLACE 5号  in 421202"));
  EXPECT_EQ(dispatch.name(), "dispatches/s1");
  EXPECT_EQ(dispatch.agency(), "agencies/police");
  EXPECT_EQ(dispatch.kind(), hub::v1::DISPATCH_KIND_REPORT);
  EXPECT_EQ(dispatch.delivery(), "deliveries/d7");
  EXPECT_EQ(dispatch.acknowledge_time().seconds(), 1'790'000'060);
  const auto fault = [&](const std::function<void(hub::v1::SendReportRequest&)>& change) {
    hub::v1::Dispatch response;
    return Report(change, &response);
  };
  EXPECT_EQ(fault([](auto& r) { r.clear_request_id(); }), "INVALID_FIELD request_id");
  EXPECT_EQ(fault([](auto& r) { r.set_case_("p1"); }), "INVALID_FIELD case");
  EXPECT_EQ(fault([](auto& r) { r.clear_agency(); }), "INVALID_FIELD agency");
  EXPECT_EQ(fault([](auto& r) { r.set_report_code("refused"); }), "INVALID_FIELD report_code");
  EXPECT_EQ(fault([](auto& r) { r.clear_report_code(); }), "INVALID_FIELD report_code");
  EXPECT_EQ(fault([](auto& r) { r.clear_event_date(); }), "INVALID_FIELD event_date");
  EXPECT_EQ(fault([](auto& r) { r.clear_legal_basis(); }), "INVALID_FIELD legal_basis");
  EXPECT_EQ(fault([](auto& r) { r.clear_document_number(); }), "INVALID_FIELD document_number");
  EXPECT_EQ(fault([](auto& r) { r.set_etag(std::string(129, 'e')); }), "INVALID_FIELD etag");
  EXPECT_EQ(Transfer([](auto& r) { r.clear_move_date(); }), "INVALID_FIELD move_date");
  EXPECT_EQ(Transfer([](auto& r) { r.set_legal_basis("a law"); }), "INVALID_FIELD legal_basis");
  EXPECT_TRUE(engine_.TakeNotes().empty());
}

TEST_F(CareServicesTest, ListsDispatchesAndRecordsTheRead) {
  hub::v1::ListDispatchesRequest request;
  request.set_case_("cases/p1");
  hub::v1::ListDispatchesResponse response;
  ASSERT_TRUE(dispatches_->ListDispatches(As(kAuditor).get(), request, &response).ok());
  EXPECT_EQ(response.dispatches_size(), 1);
  hub::v1::GetDispatchRequest get;
  get.set_name("dispatches/s1");
  hub::v1::Dispatch dispatch;
  ASSERT_TRUE(dispatches_->GetDispatch(As(kAuditor).get(), get, &dispatch).ok());
  EXPECT_THAT(engine_.TakeNotes(),
              ElementsAre("dispatches p1 after  limit 50 in ", "dispatch s1 in "));
  EXPECT_EQ(engine_.TakeAccesses().size(), 2u);
  request.set_page_size(-1);
  EXPECT_EQ(Fault(dispatches_->ListDispatches(As(kAuditor).get(), request, &response)),
            "INVALID_FIELD page_size");
  get.set_name("s1");
  EXPECT_EQ(Fault(dispatches_->GetDispatch(As(kAuditor).get(), get, &dispatch)),
            "INVALID_FIELD name");
}

}  // namespace
}  // namespace anqiao::rpc
