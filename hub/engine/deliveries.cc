#include "hub/engine/deliveries.h"

#include <algorithm>

#include "absl/strings/strip.h"
#include "hub/base/errors.h"
#include "hub/base/failpoint.h"
#include "hub/base/status_macros.h"
#include "hub/engine/values.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

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
      : deliveries_(deliveries),
        agency_(std::move(agency)),
        max_in_flight_(max_in_flight),
        visibility_(visibility) {}

  ~Stream() override {
    absl::MutexLock lock(&deliveries_->mu_);
    Queue& queue = deliveries_->queues_[agency_];
    queue.streams.erase(this);
    queue.held.erase(this);
    for (auto& [place, waiting] : queue.waiting) {
      if (waiting.owner == this) {
        waiting.owner = nullptr;
        waiting.due = absl::ZeroDuration();
      }
    }
    deliveries_->changed_.SignalAll();
  }

  absl::StatusOr<std::optional<exchange::v1::Delivery>> Next(absl::Duration timeout) override {
    const absl::Duration deadline = deliveries_->clock_->SteadyNow() + timeout;
    std::optional<HandedOut> handed_out;
    {
      absl::MutexLock lock(&deliveries_->mu_);
      while (true) {
        if (closed_ || deliveries_->closed_) return absl::CancelledError("the stream was closed");
        absl::Duration look_again = deadline;
        handed_out = deliveries_->Pick(agency_, this, max_in_flight_, visibility_, &look_again);
        if (handed_out.has_value()) break;
        const absl::Duration now = deliveries_->clock_->SteadyNow();
        // In single-thread mode nothing comes while it waits.
        if (now >= deadline || deliveries_->options_->scheduler != nullptr) {
          return std::optional<exchange::v1::Delivery>();
        }
        deliveries_->changed_.WaitWithTimeout(&deliveries_->mu_,
                                              std::min(look_again, deadline) - now);
      }
    }
    AQ_ASSIGN_OR_RETURN(exchange::v1::Delivery delivery, deliveries_->Read(*handed_out));
    return std::optional<exchange::v1::Delivery>(std::move(delivery));
  }

  absl::Status Ack(const std::string& delivery) override {
    return deliveries_->Ack(agency_, IdOf(delivery));
  }
  absl::Status Nack(const std::string& delivery, const std::string& reason) override {
    return deliveries_->Nack(agency_, IdOf(delivery), reason);
  }

  void Close() override {
    absl::MutexLock lock(&deliveries_->mu_);
    closed_ = true;
    deliveries_->changed_.SignalAll();
  }

 private:
  Deliveries* const deliveries_;
  const std::string agency_;
  const int max_in_flight_;
  const absl::Duration visibility_;
  bool closed_ = false;  // guarded by deliveries_->mu_
};

absl::Status Deliveries::Load() {
  if (options_->test_hooks.forget_deliveries_at_start) return absl::OkStatus();
  const std::unique_ptr<store::Snapshot> snapshot = store_->NewSnapshot();
  const store::KeyRange range = store::FamilyRange(store::Family::kPending);
  std::vector<store::PendingParts> pending;
  absl::Status failure;
  AQ_RETURN_IF_ERROR(
      snapshot->Scan(range.begin, range.end, [&](absl::string_view key, absl::string_view) {
        absl::StatusOr<store::PendingParts> parts = store::DecodePendingKey(key);
        failure = parts.status();
        if (parts.ok()) pending.push_back(*std::move(parts));
        return failure.ok();
      }));
  AQ_RETURN_IF_ERROR(failure);
  for (const store::PendingParts& parts : pending) {
    AQ_ASSIGN_OR_RETURN(const auto document, ReadDocument<journal::v1::DeliveryDocument>(
                                                 *snapshot, store::DeliveryKey(parts.delivery)));
    if (!document.has_value()) {
      return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                   "a delivery that waits is not on file");
    }
    absl::MutexLock lock(&mu_);
    Add(parts.agency, {parts.sequence, parts.delivery}, document->referral(),
        document->nack_count());
  }
  return absl::OkStatus();
}

void Deliveries::Add(const std::string& agency, const Place& place, const std::string& referral,
                     int attempts) {
  Queue& queue = queues_[agency];
  Waiting& waiting = queue.waiting[place];
  waiting.referral = referral;
  waiting.attempts = attempts;
  queue.referrals[referral].insert(place);
  queue.places[place.second] = place;
}

void Deliveries::Remove(const std::string& agency, const std::string& delivery) {
  Queue& queue = queues_[agency];
  const auto at = queue.places.find(delivery);
  if (at == queue.places.end()) return;
  const auto waiting = queue.waiting.find(at->second);
  const auto referral = queue.referrals.find(waiting->second.referral);
  referral->second.erase(at->second);
  if (referral->second.empty()) queue.referrals.erase(referral);
  queue.waiting.erase(waiting);
  queue.places.erase(at);
}

void Deliveries::OnEvents(const std::vector<DeliveryEvent>& events) {
  absl::MutexLock lock(&mu_);
  for (const DeliveryEvent& event : events) {
    Queue& queue = queues_[event.agency];
    switch (event.kind) {
      case DeliveryEvent::Kind::kQueued:
        Add(event.agency, {event.sequence, event.delivery}, event.referral, 0);
        break;
      case DeliveryEvent::Kind::kRefused:
        if (const auto at = queue.places.find(event.delivery); at != queue.places.end()) {
          Waiting& waiting = queue.waiting[at->second];
          waiting.owner = nullptr;
          waiting.due = clock_->SteadyNow() + PauseAfter(event.nack_count);
        }
        break;
      case DeliveryEvent::Kind::kGone:
        Remove(event.agency, event.delivery);
        break;
    }
  }
  changed_.SignalAll();
}

