// What anqiaod does from its command line to its end; also with test hooks, for tests/faulty.

#ifndef ANQIAO_HUB_SERVER_RUN_H_
#define ANQIAO_HUB_SERVER_RUN_H_

#include "hub/server/server.h"

namespace anqiao::server {

// Serves until SIGTERM or SIGINT. The process's exit code: 0 after a stop, 1 if it cannot start, 2
// for flags that are not understood. Call it first of all: signals are blocked for every thread.
// The flags decide "options.insecure_loopback".
int RunHub(int argc, char** argv, ServerOptions options);

}  // namespace anqiao::server

#endif  // ANQIAO_HUB_SERVER_RUN_H_
