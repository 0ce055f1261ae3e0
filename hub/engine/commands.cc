#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/plan.h"
#include "hub/engine/receipts.h"
#include "hub/engine/referral_fold.h"
#include "hub/engine/values.h"
#include "hub/store/key_ring.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::Entry;
using journal::v1::ReferralDocument;

absl::Status CheckRequestId(const std::string& request_id) {
  if (request_id.size() > 100 || request_id.find('\0') != std::string::npos) {
    return InvalidField("request_id", "must be plain text of at most 100 bytes");
  }
  return absl::OkStatus();
}

void Count(const journal::v1::QuarantineReplayed& replayed, ReplayResult* result) {
  for (const auto& record : replayed.records()) {
    switch (record.disposition()) {
      case journal::v1::RECORD_DISPOSITION_ACCEPTED:
        ++result->accepted;
        break;
      case journal::v1::RECORD_DISPOSITION_UNCHANGED:
        ++result->unchanged;
        break;
      case journal::v1::RECORD_DISPOSITION_HELD:
        ++result->held;
        break;
      default:
        ++result->rejected;
    }
  }
  result->ended = static_cast<std::int64_t>(replayed.ended_count());
  result->problems.assign(replayed.problems().begin(), replayed.problems().end());
}

// No earlier request had this id.
bool IsUnknownRequest(const absl::Status& status) {
  return absl::IsNotFound(status) && ReasonOf(status) != reason::kErased;
}

absl::Status QuarantineNotFound() {
  return Error(absl::StatusCode::kNotFound, reason::kQuarantineNotFound,
               "the payload is not, or no longer, in quarantine");
}

// What was erased is cut out of the bytes; rows are counted as if it were still there, since held
// rows are known by their numbers.
absl::Status CountErasedRows(const store::KeyRing& ring, const journal::v1::PayloadClosed& closed,
                             DecodedPayload* decoded) {
  std::vector<std::uint64_t> rows;
  bool cut = false;
  for (const journal::v1::StoredRecordReceipt& record : closed.receipt().records()) {
    if (record.key() != 0) {
      AQ_ASSIGN_OR_RETURN(const bool destroyed, ring.IsDestroyed(record.key()));
      cut = cut || destroyed;
      if (destroyed) continue;
    }
    rows.push_back(record.row());
  }
  if (!cut) return absl::OkStatus();
  if (rows.size() != decoded->records.size()) {
    return Error(absl::StatusCode::kNotFound, reason::kErased,
                 "a part of the payload was erased and the rest cannot be told apart: the agency "
                 "must submit the held rows again");
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    decoded->records[i].row = rows[i];
    for (auto& problem : decoded->records[i].problems) problem.set_row(rows[i]);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status EngineImpl::HeedErasures(const journal::v1::QuarantineDocument& document,
                                      DecodedPayload* decoded) const {
  const store::KeyRing* const ring = store_->ring();
  if (ring == nullptr || document.whole()) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(const std::string bytes, store_->GetEntry(document.sequence()));
  Entry entry;
  if (!entry.ParseFromString(bytes)) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 absl::StrCat("entry ", document.sequence(), " of the journal cannot be read"));
  }
  return CountErasedRows(*ring, entry.payload_closed(), decoded);
}

absl::StatusOr<Entry> EngineImpl::RunReferralCommand(const Principal& principal,
                                                     const std::string& request_id,
                                                     const std::string& hash,
                                                     const BuildEntry& build) {
  AQ_RETURN_IF_ERROR(CheckRequestId(request_id));
  Entry made;
  AQ_RETURN_IF_ERROR(writer_.Run([&](Writer::Turn& turn) -> absl::Status {
    if (!request_id.empty()) {
      absl::StatusOr<Entry> earlier = turn.EarlierEntry(principal, request_id, hash);
      if (earlier.ok()) {
        made = *std::move(earlier);
        return absl::OkStatus();
      }
      if (!IsUnknownRequest(earlier.status())) return earlier.status();
    }
    ReferralBook book = turn.Book();
    AQ_ASSIGN_OR_RETURN(made, build(turn, book));
    return turn.Commit({made}).status();
  }));
  return made;
}

