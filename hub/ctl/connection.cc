#include "hub/ctl/connection.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <yaml-cpp/yaml.h>

#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/failure.h"

namespace anqiao::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kCredentialBytesMax = 1 << 20;
constexpr int kMessageBytesMax = 64 << 20;
// Metadata of insecure loopback listeners, instead of a certificate.
constexpr char kPrincipalKey[] = "x-anqiao-principal";

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) {
    return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot read ", path));
  }
  if (size > kCredentialBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " must have at most ", kCredentialBytesMax, " bytes, has ", size));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file) return absl::PermissionDeniedError(absl::StrCat("cannot read ", path));
  return content.str();
}

// The YAML mapping in "path".
absl::StatusOr<YAML::Node> ReadMapping(const std::string& path) {
  AQ_ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(path));
  try {
    YAML::Node node = YAML::Load(text);
    if (!node.IsMap()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": must be a mapping of keys to values"));
    }
    return node;
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ":", error.mark.line + 1, ":", error.mark.column + 1, ": ", error.msg));
  }
}

std::string Resolved(const std::string& profile, const std::string& path) {
  if (path.empty() || fs::path(path).is_absolute()) return path;
  return (fs::path(profile).parent_path() / path).string();
}

// False: there is no such key. Throws YAML::Exception if the value is of the wrong kind.
bool SetProfileKey(const std::string& profile, const std::string& key, const YAML::Node& value,
                   ConnectionOptions& options) {
  const std::pair<const char*, std::string*> texts[] = {
      {"hub", &options.hub},       {"agency_listener", &options.agency_listener},
      {"as", &options.as},         {"agency", &options.agency},
      {"as_uri", &options.as_uri}, {"output", &options.output}};
  for (const auto& [name, target] : texts) {
    if (key != name) continue;
    *target = value.as<std::string>();
    return true;
  }
  const std::pair<const char*, std::string*> paths[] = {
      {"certs", &options.certs},
      {"ca", &options.ca},
      {"cert", &options.cert},
      {"key", &options.key},
      {"listeners_file", &options.listeners_file}};
  for (const auto& [name, target] : paths) {
    if (key != name) continue;
    *target = Resolved(profile, value.as<std::string>());
    return true;
  }
  if (key == "insecure") {
    options.insecure = value.as<bool>();
  } else if (key == "timeout") {
    options.timeout_seconds = value.as<double>();
  } else {
    return false;
  }
  return true;
}

bool IsLoopback(absl::string_view address) {
  return absl::StartsWith(address, "127.") || absl::StartsWith(address, "localhost:") ||
         absl::StartsWith(address, "[::1]:");
}

struct TlsFiles {
  std::string ca, cert, key;
};

absl::StatusOr<TlsFiles> TlsFilesOf(const ConnectionOptions& options, Listener listener) {
  TlsFiles files = {options.ca, options.cert, options.key};
  if (files.cert.empty() != files.key.empty()) {
    return UsageError("--cert and --key go together");
  }
  const bool hub = listener == Listener::kHub;
  const std::string& name = hub ? options.as : options.agency;
  if (files.cert.empty()) {
    if (options.certs.empty() || name.empty()) {
      return UsageError(absl::StrCat("say who you are: --certs DIR with ",
                                     hub ? "--as NAME (a user)" : "--agency ID",
                                     ", or --ca, --cert and --key, or --insecure with --as-uri"));
    }
    const fs::path stem = fs::path(options.certs) / (hub ? "users" : "agencies") / name;
    files.cert = stem.string() + ".crt";
    files.key = stem.string() + ".key";
  }
  if (files.ca.empty()) {
    if (options.certs.empty()) return UsageError("--cert and --key need --ca or --certs as well");
    files.ca = (fs::path(options.certs) / "ca.crt").string();
  }
  return files;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(
    const ConnectionOptions& options, Listener listener) {
  AQ_ASSIGN_OR_RETURN(const TlsFiles files, TlsFilesOf(options, listener));
  grpc::SslCredentialsOptions ssl;
  AQ_ASSIGN_OR_RETURN(ssl.pem_root_certs, ReadSmallFile(files.ca));
  AQ_ASSIGN_OR_RETURN(ssl.pem_cert_chain, ReadSmallFile(files.cert));
  AQ_ASSIGN_OR_RETURN(ssl.pem_private_key, ReadSmallFile(files.key));
  return grpc::SslCredentials(ssl);
}

}  // namespace

