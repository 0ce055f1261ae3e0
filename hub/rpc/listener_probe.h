// Whether a listener takes connections, seen from outside.
//
// The kernel completes connections that the server never accepts, so being connected says nothing;
// a byte from the server does. A listener without TLS speaks first (the SETTINGS of HTTP/2), one
// with TLS answers a ClientHello. The probe ends there: it is no client and shows no certificate.
//
//   AQ_ASSIGN_OR_RETURN(ProbeTarget target, ProbeTarget::For("127.0.0.1:8701", /*tls=*/true));
//   Probe({&target}, absl::Seconds(1));  // {ProbeResult::kAnswered}
//
// Thread-safe. Works on sockets alone: while it runs nothing but them is opened.

#ifndef ANQIAO_HUB_RPC_LISTENER_PROBE_H_
#define ANQIAO_HUB_RPC_LISTENER_PROBE_H_

#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace anqiao::rpc {

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t size = 0;
};

// At most this many addresses of one listener are looked at.
inline constexpr int kProbeAddressesMax = 4;

struct ProbeTarget {
  // "address" is "host:port" as bound. FAILED_PRECONDITION (CONFIGURATION_INVALID): the host has no
  // address.
  static absl::StatusOr<ProbeTarget> For(const std::string& address, bool tls);

  std::vector<SocketAddress> addresses;
  // What a client sends first; empty: the server speaks first.
  std::string greeting;
};

enum class ProbeResult {
  kAnswered,  // every address that can be connected to was served
  kSilent,    // nothing came in time, or nothing listens
  kNotTried,  // this process has no descriptor left for it
};

// Looks at all of "targets" at once, for at most "timeout".
std::vector<ProbeResult> Probe(const std::vector<const ProbeTarget*>& targets,
                               absl::Duration timeout);

// Whether a server could bind to all addresses of "target" now.
bool IsFree(const ProbeTarget& target);

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_LISTENER_PROBE_H_
