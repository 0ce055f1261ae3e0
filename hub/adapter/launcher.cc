#include "hub/adapter/launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/adapter/worker_main.h"
#include "hub/base/errors.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ANQIAO_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ANQIAO_SANITIZED 1
#endif

extern char** environ;

namespace anqiao::adapter {
namespace {

constexpr std::size_t kEnds = 5;
constexpr std::size_t kWorkersMax = 1024;
constexpr int kRestartPauseMillis = 10;

absl::Status FailedLauncher(absl::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable,
               absl::StrCat("the launcher of adapter workers cannot be started: ", what));
}

std::string ErrnoText() { return std::strerror(errno); }

int ThreadCount() {
  std::error_code error;
  const std::filesystem::directory_iterator tasks("/proc/self/task", error);
  return error ? 1 : static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

struct Running {
  pid_t pid = 0;
  int life = -1;
};

// The launcher's own life, single-threaded.
class Loop {
 public:
  explicit Loop(int socket) : socket_(socket) {}

  [[noreturn]] void Run() {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, nullptr);
    signals_ = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals_ < 0) _exit(1);
    while (true) Step();
  }

 private:
  void Step() {
    std::vector<pollfd> polled = {{socket_, POLLIN, 0}, {signals_, POLLIN, 0}};
    for (const Running& worker : running_) polled.push_back({worker.life, POLLIN, 0});
    if (poll(polled.data(), polled.size(), -1) < 0) {
      if (errno == EINTR) return;
      _exit(1);
    }
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (polled[i + 2].revents != 0) kill(running_[i].pid, SIGKILL);
    }
    if (polled[1].revents != 0) Reap();
    if (polled[0].revents != 0) Take();
  }

  void Reap() {
    signalfd_siginfo ignored;
    while (read(signals_, &ignored, sizeof ignored) > 0) {
    }
    int status = 0;
    rusage usage = {};
    for (pid_t pid = 0; (pid = wait4(-1, &status, WNOHANG, &usage)) > 0;) {
      WorkerExit exit;
      exit.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
      exit.code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
      exit.memory_kib_max = usage.ru_maxrss;
      for (auto it = running_.begin(); it != running_.end(); ++it) {
        if (it->pid != pid) continue;
        Tell(it->life, exit);
        running_.erase(it);
        break;
      }
    }
  }

  static void Tell(int life, const WorkerExit& exit) {
    send(life, &exit, sizeof exit, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(life);
  }

  void Take() {
    char byte = 0;
    iovec data = {&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kEnds * sizeof(int))> control = {};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = recvmsg(socket_, &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got <= 0) End();
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(kEnds * sizeof(int))) {
      return;
    }
    std::array<int, kEnds> ends = {};
    std::memcpy(ends.data(), CMSG_DATA(header), sizeof ends);
    Fork({ends[0], ends[1], ends[2], ends[3], ends[4]});
  }

  // The hub is gone or stops.
  [[noreturn]] void End() {
    for (const Running& worker : running_) kill(worker.pid, SIGKILL);
    while (wait(nullptr) > 0 || errno == EINTR) {
    }
    _exit(0);
  }

  void Fork(const WorkerEnds& ends) {
    const pid_t launcher = getpid();
    const pid_t pid = running_.size() < kWorkersMax ? fork() : -1;
    if (pid == 0) RunWorker(ends, launcher);
    const int error = errno;
    for (const int end : {ends.control, ends.page, ends.output, ends.log}) close(end);
    if (pid > 0) {
      running_.push_back({pid, ends.life});
      return;
    }
    WorkerExit exit;
    exit.fork_error = error != 0 ? error : EAGAIN;
    Tell(ends.life, exit);
  }

  const int socket_;
  int signals_ = -1;
  std::vector<Running> running_;
};

// The keeper's own life: a launcher that was killed is replaced, with the same socket, until the
// hub is gone.
[[noreturn]] void KeepLauncher(int socket) {
  while (true) {
    const pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_NAME, "anqiao-launcher");
      Loop(socket).Run();
    }
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) _exit(0);
    pollfd hub = {socket, 0, 0};
    if (poll(&hub, 1, kRestartPauseMillis) > 0) _exit(0);
  }
}

[[noreturn]] void RunKeeper(int socket) {
  prctl(PR_SET_NAME, "anqiao-keeper");
  // What stops the hub (Ctrl-C, a service manager) must not stop the workers before it has
  // finished.
  setpgid(0, 0);
  for (const int ignored : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) ::signal(ignored, SIG_IGN);
  // Secrets are handed over in environments: overwritten, not only forgotten.
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::memset(*entry, 0, std::strlen(*entry));
  }
  clearenv();
  const int null = open("/dev/null", O_RDWR);
  for (const int standard : {0, 1, 2}) dup2(null, standard);
  dup2(socket, 3);
  close_range(4, std::numeric_limits<unsigned>::max(), 0);
  fcntl(3, F_SETFD, FD_CLOEXEC);
  if (chdir("/") != 0) _exit(1);
  KeepLauncher(3);
}

}  // namespace

bool Launcher::Supported() {
#ifdef ANQIAO_SANITIZED
  return false;
#else
  return true;
#endif
}

absl::StatusOr<std::unique_ptr<Launcher>> Launcher::Start() {
  if (const int threads = ThreadCount(); threads > 1) {
    return FailedLauncher(absl::StrCat("the process has ", threads, " threads, expected one"));
  }
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    return FailedLauncher(ErrnoText());
  }
  std::fflush(nullptr);  // what is not written yet would be written by every worker
  const pid_t pid = fork();
  if (pid == 0) {
    close(sockets[0]);
    RunKeeper(sockets[1]);
  }
  const std::string error = ErrnoText();
  close(sockets[1]);
  if (pid < 0) {
    close(sockets[0]);
    return FailedLauncher(error);
  }
  return std::unique_ptr<Launcher>(new Launcher(pid, sockets[0]));
}

Launcher::~Launcher() {
  close(socket_);
  while (waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

absl::Status Launcher::Spawn(const WorkerEnds& ends) const {
  const std::array<int, kEnds> descriptors = {ends.control, ends.page, ends.output, ends.log,
                                              ends.life};
  char byte = 'w';
  iovec data = {&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptors)> control = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptors);
  std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof descriptors);
  while (sendmsg(socket_, &message, MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    return Error(absl::StatusCode::kUnavailable, reason::kAdapterUnusable,
                 absl::StrCat("the launcher of adapter workers is gone: ", ErrnoText()));
  }
  return absl::OkStatus();
}

}  // namespace anqiao::adapter
