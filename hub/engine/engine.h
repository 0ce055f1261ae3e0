// What the hub does: takes payloads, orders everything into the journal, keeps the projections,
// carries referrals and deliveries.
//
// One writer thread orders everything and builds groups, and one commits them; decoding runs before
// them on its own threads, projecting after them on another. Nothing is acknowledged before its
// entry is synced. Reads see at least everything that was acknowledged before they began.
//
// Thread-safe after Open. Stop order: stop the listeners, then Shutdown (idempotent, joins), then
// destroy the store.

#ifndef ANQIAO_HUB_ENGINE_ENGINE_H_
#define ANQIAO_HUB_ENGINE_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "anqiao/exchange/v1/audit.pb.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "anqiao/journal/v1/entitlement.pb.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/adapter/adapter.h"
#include "hub/adapter/adapter_slot.h"
#include "hub/base/clock.h"
#include "hub/engine/counts.h"
#include "hub/engine/identity_model.h"
#include "hub/engine/identity_views.h"
#include "hub/engine/test_hooks.h"
#include "hub/model/case.h"
#include "hub/model/civil_date.h"
#include "hub/policy/catalogue.h"
#include "hub/referral/cohort_mix.h"
#include "hub/referral/job_limits.h"
#include "hub/referral/machine.h"
#include "hub/referral/provider.h"
#include "hub/referral/routing.h"
#include "hub/referral/timetable.h"
#include "hub/store/store.h"

