#include "hub/engine/engine.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/failpoint.h"
#include "hub/base/status_macros.h"
#include "hub/engine/adapters.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/identity_tables.h"
#include "hub/engine/receipts.h"
#include "hub/engine/values.h"

namespace anqiao::engine {
namespace {

constexpr std::size_t kRefusalsRemembered = 10'000;
constexpr int kInFlightMax = 1000;

absl::Status BadOptions(const std::string& agency, absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason::kConfigurationInvalid,
               absl::StrCat("agency \"", agency, "\": ", message));
}

bool IsName(const std::string& text) {
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(EngineOptions options, store::Store* store,
                                                     const Clock* clock,
                                                     const policy::Catalogue* catalogue) {
  auto engine = std::make_unique<EngineImpl>(std::move(options), store, clock, catalogue);
  AQ_RETURN_IF_ERROR(engine->Start());
  return std::unique_ptr<Engine>(std::move(engine));
}

EngineImpl::EngineImpl(EngineOptions options, store::Store* store, const Clock* clock,
                       const policy::Catalogue* catalogue)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      catalogue_(catalogue),
      executor_(options_.scheduler),
      deliveries_(&options_, clock, store),
      projector_(
          store, clock, &options_,
          [this](const std::vector<DeliveryEvent>& events) { deliveries_.OnEvents(events); },
          options_.entitlement_watch && catalogue->entitlement_watch() != nullptr
              ? [this](store::Sequence first, store::Sequence last,
                       Touches touches) { watch_.OnProjected(first, last, std::move(touches)); }
              : Projector::OnProjected()),
      writer_(store, clock, catalogue, &options_, &projector_, &executor_),
      intake_(&options_, clock, &writer_, &executor_),
      timers_(store, clock, &options_, &writer_),
      watch_(store, clock, catalogue, &options_, &projector_, &writer_) {}

EngineImpl::~EngineImpl() { Shutdown(); }

absl::Status EngineImpl::Start() {
  AQ_RETURN_IF_ERROR(CheckOptions());
  AQ_ASSIGN_OR_RETURN(const store::Epoch epoch, store_->AcquireWriter());
  AQ_RETURN_IF_ERROR(projector_.Start());
  AQ_RETURN_IF_ERROR(FinishDestruction());
  Failpoint::Hit(failpoint::kCaughtUp);
  AQ_RETURN_IF_ERROR(Activate(epoch));
  AQ_RETURN_IF_ERROR(RestoreSwitches());
  Failpoint::Hit(failpoint::kActivated);
  deliveries_.Start();
  deliveries_.SetWriter(&writer_);
  writer_.Start(epoch);
  intake_.Start();
  timers_.Start();
  return watch_.Start();
}

void EngineImpl::Shutdown() {
  watch_.Stop();
  timers_.Stop();
  deliveries_.Close();
  intake_.Stop();
  writer_.Stop();
  projector_.Stop();
  executor_.Stop();
}

absl::Status EngineImpl::CheckOptions() const {
  std::set<std::string> ids;
  for (const AgencyOptions& agency : options_.agencies) {
    if (!IsName(agency.id)) return BadOptions(agency.id, "the id is not a lower-case name");
    if (!ids.insert(agency.id).second) return BadOptions(agency.id, "is registered twice");
    if (agency.adapter == nullptr) return BadOptions(agency.id, "has no adapter");
    if (agency.adapter->absent()) continue;  // its first build is checked when it is loaded
    if (const std::string fault = MissingFormat(agency, *agency.adapter->current());
        !fault.empty()) {
      return BadOptions(agency.id, fault);
    }
  }
  return absl::OkStatus();
}

absl::Status EngineImpl::Activate(store::Epoch epoch) {
  struct Wanted {
    journal::v1::ActivationKind kind;
    std::string name, hash;
  };
  std::vector<Wanted> wanted = {
      {journal::v1::ACTIVATION_KIND_CATALOGUE, "catalogue", catalogue_->hash()},
      {journal::v1::ACTIVATION_KIND_IDENTITY_MODEL, kIdentityModelName, ModelOf(options_).hash}};
  std::map<std::string, std::string> contents = {
      {catalogue_->hash(), catalogue_->content()},
      {ModelOf(options_).hash, ModelOf(options_).content}};
  if (options_.timetable != nullptr) {
    const referral::Calendar& calendar = options_.timetable->calendar;
    wanted.push_back({journal::v1::ACTIVATION_KIND_CALENDAR, calendar.name, calendar.hash});
    contents[calendar.hash] = calendar.content;
  }
  if (options_.directory != nullptr) {
    const referral::ProviderDirectory& directory = *options_.directory;
    wanted.push_back({journal::v1::ACTIVATION_KIND_DIRECTORY, directory.name, directory.hash});
    contents[directory.hash] = directory.content;
  }
  for (const AgencyOptions& agency : options_.agencies) {
    if (agency.adapter->absent()) continue;
    const std::shared_ptr<adapter::Adapter> adapter = agency.adapter->current();
    wanted.push_back(
        {journal::v1::ACTIVATION_KIND_ADAPTER, adapter->manifest().name(), adapter->build_id()});
  }
  const std::unique_ptr<store::Snapshot> snapshot = store_->NewSnapshot();
  store::AppendGroup group;
  std::vector<journal::v1::Entry> entries;
  std::set<std::string> done;
  for (const Wanted& thing : wanted) {
    const std::string key = ActivationKey(thing.kind, thing.name);
    const absl::StatusOr<std::string> active = snapshot->Get(key);
    if (!active.ok() && !absl::IsNotFound(active.status())) return active.status();
    if ((active.ok() && *active == thing.hash) || !done.insert(key).second) continue;
    journal::v1::Entry& entry = entries.emplace_back();
    SetTime(clock_->Now(), entry.mutable_commit_time());
    *entry.mutable_principal() = HubPrincipal();
    entry.mutable_activated()->set_kind(thing.kind);
    entry.mutable_activated()->set_name(thing.name);
    entry.mutable_activated()->set_hash(thing.hash);
    group.entries.push_back(entry.SerializeAsString());
    group.headers.push_back(HeaderOf(entry));
    if (const auto content = contents.find(thing.hash); content != contents.end()) {
      group.blobs.emplace_back(thing.hash, content->second);
    }
  }
  if (entries.empty()) return absl::OkStatus();
  const store::Sequence first = store_->synced_sequence() + 1;
  AQ_ASSIGN_OR_RETURN(const store::Sequence last, store_->Append(epoch, std::move(group)));
  projector_.Push(first, std::move(entries));
  return projector_.WaitFor(last, absl::Seconds(10));
}

const AgencyOptions* EngineImpl::FindAgency(absl::string_view id) const {
  for (const AgencyOptions& agency : options_.agencies) {
    if (agency.id == id) return &agency;
  }
  return nullptr;
}

bool EngineImpl::Submit(SubmitCommand command, std::function<void(Responses)> done,
                        std::function<void()> when_ready) {
  const AgencyOptions* agency = FindAgency(command.agency);
  if (agency == nullptr) {
    executor_.Add([done = std::move(done), id = command.header.request_id()] {
      done(RefusalResponses(id, Error(absl::StatusCode::kNotFound, reason::kAgencyNotFound,
                                      "there is no such agency")));
    });
    return true;
  }
  // Nothing of it is kept or remembered, so that a repeat is taken as soon as it can be.
  if (const absl::Status enabled = agency->adapter->CheckEnabled(); !enabled.ok()) {
    agency->adapter->CountRefused();
    executor_.Add(
        [done = std::move(done),
         responses = RefusalResponses(command.header.request_id(), enabled)] { done(responses); });
    return true;
  }
  return intake_.Submit(*agency, std::move(command), std::move(done), std::move(when_ready));
}

absl::StatusOr<std::unique_ptr<DeliveryStream>> EngineImpl::OpenReceive(
    const std::string& agency, int max_in_flight, absl::Duration visibility_timeout) {
  const AgencyOptions* const options = FindAgency(agency);
  if (options == nullptr) {
    return Error(absl::StatusCode::kNotFound, reason::kAgencyNotFound, "there is no such agency");
  }
  if (options->delivery_way != journal::v1::DELIVERY_WAY_STREAM) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kDeliveriesPushed,
                 absl::StrCat("what is addressed to the agency is ",
                              options->delivery_way == journal::v1::DELIVERY_WAY_HTTP
                                  ? "posted to its server"
                                  : "written to its folder",
                              "; it cannot be received on a stream as well"));
  }
  if (max_in_flight < 1 || max_in_flight > kInFlightMax) {
    return InvalidField("open.max_in_flight", "must lie between 1 and 1,000");
  }
  if (visibility_timeout <= absl::ZeroDuration() || visibility_timeout > absl::Minutes(10)) {
    return InvalidField("open.visibility_timeout_seconds", "must lie between 1 and 600");
  }
  return deliveries_.Open(agency, max_in_flight, visibility_timeout, /*there=*/true);
}

