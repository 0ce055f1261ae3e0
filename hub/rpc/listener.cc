#include "hub/rpc/listener.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/authorizer.h"
#include "hub/rpc/custody_service.h"
#include "hub/rpc/exchange_service.h"
#include "hub/rpc/health_service.h"
#include "hub/rpc/hub_services.h"
#include "hub/rpc/reflection_service.h"

namespace anqiao::rpc {
namespace {

constexpr int kAgencyMessageBytesMax = (1 << 20) + (64 << 10);  // a chunk and its header
constexpr int kHubMessageBytesMax = 1 << 20;
constexpr int kHubResponseBytesMax = 16 << 20;
constexpr int kStreamsPerConnectionMax = 128;
constexpr int kMetadataBytesMax = 16 << 10;
constexpr int kThreadsMax = 64;
constexpr std::size_t kMemoryBytesMax = std::size_t{512} << 20;
// A suite that needs a pre-shared key, which no peer has: TLS 1.2 finds none in common. The suites
// of TLS 1.3 are not chosen by this list.
constexpr char kNoTls12Suite[] = "PSK-AES256-GCM-SHA384";

std::vector<std::string> AgencyServices() {
  return {"anqiao.exchange.v1.ExchangeService", "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"};
}

std::vector<std::string> HubServices() {
  return {"anqiao.hub.v1.CaseService",           "anqiao.hub.v1.CustodyService",
          "anqiao.hub.v1.EligibilityService",    "anqiao.hub.v1.OperationsService",
          "anqiao.hub.v1.ReferralService",       "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"};
}

absl::Status Invalid(absl::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid, message);
}

std::shared_ptr<grpc::ServerCredentials> Credentials(const ListenerOptions& options,
                                                     bool insecure) {
  if (insecure) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  tls.pem_root_certs = options.tls.client_ca;
  tls.pem_key_cert_pairs.push_back({options.tls.key, options.tls.certificate});
  return grpc::SslServerCredentials(tls);
}

void SetLimits(grpc::ServerBuilder& builder, absl::string_view name) {
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  grpc::ResourceQuota quota{std::string(name)};
  quota.SetMaxThreads(kThreadsMax);
  quota.Resize(kMemoryBytesMax);
  builder.SetResourceQuota(quota);
}

// "127.0.0.1:0" and 8701 -> "127.0.0.1:8701"
std::string WithPort(const std::string& address, int port) {
  return absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
}

// What both listeners have: health and reflection over their own services.
struct Common {
  Common(ReflectionIndex index_in, const Gate* gate)
      : index(std::move(index_in)),
        health(gate, index.services()),
        reflection(gate, &index),
        reflection_alpha(gate, &index) {}

  void Register(grpc::ServerBuilder& builder) {
    builder.RegisterService(&health);
    builder.RegisterService(&reflection);
    builder.RegisterService(&reflection_alpha);
  }

  const ReflectionIndex index;
  HealthServiceImpl health;
  ReflectionServiceV1 reflection;
  ReflectionServiceV1Alpha reflection_alpha;
};

class ListenersImpl final : public Listeners {
 public:
  ListenersImpl(engine::Engine* engine, const ListenersOptions& options,
                ReflectionIndex agency_index, ReflectionIndex hub_index)
      : authorizer_(options.rules),
        gate_(engine, &authorizer_, options.insecure_loopback),
        insecure_(options.insecure_loopback),
        agency_common_(std::move(agency_index), &gate_),
        hub_common_(std::move(hub_index), &gate_),
        exchange_(engine, &gate_),
        cases_(engine, &gate_),
        eligibility_(engine, &gate_),
        referrals_(engine, &gate_),
        operations_(engine, &gate_),
        custody_(engine, &gate_) {}

  ~ListenersImpl() override { Shutdown(absl::ZeroDuration()); }

  absl::Status Open(const ListenersOptions& options) {
    grpc::ServerBuilder agency;
    agency.SetMaxReceiveMessageSize(kAgencyMessageBytesMax);
    agency.RegisterService(&exchange_);
    agency_common_.Register(agency);
    AQ_ASSIGN_OR_RETURN(agency_address_,
                        Bind(agency, options.agency, "agency_listener", agency_server_));
    grpc::ServerBuilder hub;
    hub.SetMaxReceiveMessageSize(kHubMessageBytesMax);
    hub.SetMaxSendMessageSize(kHubResponseBytesMax);
    hub.RegisterService(&cases_);
    hub.RegisterService(&eligibility_);
    hub.RegisterService(&referrals_);
    hub.RegisterService(&operations_);
    hub.RegisterService(&custody_);
    hub_common_.Register(hub);
    AQ_ASSIGN_OR_RETURN(hub_address_, Bind(hub, options.hub, "hub_listener", hub_server_));
    return absl::OkStatus();
  }

