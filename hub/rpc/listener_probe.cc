#include "hub/rpc/listener_probe.h"

#include <netdb.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/errors.h"

namespace anqiao::rpc {
namespace {

// The first flight of a TLS 1.3 client that speaks HTTP/2. Empty if OpenSSL cannot make one.
std::string ClientHello() {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  if (context == nullptr) return "";
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  if (ssl == nullptr || in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    return "";
  }
  SSL_set_bio(ssl.get(), in, out);  // Owns both from here on.
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof(kHttp2));
  SSL_connect(ssl.get());  // Writes the ClientHello, then waits for an answer that "in" lacks.
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out, &bytes);
  return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : "";
}

// One connection attempt.
struct Attempt {
  std::size_t target = 0;
  int fd = -1;
  bool sent = false;
  bool waiting = false;
  bool served = false;
  bool refused = false;
};

class Prober {
 public:
  explicit Prober(const std::vector<const ProbeTarget*>& targets)
      : targets_(targets), not_tried_(targets.size(), false) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      for (const SocketAddress& address : targets[i]->addresses) Connect(i, address);
    }
  }
  ~Prober() {
    for (const Attempt& attempt : attempts_) {
      if (attempt.fd >= 0) close(attempt.fd);
    }
  }
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  void Wait(absl::Duration timeout) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + absl::ToChronoMilliseconds(timeout);
    while (true) {
      std::vector<pollfd> polled;
      std::vector<Attempt*> owners;
      for (Attempt& attempt : attempts_) {
        if (!attempt.waiting) continue;
        polled.push_back({attempt.fd, static_cast<short>(attempt.sent ? POLLIN : POLLOUT), 0});
        owners.push_back(&attempt);
      }
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (polled.empty() || left <= 0) return;
      if (poll(polled.data(), polled.size(), static_cast<int>(left)) < 0 && errno != EINTR) return;
      for (std::size_t i = 0; i < polled.size(); ++i) {
        if (polled[i].revents != 0) Advance(*owners[i]);
      }
    }
  }

  std::vector<ProbeResult> Results() const {
    std::vector<ProbeResult> results;
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      bool served = false;
      bool silent = false;
      for (const Attempt& attempt : attempts_) {
        if (attempt.target != i) continue;
        served |= attempt.served;
        silent |= !attempt.served && !attempt.refused;
      }
      const bool answered = served && !silent;
      results.push_back(not_tried_[i] ? ProbeResult::kNotTried
                        : answered    ? ProbeResult::kAnswered
                                      : ProbeResult::kSilent);
    }
    return results;
  }

 private:
  void Connect(std::size_t target, const SocketAddress& address) {
    Attempt attempt;
    attempt.target = target;
    attempt.fd =
        socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (attempt.fd < 0) {
      // A protocol that this machine does not speak is an address where nothing can listen.
      if (errno == EAFNOSUPPORT) return;
      not_tried_[target] = true;
      return;
    }
    const auto* raw = reinterpret_cast<const sockaddr*>(&address.storage);
    attempt.waiting = connect(attempt.fd, raw, address.size) == 0 || errno == EINPROGRESS;
    attempt.refused = !attempt.waiting;
    attempts_.push_back(attempt);
  }

  void Advance(Attempt& attempt) {
    if (!attempt.sent) {
      int error = 0;
      socklen_t size = sizeof(error);
      getsockopt(attempt.fd, SOL_SOCKET, SO_ERROR, &error, &size);
      const std::string& greeting = targets_[attempt.target]->greeting;
      if (error == 0) send(attempt.fd, greeting.data(), greeting.size(), MSG_NOSIGNAL);
      attempt.sent = true;
      attempt.refused = error != 0;
      attempt.waiting = error == 0;
      return;
    }
    char byte;
    const ssize_t got = recv(attempt.fd, &byte, 1, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    // One that was closed without a byte was accepted all the same.
    attempt.served = true;
    attempt.waiting = false;
  }

  const std::vector<const ProbeTarget*>& targets_;
  std::vector<bool> not_tried_;
  std::vector<Attempt> attempts_;
};

absl::Status NoAddress(const std::string& address) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
               absl::StrCat("no address is known for ", address));
}

}  // namespace

absl::StatusOr<ProbeTarget> ProbeTarget::For(const std::string& address, bool tls) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return NoAddress(address);
  std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  ProbeTarget target;
  std::vector<std::string> hosts = {host};
  // gRPC falls back to IPv4 where there is no IPv6. A wildcard is connected to by way of loopback.
  if (host == "::") hosts.push_back("0.0.0.0");
  for (const std::string& each : hosts) {
    addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(each.c_str(), port.c_str(), &hints, &found) != 0) continue;
    for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
      if (target.addresses.size() >= kProbeAddressesMax) break;
      SocketAddress& added = target.addresses.emplace_back();
      std::memcpy(&added.storage, info->ai_addr, info->ai_addrlen);
      added.size = info->ai_addrlen;
    }
    freeaddrinfo(found);
  }
  if (target.addresses.empty()) return NoAddress(address);
  if (tls) target.greeting = ClientHello();
  return target;
}

std::vector<ProbeResult> Probe(const std::vector<const ProbeTarget*>& targets,
                               absl::Duration timeout) {
  Prober prober(targets);
  prober.Wait(timeout);
  return prober.Results();
}

bool IsFree(const ProbeTarget& target) {
  for (const SocketAddress& address : target.addresses) {
    const int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0 && errno == EAFNOSUPPORT) continue;
    if (fd < 0) return false;
    // As gRPC does it: connections that are still being closed are no obstacle.
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const auto* raw = reinterpret_cast<const sockaddr*>(&address.storage);
    const bool taken =
        (bind(fd, raw, address.size) != 0 || listen(fd, 1) != 0) && errno == EADDRINUSE;
    close(fd);
    if (taken) return false;
  }
  return true;
}

}  // namespace anqiao::rpc
