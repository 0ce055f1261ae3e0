#include "hub/store/keys.h"

#include <cstddef>
#include <limits>

#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/checksum.h"

namespace anqiao::store {
namespace {

std::string Start(Family family) { return std::string(1, static_cast<char>(family)); }

void AddText(std::string& key, absl::string_view text) {
  key.append(text.data(), text.size());
  key.push_back('\0');
}

void AddNumber(std::string& key, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>(number >> shift));
  }
}

std::string OnePart(Family family, absl::string_view text) {
  std::string key = Start(family);
  key.reserve(text.size() + 2);
  AddText(key, text);
  return key;
}

std::string PlaceKey(Family family, absl::string_view agency, std::uint64_t sequence,
                     absl::string_view delivery) {
  std::string key = Start(family);
  AddText(key, agency);
  AddNumber(key, sequence);
  AddText(key, delivery);
  return key;
}

// Every key that starts with "prefix", whose last byte is below 0xff.
KeyRange PrefixRange(std::string prefix) {
  KeyRange range{.begin = prefix, .end = std::move(prefix)};
  range.end.back() = static_cast<char>(static_cast<unsigned char>(range.end.back()) + 1);
  return range;
}

absl::Status Malformed(absl::string_view what) {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost, what);
}

// Takes the parts of a key off its front.
class KeyReader {
 public:
  static absl::StatusOr<KeyReader> Open(Family family, absl::string_view key) {
    if (key.empty() || key[0] != static_cast<char>(family)) {
      return Malformed("a stored key is of another family");
    }
    return KeyReader(key.substr(1));
  }

  absl::StatusOr<std::string> Text() {
    const std::size_t end = rest_.find('\0');
    if (end == absl::string_view::npos) return Malformed("a text part of a stored key has no end");
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return text;
  }

  absl::StatusOr<std::uint64_t> Number() {
    if (rest_.size() < kNumberBytes) return Malformed("a number of a stored key is cut off");
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < kNumberBytes; ++i) {
      number = (number << 8) | static_cast<unsigned char>(rest_[i]);
    }
    rest_.remove_prefix(kNumberBytes);
    return number;
  }

  absl::Status Finish() const {
    if (!rest_.empty()) return Malformed("a stored key has bytes after its last part");
    return absl::OkStatus();
  }

 private:
  explicit KeyReader(absl::string_view rest) : rest_(rest) {}

  absl::string_view rest_;
};

}  // namespace

std::string MetaKey(absl::string_view name) { return OnePart(Family::kMeta, name); }

std::string RecordKey(const journal::v1::RecordRef& record) {
  std::string key = Start(Family::kRecord);
  AddText(key, record.agency());
  AddText(key, record.format());
  AddNumber(key, static_cast<std::uint32_t>(record.kind()));
  AddText(key, record.key());
  return key;
}

std::string PersonKey(absl::string_view person) { return OnePart(Family::kPerson, person); }

std::string BlockKey(std::uint64_t hash, std::uint64_t page) {
  std::string key = Start(Family::kBlock);
  AddNumber(key, hash);
  if (page > 0) AddNumber(key, page);
  return key;
}

std::string NodeKey(std::uint64_t record) {
  std::string key = Start(Family::kNode);
  AddNumber(key, record);
  return key;
}

std::string ReviewKey(absl::string_view person, absl::string_view other) {
  std::string key = Start(Family::kReview);
  AddText(key, person);
  AddText(key, other);
  return key;
}

std::string RequestKey(absl::string_view digest) {
  std::string key = Start(Family::kRequest);
  key.append(digest.data(), digest.size());
  return key;
}

bool IsHidden(absl::string_view key) {
  return !key.empty() && key[0] == static_cast<char>(Family::kRecord);
}

std::string HideKey(absl::string_view key,
                    const std::function<std::string(absl::string_view)>& hash) {
  if (!IsHidden(key)) return std::string(key);
  // The family, the agency and the format.
  std::size_t open = 1;
  for (int parts = 2; parts > 0; --parts) {
    const std::size_t end = key.find('\0', open);
    if (end == absl::string_view::npos) break;
    open = end + 1;
  }
  std::string hidden(key.substr(0, open));
  hidden += hash(key);
  return hidden;
}

std::string ReferralKey(absl::string_view referral) { return OnePart(Family::kReferral, referral); }

std::string PseudonymKey(absl::string_view agency, absl::string_view pseudonym) {
  std::string key = Start(Family::kPseudonym);
  AddText(key, agency);
  AddText(key, pseudonym);
  return key;
}