absl::StatusOr<std::unique_ptr<DeliveryStream>> EngineImpl::OpenPush(const std::string& agency,
                                                                     int max_in_flight) {
  const AgencyOptions* const options = FindAgency(agency);
  if (options == nullptr) {
    return Error(absl::StatusCode::kNotFound, reason::kAgencyNotFound, "there is no such agency");
  }
  if (options->delivery_way == journal::v1::DELIVERY_WAY_STREAM || max_in_flight < 1 ||
      max_in_flight > kInFlightMax) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 absl::StrCat("the deliveries of agency ", agency, " are not pushed so"));
  }
  return deliveries_.Open(agency, max_in_flight, absl::InfiniteDuration(), /*there=*/false);
}

void EngineImpl::RecordAccess(const Principal& principal, const std::string& method,
                              const std::string& resource, bool allowed,
                              const std::string& reason_text) {
  if (!allowed) {
    const std::string key = absl::StrCat(PrincipalId(principal), " ", method, " ",
                                         Bounded(resource, 200), " ", Bounded(reason_text, 100));
    const absl::Time now = clock_->Now();
    absl::MutexLock lock(&mu_);
    if (refusals_.size() >= kRefusalsRemembered) refusals_.clear();
    const auto [it, inserted] = refusals_.emplace(key, now);
    if (!inserted && now - it->second < absl::Minutes(1)) return;
    it->second = now;
  }
  journal::v1::Entry entry;
  *entry.mutable_principal() = principal;
  journal::v1::AccessRecorded* access = entry.mutable_access_recorded();
  access->set_method(Bounded(method, 200));
  access->set_resource(Bounded(resource, 200));
  access->set_allowed(allowed);
  access->set_reason(Bounded(reason_text, 100));
  writer_.Record(std::move(entry));
}

