#include "hub/rpc/custody_service.h"

#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/resource_names.h"

namespace anqiao::rpc {
namespace {

constexpr char kErase[] = "/anqiao.hub.v1.CustodyService/ErasePerson";
constexpr char kPurge[] = "/anqiao.hub.v1.CustodyService/PurgeData";
constexpr char kRebuild[] = "/anqiao.hub.v1.CustodyService/RebuildProjections";
constexpr char kBackUp[] = "/anqiao.hub.v1.CustodyService/BackUpHub";
constexpr char kRotate[] = "/anqiao.hub.v1.CustodyService/RotateMasterKey";
constexpr char kGetTreeHead[] = "/anqiao.hub.v1.CustodyService/GetTreeHead";

constexpr char kHubLog[] = "hub";
constexpr int kReferenceBytesMax = 500;
constexpr int kReasonBytesMax = 63;
constexpr int kStorePathBytesMax = 4095;

// INVALID_ARGUMENT: no absolute path; what is relative to the hub's directory helps nobody.
absl::Status CheckStorePath(absl::string_view field, absl::string_view path) {
  AQ_RETURN_IF_ERROR(CheckRequired(field, path, kStorePathBytesMax));
  if (path[0] != '/' || path.find('\0') != absl::string_view::npos) {
    return InvalidField(field, "must be an absolute path on the hub's machine");
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> ParseInstant(absl::string_view field, bool given,
                                        const google::protobuf::Timestamp& time) {
  constexpr std::int64_t kYear10000 = 253'402'300'800;
  if (!given) return InvalidField(field, "is required");
  if (time.seconds() < 0 || time.seconds() >= kYear10000 || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return InvalidField(field, "must be an instant after 1970 and before 10000");
  }
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

absl::Status CheckLog(const std::string& log) {
  if (log == kHubLog) return absl::OkStatus();
  if (ParseResourceName("log", kAgencies, log).ok()) return absl::OkStatus();
  return InvalidField("log", "must be hub or agencies/{agency}");
}

// Shows the entry at "sequence"; nothing for 0. A log that is not kept shows nothing either.
absl::Status Certify(engine::Engine& engine, store::Sequence sequence,
                     const std::function<hub::v1::EntryCertificate*()>& certificate) {
  if (sequence == 0) return absl::OkStatus();
  exchange::v1::InclusionProof inclusion;
  absl::StatusOr<engine::LogHead> head = engine.CertifyEntry(sequence, &inclusion);
  if (ReasonOf(head.status()) == reason::kLogNotFound) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(head.status());
  hub::v1::EntryCertificate* out = certificate();
  *out->mutable_head() = std::move(head->head);
  *out->mutable_inclusion() = std::move(inclusion);
  out->set_public_key(std::move(head->public_key));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<engine::LogHead> LogHeadSince(engine::Engine& engine, const std::string& log,
                                             std::uint64_t since) {
  absl::StatusOr<engine::LogHead> head = engine.GetLogHead(log, since);
  if (absl::IsInvalidArgument(head.status())) {
    return InvalidField("since_size",
                        absl::StrCat("the log has fewer entries than ", since,
                                     ": either it was cut off, or that head is of another hub"));
  }
  return head;
}

grpc::Status CustodyServiceImpl::ErasePerson(grpc::ServerContext* context,
                                             const hub::v1::ErasePersonRequest* request,
                                             hub::v1::ErasePersonResponse* response) {
  return Handle(gate_, *context, kErase, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    AQ_RETURN_IF_ERROR(CheckRequired("reason", request->reason(), kReasonBytesMax));
    AQ_RETURN_IF_ERROR(CheckCode("reason", request->reason()));
    AQ_RETURN_IF_ERROR(
        CheckRequired("basis_reference", request->basis_reference(), kReferenceBytesMax));
    engine::ErasePersonCommand command{.request_id = request->request_id(),
                                       .case_id = "",
                                       .reason = request->reason(),
                                       .basis_reference = request->basis_reference()};
    AQ_ASSIGN_OR_RETURN(command.case_id, ParseResourceName("case", kCases, request->case_()));
    AQ_ASSIGN_OR_RETURN(const engine::ErasureResult result,
                        engine_.ErasePerson(caller.principal, command, caller.jurisdiction));
    response->set_record_count(result.records);
    response->set_referral_count(result.referrals);
    response->set_payload_count(result.payloads);
    response->set_key_count(result.keys);
    return Certify(engine_, result.sequence, [&] { return response->mutable_certificate(); });
  });
}

grpc::Status CustodyServiceImpl::PurgeData(grpc::ServerContext* context,
                                           const hub::v1::PurgeDataRequest* request,
                                           hub::v1::PurgeDataResponse* response) {
  return Handle(gate_, *context, kPurge, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    engine::PurgeCommand command;
    command.request_id = request->request_id();
    switch (request->retention_class()) {
      case hub::v1::RETENTION_CLASS_PAYLOADS:
        command.retention_class = journal::v1::RETENTION_CLASS_PAYLOADS;
        break;
      case hub::v1::RETENTION_CLASS_ACCESS_LOG:
        command.retention_class = journal::v1::RETENTION_CLASS_ACCESS_LOG;
        break;
      default:
        return InvalidField("retention_class", "must be PAYLOADS or ACCESS_LOG");
    }
    AQ_ASSIGN_OR_RETURN(command.before, ParseInstant("before_time", request->has_before_time(),
                                                     request->before_time()));
    AQ_ASSIGN_OR_RETURN(const engine::PurgeResult result, engine_.Purge(caller.principal, command));
    response->set_payload_count(result.purged.payloads_size());
    response->set_key_count(result.purged.keys_size());
    return Certify(engine_, result.sequence, [&] { return response->mutable_certificate(); });
  });
}

grpc::Status CustodyServiceImpl::RebuildProjections(
    grpc::ServerContext* context, const hub::v1::RebuildProjectionsRequest* request,
    grpc::ServerWriter<hub::v1::RebuildProjectionsResponse>* writer) {
  return Handle(gate_, *context, kRebuild, [&](const Caller& caller) -> absl::Status {
    gate_.RecordRead(caller, kRebuild, kHubLog);
    hub::v1::RebuildProjectionsResponse response;
    const absl::Status status = engine_.Rebuild([&](store::Sequence done, store::Sequence total) {
      response.set_entry_count(static_cast<std::int64_t>(done));
      response.set_total_entry_count(static_cast<std::int64_t>(total));
      return !stopped_ && !context->IsCancelled() && writer->Write(response);
    });
    if (stopped_ && !status.ok()) {
      return Error(absl::StatusCode::kUnavailable, reason::kShuttingDown,
                   "the hub is shutting down");
    }
    AQ_RETURN_IF_ERROR(status);
    response.set_entry_count(response.total_entry_count());
    response.set_done(true);
    writer->Write(response);
    return absl::OkStatus();
  });
}

grpc::Status CustodyServiceImpl::BackUpHub(grpc::ServerContext* context,
                                           const hub::v1::BackUpHubRequest* request,
                                           hub::v1::BackUpHubResponse* response) {
  return Handle(gate_, *context, kBackUp, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckStorePath("directory", request->directory()));
    // Both before the copy, which may have more.
    response->set_entry_count(static_cast<std::int64_t>(engine_.Counts().synced));
    absl::StatusOr<engine::LogHead> head = engine_.GetLogHead(kHubLog, 0);
    if (head.ok()) {
      response->set_entry_count(static_cast<std::int64_t>(head->head.size()));
      *response->mutable_head() = std::move(head->head);
    } else if (ReasonOf(head.status()) != reason::kLogNotFound) {
      return head.status();
    }
    const absl::Status status = engine_.Backup(request->directory());
    // After the copy, so that a quiet hub's backup ends with the head that is given.
    gate_.RecordRead(caller, kBackUp, kHubLog);
    return status;
  });
}

grpc::Status CustodyServiceImpl::RotateMasterKey(grpc::ServerContext* context,
                                                 const hub::v1::RotateMasterKeyRequest* request,
                                                 hub::v1::RotateMasterKeyResponse* response) {
  return Handle(gate_, *context, kRotate, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckStorePath("master_key_file", request->master_key_file()));
    gate_.RecordRead(caller, kRotate, kHubLog);
    return engine_.RotateMasterKey(request->master_key_file());
  });
}

grpc::Status CustodyServiceImpl::GetTreeHead(grpc::ServerContext* context,
                                             const hub::v1::GetTreeHeadRequest* request,
                                             hub::v1::GetTreeHeadResponse* response) {
  return Handle(gate_, *context, kGetTreeHead, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckLog(request->log()));
    AQ_ASSIGN_OR_RETURN(engine::LogHead head,
                        LogHeadSince(engine_, request->log(), request->since_size()));
    *response->mutable_head() = std::move(head.head);
    response->set_public_key(std::move(head.public_key));
    if (head.growth.has_value()) *response->mutable_growth() = *std::move(head.growth);
    return absl::OkStatus();
  });
}

}  // namespace anqiao::rpc
