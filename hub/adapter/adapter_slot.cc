#include "hub/adapter/adapter_slot.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "hub/adapter/library.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::adapter {
namespace {

absl::StatusOr<std::unique_ptr<Adapter>> LoadCopy(const AdapterSlot::Options& options,
                                                  const std::string& library,
                                                  const std::string& samples) {
  AQ_ASSIGN_OR_RETURN(const std::string copy, CopyLibrary(library, options.copies_directory));
  absl::StatusOr<std::unique_ptr<Adapter>> loaded = options.loader(copy, samples);
  if (loaded.ok()) return loaded;
  // The operator knows the path that was given, not the copy's.
  return Error(loaded.status().code(), ReasonOf(loaded.status()),
               absl::StrReplaceAll(loaded.status().message(), {{copy, library}}));
}

// What the configured path is now; it may be a link.
std::string Resolved(const std::string& library) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(library, error);
  return error ? library : path.string();
}

// Stands where no build was loaded yet.
class NoAdapter : public Adapter {
 public:
  const v1::Manifest& manifest() const override { return manifest_; }
  const std::string& build_id() const override { return build_id_; }
  absl::StatusOr<std::unique_ptr<AdapterInstance>> Open() override {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable,
                 "no adapter was loaded for the agency yet");
  }

 private:
  const v1::Manifest manifest_;
  const std::string build_id_;
};

LoadedBuild FirstBuild(std::shared_ptr<Adapter> first, const std::string& library) {
  if (first == nullptr) return {std::make_shared<NoAdapter>(), ""};
  return {std::move(first), library};
}

}  // namespace

absl::StatusOr<std::unique_ptr<AdapterSlot>> AdapterSlot::Open(Options options) {
  std::unique_ptr<Adapter> first;
  if (!options.library.empty()) {
    AQ_ASSIGN_OR_RETURN(first, LoadCopy(options, Resolved(options.library), options.samples));
  }
  return std::make_unique<AdapterSlot>(std::move(first), std::move(options));
}

AdapterSlot::AdapterSlot(std::shared_ptr<Adapter> first, Options options)
    : options_(std::move(options)), current_(FirstBuild(std::move(first), options_.library)) {}

AdapterSlot::AdapterSlot(Adapter* only)
    : AdapterSlot(std::shared_ptr<Adapter>(only, [](Adapter*) {}), Options()) {}

std::shared_ptr<Adapter> AdapterSlot::current() const {
  absl::MutexLock lock(&mu_);
  return current_.adapter;
}

absl::Status AdapterSlot::CheckEnabled() const {
  absl::MutexLock lock(&mu_);
  const bool absent = current_.adapter->build_id().empty();
  if (!disabled_ && !absent) return absl::OkStatus();
  return Error(
      absl::StatusCode::kUnavailable, reason::kAdapterDisabled,
      absl::StrCat("the agency's adapter is ", disabled_ ? "disabled for now" : "not loaded yet",
                   "; nothing was taken: send it again later"));
}

AdapterSlot::View AdapterSlot::view() const {
  View view;
  view.configured_library = options_.library;
  view.counts = {payloads_, refused_, failures_};
  absl::MutexLock lock(&mu_);
  view.current = current_;
  view.candidate = candidate_;
  if (disabled_) {
    view.state = State::kDisabled;
    view.reason = disabled_reason_;
  } else if (current_.adapter->build_id().empty()) {
    view.state = State::kAbsent;
  } else if (!failure_.empty()) {
    view.state = State::kFailed;
    view.reason = failure_;
  }
  return view;
}

absl::StatusOr<LoadedBuild> AdapterSlot::Load(const std::string& library,
                                              const std::string& samples) {
  if (options_.loader == nullptr || options_.copies_directory.empty()) {
    return Unusable(library, "this adapter is built in; no other can be loaded in its place");
  }
  // One at a time: samples may run for long, and the memory of a library is never given back.
  absl::MutexLock lock(&loading_mu_);
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<Adapter> loaded,
                      LoadCopy(options_, library, samples.empty() ? options_.samples : samples));
  const std::string expected = current()->manifest().name();
  if (!expected.empty() && loaded->manifest().name() != expected) {
    return Unusable(library, absl::StrCat("is adapter ", loaded->manifest().name(),
                                          ", expected a build of ", expected));
  }
  return LoadedBuild{std::move(loaded), library};
}

absl::StatusOr<LoadedBuild> AdapterSlot::LoadConfigured() {
  if (options_.library.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable,
                 "no library was loaded, and the agency's configuration names none");
  }
  return Load(Resolved(options_.library), options_.samples);
}

void AdapterSlot::SetCandidate(LoadedBuild build) {
  absl::MutexLock lock(&mu_);
  candidate_ = std::move(build);
}

void AdapterSlot::Promote(LoadedBuild build) {
  LoadedBuild old;  // Goes after the lock: ending an adapter is none of its business.
  absl::MutexLock lock(&mu_);
  if (candidate_.has_value() && candidate_->adapter->build_id() == build.adapter->build_id()) {
    candidate_.reset();
  }
  old = std::exchange(current_, std::move(build));
  failure_.clear();
  failed_ = false;
}

void AdapterSlot::Disable(const std::string& reason) {
  absl::MutexLock lock(&mu_);
  disabled_ = true;
  disabled_reason_ = reason;
}

void AdapterSlot::Enable() {
  absl::MutexLock lock(&mu_);
  disabled_ = false;
  disabled_reason_.clear();
}

void AdapterSlot::NoteOpened(const Adapter& build, const absl::Status& status) {
  if (!status.ok()) ++failures_;
  if (status.ok() && !failed_) return;
  absl::MutexLock lock(&mu_);
  if (current_.adapter.get() != &build) return;
  failure_ = std::string(status.message());
  failed_ = !failure_.empty();
}

absl::StatusOr<AdapterInstance*> PinnedInstance::Of(const std::shared_ptr<Adapter>& build) {
  if (instance_ == nullptr || build_ != build) {
    instance_.reset();
    build_ = build;
    AQ_ASSIGN_OR_RETURN(instance_, build->Open());
  }
  return instance_.get();
}

}  // namespace anqiao::adapter
