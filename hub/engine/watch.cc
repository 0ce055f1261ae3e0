#include "hub/engine/watch.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/person.h"
#include "hub/engine/projection.h"
#include "hub/engine/scheduler.h"
#include "hub/engine/values.h"
#include "hub/engine/watch_journal.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using journal::v1::Entry;
using journal::v1::PersonDocument;
using journal::v1::WatchProgress;
using model::CivilDate;
using store::Sequence;

// People who are looked at in one go, and drafts that are journalled in one group, more or less: so
// that commands get their turn between.
constexpr std::size_t kPeopleAtOnce = 256;
constexpr std::size_t kDraftsAtOnce = 64;
// People who wait in memory; beyond, the journal tells who they are.
constexpr std::size_t kWaitingMax = 100'000;
// With so many, or after so long, the watch goes on although the projections are behind.
constexpr std::size_t kWaitingMany = kWaitingMax / 2;
constexpr absl::Duration kPatience = absl::Seconds(2);
// Entries that are read from the journal in one go.
constexpr Sequence kReadAtOnce = 20'000;
// Entries that are read again after a crash, at most, beside those of people who were waiting.
constexpr Sequence kSaidEvery = 20'000;
// How often the clock is looked at, and whether the projections are up to date.
constexpr absl::Duration kLookAtClock = absl::Seconds(1);
constexpr absl::Duration kLookAtLoad = absl::Milliseconds(20);
constexpr absl::Duration kProjectedWait = absl::Seconds(10);
// After an error.
constexpr absl::Duration kPause = absl::Seconds(1);

// Whether what was found in the projections as of "seen" still holds.
absl::StatusOr<bool> IsCurrent(const store::Snapshot& snapshot, Sequence seen,
                               const WatchFinding& finding) {
  if (snapshot.sequence() == seen) return true;
  AQ_ASSIGN_OR_RETURN(const auto person,
                      ReadDocument<PersonDocument>(snapshot, store::PersonKey(finding.person)));
  return person.has_value() && IsPerson(*person) && person->revision() == finding.revision;
}

// Who cannot be read holds up themselves only; any other error has everybody wait.
absl::Status Collect(absl::StatusOr<std::optional<WatchFinding>> finding,
                     std::vector<WatchFinding>* findings) {
  if (absl::IsDataLoss(finding.status())) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(finding.status());
  if (finding->has_value()) findings->push_back(**std::move(finding));
  return absl::OkStatus();
}

}  // namespace

Watch::Watch(store::Store* store, const Clock* clock, const policy::Catalogue* catalogue,
             const EngineOptions* options, Projector* projector, Writer* writer)
    : store_(store),
      clock_(clock),
      catalogue_(catalogue),
      options_(options),
      table_(catalogue->entitlement_watch()),
      projector_(projector),
      writer_(writer) {}

absl::Status Watch::Start() {
  if (!is_on()) return absl::OkStatus();
  const std::unique_ptr<store::Snapshot> snapshot = store_->NewSnapshot();
  AQ_ASSIGN_OR_RETURN(const auto stored,
                      ReadDocument<WatchProgress>(*snapshot, WatchProgressKey()));
  progress_ = stored.value_or(WatchProgress());
  {
    absl::MutexLock lock(&mu_);
    reached_ = said_ = current_through_ = covered_ = progress_.reached_sequence();
    projected_ = std::max(projected_, snapshot->sequence());
    current_.clear();
    next_.clear();
  }
  if (Scheduler* const scheduler = options_->scheduler; scheduler != nullptr) {
    // Its commands wait for the writer, who must not be waiting itself.
    scheduler->Add(
        this,
        [this, scheduler] {
          absl::MutexLock lock(&mu_);
          return scheduler->depth() == 0 && IsReady();
        },
        [this] { Step(); });
  } else {
    thread_ = std::thread([this] { Run(); });
  }
  return absl::OkStatus();
}

void Watch::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    work_.SignalAll();
    done_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
  if (options_->scheduler != nullptr) options_->scheduler->Remove(this);
}

