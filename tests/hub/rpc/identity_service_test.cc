// Who is who over a listener.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "anqiao/hub/v1/identity.grpc.pb.h"
#include "hub/rpc/authenticator.h"
#include "hub/rpc/listener.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/hub/rpc/fault.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using hub::v1::IdentityService;
using ::testing::ElementsAre;
using testing::FakeEngine;

constexpr char kUuid[] = "8a7e5c3e-0d3c-4c5a-9a52-1f6a3f3f0a11";
constexpr char kCaseworker[] = "anqiao://users/wang?role=caseworker&jurisdiction=421202";

class IdentityServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                          .hub = {.address = "127.0.0.1:0"},
                                                          .insecure_loopback = true},
                                                         &engine_));
    stub_ = IdentityService::NewStub(
        grpc::CreateChannel(listeners_->hub_address(), grpc::InsecureChannelCredentials()));
  }
  static std::unique_ptr<grpc::ClientContext> As(const char* uri) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->AddMetadata(kPrincipalMetadata, uri);
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    return context;
  }
  std::string Judge(const std::function<void(hub::v1::JudgeIdentityRequest&)>& change,
                    hub::v1::JudgeIdentityResponse* response) {
    hub::v1::JudgeIdentityRequest request;
    request.set_request_id(kUuid);
    request.set_reason("SEEN_DOCUMENTS");
    hub::v1::IdentityDecision* decision = request.add_decisions();
    decision->set_record(17);
    decision->set_other_record(912);
    decision->set_verdict(hub::v1::IDENTITY_VERDICT_NOT_SAME);
    decision->set_etag("e17");
    change(request);
    return Fault(stub_->JudgeIdentity(As(kCaseworker).get(), request, response));
  }

  FakeEngine engine_;
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<IdentityService::Stub> stub_;
};

TEST_F(IdentityServiceTest, ListsPairsSideBySide) {
  hub::v1::ListIdentityReviewsRequest request;
  request.set_case_("cases/p1");
  request.set_page_size(7);
  hub::v1::ListIdentityReviewsResponse response;
  ASSERT_EQ(Fault(stub_->ListIdentityReviews(As(kCaseworker).get(), request, &response)), "OK");
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("reviews of p1 after  limit 7 in 421202"));
  ASSERT_EQ(response.reviews_size(), 1);
  const hub::v1::IdentityPair& pair = response.reviews(0);
  EXPECT_EQ(pair.record().record(), 17);
  EXPECT_EQ(pair.record().case_(), "cases/p1");
  EXPECT_EQ(pair.record().kind(), "unemployment");
  EXPECT_EQ(pair.record().masked_id_number(), "4212**********1010");
  EXPECT_EQ(pair.other_record().case_(), "cases/p2");
  EXPECT_TRUE(pair.other_record().ended());
  EXPECT_EQ(pair.attributes(0).level(), "SAME_READING");
  EXPECT_DOUBLE_EQ(pair.attributes(2).weight(), 12.25);
  EXPECT_DOUBLE_EQ(pair.weight(), 3.5);
  EXPECT_EQ(pair.reason(), "TOO_LITTLE");
  EXPECT_EQ(pair.etag(), "e17");
  request.set_page_token(response.next_page_token());
  ASSERT_EQ(Fault(stub_->ListIdentityReviews(As(kCaseworker).get(), request, &response)), "OK");
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("reviews of p1 after p1~p2 limit 7 in 421202"));
  EXPECT_EQ(response.next_page_token(), "");
  request.clear_page_token();
  request.set_case_("p1");
  EXPECT_EQ(Fault(stub_->ListIdentityReviews(As(kCaseworker).get(), request, &response)),
            "INVALID_FIELD case");
}

TEST_F(IdentityServiceTest, SaysWhy) {
  hub::v1::ExplainIdentityRequest request;
  request.set_case_("cases/p1");
  hub::v1::IdentityExplanation why;
  ASSERT_EQ(Fault(stub_->ExplainIdentity(As(kCaseworker).get(), request, &why)), "OK");
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("why p1 in 421202"));
  EXPECT_EQ(why.model_version(), "zh-2");
  EXPECT_EQ(why.records_size(), 1);
  EXPECT_EQ(why.links(0).step(), 1);
  EXPECT_EQ(why.refused_links(0).refusal(), hub::v1::IDENTITY_REFUSAL_TOLD_APART);
  EXPECT_EQ(why.refused_links(0).pair().verdict(), hub::v1::IDENTITY_VERDICT_NOT_SAME);
  request.clear_case_();
  EXPECT_EQ(Fault(stub_->ExplainIdentity(As(kCaseworker).get(), request, &why)),
            "INVALID_FIELD case");
}

