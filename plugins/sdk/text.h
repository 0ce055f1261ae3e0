// Text as agencies write it: encodings, blanks, headers.
//
// Thread-compatible.

#ifndef ANQIAO_PLUGINS_SDK_TEXT_H_
#define ANQIAO_PLUGINS_SDK_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace anqiao::sdk {

// GBK and GB2312 are read as GB18030, which contains them. UTF-8 may begin with a byte order mark.
enum class Encoding { kUtf8, kGb18030 };

std::string_view NameOf(Encoding encoding);

// Between one encoding and UTF-8; strict both ways.
class Transcoder {
 public:
  explicit Transcoder(Encoding encoding);
  ~Transcoder();
  Transcoder(const Transcoder&) = delete;
  Transcoder& operator=(const Transcoder&) = delete;

  // False: the system has no converter for the encoding.
  bool usable() const;
  Encoding encoding() const { return encoding_; }

  // Appends "native" as UTF-8. Returns npos, or where the first invalid or incomplete sequence is.
  std::size_t ToUtf8(std::string_view native, std::string& out);
  // The same the other way.
  std::size_t FromUtf8(std::string_view utf8, std::string& out);

  static constexpr std::size_t npos = std::string_view::npos;

 private:
  static std::size_t Run(void* converter, std::string_view in, std::string& out);

  const Encoding encoding_;
  void* to_utf8_ = nullptr;  // iconv_t; null for UTF-8 itself
  void* from_utf8_ = nullptr;
};

// Where "text" stops being valid UTF-8 (RFC 3629), or npos.
std::size_t FindInvalidUtf8(std::string_view text);

// Bytes of the character that begins at "position", at least 1; broken sequences count as 1, so
// that they swallow no delimiter.
std::size_t NativeLength(Encoding encoding, std::string_view text, std::size_t position);

// What the bytes are if they are plainly not in "expected": "UTF-16", "UTF-8" (by its mark, or by
// enough characters that are hardly anything else), "GB18030"; empty if nothing speaks against it.
std::string_view OtherEncodingOf(std::string_view bytes, Encoding expected);

// Without blanks at both ends: ASCII white space, U+00A0, U+3000 and U+FEFF.
std::string_view Trim(std::string_view text);

// True if "text" holds a character below U+0020 other than tab and line breaks, or U+007F.
bool HoldsControlCharacter(std::string_view text);

// Full-width ASCII (U+FF01 to U+FF5E) made half-width.
std::string FoldWidth(std::string_view text);

// Without any of the blanks that Trim takes from the ends.
std::string WithoutBlanks(std::string_view text);

// A header for comparison: without any blanks, full-width ASCII made half-width.
std::string NormalizeHeader(std::string_view header);

// True if a header (or any text) names an infection or another health code that must never be held.
bool NamesForbiddenContent(std::string_view text);

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_TEXT_H_
