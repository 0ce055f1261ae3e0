#include "hub/transport/push_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "hub/base/errors.h"
#include "hub/rpc/status_conversion.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::transport {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

TEST(PushRequestTest, FieldsBecomeThePayloadsHeader) {
  AQ_ASSERT_OK_AND_ASSIGN(
      const exchange::v1::PayloadHeader header,
      PayloadHeaderOf("tests", {{"idempotency-key", "\"an id\""},
                                {"x-anqiao-file-name", "%E6%A3%80%e6%b5%8b.txt"},
                                {"x-anqiao-extract-time", "2026-06-30T09:00:00.25+08:00"}}));
  EXPECT_EQ(header.format(), "tests");
  EXPECT_EQ(header.request_id(), "an id");
  EXPECT_EQ(header.file_name(), "检测.txt");
  EXPECT_EQ(header.extract_time().seconds(), 1'782'781'200);
  EXPECT_EQ(header.extract_time().nanos(), 250'000'000);
  AQ_ASSERT_OK_AND_ASSIGN(const exchange::v1::PayloadHeader bare, PayloadHeaderOf("tests", {}));
  EXPECT_FALSE(bare.has_extract_time());
  EXPECT_EQ(bare.request_id() + bare.file_name(), "");
}

TEST(PushRequestTest, MalformedFieldsAreNamed) {
  const std::pair<const char*, std::string> wrong[] = {
      {"Idempotency-Key", "a\tb"},
      {"Idempotency-Key", "\xFF"},
      {"X-Anqiao-File-Name", "%"},
      {"X-Anqiao-File-Name", "%e"},
      {"X-Anqiao-File-Name", "%0a"},
      {"X-Anqiao-File-Name", "%ff"},
      {"X-Anqiao-File-Name", std::string(256, 'x')},
      {"X-Anqiao-Extract-Time", "2026-06-30"},
      {"X-Anqiao-Extract-Time", "infinite-future"}};
  for (const auto& [name, value] : wrong) {
    const absl::Status refused = PayloadHeaderOf("tests", {{name, value}}).status();
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(name))) << value;
    EXPECT_EQ(ReasonOf(refused), reason::kInvalidField);
  }
  EXPECT_FALSE(PayloadHeaderOf("te\nsts", {}).ok());
}

TEST(PushRequestTest, EveryCodeHasOneOfHttp) {
  const std::pair<absl::StatusCode, int> codes[] = {
      {absl::StatusCode::kInvalidArgument, 400}, {absl::StatusCode::kFailedPrecondition, 400},
      {absl::StatusCode::kUnauthenticated, 401}, {absl::StatusCode::kPermissionDenied, 403},
      {absl::StatusCode::kNotFound, 404},        {absl::StatusCode::kAlreadyExists, 409},
      {absl::StatusCode::kAborted, 409},         {absl::StatusCode::kResourceExhausted, 429},
      {absl::StatusCode::kUnavailable, 503},     {absl::StatusCode::kDeadlineExceeded, 504},
      {absl::StatusCode::kUnimplemented, 501},   {absl::StatusCode::kDataLoss, 500},
      {absl::StatusCode::kInternal, 500}};
  for (const auto& [code, expected] : codes) {
    EXPECT_EQ(HttpCodeOf(rpc::ToRpcStatus(absl::Status(code, "x"))), expected);
  }
  EXPECT_EQ(HttpCodeOf(google::rpc::Status()), 200);
}

TEST(PushRequestTest, ErrorsAreStatusesAndSayWhenToComeAgain) {
  httplib::Response full;
  SetError(Error(absl::StatusCode::kResourceExhausted, reason::kStorageFull, "the disk is full"),
           &full);
  EXPECT_EQ(full.status, 429);
  EXPECT_EQ(full.get_header_value("Retry-After"), "60");
  for (const char* part : {"\"code\":8", "\"reason\":\"STORAGE_FULL\"", "the disk is full"}) {
    EXPECT_THAT(full.body, HasSubstr(part));
  }
  httplib::Response large;
  SetError(Error(absl::StatusCode::kResourceExhausted, reason::kPayloadTooLarge, "x"), &large);
  EXPECT_EQ(large.status, 413);
  EXPECT_FALSE(large.has_header("Retry-After"));
  httplib::Response inner;
  SetError(absl::InternalError("not for the caller"), &inner);
  EXPECT_THAT(inner.body, ::testing::Not(HasSubstr("not for")));
}

}  // namespace
}  // namespace anqiao::transport
