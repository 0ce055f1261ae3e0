// Who calls: the one URI in the peer's certificate.
//
//   anqiao://agencies/police
//   anqiao://users/wang.fang?role=caseworker&jurisdiction=421202003
//
// Without a jurisdiction a user sees all divisions. A certificate with no URI, two, or any other is
// nobody.

#ifndef ANQIAO_HUB_RPC_PRINCIPAL_H_
#define ANQIAO_HUB_RPC_PRINCIPAL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/journal/v1/entry.pb.h"

namespace anqiao::rpc {

// Request metadata that names the caller on an insecure loopback listener; ignored on any other.
inline constexpr char kPrincipalMetadata[] = "x-anqiao-principal";

// The caller of one call.
struct Caller {
  journal::v1::Principal principal;
  // Division-code prefix that the caller is confined to; empty for all.
  std::string jurisdiction;

  bool is_agency() const { return principal.kind() == journal::v1::PRINCIPAL_KIND_AGENCY; }
};

// UNAUTHENTICATED: not exactly of one of the two forms.
absl::StatusOr<Caller> ParsePrincipalUri(absl::string_view uri);

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_PRINCIPAL_H_
