#include "hub/ctl/connection.h"

#include <gmock/gmock.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::ctl {
namespace {

using ::anqiao::testing::IsOkAndHolds;
using ::anqiao::testing::StatusIs;
using ::anqiao::testing::TempDir;
using ::testing::HasSubstr;

class ConnectionTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& content) const {
    std::ofstream(dir_.File(name)) << content;
    return dir_.File(name);
  }

  TempDir dir_;
  const ManualClock clock_{absl::FromUnixSeconds(1'780'000'000)};
};

TEST_F(ConnectionTest, AProfilesPathsAreRelativeToIt) {
  AQ_ASSERT_OK_AND_ASSIGN(
      const ConnectionOptions profile,
      ReadProfile(Write("p.yaml",
                        "certs: certs\nca: /etc/ca.crt\nas: wang\ntimeout: 2.5\n"
                        "insecure: true\n")));
  EXPECT_EQ(profile.certs, dir_.File("certs"));
  EXPECT_EQ(profile.ca, "/etc/ca.crt");
  EXPECT_EQ(profile.as, "wang");
  EXPECT_EQ(profile.timeout_seconds, 2.5);
  EXPECT_TRUE(profile.insecure);
}

TEST_F(ConnectionTest, ErrorsInAProfileNameTheirLine) {
  EXPECT_THAT(ReadProfile(Write("p.yaml", "as: wang\ncert_dir: x\n")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("p.yaml:2:1: 'cert_dir' is not a profile key")));
  EXPECT_THAT(ReadProfile(Write("p.yaml", "as: wang\ninsecure: perhaps\n")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("p.yaml:2:1: ")));
  EXPECT_THAT(ReadProfile(Write("p.yaml", "as: [wang\n")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("p.yaml:2:")));
  EXPECT_THAT(ReadProfile(Write("p.yaml", "- as\n")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be a mapping")));
  EXPECT_THAT(ReadProfile(dir_.File("none.yaml")), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ConnectionTest, FlagsWinOverTheProfile) {
  ConnectionOptions flags;
  flags.as = "li";
  ConnectionOptions profile;
  profile.as = "wang";
  profile.certs = "certs";
  const ConnectionOptions both = WithProfile(flags, profile);
  EXPECT_EQ(both.as, "li");
  EXPECT_EQ(both.certs, "certs");
}

TEST_F(ConnectionTest, AListenersFileGivenAsFlagWinsOverAddressesInTheProfile) {
  ConnectionOptions flags;
  flags.listeners_file = Write("l.yaml", "hub_listener: 127.0.0.1:1\nagency_listener: 127.0.0.1:2");
  ConnectionOptions profile;
  profile.hub = "127.0.0.1:3";
  const ConnectionOptions both = WithProfile(flags, profile);
  EXPECT_THAT(AddressOf(both, Listener::kHub), IsOkAndHolds("127.0.0.1:1"));
  EXPECT_THAT(AddressOf(both, Listener::kAgency), IsOkAndHolds("127.0.0.1:2"));
}

TEST_F(ConnectionTest, AddressesHaveDefaults) {
  EXPECT_THAT(AddressOf({}, Listener::kHub), IsOkAndHolds(kDefaultHub));
  EXPECT_THAT(AddressOf({}, Listener::kAgency), IsOkAndHolds(kDefaultAgencyListener));
}

TEST_F(ConnectionTest, AListenersFileWithoutTheAddressIsAnError) {
  ConnectionOptions options;
  options.listeners_file = Write("l.yaml", "agency_listener: 127.0.0.1:2\n");
  EXPECT_THAT(AddressOf(options, Listener::kHub),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has no hub_listener")));
}

TEST_F(ConnectionTest, WhoCallsMustBeSaid) {
  EXPECT_THAT(Connection::Open({}, Listener::kHub, &clock_).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--as NAME")));
  EXPECT_THAT(Connection::Open({}, Listener::kAgency, &clock_).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--agency ID")));
  ConnectionOptions options;
  options.cert = "a.crt";
  EXPECT_THAT(Connection::Open(options, Listener::kHub, &clock_).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("go together")));
}

TEST_F(ConnectionTest, AMissingCertificateIsNamed) {
  ConnectionOptions options;
  options.certs = dir_.path();
  options.as = "wang";
  EXPECT_THAT(Connection::Open(options, Listener::kHub, &clock_).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("ca.crt")));
}

TEST_F(ConnectionTest, InsecureIsForThisMachineAndNeedsAPrincipal) {
  ConnectionOptions options;
  options.insecure = true;
  EXPECT_THAT(Connection::Open(options, Listener::kHub, &clock_).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--as-uri")));
  options.as_uri = "anqiao://users/wang?role=caseworker";
  AQ_EXPECT_OK(Connection::Open(options, Listener::kHub, &clock_).status());
  options.hub = "192.0.2.1:8702";
  EXPECT_THAT(Connection::Open(options, Listener::kHub, &clock_).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("this machine only")));
}

TEST_F(ConnectionTest, CallsHaveADeadlineAndStreamsOnlyIfAsked) {
  ConnectionOptions options;
  options.insecure = true;
  options.as_uri = "anqiao://users/wang?role=caseworker";
  AQ_ASSERT_OK_AND_ASSIGN(const Connection plain,
                          Connection::Open(options, Listener::kHub, &clock_));
  EXPECT_EQ(plain.NewCall()->deadline(), absl::ToChronoTime(clock_.Now() + kDefaultTimeout));
  EXPECT_EQ(plain.NewStream()->deadline(), std::chrono::system_clock::time_point::max());
  options.timeout_seconds = 3;
  AQ_ASSERT_OK_AND_ASSIGN(const Connection hurried,
                          Connection::Open(options, Listener::kHub, &clock_));
  EXPECT_EQ(hurried.NewStream()->deadline(), absl::ToChronoTime(clock_.Now() + absl::Seconds(3)));
}

}  // namespace
}  // namespace anqiao::ctl
