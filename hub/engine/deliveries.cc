#include "hub/engine/deliveries.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/failpoint.h"
#include "hub/base/status_macros.h"
#include "hub/engine/values.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::DeliveryDocument;

constexpr std::size_t kSaltBytes = 16;

absl::Status NoSuchDelivery() {
  return Error(absl::StatusCode::kNotFound, reason::kDeliveryNotFound,
               "no such delivery is addressed to the agency");
}

bool IsReason(const std::string& text) {
  return !text.empty() && text.size() <= 63 && text[0] >= 'A' && text[0] <= 'Z' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::string IdOf(const std::string& name) {
  return std::string(absl::StripPrefix(name, "deliveries/"));
}

}  // namespace

class Deliveries::Stream : public DeliveryStream {
 public:
  Stream(Deliveries* deliveries, std::string agency, int max_in_flight, absl::Duration visibility)
      : deliveries_(*deliveries),
        agency_(std::move(agency)),
        max_in_flight_(max_in_flight),
        visibility_(visibility) {}

  ~Stream() override {
    absl::MutexLock lock(&deliveries_.mu_);
    deliveries_.SetThere(agency_, this, false);
    Receiver& receiver = deliveries_.ReceiverOf(agency_);
    receiver.queue.HandBack(this);
    receiver.changed.SignalAll();
  }

  absl::StatusOr<std::optional<exchange::v1::Delivery>> Next(absl::Duration timeout) override {
    const absl::Duration deadline = deliveries_.clock_->SteadyNow() + timeout;
    while (true) {
      AQ_ASSIGN_OR_RETURN(const std::optional<DeliveryQueue::Taken> taken, Take(deadline));
      if (!taken.has_value()) return std::optional<exchange::v1::Delivery>();
      AQ_ASSIGN_OR_RETURN(std::optional<exchange::v1::Delivery> delivery, deliveries_.Read(*taken));
      if (delivery.has_value()) return delivery;
      // Erased or answered meanwhile.
      absl::MutexLock lock(&deliveries_.mu_);
      deliveries_.ReceiverOf(agency_).queue.OnGone(taken->delivery);
    }
  }

  absl::Status Ack(const std::string& delivery, const HandedOver& handed_over) override {
    return deliveries_.Ack(agency_, IdOf(delivery), handed_over);
  }
  absl::Status Nack(const std::string& delivery, const std::string& reason) override {
    return deliveries_.Nack(agency_, IdOf(delivery), reason);
  }
  void SetThere(bool there) override {
    absl::MutexLock lock(&deliveries_.mu_);
    deliveries_.SetThere(agency_, this, there);
  }
  void HandBack() override {
    absl::MutexLock lock(&deliveries_.mu_);
    Receiver& receiver = deliveries_.ReceiverOf(agency_);
    receiver.queue.HandBack(this);
    receiver.changed.SignalAll();
  }

  void Close() override {
    absl::MutexLock lock(&deliveries_.mu_);
    closed_ = true;
    deliveries_.ReceiverOf(agency_).changed.SignalAll();
  }

 private:
  // Nullopt: nothing came until "deadline".
  absl::StatusOr<std::optional<DeliveryQueue::Taken>> Take(absl::Duration deadline) {
    absl::MutexLock lock(&deliveries_.mu_);
    Receiver& receiver = deliveries_.ReceiverOf(agency_);
    while (true) {
      if (closed_ || deliveries_.closed_) return absl::CancelledError("the stream was closed");
      if (receiver.queue.WantsMore()) {
        AQ_RETURN_IF_ERROR(deliveries_.ReadOn(agency_, receiver));
        receiver.changed.SignalAll();
        if (closed_ || deliveries_.closed_) continue;
      }
      absl::Duration look_again = deadline;
      const absl::Duration now = deliveries_.clock_->SteadyNow();
      std::optional<DeliveryQueue::Taken> taken =
          receiver.queue.Take(this, max_in_flight_, now, now + visibility_, &look_again);
      if (taken.has_value()) return taken;
      if (receiver.queue.WantsMore()) continue;
      // In single-thread mode nothing comes while it waits.
      if (now >= deadline || deliveries_.options_->scheduler != nullptr) return taken;
      receiver.changed.WaitWithTimeout(&deliveries_.mu_, std::min(look_again, deadline) - now);
    }
  }

  Deliveries& deliveries_;
  const std::string agency_;
  const int max_in_flight_;
  const absl::Duration visibility_;
  bool closed_ = false;  // guarded by deliveries_.mu_
};

