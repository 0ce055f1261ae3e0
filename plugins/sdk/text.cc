#include "plugins/sdk/text.h"

#include <iconv.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace anqiao::sdk {
namespace {

const iconv_t kNoConverter = reinterpret_cast<iconv_t>(-1);

std::uint8_t ByteAt(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

bool InRange(std::uint8_t byte, int low, int high) { return byte >= low && byte <= high; }

// Length of the UTF-8 character at "i", 0 if there is none.
std::size_t Utf8Length(std::string_view text, std::size_t i) {
  const std::uint8_t lead = ByteAt(text, i);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  int low = 0x80;
  int high = 0xBF;
  if (InRange(lead, 0xC2, 0xDF)) {
    length = 2;
  } else if (InRange(lead, 0xE0, 0xEF)) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (InRange(lead, 0xF0, 0xF4)) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (i + length > text.size() || !InRange(ByteAt(text, i + 1), low, high)) return 0;
  for (std::size_t k = 2; k < length; ++k) {
    if (!InRange(ByteAt(text, i + k), 0x80, 0xBF)) return 0;
  }
  return length;
}

// Length of the blank at the start of "text", 0 if there is none.
std::size_t BlankAtStart(std::string_view text) {
  if (text.empty()) return 0;
  const char c = text.front();
  if (c == ' ' || (c >= '\t' && c <= '\r')) return 1;
  if (text.starts_with("\xC2\xA0")) return 2;
  if (text.starts_with("\xE3\x80\x80") || text.starts_with("\xEF\xBB\xBF")) return 3;
  return 0;
}

std::size_t BlankAtEnd(std::string_view text) {
  if (text.empty()) return 0;
  const char c = text.back();
  if (c == ' ' || (c >= '\t' && c <= '\r')) return 1;
  if (text.ends_with("\xC2\xA0")) return 2;
  if (text.ends_with("\xE3\x80\x80") || text.ends_with("\xEF\xBB\xBF")) return 3;
  return 0;
}

}  // namespace

std::string_view NameOf(Encoding encoding) {
  return encoding == Encoding::kUtf8 ? "UTF-8" : "GB18030";
}

Transcoder::Transcoder(Encoding encoding) : encoding_(encoding) {
  if (encoding == Encoding::kUtf8) return;
  to_utf8_ = iconv_open("UTF-8", "GB18030");
  from_utf8_ = iconv_open("GB18030", "UTF-8");
}

Transcoder::~Transcoder() {
  if (encoding_ == Encoding::kUtf8) return;
  if (to_utf8_ != kNoConverter) iconv_close(to_utf8_);
  if (from_utf8_ != kNoConverter) iconv_close(from_utf8_);
}

bool Transcoder::usable() const {
  return encoding_ == Encoding::kUtf8 || (to_utf8_ != kNoConverter && from_utf8_ != kNoConverter);
}

std::size_t Transcoder::ToUtf8(std::string_view native, std::string& out) {
  return Run(to_utf8_, native, out);
}

std::size_t Transcoder::FromUtf8(std::string_view utf8, std::string& out) {
  return Run(from_utf8_, utf8, out);
}

std::size_t Transcoder::Run(void* converter, std::string_view in, std::string& out) {
  if (converter == nullptr) {
    const std::size_t bad = FindInvalidUtf8(in);
    out.append(in.substr(0, bad));
    return bad;
  }
  std::size_t ascii = 0;
  while (ascii < in.size() && ByteAt(in, ascii) < 0x80) ++ascii;
  out.append(in.substr(0, ascii));
  if (ascii == in.size()) return npos;

  iconv(converter, nullptr, nullptr, nullptr, nullptr);
  char* source = const_cast<char*>(in.data()) + ascii;  // iconv does not write through it
  std::size_t left = in.size() - ascii;
  while (left > 0) {
    const std::size_t used = out.size();
    const std::size_t room = left * 4 + 8;  // a byte becomes at most three, a character four
    out.resize(used + room);
    char* target = out.data() + used;
    std::size_t target_left = room;
    const std::size_t result = iconv(converter, &source, &left, &target, &target_left);
    const int error = errno;
    out.resize(used + room - target_left);
    if (result == static_cast<std::size_t>(-1) && error != E2BIG) return in.size() - left;
  }
  return npos;
}

std::size_t FindInvalidUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = Utf8Length(text, i);
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

std::size_t NativeLength(Encoding encoding, std::string_view text, std::size_t position) {
  if (encoding == Encoding::kUtf8 || !InRange(ByteAt(text, position), 0x81, 0xFE) ||
      position + 1 >= text.size()) {
    return 1;
  }
  const std::uint8_t second = ByteAt(text, position + 1);
  if (InRange(second, 0x40, 0xFE) && second != 0x7F) return 2;
  if (InRange(second, 0x30, 0x39) && position + 3 < text.size() &&
      InRange(ByteAt(text, position + 2), 0x81, 0xFE) &&
      InRange(ByteAt(text, position + 3), 0x30, 0x39)) {
    return 4;
  }
  return 1;
}

std::string_view OtherEncodingOf(std::string_view bytes, Encoding expected) {
  constexpr std::size_t kHead = 65536;
  const std::string_view head = bytes.substr(0, kHead);
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) return "UTF-16";
  std::size_t zeros = 0;
  // Zeros at the end are padding.
  const std::string_view unpadded = head.substr(0, head.find_last_not_of('\0') + 1);
  for (const char c : unpadded) zeros += c == '\0' ? 1 : 0;
  if (zeros > 8 && zeros * 4 > unpadded.size()) return "UTF-16";
  if (expected == Encoding::kUtf8) {
    const std::size_t bad = FindInvalidUtf8(head);
    // A character cut by the end of the head says nothing.
    return bad != std::string_view::npos && bad + 3 < head.size() ? "GB18030" : "";
  }
  if (head.starts_with("\xEF\xBB\xBF")) return "UTF-8";
  std::size_t chinese = 0;
  for (std::size_t i = 0; i < head.size();) {
    const std::size_t length = Utf8Length(head, i);
    if (length == 0) {
      if (i + 3 < head.size()) return "";
      break;
    }
    if (length == 3) ++chinese;
    i += length;
  }
  return chinese >= 4 ? "UTF-8" : "";
}

