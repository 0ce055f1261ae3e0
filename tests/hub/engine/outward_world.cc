#include "tests/hub/engine/outward_world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/engine/engine.h"
#include "hub/engine/scheduler.h"
#include "hub/engine/values.h"
#include "hub/rpc/status_conversion.h"
#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"
#include "hub/store/sealed_store.h"
#include "tests/hub/engine/outward_directory.h"
#include "tests/hub/engine/record_adapter.h"

namespace anqiao::engine {
namespace {

using exchange::v1::Delivery;
using journal::v1::ReferralDocument;

constexpr absl::Duration kVisibility = absl::Seconds(30);
constexpr std::size_t kContext = 120;
// Takes files over: it sees what the police state, as they do themselves.
constexpr char kOffice[] = "north_street";
constexpr const char* kServices[] = {"employment-assistance",
                                     "difficulty-recognition",
                                     "training-subsidy",
                                     "startup-loan",
                                     "first-business-subsidy",
                                     "insurance-subsidy-employer",
                                     "unemployment-registration",
                                     "public-welfare-post",
                                     "insurance-subsidy-flexible",
                                     "tax-relief-self-employed",
                                     "tax-relief-employer",
                                     "temporary-relief",
                                     "minimum-living",
                                     "unemployment-insurance"};

class StillClock : public Clock {
 public:
  absl::Time Now() const override { return now_; }
  absl::Duration SteadyNow() const override { return now_ - absl::UnixEpoch(); }
  void Advance(absl::Duration by) { now_ += by; }

 private:
  absl::Time now_ = absl::FromUnixSeconds(1'790'000'000);
};

Principal Caseworker(const std::string& role) {
  Principal user;
  user.set_kind(journal::v1::PRINCIPAL_KIND_USER);
  user.set_name("chen");
  user.set_role(role);
  return user;
}

// Where random bytes come from on this thread: every step of the script has a stream of its own, so
// that names do not tell how often anything was drawn before.
thread_local Dice* random_stream = nullptr;

std::string DrawBytes(std::size_t count) {
  if (random_stream == nullptr) std::abort();
  std::string bytes;
  while (bytes.size() < count) bytes.push_back(static_cast<char>(random_stream->Next() >> 56));
  return bytes;
}

void InstallRandomSource() {
  static const RandomSource source = DrawBytes;
  SetRandomSourceForTest(&source);
}

std::string UuidOf(Dice& dice) {
  const std::string hex = absl::StrCat(absl::Hex(dice.Next(), absl::kZeroPad16),
                                       absl::Hex(dice.Next(), absl::kZeroPad16));
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-4", hex.substr(13, 3), "-8",
                      hex.substr(17, 3), "-", hex.substr(20, 12));
}

std::unique_ptr<store::Store> OpenStore(bool sealed) {
  std::unique_ptr<store::Store> memory = store::NewMemoryStore();
  if (!sealed) return memory;
  auto suite = store::CipherSuite::Make("aes-256-gcm-sha256");
  auto ring = suite.ok() ? store::KeyRing::InMemory(**suite) : suite.status();
  if (!ring.ok()) std::abort();
  auto store = store::OpenSealedStore(std::move(memory), *std::move(suite), *std::move(ring), {});
  if (!store.ok()) std::abort();
  return *std::move(store);
}

// What encryption and signatures make of random nonces and keys says nothing: only its size is
// compared. Everything else of a head or proof stays.
void Blank(std::string* bytes) { bytes->assign(bytes->size(), '*'); }

void BlankHead(exchange::v1::SignedTreeHead* head) {
  Blank(head->mutable_root_hash());
  Blank(head->mutable_key_id());
  Blank(head->mutable_signature());
}

class World {
 public:
  World(const Pair& pair, std::size_t side, const WorldOptions& options);
  ~World();
  WorldResult Run();

