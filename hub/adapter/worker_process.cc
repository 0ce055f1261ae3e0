#include "hub/adapter/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hub/adapter/library.h"
#include "hub/adapter/sandbox.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::adapter {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr std::size_t kInboxBytesKept = std::size_t{1} << 20;
constexpr std::size_t kLogLinesMax = 20;
constexpr std::size_t kLogLineBytesMax = 200;
constexpr int kPipeBytes = 65536;
// All that may come back for one call: records are larger than their rows, but not by this much.
constexpr std::uint64_t kAnswerBytesMin = std::uint64_t{16} << 20;
constexpr std::uint64_t kAnswerBytesPerByte = 24;
// How long the launcher may take to tell how a worker ended.
constexpr absl::Duration kExitWait = absl::Seconds(2);

absl::Status Unavailable(absl::string_view what) {
  return Error(
      absl::StatusCode::kUnavailable, reason::kAdapterUnusable,
      absl::StrCat("no adapter worker can be started: ", what, ": ", std::strerror(errno)));
}

int PollMillis(absl::Duration left) {
  return static_cast<int>(std::clamp<std::int64_t>(absl::ToInt64Milliseconds(left) + 1, 0, 60'000));
}

absl::StatusOr<Descriptor> SharedMemory(const char* name) {
  Descriptor memory(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (memory.get() < 0) return Unavailable("memfd_create");
  return memory;
}

// What no adapter can guess.
std::uint64_t DrawCall() {
  std::uint64_t call = 0;
  // Of so few bytes it fails only if a signal comes.
  while (getrandom(&call, sizeof call, 0) != sizeof call) {
  }
  return call;
}

// Numbers of four digits and more, and what is not ASCII, could be a person's.
std::string Unreadable(absl::string_view line) {
  std::string out = Bounded(line, kLogLineBytesMax);
  std::size_t digits = 0;
  for (std::size_t i = 0; i <= out.size(); ++i) {
    const bool digit = i < out.size() && out[i] >= '0' && out[i] <= '9';
    if (digit) {
      ++digits;
      continue;
    }
    if (digits >= 4)
      std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(i - digits), digits, '*');
    digits = 0;
    if (i < out.size() && static_cast<unsigned char>(out[i]) >= 0x80) out[i] = '*';
  }
  return out;
}

}  // namespace

const char* ReasonOfFault(Fault::Kind kind) {
  switch (kind) {
    case Fault::Kind::kCrashed:
      return reason::kAdapterCrashed;
    case Fault::Kind::kHung:
      return reason::kAdapterHung;
    case Fault::Kind::kOutOfMemory:
      return reason::kAdapterOutOfMemory;
    case Fault::Kind::kForbiddenCall:
      return reason::kAdapterForbiddenCall;
    case Fault::Kind::kFlooded:
      return reason::kAdapterFlooded;
    case Fault::Kind::kMisbehaved:
      return reason::kAdapterMisbehaved;
    case Fault::Kind::kKilled:
      break;
  }
  return reason::kAdapterUnusable;
}

absl::Time MonotonicNow() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::TimeFromTimespec(now);
}

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

absl::StatusOr<CallBytes> CallBytes::Make(std::string bytes, std::size_t inline_bytes_max) {
  CallBytes made;
  made.size_ = bytes.size();
  if (bytes.size() <= std::min(inline_bytes_max, kFrameBytesMax / 2)) {
    made.bytes_ = std::move(bytes);
    return made;
  }
  AQ_ASSIGN_OR_RETURN(made.shared_, SharedMemory("anqiao-payload"));
  for (absl::string_view rest = bytes; !rest.empty();) {
    const ssize_t written = write(made.shared_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Unavailable("shared memory");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (fcntl(made.shared_.get(), F_ADD_SEALS, kSeals) != 0) return Unavailable("F_ADD_SEALS");
  return made;
}

void Inbox::Clear() {
  begin_ = end_ = 0;
  if (capacity_ <= kInboxBytesKept) return;
  bytes_.reset();
  capacity_ = 0;
}

char* Inbox::Room(std::size_t bytes) {
  const std::size_t held = end_ - begin_;
  if (held + bytes > capacity_) {
    const std::size_t capacity = std::max(held + bytes, 2 * capacity_);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (held > 0) std::memcpy(larger.get(), bytes_.get() + begin_, held);
    bytes_ = std::move(larger);
    capacity_ = capacity;
  } else if (begin_ > 0 && held > 0) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, held);
  }
  begin_ = 0;
  end_ = held;
  return bytes_.get() + held;
}