std::string DeliveryKey(absl::string_view delivery) { return OnePart(Family::kDelivery, delivery); }

std::string PendingKey(absl::string_view agency, std::uint64_t sequence,
                       absl::string_view delivery) {
  return PlaceKey(Family::kPending, agency, sequence, delivery);
}

std::string DeadKey(absl::string_view agency, std::uint64_t sequence, absl::string_view delivery) {
  return PlaceKey(Family::kDead, agency, sequence, delivery);
}

std::string QuarantineKey(absl::string_view payload) {
  return OnePart(Family::kQuarantine, payload);
}

std::string DisclosureKey(absl::string_view person, std::uint64_t sequence) {
  std::string key = Start(Family::kDisclosure);
  AddText(key, person);
  AddNumber(key, sequence);
  return key;
}

std::string ConsentKey(absl::string_view consent) { return OnePart(Family::kConsent, consent); }

std::string DueKey(std::uint64_t micros, absl::string_view subject, std::uint64_t kind) {
  std::string key = Start(Family::kDue);
  AddNumber(key, micros);
  AddText(key, subject);
  AddNumber(key, kind);
  return key;
}

std::string CountKey(absl::string_view name) { return OnePart(Family::kCount, name); }

std::string NotesKey(absl::string_view person) { return OnePart(Family::kNotes, person); }

std::string TeamMemberKey(absl::string_view member) { return OnePart(Family::kTeamMember, member); }

std::string DispatchKey(absl::string_view dispatch) { return OnePart(Family::kDispatch, dispatch); }

std::string LookKey(std::uint64_t day, absl::string_view person) {
  std::string key = Start(Family::kLook);
  AddNumber(key, day);
  AddText(key, person);
  return key;
}

std::string AskedKey(std::uint64_t year, absl::string_view agency, absl::string_view service,
                     absl::string_view person) {
  std::string key = Start(Family::kAsked);
  AddNumber(key, year);
  AddText(key, agency);
  AddText(key, service);
  AddText(key, person);
  return key;
}

std::string RegroupedKey(std::uint64_t sequence, absl::string_view person) {
  std::string key = Start(Family::kRegrouped);
  AddNumber(key, sequence);
  AddText(key, person);
  return key;
}

KeyRange FamilyRange(Family family) { return PrefixRange(Start(family)); }

KeyRange RecordRange(absl::string_view agency, absl::string_view format) {
  std::string prefix = Start(Family::kRecord);
  AddText(prefix, agency);
  AddText(prefix, format);
  return PrefixRange(std::move(prefix));
}

KeyRange PlaceRange(Family family, absl::string_view agency) {
  return PrefixRange(OnePart(family, agency));
}

KeyRange DisclosureRange(absl::string_view person) {
  return PrefixRange(OnePart(Family::kDisclosure, person));
}

KeyRange ReviewRange(absl::string_view person, absl::string_view other) {
  KeyRange range = FamilyRange(Family::kReview);
  if (!person.empty()) range.begin = ReviewKey(person, other) + '\0';
  return range;
}

KeyRange RegroupedRange(std::uint64_t first, std::uint64_t last) {
  KeyRange range{.begin = Start(Family::kRegrouped), .end = Start(Family::kRegrouped)};
  AddNumber(range.begin, first);
  AddNumber(range.end, last + 1);
  return range;
}

KeyRange DueRange(std::uint64_t micros) {
  KeyRange range{.begin = Start(Family::kDue), .end = Start(Family::kDue)};
  AddNumber(range.end, micros + 1);
  return range;
}

KeyRange LookRange(std::uint64_t day) {
  KeyRange range{.begin = Start(Family::kLook), .end = Start(Family::kLook)};
  AddNumber(range.end, day + 1);
  return range;
}

KeyRange AskedRange(std::uint64_t year) {
  KeyRange range{.begin = Start(Family::kAsked), .end = Start(Family::kAsked)};
  AddNumber(range.begin, year);
  AddNumber(range.end, year + 1);
  return range;
}

KeyRange AfterRange(Family family, absl::string_view after) {
  KeyRange range = FamilyRange(family);
  // The least key above that of "after".
  if (!after.empty()) range.begin = OnePart(family, after) + '\0';
  return range;
}

