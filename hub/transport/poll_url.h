// Where the hub fetches from: https://host[:port]/path, no more.

#ifndef ANQIAO_HUB_TRANSPORT_POLL_URL_H_
#define ANQIAO_HUB_TRANSPORT_POLL_URL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anqiao::transport {

struct PollUrl {
  bool tls = true;
  std::string host;  // a name or an address, that of IPv6 without brackets
  int port = 0;
  std::string target;  // path and query

  // As in the Host header.
  std::string authority() const;

  // INVALID_ARGUMENT: no such URL. User names, fragments and anything but ASCII are not accepted;
  // http only for loopback addresses and if "insecure_loopback".
  static absl::StatusOr<PollUrl> Parse(absl::string_view text, bool insecure_loopback);
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_POLL_URL_H_
