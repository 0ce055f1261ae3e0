// The seam that plugins implement, as the hub sees it: a loaded shared library and its instances.
//
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<Adapter> police, Adapter::Load(path, ""));
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<AdapterInstance> instance, police->Open());
//   AQ_RETURN_IF_ERROR(instance->Decode("roster", bytes, file_name, sink));
//
// Behind it stands the library in the hub's own process (Load, here), or sandboxed workers
// (worker_adapter.h), which is what a hub uses unless its configuration says otherwise.

#ifndef ANQIAO_HUB_ADAPTER_ADAPTER_H_
#define ANQIAO_HUB_ADAPTER_ADAPTER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/adapter/v1/adapter.pb.h"

namespace anqiao::adapter {

// What an adapter says about a place in the payload, in the agency's coordinates. The adapter must
// not put values in the message; the hub bounds and redacts it.
struct Diagnostic {
  std::string reason;  // a constant of anqiao::reason; unknown ones become VALUE_INVALID
  std::uint64_t row = 0;
  std::uint32_t column = 0;
  std::string field;
  std::uint64_t byte_offset = 0;
  std::string message;
  // What it costs: only a note, this record, or the rest of the payload.
  enum class Severity { kWarning, kRecord, kPayload } severity = Severity::kRecord;
};

struct DecodeSink {
  // A record. Called in the payload's order.
  std::function<void(v1::Record)> record;
  std::function<void(Diagnostic)> diagnostic;
  // Of more records than these, only one more is told: the caller has no use for them.
  std::size_t records_max = 2'000'000;
};

// One instance of an adapter. Thread-compatible: one call at a time.
class AdapterInstance {
 public:
  virtual ~AdapterInstance() = default;

  // Decodes a whole payload. OK even if records were refused: they are diagnostics.
  // INVALID_ARGUMENT: the payload as a whole cannot be used (reason and place in the error and as
  // diagnostic); what was emitted before must be thrown away. INTERNAL: the adapter misbehaved, or
  // (ADAPTER_CRASHED and its like, hub/doc/adapter_workers.md) its worker came to grief over it.
  // UNAVAILABLE (ADAPTER_UNUSABLE): nothing can be said of this payload; it may come again.
  virtual absl::Status Decode(absl::string_view format, absl::string_view payload,
                              absl::string_view file_name, const DecodeSink& sink) = 0;

  // Encodes records into one native payload. UNIMPLEMENTED: the format does not encode.
  virtual absl::StatusOr<std::string> Encode(absl::string_view format,
                                             const std::vector<v1::Record>& records) = 0;
};

// A loaded adapter. Thread-safe.
class Adapter {
 public:
  virtual ~Adapter() = default;

  // Loads the shared library into this process and runs its samples. "samples_directory" may be
  // empty: none are run. FAILED_PRECONDITION (ADAPTER_UNUSABLE): cannot be loaded, has no entry
  // symbol, wrong version, bad manifest, or a sample failed; the message says path, what was found
  // and what was expected.
  static absl::StatusOr<std::unique_ptr<Adapter>> Load(const std::string& library_path,
                                                       const std::string& samples_directory);

  virtual const v1::Manifest& manifest() const = 0;
  // SHA-256 of the library's file, first 16 hexadecimal digits.
  virtual const std::string& build_id() const = 0;
  // The format of this name; null if there is none.
  virtual const v1::Format* FindFormat(absl::string_view name) const;
  virtual absl::StatusOr<std::unique_ptr<AdapterInstance>> Open() = 0;
  // It came to grief not long ago: whoever calls it should not let others wait for the answer.
  virtual bool suspect() const { return false; }
};

// INVALID_ARGUMENT and UNIMPLEMENTED (FORMAT_NOT_REGISTERED): it does not decode or encode this.
absl::Status CheckDecodes(const Adapter& adapter, absl::string_view format);
absl::Status CheckEncodes(const Adapter& adapter, absl::string_view format);

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_ADAPTER_H_
