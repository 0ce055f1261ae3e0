#include "hub/rpc/adapter_service.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include "anqiao/exchange/v1/exchange.grpc.pb.h"
#include "hub/rpc/listener.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/hub/rpc/fault.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using ::testing::ElementsAre;
using testing::FakeEngine;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kOps[] = "anqiao://users/li?role=operator";
constexpr char kSupervisorUri[] = "anqiao://users/na?role=supervisor";
constexpr char kCaseworkerUri[] = "anqiao://users/wang?role=caseworker";

class AdapterServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                          .hub = {.address = "127.0.0.1:0"},
                                                          .insecure_loopback = true},
                                                         &engine_));
    adapters_ = hub::v1::AdapterService::NewStub(
        grpc::CreateChannel(listeners_->hub_address(), grpc::InsecureChannelCredentials()));
    exchange_ = exchange::v1::ExchangeService::NewStub(
        grpc::CreateChannel(listeners_->agency_address(), grpc::InsecureChannelCredentials()));
  }

  static void Prepare(grpc::ClientContext& context, const char* uri) {
    context.AddMetadata(kPrincipalMetadata, uri);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  }
  template <typename Method, typename Request, typename Response>
  std::string Call(Method method, const Request& request, Response* response,
                   const char* uri = kOps) {
    grpc::ClientContext context;
    Prepare(context, uri);
    return Fault(((*adapters_).*method)(&context, request, response));
  }
  std::string Load(const std::string& name, const std::string& library,
                   const std::string& samples = "", const char* uri = kOps) {
    hub::v1::LoadAdapterRequest request;
    request.set_name(name);
    request.set_library(library);
    request.set_samples(samples);
    hub::v1::Adapter response;
    return Call(&hub::v1::AdapterService::Stub::LoadAdapter, request, &response, uri);
  }
  std::string Shadow(int payloads, bool values, const char* uri,
                     hub::v1::ShadowAdapterResponse* response) {
    hub::v1::ShadowAdapterRequest request;
    request.set_name("adapters/police");
    request.set_payload_count(payloads);
    request.set_include_values(values);
    return Call(&hub::v1::AdapterService::Stub::ShadowAdapter, request, response, uri);
  }

  FakeEngine engine_;
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<hub::v1::AdapterService::Stub> adapters_;
  std::unique_ptr<exchange::v1::ExchangeService::Stub> exchange_;
};

TEST_F(AdapterServiceTest, ListsAndGets) {
  hub::v1::ListAdaptersResponse list;
  EXPECT_EQ(
      Call(&hub::v1::AdapterService::Stub::ListAdapters, hub::v1::ListAdaptersRequest(), &list),
      "OK");
  ASSERT_EQ(list.adapters_size(), 1);
  EXPECT_EQ(list.adapters(0).name(), "adapters/police");
  EXPECT_EQ(list.adapters(0).adapter(), "fake");
  EXPECT_EQ(list.adapters(0).state(), hub::v1::ADAPTER_STATE_LOADED);
  EXPECT_EQ(list.adapters(0).current().build(), "0123456789abcdef");
  EXPECT_EQ(list.adapters(0).current().formats_size(), 5);
  hub::v1::GetAdapterRequest get;
  get.set_name("adapters/nobody");
  hub::v1::Adapter adapter;
  EXPECT_THAT(Call(&hub::v1::AdapterService::Stub::GetAdapter, get, &adapter),
              HasSubstr("AGENCY_NOT_FOUND"));
}

TEST_F(AdapterServiceTest, LoadsFromCompletePathsAndRecordsWhoAsked) {
  EXPECT_EQ(Load("adapters/police", "/srv/a.so", "/srv/samples"), "OK");
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("load police /srv/a.so /srv/samples"));
  const auto accesses = engine_.TakeAccesses();
  ASSERT_EQ(accesses.size(), 1u);
  EXPECT_EQ(accesses[0].resource, "adapters/police");
  EXPECT_THAT(Load("adapters/police", "a.so"), HasSubstr("library"));
  EXPECT_THAT(Load("adapters/police", ""), HasSubstr("library"));
  EXPECT_THAT(Load("adapters/police", "/a.so", "samples"), HasSubstr("samples"));
  EXPECT_THAT(Load("police", "/a.so"), HasSubstr("name"));
  for (const char* other : {kSupervisorUri, kCaseworkerUri}) {
    EXPECT_THAT(Load("adapters/police", "/srv/a.so", "", other), HasSubstr("PERMISSION_DENIED"));
  }
  EXPECT_THAT(engine_.TakeNotes(), IsEmpty());
}

