#include "hub/rpc/principal.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hub/base/errors.h"

namespace anqiao::rpc {
namespace {

constexpr std::size_t kUriBytesMax = 256;
constexpr std::size_t kAgencyIdBytesMax = 64;
constexpr std::size_t kJurisdictionDigitsMax = 12;
constexpr const char* kRoles[] = {"caseworker", "supervisor", "operator", "auditor"};

absl::Status Unauthenticated(absl::string_view message) {
  return Error(absl::StatusCode::kUnauthenticated, reason::kUnauthenticated, message);
}

bool IsAgencyId(absl::string_view id) {
  return !id.empty() && id.size() <= kAgencyIdBytesMax && absl::ascii_islower(id[0]) &&
         std::all_of(id.begin(), id.end(), [](char c) {
           const auto u = static_cast<unsigned char>(c);
           return absl::ascii_islower(u) || absl::ascii_isdigit(u) || c == '_';
         });
}

bool IsUserName(absl::string_view name) {
  return !name.empty() && name.size() <= kAgencyIdBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
                  c == '-';
         });
}

absl::StatusOr<Caller> ParseUser(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits('?', 1));
  if (parts.size() != 2 || !IsUserName(parts[0])) {
    return Unauthenticated("the user's URI must have a name and a role");
  }
  Caller caller;
  caller.principal.set_kind(journal::v1::PRINCIPAL_KIND_USER);
  caller.principal.set_name(std::string(parts[0]));
  bool jurisdiction_seen = false;
  for (absl::string_view parameter : absl::StrSplit(parts[1], '&')) {
    if (absl::ConsumePrefix(&parameter, "role=") && caller.principal.role().empty()) {
      if (std::find(std::begin(kRoles), std::end(kRoles), parameter) == std::end(kRoles)) {
        return Unauthenticated("the role must be caseworker, supervisor, operator or auditor");
      }
      caller.principal.set_role(std::string(parameter));
    } else if (absl::ConsumePrefix(&parameter, "jurisdiction=") && !jurisdiction_seen) {
      jurisdiction_seen = true;
      if (parameter.empty() || parameter.size() > kJurisdictionDigitsMax ||
          !std::all_of(parameter.begin(), parameter.end(), absl::ascii_isdigit)) {
        return Unauthenticated("the jurisdiction must be 1 to 12 digits of a division code");
      }
      caller.jurisdiction = std::string(parameter);
    } else {
      return Unauthenticated("the user's URI must have one role and at most one jurisdiction");
    }
  }
  if (caller.principal.role().empty()) return Unauthenticated("the user's URI has no role");
  return caller;
}

}  // namespace

absl::StatusOr<Caller> ParsePrincipalUri(absl::string_view uri) {
  if (uri.size() > kUriBytesMax) return Unauthenticated("the URI is too long");
  if (absl::ConsumePrefix(&uri, "anqiao://agencies/")) {
    if (!IsAgencyId(uri)) return Unauthenticated("the agency's id must be in lower_snake_case");
    Caller caller;
    caller.principal.set_kind(journal::v1::PRINCIPAL_KIND_AGENCY);
    caller.principal.set_name(std::string(uri));
    return caller;
  }
  if (absl::ConsumePrefix(&uri, "anqiao://users/")) return ParseUser(uri);
  return Unauthenticated("the URI names neither an agency nor a user");
}

}  // namespace anqiao::rpc
