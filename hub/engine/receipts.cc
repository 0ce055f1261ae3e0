#include "hub/engine/receipts.h"

#include <algorithm>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::engine {
namespace {

using exchange::v1::SubmitResponse;
using journal::v1::StoredProblem;
using journal::v1::StoredReceipt;

constexpr std::size_t kMessageBytes = 300;
constexpr std::size_t kFieldBytes = 200;
constexpr char kRecordKeyPurpose[] = "record key";

bool IsPayloadReason(absl::string_view text) {
  static constexpr const char* kKnown[] = {
      reason::kPayloadEmpty,     reason::kPayloadTooLarge,    reason::kPayloadUndecodable,
      reason::kPayloadTruncated, reason::kEncodingInvalid,    reason::kUnknownColumn,
      reason::kMissingColumn,    reason::kMissingValue,       reason::kValueInvalid,
      reason::kCheckDigitWrong,  reason::kDateImpossible,     reason::kDuplicateRecord,
      reason::kForbiddenContent, reason::kRowCutOff,          reason::kAdapterCrashed,
      reason::kAdapterHung,      reason::kAdapterOutOfMemory, reason::kAdapterForbiddenCall,
      reason::kAdapterFlooded,   reason::kAdapterMisbehaved};
  return std::any_of(std::begin(kKnown), std::end(kKnown),
                     [&](const char* known) { return text == known; });
}

// Length of the valid UTF-8 character at "text"[i]; 0 if there is none.
std::size_t CharacterSize(absl::string_view text, std::size_t i) {
  const unsigned char lead = static_cast<unsigned char>(text[i]);
  std::size_t size = 0;
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) size = 2;
  if (lead >= 0xE0 && lead <= 0xEF) size = 3;
  if (lead >= 0xF0 && lead <= 0xF4) size = 4;
  if (size == 0 || i + size > text.size()) return 0;
  for (std::size_t k = 1; k < size; ++k) {
    if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = static_cast<unsigned char>(text[i + 1]);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
      (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
    return 0;
  }
  return size;
}

void ToPublic(const StoredProblem& from, exchange::v1::Problem* to) {
  to->set_reason(from.reason());
  to->set_row(from.row());
  to->set_column(from.column());
  to->set_field(from.field());
  to->set_byte_offset(from.byte_offset());
  to->set_message(from.message());
}

void Count(journal::v1::RecordDisposition disposition, exchange::v1::PayloadSummary* summary) {
  switch (disposition) {
    case journal::v1::RECORD_DISPOSITION_ACCEPTED:
      summary->set_accepted_count(summary->accepted_count() + 1);
      break;
    case journal::v1::RECORD_DISPOSITION_UNCHANGED:
      summary->set_unchanged_count(summary->unchanged_count() + 1);
      break;
    case journal::v1::RECORD_DISPOSITION_HELD:
      summary->set_held_count(summary->held_count() + 1);
      break;
    case journal::v1::RECORD_DISPOSITION_ERASED:
      summary->set_erased_count(summary->erased_count() + 1);
      break;
    default:
      summary->set_rejected_count(summary->rejected_count() + 1);
  }
}

void SetStatus(int code, const std::string& message, const std::string& reason_text,
               const std::vector<std::pair<std::string, std::string>>& metadata,
               google::rpc::Status* status) {
  status->set_code(code);
  status->set_message(message);
  if (code == 0) return;
  google::rpc::ErrorInfo info;
  info.set_reason(reason_text);
  info.set_domain("anqiao");
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = value;
  status->add_details()->PackFrom(info);
}

}  // namespace

std::string Bounded(absl::string_view text, std::size_t size) {
  std::string out;
  out.reserve(std::min(text.size(), size));
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t width = CharacterSize(text, i);
    if (out.size() + std::max<std::size_t>(width, 1) > size) break;
    if (width == 0) {
      out += '?';
      ++i;
    } else {
      out.append(text.data() + i, width);
      i += width;
    }
  }
  return out;
}

StoredProblem ToStored(const model::Problem& problem) {
  StoredProblem stored;
  stored.set_reason(problem.reason);
  stored.set_row(problem.row);
  stored.set_column(problem.column);
  stored.set_field(Bounded(problem.field, kFieldBytes));
  stored.set_byte_offset(problem.byte_offset);
  stored.set_message(Bounded(problem.message, kMessageBytes));
  return stored;
}