absl::StatusOr<ReferralDocument> EngineImpl::ReferralAfter(const absl::StatusOr<Entry>& entry) {
  AQ_RETURN_IF_ERROR(entry.status());
  // What a command made must be there to be told.
  AQ_RETURN_IF_ERROR(AwaitEverything());
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::Snapshot> snapshot, Fresh());
  ReferralBook book = BookOf(*snapshot);
  AQ_ASSIGN_OR_RETURN(ReferralDocument * document, book.Find(entry->referral_changed().referral()));
  return *document;
}

absl::StatusOr<ReferralDocument> EngineImpl::CreateReferral(const Principal& principal,
                                                            const CreateReferralCommand& command,
                                                            const std::string& jurisdiction) {
  std::vector<absl::string_view> parts = {"create", command.case_id, command.policy, command.agency,
                                          command.replaces};
  if (!command.provider.empty()) {
    parts.insert(parts.end(), {command.provider, command.post});
  }
  const std::string hash = HashOf(parts, command.details);
  return ReferralAfter(
      RunReferralCommand(principal, command.request_id, hash,
                         [&](Writer::Turn& turn, ReferralBook& book) -> absl::StatusOr<Entry> {
                           absl::StatusOr<store::KeyId> key = turn.store().NewKey();
                           if (!key.ok()) return key.status();
                           return book.Create(principal, command, jurisdiction, hash,
                                              {turn.next_sequence(), *key}, turn.now());
                         }));
}

absl::StatusOr<ReferralDocument> EngineImpl::SendReferral(const Principal& principal,
                                                          const SendReferralCommand& command,
                                                          const std::string& jurisdiction) {
  std::vector<absl::string_view> parts = {"send",
                                          command.referral,
                                          command.etag,
                                          command.legal_basis,
                                          command.basis_reference,
                                          command.notice_given ? "1" : "0"};
  if (!command.consent.empty()) parts.push_back(command.consent);
  const std::string hash = HashOf(parts);
  return ReferralAfter(RunReferralCommand(
      principal, command.request_id, hash, [&](Writer::Turn& turn, ReferralBook& book) {
        return book.Send(principal, command, jurisdiction, hash, turn.now());
      }));
}

absl::StatusOr<ReferralDocument> EngineImpl::MoveReferral(const Principal& principal,
                                                          const MoveReferralCommand& command,
                                                          const std::string& jurisdiction) {
  const std::string action(referral::ActionName(command.action));
  const std::string hash =
      HashOf({"move", command.referral, command.etag, command.reason, action}, command.details);
  return ReferralAfter(RunReferralCommand(
      principal, command.request_id, hash, [&](Writer::Turn& turn, ReferralBook& book) {
        return book.Move(principal, command, jurisdiction, hash, turn.now());
      }));
}

absl::StatusOr<journal::v1::ConsentDocument> EngineImpl::ConsentAfter(
    const absl::StatusOr<Entry>& entry) {
  AQ_RETURN_IF_ERROR(entry.status());
  AQ_RETURN_IF_ERROR(AwaitEverything());
  return GetConsent(entry->has_consent_given() ? entry->consent_given().consent()
                                               : entry->consent_withdrawn().consent(),
                    "");
}

