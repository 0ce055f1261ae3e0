#include "hub/engine/delivery_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace anqiao::engine {
namespace {

using Place = DeliveryQueue::Place;

constexpr absl::Duration kNever = absl::InfiniteDuration();

Place At(int number) { return {static_cast<store::Sequence>(number), absl::StrCat("d", number)}; }

class DeliveryQueueTest : public ::testing::Test {
 protected:
  static std::string TakenBy(DeliveryQueue& queue, int holder, absl::Duration now,
                             absl::Duration until = kNever, int in_flight = 10) {
    static constexpr int kHolders[8] = {};
    absl::Duration look_again = kNever;
    const auto taken = queue.Take(&kHolders[holder], in_flight, now, until, &look_again);
    return taken.has_value() ? taken->delivery : "";
  }
  // A queue that holds all there is.
  static DeliveryQueue Whole(std::size_t window_max = 10) {
    DeliveryQueue queue(window_max);
    queue.BeginReading();
    queue.EndReading({}, true);
    return queue;
  }
};

TEST_F(DeliveryQueueTest, HandsOutInOrderAndOfAReferralOneAtATime) {
  DeliveryQueue queue = Whole();
  queue.OnQueued(At(1), "a");
  queue.OnQueued(At(2), "a");
  queue.OnQueued(At(3), "b");
  EXPECT_EQ(TakenBy(queue, 0, absl::ZeroDuration()), "d1");
  EXPECT_EQ(TakenBy(queue, 0, absl::ZeroDuration()), "d3");
  EXPECT_EQ(TakenBy(queue, 0, absl::ZeroDuration()), "");
  queue.OnGone("d1");
  EXPECT_EQ(TakenBy(queue, 0, absl::ZeroDuration()), "d2");
}

TEST_F(DeliveryQueueTest, ARetriedOneWaitsForTheOneInHandAndComesBeforeTheOthers) {
  DeliveryQueue queue = Whole();
  queue.OnQueued(At(2), "a");
  queue.OnQueued(At(3), "a");
  EXPECT_EQ(TakenBy(queue, 0, absl::ZeroDuration()), "d2");
  queue.OnQueued(At(1), "a");
  EXPECT_EQ(TakenBy(queue, 0, absl::ZeroDuration()), "");
  queue.OnGone("d2");
  EXPECT_EQ(TakenBy(queue, 0, absl::ZeroDuration()), "d1");
  queue.OnGone("d1");
  EXPECT_EQ(TakenBy(queue, 0, absl::ZeroDuration()), "d3");
}

TEST_F(DeliveryQueueTest, SaysWhenToLookAgain) {
  DeliveryQueue queue = Whole();
  queue.OnQueued(At(1), "a");
  EXPECT_EQ(TakenBy(queue, 0, absl::Seconds(1), absl::Seconds(5)), "d1");
  absl::Duration look_again = kNever;
  EXPECT_FALSE(queue.Take(nullptr, 1, absl::Seconds(2), kNever, &look_again).has_value());
  EXPECT_EQ(look_again, absl::Seconds(5));
  EXPECT_EQ(TakenBy(queue, 1, absl::Seconds(5), absl::Seconds(9)), "d1");
  queue.OnRefused("d1", absl::Seconds(7));
  EXPECT_EQ(TakenBy(queue, 1, absl::Seconds(6)), "");
  EXPECT_EQ(TakenBy(queue, 1, absl::Seconds(7)), "d1");
}

TEST_F(DeliveryQueueTest, ForgetsWhatDoesNotFitAndAsksForItAgain) {
  DeliveryQueue queue = Whole(3);
  for (int i = 1; i <= 5; ++i) queue.OnQueued(At(i), absl::StrCat("r", i));
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_FALSE(queue.WantsMore());
  queue.OnGone("d1");
  queue.OnGone("d2");
  ASSERT_TRUE(queue.WantsMore());
  const DeliveryQueue::Reading reading = queue.BeginReading();
  EXPECT_EQ(reading.after, At(3));
  EXPECT_EQ(reading.count, 2u);
  queue.EndReading({{At(4), "r4", 2}, {At(5), "r5", 0}}, true);
  for (const char* next : {"d3", "d4", "d5"}) {
    EXPECT_EQ(TakenBy(queue, 0, absl::ZeroDuration()), next);
  }
}

TEST_F(DeliveryQueueTest, WhatWentWhileItWasReadIsNotHandedOut) {
  DeliveryQueue queue(3);
  queue.BeginReading();
  queue.OnGone("d1");
  queue.OnQueued(At(2), "b");
  queue.EndReading({{At(1), "a", 0}}, true);
  EXPECT_EQ(queue.size(), 0u);
  // What was queued meanwhile may not have been read.
  ASSERT_TRUE(queue.WantsMore());
  EXPECT_EQ(queue.BeginReading().after, At(1));
  queue.EndReading({{At(2), "b", 0}}, true);
  EXPECT_EQ(TakenBy(queue, 0, absl::ZeroDuration()), "d2");
}

TEST_F(DeliveryQueueTest, WhatNoLongerAdjoinsTheWindowIsReadAgain) {
  DeliveryQueue queue(3);
  queue.BeginReading();
  queue.EndReading({{At(2), "b"}, {At(3), "c"}, {At(4), "d"}}, false);
  queue.OnGone("d2");
  queue.OnGone("d3");
  ASSERT_TRUE(queue.WantsMore());
  queue.BeginReading();
  // Sent again while it is read: the last gives way to them.
  for (int i = 1; i <= 3; ++i) queue.OnQueued(At(i), absl::StrCat("r", i));
  EXPECT_EQ(queue.size(), 3u);
  queue.OnGone("d1");
  queue.OnGone("d2");
  queue.EndReading({{At(5), "e"}}, true);
  EXPECT_EQ(TakenBy(queue, 0, absl::ZeroDuration()), "d3");
  EXPECT_EQ(TakenBy(queue, 0, absl::ZeroDuration()), "");
  ASSERT_TRUE(queue.WantsMore());
  EXPECT_EQ(queue.BeginReading().after, At(3));
}

// Everything that can happen, in any order, against the whole queue as a plain map.
class Everything {
 public:
  explicit Everything(std::uint32_t seed) : random_(seed), queue_(1 + random_() % 6) {}