void Deliveries::Start() {
  absl::MutexLock lock(&mu_);
  started_ = clock_->Now();
  for (const AgencyOptions& agency : options_->agencies) {
    Receiver& receiver = ReceiverOf(agency.id);
    if (options_->test_hooks.forget_deliveries_at_start) receiver.queue.ForgetWhatIsThere();
  }
}

Deliveries::Receiver& Deliveries::ReceiverOf(const std::string& agency) {
  const auto [at, inserted] = receivers_.try_emplace(agency, options_->delivery_window_max);
  if (inserted) at->second.away_since = started_;
  return at->second;
}

void Deliveries::SetThere(const std::string& agency, const Stream* stream, bool there) {
  Receiver& receiver = ReceiverOf(agency);
  if (there) {
    receiver.there.insert(stream);
    receiver.since_start = false;
  } else if (receiver.there.erase(stream) > 0 && receiver.there.empty()) {
    receiver.away_since = clock_->Now();
  }
}

absl::Status Deliveries::ReadOn(const std::string& agency, Receiver& receiver) {
  const DeliveryQueue::Reading reading = receiver.queue.BeginReading();
  std::vector<DeliveryQueue::Found> found;
  bool at_end = true;
  mu_.Unlock();
  const absl::Status status = Find(agency, reading, &found, &at_end);
  mu_.Lock();
  if (status.ok()) {
    receiver.queue.EndReading(found, at_end);
  } else {
    receiver.queue.GiveUpReading();
  }
  return status;
}

absl::Status Deliveries::Find(const std::string& agency, const DeliveryQueue::Reading& reading,
                              std::vector<DeliveryQueue::Found>* found, bool* at_end) const {
  const std::unique_ptr<store::Snapshot> snapshot = store_->NewSnapshot();
  const store::KeyRange range = store::PendingRange(agency);
  // The least key above that of the last place.
  const std::string begin =
      store::PendingKey(agency, reading.after.first, reading.after.second) + '\0';
  absl::Status failure;
  AQ_RETURN_IF_ERROR(snapshot->Scan(begin, range.end, [&](absl::string_view key, auto) {
    *at_end = found->size() < reading.count;
    if (!*at_end) return false;
    absl::StatusOr<store::PendingParts> parts = store::DecodePendingKey(key);
    failure = parts.status();
    if (parts.ok()) found->push_back({.place = {parts->sequence, std::move(parts->delivery)}});
    return failure.ok();
  }));
  AQ_RETURN_IF_ERROR(failure);
  for (DeliveryQueue::Found& one : *found) {
    AQ_ASSIGN_OR_RETURN(const auto document, ReadDocument<DeliveryDocument>(
                                                 *snapshot, store::DeliveryKey(one.place.second)));
    if (!document.has_value()) {
      return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                   "a delivery that waits is not on file");
    }
    one.referral = LineOf(*document);
    one.attempts = document->nack_count();
  }
  return absl::OkStatus();
}

void Deliveries::OnEvents(const std::vector<DeliveryEvent>& events) {
  absl::MutexLock lock(&mu_);
  for (const DeliveryEvent& event : events) {
    Receiver& receiver = ReceiverOf(event.agency);
    switch (event.kind) {
      case DeliveryEvent::Kind::kQueued:
        receiver.queue.OnQueued({event.sequence, event.delivery}, event.referral);
        break;
      case DeliveryEvent::Kind::kRefused:
        receiver.queue.OnRefused(event.delivery,
                                 clock_->SteadyNow() + PauseAfter(event.nack_count));
        break;
      case DeliveryEvent::Kind::kGone:
        receiver.queue.OnGone(event.delivery);
        break;
    }
    receiver.changed.SignalAll();
  }
}

absl::Duration Deliveries::PauseAfter(int nack_count) const {
  absl::Duration pause = options_->nack_pause_min;
  for (int i = 1; i < nack_count && pause < options_->nack_pause_max; ++i) pause *= 2;
  return std::min(pause, options_->nack_pause_max);
}

absl::StatusOr<std::optional<exchange::v1::Delivery>> Deliveries::Read(
    const DeliveryQueue::Taken& taken) const {
  std::optional<exchange::v1::Delivery> delivery;
  AQ_ASSIGN_OR_RETURN(
      const auto document,
      ReadDocument<DeliveryDocument>(*store_->NewSnapshot(), store::DeliveryKey(taken.delivery)));
  if (!document.has_value() || document->has_acknowledge_time() || document->dead() ||
      document->has_discard_time()) {
    return delivery;
  }
  if (!delivery.emplace().ParseFromString(document->delivery().envelope())) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "a delivery that waits cannot be read");
  }
  delivery->set_attempt(taken.attempt);
  return delivery;
}

