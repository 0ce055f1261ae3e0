// From journal entries to projections: a pure function of the entries, whatever batches they come
// in. The live hub and a rebuild run the same code.
//
// Documents that a batch touches are read once, changed in memory and written once, in key order.
// Thread-compatible: one user at a time, who is the only one to apply to the store.

#ifndef ANQIAO_HUB_ENGINE_PROJECTION_H_
#define ANQIAO_HUB_ENGINE_PROJECTION_H_

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/engine/identity_model.h"
#include "hub/engine/identity_tables.h"
#include "hub/engine/table.h"
#include "hub/engine/values.h"
#include "hub/identity/linkage.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// What happened to a delivery, for its agency's queue. A retried one is queued at its old place.
struct DeliveryEvent {
  enum class Kind { kQueued, kRefused, kGone } kind = Kind::kQueued;
  std::string agency, delivery;
  std::string referral;          // or dispatch
  store::Sequence sequence = 0;  // of its queueing
  int nack_count = 0;
};

// Whom entries touched, and by what: policy/touched.h, and kTouchesReferral. People of whom only
// the police know are left out. Ordered, so that the same entries are looked at in the same order.
using Touches = absl::btree_map<std::string, unsigned>;
// A referral ended: the service may be proposed again.
inline constexpr unsigned kTouchesReferral = 32;

class Projection {
 public:
  // Who is who by "model". Both outlive the projection.
  Projection(store::ProjectionStore* store, const IdentityModel& model);

  // Takes an entry into the batch. Entries come in order, without gaps, after the store's applied
  // sequence; not after a Commit that failed.
  absl::Status Add(store::Sequence sequence, const journal::v1::Entry& entry);
  // Writes the batch. Nothing happens if it is empty. After RESOURCE_EXHAUSTED (the disk is full)
  // it may be called again.
  absl::Status Commit();
  // The same on another thread, while more entries are taken in. The last is a Commit. What went
  // wrong with it the next call tells, and every other: the batch is lost, whatever the reason.
  absl::Status CommitAhead();
  // What happened to deliveries since the last call.
  std::vector<DeliveryEvent> TakeDeliveryEvents() { return std::exchange(delivery_events_, {}); }
  // From now on it is remembered who is touched; whoever asks for that takes it regularly.
  void RememberTouches() { remembers_touches_ = true; }
  Touches TakeTouches() { return std::exchange(touches_, {}); }

 private:
  using PersonRow = Table<journal::v1::PersonDocument>::Row;

