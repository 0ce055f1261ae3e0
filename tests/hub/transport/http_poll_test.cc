#include "hub/transport/http_poll.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/hub/transport/scripted_server.h"
#include "tests/hub/transport/transport_fixture.h"

namespace anqiao::transport {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::StatusIs;
using Then = ScriptedServer::Then;

class HttpPollTest : public TransportFixture {
 protected:
  void SetUp() override {
    Open();
    synced_ = engine_->Counts().synced;
    options_.agency = "police";
    options_.format = "changes";
    options_.identity = Identity("server");
    options_.state_file = files_.File("state");
    options_.interval = absl::Seconds(60);
    OpenServer("server");
  }
  void TearDown() override {
    poll_.reset();
    server_.reset();
    EngineFixture::TearDown();
  }
  void OpenServer(const std::string& certificate) {
    poll_.reset();
    server_ = std::make_unique<ScriptedServer>(Identity(certificate));
    AQ_ASSERT_OK_AND_ASSIGN(
        options_.url,
        PollUrl::Parse(absl::StrCat("https://", server_->address(), "/export?a=b"), false));
    OpenPoll();
  }
  void OpenPoll() {
    poll_.reset();
    AQ_ASSERT_OK_AND_ASSIGN(poll_, HttpPoll::Open(options_, engine_.get(), &clock_, nullptr));
  }
  // One poll, of which nothing may come.
  void ExpectNothing(const std::string& why,
                     absl::StatusCode code = absl::StatusCode::kUnavailable) {
    EXPECT_THAT(poll_->PollOnce(), StatusIs(code, HasSubstr(why)));
    EXPECT_EQ(engine_->Counts().synced, synced_);
  }
  std::string LastRequest() const { return server_->requests().back(); }

  testing::TempDir files_;
  PollOptions options_;
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<HttpPoll> poll_;
  store::Sequence synced_ = 0;
};

TEST_F(HttpPollTest, TakesWhatIsThereAndAsksWhetherItChanged) {
  server_->Give(200, Row(1) + "BAD\n",
                "ETag: \"v1\"\r\nLast-Modified: Tue, 30 Jun 2026 01:00:00 GMT\r\n");
  server_->Give(304, "");
  AQ_EXPECT_OK(poll_->PollOnce());
  EXPECT_EQ(LiveRecords(), 1);
  EXPECT_THAT(
      LastRequest(),
      AllOf(StartsWith("GET /export?a=b HTTP/1.1\r\n"), HasSubstr("Host: " + server_->address()),
            Not(HasSubstr("If-None-Match")), Not(HasSubstr("Authorization"))));
  AQ_EXPECT_OK(poll_->PollOnce());
  EXPECT_THAT(LastRequest(),
              AllOf(HasSubstr("If-None-Match: \"v1\"\r\n"),
                    HasSubstr("If-Modified-Since: Tue, 30 Jun 2026 01:00:00 GMT\r\n")));
  EXPECT_EQ(poll_->Counts().payloads.taken, 1);
  EXPECT_EQ(poll_->Counts().unchanged, 1);
  EXPECT_EQ(poll_->Counts().success, clock_.Now());
}

TEST_F(HttpPollTest, WhatIsRememberedSurvivesARestart) {
  server_->Give(200, Row(1), "ETag: \"v1\"\r\n");
  AQ_EXPECT_OK(poll_->PollOnce());
  const absl::Time success = clock_.Now();
  clock_.Advance(absl::Hours(1));
  OpenPoll();
  EXPECT_EQ(poll_->Counts().success, success);
  server_->Give(304, "");
  AQ_EXPECT_OK(poll_->PollOnce());
  EXPECT_THAT(LastRequest(), HasSubstr("If-None-Match: \"v1\"\r\n"));
}

TEST_F(HttpPollTest, TheSameContentIsNotTakenTwice) {
  for (int i = 0; i < 2; ++i) server_->Give(200, Row(1) + "BAD\n");
  AQ_EXPECT_OK(poll_->PollOnce());
  const store::Sequence before = engine_->Counts().synced;
  AQ_EXPECT_OK(poll_->PollOnce());
  // Nor if what was remembered is lost, as between handing in and remembering.
  std::filesystem::remove(options_.state_file);
  OpenPoll();
  server_->Give(200, Row(1) + "BAD\n");
  AQ_EXPECT_OK(poll_->PollOnce());
  EXPECT_EQ(poll_->Counts().payloads.repeated, 1);
  EXPECT_EQ(engine_->Counts().synced, before);
}

TEST_F(HttpPollTest, AnExportThatGoesBackIsTakenAgain) {
  const std::string first = "P1|张安|" + engine::IdNumber(1) + "||421202003010\n";
  const std::string second = "P1|张安乐|" + engine::IdNumber(1) + "||421202003010\n";
  for (const std::string& content : {first, second, first}) {
    clock_.Advance(absl::Hours(1));
    server_->Give(200, content);
    AQ_EXPECT_OK(poll_->PollOnce());
  }
  EXPECT_EQ(poll_->Counts().payloads.taken, 3);
  const auto cases = engine_->ListCases({}, "", 10, "");
  ASSERT_TRUE(cases.ok());
  ASSERT_EQ(cases->items.size(), 1U);
  EXPECT_EQ(cases->items[0].folded.name, "张安");
}

TEST_F(HttpPollTest, OfABrokenAnswerNothingIsTaken) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n";
  server_->Say(head + Row(1), Then::kCutOff);
  ExpectNothing("ended early");
  server_->Say(head + Row(1), Then::kFinish);
  ExpectNothing("ended early");
  server_->Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nP1|zh", Then::kCutOff);
  ExpectNothing("ended early");
  // Wrong lengths.
  server_->Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + Row(1) + "0\r\n\r\n");
  ExpectNothing("malformed");
  server_->Say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" + Row(1));
  ExpectNothing("twice");
  // An end that anybody can make.
  server_->Say("HTTP/1.1 200 OK\r\n\r\n" + Row(1));
  ExpectNothing("Content-Length");
  for (const char* garbage :
       {"", "\r\n\r\n", "SSH-2.0\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20\r\n\r\n"}) {
    server_->Say(garbage);
    ExpectNothing("no answer came");
  }
  server_->Say("HTTP/1.1 200 " + std::string(1 << 20, 'x'));
  ExpectNothing("too long");
  server_->Say("HTTP/1.1 200 OK\r\nA: " + std::string(1 << 20, 'x'));
  ExpectNothing("too long");
  EXPECT_EQ(poll_->Counts().failed, 13);
  server_->Give(200, Row(1));
  AQ_EXPECT_OK(poll_->PollOnce());
  EXPECT_EQ(LiveRecords(), 1);
}

