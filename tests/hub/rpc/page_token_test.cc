#include "hub/rpc/page_token.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "anqiao/hub/v1/cases.pb.h"
#include "hub/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using testing::IsOkAndHolds;
using testing::StatusIs;

TEST(PageTokenTest, GivesBackThePosition) {
  const std::string token = EncodePageToken("scope", "case-7");
  EXPECT_THAT(DecodePageToken("scope", token), IsOkAndHolds("case-7"));
  EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789-_"),
            std::string::npos);
}

TEST(PageTokenTest, EmptyIsTheBeginningAndTheEnd) {
  EXPECT_EQ(EncodePageToken("scope", ""), "");
  EXPECT_THAT(DecodePageToken("scope", ""), IsOkAndHolds(""));
}

TEST(PageTokenTest, RefusesTokensOfOtherCallsAndGarbage) {
  const std::string token = EncodePageToken("scope", "case-7");
  for (const auto& [scope, bad] : std::vector<std::pair<std::string, std::string>>{
           {"other", token},
           {"scope", token.substr(0, 8)},
           {"scope", "!!!"},
           {"scope", absl::StrCat("Z", token.substr(1))},
           {"scope", std::string(5000, 'A')}}) {
    const auto decoded = DecodePageToken(scope, bad);
    EXPECT_THAT(decoded, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(ReasonOf(decoded.status()), reason::kPageTokenInvalid);
  }
}

TEST(PageTokenTest, ScopeIsTheRequestWithoutItsPage) {
  hub::v1::ListCasesRequest a, b;
  a.set_registered_only(true);
  b = a;
  b.set_page_size(7);
  b.set_page_token("x");
  EXPECT_EQ(PageScope("m", a), PageScope("m", b));
  b.set_registered_only(false);
  EXPECT_NE(PageScope("m", a), PageScope("m", b));
  EXPECT_NE(PageScope("m", a), PageScope("n", a));
}

TEST(PageTokenTest, CoercesLargeSizesAndRefusesNegativeOnes) {
  EXPECT_THAT(PageSize(0), IsOkAndHolds(50));
  EXPECT_THAT(PageSize(7), IsOkAndHolds(7));
  EXPECT_THAT(PageSize(5000), IsOkAndHolds(1000));
  EXPECT_THAT(PageSize(-1), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace anqiao::rpc
