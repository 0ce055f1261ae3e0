#include "hub/transport/connection.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace anqiao::transport {
namespace {

constexpr char kTooSlow[] = "it took too long";
constexpr char kBroken[] = "the connection broke";
constexpr char kTooLong[] = "the head of the message is too long";

// OpenSSL's words for what went wrong last in this thread.
std::string TlsFault(const SSL* ssl) {
  const long verified = SSL_get_verify_result(ssl);
  if (verified != X509_V_OK) {
    return absl::StrCat("the peer's certificate is not accepted: ",
                        X509_verify_cert_error_string(verified));
  }
  const char* const why = ERR_reason_error_string(ERR_peek_last_error());
  return absl::StrCat("TLS failed: ", why == nullptr ? kBroken : why);
}

}  // namespace

Connection::Connection(const Clock* clock, int fd, SslPtr ssl)
    : clock_(*clock), fd_(fd), ssl_(std::move(ssl)), deadline_(clock_.SteadyNow()) {
  if (ssl_ != nullptr) SSL_set_fd(ssl_.get(), fd_);
}

Connection::~Connection() { close(fd_); }

void Connection::Interrupt() { shutdown(fd_, SHUT_RDWR); }

bool Connection::Await(short events) const {
  while (true) {
    const absl::Duration left = deadline_ - clock_.SteadyNow();
    if (left <= absl::ZeroDuration()) return false;
    pollfd waited{.fd = fd_, .events = events, .revents = 0};
    const auto millis = static_cast<int>(std::min<std::int64_t>(absl::ToInt64Milliseconds(left) + 1,
                                                                std::numeric_limits<int>::max()));
    const int ready = poll(&waited, 1, millis);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

short Connection::Wanted(int result) const {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return POLLIN;
    case SSL_ERROR_WANT_WRITE:
      return POLLOUT;
    default:
      return 0;
  }
}

ssize_t Connection::Fail(absl::string_view why) {
  fault_ = why;
  return -1;
}

absl::Status Connection::AwaitConnected() {
  if (!Await(POLLOUT)) return absl::UnavailableError("there was no connection in time");
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot be connected: ", strerror(error)));
}

absl::Status Connection::Handshake(bool server) {
  if (ssl_ == nullptr) return absl::OkStatus();
  while (true) {
    ERR_clear_error();
    const int done = server ? SSL_accept(ssl_.get()) : SSL_connect(ssl_.get());
    if (done == 1) return absl::OkStatus();
    const short wanted = Wanted(done);
    if (wanted == 0) return absl::UnavailableError(TlsFault(ssl_.get()));
    if (!Await(wanted)) return absl::UnavailableError("there was no TLS handshake in time");
  }
}

bool Connection::CountHead(const char* bytes, std::size_t asked, std::size_t got) {
  if (head_ended_) return true;
  head_bytes_ += got;
  line_bytes_ += got;
  if (head_bytes_ > kHeadBytesMax || asked != 1) return head_bytes_ <= kHeadBytesMax;
  if (line_bytes_ > (first_line_ ? kFirstLineBytesMax : kLineBytesMax)) return false;
  if (*bytes == '\n') {
    line_bytes_ = 0;
    first_line_ = false;
  }
  return true;
}

ssize_t Connection::read(char* to, std::size_t size) {
  const int most = static_cast<int>(std::min<std::size_t>(size, 1 << 20));
  while (true) {
    short wanted = POLLIN;
    ssize_t got = 0;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      got = SSL_read(ssl_.get(), to, most);
      if (got <= 0) {
        if (SSL_get_error(ssl_.get(), static_cast<int>(got)) == SSL_ERROR_ZERO_RETURN) return 0;
        wanted = Wanted(static_cast<int>(got));
        if (wanted == 0) return Fail(kBroken);
      }
    } else {
      got = recv(fd_, to, static_cast<std::size_t>(most), 0);
      if (got == 0) return 0;
      if (got < 0 && errno != EAGAIN && errno != EINTR) return Fail(kBroken);
    }
    if (got > 0) {
      return CountHead(to, size, static_cast<std::size_t>(got)) ? got : Fail(kTooLong);
    }
    if (!Await(wanted)) return Fail(kTooSlow);
  }
}

ssize_t Connection::write(const char* from, std::size_t size) {
  const int most = static_cast<int>(std::min<std::size_t>(size, 1 << 20));
  if (most == 0) return 0;
  while (true) {
    short wanted = POLLOUT;
    ssize_t put = 0;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      put = SSL_write(ssl_.get(), from, most);
      if (put <= 0 && (wanted = Wanted(static_cast<int>(put))) == 0) return Fail(kBroken);
    } else {
      put = send(fd_, from, static_cast<std::size_t>(most), MSG_NOSIGNAL);
      if (put < 0 && errno != EAGAIN && errno != EINTR) return Fail(kBroken);
    }
    if (put > 0) return put;
    if (!Await(wanted)) return Fail(kTooSlow);
  }
}

void Connection::Finish(absl::Duration linger) {
  SetDeadline(linger);
  head_ended_ = true;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  shutdown(fd_, SHUT_WR);
  char thrown_away[4096];
  while (Await(POLLIN)) {
    const ssize_t got = recv(fd_, thrown_away, sizeof thrown_away, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
  }
}

bool Connection::is_readable() const { return Await(POLLIN); }
bool Connection::is_writable() const { return Await(POLLOUT); }

// Nobody here asks; httplib would put them among the headers.
void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}
void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace anqiao::transport