absl::StatusOr<ConnectionOptions> ReadProfile(const std::string& path) {
  AQ_ASSIGN_OR_RETURN(const YAML::Node profile, ReadMapping(path));
  ConnectionOptions options;
  for (const auto& pair : profile) {
    const YAML::Mark mark = pair.first.Mark();
    const std::string place = absl::StrCat(path, ":", mark.line + 1, ":", mark.column + 1);
    try {
      const auto key = pair.first.as<std::string>();
      if (!SetProfileKey(path, key, pair.second, options)) {
        return absl::InvalidArgumentError(
            absl::StrCat(place, ": '", key, "' is not a profile key"));
      }
    } catch (const YAML::Exception& error) {
      return absl::InvalidArgumentError(absl::StrCat(place, ": ", error.msg));
    }
  }
  return options;
}

ConnectionOptions WithProfile(ConnectionOptions options, const ConnectionOptions& profile) {
  const auto complete = [](std::string& value, const std::string& other) {
    if (value.empty()) value = other;
  };
  const bool listeners_given = !options.listeners_file.empty();
  if (!listeners_given) {
    complete(options.hub, profile.hub);
    complete(options.agency_listener, profile.agency_listener);
  }
  complete(options.listeners_file, profile.listeners_file);
  complete(options.certs, profile.certs);
  complete(options.as, profile.as);
  complete(options.agency, profile.agency);
  // The three belong together: a certificate given here never meets a key from the profile.
  if (options.cert.empty() && options.key.empty()) {
    options.cert = profile.cert;
    options.key = profile.key;
  }
  complete(options.ca, profile.ca);
  complete(options.as_uri, profile.as_uri);
  complete(options.output, profile.output);
  options.insecure = options.insecure || profile.insecure;
  if (options.timeout_seconds == 0) options.timeout_seconds = profile.timeout_seconds;
  return options;
}

absl::StatusOr<std::string> AddressOf(const ConnectionOptions& options, Listener listener) {
  const bool hub = listener == Listener::kHub;
  const std::string& given = hub ? options.hub : options.agency_listener;
  if (!given.empty()) return given;
  if (options.listeners_file.empty()) return hub ? kDefaultHub : kDefaultAgencyListener;
  AQ_ASSIGN_OR_RETURN(const YAML::Node file, ReadMapping(options.listeners_file));
  const char* const key = hub ? "hub_listener" : "agency_listener";
  const YAML::Node address = file[key];
  if (!address || !address.IsScalar()) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.listeners_file, ": has no ", key, "; is it what anqiaod wrote?"));
  }
  return address.Scalar();
}

absl::StatusOr<Connection> Connection::Open(const ConnectionOptions& options, Listener listener,
                                            const Clock* clock) {
  AQ_ASSIGN_OR_RETURN(const std::string address, AddressOf(options, listener));
  Connection connection;
  connection.clock_ = clock;
  connection.timeout_asked_for_ = options.timeout_seconds > 0;
  connection.timeout_ =
      connection.timeout_asked_for_ ? absl::Seconds(options.timeout_seconds) : kDefaultTimeout;
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  if (options.insecure) {
    if (options.as_uri.empty()) {
      return UsageError(
          "--insecure needs --as-uri, such as anqiao://users/wang?role=caseworker or "
          "anqiao://agencies/police");
    }
    if (!IsLoopback(address)) {
      return UsageError(
          absl::StrCat("--insecure is for listeners on this machine only, got ", address));
    }
    connection.principal_ = options.as_uri;
    credentials = grpc::InsecureChannelCredentials();
  } else {
    AQ_ASSIGN_OR_RETURN(credentials, CredentialsOf(options, listener));
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  // A proxy of the environment must not see records.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  connection.channel_ = grpc::CreateCustomChannel(address, credentials, arguments);
  return connection;
}

std::unique_ptr<grpc::ClientContext> Connection::NewStream() const {
  auto context = std::make_unique<grpc::ClientContext>();
  if (!principal_.empty()) context->AddMetadata(kPrincipalKey, principal_);
  if (timeout_asked_for_) context->set_deadline(absl::ToChronoTime(clock_->Now() + timeout_));
  return context;
}

std::unique_ptr<grpc::ClientContext> Connection::NewCall() const {
  auto context = NewStream();
  context->set_deadline(absl::ToChronoTime(clock_->Now() + timeout_));
  return context;
}

}  // namespace anqiao::ctl
