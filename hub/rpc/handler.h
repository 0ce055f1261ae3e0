// What every unary handler does around its work. Private to this folder.

#ifndef ANQIAO_HUB_RPC_HANDLER_H_
#define ANQIAO_HUB_RPC_HANDLER_H_

#include <google/protobuf/repeated_field.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/engine/engine.h"
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

// Fills a response with the items of "page", each turned into its message by "convert", until it
// would grow over the bound on bytes; the first is always there.
template <typename Item, typename Convert, typename Message>
void FillPage(const PageRange& range, const engine::Page<Item>& page, const Convert& convert,
              google::protobuf::RepeatedPtrField<Message>* messages, std::string* next_page_token) {
  std::string next_after = page.next_after;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < page.items.size(); ++i) {
    Message message = convert(page.items[i]);
    bytes += message.ByteSizeLong();
    if (i > 0 && bytes > engine::kPageBytesMax) {
      next_after = page.places[i - 1];
      break;
    }
    *messages->Add() = std::move(message);
  }
  *next_page_token = EncodePageToken(range.scope, next_after);
}

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_HANDLER_H_
