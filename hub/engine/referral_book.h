// Referrals, consents, care teams and dispatches as of a snapshot, with changes that are being
// made: builds the entry of each command, of each answer and of what comes due.
//
// Nothing is written here. One thread.

#ifndef ANQIAO_HUB_ENGINE_REFERRAL_BOOK_H_
#define ANQIAO_HUB_ENGINE_REFERRAL_BOOK_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/engine/engine.h"
#include "hub/referral/care_team.h"
#include "hub/referral/reasons.h"
#include "hub/referral/routing.h"
#include "hub/store/keys.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// Encodes deliveries in an agency's own format; has the writer's adapter instances.
class NativeEncoder {
 public:
  // "build" is told which one encoded. UNAVAILABLE (ADAPTER_DISABLED).
  absl::StatusOr<std::string> Encode(const AgencyOptions& agency,
                                     const exchange::v1::Delivery& delivery, std::string* build);

 private:
  std::map<std::string, adapter::PinnedInstance> instances_;
};

struct AnswerCommand {
  std::string agency;
  const exchange::v1::AnswerReferralRequest* request = nullptr;
  std::string hash;
  // In the agency's own format, which only has the etag of the delivery: the agency's own answers
  // since then do not outdate it.
  bool native = false;
};

// Where a new referral or consent is: the entry that makes it, the key that it lies under.
struct NewReferral {
  store::Sequence sequence = 0;
  store::KeyId key = 0;
};

// Where a request for a service goes. Points into the directory, and into what it owns.
struct Routing {
  referral::Route route;
  const AgencyOptions* agency = nullptr;  // the recipient; null: nobody can be asked
  // In whose records it is decided whom the request is about; empty: in the recipient's.
  std::string anchor_agency;
  std::vector<std::unique_ptr<const referral::Provider>> implied;
};

// The steps of the gate, in their order; a test fails each of them.
inline constexpr const char* kGateSteps[] = {"basis",  "outward_case", "eligibility",
                                             "view",   "consent",      "ledger",
                                             "encode", "delivery",     "move"};
// Those of them that a membership of a care team passes, and a report or a transfer.
inline constexpr const char* kTeamGateSteps[] = {"basis", "consent", "ledger"};
inline constexpr const char* kDispatchGateSteps[] = {"basis", "view", "ledger", "delivery"};

class ReferralBook {
 public:
  // All outlive the book. "encoder" is needed by what delivers.
  ReferralBook(const EngineOptions* options, const policy::Catalogue* catalogue,
               NativeEncoder* encoder, const store::Snapshot* snapshot)
      : options_(options), catalogue_(catalogue), encoder_(encoder), snapshot_(snapshot) {}

  // Each builds the entry of a command and takes it into the book. "hash" is the request's.
  absl::StatusOr<journal::v1::Entry> Create(const Principal& principal,
                                            const CreateReferralCommand& command,
                                            const std::string& jurisdiction,
                                            const std::string& hash, const NewReferral& place,
                                            absl::Time now);
  absl::StatusOr<journal::v1::Entry> Send(const Principal& principal,
                                          const SendReferralCommand& command,
                                          const std::string& jurisdiction, const std::string& hash,
                                          absl::Time now);
  absl::StatusOr<journal::v1::Entry> Move(const Principal& principal,
                                          const MoveReferralCommand& command,
                                          const std::string& jurisdiction, const std::string& hash,
                                          absl::Time now);
  absl::StatusOr<journal::v1::Entry> Answer(const AnswerCommand& command, absl::Time now);

  // Consents (referral_consents.cc).
  absl::StatusOr<journal::v1::Entry> GiveConsent(const Principal& principal,
                                                 const CreateConsentCommand& command,
                                                 const std::string& jurisdiction,
                                                 const std::string& hash, const NewReferral& place,
                                                 absl::Time now);
  absl::StatusOr<journal::v1::Entry> WithdrawConsent(const Principal& principal,
                                                     const WithdrawConsentCommand& command,
                                                     const std::string& jurisdiction,
                                                     const std::string& hash, absl::Time now);

  // Care teams (referral_team.cc).
  absl::StatusOr<journal::v1::Entry> AddMember(const Principal& principal,
                                               const AddTeamMemberCommand& command,
                                               const std::string& jurisdiction,
                                               const std::string& hash, const NewReferral& place,
                                               absl::Time now);
  absl::StatusOr<journal::v1::Entry> EndMember(const Principal& principal,
                                               const EndTeamMemberCommand& command,
                                               const std::string& jurisdiction,
                                               const std::string& hash, absl::Time now);
  // NOT_FOUND (TEAM_MEMBER_NOT_FOUND), also if the person lives outside "jurisdiction".
  absl::StatusOr<journal::v1::TeamMemberDocument> FindMember(const std::string& member,
                                                             const std::string& jurisdiction,
                                                             const model::CivilDate& as_of) const;

