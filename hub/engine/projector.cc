#include "hub/engine/projector.h"

#include <google/protobuf/arena.h>

#include <memory>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/failpoint.h"
#include "hub/base/status_macros.h"
#include "hub/engine/scheduler.h"

namespace anqiao::engine {
namespace {

using journal::v1::Entry;
using store::Sequence;

// Entries that are applied in one batch.
constexpr std::size_t kBatchEntries = 4096;
// Entries that are read ahead of those taken in, and how many times.
constexpr std::size_t kChunkEntries = 1024;
constexpr std::size_t kChunksAhead = 4;
// Entries after which the projections are written out.
constexpr Sequence kWriteOutEntries = 10'000;
// How long the projections may rest behind the journal while nobody waits for them, and up to how
// many entries.
constexpr absl::Duration kRest = absl::Milliseconds(5);
constexpr std::size_t kRestEntries = 64;
// Between two tries while the disk is full.
constexpr absl::Duration kFullDiskPause = absl::Milliseconds(200);

// Entries that a thread of its own reads, opens and parses ahead of the one who takes them in.
class JournalReader {
 public:
  struct Chunk {
    // Has the entries, whose many small parts are then freed at once.
    std::unique_ptr<google::protobuf::Arena> arena = std::make_unique<google::protobuf::Arena>();
    std::vector<std::pair<Sequence, Entry*>> entries;

    Entry* Add(Sequence sequence) {
      auto* const entry = google::protobuf::Arena::CreateMessage<Entry>(arena.get());
      entries.emplace_back(sequence, entry);
      return entry;
    }
    absl::Status status;  // of what comes after them
    bool last = false;
  };

  JournalReader(const store::Store& journal, Sequence first, Sequence last)
      : thread_([this, &journal, first, last] { Run(journal, first, last); }) {}
  ~JournalReader() {
    {
      absl::MutexLock lock(&mu_);
      given_up_ = true;
      changed_.SignalAll();
    }
    thread_.join();
  }

  Chunk Next() {
    absl::MutexLock lock(&mu_);
    while (chunks_.empty()) changed_.Wait(&mu_);
    Chunk chunk = std::move(chunks_.front());
    chunks_.pop_front();
    changed_.SignalAll();
    return chunk;
  }

 private:
  void Run(const store::Store& journal, Sequence first, Sequence last) {
    Chunk chunk;
    absl::Status failure;
    const absl::Status read =
        journal.ReadJournal(first, [&](Sequence sequence, absl::string_view bytes) {
          if (sequence > last) return false;
          Entry* const entry = chunk.Add(sequence);
          if (!entry->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
            chunk.entries.pop_back();
            failure = Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                            absl::StrCat("entry ", sequence, " of the journal cannot be read"));
            return false;
          }
          return chunk.entries.size() < kChunkEntries || Give(std::exchange(chunk, Chunk()));
        });
    chunk.status = failure.ok() ? read : failure;
    chunk.last = true;
    Give(std::move(chunk));
  }

  // False: nobody wants it.
  bool Give(Chunk chunk) {
    absl::MutexLock lock(&mu_);
    while (chunks_.size() >= kChunksAhead && !given_up_) changed_.Wait(&mu_);
    if (given_up_) return false;
    chunks_.push_back(std::move(chunk));
    changed_.SignalAll();
    return true;
  }

  absl::Mutex mu_;
  absl::CondVar changed_;
  std::deque<Chunk> chunks_ ABSL_GUARDED_BY(mu_);
  bool given_up_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

// The same without a thread, for few entries.
JournalReader::Chunk ReadAtOnce(const store::Store& journal, Sequence first, Sequence last) {
  JournalReader::Chunk chunk;
  chunk.last = true;
  chunk.status = journal.ReadJournal(first, [&](Sequence sequence, absl::string_view bytes) {
    if (sequence > last) return false;
    if (chunk.Add(sequence)->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return true;
    }
    chunk.entries.pop_back();
    return false;
  });
  if (chunk.status.ok() && chunk.entries.size() != last - first + 1) {
    chunk.status = Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                         "an entry of the journal cannot be read");
  }
  return chunk;
}

}  // namespace

