// An adapter whose instances run in sandboxed worker processes (hub/doc/adapter_workers.md).
//
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<Adapter> police, LoadInWorkers({.launcher = launcher.get(),
//       .library_path = path, .samples_directory = samples, .agency = "police", .log = &log}));
//
// A call over which the worker comes to grief is made once more, alone in a fresh worker. If it
// does so again, the record at the cursor is refused with what happened (a diagnostic ADAPTER_...)
// and the rest of the payload is decoded, if the format splits into records; else the payload is
// refused (INTERNAL). A worker that someone else killed blames nobody.

#ifndef ANQIAO_HUB_ADAPTER_WORKER_ADAPTER_H_
#define ANQIAO_HUB_ADAPTER_WORKER_ADAPTER_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "hub/adapter/adapter.h"
#include "hub/adapter/launcher.h"
#include "hub/adapter/worker_process.h"
#include "hub/base/log.h"

namespace anqiao::adapter {

// Ways to break what is promised, so that runs can show that they notice. For tests only.
struct WorkerTestHooks {
  // No record is taken out of its payload.
  bool fault_costs_payload = false;
  // The record after the one at the cursor is lost with it.
  bool fault_loses_next_row = false;
};

struct WorkerAdapterOptions {
  // Outlives the adapter.
  const Launcher* launcher = nullptr;
  std::string library_path;
  std::string samples_directory;  // empty: none are run
  WorkerLimits limits;
  // A payload up to this size goes through the worker's socket, a larger one in shared memory.
  std::size_t inline_bytes_max = kInlineBytesMax;
  // How often one row may be spoken of before it is a flood.
  std::uint64_t row_entries_max = 10'000;
  // Records that may be taken out of one payload; after one more the payload is refused.
  int row_faults_max = 128;
  // For log lines.
  std::string agency;
  const Log* log = nullptr;  // may be null; outlives the adapter
  WorkerTestHooks test_hooks = {};
};

struct WorkerCounts {
  std::int64_t started = 0, idle = 0;
  // By Fault::Kind.
  std::array<std::int64_t, 7> faults = {};
  std::int64_t refused_records = 0, refused_payloads = 0;
  std::int64_t printed_bytes = 0;
};

class WorkerAdapter : public Adapter {
 public:
  virtual WorkerCounts Counts() const = 0;
};

// As Adapter::Load, in workers. Besides, FAILED_PRECONDITION (ADAPTER_UNUSABLE): it came to grief
// while it was loaded, or two workers do not give the same. UNAVAILABLE: no worker can be started.
absl::StatusOr<std::unique_ptr<WorkerAdapter>> LoadInWorkers(WorkerAdapterOptions options);

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_WORKER_ADAPTER_H_
