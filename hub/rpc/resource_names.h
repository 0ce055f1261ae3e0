// Resource names, "cases/{case}", and the other fields that every request checks alike.

#ifndef ANQIAO_HUB_RPC_RESOURCE_NAMES_H_
#define ANQIAO_HUB_RPC_RESOURCE_NAMES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/type/v1/civil_date.pb.h"
#include "google/protobuf/map.h"
#include "hub/model/civil_date.h"

namespace anqiao::rpc {

inline constexpr char kAdapters[] = "adapters";
inline constexpr char kCases[] = "cases";
inline constexpr char kConsents[] = "consents";
inline constexpr char kPolicies[] = "policies";
inline constexpr char kProviders[] = "providers";
inline constexpr char kReferrals[] = "referrals";
inline constexpr char kAgencies[] = "agencies";
inline constexpr char kUsers[] = "users";
inline constexpr char kDeliveries[] = "deliveries";
inline constexpr char kDispatches[] = "dispatches";
inline constexpr char kTeamMembers[] = "teamMembers";
inline constexpr char kQuarantinedPayloads[] = "quarantinedPayloads";

// "cases", "x" -> "cases/x"; empty for an empty id.
std::string ResourceName(absl::string_view collection, absl::string_view id);

// The id in "name", which is the value of request field "field". Ids are 1 to 64 of A-Z a-z 0-9 . _
// ~ -. INVALID_ARGUMENT: anything else.
absl::StatusOr<std::string> ParseResourceName(absl::string_view field, absl::string_view collection,
                                              absl::string_view name);
// The same for a field that may be empty.
absl::StatusOr<std::string> ParseOptionalResourceName(absl::string_view field,
                                                      absl::string_view collection,
                                                      absl::string_view name);

// INVALID_ARGUMENT: not a UUID.
absl::Status CheckRequestId(absl::string_view request_id);
// INVALID_ARGUMENT: empty or longer than "bytes_max".
absl::Status CheckRequired(absl::string_view field, absl::string_view value, int bytes_max);
// INVALID_ARGUMENT: not an UPPER_SNAKE code of at most 63 characters. Empty is fine.
absl::Status CheckCode(absl::string_view field, absl::string_view value);
// INVALID_ARGUMENT: more than 16, a key that is not lower_snake, or a value over 256 bytes.
absl::Status CheckDetails(const google::protobuf::Map<std::string, std::string>& details);
// A whole day or nothing. INVALID_ARGUMENT: a day that does not exist.
absl::StatusOr<model::CivilDate> ParseAsOfDate(const type::v1::CivilDate& date);

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_RESOURCE_NAMES_H_
