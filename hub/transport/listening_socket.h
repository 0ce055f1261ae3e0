// A TCP socket that listens, and keeps on: whatever accept fails with is waited out.
//
// Accept and the destructor on one thread; Stop on any.

#ifndef ANQIAO_HUB_TRANSPORT_LISTENING_SOCKET_H_
#define ANQIAO_HUB_TRANSPORT_LISTENING_SOCKET_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace anqiao::transport {

class ListeningSocket {
 public:
  // "address" is host:port; port 0 takes a free one. FAILED_PRECONDITION (CONFIGURATION_INVALID):
  // it is taken, or none of this machine.
  static absl::StatusOr<std::unique_ptr<ListeningSocket>> Open(const std::string& address);
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  const std::string& address() const { return address_; }

  // Until somebody connects; false: Stop was called.
  bool AwaitClient() const;
  // A socket that does not block; -1: there is none, for the moment. Then "short_of" says whether
  // the process has no descriptor or memory left for it, and some time has passed.
  int Accept(bool* short_of) const;
  // Nobody is let in any more.
  void Stop() const;

 private:
  ListeningSocket(int fd, int stop, std::string address)
      : fd_(fd), stop_(stop), address_(std::move(address)) {}

  const int fd_;
  const int stop_;  // readable once Stop was called
  const std::string address_;
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_LISTENING_SOCKET_H_
