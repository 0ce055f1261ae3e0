#include "hub/base/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hub/base/status_macros.h"
#include "tests/testing/status_matchers.h"

namespace anqiao {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using testing::StatusIs;

TEST(ErrorTest, CarriesReasonAndDetailsThroughAStatus) {
  const absl::Status status =
      Error(absl::StatusCode::kFailedPrecondition, reason::kStateNotAllowed, "not now")
          .Meta("state", "DRAFT")
          .Field("policy", "must be known")
          .Precondition("referrals/r1", "is closed");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, "not now"));
  const std::optional<ErrorDetail> detail = DetailOf(status);
  ASSERT_TRUE(detail.has_value());
  EXPECT_EQ(detail->reason, "STATE_NOT_ALLOWED");
  EXPECT_THAT(detail->metadata, ElementsAre(Pair("state", "DRAFT")));
  EXPECT_THAT(detail->fields, ElementsAre(Pair("policy", "must be known")));
  EXPECT_THAT(detail->preconditions, ElementsAre(Pair("referrals/r1", "is closed")));
}

TEST(ErrorTest, ConvertsToStatusOr) {
  const absl::StatusOr<int> number =
      Error(absl::StatusCode::kNotFound, reason::kCaseNotFound, "no such case");
  EXPECT_THAT(number, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ReasonOf(number.status()), "CASE_NOT_FOUND");
}

TEST(ErrorTest, InvalidFieldNamesTheField) {
  const absl::Status status = InvalidField("page_size", "must not be negative, got -4");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               "page_size must not be negative, got -4"));
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELD");
  EXPECT_THAT(DetailOf(status)->fields,
              ElementsAre(Pair("page_size", "must not be negative, got -4")));
}

TEST(ErrorTest, StatusWithoutDetailIsInternal) {
  EXPECT_FALSE(DetailOf(absl::AbortedError("x")).has_value());
  EXPECT_EQ(ReasonOf(absl::AbortedError("x")), "INTERNAL");
}

absl::StatusOr<int> Half(int number) {
  if (number % 2 != 0) return absl::InvalidArgumentError("odd");
  return number / 2;
}

absl::StatusOr<int> Quarter(int number) {
  AQ_ASSIGN_OR_RETURN(const int half, Half(number));
  AQ_RETURN_IF_ERROR(Half(half).status());
  return half / 2;
}

TEST(StatusMacrosTest, ReturnTheFirstError) {
  EXPECT_THAT(Quarter(8), testing::IsOkAndHolds(2));
  EXPECT_THAT(Quarter(6), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Quarter(5), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace anqiao