  // Reports to the police and transfers of files (referral_dispatch.cc).
  absl::StatusOr<journal::v1::Entry> SendDispatch(const Principal& principal,
                                                  const SendDispatchCommand& command,
                                                  const std::string& jurisdiction,
                                                  const std::string& hash, const NewReferral& place,
                                                  absl::Time now) const;

  // What comes due (referral_due.cc). nullopt: it does not any more. "place" is asked for if a
  // referral is drafted.
  using TakePlace = std::function<absl::StatusOr<NewReferral>()>;
  absl::StatusOr<std::optional<journal::v1::Entry>> Fire(const store::DueParts& due,
                                                         const TakePlace& place, absl::Time now);
  // An agency that takes nothing of what waits for it. nullopt: it is not away for too long, or
  // that was said.
  absl::StatusOr<std::optional<journal::v1::Entry>> FireAbsence(const std::string& agency,
                                                                absl::Time now) const;
  // Where a request for the policy's service goes for "person" (referral_routes.cc), whatever the
  // police say of them. Without an agency: nobody can be asked, and the route says why.
  // NOT_FOUND (AGENCY_NOT_FOUND, PROVIDER_NOT_FOUND): what is named is not there.
  absl::StatusOr<Routing> RouteFor(const policy::PolicySummary& policy,
                                   const journal::v1::PersonDocument& person, const RouteWish& wish,
                                   absl::Time now);
  // FAILED_PRECONDITION (NO_PROVIDER) for a route to nobody; its details say why each was passed
  // over.
  static absl::Status NoProvider(const policy::PolicySummary& policy, const Routing& routing);

  // Says in an ack what comes due from now on.
  absl::Status CompleteAck(absl::Time now, journal::v1::Entry* entry);

  // NOT_FOUND (REFERRAL_NOT_FOUND). Valid until the next call.
  absl::StatusOr<journal::v1::ReferralDocument*> Find(const std::string& referral);
  // NOT_FOUND also if the person lives outside "jurisdiction".
  absl::StatusOr<journal::v1::ReferralDocument*> FindVisible(const std::string& referral,
                                                             const std::string& jurisdiction);
  // NOT_FOUND (CONSENT_NOT_FOUND), also if the person lives outside "jurisdiction".
  absl::StatusOr<journal::v1::ConsentDocument> FindConsent(const std::string& consent,
                                                           const std::string& jurisdiction,
                                                           const model::CivilDate& as_of) const;
  // NOT_FOUND (CASE_NOT_FOUND).
  absl::StatusOr<CaseView> FindCase(const std::string& case_id, const model::CivilDate& as_of,
                                    const std::string& jurisdiction) const;

 private:
  struct Basis {
    std::string basis, reference;
    bool notice_given = false;
    std::string consent;
  };

  static journal::v1::Entry Begin(const Principal& principal, absl::Time now);
  static void FillChange(const journal::v1::ReferralDocument& referral,
                         journal::v1::ReferralState to, const std::string& reason,
                         journal::v1::ReferralChanged* change);
  // The change of an entry about "referral".
  static journal::v1::ReferralChanged* Change(const journal::v1::ReferralDocument& referral,
                                              journal::v1::ReferralState to,
                                              const std::string& reason,
                                              const std::string& request_id,
                                              const std::string& hash, journal::v1::Entry* entry);
  const AgencyOptions* FindAgency(const std::string& id) const;
  absl::Status CheckReplaces(const CreateReferralCommand& command);
  // ELIGIBLE by all records, or by those that the police did not hand in.
  absl::StatusOr<journal::v1::EntitlementAnswer> RequireEntitled(
      const std::string& policy, CaseView view, const std::map<std::string, std::string>& details,
      const std::string& anchor, absl::Time now) const;
  // The entry that drafts a referral; taken into the book.
  absl::StatusOr<journal::v1::Entry> Draft(const Principal& principal, const NewReferral& place,
                                           journal::v1::ReferralDraft draft,
                                           const std::string& request_id, const std::string& hash,
                                           absl::Time now);
  // What a draft says of its route.
  void FillRoute(const Routing& routing, journal::v1::ReferralDraft* draft) const;
  // Everybody who might be asked for the service, in the order in which they are.
  std::vector<const referral::Provider*> ProvidersOf(const std::string& service,
                                                     Routing* routing) const;
  absl::Status CheckWish(const RouteWish& wish, const std::string& service) const;
  // Providers that "referral", and those that it replaces, asked and that could not.
  absl::StatusOr<std::set<std::string>> TriedBefore(const std::string& referral);
  absl::StatusOr<journal::v1::EntitlementAnswer> RequireEligible(const std::string& policy,
                                                                 const model::Case& person) const;

