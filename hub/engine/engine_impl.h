// The engine's parts, wired together. engine.cc opens and closes, commands.cc changes referrals and
// quarantine, care.cc keeps care teams and sends dispatches, queries.cc reads, routes.cc proposes.

#ifndef ANQIAO_HUB_ENGINE_ENGINE_IMPL_H_
#define ANQIAO_HUB_ENGINE_ENGINE_IMPL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "hub/engine/deliveries.h"
#include "hub/engine/engine.h"
#include "hub/engine/executor.h"
#include "hub/engine/intake.h"
#include "hub/engine/projector.h"
#include "hub/engine/timers.h"
#include "hub/engine/watch.h"
#include "hub/engine/writer.h"

namespace anqiao::engine {

class EngineImpl : public Engine {
 public:
  EngineImpl(EngineOptions options, store::Store* store, const Clock* clock,
             const policy::Catalogue* catalogue);
  ~EngineImpl() override;
  absl::Status Start();
  void Shutdown() override;

  bool Submit(SubmitCommand command, std::function<void(Responses)> done,
              std::function<void()> when_ready) override;
  const AgencyOptions* FindAgency(absl::string_view id) const override;

  absl::StatusOr<std::unique_ptr<DeliveryStream>> OpenReceive(
      const std::string& agency, int max_in_flight, absl::Duration visibility_timeout) override;
  absl::StatusOr<std::unique_ptr<DeliveryStream>> OpenPush(const std::string& agency,
                                                           int max_in_flight) override;
  absl::StatusOr<exchange::v1::AnswerReferralResponse> AnswerReferral(
      const std::string& agency, const exchange::v1::AnswerReferralRequest& request) override;

  absl::StatusOr<CaseView> GetCase(const std::string& case_id, const model::CivilDate& as_of,
                                   const std::string& jurisdiction) override;
  absl::StatusOr<model::Case> GetOutwardCase(const std::string& case_id, const std::string& kind,
                                             const model::CivilDate& as_of,
                                             const std::string& jurisdiction) override;
  absl::StatusOr<Page<CaseView>> ListCases(const CaseFilter& filter, const std::string& after,
                                           int limit, const std::string& jurisdiction) override;
  absl::StatusOr<CensusCounts> GetCensus(const model::CivilDate& as_of,
                                         const std::string& jurisdiction) override;
  const policy::Catalogue& catalogue() const override { return *catalogue_; }
  model::CivilDate Today() const override { return model::CivilDate::At(clock_->Now()); }
  absl::Time Now() const override { return clock_->Now(); }

  absl::StatusOr<Page<IdentityPair>> ListIdentityReviews(const std::string& case_id,
                                                         const std::string& after, int limit,
                                                         const std::string& jurisdiction) override;
  absl::StatusOr<IdentityExplanation> ExplainIdentity(const std::string& case_id,
                                                      const std::string& jurisdiction) override;
  absl::StatusOr<IdentityPair> GetIdentityPair(identity::RecordId record,
                                               identity::RecordId other_record,
                                               const std::string& jurisdiction) override;
  absl::StatusOr<IdentityPreview> PreviewIdentityModel(
      const std::string& jurisdiction,
      const std::function<bool(store::Sequence, store::Sequence)>& progress,
      const std::function<bool(const IdentityShift&)>& visit) override;
  absl::StatusOr<std::vector<IdentityPair>> JudgeIdentity(const Principal& principal,
                                                          const JudgeIdentityCommand& command,
                                                          const std::string& jurisdiction) override;

  absl::StatusOr<Page<ProviderView>> ListProviders(const std::string& service,
                                                   const std::string& after, int limit) override;
  absl::StatusOr<RouteView> GetRoute(const std::string& case_id, const std::string& policy,
                                     const RouteWish& wish,
                                     const std::string& jurisdiction) override;