absl::Status WorkerProcess::Open(const Launcher& launcher) {
  int control[2], life[2], output[2], log[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0)
    return Unavailable("socket");
  control_ = Descriptor(control[0]);
  const Descriptor their_control(control[1]);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, life) != 0)
    return Unavailable("socket");
  life_ = Descriptor(life[0]);
  const Descriptor their_life(life[1]);
  // A full pipe loses what is printed; it never holds the adapter up.
  if (pipe2(output, O_CLOEXEC | O_NONBLOCK) != 0) return Unavailable("pipe");
  output_ = Descriptor(output[0]);
  const Descriptor their_output(output[1]);
  if (pipe2(log, O_CLOEXEC | O_NONBLOCK) != 0) return Unavailable("pipe");
  log_ = Descriptor(log[0]);
  const Descriptor their_log(log[1]);
  fcntl(output[0], F_SETPIPE_SZ, kPipeBytes);
  AQ_ASSIGN_OR_RETURN(const Descriptor page, SharedMemory("anqiao-cursor"));
  // Sealed, so that the worker cannot make the hub's reading of it fail.
  if (ftruncate(page.get(), kSharedPageBytes) != 0 ||
      fcntl(page.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return Unavailable("shared memory");
  }
  void* mapped = mmap(nullptr, kSharedPageBytes, PROT_READ, MAP_SHARED, page.get(), 0);
  if (mapped == MAP_FAILED) return Unavailable("mmap");
  page_ = static_cast<const SharedPage*>(mapped);
  return launcher.Spawn(
      {their_control.get(), page.get(), their_output.get(), their_log.get(), their_life.get()});
}

absl::StatusOr<std::unique_ptr<WorkerProcess>> WorkerProcess::Start(const Launcher& launcher,
                                                                    const std::string& library_path,
                                                                    const WorkerLimits& limits,
                                                                    std::uint64_t salt) {
  std::unique_ptr<WorkerProcess> worker(new WorkerProcess());
  worker->limits_ = limits;
  worker->start_time_ = MonotonicNow();
  AQ_RETURN_IF_ERROR(worker->Open(launcher));
  worker->call_ = DrawCall();
  FrameWriter load(FrameKind::kLoad, worker->call_);
  load.Number(limits.memory_bytes_max);
  load.Number(salt);
  load.Text(library_path);
  const absl::Time deadline = MonotonicNow() + limits.deadline;
  worker->last_progress_ = MonotonicNow();
  std::optional<Fault> fault;
  if (!worker->Send(load.Finish(), -1, deadline)) fault = worker->WhyEnded();
  while (!fault.has_value()) {
    std::size_t size = 0;
    const absl::StatusOr<Frame> frame = NextFrame(worker->inbox_.view(), &size);
    if (frame.ok() && size == 0) {
      fault = worker->Await(deadline);
      if (!fault.has_value() && !worker->Receive()) fault = worker->WhyEnded();
      continue;
    }
    FrameReader reader(frame.ok() ? frame->body : absl::string_view());
    const absl::string_view text = reader.Text();
    if (frame.ok() && reader.ok() && frame->kind == FrameKind::kRefused) {
      const std::string message = Bounded(text, 4 * kMessageBytesMax);
      const bool named = message.rfind(library_path, 0) == 0;
      return named ? static_cast<absl::Status>(Error(absl::StatusCode::kFailedPrecondition,
                                                     reason::kAdapterUnusable, message))
                   : Unusable(library_path, message);
    }
    if (!frame.ok() || !reader.ok() || frame->kind != FrameKind::kLoaded ||
        frame->call != worker->call_ || size != worker->inbox_.view().size()) {
      return Unusable(library_path, "the adapter broke the worker's protocol while it was loaded");
    }
    worker->manifest_ = std::string(text);
    worker->inbox_.Clear();
    return worker;
  }
  if (fault->kind == Fault::Kind::kKilled) {
    return Error(
        absl::StatusCode::kUnavailable, reason::kAdapterUnusable,
        absl::StrCat(library_path, ": its worker was killed while it was loaded: ", fault->what));
  }
  return Unusable(library_path, absl::StrCat("came to grief while it was loaded: ",
                                             ReasonOfFault(fault->kind), ": ", fault->what));
}

