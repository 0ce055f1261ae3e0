#include "hub/engine/intake.h"

#include <algorithm>
#include <utility>

#include "hub/base/errors.h"
#include "hub/engine/health_code.h"
#include "hub/engine/receipts.h"
#include "hub/engine/scheduler.h"
#include "hub/model/civil_date.h"

namespace anqiao::engine {
namespace {

constexpr std::size_t kInlineBytesMax = 4096;
constexpr int kInlineMax = 4;

}  // namespace

void Intake::Start() {
  if (options_->scheduler != nullptr) {
    options_->scheduler->Add(
        this,
        [this] {
          absl::MutexLock lock(&mu_);
          return !queue_.empty();
        },
        [this] { Step(); });
    return;
  }
  // One more than an agency may have, and one for the suspect.
  for (int i = 0; i < std::max(1, options_->decode_threads) + 1; ++i) {
    threads_.emplace_back([this] { Work(false); });
  }
  threads_.emplace_back([this] { Work(true); });
}

void Intake::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    work_.SignalAll();
    suspect_work_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  if (options_->scheduler == nullptr) return;
  options_->scheduler->RunUntil([this] {
    absl::MutexLock lock(&mu_);
    return queue_.empty();
  });
  options_->scheduler->Remove(this);
}

bool Intake::Submit(const AgencyOptions& agency, SubmitCommand command,
                    std::function<void(Responses)> done, std::function<void()> when_ready) {
  const absl::Status header = CheckHeader(command.header, clock_->Now());
  if (!header.ok()) {
    executor_->Add([done, responses = RefusalResponses(command.header.request_id(), header)] {
      done(responses);
    });
    return true;
  }
  const std::size_t bytes = command.payload.size();
  std::shared_ptr<Slot> at_once;
  bool taken = false;
  {
    absl::MutexLock lock(&mu_);
    Lane& lane = lanes_[agency.id];
    if (!stopping_) {
      if (lane.pending >= std::max(1, agency.pending_payloads_max) ||
          (bytes_ > 0 && bytes_ + bytes > options_->intake_bytes_max)) {
        waiting_.push_back(std::move(when_ready));
        return false;
      }
      ++lane.pending;
      bytes_ += bytes;
      auto slot = std::make_shared<Slot>();
      slot->agency = &agency;
      slot->payload = std::make_unique<DecodedPayload>();
      slot->done = [this, id = agency.id, bytes, done = std::move(done)](Responses responses) {
        Finished(id, bytes);
        done(std::move(responses));
      };
      slot->command = std::move(command);
      slot->suspect = agency.adapter->suspect();
      const bool here = !slot->suspect && TakeInline(lane, bytes);
      lane.slots.push_back(slot);
      if (here) {
        at_once = std::move(slot);
      } else {
        absl::CondVar& work = slot->suspect ? suspect_work_ : work_;
        queue_.push_back(std::move(slot));
        work.Signal();
      }
      taken = true;
    }
  }
  if (at_once != nullptr) DecodeInline(at_once);
  if (taken) return true;
  executor_->Add([done, id = command.header.request_id()] {
    done(RefusalResponses(id, Error(absl::StatusCode::kUnavailable, reason::kShuttingDown,
                                    "the hub is shutting down")));
  });
  return true;
}

bool Intake::TakeInline(const Lane& lane, std::size_t bytes) {
  if (bytes > kInlineBytesMax || !lane.slots.empty() || inline_count_ >= kInlineMax) return false;
  if (options_->scheduler != nullptr && options_->scheduler->Choose(2) == 0) return false;
  ++inline_count_;
  return true;
}