  absl::StatusOr<journal::v1::ReferralDocument> CreateReferral(
      const Principal& principal, const CreateReferralCommand& command,
      const std::string& jurisdiction) override;
  absl::StatusOr<journal::v1::ReferralDocument> SendReferral(
      const Principal& principal, const SendReferralCommand& command,
      const std::string& jurisdiction) override;
  absl::StatusOr<journal::v1::ReferralDocument> MoveReferral(
      const Principal& principal, const MoveReferralCommand& command,
      const std::string& jurisdiction) override;
  absl::StatusOr<journal::v1::ReferralDocument> GetReferral(
      const std::string& referral, const std::string& jurisdiction) override;
  absl::StatusOr<Page<journal::v1::ReferralDocument>> ListReferrals(
      const ReferralFilter& filter, const std::string& after, int limit,
      const std::string& jurisdiction) override;
  absl::StatusOr<Page<journal::v1::DisclosureDocument>> ListDisclosures(
      const std::string& case_id, const std::string& after, int limit,
      const std::string& jurisdiction) override;

  absl::StatusOr<CohortMix> GetCohortMix(int year) override;

  absl::StatusOr<journal::v1::ConsentDocument> CreateConsent(
      const Principal& principal, const CreateConsentCommand& command,
      const std::string& jurisdiction) override;
  absl::StatusOr<journal::v1::ConsentDocument> WithdrawConsent(
      const Principal& principal, const WithdrawConsentCommand& command,
      const std::string& jurisdiction) override;
  absl::StatusOr<journal::v1::ConsentDocument> GetConsent(const std::string& consent,
                                                          const std::string& jurisdiction) override;
  absl::StatusOr<Page<journal::v1::ConsentDocument>> ListConsents(
      const std::string& case_id, const std::string& after, int limit,
      const std::string& jurisdiction) override;
  absl::StatusOr<journal::v1::TeamMemberDocument> AddTeamMember(
      const Principal& principal, const AddTeamMemberCommand& command,
      const std::string& jurisdiction) override;
  absl::StatusOr<journal::v1::TeamMemberDocument> EndTeamMember(
      const Principal& principal, const EndTeamMemberCommand& command,
      const std::string& jurisdiction) override;
  absl::StatusOr<journal::v1::TeamMemberDocument> GetTeamMember(
      const std::string& member, const std::string& jurisdiction) override;
  absl::StatusOr<TeamPage> ListTeamMembers(const std::string& case_id, const std::string& after,
                                           int limit, const std::string& jurisdiction) override;
  absl::StatusOr<journal::v1::DispatchDocument> SendDispatch(
      const Principal& principal, const SendDispatchCommand& command,
      const std::string& jurisdiction) override;
  absl::StatusOr<journal::v1::DispatchDocument> GetDispatch(
      const std::string& dispatch, const std::string& jurisdiction) override;
  absl::StatusOr<Page<journal::v1::DispatchDocument>> ListDispatches(
      const std::string& case_id, const std::string& after, int limit,
      const std::string& jurisdiction) override;
  absl::Status FireTimers() override {
    watch_.Wake();
    return timers_.Tick();
  }
  absl::StatusOr<Page<NoticeView>> ListNotices(const NoticeFilter& filter, const std::string& after,
                                               int limit, const std::string& jurisdiction) override;
  absl::StatusOr<CatalogueComparison> CompareCatalogue(const model::CivilDate& as_of,
                                                       const std::string& after, int limit,
                                                       const std::string& jurisdiction) override;
  absl::Status AwaitWatched(absl::Duration timeout) override;

