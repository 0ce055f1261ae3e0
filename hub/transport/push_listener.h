// Where agencies hand in payloads over HTTP: POST /v1/payloads/{format} (push_request.h).
//
// The caller is who its certificate says, as on the agency listener. What is promised is what the
// Submit stream promises (hub/doc/delivery.md): the answer leaves after everything that it says is
// durable, the same id is answered as before. A body that breaks off was never a payload.
//
// A connection carries one request. At most "connections_max" are open, each on a thread; when all
// are taken, the one that has been silent longest before it sent a whole head gives way to a new
// one, so that slow strangers keep nobody out. Accepting never ends: an error of accept is waited
// out.
//
// Thread-safe. Stop order: this, then the engine.

#ifndef ANQIAO_HUB_TRANSPORT_PUSH_LISTENER_H_
#define ANQIAO_HUB_TRANSPORT_PUSH_LISTENER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"
#include "hub/base/log.h"
#include "hub/engine/engine.h"
#include "hub/transport/submission.h"
#include "hub/transport/tls_context.h"

namespace anqiao::transport {

struct PushOptions {
  std::string address;    // host:port; port 0 takes a free one
  TlsIdentity identity;   // unused if insecure
  bool insecure = false;  // no TLS, only on loopback; the header x-anqiao-principal says who calls
  std::set<std::string> agencies;  // that may push
  int connections_max = 32;
  int connections_per_agency_max = 8;
  // Of all bodies that are being received, and of an agency's.
  std::uint64_t bytes_max = std::uint64_t{512} << 20;
  std::uint64_t bytes_per_agency_max = std::uint64_t{256} << 20;
  // For the handshake, for the head, and for the body and the answer beside what 16 KiB a second
  // take.
  absl::Duration handshake_max = absl::Seconds(10);
  // What a connection has at least before it gives way: else honest clients that are too many would
  // end each other's handshakes for ever.
  absl::Duration opening_min = absl::Milliseconds(500);
  absl::Duration head_max = absl::Seconds(10);
  absl::Duration transfer_slack = absl::Seconds(30);
  // How long a payload waits for others of the agency before it is turned away.
  absl::Duration patience = absl::Seconds(5);
};

struct PushCounts {
  std::int64_t connections = 0;  // open now
  std::int64_t accepted = 0, evicted = 0, handshakes_failed = 0, accept_errors = 0;
  std::int64_t requests_refused = 0;              // before they were payloads
  std::map<std::string, PayloadCounts> payloads;  // by agency
};

class PushListener {
 public:
  // All outlive it; "log" may be null. FAILED_PRECONDITION (CONFIGURATION_INVALID): the address
  // cannot be bound or, insecure, is not loopback; the TLS files do not fit; there is no such
  // agency.
  static absl::StatusOr<std::unique_ptr<PushListener>> Start(PushOptions options,
                                                             engine::Engine* engine,
                                                             const Clock* clock, const Log* log);
  virtual ~PushListener() = default;

  virtual const std::string& address() const = 0;
  virtual PushCounts Counts() const = 0;
  // Takes no more; ends what has not become a payload, answers what has, at most for "grace".
  // Idempotent, joins.
  virtual void Shutdown(absl::Duration grace) = 0;
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_PUSH_LISTENER_H_
