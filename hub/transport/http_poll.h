// A URL of an agency's that the hub fetches now and then: what is new there becomes a payload.
//
//   GET, unless unchanged ──▶ hand in, wait ──▶ receipt to receipt_url, if there is one ──▶
//   remember
//
// The request id is made from agency, format, content and the content before it. So what a crash
// left between handing in and remembering is answered as before, and an export that goes back to an
// earlier content is not mistaken for it. What cannot be decided now (no answer, the hub is full,
// the adapter is disabled) is tried again with pauses that grow; what can never be used is fetched
// again when it changes.
//
// Thread-safe. Stop order: this, then the engine.

#ifndef ANQIAO_HUB_TRANSPORT_HTTP_POLL_H_
#define ANQIAO_HUB_TRANSPORT_HTTP_POLL_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"
#include "hub/base/log.h"
#include "hub/engine/engine.h"
#include "hub/transport/pauses.h"
#include "hub/transport/poll_client.h"
#include "hub/transport/poll_state.h"
#include "hub/transport/poll_url.h"
#include "hub/transport/submission.h"
#include "hub/transport/tls_context.h"

namespace anqiao::transport {

struct PollOptions {
  std::string agency;
  std::string format;
  PollUrl url;
  std::optional<PollUrl> receipt_url;
  TlsIdentity identity;    // the hub's own certificate may be missing; unused without TLS
  std::string token_file;  // empty: no bearer token
  std::string state_file;
  absl::Duration interval = absl::Minutes(5);
  // The first pause after a failure, and the longest; the first is never longer than the interval.
  absl::Duration pause_min = absl::Seconds(5);
  absl::Duration pause_max = absl::Minutes(5);
  PollTimeouts timeouts = {};
  // Of the pauses' jitter.
  std::uint32_t seed = 1;
  // A content that comes again is taken for a new one.
  bool ids_not_from_content_for_test = false;
};

struct PollCounts {
  PayloadCounts payloads;
  std::int64_t unchanged = 0;                 // polls that found nothing new
  std::int64_t failed = 0;                    // polls that came to nothing
  absl::Time success = absl::InfinitePast();  // the last poll that did not fail
};

class HttpPoll {
 public:
  // All outlive it; "log" may be null. FAILED_PRECONDITION (CONFIGURATION_INVALID): the TLS files
  // or the token file cannot be used, or there is no such agency.
  static absl::StatusOr<std::unique_ptr<HttpPoll>> Open(PollOptions options, engine::Engine* engine,
                                                        const Clock* clock, const Log* log);
  ~HttpPoll() { Shutdown(); }

  // Polls every "interval" on a thread of its own, at once first.
  void Start();
  // Breaks off a transfer, waits for a payload that is with the engine. Idempotent, joins.
  void Shutdown();

  // One poll. UNAVAILABLE, RESOURCE_EXHAUSTED: it came to nothing. Not while the thread runs.
  absl::Status PollOnce();
  // How long to wait before the next, after one that ended with "status".
  absl::Duration PauseAfter(const absl::Status& status);

  const PollOptions& options() const { return options_; }
  PollCounts Counts() const;

 private:
  HttpPoll(PollOptions options, engine::Engine* engine, const Clock* clock, const Log* log,
           std::unique_ptr<TlsContext> tls);

  void Run();
  absl::Status Poll();
  absl::Status TakeUp(FetchAnswer answer, const std::string& bearer);
  absl::StatusOr<Responses> HandIn(std::string content, const std::string& hash);
  absl::Status SendReceipt(const Responses& responses, const std::string& bearer);
  void Remember(PollState state);
  bool Stopping() const;
  void Tell(Log::Level level, const char* event, const std::string& note) const;

  const PollOptions options_;
  engine::Engine& engine_;
  const Clock& clock_;
  const Log* const log_;
  const std::unique_ptr<TlsContext> tls_;
  PollClient client_;

  // The thread's, or PollOnce's caller's.
  PollState state_;
  Pauses pauses_;
  absl::Duration retry_after_;

  mutable absl::Mutex counts_mu_;
  PollCounts counts_ ABSL_GUARDED_BY(counts_mu_);

  // Standard ones: their waits go by the steady clock, Abseil's by the one that may be set.
  mutable std::mutex mu_;
  std::condition_variable stopped_;
  bool stopping_ = false;  // guarded by mu_
  std::thread thread_;
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_HTTP_POLL_H_
