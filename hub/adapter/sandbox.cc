#include "hub/adapter/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace anqiao::adapter {
namespace {

constexpr int kFilesMax = 64;

// Set before the first foreign code runs, never changed.
std::atomic<std::uint32_t>* forbidden_call = nullptr;

absl::Status Failed(absl::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat("the sandbox cannot be closed: ", what, ": ", std::strerror(errno)));
}

// A file that glibc's malloc asks for in threads, whatever the adapter does.
constexpr char kOvercommit[] = "/proc/sys/vm/overcommit_memory";

void OnForbiddenCall(int, siginfo_t* info, void* context) {
#if defined(__x86_64__)
  auto* machine = &static_cast<ucontext_t*>(context)->uc_mcontext;
  if (info->si_syscall == SYS_openat) {
    const auto* path = reinterpret_cast<const char*>(machine->gregs[REG_RSI]);
    if (path != nullptr && std::strncmp(path, kOvercommit, sizeof kOvercommit) == 0) {
      machine->gregs[REG_RAX] = -ENOENT;
      return;
    }
  }
#endif
  forbidden_call->store(static_cast<std::uint32_t>(info->si_syscall) + 1);
  syscall(SYS_exit_group, kForbiddenExitCode);
}

// --- Limits. ---

absl::Status Limit(decltype(RLIMIT_AS) what, rlim_t value, const char* name) {
  const rlimit limit = {value, value};
  return setrlimit(what, &limit) == 0 ? absl::OkStatus() : Failed(name);
}

