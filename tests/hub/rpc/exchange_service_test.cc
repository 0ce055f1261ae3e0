#include "hub/rpc/exchange_service.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "hub/rpc/listener.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using exchange::v1::ReceiveRequest;
using exchange::v1::ReceiveResponse;
using exchange::v1::SubmitRequest;
using exchange::v1::SubmitResponse;
using ::testing::ElementsAre;
using testing::FakeEngine;

std::string ReasonIn(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  details.ParseFromString(status.error_details());
  return details.details_size() > 0 && details.details(0).UnpackTo(&info) ? info.reason() : "";
}

SubmitRequest Part(const std::string& request_id, const std::string& data, bool last) {
  SubmitRequest request;
  if (!request_id.empty()) {
    request.mutable_header()->set_request_id(request_id);
    request.mutable_header()->set_format("roster");
  }
  request.set_data(data);
  request.set_last(last);
  return request;
}

// Reads what is left, without which Finish would wait for ever, then the status.
template <typename Request, typename Response>
grpc::Status Drain(grpc::ClientReaderWriter<Request, Response>& stream) {
  Response response;
  while (stream.Read(&response)) {
  }
  return stream.Finish();
}

class ExchangeServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                          .hub = {.address = "127.0.0.1:0"},
                                                          .insecure_loopback = true},
                                                         &engine_));
    stub_ = exchange::v1::ExchangeService::NewStub(
        grpc::CreateChannel(listeners_->agency_address(), grpc::InsecureChannelCredentials()));
  }
  void TearDown() override { listeners_->Shutdown(absl::Seconds(1)); }

  static void SetUpContext(grpc::ClientContext& context,
                           const std::string& uri = "anqiao://agencies/police") {
    context.AddMetadata(kPrincipalMetadata, uri);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  }

  FakeEngine engine_;
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<exchange::v1::ExchangeService::Stub> stub_;
};

TEST_F(ExchangeServiceTest, AnswersInOrderOfPayloadsWhateverIsDoneFirst) {
  grpc::ClientContext context;
  SetUpContext(context);
  auto stream = stub_->Submit(&context);
  ASSERT_TRUE(stream->Write(Part("one", "ab", false)));
  ASSERT_TRUE(stream->Write(Part("", "c", true)));
  ASSERT_TRUE(stream->Write(Part("two", "d", true)));
  const auto pending = engine_.TakePending(2);
  ASSERT_EQ(pending.size(), 2u);
  EXPECT_EQ(pending[0].command.payload, "abc");
  EXPECT_EQ(pending[0].command.agency, "police");
  FakeEngine::Reply(pending[1]);
  FakeEngine::Reply(pending[0]);
  SubmitResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.request_id(), "one");
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.request_id(), "two");
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(Drain(*stream).ok());
}

TEST_F(ExchangeServiceTest, DiscardsWhatIsTooLargeAndLivesOn) {
  grpc::ClientContext context;
  SetUpContext(context);
  auto stream = stub_->Submit(&context);
  const std::string chunk(kChunkBytesMax, 'x');
  ASSERT_TRUE(stream->Write(Part("large", chunk, false)));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(stream->Write(Part("", chunk, i == 3)));
  ASSERT_TRUE(stream->Write(Part("small", "x", true)));
  const auto pending = engine_.TakePending(2);
  ASSERT_EQ(pending.size(), 2u);
  EXPECT_TRUE(pending[0].command.too_large);
  EXPECT_EQ(pending[0].command.payload, "");
  EXPECT_FALSE(pending[1].command.too_large);
  for (const auto& each : pending) FakeEngine::Reply(each);
  stream->WritesDone();
  EXPECT_TRUE(Drain(*stream).ok());
}

TEST_F(ExchangeServiceTest, TakesAPayloadOfExactlyTheLimit) {
  grpc::ClientContext context;
  SetUpContext(context);
  auto stream = stub_->Submit(&context);
  const std::string chunk(kChunkBytesMax, 'x');
  ASSERT_TRUE(stream->Write(Part("limit", chunk, false)));
  ASSERT_TRUE(stream->Write(Part("", chunk, false)));
  ASSERT_TRUE(stream->Write(Part("", chunk, true)));
  const auto pending = engine_.TakePending(1);
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_FALSE(pending[0].command.too_large);
  EXPECT_EQ(pending[0].command.payload.size(), 3 * kChunkBytesMax);
  FakeEngine::Reply(pending[0]);
  stream->WritesDone();
  EXPECT_TRUE(Drain(*stream).ok());
}

