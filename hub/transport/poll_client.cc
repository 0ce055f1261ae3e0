#include "hub/transport/poll_client.h"

#include <fcntl.h>
#include <httplib.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/transport/body_reader.h"

namespace anqiao::transport {
namespace {

constexpr double kPollBytesPerSecondMin = 16 << 10;
// httplib would tell its own name and version. It says nothing of who asks.
constexpr char kUserAgent[] = "exchange";
constexpr std::size_t kValidatorBytesMax = 256;
constexpr int kAddressesMax = 4;
constexpr std::int64_t kRetryAfterSecondsMax = 24 * 3600;

struct AddressDeleter {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

// What is given back to the server as it came; empty if that would not be wise.
std::string ValidatorOf(const httplib::Headers& headers, const char* name) {
  const absl::StatusOr<std::string> value = OneHeader(headers, name);
  const bool plain = value.ok() && value->size() <= kValidatorBytesMax &&
                     std::all_of(value->begin(), value->end(), [](char c) {
                       return absl::ascii_isprint(static_cast<unsigned char>(c));
                     });
  return plain ? *value : "";
}

absl::Duration RetryAfterOf(const httplib::Headers& headers) {
  std::int64_t seconds = 0;
  const absl::StatusOr<std::string> value = OneHeader(headers, "Retry-After");
  if (!value.ok() || !absl::SimpleAtoi(*value, &seconds) || seconds < 0)
    return absl::ZeroDuration();
  return absl::Seconds(std::min(seconds, kRetryAfterSecondsMax));
}

}  // namespace

// httplib's writing of requests and parsing of heads, over a connection of ours. The body is read
// while httplib shows the head; it then takes the call for cancelled.
class PollClient::Call final : public httplib::ClientImpl {
 public:
  Call(Connection* connection, const PollUrl& url)
      : httplib::ClientImpl(url.host, url.port), connection_(*connection) {
    set_follow_location(false);
    set_url_encode(false);
    set_decompress(false);
  }

  absl::Status Send(httplib::Request request,
                    std::function<absl::Status(const httplib::Response&)> take) {
    bool seen = false;
    absl::Status taken;
    request.response_handler = [&](const httplib::Response& response) {
      connection_.EndHead();
      seen = true;
      taken = take(response);
      return false;
    };
    const httplib::Result result = send_(std::move(request));
    // A 204 has no body, so httplib does not show its head.
    if (!seen && result) {
      seen = true;
      taken = take(*result);
    }
    if (seen) return taken;
    return absl::UnavailableError(absl::StrCat(
        "no answer came: ",
        connection_.fault().empty() ? absl::string_view("it is no HTTP") : connection_.fault()));
  }

 private:
  bool create_and_connect_socket(Socket& socket, httplib::Error&) override {
    // httplib closes the one that it knows.
    socket.sock = fcntl(connection_.socket(), F_DUPFD_CLOEXEC, 0);
    return socket.sock >= 0;
  }
  bool process_socket(const Socket&, std::function<bool(httplib::Stream&)> callback) override {
    return callback(connection_);
  }