 private:
  void Prepare();
  void DrawFrom(std::uint64_t stream);
  void Settle();
  void RunStep(const Step& step);
  void Submit(const ScriptedPayload& payload);
  void Create(const Step& step);
  void Send(const Step& step);
  void SendNext(const Step& step);
  absl::Status SendOne(const ReferralDocument& referral);
  // What a route that heeds the law's limits would choose.
  void HeedLimits(CreateReferralCommand* command);
  void Move(const Step& step);
  void Receive(const Step& step);
  void Answer(const Step& step);
  void AnswerByCall(Dice& dice, const exchange::v1::AnswerReferralRequest& request);
  void AnswerNatively(const std::string& agency,
                      const exchange::v1::AnswerReferralRequest& request);
  exchange::v1::AnswerReferralRequest MakeAnswer(Dice& dice, const std::string& agency);
  void Prove(const Step& step);
  void LogHead(const Step& step);
  void Corrections(const Step& step);
  void Care(const Step& step);
  void Judge(std::uint64_t seed);
  void Join(const std::string& person);
  void Dispatch(const std::string& person, const std::string& agency);

  std::optional<CaseView> FindCase(const RecordName& subject);
  std::optional<ReferralDocument> FindReferral(std::size_t slot);
  void Capture(const std::string& recipient, const std::string& what, std::string bytes);
  void CaptureStatus(const std::string& recipient, const std::string& what,
                     const absl::Status& status);
  void Count(const std::string& what) { ++result_.counts[what]; }

  const Pair& pair_;
  const std::size_t side_;
  const WorldOptions options_;
  Dice random_{0};
  std::uint64_t stream_ = 0, draws_ = 0;
  Dice schedule_;
  WorldResult result_;

  StillClock clock_;
  RecordAdapter adapter_;
  adapter::AdapterSlot slot_{&adapter_};
  std::unique_ptr<store::Store> store_;
  Scheduler scheduler_;
  EngineOptions engine_options_;
  std::unique_ptr<Engine> engine_;

  int requests_ = 0, judgements_ = 0;
  std::vector<std::string> referrals_;  // by slot; empty: there is none
  std::vector<RecordName> subjects_;    // by slot
  // What each recipient knows.
  std::map<std::string, std::vector<Delivery>> received_;
  std::map<std::string, std::string> etags_;  // by referral
  std::map<std::string, int> progress_;       // by referral
  std::map<std::string, std::string> payloads_;
  std::map<std::string, std::uint64_t> log_sizes_;