void Intake::DecodeInline(const std::shared_ptr<Slot>& slot) {
  Instances instances;
  {
    absl::MutexLock lock(&mu_);
    if (!spare_.empty()) {
      instances = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  DecodeSlot(slot.get(), &instances);
  {
    absl::MutexLock lock(&mu_);
    slot->decoded = true;
    spare_.push_back(std::move(instances));
    --inline_count_;
  }
  HandOver(slot->agency->id);
}

void Intake::Finished(const std::string& agency, std::size_t bytes) {
  std::vector<std::function<void()>> ready;
  {
    absl::MutexLock lock(&mu_);
    --lanes_[agency].pending;
    bytes_ -= bytes;
    ready.swap(waiting_);
  }
  for (std::function<void()>& call : ready) {
    if (call) executor_->Add(std::move(call));
  }
}

std::shared_ptr<Intake::Slot> Intake::NextSlot(bool suspects) {
  const int most = std::max(1, options_->decode_threads);
  for (auto it = queue_.begin(); it != queue_.end(); ++it) {
    Slot& slot = **it;
    if (!slot.suspect && slot.agency->adapter->suspect()) {
      slot.suspect = true;
      suspect_work_.Signal();
    }
    Lane& lane = lanes_[slot.agency->id];
    if (slot.suspect != suspects || (!suspects && lane.decoding >= most)) continue;
    std::shared_ptr<Slot> next = std::move(*it);
    queue_.erase(it);
    if (!suspects) ++lane.decoding;
    return next;
  }
  return nullptr;
}

void Intake::Work(bool suspects) {
  Instances instances;
  while (true) {
    std::shared_ptr<Slot> slot;
    {
      absl::MutexLock lock(&mu_);
      while ((slot = NextSlot(suspects)) == nullptr) {
        if (stopping_ && queue_.empty()) return;
        (suspects ? suspect_work_ : work_).Wait(&mu_);
      }
    }
    DecodeSlot(slot.get(), &instances);
    {
      absl::MutexLock lock(&mu_);
      slot->decoded = true;
      if (!suspects) --lanes_[slot->agency->id].decoding;
      // Whoever waits for room in the lane, or for the queue to end.
      if (stopping_) {
        work_.SignalAll();
        suspect_work_.SignalAll();
      } else if (!queue_.empty()) {
        work_.Signal();
      }
    }
    HandOver(slot->agency->id);
  }
}

void Intake::Step() {
  std::shared_ptr<Slot> slot;
  {
    absl::MutexLock lock(&mu_);
    const auto most = static_cast<std::size_t>(std::max(1, options_->decode_threads));
    const std::size_t at = options_->scheduler->Choose(std::min(queue_.size(), most));
    slot = std::move(queue_[at]);
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  Instances instances;
  DecodeSlot(slot.get(), &instances);
  {
    absl::MutexLock lock(&mu_);
    slot->decoded = true;
  }
  HandOver(slot->agency->id);
}

void Intake::DecodeSlot(Slot* slot, Instances* instances) {
  *slot->payload = BeginDecode(*slot->agency, std::move(slot->command));
  if (slot->payload->code != absl::StatusCode::kOk) return;
  const std::shared_ptr<adapter::Adapter>& build = slot->payload->adapter;
  const absl::StatusOr<adapter::AdapterInstance*> instance =
      (*instances)[slot->agency->id].Of(build);
  slot->agency->adapter->NoteOpened(*build, instance.status());
  if (!instance.ok()) {
    slot->payload->code = absl::StatusCode::kUnavailable;
    slot->payload->reason = reason::kAdapterUnusable;
    slot->payload->message = "the agency's adapter cannot be opened";
    slot->payload->hold_bytes = !NamesHealthCode(slot->payload->bytes);
    DoNotUseUpId(slot->payload.get());
    slot->payload->problems.push_back(
        PayloadProblem(reason::kAdapterUnusable, slot->payload->message));
    return;
  }
  slot->agency->adapter->CountPayload();
  Decode(*instance, model::CivilDate::At(clock_->Now()), slot->payload.get());
}

void Intake::HandOver(const std::string& agency) {
  while (true) {
    std::shared_ptr<Slot> slot;
    {
      absl::MutexLock lock(&mu_);
      Lane& lane = lanes_[agency];
      // Whoever hands over goes on until the lane's first is not decoded, so that two threads do
      // not change the order between them.
      if (lane.handing_over || lane.slots.empty() || !lane.slots.front()->decoded) return;
      lane.handing_over = true;
      slot = std::move(lane.slots.front());
      lane.slots.pop_front();
    }
    writer_->Take(std::move(slot->payload), std::move(slot->done));
    absl::MutexLock lock(&mu_);
    lanes_[agency].handing_over = false;
  }
}

}  // namespace anqiao::engine
