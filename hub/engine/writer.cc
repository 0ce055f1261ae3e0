#include "hub/engine/writer.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/civil_time.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/failpoint.h"
#include "hub/base/status_macros.h"
#include "hub/engine/receipts.h"
#include "hub/engine/scheduler.h"
#include "hub/engine/values.h"
#include "hub/store/audit_log.h"
#include "hub/store/keys.h"
#include "hub/store/log_trees.h"

namespace anqiao::engine {
namespace {

using journal::v1::Entry;
using store::Sequence;

// Of the store's 64 MiB, with room for what goes around the entries.
constexpr std::size_t kAppendBytesMax = 60 << 20;
// What sealing and the logs add to an entry, at most.
constexpr std::size_t kSealedEntryBytes = 320;
constexpr std::size_t kQueuedMax = 10'000;
// Accesses that wait for the disk to have room again; more are lost.
constexpr std::size_t kUnrecordedMax = 10'000;
// Receipts of so few records are answered on the committing thread: waking another costs more.
constexpr int kAnsweredAtOnce = 16;
constexpr absl::Duration kProjectionWait = absl::Seconds(60);
// A group of so many entries goes to the disk although more is queued.
constexpr std::size_t kWorthASync = 256;

absl::Status ShuttingDown() {
  return Error(absl::StatusCode::kUnavailable, reason::kShuttingDown, "the hub is shutting down");
}

// Names content by itself: no position in the journal leaves.
std::string NameOfContent(const std::string& hash) {
  return absl::StrCat("content sha256-", Hex(hash).substr(0, 16));
}

Error Conflict(const std::string& request_id, absl::string_view earlier) {
  return Error(absl::StatusCode::kAlreadyExists, reason::kRequestIdConflict,
               absl::StrCat("request id ", request_id, " was used with other content by ", earlier))
      .Meta("request_id", request_id)
      .Meta("earlier", earlier);
}

}  // namespace

Writer::Writer(store::Store* store, const Clock* clock, const policy::Catalogue* catalogue,
               const EngineOptions* options, Projector* projector, Executor* executor)
    : store_(store),
      clock_(clock),
      catalogue_(catalogue),
      options_(options),
      projector_(projector),
      executor_(executor),
      committer_(store, clock, options, projector) {}

Writer::~Writer() { Stop(); }

void Writer::Start(store::Epoch epoch) {
  synced_ = store_->synced_sequence();
  handed_over_ = synced_;
  overlay_.Refresh(store_->NewSnapshot());
  // First sights go on from the last one, even if the clock was set back since.
  const absl::StatusOr<std::string> first_sight = store_->NewSnapshot()->Get(FirstSightKey());
  if (!first_sight.ok() || !absl::SimpleAtoi(*first_sight, &last_version_)) last_version_ = 0;
  committer_.Start(epoch, [this] {
    absl::MutexLock lock(&mu_);
    if (waits_for_committer_) work_.Signal();
  });
  if (options_->scheduler == nullptr) {
    thread_ = std::thread([this] { Loop(); });
    return;
  }
  options_->scheduler->Add(
      this, [this] { return queue_length() > 0 || (IsDue() && committer_.IsFree()); },
      [this] { Step(); });
}

void Writer::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    work_.Signal();
    room_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
  if (options_->scheduler != nullptr) {
    // Not stepped from here: what the step waits for would step it again.
    options_->scheduler->RunUntil([this] { return queue_length() == 0; });
    options_->scheduler->Remove(this);
    Flush().IgnoreError();
  }
  committer_.Stop();
}

std::int64_t Writer::lag_waits() const {
  absl::MutexLock lock(&mu_);
  return lag_waits_;
}

std::size_t Writer::queue_length() const {
  absl::MutexLock lock(&mu_);
  return queue_.size();
}

void Writer::Push(Item item) {
  {
    absl::MutexLock lock(&mu_);
    // Nor does what an answer sets off: whoever makes room may be waiting for that answer.
    const bool waits = options_->scheduler == nullptr && !Committer::OnAnsweringThread();
    while (queue_.size() >= kQueuedMax && !stopping_ && waits) room_.Wait(&mu_);
    if (!stopping_) {
      queue_.push_back(std::move(item));
      work_.Signal();
      return;
    }
  }
  if (item.done) Answer(item.done, RefusalResponses(item.payload->reply_id, ShuttingDown()));
  if (item.finished) item.finished(ShuttingDown());
}

