// How fast records come in, against a ceiling measured in the same run (tests/bench/README.md).
//
//   ingest_bench [--rounds 5] [--payloads 50] [--rows 1000] [--rate 500] [--seconds 4]
//   [--in_process 1] ingest_bench --keeping 1 [--rounds 5] [--payloads 50] [--rows 1000]
//   ingest_bench --watch 1 [--known_percent 5] [--rounds 5] [--payloads 50] [--rows 1000]
//
// Runs the raw server (this binary) and the hub (anqiaod beside it) as processes of their own and
// loads them in turn, round by round. With --keeping it loads hubs with and without encryption,
// keyed hashes and Merkle logs instead, to tell what each costs; with --watch a hub with and one
// without the entitlement watch, until both have done all their work.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/bench/bench_client.h"
#include "tests/bench/bench_payloads.h"
#include "tests/bench/raw_server.h"

extern char** environ;

namespace anqiao::bench {
namespace {

namespace fs = std::filesystem;

// The servers that run; ended however the program ends.
std::vector<pid_t>& Running() {
  static auto* const pids = new std::vector<pid_t>;
  return *pids;
}

void EndServers() {
  for (const pid_t pid : Running()) kill(pid, SIGTERM);
  for (const pid_t pid : Running()) waitpid(pid, nullptr, 0);
  Running().clear();
}

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "ingest_bench: %s\n", what.c_str());
  EndServers();
  std::exit(1);
}

pid_t Spawn(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t pid = 0;
  const int failed = posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) Die(absl::StrCat("cannot start ", command[0]));
  return pid;
}

void Run(const std::vector<std::string>& command, const std::string& log) {
  int status = 0;
  waitpid(Spawn(command, log), &status, 0);
  if (status != 0) Die(absl::StrCat(absl::StrJoin(command, " "), " failed; see ", log));
}

