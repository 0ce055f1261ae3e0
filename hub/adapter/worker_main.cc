#include "hub/adapter/worker_main.h"

#include <fcntl.h>
#include <iconv.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/adapter/call.h"
#include "hub/adapter/library.h"
#include "hub/adapter/sandbox.h"
#include "hub/adapter/worker_protocol.h"
#include "hub/base/status_macros.h"
#include "hub/base/time_slice.h"
#include "plugins/sdk/anqiao_adapter.h"

namespace anqiao::adapter {
namespace {

// Where the descriptors are after everything else was closed.
constexpr int kControl = 3;
constexpr int kLog = 4;
constexpr std::size_t kTextBytesMax = 4096;
constexpr std::size_t kLogBytesMax = 1024;
constexpr std::size_t kChunkBytes = std::size_t{256} << 10;

SharedPage* shared_page = nullptr;

void NoteOutOfMemory() {
  shared_page->out_of_memory.store(1);
  std::set_new_handler(nullptr);  // for the rest of the call: bad_alloc
}

void SendAll(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(kControl, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    // The hub has gone; or the adapter has closed what it has no business with.
    if (sent <= 0) _exit(errno == EBADF || errno == ENOTSOCK ? kDisconnectedExitCode : 0);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// Bytes of a call: in the frame or in shared memory.
class Bytes {
 public:
  ~Bytes() {
    if (mapped_ != nullptr) munmap(mapped_, size_);
  }
  bool Take(FrameReader& reader, int descriptor) {
    const std::uint64_t shared = reader.Number();
    if (shared == 0) {
      view_ = reader.Text();
      return reader.ok();
    }
    size_ = shared - 1;
    mapped_ = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (mapped_ == MAP_FAILED) {
      mapped_ = nullptr;
      return false;
    }
    view_ = {static_cast<const char*>(mapped_), size_};
    return true;
  }
  absl::string_view view() const { return view_; }

 private:
  void* mapped_ = nullptr;
  std::size_t size_ = 0;
  absl::string_view view_;
};

// What the callbacks of every call get as their context: one for the process's life, so that a
// callback after its call finds something to be refused by.
class Session {
 public:
  Session() : batch_(FrameKind::kEntries, 0) {}

  aq_host Host() {
    return {sizeof(aq_host), AQ_ABI_MINOR, this, &shared_page->cursor, Emit,
            Diagnose,        KeepLine,     Write};
  }

  void Begin(std::uint64_t call) {
    call_ = call;
    shared_page->cursor = {sizeof(aq_cursor), 0, 0, 0};
    shared_page->out_of_memory.store(0);
    std::set_new_handler(NoteOutOfMemory);
    batch_.Reset(FrameKind::kEntries, call_);
    entries_ = 0;
    entries_max_ = kBatchEntriesMin;
    records_ = diagnostics_ = 0;
    stopped_ = false;
    active_ = true;
  }

  void End(aq_status status) {
    active_ = false;
    // With the last entries, so that the hub is woken once.
    if (entries_ > 0) {
      batch_.Next(FrameKind::kFinished, call_);
    } else {
      batch_.Reset(FrameKind::kFinished, call_);
    }
    batch_.Number(static_cast<std::uint32_t>(status));
    batch_.At(Where());
    SendAll(batch_.Finish());
  }

 private:
  static Session& Of(void* context) { return *static_cast<Session*>(context); }
  static Position Where() {
    const aq_cursor& cursor = shared_page->cursor;
    return {cursor.row, cursor.column, cursor.byte_offset};
  }

  // False: the callback is not to be heard.
  bool Listens() const {
    // Asked for each record: no system call, which the sandbox makes dear.
    if (active_ && std::this_thread::get_id() == thread_) {
      return !stopped_ && shared_page->foreign_callback.load(std::memory_order_relaxed) == 0;
    }
    shared_page->foreign_callback.store(1);
    return false;
  }

  int Stop() {
    stopped_ = true;
    return 1;
  }

  void Flush() {
    if (entries_ > 0) SendAll(batch_.Finish());
    batch_.Reset(FrameKind::kEntries, call_);
    entries_ = 0;
  }

  void Added() {
    if (++entries_ < entries_max_ && batch_.size() < kBatchBytes) return;
    Flush();
    entries_max_ = std::min(2 * entries_max_, kBatchEntriesMax);
  }

  static int Emit(void* context, aq_bytes record) {
    Session& session = Of(context);
    if (!session.Listens()) return 1;
    // One more than is taken, for the hub to see; then no more.
    const bool last = ++session.records_ > kRecordsMax || record.length > kRecordBytesMax;
    if (record.length > kRecordBytesMax) {
      session.batch_.Entry(EntryKind::kTooLong, Where());
      session.batch_.Number(record.length);
    } else {
      session.batch_.Entry(EntryKind::kRecord, Where());
      session.batch_.Text(TextOf(record));
    }
    session.Added();
    return last ? session.Stop() : 0;
  }

  static int Diagnose(void* context, const aq_diag* diag) {
    Session& session = Of(context);
    if (!session.Listens()) return 1;
    RawDiagnostic raw;
    if (!ReadDiagnostic(diag, &raw)) {
      session.batch_.Entry(EntryKind::kMisbehaved, Where());
      session.batch_.Text("the adapter gave a malformed diagnostic");
      session.Added();
      return session.Stop();
    }
    for (absl::string_view* text : {&raw.reason, &raw.field, &raw.message}) {
      *text = text->substr(0, kTextBytesMax);
    }
    session.batch_.Entry(EntryKind::kDiagnostic, Where());
    session.batch_.Diagnostic(raw);
    session.Added();
    if (raw.severity == AQ_PAYLOAD) return 0;
    return ++session.diagnostics_ > kDiagnosticsMax ? session.Stop() : 0;
  }

  // Any thread.
  static void KeepLine(void* context, std::uint32_t level, aq_bytes text) {
    const std::string line = absl::StrCat(TextOf(text).substr(0, kLogBytesMax), "\n");
    [[maybe_unused]] const ssize_t lost = write(kLog, line.data(), line.size());
  }

  static int Write(void* context, aq_bytes bytes) {
    Session& session = Of(context);
    if (!session.Listens()) return 1;
    session.Flush();
    for (absl::string_view rest = TextOf(bytes); !rest.empty();) {
      const absl::string_view chunk = rest.substr(0, kChunkBytes);
      FrameWriter frame(FrameKind::kWritten, session.call_);
      frame.Text(chunk);
      SendAll(frame.Finish());
      rest.remove_prefix(chunk.size());
    }
    return 0;
  }

  FrameWriter batch_;
  const std::thread::id thread_ = std::this_thread::get_id();
  std::uint64_t call_ = 0;
  std::size_t entries_ = 0;
  std::size_t entries_max_ = kBatchEntriesMin;
  std::size_t records_ = 0;
  std::size_t diagnostics_ = 0;
  bool stopped_ = false;
  bool active_ = false;
};

class Worker {
 public:
  // The hub's next frame, with its descriptor, if it has one.
  Frame Receive() {
    buffer_.erase(0, taken_);
    taken_ = 0;
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = -1;
    while (true) {
      std::size_t size = 0;
      const absl::StatusOr<Frame> frame = NextFrame(buffer_, &size);
      if (!frame.ok()) _exit(1);
      if (size > 0) {
        taken_ = size;
        return *frame;
      }
      ReadSome();
    }
  }

  // Runs foreign code from here on.
  void Load(std::uint64_t call, FrameReader& reader) {
    const std::uint64_t memory_bytes_max = reader.Number();
    const std::uint64_t salt = reader.Number();
    const std::string path(reader.Text());
    MoveAddresses(salt);
    absl::Status status = EnterSandbox({path, memory_bytes_max, &shared_page->forbidden_call});
    std::string manifest;
    if (status.ok()) status = Open(path, &manifest);
    if (status.ok()) status = CloseSandbox();
    FrameWriter answer(status.ok() ? FrameKind::kLoaded : FrameKind::kRefused, call);
    answer.Text(status.ok() ? absl::string_view(manifest)
                            : absl::string_view(status.message()).substr(0, kTextBytesMax));
    SendAll(answer.Finish());
  }

  void Decode(std::uint64_t call, FrameReader& reader) {
    const absl::string_view format = reader.Text();
    const absl::string_view file_name = reader.Text();
    Bytes payload;
    if (!payload.Take(reader, descriptor_)) _exit(1);
    const aq_payload native = {sizeof(aq_payload), BytesOf(format), BytesOf(file_name),
                               BytesOf(payload.view())};
    const aq_host host = session_.Host();
    session_.Begin(call);
    session_.End(abi_->decode(instance_, &host, &native));
  }

  void Encode(std::uint64_t call, FrameReader& reader) {
    const absl::string_view format = reader.Text();
    Bytes bytes;
    if (!bytes.Take(reader, descriptor_)) _exit(1);
    std::vector<aq_bytes> records;
    FrameReader each(bytes.view());
    while (!each.done() && each.ok()) records.push_back(BytesOf(each.Text()));
    const aq_host host = session_.Host();
    session_.Begin(call);
    session_.End(abi_->encode(instance_, &host, BytesOf(format), records.data(), records.size()));
  }

 private:
  // So that output which depends on addresses shows when two workers are compared.
  static void MoveAddresses(std::uint64_t salt) {
    const std::size_t pages = 1 + salt % 4093;
    mmap(nullptr, pages * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    // Never given back, and not left out by the compiler.
    [[maybe_unused]] static void* volatile kept = nullptr;
    kept = std::malloc(16 * pages);
    for (std::size_t bytes = 16; bytes <= 1024; bytes += 16) {
      for (std::uint64_t i = (salt + bytes) % 13; i > 0; --i) kept = std::malloc(bytes);
    }
  }

  absl::Status Open(const std::string& path, std::string* manifest) {
    AQ_ASSIGN_OR_RETURN(abi_, FindEntry(path));
    *manifest = std::string(TextOf(abi_->manifest()).substr(0, kFrameBytesMax / 2));
    instance_ = abi_->open({nullptr, 0});
    if (instance_ == nullptr) return Unusable(path, "the adapter cannot be opened");
    return absl::OkStatus();
  }

  void ReadSome() {
    char chunk[65536];
    iovec data = {chunk, sizeof chunk};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(kControl, &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) _exit(0);
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
      std::memcpy(&descriptor_, CMSG_DATA(header), sizeof descriptor_);
    }
    buffer_.append(chunk, static_cast<std::size_t>(got));
  }

  std::string buffer_;
  std::size_t taken_ = 0;
  int descriptor_ = -1;
  const aq_adapter* abi_ = nullptr;
  aq_instance* instance_ = nullptr;
  Session session_;
};

// Added to the hub's niceness: an adapter that computes without end must not crowd out the hub.
constexpr int kNiceness = 5;

// Descriptors, signals and priority as the adapter may find them.
void Prepare(const WorkerEnds& ends, pid_t launcher) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != launcher) _exit(0);
  prctl(PR_SET_NAME, "anqiao-worker");
  // Failing only leaves it as it is; -1 may be an answer.
  (void)!nice(kNiceness);
  AskForSlice(kLongSlice);
  shared_page = static_cast<SharedPage*>(
      mmap(nullptr, kSharedPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, ends.page, 0));
  if (shared_page == MAP_FAILED) _exit(1);
  // First out of the way of the numbers that they are to have.
  const int control = fcntl(ends.control, F_DUPFD, 32);
  const int output = fcntl(ends.output, F_DUPFD, 32);
  const int log = fcntl(ends.log, F_DUPFD, 32);
  if (control < 0 || output < 0 || log < 0) _exit(1);
  dup2(control, kControl);
  dup2(log, kLog);
  dup2(output, 1);
  dup2(output, 2);
  close_range(kLog + 1, std::numeric_limits<unsigned>::max(), 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // First to go if the machine runs out of memory. No harm if it cannot be had.
  if (const int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); score >= 0) {
    [[maybe_unused]] const ssize_t lost = write(score, "500", 3);
    close(score);
  }
}

// glibc opens its converters when they are first asked for, which is too late, and may let go of
// them: held open for the process's life.
void HoldConverters() {
  for (const char* name : {"GB18030", "GBK", "UTF-16", "BIG5"}) {
    for (const auto& [to, from] : {std::pair("UTF-8", name), std::pair(name, "UTF-8")}) {
      [[maybe_unused]] static const void* held = nullptr;
      held = iconv_open(to, from);
    }
  }
}

}  // namespace

void RunWorker(const WorkerEnds& ends, pid_t launcher) {
  Prepare(ends, launcher);
  HoldConverters();
  std::set_new_handler(NoteOutOfMemory);
  Worker worker;
  while (true) {
    const Frame frame = worker.Receive();
    FrameReader reader(frame.body);
    switch (frame.kind) {
      case FrameKind::kLoad:
        worker.Load(frame.call, reader);
        break;
      case FrameKind::kDecode:
        worker.Decode(frame.call, reader);
        break;
      case FrameKind::kEncode:
        worker.Encode(frame.call, reader);
        break;
      default:
        _exit(1);
    }
  }
}

}  // namespace anqiao::adapter
