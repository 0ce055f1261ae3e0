// Which policies a new record can change the answer of: from the kind of record to the facts that
// it states, and from these to the policies that ask for them.
//
// Pure.

#ifndef ANQIAO_HUB_POLICY_TOUCHED_H_
#define ANQIAO_HUB_POLICY_TOUCHED_H_

namespace anqiao::policy {

struct FactKind;
struct Policy;

// Who states a fact. An agency speaks completely: its first record makes known all that it holds,
// so facts of one holder are touched together.
inline constexpr unsigned kTouchesCivilAffairs = 1;
inline constexpr unsigned kTouchesEmployment = 2;
inline constexpr unsigned kTouchesTax = 4;
// Who the person is: birth date and sex.
inline constexpr unsigned kTouchesSubject = 8;
inline constexpr unsigned kTouchesEverything = 15;
// Whether the person is watched at all (entitlement_watch.h); no fact that a policy asks for.
inline constexpr unsigned kTouchesStanding = 16;

// What the content of a record of kind "record_kind" (adapter.v1.RecordKind) touches. Nothing that
// the police state is asked for by a policy.
unsigned TouchedByRecord(int record_kind);
// What touches "fact"; 0: no record does.
unsigned TouchesOf(const FactKind& fact);
// What touches the answer of "policy": its conditions and its amount.
unsigned TouchesOf(const Policy& policy);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_TOUCHED_H_
