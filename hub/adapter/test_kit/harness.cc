#include "hub/adapter/test_kit/harness.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/adapter/adapter.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::test_kit {
namespace {

constexpr char kSymbol[] = "anqiao_adapter_v1";
constexpr std::size_t kTailBytes = std::size_t{1} << 20;
constexpr std::size_t kRecordBytesMax = 65536;
constexpr std::size_t kRecordsMax = 2'000'000;
constexpr std::size_t kKeyBytesMax = 200;
constexpr std::size_t kTextBytesMax = std::size_t{64} << 20;
constexpr std::size_t kEncodedBytesMax = std::size_t{64} << 20;
// Room for a later host's members.
constexpr std::size_t kLaterHostBytes = 64;

absl::string_view TextOf(aq_bytes bytes) {
  if (bytes.data == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes.data), bytes.length};
}

aq_bytes BytesOf(absl::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Everything of one call.
struct Call {
  Probe& probe;
  std::size_t payload_bytes = 0;
  bool encoding = false;
  bool quiet = false;  // nothing is kept
  Outcome outcome = {};
  bool refused = false;
  std::uint64_t last_row = 0;
  std::uint64_t last_offset = 0;
  std::uint64_t cursor_row = 0;
  std::uint64_t cursor_offset = 0;
  std::size_t records = 0;

  void Breach(absl::string_view what) {
    if (!outcome.breach.empty()) return;
    const aq_cursor& at = *probe.cursor();
    outcome.breach = absl::StrCat(what, "; the cursor was at row ", at.row, ", column ", at.column,
                                  ", byte ", at.byte_offset);
  }

  void WatchCursor() {
    const aq_cursor at = *probe.cursor();
    if (at.row < cursor_row || at.byte_offset < cursor_offset) {
      Breach(absl::StrCat("the cursor went back from row ", cursor_row, ", byte ", cursor_offset));
    }
    if (at.byte_offset > payload_bytes && !encoding) {
      Breach(absl::StrCat("the cursor left the payload of ", payload_bytes, " bytes"));
    }
    cursor_row = std::max(cursor_row, at.row);
    cursor_offset = std::max<std::uint64_t>(cursor_offset, at.byte_offset);
  }

  void Say(const std::string& line) {
    if (quiet || outcome.text.size() + line.size() > kTextBytesMax) return;
    outcome.text += line;
  }
};

std::string Describe(const adapter::v1::Record& record, absl::string_view bytes) {
  std::string line = absl::StrCat("record ", adapter::v1::RecordKind_Name(record.kind()),
                                  " row=", record.row(), " byte=", record.byte_offset(),
                                  record.removed() ? " removed" : "", " key=", record.key());
  for (const adapter::v1::FieldValue& value : record.values()) {
    absl::StrAppend(&line, " ", adapter::v1::Field_Name(value.field()), "[", value.column(), " ",
                    value.native_field(), "]=", value.value());
  }
  std::replace(line.begin(), line.end(), '\n', ' ');
  return absl::StrCat(line, " #", Hex(Sha256(bytes)).substr(0, 8), "\n");
}

void CheckRecord(Call& call, const adapter::v1::Record& record) {
  const std::string which = absl::StrCat("record ", call.records);
  if (record.row() == 0 || record.row() > call.payload_bytes ||
      record.byte_offset() >= call.payload_bytes) {
    call.Breach(absl::StrCat(which, " lies outside the payload of ", call.payload_bytes,
                             " bytes: row ", record.row(), ", byte ", record.byte_offset()));
  }
  if (record.row() <= call.last_row && call.records > 1) {
    call.Breach(
        absl::StrCat(which, " of row ", record.row(), " comes after one of row ", call.last_row));
  }
  if (record.byte_offset() < call.last_offset) {
    call.Breach(absl::StrCat(which, " of byte ", record.byte_offset(), " comes after one of byte ",
                             call.last_offset));
  }
  call.last_row = record.row();
  call.last_offset = record.byte_offset();
  if (record.key().empty() || record.key().size() > kKeyBytesMax) {
    call.Breach(absl::StrCat(which, " has a key of ", record.key().size(), " bytes, expected 1 to ",
                             kKeyBytesMax));
  }
  for (const adapter::v1::FieldValue& value : record.values()) {
    if (value.value().empty()) call.Breach(absl::StrCat(which, " has an empty value"));
    if (value.field() == adapter::v1::FIELD_UNSPECIFIED) {
      call.Breach(absl::StrCat(which, " has a value without a field"));
    }
  }
}

int Emit(void* context, aq_bytes bytes) {
  Call& call = *static_cast<Call*>(context);
  ++call.records;
  if (call.quiet) return 0;
  call.WatchCursor();
  if (call.encoding) {
    call.Breach("a record was emitted while encoding");
    return 1;
  }
  if (call.records > kRecordsMax) {
    call.Breach(absl::StrCat("more than ", kRecordsMax, " records"));
    return 1;
  }
  adapter::v1::Record record;
  if (bytes.length > kRecordBytesMax) {
    call.Breach(absl::StrCat("record ", call.records, " has ", bytes.length, " bytes, at most ",
                             kRecordBytesMax, " are taken"));
    return 1;
  }
  if (!record.ParseFromArray(bytes.data, static_cast<int>(bytes.length))) {
    call.Breach(absl::StrCat("record ", call.records, " is malformed, or not UTF-8"));
    return 1;
  }
  CheckRecord(call, record);
  call.outcome.records.emplace_back(TextOf(bytes));
  call.Say(Describe(record, TextOf(bytes)));
  return 0;
}

int Diagnose(void* context, const aq_diag* diag) {
  Call& call = *static_cast<Call*>(context);
  if (call.quiet) return 0;
  call.WatchCursor();
  if (diag == nullptr || !AQ_HAS(diag, message) || diag->severity > AQ_PAYLOAD) {
    call.Breach("a malformed diagnostic");
    return 1;
  }
  const bool of_a_value = diag->severity == AQ_WARNING && TextOf(diag->reason) == "VALUE_INVALID";
  if (!of_a_value) ++call.outcome.diagnostics;
  call.refused = call.refused || diag->severity == AQ_PAYLOAD;
  if (!call.encoding && diag->byte_offset > call.payload_bytes) {
    call.Breach(absl::StrCat("a diagnostic lies outside the payload of ", call.payload_bytes,
                             " bytes: byte ", diag->byte_offset));
  }
  if (diag->message.length == 0) call.Breach("a diagnostic without a message");
  static constexpr absl::string_view kSeverities[] = {"warning", "refused", "payload refused"};
  std::string line = absl::StrCat(
      kSeverities[diag->severity], " ", TextOf(diag->reason), " row=", diag->row,
      " column=", diag->column, " byte=", diag->byte_offset, "+", diag->byte_length,
      " target=", diag->target, " field=", TextOf(diag->field), ": ", TextOf(diag->message));
  std::replace(line.begin(), line.end(), '\n', ' ');
  call.Say(line + "\n");
  return 0;
}

void Log(void* context, std::uint32_t level, aq_bytes text) {}

int Write(void* context, aq_bytes bytes) {
  Call& call = *static_cast<Call*>(context);
  if (!call.encoding) {
    call.Breach("bytes were written while decoding");
    return 1;
  }
  if (bytes.length > kEncodedBytesMax - call.outcome.encoded.size()) {
    call.Breach(absl::StrCat("more than ", kEncodedBytesMax, " bytes were written"));
    return 1;
  }
  absl::StrAppend(&call.outcome.encoded, TextOf(bytes));
  return 0;
}

// The host in the shape that was asked for.
class ShapedHost {
 public:
  ShapedHost(const HostShape& shape, Call& call) {
    const aq_host whole = {static_cast<std::uint32_t>(shape.size),
                           shape.abi_minor,
                           &call,
                           call.probe.cursor(),
                           Emit,
                           Diagnose,
                           Log,
                           Write};
    std::memset(plain_, 0xDB, sizeof plain_);
    std::memcpy(plain_, &whole, sizeof whole);
    host_ = reinterpret_cast<const aq_host*>(plain_);
    if (!shape.guarded) return;
    guarded_.emplace(sizeof plain_);
    const absl::string_view placed = guarded_->Place({plain_, std::min(shape.size, sizeof plain_)});
    host_ = reinterpret_cast<const aq_host*>(placed.data());
    call.probe.SetGuard("aq_host", guarded_->guard(), shape.size);
  }

  const aq_host* get() const { return host_; }

 private:
  std::optional<GuardedBytes> guarded_;
  alignas(aq_host) char plain_[sizeof(aq_host) + kLaterHostBytes];
  const aq_host* host_ = nullptr;
};

Outcome Finish(Call& call, aq_status status) {
  call.probe.End();
  call.WatchCursor();
  if (status != AQ_OK && status != AQ_REJECT && status != AQ_STOP) {
    call.Breach(status == AQ_FATAL ? std::string("the instance gave up (AQ_FATAL)")
                                   : absl::StrCat("an unknown status, ", status));
  }
  call.outcome.used = !call.refused && (status == AQ_OK || status == AQ_STOP);
  call.Say(absl::StrCat("status ", status, "\n"));
  return std::move(call.outcome);
}

}  // namespace

