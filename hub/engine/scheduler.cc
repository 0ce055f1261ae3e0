#include "hub/engine/scheduler.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace anqiao::engine {

Scheduler::Scheduler(std::function<std::size_t(std::size_t)> choose, std::function<bool()> on_idle)
    : choose_(std::move(choose)), on_idle_(std::move(on_idle)) {}

void Scheduler::Add(const void* owner, std::function<bool()> ready, std::function<void()> step,
                    bool reentrant) {
  workers_.push_back(std::make_shared<Worker>(Worker{
      .owner = owner, .ready = std::move(ready), .step = std::move(step), .reentrant = reentrant}));
}

void Scheduler::Remove(const void* owner) {
  workers_.erase(std::remove_if(workers_.begin(), workers_.end(),
                                [&](const auto& worker) { return worker->owner == owner; }),
                 workers_.end());
}

bool Scheduler::Step() {
  std::vector<std::shared_ptr<Worker>> ready;
  for (const std::shared_ptr<Worker>& worker : workers_) {
    if ((!worker->busy || worker->reentrant) && worker->ready()) ready.push_back(worker);
  }
  if (ready.empty()) return false;
  const std::shared_ptr<Worker> chosen = ready[Choose(ready.size())];
  if (chosen->reentrant) {
    chosen->step();
    return true;
  }
  chosen->busy = true;
  ++depth_;
  chosen->step();
  --depth_;
  chosen->busy = false;
  return true;
}

void Scheduler::RunUntil(const std::function<bool()>& done) {
  while (!done()) {
    if (Step() || on_idle_()) continue;
    std::fputs("the engine waits for something that nobody brings about\n", stderr);
    std::abort();
  }
}

void Await(Scheduler* scheduler, const absl::Notification& event) {
  if (scheduler == nullptr) return event.WaitForNotification();
  scheduler->RunUntil([&] { return event.HasBeenNotified(); });
}

}  // namespace anqiao::engine
