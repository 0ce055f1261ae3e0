#include "hub/rpc/descriptor_reserve.h"

#include <fcntl.h>
#include <unistd.h>

namespace anqiao::rpc {

bool DescriptorReserve::Check() {
  if (!Take(held_, kReservedDescriptors)) return false;
  std::vector<int> more;
  const bool enough = Take(more, kFreeDescriptorsMin);
  Close(more);
  return enough;
}

void DescriptorReserve::Close(std::vector<int>& descriptors) {
  for (const int fd : descriptors) close(fd);
  descriptors.clear();
}

bool DescriptorReserve::Take(std::vector<int>& descriptors, int count) {
  while (static_cast<int>(descriptors.size()) < count) {
    // Not a duplicate: the system's table of open files may be full as well as the process's.
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    descriptors.push_back(fd);
  }
  return true;
}

}  // namespace anqiao::rpc
