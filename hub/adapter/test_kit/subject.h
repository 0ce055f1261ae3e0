// What the checks share: the adapter under test, its inputs, what it makes of each alone, and how
// a failure is told.

#ifndef ANQIAO_HUB_ADAPTER_TEST_KIT_SUBJECT_H_
#define ANQIAO_HUB_ADAPTER_TEST_KIT_SUBJECT_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/adapter/v1/adapter.pb.h"
#include "hub/adapter/samples.h"
#include "hub/adapter/test_kit/child.h"
#include "hub/adapter/test_kit/harness.h"
#include "hub/adapter/test_kit/test_kit.h"

namespace anqiao::test_kit {

// Several texts as one, so that they can leave a child.
std::string Pack(const std::vector<std::string>& texts);
// What Pack was given; what is malformed ends the list.
std::vector<std::string> Unpack(absl::string_view packed);

// The first line in which two texts differ, with both; empty if they are equal.
std::string FirstDifference(absl::string_view want, absl::string_view got);

class Subject {
 public:
  explicit Subject(const Options& options) : options_(options) {}

  const Options& options() const { return options_; }
  const adapter::v1::Manifest& manifest() const { return manifest_; }
  const std::vector<adapter::Sample>& samples() const { return samples_; }
  // The samples, as inputs.
  const std::vector<Input>& inputs() const { return inputs_; }

  void SetManifest(const adapter::v1::Manifest& manifest) { manifest_ = manifest; }
  void SetSamples(std::vector<adapter::Sample> samples);

  // Runs "body" with the loaded library in a process of its own; what cannot be loaded is a failure
  // of the child.
  absl::StatusOr<ChildEnd> InChild(const ChildLimits& limits,
                                   const std::function<std::string(Library&, Probe&)>& body) const;

  // An input with what the adapter makes of it alone, in a process that saw no other.
  struct Alone {
    Input input;
    Outcome outcome;
  };
  // The samples and some damaged ones, without those on which the adapter ends badly: they are for
  // other checks to find. Made at the first call.
  absl::StatusOr<const std::vector<Alone>*> Baseline();

  // A failed check; "input" is saved, and the file is named in the result.
  CheckResult Failed(absl::string_view message, absl::string_view input_name,
                     absl::string_view input);
  CheckResult Failed(const ChildEnd& end);

 private:
  std::string Save(absl::string_view input_name, absl::string_view input);

  const Options options_;
  adapter::v1::Manifest manifest_;
  std::vector<adapter::Sample> samples_;
  std::vector<Input> inputs_;
  std::optional<std::vector<Alone>> baseline_;
  std::string save_directory_;
  int saved_ = 0;
};

CheckResult Passed(std::string figures);
CheckResult Skipped(std::string why);

}  // namespace anqiao::test_kit

#endif  // ANQIAO_HUB_ADAPTER_TEST_KIT_SUBJECT_H_