std::string_view Trim(std::string_view text) {
  while (const std::size_t blank = BlankAtStart(text)) text.remove_prefix(blank);
  while (const std::size_t blank = BlankAtEnd(text)) text.remove_suffix(blank);
  return text;
}

bool HoldsControlCharacter(std::string_view text) {
  bool found = false;
  for (const char c : text) {
    const std::uint8_t byte = static_cast<std::uint8_t>(c);
    found |= (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F;
  }
  return found;
}

std::string FoldWidth(std::string_view text) {
  if (text.find('\xEF') == std::string_view::npos) return std::string(text);
  std::string out;
  while (!text.empty()) {
    if (text.size() >= 3 && (text.starts_with("\xEF\xBC") || text.starts_with("\xEF\xBD"))) {
      const int code = (ByteAt(text, 1) - 0xBC) * 64 + (ByteAt(text, 2) - 0x80);
      if (code >= 1 && code <= 0x5E) {
        out.push_back(static_cast<char>(code + 0x20));
        text.remove_prefix(3);
        continue;
      }
    }
    out.push_back(text.front());
    text.remove_prefix(1);
  }
  return out;
}

std::string WithoutBlanks(std::string_view text) {
  // The first bytes of all blanks.
  constexpr std::string_view kStarts = " \t\n\v\f\r\xC2\xE3\xEF";
  if (text.find_first_of(kStarts) == std::string_view::npos) return std::string(text);
  std::string out;
  while (!text.empty()) {
    if (const std::size_t blank = BlankAtStart(text)) {
      text.remove_prefix(blank);
    } else {
      out.push_back(text.front());
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string NormalizeHeader(std::string_view header) { return WithoutBlanks(FoldWidth(header)); }

bool NamesForbiddenContent(std::string_view text) {
  static constexpr std::array<std::string_view, 7> kWords = {"艾滋", "hiv",  "aids", "传染病",
                                                             "感染", "梅毒", "病毒"};
  std::string normalized = NormalizeHeader(text);
  for (char& c : normalized) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const std::string_view word : kWords) {
    if (normalized.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace anqiao::sdk
