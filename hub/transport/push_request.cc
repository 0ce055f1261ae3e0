#include "hub/transport/push_request.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/util/json_util.h"
#include "google/rpc/error_details.pb.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/status_conversion.h"
#include "hub/transport/body_reader.h"

namespace anqiao::transport {
namespace {

constexpr char kRequestId[] = "Idempotency-Key";
constexpr char kFileName[] = "X-Anqiao-File-Name";
constexpr char kExtractTime[] = "X-Anqiao-Extract-Time";
constexpr char kJson[] = "application/json";
constexpr std::size_t kFileNameBytesMax = 255;

absl::StatusOr<std::string> Field(const httplib::Headers& headers, const char* name) {
  absl::StatusOr<std::string> value = OneHeader(headers, name);
  if (!value.ok()) return InvalidField(name, "must be there once");
  return value;
}

absl::StatusOr<std::string> PercentDecoded(absl::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    int byte = 0;
    const absl::string_view digits = text.substr(i + 1, 2);
    if (digits.size() != 2 || !absl::ascii_isxdigit(static_cast<unsigned char>(digits[0])) ||
        !absl::ascii_isxdigit(static_cast<unsigned char>(digits[1])) ||
        !absl::SimpleHexAtoi(digits, &byte)) {
      return absl::InvalidArgumentError("% without two hexadecimal digits");
    }
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

// Zero: another try is not worth it.
absl::Duration RetryAfter(const google::rpc::Status& status) {
  google::rpc::RetryInfo retry;
  for (const auto& detail : status.details()) {
    if (detail.UnpackTo(&retry)) return absl::Seconds(retry.retry_delay().seconds());
  }
  const int code = HttpCodeOf(status);
  return code == 429 || code == 503 ? absl::Seconds(2) : absl::ZeroDuration();
}

void SetCode(const google::rpc::Status& status, httplib::Response* response) {
  response->status = HttpCodeOf(status);
  const absl::Duration pause = RetryAfter(status);
  if (pause > absl::ZeroDuration()) {
    response->set_header("Retry-After", absl::StrCat(absl::ToInt64Seconds(pause)));
  }
}

}  // namespace

absl::StatusOr<exchange::v1::PayloadHeader> PayloadHeaderOf(absl::string_view format,
                                                            const httplib::Headers& headers) {
  exchange::v1::PayloadHeader header;
  if (!IsPlainText(format)) return InvalidField("format", "must be plain text");
  header.set_format(std::string(format));
  AQ_ASSIGN_OR_RETURN(const std::string id, Field(headers, kRequestId));
  absl::string_view bare = id;
  // Its draft has it as a quoted string.
  if (bare.size() >= 2 && bare.front() == '"' && bare.back() == '"') {
    bare = bare.substr(1, bare.size() - 2);
  }
  if (!IsPlainText(bare)) return InvalidField(kRequestId, "must be plain text");
  header.set_request_id(std::string(bare));
  AQ_ASSIGN_OR_RETURN(const std::string encoded, Field(headers, kFileName));
  const absl::StatusOr<std::string> name = PercentDecoded(encoded);
  if (!name.ok() || name->size() > kFileNameBytesMax || !IsPlainText(*name)) {
    return InvalidField(kFileName, absl::StrCat("must be percent-encoded UTF-8 of at most ",
                                                kFileNameBytesMax, " bytes"));
  }
  header.set_file_name(*name);
  AQ_ASSIGN_OR_RETURN(const std::string time, Field(headers, kExtractTime));
  if (time.empty()) return header;
  absl::Time extracted;
  std::string ignored;
  if (!absl::ParseTime(absl::RFC3339_full, time, &extracted, &ignored) ||
      extracted == absl::InfiniteFuture() || extracted == absl::InfinitePast()) {
    return InvalidField(kExtractTime, "must be an instant such as 2026-06-30T09:00:00+08:00");
  }
  const std::int64_t seconds = absl::ToUnixSeconds(extracted);
  header.mutable_extract_time()->set_seconds(seconds);
  header.mutable_extract_time()->set_nanos(static_cast<std::int32_t>(
      absl::ToInt64Nanoseconds(extracted - absl::FromUnixSeconds(seconds))));
  return header;
}

int HttpCodeOf(const google::rpc::Status& status) {
  switch (static_cast<absl::StatusCode>(status.code())) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return ReasonIn(status) == reason::kPayloadTooLarge ? 413 : 429;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

void SetError(const absl::Status& status, httplib::Response* response) {
  const google::rpc::Status details = rpc::ToRpcStatus(status);
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(details, &text).ok()) text = "{}";
  SetCode(details, response);
  response->set_content(text + "\n", kJson);
}

void SetAnswer(const Responses& responses, httplib::Response* response) {
  const absl::StatusOr<std::string> text = ReceiptText(responses);
  if (!text.ok()) return SetError(text.status(), response);
  SetCode(responses.back().summary().status(), response);
  response->set_content(*text, kJson);
}

}  // namespace anqiao::transport