absl::Duration Deliveries::PauseAfter(int nack_count) const {
  absl::Duration pause = options_->nack_pause_min;
  for (int i = 1; i < nack_count && pause < options_->nack_pause_max; ++i) pause *= 2;
  return std::min(pause, options_->nack_pause_max);
}

std::optional<Deliveries::HandedOut> Deliveries::Pick(const std::string& agency,
                                                      const Stream* stream, int max_in_flight,
                                                      absl::Duration visibility,
                                                      absl::Duration* look_again) {
  Queue& queue = queues_[agency];
  const absl::Duration now = clock_->SteadyNow();
  std::set<Place>& held = queue.held[stream];
  for (auto it = held.begin(); it != held.end();) {
    const auto waiting = queue.waiting.find(*it);
    const bool holds = waiting != queue.waiting.end() && waiting->second.owner == stream &&
                       waiting->second.due > now;
    if (holds) *look_again = std::min(*look_again, waiting->second.due);
    it = holds ? std::next(it) : held.erase(it);
  }
  if (held.size() >= static_cast<std::size_t>(max_in_flight)) return std::nullopt;
  std::optional<Place> first;
  for (const auto& [place, waiting] : queue.waiting) {
    if (waiting.due > now) {
      *look_again = std::min(*look_again, waiting.due);
    } else if (*queue.referrals[waiting.referral].begin() == place) {
      // Of one referral only the first is handed out.
      first = place;
      break;
    }
  }
  if (!first.has_value()) return std::nullopt;
  held.insert(*first);
  Waiting& waiting = queue.waiting[*first];
  waiting.owner = stream;
  waiting.due = now + visibility;
  return HandedOut{.delivery = first->second, .attempt = ++waiting.attempts};
}

absl::StatusOr<exchange::v1::Delivery> Deliveries::Read(const HandedOut& handed_out) const {
  AQ_ASSIGN_OR_RETURN(const auto document,
                      ReadDocument<journal::v1::DeliveryDocument>(
                          *store_->NewSnapshot(), store::DeliveryKey(handed_out.delivery)));
  exchange::v1::Delivery delivery;
  if (!document.has_value() || !delivery.ParseFromString(document->delivery().envelope())) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "a delivery that waits cannot be read");
  }
  delivery.set_attempt(handed_out.attempt);
  return delivery;
}

absl::Status Deliveries::Ack(const std::string& agency, const std::string& delivery) {
  if (delivery.empty() || delivery.size() > 64) return NoSuchDelivery();
  AQ_ASSIGN_OR_RETURN(const auto document,
                      ReadDocument<journal::v1::DeliveryDocument>(*store_->NewSnapshot(),
                                                                  store::DeliveryKey(delivery)));
  if (!document.has_value() || document->delivery().agency() != agency) return NoSuchDelivery();
  if (document->has_acknowledge_time()) return absl::OkStatus();
  Failpoint::Hit(failpoint::kBeforeAck);
  AQ_RETURN_IF_ERROR(writer_->Acknowledge(agency, delivery));
  Failpoint::Hit(failpoint::kAfterAck);
  absl::MutexLock lock(&mu_);
  Remove(agency, delivery);
  changed_.SignalAll();
  return absl::OkStatus();
}

absl::Status Deliveries::Nack(const std::string& agency, const std::string& delivery,
                              const std::string& reason) {
  if (!IsReason(reason)) {
    return InvalidField("nack.reason", "must be UPPER_SNAKE of at most 63 characters");
  }
  if (delivery.empty() || delivery.size() > 64) return NoSuchDelivery();
  return writer_->Run([&](Writer::Turn& turn) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const auto document, ReadDocument<journal::v1::DeliveryDocument>(
                                                 turn.snapshot(), store::DeliveryKey(delivery)));
    if (!document.has_value() || document->delivery().agency() != agency) return NoSuchDelivery();
    if (document->has_acknowledge_time() || document->dead()) return absl::OkStatus();
    journal::v1::Entry entry;
    *entry.mutable_principal() = AgencyPrincipal(agency);
    journal::v1::DeliveryAnswered* answered = entry.mutable_delivery_answered();
    answered->set_delivery(delivery);
    answered->set_reason(reason);
    answered->set_dead(document->nack_count() + 1 >= options_->delivery_attempts_max);
    return turn.Commit({std::move(entry)}).status();
  });
}

std::unique_ptr<DeliveryStream> Deliveries::Open(const std::string& agency, int max_in_flight,
                                                 absl::Duration visibility_timeout) {
  auto stream = std::make_unique<Stream>(this, agency, max_in_flight, visibility_timeout);
  absl::MutexLock lock(&mu_);
  queues_[agency].streams.insert(stream.get());
  return stream;
}

bool Deliveries::IsReceiving(const std::string& agency) const {
  absl::MutexLock lock(&mu_);
  const auto queue = queues_.find(agency);
  return queue != queues_.end() && !queue->second.streams.empty();
}

void Deliveries::Close() {
  absl::MutexLock lock(&mu_);
  closed_ = true;
  changed_.SignalAll();
}

}  // namespace anqiao::engine