// A server that is up, and where it listens.
class Server {
 public:
  Server(const std::vector<std::string>& command, const std::string& log,
         std::string listeners_file)
      : pid_(Spawn(command, log)) {
    Running().push_back(pid_);
    for (int i = 0; i < 600; ++i) {
      std::ifstream in(listeners_file);
      for (std::string line; std::getline(in, line);) {
        if (const std::size_t colon = line.find(": "); colon != std::string::npos) {
          std::string address = line.substr(colon + 2);
          std::erase(address, '"');
          listeners_[line.substr(0, colon)] = address;
        }
      }
      if (!listeners_.empty()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    Die(absl::StrCat(command[0], " did not come up; see ", log));
  }
  pid_t pid() const { return pid_; }
  std::string Address(const std::string& listener) const { return listeners_.at(listener); }

 private:
  pid_t pid_;
  std::map<std::string, std::string> listeners_;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string Machine() {
  std::ifstream in("/proc/cpuinfo");
  std::string model = "unknown processor";
  for (std::string line; std::getline(in, line);) {
    if (absl::StartsWith(line, "model name")) {
      model = line.substr(line.find(':') + 2);
      break;
    }
  }
  return absl::StrCat(std::thread::hardware_concurrency(), " x ", model);
}

struct Series {
  std::vector<double> rate, p50, p99, cpu_server, cpu_client;
  // Right after the bulk, while what it wrote is being put in order on disk.
  std::vector<double> p99_after_bulk;
};

struct Settings {
  int rounds = 5, payloads = 50, rows = 1000, rate = 500, seconds = 4, keeping = 0, in_process = 0;
  int watch = 0, known_percent = 5;
};

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) Die(std::string(value.status().message()));
  return *std::move(value);
}

// What is loaded: one of the two servers.
struct Target {
  Endpoint endpoint;
  pid_t pid;
  std::function<absl::Status()> settle;  // may be null
  Series series;
};

LatencyFigures Latency(const Settings& settings, int round, std::uint64_t part,
                       const Target& target) {
  const std::uint64_t first = static_cast<std::uint64_t>(round) * 10'000'000 + part * 1'000'000;
  return OrDie(MeasureLatency(target.endpoint, settings.rate, settings.seconds, first, round));
}

void QuietRound(const Settings& settings, int round, Target& target) {
  const LatencyFigures figures = Latency(settings, round, 8, target);
  target.series.p50.push_back(figures.p50_us);
  target.series.p99.push_back(figures.p99_us);
}

void ThroughputRound(const Settings& settings, int round, Target& target) {
  const ProcessFigures before = FiguresOf(target.pid);
  const double own_before = OwnCpuSeconds();
  const ThroughputFigures t = OrDie(
      MeasureThroughput(target.endpoint, settings.payloads, settings.rows,
                        static_cast<std::uint64_t>(round) * 10'000'000, round, target.settle));
  const double per_100k = 100'000.0 / static_cast<double>(t.records);
  Series& series = target.series;
  series.cpu_server.push_back((FiguresOf(target.pid).cpu_seconds - before.cpu_seconds) * per_100k);
  series.cpu_client.push_back((OwnCpuSeconds() - own_before) * per_100k);
  series.rate.push_back(static_cast<double>(t.records) / t.seconds);
}

void BulkRound(const Settings& settings, int round, Target& target) {
  ThroughputRound(settings, round, target);
  target.series.p99_after_bulk.push_back(Latency(settings, round, 9, target).p99_us);
}

// Of the policies that the employment agency gives and the watch proposes.
constexpr char kEmploymentServices[] =
    "unemployment-registration, difficulty-recognition, employment-assistance, "
    "public-welfare-post, "
    "training-subsidy, startup-loan, first-business-subsidy, insurance-subsidy-flexible, "
    "insurance-subsidy-employer";

// "name" tells hubs apart; "keys" and "more" are further settings of theirs.
void WriteConfig(const fs::path& directory, const fs::path& build, const fs::path& source,
                 const std::string& name, const std::string& keys, bool in_process = false,
                 const std::string& more = "") {
  std::ofstream out(directory / (name + ".yaml"));
  out << "data_directory: data_" << name << "\n"
      << "keys: {ring: ring_" << name << ", master_key: master.key" << keys << "}\n"
      << "catalogue_directory: " << (source / "hub/policies").string() << "\n"
      << "clock_start: \"2026-06-30T09:00:00+08:00\"\n";
  for (const char* listener : {"agency_listener", "hub_listener"}) {
    out << listener
        << ": {address: \"127.0.0.1:0\", certificate: certs/servers/bench.crt, key: "
           "certs/servers/bench.key, client_ca: certs/ca.crt}\n";
  }
  out << "agencies:\n  - id: police\n    display_name: bench\n    kind: police\n    adapter: "
         "{library: "
      << (build / "plugins/libanqiao_police.so").string()
      << (in_process ? ", isolation: in_process" : "")
      << "}\n    formats: [tests]\n    services: []\n"
      << more;
}

void MakeMasterKey(const fs::path& path) {
  std::ofstream(path) << std::string(64, 'a') << "\n";
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

// What it costs to keep everything as it is kept, part by part.
int Keeping(const Settings& settings, const fs::path& directory, const fs::path& build,
            const fs::path& source, const std::string& log, const Endpoint& agency,
            const Endpoint& user) {
  struct Variant {
    const char *name, *title, *keys;
  };
  static constexpr Variant kVariants[] = {
      {"all", "everything on", ""},
      {"open", "encryption off", ", cipher_suite: none"},
      {"shown", "keyed hashes off", ", hide_keys: off"},
      {"unlogged", "Merkle logs off", ", keep_logs: off"},
      {"bare", "all three off", ", cipher_suite: none, hide_keys: off, keep_logs: off"}};
  std::vector<std::unique_ptr<Server>> hubs;
  std::vector<Target> targets;
  for (const Variant& variant : kVariants) {
    const std::string name = variant.name;
    WriteConfig(directory, build, source, name, variant.keys);
    const std::string listeners = (directory / (name + ".listeners")).string();
    hubs.push_back(std::make_unique<Server>(
        std::vector<std::string>{(build / "bin/anqiaod").string(), "--config",
                                 (directory / (name + ".yaml")).string(), "--listeners-file",
                                 listeners},
        log, listeners));
    Endpoint to = agency, as = user;
    to.address = hubs.back()->Address("agency_listener");
    as.address = hubs.back()->Address("hub_listener");
    targets.push_back({to, hubs.back()->pid(), [as] { return WaitProjected(as); }, {}});
  }
  std::printf("machine: %s; mTLS; %d interleaved rounds: %d payloads x %d records\n",
              Machine().c_str(), settings.rounds, settings.payloads, settings.rows);
  for (int round = 0; round < settings.rounds; ++round) {
    std::printf("round %d:", round + 1);
    for (std::size_t i = 0; i < targets.size(); ++i) {
      ThroughputRound(settings, round, targets[i]);
      std::printf(" %s %.0f/s", kVariants[i].name, targets[i].series.rate.back());
    }
    std::printf("\n");
    std::fflush(stdout);
  }
  std::printf("\n%-20s %12s %14s %24s\n", "median of the rounds", "records/s", "share of bare",
              "CPU s per 100,000 records");
  const double bare = Median(targets.back().series.rate);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double rate = Median(targets[i].series.rate);
    std::printf("%-20s %12.0f %14.2f %24.2f\n", kVariants[i].title, rate, rate / bare,
                Median(targets[i].series.cpu_server));
  }
  // Of neighbours in time, so that a machine that drifts does not count.
  std::vector<double> paired;
  for (std::size_t i = 0; i < targets[0].series.rate.size(); ++i) {
    paired.push_back(targets[0].series.rate[i] / targets.back().series.rate[i]);
  }
  std::printf("everything on, of all three off, median of the rounds' ratios: %.2f\n",
              Median(paired));
  return 0;
}

// What the entitlement watch costs: of the people whom the police test, "known_percent" per cent
// are registered as unemployed before, so that the watch has something to look at, to
// note and to propose.
int Watching(const Settings& settings, const fs::path& directory, const fs::path& build,
             const fs::path& source, const std::string& log, const Endpoint& police,
             const Endpoint& employment, const Endpoint& user) {
  std::vector<std::unique_ptr<Server>> hubs;
  std::vector<Target> targets;
  std::vector<Endpoint> employments;
  for (const std::string name : {"off", "on"}) {
    WriteConfig(directory, build, source, name, "", false,
                absl::StrCat("  - id: employment\n    display_name: bench\n    kind: employment\n"
                             "    adapter: {library: ",
                             (build / "plugins/libanqiao_employment.so").string(),
                             "}\n    formats: [unemployment]\n    services: [", kEmploymentServices,
                             "]\nentitlement_watch: ", name, "\n"));
    const std::string listeners = (directory / (name + ".listeners")).string();
    hubs.push_back(std::make_unique<Server>(
        std::vector<std::string>{(build / "bin/anqiaod").string(), "--config",
                                 (directory / (name + ".yaml")).string(), "--listeners-file",
                                 listeners},
        log, listeners));
    Endpoint to = police, as = user;
    to.address = hubs.back()->Address("agency_listener");
    as.address = hubs.back()->Address("hub_listener");
    employments.push_back(employment);
    employments.back().address = to.address;
    const bool on = name == "on";
    targets.push_back({to,
                       hubs.back()->pid(),
                       [as, on] { return on ? WaitWatched(as) : WaitProjected(as); },
                       {}});
  }
  std::printf("machine: %s; mTLS; %d interleaved rounds: %d payloads x %d records, %d %% known\n",
              Machine().c_str(), settings.rounds, settings.payloads, settings.rows,
              settings.known_percent);
  // A roster of all rounds' people.
  std::string known;
  for (int round = 0; round < settings.rounds; ++round) {
    known += UnemploymentRows(static_cast<std::uint64_t>(round) * 10'000'000,
                              settings.payloads * settings.rows,
                              std::max(1, 100 / settings.known_percent));
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    absl::Status done = SubmitOne(employments[i], "unemployment", UnemploymentPayload(known));
    if (done.ok()) done = targets[i].settle();
    if (!done.ok()) Die(std::string(done.message()));
  }
  std::vector<double> ratios;
  for (int round = 0; round < settings.rounds; ++round) {
    // Each is first as often as the other.
    for (std::size_t i = 0; i < targets.size(); ++i) {
      ThroughputRound(settings, round, targets[(i + static_cast<std::size_t>(round)) % 2]);
    }
    const double off = targets[0].series.rate.back(), on = targets[1].series.rate.back();
    ratios.push_back(off / on);
    std::printf("round %d: off %.0f/s, on %.0f/s, time on/off %.3f\n", round + 1, off, on,
                ratios.back());
    std::fflush(stdout);
  }
  std::printf("\nmedians: off %.0f/s, on %.0f/s; CPU s per 100,000 records off %.2f, on %.2f\n",
              Median(targets[0].series.rate), Median(targets[1].series.rate),
              Median(targets[0].series.cpu_server), Median(targets[1].series.cpu_server));
  std::printf("time with the watch, until it has caught up, of that without: %.3f\n",
              Median(ratios));
  return 0;
}

int Main(const Settings& settings, const fs::path& binary) {
  const fs::path build = binary.parent_path().parent_path().parent_path();
  const fs::path source = build.parent_path().parent_path();
  std::string pattern = (fs::temp_directory_path() / "anqiao_bench_XXXXXX").string();
  const fs::path directory = mkdtemp(pattern.data());
  const std::string log = (directory / "log").string();
  const std::string ctl = (build / "bin/anqiaoctl").string(),
                    certs = (directory / "certs").string();
  Run({ctl, "certs", "init", certs}, log);
  Run({ctl, "certs", "issue", "--dir", certs, "server", "bench", "--host", "127.0.0.1"}, log);
  Run({ctl, "certs", "issue", "--dir", certs, "agency", "police"}, log);
  Run({ctl, "certs", "issue", "--dir", certs, "user", "bench", "--role", "operator"}, log);
  MakeMasterKey(directory / "master.key");
  if (settings.watch != 0) {
    Run({ctl, "certs", "issue", "--dir", certs, "agency", "employment"}, log);
    const auto of = [&](const std::string& who) {
      return Endpoint{"", certs + "/ca.crt", certs + "/" + who + ".crt",
                      certs + "/" + who + ".key"};
    };
    const int code = Watching(settings, directory, build, source, log, of("agencies/police"),
                              of("agencies/employment"), of("users/bench"));
    EndServers();
    std::error_code ignored;
    fs::remove_all(directory, ignored);
    return code;
  }
  if (settings.keeping != 0) {
    const Endpoint to{"", certs + "/ca.crt", certs + "/agencies/police.crt",
                      certs + "/agencies/police.key"};
    const Endpoint as{"", certs + "/ca.crt", certs + "/users/bench.crt",
                      certs + "/users/bench.key"};
    const int code = Keeping(settings, directory, build, source, log, to, as);
    EndServers();
    std::error_code ignored;
    fs::remove_all(directory, ignored);
    return code;
  }
  WriteConfig(directory, build, source, "hub", "", settings.in_process != 0);

  const Server raw({binary.string(), "--raw-server", (directory / "raw").string()}, log,
                   (directory / "raw.listeners").string());
  const Server hub({(build / "bin/anqiaod").string(), "--config", (directory / "hub.yaml").string(),
                    "--listeners-file", (directory / "hub.listeners").string()},
                   log, (directory / "hub.listeners").string());
  const Endpoint agency{raw.Address("agency_listener"), certs + "/ca.crt",
                        certs + "/agencies/police.crt", certs + "/agencies/police.key"};
  Endpoint agency_hub = agency;
  agency_hub.address = hub.Address("agency_listener");
  const Endpoint user{hub.Address("hub_listener"), agency.ca, certs + "/users/bench.crt",
                      certs + "/users/bench.key"};
  Target of_raw{agency, raw.pid(), nullptr, {}};
  Target of_hub{agency_hub, hub.pid(), [&] { return WaitProjected(user); }, {}};

  std::printf(
      "machine: %s; mTLS; %d rounds: %d single records/s for %d s; then %d rounds: %d payloads x "
      "%d records\n",
      Machine().c_str(), settings.rounds, settings.rate, settings.seconds, settings.rounds,
      settings.payloads, settings.rows);
  for (int round = 0; round < settings.rounds; ++round) {
    QuietRound(settings, round, of_raw);
    QuietRound(settings, round, of_hub);
    std::printf("single records, round %d: p99 raw %.0f us, hub %.0f us\n", round + 1,
                of_raw.series.p99.back(), of_hub.series.p99.back());
    std::fflush(stdout);
  }
  for (int round = 0; round < settings.rounds; ++round) {
    BulkRound(settings, round, of_raw);
    BulkRound(settings, round, of_hub);
    std::printf(
        "bulk, round %d: raw %.0f/s, hub %.0f/s; p99 right after: raw %.0f us, hub %.0f us\n",
        round + 1, of_raw.series.rate.back(), of_hub.series.rate.back(),
        of_raw.series.p99_after_bulk.back(), of_hub.series.p99_after_bulk.back());
    std::fflush(stdout);
  }
  const ProcessFigures memory_raw = FiguresOf(raw.pid()), memory_hub = FiguresOf(hub.pid());
  std::printf("\n%-44s %12s %12s %8s\n", "median of the rounds", "raw ceiling", "hub", "hub/raw");
  const auto row = [](const char* what, double a, double b) {
    std::printf("%-44s %12.1f %12.1f %8.2f\n", what, a, b, b / a);
  };
  const auto medians = [&row](const char* what, const std::vector<double>& a,
                              const std::vector<double>& b) { row(what, Median(a), Median(b)); };
  const Series &a = of_raw.series, &b = of_hub.series;
  medians("records/s (hub: until projected)", a.rate, b.rate);
  medians("single record, p50, us", a.p50, b.p50);
  medians("single record, p99, us", a.p99, b.p99);
  medians("single record right after a bulk, p99, us", a.p99_after_bulk, b.p99_after_bulk);
  medians("server CPU seconds per 100,000 records", a.cpu_server, b.cpu_server);
  medians("client CPU seconds per 100,000 records", a.cpu_client, b.cpu_client);
  row("resident memory at the end, MiB", static_cast<double>(memory_raw.resident_kib) / 1024,
      static_cast<double>(memory_hub.resident_kib) / 1024);
  row("resident memory, peak, MiB", static_cast<double>(memory_raw.resident_peak_kib) / 1024,
      static_cast<double>(memory_hub.resident_peak_kib) / 1024);
  EndServers();
  std::error_code ignored;
  fs::remove_all(directory, ignored);
  return 0;
}

}  // namespace
}  // namespace anqiao::bench

