#include "hub/transport/http_poll.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/transport/token_file.h"

namespace anqiao::transport {
namespace {

// A version 8 UUID (RFC 9562) of what is given.
std::string UuidOf(absl::string_view text) {
  std::string bytes = Sha256(text).substr(0, 16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x80);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  const std::string digits = Hex(bytes);
  return absl::StrCat(digits.substr(0, 8), "-", digits.substr(8, 4), "-", digits.substr(12, 4), "-",
                      digits.substr(16, 4), "-", digits.substr(20));
}

// Both are lower_snake_case, and hashes are hexadecimal: no two parts can be mistaken.
std::string RequestIdOf(const PollOptions& options, const std::string& content,
                        const std::string& previous) {
  if (options.ids_not_from_content_for_test) return RandomUuid();
  return UuidOf(absl::StrCat("http poll\n", options.agency, "\n", options.format, "\n", content,
                             "\n", previous));
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpPoll>> HttpPoll::Open(PollOptions options,
                                                         engine::Engine* engine, const Clock* clock,
                                                         const Log* log) {
  const auto refused = [&](absl::string_view why) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 absl::StrCat("http_poll of agency ", options.agency, ", format ", options.format,
                              ": ", why));
  };
  if (engine->FindAgency(options.agency) == nullptr) return refused("there is no such agency");
  std::unique_ptr<TlsContext> tls;
  if (options.url.tls || (options.receipt_url.has_value() && options.receipt_url->tls)) {
    absl::StatusOr<std::unique_ptr<TlsContext>> made = TlsContext::ForClient(options.identity);
    if (!made.ok()) return refused(made.status().message());
    tls = *std::move(made);
  }
  if (!options.token_file.empty()) {
    const absl::Status token = ReadTokenFile(options.token_file).status();
    if (!token.ok()) return refused(token.message());
  }
  return std::unique_ptr<HttpPoll>(
      new HttpPoll(std::move(options), engine, clock, log, std::move(tls)));
}

HttpPoll::HttpPoll(PollOptions options, engine::Engine* engine, const Clock* clock, const Log* log,
                   std::unique_ptr<TlsContext> tls)
    : options_(std::move(options)),
      engine_(*engine),
      clock_(*clock),
      log_(log),
      tls_(std::move(tls)),
      client_(clock, tls_.get(), options_.timeouts),
      state_(LoadPollState(options_.state_file)),
      pauses_(std::min(options_.pause_min, options_.interval), options_.pause_max, options_.seed) {
  counts_.success = state_.success;
}

void HttpPoll::Start() {
  thread_ = std::thread([this] { Run(); });
}

void HttpPoll::Shutdown() {
  {
    const std::lock_guard<std::mutex> lock(mu_);
    stopping_ = true;
    stopped_.notify_all();
  }
  client_.Interrupt();
  if (thread_.joinable()) thread_.join();
}

bool HttpPoll::Stopping() const {
  const std::lock_guard<std::mutex> lock(mu_);
  return stopping_;
}

PollCounts HttpPoll::Counts() const {
  absl::MutexLock lock(&counts_mu_);
  return counts_;
}

void HttpPoll::Tell(Log::Level level, const char* event, const std::string& note) const {
  if (log_ == nullptr) return;
  log_->Write(level, event,
              {{"agency", options_.agency}, {"format", options_.format}, {"note", note}});
}

void HttpPoll::Run() {
  while (!Stopping()) {
    const absl::Status status = PollOnce();
    const absl::Duration pause = PauseAfter(status);
    std::unique_lock<std::mutex> lock(mu_);
    stopped_.wait_for(lock, absl::ToChronoMilliseconds(pause), [this] { return stopping_; });
  }
}

absl::Duration HttpPoll::PauseAfter(const absl::Status& status) {
  if (status.ok()) {
    if (pauses_.Reset()) Tell(Log::Level::kInfo, "http_poll_goes_on", "");
    return options_.interval;
  }
  if (pauses_.taken() == 0 && !Stopping()) {
    Tell(Log::Level::kWarning, "http_poll_waits", std::string(status.message()));
  }
  // What the server asks for, within bounds.
  return std::max(pauses_.Next(), std::min(retry_after_, options_.pause_max));
}

absl::Status HttpPoll::PollOnce() {
  retry_after_ = absl::ZeroDuration();
  const absl::Status status = Poll();
  absl::MutexLock lock(&counts_mu_);
  if (status.ok()) {
    counts_.success = clock_.Now();
  } else {
    ++counts_.failed;
  }
  return status;
}

absl::Status HttpPoll::Poll() {
  std::string bearer;
  if (!options_.token_file.empty()) {
    absl::StatusOr<std::string> token = ReadTokenFile(options_.token_file);
    if (!token.ok()) return absl::UnavailableError(token.status().message());
    bearer = *std::move(token);
  }
  AQ_ASSIGN_OR_RETURN(
      FetchAnswer answer,
      client_.Fetch({.url = options_.url,
                     .bearer = bearer,
                     .etag = state_.etag,
                     .last_modified = state_.last_modified,
                     .bytes_max = engine_.FindAgency(options_.agency)->payload_bytes_max}));
  retry_after_ = answer.retry_after;
  const bool asked = !state_.etag.empty() || !state_.last_modified.empty();
  if (answer.code == 304 && asked) {
    {
      absl::MutexLock lock(&counts_mu_);
      ++counts_.unchanged;
    }
    Remember(state_);
    return absl::OkStatus();
  }
  if (answer.code >= 300 && answer.code < 400) {
    return absl::UnavailableError(
        absl::StrCat("the server answered ", answer.code, "; redirects are not followed"));
  }
  if (answer.code != 200) {
    return absl::UnavailableError(absl::StrCat("the server answered ", answer.code));
  }
  return TakeUp(std::move(answer), bearer);
}

absl::Status HttpPoll::TakeUp(FetchAnswer answer, const std::string& bearer) {
  PollState next = state_;
  next.etag = answer.etag;
  next.last_modified = answer.last_modified;
  const std::string hash = Hex(Sha256(answer.body));
  if (hash == state_.content) {
    {
      absl::MutexLock lock(&counts_mu_);
      ++counts_.unchanged;
    }
    Remember(std::move(next));
    return absl::OkStatus();
  }
  AQ_ASSIGN_OR_RETURN(const Responses responses, HandIn(std::move(answer.body), hash));
  const exchange::v1::PayloadSummary& summary = responses.back().summary();
  {
    absl::MutexLock lock(&counts_mu_);
    counts_.payloads.Add(summary);
  }
  if (IsPassing(summary.status())) return absl::UnavailableError(summary.status().message());
  if (options_.receipt_url.has_value()) AQ_RETURN_IF_ERROR(SendReceipt(responses, bearer));
  next.previous = state_.content;
  next.content = hash;
  Remember(std::move(next));
  if (summary.status().code() == 0) {
    Tell(Log::Level::kInfo, "http_poll_taken",
         absl::StrCat("request id ", responses.back().request_id()));
  } else {
    Tell(Log::Level::kWarning, "http_poll_refused", summary.status().message());
  }
  return absl::OkStatus();
}

absl::StatusOr<Responses> HttpPoll::HandIn(std::string content, const std::string& hash) {
  engine::SubmitCommand command;
  command.agency = options_.agency;
  command.header.set_format(options_.format);
  command.header.set_request_id(RequestIdOf(options_, hash, state_.content));
  command.payload = std::move(content);
  return SubmitAndWait(engine_, command, absl::InfiniteDuration(), [this] { return Stopping(); });
}

absl::Status HttpPoll::SendReceipt(const Responses& responses, const std::string& bearer) {
  AQ_ASSIGN_OR_RETURN(const std::string receipt, ReceiptText(responses));
  AQ_ASSIGN_OR_RETURN(const int code, client_.Post(*options_.receipt_url, bearer, receipt));
  if (code >= 200 && code < 300) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("the receipt was answered ", code));
}

void HttpPoll::Remember(PollState state) {
  state.success = clock_.Now();
  state_ = std::move(state);
  // Without it the content is fetched again after a restart, and answered as before.
  const absl::Status saved = SavePollState(options_.state_file, state_);
  if (!saved.ok()) Tell(Log::Level::kWarning, "http_poll_state_lost", std::string(saved.message()));
}

}  // namespace anqiao::transport
