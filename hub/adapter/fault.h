// What an adapter's worker came to grief over.

#ifndef ANQIAO_HUB_ADAPTER_FAULT_H_
#define ANQIAO_HUB_ADAPTER_FAULT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "hub/adapter/call.h"

namespace anqiao::adapter {

struct Fault {
  enum class Kind {
    kCrashed,        // a signal, an exit, AQ_FATAL
    kHung,           // the cursor stood still, or the deadline passed
    kOutOfMemory,    // its limit
    kForbiddenCall,  // a system call that the sandbox does not allow
    kFlooded,        // more from one place, or in all, than can be meant
    kMisbehaved,     // broke the contract or the protocol
    kKilled,         // by someone else: blames nobody
  };
  Kind kind = Kind::kCrashed;
  // What happened, without values: "ended by signal 11 (Segmentation fault)".
  std::string what;
  // The cursor; all zero if it cannot be.
  Position at;
};

// ADAPTER_CRASHED and so on. kKilled: ADAPTER_UNUSABLE.
const char* ReasonOfFault(Fault::Kind kind);

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_FAULT_H_