void Writer::Take(std::unique_ptr<DecodedPayload> payload, std::function<void(Responses)> done) {
  Item item;
  item.payload = std::move(payload);
  item.done = std::move(done);
  Push(std::move(item));
}

void Writer::Record(Entry entry) {
  Item item;
  item.entry = std::move(entry);
  Push(std::move(item));
}

absl::Status Writer::Acknowledge(const std::string& agency, const std::string& delivery,
                                 journal::v1::HandedOver handed_over) {
  absl::Status result;
  absl::Notification finished;
  Item item;
  item.acknowledged = delivery;
  *item.entry.mutable_principal() = AgencyPrincipal(agency);
  item.entry.mutable_delivery_answered()->set_delivery(delivery);
  item.entry.mutable_delivery_answered()->set_acknowledged(true);
  *item.entry.mutable_delivery_answered()->mutable_handed_over() = std::move(handed_over);
  item.finished = [&](absl::Status status) {
    result = std::move(status);
    finished.Notify();
  };
  Push(std::move(item));
  Await(options_->scheduler, finished);
  return result;
}

absl::Status Writer::Run(const std::function<absl::Status(Turn&)>& command) {
  absl::Status result;
  absl::Notification finished;
  Item item;
  item.command = &command;
  item.finished = [&](absl::Status status) {
    result = std::move(status);
    finished.Notify();
  };
  Push(std::move(item));
  Await(options_->scheduler, finished);
  return result;
}

void Writer::Loop() {
  Committer::MarkAnsweringThread();
  std::deque<Item> taken;
  while (AwaitWork(&taken)) TakeTurn(std::exchange(taken, {}));
  // Failures were given to everybody in the group.
  Flush().IgnoreError();
}

bool Writer::AwaitWork(std::deque<Item>* taken) {
  absl::MutexLock lock(&mu_);
  while (queue_.empty()) {
    const bool due = IsDue();
    waits_for_committer_ = due;
    if (due && committer_.IsFree()) {
      const absl::Duration rest = stopping_ ? absl::ZeroDuration() : RestOfWait();
      if (rest <= absl::ZeroDuration()) break;
      work_.WaitWithTimeout(&mu_, rest);
      continue;
    }
    if (stopping_) return false;
    work_.Wait(&mu_);
  }
  waits_for_committer_ = false;
  taken->swap(queue_);
  room_.SignalAll();
  return true;
}

