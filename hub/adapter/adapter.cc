#include "hub/adapter/adapter.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/adapter/samples.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "plugins/sdk/anqiao_adapter.h"

namespace anqiao::adapter {
namespace {

constexpr char kSymbol[] = "anqiao_adapter_v1";
constexpr std::size_t kLibraryBytesMax = std::size_t{256} << 20;
constexpr std::size_t kManifestBytesMax = std::size_t{1} << 20;
constexpr int kFormatsMax = 256;
constexpr std::size_t kRecordsMax = 2'000'000;
constexpr std::size_t kRecordBytesMax = 65536;
constexpr std::size_t kDiagnosticsMax = 10'000;
constexpr std::size_t kReasonBytesMax = 64;
constexpr std::size_t kFieldBytesMax = 200;
constexpr std::size_t kMessageBytesMax = 500;
constexpr std::size_t kEncodedBytesMax = std::size_t{64} << 20;

absl::Status Unusable(absl::string_view path, absl::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable,
               absl::StrCat(path, ": ", message));
}

absl::string_view TextOf(aq_bytes bytes) {
  if (bytes.data == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes.data), bytes.length};
}

aq_bytes BytesOf(absl::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// "text" cut to whole characters of at most "bytes_max"; control characters and broken UTF-8 become
// "?", so that what an adapter says can go into logs and protos.
std::string Bounded(absl::string_view text, std::size_t bytes_max) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t length = 1;
    if (lead >= 0xC2 && lead <= 0xF4) length = lead < 0xE0 ? 2 : (lead < 0xF0 ? 3 : 4);
    bool good = lead >= 0x20 && lead < 0x7F;
    if (length > 1 && i + length <= text.size()) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      good = !(lead == 0xE0 && second < 0xA0) && !(lead == 0xED && second > 0x9F) &&
             !(lead == 0xF0 && second < 0x90) && !(lead == 0xF4 && second > 0x8F);
      for (std::size_t k = 1; k < length; ++k) {
        good = good && (static_cast<unsigned char>(text[i + k]) & 0xC0) == 0x80;
      }
    }
    if (!good) length = 1;
    if (out.size() + length > bytes_max) break;
    out.append(good ? text.substr(i, length).data() : "?", good ? length : 1);
    i += length;
  }
  return out;
}

// A reason of anqiao::reason that an adapter may give.
std::string KnownReason(absl::string_view text) {
  static constexpr std::array kKnown = {
      reason::kPayloadEmpty,     reason::kPayloadTooLarge, reason::kPayloadUndecodable,
      reason::kPayloadTruncated, reason::kEncodingInvalid, reason::kUnknownColumn,
      reason::kMissingColumn,    reason::kMissingValue,    reason::kValueInvalid,
      reason::kCheckDigitWrong,  reason::kDateImpossible,  reason::kDuplicateRecord,
      reason::kForbiddenContent, reason::kRowCutOff,       reason::kFormatNotRegistered,
      reason::kInternal};
  const std::string bounded = Bounded(text, kReasonBytesMax);
  for (const char* known : kKnown) {
    if (bounded == known) return bounded;
  }
  return reason::kValueInvalid;
}

Diagnostic PayloadDiagnostic(absl::string_view reason, const aq_cursor& cursor,
                             absl::string_view message) {
  Diagnostic diagnostic;
  diagnostic.reason = std::string(reason);
  diagnostic.row = cursor.row;
  diagnostic.column = cursor.column;
  diagnostic.byte_offset = cursor.byte_offset;
  diagnostic.message = std::string(message);
  diagnostic.severity = Diagnostic::Severity::kPayload;
  return diagnostic;
}

// What one call into an adapter gathers. Everything in it comes from foreign code.
struct Call {
  const DecodeSink* sink = nullptr;
  aq_cursor cursor = {sizeof(aq_cursor), 0, 0, 0};
  std::size_t records = 0;
  std::size_t diagnostics = 0;
  std::string encoded;
  bool refused = false;  // a diagnostic refused the payload
  Diagnostic refusal;
  absl::Status misbehaved;

  void Tell(Diagnostic diagnostic) const {
    if (sink != nullptr) sink->diagnostic(std::move(diagnostic));
  }

