#include "hub/rpc/listener.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "anqiao/hub/v1/cases.grpc.pb.h"
#include "hub/rpc/authorizer.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::rpc {
namespace {

using testing::FakeEngine;
using testing::StatusIs;

std::string Slurp(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool Shell(const std::string& command) {
  return std::system(absl::StrCat("(", command, ") >/dev/null 2>&1").c_str()) == 0;
}

// A CA, a server certificate and client certificates with the URIs that a test asks for.
class Certificates {
 public:
  Certificates() {
    Make("ca", "", "basicConstraints=critical,CA:TRUE");
    Make("server", "ca", "subjectAltName=IP:127.0.0.1,DNS:localhost");
  }
  void MakeClient(const std::string& name, const std::string& alternative_names) {
    Make(name, "ca", absl::StrCat("subjectAltName=", alternative_names));
  }
  std::string Pem(const std::string& file) const { return Slurp(directory_.File(file)); }
  std::string Path(const std::string& file) const { return directory_.File(file); }

 private:
  void Make(const std::string& name, const std::string& ca, const std::string& extension) {
    const std::string cd = absl::StrCat("cd ", directory_.path(), " && ");
    const std::string request =
        absl::StrCat("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ",
                     name, ".key -subj /CN=", name);
    if (ca.empty()) {
      ASSERT_TRUE(Shell(absl::StrCat(cd, request, " -x509 -days 2 -out ", name, ".crt")));
      return;
    }
    std::ofstream(directory_.File("extension")) << extension << "\n";
    ASSERT_TRUE(Shell(absl::StrCat(cd, request, " -out request && openssl x509 -req -in request ",
                                   "-CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile ",
                                   "extension -out ", name, ".crt")));
  }
  testing::TempDir directory_;
};

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
  grpc::Status GetCensus(const std::string& client) {
    const auto credentials =
        grpc::SslCredentials({certificates_.Pem("ca.crt"), certificates_.Pem(client + ".key"),
                              certificates_.Pem(client + ".crt")});
    auto stub =
        hub::v1::CaseService::NewStub(grpc::CreateChannel(listeners_->hub_address(), credentials));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    hub::v1::Census census;
    return stub->GetCensus(&context, hub::v1::GetCensusRequest(), &census);
  }
  bool Handshake(const std::string& flags) {
    return Shell(absl::StrCat(
        "echo | timeout 10 openssl s_client -connect ", listeners_->agency_address(),
        " -alpn h2 -CAfile ", certificates_.Path("ca.crt"), " -verify_return_error ", flags,
        " -cert ", certificates_.Path("server.crt"), " -key ", certificates_.Path("server.key")));
  }

  Certificates certificates_;
  FakeEngine engine_;
  std::unique_ptr<Listeners> listeners_;
};

TEST_F(TlsListenerTest, SpeaksOnlyTls13) {
  EXPECT_TRUE(Handshake("-tls1_3"));
  EXPECT_FALSE(Handshake("-tls1_2"));
  EXPECT_FALSE(Handshake("-tls1_2 -cipher ALL:@SECLEVEL=0"));
}

TEST_F(TlsListenerTest, TakesTheOneUriOfTheCertificate) {
  certificates_.MakeClient("user", "URI:anqiao://users/wang?role=caseworker");
  EXPECT_EQ(GetCensus("user").error_code(), grpc::StatusCode::OK);
  certificates_.MakeClient(
      "two", "URI:anqiao://users/wang?role=caseworker,URI:anqiao://users/li?role=caseworker");
  EXPECT_EQ(GetCensus("two").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  certificates_.MakeClient("none", "DNS:localhost");
  EXPECT_EQ(GetCensus("none").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  certificates_.MakeClient("agency", "URI:anqiao://agencies/police");
  EXPECT_EQ(GetCensus("agency").error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(TlsListenerTest, RefusesCertificatesOfAnotherCa) {
  Certificates others;
  others.MakeClient("user", "URI:anqiao://users/wang?role=caseworker");
  const auto credentials = grpc::SslCredentials(
      {certificates_.Pem("ca.crt"), others.Pem("user.key"), others.Pem("user.crt")});
  auto stub =
      hub::v1::CaseService::NewStub(grpc::CreateChannel(listeners_->hub_address(), credentials));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  hub::v1::Census census;
  EXPECT_EQ(stub->GetCensus(&context, hub::v1::GetCensusRequest(), &census).error_code(),
            grpc::StatusCode::UNAVAILABLE);
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
      stream->WriteLast(grpc::ByteBuffer(), grpc::WriteOptions(), &stream);
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
