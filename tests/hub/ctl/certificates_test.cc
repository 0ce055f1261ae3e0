#include "hub/ctl/certificates.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::ctl {
namespace {

using ::anqiao::testing::StatusIs;
using ::anqiao::testing::TempDir;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// What the openssl program prints; its own reading of the files is the oracle here.
std::string Openssl(const std::string& arguments) {
  const std::string command = absl::StrCat("openssl ", arguments, " 2>&1");
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string output;
  std::array<char, 4096> buffer;
  while (fgets(buffer.data(), static_cast<int>(buffer.size()), pipe.get()) != nullptr) {
    output += buffer.data();
  }
  return output;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

mode_t ModeOf(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

class CertificatesTest : public ::testing::Test {
 protected:
  CertificateOptions Options(int days = 30, bool force = false) const {
    return {.directory = dir_.path(), .days = days, .force = force, .now = now_};
  }
  std::string Text(const std::string& file, const std::string& extensions) const {
    return Openssl(
        absl::StrCat("x509 -in ", dir_.File(file), " -noout -subject -ext ", extensions));
  }
  std::string Verify(const std::string& file) const {
    return Openssl(absl::StrCat("verify -x509_strict -attime ", absl::ToUnixSeconds(now_),
                                " -CAfile ", dir_.File("ca.crt"), " ", dir_.File(file)));
  }

  TempDir dir_;
  const absl::Time now_ = absl::FromUnixSeconds(1'780'000'000);
};

TEST_F(CertificatesTest, TheAuthorityMaySignLeavesOnly) {
  AQ_ASSERT_OK(CreateAuthority(Options()));
  EXPECT_THAT(Text("ca.crt", "basicConstraints,keyUsage"),
              AllOf(HasSubstr("CA:TRUE, pathlen:0"), HasSubstr("Certificate Sign")));
}

TEST_F(CertificatesTest, KeysAreReadableByTheirOwnerOnly) {
  AQ_ASSERT_OK(CreateAuthority(Options()));
  AQ_ASSERT_OK(IssueAgency(Options(), "police"));
  EXPECT_EQ(ModeOf(dir_.File("ca.key")), 0600u);
  EXPECT_EQ(ModeOf(dir_.File("agencies/police.key")), 0600u);
}

TEST_F(CertificatesTest, EveryCertificateVerifiesAgainstTheAuthority) {
  AQ_ASSERT_OK(CreateAuthority(Options()));
  AQ_ASSERT_OK(IssueServer(Options(), "hub", {"localhost", "127.0.0.1", "::1"}));
  AQ_ASSERT_OK(IssueAgency(Options(), "civil_affairs"));
  AQ_ASSERT_OK(IssueUser(Options(), "wang.fang", "caseworker", "421202"));
  for (const char* file :
       {"servers/hub.crt", "agencies/civil_affairs.crt", "users/wang.fang.crt"}) {
    EXPECT_THAT(Verify(file), EndsWith(": OK\n")) << file;
  }
}

TEST_F(CertificatesTest, AnotherAuthoritysCertificateDoesNotVerify) {
  AQ_ASSERT_OK(CreateAuthority(Options()));
  AQ_ASSERT_OK(IssueAgency(Options(), "tax"));
  AQ_ASSERT_OK(CreateAuthority(Options(30, true)));
  EXPECT_THAT(Verify("agencies/tax.crt"), Not(EndsWith(": OK\n")));
}

TEST_F(CertificatesTest, AClientHasExactlyOneUri) {
  AQ_ASSERT_OK(CreateAuthority(Options()));
  AQ_ASSERT_OK(IssueAgency(Options(), "tax"));
  EXPECT_THAT(Text("agencies/tax.crt", "subjectAltName,extendedKeyUsage"),
              AllOf(HasSubstr("    URI:anqiao://agencies/tax\n"), Not(HasSubstr("DNS:")),
                    HasSubstr("TLS Web Client Authentication"),
                    Not(HasSubstr("TLS Web Server Authentication"))));
}

TEST_F(CertificatesTest, AUsersUriHasRoleAndJurisdiction) {
  AQ_ASSERT_OK(CreateAuthority(Options()));
  AQ_ASSERT_OK(IssueUser(Options(), "wang", "supervisor", "4212"));
  AQ_ASSERT_OK(IssueUser(Options(), "li", "operator", ""));
  EXPECT_THAT(Text("users/wang.crt", "subjectAltName"),
              HasSubstr("    URI:anqiao://users/wang?role=supervisor&jurisdiction=4212\n"));
  EXPECT_THAT(Text("users/li.crt", "subjectAltName"),
              HasSubstr("    URI:anqiao://users/li?role=operator\n"));
}

TEST_F(CertificatesTest, AServerHasItsHostsAndNoUri) {
  AQ_ASSERT_OK(CreateAuthority(Options()));
  AQ_ASSERT_OK(IssueServer(Options(), "hub", {"hub.example", "127.0.0.1"}));
  EXPECT_THAT(Text("servers/hub.crt", "subjectAltName,extendedKeyUsage"),
              AllOf(HasSubstr("DNS:hub.example, IP Address:127.0.0.1"), Not(HasSubstr("URI:")),
                    HasSubstr("TLS Web Server Authentication")));
}

TEST_F(CertificatesTest, NothingIsOverwrittenWithoutForce) {
  AQ_ASSERT_OK(CreateAuthority(Options()));
  AQ_ASSERT_OK(IssueAgency(Options(), "tax"));
  const std::string authority = ReadAll(dir_.File("ca.key"));
  const std::string leaf = ReadAll(dir_.File("agencies/tax.crt"));
  EXPECT_THAT(CreateAuthority(Options()),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("--force")));
  EXPECT_THAT(IssueAgency(Options(), "tax"), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(ReadAll(dir_.File("ca.key")), authority);
  EXPECT_EQ(ReadAll(dir_.File("agencies/tax.crt")), leaf);
  AQ_ASSERT_OK(IssueAgency(Options(30, true), "tax"));
  EXPECT_NE(ReadAll(dir_.File("agencies/tax.crt")), leaf);
}

TEST_F(CertificatesTest, AKeyWithoutItsCertificateIsNotOverwrittenEither) {
  AQ_ASSERT_OK(CreateAuthority(Options()));
  ASSERT_EQ(std::remove(dir_.File("ca.crt").c_str()), 0);
  EXPECT_THAT(CreateAuthority(Options()), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(CertificatesTest, WithoutAnAuthorityTheErrorSaysHowToMakeOne) {
  EXPECT_THAT(IssueAgency(Options(), "tax"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("certs init")));
}

TEST_F(CertificatesTest, AKeyOfAnotherAuthorityIsNoticed) {
  AQ_ASSERT_OK(CreateAuthority(Options()));
  const std::string key = ReadAll(dir_.File("ca.key"));
  AQ_ASSERT_OK(CreateAuthority(Options(30, true)));
  std::ofstream(dir_.File("ca.key")) << key;
  EXPECT_THAT(IssueAgency(Options(), "tax"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is not the key of")));
}

TEST_F(CertificatesTest, ALeafDoesNotOutliveItsAuthority) {
  AQ_ASSERT_OK_AND_ASSIGN(const IssuedCertificate authority, CreateAuthority(Options(10)));
  AQ_ASSERT_OK_AND_ASSIGN(const IssuedCertificate leaf, IssueAgency(Options(365), "tax"));
  EXPECT_EQ(leaf.expire_time, authority.expire_time);
  CertificateOptions late = Options(365);
  late.now += absl::Hours(24 * 11);
  EXPECT_THAT(IssueAgency(late, "employment"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("expired")));
}

TEST_F(CertificatesTest, MalformedNamesAreRefused) {
  AQ_ASSERT_OK(CreateAuthority(Options()));
  for (const char* name : {"", "../x", "a/b", "A", "-x", "a b", "x?role=operator", "安"}) {
    EXPECT_THAT(IssueAgency(Options(), name), StatusIs(absl::StatusCode::kInvalidArgument)) << name;
    EXPECT_THAT(IssueUser(Options(), name, "auditor", ""),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << name;
    EXPECT_THAT(IssueServer(Options(), name, {"localhost"}),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << name;
  }
  EXPECT_THAT(IssueAgency(Options(), "civil.affairs"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CertificatesTest, UnknownRolesJurisdictionsHostsAndDaysAreRefused) {
  AQ_ASSERT_OK(CreateAuthority(Options()));
  EXPECT_THAT(IssueUser(Options(), "wang", "admin", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("role")));
  EXPECT_THAT(IssueUser(Options(), "wang", "auditor", "42x"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("jurisdiction")));
  EXPECT_THAT(IssueUser(Options(), "wang", "auditor", "4212020030001"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(IssueServer(Options(), "hub", {}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(IssueServer(Options(), "hub", {"a b"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(IssueAgency(Options(0), "tax"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(IssueAgency(Options(3651), "tax"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CertificatesTest, NoUnfinishedFilesStay) {
  AQ_ASSERT_OK(CreateAuthority(Options()));
  EXPECT_FALSE(std::ifstream(dir_.File("ca.key.new")).good());
  EXPECT_FALSE(std::ifstream(dir_.File("ca.crt.new")).good());
}

}  // namespace
}  // namespace anqiao::ctl
