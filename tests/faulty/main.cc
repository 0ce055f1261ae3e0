// anqiaod_faulty: the hub with faults that a run switches on, to show that the run notices.
//
//   AQ_FAILPOINT=name:count   ends the process with 77 at the count-th time that it passes "name"
//   AQ_FAILPOINT=name:count:ms  and lingers there first, so that what was answered arrives
//   AQ_CLOCK_FILE=path        adds the seconds that the file names, read at every look at the clock
//   AQ_MUTANT=name            breaks a promise: one of kMutants
//
//   anqiaod_faulty --list-failpoints    writes the names, one a line
//
// Otherwise as anqiaod. Never installed.

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "hub/base/failpoint.h"
#include "hub/engine/test_hooks.h"
#include "hub/server/run.h"

namespace anqiao {
namespace {

constexpr int kEndedHere = 77;
constexpr std::int64_t kLingerMillisecondsMax = 1000;

// Where to end; set before any thread starts.
std::string& ChosenPoint() {
  static auto* const point = new std::string;
  return *point;
}
std::atomic<std::int64_t> hits_left{0};
std::chrono::milliseconds linger{0};

void EndAtChosenPoint(const char* name) {
  if (ChosenPoint() != name || hits_left.fetch_sub(1) != 1) return;
  std::this_thread::sleep_for(linger);
  _exit(kEndedHere);
}

bool ChoosePoint(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  std::int64_t count = 0, milliseconds = 0;
  if (parts.size() < 2 || parts.size() > 3 || !absl::SimpleAtoi(parts[1], &count) || count < 1) {
    return false;
  }
  if (parts.size() == 3 && (!absl::SimpleAtoi(parts[2], &milliseconds) || milliseconds < 0 ||
                            milliseconds > kLingerMillisecondsMax)) {
    return false;
  }
  ChosenPoint() = parts[0];
  hits_left = count;
  linger = std::chrono::milliseconds(milliseconds);
  const auto& all = AllFailpoints();
  return std::any_of(all.begin(), all.end(),
                     [](const char* name) { return ChosenPoint() == name; });
}

bool HoldsRows(const journal::v1::Entry& entry) {
  return entry.has_payload_closed() && entry.payload_closed().bytes_kept();
}

struct Mutant {
  const char* name;
  void (*apply)(server::ServerOptions*);
};

constexpr Mutant kMutants[] = {
    {"ack_before_sync",
     [](server::ServerOptions* options) { options->engine_test_hooks.answer_before_sync = true; }},
    {"outbox_not_from_journal",
     [](server::ServerOptions* options) {
       options->engine_test_hooks.forget_deliveries_at_start = true;
     }},
    {"ids_not_from_content",
     [](server::ServerOptions* options) { options->ids_not_from_content = true; }},
    {"switches_forgotten",
     [](server::ServerOptions* options) { options->switches_forgotten = true; }},
    {"requests_forgotten",
     [](server::ServerOptions* options) { options->engine_test_hooks.forget_requests = true; }},
    {"first_sights_follow_clock",
     [](server::ServerOptions* options) {
       options->engine_test_hooks.first_sights_follow_clock = true;
     }},
    {"projection_reads_clock",
     [](server::ServerOptions* options) {
       options->engine_test_hooks.before_projecting = [](journal::v1::Entry* entry) {
         const std::int64_t micros = absl::ToUnixMicros(absl::Now());
         entry->mutable_commit_time()->set_seconds(micros / 1'000'000);
         entry->mutable_commit_time()->set_nanos(
             static_cast<std::int32_t>(micros % 1'000'000 * 1000));
       };
     }},
    {"held_rows_misplaced",
     [](server::ServerOptions* options) {
       options->engine_test_hooks.before_projecting = [](journal::v1::Entry* entry) {
         if (!HoldsRows(*entry)) return;
         for (auto& record :
              *entry->mutable_payload_closed()->mutable_receipt()->mutable_records()) {
           record.set_row(record.row() + 1);
         }
       };
     }},
    {"held_rows_stall",
     [](server::ServerOptions* options) {
       options->engine_test_hooks.before_projecting = [](journal::v1::Entry* entry) {
         if (HoldsRows(*entry)) std::this_thread::sleep_for(std::chrono::milliseconds(1500));
       };
     }},
    {"fault_costs_payload",
     [](server::ServerOptions* options) { options->worker_test_hooks.fault_costs_payload = true; }},
    {"fault_loses_next_row",
     [](server::ServerOptions* options) {
       options->worker_test_hooks.fault_loses_next_row = true;
     }},
};

bool ChooseMutant(const std::string& name, server::ServerOptions* options) {
  for (const Mutant& mutant : kMutants) {
    if (name != mutant.name) continue;
    mutant.apply(options);
    return true;
  }
  return false;
}

// What the file says now; what it said last while it is being replaced.
std::function<absl::Duration()> ClockOf(const std::string& path) {
  return [path, last = std::make_shared<std::atomic<std::int64_t>>(0)] {
    std::ifstream file(path);
    std::int64_t seconds = 0;
    if (file >> seconds) last->store(seconds);
    return absl::Seconds(last->load());
  };
}

int Main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list-failpoints") == 0) {
    for (const char* name : AllFailpoints()) std::puts(name);
    return 0;
  }
  server::ServerOptions options;
  if (const char* mutant = std::getenv("AQ_MUTANT"); mutant != nullptr && *mutant != '\0') {
    if (!ChooseMutant(mutant, &options)) {
      std::fprintf(stderr, "anqiaod_faulty: there is no mutant %s\n", mutant);
      return 2;
    }
  }
  if (const char* point = std::getenv("AQ_FAILPOINT"); point != nullptr && *point != '\0') {
    if (!ChoosePoint(point)) {
      std::fprintf(stderr,
                   "anqiaod_faulty: AQ_FAILPOINT must be name:count or name:count:ms, got %s\n",
                   point);
      return 2;
    }
    SetFailpointHandlerForTest(EndAtChosenPoint);
  }
  if (const char* path = std::getenv("AQ_CLOCK_FILE"); path != nullptr && *path != '\0') {
    options.clock_shift = ClockOf(path);
  }
  return server::RunHub(argc, argv, std::move(options));
}

}  // namespace
}  // namespace anqiao

int main(int argc, char** argv) { return anqiao::Main(argc, argv); }