TEST_F(ExchangeServiceTest, SaysWhenTheStreamEndedBeforeThePayload) {
  grpc::ClientContext context;
  SetUpContext(context);
  auto stream = stub_->Submit(&context);
  ASSERT_TRUE(stream->Write(Part("half", "ab", false)));
  stream->WritesDone();
  const auto pending = engine_.TakePending(1);
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_TRUE(pending[0].command.cut_off);
  FakeEngine::Reply(pending[0]);
  SubmitResponse response;
  EXPECT_TRUE(stream->Read(&response));
  EXPECT_TRUE(Drain(*stream).ok());
}

TEST_F(ExchangeServiceTest, SurvivesAClientThatGoesWhileThePayloadIsWithTheEngine) {
  {
    grpc::ClientContext context;
    SetUpContext(context);
    auto stream = stub_->Submit(&context);
    ASSERT_TRUE(stream->Write(Part("gone", "ab", true)));
    const auto pending = engine_.TakePending(1);
    ASSERT_EQ(pending.size(), 1u);
    context.TryCancel();
    EXPECT_EQ(Drain(*stream).error_code(), grpc::StatusCode::CANCELLED);
    FakeEngine::Reply(pending[0]);
  }
  listeners_->Shutdown(absl::Seconds(1));
}

TEST_F(ExchangeServiceTest, WaitsWhileTheEngineIsFull) {
  {
    absl::MutexLock lock(&engine_.mu);
    engine_.full = true;
  }
  grpc::ClientContext context;
  SetUpContext(context);
  auto stream = stub_->Submit(&context);
  ASSERT_TRUE(stream->Write(Part("waits", "ab", true)));
  std::function<void()> ready;
  {
    absl::MutexLock lock(&engine_.mu);
    const auto refused = [&] { return engine_.ready != nullptr; };
    ASSERT_TRUE(engine_.mu.AwaitWithTimeout(absl::Condition(&refused), absl::Seconds(10)));
    ready = std::exchange(engine_.ready, nullptr);
    engine_.full = false;
  }
  ready();
  const auto pending = engine_.TakePending(1);
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0].command.payload, "ab");
  FakeEngine::Reply(pending[0]);
  stream->WritesDone();
  EXPECT_TRUE(Drain(*stream).ok());
}

TEST_F(ExchangeServiceTest, ReadsNoMoreThanItsWindow) {
  grpc::ClientContext context;
  SetUpContext(context);
  auto stream = stub_->Submit(&context);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(stream->Write(Part(absl::StrCat("p", i), "x", true)));
  auto pending = engine_.TakePending(4);
  ASSERT_EQ(pending.size(), 4u);
  FakeEngine::Reply(pending[0]);
  SubmitResponse response;
  ASSERT_TRUE(stream->Read(&response));
  auto more = engine_.TakePending(1);
  ASSERT_EQ(more.size(), 1u);
  EXPECT_EQ(more[0].command.header.request_id(), "p4");
  for (int i = 1; i < 4; ++i) FakeEngine::Reply(pending[i]);
  FakeEngine::Reply(more[0]);
  for (const auto& each : engine_.TakePending(1)) FakeEngine::Reply(each);
  stream->WritesDone();
  EXPECT_TRUE(Drain(*stream).ok());
}

TEST_F(ExchangeServiceTest, RefusesMalformedPayloads) {
  const std::string too_much(kChunkBytesMax + 1, 'x');
  const std::vector<std::vector<SubmitRequest>> cases = {
      {Part("", "data without a header", true)},
      {Part("a", "", false), Part("b", "header inside", true)},
      {Part("a", too_much, true)}};
  for (const auto& requests : cases) {
    grpc::ClientContext context;
    SetUpContext(context);
    auto stream = stub_->Submit(&context);
    for (const SubmitRequest& request : requests) stream->Write(request);
    SubmitResponse response;
    EXPECT_FALSE(stream->Read(&response));
    const grpc::Status status = stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(ReasonIn(status), "INVALID_FIELD");
  }
}