  // The gate (referral_gate.cc): view, ledger, delivery, in "change".
  absl::Status Disclose(const journal::v1::ReferralDocument& referral,
                        const journal::v1::ReferralDraft& draft, const Basis& basis, absl::Time now,
                        journal::v1::ReferralChanged* change);
  absl::Status CheckBasis(const journal::v1::ReferralDraft& draft, const Basis& basis,
                          absl::Time now) const;
  absl::Status CheckFields(const Basis& basis, const std::vector<std::string>& fields) const;
  // A consent of "case_id" that is live. NOT_FOUND (CONSENT_NOT_FOUND), FAILED_PRECONDITION
  // (CONSENT_ENDED).
  absl::StatusOr<journal::v1::ConsentGiven> LiveConsent(const std::string& consent,
                                                        const std::string& case_id,
                                                        absl::Time now) const;
  // FAILED_PRECONDITION: the basis does not let the person that "command" names join "team". Else
  // where it is written down.
  absl::StatusOr<std::string> CheckTeamBasis(const AddTeamMemberCommand& command,
                                             const referral::CareRole& role, const CaseView& view,
                                             absl::Time now) const;
  absl::Status CheckNoMember(const AddTeamMemberCommand& command, const CaseView& view,
                             const model::CivilDate& today) const;
  absl::Status Deliver(const journal::v1::ReferralDocument& referral,
                       exchange::v1::Delivery delivery, journal::v1::ReferralChanged* change);
  absl::Status QueueNotice(const journal::v1::ReferralDocument& referral, const std::string& reason,
                           journal::v1::ReferralChanged* change);
  absl::StatusOr<Basis> LastBasis(const journal::v1::ReferralDocument& referral) const;
  // What a step of the gate comes to; always OK but in tests.
  absl::Status Step(absl::string_view step) const;

  // What follows from a change, in it: what comes due, and what its reason brings with it.
  void Follow(const journal::v1::ReferralDocument& referral, const referral::ReasonCode* reason,
              absl::Time now, journal::v1::ReferralChanged* change) const;
  absl::Status CountRefusal(const journal::v1::ReferralDocument& referral, bool refused,
                            bool taken_up, absl::Time now, journal::v1::ReferralChanged* change);
  absl::StatusOr<int> RefusalsOf(const std::string& case_id) const;
  absl::Status RecordCheck(const journal::v1::ReferralDocument& referral, const std::string& result,
                           journal::v1::ReferralChanged* change) const;
  // INVALID_ARGUMENT, or what of an answer goes into "change" beside state and reason.
  absl::Status FillAnswer(const journal::v1::ReferralDocument& referral, referral::Action action,
                          const exchange::v1::ReferralAnswer& answer, absl::Time now,
                          journal::v1::ReferralChanged* change);
  // Ends the memberships of the person that rest on a consent, in "withdrawn".
  absl::Status EndMembers(const journal::v1::ConsentDocument& consent, absl::Time now,
                          journal::v1::ConsentWithdrawn* withdrawn) const;
  absl::StatusOr<journal::v1::Entry> EndConsent(const Principal& principal,
                                                const journal::v1::ConsentDocument& consent,
                                                bool expired, const std::string& request_id,
                                                const std::string& hash, absl::Time now);
  absl::StatusOr<std::optional<journal::v1::Entry>> FireReferral(const std::string& referral,
                                                                 const store::DueParts& due,
                                                                 const TakePlace& place,
                                                                 absl::Time now);
  // Drafts a referral to the next provider in the place of one that ended, or says why there is
  // none.
  absl::StatusOr<journal::v1::Entry> FireNextProvider(const journal::v1::ReferralDocument& ended,
                                                      const journal::v1::Deadline& deadline,
                                                      const TakePlace& place, absl::Time now);
  journal::v1::Entry NoNextProvider(const journal::v1::ReferralDocument& ended,
                                    const journal::v1::Deadline& deadline,
                                    const referral::Route& route, absl::Time now);
  // The end of "referral" that "change" makes asks for the next provider.
  bool AsksNextProvider(const journal::v1::ReferralDocument& referral,
                        const referral::ReasonCode* reason,
                        const journal::v1::ReferralChanged& change) const;
  policy::Deadlines OwnDeadlines(const std::string& policy) const;
  absl::Status Take(const journal::v1::Entry& entry);

  const EngineOptions* const options_;
  const policy::Catalogue* const catalogue_;
  NativeEncoder* const encoder_;
  const store::Snapshot* const snapshot_;
  std::map<std::string, journal::v1::ReferralDocument> documents_;
  std::map<std::string, int> refusals_;  // by case, after what is being made
};

// The agency in whose records it is decided whom a request is about.
const std::string& AnchorOf(const journal::v1::ReferralDraft& draft);
// Hash of an answer, to tell a repeat from a conflict.
std::string HashOfAnswer(const exchange::v1::AnswerReferralRequest& request);
// FAILED_PRECONDITION (CONSENT_INSUFFICIENT): "what" says what a consent does not cover.
absl::Status ConsentInsufficient(absl::string_view what);
// True if the case may be seen by callers of "jurisdiction".
bool InJurisdiction(const model::Case& folded, const std::string& jurisdiction);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_REFERRAL_BOOK_H_
