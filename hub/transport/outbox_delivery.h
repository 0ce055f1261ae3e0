// Writes an agency's deliveries as files into its folder (outbox.h).
//
// A file is NAME.json, NAME.pb or NAME.FORMAT with NAME the delivery's: the same at every attempt,
// so that what a crash left there is recognised; whoever takes the oldest first has them in order.
// It counts as acknowledged once it is durable, or,
// where "await_ack", once the agency laid NAME.ack beside it; NAME.nack with a code is a refusal.
// While the folder is not there, or has no room, everything waits and nothing counts.
//
// Thread-safe. Stop order: this, then the engine.

#ifndef ANQIAO_HUB_TRANSPORT_OUTBOX_DELIVERY_H_
#define ANQIAO_HUB_TRANSPORT_OUTBOX_DELIVERY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/log.h"
#include "hub/engine/engine.h"
#include "hub/transport/outbox.h"
#include "hub/transport/outgoing.h"
#include "hub/transport/pauses.h"

namespace anqiao::transport {

struct OutboxOptions {
  std::string agency;
  std::string path;
  EnvelopeForm form = EnvelopeForm::kJson;
  bool await_ack = false;
  // Files that wait for the agency's word at a time; they are in memory too.
  int in_flight = 32;
  // How often the folder is looked at for the agency's word.
  absl::Duration poll = absl::Seconds(5);
  absl::Duration pause_min = absl::Seconds(1);
  absl::Duration pause_max = absl::Minutes(5);
  // Of the pauses' jitter.
  std::uint32_t seed = 1;
  // Each attempt has a name of its own.
  bool names_change_for_test = false;
};

class OutboxDelivery {
 public:
  // "engine" and "log", which may be null, outlive it. FAILED_PRECONDITION (CONFIGURATION_INVALID),
  // NOT_FOUND (AGENCY_NOT_FOUND): the engine does not have the agency's deliveries pushed.
  static absl::StatusOr<std::unique_ptr<OutboxDelivery>> Open(OutboxOptions options,
                                                              engine::Engine* engine,
                                                              const Log* log);
  ~OutboxDelivery() { Shutdown(); }

  // Goes on on a thread of its own.
  void Start();
  // Joins; what is not acknowledged is handed back. Idempotent.
  void Shutdown();

  // Takes up what the agency said and writes one delivery, waiting for one at most so long.
  // UNAVAILABLE: everything has to wait. Not while the thread runs.
  absl::Status DeliverOnce(absl::Duration wait);
  // How long to wait before the next one, after one that ended with "status".
  absl::Duration PauseAfter(const absl::Status& status);

  const OutboxOptions& options() const { return options_; }
  OutgoingCounts Counts() const;

 private:
  OutboxDelivery(OutboxOptions options, engine::Engine* engine, const Log* log,
                 std::unique_ptr<engine::DeliveryStream> stream)
      : options_(std::move(options)),
        engine_(*engine),
        log_(log),
        folder_(options_.path),
        stream_(std::move(stream)),
        pauses_(options_.pause_min, options_.pause_max, options_.seed) {}

  void Run();
  absl::Status Deliver(absl::Duration wait);
  absl::Status TakeAnswers();
  absl::Status Acknowledge(const Outgoing& outgoing);
  absl::Status Refuse(const Outgoing& outgoing, const std::string& why);
  bool Stopping() const;
  void Tell(Log::Level level, const char* event, const std::string& note) const;

  const OutboxOptions options_;
  engine::Engine& engine_;
  const Log* const log_;
  Outbox folder_;
  const std::unique_ptr<engine::DeliveryStream> stream_;

  // The thread's, or DeliverOnce's caller's.
  std::map<std::string, Outgoing> written_;  // by name; without an answer
  absl::Time unanswered_since_;              // since nothing was said about any of them
  Pauses pauses_;

  mutable absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  OutgoingCounts counts_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_OUTBOX_DELIVERY_H_
