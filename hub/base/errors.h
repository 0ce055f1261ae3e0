// Errors with a machine-readable reason.
//
// The detail is attached where the error is born and travels inside absl::Status as a payload;
// rpc/status_conversion.cc translates it once, to google.rpc.ErrorInfo, BadRequest and
// PreconditionFailure. Every reason is listed here and explained in hub/doc/errors.md. Messages
// never hold personal data: they name things by place (row, column, resource name), not by content.
//
//   return Error(absl::StatusCode::kNotFound, reason::kCaseNotFound, absl::StrCat("no case named ",
//   name)).Meta("case", name); return InvalidField("page_size", absl::StrCat("must not be negative,
//   got ", size));

#ifndef ANQIAO_HUB_BASE_ERRORS_H_
#define ANQIAO_HUB_BASE_ERRORS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anqiao {

namespace reason {
// Of a call.
inline constexpr char kInvalidField[] = "INVALID_FIELD";
inline constexpr char kUnauthenticated[] = "UNAUTHENTICATED";
inline constexpr char kPermissionDenied[] = "PERMISSION_DENIED";
inline constexpr char kEtagMismatch[] = "ETAG_MISMATCH";
inline constexpr char kRequestIdConflict[] = "REQUEST_ID_CONFLICT";
inline constexpr char kPageTokenInvalid[] = "PAGE_TOKEN_INVALID";
inline constexpr char kShuttingDown[] = "SHUTTING_DOWN";
inline constexpr char kOverloaded[] = "OVERLOADED";
inline constexpr char kInternal[] = "INTERNAL";
// Of resources.
inline constexpr char kCaseNotFound[] = "CASE_NOT_FOUND";
inline constexpr char kRecordNotFound[] = "RECORD_NOT_FOUND";
inline constexpr char kPolicyNotFound[] = "POLICY_NOT_FOUND";
inline constexpr char kReferralNotFound[] = "REFERRAL_NOT_FOUND";
inline constexpr char kAgencyNotFound[] = "AGENCY_NOT_FOUND";
inline constexpr char kProviderNotFound[] = "PROVIDER_NOT_FOUND";
inline constexpr char kConsentNotFound[] = "CONSENT_NOT_FOUND";
inline constexpr char kTeamMemberNotFound[] = "TEAM_MEMBER_NOT_FOUND";
inline constexpr char kDispatchNotFound[] = "DISPATCH_NOT_FOUND";
inline constexpr char kDeliveryNotFound[] = "DELIVERY_NOT_FOUND";
inline constexpr char kQuarantineNotFound[] = "QUARANTINE_NOT_FOUND";
inline constexpr char kPayloadNotKept[] = "PAYLOAD_NOT_KEPT";
inline constexpr char kLogNotFound[] = "LOG_NOT_FOUND";
inline constexpr char kErased[] = "ERASED";
inline constexpr char kFormatNotRegistered[] = "FORMAT_NOT_REGISTERED";
// Of payloads and records.
inline constexpr char kPayloadEmpty[] = "PAYLOAD_EMPTY";
inline constexpr char kPayloadTooLarge[] = "PAYLOAD_TOO_LARGE";
inline constexpr char kPayloadUndecodable[] = "PAYLOAD_UNDECODABLE";
inline constexpr char kPayloadTruncated[] = "PAYLOAD_TRUNCATED";
inline constexpr char kEncodingInvalid[] = "ENCODING_INVALID";
inline constexpr char kUnknownColumn[] = "UNKNOWN_COLUMN";
inline constexpr char kMissingColumn[] = "MISSING_COLUMN";
inline constexpr char kMissingValue[] = "MISSING_VALUE";
inline constexpr char kValueInvalid[] = "VALUE_INVALID";
inline constexpr char kCheckDigitWrong[] = "CHECK_DIGIT_WRONG";
inline constexpr char kDateImpossible[] = "DATE_IMPOSSIBLE";
inline constexpr char kDuplicateRecord[] = "DUPLICATE_RECORD";
inline constexpr char kForbiddenContent[] = "FORBIDDEN_CONTENT";
inline constexpr char kSnapshotShrank[] = "SNAPSHOT_SHRANK";
inline constexpr char kRowCutOff[] = "ROW_CUT_OFF";
// Of payloads and records over which an adapter came to grief (hub/doc/adapter_workers.md).
inline constexpr char kAdapterCrashed[] = "ADAPTER_CRASHED";
inline constexpr char kAdapterHung[] = "ADAPTER_HUNG";
inline constexpr char kAdapterOutOfMemory[] = "ADAPTER_OUT_OF_MEMORY";
inline constexpr char kAdapterForbiddenCall[] = "ADAPTER_FORBIDDEN_CALL";
inline constexpr char kAdapterFlooded[] = "ADAPTER_FLOODED";
inline constexpr char kAdapterMisbehaved[] = "ADAPTER_MISBEHAVED";
// Of who is who.
inline constexpr char kTooManyVerdicts[] = "TOO_MANY_VERDICTS";
// Of referrals.
inline constexpr char kStateNotAllowed[] = "STATE_NOT_ALLOWED";
inline constexpr char kDeliveriesPushed[] = "DELIVERIES_PUSHED";
inline constexpr char kNotEligible[] = "NOT_ELIGIBLE";
inline constexpr char kNoProvider[] = "NO_PROVIDER";
inline constexpr char kNoLegalBasis[] = "NO_LEGAL_BASIS";
inline constexpr char kConsentRequired[] = "CONSENT_REQUIRED";
inline constexpr char kConsentEnded[] = "CONSENT_ENDED";
inline constexpr char kConsentInsufficient[] = "CONSENT_INSUFFICIENT";
inline constexpr char kNoOutwardIdentity[] = "NO_OUTWARD_IDENTITY";
inline constexpr char kViewIncomplete[] = "VIEW_INCOMPLETE";
inline constexpr char kNoOrder[] = "NO_ORDER";
inline constexpr char kRecipientNotAllowed[] = "RECIPIENT_NOT_ALLOWED";
// Of storage and configuration.
inline constexpr char kStorageFull[] = "STORAGE_FULL";
inline constexpr char kStorageLost[] = "STORAGE_LOST";
inline constexpr char kFormatVersionUnknown[] = "FORMAT_VERSION_UNKNOWN";
inline constexpr char kFormatVersionOld[] = "FORMAT_VERSION_OLD";
inline constexpr char kWriterFenced[] = "WRITER_FENCED";
inline constexpr char kKeyDestroyed[] = "KEY_DESTROYED";
inline constexpr char kMasterKeyWrong[] = "MASTER_KEY_WRONG";
inline constexpr char kSequenceBeyondEnd[] = "SEQUENCE_BEYOND_END";
inline constexpr char kConfigurationInvalid[] = "CONFIGURATION_INVALID";
inline constexpr char kIdentityModelInvalid[] = "IDENTITY_MODEL_INVALID";
inline constexpr char kCatalogueInvalid[] = "CATALOGUE_INVALID";
inline constexpr char kAnswerNotRecomputable[] = "ANSWER_NOT_RECOMPUTABLE";
inline constexpr char kAdapterUnusable[] = "ADAPTER_UNUSABLE";
inline constexpr char kAdapterDisabled[] = "ADAPTER_DISABLED";
// Of the audit log.
inline constexpr char kAuditProofInvalid[] = "AUDIT_PROOF_INVALID";
inline constexpr char kSignatureInvalid[] = "SIGNATURE_INVALID";
inline constexpr char kLogEdited[] = "LOG_EDITED";
inline constexpr char kLogCutOff[] = "LOG_CUT_OFF";
inline constexpr char kLogForked[] = "LOG_FORKED";
}  // namespace reason

