#include "hub/server/config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/policy/profile.h"
#include "hub/referral/recipients.h"
#include "hub/rpc/listener.h"
#include "hub/server/config_reader.h"
#include "hub/store/cipher.h"

namespace anqiao::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::size_t kAgenciesMax = 64;
constexpr std::int64_t kPayloadBytesMax = std::int64_t{256} << 20;
constexpr std::int64_t kWorkerBytesMin = std::int64_t{16} << 20;
constexpr std::int64_t kWorkerBytesMax = std::int64_t{64} << 30;
constexpr std::int64_t kWorkerMillisMax = 3'600'000;

}  // namespace

absl::StatusOr<ConfigReader::Map> ConfigReader::Keys(
    const YAML::Node& node, absl::string_view what, const std::vector<std::string>& required,
    const std::vector<std::string>& optional) const {
  if (!node.IsMap()) return Fault(node.Mark(), absl::StrCat(what, " must be a mapping"));
  std::vector<std::string> known = required;
  known.insert(known.end(), optional.begin(), optional.end());
  Map keys;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) {
      return Fault(entry.first.Mark(), absl::StrCat(what, " must have plain keys"));
    }
    const std::string key = entry.first.Scalar();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return Fault(entry.first.Mark(), absl::StrCat("unknown key ", key, " in ", what,
                                                    "; expected ", absl::StrJoin(known, ", ")));
    }
    if (!keys.emplace(key, entry.second).second) {
      return Fault(entry.first.Mark(), absl::StrCat("key ", key, " twice in ", what));
    }
  }
  for (const std::string& key : required) {
    if (keys.count(key) == 0) {
      return Fault(node.Mark(), absl::StrCat("key ", key, " is missing in ", what));
    }
  }
  return keys;
}

absl::StatusOr<std::string> ConfigReader::Text(const YAML::Node& node,
                                               absl::string_view key) const {
  if (!node.IsScalar()) return Fault(node.Mark(), absl::StrCat(key, " must be a text"));
  return node.Scalar();
}

absl::StatusOr<std::int64_t> ConfigReader::Number(const YAML::Node& node, absl::string_view key,
                                                  std::int64_t least, std::int64_t most) const {
  std::int64_t value = 0;
  if (!node.IsScalar() || !absl::SimpleAtoi(node.Scalar(), &value) || value < least ||
      value > most) {
    return Fault(node.Mark(),
                 absl::StrCat(key, " must be a whole number from ", least, " to ", most));
  }
  return value;
}

absl::StatusOr<std::vector<std::string>> ConfigReader::Texts(const YAML::Node& node,
                                                             absl::string_view key) const {
  if (!node.IsSequence() || node.size() > kConfigListMax) {
    return Fault(node.Mark(),
                 absl::StrCat(key, " must be a list of at most ", kConfigListMax, " texts"));
  }
  std::vector<std::string> texts;
  for (const YAML::Node& element : node) {
    AQ_ASSIGN_OR_RETURN(std::string text, Text(element, key));
    texts.push_back(std::move(text));
  }
  return texts;
}

absl::StatusOr<std::string> ConfigReader::File(const YAML::Node& node,
                                               absl::string_view key) const {
  AQ_ASSIGN_OR_RETURN(const std::string text, Text(node, key));
  std::error_code error;
  if (text.empty() || !fs::is_regular_file(Complete(text), error)) {
    return Fault(node.Mark(), absl::StrCat(key, ": there is no file ", Complete(text)));
  }
  return Complete(text);
}

absl::StatusOr<std::string> ConfigReader::Directory(const YAML::Node& node,
                                                    absl::string_view key) const {
  AQ_ASSIGN_OR_RETURN(const std::string text, Text(node, key));
  std::error_code error;
  if (text.empty() || !fs::is_directory(Complete(text), error)) {
    return Fault(node.Mark(), absl::StrCat(key, ": there is no directory ", Complete(text)));
  }
  return Complete(text);
}

absl::StatusOr<std::string> ConfigReader::Address(const YAML::Node& node,
                                                  absl::string_view key) const {
  AQ_ASSIGN_OR_RETURN(std::string address, Text(node, key));
  const std::size_t colon = address.rfind(':');
  int port = -1;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 || port > 65535) {
    return Fault(node.Mark(), absl::StrCat(key, " must be host:port, with a port from 0 to 65535"));
  }
  return address;
}