TEST_F(ExchangeServiceTest, RefusesStrangersAndRecordsIt) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"anqiao://users/wang?role=caseworker", "PERMISSION_DENIED"},
      {"anqiao://agencies/unknown", "AGENCY_NOT_FOUND"},
      {"https://example.org/", "UNAUTHENTICATED"}};
  for (const auto& [uri, reason] : cases) {
    grpc::ClientContext context;
    SetUpContext(context, uri);
    auto stream = stub_->Submit(&context);
    EXPECT_EQ(ReasonIn(stream->Finish()), reason) << uri;
    const auto accesses = engine_.TakeAccesses();
    ASSERT_EQ(accesses.size(), 1u);
    EXPECT_FALSE(accesses[0].allowed);
    EXPECT_EQ(accesses[0].reason, reason);
  }
}

TEST_F(ExchangeServiceTest, DeliversAndTakesAcknowledgements) {
  {
    absl::MutexLock lock(&engine_.mu);
    exchange::v1::Delivery delivery;
    delivery.set_name("deliveries/d1");
    engine_.deliveries.push_back(delivery);
  }
  grpc::ClientContext context;
  SetUpContext(context);
  auto stream = stub_->Receive(&context);
  ReceiveRequest request;
  request.mutable_open();
  ASSERT_TRUE(stream->Write(request));
  ReceiveResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.delivery().name(), "deliveries/d1");
  request.mutable_ack()->set_delivery("deliveries/d1");
  ASSERT_TRUE(stream->Write(request));
  request.mutable_nack()->set_delivery("deliveries/d2");
  request.mutable_nack()->set_reason("BUSY");
  ASSERT_TRUE(stream->Write(request));
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(Drain(*stream).ok());
  absl::MutexLock lock(&engine_.mu);
  EXPECT_THAT(engine_.answers, ElementsAre("ack d1", "nack d2 BUSY"));
  EXPECT_EQ(engine_.in_flight, 32);
  EXPECT_EQ(engine_.visibility, absl::Seconds(60));
}

TEST_F(ExchangeServiceTest, EndsReceiveOnWhatItCannotTake) {
  ReceiveRequest open, ack, unknown, bad_range, bad_nack;
  open.mutable_open();
  ack.mutable_ack()->set_delivery("deliveries/d1");
  unknown.mutable_ack()->set_delivery("deliveries/other");
  bad_range.mutable_open()->set_max_in_flight(1001);
  bad_nack.mutable_nack()->set_delivery("deliveries/d1");
  const std::vector<std::pair<std::vector<ReceiveRequest>, grpc::StatusCode>> cases = {
      {{ack}, grpc::StatusCode::FAILED_PRECONDITION},
      {{open, open}, grpc::StatusCode::INVALID_ARGUMENT},
      {{bad_range}, grpc::StatusCode::INVALID_ARGUMENT},
      {{open, bad_nack}, grpc::StatusCode::INVALID_ARGUMENT},
      {{open, unknown}, grpc::StatusCode::NOT_FOUND}};
  for (const auto& [requests, code] : cases) {
    grpc::ClientContext context;
    SetUpContext(context);
    auto stream = stub_->Receive(&context);
    for (const ReceiveRequest& request : requests) stream->Write(request);
    ReceiveResponse response;
    EXPECT_FALSE(stream->Read(&response));
    EXPECT_EQ(stream->Finish().error_code(), code);
  }
}

