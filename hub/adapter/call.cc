#include "hub/adapter/call.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::adapter {
namespace {

constexpr std::size_t kReasonBytesMax = 64;

// A reason of anqiao::reason that an adapter may give.
std::string KnownReason(absl::string_view text) {
  static constexpr std::array kKnown = {
      reason::kPayloadEmpty,     reason::kPayloadTooLarge, reason::kPayloadUndecodable,
      reason::kPayloadTruncated, reason::kEncodingInvalid, reason::kUnknownColumn,
      reason::kMissingColumn,    reason::kMissingValue,    reason::kValueInvalid,
      reason::kCheckDigitWrong,  reason::kDateImpossible,  reason::kDuplicateRecord,
      reason::kForbiddenContent, reason::kRowCutOff,       reason::kFormatNotRegistered,
      reason::kInternal};
  const std::string bounded = Bounded(text, kReasonBytesMax);
  for (const char* known : kKnown) {
    if (bounded == known) return bounded;
  }
  return reason::kValueInvalid;
}

}  // namespace

std::string Bounded(absl::string_view text, std::size_t bytes_max) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t length = 1;
    if (lead >= 0xC2 && lead <= 0xF4) length = lead < 0xE0 ? 2 : (lead < 0xF0 ? 3 : 4);
    bool good = lead >= 0x20 && lead < 0x7F;
    if (length > 1 && i + length <= text.size()) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      good = !(lead == 0xE0 && second < 0xA0) && !(lead == 0xED && second > 0x9F) &&
             !(lead == 0xF0 && second < 0x90) && !(lead == 0xF4 && second > 0x8F);
      for (std::size_t k = 1; k < length; ++k) {
        good = good && (static_cast<unsigned char>(text[i + k]) & 0xC0) == 0x80;
      }
    }
    if (!good) length = 1;
    if (out.size() + length > bytes_max) break;
    out.append(good ? text.substr(i, length).data() : "?", good ? length : 1);
    i += length;
  }
  return out;
}

Diagnostic PayloadDiagnostic(absl::string_view reason, const Position& at,
                             absl::string_view message) {
  Diagnostic diagnostic;
  diagnostic.reason = std::string(reason);
  diagnostic.row = at.row;
  diagnostic.column = at.column;
  diagnostic.byte_offset = at.byte_offset;
  diagnostic.message = std::string(message);
  diagnostic.severity = Diagnostic::Severity::kPayload;
  return diagnostic;
}

bool ReadDiagnostic(const aq_diag* diag, RawDiagnostic* out) {
  if (diag == nullptr || !AQ_HAS(diag, message) || diag->severity > AQ_PAYLOAD) return false;
  *out = {.severity = diag->severity,
          .reason = TextOf(diag->reason),
          .byte_offset = diag->byte_offset,
          .row = diag->row,
          .column = diag->column,
          .field = TextOf(diag->field),
          .message = TextOf(diag->message)};
  return true;
}

void Call::Tell(Diagnostic diagnostic) const {
  if (sink_ != nullptr) sink_->diagnostic(std::move(diagnostic));
}

bool Call::Misbehave(absl::string_view message, const Position& at) {
  if (!misbehaved_.ok()) return false;
  misbehaved_ = Error(absl::StatusCode::kInternal, reason::kInternal, message);
  misbehaved_at_ = at;
  Tell(PayloadDiagnostic(reason::kInternal, at, message));
  return false;
}

bool Call::RefusePayload(absl::string_view reason, absl::string_view message, const Position& at) {
  if (refused_) return false;
  refused_ = true;
  refusal_ = PayloadDiagnostic(reason, at, message);
  Tell(refusal_);
  return false;
}

bool Call::Emit(absl::string_view bytes, const Position& at) {
  if (sink_ == nullptr) return Misbehave("the adapter emitted a record while encoding", at);
  if (++records_ > kRecordsMax) {
    return RefusePayload(reason::kPayloadTooLarge,
                         absl::StrCat("more than ", kRecordsMax, " records"), at);
  }
  if (bytes.size() > kRecordBytesMax) return EmitTooLong(bytes.size(), at);
  v1::Record record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Misbehave("the adapter emitted a malformed record", at);
  }
  sink_->record(std::move(record));
  return true;
}

bool Call::EmitTooLong(std::size_t bytes, const Position& at) {
  return Misbehave(absl::StrCat("the adapter emitted a record of ", bytes, " bytes, at most ",
                                kRecordBytesMax, " are taken"),
                   at);
}

bool Call::Diagnose(const RawDiagnostic& raw, const Position& at) {
  if (raw.severity > AQ_PAYLOAD) return Misbehave("the adapter gave a malformed diagnostic", at);
  Diagnostic diagnostic = {.reason = KnownReason(raw.reason),
                           .row = raw.row,
                           .column = raw.column,
                           .field = Bounded(raw.field, kFieldBytesMax),
                           .byte_offset = raw.byte_offset,
                           .message = Bounded(raw.message, kMessageBytesMax),
                           .severity = static_cast<Diagnostic::Severity>(raw.severity)};
  if (diagnostic.severity == Diagnostic::Severity::kPayload) {
    refused_ = true;
    refusal_ = diagnostic;
  } else if (++diagnostics_ > kDiagnosticsMax) {
    return RefusePayload(reason::kPayloadUndecodable,
                         absl::StrCat("more than ", kDiagnosticsMax, " rows have faults"), at);
  }
  Tell(std::move(diagnostic));
  return true;
}

bool Call::Write(absl::string_view bytes, const Position& at) {
  if (bytes.size() > kEncodedBytesMax - encoded_.size()) {
    return Misbehave(absl::StrCat("the adapter wrote more than ", kEncodedBytesMax, " bytes"), at);
  }
  encoded_.append(bytes.data(), bytes.size());
  return true;
}

absl::Status Call::Finish(aq_status status, absl::string_view adapter, const Position& at) {
  AQ_RETURN_IF_ERROR(misbehaved_);
  if (status != AQ_OK && status != AQ_REJECT && status != AQ_STOP) {
    Misbehave(absl::StrCat("adapter ", adapter, " gave up; this instance is done for"), at);
    return misbehaved_;
  }
  if (!refused_ && status != AQ_REJECT) return absl::OkStatus();
  if (!refused_) RefusePayload(reason::kPayloadUndecodable, "refused without a reason", at);
  std::string message = refusal_.message;
  if (!refusal_.field.empty()) message = absl::StrCat(refusal_.field, ": ", message);
  if (refusal_.row != 0) message = absl::StrCat("row ", refusal_.row, ": ", message);
  return Error(absl::StatusCode::kInvalidArgument, refusal_.reason, message)
      .Meta("row", absl::StrCat(refusal_.row))
      .Meta("column", absl::StrCat(refusal_.column))
      .Meta("field", refusal_.field)
      .Meta("byte_offset", absl::StrCat(refusal_.byte_offset));
}

}  // namespace anqiao::adapter
