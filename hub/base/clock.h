// Where time comes from. Nothing else in the hub asks the system for the time.
//
// Thread-safe.

#ifndef ANQIAO_HUB_BASE_CLOCK_H_
#define ANQIAO_HUB_BASE_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace anqiao {

class Clock {
 public:
  virtual ~Clock() = default;
  // The instant, UTC.
  virtual absl::Time Now() const = 0;
  // For waiting and measuring only: goes on evenly, whatever is done to the clock.
  virtual absl::Duration SteadyNow() const;
};

// The system's clock, or one that started at "start" when it was made and ticks with the system's
// steady clock.
class SystemClock : public Clock {
 public:
  SystemClock() = default;
  explicit SystemClock(absl::Time start);
  absl::Time Now() const override;

 private:
  bool shifted_ = false;
  absl::Time start_;
  absl::Duration steady_start_;
};

// A clock that stands still until it is moved.
class ManualClock : public Clock {
 public:
  explicit ManualClock(absl::Time start) : now_(start) {}
  absl::Time Now() const override;
  void Set(absl::Time now);
  void Advance(absl::Duration by);

 private:
  mutable absl::Mutex mu_;
  absl::Time now_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anqiao

#endif  // ANQIAO_HUB_BASE_CLOCK_H_