void Watch::Run() {
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      while (!stopping_ && !IsReady()) {
        work_.WaitWithTimeout(&mu_, HasWork() ? kLookAtLoad : kLookAtClock);
      }
      if (stopping_) return;
    }
    Step();
  }
}

void Watch::OnProjected(Sequence first, Sequence last, Touches touches) {
  absl::MutexLock lock(&mu_);
  projected_ = std::max(projected_, last);
  if (first > covered_ + 1 || last <= covered_) return;
  if (next_.size() + touches.size() > kWaitingMax) return;
  if (current_.empty() && next_.empty()) waiting_since_ = clock_->SteadyNow();
  if (next_.empty()) {
    next_ = std::move(touches);
  } else {
    for (const auto& [person, what] : touches) next_[person] |= what;
  }
  covered_ = last;
  if (!working_) Advance();
  if (HasWork()) work_.Signal();
}

void Watch::Advance() {
  if (!current_.empty() || !next_.empty()) return;
  current_through_ = covered_;
  if (reached_ < covered_) {
    reached_ = covered_;
    done_.SignalAll();
  }
}

void Watch::Wake() {
  absl::MutexLock lock(&mu_);
  work_.Signal();
}

Sequence Watch::reached() const {
  absl::MutexLock lock(&mu_);
  return reached_;
}

bool Watch::HasWork() const {
  return !current_.empty() || !next_.empty() || covered_ < projected_ || sweeping_ ||
         reached_ >= said_ + kSaidEvery || day_ != CivilDate::At(clock_->Now()).DayNumber();
}

bool Watch::MayWork() const {
  return waiters_ > 0 || projected_ >= store_->synced_sequence() || covered_ < projected_ ||
         current_.size() + next_.size() >= kWaitingMany ||
         clock_->SteadyNow() >= waiting_since_ + kPatience;
}

bool Watch::IsReady() const {
  return !stopping_ && !working_ && HasWork() && clock_->SteadyNow() >= pause_until_ && MayWork();
}

bool Watch::IsDone(Sequence sequence) const {
  return !working_ && !sweeping_ && reached_ >= sequence &&
         day_ == CivilDate::At(clock_->Now()).DayNumber();
}

absl::Status Watch::WaitFor(Sequence sequence, absl::Duration timeout) {
  if (!is_on()) return absl::OkStatus();
  const absl::Duration deadline = clock_->SteadyNow() + timeout;
  // What it journals meanwhile is to be readable, too, and looked at.
  while (true) {
    AQ_RETURN_IF_ERROR(projector_->WaitFor(sequence, deadline - clock_->SteadyNow()));
    AQ_ASSIGN_OR_RETURN(const Sequence committed, WaitUntilDone(sequence, deadline));
    if (committed <= sequence) return absl::OkStatus();
    sequence = committed;
  }
}

