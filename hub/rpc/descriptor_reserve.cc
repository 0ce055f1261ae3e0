#include "hub/rpc/descriptor_reserve.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace anqiao::rpc {
namespace {

constexpr int kPortionMin = 4;
constexpr int kPortionMax = 16;
constexpr int kPortionShare = 32;

int Limit() {
  rlimit limit = {};
  constexpr auto kMost = static_cast<rlim_t>(std::numeric_limits<int>::max());
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<int>::max();
  return static_cast<int>(std::min(limit.rlim_cur, kMost));
}

// How many could be opened, as far as "enough". Takes none, not even for a moment: the store could
// be in need of it. The lowest free number is always taken, so the search begins at the top, where
// it is over at once unless descriptors are short.
int CountFree(int enough) {
  int free = 0;
  for (int fd = Limit() - 1; fd >= 0 && free < enough; --fd) {
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) ++free;
  }
  return free;
}

}  // namespace

DescriptorReserve::DescriptorReserve(int listening_sockets)
    : portion_(std::clamp(Limit() / kPortionShare, kPortionMin, kPortionMax)),
      portions_(listening_sockets + 1) {
  TakeAll();
}

bool DescriptorReserve::Check() {
  const int enough = whole() - held() + kFreeDescriptorsMin;
  const int free = CountFree(enough);
  if (free >= enough) {
    TakeAll();
    return true;
  }
  if (free < kFreeDescriptorsMin) Give(portion_);
  return false;
}

void DescriptorReserve::GiveBack() { Give(held()); }

void DescriptorReserve::TakeAll() {
  while (held() < whole()) {
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    held_.push_back(fd);
  }
}

void DescriptorReserve::Give(int count) {
  for (; count > 0 && !held_.empty(); --count) {
    close(held_.back());
    held_.pop_back();
  }
}

}  // namespace anqiao::rpc