  absl::Status Observed(store::Sequence sequence, const journal::v1::Entry& entry);
  absl::Status Ended(store::Sequence sequence, const journal::v1::Entry& entry);
  absl::Status Closed(store::Sequence sequence, const journal::v1::Entry& entry);
  absl::Status Replayed(store::Sequence sequence, const journal::v1::Entry& entry);
  absl::Status ReferralMoved(store::Sequence sequence, const journal::v1::Entry& entry);
  absl::Status Queued(store::Sequence sequence, const journal::v1::Entry& entry,
                      const journal::v1::QueuedDelivery& queued,
                      const journal::v1::DeliveryDocument& belongs_to);
  absl::Status Answered(const journal::v1::Entry& entry);
  absl::Status Acknowledged(const journal::v1::Entry& entry,
                            journal::v1::DeliveryDocument* document);
  // Tells the ledger what was handed over.
  absl::Status Disclosed(const journal::v1::Entry& entry,
                         const journal::v1::DeliveryDocument& document);
  // Changes the ledger's entry of "person" that the journal's entry at "sequence" made; nothing if
  // it is not there any more.
  absl::Status ChangeDisclosure(
      const std::string& person, store::Sequence sequence,
      const std::function<void(journal::v1::DisclosureDocument*)>& change);
  // A new entry of the ledger.
  journal::v1::DisclosureDocument Disclose(store::Sequence sequence,
                                           const journal::v1::Entry& entry,
                                           const journal::v1::Disclosure& disclosure,
                                           const std::string& person,
                                           journal::v1::DisclosureDocument document);
  absl::Status Retried(const journal::v1::DeliveryRetried& retried);
  absl::Status Discarded(const journal::v1::Entry& entry);
  absl::Status NoLongerDead(journal::v1::DeliveryDocument* document);
  absl::Status CountDeadOf(const std::string& referral, int change);
  // Its recipient has the request: the recipient's times begin.
  absl::Status RequestDelivered(const journal::v1::Entry& entry,
                                const journal::v1::DeliveryDocument& document);
  absl::Status ReferralEscalated(const journal::v1::Entry& entry);
  // Another one was drafted in the place of "referral".
  absl::Status ReferralReplaced(const journal::v1::Entry& entry, const std::string& referral);
  // The referral holds a place more or less than before.
  absl::Status CountPlaces(const journal::v1::ReferralDocument& referral, int change);
  // Keeps in which month of a year a recipient was first asked for "person".
  absl::Status Asked(const journal::v1::DisclosureDocument& disclosure,
                     const journal::v1::PersonDocument& person);
  absl::Status ConsentRecorded(const journal::v1::Entry& entry);
  absl::Status ConsentEnded(store::Sequence sequence, const journal::v1::Entry& entry);
  absl::Status MemberAdded(store::Sequence sequence, const journal::v1::Entry& entry);
  absl::Status MemberEnded(const journal::v1::Entry& entry,
                           const journal::v1::TeamMemberEnded& ended);
  absl::Status Dispatched(store::Sequence sequence, const journal::v1::Entry& entry);
  absl::Status DispatchDelivered(const journal::v1::Entry& entry, const std::string& dispatch);
  void PutDue(const std::string& referral, const journal::v1::Deadline& deadline);
  void RemoveDue(const std::string& referral, const journal::v1::Deadline& deadline);
  // Changes the referral and keeps the index of what comes due.
  void FoldWithDue(const std::function<void(journal::v1::ReferralDocument*)>& fold,
                   journal::v1::ReferralDocument* referral);
  absl::Status Fired(const journal::v1::TimerFired& fired);
  absl::Status Noted(store::Sequence sequence, const journal::v1::Entry& entry);
  void Touch(const journal::v1::PersonDocument& person, unsigned touches);
  absl::Status Erased(const journal::v1::PersonErased& erased);
  absl::Status ForgetAttached(const std::string& person);
  absl::Status ForgetRecord(const journal::v1::RecordRef& record);
  absl::Status ForgetReferral(const std::string& referral);
  absl::Status ForgetConsent(const std::string& consent);
  absl::Status ForgetMember(const std::string& member);
  absl::Status ForgetDispatch(const std::string& dispatch);
  absl::Status ForgetNotes(const std::string& person);
  // What the watch has looked at.
  absl::Status ForgetRegrouped(store::Sequence through);
  absl::Status ForgetDeliveries(const std::string& person);
  absl::Status ForgetDisclosures(const std::string& person);
  absl::Status ForgetPayload(const std::string& payload);
  absl::Status UpdateRecord(store::Sequence sequence, const journal::v1::RecordObserved& observed,
                            journal::v1::RecordHead* head);
  // Who is who (projection_identity.cc).
  class Regrouping;
  absl::Status Resolve(store::Sequence sequence, const journal::v1::RecordObserved& observed);
  absl::Status Judged(const journal::v1::IdentityJudged& judged);
  // Gives people their records as the resolver says. "rule" is why; "removed" the record that was
  // removed, or null.
  absl::Status Regroup(const identity::LinkageChange& change, const char* rule,
                       const journal::v1::RecordRef* removed);
  // The document of an id: of whoever has its first record now, also if the id never named a person
  // in this history, because somebody else's records were erased or another model resolves.
  absl::StatusOr<PersonRow*> Home(const std::string& id);
  // Whom "id" names now.
  absl::StatusOr<PersonRow*> PersonOf(const std::string& id);
  absl::Status Revised(PersonRow* person);
  // Changes what is attached to the id "home", if it is there, and with it the case that it names.
  absl::Status Attach(const std::string& home,
                      absl::FunctionRef<void(journal::v1::PersonDocument&)> change);
  // What to look at beside "person", with the index of it.
  absl::Status UpdateReviews(const std::string& person);
  absl::Status SetReview(const std::string& person, const std::string& other,
                         const journal::v1::PersonReview* review);
  // Only who is somebody is looked at again by the watch.
  absl::Status WatchOrNot(const std::string& person, bool watch);
  // Notes in a consent what rests on it; "add" says whether that is new.
  absl::Status RestsOn(const std::string& consent,
                       absl::FunctionRef<bool(journal::v1::ConsentDocument&)> add);
  // How many suitable jobs the person whom "home" names has refused in a row.
  absl::Status SetRefusals(const std::string& home, int count);
  absl::Status Count(const std::string& name, std::int64_t change);
  // Sets the number at "key" unless it is greater already.
  absl::Status Raise(const std::string& key, std::int64_t version);
  // The request that "entry" answers, also if the entry was erased.
  void Remember(store::Sequence sequence, const journal::v1::Entry& entry);
  void Put(const std::string& key, std::string value, std::string owner = "") {
    others_[key] = {std::move(value), std::move(owner)};
  }
  void Remove(const std::string& key) { others_[key] = {std::nullopt, ""}; }
  // For the tables, which remember what was committed after it.
  const store::Snapshot& snapshot();
  // With all that was committed.
  absl::StatusOr<const store::Snapshot*> WholeSnapshot();
  void CollectChanges();
  // Waits for what CommitAhead began.
  absl::Status Land();
  void Trim(bool written);

