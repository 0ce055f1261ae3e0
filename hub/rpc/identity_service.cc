#include <limits>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/case_conversion.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/hub_services.h"
#include "hub/rpc/resource_names.h"

namespace anqiao::rpc {
namespace {

constexpr char kListReviews[] = "/anqiao.hub.v1.IdentityService/ListIdentityReviews";
constexpr char kExplain[] = "/anqiao.hub.v1.IdentityService/ExplainIdentity";
constexpr char kGetPair[] = "/anqiao.hub.v1.IdentityService/GetIdentityPair";
constexpr char kJudge[] = "/anqiao.hub.v1.IdentityService/JudgeIdentity";
constexpr char kPreview[] = "/anqiao.hub.v1.IdentityService/PreviewIdentityModel";
constexpr int kShiftRecordsMax = 20;
constexpr int kJudgeCodeBytesMax = 63;
constexpr int kPairEtagBytesMax = 128;

double Bits(identity::Weight weight) { return weight / double{identity::kBit}; }

hub::v1::IdentityRecord ToProto(const journal::v1::PersonRecord& record,
                                const std::string& person) {
  const journal::v1::Subject& subject = record.observation().subject();
  hub::v1::IdentityRecord out;
  out.set_record(static_cast<std::int64_t>(record.record_id()));
  out.set_case_(ResourceName(kCases, person));
  out.set_agency(record.record().agency());
  out.set_kind(KindName(record.record().kind()));
  out.set_record_key(record.record().key());
  out.set_display_name(subject.name());
  *out.mutable_former_names() = subject.former_names();
  out.set_masked_id_number(MaskIdNumber(subject.id_number()));
  out.set_sex(subject.sex());
  if (subject.has_birth_date()) *out.mutable_birth_date() = subject.birth_date();
  *out.mutable_phones() = subject.phones();
  out.set_address(subject.address());
  out.set_division_code(subject.division_code());
  out.set_ended(record.ended());
  return out;
}

hub::v1::IdentityPair ToProto(const engine::IdentityPair& pair) {
  hub::v1::IdentityPair out;
  *out.mutable_record() = ToProto(pair.record, pair.person);
  *out.mutable_other_record() = ToProto(pair.other_record, pair.other);
  for (const engine::IdentityPair::Attribute& attribute : pair.attributes) {
    hub::v1::AttributeAgreement* added = out.add_attributes();
    added->set_attribute(attribute.name);
    added->set_level(std::string(identity::LevelName(attribute.level)));
    added->set_weight(Bits(attribute.weight));
  }
  out.set_weight(Bits(pair.weight));
  out.set_reason(pair.reason);
  out.set_verdict(static_cast<hub::v1::IdentityVerdict>(pair.verdict));
  out.set_etag(pair.etag);
  return out;
}

// A number that a record may have.
bool IsRecord(std::int64_t number) { return number > 0 && number < std::int64_t{1} << 62; }

hub::v1::IdentityRefusal ToProto(identity::Refusal refusal) {
  switch (refusal) {
    case identity::Refusal::kConflictingIds:
      return hub::v1::IDENTITY_REFUSAL_CONFLICTING_IDS;
    case identity::Refusal::kToldApart:
      return hub::v1::IDENTITY_REFUSAL_TOLD_APART;
    case identity::Refusal::kTooManyLinks:
      return hub::v1::IDENTITY_REFUSAL_TOO_MANY_LINKS;
  }
  return hub::v1::IDENTITY_REFUSAL_UNSPECIFIED;
}

absl::StatusOr<engine::JudgeIdentityCommand> ParseJudgement(
    const hub::v1::JudgeIdentityRequest& request) {
  AQ_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  AQ_RETURN_IF_ERROR(CheckRequired("reason", request.reason(), kJudgeCodeBytesMax));
  AQ_RETURN_IF_ERROR(CheckCode("reason", request.reason()));
  engine::JudgeIdentityCommand command{
      .request_id = request.request_id(), .reason = request.reason(), .decisions = {}};
  if (request.decisions_size() > static_cast<int>(engine::kDecisionsMax)) {
    return InvalidField("decisions", absl::StrCat("must be at most ", engine::kDecisionsMax));
  }
  for (const hub::v1::IdentityDecision& decision : request.decisions()) {
    if (!IsRecord(decision.record()) || !IsRecord(decision.other_record())) {
      return InvalidField("decisions", "must name two records by their numbers");
    }
    if (!hub::v1::IdentityVerdict_IsValid(decision.verdict())) {
      return InvalidField("decisions", "must say SAME, NOT_SAME or nothing");
    }
    AQ_RETURN_IF_ERROR(CheckRequired("decisions.etag", decision.etag(), kPairEtagBytesMax));
    command.decisions.push_back(
        {.record = static_cast<identity::RecordId>(decision.record()),
         .other_record = static_cast<identity::RecordId>(decision.other_record()),
         .verdict = static_cast<identity::Verdict>(decision.verdict()),
         .etag = decision.etag()});
  }
  return command;
}

hub::v1::IdentityShift ToProto(const engine::IdentityShift& shift) {
  hub::v1::IdentityShift out;
  out.set_kind(shift.kind == engine::IdentityShift::Kind::kJoined
                   ? hub::v1::IDENTITY_SHIFT_KIND_JOINED
                   : hub::v1::IDENTITY_SHIFT_KIND_PARTED);
  for (const engine::IdentityShift::Part& part : shift.parts) {
    hub::v1::IdentityPart* added = out.add_parts();
    added->set_case_(ResourceName(kCases, part.person));
    for (const journal::v1::PersonRecord& record : part.records) {
      if (added->records_size() == kShiftRecordsMax) break;
      *added->add_records() = ToProto(record, part.person);
    }
    added->set_records_left_off(static_cast<std::int32_t>(part.records.size()) -
                                added->records_size());
  }
  return out;
}

hub::v1::IdentityPreview ToProto(const engine::IdentityPreview& preview) {
  hub::v1::IdentityPreview out;
  out.set_model_version(preview.model);
  out.set_candidate_version(preview.candidate);
  out.set_candidate_hash(preview.candidate_hash);
  out.set_people_count(static_cast<std::int64_t>(preview.people));
  out.set_candidate_people_count(static_cast<std::int64_t>(preview.candidate_people));
  out.set_joined_count(static_cast<std::int64_t>(preview.joined));
  out.set_parted_count(static_cast<std::int64_t>(preview.parted));
  return out;
}

}  // namespace

grpc::Status IdentityServiceImpl::ListIdentityReviews(
    grpc::ServerContext* context, const hub::v1::ListIdentityReviewsRequest* request,
    hub::v1::ListIdentityReviewsResponse* response) {
  return Handle(gate_, *context, kListReviews, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListReviews, *request));
    AQ_ASSIGN_OR_RETURN(const std::string case_id,
                        ParseOptionalResourceName("case", kCases, request->case_()));
    gate_.RecordRead(caller, kListReviews, case_id.empty() ? "cases/-" : request->case_());
    AQ_ASSIGN_OR_RETURN(
        const engine::Page<engine::IdentityPair> page,
        engine_.ListIdentityReviews(case_id, range.after, range.limit, caller.jurisdiction));
    FillPage(
        range, page, [](const engine::IdentityPair& pair) { return ToProto(pair); },
        response->mutable_reviews(), response->mutable_next_page_token());
    return absl::OkStatus();
  });
}

