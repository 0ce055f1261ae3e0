#include "hub/transport/outbox_delivery.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/status_macros.h"

namespace anqiao::transport {
namespace {

// A refusal of the hub's own: the file cannot have its name.
constexpr char kNameTaken[] = "FILE_NAME_TAKEN";
// An agency that says nothing about its files for so long is away.
constexpr absl::Duration kTakenWithin = absl::Hours(1);

}  // namespace

absl::StatusOr<std::unique_ptr<OutboxDelivery>> OutboxDelivery::Open(OutboxOptions options,
                                                                     engine::Engine* engine,
                                                                     const Log* log) {
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<engine::DeliveryStream> stream,
                      engine->OpenPush(options.agency, options.in_flight));
  return std::unique_ptr<OutboxDelivery>(
      new OutboxDelivery(std::move(options), engine, log, std::move(stream)));
}

void OutboxDelivery::Start() {
  thread_ = std::thread([this] { Run(); });
}

void OutboxDelivery::Shutdown() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  stream_->Close();
  if (thread_.joinable()) thread_.join();
}

bool OutboxDelivery::Stopping() const {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

OutgoingCounts OutboxDelivery::Counts() const {
  absl::MutexLock lock(&mu_);
  return counts_;
}

void OutboxDelivery::Tell(Log::Level level, const char* event, const std::string& note) const {
  if (log_ != nullptr) log_->Write(level, event, {{"agency", options_.agency}, {"note", note}});
}

void OutboxDelivery::Run() {
  while (true) {
    const absl::Status status = DeliverOnce(options_.poll);
    const absl::Duration pause = PauseAfter(status);
    absl::MutexLock lock(&mu_);
    const auto stopping = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return stopping_; };
    if (mu_.AwaitWithTimeout(absl::Condition(&stopping), pause)) return;
  }
}

absl::Duration OutboxDelivery::PauseAfter(const absl::Status& status) {
  if (status.ok()) {
    if (pauses_.Reset()) Tell(Log::Level::kInfo, "outbox_goes_on", "");
    return absl::ZeroDuration();
  }
  if (pauses_.taken() == 0 && !Stopping()) {
    Tell(Log::Level::kWarning, "outbox_waits", std::string(status.message()));
  }
  return pauses_.Next();
}

absl::Status OutboxDelivery::DeliverOnce(absl::Duration wait) {
  const absl::Status status = Deliver(wait);
  if (status.ok() || Stopping()) return status;
  // Written files are found again.
  stream_->HandBack();
  written_.clear();
  absl::MutexLock lock(&mu_);
  ++counts_.postponed;
  return status;
}

absl::Status OutboxDelivery::Deliver(absl::Duration wait) {
  const absl::Status usable = folder_.Check();
  if (!usable.ok()) stream_->SetThere(false);
  AQ_RETURN_IF_ERROR(usable);
  AQ_RETURN_IF_ERROR(TakeAnswers());
  AQ_ASSIGN_OR_RETURN(const std::optional<exchange::v1::Delivery> delivery, stream_->Next(wait));
  // A folder alone does not show that somebody takes the files.
  if (!options_.await_ack || (!delivery.has_value() && written_.empty())) stream_->SetThere(true);
  if (!written_.empty() && engine_.Now() - unanswered_since_ > kTakenWithin) {
    stream_->SetThere(false);
  }
  if (!delivery.has_value()) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(Outgoing outgoing, ToOutgoing(*delivery, options_.form));
  if (options_.names_change_for_test) outgoing.file_name.replace(0, 26, RandomName());
  const absl::Status put = folder_.Put(outgoing.file_name, outgoing.bytes);
  if (absl::IsAlreadyExists(put)) return Refuse(outgoing, kNameTaken);
  if (!put.ok()) {
    stream_->SetThere(false);
    return put;
  }
  if (!options_.await_ack) return Acknowledge(outgoing);
  if (written_.empty()) unanswered_since_ = engine_.Now();
  const std::string name = outgoing.delivery;
  written_.insert_or_assign(name, std::move(outgoing));
  return absl::OkStatus();
}

absl::Status OutboxDelivery::TakeAnswers() {
  for (auto it = written_.begin(); it != written_.end();) {
    const Outgoing& outgoing = it->second;
    AQ_ASSIGN_OR_RETURN(const std::optional<Outbox::Said> said, folder_.Look(outgoing.file_name));
    if (!said.has_value()) {
      ++it;
      continue;
    }
    if (said->ack) {
      AQ_RETURN_IF_ERROR(Acknowledge(outgoing));
    } else {
      AQ_RETURN_IF_ERROR(Refuse(outgoing, said->reason));
      AQ_RETURN_IF_ERROR(folder_.ForgetNack(outgoing.file_name));
    }
    it = written_.erase(it);
    stream_->SetThere(true);
    unanswered_since_ = engine_.Now();
  }
  return absl::OkStatus();
}

absl::Status OutboxDelivery::Acknowledge(const Outgoing& outgoing) {
  AQ_RETURN_IF_ERROR(stream_->Ack(
      outgoing.delivery, {.way = journal::v1::DELIVERY_WAY_FOLDER, .bytes = &outgoing.bytes}));
  absl::MutexLock lock(&mu_);
  ++counts_.delivered;
  return absl::OkStatus();
}

absl::Status OutboxDelivery::Refuse(const Outgoing& outgoing, const std::string& why) {
  AQ_RETURN_IF_ERROR(stream_->Nack(outgoing.delivery, why));
  Tell(Log::Level::kWarning, "outbox_refused", absl::StrCat(outgoing.delivery, ": ", why));
  absl::MutexLock lock(&mu_);
  ++counts_.refused;
  return absl::OkStatus();
}

}  // namespace anqiao::transport