  store::ProjectionStore* const store_;
  const IdentityModel& model_;
  std::unique_ptr<store::Snapshot> snapshot_;
  store::Sequence last_ = 0;  // of the batch; 0: the batch is empty
  Table<journal::v1::RecordHead> heads_;
  Table<journal::v1::PersonDocument> people_;
  Table<journal::v1::ReferralDocument> referrals_;
  Table<journal::v1::ConsentDocument> consents_;
  Table<journal::v1::DeliveryDocument> deliveries_;
  Table<journal::v1::QuarantineDocument> quarantine_;
  Table<journal::v1::EntitlementNotes> notes_;
  Table<journal::v1::TeamMemberDocument> members_;
  Table<journal::v1::DispatchDocument> dispatches_;
  struct Other {
    std::optional<std::string> value;  // nullopt: deleted
    std::string owner;
  };
  std::map<std::string, Other> others_;
  IdentityTables identity_tables_;
  identity::Linkage linkage_;
  absl::flat_hash_map<std::string, std::int64_t> counts_;
  std::vector<DeliveryEvent> delivery_events_;
  bool remembers_touches_ = false;
  Touches touches_;
  std::unique_ptr<store::ProjectionBatch> batch_;  // collected and not yet written
  std::future<absl::Status> flying_;               // a batch that is being written
  absl::Status landed_;                            // not OK: a batch was lost
};

// Adds "id" unless it is there; true if it was not.
bool AddOnce(const std::string& id, google::protobuf::RepeatedPtrField<std::string>* ids);

// The person's record; null if it is not there.
journal::v1::PersonRecord* FindRecord(journal::v1::PersonDocument* person,
                                      const journal::v1::RecordRef& ref);

// What the deliveries that must arrive in order have in common: their referral, or their dispatch.
const std::string& LineOf(const journal::v1::DeliveryDocument& document);

// Keys of the counts.
std::string LiveRecordsCount(const std::string& agency);
std::string PendingCount(const std::string& agency);
std::string DeadCount(const std::string& agency);
std::string QuarantineCount(const std::string& agency);
// Places that are held at a provider of the directory, or for one of its posts.
std::string HeldCount(const std::string& provider, const std::string& post);
inline constexpr char kPeopleCount[] = "people";
// People of whom the police have, or had, a record.
inline constexpr char kKnownToPoliceCount[] = "known_to_police";
// Key of the AskedDocument that "disclosure" is counted in.
std::string AskedKeyOf(const journal::v1::DisclosureDocument& disclosure);
// Key of the instant at which the agency answered for a delivery last, in microseconds since 1970.
std::string AnsweredKey(const std::string& agency);
// Key of the instant since which an agency is absent, in microseconds; only while it is, and was
// escalated.
std::string AbsentKey(const std::string& agency);
// nullopt: the agency is not absent.
std::optional<absl::Time> AbsentSince(const store::Snapshot& snapshot, const std::string& agency);
// What a deadline of a referral or a consent is of in the index of what comes due.
std::string ReferralSubject(const std::string& referral);
std::string ConsentSubject(const std::string& consent);
// Key of the watch's WatchProgress.
std::string WatchProgressKey();
// Key of the version of the newest snapshot that was taken up whole.
std::string SnapshotVersionKey(const std::string& agency, const std::string& format);
// Key of the latest commit time, in microseconds, of what an agency handed in under a request id:
// first sights go on from there.
std::string FirstSightKey();
// The count of that name; 0 if there is none.
std::int64_t CountOf(const store::Snapshot& snapshot, const std::string& name);
// Sequence of the last entry that had keys destroyed; 0 if there is none.
store::Sequence LastDestruction(const store::Snapshot& snapshot);
// True if an earlier program computed them, in another way than this one, or by another model.
bool ComputedOtherwise(const store::Snapshot& snapshot, const IdentityModel& model);
// Of the model that they were computed by; empty if there are none, or an earlier program did it.
std::string ModelHashOf(const store::Snapshot& snapshot);
// The same of the last that erased a person.
store::Sequence LastErasure(const store::Snapshot& snapshot);
// Key of the instant at which a timer is due next, in microseconds since 1970 UTC.
std::string TimerKey(const std::string& timer);
std::string ActivationKey(journal::v1::ActivationKind kind, const std::string& name);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_PROJECTION_H_