  Connection& connection_;
};

Connection* PollClient::Register(std::unique_ptr<Connection> connection) {
  absl::MutexLock lock(&mu_);
  if (interrupted_) return nullptr;
  connection_ = std::move(connection);
  return connection_.get();
}

void PollClient::Unregister() {
  std::unique_ptr<Connection> over;
  absl::MutexLock lock(&mu_);
  over = std::move(connection_);
}

void PollClient::Interrupt() {
  absl::MutexLock lock(&mu_);
  interrupted_ = true;
  if (connection_ != nullptr) connection_->Interrupt();
}

absl::StatusOr<Connection*> PollClient::Connect(const PollUrl& url) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int resolved = getaddrinfo(url.host.c_str(), absl::StrCat(url.port).c_str(), &hints, &list);
  const std::unique_ptr<addrinfo, AddressDeleter> found(resolved == 0 ? list : nullptr);
  if (resolved != 0) {
    return absl::UnavailableError(
        absl::StrCat("the host has no address: ", gai_strerror(resolved)));
  }
  absl::Status last;
  int tried = 0;
  for (const addrinfo* at = found.get(); at != nullptr && tried < kAddressesMax;
       at = at->ai_next, ++tried) {
    const int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return absl::UnavailableError("there is no descriptor left");
    auto made = std::make_unique<Connection>(
        &clock_, fd, url.tls && tls_ != nullptr ? tls_->NewClientSession(url.host) : nullptr);
    if (url.tls && made->ssl() == nullptr) return absl::UnavailableError("TLS cannot be set up");
    made->SetDeadline(timeouts_.connect);
    const bool begun = connect(fd, at->ai_addr, at->ai_addrlen) == 0 || errno == EINPROGRESS;
    Connection* const connection = Register(std::move(made));
    if (connection == nullptr) return absl::UnavailableError("the hub is stopping");
    last = begun ? connection->AwaitConnected()
                 : absl::UnavailableError("the host cannot be connected");
    if (last.ok()) last = connection->Handshake(/*server=*/false);
    if (last.ok()) return connection;
    Unregister();
  }
  return last;
}

absl::StatusOr<FetchAnswer> PollClient::Fetch(const FetchRequest& request) {
  AQ_ASSIGN_OR_RETURN(Connection* const connection, Connect(request.url));
  const absl::Cleanup over = [this] { Unregister(); };
  connection->SetDeadline(timeouts_.head);
  httplib::Request get;
  get.method = "GET";
  get.path = request.url.target;
  get.headers = {{"Host", request.url.authority()},
                 {"Accept-Encoding", "identity"},
                 {"User-Agent", kUserAgent}};
  if (!request.bearer.empty()) get.headers.emplace("Authorization", "Bearer " + request.bearer);
  if (!request.etag.empty()) get.headers.emplace("If-None-Match", request.etag);
  if (!request.last_modified.empty()) {
    get.headers.emplace("If-Modified-Since", request.last_modified);
  }
  FetchAnswer answer;
  const auto take = [&](const httplib::Response& response) -> absl::Status {
    answer.code = response.status;
    answer.etag = ValidatorOf(response.headers, "ETag");
    answer.last_modified = ValidatorOf(response.headers, "Last-Modified");
    answer.retry_after = RetryAfterOf(response.headers);
    if (response.status != 200) return absl::OkStatus();
    const absl::StatusOr<Framing> framing = FramingOf(response.headers);
    if (!framing.ok()) return absl::UnavailableError(framing.status().message());
    const absl::Status too_large = absl::ResourceExhaustedError(
        absl::StrCat("the content has more than ", request.bytes_max, " bytes"));
    if (framing->length > request.bytes_max) return too_large;
    const absl::Duration began = clock_.SteadyNow();
    const auto extend = [&] {
      const auto size = static_cast<double>(answer.body.size());
      connection->SetDeadline(timeouts_.body_slack + absl::Seconds(size / kPollBytesPerSecondMin) -
                              (clock_.SteadyNow() - began));
    };
    extend();
    const absl::Status read =
        ReadBody(*connection, *framing, [&](absl::string_view piece) -> absl::Status {
          if (answer.body.size() + piece.size() > request.bytes_max) return too_large;
          answer.body.append(piece.data(), piece.size());
          extend();
          return absl::OkStatus();
        });
    if (!absl::IsDataLoss(read)) return read;
    return absl::UnavailableError(
        absl::StrCat(read.message(), connection->fault().empty() ? "" : ": ", connection->fault()));
  };
  AQ_RETURN_IF_ERROR(Call(connection, request.url).Send(std::move(get), take));
  return answer;
}

absl::StatusOr<int> PollClient::Post(const PollUrl& url, const std::string& bearer,
                                     const std::string& json) {
  AQ_ASSIGN_OR_RETURN(Connection* const connection, Connect(url));
  const absl::Cleanup over = [this] { Unregister(); };
  connection->SetDeadline(timeouts_.head +
                          absl::Seconds(static_cast<double>(json.size()) / kPollBytesPerSecondMin));
  httplib::Request post;
  post.method = "POST";
  post.path = url.target;
  post.headers = {
      {"Host", url.authority()}, {"User-Agent", kUserAgent}, {"Content-Type", "application/json"}};
  if (!bearer.empty()) post.headers.emplace("Authorization", "Bearer " + bearer);
  post.body = json;
  int code = 0;
  AQ_RETURN_IF_ERROR(
      Call(connection, url).Send(std::move(post), [&](const httplib::Response& response) {
        code = response.status;
        return absl::OkStatus();
      }));
  return code;
}

absl::StatusOr<SendAnswer> PollClient::Send(const SendRequest& request) {
  AQ_ASSIGN_OR_RETURN(Connection* const connection, Connect(request.url));
  const absl::Cleanup over = [this] { Unregister(); };
  const auto size = static_cast<double>(request.body.size());
  connection->SetDeadline(timeouts_.head + absl::Seconds(size / kPollBytesPerSecondMin));
  httplib::Request post;
  post.method = "POST";
  post.path = request.url.target;
  post.headers = {{"Host", request.url.authority()},
                  {"User-Agent", kUserAgent},
                  {"Content-Type", request.content_type},
                  {"Idempotency-Key", request.idempotency_key}};
  if (!request.bearer.empty()) post.headers.emplace("Authorization", "Bearer " + request.bearer);
  post.body = request.body;
  SendAnswer answer;
  const absl::Status sent =
      Call(connection, request.url).Send(std::move(post), [&](const httplib::Response& response) {
        answer.code = response.status;
        answer.retry_after = RetryAfterOf(response.headers);
        return absl::OkStatus();
      });
  if (!sent.ok()) return absl::AbortedError(sent.message());
  return answer;
}

}  // namespace anqiao::transport
