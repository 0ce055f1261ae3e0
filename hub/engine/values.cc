#include "hub/engine/values.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "hub/base/digest.h"
#include "hub/engine/engine.h"

namespace anqiao::engine {

std::string Canonical(const google::protobuf::MessageLite& message) {
  std::string bytes(message.ByteSizeLong(), '\0');
  google::protobuf::io::ArrayOutputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeWithCachedSizes(&coded);
  return bytes;
}

std::string HashOf(const std::vector<absl::string_view>& parts,
                   const std::map<std::string, std::string>& details) {
  std::string all;
  for (const absl::string_view part : parts) absl::StrAppend(&all, part.size(), ":", part, ",");
  for (const auto& [key, value] : details) {
    absl::StrAppend(&all, key.size(), ":", key, "=", value.size(), ":", value, ",");
  }
  return Sha256(all);
}

std::string PrincipalId(const journal::v1::Principal& principal) {
  switch (principal.kind()) {
    case journal::v1::PRINCIPAL_KIND_AGENCY:
      return absl::StrCat("agency/", principal.name());
    case journal::v1::PRINCIPAL_KIND_USER:
      return absl::StrCat("user/", principal.name());
    default:
      return absl::StrCat("hub/", principal.name());
  }
}

journal::v1::Principal AgencyPrincipal(const std::string& agency) {
  journal::v1::Principal principal;
  principal.set_kind(journal::v1::PRINCIPAL_KIND_AGENCY);
  principal.set_name(agency);
  return principal;
}

journal::v1::Principal HubPrincipal() {
  journal::v1::Principal principal;
  principal.set_kind(journal::v1::PRINCIPAL_KIND_HUB);
  principal.set_name("hub");
  return principal;
}

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const std::int64_t nanos = absl::ToUnixNanos(time);
  std::int64_t seconds = nanos / 1'000'000'000;
  std::int64_t rest = nanos % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  out->set_seconds(seconds);
  out->set_nanos(static_cast<std::int32_t>(rest));
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

namespace {

absl::string_view KindOf(const journal::v1::Entry& entry) {
  switch (entry.change_case()) {
    case journal::v1::Entry::kRecordObserved:
      return "RECORD_OBSERVED";
    case journal::v1::Entry::kRecordEnded:
      return "RECORD_ENDED";
    case journal::v1::Entry::kPayloadClosed:
      return "PAYLOAD_CLOSED";
    case journal::v1::Entry::kQuarantineReplayed:
      return "QUARANTINE_REPLAYED";
    case journal::v1::Entry::kActivated:
      return "ACTIVATED";
    case journal::v1::Entry::kReferralChanged:
      return "REFERRAL_CHANGED";
    case journal::v1::Entry::kDeliveryAnswered:
      return "DELIVERY_ANSWERED";
    case journal::v1::Entry::kAccessRecorded:
      return "ACCESS_RECORDED";
    case journal::v1::Entry::kPersonErased:
      return "PERSON_ERASED";
    case journal::v1::Entry::kPurged:
      return "PURGED";
    case journal::v1::Entry::kLogsAnchored:
      return "LOGS_ANCHORED";
    case journal::v1::Entry::kTimerFired:
      return "TIMER_FIRED";
    case journal::v1::Entry::kDeliveryRetried:
      return "DELIVERY_RETRIED";
    case journal::v1::Entry::kDeliveryDiscarded:
      return "DELIVERY_DISCARDED";
    case journal::v1::Entry::kConsentGiven:
      return "CONSENT_GIVEN";
    case journal::v1::Entry::kConsentWithdrawn:
      return "CONSENT_WITHDRAWN";
    case journal::v1::Entry::kReferralEscalated:
      return "REFERRAL_ESCALATED";
    case journal::v1::Entry::kAgencyAbsent:
      return "AGENCY_ABSENT";
    case journal::v1::Entry::kEntitlementNoted:
      return "ENTITLEMENT_NOTED";
    case journal::v1::Entry::kTeamMemberAdded:
      return "TEAM_MEMBER_ADDED";
    case journal::v1::Entry::kTeamMemberEnded:
      return "TEAM_MEMBER_ENDED";
    case journal::v1::Entry::kDispatchSent:
      return "DISPATCH_SENT";
    case journal::v1::Entry::kIdentityJudged:
      return "IDENTITY_JUDGED";
    case journal::v1::Entry::CHANGE_NOT_SET:
      break;
  }
  return "NOTHING";
}

}  // namespace

void TellHeader(const store::Store& store, journal::v1::Entry* entry) {
  const journal::v1::Principal& principal = entry->principal();
  if (entry->has_record_observed()) {
    entry->set_agency(entry->record_observed().record().agency());
  } else if (entry->has_record_ended()) {
    entry->set_agency(entry->record_ended().record().agency());
  } else if (principal.kind() == journal::v1::PRINCIPAL_KIND_AGENCY &&
             !entry->has_access_recorded()) {
    entry->set_agency(principal.name());
  }
  if (const std::string request_id = RequestIdOf(*entry); !request_id.empty()) {
    entry->set_request_digest(store.Digest(RequestText(principal, request_id)));
  }
}

store::EntryHeader HeaderOf(const journal::v1::Entry& entry) {
  store::EntryHeader header;
  header.commit_time_micros = absl::ToUnixMicros(ToTime(entry.commit_time()));
  header.kind = std::string(KindOf(entry));
  header.key = entry.key();
  header.agency = entry.agency();
  header.request_digest = entry.request_digest();
  if (entry.has_record_observed()) {
    header.content = Canonical(entry.record_observed().observation());
  }
  return header;
}

std::string RequestText(const journal::v1::Principal& principal, const std::string& request_id) {
  return absl::StrCat(PrincipalId(principal), absl::string_view("\0", 1), request_id);
}

std::string RequestIdOf(const journal::v1::Entry& entry) {
  switch (entry.change_case()) {
    case journal::v1::Entry::kPayloadClosed:
      return entry.payload_closed().request_id();
    case journal::v1::Entry::kQuarantineReplayed:
      return entry.quarantine_replayed().request_id();
    case journal::v1::Entry::kReferralChanged:
      return entry.referral_changed().request_id();
    case journal::v1::Entry::kConsentGiven:
      return entry.consent_given().request_id();
    case journal::v1::Entry::kConsentWithdrawn:
      return entry.consent_withdrawn().request_id();
    case journal::v1::Entry::kPersonErased:
      return entry.person_erased().request_id();
    case journal::v1::Entry::kPurged:
      return entry.purged().request_id();
    case journal::v1::Entry::kDeliveryRetried:
      return entry.delivery_retried().request_id();
    case journal::v1::Entry::kDeliveryDiscarded:
      return entry.delivery_discarded().request_id();
    case journal::v1::Entry::kTeamMemberAdded:
      return entry.team_member_added().request_id();
    case journal::v1::Entry::kTeamMemberEnded:
      return entry.team_member_ended().request_id();
    case journal::v1::Entry::kDispatchSent:
      return entry.dispatch_sent().request_id();
    case journal::v1::Entry::kIdentityJudged:
      return entry.identity_judged().request_id();
    default:
      return "";
  }
}

std::string RequestHashOf(const journal::v1::Entry& entry) {
  switch (entry.change_case()) {
    case journal::v1::Entry::kPayloadClosed:
      return entry.payload_closed().payload_hash();
    case journal::v1::Entry::kQuarantineReplayed:
      return entry.quarantine_replayed().request_hash();
    case journal::v1::Entry::kReferralChanged:
      return entry.referral_changed().request_hash();
    case journal::v1::Entry::kConsentGiven:
      return entry.consent_given().request_hash();
    case journal::v1::Entry::kConsentWithdrawn:
      return entry.consent_withdrawn().request_hash();
    case journal::v1::Entry::kPersonErased:
      return entry.person_erased().request_hash();
    case journal::v1::Entry::kPurged:
      return entry.purged().request_hash();
    case journal::v1::Entry::kDeliveryRetried:
      return entry.delivery_retried().request_hash();
    case journal::v1::Entry::kDeliveryDiscarded:
      return entry.delivery_discarded().request_hash();
    case journal::v1::Entry::kTeamMemberAdded:
      return entry.team_member_added().request_hash();
    case journal::v1::Entry::kTeamMemberEnded:
      return entry.team_member_ended().request_hash();
    case journal::v1::Entry::kDispatchSent:
      return entry.dispatch_sent().request_hash();
    case journal::v1::Entry::kIdentityJudged:
      return entry.identity_judged().request_hash();
    default:
      return "";
  }
}

absl::Status ErasedError() {
  return Error(absl::StatusCode::kNotFound, reason::kErased,
               "what this request had asked for was erased since");
}

std::string NameOf(char prefix, store::Sequence sequence) {
  std::string bytes(8, '\0');
  for (int i = 7; i >= 0; --i) {
    bytes[i] = static_cast<char>(sequence & 0xff);
    sequence >>= 8;
  }
  return absl::StrCat(absl::string_view(&prefix, 1), Base32(bytes));
}

store::Sequence SequenceOf(char prefix, absl::string_view name) {
  static constexpr absl::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
  // The last digit has four bits, in front.
  constexpr std::size_t kNameBytes = 14;
  if (name.size() != kNameBytes || name[0] != prefix) return 0;
  store::Sequence sequence = 0;
  for (std::size_t i = 1; i < kNameBytes; ++i) {
    const std::size_t digit = kDigits.find(name[i]);
    if (digit == absl::string_view::npos) return 0;
    sequence = i + 1 < kNameBytes ? sequence << 5 | digit : sequence << 4 | digit >> 1;
  }
  return NameOf(prefix, sequence) == name ? sequence : 0;
}

bool FoldObserved(std::int64_t version, const std::string& hash, journal::v1::RecordHead* head) {
  const bool first = head->content_hash().empty();
  if (version >= head->source_version()) {
    head->set_source_version(version);
    head->set_ended(false);
  } else if (!first) {
    return false;
  }
  // An end that came before its record keeps it ended.
  head->set_content_hash(hash);
  return true;
}

bool FoldEnded(std::int64_t version, journal::v1::RecordHead* head) {
  if (version < head->source_version()) return false;
  head->set_source_version(version);
  head->set_ended(true);
  return true;
}

std::string TeamMemberEtag(const journal::v1::TeamMemberDocument& member) {
  const int version = member.has_ended() ? 2 : 1;
  return Hex(Sha256(absl::StrCat("member/", member.added().member(), "/", version))).substr(0, 16);
}

std::string CaseEtag(const journal::v1::PersonDocument& person) {
  return Hex(Sha256(absl::StrCat("case/", person.person(), "/", person.revision()))).substr(0, 16);
}

}  // namespace anqiao::engine
