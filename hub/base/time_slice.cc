#include "hub/base/time_slice.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace anqiao {
namespace {

// struct sched_attr of the kernel in its first form, which Debian's glibc does not declare.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;  // nanoseconds
};

}  // namespace

bool AskForSlice(absl::Duration slice) {
  // An operator who chose another class knows better.
  if (sched_getscheduler(0) != SCHED_OTHER) return false;
  SchedulingAttributes wanted;
  errno = 0;
  wanted.nice = getpriority(PRIO_PROCESS, 0);
  if (errno != 0) return false;
  wanted.runtime = static_cast<std::uint64_t>(absl::ToInt64Nanoseconds(slice));
  return syscall(SYS_sched_setattr, 0, &wanted, 0) == 0;
}

}  // namespace anqiao
