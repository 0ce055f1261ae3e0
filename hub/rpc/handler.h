// What every unary handler does around its work. Private to this folder.

#ifndef ANQIAO_HUB_RPC_HANDLER_H_
#define ANQIAO_HUB_RPC_HANDLER_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/rpc/authorizer.h"
#include "hub/rpc/page_token.h"
#include "hub/rpc/status_conversion.h"

namespace anqiao::rpc {

// Admits the caller, then answers with work(caller).
template <typename Work>
grpc::Status Handle(const Gate& gate, const grpc::ServerContext& context, const char* method,
                    const Work& work) {
  const absl::StatusOr<Caller> caller = gate.Admit(context, method);
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  return ToGrpcStatus(work(*caller));
}

// Where a page begins and how long it may be.
struct PageRange {
  std::string scope;
  std::string after;
  int limit = 0;
};

template <typename Request>
absl::StatusOr<PageRange> ParsePage(const char* method, const Request& request,
                                    int size_default = kPageSizeDefault) {
  PageRange range;
  absl::StatusOr<int> limit = PageSize(request.page_size(), size_default);
  if (!limit.ok()) return limit.status();
  range.limit = *limit;
  range.scope = PageScope(method, request);
  absl::StatusOr<std::string> after = DecodePageToken(range.scope, request.page_token());
  if (!after.ok()) return after.status();
  range.after = *std::move(after);
  return range;
}

// A page is cut short before it grows over what clients accept by default (4 MiB).
inline constexpr std::size_t kPageBytesMax = 2 << 20;

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_HANDLER_H_
