// Puts groups into the journal, one at a time, and answers for them: while one is synced here, the
// writer builds the next.
//
//   append and sync -> answers, in order -> projector
//
// A group rests on the one before it: its sequences are predicted, its decisions made with what
// that one says. So after a group that could not be appended, nothing is taken until the writer has
// fetched the failure with Await.
//
// One thread, the writer's, calls Await, Take and Commit; the others may be called on any.

#ifndef ANQIAO_HUB_ENGINE_COMMITTER_H_
#define ANQIAO_HUB_ENGINE_COMMITTER_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/base/clock.h"
#include "hub/engine/counts.h"
#include "hub/engine/engine.h"
#include "hub/engine/projector.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// What is appended with one sync.
struct Group {
  store::Sequence first = 0;  // of its entries
  std::vector<journal::v1::Entry> entries;
  store::AppendGroup append;  // the same, serialized
  std::size_t bytes = 0;
  // Of those who wait for it, and for all groups before it.
  std::vector<std::function<void(absl::Status)>> answers;

  bool empty() const { return entries.empty() && answers.empty(); }
};

class Committer {
 public:
  // A group that was not appended; its people have the error already.
  struct Failure {
    absl::Status status;
    std::vector<journal::v1::Entry> entries;
  };

  // All outlive the committer.
  Committer(store::Store* store, const Clock* clock, const EngineOptions* options,
            Projector* projector)
      : store_(store), clock_(clock), options_(options), projector_(projector) {}
  ~Committer() { Stop(); }

  // "on_free" is called on the committer's thread whenever it is done with a group.
  void Start(store::Epoch epoch, std::function<void()> on_free);
  // Commits what it has, joins. Idempotent.
  void Stop();

  // Nothing is in hand.
  bool IsFree() const;
  // Waits until nothing is in hand. If the last group failed, tells so once.
  std::optional<Failure> Await();
  // Commits "group" on the committer's thread, or on the caller's. Requires: Await since the last.
  void Take(Group group);
  void Commit(Group group);

  // Sequence of the last entry of the last group that was appended.
  store::Sequence synced() const;
  GroupCounts counts() const;

  // A thread that answers must not wait for those who wait for answers.
  static void MarkAnsweringThread();
  static bool OnAnsweringThread();

 private:
  void Run();
  void Append();
  void AnswerNext();
  void Finish();
  // Of single-thread mode: one of the three.
  void Step();

  store::Store* const store_;
  const Clock* const clock_;
  const EngineOptions* const options_;
  Projector* const projector_;
  store::Epoch epoch_ = 0;
  std::function<void()> on_free_;
  std::thread thread_;

  // Of whoever commits.
  Group group_;
  absl::Status status_;
  bool appended_ = false;
  std::size_t answered_ = 0;

  mutable absl::Mutex mu_;
  absl::CondVar work_;
  absl::CondVar free_;
  bool in_hand_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<Failure> failure_ ABSL_GUARDED_BY(mu_);
  store::Sequence synced_ ABSL_GUARDED_BY(mu_) = 0;
  GroupCounts counts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_COMMITTER_H_