WorkerProcess::~WorkerProcess() {
  if (page_ != nullptr) munmap(const_cast<SharedPage*>(page_), kSharedPageBytes);
}

WorkerProcess::Ended WorkerProcess::Decode(absl::string_view format, absl::string_view file_name,
                                           const CallBytes& payload, std::uint64_t here_max,
                                           Call& call) {
  FrameWriter frame(FrameKind::kDecode, call_ = DrawCall());
  frame.Text(format);
  frame.Text(file_name);
  return Ask(frame, payload, here_max, call);
}

WorkerProcess::Ended WorkerProcess::Encode(absl::string_view format, const CallBytes& records,
                                           Call& call) {
  FrameWriter frame(FrameKind::kEncode, call_ = DrawCall());
  frame.Text(format);
  return Ask(frame, records, UINT64_MAX, call);
}

WorkerProcess::Ended WorkerProcess::Ask(FrameWriter& frame, const CallBytes& bytes,
                                        std::uint64_t here_max, Call& call) {
  const bool shared = bytes.shared_.get() >= 0;
  frame.Number(shared ? bytes.size() + 1 : 0);
  if (!shared) frame.Text(bytes.bytes_);
  payload_bytes_ = bytes.size();
  last_cursor_ = Cursor();
  last_progress_ = MonotonicNow();
  const absl::Time deadline = last_progress_ + limits_.deadline;
  const std::uint64_t answer_bytes_max = kAnswerBytesMin + kAnswerBytesPerByte * bytes.size();
  std::uint64_t answer_bytes = 0, here = 0;
  Position at;
  if (!Send(frame.Finish(), bytes.shared_.get(), deadline)) return {{}, WhyEnded()};
  while (true) {
    std::size_t size = 0;
    const absl::StatusOr<Frame> next = NextFrame(inbox_.view(), &size);
    if (!next.ok()) return {{}, FaultAt(Fault::Kind::kMisbehaved, "broke the worker's protocol")};
    if (size == 0) {
      if (std::optional<Fault> fault = Await(deadline); fault.has_value()) return {{}, *fault};
      if (!Receive()) return {{}, WhyEnded()};
      continue;
    }
    if (next->call != call_) {
      return {{}, FaultAt(Fault::Kind::kMisbehaved, "answered another call than it was asked")};
    }
    inbox_.Take(size);
    answer_bytes += size;
    FrameReader reader(next->body);
    if (next->kind == FrameKind::kEntries) {
      if (!ReadEntries(next->body, call, at, here).ok()) {
        return {{}, FaultAt(Fault::Kind::kMisbehaved, "broke the worker's protocol")};
      }
      if (const absl::Status* misbehaved = call.misbehaved(); misbehaved != nullptr) {
        Fault fault =
            FaultAt(Fault::Kind::kMisbehaved,
                    std::string(absl::StripPrefix(misbehaved->message(), "the adapter ")));
        if (fault.at.row != 0) fault.at = call.misbehaved_at();
        return {{}, fault};
      }
      if (here > here_max) {
        Fault fault = FaultAt(Fault::Kind::kFlooded,
                              absl::StrCat("more than ", here_max, " records from one row"));
        fault.at = at;
        return {{}, fault};
      }
    } else if (next->kind == FrameKind::kWritten) {
      call.Write(reader.Text(), Cursor());
    } else if (next->kind == FrameKind::kFinished) {
      Finished finished;
      finished.status = static_cast<aq_status>(reader.Number32());
      finished.at = reader.At();
      if (!reader.ok() || !inbox_.view().empty()) {
        return {{}, FaultAt(Fault::Kind::kMisbehaved, "broke the worker's protocol")};
      }
      inbox_.Clear();
      return Judge(finished);
    } else {
      return {{}, FaultAt(Fault::Kind::kMisbehaved, "broke the worker's protocol")};
    }
    if (answer_bytes > answer_bytes_max) {
      return {{},
              FaultAt(Fault::Kind::kFlooded,
                      absl::StrCat("gave more than ", answer_bytes_max, " bytes"))};
    }
  }
}

