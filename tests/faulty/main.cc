// anqiaod_faulty: the hub with faults that a run switches on, to show that the run notices.
//
//   AQ_FAILPOINT=name:count   ends the process with 77 at the count-th time that it passes "name"
//   AQ_MUTANT=name            breaks a promise: ack_before_sync, projection_reads_clock,
//                             outbox_not_from_journal
//
//   anqiaod_faulty --list-failpoints    writes the names, one a line
//
// Otherwise as anqiaod. Never installed.

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "hub/base/failpoint.h"
#include "hub/engine/test_hooks.h"
#include "hub/server/run.h"

namespace anqiao {
namespace {

constexpr int kEndedHere = 77;

// Where to end; set before any thread starts.
std::string& ChosenPoint() {
  static auto* const point = new std::string;
  return *point;
}
std::atomic<std::int64_t> hits_left{0};

void EndAtChosenPoint(const char* name) {
  if (ChosenPoint() == name && hits_left.fetch_sub(1) == 1) _exit(kEndedHere);
}

bool ChoosePoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::int64_t count = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(colon + 1), &count) ||
      count < 1) {
    return false;
  }
  ChosenPoint() = text.substr(0, colon);
  hits_left = count;
  const auto& all = AllFailpoints();
  return std::any_of(all.begin(), all.end(),
                     [](const char* name) { return ChosenPoint() == name; });
}

bool ChooseMutant(const std::string& name, engine::EngineTestHooks* hooks) {
  if (name == "ack_before_sync") {
    hooks->answer_before_sync = true;
  } else if (name == "outbox_not_from_journal") {
    hooks->forget_deliveries_at_start = true;
  } else if (name == "projection_reads_clock") {
    hooks->before_projecting = [](journal::v1::Entry* entry) {
      const std::int64_t micros = absl::ToUnixMicros(absl::Now());
      entry->mutable_commit_time()->set_seconds(micros / 1'000'000);
      entry->mutable_commit_time()->set_nanos(static_cast<std::int32_t>(micros % 1'000'000 * 1000));
    };
  } else {
    return false;
  }
  return true;
}

int Main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list-failpoints") == 0) {
    for (const char* name : AllFailpoints()) std::puts(name);
    return 0;
  }
  engine::EngineTestHooks hooks;
  if (const char* mutant = std::getenv("AQ_MUTANT"); mutant != nullptr && *mutant != '\0') {
    if (!ChooseMutant(mutant, &hooks)) {
      std::fprintf(stderr, "anqiaod_faulty: there is no mutant %s\n", mutant);
      return 2;
    }
  }
  if (const char* point = std::getenv("AQ_FAILPOINT"); point != nullptr && *point != '\0') {
    if (!ChoosePoint(point)) {
      std::fprintf(stderr, "anqiaod_faulty: AQ_FAILPOINT must be name:count, got %s\n", point);
      return 2;
    }
    SetFailpointHandlerForTest(EndAtChosenPoint);
  }
  return server::RunHub(argc, argv, hooks);
}

}  // namespace
}  // namespace anqiao

int main(int argc, char** argv) { return anqiao::Main(argc, argv); }
