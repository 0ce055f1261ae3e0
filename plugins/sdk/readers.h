// The readers: each decodes a whole payload of a declared format, and says in its diagnostics what
// it could not use. Rows and elements count from 1, bytes from 0 in the payload as it came.
//
// Thread-safe: no state between calls.

#ifndef ANQIAO_PLUGINS_SDK_READERS_H_
#define ANQIAO_PLUGINS_SDK_READERS_H_

#include <span>
#include <string>
#include <string_view>

#include "plugins/sdk/declare.h"
#include "plugins/sdk/report.h"

namespace anqiao::sdk {

// The format's shape must be the one named.
aq_status DecodeDelimited(const Format& format, std::string_view payload, Report& report);
aq_status DecodeFixedWidth(const Format& format, std::string_view payload, Report& report);
aq_status DecodeXml(const Format& format, std::string_view payload, Report& report);
aq_status DecodeJson(const Format& format, std::string_view payload, Report& report);
aq_status DecodeJsonLines(const Format& format, std::string_view payload, Report& report);
aq_status DecodeXlsx(const Format& format, std::string_view payload, Report& report);

// The reader of the format's shape.
aq_status DecodeShape(const Format& format, std::string_view payload, Report& report);

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_READERS_H_