int main(int argc, char** argv) {
  using anqiao::bench::Settings;
  if (argc == 3 && std::string(argv[1]) == "--raw-server") {
    const std::string directory = argv[2],
                      parent = std::filesystem::path(directory).parent_path().string();
    return anqiao::bench::RunRawServer({.directory = directory,
                                        .listeners_file = directory + ".listeners",
                                        .ca = parent + "/certs/ca.crt",
                                        .certificate = parent + "/certs/servers/bench.crt",
                                        .key = parent + "/certs/servers/bench.key"});
  }
  Settings settings;
  const std::map<std::string, int*> known = {{"--rounds", &settings.rounds},
                                             {"--payloads", &settings.payloads},
                                             {"--rows", &settings.rows},
                                             {"--in_process", &settings.in_process},
                                             {"--rate", &settings.rate},
                                             {"--seconds", &settings.seconds},
                                             {"--keeping", &settings.keeping},
                                             {"--watch", &settings.watch},
                                             {"--known_percent", &settings.known_percent}};
  for (int i = 1; i < argc; i += 2) {
    const auto option = known.find(argv[i]);
    if (option == known.end() || i + 1 >= argc || !absl::SimpleAtoi(argv[i + 1], option->second) ||
        *option->second < 1) {
      std::fprintf(stderr,
                   "usage: %s [--rounds N] [--payloads N] [--rows N] [--rate N] [--seconds N] "
                   "[--keeping 1] [--watch 1] [--known_percent N]\n",
                   argv[0]);
      return 2;
    }
  }
  return anqiao::bench::Main(settings, std::filesystem::canonical("/proc/self/exe"));
}