absl::Status ApplyJournal(const store::Store& journal, Sequence last,
                          store::ProjectionStore* target, Projection* projection,
                          const std::function<bool(Sequence, Sequence)>& progress) {
  const Sequence first = target->applied_sequence() + 1;
  if (first > last) return absl::OkStatus();
  std::unique_ptr<JournalReader> reader;
  if (last - first >= kChunkEntries) {
    reader = std::make_unique<JournalReader>(journal, first, last);
  }
  std::size_t pending = 0;
  const auto tell = [&](Sequence done) {
    return !progress || progress(done, last) ? absl::OkStatus()
                                             : absl::CancelledError("stopped by the caller");
  };
  while (true) {
    const JournalReader::Chunk chunk =
        reader != nullptr ? reader->Next() : ReadAtOnce(journal, first, last);
    for (const auto& [sequence, entry] : chunk.entries) {
      AQ_RETURN_IF_ERROR(projection->Add(sequence, *entry));
      if (++pending < kBatchEntries) continue;
      pending = 0;
      AQ_RETURN_IF_ERROR(projection->CommitAhead());
      AQ_RETURN_IF_ERROR(tell(sequence));
    }
    AQ_RETURN_IF_ERROR(chunk.status);
    if (chunk.last) break;
  }
  AQ_RETURN_IF_ERROR(projection->Commit());
  AQ_RETURN_IF_ERROR(tell(last));
  if (target->applied_sequence() != last) {
    return Error(
        absl::StatusCode::kDataLoss, reason::kStorageLost,
        absl::StrCat("the journal ends at ", target->applied_sequence(), ", expected ", last));
  }
  return absl::OkStatus();
}

Projector::Projector(store::Store* store, const Clock* clock, const EngineOptions* options,
                     std::function<void(std::vector<DeliveryEvent>)> on_deliveries,
                     OnProjected on_projected)
    : store_(store),
      clock_(clock),
      options_(options),
      on_deliveries_(std::move(on_deliveries)),
      on_projected_(std::move(on_projected)),
      projection_(std::make_unique<Projection>(store, ModelOf(*options))) {}

Projector::~Projector() { Stop(); }

absl::Status Projector::Start() {
  const Sequence last = store_->synced_sequence();
  if (store_->applied_sequence() > last) {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "the projections are ahead of the journal");
  }
  // What was computed otherwise is going to be replaced, and may not be gone on with.
  if (!ComputedOtherwise(*store_->NewSnapshot(), ModelOf(*options_))) {
    AQ_RETURN_IF_ERROR(ApplyJournal(*store_, last, store_, projection_.get(), nullptr));
  }
  projection_->TakeDeliveryEvents();
  if (on_projected_) projection_->RememberTouches();
  told_ = last;
  {
    absl::MutexLock lock(&mu_);
    applied_ = last;
  }
  if (Scheduler* const scheduler = options_->scheduler; scheduler != nullptr) {
    scheduler->Add(
        this, [this] { return HasWork(); },
        [this, scheduler] { TakeSome(scheduler->Choose(kRestEntries) + 1); });
  } else {
    thread_ = std::thread([this] { Run(); });
  }
  return absl::OkStatus();
}

bool Projector::HasWork() const {
  absl::MutexLock lock(&mu_);
  if (retry_at_.has_value()) return stopping_ || clock_->SteadyNow() >= *retry_at_;
  return !groups_.empty();
}

void Projector::Push(Sequence first, std::vector<journal::v1::Entry> entries) {
  absl::MutexLock lock(&mu_);
  // They are in the journal; the next start takes them in.
  if (failed_) return;
  const bool was_idle = groups_.empty();
  queued_ += entries.size();
  groups_.push_back({first, std::move(entries)});
  if (was_idle || Hurried()) work_.Signal();
}

bool Projector::Hurried() const { return waiters_ > 0 || queued_ >= kRestEntries || stopping_; }

void Projector::AwaitWork() {
  if (retry_at_.has_value()) {
    if (!stopping_) work_.WaitWithTimeout(&mu_, *retry_at_ - clock_->SteadyNow());
    return;
  }
  while (groups_.empty() && !stopping_) work_.Wait(&mu_);
  const absl::Duration until = clock_->SteadyNow() + kRest;
  while (!Hurried() && !work_.WaitWithTimeout(&mu_, until - clock_->SteadyNow())) {
  }
}