WorkerProcess::Ended WorkerProcess::Judge(const Finished& finished) const {
  if (foreign_callback()) {
    return {{},
            FaultAt(Fault::Kind::kMisbehaved,
                    "called back from another thread, or when no call was under way")};
  }
  switch (finished.status) {
    case AQ_OK:
    case AQ_REJECT:
    case AQ_STOP:
      return {finished, {}};
    default:
      break;
  }
  if (page_->out_of_memory.load() != 0) {
    return {
        {},
        FaultAt(Fault::Kind::kOutOfMemory,
                absl::StrCat("needed more than ", limits_.memory_bytes_max, " bytes of memory"))};
  }
  return {{}, FaultAt(Fault::Kind::kCrashed, "gave up")};
}

bool WorkerProcess::Send(absl::string_view bytes, int descriptor, absl::Time deadline) {
  while (!bytes.empty()) {
    iovec data = {const_cast<char*>(bytes.data()), bytes.size()};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (descriptor >= 0) {
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof descriptor);
      std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    const ssize_t sent = sendmsg(control_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      descriptor = -1;
      continue;
    }
    if (errno == EINTR) continue;
    const absl::Duration left = deadline - MonotonicNow();
    if (errno != EAGAIN || left <= absl::ZeroDuration()) return false;
    pollfd ready = {control_.get(), POLLOUT, 0};
    poll(&ready, 1, PollMillis(left));
  }
  return true;
}

