// From a payload's bytes to records that the writer can take up: adapter, normalizing, hashes,
// duplicates. No I/O beside the adapter; any thread.

#ifndef ANQIAO_HUB_ENGINE_DECODE_H_
#define ANQIAO_HUB_ENGINE_DECODE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/adapter/adapter.h"
#include "hub/engine/engine.h"
#include "hub/model/civil_date.h"

namespace anqiao::engine {

// One record, or one row that could not become a record.
struct DecodedRecord {
  enum class Verdict { kTake, kRepeat, kHold, kReject } verdict = Verdict::kTake;
  std::uint64_t row = 0;
  std::uint64_t byte_offset = 0;
  std::string record_key;  // the agency's, empty if none could be read
  std::string store_key;   // empty if none could be read
  journal::v1::RecordRef ref;
  bool removed = false;
  journal::v1::Observation observation;
  std::string content_hash;
  std::vector<journal::v1::StoredProblem> problems;
  std::optional<exchange::v1::AnswerReferralRequest> answer;
};

struct DecodedPayload {
  const AgencyOptions* agency = nullptr;
  // The build that it began with. Shared: the agency's adapter may be replaced meanwhile.
  std::shared_ptr<adapter::Adapter> adapter;
  exchange::v1::PayloadHeader header;
  std::string bytes;
  std::string reply_id;    // echoed to the agency
  std::string request_id;  // remembered
  std::string request_hash;
  bool snapshot = false;
  std::vector<DecodedRecord> records;  // by row
  bool has_answers = false;
  // Rows without a key: nobody knows which records they are.
  std::int64_t unknown_rows = 0;
  // The rest of the payload could not be read.
  bool truncated = false;
  bool forbidden = false;

  // Not OK: nothing of the payload is taken up.
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string reason, message;
  // Then: its bytes wait in quarantine.
  bool hold_bytes = false;
  std::vector<journal::v1::StoredProblem> problems;
};

// INVALID_ARGUMENT (INVALID_FIELD): the header cannot even be recorded.
absl::Status CheckHeader(const exchange::v1::PayloadHeader& header, absl::Time now);

// What can be said without an adapter: request id, hash, refusals. Requires: CheckHeader.
DecodedPayload BeginDecode(const AgencyOptions& agency, SubmitCommand command);

// For refusals that the operator can mend: the same payload may come again under the same id.
void DoNotUseUpId(DecodedPayload* payload);

// The whole. "instance" is one of the agency's adapter.
void Decode(adapter::AdapterInstance* instance, const model::CivilDate& today,
            DecodedPayload* payload);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_DECODE_H_
