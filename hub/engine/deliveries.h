// What waits for each agency and who has it in hand: order per referral, windows, visibility,
// pauses after refusals, and whether the agency is there. An index of bounded size only; the rest
// of a queue and the envelopes stay in the projections.
//
// What is promised is in hub/doc/delivery.md. Thread-safe.

#ifndef ANQIAO_HUB_ENGINE_DELIVERIES_H_
#define ANQIAO_HUB_ENGINE_DELIVERIES_H_

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"
#include "hub/engine/delivery_queue.h"
#include "hub/engine/engine.h"
#include "hub/engine/projection.h"
#include "hub/engine/writer.h"
#include "hub/store/store.h"

namespace anqiao::engine {

class Deliveries {
 public:
  struct Presence {
    bool there = false;
    absl::Time away_since;  // if it is not there
    // It was never there since the hub started, so it may be away for longer.
    bool since_start = false;
  };

  // All outlive the deliveries.
  Deliveries(const EngineOptions* options, const Clock* clock, const store::Store* store)
      : options_(options), clock_(clock), store_(store) {}

  // From now on the agencies are waited for.
  void Start();
  void SetWriter(Writer* writer) { writer_ = writer; }
  void OnEvents(const std::vector<DeliveryEvent>& events);
  // "there": the agency is, as long as the stream is open or until it says otherwise.
  std::unique_ptr<DeliveryStream> Open(const std::string& agency, int max_in_flight,
                                       absl::Duration visibility_timeout, bool there);
  Presence PresenceOf(const std::string& agency) const;
  // Places in memory, of all agencies.
  std::size_t InMemory() const;
  // Closes all streams.
  void Close();

 private:
  class Stream;

  struct Receiver {
    explicit Receiver(std::size_t window_max) : queue(window_max) {}
    DeliveryQueue queue;
    absl::CondVar changed;
    std::set<const Stream*> there;  // the streams whose agency is there
    absl::Time away_since;
    bool since_start = true;
  };

  Receiver& ReceiverOf(const std::string& agency) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SetThere(const std::string& agency, const Stream* stream, bool there)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Reads on behind the window. Lets go of the lock meanwhile.
  absl::Status ReadOn(const std::string& agency, Receiver& receiver)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Find(const std::string& agency, const DeliveryQueue::Reading& reading,
                    std::vector<DeliveryQueue::Found>* found, bool* at_end) const;
  absl::Duration PauseAfter(int nack_count) const;
  // Nullopt: it no longer waits.
  absl::StatusOr<std::optional<exchange::v1::Delivery>> Read(
      const DeliveryQueue::Taken& taken) const;
  absl::StatusOr<journal::v1::DeliveryDocument> FindFor(const std::string& agency,
                                                        const std::string& delivery,
                                                        const store::Snapshot& snapshot) const;
  absl::Status Ack(const std::string& agency, const std::string& delivery,
                   const HandedOver& handed_over);
  absl::Status Nack(const std::string& agency, const std::string& delivery,
                    const std::string& reason);

  const EngineOptions* const options_;
  const Clock* const clock_;
  const store::Store* const store_;
  Writer* writer_ = nullptr;

  mutable absl::Mutex mu_;
  std::map<std::string, Receiver> receivers_ ABSL_GUARDED_BY(mu_);
  absl::Time started_ ABSL_GUARDED_BY(mu_);
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

// What the salt of HandedOver is sealed for.
inline constexpr char kHandedOverSalt[] = "handed_over";

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_DELIVERIES_H_