grpc::Status IdentityServiceImpl::ExplainIdentity(grpc::ServerContext* context,
                                                  const hub::v1::ExplainIdentityRequest* request,
                                                  hub::v1::IdentityExplanation* response) {
  return Handle(gate_, *context, kExplain, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id, ParseResourceName("case", kCases, request->case_()));
    gate_.RecordRead(caller, kExplain, request->case_());
    AQ_ASSIGN_OR_RETURN(const engine::IdentityExplanation why,
                        engine_.ExplainIdentity(id, caller.jurisdiction));
    response->set_case_(ResourceName(kCases, why.person));
    response->set_model_version(why.model);
    for (const journal::v1::PersonRecord& record : why.records) {
      *response->add_records() = ToProto(record, why.person);
    }
    for (const engine::IdentityExplanation::Link& link : why.links) {
      hub::v1::IdentityLink* added = response->add_links();
      *added->mutable_pair() = ToProto(link.pair);
      added->set_step(static_cast<std::int32_t>(link.step));
    }
    for (const engine::IdentityExplanation::Refused& refused : why.refused) {
      hub::v1::RefusedLink* added = response->add_refused_links();
      *added->mutable_pair() = ToProto(refused.pair);
      added->set_refusal(ToProto(refused.refusal));
    }
    response->set_links_left_off(static_cast<std::int32_t>(why.links_left_off));
    response->set_refused_links_left_off(static_cast<std::int32_t>(why.refused_left_off));
    return absl::OkStatus();
  });
}

