#include "hub/engine/committer.h"

#include <utility>

#include "hub/base/failpoint.h"
#include "hub/engine/scheduler.h"

namespace anqiao::engine {
namespace {

thread_local bool on_answering_thread = false;

}  // namespace

void Committer::MarkAnsweringThread() { on_answering_thread = true; }
bool Committer::OnAnsweringThread() { return on_answering_thread; }

void Committer::Start(store::Epoch epoch, std::function<void()> on_free) {
  epoch_ = epoch;
  on_free_ = std::move(on_free);
  {
    absl::MutexLock lock(&mu_);
    synced_ = store_->synced_sequence();
  }
  if (options_->scheduler != nullptr) {
    options_->scheduler->Add(
        this, [this] { return !IsFree(); }, [this] { Step(); });
    return;
  }
  thread_ = std::thread([this] { Run(); });
}

void Committer::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    work_.Signal();
  }
  if (thread_.joinable()) thread_.join();
  if (options_->scheduler != nullptr) options_->scheduler->Remove(this);
}

bool Committer::IsFree() const {
  absl::MutexLock lock(&mu_);
  return !in_hand_;
}

std::optional<Committer::Failure> Committer::Await() {
  if (options_->scheduler != nullptr) {
    options_->scheduler->RunUntil([this] { return IsFree(); });
  }
  absl::MutexLock lock(&mu_);
  while (in_hand_) free_.Wait(&mu_);
  return std::exchange(failure_, std::nullopt);
}

void Committer::Take(Group group) {
  absl::MutexLock lock(&mu_);
  group_ = std::move(group);
  in_hand_ = true;
  work_.Signal();
}

void Committer::Commit(Group group) {
  group_ = std::move(group);
  Append();
  while (answered_ < group_.answers.size()) AnswerNext();
  Finish();
}

store::Sequence Committer::synced() const {
  absl::MutexLock lock(&mu_);
  return synced_;
}

GroupCounts Committer::counts() const {
  absl::MutexLock lock(&mu_);
  return counts_;
}

void Committer::Run() {
  MarkAnsweringThread();
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      while (!in_hand_ && !stopping_) work_.Wait(&mu_);
      if (!in_hand_) return;
    }
    Append();
    while (answered_ < group_.answers.size()) AnswerNext();
    Finish();
    on_free_();
  }
}

void Committer::Step() {
  if (!appended_) return Append();
  if (answered_ < group_.answers.size()) return AnswerNext();
  Finish();
}

void Committer::Append() {
  if (options_->test_hooks.answer_before_sync) {
    while (answered_ < group_.answers.size()) AnswerNext();
  }
  appended_ = true;
  if (group_.entries.empty()) return;
  Failpoint::Hit(failpoint::kBeforeAppend);
  const absl::Duration begin = clock_->SteadyNow();
  const absl::StatusOr<store::Sequence> last = store_->Append(epoch_, std::move(group_.append));
  const absl::Duration taken = clock_->SteadyNow() - begin;
  status_ = last.status();
  if (!last.ok()) return;
  Failpoint::Hit(failpoint::kAfterAppend);
  absl::MutexLock lock(&mu_);
  synced_ = *last;
  counts_.Add(static_cast<std::int64_t>(group_.entries.size()), absl::ToInt64Microseconds(taken));
}

void Committer::AnswerNext() {
  if (answered_ > 0) Failpoint::Hit(failpoint::kBetweenAnswers);
  group_.answers[answered_](status_);
  ++answered_;
}

void Committer::Finish() {
  // Whoever waits for an answer comes before the projections, which nobody waits for yet.
  Failpoint::Hit(failpoint::kAfterAnswers);
  std::optional<Failure> failure;
  if (!status_.ok()) {
    failure = Failure{.status = status_, .entries = std::move(group_.entries)};
  } else if (!group_.entries.empty()) {
    projector_->Push(group_.first, std::move(group_.entries));
  }
  group_ = Group();
  status_ = absl::OkStatus();
  appended_ = false;
  answered_ = 0;
  absl::MutexLock lock(&mu_);
  if (failure.has_value()) failure_ = std::move(failure);
  in_hand_ = false;
  free_.Signal();
}

}  // namespace anqiao::engine
