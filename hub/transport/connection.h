// One TCP connection, with TLS or without: every wait ends at a deadline, every line has a bound.
//
// It is what cpp-httplib reads heads of messages from and writes them to. That library waits anew
// for each byte and lets a line grow without end, so both are held here: the deadline is an
// instant, and a byte-wise read (which is how the library reads lines) of a line that is too long
// fails. Bodies are read by body_reader.h.
//
// One thread uses it; Interrupt is for any other while it lives.

#ifndef ANQIAO_HUB_TRANSPORT_CONNECTION_H_
#define ANQIAO_HUB_TRANSPORT_CONNECTION_H_

#include <httplib.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/clock.h"

namespace anqiao::transport {

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;

class Connection final : public httplib::Stream {
 public:
  // A line of a message's head, the first (httplib matches it with a regular expression, which
  // takes stack for each byte), and a whole head.
  static constexpr std::size_t kLineBytesMax = 4096;
  static constexpr std::size_t kFirstLineBytesMax = 1024;
  static constexpr std::size_t kHeadBytesMax = 16 << 10;

  // Takes over "fd", a socket that does not block; no TLS if "ssl" is null. "clock" outlives it.
  Connection(const Clock* clock, int fd, SslPtr ssl);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // From now on nothing waits longer than until then; until another is set.
  void SetDeadline(absl::Duration from_now) { deadline_ = clock_.SteadyNow() + from_now; }

  // Of a socket that is being connected. UNAVAILABLE: it cannot be, or not in time.
  absl::Status AwaitConnected();
  // Nothing without TLS. UNAVAILABLE: it failed, or not in time; says why, of a certificate too.
  absl::Status Handshake(bool server);
  // Says that no more is written, and takes what the peer still sends until it is through too or
  // "linger" is over: closed at once, it would throw away what was written last.
  void Finish(absl::Duration linger);
  // Fails whatever is waited for, now and later. Any thread.
  void Interrupt();

  // The head of a message was read; lines and bytes are no longer counted.
  void EndHead() { head_ended_ = true; }
  // Why reading or writing failed.
  absl::string_view fault() const { return fault_; }
  SSL* ssl() const { return ssl_.get(); }

  bool is_readable() const override;
  bool is_writable() const override;
  // 0: the peer is through. -1: fault() says why.
  ssize_t read(char* to, std::size_t size) override;
  ssize_t write(const char* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  int socket() const override { return fd_; }

 private:
  // False: the deadline is over.
  bool Await(short events) const;
  // What an operation of TLS that returned "result" waits for; 0: it failed.
  short Wanted(int result) const;
  bool CountHead(const char* bytes, std::size_t asked, std::size_t got);
  ssize_t Fail(absl::string_view why);

  const Clock& clock_;
  const int fd_;
  const SslPtr ssl_;
  absl::Duration deadline_;
  bool head_ended_ = false;
  bool first_line_ = true;
  std::size_t line_bytes_ = 0, head_bytes_ = 0;
  // Texts of this file's.
  absl::string_view fault_;
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_CONNECTION_H_
