// Who makes a call of gRPC: the principal (principal.h) in the peer's certificate.

#ifndef ANQIAO_HUB_RPC_AUTHENTICATOR_H_
#define ANQIAO_HUB_RPC_AUTHENTICATOR_H_

#include <grpcpp/server_context.h>

#include "absl/status/statusor.h"
#include "hub/rpc/principal.h"

namespace anqiao::rpc {

// Thread-safe.
class Authenticator {
 public:
  // "insecure": identities come from kPrincipalMetadata instead of a certificate.
  explicit Authenticator(bool insecure) : insecure_(insecure) {}

  // UNAUTHENTICATED: no identity, more than one, or a malformed one.
  absl::StatusOr<Caller> Authenticate(const grpc::ServerContextBase& context) const;

 private:
  const bool insecure_;
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_AUTHENTICATOR_H_
