// What the entitlement watch did and what a candidate catalogue changes, over a listener.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "anqiao/hub/v1/eligibility.grpc.pb.h"
#include "hub/rpc/authenticator.h"
#include "hub/rpc/listener.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/hub/rpc/fault.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using hub::v1::EligibilityService;
using ::testing::ElementsAre;
using testing::FakeEngine;

constexpr char kCaseworker[] = "anqiao://users/wang?role=caseworker&jurisdiction=421202";
constexpr char kSupervisor[] = "anqiao://users/li?role=supervisor";

class WatchServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                          .hub = {.address = "127.0.0.1:0"},
                                                          .insecure_loopback = true},
                                                         &engine_));
    stub_ = EligibilityService::NewStub(
        grpc::CreateChannel(listeners_->hub_address(), grpc::InsecureChannelCredentials()));
  }
  static std::unique_ptr<grpc::ClientContext> As(const char* uri) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->AddMetadata(kPrincipalMetadata, uri);
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    return context;
  }
  grpc::Status List(const hub::v1::ListEntitlementNoticesRequest& request,
                    hub::v1::ListEntitlementNoticesResponse* response,
                    const char* uri = kCaseworker) {
    return stub_->ListEntitlementNotices(As(uri).get(), request, response);
  }
  grpc::Status Compare(const hub::v1::CompareCatalogueRequest& request,
                       hub::v1::CompareCatalogueResponse* response, const char* uri = kSupervisor) {
    return stub_->CompareCatalogue(As(uri).get(), request, response);
  }

  FakeEngine engine_;
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<EligibilityService::Stub> stub_;
};

TEST_F(WatchServiceTest, ListsNoticesAndRecordsTheRead) {
  hub::v1::ListEntitlementNoticesRequest request;
  request.set_page_size(2);
  hub::v1::ListEntitlementNoticesResponse response;
  ASSERT_TRUE(List(request, &response).ok());
  ASSERT_EQ(response.notices_size(), 2);
  const hub::v1::EntitlementNotice& proposal = response.notices(0);
  EXPECT_EQ(proposal.case_(), "cases/a");
  EXPECT_EQ(proposal.policy(), "policies/a-policy");
  EXPECT_EQ(proposal.kind(), hub::v1::NOTICE_KIND_PROPOSAL);
  EXPECT_EQ(proposal.referral(), "referrals/r1");
  EXPECT_EQ(proposal.entry(), 7);
  EXPECT_EQ(proposal.create_time().seconds(), 1'790'000'000);
  EXPECT_EQ(proposal.as_of_date().month(), 7);
  EXPECT_FALSE(proposal.has_lapse_date());
  const hub::v1::EntitlementNotice& reminder = response.notices(1);
  EXPECT_EQ(reminder.kind(), hub::v1::NOTICE_KIND_REMINDER);
  EXPECT_EQ(reminder.referral(), "");
  EXPECT_EQ(reminder.lapse_date().month(), 8);
  request.set_page_token(response.next_page_token());
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_EQ(response.notices_size(), 1);
  EXPECT_EQ(response.next_page_token(), "");
  const auto accesses = engine_.TakeAccesses();
  ASSERT_EQ(accesses.size(), 2u);
  EXPECT_EQ(accesses[0].resource, "cases/-");
}

TEST_F(WatchServiceTest, APageOfNoticesEndsBeforeItGrowsOverItsBytes) {
  engine_.padding = engine::kPageBytesMax / 2;
  hub::v1::ListEntitlementNoticesRequest request;
  hub::v1::ListEntitlementNoticesResponse response;
  std::vector<std::string> cases;
  for (int pages = 1; pages <= 3; ++pages) {
    ASSERT_TRUE(List(request, &response).ok());
    ASSERT_EQ(response.notices_size(), 1);
    cases.push_back(response.notices(0).case_());
    EXPECT_LE(response.ByteSizeLong(), engine::kPageBytesMax);
    EXPECT_EQ(response.next_page_token().empty(), pages == 3);
    request.set_page_token(response.next_page_token());
  }
  EXPECT_THAT(cases, ElementsAre("cases/a", "cases/b", "cases/c"));
  // One that is larger than a page is a page by itself.
  engine_.padding = engine::kPageBytesMax + 1;
  request.clear_page_token();
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_EQ(response.notices_size(), 1);
  EXPECT_NE(response.next_page_token(), "");
}

TEST_F(WatchServiceTest, ChecksAndPassesOnWhatIsAskedFor) {
  hub::v1::ListEntitlementNoticesRequest request;
  hub::v1::ListEntitlementNoticesResponse response;
  request.set_case_("cases/one");
  request.set_policy("policies/a-policy");
  request.set_kind(hub::v1::NOTICE_KIND_REMINDER);
  EXPECT_EQ(Fault(List(request, &response)), "OK");
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("notices one a-policy 2 in 421202"));
  request.set_case_("one");
  EXPECT_EQ(Fault(List(request, &response)), "INVALID_FIELD case");
  request.clear_case_();
  request.set_policy("a-policy");
  EXPECT_EQ(Fault(List(request, &response)), "INVALID_FIELD policy");
  request.clear_policy();
  request.set_kind(static_cast<hub::v1::NoticeKind>(9));
  EXPECT_EQ(Fault(List(request, &response)), "INVALID_FIELD kind");
  EXPECT_EQ(Fault(List({}, &response, "anqiao://users/zhou?role=operator")), "PERMISSION_DENIED");
}

