#include "hub/rpc/listener_watch.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace anqiao::rpc {

ListenerWatch::ListenerWatch(const ListenerWatchOptions& options,
                             const std::vector<WatchedListener*>& listeners,
                             std::unique_ptr<DescriptorReserve> reserve, ProbeFunction probe,
                             const Log* log)
    : options_(options), probe_(std::move(probe)), log_(log), reserve_(std::move(reserve)) {
  for (WatchedListener* listener : listeners) {
    watched_.emplace_back().listener = listener;
    watched_.back().due = -absl::InfiniteDuration();
  }
}

void ListenerWatch::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ListenerWatch::Shutdown() {
  {
    const std::lock_guard<std::mutex> lock(mu_);
    stop_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ListenerWatch::Run() {
  const auto pause = absl::ToChronoMilliseconds(options_.pause);
  std::unique_lock<std::mutex> lock(mu_);
  while (!stop_) {
    lock.unlock();
    Round(absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()));
    lock.lock();
    stopped_.wait_for(lock, pause, [this] { return stop_; });
  }
}

void ListenerWatch::Round(absl::Duration now) {
  if (!CheckShortage(now)) {
    ProbeDue(now);
    return;
  }
  for (Watched& watched : watched_) watched.suspected = true;
  if (now - *short_since_ < options_.shortage_max) {
    for (Watched& watched : watched_) watched.due = now;
    return;
  }
  reserve_->GiveBack();
  ProbeDue(now);
}

bool ListenerWatch::CheckShortage(absl::Duration now) {
  const bool enough = reserve_->Check();
  if (!enough && !short_since_.has_value()) {
    short_since_ = now;
    Write(Log::Level::kWarning, "descriptors_short",
          {{"note", "new connections may have to wait; raise the limit of open files"}});
  } else if (enough && short_since_.has_value()) {
    Write(Log::Level::kInfo, "descriptors_sufficient",
          {{"seconds", absl::StrCat(absl::ToInt64Seconds(now - *short_since_))}});
    short_since_.reset();
  }
  return !enough;
}

void ListenerWatch::ProbeDue(absl::Duration now) {
  std::vector<Watched*> due;
  std::vector<const ProbeTarget*> targets;
  absl::Duration timeout = options_.answer_max;
  for (Watched& watched : watched_) {
    if (watched.due > now) continue;
    due.push_back(&watched);
    targets.push_back(&watched.listener->target());
    if (watched.suspected) timeout = options_.answer_max_after_shortage;
  }
  if (due.empty()) return;
  const std::vector<ProbeResult> results = probe_(targets, timeout);
  for (std::size_t i = 0; i < due.size(); ++i) Judge(*due[i], results[i], now);
}

void ListenerWatch::Judge(Watched& watched, ProbeResult result, absl::Duration now) {
  switch (result) {
    case ProbeResult::kAnswered:
      watched.silent = 0;
      watched.suspected = false;
      watched.due = now + options_.interval;
      return;
    case ProbeResult::kNotTried:
      watched.due = now;
      return;
    case ProbeResult::kSilent:
      watched.due = now;
      if (++watched.silent >= options_.silent_max) Rebuild(watched, now);
      return;
  }
}

void ListenerWatch::Rebuild(Watched& watched, absl::Duration now) {
  const std::string& name = watched.listener->name();
  if (const absl::Status status = watched.listener->Rebuild(); !status.ok()) {
    if (!watched.failing) {
      Write(Log::Level::kError, "listener_rebuild_failed",
            {{"listener", name}, {"error", std::string(status.message())}});
    }
    watched.failing = true;
    watched.due = now + options_.interval;
    return;
  }
  watched.silent = 0;
  watched.failing = false;
  const std::int64_t count = ++rebuild_count_;
  Write(Log::Level::kWarning, "listener_rebuilt",
        {{"listener", name}, {"rebuilds", absl::StrCat(count)}});
}

void ListenerWatch::Write(Log::Level level, absl::string_view event, Log::Fields fields) const {
  if (log_ != nullptr) log_->Write(level, event, fields);
}

}  // namespace anqiao::rpc
