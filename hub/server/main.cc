// anqiaod: the hub.

#include <cstddef>

#include "hub/server/run.h"

// Read by jemalloc, where it is linked: what large payloads took is given back soon; few
// arenas, as a payload passes from thread to thread.
extern "C" {
extern const char* malloc_conf;  // NOLINT(readability-identifier-naming)
const char* malloc_conf = "background_thread:false,dirty_decay_ms:500,muzzy_decay_ms:0,narenas:2";
// Null where jemalloc is not linked.
[[gnu::weak]] int mallctl(const char* name, void* old, std::size_t* old_size, void* value,
                          std::size_t size);
}

namespace {

// Only now: with it the process has two threads.
void StartAllocatorThread() {
  bool on = true;
  if (mallctl != nullptr) mallctl("background_thread", nullptr, nullptr, &on, sizeof on);
}

}  // namespace

int main(int argc, char** argv) {
  return anqiao::server::RunHub(argc, argv, {.launched = StartAllocatorThread});
}
