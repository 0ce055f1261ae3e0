// Converters: from an agency's spelling of a value to the hub's, and back.
//
// Pure.

#ifndef ANQIAO_PLUGINS_SDK_CONVERT_H_
#define ANQIAO_PLUGINS_SDK_CONVERT_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/sdk/declare.h"
#include "plugins/sdk/fault.h"

namespace anqiao::sdk {

struct Converted {
  std::vector<std::pair<v1::Field, std::string>> values;
  bool removed = false;
};

// Appends what "text" (trimmed, not blank) states in "column".
Fault Convert(const Column& column, std::string_view text, Converted& out);

// How a date is written: 20260315 or 2026-03-15.
enum class DateStyle { kCompact, kHyphens };

// The native text of "value", which is in the hub's form; the reverse of Convert for one value:
// what it gives converts to "value" again (of a code table the first row counts). VALUE_INVALID or
// DATE_IMPOSSIBLE: nothing does.
Fault Unconvert(const Column& column, std::string_view value, DateStyle style, std::string& out);

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_CONVERT_H_