GuardedBytes::GuardedBytes(std::size_t bytes_max) {
  const auto page = static_cast<std::size_t>(getpagesize());
  size_ = (bytes_max + page - 1) / page * page;
  void* memory = mmap(nullptr, size_ + kTailBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<char*>(memory);
  guard_ = memory_ + size_;
  mprotect(guard_, kTailBytes, PROT_NONE);
}

GuardedBytes::~GuardedBytes() { munmap(memory_, size_ + kTailBytes); }

absl::string_view GuardedBytes::Place(absl::string_view bytes) {
  mprotect(memory_, size_, PROT_READ | PROT_WRITE);
  char* begin = guard_ - bytes.size();
  if (!bytes.empty()) std::memcpy(begin, bytes.data(), bytes.size());
  mprotect(memory_, size_, PROT_READ);
  return {begin, bytes.size()};
}

absl::StatusOr<std::unique_ptr<Library>> Library::Load(const std::string& path, Probe& probe) {
  probe.Begin("(loading)", "", "");
  // The hub's own checks first, for their messages; what is loaded twice is there once.
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<adapter::Adapter> loaded,
                      adapter::Adapter::Load(path, ""));
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  using Entry = const aq_adapter* (*)();
  const auto entry =
      library == nullptr ? nullptr : reinterpret_cast<Entry>(dlsym(library, kSymbol));
  if (entry == nullptr) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable,
                 absl::StrCat(path, ": cannot be loaded a second time"));
  }
  const aq_adapter* abi = entry();
  probe.End();
  return std::unique_ptr<Library>(new Library(*abi, loaded->manifest(), probe));
}

