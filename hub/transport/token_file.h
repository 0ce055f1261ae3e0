// A bearer token in a file of its own, which nobody but its owner may read.

#ifndef ANQIAO_HUB_TRANSPORT_TOKEN_FILE_H_
#define ANQIAO_HUB_TRANSPORT_TOKEN_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace anqiao::transport {

// FAILED_PRECONDITION (CONFIGURATION_INVALID): it cannot be read, is no plain file, belongs to
// another user than this process's or root, has another mode than 0400 or 0600, or holds no token.
absl::StatusOr<std::string> ReadTokenFile(const std::string& path);

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_TOKEN_FILE_H_
