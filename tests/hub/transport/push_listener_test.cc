#include "hub/transport/push_listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "hub/transport/connection.h"
#include "tests/hub/transport/transport_fixture.h"

namespace anqiao::transport {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::StatusIs;

class PushListenerTest : public TransportFixture {
 protected:
  void SetUp() override {
    Open();
    push_.address = "127.0.0.1:0";
    push_.identity = Identity("server");
    push_.agencies = {"police"};
    push_.connections_max = 4;
  }
  void TearDown() override {
    listener_.reset();
    EngineFixture::TearDown();
  }
  void Start() {
    listener_.reset();
    AQ_ASSERT_OK_AND_ASSIGN(listener_,
                            PushListener::Start(push_, engine_.get(), &system_clock_, nullptr));
  }
  // A socket that is connected to the listener.
  int Connect() const {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int port = 0;
    const std::string& address = listener_->address();
    EXPECT_TRUE(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    EXPECT_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
  }
  // After its handshake; null: that failed.
  std::unique_ptr<Connection> Dial(const std::string& client = "police") {
    const auto tls = TlsContext::ForClient(Identity(client));
    EXPECT_TRUE(tls.ok()) << tls.status();
    auto connection = std::make_unique<Connection>(
        &system_clock_, Connect(),
        push_.insecure ? nullptr : (*tls)->NewClientSession("127.0.0.1"));
    connection->EndHead();
    connection->SetDeadline(absl::Seconds(60));
    return connection->Handshake(false).ok() ? std::move(connection) : nullptr;
  }
  static void Write(Connection& connection, absl::string_view text) {
    while (!text.empty()) {
      const ssize_t put = connection.write(text.data(), text.size());
      if (put <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  // Everything that is answered; empty if nothing is.
  static std::string ReadAll(Connection& connection) {
    std::string text;
    char piece[4096];
    for (ssize_t got; (got = connection.read(piece, sizeof piece)) > 0;) {
      text.append(piece, static_cast<std::size_t>(got));
    }
    return text;
  }
  std::string Ask(const std::string& request, const std::string& client = "police") {
    const std::unique_ptr<Connection> connection = Dial(client);
    if (connection == nullptr) return "";
    Write(*connection, request);
    return ReadAll(*connection);
  }
  static std::string Post(const std::string& body, const std::string& more = "",
                          const std::string& format = "changes") {
    return absl::StrCat("POST /v1/payloads/", format,
                        " HTTP/1.1\r\nHost: hub\r\nContent-Length: ", body.size(), "\r\n", more,
                        "\r\n", body);
  }

  PushOptions push_;
  std::unique_ptr<PushListener> listener_;
};

TEST_F(PushListenerTest, TakesAPayloadAndAnswersWithItsReceipts) {
  Start();
  const std::string answer = Ask(Post(
      Row(1) + "BAD\n", "Idempotency-Key: \"push-1\"\r\nX-Anqiao-File-Name: %E6%A3%80.txt\r\n"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  for (const char* part :
       {"Content-Type: application/json", "\"request_id\": \"push-1\"", "\"accepted_count\": \"1\"",
        "\"held_count\": \"1\"", "\"record_key\": \"P1\"", "ROW_CUT_OFF"}) {
    EXPECT_THAT(answer, HasSubstr(part));
  }
  EXPECT_EQ(LiveRecords(), 1);
  EXPECT_EQ(listener_->Counts().payloads.at("police").taken, 1);
}

TEST_F(PushListenerTest, TheSameIdIsAnsweredAsBeforeAndWithOtherContentRefused) {
  Start();
  Ask(Post(Row(1), "Idempotency-Key: one\r\n"));
  const store::Sequence before = engine_->Counts().synced;
  EXPECT_THAT(Ask(Post(Row(1), "Idempotency-Key: one\r\n")),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("\"repeated\": true")));
  EXPECT_THAT(Ask(Post(Row(2), "Idempotency-Key: one\r\n")),
              AllOf(StartsWith("HTTP/1.1 409"), HasSubstr("REQUEST_ID_CONFLICT")));
  EXPECT_EQ(engine_->Counts().synced, before);
  EXPECT_EQ(LiveRecords(), 1);
}

TEST_F(PushListenerTest, TakesChunksAndAnswersWhoAsksFirst) {
  Start();
  const std::string row = Row(1);
  EXPECT_THAT(
      Ask(absl::StrCat("POST /v1/payloads/changes HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                       absl::Hex(5), "\r\n", row.substr(0, 5), "\r\n", absl::Hex(row.size() - 5),
                       "\r\n", row.substr(5), "\r\n0\r\n\r\n")),
      AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("\"accepted_count\": \"1\"")));
  EXPECT_THAT(Ask(Post(row, "Expect: 100-continue\r\n")),
              AllOf(StartsWith("HTTP/1.1 100"), HasSubstr("HTTP/1.1 200 OK")));
  EXPECT_THAT(Ask(Post(row, "Expect: 100-continue\r\n"), "employment"),
              AllOf(StartsWith("HTTP/1.1 403"), Not(HasSubstr("100 Continue"))));
}

TEST_F(PushListenerTest, WhatCannotBeUsedSaysSoInCodeAndBody) {
  Start();
  EXPECT_THAT(Ask(Post("BROKEN\n")),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("PAYLOAD_UNDECODABLE")));
  EXPECT_THAT(Ask(Post("")), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("PAYLOAD_EMPTY")));
  EXPECT_THAT(Ask(Post(Row(1), "", "nosuch")),
              AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("FORMAT_NOT_REGISTERED")));
  EXPECT_THAT(Ask(Post(std::string(4001, 'x'))),
              AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("PAYLOAD_TOO_LARGE")));
  // Larger than it says it is, and than it may be.
  const std::string chunk = absl::StrCat(absl::Hex(3000), "\r\n", std::string(3000, 'x'), "\r\n");
  EXPECT_THAT(Ask("POST /v1/payloads/changes HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" +
                  chunk + chunk + "0\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("PAYLOAD_TOO_LARGE")));
  EXPECT_EQ(LiveRecords(), 0);
}

TEST_F(PushListenerTest, RequestsThatAreNonePayloadGetAStatus) {
  Start();
  const std::pair<std::string, std::string> wrong[] = {
      {"GET /v1/payloads/changes HTTP/1.1\r\n\r\n", "HTTP/1.1 405"},
      {Post("x", "", ""), "HTTP/1.1 404"},
      {Post("x", "", "a/b"), "HTTP/1.1 404"},
      {"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 404"},
      {"POST /v1/payloads/changes HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
      {Post("x", "Content-Length: 2\r\n"), "HTTP/1.1 400"},
      {Post("x", "Content-Encoding: gzip\r\n"), "HTTP/1.1 400"},
      {Post("x", "X-Anqiao-Extract-Time: yesterday\r\n"), "HTTP/1.1 400"},
      {Post("x", "X-Anqiao-File-Name: %zz\r\n"), "HTTP/1.1 400"},
      {Post("x", "Idempotency-Key: a\r\nIdempotency-Key: b\r\n"), "HTTP/1.1 400"},
      {"what is this\r\n\r\n", "HTTP/1.1 400"},
      {"GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400"}};
  for (const auto& [request, code] : wrong) {
    EXPECT_THAT(Ask(request),
                AllOf(StartsWith(code), HasSubstr("\"code\":"), HasSubstr("INVALID_FIELD")))
        << request;
  }
  EXPECT_EQ(listener_->Counts().requests_refused, 12);
  EXPECT_EQ(engine_->Counts().queued, 0);
}

TEST_F(PushListenerTest, TheCallerIsWhoTheCertificateSays) {
  Start();
  EXPECT_THAT(Ask(Post(Row(1)), "employment"),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("http_push is not on")));
  EXPECT_THAT(Ask(Post(Row(1)), "user"),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("PERMISSION_DENIED")));
  EXPECT_THAT(Ask(Post(Row(1)), "stranger"),
              AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("AGENCY_NOT_FOUND")));
  EXPECT_THAT(Ask(Post(Row(1)), "two"),
              AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("UNAUTHENTICATED")));
  EXPECT_THAT(Ask(Post(Row(1)), "server"), StartsWith("HTTP/1.1 401"));
  // A header is nobody's identity here.
  EXPECT_THAT(Ask(Post(Row(1), "x-anqiao-principal: anqiao://agencies/police\r\n"), "employment"),
              StartsWith("HTTP/1.1 403"));
  // With TLS 1.3 a client learns of its certificate's refusal when it reads.
  EXPECT_EQ(Ask(Post(Row(1)), "forged"), "");
  EXPECT_EQ(Ask(Post(Row(1)), ""), "");
  EXPECT_EQ(LiveRecords(), 0);
}