  Leaking leaking_;
};

World::World(const Pair& pair, std::size_t side, const WorldOptions& options)
    : pair_(pair),
      side_(side),
      options_(options),
      schedule_(pair.seed * 2 + side),
      store_(nullptr),
      scheduler_([this](std::size_t count) { return schedule_.Choose(count); },
                 [] { return false; }) {
  InstallRandomSource();
  random_stream = &random_;
  leaking_.leak = options.leak;
  store_ = OpenStore(options.sealed);
  Prepare();
}

World::~World() {
  engine_.reset();
  store_.reset();
  random_stream = nullptr;
}

void World::Prepare() {
  for (const char* id : {"police", "civil_affairs", "employment", "school", "tax", kOffice}) {
    AgencyOptions& agency = engine_options_.agencies.emplace_back();
    agency.id = id;
    agency.kind = agency.id == "school" ? "employment" : agency.id;
    if (agency.id == kOffice) agency.kind = "subdistrict_office";
    agency.adapter = &slot_;
    for (const auto& [name, kind] : RecordFormats()) agency.formats.push_back(name);
    if (agency.id == "police" || agency.id == kOffice) continue;
    if (agency.id == "school") {
      agency.services = {"training-subsidy"};
    } else {
      agency.services.assign(std::begin(kServices), std::end(kServices));
    }
    if (agency.id == "employment" || agency.id == "tax") agency.delivery_format = "requests";
  }
  engine_options_.directory = &TheDirectory();
  engine_options_.job_limits = &TheJobLimits();
  engine_options_.test_hooks.route_heeds_police = leaking_.Does(Leak::kDivision);
  engine_options_.entitlement_watch = true;
  engine_options_.scheduler = &scheduler_;
  engine_options_.delivery_attempts_max = 3;
  engine_options_.test_hooks.before_projecting = [this](journal::v1::Entry* entry) {
    ++leaking_.entries;
    for (const auto& notice : entry->entitlement_noted().notices()) {
      if (notice.kind() == journal::v1::ENTITLEMENT_NOTICE_KIND_PROPOSAL) Count("proposal");
    }
    if (!entry->has_referral_changed() || !entry->referral_changed().has_delivery()) return;
    leaking_.ChangeDelivery(entry->mutable_referral_changed()->mutable_delivery());
  };
  auto engine = Engine::Open(engine_options_, store_.get(), &clock_, options_.catalogue);
  if (!engine.ok()) {
    std::fprintf(stderr, "the engine does not open: %s\n", engine.status().ToString().c_str());
    std::abort();
  }
  engine_ = *std::move(engine);
}

void World::DrawFrom(std::uint64_t stream) {
  stream_ = stream;
  draws_ = 0;
  random_ = Dice(stream);
}

// The watch may draw names of its own, which must not tell in those that come after.
void World::Settle() {
  while (scheduler_.Step()) {
  }
  random_ = Dice(stream_ ^ (++draws_ << 48));
}

WorldResult World::Run() {
  for (std::size_t i = 0; i <= pair_.steps.size(); ++i) {
    DrawFrom(~pair_.seed * 1000 + i);
    for (const ScriptedPayload& payload : pair_.police[side_][i]) Submit(payload);
    Judge(pair_.seed * 1000 + i);
    if (i == pair_.steps.size()) break;
    DrawFrom(pair_.seed * 1000 + i);
    clock_.Advance(absl::Milliseconds(1500));
    RunStep(pair_.steps[i]);
    Settle();
    if (!engine_->FireTimers().ok()) Count("timers failed");
  }
  return std::move(result_);
}

void World::RunStep(const Step& step) {
  switch (step.kind) {
    case Step::Kind::kSubmit:
      return Submit(step.payload);
    case Step::Kind::kCreate:
      return Create(step);
    case Step::Kind::kSend:
      return Send(step);
    case Step::Kind::kSendNext:
      return SendNext(step);
    case Step::Kind::kMove:
      return Move(step);
    case Step::Kind::kReceive:
      return Receive(step);
    case Step::Kind::kAnswer:
      return Answer(step);
    case Step::Kind::kProve:
      return Prove(step);
    case Step::Kind::kLogHead:
      return LogHead(step);
    case Step::Kind::kCorrections:
      return Corrections(step);
    case Step::Kind::kCare:
      return Care(step);
    case Step::Kind::kWait:
      return clock_.Advance(absl::Seconds(45));
  }
}

// --- What leaves. ---

void World::Capture(const std::string& recipient, const std::string& what, std::string bytes) {
  if (recipient != "police") result_.captured.push_back({recipient, what, std::move(bytes)});
}

void World::CaptureStatus(const std::string& recipient, const std::string& what,
                          const absl::Status& status) {
  Count(absl::StrCat(what, " ", status.ok() ? "OK" : ReasonOf(status)));
  Capture(recipient, what, Canonical(rpc::ToRpcStatus(leaking_.Change(status))));
}

void World::Submit(const ScriptedPayload& payload) {
  SubmitCommand command;
  command.agency = payload.agency;
  command.payload = payload.text;
  command.header.set_format(payload.format);
  // The police's payloads name themselves by their content, so that the others' ids are the same.
  if (payload.agency != "police") {
    command.header.set_request_id(UuidOf(random_));
    payloads_[payload.agency] = command.header.request_id();
  }
  bool answered = false;
  const bool taken = engine_->Submit(
      std::move(command),
      [&](std::vector<exchange::v1::SubmitResponse> responses) {
        answered = true;
        for (exchange::v1::SubmitResponse& response : responses) {
          if (leaking_.Does(Leak::kPosition)) {
            for (auto& record : *response.mutable_records())
              record.set_log_position(leaking_.entries);
          }
          if (payload.agency != "police") Count("receipt");
          Capture(payload.agency, "receipt", Canonical(response));
        }
      },
      nullptr);
  Settle();
  if (!taken || !answered) Capture(payload.agency, "receipt", "never came");
}

void World::Receive(const Step& step) {
  Dice dice(step.choice);
  auto stream =
      engine_->OpenReceive(step.agency, 1 + static_cast<int>(dice.Choose(8)), kVisibility);
  if (!stream.ok()) return CaptureStatus(step.agency, "receive", stream.status());
  std::vector<std::string> held_back;
  for (int i = 0; i < 12; ++i) {
    const auto next = (*stream)->Next(absl::ZeroDuration());
    if (!next.ok()) return CaptureStatus(step.agency, "receive", next.status());
    if (!next->has_value()) break;
    const Delivery& delivery = **next;
    exchange::v1::ReceiveResponse response;
    *response.mutable_delivery() = delivery;
    Count("delivery");
    if (delivery.has_request()) {
      Count(absl::StrCat("delivery ", static_cast<int>(delivery.request().view_case())));
    }
    if (leaking_.Does(Leak::kOrder) && leaking_.referrals.count(delivery.referral()) > 0) {
      held_back.push_back(Canonical(response));
    } else {
      Capture(step.agency, "delivery", Canonical(response));
    }
    received_[step.agency].push_back(delivery);
    etags_[delivery.referral()] = delivery.etag();
    if (dice.OneIn(6)) {
      CaptureStatus(step.agency, "nack", (*stream)->Nack(delivery.name(), "TRY_LATER"));
    } else if (!dice.OneIn(8)) {
      CaptureStatus(step.agency, "ack", (*stream)->Ack(delivery.name()));
    }
    Settle();
  }
  for (std::string& bytes : held_back) Capture(step.agency, "delivery", std::move(bytes));
  Capture(step.agency, "receive", "nothing more");
}

exchange::v1::AnswerReferralRequest World::MakeAnswer(Dice& dice, const std::string& agency) {
  using namespace exchange::v1;  // NOLINT(google-build-using-namespace): the names of one enum.
  struct Likely {
    AnswerAction action;
    const char* reason;
  };
  static constexpr Likely kLikely[][3] = {
      {{ANSWER_ACTION_ACCEPT, ""},
       {ANSWER_ACTION_REQUEST_INFORMATION, "DOCUMENT_MISSING"},
       {ANSWER_ACTION_DECLINE, "NO_CAPACITY"}},
      {{ANSWER_ACTION_START, ""}, {ANSWER_ACTION_START, ""}, {ANSWER_ACTION_ACCEPT, ""}},
      {{ANSWER_ACTION_REPORT_OUTCOME, ""},
       {ANSWER_ACTION_HOLD, "WAITING_FOR_PLACE"},
       {ANSWER_ACTION_FAIL, "SERVICE_ENDED"}},
      {{ANSWER_ACTION_RESUME, ""},
       {ANSWER_ACTION_CONFIRM_CANCELLATION, ""},
       {ANSWER_ACTION_REPORT_OUTCOME, ""}}};
  const std::vector<Delivery>& known = received_[agency];
  AnswerReferralRequest request;
  request.set_request_id(UuidOf(dice));
  if (known.empty() || dice.OneIn(12)) {
    // Somebody else's, or nobody's.
    const std::vector<Delivery>& others = received_[agency == "tax" ? "employment" : "tax"];
    request.set_referral(others.empty() || dice.OneIn(2)
                             ? "referrals/0123456789abcdefghjkmnpqrs"
                             : others[dice.Choose(others.size())].referral());
  } else {
    request.set_referral(known[dice.Choose(known.size())].referral());
  }
  request.set_etag(dice.OneIn(8) ? "0123456789abcdef" : etags_[request.referral()]);
  const int stage =
      dice.OneIn(5) ? static_cast<int>(dice.Choose(4)) : std::min(progress_[request.referral()], 3);
  const Likely& likely = kLikely[stage][dice.Choose(3)];
  ReferralAnswer& answer = *request.mutable_answer();
  answer.set_action(likely.action);
  answer.set_reason(dice.OneIn(12) ? "NOT_A_REASON" : likely.reason);
  type::v1::CivilDate day;
  day.set_year(2026);
  day.set_month(9);
  day.set_day(dice.OneIn(8) ? 31 : 18);
  if (likely.action == ANSWER_ACTION_HOLD) *answer.mutable_resume_date() = day;
  if (likely.action == ANSWER_ACTION_REPORT_OUTCOME) {
    answer.mutable_outcome()->set_code(dice.OneIn(2) ? OUTCOME_CODE_GRANTED : OUTCOME_CODE_TRAINED);
    *answer.mutable_outcome()->mutable_date() = day;
  }
  return request;
}

void World::Answer(const Step& step) {
  Dice dice(step.choice);
  exchange::v1::AnswerReferralRequest request = MakeAnswer(dice, step.agency);
  const bool natively = dice.OneIn(5);
  const int times = dice.OneIn(6) ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    if (i > 0 && dice.OneIn(3)) request.mutable_answer()->set_reason("NO_VACANCY");
    if (natively) {
      AnswerNatively(step.agency, request);
      continue;
    }
    absl::StatusOr<exchange::v1::AnswerReferralResponse> response =
        engine_->AnswerReferral(step.agency, request);
    if (leaking_.Does(Leak::kRefusal) && leaking_.subject_is_known && response.ok()) {
      response = Error(absl::StatusCode::kPermissionDenied, reason::kPermissionDenied, "refused");
    }
    if (response.ok()) {
      etags_[request.referral()] = response->etag();
      ++progress_[request.referral()];
      Count("answer OK");
      Capture(step.agency, "answer", Canonical(*response));
    } else {
      CaptureStatus(step.agency, "answer", response.status());
    }
  }
}

void World::AnswerNatively(const std::string& agency,
                           const exchange::v1::AnswerReferralRequest& request) {
  std::string action = exchange::v1::AnswerAction_Name(request.answer().action());
  action.erase(0, std::string("ANSWER_ACTION_").size());
  std::string text =
      absl::StrCat(request.request_id(), ";120=", request.referral(), ";121=", request.etag(),
                   ";122=", action, ";123=", request.answer().reason());
  if (request.answer().has_outcome()) absl::StrAppend(&text, ";125=TRAINED;126=2026-09-18");
  Submit({agency, "answers", text + "\n"});
}

void World::Prove(const Step& step) {
  auto proof = engine_->ProveRecord(step.subject.agency, step.subject.format, step.subject.key);
  if (!proof.ok()) return CaptureStatus(step.subject.agency, "proof", proof.status());
  BlankHead(proof->mutable_head());
  exchange::v1::InclusionProof* inclusion = proof->mutable_inclusion();
  Blank(inclusion->mutable_leaf()->mutable_ciphertext_hash());
  for (std::string& hash : *inclusion->mutable_hashes()) Blank(&hash);
  if (leaking_.Does(Leak::kTreeSize)) inclusion->set_tree_size(leaking_.entries);
  Count("proof");
  Capture(step.subject.agency, "proof", Canonical(*proof));
}

void World::LogHead(const Step& step) {
  const std::uint64_t since = log_sizes_[step.agency];
  auto head = engine_->GetLogHead(absl::StrCat("agencies/", step.agency), since);
  if (!head.ok()) return CaptureStatus(step.agency, "head", head.status());
  log_sizes_[step.agency] = head->head.size();
  BlankHead(&head->head);
  std::string bytes = Canonical(head->head);
  if (head->growth.has_value()) {
    for (std::string& hash : *head->growth->mutable_hashes()) Blank(&hash);
    bytes += Canonical(*head->growth);
  }
  Count("head");
  Capture(step.agency, "head", bytes);
}

void World::Corrections(const Step& step) {
  const auto file = engine_->GetCorrections(step.agency, payloads_[step.agency], "zh");
  if (!file.ok()) return CaptureStatus(step.agency, "corrections", file.status());
  Count("corrections");
  Capture(step.agency, "corrections",
          absl::StrCat(file->name, "\n", file->content_type, "\n", file->bytes));
}

// --- What the police's records let the caseworker do: on the side that has none, nothing. ---

void World::Care(const Step& step) {
  const std::optional<CaseView> view = FindCase(step.subject);
  if (!view.has_value()) return;
  const std::string& person = view->document.person();
  Join(person);
  Dispatch(person, "police");
  Dispatch(person, kOffice);
  // What leaves for these two is no business of the others.
  for (const char* agency : {"police", kOffice}) {
    auto stream = engine_->OpenReceive(agency, 8, kVisibility);
    if (!stream.ok()) continue;
    while (true) {
      const auto next = (*stream)->Next(absl::ZeroDuration());
      if (!next.ok() || !next->has_value()) break;
      if (!(*stream)->Ack((**next).name()).ok()) break;
      Count(absl::StrCat("taken by ", agency));
    }
  }
}

// Of a record of the police's and another: nobody's business outside. Only what is so: a request
// about a case that this makes of several people, or of half of one, is another request.
void World::Judge(std::uint64_t seed) {
  Dice dice(seed);
  if (!dice.OneIn(3)) return;
  const auto cases = engine_->ListCases({}, "", 1000, "");
  if (!cases.ok()) return;
  std::vector<journal::v1::PersonRecord> police, others;
  for (const CaseView& view : cases->items) {
    for (const journal::v1::PersonRecord& record : view.document.records()) {
      (record.record().agency() == "police" ? police : others).push_back(record);
    }
  }
  if (police.empty() || others.empty()) return;
  const journal::v1::PersonRecord& one = police[dice.Choose(police.size())];
  const journal::v1::PersonRecord& other = others[dice.Choose(others.size())];
  // "X1" and "K1" are about person 1.
  const bool same = one.record().key().substr(1) == other.record().key().substr(1);
  const auto pair = engine_->GetIdentityPair(one.record_id(), other.record_id(), "");
  if (!pair.ok()) return;
  JudgeIdentityCommand command;
  command.request_id = absl::StrCat("judge-", ++judgements_);
  command.reason = "SEEN_DOCUMENTS";
  JudgeIdentityCommand::Decision& decision = command.decisions.emplace_back();
  decision.record = one.record_id();
  decision.other_record = other.record_id();
  decision.verdict = same ? identity::Verdict::kSame : identity::Verdict::kNotSame;
  if (dice.OneIn(4)) decision.verdict = identity::Verdict::kNone;
  decision.etag = pair->etag;
  const auto judged = engine_->JudgeIdentity(Caseworker("caseworker"), command, "");
  Count(absl::StrCat("judge ", judged.ok() ? "OK" : ReasonOf(judged.status())));
  Settle();
}

void World::Join(const std::string& person) {
  AddTeamMemberCommand member;
  member.request_id = absl::StrCat("member-", ++requests_);
  member.case_id = person;
  member.role = "FAMILY";
  member.display_name = absl::StrCat("家属", requests_);
  member.basis = "STATUTORY_DUTY";
  const auto joined = engine_->AddTeamMember(Caseworker("caseworker"), member, "");
  Count(absl::StrCat("join ", joined.ok() ? "OK" : ReasonOf(joined.status())));
  if (!joined.ok()) return;
  CreateConsentCommand terms;
  terms.request_id = absl::StrCat("consent-", requests_);
  terms.case_id = person;
  terms.purpose = "care-team:BUILDING_HEAD";
  terms.recipient_name = "楼栋长";
  terms.fields = {"case.name", "case.tasks"};
  terms.expire_date = engine_->Today().AddDays(30);
  terms.evidence = "档案";
  const auto consent = engine_->CreateConsent(Caseworker("caseworker"), terms, "");
  if (!consent.ok()) return;
  member.request_id += "-too";
  member.role = "BUILDING_HEAD";
  member.display_name = terms.recipient_name;
  member.basis = "CONSENT";
  member.consent = consent->consent().consent();
  const auto also = engine_->AddTeamMember(Caseworker("caseworker"), member, "");
  Count(absl::StrCat("join too ", also.ok() ? "OK" : ReasonOf(also.status())));
  const auto ended = engine_->WithdrawConsent(
      Caseworker("caseworker"),
      {.request_id = absl::StrCat("withdraw-", requests_), .consent = member.consent}, "");
  if (ended.ok() && ended->ended_members_size() > 0) Count("left");
}

void World::Dispatch(const std::string& person, const std::string& agency) {
  const bool report = agency == "police";
  const auto sent = engine_->SendDispatch(
      Caseworker("caseworker"),
      {.request_id = absl::StrCat("dispatch-", ++requests_),
       .case_id = person,
       .agency = agency,
       .kind = report ? journal::v1::DISPATCH_KIND_REPORT : journal::v1::DISPATCH_KIND_TRANSFER,
       .report_code = report ? "RELAPSE" : "",
       .event_date = engine_->Today(),
       .legal_basis = report ? "REPORT_DUTY" : "CHANGE_OF_PLACE",
       .document_number = "虚构3号"},
      "");
  Count(absl::StrCat(report ? "report " : "transfer ", sent.ok() ? "OK" : ReasonOf(sent.status())));
}

// --- What the caseworker does: nothing of it leaves but through the gate. ---

std::optional<CaseView> World::FindCase(const RecordName& subject) {
  const auto cases = engine_->ListCases({}, "", 1000, "");
  if (!cases.ok()) return std::nullopt;
  for (const CaseView& view : cases->items) {
    for (const journal::v1::PersonRecord& record : view.document.records()) {
      if (record.record().agency() == subject.agency &&
          record.record().format() == subject.format && record.record().key() == subject.key) {
        return view;
      }
    }
  }
  return std::nullopt;
}

std::optional<ReferralDocument> World::FindReferral(std::size_t slot) {
  if (slot >= referrals_.size() || referrals_[slot].empty()) return std::nullopt;
  const auto referral = engine_->GetReferral(referrals_[slot], "");
  if (!referral.ok()) return std::nullopt;
  const std::optional<CaseView> view = FindCase(subjects_[slot]);
  leaking_.subject_is_known = view.has_value() && view->folded.known_to_police;
  leaking_.police_phone =
      view.has_value() && !view->folded.phones.empty() && leaking_.subject_is_known
          ? view->folded.phones.front()
          : "";
  return *referral;
}

void World::Create(const Step& step) {
  CreateReferralCommand command;
  command.request_id = absl::StrCat("create-", ++requests_);
  command.policy = step.policy;
  command.agency = step.agency;
  command.details = step.details;
  command.provider = step.provider;
  command.post = step.post;
  std::string referral;
  if (const std::optional<CaseView> view = FindCase(step.subject)) {
    command.case_id = view->document.person();
    if (leaking_.Does(Leak::kLimits)) HeedLimits(&command);
    const auto draft = engine_->CreateReferral(Caseworker("caseworker"), command, "");
    Count(absl::StrCat("create ", draft.ok() ? "OK" : ReasonOf(draft.status())));
    if (draft.ok()) referral = draft->referral();
  }
  referrals_.push_back(referral);
  subjects_.push_back(step.subject);
}

void World::Send(const Step& step) {
  const std::optional<ReferralDocument> referral = FindReferral(step.referral);
  if (!referral.has_value()) return;
  if (leaking_.Does(Leak::kEligibility) && leaking_.subject_is_known) {
    const std::optional<CaseView> view = FindCase(subjects_[step.referral]);
    const auto answer = options_.catalogue->Evaluate(referral->draft().policy(), view->folded);
    if (!answer.ok() || answer->result() != journal::v1::ENTITLEMENT_RESULT_ELIGIBLE) return;
  }
  const absl::Status sent = SendOne(*referral);
  Count(absl::StrCat("send ", sent.ok() ? "OK" : ReasonOf(sent)));
}

absl::Status World::SendOne(const ReferralDocument& referral) {
  SendReferralCommand command;
  command.request_id = absl::StrCat("send-", ++requests_);
  command.referral = referral.referral();
  command.etag = ReferralEtag(referral);
  command.legal_basis = "STATUTORY_DUTY";
  command.basis_reference = "就业促进法 第五十二条";
  command.notice_given = true;
  return engine_->SendReferral(Caseworker("caseworker"), command, "").status();
}

void World::SendNext(const Step& step) {
  if (referrals_.empty()) return;
  const std::size_t slot = step.referral % referrals_.size();
  const std::optional<ReferralDocument> ended = FindReferral(slot);
  if (!ended.has_value() || ended->replaced_by().empty()) return;
  const auto next = engine_->GetReferral(ended->replaced_by(), "");
  if (!next.ok()) return Count("next lost");
  const absl::Status sent = SendOne(*next);
  Count(absl::StrCat("next ", sent.ok() ? "OK" : ReasonOf(sent)));
  if (sent.ok()) referrals_[slot] = next->referral();
}

void World::HeedLimits(CreateReferralCommand* command) {
  if (!command->provider.empty()) return;
  const auto view = engine_->GetRoute(command->case_id, command->policy, command->route(), "");
  if (!view.ok()) return;
  for (const referral::RouteOption& option : view->route.others) {
    if (option.code != referral::RouteCode::kConditional) continue;
    command->provider = option.provider->id;
    command->post = option.post;
    return;
  }
}

void World::Move(const Step& step) {
  if (referrals_.empty()) return;
  const std::optional<ReferralDocument> referral = FindReferral(step.referral % referrals_.size());
  if (!referral.has_value()) return;
  MoveReferralCommand command;
  command.request_id = absl::StrCat("move-", ++requests_);
  command.referral = referral->referral();
  command.etag = ReferralEtag(*referral);
  command.action = step.action;
  command.reason = step.reason;
  command.details = step.details;
  const auto moved = engine_->MoveReferral(Caseworker("supervisor"), command, "");
  Count(absl::StrCat("move ", moved.ok() ? "OK" : ReasonOf(moved.status())));
}

}  // namespace

