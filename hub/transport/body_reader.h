// Bodies of HTTP messages, to the byte: one that ends early, late or anywhere but where it says is
// an error, never a shorter body. (cpp-httplib 0.11 takes a chunk that is longer than it says for
// the end.)
//
// A body without Content-Length and without chunks ends with the connection, which anybody can cut:
// not accepted.

#ifndef ANQIAO_HUB_TRANSPORT_BODY_READER_H_
#define ANQIAO_HUB_TRANSPORT_BODY_READER_H_

#include <httplib.h>

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anqiao::transport {

struct Framing {
  bool chunked = false;
  std::uint64_t length = 0;  // if not chunked
};

// INVALID_ARGUMENT: neither Content-Length nor "Transfer-Encoding: chunked", both, one of them
// twice or malformed, or a Content-Encoding.
absl::StatusOr<Framing> FramingOf(const httplib::Headers& headers);

// The header of this name; empty if there is none. INVALID_ARGUMENT: more than one.
absl::StatusOr<std::string> OneHeader(const httplib::Headers& headers, const std::string& name);

// Gives the body to "take", piece by piece; an error of "take" ends it. DATA_LOSS: it is malformed,
// or ended early.
absl::Status ReadBody(httplib::Stream& stream, const Framing& framing,
                      const std::function<absl::Status(absl::string_view piece)>& take);

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_BODY_READER_H_