TEST_F(WatchServiceTest, ComparesPageByPage) {
  hub::v1::CompareCatalogueRequest request;
  hub::v1::CompareCatalogueResponse response;
  ASSERT_TRUE(Compare(request, &response).ok());
  ASSERT_EQ(response.comparisons_size(), 2);
  EXPECT_EQ(response.comparisons(0).case_(), "cases/a");
  EXPECT_EQ(response.comparisons(0).kind(), hub::v1::COMPARISON_KIND_GAIN);
  EXPECT_EQ(response.comparisons(0).result_after(), hub::v1::ELIGIBILITY_RESULT_ELIGIBLE);
  EXPECT_EQ(response.comparisons(0).amount_fen_before(), 5);
  EXPECT_EQ(response.comparisons(0).amount_fen_after(), 6);
  EXPECT_EQ(response.comparisons(1).kind(), hub::v1::COMPARISON_KIND_LOSS);
  ASSERT_EQ(response.policies_size(), 1);
  EXPECT_EQ(response.policies(0).policy(), "policies/a-policy");
  EXPECT_EQ(response.policies(0).gain_count(), 1);
  EXPECT_EQ(response.policies(0).loss_count(), 1);
  EXPECT_EQ(response.policies(0).amount_count(), 0);
  EXPECT_EQ(response.candidate_hash(), "other");
  EXPECT_EQ(response.case_count(), 2);
  request.set_page_token(response.next_page_token());
  ASSERT_TRUE(Compare(request, &response).ok());
  EXPECT_EQ(response.policies(0).amount_count(), 1);
  EXPECT_EQ(response.policies(0).other_count(), 1);
  EXPECT_EQ(response.next_page_token(), "");
  EXPECT_THAT(engine_.TakeNotes(),
              ElementsAre("compare  after  limit 500", "compare  after other/b limit 500"));
  EXPECT_EQ(engine_.TakeAccesses().size(), 2u);
  EXPECT_EQ(Fault(Compare(request, &response, kCaseworker)), "PERMISSION_DENIED");
  request.mutable_as_of_date()->set_year(2026);
  request.mutable_as_of_date()->set_month(13);
  request.clear_page_token();
  EXPECT_EQ(Fault(Compare(request, &response)), "INVALID_FIELD as_of_date");
}

}  // namespace
}  // namespace anqiao::rpc