namespace anqiao::engine {

class Scheduler;

// A registered agency.
struct AgencyOptions {
  std::string id;  // lower_snake_case, such as "employment"
  std::string display_name;
  std::string kind;                         // one of referral/recipients.h, such as "employment"
  adapter::AdapterSlot* adapter = nullptr;  // outlives the engine
  std::vector<std::string> formats;         // that it may submit
  std::vector<std::string> services;        // service codes that it gives
  std::string delivery_format;  // encodes deliveries natively; empty: only the typed envelope
  // How deliveries leave: on the agency's stream, or pushed, then nothing else takes them.
  journal::v1::DeliveryWay delivery_way = journal::v1::DELIVERY_WAY_STREAM;
  std::uint64_t payload_bytes_max = 16 << 20;
  std::uint64_t payload_records_max = 200'000;
  int pending_payloads_max = 8;  // accepted but unanswered at a time
  // A snapshot may lack at most this share of what is on file...
  double shrink_share_max = 0.2;
  // ...or this many records, whichever is more.
  int shrink_count_min = 10;
};

// A page of anything: items in order of their ids, and where to go on (empty at the end). "places"
// has for each item where to go on after it, for whoever cuts the page shorter.
template <typename T>
struct Page {
  std::vector<T> items;
  std::string next_after;
  std::vector<std::string> places = {};
};

// A page is cut short before its answer grows over this: clients accept 4 MiB by default.
inline constexpr std::size_t kPageBytesMax = 2 << 20;

struct EngineOptions {
  std::vector<AgencyOptions> agencies;
  int decode_threads = 2;
  std::uint64_t group_bytes_max = 4 << 20;
  int group_entries_max = 4096;
  // How long a group waits for more before it is committed. Whatever comes while another group is
  // synced joins it anyhow.
  absl::Duration group_wait = absl::ZeroDuration();
  // Groups up to this size are committed on the writer's thread if nothing more is queued.
  std::size_t inline_group_entries_max = 64;
  // Entries that projections may lag behind before intake waits: more than the projector has in
  // hand at a time.
  std::uint64_t projection_lag_max = 10'000;
  // Payload bytes taken in and not yet committed, over all agencies.
  std::uint64_t intake_bytes_max = 20 << 20;
  int delivery_attempts_max = 10;
  // Pause after the first refusal of a delivery; doubles with each, up to the greatest.
  absl::Duration nack_pause_min = absl::Seconds(1);
  absl::Duration nack_pause_max = absl::Minutes(5);
  // Of each agency's queue so many deliveries, from its beginning, are in memory; the rest is read
  // when there is room. At least what its streams have in hand.
  std::size_t delivery_window_max = 4096;
  // How often the logs are anchored and their heads signed; 0: never.
  absl::Duration anchor_interval = absl::ZeroDuration();
  // How long referrals wait; null: nothing ever comes due. Outlives the engine.
  const referral::Timetable* timetable = nullptr;
  // Who gives which service; null: the agencies do, and no next provider is looked for. Outlives
  // the engine.
  const referral::ProviderDirectory* directory = nullptr;
  // Which jobs the law keeps from whom; null: no law does. Outlives the engine.
  const referral::JobLimits* job_limits = nullptr;
  // How well the cohorts must mix; null: that is not measured. Outlives the engine.
  const referral::MixTable* mix_table = nullptr;
  // Proposes and reminds by itself, if the catalogue says to whom (watch.h).
  bool entitlement_watch = false;
  // Bytes of a page that CompareCatalogue answers with.
  std::size_t page_bytes_max = kPageBytesMax;
  // By which it is resolved who is who; null: the one that ships. Another one than before has the
  // projections computed anew. Outlives the engine.
  const IdentityModel* identity_model = nullptr;
  // File of the model that PreviewIdentityModel tries; empty: none.
  std::string candidate_identity_model;
  // Directory of the catalogue that CompareCatalogue compares with; empty: none.
  std::string candidate_catalogue;
  // If set, no thread is started: the owner steps the engine (scheduler.h). Outlives the engine.
  Scheduler* scheduler = nullptr;
  EngineTestHooks test_hooks;
};

inline const IdentityModel& ModelOf(const EngineOptions& options) {
  return options.identity_model == nullptr ? ShippedIdentityModel() : *options.identity_model;
}

// The caller, from its certificate.
using Principal = journal::v1::Principal;

struct SubmitCommand {
  std::string agency;
  exchange::v1::PayloadHeader header;
  std::string payload;
  // The payload went over the agency's limit and was thrown away: only the refusal is recorded.
  bool too_large = false;
  // The stream ended before the payload did.
  bool cut_off = false;
};

struct CaseFilter {
  bool registered_only = false;
  model::Phase phase = model::Phase::kNone;
  bool needs_review_only = false;
  std::string display_name;
  model::CivilDate as_of;  // empty: today
};

// A case with the document it was folded from.
struct CaseView {
  model::Case folded;
  journal::v1::PersonDocument document;
};

struct CensusCounts {
  model::CivilDate as_of;
  std::int64_t registered = 0, compulsory_isolation = 0, community_detox = 0,
               community_rehabilitation = 0, in_society = 0, clean_three_years = 0, deceased = 0,
               people = 0;
};

struct ReferralFilter {
  std::string case_id;
  journal::v1::ReferralState state = journal::v1::REFERRAL_STATE_UNSPECIFIED;
  std::string agency;
  bool needs_action = false;  // overdue, escalated, or sent to an agency that is away
};

// What a caseworker wants of a route; empty: whatever routing proposes.
struct RouteWish {
  std::string agency = {};    // only what is reached through it
  std::string provider = {};  // of the directory
  std::string post = {};      // of the provider
  // A referral: whoever it and those before it asked, and who could not, is asked again only if
  // nobody else would do.
  std::string replaces = {};
  bool ask_again = true;
};

struct CreateReferralCommand {
  std::string request_id, case_id, policy, agency, replaces;
  std::map<std::string, std::string> details;
  std::string provider, post;
  bool ask_again = true;