void Writer::Step() {
  std::deque<Item> taken;
  {
    absl::MutexLock lock(&mu_);
    std::size_t count = queue_.empty() ? 0 : options_->scheduler->Choose(queue_.size()) + 1;
    for (; count > 0; --count) {
      taken.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  }
  TakeTurn(std::move(taken));
}

void Writer::TakeTurn(std::deque<Item> taken) {
  if (!taken.empty()) overlay_.Refresh(store_->NewSnapshot());
  for (Item& item : taken) {
    Handle(std::move(item));
    if (group_.entries.size() >= kWorthASync && committer_.IsFree()) HandOver().IgnoreError();
  }
  PassOn();
}

bool Writer::IsDue() const { return group_.entries.size() > held_back_ || !group_.answers.empty(); }

absl::Duration Writer::RestOfWait() const {
  if (options_->group_wait <= absl::ZeroDuration()) return absl::ZeroDuration();
  return group_since_ + options_->group_wait - clock_->SteadyNow();
}

void Writer::PassOn() {
  if (!IsDue() || !committer_.IsFree() || RestOfWait() > absl::ZeroDuration()) return;
  const bool small = group_.entries.size() <= options_->inline_group_entries_max;
  (small && queue_length() == 0 ? Flush() : HandOver()).IgnoreError();
}

void Writer::Handle(Item item) {
  if (committer_.IsFree()) AwaitCommitter().IgnoreError();
  if (item.payload != nullptr) return TakePayload(item.payload.get(), item.done);
  if (item.command != nullptr) {
    absl::Status status = Settle();
    if (status.ok()) {
      Turn turn(this);
      status = (*item.command)(turn);
    }
    return item.finished(std::move(status));
  }
  if (group_.entries.size() >= static_cast<std::size_t>(options_->group_entries_max)) {
    HandOver().IgnoreError();
  }
  if (!item.acknowledged.empty()) {
    absl::Status status = MendOverlay();
    if (status.ok()) status = WaitForLag();
    if (!status.ok()) return item.finished(std::move(status));
    if (!overlay_.IsAcknowledged(item.acknowledged)) {
      status = Turn(this).Book().CompleteAck(clock_->Now(), &item.entry);
      if (!status.ok()) return item.finished(std::move(status));
      overlay_.SetAcknowledged(item.acknowledged, handed_over_ + group_.entries.size() + 1);
      AddEntry(std::move(item.entry));
    }
    // Also of an ack before it: it is durable only with its group.
    if (group_.empty()) group_since_ = clock_->SteadyNow();
    group_.answers.push_back(std::move(item.finished));
    return;
  }
  AddEntry(std::move(item.entry));
}

store::KeyId Writer::AccessKey(absl::Time time) {
  const absl::CivilMonth month = absl::ToCivilMonth(time, absl::UTCTimeZone());
  const std::int64_t number = month.year() * 12 + month.month();
  if (number != access_month_) {
    // On a full disk they lie under the journal's own key.
    access_key_ = store_->NewKey().value_or(0);
    access_month_ = access_key_ == 0 ? -1 : number;
  }
  return access_key_;
}

std::uint64_t& Writer::LogSize(const std::string& agency) {
  const auto [it, inserted] = log_sizes_.emplace(agency, 0);
  if (inserted && store_->logs() != nullptr) {
    it->second = store_->logs()->Size(store::AgencyLog(agency)).value_or(0);
  }
  return it->second;
}

void Writer::Complete(Entry* entry) {
  if (!entry->has_commit_time()) SetTime(clock_->Now(), entry->mutable_commit_time());
  TellHeader(*store_, entry);
  if (entry->has_access_recorded()) entry->set_key(AccessKey(ToTime(entry->commit_time())));
}

void Writer::AddEntry(Entry entry) {
  if (group_.empty()) group_since_ = clock_->SteadyNow();
  Complete(&entry);
  if (!entry.agency().empty()) ++LogSize(entry.agency());
  group_.append.headers.push_back(HeaderOf(entry));
  group_.append.entries.push_back(entry.SerializeAsString());
  group_.bytes += group_.append.entries.back().size();
  group_.entries.push_back(std::move(entry));
}

Group Writer::TakeGroup() {
  group_.first = handed_over_ + 1;
  handed_over_ += group_.entries.size();
  held_back_ = 0;
  return std::exchange(group_, Group());
}

absl::Status Writer::HandOver() {
  AQ_RETURN_IF_ERROR(AwaitCommitter());
  if (!group_.empty()) committer_.Take(TakeGroup());
  return absl::OkStatus();
}

absl::Status Writer::Flush() {
  AQ_RETURN_IF_ERROR(AwaitCommitter());
  if (!group_.empty()) committer_.Commit(TakeGroup());
  return AwaitCommitter();
}

absl::Status Writer::AwaitCommitter() {
  std::optional<Committer::Failure> failure = committer_.Await();
  synced_ = committer_.synced();
  if (!failure.has_value()) return absl::OkStatus();
  absl::Status status = failure->status;
  GiveUp(*std::move(failure));
  return status;
}

void Writer::GiveUp(Committer::Failure failure) {
  overlay_wrong_ = true;
  handed_over_ = synced_;
  // It rests on what was not appended.
  Group lost = std::exchange(group_, Group());
  held_back_ = 0;
  for (std::function<void(absl::Status)>& answer : lost.answers) answer(failure.status);
  MendOverlay().IgnoreError();
  if (!absl::IsResourceExhausted(failure.status)) return;
  KeepAccesses(std::move(failure.entries));
  KeepAccesses(std::move(lost.entries));
  held_back_ = group_.entries.size();
}

void Writer::KeepAccesses(std::vector<Entry> entries) {
  for (Entry& entry : entries) {
    if (entry.has_access_recorded() && group_.entries.size() < kUnrecordedMax) {
      AddEntry(std::move(entry));
    }
  }
}

absl::Status Writer::MendOverlay() {
  if (!overlay_wrong_) return absl::OkStatus();
  // Once the projections have all that was appended, everything else in the overlay is wrong.
  AQ_RETURN_IF_ERROR(projector_->WaitFor(synced_, kProjectionWait));
  overlay_.Clear();
  overlay_.Refresh(store_->NewSnapshot());
  log_sizes_.clear();
  overlay_wrong_ = false;
  return absl::OkStatus();
}

absl::Status Writer::WaitForLag() {
  if (synced_ <= options_->projection_lag_max) return absl::OkStatus();
  const Sequence least = synced_ - options_->projection_lag_max;
  if (projector_->applied() >= least) return absl::OkStatus();
  {
    absl::MutexLock lock(&mu_);
    ++lag_waits_;
  }
  // Those in the group do not wait with it.
  AQ_RETURN_IF_ERROR(HandOver());
  return projector_->WaitFor(least, kProjectionWait);
}

absl::Status Writer::Settle() {
  AQ_RETURN_IF_ERROR(Flush());
  AQ_RETURN_IF_ERROR(projector_->WaitFor(synced_, kProjectionWait));
  AQ_RETURN_IF_ERROR(MendOverlay());
  overlay_.Refresh(store_->NewSnapshot());
  return absl::OkStatus();
}

void Writer::Answer(const std::function<void(Responses)>& done, Responses responses) {
  auto shared = std::make_shared<Responses>(std::move(responses));
  executor_->Add([done, shared] { done(std::move(*shared)); });
}

void Writer::TakePayload(DecodedPayload* payload, const std::function<void(Responses)>& done) {
  const std::size_t records = payload->records.size();
  if (!group_.entries.empty() &&
      (group_.bytes + payload->bytes.size() > options_->group_bytes_max ||
       group_.entries.size() + records >= static_cast<std::size_t>(options_->group_entries_max))) {
    HandOver().IgnoreError();
  }
  absl::Status status = MendOverlay();
  if (status.ok()) status = WaitForLag();
  if (status.ok()) status = PlanAndAdd(payload, done);
  if (!status.ok()) Answer(done, RefusalResponses(payload->reply_id, status));
}

absl::StatusOr<bool> Writer::AnswerAgain(const DecodedPayload& payload,
                                         const std::function<void(Responses)>& done) {
  if (options_->test_hooks.forget_requests) return false;
  const std::string digest =
      store_->Digest(RequestText(AgencyPrincipal(payload.agency->id), payload.request_id));
  AQ_ASSIGN_OR_RETURN(const auto request, overlay_.Request(store::RequestKey(digest)));
  if (!request.has_value()) return false;
  if (request->erased()) return ErasedError();
  const Sequence sequence = request->sequence();
  const std::string hash = request->request_hash();
  if (sequence > synced_) AQ_RETURN_IF_ERROR(Flush());
  AQ_ASSIGN_OR_RETURN(const std::string bytes, store_->GetEntry(sequence));
  Entry entry;
  if (!entry.ParseFromString(bytes)) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 absl::StrCat("entry ", sequence, " of the journal cannot be read"));
  }
  if (entry.erased()) return ErasedError();
  if (!entry.has_payload_closed()) return Conflict(payload.request_id, "another call");
  journal::v1::PayloadClosed& closed = *entry.mutable_payload_closed();
  if (hash != payload.request_hash) {
    return Conflict(payload.request_id, NameOfContent(hash))
        .Meta("content", NameOfContent(payload.request_hash));
  }
  AQ_RETURN_IF_ERROR(OpenReceipts(*store_, closed.mutable_receipt()->mutable_records()));
  Answer(done, ToResponses(payload.reply_id, closed.receipt(), true));
  return true;
}

