#include "plugins/sdk/xml_text.h"

#include <cstddef>

namespace anqiao::sdk {

void AppendXmlText(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        out += c;
    }
  }
}

bool IsXmlName(std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool start = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c < 0;
    const bool later = (c >= '0' && c <= '9') || c == '-' || c == '.';
    if (!start && (i == 0 || !later)) return false;
  }
  return !name.empty();
}

}  // namespace anqiao::sdk