absl::StatusOr<Sequence> Watch::WaitUntilDone(Sequence sequence, absl::Duration deadline) {
  if (Scheduler* const scheduler = options_->scheduler; scheduler != nullptr) {
    scheduler->RunUntil([&] {
      absl::MutexLock lock(&mu_);
      return IsDone(sequence) || clock_->SteadyNow() >= deadline;
    });
  }
  absl::MutexLock lock(&mu_);
  ++waiters_;
  const auto leave = absl::MakeCleanup([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { --waiters_; });
  work_.Signal();
  while (!IsDone(sequence)) {
    if (stopping_ ||
        (done_.WaitWithTimeout(&mu_, deadline - clock_->SteadyNow()) && !IsDone(sequence))) {
      return Error(absl::StatusCode::kUnavailable, reason::kOverloaded,
                   "the entitlement watch is too far behind: try again");
    }
  }
  return committed_;
}

void Watch::Step() {
  const CivilDate today = CivilDate::At(clock_->Now());
  {
    absl::MutexLock lock(&mu_);
    working_ = true;
  }
  const absl::Status status = Proceed(today);
  absl::MutexLock lock(&mu_);
  working_ = false;
  Advance();
  if (!status.ok()) pause_until_ = clock_->SteadyNow() + kPause;
  done_.SignalAll();
}

absl::Status Watch::Proceed(const CivilDate& today) {
  // What it noted itself is not found a second time.
  AQ_RETURN_IF_ERROR(projector_->WaitFor(committed_, kProjectedWait));
  bool due = false, touched = false, behind = false, sweeping = false;
  {
    absl::MutexLock lock(&mu_);
    due = day_ != today.DayNumber();
    touched = !current_.empty() || !next_.empty();
    behind = covered_ < projected_;
    sweeping = sweeping_;
  }
  if (due) return TakeDue(today);
  if (touched) return TakeTouched(today);
  if (behind) return ReadAhead();
  if (sweeping) return Sweep(today);
  return SayProgress();
}

WatchLook Watch::LookOf(const store::Snapshot& snapshot, const CivilDate& today) const {
  return WatchLook(options_, catalogue_, table_->On(today), &snapshot, today);
}

absl::Status Watch::TakeTouched(const CivilDate& today) {
  Touches batch;
  Sequence through = 0;
  bool last = false;
  {
    absl::MutexLock lock(&mu_);
    if (current_.empty()) {
      current_.swap(next_);
      current_through_ = covered_;
      waiting_since_ = clock_->SteadyNow();
    }
    while (!current_.empty() && batch.size() < kPeopleAtOnce) {
      batch.insert(current_.extract(current_.begin()));
    }
    last = current_.empty();
    through = current_through_;
  }
  const auto again = [&](const std::string& person, unsigned touches) {
    absl::MutexLock lock(&mu_);
    current_[person] |= touches;
  };
  // Now, so that it has what touched them.
  const std::unique_ptr<store::Snapshot> snapshot = store_->NewSnapshot();
  const WatchLook look = LookOf(*snapshot, today);
  WatchProgress progress = progress_;
  if (last) progress.set_reached_sequence(through);
  // Each person once, under whatever ids they were touched.
  Touches people;
  const auto take = [&]() -> absl::StatusOr<std::set<std::string>> {
    for (const auto& [id, touches] : batch) {
      AQ_ASSIGN_OR_RETURN(const std::string person, CurrentId(*snapshot, id));
      people[person] |= touches;
    }
    std::vector<WatchFinding> findings;
    for (const auto& [person, touches] : people) {
      AQ_RETURN_IF_ERROR(Collect(look.At(person, touches), &findings));
    }
    return Commit(snapshot->sequence(), findings, progress);
  };
  const absl::StatusOr<std::set<std::string>> stale = take();
  for (const auto& [person, touches] : stale.ok() ? people : batch) {
    if (!stale.ok() || stale->contains(person)) again(person, touches);
  }
  return stale.status();
}

absl::Status Watch::TakeDue(const CivilDate& today) {
  const std::unique_ptr<store::Snapshot> snapshot = store_->NewSnapshot();
  const store::KeyRange range = store::LookRange(static_cast<std::uint64_t>(today.DayNumber()));
  std::vector<std::string> people;
  AQ_RETURN_IF_ERROR(
      snapshot->Scan(range.begin, range.end, [&](absl::string_view key, absl::string_view) {
        const absl::StatusOr<store::LookParts> parts = store::DecodeLookKey(key);
        if (parts.ok() && !set_aside_.contains(parts->person)) people.push_back(parts->person);
        return people.size() < kPeopleAtOnce;
      }));
  if (people.empty()) {
    set_aside_.clear();
    BeginSweep(today);
    absl::MutexLock lock(&mu_);
    day_ = today.DayNumber();
    return absl::OkStatus();
  }
  const WatchLook look = LookOf(*snapshot, today);
  std::vector<WatchFinding> findings;
  for (const std::string& person : people) {
    const std::size_t before = findings.size();
    AQ_RETURN_IF_ERROR(Collect(look.At(person, 0), &findings));
    if (findings.size() == before) set_aside_.insert(person);
  }
  return Commit(snapshot->sequence(), findings, progress_).status();
}

std::string Watch::RulesOn(const CivilDate& today) const {
  const policy::WatchRules* const rules = table_->On(today);
  // By another model somebody is several people, or several are one, and no entry says so.
  return absl::StrCat(catalogue_->hash(), "/", catalogue_->jurisdiction(), "/",
                      rules == nullptr ? "none" : rules->from.ToString(), "/",
                      ModelHashOf(*store_->NewSnapshot()));
}

void Watch::BeginSweep(const CivilDate& today) {
  const std::string rules = RulesOn(today);
  if (progress_.rules() == rules) return;
  sweep_person_ = progress_.sweep_rules() == rules ? progress_.sweep_person() : "";
  absl::MutexLock lock(&mu_);
  sweeping_ = true;
  // The first time everybody is looked at, so nobody need be looked up in the journal.
  if (progress_.rules().empty() && progress_.reached_sequence() == 0) {
    current_.clear();
    next_.clear();
    covered_ = projected_;
  }
}

absl::Status Watch::Sweep(const CivilDate& today) {
  const std::unique_ptr<store::Snapshot> snapshot = store_->NewSnapshot();
  const store::KeyRange range = store::AfterRange(store::Family::kPerson, sweep_person_);
  std::vector<PersonDocument> people;
  AQ_RETURN_IF_ERROR(
      snapshot->Scan(range.begin, range.end, [&](absl::string_view, absl::string_view value) {
        if (!people.emplace_back().ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          people.pop_back();
        }
        return people.size() < kPeopleAtOnce;
      }));
  const WatchLook look = LookOf(*snapshot, today);
  std::vector<WatchFinding> findings;
  for (PersonDocument& person : people) {
    if (!IsPerson(person)) continue;
    const absl::Status attached = AddAttached(*snapshot, &person);
    AQ_RETURN_IF_ERROR(Collect(attached.ok()
                                   ? look.At(person, kLookAtAll)
                                   : absl::StatusOr<std::optional<WatchFinding>>(attached),
                               &findings));
  }
  const bool over = people.size() < kPeopleAtOnce;
  WatchProgress progress = progress_;
  progress.set_reached_sequence(reached());
  if (over) {
    progress.set_rules(RulesOn(today));
    progress.clear_sweep_rules();
    progress.clear_sweep_person();
  } else {
    progress.set_sweep_rules(RulesOn(today));
    progress.set_sweep_person(people.back().person());
  }
  if (over && people.empty() && sweep_person_.empty()) {
    // Nobody is there yet: that need not be kept.
    progress_ = progress;
    absl::MutexLock lock(&mu_);
    sweeping_ = false;
    said_ = progress.reached_sequence();
    return absl::OkStatus();
  }
  AQ_ASSIGN_OR_RETURN(const auto stale, Commit(snapshot->sequence(), findings, progress));
  // All of them again: those who are noted give nothing new.
  if (!stale.empty()) return absl::OkStatus();
  if (!people.empty()) sweep_person_ = people.back().person();
  absl::MutexLock lock(&mu_);
  if (over) sweeping_ = false;
  return absl::OkStatus();
}

absl::Status Watch::ReadAhead() {
  Sequence from = 0;
  {
    absl::MutexLock lock(&mu_);
    from = covered_;
  }
  const std::unique_ptr<store::Snapshot> snapshot = store_->NewSnapshot();
  const Sequence last = std::min(snapshot->sequence(), from + kReadAtOnce);
  AQ_ASSIGN_OR_RETURN(Touches touches, TouchesOfEntries(*store_, *snapshot, from + 1, last));
  absl::MutexLock lock(&mu_);
  for (const auto& [person, what] : touches) next_[person] |= what;
  covered_ = std::max(covered_, last);
  return absl::OkStatus();
}

absl::Status Watch::SayProgress() {
  WatchProgress progress = progress_;
  progress.set_reached_sequence(reached());
  return Commit(0, {}, progress).status();
}

absl::StatusOr<std::set<std::string>> Watch::Commit(Sequence seen,
                                                    const std::vector<WatchFinding>& findings,
                                                    const WatchProgress& progress) {
  std::set<std::string> stale;
  const bool says = progress.reached_sequence() >= progress_.reached_sequence() + kSaidEvery ||
                    progress.rules() != progress_.rules() ||
                    progress.sweep_rules() != progress_.sweep_rules() ||
                    (!findings.empty() && progress.sweep_person() != progress_.sweep_person());
  bool said = false;
  std::size_t done = 0;
  while (done < findings.size() || (says && !said && stale.empty())) {
    const absl::Status committed = writer_->Run([&](Writer::Turn& turn) -> absl::Status {
      ReferralBook book = turn.Book();
      std::vector<Entry> entries;
      for (std::size_t drafts = 0; done < findings.size() && drafts < kDraftsAtOnce; ++done) {
        const WatchFinding& finding = findings[done];
        AQ_ASSIGN_OR_RETURN(const bool current, IsCurrent(turn.snapshot(), seen, finding));
        if (current) {
          AQ_RETURN_IF_ERROR(AddEntries(turn, book, finding, &entries));
          drafts += finding.proposals.size();
        } else {
          stale.insert(finding.person);
        }
      }
      if (says && stale.empty() && done == findings.size()) {
        Entry& entry = entries.emplace_back();
        *entry.mutable_principal() = HubPrincipal();
        *entry.mutable_entitlement_noted()->mutable_progress() = progress;
        said = true;
      }
      if (entries.empty()) return absl::OkStatus();
      AQ_ASSIGN_OR_RETURN(committed_, turn.Commit(std::move(entries)));
      return absl::OkStatus();
    });
    AQ_RETURN_IF_ERROR(committed);
  }
  if (said) {
    progress_ = progress;
    absl::MutexLock lock(&mu_);
    said_ = progress.reached_sequence();
  }
  return stale;
}

absl::Status Watch::AddEntries(Writer::Turn& turn, ReferralBook& book, const WatchFinding& finding,
                               std::vector<Entry>* entries) const {
  Entry note;
  *note.mutable_principal() = HubPrincipal();
  *note.mutable_entitlement_noted() = finding.noted;
  store::KeyId spare = 0;  // of a draft that was not made
  for (const WatchFinding::Proposal& proposal : finding.proposals) {
    CreateReferralCommand command;
    command.case_id = finding.person;
    command.policy = proposal.policy;
    command.replaces = proposal.replaces;
    command.ask_again = false;
    if (spare == 0) {
      AQ_ASSIGN_OR_RETURN(spare, turn.store().NewKey());
    }
    absl::StatusOr<Entry> draft =
        book.Create(HubPrincipal(), command, /*jurisdiction=*/"", /*hash=*/"",
                    {turn.next_sequence() + entries->size(), spare}, turn.now());
    // At midnight the answer may be another; nobody may have a place; what is to be replaced may be
    // another person's by now; what is damaged holds up itself only.
    if (absl::IsFailedPrecondition(draft.status()) || absl::IsNotFound(draft.status()) ||
        absl::IsDataLoss(draft.status())) {
      continue;
    }
    AQ_RETURN_IF_ERROR(draft.status());
    spare = 0;
    journal::v1::EntitlementNotice* notice = note.mutable_entitlement_noted()->add_notices();
    notice->set_kind(journal::v1::ENTITLEMENT_NOTICE_KIND_PROPOSAL);
    notice->set_policy(proposal.policy);
    notice->set_referral(draft->referral_changed().referral());
    entries->push_back(*std::move(draft));
  }
  if (note.entitlement_noted().answers().empty() && note.entitlement_noted().notices().empty()) {
    return absl::OkStatus();
  }
  store::KeyId key = finding.key != 0 ? finding.key : spare;
  if (key == 0) {
    AQ_ASSIGN_OR_RETURN(key, turn.store().NewKey());
  }
  note.set_key(key);
  entries->push_back(std::move(note));
  return absl::OkStatus();
}

}  // namespace anqiao::engine
