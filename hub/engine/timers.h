// Timers of the hub. Each firing is a journal entry with the instant at which it was due, so that
// nothing that is computed later reads a clock.
//
// "anchor" has the heads of the agencies' logs written into the hub's log, and all heads signed and
// kept (hub/doc/audit_log.md); its entry says when it is due next. What comes due of referrals and
// consents, and agencies that are away, make entries of their own (hub/doc/referrals.md): what is
// due is in an index, in order, and an entry takes it out, so that it fires once.
//
// What came due while the hub was down, or by a jump of the clock, fires then, in order. An anchor
// whose next instant lies further ahead than its interval, because the clock went back, fires too.

#ifndef ANQIAO_HUB_ENGINE_TIMERS_H_
#define ANQIAO_HUB_ENGINE_TIMERS_H_

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"
#include "hub/engine/engine.h"
#include "hub/engine/writer.h"
#include "hub/store/store.h"

namespace anqiao::engine {

class Timers {
 public:
  // All outlive the timers.
  Timers(store::Store* store, const Clock* clock, const EngineOptions* options, Writer* writer)
      : store_(store), clock_(clock), options_(options), writer_(writer) {}
  ~Timers() { Stop(); }

  // Starts the thread, unless the engine has none or no timer is wanted.
  void Start();
  // Joins. Idempotent.
  void Stop();
  // Fires what is due now.
  absl::Status Tick();

 private:
  void Run();
  absl::Status TickAnchor();
  absl::Status Anchor(absl::Time due);
  absl::Status TickDue();
  // Fires the first of what is due, at most so many. True if there was any.
  absl::StatusOr<bool> FireSome();
  absl::Status TickAbsences();

  store::Store* const store_;
  const Clock* const clock_;
  const EngineOptions* const options_;
  Writer* const writer_;
  std::thread thread_;

  absl::Mutex mu_;
  absl::CondVar stopped_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_TIMERS_H_
