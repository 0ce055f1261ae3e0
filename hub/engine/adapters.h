// What an adapter must have to serve an agency.

#ifndef ANQIAO_HUB_ENGINE_ADAPTERS_H_
#define ANQIAO_HUB_ENGINE_ADAPTERS_H_

#include <string>

#include "absl/status/status.h"
#include "hub/adapter/adapter.h"
#include "hub/adapter/adapter_slot.h"
#include "hub/engine/engine.h"

namespace anqiao::engine {

// Which of the agency's formats the build lacks, in words; empty: it has them all.
std::string MissingFormat(const AgencyOptions& agency, const adapter::Adapter& build);
// FAILED_PRECONDITION (ADAPTER_UNUSABLE): it lacks one.
absl::Status CheckAdapterFormats(const AgencyOptions& agency, const adapter::LoadedBuild& build);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_ADAPTERS_H_
