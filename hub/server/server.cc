#include "hub/server/server.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"
#include "hub/store/master_key.h"
#include "hub/store/sealed_store.h"

namespace anqiao::server {
namespace {

constexpr char kCalendarFile[] = "calendars/cn.yaml";

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file || text.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 absl::StrCat("cannot read ", path))
        .Meta("path", path);
  }
  return text;
}

absl::StatusOr<rpc::ListenerOptions> ListenerFor(const ListenerConfig& config, bool insecure) {
  rpc::ListenerOptions options{.address = config.address, .tls = {}};
  if (insecure) return options;
  AQ_ASSIGN_OR_RETURN(options.tls.certificate, ReadFile(config.certificate));
  AQ_ASSIGN_OR_RETURN(options.tls.key, ReadFile(config.key));
  AQ_ASSIGN_OR_RETURN(options.tls.client_ca, ReadFile(config.client_ca));
  return options;
}

absl::StatusOr<transport::TlsIdentity> IdentityOf(const TlsFiles& files) {
  transport::TlsIdentity identity;
  for (const auto& [path, text] :
       {std::pair(&files.ca, &identity.ca), std::pair(&files.certificate, &identity.certificate),
        std::pair(&files.key, &identity.key)}) {
    if (path->empty()) continue;
    AQ_ASSIGN_OR_RETURN(*text, ReadFile(*path));
  }
  return identity;
}

class ShiftedClock : public SystemClock {
 public:
  ShiftedClock(SystemClock clock, std::function<absl::Duration()> shift)
      : SystemClock(clock), shift_(std::move(shift)) {}
  absl::Time Now() const override { return SystemClock::Now() + shift_(); }

 private:
  const std::function<absl::Duration()> shift_;
};

// How long referrals wait: the rules of the catalogue's tables, and the calendar beside it.
absl::StatusOr<std::unique_ptr<const referral::Timetable>> LoadTimetable(
    const Config& config, const policy::Catalogue& catalogue) {
  AQ_ASSIGN_OR_RETURN(const auto files, policy::Catalogue::Unpack(catalogue.content()));
  const auto rules = files.find(referral::kDeadlinesFile);
  if (rules == files.end()) {
    return Error(absl::StatusCode::kInvalidArgument, reason::kCatalogueInvalid,
                 absl::StrCat(referral::kDeadlinesFile, ":1:1: the file is missing"));
  }
  auto timetable = std::make_unique<referral::Timetable>();
  AQ_ASSIGN_OR_RETURN(timetable->rules, referral::ParseDeadlineRules(rules->first, rules->second));
  AQ_ASSIGN_OR_RETURN(const std::string content,
                      ReadFile(absl::StrCat(config.catalogue_directory, "/", kCalendarFile)));
  AQ_ASSIGN_OR_RETURN(timetable->calendar, referral::ParseCalendar(kCalendarFile, content));
  return std::unique_ptr<const referral::Timetable>(std::move(timetable));
}

// Which jobs the law keeps from whom: one of the catalogue's tables.
absl::StatusOr<std::unique_ptr<const referral::JobLimits>> LoadJobLimits(
    const policy::Catalogue& catalogue) {
  AQ_ASSIGN_OR_RETURN(const auto files, policy::Catalogue::Unpack(catalogue.content()));
  const auto table = files.find(referral::kJobLimitsFile);
  if (table == files.end()) {
    return Error(absl::StatusCode::kInvalidArgument, reason::kCatalogueInvalid,
                 absl::StrCat(referral::kJobLimitsFile, ":1:1: the file is missing"));
  }
  AQ_ASSIGN_OR_RETURN(referral::JobLimits limits,
                      referral::ParseJobLimits(table->first, table->second));
  return std::make_unique<const referral::JobLimits>(std::move(limits));
}

// How well the cohorts must mix; null if the catalogue does not say.
absl::StatusOr<std::unique_ptr<const referral::MixTable>> LoadMixTable(
    const policy::Catalogue& catalogue) {
  AQ_ASSIGN_OR_RETURN(const auto files, policy::Catalogue::Unpack(catalogue.content()));
  const auto file = files.find(referral::kMixFile);
  if (file == files.end()) return nullptr;
  AQ_ASSIGN_OR_RETURN(referral::MixTable table, referral::ParseMixTable(file->first, file->second));
  return std::make_unique<const referral::MixTable>(std::move(table));
}

absl::StatusOr<std::unique_ptr<const referral::ProviderDirectory>> LoadDirectory(
    const std::string& path, const referral::JobLimits& limits) {
  AQ_ASSIGN_OR_RETURN(const std::string content, ReadFile(path));
  AQ_ASSIGN_OR_RETURN(referral::ProviderDirectory directory,
                      referral::ParseDirectory(path, content));
  AQ_RETURN_IF_ERROR(referral::CheckPosts(directory, limits));
  return std::make_unique<const referral::ProviderDirectory>(std::move(directory));
}

