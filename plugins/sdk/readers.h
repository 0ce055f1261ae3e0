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

// Appends the native bytes of "records". The date in the first line is 00000000: an adapter has no
// clock.
aq_status EncodeFixedWidth(const Format& format, std::span<const v1::Record> records,
                           std::string& out, Report& report);

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_READERS_H_
