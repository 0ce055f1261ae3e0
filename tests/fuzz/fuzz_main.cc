// Runs a fuzz target where there is no libFuzzer, as a plain test in every build:
//
//   TARGET CORPUS_DIRECTORY...                           every input and prefixes of it
//   TARGET --runs 10000 --seed 1 CORPUS_DIRECTORY...     damaged inputs, the same for the same seed
//
// An execution may take ten seconds of processor time, so that a busy machine fails nothing. The
// input that a target crashed or hung on is kept in the file TARGET.failed.

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/adapter/test_kit/mutate.h"

extern "C" {
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// Only where there is a sanitizer.
[[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());
[[gnu::weak]] int __lsan_do_recoverable_leak_check();
}

namespace {

using anqiao::test_kit::Input;

constexpr int kExecutionSecondsMax = 10;
// Looking for leaks stops the world: not after every execution.
constexpr std::uint64_t kRunsPerLeakCheck = 1000;

struct Running {
  std::string file;  // where the input is kept if it fails
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
};

Running& Now() {
  static auto* const running = new Running;
  return *running;
}

void Say(std::string_view text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

// Called in a dying process: nothing is allocated.
void KeepInput() {
  const Running& running = Now();
  if (running.data == nullptr) return;
  const int file = open(running.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = write(file, running.data, running.size);
  close(file);
  Say("the input is in ");
  Say(running.file);
  Say("\n");
}

void OnSignal(int number) {
  Say(number == SIGPROF ? "an execution did not end within its processor time\n"
                        : "killed by a signal\n");
  KeepInput();
  std::signal(number == SIGPROF ? SIGABRT : number, SIG_DFL);
  raise(number == SIGPROF ? SIGABRT : number);
}

void WatchOver() {
  std::signal(SIGPROF, OnSignal);
  std::signal(SIGABRT, OnSignal);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(KeepInput);  // it has handlers of its own
    return;
  }
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(number, OnSignal);
}

void Execute(std::string_view input) {
  // A copy of just this size, so that a read behind its end is noticed.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  Now().data = bytes.data();
  Now().size = bytes.size();
  itimerval limit = {};
  limit.it_value.tv_sec = kExecutionSecondsMax;
  setitimer(ITIMER_PROF, &limit, nullptr);
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  Now().data = nullptr;
}

bool Leaks() {
  const itimerval none = {};
  setitimer(ITIMER_PROF, &none, nullptr);
  return __lsan_do_recoverable_leak_check != nullptr && __lsan_do_recoverable_leak_check() != 0;
}

void ReadCorpus(const std::filesystem::path& directory, std::vector<Input>& inputs) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    Input input;
    input.name = entry.path().string();
    input.payload.assign(std::istreambuf_iterator<char>(in), {});
    inputs.push_back(std::move(input));
  }
  std::sort(inputs.begin(), inputs.end(),
            [](const Input& a, const Input& b) { return a.name < b.name; });
}

void Replay(const std::vector<Input>& inputs) {
  for (const Input& input : inputs) {
    const std::string_view bytes = input.payload;
    // Every prefix too: decoders of outside bytes must survive truncation anywhere.
    for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 64) {
      Execute(bytes.substr(0, size));
    }
    Execute(bytes);
  }
  std::printf("%zu inputs replayed\n", inputs.size());
}

// False: something leaked.
bool RunDamaged(const std::vector<Input>& inputs, std::uint64_t runs, std::uint64_t seed) {
  anqiao::test_kit::Mutator mutator(inputs, seed);
  for (std::uint64_t run = 1; run <= runs; ++run) {
    Execute(mutator.Next().payload);
    if ((run % kRunsPerLeakCheck == 0 || run == runs) && Leaks()) {
      std::fprintf(stderr, "leaked in one of the %llu executions up to %llu with seed %llu\n",
                   static_cast<unsigned long long>(kRunsPerLeakCheck),
                   static_cast<unsigned long long>(run), static_cast<unsigned long long>(seed));
      return false;
    }
  }
  std::printf("%llu damaged inputs executed, seed %llu\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(seed));
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t runs = 0;
  std::uint64_t seed = 1;
  std::vector<Input> inputs;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--runs" && i + 1 < argc) {
      runs = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      if (!std::filesystem::is_directory(word)) break;
      ReadCorpus(word, inputs);
    }
  }
  if (inputs.empty()) {
    std::fprintf(stderr, "usage: %s [--runs N] [--seed N] CORPUS_DIRECTORY...\n", argv[0]);
    return 2;
  }
  Now().file = std::filesystem::path(argv[0]).filename().string() + ".failed";
  WatchOver();
  if (runs == 0) {
    Replay(inputs);
    return Leaks() ? 1 : 0;
  }
  return RunDamaged(inputs, runs, seed) ? 0 : 1;
}
