// An agency's server that says, byte for byte, what a test has it say, one answer a connection.

#ifndef ANQIAO_TESTS_HUB_TRANSPORT_SCRIPTED_SERVER_H_
#define ANQIAO_TESTS_HUB_TRANSPORT_SCRIPTED_SERVER_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/clock.h"
#include "hub/transport/connection.h"
#include "hub/transport/listening_socket.h"
#include "hub/transport/tls_context.h"

namespace anqiao::transport {

class ScriptedServer {
 public:
  // What comes after the bytes of an answer.
  enum class Then { kFinish, kCutOff, kStall };

  explicit ScriptedServer(const TlsIdentity& identity) {
    auto tls = TlsContext::ForServer(identity);
    EXPECT_TRUE(tls.ok()) << tls.status();
    tls_ = *std::move(tls);
    auto socket = ListeningSocket::Open("127.0.0.1:0");
    EXPECT_TRUE(socket.ok()) << socket.status();
    socket_ = *std::move(socket);
    thread_ = std::thread([this] { Serve(); });
  }
  ~ScriptedServer() {
    socket_->Stop();
    thread_.join();
  }

  const std::string& address() const { return socket_->address(); }
  void Say(std::string answer, Then then = Then::kFinish) {
    absl::MutexLock lock(&mu_);
    answers_.emplace_back(std::move(answer), then);
  }
  // A whole answer; "headers" as lines with their ends.
  void Give(int code, const std::string& body, const std::string& headers = "") {
    Say(absl::StrCat("HTTP/1.1 ", code, " Said\r\nContent-Length: ", body.size(), "\r\n", headers,
                     "\r\n", body));
  }
  // Heads, and bodies if there are any.
  std::vector<std::string> requests() const {
    absl::MutexLock lock(&mu_);
    return requests_;
  }

 private:
  void Serve() {
    while (socket_->AwaitClient()) {
      bool short_of = false;
      const int fd = socket_->Accept(&short_of);
      if (fd < 0) continue;
      Connection connection(&clock_, fd, tls_->NewServerSession());
      connection.EndHead();
      connection.SetDeadline(absl::Seconds(60));
      if (!connection.Handshake(/*server=*/true).ok()) continue;
      Answer(connection);
    }
  }
  void Answer(Connection& connection) {
    std::string request = ReadRequest(connection);
    if (request.empty()) return;
    std::pair<std::string, Then> answer = {"HTTP/1.1 500 Nothing\r\nContent-Length: 0\r\n\r\n",
                                           Then::kFinish};
    {
      absl::MutexLock lock(&mu_);
      requests_.push_back(std::move(request));
      if (!answers_.empty()) {
        answer = std::move(answers_.front());
        answers_.pop_front();
      }
    }
    for (absl::string_view rest = answer.first; !rest.empty();) {
      const ssize_t put = connection.write(rest.data(), rest.size());
      if (put <= 0) return;
      rest.remove_prefix(static_cast<std::size_t>(put));
    }
    char byte = 0;
    if (answer.second == Then::kStall) connection.read(&byte, 1);
    if (answer.second == Then::kFinish) connection.Finish(absl::Seconds(10));
  }
  static std::string ReadRequest(Connection& connection) {
    std::string text;
    char byte = 0;
    while (!absl::EndsWith(text, "\r\n\r\n")) {
      if (connection.read(&byte, 1) != 1) return "";
      text += byte;
    }
    constexpr char kLength[] = "\r\nContent-Length: ";
    const std::size_t at = text.find(kLength);
    if (at == std::string::npos) return text;
    for (int left = std::atoi(text.c_str() + at + sizeof kLength - 1); left > 0; --left) {
      if (connection.read(&byte, 1) != 1) return "";
      text += byte;
    }
    return text;
  }

  const SystemClock clock_;
  std::unique_ptr<TlsContext> tls_;
  std::unique_ptr<ListeningSocket> socket_;
  mutable absl::Mutex mu_;
  std::deque<std::pair<std::string, Then>> answers_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace anqiao::transport

#endif  // ANQIAO_TESTS_HUB_TRANSPORT_SCRIPTED_SERVER_H_