std::unique_ptr<Instance> Library::Open() const {
  probe_.Begin("(opening)", "", "");
  aq_instance* instance = abi_.open({nullptr, 0});
  probe_.End();
  if (instance == nullptr) return nullptr;
  return std::make_unique<Instance>(abi_, instance, probe_);
}

Instance::~Instance() {
  probe_.Begin("(closing)", "", "");
  abi_.close(instance_);
  probe_.End();
}

Outcome Instance::Decode(const Input& input, const HostShape& shape) {
  return DecodeAt(input, input.payload, shape);
}

Outcome Instance::DecodeAt(const Input& input, absl::string_view payload, const HostShape& shape) {
  Call call = {.probe = probe_, .payload_bytes = payload.size()};
  const ShapedHost host(shape, call);
  const aq_payload native = {sizeof(aq_payload), BytesOf(input.format), BytesOf(input.file_name),
                             BytesOf(payload)};
  probe_.Begin(input.name, input.format, payload);
  const aq_status status = abi_.decode(instance_, host.get(), &native);
  return Finish(call, status);
}

void Instance::DecodeAgain(const Input& input) {
  Call call = {.probe = probe_, .payload_bytes = input.payload.size(), .quiet = true};
  const aq_host host = {sizeof(aq_host), AQ_ABI_MINOR, &call, probe_.cursor(), Emit,
                        Diagnose,        Log,          Write};
  const aq_payload native = {sizeof(aq_payload), BytesOf(input.format), BytesOf(input.file_name),
                             BytesOf(input.payload)};
  probe_.BeginAgain();
  abi_.decode(instance_, &host, &native);
  probe_.End();
}

Outcome Instance::Encode(const std::string& input_name, const std::string& format,
                         const std::vector<std::string>& records, const HostShape& shape) {
  Call call = {.probe = probe_, .encoding = true};
  const ShapedHost host(shape, call);
  std::vector<aq_bytes> views;
  std::string all;
  for (const std::string& record : records) {
    views.push_back(BytesOf(record));
    absl::StrAppend(&all, record);
  }
  probe_.Begin(input_name, format, all);
  const aq_status status =
      abi_.encode(instance_, host.get(), BytesOf(format), views.data(), views.size());
  return Finish(call, status);
}

}  // namespace anqiao::test_kit
