// The one thread that orders everything: it builds a group while the committer syncs the one
// before. Nothing is answered before its group was synced.
//
//   queue -> [group that is built] -> [group that is committed] -> answers -> projector
//             this thread, overlay     committer.h
//
// With nothing in the committer's hand and nothing more queued, this thread commits itself: for a
// single record that saves a change of threads. If a group cannot be appended, the one that was
// built on it fails with it.
//
// Public methods are thread-safe.

#ifndef ANQIAO_HUB_ENGINE_WRITER_H_
#define ANQIAO_HUB_ENGINE_WRITER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/base/clock.h"
#include "hub/engine/committer.h"
#include "hub/engine/decode.h"
#include "hub/engine/engine.h"
#include "hub/engine/executor.h"
#include "hub/engine/overlay.h"
#include "hub/engine/plan.h"
#include "hub/engine/projector.h"
#include "hub/engine/referral_book.h"
#include "hub/store/store.h"

namespace anqiao::engine {

using Responses = std::vector<exchange::v1::SubmitResponse>;

class Writer {
 public:
  // What a command does with the writer's thread: reads everything before it, appends.
  class Turn {
   public:
    const store::Snapshot& snapshot() const { return writer_->overlay_.snapshot(); }
    const Overlay& overlay() const { return writer_->overlay_; }
    ReferralBook Book() const;
    absl::Time now() const { return writer_->clock_->Now(); }
    store::Sequence next_sequence() const;
    store::Store& store() const { return *writer_->store_; }
    // What a request of "principal" made. NOT_FOUND: nothing of that request was ever done, or
    // (ERASED) what it did was erased.
    absl::StatusOr<journal::v1::Entry> EarlierEntry(const journal::v1::Principal& principal,
                                                    const std::string& request_id,
                                                    const std::string& hash) const;
    // Appends and syncs; the sequence of the last entry. What the entries say of requests and
    // "heads" is known from then on, before it is projected.
    absl::StatusOr<store::Sequence> Commit(
        std::vector<journal::v1::Entry> entries, std::vector<std::string> removed_blobs = {},
        std::vector<std::pair<std::string, journal::v1::RecordHead>> heads = {},
        std::vector<store::Blob> blobs = {});
    // The snapshot of that version was taken up whole, by what was committed last.
    absl::Status TakeSnapshotVersion(const std::string& agency, const std::string& format,
                                     std::int64_t version);

    // Puts "projections", which have everything, in the place of the live ones.
    absl::Status Replace(std::unique_ptr<store::ProjectionStore> projections);

   private:
    friend class Writer;
    explicit Turn(Writer* writer) : writer_(writer) {}
    Writer* const writer_;
  };

  // All outlive the writer; "options" too.
  Writer(store::Store* store, const Clock* clock, const policy::Catalogue* catalogue,
         const EngineOptions* options, Projector* projector, Executor* executor);
  ~Writer();

  void Start(store::Epoch epoch);
  // Commits what is queued and joins; what comes later is answered with UNAVAILABLE. Idempotent.
  void Stop();

  // "done" runs on the executor. Bounded by the intake.
  void Take(std::unique_ptr<DecodedPayload> payload, std::function<void(Responses)> done);
  // Joins the next group. Waits while too many are queued.
  void Record(journal::v1::Entry entry);
  // Joins the next group, unless the delivery is acknowledged already; returns when it is durable.
  absl::Status Acknowledge(const std::string& agency, const std::string& delivery,
                           journal::v1::HandedOver handed_over);
  // Runs "command" on the writer's thread with projections that have everything before it.
  absl::Status Run(const std::function<absl::Status(Turn&)>& command);

  GroupCounts group_counts() const { return committer_.counts(); }
  // Times that intake waited because the projections were too far behind.
  std::int64_t lag_waits() const;
  // What waits for the thread.
  std::size_t queue_length() const;

 private:
  struct Item {
    std::unique_ptr<DecodedPayload> payload;
    std::function<void(Responses)> done;
    journal::v1::Entry entry;
    std::string acknowledged;  // delivery
    const std::function<absl::Status(Turn&)>* command = nullptr;
    std::function<void(absl::Status)> finished;
  };

  void Push(Item item);
  void Loop();
  // Waits for something to do; false at the end.
  bool AwaitWork(std::deque<Item>* taken);
  // Of single-thread mode.
  void Step();
  void TakeTurn(std::deque<Item> taken);
  void Handle(Item item);
  void TakePayload(DecodedPayload* payload, const std::function<void(Responses)>& done);
  absl::Status PlanAndAdd(DecodedPayload* payload, const std::function<void(Responses)>& done);
  // True if the request was answered before and is answered again.
  absl::StatusOr<bool> AnswerAgain(const DecodedPayload& payload,
                                   const std::function<void(Responses)>& done);
  absl::Status AddClosing(DecodedPayload* payload, const PlanRequest& request, Plan* plan);
  std::int64_t VersionOf(const DecodedPayload& payload, absl::Time now);
  void AddEntry(journal::v1::Entry entry);
  // What every entry has: when, in whose log, which request, under which key.
  void Complete(journal::v1::Entry* entry);
  store::KeyId AccessKey(absl::Time time);
  // Entries that the log of "agency" will have once all that was added is appended.
  std::uint64_t& LogSize(const std::string& agency);
  // The built group has something that should go on now.
  bool IsDue() const;
  // Until the group is old enough, if it should wait for more.
  absl::Duration RestOfWait() const;
  // Gives the built group on if the committer is free.
  void PassOn();
  // Gives the built group on, when the committer is free.
  absl::Status HandOver();
  // Commits the built group; everything is synced when it returns OK.
  absl::Status Flush();
  Group TakeGroup();
  // Until the committer is free. The error of its group, which the built group then had as well.
  absl::Status AwaitCommitter();
  void GiveUp(Committer::Failure failure);
  // Of those that were lost with a full disk: nobody waits for them and nobody sends them again.
  void KeepAccesses(std::vector<journal::v1::Entry> entries);
  // An overlay that says nothing of entries that were never appended.
  absl::Status MendOverlay();
  // Waits while the projections are too far behind.
  absl::Status WaitForLag();
  absl::Status SetSnapshotVersion(const std::string& agency, const std::string& format,
                                  std::int64_t version, store::Sequence sequence);
  // Flush, and projections that have it all.
  absl::Status Settle();
  void Answer(const std::function<void(Responses)>& done, Responses responses);

  store::Store* const store_;
  const Clock* const clock_;
  const policy::Catalogue* const catalogue_;
  const EngineOptions* const options_;
  Projector* const projector_;
  Executor* const executor_;
  Committer committer_;
  std::thread thread_;

  // The thread's alone.
  store::Sequence synced_ = 0;       // as of the last look
  store::Sequence handed_over_ = 0;  // last entry before group_, synced or with the committer
  Overlay overlay_;
  bool overlay_wrong_ = false;  // has entries that could not be appended
  Group group_;
  absl::Duration group_since_;  // steady time
  std::size_t held_back_ = 0;   // entries of group_ that failed before: they wait for something new
  NativeEncoder encoder_;
  std::int64_t last_version_ = 0;
  // Of records of access in one month, so that they can be purged by age.
  store::KeyId access_key_ = 0;
  std::int64_t access_month_ = -1;
  std::map<std::string, std::uint64_t> log_sizes_;

  mutable absl::Mutex mu_;
  absl::CondVar work_;
  absl::CondVar room_;
  std::deque<Item> queue_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool waits_for_committer_ ABSL_GUARDED_BY(mu_) = false;
  std::int64_t lag_waits_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_WRITER_H_