  RouteWish route() const { return {agency, provider, post, replaces, ask_again}; }
};
struct SendReferralCommand {
  std::string request_id, referral, etag, legal_basis, basis_reference;
  bool notice_given = false;
  std::string consent;  // for the basis CONSENT
};
struct MoveReferralCommand {
  std::string request_id, referral, etag, reason;
  referral::Action action = referral::Action::kCancel;
  std::map<std::string, std::string> details;
};

// A provider of the directory, which outlives the view, with what is held of it now; of its posts
// in their order.
struct ProviderView {
  const referral::Provider* provider = nullptr;
  std::int64_t held = 0;
  std::vector<std::int64_t> held_posts;
  std::vector<bool> conditional_posts;  // the law sets conditions for whoever holds one
};

// Where a request would go, with what the law keeps the person from: for caseworkers only.
struct RouteView {
  referral::Route route;
  std::string agency;                                              // empty: nobody can be asked
  std::vector<std::unique_ptr<const referral::Provider>> implied;  // that the route points to
};

struct CreateConsentCommand {
  // "agency" for a referral, "recipient_name" for a member of the care team.
  std::string request_id, case_id, agency, purpose, evidence, recipient_name = {};
  std::vector<std::string> fields;
  model::CivilDate expire_date;
};
struct WithdrawConsentCommand {
  std::string request_id, consent;
};

struct AddTeamMemberCommand {
  std::string request_id, case_id, role, display_name;
  std::string user = {};         // empty: they are none
  model::CivilDate from, until;  // empty: today; open
  std::string basis;             // STATUTORY_DUTY or CONSENT
  std::string consent = {};      // for the basis CONSENT
};
struct EndTeamMemberCommand {
  std::string request_id, member, etag, reason;
};

// A page of a case's care team, and what it lacks.
struct TeamPage {
  Page<journal::v1::TeamMemberDocument> members;
  std::vector<std::string> missing_roles;  // required ones that nobody holds today
};

// A report to the police or a transfer to another sub-district's office: what the caseworker
// states, and to whom.
struct SendDispatchCommand {
  std::string request_id, case_id, agency;
  journal::v1::DispatchKind kind = journal::v1::DISPATCH_KIND_UNSPECIFIED;
  std::string report_code = {};  // of a report
  model::CivilDate event_date;
  std::string legal_basis, document_number;
  std::string etag = {};  // of the case; empty: whatever it is
};

struct AgencyStatus {
  const AgencyOptions* options = nullptr;
  std::int64_t records = 0, pending_deliveries = 0, dead_deliveries = 0, quarantined_payloads = 0;
  // It is there: a stream is open, or what is pushed arrives.
  bool receiving = false;
  // Else since when not, as far as is known.
  std::optional<absl::Time> away_since = std::nullopt;
  // It has taken nothing of what waits for it since then, and that was escalated.
  std::optional<absl::Time> absent_since = std::nullopt;
};

// Deliveries that wait, or were set aside ("dead").
struct DeliveryFilter {
  std::string agency = {};  // empty: all
  bool dead = true;
};

// Sends a dead delivery again, or gives it up for a coded reason.
struct MendDeliveryCommand {
  std::string request_id, delivery;
  bool discard = false;
  std::string reason = {};
};

struct ReplayResult {
  std::int64_t accepted = 0, unchanged = 0, held = 0, rejected = 0, ended = 0;
  std::vector<journal::v1::StoredProblem> problems;
};

struct ShadowCommand {
  std::string agency;
  std::string library, samples;  // empty library: the candidate
  int payloads = 100;            // the latest ones
  bool with_values = false;
};

// How two builds decode the payloads whose bytes are kept.
struct ShadowReport {
  enum class Change { kAdded, kRemoved, kChanged };
  struct Field {
    std::string path, current, shadow;  // values only if they were asked for
  };
  struct Record {
    std::string payload;
    std::uint64_t row = 0;
    Change change = Change::kChanged;
    std::vector<Field> fields;
    std::vector<std::string> reasons;  // of the other build, for not taking it up
  };
  struct Case {
    std::string id;
    std::vector<std::string> aspects;  // PHASE, REGISTERED, IDENTITY, EVENTS, DEADLINES, FACTS
  };
  std::string current_build, shadow_build;
  std::int64_t payloads = 0, unreadable = 0, same = 0, added = 0, removed = 0, changed = 0;
  std::vector<Record> records;
  std::vector<Case> cases;
  bool truncated = false;
};

// A file that an agency corrects and hands in again.
struct CorrectionFile {
  std::string name, content_type, bytes;
};

// An agency's adapter. "options" outlives the view.
struct AdapterView {
  const AgencyOptions* options = nullptr;
  adapter::AdapterSlot::View slot;
};

struct VerifyReport {
  bool equal = false;
  std::int64_t keys = 0;
  std::string live_hash, rebuilt_hash;
  std::vector<std::string> differences;
};

struct ErasePersonCommand {
  std::string request_id, case_id;
  std::string reason;           // coded
  std::string basis_reference;  // law and article, document number
};
struct ErasureResult {
  std::string person;
  std::int64_t records = 0, referrals = 0, payloads = 0, keys = 0;
  store::Sequence sequence = 0;  // of the entry
};

struct PurgeCommand {
  std::string request_id;
  journal::v1::RetentionClass retention_class = journal::v1::RETENTION_CLASS_UNSPECIFIED;
  absl::Time before;
};
struct PurgeResult {
  journal::v1::Purged purged;
  store::Sequence sequence = 0;  // of the entry
};

// What an auditor gets of a log.
struct LogHead {
  exchange::v1::SignedTreeHead head;
  std::string public_key;
  std::optional<exchange::v1::ConsistencyProof> growth;
};

// What the entitlement watch did about one policy and one person.
struct NoticeView {
  std::string case_id;
  journal::v1::NoticeDocument notice;
};
struct NoticeFilter {
  std::string case_id = {}, policy = {};
  journal::v1::EntitlementNoticeKind kind = journal::v1::ENTITLEMENT_NOTICE_KIND_UNSPECIFIED;
};

// How well those with and those without a police record mix among whom recipients are asked for.
struct CohortMix {
  int year = 0;
  int months = 0;  // of the year that are over: only these count
  // Of a thousand cases of the hub so many have a police record; nullopt: suppressed.
  std::optional<int> base_permille;
  // Where the bounds that were judged by come from, and the smallest count that is shown.
  std::string source;
  std::int64_t cell_min = 0;
  std::vector<referral::MixLine> lines;  // see MixLines
};

// What another catalogue answers otherwise for the cases of a page.
struct CatalogueComparison {
  enum class Kind { kGain, kLoss, kAmount, kOther };
  struct Answer {
    // UNSPECIFIED: the catalogue has no such policy.
    journal::v1::EntitlementResult result = journal::v1::ENTITLEMENT_RESULT_UNSPECIFIED;
    model::CivilDate eligible_from = {};
    std::int64_t amount_fen = 0;
  };
  struct Change {
    std::string case_id, policy;
    Kind kind = Kind::kOther;
    Answer before = {}, after = {};
  };
  std::string catalogue_hash, candidate_hash;
  std::int64_t cases = 0;  // looked at
  std::vector<Change> changes;
  std::string next_after;
};

struct HubCounts {
  store::Sequence synced = 0, projected = 0;
  // What the entitlement watch has reached; 0 if it is off.
  store::Sequence watched = 0;
  std::int64_t people = 0;
  GroupCounts groups;
  // Times that intake waited because the projections were too far behind.
  std::int64_t lag_waits = 0;
  // Payloads, commands, answers and accesses that wait for the writer.
  std::int64_t queued = 0;
  // Places of deliveries that are in memory.
  std::int64_t delivery_places = 0;
};

// Computes the projections of "store"'s journal anew, beside the live ones, and compares them with
// these as of the same sequence, key by key, as plaintext. "progress" (done, total) may be null.
// Works on a store that is being written to and on a read-only one. CANCELLED: "progress" returned
// false.
absl::StatusOr<VerifyReport> VerifyProjections(
    store::Store& store, const std::function<bool(store::Sequence, store::Sequence)>& progress);

// What left when a delivery was handed over.
struct HandedOver {
  journal::v1::DeliveryWay way = journal::v1::DELIVERY_WAY_STREAM;
  const std::string* bytes = nullptr;  // null: the envelope without its attempt
};

// Deliveries to one agency: to its open Receive stream, or to what pushes them. Made by
// Engine::OpenReceive and OpenPush; destroying it hands back what is not acknowledged.
class DeliveryStream {
 public:
  virtual ~DeliveryStream() = default;
  // Unblocks when a delivery is due, the time-out is over (nullopt) or the stream was closed
  // (CANCELLED). Any thread, one at a time.
  virtual absl::StatusOr<std::optional<exchange::v1::Delivery>> Next(absl::Duration timeout) = 0;
  // Durable when it returns. NOT_FOUND: no such delivery is addressed to the agency. A repeated ack
  // is OK.
  virtual absl::Status Ack(const std::string& delivery, const HandedOver& handed_over) = 0;
  absl::Status Ack(const std::string& delivery) { return Ack(delivery, HandedOver()); }
  // Counts as an attempt; the delivery pauses.
  virtual absl::Status Nack(const std::string& delivery, const std::string& reason) = 0;
  // Whether the agency is there; of a Receive stream it is.
  virtual void SetThere(bool there) = 0;
  // What is in hand is due again; it does not count as an attempt.
  virtual void HandBack() = 0;
  virtual void Close() = 0;
};

class Engine {
 public:
  // Catches up the projections, records activations that changed (catalogue, adapters, identity
  // model) and starts the threads. "store", "clock" and "catalogue" outlive the engine.
  static absl::StatusOr<std::unique_ptr<Engine>> Open(EngineOptions options, store::Store* store,
                                                      const Clock* clock,
                                                      const policy::Catalogue* catalogue);
  virtual ~Engine() = default;
  // Finishes what is queued, answers the rest with UNAVAILABLE (SHUTTING_DOWN), joins.
  virtual void Shutdown() = 0;

