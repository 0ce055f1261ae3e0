#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/hub_services.h"
#include "hub/rpc/referral_conversion.h"
#include "hub/rpc/resource_names.h"

namespace anqiao::rpc {
namespace {

constexpr char kListAgencies[] = "/anqiao.hub.v1.OperationsService/ListAgencies";
constexpr char kListQuarantine[] = "/anqiao.hub.v1.OperationsService/ListQuarantinedPayloads";
constexpr char kGetQuarantine[] = "/anqiao.hub.v1.OperationsService/GetQuarantinedPayload";
constexpr char kReplay[] = "/anqiao.hub.v1.OperationsService/ReplayQuarantinedPayload";
constexpr char kVerify[] = "/anqiao.hub.v1.OperationsService/VerifyProjections";
constexpr char kGetHubStatus[] = "/anqiao.hub.v1.OperationsService/GetHubStatus";

// Calls that wait for the projections at a time, and how long each may.
constexpr int kAwaitingMax = 16;
constexpr absl::Duration kAwaitMax = absl::Seconds(60);
// Before the call's deadline, so that the answer still arrives.
constexpr absl::Duration kAwaitMargin = absl::Milliseconds(200);

hub::v1::RecordProblem ToProto(const journal::v1::StoredProblem& problem) {
  hub::v1::RecordProblem out;
  out.set_reason(problem.reason());
  out.set_row(static_cast<std::int64_t>(problem.row()));
  out.set_column(static_cast<std::int32_t>(problem.column()));
  out.set_byte_offset(static_cast<std::int64_t>(problem.byte_offset()));
  out.set_field(problem.field());
  out.set_message(problem.message());
  return out;
}

hub::v1::Agency ToProto(const engine::AgencyStatus& status) {
  const engine::AgencyOptions& options = *status.options;
  hub::v1::Agency out;
  out.set_name(ResourceName(kAgencies, options.id));
  out.set_display_name(options.display_name);
  out.set_kind(options.kind);
  if (options.adapter != nullptr) {
    const std::shared_ptr<adapter::Adapter> build = options.adapter->current();
    out.set_adapter(build->manifest().name());
    out.set_adapter_build(build->build_id());
  }
  for (const std::string& format : options.formats) out.add_formats(format);
  for (const std::string& service : options.services) out.add_services(service);
  out.set_record_count(status.records);
  out.set_pending_delivery_count(status.pending_deliveries);
  out.set_dead_delivery_count(status.dead_deliveries);
  out.set_quarantined_payload_count(status.quarantined_payloads);
  out.set_receiving(status.receiving);
  out.set_delivery_way(DeliveryWayName(options.delivery_way));
  if (status.away_since.has_value()) {
    const std::int64_t micros = absl::ToUnixMicros(*status.away_since);
    out.mutable_away_since_time()->set_seconds(micros / 1'000'000);
    out.mutable_away_since_time()->set_nanos(static_cast<std::int32_t>(micros % 1'000'000 * 1000));
  }
  if (status.absent_since.has_value()) {
    out.mutable_absent_since_time()->set_seconds(absl::ToUnixSeconds(*status.absent_since));
  }
  return out;
}

template <std::size_t N>
void ToProto(const engine::Histogram<N>& histogram,
             google::protobuf::RepeatedPtrField<hub::v1::HistogramBucket>* out) {
  for (std::size_t i = 0; i <= N; ++i) {
    hub::v1::HistogramBucket* bucket = out->Add();
    bucket->set_upper_bound(i < N ? histogram.bounds[i] : 0);
    bucket->set_count(histogram.counts[i]);
  }
}

void ToProto(const engine::HubCounts& counts, hub::v1::HubStatus* out) {
  out->set_journal_entry_count(static_cast<std::int64_t>(counts.synced));
  out->set_projected_entry_count(static_cast<std::int64_t>(counts.projected));
  out->set_people_count(counts.people);
  out->set_group_count(counts.groups.groups);
  out->set_group_entry_count(counts.groups.entries.sum);
  out->set_largest_group_entry_count(counts.groups.largest);
  ToProto(counts.groups.entries, out->mutable_group_entry_buckets());
  out->set_sync_micros(counts.groups.sync_micros.sum);
  ToProto(counts.groups.sync_micros, out->mutable_sync_micros_buckets());
  out->set_lag_wait_count(counts.lag_waits);
  out->set_queued_count(counts.queued);
  out->set_watched_entry_count(static_cast<std::int64_t>(counts.watched));
}

hub::v1::QuarantinedPayload ToProto(const journal::v1::QuarantineDocument& document,
                                    bool with_records) {
  hub::v1::QuarantinedPayload out;
  out.set_name(ResourceName(kQuarantinedPayloads, document.payload()));
  out.set_agency(ResourceName(kAgencies, document.agency()));
  out.set_format(document.format());
  out.set_file_name(document.file_name());
  if (document.has_create_time()) *out.mutable_create_time() = document.create_time();
  out.set_whole(document.whole());
  out.set_record_count(document.records_size());
  for (const journal::v1::StoredProblem& problem : document.problems()) {
    *out.add_problems() = ToProto(problem);
  }
  out.set_replay_count(document.replay_count());
  if (!with_records) return out;
  for (const journal::v1::StoredRecordReceipt& record : document.records()) {
    hub::v1::QuarantinedRecord* added = out.add_records();
    added->set_row(static_cast<std::int64_t>(record.row()));
    added->set_record_key(record.record_key());
    for (const journal::v1::StoredProblem& problem : record.problems()) {
      *added->add_problems() = ToProto(problem);
    }
  }
  return out;
}

hub::v1::VerifyResult ToProto(const engine::VerifyReport& report) {
  hub::v1::VerifyResult out;
  out.set_equal(report.equal);
  out.set_key_count(report.keys);
  out.set_live_hash(report.live_hash);
  out.set_rebuilt_hash(report.rebuilt_hash);
  for (const std::string& difference : report.differences) out.add_differences(difference);
  return out;
}

}  // namespace

grpc::Status OperationsServiceImpl::ListAgencies(grpc::ServerContext* context,
                                                 const hub::v1::ListAgenciesRequest* request,
                                                 hub::v1::ListAgenciesResponse* response) {
  return Handle(gate_, *context, kListAgencies, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListAgencies, *request));
    AQ_ASSIGN_OR_RETURN(std::vector<engine::AgencyStatus> agencies, engine_.ListAgencies());
    std::sort(agencies.begin(), agencies.end(),
              [](const auto& a, const auto& b) { return a.options->id < b.options->id; });
    std::string last;
    for (const engine::AgencyStatus& agency : agencies) {
      if (agency.options->id <= range.after) continue;
      if (response->agencies_size() == range.limit) {
        response->set_next_page_token(EncodePageToken(range.scope, last));
        break;
      }
      *response->add_agencies() = ToProto(agency);
      last = agency.options->id;
    }
    return absl::OkStatus();
  });
}

