// Reads a configuration file; config.cc has what is common, config_transports.cc the ways in and
// out. Private to this folder.

#ifndef ANQIAO_HUB_SERVER_CONFIG_READER_H_
#define ANQIAO_HUB_SERVER_CONFIG_READER_H_

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/errors.h"
#include "hub/server/config.h"

namespace anqiao::server {

// Of formats, services, folders and polls.
inline constexpr std::size_t kConfigListMax = 64;

// Reads one file; turns every fault into an error with its place.
class ConfigReader {
 public:
  ConfigReader(std::string path, bool insecure)
      : path_(std::move(path)),
        directory_(std::filesystem::path(path_).parent_path()),
        insecure_(insecure) {}

  absl::StatusOr<Config> Read(const YAML::Node& root) const;

  absl::Status Fault(const YAML::Mark& mark, absl::string_view message) const {
    const std::string place = absl::StrCat(path_, ":", mark.line + 1, ":", mark.column + 1);
    return Error(absl::StatusCode::kInvalidArgument, reason::kConfigurationInvalid,
                 absl::StrCat(place, ": ", message))
        .Meta("place", place);
  }

 private:
  using Map = std::map<std::string, YAML::Node>;
  // What agencies must not share: folders, URLs, pairs of them.
  struct Places {
    std::set<std::string> taken, folders, outboxes;
    std::size_t polls = 0;
  };

  // "node" as a mapping of known keys, each at most once, the required ones present.
  absl::StatusOr<Map> Keys(const YAML::Node& node, absl::string_view what,
                           const std::vector<std::string>& required,
                           const std::vector<std::string>& optional) const;
  absl::StatusOr<std::string> Text(const YAML::Node& node, absl::string_view key) const;
  absl::StatusOr<std::int64_t> Number(const YAML::Node& node, absl::string_view key,
                                      std::int64_t least, std::int64_t most) const;
  absl::StatusOr<std::vector<std::string>> Texts(const YAML::Node& node,
                                                 absl::string_view key) const;
  std::string Complete(const std::string& path) const {
    return (directory_ / path).lexically_normal().string();
  }
  absl::StatusOr<std::string> File(const YAML::Node& node, absl::string_view key) const;
  absl::StatusOr<std::string> Directory(const YAML::Node& node, absl::string_view key) const;
  absl::StatusOr<std::string> Address(const YAML::Node& node, absl::string_view key) const;
  absl::StatusOr<ListenerConfig> Listener(const YAML::Node& node, absl::string_view key,
                                          const std::vector<std::string>& more = {}) const;
  absl::Status PushListener(const Map& keys, Config& config) const;
  // Empty if there is none.
  absl::StatusOr<std::string> MetricsAddress(const Map& keys) const;
  absl::StatusOr<AgencyConfig> Agency(const YAML::Node& node) const;
  absl::Status Transports(const Map& keys, AgencyConfig& agency) const;
  // A format that the agency may submit.
  absl::StatusOr<std::string> Format(const YAML::Node& node, const AgencyConfig& agency) const;
  absl::StatusOr<transport::PollUrl> Url(const YAML::Node& node, absl::string_view key) const;
  absl::Status Polls(const YAML::Node& node, AgencyConfig& agency) const;
  // The files of TLS in "keys" of "what".
  absl::Status Tls(const Map& keys, const YAML::Node& node, absl::string_view what,
                   const transport::PollUrl& url, TlsFiles& files) const;
  absl::Status DropFolders(const YAML::Node& node, AgencyConfig& agency) const;
  absl::Status Deliver(const YAML::Node& node, AgencyConfig& agency) const;
  absl::Status DeliverToFolder(const YAML::Node& node, AgencyConfig& agency) const;
  absl::Status DeliverByHttp(const YAML::Node& node, AgencyConfig& agency) const;
  absl::StatusOr<transport::EnvelopeForm> Envelope(const YAML::Node& node) const;
  // That no other agency has a place of this one's.
  absl::Status CheckPlaces(const YAML::Node& node, const AgencyConfig& agency, const Config& config,
                           Places& places) const;
  absl::Status CheckOutbox(const YAML::Node& node, const AgencyConfig& agency,
                           Places& places) const;
  absl::Status Adapter(const YAML::Node& node, AgencyConfig& agency) const;
  absl::StatusOr<KeysConfig> KeysOf(const YAML::Node& node) const;
  absl::StatusOr<bool> Switch(const YAML::Node& node, absl::string_view key) const;
  absl::Status Limits(const Map& keys, engine::AgencyOptions& options) const;

  const std::string path_;
  const std::filesystem::path directory_;
  const bool insecure_;
};

}  // namespace anqiao::server

#endif  // ANQIAO_HUB_SERVER_CONFIG_READER_H_
