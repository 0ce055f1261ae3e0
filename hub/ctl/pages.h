// Reads a list page by page into one response.

#ifndef ANQIAO_HUB_CTL_PAGES_H_
#define ANQIAO_HUB_CTL_PAGES_H_

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/base/status_macros.h"

namespace anqiao::ctl {

inline constexpr int kPageSizeMax = 1000;

// Calls "fetch" (request -> StatusOr<Response>) for page after page and merges the pages until
// "items" (Response& -> RepeatedPtrField*) has "limit" items or there are no more. "limit" 0: all.
// The result's next_page_token is empty only if there is no more.
template <typename Response, typename Request, typename Fetch, typename Items>
absl::StatusOr<Response> FetchPages(Request request, int limit, Fetch fetch, Items items) {
  Response all;
  while (true) {
    const int missing = limit == 0 ? kPageSizeMax : limit - items(all)->size();
    request.set_page_size(std::min(missing, kPageSizeMax));
    AQ_ASSIGN_OR_RETURN(Response page, fetch(request));
    const std::string next = page.next_page_token();
    if (!next.empty() && next == request.page_token()) {
      return absl::InternalError("the hub sends the same page again and again");
    }
    all.MergeFrom(page);
    all.set_next_page_token(next);
    if (next.empty() || (limit > 0 && items(all)->size() >= limit)) break;
    request.set_page_token(next);
  }
  if (limit > 0 && items(all)->size() > limit) {
    items(all)->DeleteSubrange(limit, items(all)->size() - limit);
  }
  return all;
}

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_PAGES_H_