StoredProblem ToStored(const adapter::Diagnostic& diagnostic) {
  StoredProblem stored;
  stored.set_reason(IsPayloadReason(diagnostic.reason) ? diagnostic.reason : reason::kValueInvalid);
  stored.set_row(diagnostic.row);
  stored.set_column(diagnostic.column);
  stored.set_field(Bounded(diagnostic.field, kFieldBytes));
  stored.set_byte_offset(diagnostic.byte_offset);
  stored.set_message(Bounded(diagnostic.message, kMessageBytes));
  return stored;
}

StoredProblem PayloadProblem(absl::string_view reason, absl::string_view message) {
  StoredProblem stored;
  stored.set_reason(std::string(reason));
  stored.set_message(Bounded(message, kMessageBytes));
  return stored;
}

std::vector<SubmitResponse> ToResponses(const std::string& request_id, const StoredReceipt& receipt,
                                        bool repeated) {
  std::vector<SubmitResponse> responses;
  exchange::v1::PayloadSummary summary;
  responses.emplace_back().set_request_id(request_id);
  for (const journal::v1::StoredRecordReceipt& record : receipt.records()) {
    if (responses.back().records_size() == kReceiptsPerResponse) {
      responses.emplace_back().set_request_id(request_id);
    }
    exchange::v1::RecordReceipt* out = responses.back().add_records();
    out->set_row(record.row());
    out->set_record_key(record.record_key());
    out->set_disposition(static_cast<exchange::v1::Disposition>(record.disposition()));
    out->set_log_position(record.log_position());
    for (const StoredProblem& problem : record.problems()) ToPublic(problem, out->add_problems());
    Count(record.disposition(), &summary);
  }
  SetStatus(receipt.code(), receipt.message(), receipt.reason(), {}, summary.mutable_status());
  summary.set_ended_count(receipt.ended_count());
  summary.set_repeated(repeated);
  for (const StoredProblem& problem : receipt.problems()) ToPublic(problem, summary.add_problems());
  *responses.back().mutable_summary() = std::move(summary);
  return responses;
}

absl::Status SealReceipts(
    const store::Store& store,
    google::protobuf::RepeatedPtrField<journal::v1::StoredRecordReceipt>* records) {
  for (journal::v1::StoredRecordReceipt& record : *records) {
    if (record.key() == 0 || record.record_key().empty()) continue;
    AQ_ASSIGN_OR_RETURN(*record.mutable_sealed_record_key(),
                        store.SealText(record.key(), kRecordKeyPurpose, record.record_key()));
    record.clear_record_key();
  }
  return absl::OkStatus();
}

absl::Status OpenReceipts(
    const store::Store& store,
    google::protobuf::RepeatedPtrField<journal::v1::StoredRecordReceipt>* records) {
  for (journal::v1::StoredRecordReceipt& record : *records) {
    if (record.sealed_record_key().empty()) continue;
    absl::StatusOr<std::string> text =
        store.OpenText(record.key(), kRecordKeyPurpose, record.sealed_record_key());
    record.clear_sealed_record_key();
    if (ReasonOf(text.status()) == reason::kKeyDestroyed) {
      record.set_disposition(journal::v1::RECORD_DISPOSITION_ERASED);
      record.clear_problems();
      continue;
    }
    AQ_RETURN_IF_ERROR(text.status());
    record.set_record_key(*std::move(text));
  }
  return absl::OkStatus();
}

std::vector<SubmitResponse> RefusalResponses(const std::string& request_id,
                                             const absl::Status& status) {
  std::vector<SubmitResponse> responses(1);
  responses[0].set_request_id(Bounded(request_id, 100));
  exchange::v1::PayloadSummary* summary = responses[0].mutable_summary();
  const std::optional<ErrorDetail> detail = DetailOf(status);
  // What went wrong inside is for the operator.
  const bool inside =
      absl::IsDataLoss(status) || absl::IsInternal(status) || absl::IsUnknown(status);
  SetStatus(
      static_cast<int>(status.code()),
      inside ? std::string("the payload cannot be taken now") : std::string(status.message()),
      ReasonOf(status),
      detail.has_value() ? detail->metadata : std::vector<std::pair<std::string, std::string>>(),
      summary->mutable_status());
  return responses;
}

}  // namespace anqiao::engine
