// Translates the hub's errors to what goes over the wire, once and here.
//
// Every error carries exactly one google.rpc.ErrorInfo {reason, domain "anqiao", metadata}; wrong
// request fields add BadRequest, conditions on the state PreconditionFailure, and what may be tried
// again after a pause RetryInfo. hub/doc/errors.md explains the reasons.

#ifndef ANQIAO_HUB_RPC_STATUS_CONVERSION_H_
#define ANQIAO_HUB_RPC_STATUS_CONVERSION_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace anqiao::rpc {

inline constexpr char kErrorDomain[] = "anqiao";

// An error without a detail of its own gets the reason INTERNAL; INTERNAL and UNKNOWN then also
// lose their message, which was not written for the caller.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// The same with the details in "grpc-status-details-bin".
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_STATUS_CONVERSION_H_