  int Misbehave(absl::string_view message) {
    if (!misbehaved.ok()) return 1;
    misbehaved = Error(absl::StatusCode::kInternal, reason::kInternal, message);
    Tell(PayloadDiagnostic(reason::kInternal, cursor, message));
    return 1;
  }
};

int Emit(void* context, aq_bytes bytes) {
  Call& call = *static_cast<Call*>(context);
  if (call.sink == nullptr) return call.Misbehave("the adapter emitted a record while encoding");
  if (++call.records > kRecordsMax) {
    call.refused = true;
    call.refusal = PayloadDiagnostic(reason::kPayloadTooLarge, call.cursor,
                                     absl::StrCat("more than ", kRecordsMax, " records"));
    call.Tell(call.refusal);
    return 1;
  }
  if (bytes.length > kRecordBytesMax) {
    return call.Misbehave(absl::StrCat("the adapter emitted a record of ", bytes.length,
                                       " bytes, at most ", kRecordBytesMax, " are taken"));
  }
  v1::Record record;
  if (!record.ParseFromArray(bytes.data, static_cast<int>(bytes.length))) {
    return call.Misbehave("the adapter emitted a malformed record");
  }
  call.sink->record(std::move(record));
  return 0;
}

int Diagnose(void* context, const aq_diag* diag) {
  Call& call = *static_cast<Call*>(context);
  if (diag == nullptr || !AQ_HAS(diag, message) || diag->severity > AQ_PAYLOAD) {
    return call.Misbehave("the adapter gave a malformed diagnostic");
  }
  Diagnostic diagnostic = {.reason = KnownReason(TextOf(diag->reason)),
                           .row = diag->row,
                           .column = diag->column,
                           .field = Bounded(TextOf(diag->field), kFieldBytesMax),
                           .byte_offset = diag->byte_offset,
                           .message = Bounded(TextOf(diag->message), kMessageBytesMax),
                           .severity = static_cast<Diagnostic::Severity>(diag->severity)};
  if (diagnostic.severity == Diagnostic::Severity::kPayload) {
    call.refused = true;
    call.refusal = diagnostic;
  } else if (++call.diagnostics > kDiagnosticsMax) {
    if (call.refused) return 1;
    call.refused = true;
    call.refusal =
        PayloadDiagnostic(reason::kPayloadUndecodable, call.cursor,
                          absl::StrCat("more than ", kDiagnosticsMax, " rows have faults"));
    call.Tell(call.refusal);
    return 1;
  }
  call.Tell(std::move(diagnostic));
  return 0;
}

void Log(void* context, std::uint32_t level, aq_bytes text) {}

int Write(void* context, aq_bytes bytes) {
  Call& call = *static_cast<Call*>(context);
  if (bytes.length > kEncodedBytesMax - call.encoded.size()) {
    return call.Misbehave(absl::StrCat("the adapter wrote more than ", kEncodedBytesMax, " bytes"));
  }
  const absl::string_view text = TextOf(bytes);
  call.encoded.append(text.data(), text.size());
  return 0;
}

class LoadedInstance : public AdapterInstance {
 public:
  LoadedInstance(const Adapter& adapter, const aq_adapter& abi, aq_instance* instance)
      : adapter_(adapter), abi_(abi), instance_(instance) {}
  ~LoadedInstance() override { abi_.close(instance_); }

  absl::Status Decode(absl::string_view format, absl::string_view payload,
                      absl::string_view file_name, const DecodeSink& sink) override {
    const v1::Format* declared = adapter_.FindFormat(format);
    if (declared == nullptr || !declared->decodes()) {
      return Error(absl::StatusCode::kInvalidArgument, reason::kFormatNotRegistered,
                   absl::StrCat("adapter ", adapter_.manifest().name(), " decodes no format named ",
                                Bounded(format, kFieldBytesMax)));
    }
    Call call;
    call.sink = &sink;
    const aq_host host = HostOf(call);
    const aq_payload native = {sizeof(aq_payload), BytesOf(format), BytesOf(file_name),
                               BytesOf(payload)};
    return Finish(call, dead_ ? AQ_FATAL : abi_.decode(instance_, &host, &native));
  }

