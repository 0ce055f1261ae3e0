// The host as the checks play it: calls into an adapter over the C ABI itself, with memory laid out
// so that reads beyond an end are noticed, and with eyes on what the contract promises.
//
// Used in a check's process only (child.h). Thread-compatible.

#ifndef ANQIAO_HUB_ADAPTER_TEST_KIT_HARNESS_H_
#define ANQIAO_HUB_ADAPTER_TEST_KIT_HARNESS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/adapter/v1/adapter.pb.h"
#include "hub/adapter/test_kit/child.h"
#include "hub/adapter/test_kit/input.h"
#include "plugins/sdk/anqiao_adapter.h"

namespace anqiao::test_kit {

// Bytes that end where memory ends that nobody may touch. Read-only while they stand there.
class GuardedBytes {
 public:
  explicit GuardedBytes(std::size_t bytes_max);
  ~GuardedBytes();
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  // A copy of "bytes"; valid until the next Place. Requires: at most "bytes_max" bytes.
  absl::string_view Place(absl::string_view bytes);
  const void* guard() const { return guard_; }

 private:
  char* memory_ = nullptr;
  std::size_t size_ = 0;  // without the guard
  char* guard_ = nullptr;
};

// What a call came to.
struct Outcome {
  // Everything that the host was told, in order, one line each; for comparison.
  std::string text;
  // The serialized records.
  std::vector<std::string> records;
  std::string encoded;
  // Without warnings about a value: it was passed on as written, or left out, as the records show.
  std::size_t diagnostics = 0;
  // OK or STOP, and the payload was not refused.
  bool used = false;
  // What broke the contract, with its place; empty if nothing did.
  std::string breach;
};

// How the host presents itself.
struct HostShape {
  // Size of aq_host; shorter: what lies behind must not be read; longer: a later host.
  std::size_t size = sizeof(aq_host);
  std::uint32_t abi_minor = AQ_ABI_MINOR;
  // The host ends at a guard.
  bool guarded = false;
};

class Instance;

// The loaded library.
class Library {
 public:
  // FAILED_PRECONDITION (ADAPTER_UNUSABLE): what Adapter::Load says without samples.
  static absl::StatusOr<std::unique_ptr<Library>> Load(const std::string& path, Probe& probe);

  const adapter::v1::Manifest& manifest() const { return manifest_; }
  // Null if the adapter gives no instance.
  std::unique_ptr<Instance> Open() const;

 private:
  Library(const aq_adapter& abi, adapter::v1::Manifest manifest, Probe& probe)
      : abi_(abi), manifest_(std::move(manifest)), probe_(probe) {}

  const aq_adapter& abi_;
  const adapter::v1::Manifest manifest_;
  Probe& probe_;
};

class Instance {
 public:
  Instance(const aq_adapter& abi, aq_instance* instance, Probe& probe)
      : abi_(abi), instance_(instance), probe_(probe) {}
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  Outcome Decode(const Input& input, const HostShape& shape = {});
  // The same for a payload that lies elsewhere, such as in GuardedBytes.
  Outcome DecodeAt(const Input& input, absl::string_view payload, const HostShape& shape = {});
  // Decodes once more what was decoded last, and keeps nothing of it: for loops.
  void DecodeAgain(const Input& input);
  Outcome Encode(const std::string& input_name, const std::string& format,
                 const std::vector<std::string>& records, const HostShape& shape = {});

 private:
  const aq_adapter& abi_;
  aq_instance* const instance_;
  Probe& probe_;
};

}  // namespace anqiao::test_kit

#endif  // ANQIAO_HUB_ADAPTER_TEST_KIT_HARNESS_H_
