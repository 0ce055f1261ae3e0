// What taking up a decoded payload means: which entries, what is answered, what is held.
//
// Reads the overlay and changes nothing; the writer carries the plan out.

#ifndef ANQIAO_HUB_ENGINE_PLAN_H_
#define ANQIAO_HUB_ENGINE_PLAN_H_

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/engine/decode.h"
#include "hub/engine/overlay.h"
#include "hub/engine/referral_book.h"

namespace anqiao::engine {

struct PlanRequest {
  DecodedPayload* payload = nullptr;  // observations are moved out of it
  store::Store* store = nullptr;      // gives keys to new records
  std::string payload_id;
  std::int64_t version = 0;
  absl::Time now;
  journal::v1::Principal principal;
  bool allow_shrinking = false;
  // Only these rows; null: all, and a snapshot ends what it lacks.
  const std::set<std::uint64_t>* rows = nullptr;
};

struct Plan {
  std::vector<journal::v1::Entry> entries;
  journal::v1::StoredReceipt receipt;
  // Some rows, or all, wait in quarantine.
  bool hold_bytes = false;
  // From which offset on which key holds, if the bytes are held; "sliced" if each record has a
  // part.
  std::vector<std::pair<std::size_t, store::KeyId>> parts;
  bool sliced = false;
  store::KeyId bytes_key = 0;  // of what is of no record
  // A snapshot that was taken up whole.
  bool snapshot_taken = false;
  std::vector<std::pair<std::string, journal::v1::RecordHead>> heads;
  // Request keys of answers with the index of their entry.
  std::vector<std::pair<std::string, std::size_t>> answers;
};

// A receipt's log_position is the number of its entry in the plan, from 1.
// "book" takes native answers; it sees the projections up to the last entry.
absl::StatusOr<Plan> PlanPayload(const PlanRequest& request, const Overlay& overlay,
                                 ReferralBook* book);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_PLAN_H_
