#include "hub/rpc/listener.h"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "anqiao/exchange/v1/exchange.grpc.pb.h"
#include "anqiao/hub/v1/cases.grpc.pb.h"
#include "hub/base/errors.h"
#include "hub/rpc/authorizer.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using testing::Certificates;
using testing::FakeEngine;
using testing::Shell;
using testing::StatusIs;

class TlsListenerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    PrepareProcess();
    const TlsMaterial tls{certificates_.Pem("server.crt"), certificates_.Pem("server.key"),
                          certificates_.Pem("ca.crt")};
    AQ_ASSERT_OK_AND_ASSIGN(listeners_,
                            Listeners::Start({.agency = {.address = "127.0.0.1:0", .tls = tls},
                                              .hub = {.address = "127.0.0.1:0", .tls = tls}},
                                             &engine_));
  }
  std::shared_ptr<grpc::Channel> Connect(const std::string& address, const std::string& client) {
    return grpc::CreateChannel(address, grpc::SslCredentials({certificates_.Pem("ca.crt"),
                                                              certificates_.Pem(client + ".key"),
                                                              certificates_.Pem(client + ".crt")}));
  }
  // What the hub listener says to "client".
  grpc::Status GetCensus(const std::string& client) {
    auto stub = hub::v1::CaseService::NewStub(Connect(listeners_->hub_address(), client));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    hub::v1::Census census;
    return stub->GetCensus(&context, hub::v1::GetCensusRequest(), &census);
  }
  // What the agency listener says to "client".
  grpc::Status Submit(const std::string& client) {
    auto stub =
        exchange::v1::ExchangeService::NewStub(Connect(listeners_->agency_address(), client));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    auto stream = stub->Submit(&context);
    stream->WritesDone();
    return stream->Finish();
  }
  // Whether openssl's client ends up with "outcome".
  bool Handshake(const std::string& flags, const std::string& outcome) {
    return Shell(
        absl::StrCat("echo | timeout 10 openssl s_client -connect ", listeners_->agency_address(),
                     " -alpn h2 -CAfile ", certificates_.Path("ca.crt"), " -verify_return_error ",
                     flags, " -cert ", certificates_.Path("server.crt"), " -key ",
                     certificates_.Path("server.key"), " 2>&1 | grep -a -q '", outcome, "'"));
  }

  Certificates certificates_;
  FakeEngine engine_;
  std::unique_ptr<Listeners> listeners_;
};

TEST_F(TlsListenerTest, SpeaksOnlyTls13) {
  EXPECT_TRUE(Handshake("-tls1_3", "^New, TLSv1.3, Cipher is TLS_"));
  for (const char* flags : {"-tls1_2", "-tls1_2 -cipher ALL:@SECLEVEL=0", "-no_tls1_3"}) {
    EXPECT_TRUE(Handshake(flags, "^New, (NONE), Cipher is (NONE)")) << flags;
  }
}

TEST_F(TlsListenerTest, AdmitsByTheOneUriOfTheCertificateAlone) {
  using Code = grpc::StatusCode;
  const std::string user = "URI:anqiao://users/wang?role=caseworker";
  const std::string agency = "URI:anqiao://agencies/police";
  const struct {
    const char* name;
    std::string names;
    int days;
    Code hub, agency;
  } kCases[] = {
      {"user", user, 2, Code::OK, Code::PERMISSION_DENIED},
      {"agency", agency, 2, Code::PERMISSION_DENIED, Code::OK},
      {"user_and_dns", user + ",DNS:wang.example.org", 2, Code::OK, Code::PERMISSION_DENIED},
      {"no_uri", "DNS:localhost", 2, Code::UNAUTHENTICATED, Code::UNAUTHENTICATED},
      {"email", "email:a@example.org", 2, Code::UNAUTHENTICATED, Code::UNAUTHENTICATED},
      {"uri_as_dns", "DNS:anqiao", 2, Code::UNAUTHENTICATED, Code::UNAUTHENTICATED},
      {"two_users", user + "," + user, 2, Code::UNAUTHENTICATED, Code::UNAUTHENTICATED},
      {"user_and_agency", user + "," + agency, 2, Code::UNAUTHENTICATED, Code::UNAUTHENTICATED},
      {"unknown_agency", "URI:anqiao://agencies/other", 2, Code::PERMISSION_DENIED,
       Code::PERMISSION_DENIED},
      {"bad_agency", "URI:anqiao://agencies/Police", 2, Code::UNAUTHENTICATED,
       Code::UNAUTHENTICATED},
      {"bad_role", "URI:anqiao://users/wang?role=root", 2, Code::UNAUTHENTICATED,
       Code::UNAUTHENTICATED},
      {"no_role", "URI:anqiao://users/wang", 2, Code::UNAUTHENTICATED, Code::UNAUTHENTICATED},
      {"bad_jurisdiction", user + "&jurisdiction=all", 2, Code::UNAUTHENTICATED,
       Code::UNAUTHENTICATED},
      {"other_scheme", "URI:https://users/wang?role=caseworker", 2, Code::UNAUTHENTICATED,
       Code::UNAUTHENTICATED},
      {"expired", user, -1, Code::UNAVAILABLE, Code::UNAVAILABLE},
      {"expired_agency", agency, -1, Code::UNAVAILABLE, Code::UNAVAILABLE}};
  for (const auto& each : kCases) {
    certificates_.MakeClient(each.name, each.names, each.days);
    EXPECT_EQ(GetCensus(each.name).error_code(), each.hub) << each.name << " on the hub listener";
    EXPECT_EQ(Submit(each.name).error_code(), each.agency)
        << each.name << " on the agency listener";
  }
}

