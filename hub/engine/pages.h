// Reading documents page by page, for several files of queries.

#ifndef ANQIAO_HUB_ENGINE_PAGES_H_
#define ANQIAO_HUB_ENGINE_PAGES_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine.h"
#include "hub/engine/values.h"
#include "hub/store/keys.h"
#include "hub/store/store.h"

namespace anqiao::engine {

inline constexpr int kPageMax = 1000;

// Visits the documents of a range until "visit" returns false.
template <typename Document>
absl::Status ScanDocuments(const store::Snapshot& snapshot, const store::KeyRange& range,
                           const std::function<bool(absl::string_view, Document)>& visit) {
  bool readable = true;
  AQ_RETURN_IF_ERROR(
      snapshot.Scan(range.begin, range.end, [&](absl::string_view key, absl::string_view value) {
        Document document;
        readable = document.ParseFromArray(value.data(), static_cast<int>(value.size()));
        return readable && visit(key, std::move(document));
      }));
  if (readable) return absl::OkStatus();
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
               "a stored document cannot be read");
}

// Adds "item" to the page, or notes that there is more. False: the page is full.
template <typename Item>
bool AddToPage(Item item, const std::string& id, int limit, std::string* last, Page<Item>* page) {
  if (static_cast<int>(page->items.size()) >= std::clamp(limit, 1, kPageMax)) {
    page->next_after = *last;
    return false;
  }
  page->items.push_back(std::move(item));
  page->places.push_back(id);
  *last = id;
  return true;
}

// Of the documents named by "ids", which sort as they were made, those after "after".
template <typename Document>
absl::StatusOr<Page<Document>> ReadPage(const store::Snapshot& snapshot,
                                        const google::protobuf::RepeatedPtrField<std::string>& ids,
                                        std::string (*key_of)(absl::string_view),
                                        const std::string& after, int limit) {
  Page<Document> page;
  std::string last;
  for (const std::string& id : ids) {
    if (id <= after) continue;
    AQ_ASSIGN_OR_RETURN(std::optional<Document> document,
                        ReadDocument<Document>(snapshot, key_of(id)));
    if (!document.has_value()) continue;
    if (!AddToPage(*std::move(document), id, limit, &last, &page)) break;
  }
  return page;
}

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_PAGES_H_