  // --- Intake. ---
  // Takes a payload; calls "done" once, on another thread, after everything it says is durable.
  // False: the agency has too many payloads pending or intake is full; call again after an earlier
  // one is done ("when_ready" is then called once, on another thread).
  virtual bool Submit(SubmitCommand command,
                      std::function<void(std::vector<exchange::v1::SubmitResponse>)> done,
                      std::function<void()> when_ready) = 0;
  // Null: no such agency.
  virtual const AgencyOptions* FindAgency(absl::string_view id) const = 0;

  // --- Deliveries. ---
  // FAILED_PRECONDITION (DELIVERIES_PUSHED): the agency's deliveries are pushed.
  virtual absl::StatusOr<std::unique_ptr<DeliveryStream>> OpenReceive(
      const std::string& agency, int max_in_flight, absl::Duration visibility_timeout) = 0;
  // For what pushes an agency's deliveries: they stay in its hand until they are answered or the
  // stream is destroyed. The agency is not there until SetThere says so.
  virtual absl::StatusOr<std::unique_ptr<DeliveryStream>> OpenPush(const std::string& agency,
                                                                   int max_in_flight) = 0;
  virtual absl::StatusOr<exchange::v1::AnswerReferralResponse> AnswerReferral(
      const std::string& agency, const exchange::v1::AnswerReferralRequest& request) = 0;