TEST_F(HttpPollTest, TooMuchIsNotReadWhole) {
  server_->Say("HTTP/1.1 200 OK\r\nContent-Length: 4001\r\n\r\n", Then::kStall);
  ExpectNothing("more than 4000 bytes", absl::StatusCode::kResourceExhausted);
  std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 3; ++i)
    absl::StrAppend(&chunks, absl::Hex(2000), "\r\n", std::string(2000, 'x'), "\r\n");
  server_->Say(chunks, Then::kStall);
  ExpectNothing("more than 4000 bytes", absl::StatusCode::kResourceExhausted);
}

TEST_F(HttpPollTest, ASlowServerIsNotWaitedForLong) {
  options_.timeouts = {.connect = absl::Seconds(20),
                       .head = absl::Milliseconds(300),
                       .body_slack = absl::Milliseconds(300)};
  OpenPoll();
  for (const char* said :
       {"", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nP1|"}) {
    server_->Say(said, Then::kStall);
    ExpectNothing("too long");
  }
}

TEST_F(HttpPollTest, RedirectsAndOtherCodesAreNoContent) {
  server_->Give(302, "", "Location: https://" + server_->address() + "/other\r\n");
  ExpectNothing("redirects are not followed");
  server_->Give(304, "");
  ExpectNothing("304");
  for (const int code : {201, 204, 206, 401, 404, 500}) {
    server_->Give(code, code == 204 ? "" : Row(1));
    ExpectNothing(absl::StrCat("answered ", code));
  }
  EXPECT_EQ(server_->requests().size(), 8U);
  server_->Give(200, Row(1));
  AQ_EXPECT_OK(poll_->PollOnce());
}

TEST_F(HttpPollTest, PausesGrowAndKeepToWhatTheServerAsksFor) {
  absl::Duration last;
  for (int i = 0; i < 10; ++i) {
    const absl::Duration pause = poll_->PauseAfter(poll_->PollOnce());
    if (i < 5) {
      EXPECT_GT(pause, last);
    }
    EXPECT_LE(pause, absl::Minutes(5));
    last = pause;
  }
  EXPECT_GE(last, absl::Minutes(3));
  server_->Give(200, Row(1));
  EXPECT_EQ(poll_->PauseAfter(poll_->PollOnce()), absl::Seconds(60));
  server_->Give(503, "", "Retry-After: 40\r\n");
  EXPECT_EQ(poll_->PauseAfter(poll_->PollOnce()), absl::Seconds(40));
  server_->Give(503, "", "Retry-After: 999999999\r\n");
  EXPECT_EQ(poll_->PauseAfter(poll_->PollOnce()), absl::Minutes(5));
}

TEST_F(HttpPollTest, TheServerIsWhoItsCertificateSays) {
  OpenServer("elsewhere");
  ExpectNothing("certificate");
  OpenServer("forged");
  ExpectNothing("certificate");
  EXPECT_TRUE(server_->requests().empty());
  // It asks for the hub's own.
  OpenServer("server");
  options_.identity = Identity("");
  OpenPoll();
  ExpectNothing("no answer came");
  EXPECT_TRUE(server_->requests().empty());
}

TEST_F(HttpPollTest, ShowsItsTokenAndReadsItAnew) {
  options_.token_file = files_.File("token");
  const auto write = [&](const std::string& token, mode_t mode) {
    std::ofstream(options_.token_file) << token << "\n";
    EXPECT_EQ(chmod(options_.token_file.c_str(), mode), 0);
  };
  write("first", 0644);
  EXPECT_THAT(HttpPoll::Open(options_, engine_.get(), &clock_, nullptr),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("0400 or 0600")));
  write("first", 0600);
  OpenPoll();
  server_->Give(200, Row(1));
  AQ_EXPECT_OK(poll_->PollOnce());
  EXPECT_THAT(LastRequest(), HasSubstr("Authorization: Bearer first\r\n"));
  write("second", 0600);
  server_->Give(200, Row(1));
  AQ_EXPECT_OK(poll_->PollOnce());
  EXPECT_THAT(LastRequest(), HasSubstr("Authorization: Bearer second\r\n"));
}

