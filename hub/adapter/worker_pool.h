// The workers of one adapter: started when asked for, lent for one call at a time, kept idle.
//
// Thread-safe.

#ifndef ANQIAO_HUB_ADAPTER_WORKER_POOL_H_
#define ANQIAO_HUB_ADAPTER_WORKER_POOL_H_

#include <sys/stat.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/adapter/worker_adapter.h"
#include "hub/adapter/worker_process.h"

namespace anqiao::adapter {

class WorkerPool {
 public:
  // "options" outlives it.
  explicit WorkerPool(const WorkerAdapterOptions* options);

  // The library as it is now is the one that all workers are to have.
  absl::Status Pin();
  const std::string& build_id() const { return build_id_; }

  // The one that is idle the longest, or a new one. An adapter whose workers die at once again and
  // again is waited for, longer each time, at most two seconds. Errors as WorkerProcess::Start;
  // FAILED_PRECONDITION also: the file is not the library any more that was loaded.
  absl::StatusOr<std::unique_ptr<WorkerProcess>> Lend();
  // Always a new one.
  absl::StatusOr<std::unique_ptr<WorkerProcess>> LendFresh();
  // After a call that ended well.
  void GiveBack(std::unique_ptr<WorkerProcess> worker);
  // After one that did not. "format" is for the log.
  void Bury(std::unique_ptr<WorkerProcess> worker, const Fault& fault, absl::string_view format);

  void CountRefused(bool payload);
  bool suspect() const;
  WorkerCounts Counts() const;

 private:
  absl::Status CheckFile() const;
  void CountDeath() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Counts and logs what the worker has printed and logged.
  void Hear(WorkerProcess& worker);

  const WorkerAdapterOptions& options_;
  std::string build_id_;
  struct stat file_ = {};

  mutable absl::Mutex mu_;
  std::deque<std::unique_ptr<WorkerProcess>> idle_ ABSL_GUARDED_BY(mu_);
  WorkerCounts counts_ ABSL_GUARDED_BY(mu_);
  // Deaths in a row without a call that ended well, and when the next start may be.
  int deaths_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Time next_start_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  absl::Time last_fault_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_WORKER_POOL_H_
