// The whole hub in one object: catalogue, adapters, store, engine, listeners, metrics.
//
//   PrepareProcess();
//   AQ_ASSIGN_OR_RETURN(std::unique_ptr<Server> server, Server::Start(config, {}));
//   ... server->agency_address() ...
//   server->Shutdown();  // listeners, engine, store; in this order
//
// Thread-compatible.

#ifndef ANQIAO_HUB_SERVER_SERVER_H_
#define ANQIAO_HUB_SERVER_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hub/adapter/adapter.h"
#include "hub/adapter/adapter_slot.h"
#include "hub/adapter/launcher.h"
#include "hub/adapter/worker_adapter.h"
#include "hub/base/clock.h"
#include "hub/base/log.h"
#include "hub/engine/engine.h"
#include "hub/policy/catalogue.h"
#include "hub/referral/cohort_mix.h"
#include "hub/referral/job_limits.h"
#include "hub/referral/provider.h"
#include "hub/referral/timetable.h"
#include "hub/rpc/listener.h"
#include "hub/server/config.h"
#include "hub/server/metrics.h"
#include "hub/store/store.h"
#include "hub/transport/drop_folder.h"
#include "hub/transport/http_delivery.h"
#include "hub/transport/http_poll.h"
#include "hub/transport/outbox_delivery.h"
#include "hub/transport/push_listener.h"

namespace anqiao::server {

struct ServerOptions {
  bool insecure_loopback = false;
  // Starts the adapters' workers; null: all adapters run in this process. Outlives the server.
  const adapter::Launcher* launcher = nullptr;
  // Called by RunHub once the launcher was forked and threads may be started; may be null.
  std::function<void()> launched = nullptr;
  // How long calls may take to end at Shutdown.
  absl::Duration grace = absl::Seconds(5);
  // For tests only: drop folders and polls take what comes again for new, and what is pushed has
  // another name at each attempt.
  bool ids_not_from_content = false;
  // For tests only: a start enables the adapters that were disabled.
  bool switches_forgotten = false;
  // For tests only: what is broken, in the engine and in how adapters are run, and what is added to
  // the clock, asked whenever the time is.
  engine::EngineTestHooks engine_test_hooks = {};
  adapter::WorkerTestHooks worker_test_hooks = {};
  std::function<absl::Duration()> clock_shift = nullptr;
};

class Server {
 public:
  // Every error says which file, adapter or address it is about.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Config& config,
                                                       const ServerOptions& options);
  ~Server() { Shutdown(); }

  const std::string& agency_address() const { return listeners_->agency_address(); }
  const std::string& hub_address() const { return listeners_->hub_address(); }
  // Empty: no metrics are served.
  std::string metrics_address() const { return metrics_ ? metrics_->address() : ""; }
  // Empty: there is no http_push_listener.
  std::string http_push_address() const { return push_ ? push_->address() : ""; }
  const Log& log() const { return log_; }

  // Idempotent.
  void Shutdown();

 private:
  Server(const Config& config, const ServerOptions& options);
  absl::Status Open(const Config& config);
  absl::Status OpenDropFolders(const Config& config);
  absl::Status OpenPolls(const Config& config);
  absl::Status OpenDeliveries(const Config& config);
  absl::Status OpenPush(const Config& config);
  // On any thread, also later: of builds that operators load.
  absl::StatusOr<std::unique_ptr<adapter::Adapter>> LoadAdapter(const AgencyConfig& agency,
                                                                const std::string& library,
                                                                const std::string& samples) const;
  // How an operator's builds of the agency's adapter are loaded.
  adapter::AdapterSlot::Options SlotFor(const AgencyConfig& agency, const std::string& data) const;

  const ServerOptions options_;
  const std::unique_ptr<const Clock> clock_;
  const Log log_;
  // In the order they are made; destroyed the other way round.
  std::unique_ptr<policy::Catalogue> catalogue_;
  std::shared_ptr<const engine::IdentityModel> identity_model_;
  std::unique_ptr<const referral::Timetable> timetable_;
  std::unique_ptr<const referral::JobLimits> job_limits_;
  std::unique_ptr<const referral::MixTable> mix_table_;
  std::unique_ptr<const referral::ProviderDirectory> directory_;  // null: there is none
  std::vector<std::unique_ptr<adapter::AdapterSlot>> adapters_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<engine::Engine> engine_;
  std::vector<std::unique_ptr<transport::DropFolder>> drop_folders_;
  std::vector<std::unique_ptr<transport::HttpPoll>> polls_;
  std::vector<std::unique_ptr<transport::OutboxDelivery>> outboxes_;
  std::vector<std::unique_ptr<transport::HttpDelivery>> http_deliveries_;
  std::unique_ptr<transport::PushListener> push_;  // null: there is none
  std::unique_ptr<rpc::Listeners> listeners_;
  std::unique_ptr<MetricsListener> metrics_;
  bool shut_down_ = false;
};

// Writes the addresses as YAML, whole or not at all. UNAVAILABLE: the file cannot be written.
absl::Status WriteListenersFile(const std::string& path, const Server& server);

}  // namespace anqiao::server

#endif  // ANQIAO_HUB_SERVER_SERVER_H_
