#include "hub/rpc/listener.h"

#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/adapter_service.h"
#include "hub/rpc/authorizer.h"
#include "hub/rpc/custody_service.h"
#include "hub/rpc/descriptor_reserve.h"
#include "hub/rpc/directory_service.h"
#include "hub/rpc/employer_service.h"
#include "hub/rpc/exchange_service.h"
#include "hub/rpc/grpc_listener.h"
#include "hub/rpc/health_service.h"
#include "hub/rpc/hub_services.h"
#include "hub/rpc/listener_probe.h"
#include "hub/rpc/listener_watch.h"
#include "hub/rpc/reflection_service.h"

namespace anqiao::rpc {
namespace {

constexpr int kAgencyMessageBytesMax = (1 << 20) + (64 << 10);  // a chunk and its header
constexpr int kHubMessageBytesMax = 1 << 20;
constexpr int kHubResponseBytesMax = 16 << 20;
// A suite that needs a pre-shared key, which no peer has: TLS 1.2 finds none in common. The suites
// of TLS 1.3 are not chosen by this list.
constexpr char kNoTls12Suite[] = "PSK-AES256-GCM-SHA384";

std::vector<std::string> AgencyServices() {
  return {"anqiao.exchange.v1.ExchangeService", "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"};
}

std::vector<std::string> HubServices() {
  return {"anqiao.hub.v1.AdapterService",
          "anqiao.hub.v1.CareTeamService",
          "anqiao.hub.v1.CaseService",
          "anqiao.hub.v1.ConsentService",
          "anqiao.hub.v1.CustodyService",
          "anqiao.hub.v1.DirectoryService",
          "anqiao.hub.v1.DispatchService",
          "anqiao.hub.v1.EligibilityService",
          "anqiao.hub.v1.EmployerService",
          "anqiao.hub.v1.IdentityService",
          "anqiao.hub.v1.OperationsService",
          "anqiao.hub.v1.ReferralService",
          "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection",
          "grpc.reflection.v1alpha.ServerReflection"};
}

// What both listeners have: health and reflection over their own services.
struct Common {
  Common(const Gate* gate, const ReflectionIndex* index)
      : health(gate, index->services()), reflection(gate, index), reflection_alpha(gate, index) {}

  void Register(grpc::ServerBuilder& builder) {
    builder.RegisterService(&health);
    builder.RegisterService(&reflection);
    builder.RegisterService(&reflection_alpha);
  }

  HealthServiceImpl health;
  ReflectionServiceV1 reflection;
  ReflectionServiceV1Alpha reflection_alpha;
};

class AgencyServiceSet final : public ServiceSet {
 public:
  AgencyServiceSet(engine::Engine* engine, const Gate* gate, const ReflectionIndex* index)
      : common_(gate, index), exchange_(engine, gate) {}

  void Register(grpc::ServerBuilder& builder) override {
    builder.RegisterService(&exchange_);
    common_.Register(builder);
  }
  void Stop() override {
    common_.health.Stop();
    exchange_.StopStreams();
  }

 private:
  Common common_;
  ExchangeServiceImpl exchange_;
};

class HubServiceSet final : public ServiceSet {
 public:
  HubServiceSet(engine::Engine* engine, const Gate* gate, const ReflectionIndex* index)
      : common_(gate, index),
        cases_(engine, gate),
        eligibility_(engine, gate),
        employers_(engine, gate),
        directory_(engine, gate),
        referrals_(engine, gate),
        consents_(engine, gate),
        care_teams_(engine, gate),
        identities_(engine, gate),
        dispatches_(engine, gate),
        operations_(engine, gate),
        custody_(engine, gate),
        adapters_(engine, gate) {}

