// Takes payloads in, within bounds, and decodes them on threads of its own; hands them to the
// writer in the order in which their agency submitted them.
//
// Thread-safe.

#ifndef ANQIAO_HUB_ENGINE_INTAKE_H_
#define ANQIAO_HUB_ENGINE_INTAKE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/clock.h"
#include "hub/engine/decode.h"
#include "hub/engine/engine.h"
#include "hub/engine/executor.h"
#include "hub/engine/writer.h"

namespace anqiao::engine {

class Intake {
 public:
  // All outlive the intake.
  Intake(const EngineOptions* options, const Clock* clock, Writer* writer, Executor* executor)
      : options_(options), clock_(clock), writer_(writer), executor_(executor) {}
  ~Intake() { Stop(); }

  void Start();
  // See Engine::Submit.
  bool Submit(const AgencyOptions& agency, SubmitCommand command,
              std::function<void(Responses)> done, std::function<void()> when_ready);
  // Decodes what was taken in, joins; what comes later is refused. Idempotent.
  void Stop();

 private:
  struct Slot {
    const AgencyOptions* agency = nullptr;
    SubmitCommand command;
    std::unique_ptr<DecodedPayload> payload;
    std::function<void(Responses)> done;
    bool decoded = false;
    // The agency's adapter came to grief not long ago: decoded where nobody else waits behind it.
    bool suspect = false;
  };
  struct Lane {
    int pending = 0;
    int decoding = 0;                         // on Work's threads
    std::deque<std::shared_ptr<Slot>> slots;  // not yet with the writer, in order
    bool handing_over = false;
  };
  using Instances = std::map<std::string, adapter::PinnedInstance>;

  // A small payload that nothing waits before is decoded on the caller's thread: waking another
  // costs more.
  bool TakeInline(const Lane& lane, std::size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void DecodeInline(const std::shared_ptr<Slot>& slot);
  // "suspects": decodes what is suspect, else what is not.
  void Work(bool suspects);
  // The next that such a thread may decode; null: none now. No agency has all threads, so that one
  // whose adapter hangs leaves the others one.
  std::shared_ptr<Slot> NextSlot(bool suspects) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Of single-thread mode: any of those that as many threads could have in hand.
  void Step();
  void DecodeSlot(Slot* slot, Instances* instances);
  void HandOver(const std::string& agency);
  void Finished(const std::string& agency, std::size_t bytes);

  const EngineOptions* const options_;
  const Clock* const clock_;
  Writer* const writer_;
  Executor* const executor_;
  std::vector<std::thread> threads_;

  absl::Mutex mu_;
  absl::CondVar work_, suspect_work_;
  std::deque<std::shared_ptr<Slot>> queue_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, Lane> lanes_ ABSL_GUARDED_BY(mu_);
  std::uint64_t bytes_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<std::function<void()>> waiting_ ABSL_GUARDED_BY(mu_);
  // Adapter instances of callers' threads, lent one at a time.
  std::vector<Instances> spare_ ABSL_GUARDED_BY(mu_);
  int inline_count_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_INTAKE_H_
