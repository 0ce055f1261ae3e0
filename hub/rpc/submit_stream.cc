#include "hub/rpc/submit_stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/rpc/status_conversion.h"

namespace anqiao::rpc {
namespace {

constexpr std::size_t kFileNameBytesMax = 255;
// Stands in the request until one is read. Parsing clears it, so that a failed read tells the end
// of the stream from bytes that are no message.
constexpr char kNotRead[] = "unread";

bool IsUnread(const exchange::v1::SubmitRequest& request) {
  return request.data() == kNotRead && !request.has_header() && !request.last();
}

absl::Status CheckHeader(const exchange::v1::PayloadHeader& header) {
  if (header.file_name().size() > kFileNameBytesMax) {
    return InvalidField("header.file_name",
                        absl::StrCat("must be at most ", kFileNameBytesMax, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace

void SubmitStream::Start() {
  const absl::Status added = registry_.Add(agency_.id, shared_from_this());
  {
    absl::MutexLock lock(&mu_);
    self_ = shared_from_this();
    if (!added.ok()) end_ = added;
  }
  Advance();
}

void SubmitStream::OnReadDone(bool ok) {
  bool stopped;
  {
    absl::MutexLock lock(&mu_);
    stopped = stopped_;
  }
  if (!ok && !IsUnread(request_)) {
    End(InvalidField("request", "is not a message"));
  } else if (!ok) {
    // A client that ends in the middle of a payload gets it recorded as cut off; when it is the hub
    // that ends, the client sends the payload again.
    if (assembly_.open && !stopped) {
      assembly_.command.cut_off = true;
      assembly_.open = false;
      Hand(std::move(assembly_.command));
    }
    End(absl::OkStatus());
  } else if (absl::StatusOr<std::optional<engine::SubmitCommand>> payload = Assemble();
             !payload.ok()) {
    End(payload.status());
  } else if (payload->has_value()) {
    Hand(*std::move(*payload));
  }
  {
    absl::MutexLock lock(&mu_);
    reading_ = false;
  }
  Advance();
}

absl::StatusOr<std::optional<engine::SubmitCommand>> SubmitStream::Assemble() {
  if (request_.has_header() == assembly_.open) {
    return assembly_.open ? InvalidField("header", "must not be set inside a payload")
                          : InvalidField("header", "is required on the first request of a payload");
  }
  if (request_.data().size() > kChunkBytesMax) {
    return InvalidField("data", absl::StrCat("must be at most ", kChunkBytesMax, " bytes, got ",
                                             request_.data().size()));
  }
  engine::SubmitCommand& command = assembly_.command;
  if (request_.has_header()) {
    if (absl::Status header = CheckHeader(request_.header()); !header.ok()) return header;
    command = engine::SubmitCommand();
    command.agency = agency_.id;
    command.header = std::move(*request_.mutable_header());
    assembly_.open = true;
  }
  if (!command.too_large &&
      command.payload.size() + request_.data().size() > agency_.payload_bytes_max) {
    command.too_large = true;
    std::string().swap(command.payload);
  }
  if (!command.too_large) {
    if (command.payload.empty()) {
      command.payload = std::move(*request_.mutable_data());
    } else {
      command.payload += request_.data();
    }
  }
  if (!request_.last()) return std::optional<engine::SubmitCommand>();
  assembly_.open = false;
  return std::optional<engine::SubmitCommand>(std::move(command));
}

void SubmitStream::Hand(engine::SubmitCommand command) {
  auto slot = std::make_shared<Slot>();
  {
    absl::MutexLock lock(&mu_);
    slots_.push_back(slot);
  }
  TrySubmit(std::make_shared<engine::SubmitCommand>(std::move(command)), std::move(slot));
}

void SubmitStream::TrySubmit(std::shared_ptr<engine::SubmitCommand> command,
                             std::shared_ptr<Slot> slot) {
  const std::shared_ptr<SubmitStream> self = shared_from_this();
  {
    // Before the call: "when_ready" may come before Submit returns.
    absl::MutexLock lock(&mu_);
    waiting_ = true;
  }
  const bool taken = engine_.Submit(
      *command,
      [self, slot](std::vector<exchange::v1::SubmitResponse> responses) {
        {
          absl::MutexLock lock(&self->mu_);
          slot->responses = std::move(responses);
        }
        self->Advance();
      },
      [self, command, slot] { self->TrySubmit(command, slot); });
  if (!taken) return;
  {
    absl::MutexLock lock(&mu_);
    waiting_ = false;
  }
  Advance();
}

void SubmitStream::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mu_);
    writing_ = false;
    if (!ok) broken_ = true;
  }
  Advance();
}

void SubmitStream::End(absl::Status status) {
  absl::MutexLock lock(&mu_);
  if (!end_.has_value()) end_ = std::move(status);
}

void SubmitStream::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
    if (!end_.has_value()) {
      end_ = Error(absl::StatusCode::kUnavailable, reason::kShuttingDown,
                   "the hub is shutting down; submit again what was not answered");
    }
  }
  Advance();
}

SubmitStream::Step SubmitStream::NextStep() {
  if (finished_) return Step::kNone;
  // The front is written as soon as it is complete; a client that is gone gets nothing.
  while (!writing_ && !slots_.empty() && slots_.front()->responses.has_value()) {
    Slot& front = *slots_.front();
    if (!broken_ && front.next < front.responses->size()) {
      response_ = std::move((*front.responses)[front.next++]);
      return Step::kWrite;
    }
    slots_.pop_front();
  }
  if (end_.has_value()) {
    // Nothing may be left of ours: no write, no payload with the engine, no read being handled. A
    // read that is merely out ends with the call.
    const bool idle = slots_.empty() && !writing_;
    return idle && (!reading_ || stopped_) ? Step::kFinish : Step::kNone;
  }
  const auto window = static_cast<std::size_t>(std::max(1, agency_.pending_payloads_max));
  return !reading_ && !waiting_ && slots_.size() < window ? Step::kRead : Step::kNone;
}

void SubmitStream::Advance() {
  const std::shared_ptr<SubmitStream> self = shared_from_this();
  {
    absl::MutexLock lock(&mu_);
    if (advancing_) return;  // That thread looks again before it stops.
    advancing_ = true;
  }
  while (true) {
    Step step;
    absl::Status status;
    {
      absl::MutexLock lock(&mu_);
      step = NextStep();
      if (step == Step::kRead) reading_ = true;
      if (step == Step::kWrite) writing_ = true;
      if (step == Step::kFinish) {
        finished_ = true;
        status = *end_;
      }
      if (step == Step::kNone) {
        advancing_ = false;
        return;
      }
    }
    if (step == Step::kRead) {
      request_.Clear();
      request_.set_data(kNotRead);
      StartRead(&request_);
    }
    if (step == Step::kWrite) StartWrite(&response_);
    if (step == Step::kFinish) Finish(ToGrpcStatus(status));
  }
}

void SubmitStream::OnDone() {
  registry_.Remove(agency_.id, this);
  std::shared_ptr<SubmitStream> self;  // Outlives the lock.
  {
    absl::MutexLock lock(&mu_);
    self = std::move(self_);
  }
}

}  // namespace anqiao::rpc
