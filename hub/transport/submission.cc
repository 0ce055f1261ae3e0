#include "hub/transport/submission.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "google/protobuf/util/json_util.h"
#include "google/rpc/error_details.pb.h"
#include "hub/base/errors.h"
#include "hub/engine/receipts.h"

namespace anqiao::transport {
namespace {

// How often a thread that waits for room looks whether it is to stop.
constexpr absl::Duration kSubmissionLook = absl::Milliseconds(200);

// Shared: the engine may call after the caller gave up waiting.
struct Answer {
  absl::Notification ready, done;
  Responses responses;
};

}  // namespace

absl::StatusOr<Responses> SubmitAndWait(engine::Engine& engine,
                                        const engine::SubmitCommand& command,
                                        absl::Duration patience,
                                        const std::function<bool()>& stopping) {
  absl::Duration waited;
  while (true) {
    const auto answer = std::make_shared<Answer>();
    const bool taken = engine.Submit(
        command,
        [answer](Responses responses) {
          answer->responses = std::move(responses);
          answer->done.Notify();
        },
        [answer] { answer->ready.Notify(); });
    if (taken) {
      answer->done.WaitForNotification();
      if (!answer->responses.empty() && answer->responses.back().has_summary()) {
        return std::move(answer->responses);
      }
      return absl::UnavailableError("the engine gave no answer");
    }
    while (!answer->ready.WaitForNotificationWithTimeout(kSubmissionLook)) {
      if (stopping()) {
        return Error(absl::StatusCode::kUnavailable, reason::kShuttingDown,
                     "the hub is shutting down");
      }
      waited += kSubmissionLook;
      if (waited >= patience) {
        return Error(absl::StatusCode::kResourceExhausted, reason::kOverloaded,
                     "too many payloads are pending");
      }
    }
  }
}

std::string ReasonIn(const google::rpc::Status& status) {
  google::rpc::ErrorInfo info;
  for (const auto& detail : status.details()) {
    if (detail.UnpackTo(&info)) return info.reason();
  }
  return "";
}

bool IsPassing(const google::rpc::Status& status) {
  const std::string why = ReasonIn(status);
  if (why == reason::kPayloadTooLarge || why == reason::kPayloadUndecodable) return false;
  switch (static_cast<absl::StatusCode>(status.code())) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return false;
    default:
      return true;
  }
}

bool IsPlainText(absl::string_view text) {
  return engine::Bounded(text, text.size()) == text &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

absl::StatusOr<std::string> ReceiptText(const Responses& responses) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  options.add_whitespace = true;
  std::string text = "[";
  for (const exchange::v1::SubmitResponse& response : responses) {
    std::string part;
    const auto printed = google::protobuf::util::MessageToJsonString(response, &part, options);
    if (!printed.ok()) return absl::InternalError("the receipt cannot be printed");
    absl::StrAppend(&text, text.size() > 1 ? ",\n" : "\n", part);
  }
  return text + "\n]\n";
}

void PayloadCounts::Add(const exchange::v1::PayloadSummary& summary) {
  if (IsPassing(summary.status())) {
    ++failed;
  } else if (summary.status().code() != 0) {
    ++refused;
  } else if (summary.repeated()) {
    ++repeated;
  } else {
    ++taken;
  }
}

}  // namespace anqiao::transport