TEST_F(ExchangeServiceTest, CapsReceiveStreamsOfAnAgencyAndEndsThemAtShutdown) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReaderWriter<ReceiveRequest, ReceiveResponse>>> streams;
  ReceiveRequest open;
  open.mutable_open();
  for (int i = 0; i < kReceiveStreamsPerAgencyMax; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    SetUpContext(*contexts.back());
    streams.push_back(stub_->Receive(contexts.back().get()));
    ASSERT_TRUE(streams.back()->Write(open));
  }
  {
    absl::MutexLock lock(&engine_.mu);
    const auto opened = [&] { return engine_.receives_opened == kReceiveStreamsPerAgencyMax; };
    ASSERT_TRUE(engine_.mu.AwaitWithTimeout(absl::Condition(&opened), absl::Seconds(10)));
  }
  grpc::ClientContext one_more;
  SetUpContext(one_more);
  const grpc::Status refused = stub_->Receive(&one_more)->Finish();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonIn(refused), "OVERLOADED");
  const absl::Time start = absl::Now();
  listeners_->Shutdown(absl::Seconds(10));
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  for (auto& stream : streams) EXPECT_EQ(ReasonIn(Drain(*stream)), "SHUTTING_DOWN");
}

TEST_F(ExchangeServiceTest, AStreamThatEndedLeavesItsPlace) {
  ReceiveRequest open;
  open.mutable_open();
  for (int i = 0; i < 3 * kReceiveStreamsPerAgencyMax; ++i) {
    grpc::ClientContext context;
    SetUpContext(context);
    auto stream = stub_->Receive(&context);
    ASSERT_TRUE(stream->Write(open));
    stream->WritesDone();
    EXPECT_TRUE(Drain(*stream).ok()) << i;
  }
}

TEST_F(ExchangeServiceTest, CapsSubmitStreamsOfAnAgency) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReaderWriter<SubmitRequest, SubmitResponse>>> streams;
  for (int i = 0; i < kSubmitStreamsPerAgencyMax; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    SetUpContext(*contexts.back());
    streams.push_back(stub_->Submit(contexts.back().get()));
    ASSERT_TRUE(streams.back()->Write(Part("p", "x", true)));
    for (const auto& each : engine_.TakePending(1)) FakeEngine::Reply(each);
  }
  grpc::ClientContext one_more;
  SetUpContext(one_more);
  auto refused = stub_->Submit(&one_more);
  EXPECT_EQ(Drain(*refused).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  for (auto& stream : streams) stream->WritesDone();
  for (auto& stream : streams) EXPECT_TRUE(Drain(*stream).ok());
}

TEST_F(ExchangeServiceTest, ShutdownAnswersWhatWasTakenInThenEndsTheStream) {
  grpc::ClientContext context;
  SetUpContext(context);
  auto stream = stub_->Submit(&context);
  ASSERT_TRUE(stream->Write(Part("taken", "ab", true)));
  ASSERT_TRUE(stream->Write(Part("half", "cd", false)));
  const auto pending = engine_.TakePending(1);
  ASSERT_EQ(pending.size(), 1u);
  std::thread shutdown([&] { listeners_->Shutdown(absl::Seconds(10)); });
  absl::SleepFor(absl::Milliseconds(50));
  FakeEngine::Reply(pending[0]);
  SubmitResponse response;
  EXPECT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.request_id(), "taken");
  EXPECT_EQ(ReasonIn(Drain(*stream)), "SHUTTING_DOWN");
  shutdown.join();
  absl::MutexLock lock(&engine_.mu);
  EXPECT_TRUE(engine_.pending.empty());  // the half payload is the client's to send again
}

TEST_F(ExchangeServiceTest, AnotherStreamIsServedWhileOneIsFull) {
  grpc::ClientContext slow_context, quick_context;
  SetUpContext(slow_context);
  SetUpContext(quick_context);
  auto slow = stub_->Submit(&slow_context);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(slow->Write(Part("slow", "x", true)));
  const auto held = engine_.TakePending(4);
  ASSERT_EQ(held.size(), 4u);
  auto quick = stub_->Submit(&quick_context);
  ASSERT_TRUE(quick->Write(Part("quick", "x", true)));
  for (const auto& each : engine_.TakePending(1)) FakeEngine::Reply(each);
  SubmitResponse response;
  ASSERT_TRUE(quick->Read(&response));
  EXPECT_EQ(response.request_id(), "quick");
  quick->WritesDone();
  EXPECT_TRUE(Drain(*quick).ok());
  for (const auto& each : held) FakeEngine::Reply(each);
  slow->WritesDone();
  EXPECT_TRUE(Drain(*slow).ok());
}

