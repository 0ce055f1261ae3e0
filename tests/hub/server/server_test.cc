#include "hub/server/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "anqiao/exchange/v1/exchange.grpc.pb.h"
#include "anqiao/hub/v1/operations.grpc.pb.h"
#include "hub/base/errors.h"
#include "hub/store/master_key.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::server {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    config_.data_directory = directory_.File("data");
    config_.keys.ring = directory_.File("ring");
    config_.keys.master_key = directory_.File("master.key");
    EXPECT_TRUE(store::MasterKey::MakeFile(config_.keys.master_key).ok());
    config_.catalogue_directory = ANQIAO_POLICIES;
    config_.agency_listener.address = "127.0.0.1:0";
    config_.hub_listener.address = "127.0.0.1:0";
    AgencyConfig agency;
    agency.options.id = "police";
    agency.options.kind = "police";
    agency.options.formats = {"roster"};
    agency.library = ANQIAO_POLICE_LIBRARY;
    config_.agencies.push_back(agency);
  }
  absl::StatusOr<std::unique_ptr<Server>> Start() {
    return Server::Start(config_, {.insecure_loopback = true, .grace = absl::Seconds(5)});
  }
  static grpc::Status GetHubStatus(const Server& server) {
    auto stub = hub::v1::OperationsService::NewStub(
        grpc::CreateChannel(server.hub_address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.AddMetadata("x-anqiao-principal", "anqiao://users/li?role=operator");
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    hub::v1::HubStatus status;
    return stub->GetHubStatus(&context, hub::v1::GetHubStatusRequest(), &status);
  }

  testing::TempDir directory_;
  Config config_;
};

TEST_F(ServerTest, StartsOnFreePortsAnswersAndStops) {
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Server> server, Start());
  EXPECT_NE(server->agency_address(), "127.0.0.1:0");
  EXPECT_NE(server->agency_address(), server->hub_address());
  EXPECT_TRUE(GetHubStatus(*server).ok());
  server->Shutdown();
  server->Shutdown();
  EXPECT_EQ(GetHubStatus(*server).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ServerTest, StopsInTimeWithOpenStreams) {
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Server> server, Start());
  auto stub = exchange::v1::ExchangeService::NewStub(
      grpc::CreateChannel(server->agency_address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext receive_context, submit_context;
  for (grpc::ClientContext* context : {&receive_context, &submit_context}) {
    context->AddMetadata("x-anqiao-principal", "anqiao://agencies/police");
  }
  auto receive = stub->Receive(&receive_context);
  exchange::v1::ReceiveRequest open;
  open.mutable_open();
  ASSERT_TRUE(receive->Write(open));
  auto submit = stub->Submit(&submit_context);
  exchange::v1::SubmitRequest part;
  part.mutable_header()->set_format("none");
  part.set_data("x");
  part.set_last(true);
  ASSERT_TRUE(submit->Write(part));
  exchange::v1::SubmitResponse answer;
  ASSERT_TRUE(submit->Read(&answer));
  EXPECT_EQ(answer.summary().status().code(), grpc::StatusCode::NOT_FOUND);
  const absl::Time start = absl::Now();
  server->Shutdown();
  EXPECT_LT(absl::Now() - start, absl::Seconds(4));
  EXPECT_FALSE(submit->Read(&answer));
  EXPECT_EQ(submit->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  exchange::v1::ReceiveResponse delivery;
  EXPECT_FALSE(receive->Read(&delivery));
  EXPECT_EQ(receive->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ServerTest, StartsAgainOnWhatItLeft) {
  { AQ_ASSERT_OK(Start()); }
  AQ_ASSERT_OK(Start());
}

TEST_F(ServerTest, OneServerADataDirectory) {
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Server> server, Start());
  EXPECT_FALSE(Start().ok());
  EXPECT_TRUE(GetHubStatus(*server).ok());
}

TEST_F(ServerTest, InsecureListenersStayOnLoopback) {
  config_.hub_listener.address = "0.0.0.0:0";
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("hub_listener: an insecure listener")));
}

// What a GET of "path" gives, headers and all; empty if nobody listens.
std::string Get(const std::string& address, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  std::string text;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
    EXPECT_EQ(send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    char part[4096];
    for (ssize_t got; (got = recv(fd, part, sizeof part, 0)) > 0;) {
      text.append(part, static_cast<std::size_t>(got));
    }
  }
  close(fd);
  return text;
}

TEST_F(ServerTest, ServesMetricsIfAskedTo) {
  config_.metrics_address = "127.0.0.1:0";
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Server> server, Start());
  const std::string address = server->metrics_address();
  const std::string text = Get(address, "/metrics");
  for (const char* line : {"# TYPE anqiao_groups_total counter", "anqiao_group_entries_bucket{le=",
                           "anqiao_sync_seconds_count 0", "anqiao_projection_lag_entries 0",
                           "anqiao_queue_length 0", "anqiao_lag_waits_total 0"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  const std::string path = directory_.File("listeners.yaml");
  AQ_ASSERT_OK(WriteListenersFile(path, *server));
  std::ifstream file(path);
  const std::string written{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_THAT(written, HasSubstr("metrics: " + address + "\n"));
  config_.data_directory = directory_.File("other");
  config_.keys.ring = directory_.File("other_ring");
  config_.metrics_address = address;
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(address)));
  server->Shutdown();
  EXPECT_EQ(Get(address, "/metrics"), "");
}

TEST_F(ServerTest, StartsWithAnAgencyThatHasNoAdapterYet) {
  config_.agencies[0].library = "";
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Server> server, Start());
  EXPECT_TRUE(GetHubStatus(*server).ok());
}