grpc::Status OperationsServiceImpl::ListQuarantinedPayloads(
    grpc::ServerContext* context, const hub::v1::ListQuarantinedPayloadsRequest* request,
    hub::v1::ListQuarantinedPayloadsResponse* response) {
  return Handle(gate_, *context, kListQuarantine, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const PageRange range, ParsePage(kListQuarantine, *request));
    AQ_ASSIGN_OR_RETURN(const std::string agency,
                        ParseOptionalResourceName("agency", kAgencies, request->agency()));
    gate_.RecordRead(caller, kListQuarantine, "quarantinedPayloads/-");
    AQ_ASSIGN_OR_RETURN(const engine::Page<journal::v1::QuarantineDocument> page,
                        engine_.ListQuarantine(agency, range.after, range.limit));
    for (const journal::v1::QuarantineDocument& document : page.items) {
      *response->add_payloads() = ToProto(document, false);
    }
    response->set_next_page_token(EncodePageToken(range.scope, page.next_after));
    return absl::OkStatus();
  });
}

grpc::Status OperationsServiceImpl::GetQuarantinedPayload(
    grpc::ServerContext* context, const hub::v1::GetQuarantinedPayloadRequest* request,
    hub::v1::QuarantinedPayload* response) {
  return Handle(gate_, *context, kGetQuarantine, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kQuarantinedPayloads, request->name()));
    gate_.RecordRead(caller, kGetQuarantine, request->name());
    AQ_ASSIGN_OR_RETURN(const journal::v1::QuarantineDocument document, engine_.GetQuarantine(id));
    *response = ToProto(document, true);
    return absl::OkStatus();
  });
}

