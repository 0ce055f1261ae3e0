// Which policies a new record can change the answer of: from the kind of record to the facts that
// it states, and from these to the policies that ask for them.
//
// Pure.

#ifndef ANQIAO_HUB_POLICY_TOUCHED_H_
#define ANQIAO_HUB_POLICY_TOUCHED_H_

#include "hub/policy/facts.h"

namespace anqiao::policy {

struct Policy;

// Who states a fact. An agency speaks completely: its first record makes known all that it holds,
// so facts of one holder are touched together.
inline constexpr unsigned kTouchesCivilAffairs = 1;
inline constexpr unsigned kTouchesEmployment = 2;
inline constexpr unsigned kTouchesTax = 4;
// Who the person is: birth date and sex.
inline constexpr unsigned kTouchesSubject = 8;
inline constexpr unsigned kTouchesEverything = 15;

// What the content of a record of kind "record_kind" (adapter.v1.RecordKind) touches; 0: nothing
// that a policy asks for, as with all that the police state.
unsigned TouchedByRecord(int record_kind);
// What touches "fact"; 0: no record does.
unsigned TouchesOf(const FactKind& fact);
// What touches the answer of "policy": its conditions and its amount.
unsigned TouchesOf(const Policy& policy);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_TOUCHED_H_
