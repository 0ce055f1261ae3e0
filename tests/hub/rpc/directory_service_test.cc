#include "hub/rpc/directory_service.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "anqiao/hub/v1/referrals.grpc.pb.h"
#include "hub/rpc/listener.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/hub/rpc/fault.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using hub::v1::DirectoryService;
using ::testing::ElementsAre;
using testing::FakeEngine;

constexpr char kUuid[] = "8a7e5c3e-0d3c-4c5a-9a52-1f6a3f3f0a11";
constexpr char kCaseworkerUri[] = "anqiao://users/wang?role=caseworker&jurisdiction=421202";
constexpr char kOperatorUri[] = "anqiao://users/li?role=operator";
constexpr char kAuditorUri[] = "anqiao://users/zhao?role=auditor";
constexpr char kAgencyUri[] = "anqiao://agencies/police";

class DirectoryServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AddProvider("a-school", "training");
    AddProvider("b-works", "job");
    referral::Post& post = engine_.directory.providers[1].posts.emplace_back();
    post.id = "guard";
    post.title_zh = "保安";
    post.service = "job";
    post.job_class = "SECURITY_GUARD";
    post.count = 4;
    engine_.limit.job_class = "SECURITY_GUARD";
    engine_.limit.law = "条例 第十七条";
    engine_.limit.label_zh = "不得担任";
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                          .hub = {.address = "127.0.0.1:0"},
                                                          .insecure_loopback = true},
                                                         &engine_));
    const auto channel =
        grpc::CreateChannel(listeners_->hub_address(), grpc::InsecureChannelCredentials());
    stub_ = DirectoryService::NewStub(channel);
    referrals_ = hub::v1::ReferralService::NewStub(channel);
    request_.set_case_("cases/one");
    request_.set_policy("policies/a-policy");
  }

  void AddProvider(const std::string& id, const std::string& service) {
    referral::Provider& provider = engine_.directory.providers.emplace_back();
    provider.id = id;
    provider.title_zh = "示例";
    provider.agency = "employment";
    provider.kind = "school";
    provider.services = {service};
    provider.places = 10;
    provider.hours = {referral::OpenHours{.from_minute = 510, .to_minute = 720}};
  }
  static void SetUpContext(grpc::ClientContext& context, const char* uri) {
    context.AddMetadata(kPrincipalMetadata, uri);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  }
  std::string List(const hub::v1::ListProvidersRequest& request, const char* uri = kOperatorUri) {
    grpc::ClientContext context;
    SetUpContext(context, uri);
    listed_.Clear();
    return Fault(stub_->ListProviders(&context, request, &listed_));
  }
  std::string Route(const char* uri = kCaseworkerUri) {
    grpc::ClientContext context;
    SetUpContext(context, uri);
    route_.Clear();
    return Fault(stub_->GetRoute(&context, request_, &route_));
  }
  std::string Asked(const std::function<void(hub::v1::GetRouteRequest&)>& change) {
    const hub::v1::GetRouteRequest before = request_;
    change(request_);
    const std::string fault = Route();
    request_ = before;
    return fault;
  }

  FakeEngine engine_;
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<DirectoryService::Stub> stub_;
  std::unique_ptr<hub::v1::ReferralService::Stub> referrals_;
  hub::v1::GetRouteRequest request_;
  hub::v1::Route route_;
  hub::v1::ListProvidersResponse listed_;
};

TEST_F(DirectoryServiceTest, ListsProvidersPageByPage) {
  hub::v1::ListProvidersRequest request;
  request.set_page_size(1);
  ASSERT_EQ(List(request), "OK");
  ASSERT_EQ(listed_.providers_size(), 1);
  const hub::v1::Provider& school = listed_.providers(0);
  EXPECT_EQ(school.name(), "providers/a-school");
  EXPECT_EQ(school.agency(), "agencies/employment");
  EXPECT_THAT(school.hours(), ElementsAre("WORKING_DAYS 08:30-12:00"));
  EXPECT_EQ(school.places(), 10);
  EXPECT_EQ(school.held_places(), 3);
  request.set_page_token(listed_.next_page_token());
  ASSERT_EQ(List(request), "OK");
  ASSERT_EQ(listed_.providers_size(), 1);
  ASSERT_EQ(listed_.providers(0).posts_size(), 1);
  EXPECT_EQ(listed_.providers(0).posts(0).code(), "guard");
  EXPECT_TRUE(listed_.providers(0).posts(0).conditional());
  EXPECT_EQ(listed_.providers(0).posts(0).held_count(), 1);
  EXPECT_EQ(listed_.next_page_token(), "");
  // A token belongs to its call.
  request.set_service("job");
  EXPECT_EQ(List(request), "PAGE_TOKEN_INVALID page_token");
  request.clear_page_token();
  ASSERT_EQ(List(request), "OK");
  EXPECT_EQ(listed_.providers(0).name(), "providers/b-works");
  request.set_service(std::string(101, 'x'));
  EXPECT_EQ(List(request), "INVALID_FIELD service");
}

