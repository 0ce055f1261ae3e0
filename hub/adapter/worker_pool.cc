#include "hub/adapter/worker_pool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "hub/adapter/library.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::adapter {
namespace {

constexpr std::size_t kIdleMax = 8;
constexpr absl::Duration kPauseMin = absl::Milliseconds(10);
constexpr absl::Duration kPauseMax = absl::Seconds(2);
constexpr absl::Duration kSuspectFor = absl::Seconds(60);
constexpr int kDoublingsMax = 10;

bool Same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

WorkerPool::WorkerPool(const WorkerAdapterOptions* options) : options_(*options) {}

absl::Status WorkerPool::Pin() {
  if (stat(options_.library_path.c_str(), &file_) != 0) file_ = {};
  AQ_ASSIGN_OR_RETURN(build_id_, BuildIdOf(options_.library_path));
  return absl::OkStatus();
}

// Journal entries say which build decoded them: a file that was replaced must not come in unseen.
absl::Status WorkerPool::CheckFile() const {
  struct stat now = {};
  if (stat(options_.library_path.c_str(), &now) == 0 && Same(now, file_)) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(const std::string found, BuildIdOf(options_.library_path));
  if (found == build_id_) return absl::OkStatus();
  return Unusable(options_.library_path,
                  absl::StrCat("the file is build ", found, " now, build ", build_id_,
                               " was loaded; start the hub anew to take it"));
}

absl::StatusOr<std::unique_ptr<WorkerProcess>> WorkerPool::Lend() {
  {
    absl::MutexLock lock(&mu_);
    while (!idle_.empty()) {
      std::unique_ptr<WorkerProcess> worker = std::move(idle_.front());
      idle_.pop_front();
      if (!worker->foreign_callback()) return worker;
      // It called back when no call was under way: which payload was to blame nobody knows.
      ++counts_.faults[static_cast<std::size_t>(Fault::Kind::kMisbehaved)];
      if (options_.log != nullptr) {
        options_.log->Write(Log::Level::kWarning, "adapter_fault",
                            {{"agency", options_.agency},
                             {"reason", reason::kAdapterMisbehaved},
                             {"what", "called back when no call was under way"}});
      }
    }
  }
  return LendFresh();
}

absl::StatusOr<std::unique_ptr<WorkerProcess>> WorkerPool::LendFresh() {
  absl::Duration pause;
  std::uint64_t salt = 0;
  {
    absl::MutexLock lock(&mu_);
    pause = next_start_ - MonotonicNow();
    salt = static_cast<std::uint64_t>(++counts_.started) * 2'654'435'761U;
  }
  if (pause > absl::ZeroDuration()) absl::SleepFor(std::min(pause, kPauseMax));
  AQ_RETURN_IF_ERROR(CheckFile());
  absl::StatusOr<std::unique_ptr<WorkerProcess>> worker =
      WorkerProcess::Start(*options_.launcher, options_.library_path, options_.limits, salt);
  if (!worker.ok()) {
    absl::MutexLock lock(&mu_);
    CountDeath();
  }
  return worker;
}

void WorkerPool::CountDeath() {
  deaths_ = std::min(deaths_ + 1, kDoublingsMax);
  // The first retry is not kept waiting.
  if (deaths_ < 2) return;
  next_start_ = MonotonicNow() + std::min(kPauseMin * (1 << (deaths_ - 2)), kPauseMax);
}

void WorkerPool::GiveBack(std::unique_ptr<WorkerProcess> worker) {
  Hear(*worker);
  absl::MutexLock lock(&mu_);
  deaths_ = 0;
  next_start_ = absl::InfinitePast();
  if (idle_.size() < kIdleMax) idle_.push_back(std::move(worker));
}

void WorkerPool::Bury(std::unique_ptr<WorkerProcess> worker, const Fault& fault,
                      absl::string_view format) {
  Hear(*worker);
  worker.reset();
  {
    absl::MutexLock lock(&mu_);
    ++counts_.faults[static_cast<std::size_t>(fault.kind)];
    if (fault.kind != Fault::Kind::kKilled) last_fault_ = MonotonicNow();
    CountDeath();
  }
  if (options_.log == nullptr) return;
  options_.log->Write(Log::Level::kWarning, "adapter_fault",
                      {{"agency", options_.agency},
                       {"format", std::string(format)},
                       {"reason", ReasonOfFault(fault.kind)},
                       {"what", fault.what},
                       {"row", absl::StrCat(fault.at.row)},
                       {"column", absl::StrCat(fault.at.column)},
                       {"byte_offset", absl::StrCat(fault.at.byte_offset)}});
}

void WorkerPool::Hear(WorkerProcess& worker) {
  const std::uint64_t printed = worker.TakeOutputBytes();
  const std::vector<std::string> lines = worker.TakeLog();
  if (printed > 0) {
    absl::MutexLock lock(&mu_);
    counts_.printed_bytes += static_cast<std::int64_t>(printed);
  }
  if (options_.log == nullptr) return;
  if (printed > 0) {
    // What it printed may name people.
    options_.log->Write(Log::Level::kWarning, "adapter_printed",
                        {{"agency", options_.agency}, {"bytes", absl::StrCat(printed)}});
  }
  for (const std::string& line : lines) {
    options_.log->Write(Log::Level::kInfo, "adapter_log",
                        {{"agency", options_.agency}, {"text", line}});
  }
}

void WorkerPool::CountRefused(bool payload) {
  absl::MutexLock lock(&mu_);
  ++(payload ? counts_.refused_payloads : counts_.refused_records);
}

bool WorkerPool::suspect() const {
  absl::MutexLock lock(&mu_);
  return last_fault_ != absl::InfinitePast() && MonotonicNow() - last_fault_ < kSuspectFor;
}

WorkerCounts WorkerPool::Counts() const {
  absl::MutexLock lock(&mu_);
  WorkerCounts counts = counts_;
  counts.idle = static_cast<std::int64_t>(idle_.size());
  return counts;
}

}  // namespace anqiao::adapter