absl::StatusOr<DeliveryDocument> Deliveries::FindFor(const std::string& agency,
                                                     const std::string& delivery,
                                                     const store::Snapshot& snapshot) const {
  if (delivery.empty() || delivery.size() > 64 || delivery.find('\0') != std::string::npos) {
    return NoSuchDelivery();
  }
  AQ_ASSIGN_OR_RETURN(auto document,
                      ReadDocument<DeliveryDocument>(snapshot, store::DeliveryKey(delivery)));
  if (!document.has_value() || document->delivery().agency() != agency) return NoSuchDelivery();
  return *std::move(document);
}

absl::Status Deliveries::Ack(const std::string& agency, const std::string& delivery,
                             const HandedOver& handed_over) {
  AQ_ASSIGN_OR_RETURN(const DeliveryDocument document,
                      FindFor(agency, delivery, *store_->NewSnapshot()));
  if (document.has_acknowledge_time()) return absl::OkStatus();
  journal::v1::HandedOver what;
  what.set_way(handed_over.way);
  what.set_key(document.key());
  what.set_adapter_build(document.delivery().adapter_build());
  const std::string salt = RandomBytes(kSaltBytes);
  what.set_bytes_hash(Sha256(absl::StrCat(
      salt, handed_over.bytes != nullptr ? *handed_over.bytes : document.delivery().envelope())));
  const absl::StatusOr<std::string> sealed =
      store_->SealText(document.key(), kHandedOverSalt, salt);
  // It was erased just now.
  if (ReasonOf(sealed.status()) == reason::kKeyDestroyed) return NoSuchDelivery();
  AQ_RETURN_IF_ERROR(sealed.status());
  what.set_sealed_salt(*sealed);
  Failpoint::Hit(failpoint::kBeforeAck);
  AQ_RETURN_IF_ERROR(writer_->Acknowledge(agency, delivery, std::move(what)));
  Failpoint::Hit(failpoint::kAfterAck);
  absl::MutexLock lock(&mu_);
  Receiver& receiver = ReceiverOf(agency);
  receiver.queue.OnGone(delivery);
  receiver.changed.SignalAll();
  return absl::OkStatus();
}

absl::Status Deliveries::Nack(const std::string& agency, const std::string& delivery,
                              const std::string& reason) {
  if (!IsReason(reason)) {
    return InvalidField("nack.reason", "must be UPPER_SNAKE of at most 63 characters");
  }
  return writer_->Run([&](Writer::Turn& turn) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const DeliveryDocument document,
                        FindFor(agency, delivery, turn.snapshot()));
    if (document.has_acknowledge_time() || document.dead() || document.has_discard_time()) {
      return absl::OkStatus();
    }
    journal::v1::Entry entry;
    *entry.mutable_principal() = AgencyPrincipal(agency);
    journal::v1::DeliveryAnswered* answered = entry.mutable_delivery_answered();
    answered->set_delivery(delivery);
    answered->set_reason(reason);
    answered->set_dead(document.nack_count() + 1 >= options_->delivery_attempts_max);
    return turn.Commit({std::move(entry)}).status();
  });
}

std::unique_ptr<DeliveryStream> Deliveries::Open(const std::string& agency, int max_in_flight,
                                                 absl::Duration visibility_timeout, bool there) {
  auto stream = std::make_unique<Stream>(this, agency, max_in_flight, visibility_timeout);
  absl::MutexLock lock(&mu_);
  if (there) SetThere(agency, stream.get(), true);
  return stream;
}

Deliveries::Presence Deliveries::PresenceOf(const std::string& agency) const {
  absl::MutexLock lock(&mu_);
  const auto receiver = receivers_.find(agency);
  if (receiver == receivers_.end()) return {.away_since = started_, .since_start = true};
  return {.there = !receiver->second.there.empty(),
          .away_since = receiver->second.away_since,
          .since_start = receiver->second.since_start};
}

std::size_t Deliveries::InMemory() const {
  absl::MutexLock lock(&mu_);
  std::size_t places = 0;
  for (const auto& [agency, receiver] : receivers_) places += receiver.queue.size();
  return places;
}

void Deliveries::Close() {
  absl::MutexLock lock(&mu_);
  closed_ = true;
  for (auto& [agency, receiver] : receivers_) receiver.changed.SignalAll();
}

}  // namespace anqiao::engine
