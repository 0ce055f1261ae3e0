// Runs an engine in its owner's thread: every part that otherwise has a thread of its own is a
// worker here, and the owner says which goes on. Whoever would wait steps the others meanwhile.
// For simulation (hub/doc/reliability.md); the hub itself uses threads.
//
//   Scheduler scheduler([&](std::size_t count) { return random() % count; }, [&] { return false;
//   }); options.scheduler = &scheduler;
//   ... engine->Submit(...) ...
//   while (scheduler.Step()) {
//   }
//
// Of one thread. Outlives the engine.

#ifndef ANQIAO_HUB_ENGINE_SCHEDULER_H_
#define ANQIAO_HUB_ENGINE_SCHEDULER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "absl/synchronization/notification.h"

namespace anqiao::engine {

class Scheduler {
 public:
  // "choose" gives one of 0 ... count - 1. "on_idle" is called when something is waited for and
  // nobody can go on: it moves the clock and returns true, or false if that cannot help.
  Scheduler(std::function<std::size_t(std::size_t)> choose, std::function<bool()> on_idle);

  // "ready": "step" can do something now. A worker is not stepped while it waits in a step of its
  // own unless it is reentrant. "owner" names it for Remove.
  void Add(const void* owner, std::function<bool()> ready, std::function<void()> step,
           bool reentrant = false);
  void Remove(const void* owner);

  // Steps one of those who are ready. False: nobody is.
  bool Step();
  // Steps until "done". Aborts if that can never be: whoever waits, waits for itself.
  void RunUntil(const std::function<bool()>& done);
  std::size_t Choose(std::size_t count) { return count <= 1 ? 0 : choose_(count); }
  // Steps of workers that are not reentrant, one inside the other, right now.
  int depth() const { return depth_; }

 private:
  // Shared with a step that may outlast the worker's removal.
  struct Worker {
    const void* owner = nullptr;
    std::function<bool()> ready;
    std::function<void()> step;
    bool reentrant = false;
    bool busy = false;
  };

  const std::function<std::size_t(std::size_t)> choose_;
  const std::function<bool()> on_idle_;
  std::vector<std::shared_ptr<Worker>> workers_;
  int depth_ = 0;
};

// Waits for "event", which "scheduler", or if it is null another thread, brings about.
void Await(Scheduler* scheduler, const absl::Notification& event);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_SCHEDULER_H_