// At any moment of a stream's life, with the engine answering from another thread.
TEST_F(ExchangeServiceTest, SurvivesCancellationAtAnyMoment) {
  std::atomic<bool> over{false};
  std::thread engine([&] {
    while (!over) {
      for (const auto& each : engine_.TakeAllPending()) FakeEngine::Reply(each);
      absl::SleepFor(absl::Microseconds(50));
    }
  });
  for (int i = 0; i < 300; ++i) {
    grpc::ClientContext context;
    SetUpContext(context);
    auto stream = stub_->Submit(&context);
    std::thread cancel([&] {
      absl::SleepFor(absl::Microseconds(i * 10));
      context.TryCancel();
    });
    for (int k = 0; k < 8 && stream->Write(Part("p", "x", k % 3 != 1)); ++k) {
    }
    cancel.join();
    Drain(*stream);
  }
  for (int i = 0; i < 100; ++i) {
    grpc::ClientContext context;
    SetUpContext(context);
    auto stream = stub_->Receive(&context);
    std::thread cancel([&] {
      absl::SleepFor(absl::Microseconds(i * 20));
      context.TryCancel();
    });
    ReceiveRequest open;
    open.mutable_open();
    stream->Write(open);
    cancel.join();
    Drain(*stream);
  }
  listeners_->Shutdown(absl::Seconds(5));
  over = true;
  engine.join();
}

TEST_F(ExchangeServiceTest, RefusesBytesThatAreNoMessage) {
  grpc::GenericStub generic(
      grpc::CreateChannel(listeners_->agency_address(), grpc::InsecureChannelCredentials()));
  for (const char* method : {"/anqiao.exchange.v1.ExchangeService/Submit",
                             "/anqiao.exchange.v1.ExchangeService/Receive"}) {
    grpc::ClientContext context;
    SetUpContext(context);
    grpc::CompletionQueue queue;
    void* tag = nullptr;
    bool ok = false;
    auto stream = generic.PrepareCall(&context, method, &queue);
    stream->StartCall(&stream);
    queue.Next(&tag, &ok);
    const grpc::Slice garbage("\xff\xff\xff\xff");
    stream->WriteLast(grpc::ByteBuffer(&garbage, 1), grpc::WriteOptions(), &stream);
    queue.Next(&tag, &ok);
    grpc::Status status;
    stream->Finish(&status, &stream);
    queue.Next(&tag, &ok);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << method;
  }
}

TEST_F(ExchangeServiceTest, EndsAStreamWithAMessageOverTheTransportsLimit) {
  grpc::ClientContext context;
  SetUpContext(context);
  auto stream = stub_->Submit(&context);
  stream->Write(Part("a", std::string(2 * kChunkBytesMax, 'x'), true));
  EXPECT_FALSE(Drain(*stream).ok());
}

TEST_F(ExchangeServiceTest, ChecksAnswers) {
  exchange::v1::AnswerReferralRequest request;
  request.set_request_id("8a7e5c3e-0d3c-4c5a-9a52-1f6a3f3f0a11");
  request.set_referral("referrals/r");
  request.set_etag("1");
  request.mutable_answer()->set_action(exchange::v1::ANSWER_ACTION_ACCEPT);
  const auto call = [&](const exchange::v1::AnswerReferralRequest& asked) {
    grpc::ClientContext context;
    SetUpContext(context);
    exchange::v1::AnswerReferralResponse response;
    return stub_->AnswerReferral(&context, asked, &response).error_code();
  };
  EXPECT_EQ(call(request), grpc::StatusCode::OK);
  auto wrong = request;
  wrong.set_request_id("not a uuid");
  EXPECT_EQ(call(wrong), grpc::StatusCode::INVALID_ARGUMENT);
  wrong = request;
  wrong.clear_etag();
  EXPECT_EQ(call(wrong), grpc::StatusCode::INVALID_ARGUMENT);
  wrong = request;
  wrong.set_referral("cases/r");
  EXPECT_EQ(call(wrong), grpc::StatusCode::INVALID_ARGUMENT);
  wrong = request;
  wrong.mutable_answer()->clear_action();
  EXPECT_EQ(call(wrong), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace anqiao::rpc