TEST_F(AdapterServiceTest, ReloadsDisablesAndEnables) {
  hub::v1::Adapter adapter;
  hub::v1::ReloadAdapterRequest reload;
  reload.set_name("adapters/police");
  reload.set_build("b2");
  EXPECT_EQ(Call(&hub::v1::AdapterService::Stub::ReloadAdapter, reload, &adapter), "OK");
  hub::v1::DisableAdapterRequest disable;
  disable.set_name("adapters/police");
  disable.set_reason("not a code");
  EXPECT_THAT(Call(&hub::v1::AdapterService::Stub::DisableAdapter, disable, &adapter),
              HasSubstr("reason"));
  disable.set_reason("MAPPING_WRONG");
  EXPECT_EQ(Call(&hub::v1::AdapterService::Stub::DisableAdapter, disable, &adapter), "OK");
  EXPECT_EQ(adapter.state(), hub::v1::ADAPTER_STATE_DISABLED);
  EXPECT_EQ(adapter.reason(), "MAPPING_WRONG");
  hub::v1::EnableAdapterRequest enable;
  enable.set_name("adapters/police");
  EXPECT_EQ(Call(&hub::v1::AdapterService::Stub::EnableAdapter, enable, &adapter), "OK");
  EXPECT_EQ(adapter.state(), hub::v1::ADAPTER_STATE_LOADED);
  EXPECT_THAT(engine_.TakeNotes(),
              ElementsAre("reload police b2 by li", "disable police MAPPING_WRONG by li",
                          "enable police  by li"));
}

TEST_F(AdapterServiceTest, ShowsValuesToSupervisorsOnly) {
  hub::v1::ShadowAdapterResponse response;
  EXPECT_EQ(Shadow(0, false, kOps, &response), "OK");
  ASSERT_EQ(response.records_size(), 1);
  EXPECT_EQ(response.records(0).payload(), "quarantinedPayloads/y1");
  EXPECT_EQ(response.cases(0).case_(), "cases/one");
  EXPECT_THAT(Shadow(0, true, kOps, &response), HasSubstr("PERMISSION_DENIED"));
  EXPECT_EQ(Shadow(7, true, kSupervisorUri, &response), "OK");
  EXPECT_THAT(Shadow(0, false, kCaseworkerUri, &response), HasSubstr("PERMISSION_DENIED"));
  EXPECT_THAT(Shadow(1001, false, kOps, &response), HasSubstr("payload_count"));
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("shadow police 100", "shadow police 7"));
}

TEST_F(AdapterServiceTest, StreamsCorrectionsInParts) {
  engine_.corrections =
      engine::CorrectionFile{"roster.corrections.csv", "text/csv", std::string((2 << 20) + 5, 'x')};
  exchange::v1::GetCorrectionsRequest request;
  request.set_request_id("one");
  request.set_language("en");
  grpc::ClientContext context;
  Prepare(context, "anqiao://agencies/police");
  auto stream = exchange_->GetCorrections(&context, request);
  exchange::v1::GetCorrectionsResponse part;
  std::size_t bytes = 0;
  int parts = 0;
  while (stream->Read(&part)) {
    EXPECT_EQ(part.file_name(), parts == 0 ? "roster.corrections.csv" : "");
    bytes += part.data().size();
    ++parts;
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(parts, 3);
  EXPECT_EQ(bytes, (2u << 20) + 5);
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("corrections police one en"));

  // The operator's way: recorded, and no agency's.
  hub::v1::ExportCorrectionsRequest exporting;
  exporting.set_name("quarantinedPayloads/y1");
  for (const char* uri : {kOps, kCaseworkerUri}) {
    grpc::ClientContext own;
    Prepare(own, uri);
    auto exported = adapters_->ExportCorrections(&own, exporting);
    hub::v1::ExportCorrectionsResponse first;
    EXPECT_EQ(exported->Read(&first), uri == kOps);
    own.TryCancel();
    exported->Finish();
  }
  EXPECT_THAT(engine_.TakeNotes(), ElementsAre("corrections y1 "));
}

TEST_F(AdapterServiceTest, CorrectionsThatAreNotKeptAreNotFound) {
  engine_.corrections =
      Error(absl::StatusCode::kNotFound, reason::kPayloadNotKept, "nothing is kept");
  exchange::v1::GetCorrectionsRequest request;
  for (const char* id : {"", "one"}) {
    request.set_request_id(id);
    grpc::ClientContext context;
    Prepare(context, "anqiao://agencies/police");
    auto stream = exchange_->GetCorrections(&context, request);
    exchange::v1::GetCorrectionsResponse part;
    EXPECT_FALSE(stream->Read(&part));
    EXPECT_THAT(Fault(stream->Finish()),
                HasSubstr(*id == '\0' ? "request_id" : "PAYLOAD_NOT_KEPT"));
  }
}

}  // namespace
}  // namespace anqiao::rpc
