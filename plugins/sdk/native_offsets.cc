#include "plugins/sdk/native_offsets.h"

#include <algorithm>

namespace anqiao::sdk {
namespace {

bool BeginsCharacter(char c) { return (c & 0xC0) != 0x80; }

}  // namespace

NativeOffsets::NativeOffsets(Encoding encoding, std::string_view native, std::string_view text)
    : encoding_(encoding), native_(native) {
  if (encoding != Encoding::kUtf8) text_ = text;
}

std::size_t NativeOffsets::Of(std::size_t offset) {
  if (encoding_ == Encoding::kUtf8) return std::min(offset, native_.size());
  offset = std::min(offset, text_.size());
  while (offset > 0 && offset < text_.size() && !BeginsCharacter(text_[offset])) --offset;
  if (offset < text_offset_) text_offset_ = native_offset_ = 0;
  for (; text_offset_ < offset; ++text_offset_) {
    if (!BeginsCharacter(text_[text_offset_])) continue;
    native_offset_ += NativeLength(encoding_, native_, native_offset_);
  }
  return native_offset_;
}

}  // namespace anqiao::sdk