// What an error carries beside code and message.
struct ErrorDetail {
  std::string reason;
  std::vector<std::pair<std::string, std::string>> metadata;
  // Path and description of each wrong request field.
  std::vector<std::pair<std::string, std::string>> fields;
  // Subject and description of each condition on the state that did not hold.
  std::vector<std::pair<std::string, std::string>> preconditions;
};

// Builds a status; converts implicitly to absl::Status and absl::StatusOr<T>.
class Error {
 public:
  Error(absl::StatusCode code, absl::string_view reason, absl::string_view message);
  Error& Meta(absl::string_view key, absl::string_view value);
  Error& Field(absl::string_view path, absl::string_view description);
  Error& Precondition(absl::string_view subject, absl::string_view description);

  operator absl::Status() const;  // NOLINT(google-explicit-constructor): a builder of just this.
  template <typename T>
  operator absl::StatusOr<T>() const {  // NOLINT(google-explicit-constructor)
    return static_cast<absl::Status>(*this);
  }

 private:
  absl::StatusCode code_;
  std::string message_;
  ErrorDetail detail_;
};

// INVALID_ARGUMENT for one request field.
absl::Status InvalidField(absl::string_view path, absl::string_view description);

// The detail of "status"; nullopt if it was made without one.
std::optional<ErrorDetail> DetailOf(const absl::Status& status);

// The reason of "status", or INTERNAL if it has none.
std::string ReasonOf(const absl::Status& status);

}  // namespace anqiao

#endif  // ANQIAO_HUB_BASE_ERRORS_H_