std::unique_ptr<const Clock> MakeClock(const Config& config, const ServerOptions& options) {
  const SystemClock clock =
      config.clock_start.has_value() ? SystemClock(*config.clock_start) : SystemClock();
  if (options.clock_shift == nullptr) return std::make_unique<SystemClock>(clock);
  return std::make_unique<ShiftedClock>(clock, options.clock_shift);
}

absl::StatusOr<std::unique_ptr<store::Store>> OpenStore(const Config& config) {
  const KeysConfig& keys = config.keys;
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<const store::CipherSuite> suite,
                      store::CipherSuite::Make(keys.cipher_suite));
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<store::MasterKey> master,
                      store::MasterKey::FromFile(keys.master_key, *suite));
  // A ring made anew opens nothing that was sealed before.
  const bool is_new = !std::filesystem::exists(config.data_directory + "/HEAD");
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<store::KeyRing> ring,
                      store::KeyRing::Open({.path = keys.ring,
                                            .suite = suite.get(),
                                            .master = std::move(master),
                                            .create_if_missing = is_new}));
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<store::Store> base,
                      store::OpenRocksStore({.directory = config.data_directory,
                                             .compress = !suite->seals(),
                                             .sm4 = suite->id() == 'S'}));
  return store::OpenSealedStore(std::move(base), std::move(suite), std::move(ring),
                                {.hide_keys = keys.hide_keys, .keep_logs = keys.keep_logs});
}

std::string CopiesDirectory(const std::string& data) { return absl::StrCat(data, "/adapters"); }

}  // namespace

Server::Server(const Config& config, const ServerOptions& options)
    : options_(options), clock_(MakeClock(config, options)), log_(clock_.get()) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Config& config,
                                                      const ServerOptions& options) {
  std::unique_ptr<Server> server(new Server(config, options));
  AQ_RETURN_IF_ERROR(server->Open(config));
  return server;
}

absl::StatusOr<std::unique_ptr<adapter::Adapter>> Server::LoadAdapter(
    const AgencyConfig& agency, const std::string& library, const std::string& samples) const {
  const bool in_workers = agency.in_workers && options_.launcher != nullptr;
  std::unique_ptr<adapter::Adapter> loaded;
  if (in_workers) {
    AQ_ASSIGN_OR_RETURN(std::unique_ptr<adapter::WorkerAdapter> adapter,
                        adapter::LoadInWorkers({.launcher = options_.launcher,
                                                .library_path = library,
                                                .samples_directory = samples,
                                                .limits = agency.limits,
                                                .agency = agency.options.id,
                                                .log = &log_,
                                                .test_hooks = options_.worker_test_hooks}));
    loaded = std::move(adapter);
  } else {
    AQ_ASSIGN_OR_RETURN(loaded, adapter::Adapter::Load(library, samples));
  }
  log_.Write(Log::Level::kInfo, "adapter_loaded",
             {{"agency", agency.options.id},
              {"build", loaded->build_id()},
              {"isolation", in_workers ? "worker" : "in_process"}});
  return loaded;
}

adapter::AdapterSlot::Options Server::SlotFor(const AgencyConfig& agency,
                                              const std::string& data) const {
  return {.library = agency.library,
          .samples = agency.samples,
          .copies_directory = CopiesDirectory(data),
          .loader = [this, agency](const std::string& library, const std::string& samples) {
            return LoadAdapter(agency, library, samples);
          }};
}