absl::StatusOr<std::string> ConfigReader::MetricsAddress(const Map& keys) const {
  bool beyond = false;
  if (const auto it = keys.find("metrics_beyond_loopback"); it != keys.end()) {
    if (!it->second.IsScalar() ||
        (it->second.Scalar() != "true" && it->second.Scalar() != "false")) {
      return Fault(it->second.Mark(), "metrics_beyond_loopback must be true or false");
    }
    beyond = it->second.Scalar() == "true";
  }
  const auto it = keys.find("metrics_address");
  if (it == keys.end()) return std::string();
  AQ_ASSIGN_OR_RETURN(std::string address, Address(it->second, "metrics_address"));
  if (!beyond && !rpc::IsLoopback(address)) {
    return Fault(it->second.Mark(),
                 "metrics_address must be a loopback address unless metrics_beyond_loopback is "
                 "true: there is no TLS");
  }
  return address;
}

absl::StatusOr<ListenerConfig> ConfigReader::Listener(const YAML::Node& node, absl::string_view key,
                                                      const std::vector<std::string>& more) const {
  const std::vector<std::string> tls = {"certificate", "key", "client_ca"};
  std::vector<std::string> required = {"address"}, optional = more;
  std::vector<std::string>& known = insecure_ ? optional : required;
  known.insert(known.end(), tls.begin(), tls.end());
  AQ_ASSIGN_OR_RETURN(const Map keys, Keys(node, key, required, optional));
  ListenerConfig listener;
  AQ_ASSIGN_OR_RETURN(listener.address, Address(keys.at("address"), "address"));
  if (insecure_) return listener;
  AQ_ASSIGN_OR_RETURN(listener.certificate, File(keys.at("certificate"), "certificate"));
  AQ_ASSIGN_OR_RETURN(listener.key, File(keys.at("key"), "key"));
  AQ_ASSIGN_OR_RETURN(listener.client_ca, File(keys.at("client_ca"), "client_ca"));
  return listener;
}

absl::Status ConfigReader::Limits(const Map& keys, engine::AgencyOptions& options) const {
  const auto number = [&](const char* key, std::int64_t least, std::int64_t most,
                          const std::function<void(std::int64_t)>& set) -> absl::Status {
    const auto it = keys.find(key);
    if (it == keys.end()) return absl::OkStatus();
    AQ_ASSIGN_OR_RETURN(const std::int64_t value, Number(it->second, key, least, most));
    set(value);
    return absl::OkStatus();
  };
  AQ_RETURN_IF_ERROR(number("payload_bytes_max", 1, kPayloadBytesMax, [&](std::int64_t value) {
    options.payload_bytes_max = static_cast<std::uint64_t>(value);
  }));
  AQ_RETURN_IF_ERROR(number("payload_records_max", 1, 10'000'000, [&](std::int64_t value) {
    options.payload_records_max = static_cast<std::uint64_t>(value);
  }));
  AQ_RETURN_IF_ERROR(number("pending_payloads_max", 1, 1024, [&](std::int64_t value) {
    options.pending_payloads_max = static_cast<int>(value);
  }));
  AQ_RETURN_IF_ERROR(number("shrink_count_min", 0, 1'000'000, [&](std::int64_t value) {
    options.shrink_count_min = static_cast<int>(value);
  }));
  if (const auto it = keys.find("shrink_share_max"); it != keys.end()) {
    double share = 0;
    if (!it->second.IsScalar() || !absl::SimpleAtod(it->second.Scalar(), &share) ||
        !(share >= 0 && share <= 1)) {
      return Fault(it->second.Mark(), "shrink_share_max must be a number from 0 to 1");
    }
    options.shrink_share_max = share;
  }
  return absl::OkStatus();
}

