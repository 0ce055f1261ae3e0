// What is forgotten when a person is erased: everything about them goes from the projections at
// once. What others' records had to do with them stays until the projections are computed anew.

#include <string>
#include <utility>
#include <vector>

#include "hub/base/status_macros.h"
#include "hub/engine/projection.h"
#include "hub/engine/referral_fold.h"
#include "hub/identity/resolver.h"
#include "hub/model/case.h"
#include "hub/store/keys.h"

namespace anqiao::engine {

using journal::v1::DeliveryDocument;
using journal::v1::PersonRecord;

absl::Status Projection::Erased(const journal::v1::PersonErased& erased) {
  const std::string key = store::PersonKey(erased.person());
  AQ_ASSIGN_OR_RETURN(PersonRow * row, people_.Find(snapshot(), key));
  // In a rebuild they never were.
  if (row->exists) {
    for (const PersonRecord& record : row->document.records()) {
      AQ_RETURN_IF_ERROR(ForgetRecord(record, erased.person()));
    }
    for (const std::string& referral : row->document.referrals()) {
      AQ_RETURN_IF_ERROR(ForgetReferral(referral));
    }
    for (const std::string& consent : row->document.consents()) {
      AQ_RETURN_IF_ERROR(ForgetConsent(consent));
    }
    for (const std::string& member : row->document.team_members()) {
      AQ_RETURN_IF_ERROR(ForgetMember(member));
    }
    for (const std::string& dispatch : row->document.dispatches()) {
      AQ_RETURN_IF_ERROR(ForgetDispatch(dispatch));
    }
    AQ_RETURN_IF_ERROR(ForgetDeliveries(erased.person()));
    AQ_RETURN_IF_ERROR(ForgetDisclosures(erased.person()));
    AQ_RETURN_IF_ERROR(ForgetNotes(erased.person()));
    if (model::IsKnownToPolice(row->document)) {
      AQ_RETURN_IF_ERROR(Count(kKnownToPoliceCount, -1));
    }
    people_.Remove(key, row);
    AQ_RETURN_IF_ERROR(Count(kPeopleCount, -1));
  }
  for (const std::string& payload : erased.payloads()) {
    AQ_RETURN_IF_ERROR(ForgetPayload(payload));
  }
  return absl::OkStatus();
}

absl::Status Projection::ForgetRecord(const PersonRecord& record, const std::string& person) {
  const std::string key = store::RecordKey(record.record());
  AQ_ASSIGN_OR_RETURN(auto* head, heads_.Find(snapshot(), key));
  if (head->exists) {
    if (IsLive(head->document)) {
      AQ_RETURN_IF_ERROR(Count(LiveRecordsCount(record.record().agency()), -1));
    }
    heads_.Remove(key, head);
  }
  for (const std::string& block : identity::BlockingKeys(record.observation().subject())) {
    const std::string block_key = store::BlockKey(block);
    AQ_ASSIGN_OR_RETURN(auto* row, blocks_.Find(snapshot(), block_key));
    auto* people = row->document.mutable_people();
    for (int i = 0; i < people->size(); ++i) {
      if (people->Get(i) != person) continue;
      people->DeleteSubrange(i, 1);
      if (people->empty()) {
        blocks_.Remove(block_key, row);
      } else {
        blocks_.Touch(block_key, row);
      }
      break;
    }
  }
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
