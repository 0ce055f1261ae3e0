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

namespace anqiao::sdk {

// What went wrong; "reason" is empty if nothing did. The message never holds the value.
struct Fault {
  std::string_view reason = {};
  std::string message = {};

  bool ok() const { return reason.empty(); }
};

struct Converted {
  std::vector<std::pair<v1::Field, std::string>> values;
  bool removed = false;
};

// "text" as YYYY-MM-DD or YYYY-MM. VALUE_INVALID: no spelling of a date; DATE_IMPOSSIBLE: there is
// no such day.
Fault ConvertDate(std::string_view text, std::string& out);

// Yuan with up to two decimals as fen.
Fault ConvertYuan(std::string_view text, std::string& out);

// Appends what "text" (trimmed, not blank) states in "column".
Fault Convert(const Column& column, std::string_view text, Converted& out);

// The native text of "value", which is in the hub's form; the reverse of Convert for one value.
Fault Unconvert(const Column& column, std::string_view value, std::string& out);

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_CONVERT_H_