  absl::StatusOr<std::vector<AgencyStatus>> ListAgencies() override;
  absl::StatusOr<Page<journal::v1::DeliveryDocument>> ListDeliveries(const DeliveryFilter& filter,
                                                                     const std::string& after,
                                                                     int limit) override;
  absl::StatusOr<journal::v1::DeliveryDocument> GetDelivery(const std::string& delivery) override;
  absl::StatusOr<journal::v1::DeliveryDocument> MendDelivery(
      const Principal& principal, const MendDeliveryCommand& command) override;
  absl::StatusOr<Page<journal::v1::QuarantineDocument>> ListQuarantine(const std::string& agency,
                                                                       const std::string& after,
                                                                       int limit) override;
  absl::StatusOr<journal::v1::QuarantineDocument> GetQuarantine(
      const std::string& payload) override;
  absl::StatusOr<ReplayResult> ReplayQuarantine(const Principal& principal,
                                                const std::string& request_id,
                                                const std::string& payload,
                                                bool allow_shrinking) override;
  absl::StatusOr<AdapterView> GetAdapter(const std::string& agency) override;
  absl::StatusOr<AdapterView> LoadAdapter(const std::string& agency, const std::string& library,
                                          const std::string& samples) override;
  absl::StatusOr<AdapterView> ReloadAdapter(const Principal& principal, const std::string& agency,
                                            const std::string& build) override;
  absl::StatusOr<AdapterView> SwitchAdapter(const Principal& principal, const std::string& agency,
                                            bool enabled, const std::string& reason) override;
  absl::StatusOr<ShadowReport> ShadowAdapter(const ShadowCommand& command) override;
  absl::StatusOr<CorrectionFile> GetCorrections(const std::string& agency,
                                                const std::string& request_id,
                                                const std::string& language) override;
  absl::StatusOr<CorrectionFile> ExportCorrections(const std::string& payload,
                                                   const std::string& language) override;
  absl::StatusOr<VerifyReport> Verify(
      const std::function<bool(store::Sequence, store::Sequence)>& progress) override;
  HubCounts Counts() const override;
  absl::StatusOr<ErasureResult> ErasePerson(const Principal& principal,
                                            const ErasePersonCommand& command,
                                            const std::string& jurisdiction) override;
  absl::StatusOr<PurgeResult> Purge(const Principal& principal,
                                    const PurgeCommand& command) override;
  absl::Status Rebuild(
      const std::function<bool(store::Sequence, store::Sequence)>& progress) override;
  absl::Status Backup(const std::string& directory) override;
  absl::Status RotateMasterKey(const std::string& path) override;
  absl::StatusOr<exchange::v1::RecordProof> ProveRecord(const std::string& agency,
                                                        const std::string& format,
                                                        const std::string& record_key) override;
  absl::StatusOr<LogHead> CertifyEntry(store::Sequence sequence,
                                       exchange::v1::InclusionProof* inclusion) override;
  absl::StatusOr<LogHead> GetLogHead(const std::string& log, std::uint64_t since) override;
  absl::Status AwaitProjected(store::Sequence sequence, absl::Duration timeout) override;
  void RecordAccess(const Principal& principal, const std::string& method,
                    const std::string& resource, bool allowed, const std::string& reason) override;

 private:
  using BuildEntry =
      std::function<absl::StatusOr<journal::v1::Entry>(Writer::Turn& turn, ReferralBook& book)>;

  absl::Status CheckOptions() const;
  absl::Status Activate(store::Epoch epoch);
  // Disables the adapters that an operator had disabled.
  absl::Status RestoreSwitches();
  absl::Status CommitActivation(const Principal& principal, journal::v1::ActivationKind kind,
                                const std::string& name, const std::string& hash);
  // A snapshot with everything that was acknowledged before the call.
  absl::StatusOr<std::unique_ptr<store::Snapshot>> Fresh() const;
  // Until the projections have everything that was acknowledged; also the error of a full disk.
  absl::Status AwaitEverything() const;
  // Runs a command on a referral once per request id; the entry it made, or had made before.
  absl::StatusOr<journal::v1::Entry> RunReferralCommand(const Principal& principal,
                                                        const std::string& request_id,
                                                        const std::string& hash,
                                                        const BuildEntry& build);
  absl::StatusOr<journal::v1::ReferralDocument> ReferralAfter(
      const absl::StatusOr<journal::v1::Entry>& entry);
  // Nullopt: it is there.
  absl::StatusOr<std::optional<absl::Time>> AwaySince(const store::Snapshot& snapshot,
                                                      const std::string& agency) const;
  // Puts the salt in the place of the sealed one; nothing if it was erased.
  void OpenSalt(journal::v1::HandedOver* handed_over) const;
  absl::StatusOr<journal::v1::ConsentDocument> ConsentAfter(
      const absl::StatusOr<journal::v1::Entry>& entry);
  absl::StatusOr<journal::v1::TeamMemberDocument> MemberAfter(
      const absl::StatusOr<journal::v1::Entry>& entry);
  ReferralBook BookOf(const store::Snapshot& snapshot) const;
  absl::Status ReplayTurn(Writer::Turn& turn, const Principal& principal,
                          const std::string& request_id, const std::string& hash,
                          const std::string& payload, bool allow_shrinking, DecodedPayload* decoded,
                          ReplayResult* result);

