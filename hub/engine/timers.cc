// head/<sequence> := (length, 4 bytes big-endian | exchange.v1.SignedTreeHead)*
//
// The heads that were signed for the LogsAnchored entry at <sequence>, of the logs before it: the
// hub's first.

#include "hub/engine/timers.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/engine/projection.h"
#include "hub/engine/referral_book.h"
#include "hub/engine/values.h"
#include "hub/store/audit_log.h"
#include "hub/store/checksum.h"
#include "hub/store/keys.h"
#include "hub/store/log_trees.h"

namespace anqiao::engine {
namespace {

constexpr char kAnchor[] = "anchor";
// How often the clock is looked at.
constexpr absl::Duration kLook = absl::Seconds(1);
// What comes due is fired so many at a time, so that commands get their turn between.
constexpr std::size_t kDueAtOnce = 256;
// Of these, in case some do not fire.
constexpr std::size_t kDueLookedAt = 4096;

void AppendHead(const exchange::v1::SignedTreeHead& head, std::string* out) {
  const std::string bytes = head.SerializeAsString();
  absl::StrAppend(out, store::EncodeNumber(bytes.size()).substr(4), bytes);
}

std::uint64_t MicrosOf(absl::Time time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, absl::ToUnixMicros(time)));
}

// What is due, the earliest first.
absl::StatusOr<std::vector<store::DueParts>> DueOf(const store::Snapshot& snapshot, absl::Time now,
                                                   std::size_t count) {
  std::vector<store::DueParts> due;
  absl::Status failure;
  const store::KeyRange range = store::DueRange(MicrosOf(now));
  AQ_RETURN_IF_ERROR(
      snapshot.Scan(range.begin, range.end, [&](absl::string_view key, absl::string_view) {
        absl::StatusOr<store::DueParts> parts = store::DecodeDueKey(key);
        failure = parts.status();
        if (parts.ok()) due.push_back(*std::move(parts));
        return failure.ok() && due.size() < count;
      }));
  AQ_RETURN_IF_ERROR(failure);
  return due;
}

bool IsAnythingDue(const store::Snapshot& snapshot, absl::Time now) {
  const absl::StatusOr<std::vector<store::DueParts>> due = DueOf(snapshot, now, 1);
  return due.ok() && !due->empty();
}

}  // namespace

void Timers::Start() {
  const bool wanted = options_->anchor_interval > absl::ZeroDuration() ||
                      options_->timetable != nullptr || options_->directory != nullptr;
  if (options_->scheduler != nullptr || !wanted) return;
  thread_ = std::thread([this] { Run(); });
}

void Timers::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    stopped_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Timers::Run() {
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      if (!stopping_) stopped_.WaitWithTimeout(&mu_, kLook);
      if (stopping_) return;
    }
    // A full disk or a hub that ends: the next look tries again.
    Tick().IgnoreError();
  }
}

absl::Status Timers::Tick() {
  // Each timer has its turn, whatever becomes of the others.
  absl::Status failure = TickDue();
  failure.Update(TickAbsences());
  if (options_->anchor_interval > absl::ZeroDuration()) failure.Update(TickAnchor());
  return failure;
}

absl::Status Timers::TickDue() {
  while (true) {
    // Seldom is anything due, and looking costs the writer nothing.
    if (!IsAnythingDue(*store_->NewSnapshot(), clock_->Now())) return absl::OkStatus();
    AQ_ASSIGN_OR_RETURN(const bool fired, FireSome());
    if (!fired) return absl::OkStatus();
  }
}

