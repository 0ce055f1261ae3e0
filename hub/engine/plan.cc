#include "hub/engine/plan.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/projection.h"
#include "hub/engine/receipts.h"
#include "hub/engine/values.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::Entry;
using journal::v1::RecordHead;
using journal::v1::StoredRecordReceipt;
using Verdict = DecodedRecord::Verdict;

class Planner {
 public:
  Planner(const PlanRequest& request, const Overlay& overlay, ReferralBook* book)
      : request_(request), payload_(*request.payload), overlay_(overlay), book_(book) {}

  absl::StatusOr<Plan> Run() {
    if (payload_.code != absl::StatusCode::kOk) {
      HoldWhole(payload_.code, payload_.reason, payload_.message, payload_.hold_bytes);
      AQ_RETURN_IF_ERROR(CutBytes());
      return std::move(plan_);
    }
    const bool ends = payload_.snapshot && request_.rows == nullptr;
    if (payload_.snapshot) {
      AQ_ASSIGN_OR_RETURN(newest_snapshot_, overlay_.SnapshotVersion(SnapshotVersionKey(
                                                payload_.agency->id, payload_.header.format())));
      late_ = request_.version < newest_snapshot_;
    }
    // What is live was confirmed by the newest snapshot: an older one ends none of it.
    std::vector<std::pair<std::string, RecordHead>> missing;
    if (ends && !late_ && payload_.unknown_rows == 0) {
      AQ_ASSIGN_OR_RETURN(const std::int64_t on_file, FindMissing(&missing));
      if (!request_.allow_shrinking && Shrank(static_cast<std::int64_t>(missing.size()), on_file)) {
        AQ_RETURN_IF_ERROR(CutBytes());
        return std::move(plan_);
      }
    }
    for (DecodedRecord& record : payload_.records) {
      if (request_.rows != nullptr && request_.rows->count(record.row) == 0) continue;
      AQ_RETURN_IF_ERROR(Take(&record));
    }
    // The order of stored keys means nothing.
    std::sort(missing.begin(), missing.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    for (auto& [key, head] : missing) AQ_RETURN_IF_ERROR(EndMissing(key, std::move(head)));
    Finish(ends);
    AQ_RETURN_IF_ERROR(CutBytes());
    return std::move(plan_);
  }

 private:
  Entry* AddEntry() {
    Entry* entry = &plan_.entries.emplace_back();
    SetTime(request_.now, entry->mutable_commit_time());
    *entry->mutable_principal() = request_.principal;
    return entry;
  }

  void HoldWhole(absl::StatusCode code, const std::string& reason_text, const std::string& message,
                 bool hold_bytes) {
    plan_.receipt.set_code(static_cast<int>(code));
    plan_.receipt.set_reason(reason_text);
    plan_.receipt.set_message(message);
    for (const auto& problem : payload_.problems) *plan_.receipt.add_problems() = problem;
    plan_.hold_bytes = hold_bytes;
  }

  // Live records on file that are not in the snapshot and not newer than it; returns how many are
  // on file.
  absl::StatusOr<std::int64_t> FindMissing(
      std::vector<std::pair<std::string, RecordHead>>* missing) {
    absl::flat_hash_set<absl::string_view> present;
    for (const DecodedRecord& record : payload_.records) present.insert(record.store_key);
    std::int64_t on_file = 0;
    const store::KeyRange range = store::RecordRange(payload_.agency->id, payload_.header.format());
    AQ_RETURN_IF_ERROR(overlay_.ScanHeads(
        range.begin, range.end, [&](const std::string& key, const RecordHead& head) {
          if (!IsLive(head)) return;
          ++on_file;
          if (head.source_version() <= request_.version && !present.contains(key)) {
            missing->emplace_back(key, head);
          }
        }));
    return on_file;
  }

  bool Shrank(std::int64_t missing, std::int64_t on_file) {
    const AgencyOptions& agency = *payload_.agency;
    const double allowed = std::max(static_cast<double>(agency.shrink_count_min),
                                    agency.shrink_share_max * static_cast<double>(on_file));
    if (static_cast<double>(missing) <= allowed) return false;
    const std::string message =
        absl::StrCat("the snapshot lacks ", missing, " of ", on_file, " records on file; at most ",
                     static_cast<std::int64_t>(allowed), " may be missing");
    for (DecodedRecord& record : payload_.records) {
      Receipt(&record, record.verdict == Verdict::kReject ? journal::v1::RECORD_DISPOSITION_REJECTED
                                                          : journal::v1::RECORD_DISPOSITION_HELD);
    }
    payload_.problems.push_back(PayloadProblem(reason::kSnapshotShrank, message));
    HoldWhole(absl::StatusCode::kFailedPrecondition, reason::kSnapshotShrank, message,
              !payload_.forbidden);
    return true;
  }

  StoredRecordReceipt* Receipt(DecodedRecord* record, journal::v1::RecordDisposition disposition) {
    StoredRecordReceipt* receipt = plan_.receipt.add_records();
    receipt->set_row(record->row);
    receipt->set_record_key(record->record_key);
    receipt->set_key(KeyOf(*record));
    receipt->set_disposition(disposition);
    for (auto& problem : record->problems) *receipt->add_problems() = std::move(problem);
    return receipt;
  }

  // The key of the record, if it is on file or comes to be with this payload.
  store::KeyId KeyOf(const DecodedRecord& record) {
    if (record.store_key.empty() || record.answer.has_value()) return 0;
    const auto [it, inserted] = keys_.emplace(record.store_key, 0);
    if (inserted) {
      // What cannot be read now is no reason to hold it against the record.
      const absl::StatusOr<RecordHead> head = overlay_.Head(record.store_key);
      if (head.ok()) it->second = head->key();
    }
    return it->second;
  }

  // Bytes of a record lie under its key, from where it begins to where the next one does; what
  // cannot be told apart lies under a key of the payload's.
  absl::Status CutBytes() {
    if (!plan_.hold_bytes) return absl::OkStatus();
    AQ_ASSIGN_OR_RETURN(plan_.bytes_key, request_.store->NewKey());
    plan_.parts = {{0, plan_.bytes_key}};
    bool first = true;
    for (const DecodedRecord& record : payload_.records) {
      const std::size_t offset = record.byte_offset;
      const store::KeyId own = KeyOf(record);
      const store::KeyId key = own != 0 ? own : plan_.bytes_key;
      if (offset > plan_.parts.back().first && offset < payload_.bytes.size()) {
        plan_.parts.emplace_back(offset, key);
      } else if (first && offset == 0) {
        plan_.parts[0].second = key;
      } else {
        plan_.parts = {{0, plan_.bytes_key}};
        return absl::OkStatus();
      }
      first = false;
    }
    plan_.sliced = true;
    return absl::OkStatus();
  }

  absl::Status Take(DecodedRecord* record) {
    switch (record->verdict) {
      case Verdict::kHold:
        plan_.hold_bytes = true;
        Receipt(record, journal::v1::RECORD_DISPOSITION_HELD);
        return absl::OkStatus();
      case Verdict::kReject:
        Receipt(record, journal::v1::RECORD_DISPOSITION_REJECTED);
        return absl::OkStatus();
      case Verdict::kRepeat:
        Receipt(record, journal::v1::RECORD_DISPOSITION_UNCHANGED);
        return absl::OkStatus();
      case Verdict::kTake:
        break;
    }
    if (record->answer.has_value()) return TakeAnswer(record);
    AQ_ASSIGN_OR_RETURN(RecordHead head, overlay_.Head(record->store_key));
    keys_[record->store_key] = head.key();
    // Of a record that is on file, the newest snapshot has said more than an older one can.
    const bool superseded = late_ && !head.content_hash().empty();
    const bool unchanged = record->removed
                               ? head.ended()
                               : IsLive(head) && head.content_hash() == record->content_hash;
    if (unchanged || superseded) {
      Receipt(record, journal::v1::RECORD_DISPOSITION_UNCHANGED);
      return absl::OkStatus();
    }
    if (head.key() == 0) {
      AQ_ASSIGN_OR_RETURN(const store::KeyId key, request_.store->NewKey());
      head.set_key(key);
      keys_[record->store_key] = key;
    }
    const std::size_t position = plan_.entries.size() + 1;
    if (record->removed) {
      End(record->ref, request_.version, &head);
    } else {
      Observe(record, &head);
    }
    plan_.heads.emplace_back(record->store_key, std::move(head));
    Receipt(record, journal::v1::RECORD_DISPOSITION_ACCEPTED)->set_log_position(position);
    return absl::OkStatus();
  }

  void Observe(DecodedRecord* record, RecordHead* head) {
    Entry* entry = AddEntry();
    entry->set_key(head->key());
    journal::v1::RecordObserved* observed = entry->mutable_record_observed();
    observed->set_source_version(request_.version);
    *observed->mutable_observation() = std::move(record->observation);
    observed->set_payload(request_.payload_id);
    observed->set_row(record->row);
    observed->set_adapter_build(payload_.adapter->build_id());
    FoldObserved(request_.version, record->content_hash, head);
    // Each record of a large payload is in memory once.
    observed->set_content_hash(std::move(record->content_hash));
    *observed->mutable_record() = std::move(record->ref);
    // A newer snapshot that lacked the record had ended it before this older one came.
    if (late_ && IsLive(*head))
      End(journal::v1::RecordRef(observed->record()), newest_snapshot_, head);
  }

  void End(const journal::v1::RecordRef& ref, std::int64_t version, RecordHead* head) {
    Entry* entry = AddEntry();
    entry->set_key(head->key());
    journal::v1::RecordEnded* ended = entry->mutable_record_ended();
    *ended->mutable_record() = ref;
    ended->set_source_version(version);
    ended->set_payload(request_.payload_id);
    FoldEnded(version, head);
  }

  absl::Status EndMissing(const std::string& key, RecordHead head) {
    AQ_ASSIGN_OR_RETURN(const journal::v1::RecordRef ref, store::DecodeRecordKey(key));
    End(ref, request_.version, &head);
    plan_.heads.emplace_back(key, std::move(head));
    plan_.receipt.set_ended_count(plan_.receipt.ended_count() + 1);
    return absl::OkStatus();
  }

  absl::Status TakeAnswer(DecodedRecord* record) {
    exchange::v1::AnswerReferralRequest& answer = *record->answer;
    answer.set_request_id(
        absl::StrCat("native/", payload_.header.format(), "/", record->ref.key()));
    const std::string key = store::RequestKey(request_.store->Digest(
        RequestText(AgencyPrincipal(payload_.agency->id), answer.request_id())));
    const std::string hash = HashOfAnswer(answer);
    AQ_ASSIGN_OR_RETURN(const auto earlier, overlay_.Request(key));
    if (earlier.has_value() && (earlier->erased() || earlier->request_hash() == hash)) {
      Receipt(record, journal::v1::RECORD_DISPOSITION_UNCHANGED);
      return absl::OkStatus();
    }
    absl::Status status;
    if (earlier.has_value()) {
      status = Error(absl::StatusCode::kAlreadyExists, reason::kRequestIdConflict,
                     "an earlier answer with this key had other content");
    } else {
      absl::StatusOr<Entry> entry = book_->Answer(
          {.agency = payload_.agency->id, .request = &answer, .hash = hash, .native = true},
          request_.now);
      status = entry.status();
      if (entry.ok()) {
        plan_.answers.emplace_back(key, plan_.entries.size());
        plan_.entries.push_back(*std::move(entry));
      }
    }
    if (status.ok()) {
      Receipt(record, journal::v1::RECORD_DISPOSITION_ACCEPTED)
          ->set_log_position(plan_.entries.size());
      return status;
    }
    if (absl::IsDataLoss(status) || absl::IsUnavailable(status)) return status;
    journal::v1::StoredProblem problem = PayloadProblem(ReasonOf(status), status.message());
    problem.set_row(record->row);
    record->problems.push_back(std::move(problem));
    plan_.hold_bytes = true;
    Receipt(record, journal::v1::RECORD_DISPOSITION_HELD);
    return absl::OkStatus();
  }

  void Finish(bool ends) {
    for (const auto& problem : payload_.problems) *plan_.receipt.add_problems() = problem;
    if (ends && payload_.unknown_rows > 0) {
      *plan_.receipt.add_problems() = PayloadProblem(
          reason::kValueInvalid, absl::StrCat(payload_.unknown_rows,
                                              " rows without a readable key: the snapshot ended "
                                              "no record"));
    }
    if (payload_.truncated && request_.rows == nullptr) plan_.hold_bytes = true;
    if (payload_.forbidden) plan_.hold_bytes = false;
    plan_.snapshot_taken = ends && payload_.unknown_rows == 0;
  }

  const PlanRequest& request_;
  DecodedPayload& payload_;
  const Overlay& overlay_;
  ReferralBook* const book_;
  // Keys of the records that were looked at, by their store key in the payload; 0: not on file.
  absl::flat_hash_map<absl::string_view, store::KeyId> keys_;
  std::int64_t newest_snapshot_ = 0;
  bool late_ = false;  // a newer snapshot was taken up before
  Plan plan_;
};

}  // namespace

absl::StatusOr<Plan> PlanPayload(const PlanRequest& request, const Overlay& overlay,
                                 ReferralBook* book) {
  return Planner(request, overlay, book).Run();
}

}  // namespace anqiao::engine
