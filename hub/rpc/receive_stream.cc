#include "hub/rpc/receive_stream.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/resource_names.h"
#include "hub/rpc/status_conversion.h"

namespace anqiao::rpc {
namespace {

using exchange::v1::ReceiveRequest;

constexpr int kInFlightDefault = 32;
constexpr int kInFlightMax = 1000;
constexpr int kVisibilitySecondsDefault = 60;
constexpr int kVisibilitySecondsMax = 600;
constexpr absl::Duration kPoll = absl::Seconds(1);
// Stands in the request until one is read. Parsing clears it, so that a failed read tells the end
// of the stream from bytes that are no message.
constexpr char kUnread[] = "unread";

bool IsUnread(const ReceiveRequest& request) {
  return request.nack().reason() == kUnread && request.nack().delivery().empty();
}

// 0 is the default.
absl::StatusOr<int> InRange(absl::string_view field, int value, int value_default, int value_max) {
  if (value == 0) return value_default;
  if (value < 0 || value > value_max) {
    return InvalidField(field, absl::StrCat("must be 1 to ", value_max, ", got ", value));
  }
  return value;
}

}  // namespace

void ReceiveStream::Start(StreamThreads* threads) {
  const absl::Status added = registry_.Add(agency_, shared_from_this());
  {
    absl::MutexLock lock(&mu_);
    self_ = shared_from_this();
  }
  if (!added.ok()) {
    Finish(ToGrpcStatus(added));
    return;
  }
  threads->Run([self = shared_from_this()] { self->AnswerLoop(); });
}

void ReceiveStream::AnswerLoop() {
  End(ReadAll());
  if (deliveries_ != nullptr) {
    deliveries_->Close();
    deliver_thread_.join();
    deliveries_.reset();
  }
  registry_.Remove(agency_, this);
  absl::Status status;
  {
    absl::MutexLock lock(&mu_);
    status = *end_;
  }
  Finish(ToGrpcStatus(status));
}

absl::Status ReceiveStream::ReadAll() {
  while (const std::optional<bool> ok = Read()) {
    if (!*ok)
      return IsUnread(request_) ? absl::OkStatus() : InvalidField("request", "is not a message");
    AQ_RETURN_IF_ERROR(deliveries_ == nullptr ? Open(request_) : Answer(request_));
  }
  return absl::OkStatus();
}

std::optional<bool> ReceiveStream::Read() {
  {
    absl::MutexLock lock(&mu_);
    if (end_.has_value()) return std::nullopt;
    read_.reset();
  }
  request_.Clear();
  request_.mutable_nack()->set_reason(kUnread);
  StartRead(&request_);
  absl::MutexLock lock(&mu_);
  const auto awake = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return read_.has_value() || end_.has_value();
  };
  mu_.Await(absl::Condition(&awake));
  if (end_.has_value()) return std::nullopt;
  return *read_;
}

absl::Status ReceiveStream::Open(const ReceiveRequest& request) {
  if (!request.has_open()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kStateNotAllowed,
                 "the first request must open the stream")
        .Precondition("open", "the first request must set it");
  }
  AQ_ASSIGN_OR_RETURN(const int max_in_flight,
                      InRange("open.max_in_flight", request.open().max_in_flight(),
                              kInFlightDefault, kInFlightMax));
  AQ_ASSIGN_OR_RETURN(
      const int visibility_seconds,
      InRange("open.visibility_timeout_seconds", request.open().visibility_timeout_seconds(),
              kVisibilitySecondsDefault, kVisibilitySecondsMax));
  AQ_ASSIGN_OR_RETURN(
      deliveries_, engine_.OpenReceive(agency_, max_in_flight, absl::Seconds(visibility_seconds)));
  deliver_thread_ = std::thread([this] { DeliverLoop(); });
  return absl::OkStatus();
}

absl::Status ReceiveStream::Answer(const ReceiveRequest& request) {
  switch (request.action_case()) {
    case ReceiveRequest::kAck: {
      AQ_ASSIGN_OR_RETURN(const std::string delivery,
                          ParseResourceName("ack.delivery", kDeliveries, request.ack().delivery()));
      return deliveries_->Ack(delivery);
    }
    case ReceiveRequest::kNack: {
      AQ_ASSIGN_OR_RETURN(
          const std::string delivery,
          ParseResourceName("nack.delivery", kDeliveries, request.nack().delivery()));
      AQ_RETURN_IF_ERROR(CheckRequired("nack.reason", request.nack().reason(), 63));
      AQ_RETURN_IF_ERROR(CheckCode("nack.reason", request.nack().reason()));
      return deliveries_->Nack(delivery, request.nack().reason());
    }
    case ReceiveRequest::kOpen:
      return InvalidField("open", "must be set on the first request only");
    case ReceiveRequest::ACTION_NOT_SET:
      break;
  }
  return InvalidField("action", "must be ack or nack");
}

void ReceiveStream::DeliverLoop() {
  const auto over = [this] {
    absl::MutexLock lock(&mu_);
    return end_.has_value();
  };
  while (!over()) {
    absl::StatusOr<std::optional<exchange::v1::Delivery>> delivery = deliveries_->Next(kPoll);
    if (!delivery.ok()) {
      End(delivery.status());
      return;
    }
    if (!delivery->has_value()) continue;
    *response_.mutable_delivery() = *std::move(*delivery);
    {
      absl::MutexLock lock(&mu_);
      written_.reset();
    }
    StartWrite(&response_);
    absl::MutexLock lock(&mu_);
    const auto done = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return written_.has_value(); };
    mu_.Await(absl::Condition(&done));
    if (!*written_) return;  // The client is gone; the read says so too.
  }
}

void ReceiveStream::End(const absl::Status& status) {
  absl::MutexLock lock(&mu_);
  if (!end_.has_value()) end_ = status;
}

void ReceiveStream::OnReadDone(bool ok) {
  absl::MutexLock lock(&mu_);
  read_ = ok;
}

void ReceiveStream::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mu_);
  written_ = ok;
}

void ReceiveStream::OnCancel() { End(absl::CancelledError("the call was cancelled")); }

void ReceiveStream::Stop() {
  End(Error(absl::StatusCode::kUnavailable, reason::kShuttingDown, "the hub is shutting down"));
}

void ReceiveStream::OnDone() {
  std::shared_ptr<ReceiveStream> self;  // Outlives the lock.
  {
    absl::MutexLock lock(&mu_);
    self.swap(self_);
  }
}

}  // namespace anqiao::rpc
