#include "hub/transport/listening_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "hub/base/errors.h"

namespace anqiao::transport {
namespace {

constexpr int kBacklog = 128;
constexpr int kShortMillis = 50;

absl::Status CannotListen(absl::string_view address, absl::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
               absl::StrCat("cannot listen on ", address, ": ", why))
      .Meta("address", address);
}

int Bound(const addrinfo& address) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, address.ai_addr, address.ai_addrlen) == 0 && listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

int PortOf(int fd) {
  sockaddr_storage bound = {};
  socklen_t size = sizeof bound;
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                           : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ListeningSocket>> ListeningSocket::Open(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return CannotListen(address, "must be host:port");
  absl::string_view host = absl::string_view(address).substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (getaddrinfo(std::string(host).c_str(), address.substr(colon + 1).c_str(), &hints, &found) !=
      0) {
    return CannotListen(address, "the host has no address");
  }
  const int fd = Bound(*found);
  const int error = errno;
  freeaddrinfo(found);
  if (fd < 0) return CannotListen(address, strerror(error));
  const int stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (stop < 0) {
    close(fd);
    return CannotListen(address, "there is no descriptor left");
  }
  return std::unique_ptr<ListeningSocket>(new ListeningSocket(
      fd, stop, absl::StrCat(absl::string_view(address).substr(0, colon), ":", PortOf(fd))));
}

ListeningSocket::~ListeningSocket() {
  close(fd_);
  close(stop_);
}

bool ListeningSocket::AwaitClient() const {
  while (true) {
    pollfd both[] = {{.fd = stop_, .events = POLLIN, .revents = 0},
                     {.fd = fd_, .events = POLLIN, .revents = 0}};
    const int ready = poll(both, 2, -1);
    if (ready > 0 && both[0].revents != 0) return false;
    if (ready > 0) return true;
  }
}

int ListeningSocket::Accept(bool* short_of) const {
  *short_of = false;
  const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd >= 0) return fd;
  const int error = errno;
  // It went away meanwhile.
  if (error == EAGAIN || error == EINTR || error == ECONNABORTED) return -1;
  *short_of = true;
  pollfd stopped{.fd = stop_, .events = POLLIN, .revents = 0};
  poll(&stopped, 1, kShortMillis);
  return -1;
}

void ListeningSocket::Stop() const {
  const std::uint64_t one = 1;
  // It cannot fail: the counter is far from its end.
  [[maybe_unused]] const ssize_t put = write(stop_, &one, sizeof one);
  // Whoever comes now is refused, not left waiting.
  shutdown(fd_, SHUT_RDWR);
}

}  // namespace anqiao::transport
