// An adapter that does what each line of its payload says, nearly all of which it must not. In the
// format "tests" each line is a record of five columns that the hub can take, unless one of them
// says what to do instead.
//
// AQ_HOSTILE_... makes one that does so while it is loaded.

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "anqiao/adapter/v1/adapter.pb.h"
#include "plugins/sdk/anqiao_adapter.h"

namespace {

namespace v1 = anqiao::adapter::v1;

const aq_host* host = nullptr;
aq_host host_of_before = {};
std::atomic<bool> returned{false};
std::atomic<bool> emitted_late{false};
jmp_buf in_open;

aq_bytes BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string ParentFile(const char* name) {
  return "/proc/" + std::to_string(getppid()) + "/" + name;
}

int EmitRecord(const aq_host& to, const std::string& key) {
  v1::Record record;
  record.set_kind(v1::RECORD_KIND_TEST);
  record.set_key(key);
  record.set_row(to.cursor->row);
  record.set_byte_offset(to.cursor->byte_offset);
  const std::string bytes = record.SerializeAsString();
  return to.emit(to.context, BytesOf(bytes));
}

[[gnu::noinline]] int Overflow(int depth) {
  volatile char frame[4096] = {};
  frame[depth % 4096] = static_cast<char>(depth);
  return depth < 0 ? 0 : Overflow(depth + 1) + frame[0];
}

void Fill(bool with_malloc) {
  while (true) {
    constexpr std::size_t kBytes = 1 << 20;
    void* block = with_malloc ? std::malloc(kBytes) : ::operator new(kBytes);
    std::memset(block, 1, kBytes);
  }
}

void CrashInThread() {
  std::thread([] { *reinterpret_cast<volatile int*>(8) = 1; }).join();
}

void EmitLater() {
  host_of_before = *host;
  returned = false;
  std::thread([] {
    while (!returned) sched_yield();
    // Decode is about to return; then the call has yet to end.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EmitRecord(host_of_before, "late");
    emitted_late = true;
  }).detach();
}

// The worker's frames are what lies first behind the callbacks' context: where it stands in them
// which call is being answered, an adapter that has taken its worker over can read.
constexpr std::size_t kHeadBytes = 5;
constexpr std::size_t kCallBytes = 8;

void ForgeEnd(const std::string& call) {
  const std::string frame = std::string("\x0d\0\0\0\x14", kHeadBytes) + call + std::string(4, '\0');
  (void)!write(3, frame.data(), frame.size());
}

// Ends a later call as this one would end: after this one, which is its own to lie about.
void ForgeLater() {
  const char* batch = *static_cast<const char* const*>(host->context);
  const std::string call(batch + kHeadBytes, kCallBytes);
  std::thread([call] {
    usleep(20'000);
    ForgeEnd(call);
  }).detach();
}

const std::map<std::string, std::function<void()>>& Deeds() {
  static volatile int zero = 0;
  static const std::map<std::string, std::function<void()>> deeds = {
      {"read_file", [] { (void)open("/etc/passwd", O_RDONLY); }},
      {"write_file", [] { (void)open("/tmp/hostile", O_WRONLY | O_CREAT, 0600); }},
      {"remove_file", [] { (void)unlink("/tmp/hostile"); }},
      {"look_at_file", [] { (void)access("/etc/passwd", R_OK); }},
      {"socket", [] { (void)socket(AF_INET, SOCK_STREAM, 0); }},
      {"hub_memory", [] { (void)open(ParentFile("mem").c_str(), O_RDONLY); }},
      {"hub_environment", [] { (void)open(ParentFile("environ").c_str(), O_RDONLY); }},
      {"vm_read",
       [] {
         char bytes[8];
         const iovec here = {bytes, sizeof bytes};
         (void)process_vm_readv(getppid(), &here, 1, &here, 1, 0);
       }},
      {"fork", [] { (void)fork(); }},
      {"exec", [] { execl("/bin/true", "true", nullptr); }},
      {"ptrace", [] { ptrace(PTRACE_ATTACH, getppid(), 0, 0); }},
      {"kill_parent", [] { kill(getppid(), SIGKILL); }},
      {"kill_self", [] { raise(SIGKILL); }},
      {"timer",
       [] {
         const itimerval soon = {{0, 0}, {0, 1000}};
         setitimer(ITIMER_REAL, &soon, nullptr);
       }},
      {"mmap_exec",
       [] { mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }},
      {"mprotect_exec",
       [] {
         void* page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         mprotect(page, 4096, PROT_READ | PROT_EXEC);
       }},
      {"fill_new", [] { Fill(false); }},
      {"fill_malloc", [] { Fill(true); }},
      {"spin",
       [] {
         while (zero == 0) {
         }
       }},
      {"sleep", [] { sleep(1000); }},
      {"print", [] { std::printf("999999999999999999\n"), std::fflush(stdout); }},
      {"log",
       [] {
         const std::string line = "name \xE5\xBC\xA0 999999999999999999 of 12 rows";
         host->log(host->context, 0, BytesOf(line));
       }},
      {"segfault", [] { *reinterpret_cast<volatile int*>(8) = 1; }},
      {"thread_segfault", CrashInThread},
      {"overflow", [] { zero = Overflow(0); }},
      {"abort", [] { std::abort(); }},
      {"exit", [] { std::exit(3); }},
      {"throw_in_thread", [] { std::thread([] { throw std::runtime_error("no"); }).join(); }},
      {"raise", [] { raise(SIGUSR1); }},
      {"long_record",
       [] {
         const std::string bytes(100'000, 'x');
         host->emit(host->context, BytesOf(bytes));
       }},
      {"nonsense_length",
       [] {
         const uint8_t byte = 0;
         host->emit(host->context, {&byte, SIZE_MAX});
       }},
      {"nonsense_field",
       [] {
         aq_diag diag = {};
         diag.size = sizeof diag;
         diag.severity = AQ_RECORD;
         diag.field = {reinterpret_cast<const uint8_t*>(8), 100};
         host->diag(host->context, &diag);
       }},
      {"malformed_record", [] { host->emit(host->context, BytesOf("\xFF\xFF")); }},
      {"malformed_diagnostic",
       [] {
         aq_diag diag = {};
         diag.size = 8;
         host->diag(host->context, &diag);
       }},
      {"flood",
       [] {
         for (int i = 0; i < 1'000'000; ++i) EmitRecord(*host, "flood");
       }},
      {"longjmp", [] { longjmp(in_open, 1); }},
      {"close_all", [] { close_range(0, ~0U, 0); }},
      {"garbage",
       [] {
         for (int i = 0; i < 16; ++i) (void)!write(3, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);
       }},
      // The end of a call that nobody made.
      {"forge_end", [] { ForgeEnd(std::string(kCallBytes, '\0')); }},
      {"forge_later", ForgeLater},
      {"emit_in_thread", [] { std::thread([] { EmitRecord(*host, "thread"); }).join(); }},
      {"emit_later", EmitLater},
      {"await_late",
       [] {
         while (!emitted_late) sched_yield();
       }},
      {"environment",
       [] {
         const char* secret = std::getenv("ANQIAO_TEST_SECRET");
         EmitRecord(*host, secret == nullptr ? "none" : secret);
       }},
      {"new_signal_handler",
       [] { EmitRecord(*host, signal(SIGSYS, SIG_IGN) == SIG_ERR ? "refused" : "set"); }},
  };
  return deeds;
}

aq_status Do(const std::string& line) {
  if (line.rfind("ok:", 0) == 0) return EmitRecord(*host, line.substr(3)) == 0 ? AQ_OK : AQ_STOP;
  if (line == "fatal") return AQ_FATAL;
  if (line == "refuse") return AQ_REJECT;
  const auto deed = Deeds().find(line);
  if (deed != Deeds().end()) deed->second();
  return AQ_OK;
}

// A test of somebody: register number, name, date, result, kind.
aq_status DoTest(const std::string& line) {
  constexpr v1::Field kFields[] = {v1::FIELD_REGISTER_NUMBER, v1::FIELD_PERSON_NAME,
                                   v1::FIELD_TEST_DATE, v1::FIELD_TEST_RESULT, v1::FIELD_TEST_KIND};
  v1::Record record;
  record.set_kind(v1::RECORD_KIND_TEST);
  record.set_row(host->cursor->row);
  record.set_byte_offset(host->cursor->byte_offset);
  std::size_t begin = 0;
  for (const v1::Field field : kFields) {
    ++host->cursor->column;
    const std::size_t end = std::min(line.find(',', begin), line.size());
    const std::string value = line.substr(begin, end - begin);
    if (const auto deed = Deeds().find(value); deed != Deeds().end()) deed->second();
    if (value == "fatal") return AQ_FATAL;
    v1::FieldValue* stated = record.add_values();
    stated->set_field(field);
    stated->set_value(value);
    stated->set_column(host->cursor->column);
    record.set_key(record.key() + "/" + value);
    begin = std::min(end + 1, line.size());
  }
  const std::string bytes = record.SerializeAsString();
  return host->emit(host->context, BytesOf(bytes)) == 0 ? AQ_OK : AQ_STOP;
}

aq_status Decode(aq_instance*, const aq_host* given, const aq_payload* payload) {
  host = given;
  const std::string text(reinterpret_cast<const char*>(payload->bytes.data), payload->bytes.length);
  const std::string format(reinterpret_cast<const char*>(payload->format.data),
                           payload->format.length);
  std::size_t begin = 0;
  for (std::uint64_t row = 1; begin < text.size(); ++row) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (format != "still") {
      host->cursor->row = row;
      host->cursor->byte_offset = begin;
      host->cursor->column = format == "tests" ? 0 : 1;
    }
    if (row > 1) {
      const std::string line = text.substr(begin, end - begin);
      const aq_status status = format != "tests"                                  ? Do(line)
                               : line.find_first_not_of(' ') == std::string::npos ? AQ_OK
                                                                                  : DoTest(line);
      if (status != AQ_OK) return status;
    }
    begin = end + 1;
  }
  returned = true;
  return AQ_OK;
}

aq_bytes ManifestBytes() {
  static const std::string bytes = [] {
    v1::Manifest manifest;
    manifest.set_name("hostile");
    manifest.set_version("1.0.0");
    for (const char* name : {"rows", "tests", "whole", "still"}) {
      v1::Format* format = manifest.add_formats();
      format->set_name(name);
      format->set_mode(v1::MODE_DELTA);
      format->set_decodes(true);
      format->set_encodes(true);
      format->add_kinds(v1::RECORD_KIND_TEST);
      if (std::string(name) != "rows" && std::string(name) != "tests") continue;
      format->mutable_splits()->set_delimiter(",");
      format->mutable_splits()->set_quoted(true);
      format->mutable_splits()->set_header_rows(1);
    }
#ifdef AQ_HOSTILE_RANDOM_MANIFEST
    manifest.set_version(std::to_string(reinterpret_cast<std::uintptr_t>(new int)));
#endif
    return manifest.SerializeAsString();
  }();
  return BytesOf(bytes);
}

[[maybe_unused]] const bool constructed = [] {
#if defined(AQ_HOSTILE_ABORT)
  std::abort();
#elif defined(AQ_HOSTILE_FORK)
  (void)fork();
#elif defined(AQ_HOSTILE_HANG)
  while (true) sleep(1);
#elif defined(AQ_HOSTILE_READ)
  // What the sandbox lets be read while the adapter is loaded.
  if (open("/etc/passwd", O_RDONLY) >= 0 || open("/tmp/hostile", O_WRONLY | O_CREAT, 0600) >= 0) {
    std::abort();
  }
#endif
  return true;
}();

}  // namespace

extern "C" const aq_adapter* anqiao_adapter_v1(void) {
  static const aq_adapter adapter = {
      sizeof(aq_adapter),
      AQ_ABI_MINOR,
      ManifestBytes,
      [](aq_bytes) -> aq_instance* {
        (void)setjmp(in_open);
        return reinterpret_cast<aq_instance*>(0x10);
      },
      [](aq_instance*) {},
      Decode,
      [](aq_instance*, const aq_host* given, aq_bytes, const aq_bytes* records,
         size_t count) -> aq_status {
        host = given;
        for (size_t i = 0; i < count; ++i) {
          v1::Record record;
          if (!record.ParseFromArray(records[i].data, static_cast<int>(records[i].length))) {
            return AQ_REJECT;
          }
          if (record.key() == "emit") EmitRecord(*host, "while encoding");
          const aq_status status = Do(record.key());
          if (status != AQ_OK) return status;
          const std::string line = record.key() + "\n";
          if (host->write(host->context, BytesOf(line)) != 0) return AQ_REJECT;
        }
        return AQ_OK;
      },
      nullptr};
  return &adapter;
}
