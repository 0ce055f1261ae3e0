#include "tests/hub/engine/simulation.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "hub/base/digest.h"
#include "hub/engine/scheduler.h"
#include "hub/policy/entitlement_watch.h"
#include "tests/hub/engine/engine_fixture.h"
#include "tests/hub/engine/simulated_store.h"
#include "tests/hub/engine/simulation_model.h"

namespace anqiao::engine {
namespace {

constexpr absl::Duration kVisibility = absl::Seconds(30);
constexpr int kSentMax = 6;       // of one payload or command
constexpr int kInsideMax = 2;     // actions while somebody waits inside the engine
constexpr int kIdleMax = 10'000;  // moves of the clock while nobody can go on
constexpr int kDrainMax = 2'000;  // rounds of all agencies at the end
constexpr std::int64_t kFirstExtract = 1'400'000'000;

class SimulatedClock : public Clock {
 public:
  absl::Time Now() const override { return now_; }
  absl::Duration SteadyNow() const override { return steady_; }
  void Advance(absl::Duration by) {
    now_ += by;
    steady_ += by;
  }
  void Jump(absl::Time to) { now_ = to; }

 private:
  absl::Time now_ = absl::FromUnixSeconds(1'790'000'000);
  absl::Duration steady_ = absl::Seconds(1'000);
};

// One policy, which the hub proposes to whoever is on the register and known elsewhere.
class ProposedPolicy : public OnePolicy {
 public:
  ProposedPolicy() {
    policy::PolicyMap policies;
    policies[kPolicy];
    const auto file = model::YamlNode::Parse(
        "entitlement-watch.yaml",
        "{table: entitlement-watch, rows: [{from: 1970-01-01, source: s, watched: [REGISTERED], "
        "remind_days: 30, propose: [{policy: training-help}]}]}");
    watch_ = policy::EntitlementWatchTable::Read(*file, policies).value();
  }
  const policy::EntitlementWatchTable* entitlement_watch() const override { return &watch_; }

 private:
  policy::EntitlementWatchTable watch_;
};

class World {
 public:
  explicit World(const SimulationOptions& options);
  ~World();
  SimulationResult Run();

 private:
  using Code = absl::StatusCode;

  std::size_t Choose(std::size_t count) {
    const std::size_t choice = random_() % count;
    trace_hash_ = (trace_hash_ ^ choice) * 1099511628211U;
    return choice;
  }
  bool OneIn(std::size_t count) { return Choose(count) == 0; }
  void Trace(const std::string& line);
  void Check(const std::string& violation);
  bool over() const { return !result_.violation.empty(); }

  void Open();
  void Restart();
  JournalView ReadJournal();
  void Verify();

  // What somebody does; the second kind never waits inside the engine.
  void Act();
  void ActInside();
  void MakePayload();
  void SubmitAny();
  void Submit(std::size_t payload, bool own_content);
  void MakeCommand();
  void RunAnyCommand();
  void RunCommand(std::size_t command, bool own_content);
  std::optional<ReferralDocument> AnyReferral();
  // "may_close": nobody uses a stream at the moment.
  void Receive(bool may_close);
  void AnswerHeld();
  void AckOf(const std::string& agency, const std::string& delivery);
  void NackOf(const std::string& agency, const std::string& delivery);
  void Read();
  void MoveTime();
  void Fault();

  void Drain();

  const SimulationOptions options_;
  std::mt19937_64 random_;
  std::mt19937_64 names_;
  RandomSource random_source_;
  SimulationResult result_;
  std::uint64_t trace_hash_ = 1469598103934665603U;

  SimulatedClock clock_;
  SimulatedStore store_;
  testing::FakeAdapter adapter_;
  adapter::AdapterSlot slot_{&adapter_};
  ProposedPolicy catalogue_;
  Scheduler scheduler_;
  EngineOptions engine_options_;
  std::unique_ptr<Engine> engine_;
  SimulationModel model_;

  int idle_ = 0;
  int inside_left_ = 0;
  int made_ = 0;        // payloads and commands, for their contents
  int unanswered_ = 0;  // payloads with the engine
  const std::vector<std::string> receivers_ = {"employment", "training", "police"};
  std::map<std::string, std::unique_ptr<DeliveryStream>> streams_;
  std::vector<std::pair<std::string, std::string>> held_;  // agency, delivery: answered later
};

World::World(const SimulationOptions& options)
    : options_(options),
      random_(options.seed),
      names_(options.seed + 1'000'000'007),
      random_source_([this](std::size_t count) {
        std::string bytes;
        for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(names_() & 0xff));
        return bytes;
      }),
      store_([this](std::size_t count) { return Choose(count); }),
      scheduler_([this](std::size_t count) { return Choose(count); },
                 [this] {
                   clock_.Advance(absl::Milliseconds(100));
                   return ++idle_ < kIdleMax;
                 }) {
  SetRandomSourceForTest(&random_source_);
  for (const char* id : {"police", "employment", "training"}) {
    AgencyOptions& agency = engine_options_.agencies.emplace_back();
    agency.id = id;
    agency.kind = agency.id == "police" ? "police" : "employment";
    agency.adapter = &slot_;
    agency.formats = {agency.id == "police" ? "changes" : "jobless"};
    agency.pending_payloads_max = 4;
    if (agency.id != "police") agency.services = {"skills"};
  }
  engine_options_.scheduler = &scheduler_;
  engine_options_.entitlement_watch = true;
  engine_options_.delivery_attempts_max = 4;
  engine_options_.group_entries_max = static_cast<int>(Choose(12)) + 2;
  engine_options_.inline_group_entries_max = OneIn(2) ? 0 : 64;
  if (OneIn(3)) engine_options_.projection_lag_max = 20;
  EngineTestHooks& hooks = engine_options_.test_hooks;
  hooks.answer_before_sync = options.mutant == Mutant::kAnswerBeforeSync;
  hooks.forget_deliveries_at_start = options.mutant == Mutant::kForgetDeliveries;
  if (options.mutant == Mutant::kNoSync) store_.LeaveSyncsOut();
  if (options.mutant == Mutant::kProjectionReadsClock) {
    hooks.before_projecting = [this](journal::v1::Entry* entry) {
      entry->mutable_commit_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
    };
  }
  scheduler_.Add(
      this, [this] { return inside_left_ > 0 && !over(); }, [this] { ActInside(); },
      /*reentrant=*/true);
}

World::~World() {
  streams_.clear();
  engine_.reset();
  scheduler_.Remove(this);
  SetRandomSourceForTest(nullptr);
}

void World::Trace(const std::string& line) {
  for (const char c : line) {
    trace_hash_ = (trace_hash_ ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  if (options_.trace) std::printf("%s\n", line.c_str());
}

void World::Check(const std::string& violation) {
  if (violation.empty() || over()) return;
  result_.violation = violation;
  Trace(absl::StrCat("VIOLATION: ", violation));
}

void World::Open() {
  auto engine = Engine::Open(engine_options_, &store_, &clock_, &catalogue_);
  Trace(absl::StrCat("open: ", engine.status().ToString()));
  if (engine.ok()) {
    engine_ = *std::move(engine);
  } else if (!store_.down()) {
    Check("the engine does not open");
  }
}

void World::Restart() {
  streams_.clear();
  held_.clear();
  engine_.reset();
  if (unanswered_ != 0) Check("payloads were never answered");
  unanswered_ = 0;
  ++result_.restarts;
  if (store_.down()) {
    ++result_.crashes;
    store_.Recover();
  }
  store_.FillDisk(false);
  store_.FillProjections(false);
  Trace(absl::StrCat("restart at ", store_.synced_sequence(), ", projected ",
                     store_.applied_sequence()));
  Check(model_.OnJournal(ReadJournal()));
  Open();
  if (engine_ != nullptr) Verify();
}

void World::Verify() {
  const auto report = engine_->Verify(nullptr);
  if (store_.down()) return;
  if (!report.ok()) return Check(absl::StrCat("verify: ", report.status().ToString()));
  Trace(absl::StrCat("verified ", report->keys, " keys"));
  if (!report->equal) Check("the rebuilt projections are not the live ones");
}

JournalView World::ReadJournal() {
  JournalView view;
  store::Sequence next = 1;
  const absl::Status status =
      store_.ReadJournal(1, [&](store::Sequence sequence, absl::string_view bytes) {
        if (sequence != next++) Check("the journal has a gap");
        journal::v1::Entry entry;
        if (!entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
          Check("an entry cannot be read");
        }
        view.entries.emplace_back(bytes);
        if (entry.has_payload_closed()) {
          std::string receipt;
          for (const auto& record : entry.payload_closed().receipt().records()) {
            absl::StrAppend(&receipt, record.row(), " ", record.record_key(), " ",
                            static_cast<int>(record.disposition()), ";");
          }
          view.receipts[entry.payload_closed().request_id()].push_back(receipt);
        } else if (entry.has_referral_changed()) {
          // The hub's own proposals answer nobody.
          const std::string& request_id = entry.referral_changed().request_id();
          if (!request_id.empty()) ++view.commands[request_id];
          if (entry.referral_changed().has_delivery()) {
            view.queued[entry.referral_changed().delivery().delivery()] =
                entry.referral_changed().delivery().agency();
          }
        } else if (entry.has_delivery_answered()) {
          const journal::v1::DeliveryAnswered& answered = entry.delivery_answered();
          if (answered.acknowledged()) view.acknowledged.insert(answered.delivery());
          if (answered.dead()) view.dead.insert(answered.delivery());
        }
        return true;
      });
  if (!status.ok()) Check("the journal cannot be read");
  result_.entries = view.entries.size();
  return view;
}

void World::MakePayload() {
  SimulatedPayload& payload = model_.payloads.emplace_back();
  const bool police = OneIn(2);
  payload.agency = police ? "police" : "employment";
  payload.format = police ? "changes" : "jobless";
  payload.request_id = absl::StrCat("payload-", ++made_);
  payload.extract_seconds = kFirstExtract + made_ * 60;
  static constexpr const char* kNames[] = {"张安", "李桥", "王平"};
  const std::size_t first = Choose(6);
  for (std::size_t i = 0; i <= Choose(3); ++i) {
    const std::size_t person = (first + i) % 6;
    const std::string key = absl::StrCat(police ? "P" : "J", person);
    if (OneIn(12)) absl::StrAppend(&payload.text, "BAD\n");
    if (OneIn(8)) {
      absl::StrAppend(&payload.text, "-", key, "\n");
      continue;
    }
    const absl::CivilDay day = absl::CivilDay(2010, 1, 1) + made_;
    absl::StrAppend(&payload.text, key, "|", kNames[person % 3], "|",
                    IdNumber(static_cast<int>(person)), "|", absl::FormatCivilTime(day), "|",
                    police ? "421202003010" : "421202", "\n");
  }
}

void World::SubmitAny() {
  if (model_.payloads.empty() || OneIn(2)) MakePayload();
  const std::size_t at = OneIn(3) ? model_.payloads.size() - 1 : Choose(model_.payloads.size());
  const SimulatedPayload& payload = model_.payloads[at];
  if (payload.sent >= kSentMax) return;
  Submit(at, !(payload.answered && OneIn(5)));
}

void World::Submit(std::size_t at, bool own_content) {
  SimulatedPayload& payload = model_.payloads[at];
  SubmitCommand command;
  command.agency = payload.agency;
  command.header.set_format(payload.format);
  command.header.set_request_id(payload.request_id);
  command.header.mutable_extract_time()->set_seconds(payload.extract_seconds);
  command.payload = own_content ? payload.text : payload.text + "X1|张安\n";
  ++unanswered_;
  const bool taken = engine_->Submit(
      std::move(command),
      [this, at, own_content](std::vector<SubmitResponse> responses) {
        --unanswered_;
        // Nobody hears what is said after the power went.
        if (store_.down()) return;
        Trace(absl::StrCat("answer to ", model_.payloads[at].request_id, ": ",
                           responses.back().summary().status().code(), " ",
                           responses.back().summary().status().message()));
        Check(model_.OnAnswer(at, own_content, responses));
      },
      nullptr);
  if (!taken) {
    --unanswered_;
    return;
  }
  ++payload.sent;
  ++result_.payloads;
  Trace(absl::StrCat("submit ", payload.request_id, own_content ? "" : " with other content"));
}

std::optional<ReferralDocument> World::AnyReferral() {
  const auto page = engine_->ListReferrals({}, "", 1000, "");
  if (!page.ok() || page->items.empty()) return std::nullopt;
  return page->items[Choose(page->items.size())];
}

void World::MakeCommand() {
  SimulatedCommand command;
  const std::string id = absl::StrCat("command-", ++made_);
  const std::size_t kind = Choose(3);
  if (kind == 0) {
    const auto cases = engine_->ListCases({}, "", 1000, "");
    if (!cases.ok() || cases->items.empty()) return;
    command.kind = SimulatedCommand::Kind::kCreate;
    command.create.request_id = id;
    command.create.case_id = cases->items[Choose(cases->items.size())].document.person();
    command.create.policy = kPolicy;
    command.create.agency = OneIn(2) ? "employment" : "training";
    command.create.details = {{"course", absl::StrCat("c", made_)}};
  } else {
    const std::optional<ReferralDocument> referral = AnyReferral();
    if (!referral.has_value()) return;
    if (kind == 1 && referral->state() == journal::v1::REFERRAL_STATE_DRAFT) {
      command.kind = SimulatedCommand::Kind::kSend;
      command.send.request_id = id;
      command.send.referral = referral->referral();
      command.send.etag = ReferralEtag(*referral);
      command.send.legal_basis = "STATUTORY_DUTY";
      command.send.basis_reference = "第五十二条";
      command.send.notice_given = true;
    } else {
      if (!OneIn(3)) return;
      command.kind = SimulatedCommand::Kind::kMove;
      command.move.request_id = id;
      command.move.referral = referral->referral();
      command.move.etag = ReferralEtag(*referral);
      command.move.action = referral::Action::kCancel;
      command.move.reason = "PERSON_WITHDREW";
    }
  }
  model_.commands.push_back(std::move(command));
}

void World::RunAnyCommand() {
  const std::size_t before = model_.commands.size();
  if (before == 0 || !OneIn(3)) MakeCommand();
  if (model_.commands.empty()) return;
  const std::size_t at = model_.commands.size() > before ? before : Choose(model_.commands.size());
  const SimulatedCommand& command = model_.commands[at];
  if (command.sent >= kSentMax) return;
  RunCommand(at, !(command.answered && OneIn(5)));
}

void World::RunCommand(std::size_t at, bool own_content) {
  // A copy: others may make commands while this one waits.
  SimulatedCommand command = model_.commands[at];
  ++model_.commands[at].sent;
  ++result_.commands;
  Trace(absl::StrCat("run ", command.request_id(), own_content ? "" : " with other content"));
  absl::StatusOr<ReferralDocument> done;
  const Principal user = [] {
    Principal principal;
    principal.set_kind(journal::v1::PRINCIPAL_KIND_USER);
    principal.set_name("chen");
    principal.set_role("caseworker");
    return principal;
  }();
  switch (command.kind) {
    case SimulatedCommand::Kind::kCreate:
      if (!own_content) command.create.details["course"] = "other";
      done = engine_->CreateReferral(user, command.create, "");
      break;
    case SimulatedCommand::Kind::kSend:
      if (!own_content) command.send.basis_reference = "other";
      done = engine_->SendReferral(user, command.send, "");
      break;
    case SimulatedCommand::Kind::kMove:
      if (!own_content) command.move.reason = "CIRCUMSTANCES_CHANGED";
      done = engine_->MoveReferral(user, command.move, "");
      break;
  }
  if (store_.down()) return;
  Trace(absl::StrCat(command.request_id(), ": ", done.status().ToString()));
  Check(model_.OnCommand(at, own_content, command.answered, done.status(),
                         done.ok() ? done->referral() : ""));
}

void World::Receive(bool may_close) {
  const std::string agency = receivers_[Choose(receivers_.size())];
  std::unique_ptr<DeliveryStream>& stream = streams_[agency];
  if (stream != nullptr && may_close && OneIn(20)) stream.reset();
  if (stream == nullptr) {
    auto opened = engine_->OpenReceive(agency, 3, kVisibility);
    if (!opened.ok()) return Check("a stream cannot be opened");
    stream = *std::move(opened);
  }
  const auto next = stream->Next(absl::ZeroDuration());
  if (!next.ok()) return Check("a stream ended");
  if (!next->has_value()) return;
  const std::string delivery((*next)->name());
  ++result_.deliveries;
  Trace(absl::StrCat(agency, " is handed ", delivery));
  Check(model_.OnDelivery(agency, std::string(absl::StripPrefix(delivery, "deliveries/"))));
  switch (Choose(4)) {
    case 0:
      return AckOf(agency, delivery);
    case 1:
      return NackOf(agency, delivery);
    case 2:
      held_.emplace_back(agency, delivery);
      return;
    default:
      return;  // It is handed out again when its time is over.
  }
}

void World::AnswerHeld() {
  if (held_.empty()) return;
  const std::size_t at = Choose(held_.size());
  const auto [agency, delivery] = held_[at];
  if (OneIn(2)) held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(at));
  if (OneIn(6)) {
    // Somebody else's.
    const std::string other = agency == "police" ? "employment" : "police";
    if (streams_[other] == nullptr) return;
    const absl::Status status = streams_[other]->Ack(delivery);
    if (!store_.down() && !absl::IsNotFound(status))
      Check("a delivery was acked by another agency");
    return;
  }
  AckOf(agency, delivery);
}

void World::AckOf(const std::string& agency, const std::string& delivery) {
  if (streams_[agency] == nullptr) return;
  const absl::Status status = streams_[agency]->Ack(delivery);
  if (store_.down()) return;
  Trace(absl::StrCat(agency, " acks ", delivery, ": ", status.ToString()));
  if (status.ok()) {
    model_.acknowledged.insert(std::string(absl::StripPrefix(delivery, "deliveries/")));
  } else if (!IsTransient(status.code())) {
    Check(absl::StrCat("an ack was answered with ", status.ToString()));
  }
}

void World::NackOf(const std::string& agency, const std::string& delivery) {
  const absl::Status status = streams_[agency]->Nack(delivery, "SYSTEM_DOWN");
  if (store_.down()) return;
  Trace(absl::StrCat(agency, " nacks ", delivery, ": ", status.ToString()));
  if (!status.ok() && !IsTransient(status.code())) {
    Check(absl::StrCat("a nack was answered with ", status.ToString()));
  }
}

void World::Read() {
  Principal user;
  user.set_kind(journal::v1::PRINCIPAL_KIND_USER);
  user.set_name("chen");
  engine_->RecordAccess(user, "ListCases", "cases", !OneIn(3), "");
  (void)engine_->ListCases({}, "", 10, "");
}

void World::MoveTime() {
  switch (Choose(6)) {
    case 0: {
      // The clock jumps, years either way.
      const int days = static_cast<int>(Choose(3650)) - 1825;
      clock_.Jump(absl::FromUnixSeconds(1'790'000'000) + absl::Hours(24 * days));
      return Trace(absl::StrCat("clock jumps to day ", days));
    }
    case 1:
      return clock_.Advance(kVisibility + absl::Seconds(1));
    default:
      return clock_.Advance(absl::Milliseconds(static_cast<std::int64_t>(Choose(3000))));
  }
}

void World::Fault() {
  switch (Choose(6)) {
    case 0:
      store_.FillDisk(true);
      return Trace("the disk is full");
    case 1:
      store_.FillProjections(true);
      return Trace("the disk of the projections is full");
    case 2: {
      const int points = static_cast<int>(Choose(12)) + 1;
      store_.CutPowerAfter(points);
      return Trace(absl::StrCat("power goes after ", points));
    }
    default:
      store_.FillDisk(false);
      store_.FillProjections(false);
  }
}

void World::Act() {
  inside_left_ = static_cast<int>(Choose(kInsideMax + 1));
  switch (Choose(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return SubmitAny();
    case 4:
    case 5:
    case 6:
      return RunAnyCommand();
    case 7:
    case 8:
    case 9:
      return Receive(true);
    case 10:
      return AnswerHeld();
    case 11:
      return Read();
    case 12:
      return MoveTime();
    case 13:
      return Fault();
    default:
      for (std::size_t i = Choose(10); i > 0 && scheduler_.Step(); --i) {
      }
  }
}

void World::ActInside() {
  --inside_left_;
  if (engine_ == nullptr) return;
  // Whoever waits would wait for itself if the engine's own parts wait below.
  const bool may_wait = scheduler_.depth() == 0;
  switch (Choose(5)) {
    case 0:
    case 1:
      return SubmitAny();
    case 2:
      return may_wait ? RunAnyCommand() : MoveTime();
    case 3:
      return may_wait ? Receive(false) : MoveTime();
    default:
      return Fault();
  }
}

void World::Drain() {
  inside_left_ = 0;
  store_.CutPowerAfter(0);
  Restart();
  for (std::size_t i = 0; i < model_.payloads.size() && !over(); ++i) {
    if (model_.payloads[i].answered || model_.payloads[i].sent == 0) continue;
    Submit(i, true);
    while (scheduler_.Step()) {
    }
  }
  for (std::size_t i = 0; i < model_.commands.size() && !over(); ++i) {
    if (!model_.commands[i].answered) RunCommand(i, true);
  }
  // Every agency takes what there is; pauses after refusals end.
  int rounds = 0;
  for (int quiet = 0; quiet < 3 && !over();) {
    if (++rounds > kDrainMax) return Check("the agencies never come to an end");
    bool any = false;
    for (const std::string& agency : receivers_) {
      if (streams_[agency] == nullptr) {
        auto opened = engine_->OpenReceive(agency, 100, kVisibility);
        if (!opened.ok()) return Check("a stream cannot be opened");
        streams_[agency] = *std::move(opened);
      }
      const auto next = streams_[agency]->Next(absl::ZeroDuration());
      if (!next.ok()) return Check("a stream ended");
      if (!next->has_value()) continue;
      any = true;
      const std::string name((*next)->name());
      Check(model_.OnDelivery(agency, std::string(absl::StripPrefix(name, "deliveries/"))));
      AckOf(agency, name);
    }
    quiet = any ? 0 : quiet + 1;
    if (!any) clock_.Advance(absl::Minutes(10));
    while (scheduler_.Step()) {
    }
  }
}

SimulationResult World::Run() {
  Open();
  for (int i = 0; i < options_.actions && !over(); ++i) {
    idle_ = 0;
    if (engine_ == nullptr || store_.down() || OneIn(80)) {
      inside_left_ = 0;
      Restart();
      continue;
    }
    Act();
  }
  if (!over()) Drain();
  if (!over() && !engine_->AwaitWatched(absl::Minutes(10)).ok()) {
    Check("the entitlement watch does not catch up");
  }
  if (!over()) {
    const JournalView journal = ReadJournal();
    Check(model_.OnJournal(journal));
    Check(model_.OnEnd(journal, engine_.get()));
    Verify();
    for (const std::string& entry : journal.entries) Trace(Hex(Sha256(entry)).substr(0, 8));
  }
  result_.trace_hash = trace_hash_;
  return result_;
}

}  // namespace

SimulationResult Simulate(const SimulationOptions& options) { return World(options).Run(); }

}  // namespace anqiao::engine
