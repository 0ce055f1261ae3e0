#include "hub/engine/decode.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/engine/health_code.h"
#include "hub/engine/receipts.h"
#include "hub/engine/values.h"
#include "hub/model/normalize.h"
#include "hub/referral/view.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using Severity = adapter::Diagnostic::Severity;
using Verdict = DecodedRecord::Verdict;
using journal::v1::StoredProblem;

constexpr std::size_t kRequestIdBytes = 100;
constexpr std::size_t kFormatBytes = 100;
constexpr std::size_t kFileNameBytes = 255;
constexpr std::size_t kRecordKeyBytes = 200;

bool HasControl(absl::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

// One part of a hash's input, so that no two lists of parts give the same bytes.
std::string Part(absl::string_view text) { return absl::StrCat(text.size(), ":", text, ","); }

void Refuse(absl::StatusCode code, absl::string_view reason, absl::string_view message, bool hold,
            DecodedPayload* payload) {
  if (hold && NamesHealthCode(payload->bytes)) {
    payload->forbidden = true;
    payload->problems.clear();
    return Refuse(absl::StatusCode::kInvalidArgument, reason::kForbiddenContent,
                  "the payload has content that must not be held; nothing of it was kept", false,
                  payload);
  }
  payload->code = code;
  payload->reason = std::string(reason);
  payload->message = Bounded(message, 300);
  payload->hold_bytes = hold;
  payload->records.clear();
  if (payload->problems.empty()) payload->problems.push_back(PayloadProblem(reason, message));
}

// What an adapter emitted, before it is judged.
struct Emitted {
  std::vector<adapter::v1::Record> records;
  std::map<std::uint64_t, std::vector<adapter::Diagnostic>> rows;
  bool too_many = false;
};

absl::Status RunAdapter(adapter::AdapterInstance* instance, DecodedPayload* payload,
                        Emitted* emitted) {
  const std::uint64_t records_max = payload->agency->payload_records_max;
  std::uint64_t diagnostics = 0;
  adapter::DecodeSink sink;
  sink.records_max = records_max;
  sink.record = [&](adapter::v1::Record record) {
    if (emitted->records.size() >= records_max) {
      emitted->too_many = true;
    } else {
      emitted->records.push_back(std::move(record));
    }
  };
  sink.diagnostic = [&](adapter::Diagnostic diagnostic) {
    if (diagnostic.reason == reason::kForbiddenContent) payload->forbidden = true;
    if (diagnostic.severity == Severity::kPayload || diagnostic.row == 0) {
      if (diagnostic.severity != Severity::kWarning) payload->truncated = true;
      if (payload->problems.size() < kProblemsMax) {
        payload->problems.push_back(ToStored(diagnostic));
      }
      return;
    }
    if (++diagnostics > records_max + kProblemsMax * 1000) {
      emitted->too_many = true;
      return;
    }
    std::vector<adapter::Diagnostic>& row = emitted->rows[diagnostic.row];
    if (row.size() < kProblemsMax) row.push_back(std::move(diagnostic));
  };
  return instance->Decode(payload->header.format(), payload->bytes, payload->header.file_name(),
                          sink);
}

bool ValidKey(absl::string_view key) {
  return !key.empty() && key.size() <= kRecordKeyBytes && !HasControl(key) &&
         Bounded(key, kRecordKeyBytes) == key;
}

void HoldFor(StoredProblem problem, DecodedRecord* record) {
  record->verdict = problem.reason() == reason::kForbiddenContent ? Verdict::kReject
                    : record->verdict == Verdict::kReject         ? Verdict::kReject
                                                                  : Verdict::kHold;
  if (record->problems.size() < kProblemsMax) record->problems.push_back(std::move(problem));
}

void JudgeAnswer(const adapter::v1::Record& record, DecodedRecord* decoded) {
  absl::StatusOr<exchange::v1::AnswerReferralRequest> answer = referral::FromRecord(record);
  if (answer.ok()) {
    decoded->answer = *std::move(answer);
    return;
  }
  StoredProblem problem = PayloadProblem(reason::kValueInvalid, answer.status().message());
  problem.set_row(record.row());
  problem.set_byte_offset(record.byte_offset());
  if (const std::optional<ErrorDetail> detail = DetailOf(answer.status());
      detail.has_value() && !detail->fields.empty()) {
    problem.set_field(Bounded(detail->fields[0].first, 200));
  }
  HoldFor(std::move(problem), decoded);
}

DecodedRecord Judge(const adapter::v1::Record& record, const DecodedPayload& payload,
                    const model::CivilDate& today) {
  DecodedRecord decoded;
  decoded.row = record.row();
  decoded.byte_offset = record.byte_offset();
  decoded.removed = record.removed();
  decoded.record_key = Bounded(record.key(), kRecordKeyBytes);
  if (!ValidKey(record.key())) {
    StoredProblem problem =
        PayloadProblem(reason::kValueInvalid,
                       "the record's key is empty, longer than 200 bytes or not plain text");
    problem.set_row(record.row());
    problem.set_byte_offset(record.byte_offset());
    HoldFor(std::move(problem), &decoded);
    return decoded;
  }
  decoded.ref.set_agency(payload.agency->id);
  decoded.ref.set_format(payload.header.format());
  decoded.ref.set_kind(record.kind());
  decoded.ref.set_key(record.key());
  decoded.store_key = store::RecordKey(decoded.ref);
  if (record.kind() == adapter::v1::RECORD_KIND_REFERRAL_ANSWER) {
    JudgeAnswer(record, &decoded);
    return decoded;
  }
  if (decoded.removed) return decoded;
  model::Normalized normalized = model::Normalize(record, today);
  for (const model::Problem& problem : normalized.problems) {
    if (!problem.warning) {
      HoldFor(ToStored(problem), &decoded);
    } else if (decoded.problems.size() < kProblemsMax) {
      decoded.problems.push_back(ToStored(problem));
    }
  }
  if (decoded.verdict == Verdict::kTake) {
    decoded.observation = std::move(normalized.observation);
    decoded.content_hash = Sha256(Canonical(decoded.observation));
  }
  return decoded;
}

// Notes of the adapter on the rows of records, and rows that never became a record.
void AddDiagnostics(const Emitted& emitted, DecodedPayload* payload) {
  std::map<std::uint64_t, bool> seen;
  for (DecodedRecord& record : payload->records) {
    seen[record.row] = true;
    const auto it = emitted.rows.find(record.row);
    if (it == emitted.rows.end()) continue;
    for (const adapter::Diagnostic& diagnostic : it->second) {
      if (diagnostic.severity == Severity::kWarning) {
        if (record.problems.size() < kProblemsMax) record.problems.push_back(ToStored(diagnostic));
      } else {
        HoldFor(ToStored(diagnostic), &record);
      }
    }
  }
  for (const auto& [row, diagnostics] : emitted.rows) {
    if (seen.count(row) > 0) continue;
    // A note on a row that is no record, such as a header, holds nothing back.
    if (std::all_of(diagnostics.begin(), diagnostics.end(), [](const auto& diagnostic) {
          return diagnostic.severity == Severity::kWarning;
        })) {
      for (const adapter::Diagnostic& diagnostic : diagnostics) {
        if (payload->problems.size() < kProblemsMax) {
          payload->problems.push_back(ToStored(diagnostic));
        }
      }
      continue;
    }
    DecodedRecord record;
    record.row = row;
    record.verdict = Verdict::kHold;
    for (const adapter::Diagnostic& diagnostic : diagnostics) {
      HoldFor(ToStored(diagnostic), &record);
    }
    payload->records.push_back(std::move(record));
  }
  std::stable_sort(payload->records.begin(), payload->records.end(),
                   [](const DecodedRecord& a, const DecodedRecord& b) { return a.row < b.row; });
}

void MarkDuplicates(DecodedPayload* payload) {
  absl::flat_hash_map<std::string, const DecodedRecord*> first;
  for (DecodedRecord& record : payload->records) {
    if (record.store_key.empty()) {
      ++payload->unknown_rows;
      continue;
    }
    const auto [it, inserted] = first.emplace(record.store_key, &record);
    if (inserted || record.verdict != Verdict::kTake) continue;
    const DecodedRecord& earlier = *it->second;
    if (earlier.verdict == Verdict::kTake && earlier.removed == record.removed &&
        earlier.content_hash == record.content_hash && !record.answer.has_value()) {
      record.verdict = Verdict::kRepeat;
      continue;
    }
    StoredProblem problem = PayloadProblem(
        reason::kDuplicateRecord,
        absl::StrCat("row ", earlier.row, " of the payload has the same key and other content"));
    problem.set_row(record.row);
    HoldFor(std::move(problem), &record);
  }
}

}  // namespace

