#include "hub/adapter/adapter.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/adapter/call.h"
#include "hub/adapter/library.h"
#include "hub/adapter/samples.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "plugins/sdk/anqiao_adapter.h"

namespace anqiao::adapter {
namespace {

// What the callbacks of one call get as their context.
struct InProcessCall {
  explicit InProcessCall(const DecodeSink* sink) : call(sink) {}
  Position at() const { return {cursor.row, cursor.column, cursor.byte_offset}; }

  aq_cursor cursor = {sizeof(aq_cursor), 0, 0, 0};
  Call call;
};

int Emit(void* context, aq_bytes bytes) {
  InProcessCall& in = *static_cast<InProcessCall*>(context);
  if (bytes.length > kRecordBytesMax) return in.call.EmitTooLong(bytes.length, in.at()) ? 0 : 1;
  return in.call.Emit(TextOf(bytes), in.at()) ? 0 : 1;
}

int Diagnose(void* context, const aq_diag* diag) {
  InProcessCall& in = *static_cast<InProcessCall*>(context);
  RawDiagnostic raw;
  if (!ReadDiagnostic(diag, &raw)) {
    in.call.Misbehave("the adapter gave a malformed diagnostic", in.at());
    return 1;
  }
  return in.call.Diagnose(raw, in.at()) ? 0 : 1;
}

void DropLine(void* context, std::uint32_t level, aq_bytes text) {}

int Write(void* context, aq_bytes bytes) {
  InProcessCall& in = *static_cast<InProcessCall*>(context);
  return in.call.Write(TextOf(bytes), in.at()) ? 0 : 1;
}

class LoadedInstance : public AdapterInstance {
 public:
  LoadedInstance(const Adapter& adapter, const aq_adapter& abi, aq_instance* instance)
      : adapter_(adapter), abi_(abi), instance_(instance) {}
  ~LoadedInstance() override { abi_.close(instance_); }

  absl::Status Decode(absl::string_view format, absl::string_view payload,
                      absl::string_view file_name, const DecodeSink& sink) override {
    AQ_RETURN_IF_ERROR(CheckDecodes(adapter_, format));
    InProcessCall in(&sink);
    const aq_host host = HostOf(in);
    const aq_payload native = {sizeof(aq_payload), BytesOf(format), BytesOf(file_name),
                               BytesOf(payload)};
    return Finish(in, dead_ ? AQ_FATAL : abi_.decode(instance_, &host, &native));
  }

  absl::StatusOr<std::string> Encode(absl::string_view format,
                                     const std::vector<v1::Record>& records) override {
    AQ_RETURN_IF_ERROR(CheckEncodes(adapter_, format));
    std::vector<std::string> serialized;
    serialized.reserve(records.size());
    std::vector<aq_bytes> views;
    for (const v1::Record& record : records) serialized.push_back(record.SerializeAsString());
    for (const std::string& bytes : serialized) views.push_back(BytesOf(bytes));
    InProcessCall in(nullptr);
    const aq_host host = HostOf(in);
    AQ_RETURN_IF_ERROR(Finish(
        in, dead_ ? AQ_FATAL
                  : abi_.encode(instance_, &host, BytesOf(format), views.data(), views.size())));
    return in.call.TakeEncoded();
  }

 private:
  static aq_host HostOf(InProcessCall& in) {
    return {sizeof(aq_host), AQ_ABI_MINOR, &in, &in.cursor, Emit, Diagnose, DropLine, Write};
  }

  absl::Status Finish(InProcessCall& in, aq_status status) {
    dead_ = dead_ || (status != AQ_OK && status != AQ_REJECT && status != AQ_STOP);
    return in.call.Finish(status, adapter_.manifest().name(), in.at());
  }

  const Adapter& adapter_;
  const aq_adapter& abi_;
  aq_instance* const instance_;
  bool dead_ = false;
};

class LoadedAdapter : public Adapter {
 public:
  LoadedAdapter(std::string path, const aq_adapter& abi, std::string build_id)
      : path_(std::move(path)), abi_(abi), build_id_(std::move(build_id)) {}

  absl::Status ReadManifest() {
    AQ_ASSIGN_OR_RETURN(manifest_, ParseManifest(path_, TextOf(abi_.manifest())));
    return absl::OkStatus();
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

}  // namespace

const v1::Format* Adapter::FindFormat(absl::string_view name) const {
  for (const v1::Format& format : manifest().formats()) {
    if (format.name() == name) return &format;
  }
  return nullptr;
}

absl::Status CheckDecodes(const Adapter& adapter, absl::string_view format) {
  const v1::Format* declared = adapter.FindFormat(format);
  if (declared != nullptr && declared->decodes()) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, reason::kFormatNotRegistered,
               absl::StrCat("adapter ", adapter.manifest().name(), " decodes no format named ",
                            Bounded(format, kFieldBytesMax)));
}

absl::Status CheckEncodes(const Adapter& adapter, absl::string_view format) {
  const v1::Format* declared = adapter.FindFormat(format);
  if (declared != nullptr && declared->encodes()) return absl::OkStatus();
  return Error(absl::StatusCode::kUnimplemented, reason::kFormatNotRegistered,
               absl::StrCat("adapter ", adapter.manifest().name(), " encodes no format named ",
                            Bounded(format, kFieldBytesMax)));
}

absl::StatusOr<std::unique_ptr<Adapter>> Adapter::Load(const std::string& library_path,
                                                       const std::string& samples_directory) {
  AQ_ASSIGN_OR_RETURN(std::string build_id, BuildIdOf(library_path));
  const std::string path = PathToOpen(library_path);
  AQ_ASSIGN_OR_RETURN(const aq_adapter* abi, FindEntry(path));
  auto adapter = std::make_unique<LoadedAdapter>(path, *abi, std::move(build_id));
  AQ_RETURN_IF_ERROR(adapter->ReadManifest());
  if (!samples_directory.empty()) AQ_RETURN_IF_ERROR(adapter->RunSamples(samples_directory));
  return std::unique_ptr<Adapter>(std::move(adapter));
}

}  // namespace anqiao::adapter
