// Referrals, consents and the disclosure ledger as hub.v1 shows them.

#ifndef ANQIAO_HUB_RPC_REFERRAL_CONVERSION_H_
#define ANQIAO_HUB_RPC_REFERRAL_CONVERSION_H_

#include <string>

#include "absl/status/statusor.h"
#include "anqiao/hub/v1/consents.pb.h"
#include "anqiao/hub/v1/referrals.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/engine/engine.h"
#include "hub/referral/machine.h"
#include "hub/rpc/authenticator.h"

namespace anqiao::rpc {

// "users/wang.fang", "agencies/tax" or "hub".
std::string PrincipalName(const journal::v1::Principal& principal);
// "STREAM", "FOLDER", "HTTP"; empty if it is not said.
std::string DeliveryWayName(journal::v1::DeliveryWay way);

// "caller" decides the allowed actions.
hub::v1::Referral ToProto(const journal::v1::ReferralDocument& referral, const Caller& caller);
// "display_name" is the recipient's.
hub::v1::DisclosureEntry ToProto(const journal::v1::DisclosureDocument& disclosure,
                                 const std::string& display_name);
hub::v1::Consent ToProto(const journal::v1::ConsentDocument& consent);
hub::v1::CohortMix ToProto(const engine::CohortMix& mix);

// INVALID_ARGUMENT: SEND, which has a method of its own, or none of the actions.
absl::StatusOr<referral::Action> MoveAction(hub::v1::ReferralAction action);

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_REFERRAL_CONVERSION_H_