  // --- Cases. "jurisdiction" is a division-code prefix, empty for all. ---
  virtual absl::StatusOr<CaseView> GetCase(const std::string& case_id,
                                           const model::CivilDate& as_of,
                                           const std::string& jurisdiction) = 0;
  // The case as the agencies of "kind" may know it (hub/engine/outward_case.h), as the gate decides
  // by.
  virtual absl::StatusOr<model::Case> GetOutwardCase(const std::string& case_id,
                                                     const std::string& kind,
                                                     const model::CivilDate& as_of,
                                                     const std::string& jurisdiction) = 0;
  virtual absl::StatusOr<Page<CaseView>> ListCases(const CaseFilter& filter,
                                                   const std::string& after, int limit,
                                                   const std::string& jurisdiction) = 0;
  virtual absl::StatusOr<CensusCounts> GetCensus(const model::CivilDate& as_of,
                                                 const std::string& jurisdiction) = 0;
  virtual const policy::Catalogue& catalogue() const = 0;
  virtual model::CivilDate Today() const = 0;
  virtual absl::Time Now() const = 0;

  // --- Who is who (hub/doc/identity.md). ---
  // People who may be one, as a person should look at them, by their ids; of one case if "case_id"
  // is not empty. Both are visible in "jurisdiction".
  virtual absl::StatusOr<Page<IdentityPair>> ListIdentityReviews(
      const std::string& case_id, const std::string& after, int limit,
      const std::string& jurisdiction) = 0;
  // NOT_FOUND (CASE_NOT_FOUND).
  virtual absl::StatusOr<IdentityExplanation> ExplainIdentity(const std::string& case_id,
                                                              const std::string& jurisdiction) = 0;
  // Any two records side by side. NOT_FOUND (RECORD_NOT_FOUND).
  virtual absl::StatusOr<IdentityPair> GetIdentityPair(identity::RecordId record,
                                                       identity::RecordId other_record,
                                                       const std::string& jurisdiction) = 0;
  // The pairs as they are then. NOT_FOUND (RECORD_NOT_FOUND). ABORTED (ETAG_MISMATCH): one of the
  // people changed since. FAILED_PRECONDITION (TOO_MANY_VERDICTS).
  virtual absl::StatusOr<std::vector<IdentityPair>> JudgeIdentity(
      const Principal& principal, const JudgeIdentityCommand& command,
      const std::string& jurisdiction) = 0;

