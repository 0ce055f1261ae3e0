// The load: an agency that submits over mTLS, and the figures of what it saw.

#ifndef ANQIAO_TESTS_BENCH_BENCH_CLIENT_H_
#define ANQIAO_TESTS_BENCH_BENCH_CLIENT_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace anqiao::bench {

struct Endpoint {
  std::string address;
  std::string ca, certificate, key;  // files
};

struct ThroughputFigures {
  double seconds = 0;
  std::uint64_t records = 0;
};

// Submits "payloads" payloads of "rows" rows over one stream, a window of eight outstanding, and
// waits for every receipt; then "settle" (may be null) is part of the time. INTERNAL: a record was
// not accepted.
absl::StatusOr<ThroughputFigures> MeasureThroughput(const Endpoint& endpoint, int payloads,
                                                    int rows, std::uint64_t first_row, int salt,
                                                    const std::function<absl::Status()>& settle);

struct LatencyFigures {
  double p50_us = 0, p99_us = 0, max_us = 0;
};

// Sends single records at a fixed rate, whether or not earlier ones were answered; latency counts
// from the moment a record was due.
absl::StatusOr<LatencyFigures> MeasureLatency(const Endpoint& endpoint, int per_second, int seconds,
                                              std::uint64_t first_row, int salt);

// Submits one payload. INTERNAL: a record was not accepted.
absl::Status SubmitOne(const Endpoint& endpoint, const std::string& format,
                       const std::string& payload);

// Waits until the hub's projections have reached its journal.
absl::Status WaitProjected(const Endpoint& hub_listener);
// The same, then until the entitlement watch has reached what the journal had by then.
absl::Status WaitWatched(const Endpoint& hub_listener);

// Of a process, from /proc.
struct ProcessFigures {
  double cpu_seconds = 0;
  std::uint64_t resident_kib = 0, resident_peak_kib = 0;
};
ProcessFigures FiguresOf(pid_t pid);

}  // namespace anqiao::bench

#endif  // ANQIAO_TESTS_BENCH_BENCH_CLIENT_H_