absl::Status Server::Open(const Config& config) {
  AQ_ASSIGN_OR_RETURN(catalogue_,
                      policy::Catalogue::Load(config.catalogue_directory, config.jurisdiction));
  std::error_code error;
  std::filesystem::create_directories(config.data_directory, error);
  if (error) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 absl::StrCat("data_directory ", config.data_directory, ": ", error.message()))
        .Meta("path", config.data_directory);
  }
  AQ_ASSIGN_OR_RETURN(timetable_, LoadTimetable(config, *catalogue_));
  engine::EngineOptions options;
  options.timetable = timetable_.get();
  AQ_ASSIGN_OR_RETURN(job_limits_, LoadJobLimits(*catalogue_));
  options.job_limits = job_limits_.get();
  AQ_ASSIGN_OR_RETURN(mix_table_, LoadMixTable(*catalogue_));
  options.mix_table = mix_table_.get();
  if (!config.provider_directory.empty()) {
    AQ_ASSIGN_OR_RETURN(directory_, LoadDirectory(config.provider_directory, *job_limits_));
    options.directory = directory_.get();
  }
  options.anchor_interval = absl::Hours(1);
  options.entitlement_watch = config.entitlement_watch;
  options.candidate_catalogue = config.candidate_catalogue_directory;
  if (!config.identity_model_file.empty()) {
    AQ_ASSIGN_OR_RETURN(identity_model_, engine::ReadIdentityModel(config.identity_model_file));
    options.identity_model = identity_model_.get();
  }
  options.candidate_identity_model = config.candidate_identity_model_file;
  options.test_hooks = options_.engine_test_hooks;
  std::vector<AdapterMetrics::Source> sources;
  for (const AgencyConfig& agency : config.agencies) {
    AQ_ASSIGN_OR_RETURN(std::unique_ptr<adapter::AdapterSlot> slot,
                        adapter::AdapterSlot::Open(SlotFor(agency, config.data_directory)));
    adapters_.push_back(std::move(slot));
    options.agencies.push_back(agency.options);
    options.agencies.back().adapter = adapters_.back().get();
    sources.push_back({agency.options.id, adapters_.back().get()});
  }
  AQ_ASSIGN_OR_RETURN(store_, OpenStore(config));
  // The store is locked: no other hub has copies there.
  std::set<std::string> builds;
  for (const auto& slot : adapters_) builds.insert(slot->current()->build_id());
  adapter::RemoveCopiesExcept(CopiesDirectory(config.data_directory), builds);
  AQ_ASSIGN_OR_RETURN(engine_, engine::Engine::Open(std::move(options), store_.get(), clock_.get(),
                                                    catalogue_.get()));
  for (const auto& slot : adapters_) {
    if (options_.switches_forgotten) slot->Enable();
  }
  AQ_RETURN_IF_ERROR(OpenDropFolders(config));
  AQ_RETURN_IF_ERROR(OpenPolls(config));
  AQ_RETURN_IF_ERROR(OpenDeliveries(config));
  rpc::ListenersOptions listeners;
  listeners.insecure_loopback = options_.insecure_loopback;
  listeners.log = &log_;
  if (!config.listener_watch) listeners.watch.reset();
  AQ_ASSIGN_OR_RETURN(listeners.agency,
                      ListenerFor(config.agency_listener, options_.insecure_loopback));
  AQ_ASSIGN_OR_RETURN(listeners.hub, ListenerFor(config.hub_listener, options_.insecure_loopback));
  AQ_ASSIGN_OR_RETURN(listeners_, rpc::Listeners::Start(listeners, engine_.get()));
  AQ_RETURN_IF_ERROR(OpenPush(config));
  if (!config.metrics_address.empty()) {
    TransportMetrics::Sources transports;
    transports.push = push_.get();
    for (const auto& folder : drop_folders_) transports.folders.push_back(folder.get());
    for (const auto& poll : polls_) transports.polls.push_back(poll.get());
    for (const auto& outbox : outboxes_) transports.outboxes.push_back(outbox.get());
    for (const auto& delivery : http_deliveries_) transports.http.push_back(delivery.get());
    AQ_ASSIGN_OR_RETURN(metrics_, MetricsListener::Start(config.metrics_address, engine_.get(),
                                                         sources, std::move(transports)));
    log_.Write(Log::Level::kInfo, "metrics", {{"address", metrics_->address()}});
  }
  if (options_.insecure_loopback) {
    log_.Write(Log::Level::kWarning, "insecure_listeners",
               {{"note", "no TLS; anyone on this machine can be anyone"}});
  }
  for (const auto& folder : drop_folders_) folder->Start();
  for (const auto& poll : polls_) poll->Start();
  for (const auto& outbox : outboxes_) outbox->Start();
  for (const auto& delivery : http_deliveries_) delivery->Start();
  log_.Write(Log::Level::kInfo, "started",
             {{"agency_listener", agency_address()}, {"hub_listener", hub_address()}});
  return absl::OkStatus();
}

absl::Status Server::OpenDropFolders(const Config& config) {
  std::uint32_t seed = 0;
  for (const AgencyConfig& agency : config.agencies) {
    for (transport::DropFolderOptions options : agency.drop_folders) {
      options.seed = ++seed;
      options.ids_not_from_content_for_test = options_.ids_not_from_content;
      AQ_ASSIGN_OR_RETURN(drop_folders_.emplace_back(),
                          transport::DropFolder::Open(std::move(options), engine_.get(), &log_));
    }
  }
  return absl::OkStatus();
}