absl::StatusOr<journal::v1::ConsentDocument> EngineImpl::CreateConsent(
    const Principal& principal, const CreateConsentCommand& command,
    const std::string& jurisdiction) {
  const std::string expire_date = command.expire_date.ToString();
  std::vector<absl::string_view> parts = {"consent",       command.case_id,  command.agency,
                                          command.purpose, command.evidence, expire_date};
  parts.insert(parts.end(), command.fields.begin(), command.fields.end());
  if (!command.recipient_name.empty()) parts.push_back(command.recipient_name);
  const std::string hash = HashOf(parts);
  return ConsentAfter(
      RunReferralCommand(principal, command.request_id, hash,
                         [&](Writer::Turn& turn, ReferralBook& book) -> absl::StatusOr<Entry> {
                           absl::StatusOr<store::KeyId> key = turn.store().NewKey();
                           if (!key.ok()) return key.status();
                           return book.GiveConsent(principal, command, jurisdiction, hash,
                                                   {turn.next_sequence(), *key}, turn.now());
                         }));
}

absl::StatusOr<journal::v1::ConsentDocument> EngineImpl::WithdrawConsent(
    const Principal& principal, const WithdrawConsentCommand& command,
    const std::string& jurisdiction) {
  const std::string hash = HashOf({"withdraw", command.consent});
  return ConsentAfter(RunReferralCommand(
      principal, command.request_id, hash, [&](Writer::Turn& turn, ReferralBook& book) {
        return book.WithdrawConsent(principal, command, jurisdiction, hash, turn.now());
      }));
}

absl::StatusOr<exchange::v1::AnswerReferralResponse> EngineImpl::AnswerReferral(
    const std::string& agency, const exchange::v1::AnswerReferralRequest& request) {
  if (FindAgency(agency) == nullptr) {
    return Error(absl::StatusCode::kNotFound, reason::kAgencyNotFound, "there is no such agency");
  }
  const std::string hash = HashOfAnswer(request);
  const absl::StatusOr<Entry> entry = RunReferralCommand(
      AgencyPrincipal(agency), request.request_id(), hash,
      [&](Writer::Turn& turn, ReferralBook& book) {
        return book.Answer({.agency = agency, .request = &request, .hash = hash}, turn.now());
      });
  AQ_ASSIGN_OR_RETURN(const ReferralDocument document, ReferralAfter(entry));
  const std::int64_t version = entry->referral_changed().version();
  exchange::v1::AnswerReferralResponse response;
  response.set_etag(OutwardEtagAt(document.draft().pseudonym(),
                                  OutwardVersionAfter(document, static_cast<int>(version))));
  return response;
}

absl::StatusOr<ReplayResult> EngineImpl::ReplayQuarantine(const Principal& principal,
                                                          const std::string& request_id,
                                                          const std::string& payload,
                                                          bool allow_shrinking) {
  AQ_RETURN_IF_ERROR(CheckRequestId(request_id));
  const std::string hash = HashOf({"replay", payload, allow_shrinking ? "1" : "0"});
  // Decoding is long and pure: it is done here, not on the writer's thread.
  DecodedPayload decoded;
  const absl::StatusOr<journal::v1::QuarantineDocument> document = GetQuarantine(payload);
  if (!document.ok() && !absl::IsNotFound(document.status())) return document.status();
  if (document.ok()) {
    const AgencyOptions* agency = FindAgency(document->agency());
    if (agency == nullptr) {
      return Error(absl::StatusCode::kNotFound, reason::kAgencyNotFound,
                   "the payload's agency is no longer registered");
    }
    AQ_RETURN_IF_ERROR(agency->adapter->CheckEnabled());
    // A backup from before a purge still lists it.
    if (store_->ring() != nullptr && document->bytes_key() != 0) {
      AQ_ASSIGN_OR_RETURN(const bool purged, store_->ring()->IsDestroyed(document->bytes_key()));
      if (purged) return QuarantineNotFound();
    }
    absl::StatusOr<std::string> bytes = store_->GetBlob(payload);
    if (absl::IsNotFound(bytes.status())) return QuarantineNotFound();
    AQ_RETURN_IF_ERROR(bytes.status());
    SubmitCommand command;
    command.header.set_format(document->format());
    command.header.set_file_name(document->file_name());
    command.payload = *std::move(bytes);
    // What did not arrive whole is never used, however often it is tried.
    command.cut_off =
        document->whole() && std::any_of(document->problems().begin(), document->problems().end(),
                                         [](const journal::v1::StoredProblem& problem) {
                                           return problem.reason() == reason::kPayloadTruncated;
                                         });
    decoded = BeginDecode(*agency, std::move(command));
    AQ_ASSIGN_OR_RETURN(const auto instance, decoded.adapter->Open());
    Decode(instance.get(), Today(), &decoded);
    AQ_RETURN_IF_ERROR(HeedErasures(*document, &decoded));
  }
  ReplayResult result;
  AQ_RETURN_IF_ERROR(writer_.Run([&](Writer::Turn& turn) {
    return ReplayTurn(turn, principal, request_id, hash, payload, allow_shrinking, &decoded,
                      &result);
  }));
  AQ_RETURN_IF_ERROR(Fresh().status());
  return result;
}

