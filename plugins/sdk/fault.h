// What went wrong with one value.

#ifndef ANQIAO_PLUGINS_SDK_FAULT_H_
#define ANQIAO_PLUGINS_SDK_FAULT_H_

#include <string>
#include <string_view>

namespace anqiao::sdk {

// "reason" is empty if nothing did. The message never holds the value.
struct Fault {
  std::string_view reason = {};
  std::string message = {};

  bool ok() const { return reason.empty(); }
};

inline constexpr std::string_view kValueInvalid = "VALUE_INVALID";

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_FAULT_H_