  void Register(grpc::ServerBuilder& builder) override {
    builder.RegisterService(&cases_);
    builder.RegisterService(&eligibility_);
    builder.RegisterService(&employers_);
    builder.RegisterService(&directory_);
    builder.RegisterService(&referrals_);
    builder.RegisterService(&consents_);
    builder.RegisterService(&care_teams_);
    builder.RegisterService(&identities_);
    builder.RegisterService(&dispatches_);
    builder.RegisterService(&operations_);
    builder.RegisterService(&custody_);
    builder.RegisterService(&adapters_);
    common_.Register(builder);
  }
  void Stop() override {
    common_.health.Stop();
    operations_.Stop();
    identities_.Stop();
    custody_.Stop();
  }

 private:
  Common common_;
  CaseServiceImpl cases_;
  EligibilityServiceImpl eligibility_;
  EmployerServiceImpl employers_;
  DirectoryServiceImpl directory_;
  ReferralServiceImpl referrals_;
  ConsentServiceImpl consents_;
  CareTeamServiceImpl care_teams_;
  IdentityServiceImpl identities_;
  DispatchServiceImpl dispatches_;
  OperationsServiceImpl operations_;
  CustodyServiceImpl custody_;
  AdapterServiceImpl adapters_;
};

class ListenersImpl final : public Listeners {
 public:
  ListenersImpl(engine::Engine* engine, const ListenersOptions& options,
                ReflectionIndex agency_index, ReflectionIndex hub_index)
      : authorizer_(options.rules),
        gate_(engine, &authorizer_, options.insecure_loopback),
        agency_index_(std::move(agency_index)),
        hub_index_(std::move(hub_index)),
        agency_({.name = "agency_listener",
                 .listener = options.agency,
                 .insecure = options.insecure_loopback,
                 .receive_bytes_max = kAgencyMessageBytesMax},
                [this, engine] {
                  return std::make_unique<AgencyServiceSet>(engine, &gate_, &agency_index_);
                }),
        hub_({.name = "hub_listener",
              .listener = options.hub,
              .insecure = options.insecure_loopback,
              .receive_bytes_max = kHubMessageBytesMax,
              .send_bytes_max = kHubResponseBytesMax},
             [this, engine] {
               return std::make_unique<HubServiceSet>(engine, &gate_, &hub_index_);
             }) {}

  ~ListenersImpl() override { Shutdown(absl::ZeroDuration()); }

  absl::Status Open(const ListenersOptions& options) {
    AQ_RETURN_IF_ERROR(agency_.Open());
    AQ_RETURN_IF_ERROR(hub_.Open());
    if (!options.watch.has_value()) return absl::OkStatus();
    const std::size_t sockets = agency_.target().addresses.size() + hub_.target().addresses.size();
    watch_ = std::make_unique<ListenerWatch>(
        *options.watch, std::vector<WatchedListener*>{&agency_, &hub_},
        std::make_unique<DescriptorReserve>(static_cast<int>(sockets)), Probe, options.log);
    watch_->Start();
    return absl::OkStatus();
  }

  const std::string& agency_address() const override { return agency_.address(); }
  const std::string& hub_address() const override { return hub_.address(); }
  std::int64_t rebuild_count() const override {
    return watch_ == nullptr ? 0 : watch_->rebuild_count();
  }

  void Shutdown(absl::Duration grace) override {
    absl::MutexLock lock(&mu_);
    if (shut_down_) return;
    shut_down_ = true;
    // First, so that nothing rebuilds what is being shut down.
    if (watch_ != nullptr) watch_->Shutdown();
    const auto deadline = std::chrono::system_clock::now() + absl::ToChronoMilliseconds(grace);
    std::thread agency([&] { agency_.Shutdown(deadline); });
    hub_.Shutdown(deadline);
    agency.join();
  }

 private:
  const Authorizer authorizer_;
  const Gate gate_;
  const ReflectionIndex agency_index_;
  const ReflectionIndex hub_index_;
  GrpcListener agency_;
  GrpcListener hub_;
  std::unique_ptr<ListenerWatch> watch_;
  absl::Mutex mu_;
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
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
