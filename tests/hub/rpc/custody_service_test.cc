#include "hub/rpc/custody_service.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <functional>

#include "anqiao/exchange/v1/exchange.grpc.pb.h"
#include "hub/rpc/listener.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/hub/rpc/fault.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using hub::v1::CustodyService;
using ::testing::ElementsAre;
using testing::FakeEngine;

constexpr char kUuid[] = "8a7e5c3e-0d3c-4c5a-9a52-1f6a3f3f0a11";
constexpr char kSupervisorUri[] = "anqiao://users/wang?role=supervisor&jurisdiction=421202";
constexpr char kOperatorUri[] = "anqiao://users/li?role=operator";
constexpr char kAuditorUri[] = "anqiao://users/zhao?role=auditor";
constexpr char kPoliceUri[] = "anqiao://agencies/police";

class CustodyServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                          .hub = {.address = "127.0.0.1:0"},
                                                          .insecure_loopback = true},
                                                         &engine_));
    stub_ = CustodyService::NewStub(
        grpc::CreateChannel(listeners_->hub_address(), grpc::InsecureChannelCredentials()));
    exchange_ = exchange::v1::ExchangeService::NewStub(
        grpc::CreateChannel(listeners_->agency_address(), grpc::InsecureChannelCredentials()));
  }

  static void SetUpContext(grpc::ClientContext& context, const char* uri) {
    context.AddMetadata(kPrincipalMetadata, uri);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  }
  template <typename Stub, typename Method, typename Request, typename Response>
  static std::string Call(Stub& stub, Method method, const Request& request, Response* response,
                          const char* uri) {
    grpc::ClientContext context;
    SetUpContext(context, uri);
    return Fault((stub.*method)(&context, request, response));
  }

  std::string Erase(const std::function<void(hub::v1::ErasePersonRequest&)>& change,
                    hub::v1::ErasePersonResponse* response, const char* uri = kSupervisorUri) {
    hub::v1::ErasePersonRequest request;
    request.set_request_id(kUuid);
    request.set_case_("cases/one");
    request.set_reason("PURPOSE_FULFILLED");
    request.set_basis_reference("article 47");
    change(request);
    return Call(*stub_, &CustodyService::Stub::ErasePerson, request, response, uri);
  }
  std::string Erase(const std::function<void(hub::v1::ErasePersonRequest&)>& change) {
    hub::v1::ErasePersonResponse response;
    return Erase(change, &response);
  }
  std::string Purge(const std::function<void(hub::v1::PurgeDataRequest&)>& change,
                    hub::v1::PurgeDataResponse* response, const char* uri = kOperatorUri) {
    hub::v1::PurgeDataRequest request;
    request.set_request_id(kUuid);
    request.set_retention_class(hub::v1::RETENTION_CLASS_ACCESS_LOG);
    request.mutable_before_time()->set_seconds(1'700'000'000);
    request.mutable_before_time()->set_nanos(5000);
    change(request);
    return Call(*stub_, &CustodyService::Stub::PurgeData, request, response, uri);
  }
  std::string Purge(const std::function<void(hub::v1::PurgeDataRequest&)>& change) {
    hub::v1::PurgeDataResponse response;
    return Purge(change, &response);
  }
  std::string BackUp(const std::string& directory, hub::v1::BackUpHubResponse* response,
                     const char* uri = kOperatorUri) {
    hub::v1::BackUpHubRequest request;
    request.set_directory(directory);
    return Call(*stub_, &CustodyService::Stub::BackUpHub, request, response, uri);
  }
  std::string Rotate(const std::string& file, const char* uri = kOperatorUri) {
    hub::v1::RotateMasterKeyRequest request;
    request.set_master_key_file(file);
    hub::v1::RotateMasterKeyResponse response;
    return Call(*stub_, &CustodyService::Stub::RotateMasterKey, request, &response, uri);
  }
  std::string TreeHead(const std::string& log, std::uint64_t since,
                       hub::v1::GetTreeHeadResponse* response, const char* uri = kAuditorUri) {
    hub::v1::GetTreeHeadRequest request;
    request.set_log(log);
    request.set_since_size(since);
    return Call(*stub_, &CustodyService::Stub::GetTreeHead, request, response, uri);
  }
  std::string LogHead(std::uint64_t since, exchange::v1::GetLogHeadResponse* response,
                      const char* uri = kPoliceUri) {
    exchange::v1::GetLogHeadRequest request;
    request.set_since_size(since);
    return Call(*exchange_, &exchange::v1::ExchangeService::Stub::GetLogHead, request, response,
                uri);
  }
  std::string Proof(const std::string& format, const std::string& key,
                    exchange::v1::RecordProof* response, const char* uri = kPoliceUri) {
    exchange::v1::GetRecordProofRequest request;
    request.set_format(format);
    request.set_record_key(key);
    return Call(*exchange_, &exchange::v1::ExchangeService::Stub::GetRecordProof, request, response,
                uri);
  }
  // Reads what a rebuild says, then how it ended.
  std::string Rebuild(std::vector<hub::v1::RebuildProjectionsResponse>* responses,
                      const char* uri = kOperatorUri) {
    grpc::ClientContext context;
    SetUpContext(context, uri);
    auto reader = stub_->RebuildProjections(&context, hub::v1::RebuildProjectionsRequest());
    hub::v1::RebuildProjectionsResponse response;
    while (reader->Read(&response)) responses->push_back(response);
    return Fault(reader->Finish());
  }

  FakeEngine engine_;
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<CustodyService::Stub> stub_;
  std::unique_ptr<exchange::v1::ExchangeService::Stub> exchange_;
};

