// Where the hub is and who calls: flags, profile and listeners file put together, and the channel
// made from them.

#ifndef ANQIAO_HUB_CTL_CONNECTION_H_
#define ANQIAO_HUB_CTL_CONNECTION_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"

namespace anqiao::ctl {

inline constexpr char kDefaultHub[] = "127.0.0.1:8702";
inline constexpr char kDefaultAgencyListener[] = "127.0.0.1:8701";
inline constexpr absl::Duration kDefaultTimeout = absl::Seconds(30);

// What was said about the connection; empty: not said.
struct ConnectionOptions {
  std::string hub, agency_listener, listeners_file;
  std::string certs, as, agency;
  std::string ca, cert, key;
  std::string as_uri;
  bool insecure = false;
  std::string output;
  double timeout_seconds = 0;
};

// Reads a profile: YAML with the keys hub, agency_listener, listeners_file, certs, as, agency, ca,
// cert, key, as_uri, insecure, output and timeout. Relative paths are relative to the profile.
// INVALID_ARGUMENT: malformed, with the line.
absl::StatusOr<ConnectionOptions> ReadProfile(const std::string& path);

// "options" completed by "profile". What is in "options" wins; a listeners file there also wins
// over addresses in the profile.
ConnectionOptions WithProfile(ConnectionOptions options, const ConnectionOptions& profile);

enum class Listener { kHub, kAgency };

// HOST:PORT of "listener": the address, else that in the listeners file, else the default.
absl::StatusOr<std::string> AddressOf(const ConnectionOptions& options, Listener listener);

// A channel and how to call over it. Thread-compatible.
class Connection {
 public:
  // Does not connect yet. INVALID_ARGUMENT: who calls is not said, or an insecure address is not
  // on this machine. NOT_FOUND: a file is not there.
  static absl::StatusOr<Connection> Open(const ConnectionOptions& options, Listener listener,
                                         const Clock* clock);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  // For one answer: with a deadline.
  std::unique_ptr<grpc::ClientContext> NewCall() const;
  // For a stream: with a deadline only if one was asked for.
  std::unique_ptr<grpc::ClientContext> NewStream() const;

 private:
  Connection() = default;

  std::shared_ptr<grpc::Channel> channel_;
  std::string principal_;
  absl::Duration timeout_;
  bool timeout_asked_for_ = false;
  const Clock* clock_ = nullptr;
};

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_CONNECTION_H_