absl::Status CheckHeader(const exchange::v1::PayloadHeader& header, absl::Time now) {
  if (header.request_id().size() > kRequestIdBytes || HasControl(header.request_id())) {
    return InvalidField("header.request_id", "must be plain text of at most 100 bytes");
  }
  if (header.format().empty() || header.format().size() > kFormatBytes ||
      HasControl(header.format())) {
    return InvalidField("header.format", "must be plain text of 1 to 100 bytes");
  }
  if (header.file_name().size() > kFileNameBytes || HasControl(header.file_name())) {
    return InvalidField("header.file_name", "must be plain text of at most 255 bytes");
  }
  if (header.has_extract_time()) {
    const google::protobuf::Timestamp& time = header.extract_time();
    if (time.seconds() < 0 || time.seconds() > 253'402'300'799 || time.nanos() < 0 ||
        time.nanos() > 999'999'999 || ToTime(time) > now + absl::Hours(24)) {
      return InvalidField("header.extract_time", "must lie between 1970 and tomorrow");
    }
  }
  return absl::OkStatus();
}

void DoNotUseUpId(DecodedPayload* payload) {
  payload->request_id = absl::StrCat("refused-", Hex(payload->request_hash));
}

DecodedPayload BeginDecode(const AgencyOptions& agency, SubmitCommand command) {
  DecodedPayload payload;
  payload.agency = &agency;
  payload.adapter = agency.adapter->current();
  payload.header = std::move(command.header);
  payload.bytes = std::move(command.payload);
  const exchange::v1::PayloadHeader& header = payload.header;
  payload.request_hash =
      Sha256(absl::StrCat(Part("submit"), Part(header.format()), Part(header.file_name()),
                          header.has_extract_time() ? Part(Canonical(header.extract_time())) : "-",
                          command.too_large ? Part("too large") : "-",
                          command.cut_off ? Part("cut off") : "-", Part(payload.bytes)));
  const std::string made = absl::StrCat("sha256-", Hex(payload.request_hash));
  payload.reply_id = header.request_id().empty() ? made : header.request_id();
  // What arrived in part does not use up the id: the agency sends the whole under it again.
  payload.request_id = command.cut_off ? made : payload.reply_id;
  const adapter::v1::Format* format = payload.adapter->FindFormat(header.format());
  const bool registered =
      format != nullptr && std::find(agency.formats.begin(), agency.formats.end(),
                                     header.format()) != agency.formats.end();
  payload.snapshot = registered && format->mode() == adapter::v1::MODE_SNAPSHOT;
  if (!registered) {
    Refuse(absl::StatusCode::kNotFound, reason::kFormatNotRegistered,
           absl::StrCat("the format is not registered for the agency, which has ",
                        absl::StrJoin(agency.formats, ", ")),
           false, &payload);
    DoNotUseUpId(&payload);
  } else if (command.too_large || payload.bytes.size() > agency.payload_bytes_max) {
    Refuse(absl::StatusCode::kResourceExhausted, reason::kPayloadTooLarge,
           absl::StrCat("the payload has more than ", agency.payload_bytes_max, " bytes"), false,
           &payload);
    DoNotUseUpId(&payload);
  } else if (payload.bytes.empty()) {
    Refuse(absl::StatusCode::kInvalidArgument, reason::kPayloadEmpty, "the payload is empty", false,
           &payload);
  } else if (command.cut_off) {
    Refuse(absl::StatusCode::kInvalidArgument, reason::kPayloadTruncated,
           absl::StrCat("the payload was cut off after ", payload.bytes.size(),
                        " bytes: send it again whole"),
           true, &payload);
  }
  return payload;
}