absl::Status Server::OpenPolls(const Config& config) {
  const std::string folder = absl::StrCat(config.data_directory, "/polls");
  std::uint32_t seed = 0;
  for (const AgencyConfig& agency : config.agencies) {
    for (const PollConfig& poll : agency.polls) {
      transport::PollOptions options = poll.options;
      AQ_ASSIGN_OR_RETURN(options.identity, IdentityOf(poll.tls));
      std::error_code ignored;  // A state that cannot be saved is said when it is.
      std::filesystem::create_directory(folder, ignored);
      const std::string place = Hex(Sha256(options.url.authority() + options.url.target));
      options.state_file =
          absl::StrCat(folder, "/", options.agency, "-", options.format, "-", place.substr(0, 16));
      options.seed = ++seed;
      options.ids_not_from_content_for_test = options_.ids_not_from_content;
      AQ_ASSIGN_OR_RETURN(
          polls_.emplace_back(),
          transport::HttpPoll::Open(std::move(options), engine_.get(), clock_.get(), &log_));
    }
  }
  return absl::OkStatus();
}

absl::Status Server::OpenDeliveries(const Config& config) {
  std::uint32_t seed = 0;
  for (const AgencyConfig& agency : config.agencies) {
    ++seed;
    if (agency.outbox.has_value()) {
      transport::OutboxOptions options = *agency.outbox;
      options.seed = seed;
      options.names_change_for_test = options_.ids_not_from_content;
      AQ_ASSIGN_OR_RETURN(outboxes_.emplace_back(), transport::OutboxDelivery::Open(
                                                        std::move(options), engine_.get(), &log_));
    }
    if (agency.http_delivery.has_value()) {
      transport::HttpDeliveryOptions options = agency.http_delivery->options;
      AQ_ASSIGN_OR_RETURN(options.identity, IdentityOf(agency.http_delivery->tls));
      options.seed = seed;
      options.names_change_for_test = options_.ids_not_from_content;
      AQ_ASSIGN_OR_RETURN(
          http_deliveries_.emplace_back(),
          transport::HttpDelivery::Open(std::move(options), engine_.get(), clock_.get(), &log_));
    }
  }
  return absl::OkStatus();
}

absl::Status Server::OpenPush(const Config& config) {
  if (!config.http_push_listener.has_value()) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(rpc::ListenerOptions listener,
                      ListenerFor(*config.http_push_listener, options_.insecure_loopback));
  transport::PushOptions options;
  options.address = std::move(listener.address);
  options.identity = {.certificate = std::move(listener.tls.certificate),
                      .key = std::move(listener.tls.key),
                      .ca = std::move(listener.tls.client_ca)};
  options.insecure = options_.insecure_loopback;
  options.connections_max = config.http_push_connections_max;
  for (const AgencyConfig& agency : config.agencies) {
    if (agency.http_push) options.agencies.insert(agency.options.id);
  }
  AQ_ASSIGN_OR_RETURN(push_, transport::PushListener::Start(std::move(options), engine_.get(),
                                                            clock_.get(), &log_));
  log_.Write(Log::Level::kInfo, "http_push", {{"address", push_->address()}});
  return absl::OkStatus();
}

void Server::Shutdown() {
  if (shut_down_) return;
  shut_down_ = true;
  for (const auto& folder : drop_folders_) folder->Shutdown();
  for (const auto& poll : polls_) poll->Shutdown();
  for (const auto& outbox : outboxes_) outbox->Shutdown();
  for (const auto& delivery : http_deliveries_) delivery->Shutdown();
  if (push_ != nullptr) push_->Shutdown(options_.grace);
  if (listeners_ != nullptr) {
    log_.Write(Log::Level::kInfo, "stopping");
    listeners_->Shutdown(options_.grace);
  }
  metrics_.reset();
  if (engine_ != nullptr) engine_->Shutdown();
  if (listeners_ != nullptr) log_.Write(Log::Level::kInfo, "stopped");
}

absl::Status WriteListenersFile(const std::string& path, const Server& server) {
  const std::string temporary = absl::StrCat(path, ".new");
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << "agency_listener: " << server.agency_address() << "\n"
         << "hub_listener: " << server.hub_address() << "\n";
    if (!server.http_push_address().empty()) {
      file << "http_push_listener: " << server.http_push_address() << "\n";
    }
    if (!server.metrics_address().empty()) file << "metrics: " << server.metrics_address() << "\n";
    file.flush();
    if (!file) {
      return Error(absl::StatusCode::kUnavailable, reason::kConfigurationInvalid,
                   absl::StrCat("cannot write ", temporary))
          .Meta("path", temporary);
    }
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return Error(absl::StatusCode::kUnavailable, reason::kConfigurationInvalid,
                 absl::StrCat("cannot write ", path))
        .Meta("path", path);
  }
  return absl::OkStatus();
}

}  // namespace anqiao::server
