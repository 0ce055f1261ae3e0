// anqiaod: the hub.

#include "hub/server/run.h"

// Read by jemalloc, where it is linked: what large payloads took is given back soon; few
// arenas, as a payload passes from thread to thread.
extern "C" {
extern const char* malloc_conf;  // NOLINT(readability-identifier-naming)
const char* malloc_conf = "background_thread:true,dirty_decay_ms:500,muzzy_decay_ms:0,narenas:2";
}

int main(int argc, char** argv) { return anqiao::server::RunHub(argc, argv, {}); }
