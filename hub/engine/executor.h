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

namespace anqiao::engine {

class Executor {
 public:
  Executor() : thread_([this] { Run(); }) {}
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

  absl::Mutex mu_;
  absl::CondVar work_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;  // last: uses the others
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_EXECUTOR_H_
