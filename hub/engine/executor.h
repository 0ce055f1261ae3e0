// One thread that runs what it is given, in order.
//
// Thread-safe.

#ifndef ANQIAO_HUB_ENGINE_EXECUTOR_H_
#define ANQIAO_HUB_ENGINE_EXECUTOR_H_

#include <deque>
#include <functional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "hub/engine/scheduler.h"

namespace anqiao::engine {

class Executor {
 public:
  // With a scheduler, which outlives it, the executor is one of its workers and has no thread.
  explicit Executor(Scheduler* scheduler = nullptr) : scheduler_(scheduler) {
    if (scheduler_ == nullptr) {
      thread_ = std::thread([this] { Run(); });
    } else {
      scheduler_->Add(
          this, [this] { return HasTask(); }, [this] { RunOne(); });
    }
  }
  ~Executor() { Stop(); }

  // Runs "task" on the thread; on the caller's if the executor has stopped.
  void Add(std::function<void()> task) {
    {
      absl::MutexLock lock(&mu_);
      if (!stopping_) {
        tasks_.push_back(std::move(task));
        work_.Signal();
        return;
      }
    }
    task();
  }

  // Runs what was added, joins. Idempotent; one caller at a time.
  void Stop() {
    if (scheduler_ != nullptr) {
      while (HasTask()) RunOne();
      scheduler_->Remove(this);
    }
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
      work_.Signal();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    while (true) {
      std::deque<std::function<void()>> taken;
      {
        absl::MutexLock lock(&mu_);
        while (tasks_.empty() && !stopping_) work_.Wait(&mu_);
        if (tasks_.empty()) return;
        taken.swap(tasks_);
      }
      for (const std::function<void()>& task : taken) task();
    }
  }

  bool HasTask() {
    absl::MutexLock lock(&mu_);
    return !tasks_.empty();
  }

  void RunOne() {
    std::function<void()> task;
    {
      absl::MutexLock lock(&mu_);
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }

  Scheduler* const scheduler_;
  absl::Mutex mu_;
  absl::CondVar work_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_EXECUTOR_H_