std::int64_t Writer::VersionOf(const DecodedPayload& payload, absl::Time now) {
  if (payload.header.has_extract_time()) {
    return absl::ToUnixMicros(ToTime(payload.header.extract_time()));
  }
  if (options_->test_hooks.first_sights_follow_clock) return absl::ToUnixMicros(now);
  // First sight never goes back, even if the clock does.
  last_version_ = std::max(last_version_, absl::ToUnixMicros(now));
  return last_version_;
}

absl::Status Writer::PlanAndAdd(DecodedPayload* payload,
                                const std::function<void(Responses)>& done) {
  AQ_ASSIGN_OR_RETURN(const bool answered, AnswerAgain(*payload, done));
  if (answered) return absl::OkStatus();
  if (payload->has_answers) AQ_RETURN_IF_ERROR(Settle());
  const absl::Time now = clock_->Now();
  const Sequence first = handed_over_ + group_.entries.size() + 1;
  const std::string id = NameOf('y', first);
  const std::int64_t version = VersionOf(*payload, now);
  ReferralBook book = Turn(this).Book();
  PlanRequest request{.payload = payload,
                      .store = store_,
                      .payload_id = id,
                      .version = version,
                      .now = now,
                      .principal = AgencyPrincipal(payload->agency->id)};
  AQ_ASSIGN_OR_RETURN(Plan plan, PlanPayload(request, overlay_, &book));
  AQ_RETURN_IF_ERROR(AddClosing(payload, request, &plan));
  std::size_t bytes = plan.hold_bytes ? payload->bytes.size() : 0;
  for (const Entry& entry : plan.entries) bytes += entry.ByteSizeLong() + kSealedEntryBytes;
  if (bytes > kAppendBytesMax) {
    return Error(absl::StatusCode::kResourceExhausted, reason::kPayloadTooLarge,
                 "the payload's records are too large for one commit: send it in parts");
  }
  if (group_.bytes + bytes > kAppendBytesMax) AQ_RETURN_IF_ERROR(HandOver());
  Sequence sequence = handed_over_ + group_.entries.size();
  const Sequence last = sequence + plan.entries.size();
  for (auto& [key, head] : plan.heads) overlay_.SetHead(key, std::move(head), last);
  for (const auto& [key, index] : plan.answers) {
    journal::v1::RequestDocument answer;
    answer.set_sequence(sequence + index + 1);
    answer.set_request_hash(plan.entries[index].referral_changed().request_hash());
    overlay_.SetRequest(key, std::move(answer), last);
  }
  if (plan.snapshot_taken) {
    AQ_RETURN_IF_ERROR(
        SetSnapshotVersion(payload->agency->id, payload->header.format(), version, last));
  }
  journal::v1::RequestDocument closing;
  closing.set_sequence(last);
  closing.set_request_hash(payload->request_hash);
  overlay_.SetRequest(
      store::RequestKey(store_->Digest(RequestText(request.principal, payload->request_id))),
      std::move(closing), last);
  for (Entry& entry : plan.entries) AddEntry(std::move(entry));
  group_.bytes += plan.hold_bytes ? payload->bytes.size() : 0;
  if (plan.hold_bytes) {
    group_.append.blobs.emplace_back(id, std::move(payload->bytes), std::move(plan.parts));
  }
  group_.answers.push_back([this, done, reply_id = payload->reply_id,
                            receipt = std::make_shared<journal::v1::StoredReceipt>(
                                std::move(plan.receipt))](const absl::Status& status) {
    const auto answer = [=] {
      done(status.ok() ? ToResponses(reply_id, *receipt, false)
                       : RefusalResponses(reply_id, status));
    };
    if (receipt->records_size() <= kAnsweredAtOnce) {
      answer();
    } else {
      executor_->Add(answer);
    }
  });
  return absl::OkStatus();
}

