// The place of one agency's adapter: which build new payloads begin with, which one waits to be
// promoted, and whether payloads are taken at all.
//
//   AQ_ASSIGN_OR_RETURN(LoadedBuild next, slot.Load("/srv/adapters/police-2.so", ""));
//   slot.Promote(next);                               // new payloads begin with it
//   std::shared_ptr<Adapter> build = slot.current();  // kept by a payload until it is done
//
// Builds are shared: a payload keeps the one that it began with, and nobody knows when the last of
// these payloads is done. A library is never closed, whatever becomes of its build.
//
// A slot may begin without a build: the agency's first one is then loaded while the hub serves, and
// may be any adapter. current() is never null; before the first build it cannot be opened and knows
// no format.
//
// A library is copied first and the copy is loaded: the file may be replaced or overwritten
// afterwards while workers go on with the copy, and loading the same path again finds its new
// content (the dynamic loader would answer a path that it has loaded with what it has). So an
// adapter is one file: what lies beside it is not copied.
//
// Thread-safe.

#ifndef ANQIAO_HUB_ADAPTER_ADAPTER_SLOT_H_
#define ANQIAO_HUB_ADAPTER_ADAPTER_SLOT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "hub/adapter/adapter.h"

namespace anqiao::adapter {

// A build with the path that it was loaded from.
struct LoadedBuild {
  std::shared_ptr<Adapter> adapter;
  std::string library;
};

// What became of the payloads since the hub started.
struct SlotCounts {
  std::int64_t payloads = 0;  // handed to a build
  std::int64_t refused = 0;   // while it was disabled
  std::int64_t failed = 0;    // the build could not be opened
};

class AdapterSlot {
 public:
  enum class State { kLoaded, kDisabled, kFailed, kAbsent };
  // Makes an adapter of a library and runs the samples of a directory, if that is not empty.
  using Loader = std::function<absl::StatusOr<std::unique_ptr<Adapter>>(
      const std::string& library, const std::string& samples)>;

  struct Options {
    std::string library;  // as configured; empty: none is
    std::string samples;  // as configured; empty: none are run
    // Where copies of libraries go; made when it is needed. Empty: nothing can be loaded.
    std::string copies_directory;
    Loader loader = nullptr;
  };

  struct View {
    State state = State::kLoaded;
    // Of kDisabled: what the operator said; of kFailed: why it cannot be opened.
    std::string reason;
    LoadedBuild current;
    std::optional<LoadedBuild> candidate;
    std::string configured_library;
    SlotCounts counts;
  };

  // With the configured library; with none if there is none. Errors: as Load.
  static absl::StatusOr<std::unique_ptr<AdapterSlot>> Open(Options options);
  // With a build that is loaded already; null: none is loaded yet.
  AdapterSlot(std::shared_ptr<Adapter> first, Options options);
  // With a build that outlives the slot; nothing can be loaded.
  explicit AdapterSlot(Adapter* only);

  // The build that payloads begin with now.
  std::shared_ptr<Adapter> current() const;
  // As Adapter::suspect, of that build.
  bool suspect() const { return current()->suspect(); }
  // OK, or UNAVAILABLE (ADAPTER_DISABLED): an operator disabled it, or none is loaded yet.
  absl::Status CheckEnabled() const;
  // True before the first build.
  bool absent() const { return current()->build_id().empty(); }
  View view() const;

  // Loads a library beside the current one and runs its samples ("samples"; empty: the configured
  // ones). Changes nothing yet. Slow; one at a time.
  // FAILED_PRECONDITION (ADAPTER_UNUSABLE): not a plain file of root's or the hub's own, writable
  // by everyone, not a build of the same adapter, or what Adapter::Load refuses; the message says
  // path and why.
  absl::StatusOr<LoadedBuild> Load(const std::string& library, const std::string& samples);
  // The same with the configured library, which may be a link. FAILED_PRECONDITION also if none is.
  absl::StatusOr<LoadedBuild> LoadConfigured();

  // Waits to be promoted, in the place of an earlier one.
  void SetCandidate(LoadedBuild build);

  // New payloads begin with "build" from now on. The candidate, if it is this build, is none any
  // more.
  void Promote(LoadedBuild build);
  void Disable(const std::string& reason);
  void Enable();

  void CountPayload() { ++payloads_; }
  void CountRefused() { ++refused_; }
  // Whether an instance of "build" could be opened; says so in view() if it is the current one.
  void NoteOpened(const Adapter& build, const absl::Status& status);

 private:
  const Options options_;
  absl::Mutex loading_mu_;

  mutable absl::Mutex mu_;
  LoadedBuild current_ ABSL_GUARDED_BY(mu_);
  std::optional<LoadedBuild> candidate_ ABSL_GUARDED_BY(mu_);
  bool disabled_ ABSL_GUARDED_BY(mu_) = false;
  std::string disabled_reason_ ABSL_GUARDED_BY(mu_);
  std::string failure_ ABSL_GUARDED_BY(mu_);

  std::atomic<bool> failed_{false};  // failure_ is not empty
  std::atomic<std::int64_t> payloads_{0}, refused_{0}, failures_{0};
};

// An instance of the build that was asked for last, opened when it is another. Thread-compatible.
class PinnedInstance {
 public:
  // Valid until the next call. What Adapter::Open fails with.
  absl::StatusOr<AdapterInstance*> Of(const std::shared_ptr<Adapter>& build);

 private:
  // In this order: an instance goes before its build.
  std::shared_ptr<Adapter> build_;
  std::unique_ptr<AdapterInstance> instance_;
};

// Copies a library into "directory" under a name of its content and returns the copy's path.
// FAILED_PRECONDITION (ADAPTER_UNUSABLE) as AdapterSlot::Load.
absl::StatusOr<std::string> CopyLibrary(const std::string& library, const std::string& directory);

// Removes the copies in "directory" that are of none of these builds, as far as it can.
void RemoveCopiesExcept(const std::string& directory, const std::set<std::string>& build_ids);

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_ADAPTER_SLOT_H_
