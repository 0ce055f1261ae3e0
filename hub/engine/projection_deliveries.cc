// What becomes of deliveries: queued, answered, set aside, sent again, given up.

#include <string>
#include <utility>

#include "anqiao/exchange/v1/exchange.pb.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/projection.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::DeliveryDocument;
using journal::v1::Entry;
using store::Sequence;

DeliveryEvent EventOf(DeliveryEvent::Kind kind, const DeliveryDocument& document) {
  return {.kind = kind,
          .agency = document.delivery().agency(),
          .delivery = document.delivery().delivery(),
          .referral = LineOf(document),
          .sequence = document.sequence(),
          .nack_count = document.nack_count()};
}

std::string PendingKeyOf(const DeliveryDocument& document) {
  return store::PendingKey(document.delivery().agency(), document.sequence(),
                           document.delivery().delivery());
}

std::string DeadKeyOf(const DeliveryDocument& document) {
  return store::DeadKey(document.delivery().agency(), document.sequence(),
                        document.delivery().delivery());
}

}  // namespace

const std::string& LineOf(const DeliveryDocument& document) {
  return document.dispatch().empty() ? document.referral() : document.dispatch();
}

absl::Status Projection::Queued(Sequence sequence, const Entry& entry,
                                const journal::v1::QueuedDelivery& queued,
                                const DeliveryDocument& belongs_to) {
  const std::string key = store::DeliveryKey(queued.delivery());
  AQ_ASSIGN_OR_RETURN(auto* row, deliveries_.Find(snapshot(), key));
  row->document = belongs_to;
  *row->document.mutable_delivery() = queued;
  *row->document.mutable_create_time() = entry.commit_time();
  row->document.set_sequence(sequence);
  row->document.set_key(entry.key());
  deliveries_.Touch(key, row);
  Put(PendingKeyOf(row->document), "");
  delivery_events_.push_back(EventOf(DeliveryEvent::Kind::kQueued, row->document));
  return Count(PendingCount(queued.agency()), 1);
}

absl::Status Projection::Answered(const Entry& entry) {
  const journal::v1::DeliveryAnswered& answered = entry.delivery_answered();
  AQ_RETURN_IF_ERROR(Raise(AnsweredKey(entry.principal().name()),
                           absl::ToUnixMicros(ToTime(entry.commit_time()))));
  Remove(AbsentKey(entry.principal().name()));
  const std::string key = store::DeliveryKey(answered.delivery());
  AQ_ASSIGN_OR_RETURN(auto* row, deliveries_.Find(snapshot(), key));
  DeliveryDocument* document = &row->document;
  if (!row->exists || document->has_acknowledge_time()) return absl::OkStatus();
  deliveries_.Touch(key, row);
  if (answered.acknowledged()) return Acknowledged(entry, document);
  document->set_nack_count(document->nack_count() + 1);
  document->set_last_reason(answered.reason());
  *document->mutable_nack_time() = entry.commit_time();
  if (document->dead() || document->has_discard_time()) return absl::OkStatus();
  if (!answered.dead()) {
    delivery_events_.push_back(EventOf(DeliveryEvent::Kind::kRefused, *document));
    return absl::OkStatus();
  }
  document->set_dead(true);
  Remove(PendingKeyOf(*document));
  Put(DeadKeyOf(*document), "");
  delivery_events_.push_back(EventOf(DeliveryEvent::Kind::kGone, *document));
  AQ_RETURN_IF_ERROR(Count(PendingCount(document->delivery().agency()), -1));
  AQ_RETURN_IF_ERROR(Count(DeadCount(document->delivery().agency()), 1));
  return CountDeadOf(document->referral(), 1);
}

absl::Status Projection::Acknowledged(const Entry& entry, DeliveryDocument* document) {
  *document->mutable_acknowledge_time() = entry.commit_time();
  const journal::v1::DeliveryAnswered& answered = entry.delivery_answered();
  if (answered.has_handed_over()) *document->mutable_handed_over() = answered.handed_over();
  delivery_events_.push_back(EventOf(DeliveryEvent::Kind::kGone, *document));
  const std::string& agency = document->delivery().agency();
  if (document->dead()) {
    AQ_RETURN_IF_ERROR(NoLongerDead(document));
  } else if (!document->has_discard_time()) {
    Remove(PendingKeyOf(*document));
    AQ_RETURN_IF_ERROR(Count(PendingCount(agency), -1));
  }
  if (!document->dispatch().empty()) {
    AQ_RETURN_IF_ERROR(Disclosed(entry, *document));
    return DispatchDelivered(entry, document->dispatch());
  }
  exchange::v1::Delivery envelope;
  if (!envelope.ParseFromString(document->delivery().envelope()) || !envelope.has_request()) {
    return absl::OkStatus();
  }
  AQ_RETURN_IF_ERROR(Disclosed(entry, *document));
  return RequestDelivered(entry, *document);
}

