// Page tokens: what decodes must have been made here.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "hub/rpc/page_token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const auto after = anqiao::rpc::DecodePageToken("scope", input);
  if (after.ok() && anqiao::rpc::EncodePageToken("scope", *after) != input) abort();
  const auto back =
      anqiao::rpc::DecodePageToken("scope", anqiao::rpc::EncodePageToken("scope", input));
  if (!back.ok() || *back != input) abort();
  return 0;
}
