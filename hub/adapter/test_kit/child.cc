#include "hub/adapter/test_kit/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::test_kit {

// Lies in memory that both processes see, so that it outlives a crash. Foreign code runs beside it:
// what is read from it after the child's end is bounded again.
struct SharedState {
  aq_cursor cursor;
  std::atomic<std::int64_t> call_started;  // nanoseconds; 0: not in a call
  std::atomic<std::int64_t> call_started_cpu;
  std::atomic<std::uint64_t> calls;
  std::atomic<bool> returned;
  std::atomic<bool> faulted;
  std::uintptr_t fault_address;
  std::uintptr_t guard;
  std::size_t guarded_bytes;
  char guarded[64];
  char input_name[256];
  char format[128];
  std::atomic<std::size_t> input_bytes;
  char input[kInputBytesMax];
};

namespace {

constexpr std::size_t kGuardBytes = std::size_t{1} << 20;
constexpr std::size_t kOutputShown = 300;
constexpr std::size_t kAlternateStackBytes = 65536;

// The handler has no other way to find it; only ever set in a child.
SharedState* g_shared_of_child = nullptr;

absl::Status SystemError(absl::string_view what) {
  return Error(absl::StatusCode::kInternal, reason::kInternal,
               absl::StrCat(what, ": ", std::strerror(errno)));
}

// A call that waits for nothing may be starved by others: it may last this many times as long as it
// may compute.
constexpr int kWaitingFactor = 6;

std::int64_t NanosecondsOf(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

template <std::size_t kSize>
void CopyText(absl::string_view text, char (&out)[kSize]) {
  const std::size_t length = std::min(text.size(), kSize - 1);
  std::memcpy(out, text.data(), length);
  out[length] = '\0';
}

template <std::size_t kSize>
std::string TextIn(const char (&text)[kSize]) {
  return std::string(text, strnlen(text, kSize));
}

void OnFault(int signal, siginfo_t* info, void*) {
  g_shared_of_child->fault_address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  g_shared_of_child->faulted = true;
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
}

void CatchFaults() {
  stack_t stack = {};
  stack.ss_size = kAlternateStackBytes;
  stack.ss_sp =
      mmap(nullptr, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack.ss_sp != MAP_FAILED) sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = OnFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (const int signal : {SIGSEGV, SIGBUS}) sigaction(signal, &action, nullptr);
}

void Limit(const ChildLimits& limits) {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  if (IsSanitized()) return;
  std::uint64_t pages = 0;
  if (std::FILE* statm = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(statm, "%lu", &pages) != 1) pages = 0;
    std::fclose(statm);
  }
  const rlim_t bytes = pages * static_cast<std::uint64_t>(getpagesize()) + limits.memory_bytes;
  const rlimit memory = {bytes, bytes};
  setrlimit(RLIMIT_AS, &memory);
}

void WriteAll(int file, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

[[noreturn]] void Become(const ChildLimits& limits, SharedState& shared, pid_t parent, int result,
                         int output, const std::function<std::string(Probe&)>& body) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  setpgid(0, 0);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  g_shared_of_child = &shared;
  CatchFaults();
  Limit(limits);
  Probe probe(shared);
  std::string text;
  try {
    text = body(probe);
  } catch (const std::bad_alloc&) {
    static constexpr char kMessage[] = "out of memory\n";
    WriteAll(STDERR_FILENO, kMessage);
    _exit(1);
  } catch (...) {
    static constexpr char kMessage[] = "an exception crossed the C ABI\n";
    WriteAll(STDERR_FILENO, kMessage);
    _exit(1);
  }
  WriteAll(result, absl::string_view(text).substr(0, kResultBytesMax));
  shared.returned = true;
  _exit(0);
}

std::string ReadBack(int file, std::size_t bytes_max) {
  std::string bytes(
      std::min(static_cast<std::size_t>(std::max<off_t>(lseek(file, 0, SEEK_END), 0)), bytes_max),
      '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got =
        pread(file, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

// Why the child must not go on; empty: it may.
std::string TooLong(const ChildLimits& limits, const SharedState& shared, clockid_t cpu,
                    std::int64_t begin) {
  const std::int64_t call = absl::ToInt64Nanoseconds(limits.call);
  const std::int64_t now = NanosecondsOf(CLOCK_MONOTONIC);
  const std::int64_t calls = static_cast<std::int64_t>(shared.calls);
  const std::int64_t started_cpu = shared.call_started_cpu;
  const std::int64_t used = NanosecondsOf(cpu) - started_cpu;
  const std::int64_t started = shared.call_started;
  // Read last: all of it belongs to one call.
  if (started != 0 && calls == static_cast<std::int64_t>(shared.calls)) {
    if (used > call) {
      return absl::StrCat("a call did not end within ", absl::FormatDuration(limits.call),
                          " of processor time");
    }
    if (now - started > call * kWaitingFactor) {
      return absl::StrCat("a call did not end within ",
                          absl::FormatDuration(limits.call * kWaitingFactor));
    }
  }
  if (now - begin <= absl::ToInt64Nanoseconds(limits.total)) return "";
  return absl::StrCat("the check did not end within ", absl::FormatDuration(limits.total));
}

// Waits for the end; kills what takes too long and says so.
std::string Watch(const ChildLimits& limits, const SharedState& shared, pid_t child, int* status) {
  const auto handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  clockid_t cpu = CLOCK_MONOTONIC;
  clock_getcpuclockid(child, &cpu);
  const std::int64_t begin = NanosecondsOf(CLOCK_MONOTONIC);
  std::string killed;
  while (waitpid(child, status, WNOHANG) == 0) {
    pollfd wait = {.fd = handle, .events = POLLIN, .revents = 0};
    poll(&wait, 1, 20);
    if (!killed.empty()) continue;
    killed = TooLong(limits, shared, cpu, begin);
    if (!killed.empty()) kill(child, SIGKILL);
  }
  // What the adapter may have started.
  kill(-child, SIGKILL);
  if (handle >= 0) close(handle);
  return killed;
}

std::string Tail(std::string output) {
  absl::string_view text = absl::StripAsciiWhitespace(output);
  if (text.size() > kOutputShown) text.remove_prefix(text.size() - kOutputShown);
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return absl::ascii_iscntrl(c); }, ' ');
  return line;
}

std::string DescribeEnd(const SharedState& shared, int status, const std::string& killed,
                        const std::string& output) {
  std::string text = killed;
  if (text.empty() && WIFSIGNALED(status)) {
    const char* name = sigabbrev_np(WTERMSIG(status));
    text = absl::StrCat("killed by SIG", name != nullptr ? name : "?");
    const std::uintptr_t address = shared.fault_address;
    if (shared.faulted && shared.guard != 0 && address >= shared.guard &&
        address - shared.guard < kGuardBytes) {
      text =
          absl::StrCat("read beyond the end of ", TextIn(shared.guarded), " (",
                       shared.guarded_bytes, " bytes) by ", address - shared.guard + 1, " bytes");
    } else if (shared.faulted && address < shared.guard &&
               shared.guard - address <= shared.guarded_bytes) {
      text = absl::StrCat("wrote into ", TextIn(shared.guarded), ", which is only lent");
    } else if (shared.faulted) {
      absl::StrAppend(&text, " at address 0x", absl::Hex(address));
    }
  } else if (text.empty()) {
    text = absl::StrCat("ended the process with code ", WEXITSTATUS(status));
  }
  if (shared.call_started != 0) {
    absl::StrAppend(&text, "; the cursor was at row ", shared.cursor.row, ", column ",
                    shared.cursor.column, ", byte ", shared.cursor.byte_offset, " of input ",
                    TextIn(shared.input_name), " (format ", TextIn(shared.format), ", ",
                    shared.input_bytes.load(), " bytes)");
  }
  const std::string tail = Tail(output);
  if (!tail.empty()) absl::StrAppend(&text, "; it wrote: ", tail);
  return text;
}

struct File {
  int descriptor = -1;
  ~File() {
    if (descriptor >= 0) close(descriptor);
  }
};

struct Mapping {
  void* memory = MAP_FAILED;
  ~Mapping() {
    if (memory != MAP_FAILED) munmap(memory, sizeof(SharedState));
  }
};

}  // namespace

void Probe::Begin(absl::string_view input_name, absl::string_view format, absl::string_view input) {
  CopyText(input_name, shared_.input_name);
  CopyText(format, shared_.format);
  const std::size_t kept = std::min(input.size(), kInputBytesMax);
  std::memcpy(shared_.input, input.data(), kept);
  shared_.input_bytes = kept;
  BeginAgain();
}

void Probe::BeginAgain() {
  shared_.cursor = {sizeof(aq_cursor), 0, 0, 0};
  ++shared_.calls;
  shared_.call_started_cpu = NanosecondsOf(CLOCK_PROCESS_CPUTIME_ID);
  shared_.call_started = NanosecondsOf(CLOCK_MONOTONIC);
}

void Probe::End() { shared_.call_started = 0; }

aq_cursor* Probe::cursor() { return &shared_.cursor; }

void Probe::SetGuard(absl::string_view what, const void* guard, std::size_t bytes) {
  CopyText(what, shared_.guarded);
  shared_.guard = reinterpret_cast<std::uintptr_t>(guard);
  shared_.guarded_bytes = bytes;
}

std::uint64_t Probe::calls() const { return shared_.calls; }

absl::StatusOr<ChildEnd> RunChild(const ChildLimits& limits,
                                  const std::function<std::string(Probe&)>& body) {
  Mapping mapping;
  mapping.memory = mmap(nullptr, sizeof(SharedState), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping.memory == MAP_FAILED) return SystemError("no memory for a check");
  auto& shared = *new (mapping.memory) SharedState;
  const File result{memfd_create("result", MFD_CLOEXEC)};
  const File output{memfd_create("output", MFD_CLOEXEC)};
  if (result.descriptor < 0 || output.descriptor < 0) return SystemError("no file for a check");
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return SystemError("no process for a check");
  if (child == 0) {
    Become(limits, shared, parent, result.descriptor, output.descriptor, body);
  }
  int status = 0;
  const std::string killed = Watch(limits, shared, child, &status);
  ChildEnd end;
  if (killed.empty() && WIFEXITED(status) && WEXITSTATUS(status) == 0 && shared.returned) {
    end.result = ReadBack(result.descriptor, kResultBytesMax);
  } else {
    end.failure = DescribeEnd(shared, status, killed, ReadBack(output.descriptor, 1 << 16));
  }
  end.input.assign(shared.input, std::min<std::size_t>(shared.input_bytes, kInputBytesMax));
  end.input_name = TextIn(shared.input_name);
  end.format = TextIn(shared.format);
  end.calls = shared.calls;
  return end;
}

bool IsSanitized() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return true;
#else
  return false;
#endif
#else
  return false;
#endif
}

}  // namespace anqiao::test_kit