absl::Status SetLimits(std::uint64_t memory_bytes_max) {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const std::uint64_t used = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  // No limit on processes: it would count all of the user's, and seccomp allows threads only.
  absl::Status status = Limit(RLIMIT_AS, used + memory_bytes_max, "RLIMIT_AS");
  status.Update(Limit(RLIMIT_CORE, 0, "RLIMIT_CORE"));
  status.Update(Limit(RLIMIT_NOFILE, kFilesMax, "RLIMIT_NOFILE"));
  status.Update(Limit(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE"));
  return status;
}

// --- Landlock, with what is newer than the headers of Debian 12. ---

struct Ruleset {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;
  std::uint64_t scoped = 0;
};

// Rights on files that each version knows.
constexpr std::uint64_t kFileRights[] = {0, 0x1FFF, 0x3FFF, 0x7FFF, 0x7FFF, 0xFFFF};

absl::Status AllowReading(int ruleset, const std::string& path) {
  const int file = open(path.c_str(), O_PATH | O_CLOEXEC);
  if (file < 0) return absl::OkStatus();  // not on every system
  std::error_code error;
  landlock_path_beneath_attr rule = {};
  rule.parent_fd = file;
  rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
  if (std::filesystem::is_directory(path, error)) {
    rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
  }
  const long added = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  close(file);
  return added == 0 ? absl::OkStatus() : Failed(absl::StrCat("landlock rule for ", path));
}

absl::Status CloseFiles(const std::string& library_path) {
  const int version = LandlockVersion();
  if (version == 0) return absl::OkStatus();
  Ruleset wanted;
  wanted.handled_access_fs = kFileRights[version < 5 ? version : 5];
  std::size_t size = 8;
  if (version >= 4) {
    wanted.handled_access_net = 3;  // bind and connect
    size = 16;
  }
  if (version >= 6) {
    wanted.scoped = 3;  // abstract sockets and signals
    size = 24;
  }
  const int ruleset = static_cast<int>(syscall(SYS_landlock_create_ruleset, &wanted, size, 0));
  if (ruleset < 0) return Failed("landlock_create_ruleset");
  std::error_code error;
  const std::filesystem::path folder =
      std::filesystem::canonical(library_path, error).parent_path();
  absl::Status status;
  for (const std::string& path : {folder.string(), std::string("/lib"), std::string("/lib64"),
                                  std::string("/usr/lib"), std::string("/usr/lib64"),
                                  std::string("/usr/local/lib"), std::string("/etc/ld.so.cache")}) {
    if (!path.empty()) status.Update(AllowReading(ruleset, path));
  }
  if (status.ok() && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
    status = Failed("landlock_restrict_self");
  }
  close(ruleset);
  return status;
}

// --- Seccomp. ---

// What an argument of a call must be.
scmp_arg_cmp Equal(unsigned argument, scmp_datum_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp NotEqual(unsigned argument, scmp_datum_t value) {
  return {argument, SCMP_CMP_NE, value, 0};
}
scmp_arg_cmp Masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

class Filter {
 public:
  explicit Filter(std::uint32_t otherwise) : context_(seccomp_init(otherwise)) {}
  ~Filter() { seccomp_release(context_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  void Rule(std::uint32_t action, int call) { Keep(seccomp_rule_add(context_, action, call, 0)); }
  void Rule(std::uint32_t action, int call, scmp_arg_cmp compare) {
    Keep(seccomp_rule_add_array(context_, action, call, 1, &compare));
  }
  void Rule(std::uint32_t action, int call, scmp_arg_cmp first, scmp_arg_cmp second) {
    const scmp_arg_cmp both[] = {first, second};
    Keep(seccomp_rule_add_array(context_, action, call, 2, both));
  }

  absl::Status Load() {
    if (error_ == 0) {
      Keep(seccomp_attr_set(context_, SCMP_FLTATR_CTL_TSYNC, 1));
      Keep(seccomp_attr_set(context_, SCMP_FLTATR_CTL_NNP, 0));  // set before
      // Our own signal handler tells what was called.
      Keep(seccomp_attr_set(context_, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    }
    if (error_ == 0) Keep(seccomp_load(context_));
    if (error_ == 0) return absl::OkStatus();
    errno = -error_;
    return Failed("seccomp");
  }

 private:
  void Keep(int result) {
    if (error_ == 0 && result < 0) error_ = result;
  }
  scmp_filter_ctx context_;
  int error_ = 0;
};

// What decoding needs: memory, threads, the sockets and pipes that are open, time for locks.
constexpr int kAllowed[] = {SCMP_SYS(read),
                            SCMP_SYS(readv),
                            SCMP_SYS(write),
                            SCMP_SYS(writev),
                            SCMP_SYS(recvmsg),
                            SCMP_SYS(recvfrom),
                            SCMP_SYS(sendmsg),
                            SCMP_SYS(sendto),
                            SCMP_SYS(close),
                            SCMP_SYS(close_range),
                            SCMP_SYS(lseek),
                            SCMP_SYS(poll),
                            SCMP_SYS(ppoll),
                            SCMP_SYS(mmap),
                            SCMP_SYS(mprotect),
                            SCMP_SYS(munmap),
                            SCMP_SYS(mremap),
                            SCMP_SYS(madvise),
                            SCMP_SYS(brk),
                            SCMP_SYS(mincore),
                            SCMP_SYS(membarrier),
                            SCMP_SYS(futex),
                            SCMP_SYS(set_robust_list),
                            SCMP_SYS(get_robust_list),
                            SCMP_SYS(rseq),
                            SCMP_SYS(set_tid_address),
                            SCMP_SYS(exit),
                            SCMP_SYS(exit_group),
                            SCMP_SYS(restart_syscall),
                            SCMP_SYS(sigaltstack),
                            SCMP_SYS(rt_sigprocmask),
                            SCMP_SYS(rt_sigreturn),
                            SCMP_SYS(rt_sigpending),
                            SCMP_SYS(clock_gettime),
                            SCMP_SYS(clock_getres),
                            SCMP_SYS(clock_nanosleep),
                            SCMP_SYS(nanosleep),
                            SCMP_SYS(gettimeofday),
                            SCMP_SYS(time),
                            SCMP_SYS(times),
                            SCMP_SYS(getrusage),
                            SCMP_SYS(sched_yield),
                            SCMP_SYS(sched_getaffinity),
                            SCMP_SYS(getcpu),
                            SCMP_SYS(getpid),
                            SCMP_SYS(gettid),
                            SCMP_SYS(getppid),
                            SCMP_SYS(getuid),
                            SCMP_SYS(geteuid),
                            SCMP_SYS(getgid),
                            SCMP_SYS(getegid),
                            SCMP_SYS(getrandom),
                            SCMP_SYS(uname),
                            SCMP_SYS(sysinfo),
                            SCMP_SYS(arch_prctl),
                            SCMP_SYS(getrlimit),
                            SCMP_SYS(fstat),
                            SCMP_SYS(newfstatat),
                            SCMP_SYS(open),
                            SCMP_SYS(openat),
                            SCMP_SYS(access),
                            SCMP_SYS(readlink),
                            SCMP_SYS(readlinkat),
                            SCMP_SYS(stat),
                            SCMP_SYS(lstat),
                            SCMP_SYS(getdents64),
                            SCMP_SYS(pread64),
                            SCMP_SYS(getcwd),
                            SCMP_SYS(statfs),
                            SCMP_SYS(fstatfs),
                            SCMP_SYS(seccomp)};

absl::Status CloseCalls() {
  Filter filter(SCMP_ACT_TRAP);
  for (const int call : kAllowed) filter.Rule(SCMP_ACT_ALLOW, call);
  // Threads, not processes; glibc falls back from clone3, whose arguments cannot be looked at.
  constexpr scmp_datum_t kThread = CLONE_VM | CLONE_THREAD;
  filter.Rule(SCMP_ACT_ALLOW, SCMP_SYS(clone), Masked(0, kThread, kThread));
  filter.Rule(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  // What a library asks without harm.
  filter.Rule(SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl));
  filter.Rule(SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl));
  filter.Rule(SCMP_ACT_ERRNO(EPERM), SCMP_SYS(sched_setaffinity));
  filter.Rule(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), Equal(2, 0));
  for (const int command : {F_GETFD, F_GETFL, F_SETFD}) {
    filter.Rule(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), Equal(1, static_cast<scmp_datum_t>(command)));
  }
  // The handler above stays.
  filter.Rule(SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), NotEqual(0, SIGSYS));
  filter.Rule(SCMP_ACT_ERRNO(EPERM), SCMP_SYS(rt_sigaction), Equal(0, SIGSYS));
  // abort() and raise(), but no signal that would look like an operator's.
  const auto self = static_cast<scmp_datum_t>(getpid());
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGUSR1, SIGUSR2,
                           SIGHUP, SIGALRM, SIGPIPE, SIGQUIT}) {
    filter.Rule(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), Equal(0, self),
                Equal(2, static_cast<scmp_datum_t>(signal)));
  }
  return filter.Load();
}

}  // namespace