  // Numbers what was decoded of a payload in quarantine as when it came.
  absl::Status HeedErasures(const journal::v1::QuarantineDocument& document,
                            DecodedPayload* decoded) const;

  // The last "count" payloads of the agency in quarantine, without their rows.
  absl::Status LatestQuarantine(const store::Snapshot& snapshot, const std::string& agency,
                                std::size_t count,
                                std::deque<journal::v1::QuarantineDocument>* documents) const;
  // NOT_FOUND (PAYLOAD_NOT_KEPT).
  absl::StatusOr<std::string> KeptBytes(const journal::v1::QuarantineDocument& document) const;
  absl::StatusOr<CorrectionFile> CorrectionsOf(const store::Snapshot& snapshot,
                                               const std::string& payload,
                                               const std::string& language);
  // Rows as the agency counts them, to where they are in "bytes"; without erased ones.
  using RowPlaces = std::map<std::uint64_t, std::uint64_t>;
  absl::StatusOr<RowPlaces> PlacesOf(const AgencyOptions& agency,
                                     const journal::v1::QuarantineDocument& document,
                                     const std::string& bytes,
                                     const journal::v1::StoredReceipt& receipt);

  // Does what entries that had keys destroyed said and a crash prevented; before anything runs.
  absl::Status FinishDestruction();
  // Destroys what the entry at "sequence" names.
  absl::Status DestroyKeysOf(store::Sequence sequence, const journal::v1::Entry& entry);
  absl::Status EraseTurn(Writer::Turn& turn, const Principal& principal,
                         const ErasePersonCommand& command, const std::string& jurisdiction,
                         const std::string& hash, journal::v1::Entry* made,
                         store::Sequence* sequence);
  absl::Status CollectOldPayloads(const PurgeCommand& command, const store::Snapshot& snapshot,
                                  journal::v1::Purged* purged) const;
  // The candidate as its files are now, read again only if they have changed.
  absl::StatusOr<std::shared_ptr<const policy::Catalogue>> Candidate();
  absl::Status CollectOldAccess(const PurgeCommand& command, journal::v1::Purged* purged) const;

  const EngineOptions options_;
  store::Store* const store_;
  const Clock* const clock_;
  const policy::Catalogue* const catalogue_;
  Executor executor_;
  Deliveries deliveries_;
  mutable Projector projector_;
  Writer writer_;
  Intake intake_;
  Timers timers_;
  Watch watch_;

  // Held by what changes an adapter, so that journal and slot change in the same order.
  absl::Mutex adapters_mu_;
  // Held by what holds kept payloads in memory, so that one does at a time.
  absl::Mutex rereading_mu_;
  // Held by what destroys keys, so that one at a time is unfinished.
  absl::Mutex destruction_mu_;
  std::atomic<bool> rebuilding_ = false;

  mutable absl::Mutex mu_;
  absl::flat_hash_map<std::string, absl::Time> refusals_ ABSL_GUARDED_BY(mu_);

  absl::Mutex candidate_mu_;
  // Shared with the calls that compare by it.
  std::shared_ptr<const policy::Catalogue> candidate_ ABSL_GUARDED_BY(candidate_mu_);
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_ENGINE_IMPL_H_
