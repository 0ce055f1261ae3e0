#include "hub/engine/delivery_queue.h"

#include <algorithm>
#include <iterator>

namespace anqiao::engine {
namespace {

// Read at a time, so that whoever reads is not kept long.
constexpr std::size_t kReadMax = 512;
constexpr absl::Duration kNow = -absl::InfiniteDuration();

}  // namespace

void DeliveryQueue::Add(const Found& found) {
  const auto [at, inserted] = waiting_.try_emplace(found.place);
  if (!inserted) return;
  at->second.referral = found.referral;
  at->second.attempts = found.attempts;
  places_[found.place.second] = found.place;
  OfReferral& referral = referrals_[found.referral];
  if (!referral.places.empty()) {
    // It may come before the one that was the first.
    const Place& first = *referral.places.begin();
    if (!referral.in_hand.has_value()) Withdraw(first, waiting_.at(first));
  }
  referral.places.insert(found.place);
  Offer(referral);
}

void DeliveryQueue::Withdraw(const Place& place, const Waiting& waiting) {
  ready_.erase(place);
  later_.erase({waiting.due, place});
}

void DeliveryQueue::Offer(OfReferral& referral) {
  if (referral.in_hand.has_value() || referral.places.empty()) return;
  const Place& first = *referral.places.begin();
  const absl::Duration due = waiting_.at(first).due;
  if (due == kNow) {
    ready_.insert(first);
  } else {
    later_.emplace(due, first);
  }
}

void DeliveryQueue::Release(const Place& place, Waiting& waiting, absl::Duration due) {
  Withdraw(place, waiting);
  OfReferral& referral = referrals_.at(waiting.referral);
  if (waiting.holder != nullptr) {
    const auto held = held_.find(waiting.holder);
    held->second.erase(place);
    if (held->second.empty()) held_.erase(held);
    waiting.holder = nullptr;
    referral.in_hand.reset();
  }
  waiting.due = due;
  Offer(referral);
}

void DeliveryQueue::Drop(const Place& place) {
  const auto at = waiting_.find(place);
  Release(place, at->second, kNow);
  const auto of = referrals_.find(at->second.referral);
  if (!of->second.in_hand.has_value()) Withdraw(place, at->second);
  of->second.places.erase(place);
  places_.erase(place.second);
  waiting_.erase(at);
  if (of->second.places.empty()) {
    referrals_.erase(of);
  } else {
    Offer(of->second);
  }
}

void DeliveryQueue::OnQueued(const Place& place, const std::string& referral) {
  if (reading_) queued_behind_ = true;
  if (!whole_ && place > end_) return;
  Add({.place = place, .referral = referral});
  Shrink();
}

void DeliveryQueue::OnRefused(const std::string& delivery, absl::Duration due) {
  if (const auto at = places_.find(delivery); at != places_.end()) {
    Release(at->second, waiting_.at(at->second), due);
  }
}

void DeliveryQueue::OnGone(const std::string& delivery) {
  if (reading_) gone_.insert(delivery);
  if (const auto at = places_.find(delivery); at != places_.end()) {
    const Place place = at->second;
    Drop(place);
  }
}

std::optional<DeliveryQueue::Taken> DeliveryQueue::Take(Holder holder, int in_flight_max,
                                                        absl::Duration now, absl::Duration until,
                                                        absl::Duration* look_again) {
  while (!later_.empty() && later_.begin()->first <= now) {
    const Place place = later_.begin()->second;
    Release(place, waiting_.at(place), kNow);
  }
  const auto held = held_.find(holder);
  const bool full =
      held != held_.end() && held->second.size() >= static_cast<std::size_t>(in_flight_max);
  if (full || ready_.empty()) {
    if (!later_.empty()) *look_again = std::min(*look_again, later_.begin()->first);
    return std::nullopt;
  }
  const Place place = *ready_.begin();
  Waiting& waiting = waiting_.at(place);
  ready_.erase(place);
  referrals_.at(waiting.referral).in_hand = place;
  waiting.holder = holder;
  waiting.due = until;
  later_.emplace(until, place);
  held_[holder].insert(place);
  return Taken{.delivery = place.second, .attempt = ++waiting.attempts};
}

void DeliveryQueue::HandBack(Holder holder) {
  for (auto held = held_.find(holder); held != held_.end(); held = held_.find(holder)) {
    const Place place = *held->second.begin();
    Release(place, waiting_.at(place), kNow);
  }
}

void DeliveryQueue::Shrink() {
  while (waiting_.size() > window_max_) {
    const auto last = std::prev(waiting_.end());
    // What is in hand stays until it is answered.
    if (last->second.holder != nullptr) return;
    const Place place = last->first;
    Drop(place);
    whole_ = false;
    end_ = waiting_.empty() ? Place() : waiting_.rbegin()->first;
  }
}

bool DeliveryQueue::WantsMore() const {
  return !whole_ && !reading_ && waiting_.size() <= window_max_ / 2;
}

DeliveryQueue::Reading DeliveryQueue::BeginReading() {
  reading_ = true;
  read_after_ = end_;
  queued_behind_ = false;
  gone_.clear();
  return {.after = end_, .count = std::min(kReadMax, window_max_ - waiting_.size())};
}

void DeliveryQueue::EndReading(const std::vector<Found>& found, bool at_end) {
  reading_ = false;
  // The window shrank meanwhile: what was read no longer begins where it ends.
  if (end_ != read_after_) return;
  for (const Found& one : found) {
    if (gone_.count(one.place.second) == 0) Add(one);
    end_ = one.place;
  }
  whole_ = at_end && !queued_behind_;
  gone_.clear();
  Shrink();
}

}  // namespace anqiao::engine
