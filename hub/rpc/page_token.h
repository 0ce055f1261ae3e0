// Page tokens: opaque, URL-safe, bound to the call they came from.
//
// A token is base64url of: version (1 byte), SHA-256 over the call's other arguments and the
// position, cut to 16 bytes, then the position.

#ifndef ANQIAO_HUB_RPC_PAGE_TOKEN_H_
#define ANQIAO_HUB_RPC_PAGE_TOKEN_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace anqiao::rpc {

// Pages of lists that say nothing else: see the protos.
inline constexpr int kPageSizeDefault = 50;
inline constexpr int kPageSizeMax = 1000;

// What a request says beside page_size and page_token, with the name of its method: two calls with
// the same scope may share tokens.
std::string PageScope(absl::string_view method, const google::protobuf::Message& request);

// Empty for an empty position: the list is at its end.
std::string EncodePageToken(absl::string_view scope, absl::string_view after);

// The position; empty for an empty token. INVALID_ARGUMENT (PAGE_TOKEN_INVALID): not a token of
// this hub, of another version, or of a call with other arguments.
absl::StatusOr<std::string> DecodePageToken(absl::string_view scope, absl::string_view token);

// 0 gives "size_default", more than kPageSizeMax is coerced. INVALID_ARGUMENT: negative.
absl::StatusOr<int> PageSize(int requested, int size_default = kPageSizeDefault);

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_PAGE_TOKEN_H_
