#include "hub/rpc/authenticator.h"

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

TEST(AuthenticatorTest, ReadsAgenciesAndUsers) {
  AQ_ASSERT_OK_AND_ASSIGN(const Caller agency,
                          ParsePrincipalUri("anqiao://agencies/civil_affairs"));
  EXPECT_TRUE(agency.is_agency());
  EXPECT_EQ(agency.principal.name(), "civil_affairs");
  AQ_ASSERT_OK_AND_ASSIGN(
      const Caller user,
      ParsePrincipalUri("anqiao://users/wang.fang?role=caseworker&jurisdiction=421202003"));
  EXPECT_EQ(user.principal.name(), "wang.fang");
  EXPECT_EQ(user.principal.role(), "caseworker");
  EXPECT_EQ(user.jurisdiction, "421202003");
  AQ_ASSERT_OK_AND_ASSIGN(const Caller all, ParsePrincipalUri("anqiao://users/li?role=operator"));
  EXPECT_EQ(all.jurisdiction, "");
}

TEST(AuthenticatorTest, AnythingElseIsNobody) {
  for (const char* uri :
       {"", "anqiao://", "anqiao://agencies/", "anqiao://agencies/Police", "anqiao://agencies/a/b",
        "anqiao://agencies/police?role=operator", "anqiao://users/wang", "anqiao://users/wang?",
        "anqiao://users/?role=operator", "anqiao://users/wang?role=admin",
        "anqiao://users/wang?role=operator&role=operator", "anqiao://users/wang?jurisdiction=42",
        "anqiao://users/wang?role=operator&jurisdiction=4a",
        "anqiao://users/wang?role=operator&jurisdiction=",
        "anqiao://users/wang?role=operator&jurisdiction=42&jurisdiction=43",
        "anqiao://users/wang?role=operator&x=1", "https://users/wang?role=operator"}) {
    EXPECT_THAT(ParsePrincipalUri(uri), testing::StatusIs(absl::StatusCode::kUnauthenticated))
        << uri;
  }
}

}  // namespace
}  // namespace anqiao::rpc
