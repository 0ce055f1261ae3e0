// How long a thread computes before the kernel looks whether another should: whoever asks for short
// slices is let in at once when it wakes, whoever asks for long ones gives way.
//
// Linux from 6.12 on (sched_setattr(2), sched_runtime of SCHED_OTHER); before, asking changes
// nothing. Needs no privilege and takes nobody's share of the time.

#ifndef ANQIAO_HUB_BASE_TIME_SLICE_H_
#define ANQIAO_HUB_BASE_TIME_SLICE_H_

#include "absl/time/time.h"

namespace anqiao {

// Of a service that mostly waits, and of a computation that somebody waits for.
inline constexpr absl::Duration kShortSlice = absl::Microseconds(200);
inline constexpr absl::Duration kLongSlice = absl::Milliseconds(100);

// For the calling thread and the threads and processes that it starts from now on; niceness stays.
// From 100 us to 100 ms. False: the kernel did not take it, or an operator chose another class.
bool AskForSlice(absl::Duration slice);

}  // namespace anqiao

#endif  // ANQIAO_HUB_BASE_TIME_SLICE_H_
