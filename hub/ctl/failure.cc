#include "hub/ctl/failure.h"

#include <google/protobuf/util/json_util.h>

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "hub/base/errors.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

constexpr char kUsageUrl[] = "anqiao/usage";
constexpr char kRpcUrl[] = "anqiao/rpc_status";

std::string ReasonIn(const google::rpc::Status& status) {
  google::rpc::ErrorInfo info;
  for (const google::protobuf::Any& detail : status.details()) {
    if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) return info.reason();
  }
  return "";
}

std::string HintForUnavailable(absl::string_view message) {
  const std::string lower = absl::AsciiStrToLower(message);
  const auto has = [&](absl::string_view part) { return absl::StrContains(lower, part); };
  if (has("connection refused")) {
    return "nothing listens there: is anqiaod running, and are --hub and --agency-listener its "
           "addresses?";
  }
  if (has("certificate_verify_failed") || has("verify failed")) {
    return "the server's certificate is not from this authority: check --certs or --ca";
  }
  if (has("peer name") || has("hostname")) {
    return "the server's certificate is for another host: use one of its host names, or issue it "
           "again with --host";
  }
  if (has("handshake") || has("ssl") || has("wrong_version")) {
    return "the TLS handshake failed: check --certs, and that the listener is not an insecure one "
           "(--insecure)";
  }
  if (has("socket closed") || has("connection reset") || has("broken pipe")) {
    return "the listener hung up: it may not accept this certificate, or it expects TLS";
  }
  if (has("dns") || has("name resolution") || has("resolve")) {
    return "the host name is not known: check --hub and --agency-listener";
  }
  return "try again; if it stays so, look at anqiaod's log";
}

void PrintDetail(std::ostream& err, const google::protobuf::Any& detail) {
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest request;
  google::rpc::PreconditionFailure failure;
  google::rpc::RetryInfo retry;
  if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) {
    err << "  reason: " << Printable(info.reason()) << "\n";
    for (const auto& [key, value] : info.metadata()) {
      err << "  " << Printable(key) << ": " << Printable(value) << "\n";
    }
  } else if (detail.Is<google::rpc::BadRequest>() && detail.UnpackTo(&request)) {
    for (const auto& violation : request.field_violations()) {
      err << "  field " << Printable(violation.field()) << ": "
          << Printable(violation.description()) << "\n";
    }
  } else if (detail.Is<google::rpc::PreconditionFailure>() && detail.UnpackTo(&failure)) {
    for (const auto& violation : failure.violations()) {
      err << "  precondition " << Printable(violation.subject()) << ": "
          << Printable(violation.description()) << "\n";
    }
  } else if (detail.Is<google::rpc::RetryInfo>() && detail.UnpackTo(&retry)) {
    err << "  retry after: " << retry.retry_delay().seconds() << " s\n";
  }
}

}  // namespace

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsageUrl, absl::Cord("1"));
  return status;
}

absl::Status FromRpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  result.SetPayload(kRpcUrl, absl::Cord(status.error_details()));
  return result;
}

google::rpc::Status ToProto(const absl::Status& status) {
  google::rpc::Status proto;
  if (const auto payload = status.GetPayload(kRpcUrl)) {
    // Details that cannot be read are as good as none: code and message still stand.
    if (!proto.ParseFromString(std::string(*payload))) proto.Clear();
  }
  if (const std::optional<ErrorDetail> detail = DetailOf(status)) {
    google::rpc::ErrorInfo info;
    info.set_reason(detail->reason);
    for (const auto& [key, value] : detail->metadata) (*info.mutable_metadata())[key] = value;
    proto.add_details()->PackFrom(info);
  }
  proto.set_code(static_cast<int>(status.code()));
  proto.set_message(std::string(status.message()));
  return proto;
}

std::string HintFor(const absl::Status& status) {
  if (!status.GetPayload(kRpcUrl).has_value()) return "";
  const std::string reason = ReasonIn(ToProto(status));
  if (reason == reason::kEtagMismatch) {
    return "it was changed meanwhile: read it again, then decide again";
  }
  if (reason == reason::kRequestIdConflict) {
    return "this request id was used before for something else: use a new one";
  }
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return HintForUnavailable(
          absl::string_view(status.message().data(), status.message().size()));
    case absl::StatusCode::kUnauthenticated:
      return "the hub does not know who this is: check --as, --agency or --cert, and the address";
    case absl::StatusCode::kPermissionDenied:
      return "this certificate's role or jurisdiction does not allow it";
    case absl::StatusCode::kUnimplemented:
      return "this listener does not have the method: caseworkers' commands go to --hub, agencies' "
             "to --agency-listener";
    case absl::StatusCode::kDeadlineExceeded:
      return "allow more time with --timeout";
    case absl::StatusCode::kResourceExhausted:
      return "the hub has reached a limit: try again later or send less at a time";
    default:
      return "";
  }
}

void ReportFailure(std::ostream& err, const absl::Status& status, bool json) {
  const google::rpc::Status proto = ToProto(status);
  if (json) {
    std::string text;
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = true;
    if (google::protobuf::util::MessageToJsonString(proto, &text, options).ok()) {
      err << text;
      return;
    }
  }
  err << "error: " << absl::StatusCodeToString(status.code()) << ": " << Printable(proto.message())
      << "\n";
  for (const google::protobuf::Any& detail : proto.details()) PrintDetail(err, detail);
  const std::string hint = HintFor(status);
  if (!hint.empty()) err << "hint: " << hint << "\n";
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  return status.GetPayload(kUsageUrl).has_value() ? kExitUsage : kExitError;
}

}  // namespace anqiao::ctl