  // Resolves the whole journal by the candidate model, beside what is live, and tells who would be
  // one, and who would be several; nothing is changed. "progress" (done, total) and "visit" return
  // false to stop: CANCELLED. FAILED_PRECONDITION (CONFIGURATION_INVALID), INVALID_ARGUMENT
  // (IDENTITY_MODEL_INVALID).
  virtual absl::StatusOr<IdentityPreview> PreviewIdentityModel(
      const std::string& jurisdiction,
      const std::function<bool(store::Sequence, store::Sequence)>& progress,
      const std::function<bool(const IdentityShift&)>& visit) = 0;

  // --- Routes (hub/doc/routing.md). Nothing leaves by them. ---
  // By id; empty "service": all.
  virtual absl::StatusOr<Page<ProviderView>> ListProviders(const std::string& service,
                                                           const std::string& after, int limit) = 0;
  // Where CreateReferral would draft to. FAILED_PRECONDITION (NO_PROVIDER): what is named does not
  // give the service.
  virtual absl::StatusOr<RouteView> GetRoute(const std::string& case_id, const std::string& policy,
                                             const RouteWish& wish,
                                             const std::string& jurisdiction) = 0;

  // --- Referrals. ---
  virtual absl::StatusOr<journal::v1::ReferralDocument> CreateReferral(
      const Principal& principal, const CreateReferralCommand& command,
      const std::string& jurisdiction) = 0;
  virtual absl::StatusOr<journal::v1::ReferralDocument> SendReferral(
      const Principal& principal, const SendReferralCommand& command,
      const std::string& jurisdiction) = 0;
  virtual absl::StatusOr<journal::v1::ReferralDocument> MoveReferral(
      const Principal& principal, const MoveReferralCommand& command,
      const std::string& jurisdiction) = 0;
  virtual absl::StatusOr<journal::v1::ReferralDocument> GetReferral(
      const std::string& referral, const std::string& jurisdiction) = 0;
  virtual absl::StatusOr<Page<journal::v1::ReferralDocument>> ListReferrals(
      const ReferralFilter& filter, const std::string& after, int limit,
      const std::string& jurisdiction) = 0;
  // What was handed over comes with its salt, opened.
  virtual absl::StatusOr<Page<journal::v1::DisclosureDocument>> ListDisclosures(
      const std::string& case_id, const std::string& after, int limit,
      const std::string& jurisdiction) = 0;

  // Of one year; 0: that of the last month that is over. Of the whole hub, whatever the caller's
  // jurisdiction: parts would tell small cells by subtraction. Reads one key a person, recipient
  // and service of that year, of one snapshot. INVALID_ARGUMENT: the year is still to come.
  // FAILED_PRECONDITION (CONFIGURATION_INVALID): the catalogue does not say how to judge it.
  // RESOURCE_EXHAUSTED (OVERLOADED): more than 2,000,000 keys.
  virtual absl::StatusOr<CohortMix> GetCohortMix(int year) = 0;

  // --- The entitlement watch. ---
  // By case, within a case by time.
  virtual absl::StatusOr<Page<NoticeView>> ListNotices(const NoticeFilter& filter,
                                                       const std::string& after, int limit,
                                                       const std::string& jurisdiction) = 0;
  // Answers for "limit" cases by the candidate catalogue as well; changes nothing. "after" is
  // next_after of the page before. FAILED_PRECONDITION (CONFIGURATION_INVALID): there is no
  // candidate. INVALID_ARGUMENT (CATALOGUE_INVALID). ABORTED (ETAG_MISMATCH): it is another one
  // than that of the page before.
  virtual absl::StatusOr<CatalogueComparison> CompareCatalogue(const model::CivilDate& as_of,
                                                               const std::string& after, int limit,
                                                               const std::string& jurisdiction) = 0;
  // Until everybody was looked at whom what was acknowledged before the call touched, and whose day
  // is today; at once if the watch is off. UNAVAILABLE (OVERLOADED): not within "timeout".
  virtual absl::Status AwaitWatched(absl::Duration timeout) = 0;