absl::Status Writer::SetSnapshotVersion(const std::string& agency, const std::string& format,
                                        std::int64_t version, Sequence sequence) {
  const std::string key = SnapshotVersionKey(agency, format);
  AQ_ASSIGN_OR_RETURN(const std::int64_t newest, overlay_.SnapshotVersion(key));
  overlay_.SetSnapshotVersion(key, std::max(newest, version), sequence);
  return absl::OkStatus();
}

absl::Status Writer::AddClosing(DecodedPayload* payload, const PlanRequest& request, Plan* plan) {
  const std::uint64_t before = store_->logs() == nullptr ? 0 : LogSize(payload->agency->id);
  for (journal::v1::StoredRecordReceipt& record : *plan->receipt.mutable_records()) {
    if (record.log_position() == 0) continue;
    record.set_log_position(store_->logs() == nullptr ? 0 : before + record.log_position());
  }
  Entry& entry = plan->entries.emplace_back();
  SetTime(request.now, entry.mutable_commit_time());
  AQ_ASSIGN_OR_RETURN(const store::KeyId key, store_->NewKey());
  entry.set_key(key);
  *entry.mutable_principal() = AgencyPrincipal(payload->agency->id);
  journal::v1::PayloadClosed* closed = entry.mutable_payload_closed();
  closed->set_payload(request.payload_id);
  closed->set_agency(payload->agency->id);
  closed->set_request_id(payload->request_id);
  closed->set_format(payload->header.format());
  if (!payload->forbidden) closed->set_file_name(payload->header.file_name());
  closed->set_payload_hash(payload->request_hash);
  closed->set_source_version(request.version);
  *closed->mutable_receipt() = plan->receipt;
  AQ_RETURN_IF_ERROR(SealReceipts(*store_, closed->mutable_receipt()->mutable_records()));
  closed->set_sliced(plan->sliced);
  closed->set_bytes_key(plan->bytes_key);
  closed->set_bytes_kept(plan->hold_bytes);
  closed->set_adapter_build(payload->adapter->build_id());
  closed->set_snapshot_taken(plan->snapshot_taken);
  return absl::OkStatus();
}

