// The window of one agency's queue that is in memory: its first places, who has them in hand, and
// when they are due. What lies behind the window is read from the projections when there is room.
//
//   places:  1 2 3 5 8 | 9 11 12 ...      window_max 5; "|" is the end of the window
//
// Of one referral at most one delivery is in hand, and only the first is handed out. As the window
// holds everything up to its end, the first of a referral in it is the first there is. Without a
// window that holds all, what is queued behind its end is not remembered here.
//
// Thread-compatible.

#ifndef ANQIAO_HUB_ENGINE_DELIVERY_QUEUE_H_
#define ANQIAO_HUB_ENGINE_DELIVERY_QUEUE_H_

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "hub/store/store.h"

namespace anqiao::engine {

class DeliveryQueue {
 public:
  using Place = std::pair<store::Sequence, std::string>;  // sequence of queueing, delivery
  using Holder = const void*;

  // What waits, as it is read.
  struct Found {
    Place place;
    std::string referral = {};
    int attempts = 0;  // refusals
  };
  struct Taken {
    std::string delivery;
    int attempt = 0;
  };
  // What to read: the first "count" places after "after".
  struct Reading {
    Place after;
    std::size_t count = 0;
  };

  explicit DeliveryQueue(std::size_t window_max) : window_max_(window_max) {}

  // Instants are of the steady clock.
  void OnQueued(const Place& place, const std::string& referral);
  void OnRefused(const std::string& delivery, absl::Duration due);
  void OnGone(const std::string& delivery);

  // Hands out the first that is due, until "until", unless "holder" has "in_flight_max" already.
  // Otherwise lowers "look_again" to when one will be due.
  std::optional<Taken> Take(Holder holder, int in_flight_max, absl::Duration now,
                            absl::Duration until, absl::Duration* look_again);
  // Whatever "holder" has is due again.
  void HandBack(Holder holder);

  // There is room, there may be more, and nobody reads.
  bool WantsMore() const;
  Reading BeginReading();
  // "found" comes from a snapshot that was taken after BeginReading; "at_end": nothing came after.
  void EndReading(const std::vector<Found>& found, bool at_end);
  void GiveUpReading() { reading_ = false; }
  // What is there already is never read.
  void ForgetWhatIsThere() { whole_ = true; }

  // Places in memory.
  std::size_t size() const { return waiting_.size(); }

 private:
  struct Waiting {
    std::string referral;
    Holder holder = nullptr;
    absl::Duration due = -absl::InfiniteDuration();  // not before
    int attempts = 0;
  };
  struct OfReferral {
    std::set<Place> places;
    std::optional<Place> in_hand;
  };

  void Add(const Found& found);
  // Out of the window; it may still wait.
  void Drop(const Place& place);
  // Puts the first of the referral where Take looks, unless one of it is in hand.
  void Offer(OfReferral& referral);
  void Withdraw(const Place& place, const Waiting& waiting);
  void Release(const Place& place, Waiting& waiting, absl::Duration due);
  void Shrink();

  const std::size_t window_max_;
  std::map<Place, Waiting> waiting_;
  std::map<std::string, Place> places_;
  std::map<std::string, OfReferral> referrals_;
  std::set<Place> ready_;
  std::set<std::pair<absl::Duration, Place>> later_;  // in hand, or pausing
  std::map<Holder, std::set<Place>> held_;
  bool whole_ = false;  // nothing waits behind the window
  Place end_;           // everything up to here is in the window
  bool reading_ = false;
  // While somebody reads.
  Place read_after_;
  bool queued_behind_ = false;
  std::set<std::string> gone_;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_DELIVERY_QUEUE_H_
