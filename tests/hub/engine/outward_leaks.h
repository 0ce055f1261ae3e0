// What is planted in a world so that the other side of its pair can tell: each leak must be caught.

#ifndef ANQIAO_TESTS_HUB_ENGINE_OUTWARD_LEAKS_H_
#define ANQIAO_TESTS_HUB_ENGINE_OUTWARD_LEAKS_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "anqiao/journal/v1/entry.pb.h"

namespace anqiao::engine {

enum class Leak {
  kNone,
  kField,        // a phone that only the police state
  kId,           // names of deliveries count what the hub has done
  kSequence,     // etags do
  kErrorText,    // errors do
  kPosition,     // a receipt's place is that in the hub's log
  kTreeSize,     // a proof's tree is the hub's
  kSender,       // the office that sends
  kSize,         // one more byte
  kRoute,        // to another recipient
  kOrder,        // later than others
  kRefusal,      // an answer is refused
  kEligibility,  // the gate heeds the police's records
  kDivision,     // routes heed where the police say that people live
  kLimits,       // routes heed what the law keeps from whom
};
inline constexpr Leak kLeaks[] = {
    Leak::kField,    Leak::kId,          Leak::kSequence, Leak::kErrorText, Leak::kPosition,
    Leak::kTreeSize, Leak::kSender,      Leak::kSize,     Leak::kRoute,     Leak::kOrder,
    Leak::kRefusal,  Leak::kEligibility, Leak::kDivision, Leak::kLimits};
const char* LeakName(Leak leak);

// What a leak knows of its world, and what it makes of what leaves.
struct Leaking {
  Leak leak = Leak::kNone;
  std::uint64_t entries = 0;        // that the hub has written
  bool subject_is_known = false;    // to the police: of the latest command
  std::string police_phone;         // of the subject
  std::set<std::string> referrals;  // about people whom the police know, as recipients name them

  bool Does(Leak which) const { return leak == which; }
  // Changes what is queued for a recipient, on its way into the outbox.
  void ChangeDelivery(journal::v1::QueuedDelivery* queued);
  absl::Status Change(const absl::Status& status) const;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_OUTWARD_LEAKS_H_
