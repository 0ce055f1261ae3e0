#include "hub/engine/adapters.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/projection.h"

namespace anqiao::engine {
namespace {

// Values of ACTIVATION_KIND_ADAPTER_SWITCH.
constexpr char kOn[] = "on";
constexpr char kOff[] = "off";

absl::Status AgencyNotFound() {
  return Error(absl::StatusCode::kNotFound, reason::kAgencyNotFound, "there is no such agency");
}

}  // namespace

std::string MissingFormat(const AgencyOptions& agency, const adapter::Adapter& build) {
  for (const std::string& format : agency.formats) {
    if (build.FindFormat(format) == nullptr) {
      return absl::StrCat("the adapter has no format ", format);
    }
  }
  const std::string& delivery = agency.delivery_format;
  if (delivery.empty()) return "";
  const adapter::v1::Format* format = build.FindFormat(delivery);
  if (format != nullptr && format->encodes()) return "";
  return absl::StrCat("the adapter does not encode ", delivery);
}

absl::Status CheckAdapterFormats(const AgencyOptions& agency, const adapter::LoadedBuild& build) {
  const std::string fault = MissingFormat(agency, *build.adapter);
  if (fault.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable,
               absl::StrCat(build.library, ": ", fault, ", which agency ", agency.id, " uses"));
}

absl::Status EngineImpl::RestoreSwitches() {
  const std::unique_ptr<store::Snapshot> snapshot = store_->NewSnapshot();
  for (const AgencyOptions& agency : options_.agencies) {
    const absl::StatusOr<std::string> stored =
        snapshot->Get(ActivationKey(journal::v1::ACTIVATION_KIND_ADAPTER_SWITCH, agency.id));
    if (absl::IsNotFound(stored.status())) continue;
    AQ_RETURN_IF_ERROR(stored.status());
    absl::string_view reason_text = *stored;
    if (!absl::ConsumePrefix(&reason_text, kOff)) continue;
    absl::ConsumePrefix(&reason_text, ":");
    agency.adapter->Disable(std::string(reason_text));
  }
  return absl::OkStatus();
}

absl::StatusOr<AdapterView> EngineImpl::GetAdapter(const std::string& agency) {
  const AgencyOptions* options = FindAgency(agency);
  if (options == nullptr) return AgencyNotFound();
  return AdapterView{.options = options, .slot = options->adapter->view()};
}

absl::StatusOr<AdapterView> EngineImpl::LoadAdapter(const std::string& agency,
                                                    const std::string& library,
                                                    const std::string& samples) {
  const AgencyOptions* options = FindAgency(agency);
  if (options == nullptr) return AgencyNotFound();
  AQ_ASSIGN_OR_RETURN(const adapter::LoadedBuild build, options->adapter->Load(library, samples));
  AQ_RETURN_IF_ERROR(CheckAdapterFormats(*options, build));
  options->adapter->SetCandidate(build);
  return GetAdapter(agency);
}

absl::Status EngineImpl::CommitActivation(const Principal& principal,
                                          journal::v1::ActivationKind kind, const std::string& name,
                                          const std::string& hash) {
  return writer_.Run([&](Writer::Turn& turn) {
    journal::v1::Entry entry;
    *entry.mutable_principal() = principal;
    entry.mutable_activated()->set_kind(kind);
    entry.mutable_activated()->set_name(name);
    entry.mutable_activated()->set_hash(hash);
    return turn.Commit({std::move(entry)}).status();
  });
}

absl::StatusOr<AdapterView> EngineImpl::ReloadAdapter(const Principal& principal,
                                                      const std::string& agency,
                                                      const std::string& build) {
  const AgencyOptions* options = FindAgency(agency);
  if (options == nullptr) return AgencyNotFound();
  absl::MutexLock lock(&adapters_mu_);
  const adapter::AdapterSlot::View before = options->adapter->view();
  const std::string current = before.current.adapter->build_id();
  // Asked for again after it was done.
  if (!before.candidate.has_value() && !build.empty() && build == current) {
    return GetAdapter(agency);
  }
  adapter::LoadedBuild next;
  if (before.candidate.has_value()) {
    next = *before.candidate;
  } else {
    AQ_ASSIGN_OR_RETURN(next, options->adapter->LoadConfigured());
  }
  if (!build.empty() && build != next.adapter->build_id()) {
    return Error(absl::StatusCode::kAborted, reason::kEtagMismatch,
                 absl::StrCat("build ", next.adapter->build_id(), " would be promoted, not ", build,
                              ": somebody loaded another"))
        .Meta("build", next.adapter->build_id());
  }
  AQ_RETURN_IF_ERROR(CheckAdapterFormats(*options, next));
  if (next.adapter->build_id() != current) {
    AQ_RETURN_IF_ERROR(CommitActivation(principal, journal::v1::ACTIVATION_KIND_ADAPTER,
                                        next.adapter->manifest().name(), next.adapter->build_id()));
  }
  options->adapter->Promote(std::move(next));
  return GetAdapter(agency);
}

absl::StatusOr<AdapterView> EngineImpl::SwitchAdapter(const Principal& principal,
                                                      const std::string& agency, bool enabled,
                                                      const std::string& reason_text) {
  const AgencyOptions* options = FindAgency(agency);
  if (options == nullptr) return AgencyNotFound();
  absl::MutexLock lock(&adapters_mu_);
  const adapter::AdapterSlot::View before = options->adapter->view();
  const bool was_enabled = before.state != adapter::AdapterSlot::State::kDisabled;
  if (enabled == was_enabled && (enabled || before.reason == reason_text)) {
    return GetAdapter(agency);
  }
  AQ_RETURN_IF_ERROR(
      CommitActivation(principal, journal::v1::ACTIVATION_KIND_ADAPTER_SWITCH, agency,
                       enabled               ? kOn
                       : reason_text.empty() ? kOff
                                             : absl::StrCat(kOff, ":", reason_text)));
  if (enabled) {
    options->adapter->Enable();
  } else {
    options->adapter->Disable(reason_text);
  }
  return GetAdapter(agency);
}

}  // namespace anqiao::engine
