// What runs in a worker process: one adapter instance behind the protocol of worker_protocol.h.

#ifndef ANQIAO_HUB_ADAPTER_WORKER_MAIN_H_
#define ANQIAO_HUB_ADAPTER_WORKER_MAIN_H_

#include <sys/types.h>

#include "hub/adapter/launcher.h"

namespace anqiao::adapter {

// Called in the forked process; owns it. Ends when the hub's end of the control socket does, and
// with "launcher".
[[noreturn]] void RunWorker(const WorkerEnds& ends, pid_t launcher);

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_WORKER_MAIN_H_