TEST_F(DirectoryServiceTest, SaysWhereARequestWouldGoAndRecordsTheRead) {
  ASSERT_EQ(Route(), "OK");
  EXPECT_EQ(route_.provider(), "providers/a-school");
  EXPECT_EQ(route_.agency(), "agencies/employment");
  EXPECT_EQ(route_.code(), "NEAREST");
  EXPECT_NE(route_.title().zh(), "");
  ASSERT_EQ(route_.options_size(), 1);
  EXPECT_EQ(route_.options(0).provider(), "providers/b-works");
  EXPECT_EQ(route_.options(0).post(), "guard");
  EXPECT_EQ(route_.options(0).code(), "LEGAL_LIMIT");
  ASSERT_EQ(route_.options(0).limits_size(), 1);
  EXPECT_EQ(route_.options(0).limits(0).law(), "条例 第十七条");
  const auto accesses = engine_.TakeAccesses();
  ASSERT_EQ(accesses.size(), 1U);
  EXPECT_EQ(accesses[0].resource, "cases/one");
  absl::MutexLock lock(&engine_.mu);
  EXPECT_EQ(engine_.jurisdiction, "421202");
}

TEST_F(DirectoryServiceTest, WhatIsWrongIsNamed) {
  EXPECT_EQ(Asked([](auto& r) { r.set_case_("cases/two"); }), "CASE_NOT_FOUND");
  EXPECT_EQ(Asked([](auto& r) { r.set_case_("one"); }), "INVALID_FIELD case");
  EXPECT_EQ(Asked([](auto& r) { r.set_policy("a-policy"); }), "INVALID_FIELD policy");
  EXPECT_EQ(Asked([](auto& r) { r.set_provider("works"); }), "INVALID_FIELD provider");
  EXPECT_EQ(Asked([](auto& r) { r.set_agency("x"); }), "INVALID_FIELD agency");
  EXPECT_EQ(Asked([](auto& r) { r.set_replaces("x"); }), "INVALID_FIELD replaces");
  EXPECT_EQ(Asked([](auto& r) { r.set_post("guard"); }), "INVALID_FIELD post");
  engine_.TakeNotes();
  EXPECT_EQ(Asked([](auto& r) {
              r.set_agency("agencies/employment");
              r.set_provider("providers/b-works");
              r.set_post("guard");
              r.set_replaces("referrals/r1");
            }),
            "OK");
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("route one a-policy employment b-works guard r1"));
  EXPECT_EQ(Asked([](auto& r) {
              r.set_provider("providers/b-works");
              r.set_post("Guard!");
            }),
            "INVALID_FIELD post");
}

// A route tells what the police know: it is for those who may read the case.
TEST_F(DirectoryServiceTest, EachRoleMayCallWhatTheTableSays) {
  const hub::v1::ListProvidersRequest list;
  EXPECT_EQ(List(list, kCaseworkerUri), "OK");
  EXPECT_EQ(List(list, kAuditorUri), "OK");
  EXPECT_EQ(List(list, kAgencyUri), "PERMISSION_DENIED");
  EXPECT_EQ(Route(kOperatorUri), "PERMISSION_DENIED");
  EXPECT_EQ(Route(kAuditorUri), "PERMISSION_DENIED");
  EXPECT_EQ(Route(kAgencyUri), "PERMISSION_DENIED");
}

TEST_F(DirectoryServiceTest, AReferralIsCreatedForTheProviderThatIsNamed) {
  hub::v1::CreateReferralRequest request;
  request.set_request_id(kUuid);
  request.set_case_("cases/one");
  request.set_policy("policies/a-policy");
  request.set_post("guard");
  const auto create = [&] {
    grpc::ClientContext context;
    SetUpContext(context, kCaseworkerUri);
    hub::v1::Referral response;
    return Fault(referrals_->CreateReferral(&context, request, &response));
  };
  EXPECT_EQ(create(), "INVALID_FIELD post");
  request.set_provider("b-works");
  EXPECT_EQ(create(), "INVALID_FIELD provider");
  request.set_provider("providers/b-works");
  EXPECT_EQ(create(), "OK");
  absl::MutexLock lock(&engine_.mu);
  EXPECT_EQ(engine_.referral_created.provider, "b-works");
  EXPECT_EQ(engine_.referral_created.post, "guard");
}

}  // namespace
}  // namespace anqiao::rpc