TEST_F(CustodyServiceTest, ErasesAndCertifiesButARepeatHasNoCertificate) {
  hub::v1::ErasePersonResponse response;
  ASSERT_EQ(Erase([](auto&) {}, &response), "OK");
  EXPECT_EQ(response.record_count(), 4);
  EXPECT_EQ(response.referral_count(), 2);
  EXPECT_EQ(response.payload_count(), 1);
  EXPECT_EQ(response.key_count(), 8);
  EXPECT_EQ(response.certificate().head().log(), "hub");
  EXPECT_EQ(response.certificate().inclusion().index(), 4u);
  EXPECT_EQ(response.certificate().public_key(), "key");
  {
    absl::MutexLock lock(&engine_.mu);
    EXPECT_EQ(engine_.jurisdiction, "421202");
  }
  ASSERT_EQ(Erase([](auto&) {}, &response), "OK");
  EXPECT_EQ(response.record_count(), 4);
  EXPECT_FALSE(response.has_certificate());
}

TEST_F(CustodyServiceTest, ErasesWithoutACertificateWhereNoLogsAreKept) {
  engine_.keeps_logs = false;
  hub::v1::ErasePersonResponse response;
  ASSERT_EQ(Erase([](auto&) {}, &response), "OK");
  EXPECT_FALSE(response.has_certificate());
}

TEST_F(CustodyServiceTest, ChecksWhatErases) {
  EXPECT_EQ(Erase([](auto& r) { r.set_request_id("x"); }), "INVALID_FIELD request_id");
  EXPECT_EQ(Erase([](auto& r) { r.set_case_("one"); }), "INVALID_FIELD case");
  EXPECT_EQ(Erase([](auto& r) { r.set_case_("cases/two"); }), "CASE_NOT_FOUND");
  EXPECT_EQ(Erase([](auto& r) { r.clear_reason(); }), "INVALID_FIELD reason");
  EXPECT_EQ(Erase([](auto& r) { r.set_reason("because"); }), "INVALID_FIELD reason");
  EXPECT_EQ(Erase([](auto& r) { r.clear_basis_reference(); }), "INVALID_FIELD basis_reference");
  EXPECT_EQ(Erase([](auto& r) { r.set_basis_reference(std::string(501, 'x')); }),
            "INVALID_FIELD basis_reference");
}

