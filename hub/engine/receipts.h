// From what the journal keeps of an answer to what the agency gets.

#ifndef ANQIAO_HUB_ENGINE_RECEIPTS_H_
#define ANQIAO_HUB_ENGINE_RECEIPTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/adapter/adapter.h"
#include "hub/model/normalize.h"
#include "hub/store/store.h"

namespace anqiao::engine {

inline constexpr int kProblemsMax = 20;
inline constexpr int kReceiptsPerResponse = 1000;

journal::v1::StoredProblem ToStored(const model::Problem& problem);
// Unknown reasons become VALUE_INVALID; text is bounded and made valid UTF-8.
journal::v1::StoredProblem ToStored(const adapter::Diagnostic& diagnostic);
journal::v1::StoredProblem PayloadProblem(absl::string_view reason, absl::string_view message);

// "text" cut to "size" bytes at a character's border, invalid UTF-8 replaced by "?".
std::string Bounded(absl::string_view text, std::size_t size);

// Responses of at most 1,000 receipts; the last has the summary.
std::vector<exchange::v1::SubmitResponse> ToResponses(const std::string& request_id,
                                                      const journal::v1::StoredReceipt& receipt,
                                                      bool repeated);
// Moves the record keys of those that have a key of the ring under it, for the journal.
absl::Status SealReceipts(
    const store::Store& store,
    google::protobuf::RepeatedPtrField<journal::v1::StoredRecordReceipt>* records);
// The other way round; what was erased since is RECORD_DISPOSITION_ERASED and has no record key.
absl::Status OpenReceipts(
    const store::Store& store,
    google::protobuf::RepeatedPtrField<journal::v1::StoredRecordReceipt>* records);
// One response that only refuses.
std::vector<exchange::v1::SubmitResponse> RefusalResponses(const std::string& request_id,
                                                           const absl::Status& status);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_RECEIPTS_H_