absl::Status EngineImpl::ReplayTurn(Writer::Turn& turn, const Principal& principal,
                                    const std::string& request_id, const std::string& hash,
                                    const std::string& payload, bool allow_shrinking,
                                    DecodedPayload* decoded, ReplayResult* result) {
  if (!request_id.empty()) {
    const absl::StatusOr<Entry> earlier = turn.EarlierEntry(principal, request_id, hash);
    if (earlier.ok()) {
      Count(earlier->quarantine_replayed(), result);
      return absl::OkStatus();
    }
    if (!IsUnknownRequest(earlier.status())) return earlier.status();
  }
  AQ_ASSIGN_OR_RETURN(const auto document, ReadDocument<journal::v1::QuarantineDocument>(
                                               turn.snapshot(), store::QuarantineKey(payload)));
  if (!document.has_value() || decoded->agency == nullptr) return QuarantineNotFound();
  std::set<std::uint64_t> rows;
  for (const auto& record : document->records()) rows.insert(record.row());
  ReferralBook book = turn.Book();
  const PlanRequest request{.payload = decoded,
                            .store = &turn.store(),
                            .payload_id = payload,
                            .version = document->source_version(),
                            .now = turn.now(),
                            .principal = principal,
                            .allow_shrinking = allow_shrinking,
                            .rows = document->whole() ? nullptr : &rows};
  AQ_ASSIGN_OR_RETURN(Plan plan, PlanPayload(request, turn.overlay(), &book));
  const bool whole_again = plan.receipt.code() != 0;
  // Nobody waits for these receipts.
  for (auto& record : *plan.receipt.mutable_records()) record.clear_log_position();
  AQ_RETURN_IF_ERROR(SealReceipts(turn.store(), plan.receipt.mutable_records()));
  Entry& entry = plan.entries.emplace_back();
  entry.set_key(document->key());
  *entry.mutable_principal() = principal;
  journal::v1::QuarantineReplayed* replayed = entry.mutable_quarantine_replayed();
  replayed->set_payload(payload);
  if (!whole_again) *replayed->mutable_records() = plan.receipt.records();
  replayed->set_adapter_build(decoded->adapter->build_id());
  replayed->set_payload_released(!plan.hold_bytes);
  replayed->set_request_id(request_id);
  replayed->set_request_hash(hash);
  replayed->set_ended_count(plan.receipt.ended_count());
  *replayed->mutable_problems() = plan.receipt.problems();
  replayed->set_snapshot_taken(plan.snapshot_taken);
  Count(*replayed, result);
  std::vector<std::string> removed;
  if (!plan.hold_bytes) removed.push_back(payload);
  AQ_RETURN_IF_ERROR(
      turn.Commit(std::move(plan.entries), std::move(removed), std::move(plan.heads)).status());
  if (!plan.snapshot_taken) return absl::OkStatus();
  return turn.TakeSnapshotVersion(document->agency(), document->format(),
                                  document->source_version());
}

}  // namespace anqiao::engine
