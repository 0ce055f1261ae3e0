#include "hub/rpc/grpc_listener.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::rpc {
namespace {

constexpr int kStreamsPerConnectionMax = 128;
constexpr int kMetadataBytesMax = 16 << 10;
constexpr int kThreadsMax = 64;
constexpr std::size_t kMemoryBytesMax = std::size_t{512} << 20;
// From the connection to the client's first SETTINGS; without it gRPC waits two minutes.
constexpr int kHandshakeMilliseconds = 10'000;
// A connection without calls holds a descriptor for nothing; clients connect again when they need
// it. A Receive stream is a call.
constexpr int kIdleMilliseconds = 10 * 60'000;
// An old server's clients are first told that it goes away, so that they do not meet its refusals
// but its successor.
constexpr absl::Duration kStopAfter = absl::Milliseconds(100);
// How long the old server's socket may take to close.
constexpr int kFreeAddressTries = 200;
constexpr absl::Duration kFreeAddressPause = absl::Milliseconds(5);

absl::Status Invalid(absl::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid, message);
}

std::shared_ptr<grpc::ServerCredentials> Credentials(const TlsMaterial& material, bool insecure) {
  if (insecure) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = material.client_ca;
  tls.pem_key_cert_pairs.push_back({material.key, material.certificate});
  return grpc::SslServerCredentials(tls);
}

void SetLimits(grpc::ServerBuilder& builder, const std::string& name) {
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2);
  grpc::ResourceQuota quota(name);
  quota.SetMaxThreads(kThreadsMax);
  quota.Resize(kMemoryBytesMax);
  builder.SetResourceQuota(quota);
}

// "127.0.0.1:0" and 8701 -> "127.0.0.1:8701"
std::string WithPort(const std::string& address, int port) {
  return absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
}

}  // namespace

GrpcListener::GrpcListener(Options options,
                           std::function<std::unique_ptr<ServiceSet>()> make_services)
    : options_(std::move(options)), make_services_(std::move(make_services)) {}

GrpcListener::~GrpcListener() { Shutdown(std::chrono::system_clock::now()); }

absl::Status GrpcListener::Open() {
  const std::string& address = options_.listener.address;
  if (options_.insecure && !IsLoopback(address)) {
    return Invalid(absl::StrCat(
        options_.name, ": an insecure listener must have a loopback address, got ", address));
  }
  AQ_ASSIGN_OR_RETURN(const int port, Build(address));
  address_ = WithPort(address, port);
  AQ_ASSIGN_OR_RETURN(target_, ProbeTarget::For(address_, !options_.insecure));
  return absl::OkStatus();
}

absl::StatusOr<int> GrpcListener::Build(const std::string& address) {
  Serving next;
  next.services = make_services_();
  grpc::ServerBuilder builder;
  SetLimits(builder, options_.name);
  builder.SetMaxReceiveMessageSize(options_.receive_bytes_max);
  builder.SetMaxSendMessageSize(options_.send_bytes_max);
  next.services->Register(builder);
  int port = 0;
  builder.AddListeningPort(address, Credentials(options_.listener.tls, options_.insecure), &port);
  next.server = builder.BuildAndStart();
  if (next.server == nullptr || port == 0) return CannotListen(address);
  serving_ = std::move(next);
  return port;
}

absl::Status GrpcListener::CannotListen(const std::string& address) const {
  return Invalid(absl::StrCat(options_.name, ": cannot listen on ", address,
                              options_.insecure ? " (taken, or not an address of this machine)"
                                                : " (taken, not an address of this machine, or "
                                                  "certificate, key and client_ca do not fit)"));
}

absl::Status GrpcListener::Rebuild() {
  if (serving_.server != nullptr) Drain();
  // Asked of the system first, since gRPC logs each attempt that fails.
  if (!AwaitFreeAddress()) return CannotListen(address_);
  return Build(address_).status();
}

void GrpcListener::Drain() {
  if (draining_.joinable()) draining_.join();
  draining_ = std::thread([old = std::move(serving_)]() mutable {
    std::thread stop([&] {
      absl::SleepFor(kStopAfter);
      old.services->Stop();
    });
    old.server->Shutdown(std::chrono::system_clock::now() + kDrainMax);
    stop.join();
    old.server.reset();
  });
  serving_ = Serving();
}

bool GrpcListener::AwaitFreeAddress() const {
  for (int i = 0; i < kFreeAddressTries; ++i) {
    if (IsFree(target_)) return true;
    absl::SleepFor(kFreeAddressPause);
  }
  return false;
}

void GrpcListener::Shutdown(std::chrono::system_clock::time_point deadline) {
  serving_.Shutdown(deadline);
  if (draining_.joinable()) draining_.join();
}

void GrpcListener::Serving::Shutdown(std::chrono::system_clock::time_point deadline) {
  if (server == nullptr) return;
  services->Stop();
  server->Shutdown(deadline);
  server.reset();
}

}  // namespace anqiao::rpc