TEST_F(IdentityServiceTest, ShowsAnyTwoRecords) {
  hub::v1::GetIdentityPairRequest request;
  request.set_record(17);
  request.set_other_record(912);
  hub::v1::IdentityPair pair;
  ASSERT_EQ(Fault(stub_->GetIdentityPair(As(kCaseworker).get(), request, &pair)), "OK");
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("pair 17 912 in 421202"));
  EXPECT_EQ(pair.other_record().record(), 912);
  request.set_other_record(0);
  EXPECT_EQ(Fault(stub_->GetIdentityPair(As(kCaseworker).get(), request, &pair)),
            "INVALID_FIELD other_record");
  request.set_record(-1);
  EXPECT_EQ(Fault(stub_->GetIdentityPair(As(kCaseworker).get(), request, &pair)),
            "INVALID_FIELD record");
}

TEST_F(IdentityServiceTest, JudgesAndChecksWhatIsAsked) {
  hub::v1::JudgeIdentityResponse response;
  ASSERT_EQ(Judge([](auto&) {}, &response), "OK");
  EXPECT_THAT(engine_.TakeNotes(),
              ElementsAre("judge SEEN_DOCUMENTS 17,912,2,e17 by wang in 421202"));
  ASSERT_EQ(response.pairs_size(), 1);
  EXPECT_EQ(response.pairs(0).verdict(), hub::v1::IDENTITY_VERDICT_NOT_SAME);
  const auto fault = [&](const std::function<void(hub::v1::JudgeIdentityRequest&)>& change) {
    return Judge(change, &response);
  };
  EXPECT_EQ(fault([](auto& r) { r.clear_request_id(); }), "INVALID_FIELD request_id");
  EXPECT_EQ(fault([](auto& r) { r.clear_reason(); }), "INVALID_FIELD reason");
  EXPECT_EQ(fault([](auto& r) { r.set_reason("seen documents"); }), "INVALID_FIELD reason");
  EXPECT_EQ(fault([](auto& r) { r.mutable_decisions(0)->set_record(0); }),
            "INVALID_FIELD decisions");
  EXPECT_EQ(fault([](auto& r) { r.mutable_decisions(0)->set_other_record(-5); }),
            "INVALID_FIELD decisions");
  EXPECT_EQ(fault([](auto& r) {
              r.mutable_decisions(0)->set_verdict(static_cast<hub::v1::IdentityVerdict>(9));
            }),
            "INVALID_FIELD decisions");
  EXPECT_EQ(fault([](auto& r) { r.mutable_decisions(0)->clear_etag(); }),
            "INVALID_FIELD decisions.etag");
  EXPECT_EQ(fault([](auto& r) {
              for (int i = 0; i < 100; ++i) *r.add_decisions() = r.decisions(0);
            }),
            "INVALID_FIELD decisions");
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre());
}

TEST_F(IdentityServiceTest, PreviewsAModel) {
  constexpr char kSupervisor[] = "anqiao://users/zhao?role=supervisor&jurisdiction=421202";
  const auto context = As(kSupervisor);
  const auto reader =
      stub_->PreviewIdentityModel(context.get(), hub::v1::PreviewIdentityModelRequest());
  std::vector<hub::v1::PreviewIdentityModelResponse> responses;
  hub::v1::PreviewIdentityModelResponse response;
  while (reader->Read(&response)) responses.push_back(response);
  ASSERT_EQ(Fault(reader->Finish()), "OK");
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("preview in 421202"));
  ASSERT_EQ(responses.size(), 4u);
  EXPECT_EQ(responses[0].entry_count(), 5);
  EXPECT_EQ(responses[0].total_entry_count(), 10);
  const hub::v1::IdentityShift& shift = responses[2].shift();
  EXPECT_EQ(shift.kind(), hub::v1::IDENTITY_SHIFT_KIND_JOINED);
  ASSERT_EQ(shift.parts_size(), 2);
  EXPECT_EQ(shift.parts(0).case_(), "cases/p1");
  EXPECT_EQ(shift.parts(0).records_size(), 20);
  EXPECT_EQ(shift.parts(0).records_left_off(), 1);
  EXPECT_FALSE(responses[3].has_shift());
  EXPECT_EQ(responses[3].result().candidate_version(), "zh-3");
  EXPECT_EQ(responses[3].result().joined_count(), 1);
  EXPECT_EQ(responses[3].result().people_count(), 417);
}

}  // namespace
}  // namespace anqiao::rpc