absl::Status Projector::WaitFor(Sequence sequence, absl::Duration timeout) {
  const absl::Duration deadline = clock_->SteadyNow() + timeout;
  if (options_->scheduler != nullptr) {
    options_->scheduler->RunUntil([&] {
      absl::MutexLock lock(&mu_);
      return applied_ >= sequence || !status_.ok() || clock_->SteadyNow() >= deadline;
    });
  }
  absl::MutexLock lock(&mu_);
  if (applied_ >= sequence) return absl::OkStatus();
  ++waiters_;
  work_.Signal();
  const auto leave = absl::MakeCleanup([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { --waiters_; });
  while (applied_ < sequence && status_.ok()) {
    if (progress_.WaitWithTimeout(&mu_, deadline - clock_->SteadyNow()) && applied_ < sequence) {
      return Error(absl::StatusCode::kUnavailable, reason::kOverloaded,
                   "the projections are too far behind: try again");
    }
  }
  return applied_ >= sequence ? absl::OkStatus() : status_;
}

Sequence Projector::applied() const {
  absl::MutexLock lock(&mu_);
  return applied_;
}

absl::Status Projector::Replace(std::unique_ptr<store::ProjectionStore> projections) {
  AQ_RETURN_IF_ERROR(store_->ReplaceProjections(std::move(projections)));
  // What it remembers is of the old ones.
  projection_ = std::make_unique<Projection>(store_, ModelOf(*options_));
  if (on_projected_) projection_->RememberTouches();
  return absl::OkStatus();
}

void Projector::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    work_.Signal();
  }
  if (thread_.joinable()) thread_.join();
  if (options_->scheduler != nullptr) {
    while (HasWork()) TakeSome(kBatchEntries);
    options_->scheduler->Remove(this);
  }
}

void Projector::Run() {
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      AwaitWork();
      if (groups_.empty() && !retry_at_.has_value()) return;
    }
    TakeSome(kBatchEntries);
  }
}

void Projector::TakeSome(std::size_t entries_max) {
  {
    absl::MutexLock lock(&mu_);
    std::size_t entries = 0;
    while (!retry_at_.has_value() && !groups_.empty() &&
           (in_hand_.empty() || entries < entries_max)) {
      entries += groups_.front().entries.size();
      queued_ -= groups_.front().entries.size();
      in_hand_.push_back(std::move(groups_.front()));
      groups_.pop_front();
    }
  }
  const absl::Status status = Proceed();
  absl::MutexLock lock(&mu_);
  retry_at_.reset();
  status_ = status;
  if (status.ok()) {
    applied_ = reached_;
  } else if (absl::IsResourceExhausted(status) && !stopping_) {
    retry_at_ = clock_->SteadyNow() + kFullDiskPause;
  } else {
    failed_ = true;
    stopping_ = true;
    groups_.clear();
    queued_ = 0;
  }
  progress_.SignalAll();
}

absl::Status Projector::Proceed() {
  const auto& change = options_->test_hooks.before_projecting;
  for (; !in_hand_.empty(); in_hand_.pop_front(), added_ = 0) {
    Group& group = in_hand_.front();
    for (; added_ < group.entries.size(); ++added_) {
      if (uncommitted_ == kBatchEntries) AQ_RETURN_IF_ERROR(Commit());
      if (change) change(&group.entries[added_]);
      reached_ = group.first + added_;
      AQ_RETURN_IF_ERROR(projection_->Add(reached_, group.entries[added_]));
      // A large group should not be in memory until its last entry is taken in.
      group.entries[added_] = Entry();
      ++uncommitted_;
    }
  }
  AQ_RETURN_IF_ERROR(Commit());
  if (std::vector<DeliveryEvent> events = projection_->TakeDeliveryEvents(); !events.empty()) {
    on_deliveries_(std::move(events));
  }
  if (on_projected_ && reached_ > told_) {
    on_projected_(told_ + 1, reached_, projection_->TakeTouches());
    told_ = reached_;
  }
  return absl::OkStatus();
}

absl::Status Projector::Commit() {
  Failpoint::Hit(failpoint::kBeforeApply);
  AQ_RETURN_IF_ERROR(projection_->Commit());
  Failpoint::Hit(failpoint::kAfterApply);
  uncommitted_ = 0;
  // What is not written out is computed again after a crash: that must not take long.
  if (reached_ >= written_out_ + kWriteOutEntries) {
    written_out_ = reached_;
    return store_->FlushProjections();
  }
  return absl::OkStatus();
}

}  // namespace anqiao::engine
