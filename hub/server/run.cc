#include "hub/server/run.h"

#include <signal.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "hub/adapter/launcher.h"
#include "hub/base/status_macros.h"
#include "hub/base/time_slice.h"
#include "hub/rpc/listener.h"
#include "hub/server/config.h"
#include "hub/server/server.h"

namespace anqiao::server {
namespace {

constexpr char kUsage[] =
    "usage: anqiaod --config FILE [--listeners-file FILE] [--insecure-loopback]\n"
    "\n"
    "  --config FILE          configuration (hub/doc/operating.md)\n"
    "  --listeners-file FILE  write the bound addresses there when ready\n"
    "  --insecure-loopback    no TLS; only on loopback addresses, for development\n"
    "\n"
    "SIGTERM and SIGINT stop the hub: what was taken in is answered first.\n";

struct Flags {
  std::string config;
  std::string listeners_file;
  bool insecure_loopback = false;
  bool help = false;
};

// Nullopt: not understood; said on stderr.
std::optional<Flags> ParseFlags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const absl::string_view arg = argv[i];
    const auto value = [&](absl::string_view name, std::string& out) {
      absl::string_view rest = arg;
      if (!absl::ConsumePrefix(&rest, name)) return false;
      if (absl::ConsumePrefix(&rest, "=")) {
        out = std::string(rest);
        return true;
      }
      if (!rest.empty() || i + 1 >= argc) return false;
      out = argv[++i];
      return true;
    };
    if (arg == "--insecure-loopback") {
      flags.insecure_loopback = true;
    } else if (arg == "--help" || arg == "-h") {
      flags.help = true;
    } else if (!value("--config", flags.config) &&
               !value("--listeners-file", flags.listeners_file)) {
      std::fprintf(stderr, "anqiaod: cannot understand %s\n\n%s", argv[i], kUsage);
      return std::nullopt;
    }
  }
  if (flags.config.empty() && !flags.help) {
    std::fprintf(stderr, "anqiaod: --config is required\n\n%s", kUsage);
    return std::nullopt;
  }
  return flags;
}

absl::Status Run(const Flags& flags, const sigset_t& signals, const ServerOptions& options) {
  AQ_ASSIGN_OR_RETURN(const Config config, LoadConfig(flags.config, flags.insecure_loopback));
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<Server> server, Server::Start(config, options));
  if (!flags.listeners_file.empty()) {
    AQ_RETURN_IF_ERROR(WriteListenersFile(flags.listeners_file, *server));
  }
  std::printf("agency listener: %s\nhub listener: %s\n", server->agency_address().c_str(),
              server->hub_address().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown();
  return absl::OkStatus();
}

}  // namespace

int RunHub(int argc, char** argv, ServerOptions options) {
  const std::optional<Flags> flags = ParseFlags(argc, argv);
  if (!flags.has_value()) return 2;
  if (flags->help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  // First of all: what it forks must have nothing of the hub's.
  std::unique_ptr<adapter::Launcher> launcher;
  if (adapter::Launcher::Supported()) {
    absl::StatusOr<std::unique_ptr<adapter::Launcher>> started = adapter::Launcher::Start();
    if (!started.ok()) {
      std::fprintf(stderr, "anqiaod: %s\n", std::string(started.status().message()).c_str());
      return 1;
    }
    launcher = *std::move(started);
  }
  options.launcher = launcher.get();
  if (options.launched) options.launched();
  // Before any thread starts, so that all have it: what computes beside it must not keep it
  // waiting.
  AskForSlice(kShortSlice);
  // Blocked before any thread starts, so that every thread inherits it.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  rpc::PrepareProcess();
  options.insecure_loopback = flags->insecure_loopback;
  if (const absl::Status status = Run(*flags, signals, options); !status.ok()) {
    std::fprintf(stderr, "anqiaod: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  return 0;
}

}  // namespace anqiao::server