  absl::StatusOr<std::string> Encode(absl::string_view format,
                                     const std::vector<v1::Record>& records) override {
    const v1::Format* declared = adapter_.FindFormat(format);
    if (declared == nullptr || !declared->encodes()) {
      return Error(absl::StatusCode::kUnimplemented, reason::kFormatNotRegistered,
                   absl::StrCat("adapter ", adapter_.manifest().name(), " encodes no format named ",
                                Bounded(format, kFieldBytesMax)));
    }
    std::vector<std::string> serialized;
    serialized.reserve(records.size());
    std::vector<aq_bytes> views;
    for (const v1::Record& record : records) serialized.push_back(record.SerializeAsString());
    for (const std::string& bytes : serialized) views.push_back(BytesOf(bytes));
    Call call;
    const aq_host host = HostOf(call);
    AQ_RETURN_IF_ERROR(Finish(
        call, dead_ ? AQ_FATAL
                    : abi_.encode(instance_, &host, BytesOf(format), views.data(), views.size())));
    return std::move(call.encoded);
  }

 private:
  static aq_host HostOf(Call& call) {
    return {sizeof(aq_host), AQ_ABI_MINOR, &call, &call.cursor, Emit, Diagnose, Log, Write};
  }

  absl::Status Finish(Call& call, aq_status status) {
    AQ_RETURN_IF_ERROR(call.misbehaved);
    if (status != AQ_OK && status != AQ_REJECT && status != AQ_STOP) {
      dead_ = true;
      call.Misbehave(absl::StrCat("adapter ", adapter_.manifest().name(),
                                  " gave up; this instance is done for"));
      return call.misbehaved;
    }
    if (!call.refused && status != AQ_REJECT) return absl::OkStatus();
    if (!call.refused) {
      call.refusal =
          PayloadDiagnostic(reason::kPayloadUndecodable, call.cursor, "refused without a reason");
      call.Tell(call.refusal);
    }
    const Diagnostic& refusal = call.refusal;
    std::string message = refusal.message;
    if (!refusal.field.empty()) message = absl::StrCat(refusal.field, ": ", message);
    if (refusal.row != 0) message = absl::StrCat("row ", refusal.row, ": ", message);
    return Error(absl::StatusCode::kInvalidArgument, refusal.reason, message)
        .Meta("row", absl::StrCat(refusal.row))
        .Meta("column", absl::StrCat(refusal.column))
        .Meta("field", refusal.field)
        .Meta("byte_offset", absl::StrCat(refusal.byte_offset));
  }

  const Adapter& adapter_;
  const aq_adapter& abi_;
  aq_instance* const instance_;
  bool dead_ = false;
};

