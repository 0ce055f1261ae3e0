// What waits for each agency and who has it in hand: order per referral, windows, visibility,
// pauses after refusals. An index only; the envelopes stay in the projections.
//
// What is promised is in hub/doc/delivery.md. Thread-safe.

#ifndef ANQIAO_HUB_ENGINE_DELIVERIES_H_
#define ANQIAO_HUB_ENGINE_DELIVERIES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"
#include "hub/engine/engine.h"
#include "hub/engine/projection.h"
#include "hub/engine/writer.h"
#include "hub/store/store.h"

namespace anqiao::engine {

class Deliveries {
 public:
  // All outlive the deliveries.
  Deliveries(const EngineOptions* options, const Clock* clock, const store::Store* store)
      : options_(options), clock_(clock), store_(store) {}

  // Reads what is pending. Requires: the projections are caught up.
  absl::Status Load();
  void SetWriter(Writer* writer) { writer_ = writer; }
  void OnEvents(const std::vector<DeliveryEvent>& events);
  std::unique_ptr<DeliveryStream> Open(const std::string& agency, int max_in_flight,
                                       absl::Duration visibility_timeout);
  bool IsReceiving(const std::string& agency) const;
  // Closes all streams.
  void Close();

 private:
  class Stream;
  using Place = std::pair<store::Sequence, std::string>;  // sequence of queueing, delivery

  struct Waiting {
    std::string referral;
    const Stream* owner = nullptr;
    absl::Duration due;  // steady time; not before
    int attempts = 0;
  };
  struct Queue {
    std::map<Place, Waiting> waiting;
    std::map<std::string, std::set<Place>> referrals;
    std::map<std::string, Place> places;
    std::set<const Stream*> streams;
    std::map<const Stream*, std::set<Place>> held;  // handed out; may have ended since
  };
  struct HandedOut {
    std::string delivery;
    int attempt = 0;
  };

  void Add(const std::string& agency, const Place& place, const std::string& referral, int attempts)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Remove(const std::string& agency, const std::string& delivery)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The next that is due, or when to look again.
  std::optional<HandedOut> Pick(const std::string& agency, const Stream* stream, int max_in_flight,
                                absl::Duration visibility, absl::Duration* look_again)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Duration PauseAfter(int nack_count) const;
  absl::StatusOr<exchange::v1::Delivery> Read(const HandedOut& handed_out) const;
  absl::Status Ack(const std::string& agency, const std::string& delivery);
  absl::Status Nack(const std::string& agency, const std::string& delivery,
                    const std::string& reason);

  const EngineOptions* const options_;
  const Clock* const clock_;
  const store::Store* const store_;
  Writer* writer_ = nullptr;

  mutable absl::Mutex mu_;
  absl::CondVar changed_;
  std::map<std::string, Queue> queues_ ABSL_GUARDED_BY(mu_);
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_DELIVERIES_H_