WorldResult RunWorld(const Pair& pair, std::size_t side, const WorldOptions& options) {
  return World(pair, side, options).Run();
}

std::string FirstDifference(const std::vector<Captured>& a, const std::vector<Captured>& b) {
  const std::size_t both = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < both; ++i) {
    if (a[i].recipient != b[i].recipient || a[i].what != b[i].what) {
      return absl::StrCat("item ", i, ": ", a[i].recipient, " gets ", a[i].what, " or ",
                          b[i].recipient, " gets ", b[i].what);
    }
    if (a[i].bytes == b[i].bytes) continue;
    const auto [at, other] =
        std::mismatch(a[i].bytes.begin(), a[i].bytes.end(), b[i].bytes.begin(), b[i].bytes.end());
    const auto place = static_cast<std::size_t>(at - a[i].bytes.begin());
    const std::size_t from = place > kContext ? place - kContext : 0;
    return absl::StrCat("item ", i, ": a ", a[i].what, " for ", a[i].recipient, " of ",
                        a[i].bytes.size(), " or ", b[i].bytes.size(), " bytes differs at byte ",
                        place, ":\n  ", absl::CHexEscape(a[i].bytes.substr(from, 2 * kContext)),
                        "\n  ", absl::CHexEscape(b[i].bytes.substr(from, 2 * kContext)));
  }
  if (a.size() != b.size()) {
    return absl::StrCat("one side gets ", a.size(), " things, the other ", b.size());
  }
  return "";
}

}  // namespace anqiao::engine
