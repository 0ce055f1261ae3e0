// The key layout of the projections: the one place that knows it. hub/doc/storage_format.md shows
// the bytes.
//
// A key is one family byte and its parts. A text part ends with 0x00 (parts never hold one: the
// engine refuses such names), a number is 8 bytes big-endian, so that keys sort as their parts do.

#ifndef ANQIAO_HUB_STORE_KEYS_H_
#define ANQIAO_HUB_STORE_KEYS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/journal/v1/entry.pb.h"

namespace anqiao::store {

enum class Family : char {
  kMeta = 'm',        // what the projections are: name -> text
  kRecord = 'r',      // agency, format, kind, key -> RecordHead
  kPerson = 'p',      // person -> PersonDocument
  kBlock = 'b',       // hash of a blocking key, page -> BlockDocument
  kRequest = 'q',     // digest of principal and request id -> RequestDocument
  kReferral = 'f',    // referral -> ReferralDocument
  kPseudonym = 'o',   // agency, pseudonym -> referral id
  kDelivery = 'd',    // delivery -> DeliveryDocument
  kPending = 'w',     // agency, sequence of queueing, delivery -> (empty): what waits, in order
  kDead = 'x',        // the same of what was set aside
  kQuarantine = 'n',  // payload -> QuarantineDocument
  kDisclosure = 'l',  // person, sequence -> DisclosureDocument
  kConsent = 'k',     // consent -> ConsentDocument
  kDue = 't',         // instant, subject, kind -> (empty): what comes due, in order
  kCount = 'c',       // name -> decimal count
  kNotes = 'e',       // person -> EntitlementNotes
  kLook = 'v',        // day, person -> (empty): whom the watch looks at again, in order
  kAsked = 'a',       // year, agency, service, person -> AskedDocument
  kTeamMember = 'g',  // membership of a care team -> TeamMemberDocument
  kDispatch = 's',    // dispatch -> DispatchDocument
  kNode = 'j',        // record id -> IdentityNode
  kReview = 'u',      // two people, the smaller id first -> (empty): who may be one
  kRegrouped = 'z',   // sequence, person -> (empty): whom a merge or a split changed
};

std::string MetaKey(absl::string_view name);
std::string RecordKey(const journal::v1::RecordRef& record);
std::string PersonKey(absl::string_view person);
// "hash" is keyed with the projections' own secret: nothing personal can be found out by it.
std::string BlockKey(std::uint64_t hash, std::uint64_t page = 0);
std::string NodeKey(std::uint64_t record);
std::string ReviewKey(absl::string_view person, absl::string_view other);
std::string RegroupedKey(std::uint64_t sequence, absl::string_view person);
// "digest" is Store::Digest of the principal and the request id.
std::string RequestKey(absl::string_view digest);
std::string ReferralKey(absl::string_view referral);
std::string PseudonymKey(absl::string_view agency, absl::string_view pseudonym);
std::string DeliveryKey(absl::string_view delivery);
std::string PendingKey(absl::string_view agency, std::uint64_t sequence,
                       absl::string_view delivery);
std::string DeadKey(absl::string_view agency, std::uint64_t sequence, absl::string_view delivery);
std::string QuarantineKey(absl::string_view payload);
std::string DisclosureKey(absl::string_view person, std::uint64_t sequence);
std::string ConsentKey(absl::string_view consent);
// "subject": "f" and a referral, or "k" and a consent. "kind": a journal::v1::DeadlineKind.
std::string DueKey(std::uint64_t micros, absl::string_view subject, std::uint64_t kind);
std::string CountKey(absl::string_view name);
std::string NotesKey(absl::string_view person);
// "day": days since 1970-01-01 in China.
std::string LookKey(std::uint64_t day, absl::string_view person);
std::string AskedKey(std::uint64_t year, absl::string_view agency, absl::string_view service,
                     absl::string_view person);
std::string TeamMemberKey(absl::string_view member);
std::string DispatchKey(absl::string_view dispatch);

// The key as it is stored where keys hide what is personal: what follows the agency and format of a
// record is replaced by "hash" of the whole key. Ranges of hidden keys that end with the open part
// stay ranges.
std::string HideKey(absl::string_view key,
                    const std::function<std::string(absl::string_view)>& hash);
// True if HideKey changes keys of this family.
bool IsHidden(absl::string_view key);

// First key and end of a range, for Snapshot::Scan.
struct KeyRange {
  std::string begin, end;
};
KeyRange FamilyRange(Family family);
// Records of one agency's format.
KeyRange RecordRange(absl::string_view agency, absl::string_view format);
// Of one agency; "family" is kPending or kDead.
KeyRange PlaceRange(Family family, absl::string_view agency);
inline KeyRange PendingRange(absl::string_view agency) {
  return PlaceRange(Family::kPending, agency);
}
KeyRange DisclosureRange(absl::string_view person);
// Reviews after that of these two; empty: from the beginning.
KeyRange ReviewRange(absl::string_view person, absl::string_view other);
// By the entries from "first" to "last".
KeyRange RegroupedRange(std::uint64_t first, std::uint64_t last);
// What is due at "micros" or before.
KeyRange DueRange(std::uint64_t micros);
// Whom to look at on "day" or before.
KeyRange LookRange(std::uint64_t day);
// Who was asked for in one year.
KeyRange AskedRange(std::uint64_t year);
// Keys of a one-part family that come after "after" (exclusive); empty: from the beginning.
KeyRange AfterRange(Family family, absl::string_view after);

// The parts of keys that are read back. DATA_LOSS: not a key of this family.
absl::StatusOr<journal::v1::RecordRef> DecodeRecordKey(absl::string_view key);
absl::StatusOr<std::string> DecodeOnePart(Family family, absl::string_view key);
struct PendingParts {
  std::string agency;
  std::uint64_t sequence = 0;
  std::string delivery;
};
// "family" is kPending or kDead.
absl::StatusOr<PendingParts> DecodePlaceKey(Family family, absl::string_view key);
inline absl::StatusOr<PendingParts> DecodePendingKey(absl::string_view key) {
  return DecodePlaceKey(Family::kPending, key);
}
struct DueParts {
  std::uint64_t micros = 0;
  std::string subject;
  std::uint64_t kind = 0;
};
absl::StatusOr<DueParts> DecodeDueKey(absl::string_view key);
struct LookParts {
  std::uint64_t day = 0;
  std::string person;
};
absl::StatusOr<LookParts> DecodeLookKey(absl::string_view key);
struct AskedParts {
  std::uint64_t year = 0;
  std::string agency, service, person;
};
absl::StatusOr<AskedParts> DecodeAskedKey(absl::string_view key);
struct DisclosureParts {
  std::string person;
  std::uint64_t sequence = 0;
};
absl::StatusOr<DisclosureParts> DecodeDisclosureKey(absl::string_view key);
struct RegroupedParts {
  std::uint64_t sequence = 0;
  std::string person;
};
absl::StatusOr<RegroupedParts> DecodeRegroupedKey(absl::string_view key);
struct ReviewParts {
  std::string person, other;
};
absl::StatusOr<ReviewParts> DecodeReviewKey(absl::string_view key);

}  // namespace anqiao::store

#endif  // ANQIAO_HUB_STORE_KEYS_H_