  // --- Consents. ---
  virtual absl::StatusOr<journal::v1::ConsentDocument> CreateConsent(
      const Principal& principal, const CreateConsentCommand& command,
      const std::string& jurisdiction) = 0;
  // Revokes the live referrals and ends the memberships that rest on it, in the same entry.
  virtual absl::StatusOr<journal::v1::ConsentDocument> WithdrawConsent(
      const Principal& principal, const WithdrawConsentCommand& command,
      const std::string& jurisdiction) = 0;
  virtual absl::StatusOr<journal::v1::ConsentDocument> GetConsent(
      const std::string& consent, const std::string& jurisdiction) = 0;
  virtual absl::StatusOr<Page<journal::v1::ConsentDocument>> ListConsents(
      const std::string& case_id, const std::string& after, int limit,
      const std::string& jurisdiction) = 0;

  // --- Care teams (hub/doc/care_team.md). ---
  virtual absl::StatusOr<journal::v1::TeamMemberDocument> AddTeamMember(
      const Principal& principal, const AddTeamMemberCommand& command,
      const std::string& jurisdiction) = 0;
  virtual absl::StatusOr<journal::v1::TeamMemberDocument> EndTeamMember(
      const Principal& principal, const EndTeamMemberCommand& command,
      const std::string& jurisdiction) = 0;
  // NOT_FOUND (TEAM_MEMBER_NOT_FOUND).
  virtual absl::StatusOr<journal::v1::TeamMemberDocument> GetTeamMember(
      const std::string& member, const std::string& jurisdiction) = 0;
  virtual absl::StatusOr<TeamPage> ListTeamMembers(const std::string& case_id,
                                                   const std::string& after, int limit,
                                                   const std::string& jurisdiction) = 0;

  // --- Reports and transfers (hub/doc/dispatches.md). ---
  virtual absl::StatusOr<journal::v1::DispatchDocument> SendDispatch(
      const Principal& principal, const SendDispatchCommand& command,
      const std::string& jurisdiction) = 0;
  // NOT_FOUND (DISPATCH_NOT_FOUND).
  virtual absl::StatusOr<journal::v1::DispatchDocument> GetDispatch(
      const std::string& dispatch, const std::string& jurisdiction) = 0;
  virtual absl::StatusOr<Page<journal::v1::DispatchDocument>> ListDispatches(
      const std::string& case_id, const std::string& after, int limit,
      const std::string& jurisdiction) = 0;

  // --- Operations. ---
  virtual absl::StatusOr<std::vector<AgencyStatus>> ListAgencies() = 0;
  // By agency, in the order of queueing.
  virtual absl::StatusOr<Page<journal::v1::DeliveryDocument>> ListDeliveries(
      const DeliveryFilter& filter, const std::string& after, int limit) = 0;
  // NOT_FOUND (DELIVERY_NOT_FOUND).
  virtual absl::StatusOr<journal::v1::DeliveryDocument> GetDelivery(
      const std::string& delivery) = 0;
  // FAILED_PRECONDITION (STATE_NOT_ALLOWED): it is not dead.
  virtual absl::StatusOr<journal::v1::DeliveryDocument> MendDelivery(
      const Principal& principal, const MendDeliveryCommand& command) = 0;
  virtual absl::StatusOr<Page<journal::v1::QuarantineDocument>> ListQuarantine(
      const std::string& agency, const std::string& after, int limit) = 0;
  virtual absl::StatusOr<journal::v1::QuarantineDocument> GetQuarantine(
      const std::string& payload) = 0;
  virtual absl::StatusOr<ReplayResult> ReplayQuarantine(const Principal& principal,
                                                        const std::string& request_id,
                                                        const std::string& payload,
                                                        bool allow_shrinking) = 0;
  virtual absl::StatusOr<VerifyReport> Verify(
      const std::function<bool(store::Sequence, store::Sequence)>& progress) = 0;
  virtual HubCounts Counts() const = 0;
  // Until the projections have reached "sequence". FAILED_PRECONDITION (SEQUENCE_BEYOND_END): the
  // journal ends before it. UNAVAILABLE (OVERLOADED): not within "timeout".
  virtual absl::Status AwaitProjected(store::Sequence sequence, absl::Duration timeout) = 0;