HubCounts EngineImpl::Counts() const {
  HubCounts counts;
  counts.synced = store_->synced_sequence();
  counts.projected = projector_.applied();
  counts.groups = writer_.group_counts();
  counts.lag_waits = writer_.lag_waits();
  counts.queued = static_cast<std::int64_t>(writer_.queue_length());
  counts.delivery_places = static_cast<std::int64_t>(deliveries_.InMemory());
  counts.watched = watch_.reached();
  const std::unique_ptr<store::Snapshot> snapshot = store_->NewSnapshot();
  counts.people = CountOf(*snapshot, kPeopleCount);
  return counts;
}

absl::Status EngineImpl::AwaitProjected(store::Sequence sequence, absl::Duration timeout) {
  if (const store::Sequence end = store_->synced_sequence(); sequence > end) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kSequenceBeyondEnd,
                 absl::StrCat("the journal has ", end, " entries, fewer than ", sequence));
  }
  return projector_.WaitFor(sequence, timeout);
}

absl::Status EngineImpl::AwaitWatched(absl::Duration timeout) {
  return watch_.WaitFor(store_->synced_sequence(), timeout);
}

absl::StatusOr<VerifyReport> EngineImpl::Verify(
    const std::function<bool(store::Sequence, store::Sequence)>& progress) {
  AQ_RETURN_IF_ERROR(Fresh().status());
  return VerifyProjections(*store_, progress);
}

}  // namespace anqiao::engine
