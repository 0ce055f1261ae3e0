// Structured log lines on stderr: one JSON object a line, for people who run the hub.
//
//   log.Write(Log::Level::kInfo, "started", {{"agency_listener", address}});
//   // {"time":"2026-06-30T01:00:00Z","level":"info","event":"started","agency_listener":"..."}
//
// Never personal data: events, names of files, agencies and counts only. Thread-safe.

#ifndef ANQIAO_HUB_BASE_LOG_H_
#define ANQIAO_HUB_BASE_LOG_H_

#include <cstdio>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "hub/base/clock.h"

namespace anqiao {

// "text", which is UTF-8, as a JSON string with its quotes.
std::string JsonString(absl::string_view text);

class Log {
 public:
  enum class Level { kInfo, kWarning, kError };
  using Fields = std::initializer_list<std::pair<absl::string_view, std::string>>;

  // "clock" outlives the log, "out" too; lines are written whole.
  explicit Log(const Clock* clock, std::FILE* out = stderr) : clock_(*clock), out_(out) {}

  void Write(Level level, absl::string_view event, Fields fields = {}) const;

 private:
  const Clock& clock_;
  std::FILE* const out_;
};

}  // namespace anqiao

#endif  // ANQIAO_HUB_BASE_LOG_H_
