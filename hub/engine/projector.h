// The thread that takes what was appended into the projections, and lets others wait for it.
//
// Thread-safe.

#ifndef ANQIAO_HUB_ENGINE_PROJECTOR_H_
#define ANQIAO_HUB_ENGINE_PROJECTOR_H_

#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/base/clock.h"
#include "hub/engine/engine.h"
#include "hub/engine/projection.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// Adds the journal's entries after the applied sequence up to "last" to the projections of
// "target". "progress" may be null; CANCELLED if it returns false.
absl::Status ApplyJournal(const store::Store& journal, store::Sequence last,
                          store::ProjectionStore* target, Projection* projection,
                          const std::function<bool(store::Sequence, store::Sequence)>& progress);

class Projector {
 public:
  using OnProjected = std::function<void(store::Sequence, store::Sequence, Touches)>;

  // "on_deliveries" is called on the projector's thread after the change is readable and before
  // anybody who waits for it goes on; "on_projected" too, with the first and the last entry and
  // whom they touched. It may be null. All outlive the projector.
  Projector(store::Store* store, const Clock* clock, const EngineOptions* options,
            std::function<void(std::vector<DeliveryEvent>)> on_deliveries,
            OnProjected on_projected = nullptr);
  ~Projector();

  // Brings the projections up to the journal's end, unless they were computed otherwise and must be
  // replaced, and starts the thread.
  absl::Status Start();
  // Entries that were synced, the first at "first"; without gaps.
  void Push(store::Sequence first, std::vector<journal::v1::Entry> entries);
  // Until the projections have reached "sequence". UNAVAILABLE: not within "timeout". Otherwise the
  // error that stopped the projector, or that stops it until the disk has room again.
  absl::Status WaitFor(store::Sequence sequence, absl::Duration timeout);
  store::Sequence applied() const;
  // Puts "projections" in the place of the live ones. Requires: they have reached the journal's
  // end, and nothing was pushed that is not taken in.
  absl::Status Replace(std::unique_ptr<store::ProjectionStore> projections);
  // Takes what was pushed, joins. Idempotent.
  void Stop();

 private:
  struct Group {
    store::Sequence first = 0;
    std::vector<journal::v1::Entry> entries;
  };

  void Run();
  // Goes on with what is in hand, or takes up to "entries_max" entries, at least a group.
  void TakeSome(std::size_t entries_max);
  // Nothing is in hand that waits for the disk to have room.
  bool HasWork() const;
  // Waits for work; a little longer if nobody waits for it, so that what trickles in is written
  // together.
  void AwaitWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool Hurried() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Adds and commits what is in hand. RESOURCE_EXHAUSTED: the disk is full, it may be called again.
  absl::Status Proceed();
  absl::Status Commit();

  store::Store* const store_;
  const Clock* const clock_;
  const EngineOptions* const options_;
  const std::function<void(std::vector<DeliveryEvent>)> on_deliveries_;
  const OnProjected on_projected_;
  std::thread thread_;

  // The thread's alone once it runs.
  std::unique_ptr<Projection> projection_;
  std::deque<Group> in_hand_;
  std::size_t added_ = 0;        // entries of the first group in hand
  std::size_t uncommitted_ = 0;  // entries added since the last commit
  store::Sequence reached_ = 0;  // last entry added
  store::Sequence written_out_ = 0;
  store::Sequence told_ = 0;  // last entry that on_projected_ knows

  mutable absl::Mutex mu_;
  absl::CondVar work_;
  absl::CondVar progress_;
  std::deque<Group> groups_ ABSL_GUARDED_BY(mu_);
  std::size_t queued_ ABSL_GUARDED_BY(mu_) = 0;  // entries in groups_
  int waiters_ ABSL_GUARDED_BY(mu_) = 0;
  store::Sequence applied_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
  // What is in hand waits until then, on the steady clock, for the disk to have room.
  std::optional<absl::Duration> retry_at_ ABSL_GUARDED_BY(mu_);
  bool failed_ ABSL_GUARDED_BY(mu_) = false;  // for good
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_PROJECTOR_H_
