#include "hub/transport/http_delivery.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/transport/token_file.h"

namespace anqiao::transport {
namespace {

constexpr absl::Duration kWait = absl::Seconds(5);
// The server took the connection and said nothing: a failure of somebody who is there.
constexpr char kNoAnswer[] = "NO_ANSWER";

}  // namespace

PostOutcome OutcomeOf(int code) {
  if (code >= 200 && code < 300) return PostOutcome::kDelivered;
  switch (code) {
    case 408:
    case 425:
    case 429:
      return PostOutcome::kLater;
    case 502:
    case 503:
    case 504:
      return PostOutcome::kAway;
    default:
      return PostOutcome::kRefused;
  }
}

absl::StatusOr<std::unique_ptr<HttpDelivery>> HttpDelivery::Open(HttpDeliveryOptions options,
                                                                 engine::Engine* engine,
                                                                 const Clock* clock,
                                                                 const Log* log) {
  const auto refused = [&](absl::string_view why) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 absl::StrCat("deliver of agency ", options.agency, ": ", why));
  };
  std::unique_ptr<TlsContext> tls;
  if (options.url.tls) {
    absl::StatusOr<std::unique_ptr<TlsContext>> made = TlsContext::ForClient(options.identity);
    if (!made.ok()) return refused(made.status().message());
    tls = *std::move(made);
  }
  if (!options.token_file.empty()) {
    const absl::Status token = ReadTokenFile(options.token_file).status();
    if (!token.ok()) return refused(token.message());
  }
  std::unique_ptr<HttpDelivery> made(new HttpDelivery(std::move(options), std::move(tls), log));
  for (int i = 0; i < made->options_.connections; ++i) {
    AQ_ASSIGN_OR_RETURN(std::unique_ptr<engine::DeliveryStream> stream,
                        engine->OpenPush(made->options_.agency, 1));
    made->workers_.push_back(
        std::make_unique<Worker>(clock, made->tls_.get(), made->options_, i, std::move(stream)));
  }
  return made;
}

void HttpDelivery::Start() {
  for (const auto& worker : workers_) {
    worker->thread = std::thread([this, at = worker.get()] { Run(*at); });
  }
}

void HttpDelivery::Shutdown() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  for (const auto& worker : workers_) {
    worker->stream->Close();
    worker->client.Interrupt();
  }
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

bool HttpDelivery::Stopping() const {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

OutgoingCounts HttpDelivery::Counts() const {
  absl::MutexLock lock(&mu_);
  return counts_;
}

void HttpDelivery::Tell(Log::Level level, const char* event, const std::string& note) const {
  if (log_ != nullptr) log_->Write(level, event, {{"agency", options_.agency}, {"note", note}});
}

void HttpDelivery::Run(Worker& worker) {
  while (true) {
    const absl::Status status = DeliverOnce(worker, kWait);
    const absl::Duration pause = PauseAfter(worker, status);
    absl::MutexLock lock(&mu_);
    const auto stopping = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return stopping_; };
    if (mu_.AwaitWithTimeout(absl::Condition(&stopping), pause)) return;
  }
}

absl::Duration HttpDelivery::PauseAfter(Worker& worker, const absl::Status& status) {
  if (status.ok()) {
    if (worker.pauses.Reset()) Tell(Log::Level::kInfo, "http_delivery_goes_on", "");
    return absl::ZeroDuration();
  }
  if (worker.pauses.taken() == 0 && !Stopping()) {
    Tell(Log::Level::kWarning, "http_delivery_waits", std::string(status.message()));
  }
  return std::max(worker.pauses.Next(), std::min(worker.retry_after, options_.retry_after_max));
}

absl::Status HttpDelivery::DeliverOnce(Worker& worker, absl::Duration wait) {
  worker.retry_after = absl::ZeroDuration();
  const absl::Status status = Deliver(worker, wait);
  if (status.ok() || Stopping()) return status;
  worker.stream->HandBack();
  absl::MutexLock lock(&mu_);
  ++counts_.postponed;
  return status;
}

absl::Status HttpDelivery::Deliver(Worker& worker, absl::Duration wait) {
  AQ_ASSIGN_OR_RETURN(const std::optional<exchange::v1::Delivery> delivery,
                      worker.stream->Next(wait));
  if (!delivery.has_value()) {
    SetThere(std::nullopt);
    return absl::OkStatus();
  }
  AQ_ASSIGN_OR_RETURN(const Outgoing outgoing, ToOutgoing(*delivery, options_.form));
  SendRequest request{
      .url = options_.url,
      .bearer = "",
      .idempotency_key = options_.names_change_for_test ? RandomName() : outgoing.id,
      .content_type = outgoing.content_type,
      .body = outgoing.bytes};
  if (!options_.token_file.empty()) {
    absl::StatusOr<std::string> token = ReadTokenFile(options_.token_file);
    if (!token.ok()) return absl::UnavailableError(token.status().message());
    request.bearer = *std::move(token);
  }
  const absl::StatusOr<SendAnswer> answer = worker.client.Send(request);
  if (answer.ok()) return Heed(worker, outgoing, *answer);
  // Broken off by the hub itself: it says nothing of the agency.
  if (Stopping()) return answer.status();
  if (absl::IsAborted(answer.status())) return Refuse(worker, outgoing, kNoAnswer);
  SetThere(false);
  return answer.status();
}

void HttpDelivery::SetThere(std::optional<bool> there) {
  {
    absl::MutexLock lock(&mu_);
    if (there.has_value()) away_ = !*there;
    // Nothing to send: as it was when there was.
    there = !away_;
  }
  for (const auto& worker : workers_) worker->stream->SetThere(*there);
}

absl::Status HttpDelivery::Heed(Worker& worker, const Outgoing& outgoing,
                                const SendAnswer& answer) {
  const PostOutcome outcome = OutcomeOf(answer.code);
  SetThere(outcome != PostOutcome::kAway);
  switch (outcome) {
    case PostOutcome::kDelivered: {
      AQ_RETURN_IF_ERROR(worker.stream->Ack(
          outgoing.delivery, {.way = journal::v1::DELIVERY_WAY_HTTP, .bytes = &outgoing.bytes}));
      absl::MutexLock lock(&mu_);
      ++counts_.delivered;
      return absl::OkStatus();
    }
    case PostOutcome::kRefused:
      return Refuse(worker, outgoing, absl::StrCat("HTTP_", answer.code));
    case PostOutcome::kLater:
    case PostOutcome::kAway:
      break;
  }
  worker.retry_after = answer.retry_after;
  return absl::UnavailableError(absl::StrCat("the server answered ", answer.code));
}

absl::Status HttpDelivery::Refuse(Worker& worker, const Outgoing& outgoing,
                                  const std::string& why) {
  AQ_RETURN_IF_ERROR(worker.stream->Nack(outgoing.delivery, why));
  Tell(Log::Level::kWarning, "http_delivery_refused", absl::StrCat(outgoing.delivery, ": ", why));
  absl::MutexLock lock(&mu_);
  ++counts_.refused;
  return absl::OkStatus();
}

}  // namespace anqiao::transport