  // --- Adapters. NOT_FOUND (AGENCY_NOT_FOUND). ---
  virtual absl::StatusOr<AdapterView> GetAdapter(const std::string& agency) = 0;
  // Loads a build beside the current one: AdapterSlot::Load. It must have the agency's formats.
  virtual absl::StatusOr<AdapterView> LoadAdapter(const std::string& agency,
                                                  const std::string& library,
                                                  const std::string& samples) = 0;
  // Promotes what was loaded, else loads the configured library again and promotes that. The
  // activation is durable before the first payload begins with the build. "build", if not empty, is
  // the one that shall be current afterwards: ABORTED (ETAG_MISMATCH) if it would be another.
  virtual absl::StatusOr<AdapterView> ReloadAdapter(const Principal& principal,
                                                    const std::string& agency,
                                                    const std::string& build) = 0;
  // Whether payloads are taken; durable when it returns, and as it was after a restart.
  virtual absl::StatusOr<AdapterView> SwitchAdapter(const Principal& principal,
                                                    const std::string& agency, bool enabled,
                                                    const std::string& reason) = 0;

  // Decodes kept payloads with the current build and another; changes nothing.
  // FAILED_PRECONDITION (ADAPTER_UNUSABLE): no library was named and none was loaded, or as above.
  virtual absl::StatusOr<ShadowReport> ShadowAdapter(const ShadowCommand& command) = 0;

  // --- Corrections, in "zh" or "en". NOT_FOUND (PAYLOAD_NOT_KEPT). ---
  // Of what an agency handed in under a request id.
  virtual absl::StatusOr<CorrectionFile> GetCorrections(const std::string& agency,
                                                        const std::string& request_id,
                                                        const std::string& language) = 0;
  // Of a payload in quarantine.
  virtual absl::StatusOr<CorrectionFile> ExportCorrections(const std::string& payload,
                                                           const std::string& language) = 0;

  // --- Timers. ---
  // Fires what is due now, in order; what the timers' thread does each second, for whoever has
  // none.
  virtual absl::Status FireTimers() = 0;

  // --- Keys and logs. ---
  // Destroys every key of the person: their records', their referrals', that of what is computed
  // about them. Nothing of them can be read when it returns, and the projections were computed anew
  // without them. FAILED_PRECONDITION: the store seals nothing, so nothing can be destroyed.
  virtual absl::StatusOr<ErasureResult> ErasePerson(const Principal& principal,
                                                    const ErasePersonCommand& command,
                                                    const std::string& jurisdiction) = 0;
  // Destroys what a class of data had kept from before an instant.
  virtual absl::StatusOr<PurgeResult> Purge(const Principal& principal,
                                            const PurgeCommand& command) = 0;
  // Computes the projections anew from the journal, beside the live ones, and puts them in their
  // place. UNAVAILABLE (OVERLOADED): that is under way already. CANCELLED: "progress" said false.
  virtual absl::Status Rebuild(
      const std::function<bool(store::Sequence, store::Sequence)>& progress) = 0;
  // Copies journal and blobs to a new directory while the hub serves.
  virtual absl::Status Backup(const std::string& directory) = 0;
  // Wraps every key under the master key in "path", while the hub serves.
  virtual absl::Status RotateMasterKey(const std::string& path) = 0;
  // Shows an agency its own record, in its current version, in its own log. NOT_FOUND (ERASED): the
  // record is not on file, or was erased.
  virtual absl::StatusOr<exchange::v1::RecordProof> ProveRecord(const std::string& agency,
                                                                const std::string& format,
                                                                const std::string& record_key) = 0;
  // Shows an entry in the hub's log.
  virtual absl::StatusOr<LogHead> CertifyEntry(store::Sequence sequence,
                                               exchange::v1::InclusionProof* inclusion) = 0;
  // "log": "hub" or "agencies/<id>". Growth is shown if "since" is not 0. NOT_FOUND
  // (LOG_NOT_FOUND).
  virtual absl::StatusOr<LogHead> GetLogHead(const std::string& log, std::uint64_t since) = 0;

  // --- Audit. Joins the next group; does not wait. Repeats of the same refusal within a minute are
  // recorded once. ---
  virtual void RecordAccess(const Principal& principal, const std::string& method,
                            const std::string& resource, bool allowed,
                            const std::string& reason) = 0;
};

// Etag of a referral for caseworkers, for its recipient, and of a case.
std::string ReferralEtag(const journal::v1::ReferralDocument& referral);
std::string OutwardEtag(const journal::v1::ReferralDocument& referral);
std::string CaseEtag(const journal::v1::PersonDocument& person);
// Etag of a membership of a care team.
std::string TeamMemberEtag(const journal::v1::TeamMemberDocument& member);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_ENGINE_H_
