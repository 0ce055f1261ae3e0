// From places in a text that was made UTF-8 back to the agency's own bytes.
//
// Thread-compatible.

#ifndef ANQIAO_PLUGINS_SDK_NATIVE_OFFSETS_H_
#define ANQIAO_PLUGINS_SDK_NATIVE_OFFSETS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "plugins/sdk/text.h"

namespace anqiao::sdk {

// Characters are counted: a character may have come from other bytes than it would be written as,
// so writing the text again would give other offsets.
class NativeOffsets {
 public:
  // "text" is "native", valid in "encoding", as UTF-8. "native" outlives this, "text" need not.
  NativeOffsets(Encoding encoding, std::string_view native, std::string_view text);

  // Where in "native" the character at or around "offset" of "text" is; its size for its end. Cheap
  // if asked in rising order.
  std::size_t Of(std::size_t offset);

 private:
  const Encoding encoding_;
  const std::string_view native_;
  std::string text_;  // empty for UTF-8
  std::size_t text_offset_ = 0;
  std::size_t native_offset_ = 0;
};

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_NATIVE_OFFSETS_H_
