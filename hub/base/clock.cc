#include "hub/base/clock.h"

#include <chrono>

namespace anqiao {

absl::Duration Clock::SteadyNow() const {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

SystemClock::SystemClock(absl::Time start)
    : shifted_(true), start_(start), steady_start_(Clock::SteadyNow()) {}

absl::Time SystemClock::Now() const {
  return shifted_ ? start_ + (SteadyNow() - steady_start_) : absl::Now();
}

absl::Time ManualClock::Now() const {
  absl::MutexLock lock(&mu_);
  return now_;
}

void ManualClock::Set(absl::Time now) {
  absl::MutexLock lock(&mu_);
  now_ = now;
}

void ManualClock::Advance(absl::Duration by) {
  absl::MutexLock lock(&mu_);
  now_ += by;
}

}  // namespace anqiao