// The ledger's entry is of the same entry of the journal as the delivery.
absl::Status Projection::Disclosed(const Entry& entry, const DeliveryDocument& document) {
  return ChangeDisclosure(document.person(), document.sequence(),
                          [&](journal::v1::DisclosureDocument* disclosure) {
                            *disclosure->mutable_acknowledge_time() = entry.commit_time();
                            if (document.has_handed_over()) {
                              *disclosure->mutable_handed_over() = document.handed_over();
                            }
                          });
}

journal::v1::DisclosureDocument Projection::Disclose(Sequence sequence, const Entry& entry,
                                                     const journal::v1::Disclosure& disclosure,
                                                     const std::string& person,
                                                     journal::v1::DisclosureDocument document) {
  *document.mutable_disclosure() = disclosure;
  document.set_person(person);
  *document.mutable_time() = entry.commit_time();
  *document.mutable_principal() = entry.principal();
  Put(store::DisclosureKey(person, sequence), Canonical(document), person);
  return document;
}

absl::Status Projection::ChangeDisclosure(
    const std::string& person, Sequence sequence,
    const std::function<void(journal::v1::DisclosureDocument*)>& change) {
  const std::string key = store::DisclosureKey(person, sequence);
  journal::v1::DisclosureDocument disclosure;
  bool readable = true;
  if (const auto it = others_.find(key); it != others_.end()) {
    if (!it->second.value.has_value()) return absl::OkStatus();
    readable = disclosure.ParseFromString(*it->second.value);
  } else {
    AQ_ASSIGN_OR_RETURN(const store::Snapshot* whole, WholeSnapshot());
    const absl::StatusOr<std::string> stored = whole->Get(key);
    if (absl::IsNotFound(stored.status())) return absl::OkStatus();
    AQ_RETURN_IF_ERROR(stored.status());
    readable = disclosure.ParseFromString(*stored);
  }
  if (!readable) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "a stored document cannot be read");
  }
  change(&disclosure);
  Put(key, Canonical(disclosure), person);
  return absl::OkStatus();
}

absl::Status Projection::Retried(const journal::v1::DeliveryRetried& retried) {
  const std::string key = store::DeliveryKey(retried.delivery());
  AQ_ASSIGN_OR_RETURN(auto* row, deliveries_.Find(snapshot(), key));
  DeliveryDocument* document = &row->document;
  if (!row->exists || !document->dead()) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(NoLongerDead(document));
  document->set_nack_count(0);
  document->set_retry_count(document->retry_count() + 1);
  deliveries_.Touch(key, row);
  Put(PendingKeyOf(*document), "");
  delivery_events_.push_back(EventOf(DeliveryEvent::Kind::kQueued, *document));
  return Count(PendingCount(document->delivery().agency()), 1);
}

absl::Status Projection::Discarded(const Entry& entry) {
  const journal::v1::DeliveryDiscarded& discarded = entry.delivery_discarded();
  const std::string key = store::DeliveryKey(discarded.delivery());
  AQ_ASSIGN_OR_RETURN(auto* row, deliveries_.Find(snapshot(), key));
  DeliveryDocument* document = &row->document;
  if (!row->exists || !document->dead()) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(NoLongerDead(document));
  *document->mutable_discard_time() = entry.commit_time();
  document->set_discard_reason(discarded.reason());
  deliveries_.Touch(key, row);
  return absl::OkStatus();
}

absl::Status Projection::NoLongerDead(DeliveryDocument* document) {
  document->set_dead(false);
  Remove(DeadKeyOf(*document));
  AQ_RETURN_IF_ERROR(Count(DeadCount(document->delivery().agency()), -1));
  return CountDeadOf(document->referral(), -1);
}

absl::Status Projection::CountDeadOf(const std::string& referral, int change) {
  const std::string key = store::ReferralKey(referral);
  AQ_ASSIGN_OR_RETURN(auto* row, referrals_.Find(snapshot(), key));
  if (!row->exists) return absl::OkStatus();
  row->document.set_dead_delivery_count(row->document.dead_delivery_count() + change);
  referrals_.Touch(key, row);
  return absl::OkStatus();
}

}  // namespace anqiao::engine