ReferralBook Writer::Turn::Book() const {
  return ReferralBook(writer_->options_, writer_->catalogue_, &writer_->encoder_,
                      &writer_->overlay_.snapshot());
}

Sequence Writer::Turn::next_sequence() const { return writer_->synced_ + 1; }

absl::StatusOr<Entry> Writer::Turn::EarlierEntry(const journal::v1::Principal& principal,
                                                 const std::string& request_id,
                                                 const std::string& hash) const {
  const std::string digest = writer_->store_->Digest(RequestText(principal, request_id));
  AQ_ASSIGN_OR_RETURN(const auto request, writer_->overlay_.Request(store::RequestKey(digest)));
  if (!request.has_value()) return absl::NotFoundError("no such request");
  if (request->erased()) return ErasedError();
  if (request->request_hash() != hash) {
    return Error(absl::StatusCode::kAlreadyExists, reason::kRequestIdConflict,
                 "the request id was used with other content");
  }
  AQ_ASSIGN_OR_RETURN(const std::string bytes, writer_->store_->GetEntry(request->sequence()));
  Entry entry;
  if (!entry.ParseFromString(bytes)) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 absl::StrCat("entry ", request->sequence(), " of the journal cannot be read"));
  }
  if (entry.erased()) return ErasedError();
  return entry;
}

absl::StatusOr<Sequence> Writer::Turn::Commit(
    std::vector<Entry> entries, std::vector<std::string> removed_blobs,
    std::vector<std::pair<std::string, journal::v1::RecordHead>> heads,
    std::vector<store::Blob> blobs) {
  Sequence sequence = writer_->synced_;
  const Sequence last = sequence + entries.size();
  for (auto& [key, head] : heads) writer_->overlay_.SetHead(key, std::move(head), last);
  for (Entry& entry : entries) {
    ++sequence;
    writer_->Complete(&entry);
    if (!entry.request_digest().empty()) {
      journal::v1::RequestDocument request;
      request.set_sequence(sequence);
      request.set_request_hash(RequestHashOf(entry));
      writer_->overlay_.SetRequest(store::RequestKey(entry.request_digest()), std::move(request),
                                   last);
    }
    writer_->AddEntry(std::move(entry));
  }
  writer_->group_.append.removed_blobs = std::move(removed_blobs);
  for (store::Blob& blob : blobs) writer_->group_.append.blobs.push_back(std::move(blob));
  Failpoint::Hit(failpoint::kBeforeCommand);
  AQ_RETURN_IF_ERROR(writer_->Flush());
  Failpoint::Hit(failpoint::kAfterCommand);
  return writer_->synced_;
}

absl::Status Writer::Turn::TakeSnapshotVersion(const std::string& agency, const std::string& format,
                                               std::int64_t version) {
  return writer_->SetSnapshotVersion(agency, format, version, writer_->synced_);
}

absl::Status Writer::Turn::Replace(std::unique_ptr<store::ProjectionStore> projections) {
  AQ_RETURN_IF_ERROR(writer_->projector_->Replace(std::move(projections)));
  writer_->overlay_.Refresh(writer_->store_->NewSnapshot());
  return absl::OkStatus();
}

}  // namespace anqiao::engine