int LandlockVersion() {
  const long version =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? static_cast<int>(version) : 0;
}

absl::Status EnterSandbox(const SandboxOptions& options) {
  forbidden_call = options.forbidden_call;
  if (absl::Status status = SetLimits(options.memory_bytes_max); !status.ok()) return status;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Failed("no_new_privs");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return Failed("dumpable");
  struct sigaction action = {};
  action.sa_sigaction = OnForbiddenCall;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  if (sigaction(SIGSYS, &action, nullptr) != 0) return Failed("SIGSYS");
  if (absl::Status status = CloseFiles(options.library_path); !status.ok()) return status;
  return CloseCalls();
}

absl::Status CloseSandbox() {
  Filter filter(SCMP_ACT_ALLOW);
  for (const int call :
       {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(readlink),
        SCMP_SYS(readlinkat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(getdents64),
        SCMP_SYS(getcwd), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(seccomp)}) {
    filter.Rule(SCMP_ACT_TRAP, call);
  }
  constexpr scmp_datum_t kExec = PROT_EXEC;
  filter.Rule(SCMP_ACT_TRAP, SCMP_SYS(mmap), Masked(2, kExec, kExec));
  filter.Rule(SCMP_ACT_TRAP, SCMP_SYS(mprotect), Masked(2, kExec, kExec));
  // printf asks for its own descriptor only, with an empty path.
  filter.Rule(SCMP_ACT_TRAP, SCMP_SYS(newfstatat), Masked(3, AT_EMPTY_PATH, 0));
  return filter.Load();
}

std::string SystemCallName(std::uint32_t number) {
  char* name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number));
  if (name == nullptr) return absl::StrCat("system call ", number);
  std::string text = name;
  std::free(name);
  return text;
}

}  // namespace anqiao::adapter
