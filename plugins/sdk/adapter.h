// Exports a declaration as an adapter.
//
//   const sdk::Declaration& Declare() { static const sdk::Declaration declaration = {...}; return
//   declaration; } ANQIAO_ADAPTER(Declare)

#ifndef ANQIAO_PLUGINS_SDK_ADAPTER_H_
#define ANQIAO_PLUGINS_SDK_ADAPTER_H_

#include <string>

#include "plugins/sdk/anqiao_adapter.h"
#include "plugins/sdk/declare.h"

namespace anqiao::sdk {

std::string SerializeManifest(const Declaration& declaration);
aq_instance* OpenInstance(const Declaration& declaration, aq_bytes configuration);
void CloseInstance(aq_instance* instance);
aq_status DecodePayload(aq_instance* instance, const aq_host* host, const aq_payload* payload);
aq_status EncodeRecords(aq_instance* instance, const aq_host* host, aq_bytes format,
                        const aq_bytes* records, size_t record_count);

template <const Declaration& (*kDeclare)()>
const aq_adapter* Export() {
  static const std::string manifest = SerializeManifest(kDeclare());
  static const aq_adapter adapter = {
      sizeof(aq_adapter),
      AQ_ABI_MINOR,
      [] {
        return aq_bytes{reinterpret_cast<const uint8_t*>(manifest.data()), manifest.size()};
      },
      [](aq_bytes configuration) { return OpenInstance(kDeclare(), configuration); },
      CloseInstance,
      DecodePayload,
      EncodeRecords,
      [](aq_bytes name) -> const void* { return nullptr; }};
  return &adapter;
}

}  // namespace anqiao::sdk

#define ANQIAO_ADAPTER(declare) \
  extern "C" const aq_adapter* anqiao_adapter_v1(void) { return ::anqiao::sdk::Export<declare>(); }

#endif  // ANQIAO_PLUGINS_SDK_ADAPTER_H_
