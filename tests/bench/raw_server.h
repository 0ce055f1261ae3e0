// The ceiling: a bare gRPC stream of the same payloads, each row one journal entry, one synced
// RocksDB batch a payload, a receipt per row. No adapter, no model, no projections.

#ifndef ANQIAO_TESTS_BENCH_RAW_SERVER_H_
#define ANQIAO_TESTS_BENCH_RAW_SERVER_H_

#include <string>

namespace anqiao::bench {

struct RawServerOptions {
  std::string directory;
  std::string listeners_file;  // gets "agency_listener: 127.0.0.1:PORT"
  std::string ca, certificate, key;
};

// Serves until SIGTERM. Returns the exit code.
int RunRawServer(const RawServerOptions& options);

}  // namespace anqiao::bench

#endif  // ANQIAO_TESTS_BENCH_RAW_SERVER_H_