TEST_F(PushListenerTest, WithoutTlsAHeaderSaysWhoCalls) {
  push_.insecure = true;
  Start();
  EXPECT_THAT(Ask(Post(Row(1), "x-anqiao-principal: anqiao://agencies/police\r\n")),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Ask(Post(Row(1))), StartsWith("HTTP/1.1 401"));
  push_.address = "0.0.0.0:0";
  EXPECT_THAT(PushListener::Start(push_, engine_.get(), &system_clock_, nullptr),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("loopback")));
}

TEST_F(PushListenerTest, ABodyThatBreaksOffWasNeverAPayload) {
  Start();
  const std::string whole = Post(Row(1) + Row(2), "Idempotency-Key: one\r\n");
  for (const std::size_t size : {whole.size() - 1, whole.size() - Row(2).size(), std::size_t{20}}) {
    const std::unique_ptr<Connection> connection = Dial();
    ASSERT_NE(connection, nullptr);
    Write(*connection, whole.substr(0, size));
    connection->Finish(absl::Seconds(10));
  }
  EXPECT_EQ(LiveRecords(), 0);
  // Its id is not used up.
  EXPECT_THAT(Ask(whole), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("\"repeated\": false")));
  EXPECT_EQ(LiveRecords(), 2);
}

TEST_F(PushListenerTest, HeadsHaveABound) {
  Start();
  EXPECT_THAT(Ask("GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n\r\n"),
              Not(HasSubstr("200 OK")));
  EXPECT_THAT(Ask(Post("x", "A: " + std::string(100'000, 'x') + "\r\n")),
              StartsWith("HTTP/1.1 400"));
  std::string headers;
  for (int i = 0; i < 2000; ++i) absl::StrAppend(&headers, "A", i, ": value\r\n");
  EXPECT_THAT(Ask(Post("x", headers)), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Ask(Post(Row(1))), StartsWith("HTTP/1.1 200"));
}

TEST_F(PushListenerTest, SlowConnectionsEnd) {
  push_.handshake_max = absl::Milliseconds(200);
  push_.head_max = absl::Milliseconds(200);
  push_.transfer_slack = absl::Milliseconds(200);
  Start();
  // Before the handshake, in the head, in the body: each ends by the hub's doing.
  const int fd = Connect();
  pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&waited, 1, 60'000), 1);
  close(fd);
  for (const std::size_t size : {std::size_t{10}, Post(Row(1)).size() - 5}) {
    const std::unique_ptr<Connection> connection = Dial();
    ASSERT_NE(connection, nullptr);
    Write(*connection, Post(Row(1)).substr(0, size));
    EXPECT_THAT(ReadAll(*connection), Not(HasSubstr("200 OK")));
  }
  EXPECT_EQ(LiveRecords(), 0);
}

TEST_F(PushListenerTest, SilentStrangersKeepNobodyOut) {
  push_.opening_min = absl::Milliseconds(20);
  Start();
  std::vector<int> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(Connect());
  EXPECT_THAT(Ask(Post(Row(1))), StartsWith("HTTP/1.1 200"));
  EXPECT_GT(listener_->Counts().evicted, 0);
  for (const int fd : silent) close(fd);
}

TEST_F(PushListenerTest, AnAgencyHasItsShareOfConnections) {
  push_.connections_per_agency_max = 1;
  Start();
  const std::unique_ptr<Connection> first = Dial();
  ASSERT_NE(first, nullptr);
  const std::string whole = Post(Row(1));
  Write(*first, Post(Row(1), "Expect: 100-continue\r\n").substr(0, whole.size()));
  char byte = 0;
  ASSERT_EQ(first->read(&byte, 1), 1);  // It was told to go on, and so has its share.
  std::string second;
  // Its share is taken just after it was told.
  for (int i = 0; i < 1000 && !absl::StartsWith(second, "HTTP/1.1 429"); ++i)
    second = Ask(Post(Row(2)));
  EXPECT_THAT(second, AllOf(HasSubstr("OVERLOADED"), HasSubstr("Retry-After: 2\r\n")));
}

TEST_F(PushListenerTest, RunningOutOfDescriptorsIsWaitedOut) {
  Start();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int fd = Connect();  // Of the client's side; accepted.
  std::vector<int> taken;
  rlimit low = before;
  low.rlim_cur = static_cast<rlim_t>(fd) + 40;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  const int waiting = Connect();
  while (listener_->Counts().accepted < 2) std::this_thread::yield();
  for (int null = 0; (null = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken.push_back(null);
  close(taken.back());
  taken.pop_back();
  const int refused = Connect();  // Takes the last one: the listener has none for it.
  while (listener_->Counts().accept_errors == 0) std::this_thread::yield();
  for (const int null : taken) close(null);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(Ask(Post(Row(1))), StartsWith("HTTP/1.1 200"));
  for (const int client : {fd, waiting, refused}) close(client);
}

TEST_F(PushListenerTest, WhatPassesIsWorthAnotherTry) {
  Start();
  AQ_ASSERT_OK(engine_->SwitchAdapter(User(), "police", false, ""));
  EXPECT_THAT(
      Ask(Post(Row(1), "Idempotency-Key: one\r\n")),
      AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("ADAPTER_DISABLED"), HasSubstr("Retry-After: ")));
  AQ_ASSERT_OK(engine_->SwitchAdapter(User(), "police", true, ""));
  store_->FillDisk(1);
  EXPECT_THAT(
      Ask(Post(Row(1), "Idempotency-Key: one\r\n")),
      AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("STORAGE_FULL"), HasSubstr("Retry-After: ")));
  EXPECT_THAT(Ask(Post(Row(1), "Idempotency-Key: one\r\n")),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("\"repeated\": false")));
}

TEST_F(PushListenerTest, ManyAtOnceAreEachAnsweredOnce) {
  Start();
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([this, i, &answered] {
      for (int j = 0; j < 5;) {
        const std::string answer = Ask(Post(Row(i * 5 + j)));
        // On a slow machine an eviction may end a connection before its head was read.
        if (answer.empty() || absl::StartsWith(answer, "HTTP/1.1 429")) continue;
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
        ++j;
        ++answered;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, 40);
  EXPECT_EQ(LiveRecords(), 40);
}

TEST_F(PushListenerTest, StopsWithConnectionsInEveryPhase) {
  Start();
  const int silent = Connect();
  const std::unique_ptr<Connection> head = Dial(), body = Dial();
  ASSERT_NE(head, nullptr);
  ASSERT_NE(body, nullptr);
  Write(*head, "POST /v1");
  Write(*body, Post(Row(1)).substr(0, Post(Row(1)).size() - 5));
  listener_->Shutdown(absl::Seconds(5));
  listener_->Shutdown(absl::Seconds(5));
  EXPECT_THAT(ReadAll(*body), Not(HasSubstr("200 OK")));
  EXPECT_EQ(LiveRecords(), 0);
  close(silent);
}

TEST_F(PushListenerTest, SaysWhatItCannotUse) {
  const auto refused = [&] {
    return PushListener::Start(push_, engine_.get(), &system_clock_, nullptr).status();
  };
  push_.identity.key = Identity("police").key;
  EXPECT_THAT(refused(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("do not fit")));
  push_.identity.key = "garbage";
  EXPECT_THAT(refused(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("key file")));
  push_.identity = Identity("server");
  push_.identity.ca = "";
  EXPECT_THAT(refused(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("CA file")));
  push_.identity = Identity("server");
  Start();
  push_.address = listener_->address();
  EXPECT_THAT(refused(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(push_.address)));
  push_.agencies = {"nobody"};
  EXPECT_THAT(refused(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no agency nobody")));
}

}  // namespace
}  // namespace anqiao::transport
