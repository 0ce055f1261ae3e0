#include "hub/rpc/authenticator.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "hub/base/errors.h"

namespace anqiao::rpc {
namespace {

absl::Status Unauthenticated(absl::string_view message) {
  return Error(absl::StatusCode::kUnauthenticated, reason::kUnauthenticated, message);
}

}  // namespace

absl::StatusOr<Caller> Authenticator::Authenticate(const grpc::ServerContextBase& context) const {
  std::vector<grpc::string_ref> uris;
  if (insecure_) {
    const auto [begin, end] = context.client_metadata().equal_range(kPrincipalMetadata);
    for (auto it = begin; it != end; ++it) uris.push_back(it->second);
    if (uris.size() != 1) {
      return Unauthenticated("an insecure listener needs x-anqiao-principal exactly once");
    }
    return ParsePrincipalUri(absl::string_view(uris[0].data(), uris[0].size()));
  }
  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  if (peer == nullptr || !peer->IsPeerAuthenticated()) {
    return Unauthenticated("a client certificate is required");
  }
  uris = peer->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME);
  if (uris.size() != 1) {
    return Unauthenticated("the certificate must have exactly one URI as alternative name");
  }
  return ParsePrincipalUri(absl::string_view(uris[0].data(), uris[0].size()));
}

}  // namespace anqiao::rpc