TEST_F(TlsListenerTest, RefusesCertificatesOfAnotherAuthority) {
  certificates_.MakeSelfSigned("self", "URI:anqiao://users/wang?role=caseworker");
  EXPECT_EQ(GetCensus("self").error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Submit("self").error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsListenerTest, RefusesClientsWithoutACertificateOrWithoutTls) {
  grpc::SslCredentialsOptions no_certificate;
  no_certificate.pem_root_certs = certificates_.Pem("ca.crt");
  for (const auto& credentials :
       {grpc::SslCredentials(no_certificate), grpc::InsecureChannelCredentials()}) {
    auto stub =
        hub::v1::CaseService::NewStub(grpc::CreateChannel(listeners_->hub_address(), credentials));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    hub::v1::Census census;
    EXPECT_EQ(stub->GetCensus(&context, hub::v1::GetCensusRequest(), &census).error_code(),
              grpc::StatusCode::UNAVAILABLE);
  }
}

TEST_F(TlsListenerTest, IgnoresIdentitiesInMetadata) {
  certificates_.MakeClient("none", "DNS:localhost");
  auto stub = hub::v1::CaseService::NewStub(Connect(listeners_->hub_address(), "none"));
  grpc::ClientContext context;
  context.AddMetadata(kPrincipalMetadata, "anqiao://users/wang?role=caseworker");
  hub::v1::Census census;
  EXPECT_EQ(stub->GetCensus(&context, hub::v1::GetCensusRequest(), &census).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST(ListenerTest, AMethodWithoutARuleDoesNotStart) {
  FakeEngine engine;
  ListenersOptions options{.agency = {.address = "127.0.0.1:0"},
                           .hub = {.address = "127.0.0.1:0"},
                           .insecure_loopback = true};
  options.rules.erase(options.rules.begin());
  const auto listeners = Listeners::Start(options, &engine);
  EXPECT_THAT(listeners, StatusIs(absl::StatusCode::kFailedPrecondition,
                                  ::testing::HasSubstr("no rule for /anqiao.exchange.v1")));
  EXPECT_EQ(ReasonOf(listeners.status()), reason::kConfigurationInvalid);
}

TEST(ListenerTest, SaysWhichListenerCannotStart) {
  FakeEngine engine;
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Listeners> first,
                          Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                            .hub = {.address = "127.0.0.1:0"},
                                            .insecure_loopback = true},
                                           &engine));
  EXPECT_THAT(
      Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                        .hub = {.address = first->hub_address()},
                        .insecure_loopback = true},
                       &engine),
      StatusIs(absl::StatusCode::kFailedPrecondition, ::testing::HasSubstr("hub_listener")));
}

TEST(ListenerTest, InsecureListenersAreLoopbackOnly) {
  for (const char* address : {"127.0.0.1:0", "127.1.2.3:80", "localhost:0", "[::1]:0"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address : {"0.0.0.0:0", "[::]:0", "192.0.2.1:1", "127.evil.example.org:1",
                              "127.0.0.1", "example.org:1"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
  FakeEngine engine;
  EXPECT_THAT(Listeners::Start({.agency = {.address = "0.0.0.0:0"},
                                .hub = {.address = "127.0.0.1:0"},
                                .insecure_loopback = true},
                               &engine),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

// Calls every method there is a rule for, without an identity and as one who may not.
TEST(ListenerTest, NoMethodAnswersStrangers) {
  FakeEngine engine;
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Listeners> listeners,
                          Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                            .hub = {.address = "127.0.0.1:0"},
                                            .insecure_loopback = true},
                                           &engine));
  for (const Rule& rule : DefaultRules()) {
    const bool agency = std::string(rule.method).find("exchange") != std::string::npos;
    grpc::GenericStub stub(
        grpc::CreateChannel(agency ? listeners->agency_address() : listeners->hub_address(),
                            grpc::InsecureChannelCredentials()));
    const grpc::Slice empty;
    const auto call = [&](const char* uri) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
      if (uri != nullptr) context.AddMetadata(kPrincipalMetadata, uri);
      grpc::CompletionQueue queue;
      auto stream = stub.PrepareCall(&context, rule.method, &queue);
      void* tag = nullptr;
      bool ok = false;
      stream->StartCall(&stream);
      queue.Next(&tag, &ok);
      stream->WriteLast(grpc::ByteBuffer(&empty, 1), grpc::WriteOptions(), &stream);
      queue.Next(&tag, &ok);
      grpc::Status status;
      stream->Finish(&status, &stream);
      queue.Next(&tag, &ok);
      return status.error_code();
    };
    EXPECT_EQ(call(nullptr), grpc::StatusCode::UNAUTHENTICATED) << rule.method;
    if ((rule.who & kAgency) == 0) {
      EXPECT_EQ(call("anqiao://agencies/police"), grpc::StatusCode::PERMISSION_DENIED)
          << rule.method;
    }
    if ((rule.who & kAuditor) == 0) {
      EXPECT_EQ(call("anqiao://users/a?role=auditor"), grpc::StatusCode::PERMISSION_DENIED)
          << rule.method;
    }
  }
}

}  // namespace
}  // namespace anqiao::rpc
