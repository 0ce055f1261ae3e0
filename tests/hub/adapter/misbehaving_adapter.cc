// An adapter with one fault, chosen by AQ_FAULT_... when it is compiled.

#include <string>

#include "anqiao/adapter/v1/adapter.pb.h"
#include "plugins/sdk/anqiao_adapter.h"

namespace {

using anqiao::adapter::v1::Manifest;

aq_bytes BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

[[maybe_unused]] aq_bytes ManifestBytes() {
  static const std::string bytes = [] {
#ifdef AQ_FAULT_GARBLED_MANIFEST
    return std::string("\xFF\xFF\xFF");
#else
    Manifest manifest;
    manifest.set_name("misbehaving");
    manifest.set_version("1.0.0");
    for (int i = 0; i < 2; ++i) {
      auto* format = manifest.add_formats();
#ifdef AQ_FAULT_FORMAT_TWICE
      format->set_name("same");
#else
      format->set_name(i == 0 ? "records" : "fatal");
#endif
#ifndef AQ_FAULT_NO_MODE
      format->set_mode(anqiao::adapter::v1::MODE_DELTA);
#endif
      format->set_decodes(true);
      format->add_kinds(anqiao::adapter::v1::RECORD_KIND_TEST);
    }
    return manifest.SerializeAsString();
#endif
  }();
  return BytesOf(bytes);
}

// The payload says what to do wrong.
[[maybe_unused]] aq_status DecodePayload(aq_instance*, const aq_host* host,
                                         const aq_payload* payload) {
  const std::string what(reinterpret_cast<const char*>(payload->bytes.data), payload->bytes.length);
  host->cursor->row = 7;
  if (what == "fatal") return AQ_FATAL;
  if (what == "reject") return AQ_REJECT;
  if (what == "malformed") {
    host->emit(host->context, BytesOf("\xFF\xFF"));
    return AQ_OK;
  }
  if (what == "large") {
    host->emit(host->context, BytesOf(std::string(100000, 'x')));
    return AQ_OK;
  }
  const std::string reason = "MADE_UP";
  const std::string message = "bad\n\xFF" + std::string(5000, 'x');
  aq_diag diag = {};
  diag.size = what == "short" ? 8 : sizeof diag;
  diag.severity = AQ_RECORD;
  diag.reason = BytesOf(reason);
  diag.message = BytesOf(message);
  const int count = what == "many" ? 20000 : 1;
  for (int i = 0; i < count; ++i) {
    if (host->diag(host->context, &diag) != 0) break;
  }
  return AQ_OK;
}

}  // namespace

#ifndef AQ_FAULT_NO_SYMBOL
extern "C" const aq_adapter* anqiao_adapter_v1(void) {
#ifdef AQ_FAULT_NEWER
  constexpr uint32_t kMinor = AQ_ABI_MINOR + 1;
#else
  constexpr uint32_t kMinor = AQ_ABI_MINOR;
#endif
#ifdef AQ_FAULT_SHORT_STRUCT
  constexpr uint32_t kSize = 16;
#else
  constexpr uint32_t kSize = sizeof(aq_adapter);
#endif
  static const aq_adapter adapter = {
      kSize,
      kMinor,
      ManifestBytes,
      [](aq_bytes) { return reinterpret_cast<aq_instance*>(0x10); },
      [](aq_instance*) {},
      DecodePayload,
      [](aq_instance*, const aq_host*, aq_bytes, const aq_bytes*, size_t) { return AQ_REJECT; },
      nullptr};
  return &adapter;
}
#endif
