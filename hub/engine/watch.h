// The entitlement watch: looks again at exactly the policies that a commit touched and at those
// whose day has come, proposes referrals, and reminds before an entitlement lapses
// (hub/doc/watch.md).
//
//   projector -> who was touched -> watch_look.h -> writer: notes, drafts, how far, in one group
//
// Comes after the projector, in nobody's way: it waits while the projections are behind, unless it
// is itself too far behind. A person touched ten times meanwhile is looked at once. What it decides
// is journalled, so nothing is evaluated when the projections are computed anew. Who is still to be
// looked at is only in memory, up to a bound; after a crash, or beyond the bound, the journal tells
// it again from the sequence on that the watch has reached. Another catalogue has everybody looked
// at.
//
// Thread-safe.

#ifndef ANQIAO_HUB_ENGINE_WATCH_H_
#define ANQIAO_HUB_ENGINE_WATCH_H_

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/base/clock.h"
#include "hub/engine/engine.h"
#include "hub/engine/projection.h"
#include "hub/engine/projector.h"
#include "hub/engine/watch_look.h"
#include "hub/engine/writer.h"
#include "hub/store/store.h"

namespace anqiao::engine {

class Watch {
 public:
  // All outlive the watch.
  Watch(store::Store* store, const Clock* clock, const policy::Catalogue* catalogue,
        const EngineOptions* options, Projector* projector, Writer* writer);
  ~Watch() { Stop(); }

  // Whether there is anything to do for it, ever.
  bool is_on() const { return options_->entitlement_watch && table_ != nullptr; }
  // Goes on from where it was. Requires: the projections have everything that is journalled.
  absl::Status Start();
  // Joins. Idempotent.
  void Stop();

  // On the projector's thread, after the entries from "first" to "last" are readable.
  void OnProjected(store::Sequence first, store::Sequence last, Touches touches);
  // The clock may have moved.
  void Wake();

  // Everybody whom the entries up to it touched was looked at; 0 if the watch is off.
  store::Sequence reached() const;
  // Until everybody was looked at whom entries up to "sequence" touched, and whose day is today,
  // and what was noted of them is readable. UNAVAILABLE (OVERLOADED): not within "timeout".
  absl::Status WaitFor(store::Sequence sequence, absl::Duration timeout);

 private:
  void Run();
  // The last entry that it has journalled itself.
  absl::StatusOr<store::Sequence> WaitUntilDone(store::Sequence sequence, absl::Duration deadline);
  bool IsReady() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Nobody else needs the machine more.
  bool MayWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool IsDone(store::Sequence sequence) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Nobody waits to be looked at: all that is covered is reached.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Looks at some people. An error of the disk, or of a hub that ends: what was to be done stays.
  void Step();
  absl::Status Proceed(const model::CivilDate& today);
  absl::Status TakeTouched(const model::CivilDate& today);
  absl::Status TakeDue(const model::CivilDate& today);
  void BeginSweep(const model::CivilDate& today);
  absl::Status Sweep(const model::CivilDate& today);
  // Learns from the journal whom the entries after covered_ touched.
  absl::Status ReadAhead();
  absl::Status SayProgress();
  WatchLook LookOf(const store::Snapshot& snapshot, const model::CivilDate& today) const;
  // Journals the findings of "seen" and, if that says something new, "progress"; gives the people
  // whose documents have changed meanwhile. While there are some, "progress" is not journalled.
  absl::StatusOr<std::set<std::string>> Commit(store::Sequence seen,
                                               const std::vector<WatchFinding>& findings,
                                               const journal::v1::WatchProgress& progress);
  absl::Status AddEntries(Writer::Turn& turn, ReferralBook& book, const WatchFinding& finding,
                          std::vector<journal::v1::Entry>* entries) const;
  std::string RulesOn(const model::CivilDate& today) const;

  store::Store* const store_;
  const Clock* const clock_;
  const policy::Catalogue* const catalogue_;
  const EngineOptions* const options_;
  const policy::EntitlementWatchTable* const table_;
  Projector* const projector_;
  Writer* const writer_;
  std::thread thread_;

  // Of whoever steps, one at a time.
  journal::v1::WatchProgress progress_;  // as it is in the journal
  std::set<std::string> set_aside_;      // who are due today and give nothing
  std::string sweep_person_;             // up to whom everybody was looked at
  // Last entry of its own; whoever waits reads it while nobody steps.
  store::Sequence committed_ = 0;

  mutable absl::Mutex mu_;
  absl::CondVar work_;
  absl::CondVar done_;
  // To be looked at: those of now, touched up to current_through_, and those who come after them,
  // up to covered_. What comes after that the journal tells.
  Touches current_ ABSL_GUARDED_BY(mu_);
  Touches next_ ABSL_GUARDED_BY(mu_);
  store::Sequence current_through_ ABSL_GUARDED_BY(mu_) = 0;
  store::Sequence covered_ ABSL_GUARDED_BY(mu_) = 0;
  store::Sequence projected_ ABSL_GUARDED_BY(mu_) = 0;
  store::Sequence reached_ ABSL_GUARDED_BY(mu_) = 0;
  store::Sequence said_ ABSL_GUARDED_BY(mu_) = 0;  // reached, as the journal has it
  bool sweeping_ ABSL_GUARDED_BY(mu_) = false;
  long day_ ABSL_GUARDED_BY(mu_) = -1;  // whose due people were all looked at
  // On the steady clock: since when somebody waits, and until when nothing is tried.
  absl::Duration waiting_since_ ABSL_GUARDED_BY(mu_);
  absl::Duration pause_until_ ABSL_GUARDED_BY(mu_);
  int waiters_ ABSL_GUARDED_BY(mu_) = 0;
  bool working_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_WATCH_H_