bool WorkerProcess::Receive() {
  char* const room = inbox_.Room(kReadBytes);
  ssize_t got = 0;
  do {
    got = recv(control_.get(), room, kReadBytes, 0);
  } while (got < 0 && errno == EINTR);
  inbox_.Add(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return got > 0;
}

std::optional<Fault> WorkerProcess::Await(absl::Time deadline) {
  while (true) {
    pollfd ready = {control_.get(), POLLIN, 0};
    const absl::Time until = std::min(deadline, last_progress_ + limits_.hang);
    // Looked at several times while it may stand still, so that a move is noticed when it comes.
    const absl::Duration wait = std::min(until - MonotonicNow(), limits_.hang / 4);
    const int polled = poll(&ready, 1, PollMillis(wait));
    const absl::Time now = MonotonicNow();
    const Position cursor = Cursor();
    if (polled > 0 || !(cursor == last_cursor_)) {
      last_cursor_ = cursor;
      last_progress_ = now;
    }
    if (now >= deadline) {
      return FaultAt(Fault::Kind::kHung,
                     absl::StrCat("took longer than ", absl::FormatDuration(limits_.deadline)));
    }
    if (polled > 0) return std::nullopt;
    if (now - last_progress_ >= limits_.hang) {
      return FaultAt(Fault::Kind::kHung,
                     absl::StrCat("did not move on for ", absl::FormatDuration(limits_.hang)));
    }
  }
}

Fault WorkerProcess::WhyEnded() {
  pollfd ready = {life_.get(), POLLIN, 0};
  WorkerExit exit;
  if (poll(&ready, 1, PollMillis(kExitWait)) <= 0) {
    return FaultAt(Fault::Kind::kMisbehaved, "closed its connection to the hub");
  }
  const ssize_t got = recv(life_.get(), &exit, sizeof exit, MSG_DONTWAIT);
  if (got != static_cast<ssize_t>(sizeof exit)) {
    return FaultAt(Fault::Kind::kKilled, "the launcher of adapter workers is gone");
  }
  if (exit.fork_error != 0) {
    return FaultAt(Fault::Kind::kKilled,
                   absl::StrCat("cannot be forked: ", std::strerror(exit.fork_error)));
  }
  const std::uint32_t forbidden = page_->forbidden_call.load();
  if (forbidden != 0 && (exit.code == kForbiddenExitCode || exit.signal == SIGSYS)) {
    return FaultAt(
        Fault::Kind::kForbiddenCall,
        absl::StrCat("called ", SystemCallName(forbidden - 1), ", which is not allowed"));
  }
  if (exit.signal == SIGSYS) {
    return FaultAt(Fault::Kind::kForbiddenCall, "made a system call that is not allowed");
  }
  if (exit.signal == SIGKILL || exit.signal == SIGTERM) {
    return FaultAt(Fault::Kind::kKilled, absl::StrCat("was killed by signal ", exit.signal));
  }
  const std::uint64_t used = static_cast<std::uint64_t>(exit.memory_kib_max) << 10;
  if (page_->out_of_memory.load() != 0 || used >= limits_.memory_bytes_max / 4 * 3) {
    return FaultAt(Fault::Kind::kOutOfMemory,
                   absl::StrCat("needed more than ", limits_.memory_bytes_max, " bytes of memory"));
  }
  if (exit.code == kDisconnectedExitCode) {
    return FaultAt(Fault::Kind::kMisbehaved, "closed its connection to the hub");
  }
  if (exit.signal != 0) {
    return FaultAt(Fault::Kind::kCrashed, absl::StrCat("was ended by signal ", exit.signal, " (",
                                                       strsignal(exit.signal), ")"));
  }
  return FaultAt(Fault::Kind::kCrashed, absl::StrCat("ended its process with code ", exit.code));
}

Fault WorkerProcess::FaultAt(Fault::Kind kind, std::string what) const {
  Position at = Cursor();
  // Nothing that the cursor says need be true.
  if (at.row > payload_bytes_ + 1 || at.byte_offset > payload_bytes_) at = {};
  return {kind, std::move(what), at};
}

Position WorkerProcess::Cursor() const {
  const volatile aq_cursor& cursor = page_->cursor;
  return {cursor.row, cursor.column, cursor.byte_offset};
}

bool WorkerProcess::foreign_callback() const { return page_->foreign_callback.load() != 0; }

std::vector<std::string> WorkerProcess::TakeLog() {
  std::vector<std::string> lines;
  char chunk[16384];
  std::string text;
  for (ssize_t got = 0;
       text.size() < kPipeBytes && (got = read(log_.get(), chunk, sizeof chunk)) > 0;) {
    text.append(chunk, static_cast<std::size_t>(got));
  }
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (lines.size() == kLogLinesMax) break;
    lines.push_back(Unreadable(line));
  }
  return lines;
}

std::uint64_t WorkerProcess::TakeOutputBytes() {
  char chunk[16384];
  std::uint64_t bytes = 0;
  for (ssize_t got = 0;
       bytes < kPipeBytes && (got = read(output_.get(), chunk, sizeof chunk)) > 0;) {
    bytes += static_cast<std::uint64_t>(got);
  }
  return bytes;
}

}  // namespace anqiao::adapter