bool IsName(absl::string_view text) {
  if (text.empty() || text.size() > 64 || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

absl::Status CheckManifest(const std::string& path, const v1::Manifest& manifest) {
  if (!IsName(manifest.name()))
    return Unusable(path, "the manifest's name must be lower_snake_case");
  if (manifest.version().empty()) return Unusable(path, "the manifest has no version");
  if (manifest.formats().empty() || manifest.formats_size() > kFormatsMax) {
    return Unusable(path, absl::StrCat("the manifest has ", manifest.formats_size(),
                                       " formats, expected 1 to ", kFormatsMax));
  }
  std::set<std::string> names;
  for (const v1::Format& format : manifest.formats()) {
    if (!IsName(format.name())) return Unusable(path, "a format's name must be lower_snake_case");
    if (!names.insert(format.name()).second) {
      return Unusable(path, absl::StrCat("the manifest has format ", format.name(), " twice"));
    }
    if (format.mode() != v1::MODE_SNAPSHOT && format.mode() != v1::MODE_DELTA) {
      return Unusable(path, absl::StrCat("format ", format.name(), " has no mode"));
    }
    if (!format.decodes() && !format.encodes()) {
      return Unusable(path, absl::StrCat("format ", format.name(), " neither decodes nor encodes"));
    }
    if (format.kinds().empty()) {
      return Unusable(path, absl::StrCat("format ", format.name(), " has no kind of record"));
    }
  }
  return absl::OkStatus();
}

class LoadedAdapter : public Adapter {
 public:
  LoadedAdapter(std::string path, const aq_adapter& abi, std::string build_id)
      : path_(std::move(path)), abi_(abi), build_id_(std::move(build_id)) {}

  absl::Status ReadManifest() {
    const aq_bytes bytes = abi_.manifest();
    if (bytes.length > kManifestBytesMax ||
        !manifest_.ParseFromArray(bytes.data, static_cast<int>(bytes.length))) {
      return Unusable(path_, "the manifest cannot be parsed");
    }
    return CheckManifest(path_, manifest_);
  }

  absl::Status RunSamples(const std::string& directory) {
    AQ_ASSIGN_OR_RETURN(const std::vector<Sample> samples, ReadSamples(directory));
    AQ_ASSIGN_OR_RETURN(const std::unique_ptr<AdapterInstance> instance, Open());
    for (const Sample& sample : samples) {
      if (const absl::Status status = RunSample(*instance, sample); !status.ok()) {
        return Unusable(path_, status.message());
      }
    }
    return absl::OkStatus();
  }

  const v1::Manifest& manifest() const override { return manifest_; }
  const std::string& build_id() const override { return build_id_; }

  const v1::Format* FindFormat(absl::string_view name) const override {
    for (const v1::Format& format : manifest_.formats()) {
      if (format.name() == name) return &format;
    }
    return nullptr;
  }

  absl::StatusOr<std::unique_ptr<AdapterInstance>> Open() override {
    aq_instance* instance = abi_.open({nullptr, 0});
    if (instance == nullptr) return Unusable(path_, "the adapter cannot be opened");
    return std::make_unique<LoadedInstance>(*this, abi_, instance);
  }

 private:
  const std::string path_;
  const aq_adapter& abi_;
  const std::string build_id_;
  v1::Manifest manifest_;
};

absl::StatusOr<std::string> BuildIdOf(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return Unusable(path, "there is no such file, or it cannot be read");
  const auto size = in.tellg();
  if (size <= 0 || static_cast<std::size_t>(size) > kLibraryBytesMax) {
    return Unusable(path, absl::StrCat("expected a file of 1 to ", kLibraryBytesMax, " bytes"));
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  in.seekg(0);
  if (!in.read(bytes.data(), size)) return Unusable(path, "cannot be read");
  return Hex(Sha256(bytes)).substr(0, 16);
}

// The entry's answer, checked.
absl::StatusOr<const aq_adapter*> FindEntry(const std::string& path) {
  // Never closed: code of the library may still be referred to.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* error = dlerror();
    return Unusable(path, absl::StrCat("cannot be loaded: ",
                                       Bounded(error != nullptr ? error : "", kMessageBytesMax)));
  }
  using Entry = const aq_adapter* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(library, kSymbol));
  if (entry == nullptr) return Unusable(path, absl::StrCat("has no symbol ", kSymbol));
  const aq_adapter* abi = entry();
  if (abi == nullptr) return Unusable(path, absl::StrCat(kSymbol, " returned nothing"));
  if (!AQ_HAS(abi, extension)) {
    return Unusable(path, absl::StrCat("its aq_adapter has ", abi->size,
                                       " bytes, expected at least ", sizeof(aq_adapter)));
  }
  if (abi->abi_minor > AQ_ABI_MINOR) {
    return Unusable(path, absl::StrCat("needs ABI version 1.", abi->abi_minor, ", this hub has 1.",
                                       AQ_ABI_MINOR));
  }
  if (abi->manifest == nullptr || abi->open == nullptr || abi->close == nullptr ||
      abi->decode == nullptr || abi->encode == nullptr) {
    return Unusable(path, "its aq_adapter lacks a function");
  }
  return abi;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Adapter>> Adapter::Load(const std::string& library_path,
                                                       const std::string& samples_directory) {
  AQ_ASSIGN_OR_RETURN(std::string build_id, BuildIdOf(library_path));
  // Without a slash dlopen would search the system's folders.
  const std::string path =
      library_path.find('/') == std::string::npos ? "./" + library_path : library_path;
  AQ_ASSIGN_OR_RETURN(const aq_adapter* abi, FindEntry(path));
  auto adapter = std::make_unique<LoadedAdapter>(path, *abi, std::move(build_id));
  AQ_RETURN_IF_ERROR(adapter->ReadManifest());
  if (!samples_directory.empty()) AQ_RETURN_IF_ERROR(adapter->RunSamples(samples_directory));
  return std::unique_ptr<Adapter>(std::move(adapter));
}

}  // namespace anqiao::adapter
