// Posts an agency's deliveries to its server, each on a connection of its own.
//
//   POST /inbox HTTP/1.1
//   Idempotency-Key: <the delivery's name>     the same at every attempt
//   Content-Type: application/json             application/x-protobuf; application/octet-stream for
//                                              the agency's own format
//
// What an answer means is in OutcomeOf. An agency whose server cannot be reached, or that asks for
// later, is waited for, with pauses that grow, and nothing counts as an attempt.
//
// Thread-safe. Stop order: this, then the engine.

#ifndef ANQIAO_HUB_TRANSPORT_HTTP_DELIVERY_H_
#define ANQIAO_HUB_TRANSPORT_HTTP_DELIVERY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"
#include "hub/base/log.h"
#include "hub/engine/engine.h"
#include "hub/transport/outgoing.h"
#include "hub/transport/pauses.h"
#include "hub/transport/poll_client.h"
#include "hub/transport/poll_url.h"
#include "hub/transport/tls_context.h"

namespace anqiao::transport {

struct HttpDeliveryOptions {
  std::string agency;
  PollUrl url;
  TlsIdentity identity;    // the hub's own certificate may be missing; unused without TLS
  std::string token_file;  // empty: no bearer token
  EnvelopeForm form = EnvelopeForm::kJson;
  // Deliveries that are posted at the same time; never two of one referral.
  int connections = 2;
  absl::Duration pause_min = absl::Seconds(1);
  absl::Duration pause_max = absl::Minutes(5);
  // The longest that a Retry-After is heeded.
  absl::Duration retry_after_max = absl::Hours(1);
  PollTimeouts timeouts = {};
  // Of the pauses' jitter.
  std::uint32_t seed = 1;
  // Each attempt has a key of its own.
  bool names_change_for_test = false;
};

// What an HTTP answer means for a delivery.
enum class PostOutcome {
  kDelivered,  // 2xx
  kRefused,    // counts as an attempt: 3xx, 4xx, 500, 501 and others
  kLater,      // 408, 425, 429: the agency is there and asks for time
  kAway,       // 502, 503, 504: what is behind the server is not there
};
PostOutcome OutcomeOf(int code);

class HttpDelivery {
 public:
  // All outlive it; "log" may be null. FAILED_PRECONDITION (CONFIGURATION_INVALID), NOT_FOUND
  // (AGENCY_NOT_FOUND): the TLS files or the token file cannot be used, or the engine does not have
  // the agency's deliveries pushed.
  static absl::StatusOr<std::unique_ptr<HttpDelivery>> Open(HttpDeliveryOptions options,
                                                            engine::Engine* engine,
                                                            const Clock* clock, const Log* log);
  ~HttpDelivery() { Shutdown(); }

  // Goes on on threads of its own, one a connection.
  void Start();
  // Breaks off what is under way, joins; what is not acknowledged is handed back. Idempotent.
  void Shutdown();

  // Posts one delivery, waiting for one at most so long. UNAVAILABLE: everything has to wait. Not
  // while the threads run.
  absl::Status DeliverOnce(absl::Duration wait) { return DeliverOnce(*workers_[0], wait); }
  // How long to wait before the next one, after one that ended with "status".
  absl::Duration PauseAfter(const absl::Status& status) { return PauseAfter(*workers_[0], status); }

  const HttpDeliveryOptions& options() const { return options_; }
  OutgoingCounts Counts() const;

 private:
  struct Worker {
    Worker(const Clock* clock, const TlsContext* tls, const HttpDeliveryOptions& options,
           int number, std::unique_ptr<engine::DeliveryStream> deliveries)
        : client(clock, tls, options.timeouts),
          stream(std::move(deliveries)),
          pauses(options.pause_min, options.pause_max,
                 options.seed * 64 + static_cast<std::uint32_t>(number)) {}
    PollClient client;
    const std::unique_ptr<engine::DeliveryStream> stream;
    Pauses pauses;
    absl::Duration retry_after;
    std::thread thread;
  };

  HttpDelivery(HttpDeliveryOptions options, std::unique_ptr<TlsContext> tls, const Log* log)
      : options_(std::move(options)), tls_(std::move(tls)), log_(log) {}

  void Run(Worker& worker);
  absl::Status DeliverOnce(Worker& worker, absl::Duration wait);
  absl::Status Deliver(Worker& worker, absl::Duration wait);
  absl::Duration PauseAfter(Worker& worker, const absl::Status& status);
  // Judges an answer.
  absl::Status Heed(Worker& worker, const Outgoing& outgoing, const SendAnswer& answer);
  absl::Status Refuse(Worker& worker, const Outgoing& outgoing, const std::string& why);
  // Nullopt: as it was.
  void SetThere(std::optional<bool> there);
  bool Stopping() const;
  void Tell(Log::Level level, const char* event, const std::string& note) const;

  const HttpDeliveryOptions options_;
  const std::unique_ptr<TlsContext> tls_;  // null without TLS
  const Log* const log_;
  std::vector<std::unique_ptr<Worker>> workers_;

  mutable absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool away_ ABSL_GUARDED_BY(mu_) = false;
  OutgoingCounts counts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_HTTP_DELIVERY_H_
