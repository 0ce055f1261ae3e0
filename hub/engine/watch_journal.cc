#include "hub/engine/watch_journal.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/person.h"
#include "hub/engine/values.h"
#include "hub/policy/touched.h"
#include "hub/referral/machine.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::Entry;

class Reader {
 public:
  explicit Reader(const store::Snapshot& projections) : projections_(projections) {}

  absl::Status Take(const Entry& entry) {
    switch (entry.change_case()) {
      case Entry::kRecordObserved:
        return OfRecord(entry.record_observed().record(), policy::kTouchesSubject);
      case Entry::kRecordEnded:
        return OfRecord(entry.record_ended().record(),
                        policy::kTouchesSubject | policy::kTouchesStanding);
      case Entry::kReferralChanged:
        return OfReferral(entry.referral_changed());
      case Entry::kConsentWithdrawn:
        for (const auto& change : entry.consent_withdrawn().revocations()) {
          AQ_RETURN_IF_ERROR(OfReferral(change));
        }
        return absl::OkStatus();
      default:
        return absl::OkStatus();
    }
  }
  // Whom merges and splits of these entries changed.
  absl::Status TakeRegrouped(store::Sequence first, store::Sequence last) {
    const store::KeyRange range = store::RegroupedRange(first, last);
    absl::Status failure;
    AQ_RETURN_IF_ERROR(
        projections_.Scan(range.begin, range.end, [&](absl::string_view key, absl::string_view) {
          const absl::StatusOr<store::RegroupedParts> parts = store::DecodeRegroupedKey(key);
          failure = parts.status();
          if (failure.ok()) {
            touches_[parts->person] |= policy::kTouchesEverything | policy::kTouchesStanding;
          }
          return failure.ok();
        }));
    return failure;
  }
  Touches Finish() { return std::move(touches_); }

 private:
  absl::Status OfRecord(const journal::v1::RecordRef& record, unsigned touches) {
    AQ_ASSIGN_OR_RETURN(const auto head, ReadDocument<journal::v1::RecordHead>(
                                             projections_, store::RecordKey(record)));
    if (head.has_value() && !head->person().empty()) {
      touches_[head->person()] |= touches | policy::TouchedByRecord(record.kind());
    }
    return absl::OkStatus();
  }

  absl::Status OfReferral(const journal::v1::ReferralChanged& change) {
    if (!referral::IsEnd(change.to_state())) return absl::OkStatus();
    AQ_ASSIGN_OR_RETURN(const auto referral,
                        ReadDocument<journal::v1::ReferralDocument>(
                            projections_, store::ReferralKey(change.referral())));
    if (!referral.has_value()) return absl::OkStatus();
    AQ_ASSIGN_OR_RETURN(const std::string person,
                        CurrentId(projections_, referral->draft().case_id()));
    touches_[person] |= kTouchesReferral;
    return absl::OkStatus();
  }

  const store::Snapshot& projections_;
  Touches touches_;
};

}  // namespace

absl::StatusOr<Touches> TouchesOfEntries(const store::Store& journal,
                                         const store::Snapshot& projections, store::Sequence first,
                                         store::Sequence last) {
  Reader reader(projections);
  absl::Status failure;
  AQ_RETURN_IF_ERROR(
      journal.ReadJournal(first, [&](store::Sequence sequence, absl::string_view bytes) {
        if (sequence > last) return false;
        Entry entry;
        if (entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
          failure = reader.Take(entry);
        } else {
          failure = Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                          absl::StrCat("entry ", sequence, " of the journal cannot be read"));
        }
        return failure.ok();
      }));
  AQ_RETURN_IF_ERROR(failure);
  AQ_RETURN_IF_ERROR(reader.TakeRegrouped(first, last));
  return reader.Finish();
}

}  // namespace anqiao::engine