TEST_F(CustodyServiceTest, PurgesAClassUpToAnInstant) {
  hub::v1::PurgeDataResponse response;
  ASSERT_EQ(Purge([](auto&) {}, &response), "OK");
  EXPECT_EQ(response.payload_count(), 1);
  EXPECT_EQ(response.key_count(), 2);
  EXPECT_EQ(response.certificate().inclusion().index(), 5u);
  absl::MutexLock lock(&engine_.mu);
  EXPECT_EQ(engine_.purge.retention_class, journal::v1::RETENTION_CLASS_ACCESS_LOG);
  EXPECT_EQ(engine_.purge.before, absl::FromUnixMicros(1'700'000'000'000'005));
}

TEST_F(CustodyServiceTest, ChecksWhatPurges) {
  EXPECT_EQ(Purge([](auto& r) { r.set_retention_class(hub::v1::RETENTION_CLASS_PAYLOADS); }), "OK");
  EXPECT_EQ(Purge([](auto& r) { r.clear_request_id(); }), "INVALID_FIELD request_id");
  EXPECT_EQ(Purge([](auto& r) { r.clear_retention_class(); }), "INVALID_FIELD retention_class");
  EXPECT_EQ(Purge([](auto& r) { r.set_retention_class(static_cast<hub::v1::RetentionClass>(9)); }),
            "INVALID_FIELD retention_class");
  EXPECT_EQ(Purge([](auto& r) { r.clear_before_time(); }), "INVALID_FIELD before_time");
  EXPECT_EQ(Purge([](auto& r) { r.mutable_before_time()->set_seconds(-1); }),
            "INVALID_FIELD before_time");
  EXPECT_EQ(Purge([](auto& r) { r.mutable_before_time()->set_seconds(253'402'300'800); }),
            "INVALID_FIELD before_time");
  EXPECT_EQ(Purge([](auto& r) { r.mutable_before_time()->set_nanos(1'000'000'000); }),
            "INVALID_FIELD before_time");
}

TEST_F(CustodyServiceTest, RebuildsWithProgressAndSaysWhenItIsDone) {
  std::vector<hub::v1::RebuildProjectionsResponse> responses;
  ASSERT_EQ(Rebuild(&responses), "OK");
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_EQ(responses[0].entry_count(), 4);
  EXPECT_EQ(responses[0].total_entry_count(), 9);
  EXPECT_FALSE(responses[0].done());
  EXPECT_EQ(responses[1].entry_count(), 9);
  EXPECT_TRUE(responses[1].done());
  responses.clear();
  engine_.rebuild_fails = true;
  EXPECT_EQ(Rebuild(&responses), "OVERLOADED");
  EXPECT_TRUE(responses.empty());
}

TEST_F(CustodyServiceTest, AStoppedServiceGivesARebuildUp) {
  const Authorizer authorizer(DefaultRules());
  const Gate gate(&engine_, &authorizer, true);
  CustodyServiceImpl service(&engine_, &gate);
  service.Stop();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  stub_ = CustodyService::NewStub(
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
  std::vector<hub::v1::RebuildProjectionsResponse> responses;
  EXPECT_EQ(Rebuild(&responses), "SHUTTING_DOWN");
  EXPECT_TRUE(responses.empty());
  server->Shutdown();
}

TEST_F(CustodyServiceTest, BacksUpWithTheHeadFromBefore) {
  hub::v1::BackUpHubResponse response;
  ASSERT_EQ(BackUp("/backups/one", &response), "OK");
  EXPECT_EQ(response.entry_count(), 8);
  EXPECT_EQ(response.head().size(), 8u);
  const grpc::Status status = [&] {
    grpc::ClientContext context;
    SetUpContext(context, kOperatorUri);
    hub::v1::BackUpHubRequest request;
    request.set_directory("/there");
    return stub_->BackUpHub(&context, request, &response);
  }();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  engine_.keeps_logs = false;
  ASSERT_EQ(BackUp("/backups/two", &response), "OK");
  EXPECT_EQ(response.entry_count(), 9);
  EXPECT_FALSE(response.has_head());
  EXPECT_EQ(BackUp("", &response), "INVALID_FIELD directory");
  EXPECT_EQ(BackUp("backups/one", &response), "INVALID_FIELD directory");
  EXPECT_EQ(BackUp("/" + std::string(4095, 'x'), &response), "INVALID_FIELD directory");
  EXPECT_EQ(BackUp(std::string("/a\0b", 4), &response), "INVALID_FIELD directory");
  absl::MutexLock lock(&engine_.mu);
  EXPECT_THAT(engine_.paths, ElementsAre("/backups/one", "/there", "/backups/two"));
}

TEST_F(CustodyServiceTest, RotatesToAKeyInAFile) {
  EXPECT_EQ(Rotate("/etc/anqiao/next.key"), "OK");
  EXPECT_EQ(Rotate("next.key"), "INVALID_FIELD master_key_file");
  EXPECT_EQ(Rotate(""), "INVALID_FIELD master_key_file");
  const auto accesses = engine_.TakeAccesses();
  ASSERT_EQ(accesses.size(), 1u);
  EXPECT_EQ(accesses[0].principal, "li");
  EXPECT_EQ(accesses[0].resource, "hub");
}

TEST_F(CustodyServiceTest, GivesAnAuditorTheHeadOfALog) {
  hub::v1::GetTreeHeadResponse response;
  ASSERT_EQ(TreeHead("hub", 0, &response), "OK");
  EXPECT_EQ(response.head().size(), 8u);
  EXPECT_EQ(response.public_key(), "key");
  EXPECT_FALSE(response.has_growth());
  ASSERT_EQ(TreeHead("agencies/police", 3, &response, kOperatorUri), "OK");
  EXPECT_EQ(response.growth().old_size(), 3u);
  EXPECT_EQ(TreeHead("hub", 9, &response), "INVALID_FIELD since_size");
  EXPECT_EQ(TreeHead("agencies/tax", 0, &response), "LOG_NOT_FOUND");
  for (const char* log : {"", "Hub", "agencies/", "agencies/a/b", "cases/one"}) {
    EXPECT_EQ(TreeHead(log, 0, &response), "INVALID_FIELD log") << log;
  }
}

TEST_F(CustodyServiceTest, EachMethodIsOpenToItsRoleAlone) {
  hub::v1::ErasePersonResponse erased;
  hub::v1::PurgeDataResponse purged;
  hub::v1::BackUpHubResponse backup;
  hub::v1::GetTreeHeadResponse head;
  std::vector<hub::v1::RebuildProjectionsResponse> responses;
  EXPECT_EQ(Erase([](auto&) {}, &erased, kOperatorUri), "PERMISSION_DENIED");
  EXPECT_EQ(Purge([](auto&) {}, &purged, kSupervisorUri), "PERMISSION_DENIED");
  EXPECT_EQ(BackUp("/backup", &backup, kAuditorUri), "PERMISSION_DENIED");
  EXPECT_EQ(Rotate("/key", kSupervisorUri), "PERMISSION_DENIED");
  EXPECT_EQ(Rebuild(&responses, kAuditorUri), "PERMISSION_DENIED");
  EXPECT_EQ(TreeHead("hub", 0, &head, kSupervisorUri), "PERMISSION_DENIED");
  EXPECT_EQ(engine_.TakeAccesses().size(), 6u);
}

TEST_F(CustodyServiceTest, AnAgencySeesItsOwnLogAndNoOther) {
  exchange::v1::GetLogHeadResponse response;
  ASSERT_EQ(LogHead(5, &response), "OK");
  EXPECT_EQ(response.head().log(), "agencies/police");
  EXPECT_EQ(response.growth().old_size(), 5u);
  EXPECT_EQ(LogHead(9, &response), "INVALID_FIELD since_size");
  EXPECT_EQ(LogHead(0, &response, kOperatorUri), "PERMISSION_DENIED");
  engine_.keeps_logs = false;
  EXPECT_EQ(LogHead(0, &response), "LOG_NOT_FOUND");
}

TEST_F(CustodyServiceTest, AnAgencyIsShownItsOwnRecord) {
  exchange::v1::RecordProof proof;
  ASSERT_EQ(Proof("roster", "42", &proof), "OK");
  EXPECT_EQ(proof.content(), "content");
  EXPECT_EQ(Proof("roster", "erased", &proof), "ERASED");
  EXPECT_EQ(Proof("", "42", &proof), "INVALID_FIELD format");
  EXPECT_EQ(Proof(std::string(64, 'x'), "42", &proof), "INVALID_FIELD format");
  EXPECT_EQ(Proof("roster", "", &proof), "INVALID_FIELD record_key");
  EXPECT_EQ(Proof("roster", std::string(201, 'x'), &proof), "INVALID_FIELD record_key");
  EXPECT_EQ(Proof("roster", "42", &proof, kSupervisorUri), "PERMISSION_DENIED");
}

TEST_F(CustodyServiceTest, AProofInTheHubsLogDoesNotLeave) {
  exchange::v1::RecordProof proof;
  EXPECT_EQ(Proof("roster", "astray", &proof), "INTERNAL");
  EXPECT_EQ(proof.content(), "");
}

}  // namespace
}  // namespace anqiao::rpc