absl::StatusOr<journal::v1::RecordRef> DecodeRecordKey(absl::string_view key) {
  AQ_ASSIGN_OR_RETURN(KeyReader reader, KeyReader::Open(Family::kRecord, key));
  journal::v1::RecordRef record;
  AQ_ASSIGN_OR_RETURN(*record.mutable_agency(), reader.Text());
  AQ_ASSIGN_OR_RETURN(*record.mutable_format(), reader.Text());
  AQ_ASSIGN_OR_RETURN(const std::uint64_t kind, reader.Number());
  if (kind > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
    return Malformed("the kind in a stored record key is out of range");
  }
  record.set_kind(static_cast<std::int32_t>(kind));
  AQ_ASSIGN_OR_RETURN(*record.mutable_key(), reader.Text());
  AQ_RETURN_IF_ERROR(reader.Finish());
  return record;
}

absl::StatusOr<std::string> DecodeOnePart(Family family, absl::string_view key) {
  AQ_ASSIGN_OR_RETURN(KeyReader reader, KeyReader::Open(family, key));
  AQ_ASSIGN_OR_RETURN(std::string text, reader.Text());
  AQ_RETURN_IF_ERROR(reader.Finish());
  return text;
}

absl::StatusOr<PendingParts> DecodePlaceKey(Family family, absl::string_view key) {
  AQ_ASSIGN_OR_RETURN(KeyReader reader, KeyReader::Open(family, key));
  PendingParts parts;
  AQ_ASSIGN_OR_RETURN(parts.agency, reader.Text());
  AQ_ASSIGN_OR_RETURN(parts.sequence, reader.Number());
  AQ_ASSIGN_OR_RETURN(parts.delivery, reader.Text());
  AQ_RETURN_IF_ERROR(reader.Finish());
  return parts;
}

absl::StatusOr<DueParts> DecodeDueKey(absl::string_view key) {
  AQ_ASSIGN_OR_RETURN(KeyReader reader, KeyReader::Open(Family::kDue, key));
  DueParts parts;
  AQ_ASSIGN_OR_RETURN(parts.micros, reader.Number());
  AQ_ASSIGN_OR_RETURN(parts.subject, reader.Text());
  AQ_ASSIGN_OR_RETURN(parts.kind, reader.Number());
  AQ_RETURN_IF_ERROR(reader.Finish());
  return parts;
}

absl::StatusOr<LookParts> DecodeLookKey(absl::string_view key) {
  AQ_ASSIGN_OR_RETURN(KeyReader reader, KeyReader::Open(Family::kLook, key));
  LookParts parts;
  AQ_ASSIGN_OR_RETURN(parts.day, reader.Number());
  AQ_ASSIGN_OR_RETURN(parts.person, reader.Text());
  AQ_RETURN_IF_ERROR(reader.Finish());
  return parts;
}

absl::StatusOr<AskedParts> DecodeAskedKey(absl::string_view key) {
  AQ_ASSIGN_OR_RETURN(KeyReader reader, KeyReader::Open(Family::kAsked, key));
  AskedParts parts;
  AQ_ASSIGN_OR_RETURN(parts.year, reader.Number());
  AQ_ASSIGN_OR_RETURN(parts.agency, reader.Text());
  AQ_ASSIGN_OR_RETURN(parts.service, reader.Text());
  AQ_ASSIGN_OR_RETURN(parts.person, reader.Text());
  AQ_RETURN_IF_ERROR(reader.Finish());
  return parts;
}

absl::StatusOr<DisclosureParts> DecodeDisclosureKey(absl::string_view key) {
  AQ_ASSIGN_OR_RETURN(KeyReader reader, KeyReader::Open(Family::kDisclosure, key));
  DisclosureParts parts;
  AQ_ASSIGN_OR_RETURN(parts.person, reader.Text());
  AQ_ASSIGN_OR_RETURN(parts.sequence, reader.Number());
  AQ_RETURN_IF_ERROR(reader.Finish());
  return parts;
}

absl::StatusOr<RegroupedParts> DecodeRegroupedKey(absl::string_view key) {
  AQ_ASSIGN_OR_RETURN(KeyReader reader, KeyReader::Open(Family::kRegrouped, key));
  RegroupedParts parts;
  AQ_ASSIGN_OR_RETURN(parts.sequence, reader.Number());
  AQ_ASSIGN_OR_RETURN(parts.person, reader.Text());
  AQ_RETURN_IF_ERROR(reader.Finish());
  return parts;
}

absl::StatusOr<ReviewParts> DecodeReviewKey(absl::string_view key) {
  AQ_ASSIGN_OR_RETURN(KeyReader reader, KeyReader::Open(Family::kReview, key));
  ReviewParts parts;
  AQ_ASSIGN_OR_RETURN(parts.person, reader.Text());
  AQ_ASSIGN_OR_RETURN(parts.other, reader.Text());
  AQ_RETURN_IF_ERROR(reader.Finish());
  return parts;
}

}  // namespace anqiao::store