  void Run() {
    for (int i = 0; i < 3000; ++i) {
      Step();
      if (::testing::Test::HasFailure()) return;
    }
    Drain();
  }

 private:
  std::uint32_t Choose(std::uint32_t count) {
    return static_cast<std::uint32_t>(random_() % count);
  }

  void Step() {
    switch (Choose(8)) {
      case 0:
      case 1: {
        const Place place = At(++last_);
        waiting_[place] = absl::StrCat("r", Choose(8));
        queue_.OnQueued(place, waiting_[place]);
        return;
      }
      case 2:  // Sent again at its old place.
        if (!dead_.empty()) {
          const auto at = dead_.begin();
          waiting_[at->first] = at->second;
          queue_.OnQueued(at->first, at->second);
          dead_.erase(at);
        }
        return;
      case 3:
        return Take();
      case 4:
        if (!in_hand_.empty()) Refuse(in_hand_.begin()->first);
        return;
      case 5:
        if (!in_hand_.empty()) Gone(in_hand_.begin()->first, Choose(3) == 0);
        return;
      case 6:
        queue_.HandBack(&holders_[Choose(2)]);
        ForgetHolders();
        return;
      default:
        now_ += absl::Seconds(1);
        return Read();
    }
  }

  // What is read is as of the beginning of the reading.
  void Read() {
    if (!queue_.WantsMore()) return;
    const DeliveryQueue::Reading reading = queue_.BeginReading();
    std::vector<DeliveryQueue::Found> found;
    bool at_end = true;
    for (auto it = waiting_.upper_bound(reading.after); it != waiting_.end(); ++it) {
      at_end = found.size() < reading.count;
      if (!at_end) break;
      found.push_back({it->first, it->second, 0});
    }
    for (std::uint32_t meanwhile = draining_ ? 0 : Choose(4); meanwhile > 0; --meanwhile) {
      if (Choose(2) == 0 && !in_hand_.empty()) {
        Gone(in_hand_.begin()->first, false);
      } else {
        const Place place = At(++last_);
        waiting_[place] = absl::StrCat("r", Choose(8));
        queue_.OnQueued(place, waiting_[place]);
      }
    }
    queue_.EndReading(found, at_end);
  }

  void Take() {
    const int holder = static_cast<int>(Choose(2));
    absl::Duration look_again = kNever;
    const auto taken =
        queue_.Take(&holders_[holder], 3, now_, now_ + absl::Seconds(20), &look_again);
    for (auto it = in_hand_.begin(); it != in_hand_.end();) {
      it = it->second <= now_ ? in_hand_.erase(it) : std::next(it);
    }
    if (!taken.has_value()) return;
    const Place place = PlaceOf(taken->delivery);
    ASSERT_EQ(waiting_.count(place), 1u) << taken->delivery << " does not wait";
    for (const auto& [other, referral] : waiting_) {
      if (referral != waiting_[place]) continue;
      if (other < place) ADD_FAILURE() << taken->delivery << " before " << other.second;
      if (in_hand_.count(other) > 0) ADD_FAILURE() << "two of " << referral << " are in hand";
    }
    in_hand_[place] = now_ + absl::Seconds(20);
  }

  static Place PlaceOf(const std::string& delivery) { return At(std::stoi(delivery.substr(1))); }

  void Refuse(const Place place) {
    queue_.OnRefused(place.second, now_ + absl::Seconds(Choose(5)));
    in_hand_.erase(place);
  }
  void Gone(const Place place, bool dead) {
    if (dead) dead_[place] = waiting_[place];
    waiting_.erase(place);
    in_hand_.erase(place);
    queue_.OnGone(place.second);
  }
  // The holder is not known here: whatever was in hand may be handed out again.
  void ForgetHolders() {
    queue_.HandBack(&holders_[0]);
    queue_.HandBack(&holders_[1]);
    in_hand_.clear();
  }

  void Drain() {
    draining_ = true;
    ForgetHolders();
    now_ += absl::Minutes(10);
    std::map<std::string, Place> last;
    while (!waiting_.empty()) {
      Read();
      Take();
      if (::testing::Test::HasFailure()) return;
      now_ += absl::Seconds(1);
      if (in_hand_.empty() && ++idle_ > 1000) FAIL() << waiting_.size() << " never come";
      if (!in_hand_.empty()) {
        Gone(in_hand_.begin()->first, false);
        idle_ = 0;
      }
    }
    EXPECT_EQ(queue_.size(), 0u);
  }

  std::mt19937 random_;
  DeliveryQueue queue_;
  std::map<Place, std::string> waiting_, dead_;
  std::map<Place, absl::Duration> in_hand_;
  int last_ = 0, idle_ = 0;
  bool draining_ = false;
  const int holders_[2] = {};
  absl::Duration now_;
};

TEST_F(DeliveryQueueTest, WhateverHappensEverythingComesInOrder) {
  for (std::uint32_t seed = 1; seed <= 40 && !HasFailure(); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Everything(seed).Run();
  }
}

}  // namespace
}  // namespace anqiao::engine