absl::StatusOr<AgencyConfig> ConfigReader::Agency(const YAML::Node& node) const {
  AQ_ASSIGN_OR_RETURN(
      const Map keys,
      Keys(node, "an agency", {"id", "display_name", "kind", "formats"},
           {"adapter", "services", "delivery_format", "payload_bytes_max", "payload_records_max",
            "pending_payloads_max", "shrink_share_max", "shrink_count_min", "drop_folder",
            "http_push", "http_poll", "deliver"}));
  AgencyConfig agency;
  engine::AgencyOptions& options = agency.options;
  AQ_ASSIGN_OR_RETURN(options.id, Text(keys.at("id"), "id"));
  const bool valid_id = !options.id.empty() && options.id.size() <= 64 &&
                        absl::ascii_islower(static_cast<unsigned char>(options.id[0])) &&
                        std::all_of(options.id.begin(), options.id.end(), [](char c) {
                          const auto u = static_cast<unsigned char>(c);
                          return absl::ascii_islower(u) || absl::ascii_isdigit(u) || c == '_';
                        });
  if (!valid_id) return Fault(keys.at("id").Mark(), "id must be in lower_snake_case");
  AQ_ASSIGN_OR_RETURN(options.display_name, Text(keys.at("display_name"), "display_name"));
  AQ_ASSIGN_OR_RETURN(options.kind, Text(keys.at("kind"), "kind"));
  if (!referral::IsRecipientKind(options.kind)) {
    return Fault(keys.at("kind").Mark(),
                 "kind must be police, civil_affairs, employment, tax, employer, bank, school or "
                 "subdistrict_office");
  }
  AQ_ASSIGN_OR_RETURN(options.formats, Texts(keys.at("formats"), "formats"));
  if (const auto it = keys.find("services"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(options.services, Texts(it->second, "services"));
  }
  if (const auto it = keys.find("delivery_format"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(options.delivery_format, Text(it->second, "delivery_format"));
  }
  AQ_RETURN_IF_ERROR(Limits(keys, options));
  if (const auto it = keys.find("adapter"); it != keys.end()) {
    AQ_RETURN_IF_ERROR(Adapter(it->second, agency));
  }
  AQ_RETURN_IF_ERROR(Transports(keys, agency));
  return agency;
}

absl::Status ConfigReader::Adapter(const YAML::Node& node, AgencyConfig& agency) const {
  AQ_ASSIGN_OR_RETURN(const Map keys, Keys(node, "adapter", {},
                                           {"library", "samples", "isolation", "memory_bytes_max",
                                            "hang_ms", "deadline_ms"}));
  if (const auto it = keys.find("library"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(agency.library, File(it->second, "library"));
  }
  if (const auto it = keys.find("samples"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(agency.samples, Directory(it->second, "samples"));
  }
  if (const auto it = keys.find("isolation"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::string text, Text(it->second, "isolation"));
    if (text != "worker" && text != "in_process") {
      return Fault(it->second.Mark(), "isolation must be worker or in_process");
    }
    agency.in_workers = text == "worker";
  }
  adapter::WorkerLimits& limits = agency.limits;
  if (const auto it = keys.find("memory_bytes_max"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::int64_t bytes,
                        Number(it->second, "memory_bytes_max", kWorkerBytesMin, kWorkerBytesMax));
    limits.memory_bytes_max = static_cast<std::uint64_t>(bytes);
  }
  for (const auto& [key, limit] :
       {std::pair<const char*, absl::Duration*>{"hang_ms", &limits.hang},
        std::pair<const char*, absl::Duration*>{"deadline_ms", &limits.deadline}}) {
    const auto it = keys.find(key);
    if (it == keys.end()) continue;
    AQ_ASSIGN_OR_RETURN(const std::int64_t millis, Number(it->second, key, 10, kWorkerMillisMax));
    *limit = absl::Milliseconds(millis);
  }
  if (limits.hang > limits.deadline) {
    return Fault(node.Mark(), "hang_ms must not be more than deadline_ms (default 10000, 120000)");
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ConfigReader::Switch(const YAML::Node& node, absl::string_view key) const {
  AQ_ASSIGN_OR_RETURN(const std::string text, Text(node, key));
  if (text == "on") return true;
  if (text == "off") return false;
  return Fault(node.Mark(), absl::StrCat(key, " must be on or off"));
}

absl::StatusOr<KeysConfig> ConfigReader::KeysOf(const YAML::Node& node) const {
  AQ_ASSIGN_OR_RETURN(const Map keys, Keys(node, "keys", {"ring", "master_key"},
                                           {"cipher_suite", "hide_keys", "keep_logs"}));
  KeysConfig config;
  AQ_ASSIGN_OR_RETURN(const std::string ring, Text(keys.at("ring"), "ring"));
  if (ring.empty()) return Fault(keys.at("ring").Mark(), "ring is empty");
  config.ring = Complete(ring);
  AQ_ASSIGN_OR_RETURN(config.master_key, File(keys.at("master_key"), "master_key"));
  if (const auto it = keys.find("cipher_suite"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(config.cipher_suite, Text(it->second, "cipher_suite"));
    const absl::Status known = store::CipherSuite::Make(config.cipher_suite).status();
    if (!known.ok()) return Fault(it->second.Mark(), known.message());
  }
  if (const auto it = keys.find("hide_keys"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(config.hide_keys, Switch(it->second, "hide_keys"));
  }
  if (const auto it = keys.find("keep_logs"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(config.keep_logs, Switch(it->second, "keep_logs"));
  }
  return config;
}

absl::StatusOr<Config> ConfigReader::Read(const YAML::Node& root) const {
  AQ_ASSIGN_OR_RETURN(
      const Map keys,
      Keys(root, "the configuration",
           {"data_directory", "keys", "catalogue_directory", "agency_listener", "hub_listener",
            "agencies"},
           {"clock_start", "metrics_address", "metrics_beyond_loopback", "jurisdiction",
            "provider_directory", "listener_watch", "http_push_listener",
            "candidate_catalogue_directory", "entitlement_watch", "identity_model_file",
            "candidate_identity_model_file"}));
  Config config;
  AQ_ASSIGN_OR_RETURN(const std::string data, Text(keys.at("data_directory"), "data_directory"));
  if (data.empty()) return Fault(keys.at("data_directory").Mark(), "data_directory is empty");
  config.data_directory = Complete(data);
  AQ_ASSIGN_OR_RETURN(config.keys, KeysOf(keys.at("keys")));
  AQ_ASSIGN_OR_RETURN(config.catalogue_directory,
                      Directory(keys.at("catalogue_directory"), "catalogue_directory"));
  if (const auto it = keys.find("provider_directory"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(config.provider_directory, File(it->second, "provider_directory"));
  }
  if (const auto it = keys.find("jurisdiction"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(config.jurisdiction, Text(it->second, "jurisdiction"));
    if (!policy::IsDivisionPrefix(config.jurisdiction)) {
      return Fault(it->second.Mark(),
                   "jurisdiction must be 2, 4, 6, 9 or 12 digits of a division code");
    }
  }
  if (const auto it = keys.find("candidate_catalogue_directory"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::string path, Text(it->second, "candidate_catalogue_directory"));
    if (path.empty()) return Fault(it->second.Mark(), "candidate_catalogue_directory is empty");
    config.candidate_catalogue_directory = Complete(path);
  }
  if (const auto it = keys.find("identity_model_file"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(config.identity_model_file, File(it->second, "identity_model_file"));
  }
  if (const auto it = keys.find("candidate_identity_model_file"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::string path, Text(it->second, "candidate_identity_model_file"));
    if (path.empty()) return Fault(it->second.Mark(), "candidate_identity_model_file is empty");
    config.candidate_identity_model_file = Complete(path);
  }
  if (const auto it = keys.find("entitlement_watch"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(config.entitlement_watch, Switch(it->second, "entitlement_watch"));
  }
  if (const auto it = keys.find("clock_start"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::string text, Text(it->second, "clock_start"));
    absl::Time start;
    std::string ignored;
    if (!absl::ParseTime(absl::RFC3339_full, text, &start, &ignored)) {
      return Fault(it->second.Mark(),
                   "clock_start must be an instant such as 2026-06-30T09:00:00+08:00");
    }
    config.clock_start = start;
  }
  AQ_ASSIGN_OR_RETURN(config.metrics_address, MetricsAddress(keys));
  AQ_ASSIGN_OR_RETURN(config.agency_listener,
                      Listener(keys.at("agency_listener"), "agency_listener"));
  AQ_ASSIGN_OR_RETURN(config.hub_listener, Listener(keys.at("hub_listener"), "hub_listener"));
  AQ_RETURN_IF_ERROR(PushListener(keys, config));
  if (const auto it = keys.find("listener_watch"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(config.listener_watch, Switch(it->second, "listener_watch"));
  }
  const YAML::Node& agencies = keys.at("agencies");
  if (!agencies.IsSequence() || agencies.size() > kAgenciesMax) {
    return Fault(agencies.Mark(),
                 absl::StrCat("agencies must be a list of at most ", kAgenciesMax));
  }
  std::set<std::string> ids;
  Places places;
  for (const YAML::Node& node : agencies) {
    AQ_ASSIGN_OR_RETURN(AgencyConfig agency, Agency(node));
    if (!ids.insert(agency.options.id).second) {
      return Fault(node.Mark(), absl::StrCat("agency ", agency.options.id, " twice"));
    }
    AQ_RETURN_IF_ERROR(CheckPlaces(node, agency, config, places));
    config.agencies.push_back(std::move(agency));
  }
  return config;
}

absl::StatusOr<Config> ParseConfig(absl::string_view text, const std::string& path, bool insecure) {
  const ConfigReader reader(path, insecure);
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    return reader.Read(root);
  } catch (const YAML::Exception& error) {
    return reader.Fault(error.mark, absl::StrCat("not valid YAML: ", error.msg));
  }
}

absl::StatusOr<Config> LoadConfig(const std::string& path, bool insecure) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file) {
    text.resize(kFileBytesMax + 1);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad() || fs::is_directory(path)) {
    return Error(absl::StatusCode::kNotFound, reason::kConfigurationInvalid,
                 absl::StrCat("cannot read the configuration file ", path))
        .Meta("path", path);
  }
  if (text.size() > kFileBytesMax) {
    return Error(absl::StatusCode::kInvalidArgument, reason::kConfigurationInvalid,
                 absl::StrCat(path, ": larger than ", kFileBytesMax, " bytes"));
  }
  return ParseConfig(text, fs::absolute(path).string(), insecure);
}

}  // namespace anqiao::server