TEST_F(HttpPollTest, WhatPassesIsTakenLaterAndWhatIsUselessOnlyWhenItChanges) {
  AQ_ASSERT_OK(engine_->SwitchAdapter(User(), "police", false, ""));
  server_->Give(200, Row(1), "ETag: \"v1\"\r\n");
  EXPECT_THAT(poll_->PollOnce(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("disabled")));
  AQ_ASSERT_OK(engine_->SwitchAdapter(User(), "police", true, ""));
  server_->Give(200, Row(1), "ETag: \"v1\"\r\n");
  AQ_EXPECT_OK(poll_->PollOnce());
  EXPECT_THAT(LastRequest(), Not(HasSubstr("If-None-Match")));
  EXPECT_EQ(LiveRecords(), 1);
  server_->Give(200, "BROKEN\n", "ETag: \"v2\"\r\n");
  AQ_EXPECT_OK(poll_->PollOnce());
  EXPECT_EQ(poll_->Counts().payloads.refused, 1);
  server_->Give(304, "");
  AQ_EXPECT_OK(poll_->PollOnce());
  EXPECT_THAT(LastRequest(), HasSubstr("If-None-Match: \"v2\""));
}

TEST_F(HttpPollTest, TheReceiptIsSentUntilItIsTaken) {
  options_.receipt_url = options_.url;
  options_.receipt_url->target = "/receipts";
  OpenPoll();
  server_->Give(200, Row(1) + "BAD\n");
  server_->Give(500, "");
  EXPECT_THAT(poll_->PollOnce(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("receipt")));
  server_->Give(200, Row(1) + "BAD\n");
  server_->Say("HTTP/1.1 204 Thanks\r\n\r\n");
  AQ_EXPECT_OK(poll_->PollOnce());
  ASSERT_EQ(server_->requests().size(), 4U);
  for (const int i : {1, 3}) {
    EXPECT_THAT(server_->requests()[static_cast<std::size_t>(i)],
                AllOf(StartsWith("POST /receipts HTTP/1.1\r\n"),
                      HasSubstr("\"accepted_count\": \"1\""), HasSubstr("ROW_CUT_OFF"),
                      HasSubstr(i == 1 ? "\"repeated\": false" : "\"repeated\": true")));
  }
  EXPECT_EQ(LiveRecords(), 1);
}

TEST_F(HttpPollTest, StopsInTheMiddleOfATransfer) {
  server_->Say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nP1", Then::kStall);
  poll_->Start();
  while (server_->requests().empty()) std::this_thread::yield();
  poll_->Shutdown();
  poll_->Shutdown();
  EXPECT_EQ(LiveRecords(), 0);
  options_.agency = "nobody";
  EXPECT_THAT(HttpPoll::Open(options_, engine_.get(), &clock_, nullptr),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("nobody")));
}

}  // namespace
}  // namespace anqiao::transport
