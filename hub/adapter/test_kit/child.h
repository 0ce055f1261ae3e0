// A check's own process: with limits, watched from outside, and with a report of where it was when
// it came to a bad end.
//
//   AQ_ASSIGN_OR_RETURN(const ChildEnd end, RunChild({}, [&](Probe& probe) {
//     probe.Begin("roster", "roster", payload);
//     ...  // foreign code, with probe.cursor()
//     probe.End();
//     return result;
//   }));
//   if (!end.failure.empty()) ...  // "killed by SIGSEGV in sample roster at row 3, byte 120"
//
// The process is a fork: RunChild requires that no other thread runs in this one.

#ifndef ANQIAO_HUB_ADAPTER_TEST_KIT_CHILD_H_
#define ANQIAO_HUB_ADAPTER_TEST_KIT_CHILD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "plugins/sdk/anqiao_adapter.h"

namespace anqiao::test_kit {

// Larger inputs are used, but only their beginning is kept for the report.
inline constexpr std::size_t kInputBytesMax = std::size_t{16} << 20;
inline constexpr std::size_t kResultBytesMax = std::size_t{256} << 20;

struct ChildLimits {
  absl::Duration total = absl::Minutes(10);
  // Processor time of one call into the adapter; it may wait six times as long.
  absl::Duration call = absl::Seconds(5);
  // Address space beyond what the process has at its start; not in sanitized builds.
  std::size_t memory_bytes = std::size_t{1} << 30;
};

struct SharedState;

// What the child says about itself while it runs. Thread-compatible.
class Probe {
 public:
  explicit Probe(SharedState& shared) : shared_(shared) {}

  // Foreign code begins, on this input; the cursor goes back to its start.
  void Begin(absl::string_view input_name, absl::string_view format, absl::string_view input);
  // The same input as before once more.
  void BeginAgain();
  void End();
  aq_cursor* cursor();
  // Memory that must not be read: an access there is told as one beyond "what" of "bytes" bytes,
  // which end where the guard begins.
  void SetGuard(absl::string_view what, const void* guard, std::size_t bytes);
  std::uint64_t calls() const;

 private:
  SharedState& shared_;
};

struct ChildEnd {
  // What the body returned; empty if it did not.
  std::string result;
  // How and where it ended instead; empty if it returned.
  std::string failure;
  // The input of the last call, its name and format.
  std::string input;
  std::string input_name;
  std::string format;
  std::uint64_t calls = 0;
};

// Runs "body" in a process of its own, with its output caught and nothing to read. INTERNAL: the
// system gives no process or memory.
absl::StatusOr<ChildEnd> RunChild(const ChildLimits& limits,
                                  const std::function<std::string(Probe&)>& body);

// True in builds whose shadow memory defeats limits of address space and counts of allocations.
bool IsSanitized();

}  // namespace anqiao::test_kit

#endif  // ANQIAO_HUB_ADAPTER_TEST_KIT_CHILD_H_
