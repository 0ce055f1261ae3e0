#include "hub/rpc/status_conversion.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "hub/base/errors.h"

namespace anqiao::rpc {
namespace {

// How long to wait before the same call is worth another try; zero: it is not.
absl::Duration RetryDelay(absl::StatusCode code, const std::string& reason) {
  if (reason == reason::kPayloadTooLarge) return absl::ZeroDuration();
  if (code == absl::StatusCode::kUnavailable) return absl::Seconds(1);
  if (code == absl::StatusCode::kResourceExhausted) {
    return reason == reason::kStorageFull ? absl::Seconds(60) : absl::Seconds(2);
  }
  return absl::ZeroDuration();
}

// As PackFrom does, but the same bytes each time: metadata is a map, and the order in which its
// entries are written is chance otherwise.
void Pack(const google::protobuf::Message& detail, google::rpc::Status* out) {
  google::protobuf::Any* packed = out->add_details();
  packed->set_type_url(absl::StrCat("type.googleapis.com/", detail.GetDescriptor()->full_name()));
  google::protobuf::io::StringOutputStream stream(packed->mutable_value());
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  detail.SerializeToCodedStream(&coded);
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status out;
  if (status.ok()) return out;
  const std::optional<ErrorDetail> known = DetailOf(status);
  ErrorDetail detail = known.value_or(ErrorDetail());
  if (detail.reason.empty()) detail.reason = reason::kInternal;
  out.set_code(static_cast<int>(status.code()));
  const bool hidden = !known.has_value() && (status.code() == absl::StatusCode::kInternal ||
                                             status.code() == absl::StatusCode::kUnknown);
  out.set_message(hidden ? "internal error" : std::string(status.message()));

  google::rpc::ErrorInfo info;
  info.set_reason(detail.reason);
  info.set_domain(kErrorDomain);
  for (const auto& [key, value] : detail.metadata) (*info.mutable_metadata())[key] = value;
  Pack(info, &out);
  if (!detail.fields.empty()) {
    google::rpc::BadRequest bad_request;
    for (const auto& [path, description] : detail.fields) {
      google::rpc::BadRequest::FieldViolation* violation = bad_request.add_field_violations();
      violation->set_field(path);
      violation->set_description(description);
    }
    Pack(bad_request, &out);
  }
  if (!detail.preconditions.empty()) {
    google::rpc::PreconditionFailure failure;
    for (const auto& [subject, description] : detail.preconditions) {
      google::rpc::PreconditionFailure::Violation* violation = failure.add_violations();
      violation->set_type(detail.reason);
      violation->set_subject(subject);
      violation->set_description(description);
    }
    Pack(failure, &out);
  }
  const absl::Duration delay = RetryDelay(status.code(), detail.reason);
  if (delay > absl::ZeroDuration()) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(delay));
    Pack(retry, &out);
  }
  return out;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status details = ToRpcStatus(status);
  return grpc::Status(static_cast<grpc::StatusCode>(details.code()), details.message(),
                      details.SerializeAsString());
}

}  // namespace anqiao::rpc