TEST_F(ServerTest, TakesPayloadsOverHttp) {
  config_.metrics_address = "127.0.0.1:0";
  config_.http_push_listener.emplace().address = "127.0.0.1:0";
  config_.agencies[0].http_push = true;
  PollConfig& poll = config_.agencies[0].polls.emplace_back();
  poll.options.agency = "police";
  poll.options.format = "roster";
  // A port where nobody listens.
  AQ_ASSERT_OK_AND_ASSIGN(poll.options.url,
                          transport::PollUrl::Parse("http://127.0.0.1:1/roster", true));
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Server> server, Start());
  const std::string address = server->http_push_address();
  EXPECT_THAT(Get(address, "/v1/payloads/roster"), HasSubstr("401 Unauthorized"));
  std::string text;
  do {
    text = Get(server->metrics_address(), "/metrics");
  } while (text.find("outcome=\"failed\"} 1") == std::string::npos);
  for (const char* line :
       {"anqiao_http_push_accepted_total 1", "anqiao_http_push_lost_total{cause=\"request\"} 1",
        "anqiao_http_polls_total{agency=\"police\",format=\"roster\",poll=\"police-roster-",
        "anqiao_transport_payloads_total{agency=\"police\",transport=\"http_poll\",outcome="
        "\"taken\"} 0"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  const std::string path = directory_.File("listeners.yaml");
  AQ_ASSERT_OK(WriteListenersFile(path, *server));
  std::ifstream file(path);
  const std::string written{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_THAT(written, HasSubstr("http_push_listener: " + address + "\n"));
  server->Shutdown();
  EXPECT_EQ(Get(address, "/"), "");
}

TEST_F(ServerTest, SaysWhatItCannotUse) {
  config_.agencies[0].library = directory_.File("none.so");
  const auto no_adapter = Start();
  EXPECT_EQ(ReasonOf(no_adapter.status()), reason::kAdapterUnusable);
  config_.agencies.clear();
  config_.catalogue_directory = directory_.File("none");
  EXPECT_FALSE(Start().ok());
  config_.catalogue_directory = ANQIAO_POLICIES;
  config_.data_directory = directory_.File("taken");
  std::ofstream(config_.data_directory) << "a file";
  EXPECT_THAT(Start(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("data_directory")));
}

TEST_F(ServerTest, ReadsTheProviderDirectory) {
  const std::string shipped = absl::StrCat(ANQIAO_POLICIES, "/directory/example.yaml");
  config_.provider_directory = shipped;
  AQ_EXPECT_OK(Start().status());
  std::ifstream file(shipped);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  config_.provider_directory = directory_.File("providers.yaml");
  std::ofstream(config_.provider_directory)
      << absl::StrReplaceAll(text, {{"class: SECURITY_GUARD", "class: SECURITY_GARD"}});
  EXPECT_THAT(Start(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("SECURITY_GARD is no class")));
  std::ofstream(config_.provider_directory) << "directory: x\n";
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("missing key")));
}

TEST_F(ServerTest, WritesTheListenersFileWhole) {
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Server> server, Start());
  const std::string path = directory_.File("listeners.yaml");
  AQ_ASSERT_OK(WriteListenersFile(path, *server));
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_EQ(text, absl::StrCat("agency_listener: ", server->agency_address(),
                               "\nhub_listener: ", server->hub_address(), "\n"));
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  EXPECT_THAT(WriteListenersFile(directory_.File("none/listeners.yaml"), *server),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace anqiao::server
