#include "hub/rpc/status_conversion.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "hub/base/errors.h"

namespace anqiao::rpc {
namespace {

template <typename T>
int Count(const google::rpc::Status& status) {
  int count = 0;
  for (const auto& detail : status.details()) count += detail.Is<T>() ? 1 : 0;
  return count;
}

TEST(StatusConversionTest, CarriesReasonMetadataAndFields) {
  const google::rpc::Status status =
      ToRpcStatus(Error(absl::StatusCode::kInvalidArgument, reason::kInvalidField, "wrong")
                      .Meta("key", "value")
                      .Field("page_size", "must not be negative"));
  EXPECT_EQ(status.code(), 3);
  EXPECT_EQ(status.message(), "wrong");
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(status.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "INVALID_FIELD");
  EXPECT_EQ(info.domain(), "anqiao");
  EXPECT_EQ(info.metadata().at("key"), "value");
  google::rpc::BadRequest bad;
  ASSERT_TRUE(status.details(1).UnpackTo(&bad));
  EXPECT_EQ(bad.field_violations(0).field(), "page_size");
  EXPECT_EQ(Count<google::rpc::ErrorInfo>(status), 1);
  EXPECT_EQ(Count<google::rpc::RetryInfo>(status), 0);
}

TEST(StatusConversionTest, NamesConditionsOnTheState) {
  const google::rpc::Status status =
      ToRpcStatus(Error(absl::StatusCode::kFailedPrecondition, reason::kStateNotAllowed, "no")
                      .Precondition("state", "must be DRAFT"));
  google::rpc::PreconditionFailure failure;
  ASSERT_TRUE(status.details(1).UnpackTo(&failure));
  EXPECT_EQ(failure.violations(0).type(), "STATE_NOT_ALLOWED");
  EXPECT_EQ(failure.violations(0).subject(), "state");
}

TEST(StatusConversionTest, SaysWhenToRetryWhatMaySucceedLater) {
  const auto retries = [](absl::StatusCode code, const char* why) {
    return Count<google::rpc::RetryInfo>(ToRpcStatus(Error(code, why, "later")));
  };
  EXPECT_EQ(retries(absl::StatusCode::kUnavailable, reason::kShuttingDown), 1);
  EXPECT_EQ(retries(absl::StatusCode::kResourceExhausted, reason::kOverloaded), 1);
  EXPECT_EQ(retries(absl::StatusCode::kResourceExhausted, reason::kPayloadTooLarge), 0);
  EXPECT_EQ(retries(absl::StatusCode::kNotFound, reason::kCaseNotFound), 0);
}

TEST(StatusConversionTest, HidesWhatWasNotWrittenForTheCaller) {
  const grpc::Status status = ToGrpcStatus(absl::InternalError("secret"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(status.error_message(), "internal error");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(Count<google::rpc::ErrorInfo>(details), 1);
}

TEST(StatusConversionTest, KeepsOk) { EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok()); }

}  // namespace
}  // namespace anqiao::rpc