grpc::Status IdentityServiceImpl::GetIdentityPair(grpc::ServerContext* context,
                                                  const hub::v1::GetIdentityPairRequest* request,
                                                  hub::v1::IdentityPair* response) {
  return Handle(gate_, *context, kGetPair, [&](const Caller& caller) -> absl::Status {
    if (request->record() <= 0) return InvalidField("record", "must be the number of a record");
    if (request->other_record() <= 0) {
      return InvalidField("other_record", "must be the number of a record");
    }
    gate_.RecordRead(caller, kGetPair,
                     absl::StrCat("records/", request->record(), "+", request->other_record()));
    AQ_ASSIGN_OR_RETURN(
        const engine::IdentityPair pair,
        engine_.GetIdentityPair(static_cast<identity::RecordId>(request->record()),
                                static_cast<identity::RecordId>(request->other_record()),
                                caller.jurisdiction));
    *response = ToProto(pair);
    return absl::OkStatus();
  });
}

grpc::Status IdentityServiceImpl::JudgeIdentity(grpc::ServerContext* context,
                                                const hub::v1::JudgeIdentityRequest* request,
                                                hub::v1::JudgeIdentityResponse* response) {
  return Handle(gate_, *context, kJudge, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const engine::JudgeIdentityCommand command, ParseJudgement(*request));
    AQ_ASSIGN_OR_RETURN(const std::vector<engine::IdentityPair> pairs,
                        engine_.JudgeIdentity(caller.principal, command, caller.jurisdiction));
    for (const engine::IdentityPair& pair : pairs) *response->add_pairs() = ToProto(pair);
    return absl::OkStatus();
  });
}

grpc::Status IdentityServiceImpl::PreviewIdentityModel(
    grpc::ServerContext* context, const hub::v1::PreviewIdentityModelRequest* request,
    grpc::ServerWriter<hub::v1::PreviewIdentityModelResponse>* writer) {
  return Handle(gate_, *context, kPreview, [&](const Caller& caller) -> absl::Status {
    gate_.RecordRead(caller, kPreview, "cases/-");
    if (previewing_.exchange(true)) {
      return Error(absl::StatusCode::kResourceExhausted, reason::kOverloaded,
                   "a preview is running; one at a time");
    }
    const auto done = absl::MakeCleanup([this] { previewing_ = false; });
    const auto write = [&](const hub::v1::PreviewIdentityModelResponse& response) {
      return !stopped_ && !context->IsCancelled() && writer->Write(response);
    };
    hub::v1::PreviewIdentityModelResponse response;
    const absl::StatusOr<engine::IdentityPreview> preview = engine_.PreviewIdentityModel(
        caller.jurisdiction,
        [&](store::Sequence entries, store::Sequence total) {
          response.set_entry_count(static_cast<std::int64_t>(entries));
          response.set_total_entry_count(static_cast<std::int64_t>(total));
          return write(response);
        },
        [&](const engine::IdentityShift& shift) {
          *response.mutable_shift() = ToProto(shift);
          return write(response);
        });
    if (stopped_ && !preview.ok()) {
      return Error(absl::StatusCode::kUnavailable, reason::kShuttingDown,
                   "the hub is shutting down");
    }
    AQ_RETURN_IF_ERROR(preview.status());
    response.clear_shift();
    *response.mutable_result() = ToProto(*preview);
    writer->Write(response);
    return absl::OkStatus();
  });
}

}  // namespace anqiao::rpc