void Decode(adapter::AdapterInstance* instance, const model::CivilDate& today,
            DecodedPayload* payload) {
  if (payload->code != absl::StatusCode::kOk) return;
  Emitted emitted;
  const absl::Status status = RunAdapter(instance, payload, &emitted);
  const bool known = !status.ok() && DetailOf(status).has_value();
  if (ReasonOf(status) == reason::kForbiddenContent ||
      (payload->forbidden && (payload->truncated || !status.ok()))) {
    payload->forbidden = true;
    return Refuse(absl::StatusCode::kInvalidArgument, reason::kForbiddenContent,
                  "the payload has content that must not be held; nothing of it was kept", false,
                  payload);
  }
  if (emitted.too_many) {
    return Refuse(absl::StatusCode::kResourceExhausted, reason::kPayloadTooLarge,
                  absl::StrCat("the payload has more than ", payload->agency->payload_records_max,
                               " records"),
                  false, payload);
  }
  if (absl::IsInvalidArgument(status)) {
    return Refuse(status.code(), known ? ReasonOf(status) : reason::kPayloadUndecodable,
                  std::string(status.message()), !payload->forbidden, payload);
  }
  if (absl::IsUnavailable(status)) {
    Refuse(status.code(), reason::kAdapterUnusable, "the agency's adapter cannot be run now",
           !payload->forbidden, payload);
    return DoNotUseUpId(payload);
  }
  if (!status.ok() && known && ReasonOf(status) != reason::kInternal) {
    return Refuse(absl::StatusCode::kInternal, ReasonOf(status), std::string(status.message()),
                  !payload->forbidden, payload);
  }
  if (!status.ok()) {
    return Refuse(absl::StatusCode::kInternal, reason::kPayloadUndecodable,
                  "the adapter could not decode the payload", !payload->forbidden, payload);
  }
  payload->records.reserve(emitted.records.size());
  for (adapter::v1::Record& emitted_record : emitted.records) {
    // Of a large payload, both forms of all records at once would be much.
    const adapter::v1::Record record = std::move(emitted_record);
    payload->records.push_back(Judge(record, *payload, today));
    DecodedRecord& decoded = payload->records.back();
    if (decoded.answer.has_value()) payload->has_answers = true;
    if (decoded.verdict == Verdict::kReject) payload->forbidden = true;
  }
  AddDiagnostics(emitted, payload);
  MarkDuplicates(payload);
  if (payload->truncated && payload->snapshot) {
    const std::string first = payload->problems[0].reason();
    return Refuse(absl::StatusCode::kInvalidArgument, first,
                  "the snapshot could not be read to its end", true, payload);
  }
  if (!payload->forbidden) return;
  // Bytes with such content are not kept, so nothing of them can wait for a replay.
  for (DecodedRecord& record : payload->records) {
    if (record.verdict == Verdict::kHold) record.verdict = Verdict::kReject;
  }
}

}  // namespace anqiao::engine
