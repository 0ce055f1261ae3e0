// A small process that starts the workers: forking a process with threads is not safe, so it is
// forked from the hub before there are any, and forks the workers when asked.
//
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<Launcher> launcher, Launcher::Start());  // first thing in
//   main AQ_RETURN_IF_ERROR(launcher->Spawn(ends));
//
// It has nothing of the hub: no descriptors, no environment, no keys. It ends with the hub, and its
// workers with it. If it is killed, its workers die and another takes its place: what was asked of
// it waits in the socket meanwhile. For that it is the child of a keeper, which does nothing else.
// Thread-safe after Start.

#ifndef ANQIAO_HUB_ADAPTER_LAUNCHER_H_
#define ANQIAO_HUB_ADAPTER_LAUNCHER_H_

#include <sys/types.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace anqiao::adapter {

// The worker's ends of what connects it with the hub. Borrowed.
struct WorkerEnds {
  int control = -1;  // a stream socket
  int page = -1;     // memory of kSharedPageBytes, sealed against shrinking
  int output = -1;   // a pipe: its stdout and stderr
  int log = -1;      // a pipe: lines of aq_host.log
  // A sequenced-packet socket of the launcher's: it sends one WorkerExit; whatever it gets, and its
  // end, kills the worker.
  int life = -1;
};

// How a worker ended.
struct WorkerExit {
  int signal = 0;  // 0: it exited
  int code = 0;
  int fork_error = 0;  // not 0: it never began
  long memory_kib_max = 0;
};

class Launcher {
 public:
  // False: the binary is instrumented by a sanitizer, whose shadow memory no limit on addresses
  // allows; adapters run in process then.
  static bool Supported();

  // Requires: one thread. FAILED_PRECONDITION: there are more, or the kernel refuses.
  static absl::StatusOr<std::unique_ptr<Launcher>> Start();
  // Ends it and all workers.
  ~Launcher();
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  // UNAVAILABLE: launcher and keeper are gone; no worker can be started any more until the hub is
  // started anew.
  absl::Status Spawn(const WorkerEnds& ends) const;

  // Of the keeper, whose only child is the launcher.
  pid_t keeper() const { return keeper_; }

 private:
  Launcher(pid_t keeper, int socket) : keeper_(keeper), socket_(socket) {}

  const pid_t keeper_;
  const int socket_;
};

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_LAUNCHER_H_
