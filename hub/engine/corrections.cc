// Finds what an agency must correct of a payload; correction_file.cc writes it down.

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/correction_file.h"
#include "hub/engine/decode.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/values.h"
#include "hub/store/key_ring.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::Entry;
using journal::v1::QuarantineDocument;
using journal::v1::StoredRecordReceipt;

absl::Status NotKept() {
  return Error(absl::StatusCode::kNotFound, reason::kPayloadNotKept,
               "nothing to correct is kept under that name: nothing was handed in under it, or its "
               "bytes are not, or no longer, kept");
}

absl::Status CheckLanguage(const std::string& language) {
  if (language.empty() || language == "zh" || language == "en") return absl::OkStatus();
  return InvalidField("language", "must be zh or en");
}

}  // namespace

absl::StatusOr<CorrectionFile> EngineImpl::GetCorrections(const std::string& agency,
                                                          const std::string& request_id,
                                                          const std::string& language) {
  AQ_RETURN_IF_ERROR(CheckLanguage(language));
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::Snapshot> snapshot, Fresh());
  // The digest has the agency in it: nobody else's payloads are found.
  const std::string digest = store_->Digest(RequestText(AgencyPrincipal(agency), request_id));
  AQ_ASSIGN_OR_RETURN(const auto request, ReadDocument<journal::v1::RequestDocument>(
                                              *snapshot, store::RequestKey(digest)));
  if (!request.has_value() || request->erased()) return NotKept();
  AQ_ASSIGN_OR_RETURN(const std::string bytes, store_->GetEntry(request->sequence()));
  Entry entry;
  if (!entry.ParseFromString(bytes)) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 absl::StrCat("entry ", request->sequence(), " of the journal cannot be read"));
  }
  if (!entry.has_payload_closed() || entry.payload_closed().agency() != agency) return NotKept();
  return CorrectionsOf(*snapshot, entry.payload_closed().payload(), language);
}

absl::StatusOr<CorrectionFile> EngineImpl::ExportCorrections(const std::string& payload,
                                                             const std::string& language) {
  AQ_RETURN_IF_ERROR(CheckLanguage(language));
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::Snapshot> snapshot, Fresh());
  return CorrectionsOf(*snapshot, payload, language);
}

absl::StatusOr<CorrectionFile> EngineImpl::CorrectionsOf(const store::Snapshot& snapshot,
                                                         const std::string& payload,
                                                         const std::string& language) {
  AQ_ASSIGN_OR_RETURN(const auto document,
                      ReadDocument<QuarantineDocument>(snapshot, store::QuarantineKey(payload)));
  if (!document.has_value()) return NotKept();
  const AgencyOptions* agency = FindAgency(document->agency());
  if (agency == nullptr) return NotKept();
  // Holds a whole payload: one at a time.
  absl::MutexLock lock(&rereading_mu_);
  AQ_ASSIGN_OR_RETURN(const std::string bytes, KeptBytes(*document));
  AQ_ASSIGN_OR_RETURN(const std::string stored, store_->GetEntry(document->sequence()));
  Entry entry;
  if (!entry.ParseFromString(stored)) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 absl::StrCat("entry ", document->sequence(), " of the journal cannot be read"));
  }
  if (entry.erased()) return NotKept();
  CorrectionRequest request;
  request.format = document->format();
  request.file_name = document->file_name();
  request.language = language;
  request.bytes = bytes;
  const std::shared_ptr<adapter::Adapter> build = agency->adapter->current();
  if (const adapter::v1::Format* format = build->FindFormat(document->format())) {
    request.content_type = format->content_type();
    if (format->has_splits()) request.splits = format->splits();
  }
  if (document->whole()) {
    request.problems.assign(document->problems().begin(), document->problems().end());
    return MakeCorrectionFile(request);
  }
  AQ_ASSIGN_OR_RETURN(const RowPlaces places,
                      PlacesOf(*agency, *document, bytes, entry.payload_closed().receipt()));
  std::map<std::uint64_t, const StoredRecordReceipt*> wrong;
  for (const StoredRecordReceipt& record : entry.payload_closed().receipt().records()) {
    if (record.disposition() == journal::v1::RECORD_DISPOSITION_REJECTED) {
      wrong[record.row()] = &record;
    }
  }
  // As they stand after replays.
  for (const StoredRecordReceipt& record : document->records()) wrong[record.row()] = &record;
  for (const auto& [row, record] : wrong) {
    const auto place = places.find(row);
    if (place == places.end()) continue;  // erased
    request.rows.push_back(
        {row, place->second, {record->problems().begin(), record->problems().end()}});
  }
  return MakeCorrectionFile(request);
}

absl::StatusOr<EngineImpl::RowPlaces> EngineImpl::PlacesOf(
    const AgencyOptions& agency, const QuarantineDocument& document, const std::string& bytes,
    const journal::v1::StoredReceipt& receipt) {
  RowPlaces places;
  bool cut = false;
  for (const StoredRecordReceipt& record : receipt.records()) {
    if (record.key() != 0 && store_->ring() != nullptr) {
      AQ_ASSIGN_OR_RETURN(const bool destroyed, store_->ring()->IsDestroyed(record.key()));
      cut = cut || destroyed;
      if (destroyed) continue;
    }
    places[record.row()] = record.row();
  }
  if (!cut) return places;
  // Rows after an erased one moved up: decoding tells where they are now.
  SubmitCommand command;
  command.header.set_format(document.format());
  command.header.set_file_name(document.file_name());
  command.payload = bytes;
  DecodedPayload decoded = BeginDecode(agency, std::move(command));
  AQ_ASSIGN_OR_RETURN(const auto instance, decoded.adapter->Open());
  Decode(instance.get(), Today(), &decoded);
  std::vector<std::uint64_t> now;
  for (const DecodedRecord& record : decoded.records) now.push_back(record.row);
  AQ_RETURN_IF_ERROR(HeedErasures(document, &decoded));
  places.clear();
  for (std::size_t i = 0; i < now.size(); ++i) places[decoded.records[i].row] = now[i];
  return places;
}

}  // namespace anqiao::engine
