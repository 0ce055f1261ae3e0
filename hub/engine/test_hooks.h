// Ways to break what the engine promises, so that runs and simulations can show that they notice.
//
// For tests only: empty in the hub.

#ifndef ANQIAO_HUB_ENGINE_TEST_HOOKS_H_
#define ANQIAO_HUB_ENGINE_TEST_HOOKS_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "anqiao/journal/v1/entry.pb.h"

namespace anqiao::engine {

struct EngineTestHooks {
  // Answers leave before their group is synced.
  bool answer_before_sync = false;
  // What waits for agencies is known only from this run: nothing is loaded at the start.
  bool forget_deliveries_at_start = false;
  // A request that comes again is taken for a new one.
  bool forget_requests = false;
  // First sights are what the clock says, even if that went back.
  bool first_sights_follow_clock = false;
  // Routes are chosen by where the police say that the person lives.
  bool route_heeds_police = false;
  // What a step of the gate comes to (kGateSteps of referral_book.h): an error refuses.
  std::function<absl::Status(absl::string_view step)> at_gate = nullptr;
  // Changes an entry on its way from the writer to the projections.
  std::function<void(journal::v1::Entry*)> before_projecting = nullptr;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_TEST_HOOKS_H_
