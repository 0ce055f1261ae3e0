// One request to an agency's server: its answer whole and within bounds, or an error.
//
// Redirects are not followed, no proxy is used, nothing is decompressed; the certificate must be
// for the host. A body must say how long it is (body_reader.h). Each request has a connection of
// its own.
//
// Fetch, Post and Send on one thread; Interrupt on any.

#ifndef ANQIAO_HUB_TRANSPORT_POLL_CLIENT_H_
#define ANQIAO_HUB_TRANSPORT_POLL_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"
#include "hub/transport/connection.h"
#include "hub/transport/poll_url.h"
#include "hub/transport/tls_context.h"

namespace anqiao::transport {

struct PollTimeouts {
  // For the connection and the handshake, and until the head of the answer is there.
  absl::Duration connect = absl::Seconds(15);
  absl::Duration head = absl::Seconds(60);
  // For the body, beside what 16 KiB a second take.
  absl::Duration body_slack = absl::Seconds(30);
};

struct FetchRequest {
  PollUrl url;
  std::string bearer;               // empty: none
  std::string etag, last_modified;  // of what is known; may be empty
  std::uint64_t bytes_max = 0;
};

struct FetchAnswer {
  int code = 0;      // of HTTP
  std::string body;  // of a 200 only
  std::string etag, last_modified;
  absl::Duration retry_after;  // zero: not said
};

struct SendRequest {
  PollUrl url;
  std::string bearer;  // empty: none
  std::string idempotency_key;
  std::string content_type, body;
};

struct SendAnswer {
  int code = 0;                // of HTTP
  absl::Duration retry_after;  // zero: not said
};

class PollClient {
 public:
  // "clock" and "tls" outlive it; "tls" may be null if no URL is https.
  PollClient(const Clock* clock, const TlsContext* tls, const PollTimeouts& timeouts)
      : clock_(*clock), tls_(tls), timeouts_(timeouts) {}

  // RESOURCE_EXHAUSTED: the body is larger than "bytes_max". UNAVAILABLE: no whole answer came;
  // says why.
  absl::StatusOr<FetchAnswer> Fetch(const FetchRequest& request);
  // The code of the answer, whose body is not read.
  absl::StatusOr<int> Post(const PollUrl& url, const std::string& bearer, const std::string& json);
  // The body of the answer is not read. UNAVAILABLE: there is no connection. ABORTED: there was
  // one, but no answer came.
  absl::StatusOr<SendAnswer> Send(const SendRequest& request);
  // Ends what is under way, and whatever comes after.
  void Interrupt();

 private:
  class Call;

  // Null: interrupted.
  Connection* Register(std::unique_ptr<Connection> connection);
  void Unregister();
  absl::StatusOr<Connection*> Connect(const PollUrl& url);

  const Clock& clock_;
  const TlsContext* const tls_;
  const PollTimeouts timeouts_;

  absl::Mutex mu_;
  std::unique_ptr<Connection> connection_ ABSL_GUARDED_BY(mu_);
  bool interrupted_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_POLL_CLIENT_H_
