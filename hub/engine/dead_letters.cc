// What operators see of deliveries and do with dead ones; since when an agency is away.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/pages.h"
#include "hub/engine/values.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::DeliveryDocument;
using journal::v1::Entry;
using store::Family;

absl::StatusOr<DeliveryDocument> Find(const store::Snapshot& snapshot,
                                      const std::string& delivery) {
  if (delivery.empty() || delivery.size() > 64 || delivery.find('\0') != std::string::npos) {
    return Error(absl::StatusCode::kNotFound, reason::kDeliveryNotFound,
                 "there is no such delivery");
  }
  AQ_ASSIGN_OR_RETURN(auto document,
                      ReadDocument<DeliveryDocument>(snapshot, store::DeliveryKey(delivery)));
  if (document.has_value()) return *std::move(document);
  return Error(absl::StatusCode::kNotFound, reason::kDeliveryNotFound, "there is no such delivery");
}

// Makes the entry of "command" on "document", which must be dead.
absl::StatusOr<Entry> Mend(const Principal& principal, const MendDeliveryCommand& command,
                           const std::string& hash, const DeliveryDocument& document) {
  if (!document.dead()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kStateNotAllowed,
                 "the delivery is not dead")
        .Precondition("delivery", "must have been set aside after too many attempts");
  }
  Entry entry;
  *entry.mutable_principal() = principal;
  if (command.discard) {
    journal::v1::DeliveryDiscarded* discarded = entry.mutable_delivery_discarded();
    discarded->set_delivery(command.delivery);
    discarded->set_reason(command.reason);
    discarded->set_request_id(command.request_id);
    discarded->set_request_hash(hash);
  } else {
    journal::v1::DeliveryRetried* retried = entry.mutable_delivery_retried();
    retried->set_delivery(command.delivery);
    retried->set_request_id(command.request_id);
    retried->set_request_hash(hash);
  }
  return entry;
}

}  // namespace

absl::StatusOr<Page<DeliveryDocument>> EngineImpl::ListDeliveries(const DeliveryFilter& filter,
                                                                  const std::string& after,
                                                                  int limit) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  const Family family = filter.dead ? Family::kDead : Family::kPending;
  store::KeyRange range =
      filter.agency.empty() ? store::FamilyRange(family) : store::PlaceRange(family, filter.agency);
  // The position is the key of the last one.
  if (!after.empty()) range.begin = std::max(range.begin, after + '\0');
  std::vector<std::string> ids;
  Page<DeliveryDocument> page;
  std::string last;
  absl::Status failure;
  AQ_RETURN_IF_ERROR(
      snapshot->Scan(range.begin, range.end, [&](absl::string_view key, absl::string_view) {
        if (ids.size() == static_cast<std::size_t>(std::clamp(limit, 1, kPageMax))) {
          page.next_after = last;
          return false;
        }
        absl::StatusOr<store::PendingParts> parts = store::DecodePlaceKey(family, key);
        failure = parts.status();
        if (!failure.ok()) return false;
        ids.push_back(std::move(parts->delivery));
        last = std::string(key);
        return true;
      }));
  AQ_RETURN_IF_ERROR(failure);
  for (const std::string& id : ids) {
    AQ_ASSIGN_OR_RETURN(page.items.emplace_back(), Find(*snapshot, id));
  }
  return page;
}

absl::StatusOr<DeliveryDocument> EngineImpl::GetDelivery(const std::string& delivery) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  return Find(*snapshot, delivery);
}

absl::StatusOr<DeliveryDocument> EngineImpl::MendDelivery(const Principal& principal,
                                                          const MendDeliveryCommand& command) {
  const std::string hash = Sha256(
      absl::StrCat(command.discard ? "discard:" : "retry:", command.delivery, ":", command.reason));
  AQ_RETURN_IF_ERROR(
      RunReferralCommand(principal, command.request_id, hash,
                         [&](Writer::Turn& turn, ReferralBook&) -> absl::StatusOr<Entry> {
                           AQ_ASSIGN_OR_RETURN(const DeliveryDocument document,
                                               Find(turn.snapshot(), command.delivery));
                           return Mend(principal, command, hash, document);
                         })
          .status());
  AQ_RETURN_IF_ERROR(AwaitEverything());
  return GetDelivery(command.delivery);
}

absl::StatusOr<std::optional<absl::Time>> EngineImpl::AwaySince(const store::Snapshot& snapshot,
                                                                const std::string& agency) const {
  const Deliveries::Presence presence = deliveries_.PresenceOf(agency);
  std::optional<absl::Time> since;
  if (presence.there) return since;
  since = presence.away_since;
  if (!presence.since_start) return since;
  // Before the start: since it answered last, or since what it did not take was there.
  const store::KeyRange range = store::PendingRange(agency);
  std::string first;
  AQ_RETURN_IF_ERROR(
      snapshot.Scan(range.begin, range.end, [&](absl::string_view key, absl::string_view) {
        const absl::StatusOr<store::PendingParts> parts = store::DecodePendingKey(key);
        if (parts.ok()) first = parts->delivery;
        return false;
      }));
  if (first.empty()) return since;
  AQ_ASSIGN_OR_RETURN(const DeliveryDocument document, Find(snapshot, first));
  absl::Time seen = ToTime(document.create_time());
  const absl::StatusOr<std::string> answered = snapshot.Get(AnsweredKey(agency));
  std::int64_t micros = 0;
  if (answered.ok() && absl::SimpleAtoi(*answered, &micros)) {
    seen = std::max(seen, absl::FromUnixMicros(micros));
  }
  since = std::min(*since, seen);
  return since;
}

void EngineImpl::OpenSalt(journal::v1::HandedOver* handed_over) const {
  const absl::StatusOr<std::string> salt =
      store_->OpenText(handed_over->key(), kHandedOverSalt, handed_over->sealed_salt());
  handed_over->set_sealed_salt(salt.ok() ? *salt : "");
}

}  // namespace anqiao::engine
