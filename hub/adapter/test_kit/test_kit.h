// The test kit: what an adapter must withstand before a hub loads it. See hub/doc/adapters.md for
// the checks and what each failure means.
//
//   AQ_ASSIGN_OR_RETURN(Options options, Locate("my_agency"));
//   AQ_ASSIGN_OR_RETURN(const std::vector<CheckResult> results, Run(options, progress));
//
// The adapter never runs in the caller's process: each check has one of its own, or several, with
// limits of time and memory. Requires that the caller's process has no other threads.

#ifndef ANQIAO_HUB_ADAPTER_TEST_KIT_TEST_KIT_H_
#define ANQIAO_HUB_ADAPTER_TEST_KIT_TEST_KIT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/adapter/test_kit/child.h"

namespace anqiao::test_kit {

struct Options {
  std::string library;
  std::string samples_directory;
  // Only samples of this format; empty: all.
  std::string format;
  // How long damaged payloads are tried, and how many at most; 0: no such bound.
  absl::Duration fuzz = absl::Seconds(30);
  std::uint64_t fuzz_payloads_max = 0;
  std::uint64_t seed = 1;
  // Where inputs of failed checks go; empty: a new directory under the system's for temporary
  // files.
  std::string save_directory;
  ChildLimits limits;
};

struct CheckResult {
  enum class Verdict { kPassed, kFailed, kSkipped };
  std::string name;
  Verdict verdict = Verdict::kPassed;
  // What was done, such as "26 samples".
  std::string figures;
  // What is wrong, where, and on which input; or why it was skipped.
  std::string message;
  // The input that shows it; empty: none.
  std::string input_file;
  absl::Duration took;
};

// Library and samples of "path": a library, with samples/ beside it or one or two folders up; or an
// adapter's folder, with samples/ and one libanqiao_*.so in it or in a folder of it.
// FAILED_PRECONDITION (ADAPTER_UNUSABLE): there is no library there, or several, or no samples;
// the message lists what was found.
absl::StatusOr<Options> Locate(const std::string& path);

// Every check, in order; "progress" hears of each as it ends. After a failed load the others are
// skipped. INTERNAL: the system gives no process or memory.
absl::StatusOr<std::vector<CheckResult>> Run(
    const Options& options, const std::function<void(const CheckResult&)>& progress);

// Writes what the adapter makes of its samples into their .expected files, and returns the paths of
// those that changed. FAILED_PRECONDITION (ADAPTER_UNUSABLE): the adapter cannot be loaded or ends
// badly on a sample, or a file cannot be written.
absl::StatusOr<std::vector<std::string>> AcceptSamples(const Options& options);

}  // namespace anqiao::test_kit

#endif  // ANQIAO_HUB_ADAPTER_TEST_KIT_TEST_KIT_H_