grpc::Status OperationsServiceImpl::ReplayQuarantinedPayload(
    grpc::ServerContext* context, const hub::v1::ReplayQuarantinedPayloadRequest* request,
    hub::v1::ReplayQuarantinedPayloadResponse* response) {
  return Handle(gate_, *context, kReplay, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    AQ_ASSIGN_OR_RETURN(const std::string id,
                        ParseResourceName("name", kQuarantinedPayloads, request->name()));
    AQ_ASSIGN_OR_RETURN(const engine::ReplayResult result,
                        engine_.ReplayQuarantine(caller.principal, request->request_id(), id,
                                                 request->allow_shrinking()));
    response->set_accepted_count(result.accepted);
    response->set_unchanged_count(result.unchanged);
    response->set_held_count(result.held);
    response->set_rejected_count(result.rejected);
    response->set_ended_count(result.ended);
    for (const journal::v1::StoredProblem& problem : result.problems) {
      *response->add_problems() = ToProto(problem);
    }
    return absl::OkStatus();
  });
}

grpc::Status OperationsServiceImpl::VerifyProjections(
    grpc::ServerContext* context, const hub::v1::VerifyProjectionsRequest* request,
    grpc::ServerWriter<hub::v1::VerifyProjectionsResponse>* writer) {
  return Handle(gate_, *context, kVerify, [&](const Caller& caller) -> absl::Status {
    if (verifying_.exchange(true)) {
      return Error(absl::StatusCode::kResourceExhausted, reason::kOverloaded,
                   "a verification is running; one at a time");
    }
    hub::v1::VerifyProjectionsResponse response;
    absl::StatusOr<engine::VerifyReport> report =
        engine_.Verify([&](store::Sequence done, store::Sequence total) {
          response.set_entry_count(static_cast<std::int64_t>(done));
          response.set_total_entry_count(static_cast<std::int64_t>(total));
          return !stopped_ && !context->IsCancelled() && writer->Write(response);
        });
    verifying_ = false;
    if (stopped_ && !report.ok()) {
      return Error(absl::StatusCode::kUnavailable, reason::kShuttingDown,
                   "the hub is shutting down");
    }
    if (!report.ok()) return report.status();
    *response.mutable_result() = ToProto(*report);
    writer->Write(response);
    return absl::OkStatus();
  });
}

grpc::Status OperationsServiceImpl::GetHubStatus(grpc::ServerContext* context,
                                                 const hub::v1::GetHubStatusRequest* request,
                                                 hub::v1::HubStatus* response) {
  return Handle(gate_, *context, kGetHubStatus, [&](const Caller& caller) -> absl::Status {
    if (request->at_least_entry_count() < 0) {
      return InvalidField("at_least_entry_count", "must not be negative");
    }
    if (request->at_least_entry_count() > 0) AQ_RETURN_IF_ERROR(Await(*context, *request));
    response->set_version(ANQIAO_VERSION);
    ToProto(engine_.Counts(), response);
    const std::int64_t micros = absl::ToUnixMicros(engine_.Now());
    response->mutable_clock_time()->set_seconds(micros / 1'000'000);
    response->mutable_clock_time()->set_nanos(static_cast<std::int32_t>(micros % 1'000'000 * 1000));
    response->set_catalogue_hash(engine_.catalogue().hash());
    return absl::OkStatus();
  });
}

absl::Status OperationsServiceImpl::Await(const grpc::ServerContext& context,
                                          const hub::v1::GetHubStatusRequest& request) {
  if (++awaiting_ > kAwaitingMax) {
    --awaiting_;
    return Error(absl::StatusCode::kResourceExhausted, reason::kOverloaded,
                 absl::StrCat("already ", kAwaitingMax, " calls wait for the projections"));
  }
  const auto sequence = static_cast<store::Sequence>(request.at_least_entry_count());
  const absl::Time end =
      std::min(absl::Now() + kAwaitMax, absl::FromChrono(context.deadline()) - kAwaitMargin);
  // In short waits, so that a hub that stops is not kept.
  absl::Status status;
  do {
    const absl::Duration left = end - absl::Now();
    status = engine_.AwaitProjected(
        sequence, std::clamp(left, absl::ZeroDuration(), absl::Milliseconds(200)));
  } while (absl::IsUnavailable(status) && absl::Now() < end && !stopped_ && !context.IsCancelled());
  --awaiting_;
  return status;
}

}  // namespace anqiao::rpc
