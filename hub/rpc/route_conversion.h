// Providers and routes as hub.v1 shows them.

#ifndef ANQIAO_HUB_RPC_ROUTE_CONVERSION_H_
#define ANQIAO_HUB_RPC_ROUTE_CONVERSION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "anqiao/hub/v1/directory.pb.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/engine/engine.h"

namespace anqiao::rpc {

hub::v1::Provider ToProto(const engine::ProviderView& view);
// With what the law keeps the person from: for caseworkers only.
hub::v1::Route ToProto(const engine::RouteView& view);
// As it was kept, without whom it chose.
hub::v1::Route ToProto(const journal::v1::RouteExplanation& explanation);

// INVALID_ARGUMENT: not an id of at most 63 characters, or without a provider. Empty is fine.
absl::Status CheckPost(absl::string_view provider, absl::string_view post);

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_ROUTE_CONVERSION_H_
