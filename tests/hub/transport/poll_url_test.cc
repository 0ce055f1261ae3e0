#include "hub/transport/poll_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/testing/status_matchers.h"

namespace anqiao::transport {
namespace {

using testing::StatusIs;

TEST(PollUrlTest, SaysHostPortAndTarget) {
  AQ_ASSERT_OK_AND_ASSIGN(const PollUrl plain, PollUrl::Parse("https://agency.example", false));
  EXPECT_EQ(plain.host, "agency.example");
  EXPECT_EQ(plain.port, 443);
  EXPECT_EQ(plain.target, "/");
  EXPECT_EQ(plain.authority(), "agency.example");
  AQ_ASSERT_OK_AND_ASSIGN(const PollUrl full,
                          PollUrl::Parse("https://[::1]:8443/a/%E6%A3%80?since=1&x=y", false));
  EXPECT_EQ(full.host, "::1");
  EXPECT_EQ(full.target, "/a/%E6%A3%80?since=1&x=y");
  EXPECT_EQ(full.authority(), "[::1]:8443");
}

TEST(PollUrlTest, PlainHttpIsForLoopbackInDevelopment) {
  EXPECT_TRUE(PollUrl::Parse("http://127.0.0.1:80/x", true).ok());
  EXPECT_TRUE(PollUrl::Parse("http://localhost/x", true).ok());
  EXPECT_TRUE(PollUrl::Parse("http://[::1]/x", true).ok());
  EXPECT_EQ(PollUrl::Parse("http://localhost:80/x", true)->authority(), "localhost");
  for (const char* text :
       {"http://agency.example/x", "http://10.0.0.1/x", "http://127.evil.example/"}) {
    EXPECT_THAT(PollUrl::Parse(text, true), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
  EXPECT_THAT(PollUrl::Parse("http://127.0.0.1/x", false),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PollUrlTest, RefusesEverythingElse) {
  for (const char* text :
       {"", "https://", "https:///x", "ftp://a/x", "HTTPS//a", "https://user@a/x",
        "https://user:pass@a/x", "https://a:0/x", "https://a:65536/x", "https://a:/x",
        "https://a:8x/x", "https://a/x#part", "https://a/x y", "https://a/x\r\nHost: b",
        "https://a/检测", "https://[::1/x", "https://[a]b/x", "https://a?x", "https://a_b/x"}) {
    EXPECT_THAT(PollUrl::Parse(text, false), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
  EXPECT_THAT(PollUrl::Parse("https://a/" + std::string(1000, 'x'), false),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace anqiao::transport
