// Referrals as of a snapshot, with changes that are being made: builds the entry of each command.
//
// Nothing is written here. One thread.

#ifndef ANQIAO_HUB_ENGINE_REFERRAL_BOOK_H_
#define ANQIAO_HUB_ENGINE_REFERRAL_BOOK_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/engine/engine.h"
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

// Where a new referral is: the entry that drafts it, the key that it lies under.
struct NewReferral {
  store::Sequence sequence = 0;
  store::KeyId key = 0;
};

class ReferralBook {
 public:
  // All outlive the book.
  ReferralBook(const std::vector<AgencyOptions>* agencies, const policy::Catalogue* catalogue,
               NativeEncoder* encoder, const store::Snapshot* snapshot)
      : agencies_(agencies), catalogue_(catalogue), encoder_(encoder), snapshot_(snapshot) {}

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

  // NOT_FOUND (REFERRAL_NOT_FOUND). Valid until the next call.
  absl::StatusOr<journal::v1::ReferralDocument*> Find(const std::string& referral);
  // NOT_FOUND also if the person lives outside "jurisdiction".
  absl::StatusOr<journal::v1::ReferralDocument*> FindVisible(const std::string& referral,
                                                             const std::string& jurisdiction);
  // NOT_FOUND (CASE_NOT_FOUND).
  absl::StatusOr<CaseView> FindCase(const std::string& case_id, const model::CivilDate& as_of,
                                    const std::string& jurisdiction) const;

 private:
  struct Basis {
    std::string basis, reference;
    bool notice_given = false;
  };

  absl::Status CheckProvider(const AgencyOptions& agency,
                             const policy::PolicySummary& policy) const;
  absl::StatusOr<const AgencyOptions*> FindProvider(const std::string& agency,
                                                    const policy::PolicySummary& policy) const;
  absl::Status CheckReplaces(const CreateReferralCommand& command);
  absl::StatusOr<journal::v1::EntitlementAnswer> RequireEligible(const std::string& policy,
                                                                 const model::Case& person) const;
  // The gate: view, ledger, delivery, in "change".
  absl::Status Disclose(const journal::v1::ReferralDocument& referral,
                        const journal::v1::ReferralDraft& draft, const Basis& basis, absl::Time now,
                        journal::v1::ReferralChanged* change);
  absl::Status Deliver(const journal::v1::ReferralDocument& referral,
                       exchange::v1::Delivery delivery, journal::v1::ReferralChanged* change);
  absl::Status QueueNotice(const journal::v1::ReferralDocument& referral, const std::string& reason,
                           journal::v1::ReferralChanged* change);
  absl::StatusOr<Basis> LastBasis(const journal::v1::ReferralDocument& referral) const;
  void Take(const journal::v1::Entry& entry);

  const std::vector<AgencyOptions>* const agencies_;
  const policy::Catalogue* const catalogue_;
  NativeEncoder* const encoder_;
  const store::Snapshot* const snapshot_;
  std::map<std::string, journal::v1::ReferralDocument> documents_;
};

// Hash of an answer, to tell a repeat from a conflict.
std::string HashOfAnswer(const exchange::v1::AnswerReferralRequest& request);
// True if the case may be seen by callers of "jurisdiction".
bool InJurisdiction(const model::Case& folded, const std::string& jurisdiction);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_REFERRAL_BOOK_H_
