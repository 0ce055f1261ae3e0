// head/<sequence> := (length, 4 bytes big-endian | exchange.v1.SignedTreeHead)*
//
// The heads that were signed for the LogsAnchored entry at <sequence>, of the logs before it: the
// hub's first.

#include "hub/engine/timers.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/engine/projection.h"
#include "hub/engine/values.h"
#include "hub/store/audit_log.h"
#include "hub/store/checksum.h"
#include "hub/store/log_trees.h"

namespace anqiao::engine {
namespace {

constexpr char kAnchor[] = "anchor";
// How often the clock is looked at.
constexpr absl::Duration kLook = absl::Seconds(1);

void AppendHead(const exchange::v1::SignedTreeHead& head, std::string* out) {
  const std::string bytes = head.SerializeAsString();
  absl::StrAppend(out, store::EncodeNumber(bytes.size()).substr(4), bytes);
}

}  // namespace

void Timers::Start() {
  if (options_->scheduler != nullptr || options_->anchor_interval <= absl::ZeroDuration()) return;
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