  const std::string& agency_address() const override { return agency_address_; }
  const std::string& hub_address() const override { return hub_address_; }

  void Shutdown(absl::Duration grace) override {
    absl::MutexLock lock(&mu_);
    if (shut_down_) return;
    shut_down_ = true;
    agency_common_.health.Stop();
    hub_common_.health.Stop();
    exchange_.StopStreams();
    operations_.Stop();
    custody_.Stop();
    const auto deadline = std::chrono::system_clock::now() + absl::ToChronoMilliseconds(grace);
    std::thread agency([&] {
      if (agency_server_ != nullptr) agency_server_->Shutdown(deadline);
    });
    if (hub_server_ != nullptr) hub_server_->Shutdown(deadline);
    agency.join();
  }

 private:
  absl::StatusOr<std::string> Bind(grpc::ServerBuilder& builder, const ListenerOptions& options,
                                   absl::string_view name, std::unique_ptr<grpc::Server>& server) {
    if (insecure_ && !IsLoopback(options.address)) {
      return Invalid(absl::StrCat(name, ": an insecure listener must have a loopback address, got ",
                                  options.address));
    }
    SetLimits(builder, name);
    int port = 0;
    builder.AddListeningPort(options.address, Credentials(options, insecure_), &port);
    server = builder.BuildAndStart();
    if (server == nullptr || port == 0) {
      return Invalid(absl::StrCat(name, ": cannot listen on ", options.address,
                                  insecure_ ? " (taken, or not an address of this machine)"
                                            : " (taken, not an address of this machine, or "
                                              "certificate, key and client_ca do not fit)"));
    }
    return WithPort(options.address, port);
  }

  const Authorizer authorizer_;
  const Gate gate_;
  const bool insecure_;
  Common agency_common_;
  Common hub_common_;
  ExchangeServiceImpl exchange_;
  CaseServiceImpl cases_;
  EligibilityServiceImpl eligibility_;
  ReferralServiceImpl referrals_;
  OperationsServiceImpl operations_;
  CustodyServiceImpl custody_;
  std::string agency_address_;
  std::string hub_address_;
  absl::Mutex mu_;
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
  // After the services: servers go first.
  std::unique_ptr<grpc::Server> agency_server_;
  std::unique_ptr<grpc::Server> hub_server_;
};

}  // namespace

void PrepareProcess() {
  setenv("GRPC_SSL_CIPHER_SUITES", kNoTls12Suite, 1);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

bool IsLoopback(absl::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos) return false;
  const absl::string_view host = address.substr(0, colon);
  if (host == "localhost" || host == "[::1]") return true;
  const std::vector<absl::string_view> parts = absl::StrSplit(host, '.');
  return parts.size() == 4 && parts[0] == "127" &&
         host.find_first_not_of("0123456789.") == absl::string_view::npos;
}

absl::StatusOr<std::unique_ptr<Listeners>> Listeners::Start(const ListenersOptions& options,
                                                            engine::Engine* engine) {
  AQ_ASSIGN_OR_RETURN(ReflectionIndex agency_index, ReflectionIndex::Make(AgencyServices()));
  AQ_ASSIGN_OR_RETURN(ReflectionIndex hub_index, ReflectionIndex::Make(HubServices()));
  std::vector<const google::protobuf::ServiceDescriptor*> services = agency_index.descriptors();
  services.insert(services.end(), hub_index.descriptors().begin(), hub_index.descriptors().end());
  AQ_RETURN_IF_ERROR(Authorizer::CheckComplete(options.rules, services));
  auto listeners = std::make_unique<ListenersImpl>(engine, options, std::move(agency_index),
                                                   std::move(hub_index));
  AQ_RETURN_IF_ERROR(listeners->Open(options));
  return std::unique_ptr<Listeners>(std::move(listeners));
}

}  // namespace anqiao::rpc
