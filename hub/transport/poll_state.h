// What is remembered of a polled URL: a small file beside the database, one "name value" a line.
//
//   content 5f70...      SHA-256 of what was decided on last
//   previous 1b4f...     and of what had been decided on before it
//   etag "abc"           as the server gave them
//   last_modified Tue, 30 Jun 2026 01:00:00 GMT
//   success 2026-06-30T09:00:00+08:00
//
// It may be lost: the content is then fetched again, and answered as before or taken as UNCHANGED.

#ifndef ANQIAO_HUB_TRANSPORT_POLL_STATE_H_
#define ANQIAO_HUB_TRANSPORT_POLL_STATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace anqiao::transport {

struct PollState {
  std::string content, previous;  // hexadecimal; empty: none yet
  std::string etag, last_modified;
  absl::Time success = absl::InfinitePast();
};

// An empty state if there is no file, or it is no such file.
PollState LoadPollState(const std::string& path);

// Whole or not at all; survives the process, not necessarily the machine. UNAVAILABLE: it cannot be
// written.
absl::Status SavePollState(const std::string& path, const PollState& state);

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_POLL_STATE_H_
