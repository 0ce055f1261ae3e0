// The configuration file: YAML, checked whole, every error with file:line:column.
//
// hub/doc/operating.md has the reference. Paths in the file are relative to the file; in Config
// they are complete.

#ifndef ANQIAO_HUB_SERVER_CONFIG_H_
#define ANQIAO_HUB_SERVER_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/adapter/worker_process.h"
#include "hub/engine/engine.h"
#include "hub/transport/drop_folder.h"
#include "hub/transport/http_delivery.h"
#include "hub/transport/http_poll.h"
#include "hub/transport/outbox_delivery.h"

namespace anqiao::server {

struct ListenerConfig {
  std::string address;
  // Paths; empty on insecure listeners.
  std::string certificate, key, client_ca;
};

// Paths; empty where there is none.
struct TlsFiles {
  std::string ca, certificate, key;
};

// What the hub fetches; "options" without its texts of TLS and its state file.
struct PollConfig {
  transport::PollOptions options;
  TlsFiles tls;
};

// What the hub posts; "options" without its texts of TLS.
struct HttpDeliveryConfig {
  transport::HttpDeliveryOptions options;
  TlsFiles tls;
};

struct AgencyConfig {
  // Without its adapter.
  engine::AgencyOptions options;
  std::string library;  // empty: the first build is loaded while the hub serves
  std::string samples;  // empty: none are run
  std::vector<transport::DropFolderOptions> drop_folders;
  bool http_push = false;
  std::vector<PollConfig> polls;
  // At most one of them; without both the agency receives on a stream.
  std::optional<transport::OutboxOptions> outbox;
  std::optional<HttpDeliveryConfig> http_delivery;
  // In a process of its own, within these limits.
  bool in_workers = true;
  adapter::WorkerLimits limits;
};

// Where the keys are, and what is done with them.
struct KeysConfig {
  std::string ring;        // made with a new data directory
  std::string master_key;  // a file
  std::string cipher_suite = "aes-256-gcm-sha256";
  // Off only to measure what they cost.
  bool hide_keys = true;
  bool keep_logs = true;
};

struct Config {
  std::string data_directory;
  KeysConfig keys;
  std::string catalogue_directory;
  std::string provider_directory;  // a file; empty: the agencies are all the providers
  // Division code whose profiles of the catalogue apply; empty: national values.
  std::string jurisdiction;
  // Catalogue that CompareCatalogue compares with; need not be there yet. Empty: none.
  std::string candidate_catalogue_directory;
  // Model by which it is resolved who is who; empty: the one that ships.
  std::string identity_model_file;
  // Model that a preview tries; need not be there yet. Empty: none.
  std::string candidate_identity_model_file;
  // Whether the hub looks by itself for what people are entitled to.
  bool entitlement_watch = true;
  std::optional<absl::Time> clock_start;
  ListenerConfig agency_listener;
  ListenerConfig hub_listener;
  std::optional<ListenerConfig> http_push_listener;
  int http_push_connections_max = 32;
  bool listener_watch = true;
  std::vector<AgencyConfig> agencies;
  std::string metrics_address;  // empty: no metrics are served
};

// "insecure" listeners need no certificate, key and client_ca.
// INVALID_ARGUMENT (CONFIGURATION_INVALID): not YAML, an unknown or repeated key, a missing or
// malformed value, a file that does not exist. NOT_FOUND: "path" cannot be read.
absl::StatusOr<Config> LoadConfig(const std::string& path, bool insecure);

// The same from text; "path" names it in errors and gives the directory that paths start from.
absl::StatusOr<Config> ParseConfig(absl::string_view text, const std::string& path, bool insecure);

}  // namespace anqiao::server

#endif  // ANQIAO_HUB_SERVER_CONFIG_H_
