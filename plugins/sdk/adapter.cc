#include "plugins/sdk/adapter.h"

#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "plugins/sdk/readers.h"
#include "plugins/sdk/report.h"
#include "plugins/sdk/writers.h"

struct aq_instance {
  const anqiao::sdk::Declaration* declaration;
};

namespace anqiao::sdk {
namespace {

std::string_view TextOf(aq_bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.length};
}

const Format* FindFormat(const Declaration& declaration, std::string_view name) {
  for (const Format& format : declaration.formats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

aq_status Decode(const Declaration& declaration, const aq_payload& payload, Report& report) {
  const Format* format = FindFormat(declaration, TextOf(payload.format));
  if (format == nullptr || !format->decodes) {
    return report.RefusePayload({}, "FORMAT_NOT_REGISTERED", "the adapter decodes no such format");
  }
  const std::string_view file_name = TextOf(payload.file_name);
  for (const std::string_view other : format->other_file_names) {
    if (file_name.find(other) != std::string_view::npos) {
      return report.RefusePayload(
          {}, "PAYLOAD_UNDECODABLE",
          "the file name says that it is of another format: it contains " + std::string(other));
    }
  }
  if (payload.bytes.length == 0) {
    return report.RefusePayload({}, "PAYLOAD_EMPTY", "the payload has no bytes");
  }
  return DecodeShape(*format, TextOf(payload.bytes), report);
}

aq_status Encode(const Declaration& declaration, const aq_host& host, std::string_view name,
                 std::span<const aq_bytes> serialized, Report& report) {
  const Format* format = FindFormat(declaration, name);
  if (format == nullptr || !format->encodes) {
    return report.RefusePayload({}, "FORMAT_NOT_REGISTERED", "the adapter encodes no such format");
  }
  std::vector<v1::Record> records(serialized.size());
  for (std::size_t i = 0; i < serialized.size(); ++i) {
    if (!records[i].ParseFromArray(serialized[i].data, static_cast<int>(serialized[i].length))) {
      return report.RefusePayload({.row = i + 1}, "VALUE_INVALID", "not a record");
    }
  }
  std::string out;
  const aq_status status = EncodeShape(*format, records, out, report);
  if (status != AQ_OK) return status;
  return host.write(host.context, BytesOf(out)) == 0 ? AQ_OK : AQ_REJECT;
}

}  // namespace

std::string SerializeManifest(const Declaration& declaration) {
  v1::Manifest manifest;
  manifest.set_name(std::string(declaration.name));
  manifest.set_version(std::string(declaration.version));
  for (const Format& format : declaration.formats) {
    v1::Format* out = manifest.add_formats();
    out->set_name(std::string(format.name));
    out->set_title_zh(std::string(format.title_zh));
    out->set_title_en(std::string(format.title_en));
    out->set_mode(format.mode);
    out->set_decodes(format.decodes);
    out->set_encodes(format.encodes);
    out->add_kinds(format.kind);
    out->set_content_type(std::string(format.content_type));
    if (const auto* shape = std::get_if<Delimited>(&format.shape)) {
      v1::Splits* splits = out->mutable_splits();
      splits->set_delimiter(std::string(1, shape->delimiter));
      splits->set_quoted(shape->quoted);
      splits->set_header_rows(
          static_cast<std::uint32_t>(shape->header_row + shape->header_rows - 1));
      splits->set_double_byte(shape->encoding == Encoding::kGb18030);
    }
  }
  return manifest.SerializeAsString();
}

aq_instance* OpenInstance(const Declaration& declaration, aq_bytes configuration) {
  if (configuration.length != 0) return nullptr;  // there is nothing to configure
  // Loads the system's converter now: a sandbox may close before the first payload.
  if (!Transcoder(Encoding::kGb18030).usable()) return nullptr;
  return new (std::nothrow) aq_instance{&declaration};
}

void CloseInstance(aq_instance* instance) { delete instance; }

aq_status DecodePayload(aq_instance* instance, const aq_host* host, const aq_payload* payload) {
  try {
    Report report(*host);
    return Decode(*instance->declaration, *payload, report);
  } catch (...) {
    return AQ_FATAL;
  }
}

aq_status EncodeRecords(aq_instance* instance, const aq_host* host, aq_bytes format,
                        const aq_bytes* records, size_t record_count) {
  if (!AQ_HAS(host, write)) return AQ_REJECT;
  try {
    Report report(*host);
    return Encode(*instance->declaration, *host, TextOf(format), {records, record_count}, report);
  } catch (...) {
    return AQ_FATAL;
  }
}

}  // namespace anqiao::sdk
