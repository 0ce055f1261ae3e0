// The four adapters' decoders, through the seam: the first byte chooses the adapter, the second its
// format, the rest is the payload.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "hub/adapter/adapter.h"

namespace {

using anqiao::adapter::Adapter;
using anqiao::adapter::AdapterInstance;

struct Loaded {
  std::unique_ptr<Adapter> adapter;
  std::unique_ptr<AdapterInstance> instance;
};

const std::vector<Loaded>& Adapters() {
  static const std::vector<Loaded>* const adapters = [] {
    auto* all = new std::vector<Loaded>;
    for (const char* name : {"police", "civil_affairs", "employment", "tax"}) {
      auto adapter =
          Adapter::Load(std::string(ANQIAO_PLUGINS_DIRECTORY "/libanqiao_") + name + ".so", "");
      if (!adapter.ok()) abort();
      auto instance = (*adapter)->Open();
      if (!instance.ok()) abort();
      all->push_back({*std::move(adapter), *std::move(instance)});
    }
    return all;
  }();
  return *adapters;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Loaded& chosen = Adapters()[data[0] % Adapters().size()];
  const auto& formats = chosen.adapter->manifest().formats();
  const auto& format = formats.Get(data[1] % formats.size());
  std::size_t records = 0;
  const anqiao::adapter::DecodeSink sink{.record =
                                             [&](const anqiao::adapter::v1::Record& record) {
                                               ++records;
                                               if (record.key().empty() || record.row() == 0)
                                                 abort();
                                             },
                                         .diagnostic =
                                             [](const anqiao::adapter::Diagnostic& diagnostic) {
                                               if (diagnostic.reason.empty()) abort();
                                             }};
  const absl::string_view payload(reinterpret_cast<const char*>(data) + 2, size - 2);
  // An adapter may refuse anything, but it must not misbehave.
  if (absl::IsInternal(chosen.instance->Decode(format.name(), payload, "", sink))) abort();
  if (records > size) abort();
  return 0;
}
