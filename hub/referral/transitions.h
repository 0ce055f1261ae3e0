// The machine's closed table, for the machine itself, its document and its tests.

#ifndef ANQIAO_HUB_REFERRAL_TRANSITIONS_H_
#define ANQIAO_HUB_REFERRAL_TRANSITIONS_H_

#include <vector>

#include "hub/referral/machine.h"

namespace anqiao::referral {

inline constexpr unsigned kByCaseworker = 1U << static_cast<unsigned>(Actor::kCaseworker);
inline constexpr unsigned kBySupervisor = 1U << static_cast<unsigned>(Actor::kSupervisor);
inline constexpr unsigned kByRecipient = 1U << static_cast<unsigned>(Actor::kRecipient);
inline constexpr unsigned kByHub = 1U << static_cast<unsigned>(Actor::kHub);

struct Transition {
  journal::v1::ReferralState from;
  Action action;
  unsigned actors;
  journal::v1::ReferralState to;
};
// By action, and by the states' order within one.
const std::vector<Transition>& Transitions();

unsigned MaskOf(Actor actor);

// A state as other systems call it.
struct StateRow {
  journal::v1::ReferralState state;
  bool end;
  absl::string_view fhir_task;  // HL7 FHIR R4 Task.status
  absl::string_view referral_360x;
};
// In the enum's order.
const std::vector<StateRow>& States();

}  // namespace anqiao::referral

#endif  // ANQIAO_HUB_REFERRAL_TRANSITIONS_H_
