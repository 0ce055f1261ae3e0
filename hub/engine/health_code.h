// Bytes that no adapter could read may still hold health codes, which must never be held
// (hub/doc/formats.md).

#ifndef ANQIAO_HUB_ENGINE_HEALTH_CODE_H_
#define ANQIAO_HUB_ENGINE_HEALTH_CODE_H_

#include "absl/strings/string_view.h"

namespace anqiao::engine {

// True if "bytes" hold one of the words of a health column in UTF-8, GB18030 or UTF-16 of either
// order, at any place. Rather too often than too rarely: what is refused here is sent again
// corrected.
bool NamesHealthCode(absl::string_view bytes);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_HEALTH_CODE_H_
