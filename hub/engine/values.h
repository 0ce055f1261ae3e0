// Small conversions that several files of the engine need.

#ifndef ANQIAO_HUB_ENGINE_VALUES_H_
#define ANQIAO_HUB_ENGINE_VALUES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "google/protobuf/message_lite.h"
#include "google/protobuf/timestamp.pb.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// The same message gives the same bytes, whatever the order in its maps.
std::string Canonical(const google::protobuf::MessageLite& message);

// Hash of a request. Lengths go before parts, so that no two lists of parts give the same bytes.
std::string HashOf(const std::vector<absl::string_view>& parts,
                   const std::map<std::string, std::string>& details = {});

// "agency/{id}", "user/{name}" or "hub/{name}": the first part of a request key.
std::string PrincipalId(const journal::v1::Principal& principal);
journal::v1::Principal AgencyPrincipal(const std::string& agency);
journal::v1::Principal HubPrincipal();

void SetTime(absl::Time time, google::protobuf::Timestamp* out);
absl::Time ToTime(const google::protobuf::Timestamp& time);

// Fills in the log that an entry is in and the digest of its request, from what it says.
void TellHeader(const store::Store& store, journal::v1::Entry* entry);
// What lies open of an entry, for the store. "entry" is complete.
store::EntryHeader HeaderOf(const journal::v1::Entry& entry);
// What Store::Digest is taken of for a request.
std::string RequestText(const journal::v1::Principal& principal, const std::string& request_id);
// The request id that an entry answers and the hash of the request; empty if none.
std::string RequestIdOf(const journal::v1::Entry& entry);
std::string RequestHashOf(const journal::v1::Entry& entry);
// NOT_FOUND (ERASED): what a request had asked for was erased since.
absl::Status ErasedError();

// "prefix" and the sequence in base 32: sorts as the sequence does.
std::string NameOf(char prefix, store::Sequence sequence);
// The sequence that a name was made of; 0: it was made of none.
store::Sequence SequenceOf(char prefix, absl::string_view name);

// Where a record stands after an observation of "version". True if the observation becomes its
// current content. A head without content_hash has never been observed.
bool FoldObserved(std::int64_t version, const std::string& hash, journal::v1::RecordHead* head);
// The same for an end. True if the head changed.
bool FoldEnded(std::int64_t version, journal::v1::RecordHead* head);
inline bool IsLive(const journal::v1::RecordHead& head) {
  return !head.content_hash().empty() && !head.ended();
}

// The document at "key"; nullopt if there is none.
template <typename Document>
absl::StatusOr<std::optional<Document>> ReadDocument(const store::Snapshot& snapshot,
                                                     const std::string& key) {
  absl::StatusOr<std::string> value = snapshot.Get(key);
  if (absl::IsNotFound(value.status())) return std::optional<Document>();
  AQ_RETURN_IF_ERROR(value.status());
  Document document;
  if (!document.ParseFromString(*value)) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "a stored document cannot be read");
  }
  return std::optional<Document>(std::move(document));
}

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_VALUES_H_
