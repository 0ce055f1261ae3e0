// What is forgotten when a person is erased: everything about them goes from the projections at
// once. What others' records had to do with them stays until the projections are computed anew.

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hub/base/status_macros.h"
#include "hub/engine/identity_tables.h"
#include "hub/engine/projection.h"
#include "hub/engine/referral_fold.h"
#include "hub/model/case.h"
#include "hub/store/keys.h"

namespace anqiao::engine {

using journal::v1::DeliveryDocument;
using journal::v1::PersonDocument;
using journal::v1::PersonRecord;

absl::Status Projection::Erased(const journal::v1::PersonErased& erased) {
  AQ_ASSIGN_OR_RETURN(PersonRow * row, PersonOf(erased.person()));
  // In a rebuild they never were.
  if (row->exists) {
    const PersonDocument person = row->document;
    std::vector<std::string> ids(person.former_ids().begin(), person.former_ids().end());
    ids.push_back(person.person());
    for (const std::string& id : ids) AQ_RETURN_IF_ERROR(ForgetAttached(id));
    // The first record last: it names the person.
    std::map<identity::RecordId, const PersonRecord*, std::greater<>> records;
    for (const PersonRecord& record : person.records()) {
      records.emplace(RecordIdOf(record.record_id(), model::IsPoliceKind(record.record().kind())),
                      &record);
    }
    for (const auto& [id, record] : records) AQ_RETURN_IF_ERROR(ForgetRecord(record->record()));
  }
  for (const std::string& payload : erased.payloads()) {
    AQ_RETURN_IF_ERROR(ForgetPayload(payload));
  }
  return absl::OkStatus();
}

absl::Status Projection::ForgetAttached(const std::string& person) {
  AQ_ASSIGN_OR_RETURN(PersonRow * row, people_.Find(snapshot(), store::PersonKey(person)));
  const PersonDocument& document = row->document;
  for (const std::string& referral : document.referrals()) {
    AQ_RETURN_IF_ERROR(ForgetReferral(referral));
  }
  for (const std::string& consent : document.consents()) {
    AQ_RETURN_IF_ERROR(ForgetConsent(consent));
  }
  for (const std::string& member : document.team_members()) {
    AQ_RETURN_IF_ERROR(ForgetMember(member));
  }
  for (const std::string& dispatch : document.dispatches()) {
    AQ_RETURN_IF_ERROR(ForgetDispatch(dispatch));
  }
  AQ_RETURN_IF_ERROR(ForgetDeliveries(person));
  AQ_RETURN_IF_ERROR(ForgetDisclosures(person));
  return ForgetNotes(person);
}

absl::Status Projection::ForgetRecord(const journal::v1::RecordRef& record) {
  const std::string key = store::RecordKey(record);
  AQ_ASSIGN_OR_RETURN(const identity::LinkageChange change, linkage_.Remove(key));
  AQ_RETURN_IF_ERROR(Regroup(change, "MODEL", &record));
  AQ_ASSIGN_OR_RETURN(auto* head, heads_.Find(snapshot(), key));
  if (!head->exists) return absl::OkStatus();
  if (IsLive(head->document)) {
    AQ_RETURN_IF_ERROR(Count(LiveRecordsCount(record.agency()), -1));
  }
  heads_.Remove(key, head);
  return absl::OkStatus();
}

absl::Status Projection::ForgetReferral(const std::string& referral) {
  const std::string key = store::ReferralKey(referral);
  AQ_ASSIGN_OR_RETURN(auto* row, referrals_.Find(snapshot(), key));
  if (!row->exists) return absl::OkStatus();
  Remove(store::PseudonymKey(row->document.draft().agency(), row->document.draft().pseudonym()));
  for (const journal::v1::Deadline& deadline : row->document.deadlines()) {
    RemoveDue(referral, deadline);
  }
  if (HoldsPlace(row->document)) AQ_RETURN_IF_ERROR(CountPlaces(row->document, -1));
  referrals_.Remove(key, row);
  return absl::OkStatus();
}

absl::Status Projection::ForgetConsent(const std::string& consent) {
  const std::string key = store::ConsentKey(consent);
  AQ_ASSIGN_OR_RETURN(auto* row, consents_.Find(snapshot(), key));
  if (!row->exists) return absl::OkStatus();
  Remove(store::DueKey(
      static_cast<std::uint64_t>(absl::ToUnixMicros(ToTime(row->document.consent().expire_time()))),
      ConsentSubject(consent), journal::v1::DEADLINE_KIND_CONSENT_END));
  consents_.Remove(key, row);
  return absl::OkStatus();
}

absl::Status Projection::ForgetDeliveries(const std::string& person) {
  std::vector<std::string> keys;
  const store::KeyRange range = store::FamilyRange(store::Family::kDelivery);
  AQ_RETURN_IF_ERROR(
      snapshot().Scan(range.begin, range.end, [&](absl::string_view key, absl::string_view value) {
        DeliveryDocument document;
        if (document.ParseFromArray(value.data(), static_cast<int>(value.size())) &&
            document.person() == person) {
          keys.emplace_back(key);
        }
        return true;
      }));
  for (const std::string& key : keys) {
    AQ_ASSIGN_OR_RETURN(auto* row, deliveries_.Find(snapshot(), key));
    const DeliveryDocument& document = row->document;
    const std::string& agency = document.delivery().agency();
    if (!document.has_acknowledge_time() && !document.has_discard_time()) {
      const std::string& id = document.delivery().delivery();
      AQ_RETURN_IF_ERROR(Count(document.dead() ? DeadCount(agency) : PendingCount(agency), -1));
      Remove(document.dead() ? store::DeadKey(agency, document.sequence(), id)
                             : store::PendingKey(agency, document.sequence(), id));
      delivery_events_.push_back({.kind = DeliveryEvent::Kind::kGone,
                                  .agency = agency,
                                  .delivery = document.delivery().delivery(),
                                  .referral = LineOf(document),
                                  .sequence = document.sequence()});
    }
    deliveries_.Remove(key, row);
  }
  return absl::OkStatus();
}

absl::Status Projection::ForgetDisclosures(const std::string& person) {
  const store::KeyRange range = store::DisclosureRange(person);
  return snapshot().Scan(
      range.begin, range.end, [&](absl::string_view key, absl::string_view value) {
        journal::v1::DisclosureDocument document;
        if (document.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          Remove(AskedKeyOf(document));
        }
        Remove(std::string(key));
        return true;
      });
}

absl::Status Projection::ForgetPayload(const std::string& payload) {
  const std::string key = store::QuarantineKey(payload);
  AQ_ASSIGN_OR_RETURN(auto* row, quarantine_.Find(snapshot(), key));
  if (!row->exists) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(Count(QuarantineCount(row->document.agency()), -1));
  quarantine_.Remove(key, row);
  return absl::OkStatus();
}

}  // namespace anqiao::engine
