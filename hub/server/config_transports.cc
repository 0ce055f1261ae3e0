#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "hub/base/status_macros.h"
#include "hub/server/config_reader.h"

namespace anqiao::server {

namespace fs = std::filesystem;

absl::Status ConfigReader::PushListener(const Map& keys, Config& config) const {
  const auto it = keys.find("http_push_listener");
  if (it == keys.end()) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(config.http_push_listener,
                      Listener(it->second, "http_push_listener", {"connections_max"}));
  if (const YAML::Node most = it->second["connections_max"]) {
    AQ_ASSIGN_OR_RETURN(const std::int64_t value, Number(most, "connections_max", 4, 256));
    config.http_push_connections_max = static_cast<int>(value);
  }
  return absl::OkStatus();
}

absl::Status ConfigReader::Transports(const Map& keys, AgencyConfig& agency) const {
  if (const auto it = keys.find("drop_folder"); it != keys.end()) {
    AQ_RETURN_IF_ERROR(DropFolders(it->second, agency));
  }
  if (const auto it = keys.find("http_push"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(agency.http_push, Switch(it->second, "http_push"));
  }
  if (const auto it = keys.find("http_poll"); it != keys.end()) {
    AQ_RETURN_IF_ERROR(Polls(it->second, agency));
  }
  if (const auto it = keys.find("deliver"); it != keys.end()) {
    AQ_RETURN_IF_ERROR(Deliver(it->second, agency));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ConfigReader::Format(const YAML::Node& node,
                                                 const AgencyConfig& agency) const {
  AQ_ASSIGN_OR_RETURN(std::string format, Text(node, "format"));
  const std::vector<std::string>& formats = agency.options.formats;
  if (std::find(formats.begin(), formats.end(), format) != formats.end()) return format;
  return Fault(node.Mark(), absl::StrCat("format must be one of the agency's formats, ",
                                         absl::StrJoin(formats, ", ")));
}

absl::StatusOr<transport::PollUrl> ConfigReader::Url(const YAML::Node& node,
                                                     absl::string_view key) const {
  AQ_ASSIGN_OR_RETURN(const std::string text, Text(node, key));
  absl::StatusOr<transport::PollUrl> url = transport::PollUrl::Parse(text, insecure_);
  if (!url.ok()) return Fault(node.Mark(), absl::StrCat(key, " ", url.status().message()));
  return url;
}

absl::Status ConfigReader::Polls(const YAML::Node& node, AgencyConfig& agency) const {
  if (node.IsSequence() && node.size() <= kConfigListMax) {
    for (const YAML::Node& element : node) AQ_RETURN_IF_ERROR(Polls(element, agency));
    return absl::OkStatus();
  }
  AQ_ASSIGN_OR_RETURN(const Map keys,
                      Keys(node, "http_poll", {"url", "format"},
                           {"interval", "ca", "certificate", "key", "token_file", "receipt_url"}));
  PollConfig poll;
  transport::PollOptions& options = poll.options;
  options.agency = agency.options.id;
  AQ_ASSIGN_OR_RETURN(options.format, Format(keys.at("format"), agency));
  AQ_ASSIGN_OR_RETURN(options.url, Url(keys.at("url"), "url"));
  if (const auto it = keys.find("receipt_url"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(options.receipt_url, Url(it->second, "receipt_url"));
    if (options.receipt_url->authority() != options.url.authority() ||
        options.receipt_url->tls != options.url.tls) {
      return Fault(it->second.Mark(), "receipt_url must be on the host and port of url");
    }
  }
  if (const auto it = keys.find("interval"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::int64_t seconds, Number(it->second, "interval", 1, 7 * 86400));
    options.interval = absl::Seconds(seconds);
  }
  if (const auto it = keys.find("token_file"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(options.token_file, File(it->second, "token_file"));
  }
  AQ_RETURN_IF_ERROR(Tls(keys, node, "http_poll", options.url, poll.tls));
  agency.polls.push_back(std::move(poll));
  return absl::OkStatus();
}

absl::Status ConfigReader::Tls(const Map& keys, const YAML::Node& node, absl::string_view what,
                               const transport::PollUrl& url, TlsFiles& files) const {
  for (const auto& [key, path] :
       {std::pair<const char*, std::string*>{"ca", &files.ca},
        std::pair<const char*, std::string*>{"certificate", &files.certificate},
        std::pair<const char*, std::string*>{"key", &files.key}}) {
    const auto it = keys.find(key);
    if (it == keys.end()) continue;
    AQ_ASSIGN_OR_RETURN(*path, File(it->second, key));
  }
  if (url.tls && files.ca.empty()) {
    return Fault(node.Mark(), absl::StrCat("key ca is missing in ", what,
                                           ": whom the server's certificate is of"));
  }
  if (files.certificate.empty() != files.key.empty()) {
    return Fault(node.Mark(), absl::StrCat("certificate and key go together in ", what));
  }
  return absl::OkStatus();
}

absl::Status ConfigReader::Deliver(const YAML::Node& node, AgencyConfig& agency) const {
  AQ_ASSIGN_OR_RETURN(const Map keys, Keys(node, "deliver", {}, {"folder", "http"}));
  if (keys.size() != 1) {
    return Fault(node.Mark(), "deliver must have either folder or http: there is one way out");
  }
  if (const auto it = keys.find("folder"); it != keys.end()) {
    return DeliverToFolder(it->second, agency);
  }
  return DeliverByHttp(keys.at("http"), agency);
}

absl::StatusOr<transport::EnvelopeForm> ConfigReader::Envelope(const YAML::Node& node) const {
  AQ_ASSIGN_OR_RETURN(const std::string text, Text(node, "envelope"));
  if (text == "json") return transport::EnvelopeForm::kJson;
  if (text == "protobuf") return transport::EnvelopeForm::kProtobuf;
  return Fault(node.Mark(), "envelope must be json or protobuf");
}

absl::Status ConfigReader::DeliverToFolder(const YAML::Node& node, AgencyConfig& agency) const {
  AQ_ASSIGN_OR_RETURN(const Map keys,
                      Keys(node, "folder", {"path"}, {"envelope", "ack", "in_flight", "poll"}));
  transport::OutboxOptions options;
  options.agency = agency.options.id;
  AQ_ASSIGN_OR_RETURN(const std::string path, Text(keys.at("path"), "path"));
  if (path.empty()) return Fault(keys.at("path").Mark(), "path is empty");
  options.path = Complete(path);
  if (const auto it = keys.find("envelope"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(options.form, Envelope(it->second));
  }
  if (const auto it = keys.find("ack"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::string text, Text(it->second, "ack"));
    if (text != "written" && text != "file") {
      return Fault(it->second.Mark(), "ack must be written or file");
    }
    options.await_ack = text == "file";
  }
  for (const char* key : {"in_flight", "poll"}) {
    if (keys.count(key) > 0 && !options.await_ack) {
      return Fault(keys.at(key).Mark(), absl::StrCat(key, " is for ack: file"));
    }
  }
  if (const auto it = keys.find("in_flight"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::int64_t value, Number(it->second, "in_flight", 1, 256));
    options.in_flight = static_cast<int>(value);
  }
  if (const auto it = keys.find("poll"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::int64_t seconds, Number(it->second, "poll", 1, 3600));
    options.poll = absl::Seconds(seconds);
  }
  agency.options.delivery_way = journal::v1::DELIVERY_WAY_FOLDER;
  agency.outbox = std::move(options);
  return absl::OkStatus();
}

absl::Status ConfigReader::DeliverByHttp(const YAML::Node& node, AgencyConfig& agency) const {
  AQ_ASSIGN_OR_RETURN(const Map keys,
                      Keys(node, "http", {"url"},
                           {"ca", "certificate", "key", "token_file", "envelope", "connections"}));
  HttpDeliveryConfig config;
  transport::HttpDeliveryOptions& options = config.options;
  options.agency = agency.options.id;
  AQ_ASSIGN_OR_RETURN(options.url, Url(keys.at("url"), "url"));
  AQ_RETURN_IF_ERROR(Tls(keys, node, "http", options.url, config.tls));
  if (const auto it = keys.find("token_file"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(options.token_file, File(it->second, "token_file"));
  }
  if (const auto it = keys.find("envelope"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(options.form, Envelope(it->second));
  }
  if (const auto it = keys.find("connections"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::int64_t value, Number(it->second, "connections", 1, 16));
    options.connections = static_cast<int>(value);
  }
  agency.options.delivery_way = journal::v1::DELIVERY_WAY_HTTP;
  agency.http_delivery = std::move(config);
  return absl::OkStatus();
}

absl::Status ConfigReader::CheckPlaces(const YAML::Node& node, const AgencyConfig& agency,
                                       const Config& config, Places& places) const {
  for (const transport::DropFolderOptions& folder : agency.drop_folders) {
    if (!places.folders.insert(folder.path).second) {
      return Fault(node.Mark(), absl::StrCat("drop_folder ", folder.path, " twice"));
    }
  }
  if (agency.http_push && !config.http_push_listener.has_value()) {
    return Fault(node.Mark(), "http_push is on, but there is no http_push_listener");
  }
  for (const PollConfig& poll : agency.polls) {
    const transport::PollUrl& url = poll.options.url;
    if (!places.taken
             .insert(absl::StrCat(agency.options.id, " ", poll.options.format, " ", url.authority(),
                                  url.target))
             .second) {
      return Fault(node.Mark(),
                   absl::StrCat("http_poll of ", poll.options.format, " from the same url twice"));
    }
  }
  places.polls += agency.polls.size();
  if (places.polls > kConfigListMax) {
    return Fault(node.Mark(), absl::StrCat("more than ", kConfigListMax, " http_poll in all"));
  }
  if (agency.http_delivery.has_value()) {
    const transport::PollUrl& url = agency.http_delivery->options.url;
    if (!places.taken.insert(absl::StrCat("to ", url.authority(), url.target)).second) {
      return Fault(node.Mark(), "deliver: the url is another agency's too");
    }
  }
  return CheckOutbox(node, agency, places);
}

absl::Status ConfigReader::CheckOutbox(const YAML::Node& node, const AgencyConfig& agency,
                                       Places& places) const {
  // Folders of agencies that come later are compared when they do.
  const auto inside = [](const std::string& path, const std::string& folder) {
    return absl::StartsWith(path + "/", folder + "/");
  };
  if (agency.outbox.has_value()) {
    const std::string path(absl::StripSuffix(agency.outbox->path, "/"));
    for (const std::string& other : places.folders) {
      const std::string folder(absl::StripSuffix(other, "/"));
      if (inside(path, folder) || inside(folder, path)) {
        return Fault(node.Mark(), absl::StrCat("deliver: ", path,
                                               " lies in a folder that is used already, or has one "
                                               "in it"));
      }
    }
    places.outboxes.insert(path);
    places.folders.insert(path);
  }
  for (const transport::DropFolderOptions& folder : agency.drop_folders) {
    const std::string path(absl::StripSuffix(folder.path, "/"));
    for (const std::string& outbox : places.outboxes) {
      if (inside(path, outbox) || inside(outbox, path)) {
        return Fault(node.Mark(), absl::StrCat("drop_folder ", path,
                                               " lies in a folder that deliveries are written to"));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ConfigReader::DropFolders(const YAML::Node& node, AgencyConfig& agency) const {
  if (node.IsSequence() && node.size() <= kConfigListMax) {
    for (const YAML::Node& element : node) AQ_RETURN_IF_ERROR(DropFolders(element, agency));
    return absl::OkStatus();
  }
  AQ_ASSIGN_OR_RETURN(const Map keys, Keys(node, "drop_folder", {"path", "format"}, {"poll"}));
  transport::DropFolderOptions options{.agency = agency.options.id, .path = "", .format = ""};
  AQ_ASSIGN_OR_RETURN(options.path, Text(keys.at("path"), "path"));
  options.path = Complete(options.path);
  std::error_code error;
  if (!fs::is_directory(fs::path(options.path + "/").parent_path().parent_path(), error)) {
    return Fault(keys.at("path").Mark(),
                 absl::StrCat("path: there is no directory to make ", options.path, " in"));
  }
  AQ_ASSIGN_OR_RETURN(options.format, Format(keys.at("format"), agency));
  if (const auto it = keys.find("poll"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::int64_t seconds, Number(it->second, "poll", 1, 3600));
    options.poll = absl::Seconds(seconds);
  }
  agency.drop_folders.push_back(std::move(options));
  return absl::OkStatus();
}

}  // namespace anqiao::server
