#include "hub/ctl/failure.h"

#include <gmock/gmock.h>

#include <sstream>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "hub/base/errors.h"

namespace anqiao::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

grpc::Status RichError(grpc::StatusCode code, const std::string& reason) {
  google::rpc::Status proto;
  proto.set_code(code);
  proto.set_message("the referral is not a draft");
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  (*info.mutable_metadata())["referral"] = "referrals/7";
  proto.add_details()->PackFrom(info);
  google::rpc::BadRequest request;
  auto* violation = request.add_field_violations();
  violation->set_field("page_size");
  violation->set_description("must not be negative, got -4");
  proto.add_details()->PackFrom(request);
  google::rpc::PreconditionFailure failure;
  auto* condition = failure.add_violations();
  condition->set_subject("state");
  condition->set_description("must be DRAFT");
  proto.add_details()->PackFrom(failure);
  return grpc::Status(code, proto.message(), proto.SerializeAsString());
}

std::string Reported(const absl::Status& status, bool json) {
  std::ostringstream err;
  ReportFailure(err, status, json);
  return err.str();
}

TEST(ReportFailureTest, ShowsCodeReasonFieldsPreconditionsAndHint) {
  const std::string text = Reported(
      FromRpc(RichError(grpc::StatusCode::ABORTED, reason::kEtagMismatch)), /*json=*/false);
  EXPECT_THAT(text,
              AllOf(HasSubstr("error: ABORTED: the referral is not a draft\n"),
                    HasSubstr("  reason: ETAG_MISMATCH\n"), HasSubstr("  referral: referrals/7\n"),
                    HasSubstr("  field page_size: must not be negative, got -4\n"),
                    HasSubstr("  precondition state: must be DRAFT\n"),
                    HasSubstr("hint: it was changed meanwhile")));
}

TEST(ReportFailureTest, JsonHoldsTheWholeStatus) {
  const std::string text = Reported(
      FromRpc(RichError(grpc::StatusCode::FAILED_PRECONDITION, "STATE_NOT_ALLOWED")), true);
  EXPECT_THAT(text, AllOf(HasSubstr("\"code\": 9"), HasSubstr("\"reason\": \"STATE_NOT_ALLOWED\""),
                          HasSubstr("type.googleapis.com/google.rpc.BadRequest")));
}

TEST(ReportFailureTest, UnreadableDetailsDoNotHideCodeAndMessage) {
  const absl::Status status =
      FromRpc(grpc::Status(grpc::StatusCode::NOT_FOUND, "no case named cases/1", "\xff\xff"));
  EXPECT_EQ(Reported(status, false), "error: NOT_FOUND: no case named cases/1\n");
}

TEST(ReportFailureTest, WhatTheHubSendsCannotDriveTheTerminal) {
  EXPECT_EQ(Reported(FromRpc(grpc::Status(grpc::StatusCode::INTERNAL, "a\x1b[2Jb\nc")), false),
            "error: INTERNAL: a [2Jb c\n");
}

TEST(ReportFailureTest, ReasonsOfLocalErrorsAreShownToo) {
  EXPECT_THAT(
      Reported(Error(absl::StatusCode::kDataLoss, reason::kStorageLost, "entry 7 is lost"), false),
      HasSubstr("  reason: STORAGE_LOST\n"));
}

TEST(HintTest, TellsCommonConnectionProblemsApart) {
  const auto hint = [](const std::string& message) {
    return HintFor(FromRpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, message)));
  };
  EXPECT_THAT(hint("Failed to connect to remote host: Connection refused"),
              HasSubstr("is anqiaod running"));
  EXPECT_THAT(hint("Ssl handshake failed: CERTIFICATE_VERIFY_FAILED"),
              HasSubstr("not from this authority"));
  EXPECT_THAT(hint("Peer name 127.0.0.1 is not in peer certificate"), HasSubstr("another host"));
  EXPECT_THAT(hint("Ssl handshake failed: WRONG_VERSION_NUMBER"), HasSubstr("--insecure"));
  EXPECT_THAT(hint("Socket closed"), HasSubstr("hung up"));
}

TEST(HintTest, LocalErrorsHaveNone) {
  EXPECT_THAT(HintFor(absl::UnavailableError("Connection refused")), IsEmpty());
}

TEST(ExitCodeTest, UsageErrorsHaveTheirOwn) {
  EXPECT_EQ(ExitCodeOf(UsageError("no")), kExitUsage);
  EXPECT_EQ(ExitCodeOf(FromRpc(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no"))),
            kExitError);
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), kExitOk);
}

}  // namespace
}  // namespace anqiao::ctl
