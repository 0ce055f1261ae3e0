// What a pushed payload is in HTTP, and what answers are: header fields, codes, bodies.
//
//   POST /v1/payloads/tests HTTP/1.1
//   Idempotency-Key: 6f1c1e0a-5d0b-4f0e-9d86-2f3b7f0c9a11        optional: the request id
//   X-Anqiao-File-Name: %E6%A3%80%E6%B5%8B.txt                   optional: UTF-8, percent-encoded
//   X-Anqiao-Extract-Time: 2026-06-30T09:00:00+08:00             optional: RFC 3339
//   Content-Length: 1234                                         or Transfer-Encoding: chunked
//
// An answer about the payload is an array of anqiao.exchange.v1.SubmitResponse, as a drop folder's
// receipt is; the last has the summary, whose status gives the code. A request that never became a
// payload is answered with a google.rpc.Status, an object.

#ifndef ANQIAO_HUB_TRANSPORT_PUSH_REQUEST_H_
#define ANQIAO_HUB_TRANSPORT_PUSH_REQUEST_H_

#include <httplib.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "google/rpc/status.pb.h"
#include "hub/transport/submission.h"

namespace anqiao::transport {

inline constexpr char kPayloadsPath[] = "/v1/payloads/";

// The payload's header. INVALID_ARGUMENT (INVALID_FIELD): a field is there twice, or malformed.
absl::StatusOr<exchange::v1::PayloadHeader> PayloadHeaderOf(absl::string_view format,
                                                            const httplib::Headers& headers);

// 429 and 503 are worth another try after Retry-After.
int HttpCodeOf(const google::rpc::Status& status);

// Sets code, body and, where another try is worth it, Retry-After.
void SetError(const absl::Status& status, httplib::Response* response);
void SetAnswer(const Responses& responses, httplib::Response* response);

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_PUSH_REQUEST_H_
