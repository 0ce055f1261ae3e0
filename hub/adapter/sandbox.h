// What a worker gives up before it lets foreign code run. Linux only; called in the worker.
//
// Stage 1, before dlopen: no new privileges, limits, file system read-only and only the adapter's
// folder, the system's library folders and converters (landlock, where the kernel has it), no
// sockets, processes, tracing, signals to others (seccomp). Stage 2, after the adapter is open: no
// file is opened any more, no executable memory is made.
//
// A call that is not allowed ends the process, after its number was left in "forbidden_call", so
// that the hub can say which it was.

#ifndef ANQIAO_HUB_ADAPTER_SANDBOX_H_
#define ANQIAO_HUB_ADAPTER_SANDBOX_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace anqiao::adapter {

// The exit code of a worker that was ended for a call that is not allowed.
inline constexpr int kForbiddenExitCode = 97;
// Of one whose connection to the hub was closed under it.
inline constexpr int kDisconnectedExitCode = 98;

struct SandboxOptions {
  std::string library_path;
  // Beyond what the process has when the sandbox closes.
  std::uint64_t memory_bytes_max = 0;
  std::atomic<std::uint32_t>* forbidden_call = nullptr;
};

// Errors say which part could not be closed; the caller must not go on then.
absl::Status EnterSandbox(const SandboxOptions& options);
absl::Status CloseSandbox();

// Of the kernel that runs; 0: it has no landlock, so that stage 1 can read what the hub's user can.
int LandlockVersion();

// "openat" and so on; "system call 999" for an unknown one.
std::string SystemCallName(std::uint32_t number);

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_SANDBOX_H_