absl::StatusOr<bool> Timers::FireSome() {
  bool fired = false;
  AQ_RETURN_IF_ERROR(writer_->Run([&](Writer::Turn& turn) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::vector<store::DueParts> due,
                        DueOf(turn.snapshot(), turn.now(), kDueLookedAt));
    ReferralBook book = turn.Book();
    std::vector<journal::v1::Entry> entries;
    absl::Status failure;
    const auto place = [&]() -> absl::StatusOr<NewReferral> {
      AQ_ASSIGN_OR_RETURN(const store::KeyId key, turn.store().NewKey());
      return NewReferral{turn.next_sequence() + entries.size(), key};
    };
    for (const store::DueParts& one : due) {
      if (entries.size() == kDueAtOnce) break;
      absl::StatusOr<std::optional<journal::v1::Entry>> entry = book.Fire(one, place, turn.now());
      // One that cannot be read holds up itself only.
      failure.Update(entry.status());
      if (entry.ok() && entry->has_value()) entries.push_back(**std::move(entry));
    }
    fired = !entries.empty();
    return fired ? turn.Commit(std::move(entries)).status() : failure;
  }));
  return fired;
}

absl::Status Timers::TickAbsences() {
  if (options_->timetable == nullptr) return absl::OkStatus();
  const std::unique_ptr<store::Snapshot> snapshot = store_->NewSnapshot();
  const ReferralBook look(options_, nullptr, nullptr, snapshot.get());
  for (const AgencyOptions& agency : options_->agencies) {
    AQ_ASSIGN_OR_RETURN(const auto away, look.FireAbsence(agency.id, clock_->Now()));
    if (!away.has_value()) continue;
    AQ_RETURN_IF_ERROR(writer_->Run([&](Writer::Turn& turn) -> absl::Status {
      AQ_ASSIGN_OR_RETURN(auto entry, turn.Book().FireAbsence(agency.id, turn.now()));
      if (!entry.has_value()) return absl::OkStatus();
      return turn.Commit({*std::move(entry)}).status();
    }));
  }
  return absl::OkStatus();
}

absl::Status Timers::TickAnchor() {
  const absl::StatusOr<std::string> stored = store_->NewSnapshot()->Get(TimerKey(kAnchor));
  const absl::Time now = clock_->Now();
  absl::Time due = now;
  if (stored.ok()) {
    std::int64_t micros = 0;
    if (absl::SimpleAtoi(*stored, &micros)) due = absl::FromUnixMicros(micros);
  } else if (!absl::IsNotFound(stored.status())) {
    return stored.status();
  }
  if (now < due && due <= now + options_->anchor_interval) return absl::OkStatus();
  return Anchor(due);
}

absl::Status Timers::Anchor(absl::Time due) {
  const store::LogTrees* const logs = store_->logs();
  return writer_->Run([&](Writer::Turn& turn) -> absl::Status {
    const absl::Time now = turn.now();
    std::vector<journal::v1::Entry> entries;
    std::vector<store::Blob> blobs;
    if (logs != nullptr) {
      journal::v1::Entry& entry = entries.emplace_back();
      *entry.mutable_principal() = HubPrincipal();
      journal::v1::LogsAnchored* anchored = entry.mutable_logs_anchored();
      std::string heads;
      AQ_ASSIGN_OR_RETURN(const auto hub_head, logs->Head(store::kHubLog, now));
      AppendHead(hub_head, &heads);
      for (const std::string& log : logs->Logs()) {
        if (log == store::kHubLog) continue;
        AQ_ASSIGN_OR_RETURN(const auto head, logs->Head(log, now));
        journal::v1::AnchoredHead* one = anchored->add_heads();
        one->set_agency(store::AgencyOfLog(log));
        one->set_size(head.size());
        one->set_root_hash(head.root_hash());
        AppendHead(head, &heads);
      }
      blobs.emplace_back(absl::StrCat(store::kOpenBlobs, turn.next_sequence()), std::move(heads));
    }
    journal::v1::Entry& fired = entries.emplace_back();
    *fired.mutable_principal() = HubPrincipal();
    fired.mutable_timer_fired()->set_timer(kAnchor);
    SetTime(due, fired.mutable_timer_fired()->mutable_due_time());
    SetTime(now + options_->anchor_interval, fired.mutable_timer_fired()->mutable_next_due_time());
    return turn.Commit(std::move(entries), {}, {}, std::move(blobs)).status();
  });
}

}  // namespace anqiao::engine
