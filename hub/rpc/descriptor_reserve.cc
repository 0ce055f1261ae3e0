#include "hub/rpc/descriptor_reserve.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "absl/strings/numbers.h"

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

}  // namespace

DescriptorReserve::DescriptorReserve(int listening_sockets)
    : portion_(std::clamp(Limit() / kPortionShare, kPortionMin, kPortionMax)),
      portions_(listening_sockets + 1),
      listing_(opendir("/proc/self/fd")) {
  TakeAll();
}

DescriptorReserve::~DescriptorReserve() {
  Give(held());
  if (listing_ != nullptr) closedir(listing_);
}

bool DescriptorReserve::Check() {
  const int free = CountFree();
  if (free >= whole() - held() + kFreeDescriptorsMin) {
    TakeAll();
    return true;
  }
  if (free < kFreeDescriptorsMin) Give(portion_);
  return false;
}

void DescriptorReserve::GiveBack() { Give(held()); }

int DescriptorReserve::CountFree() const {
  if (listing_ == nullptr) return std::numeric_limits<int>::max();
  const int limit = Limit();
  int free = limit;
  rewinddir(listing_);
  while (const dirent* entry = readdir(listing_)) {
    int fd = 0;
    // The limit is on the number: one above it was inherited and takes nothing away.
    if (absl::SimpleAtoi(entry->d_name, &fd) && fd < limit) --free;
  }
  return free;
}

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
