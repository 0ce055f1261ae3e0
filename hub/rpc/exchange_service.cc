#include "hub/rpc/exchange_service.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/adapter_service.h"
#include "hub/rpc/custody_service.h"
#include "hub/rpc/handler.h"
#include "hub/rpc/receive_stream.h"
#include "hub/rpc/resource_names.h"
#include "hub/rpc/status_conversion.h"
#include "hub/rpc/submit_stream.h"

namespace anqiao::rpc {
namespace {

constexpr char kSubmit[] = "/anqiao.exchange.v1.ExchangeService/Submit";
constexpr char kReceive[] = "/anqiao.exchange.v1.ExchangeService/Receive";
constexpr char kAnswerReferral[] = "/anqiao.exchange.v1.ExchangeService/AnswerReferral";
constexpr char kGetRecordProof[] = "/anqiao.exchange.v1.ExchangeService/GetRecordProof";
constexpr char kGetLogHead[] = "/anqiao.exchange.v1.ExchangeService/GetLogHead";

constexpr char kGetCorrections[] = "/anqiao.exchange.v1.ExchangeService/GetCorrections";

constexpr int kRequestIdBytesMax = 100;
constexpr int kFormatBytesMax = 63;
constexpr int kRecordKeyBytesMax = 200;

// A stream that is refused at once.
template <typename Request, typename Response>
class RefusedStream final : public grpc::ServerBidiReactor<Request, Response> {
 public:
  explicit RefusedStream(const absl::Status& status) { this->Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

absl::Status CheckAnswer(const exchange::v1::AnswerReferralRequest& request) {
  AQ_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  AQ_RETURN_IF_ERROR(ParseResourceName("referral", kReferrals, request.referral()).status());
  AQ_RETURN_IF_ERROR(CheckRequired("etag", request.etag(), 128));
  const exchange::v1::ReferralAnswer& answer = request.answer();
  if (answer.action() == exchange::v1::ANSWER_ACTION_UNSPECIFIED ||
      !exchange::v1::AnswerAction_IsValid(answer.action())) {
    return InvalidField("answer.action", "must be one of the actions");
  }
  AQ_RETURN_IF_ERROR(CheckCode("answer.reason", answer.reason()));
  return CheckCode("answer.outcome.reason", answer.outcome().reason());
}

}  // namespace

absl::Status StreamRegistry::Add(const std::string& agency,
                                 const std::shared_ptr<OpenStream>& stream) {
  absl::MutexLock lock(&mu_);
  if (stopped_) {
    return Error(absl::StatusCode::kUnavailable, reason::kShuttingDown, "the hub is shutting down");
  }
  int& count = counts_[agency];
  if (count >= per_agency_max_) {
    return Error(absl::StatusCode::kResourceExhausted, reason::kOverloaded,
                 absl::StrCat("an agency may have at most ", per_agency_max_,
                              " streams of this kind open"))
        .Meta("streams_max", absl::StrCat(per_agency_max_));
  }
  ++count;
  streams_.emplace(stream.get(), stream);
  return absl::OkStatus();
}

void StreamRegistry::Remove(const std::string& agency, OpenStream* stream) {
  absl::MutexLock lock(&mu_);
  if (streams_.erase(stream) > 0) --counts_[agency];
}

void StreamRegistry::StopAll() {
  std::vector<std::shared_ptr<OpenStream>> open;
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
    for (const auto& [key, stream] : streams_) {
      if (std::shared_ptr<OpenStream> alive = stream.lock()) open.push_back(std::move(alive));
    }
  }
  for (const std::shared_ptr<OpenStream>& stream : open) stream->Stop();
}

StreamThreads::~StreamThreads() {
  std::vector<std::thread> over;
  {
    absl::MutexLock lock(&mu_);
    const auto none_runs = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return running_.empty(); };
    mu_.Await(absl::Condition(&none_runs));
    over.swap(over_);
  }
  for (std::thread& thread : over) thread.join();
}

void StreamThreads::Run(std::function<void()> body) {
  std::vector<std::thread> over;
  {
    absl::MutexLock lock(&mu_);
    over.swap(over_);
    const auto place = running_.emplace(running_.end());
    *place = std::thread([this, place, body = std::move(body)]() mutable {
      body();
      body = nullptr;  // What it holds goes before the thread counts as over.
      absl::MutexLock lock(&mu_);
      over_.push_back(std::move(*place));
      running_.erase(place);
    });
  }
  for (std::thread& thread : over) thread.join();
}

grpc::ServerBidiReactor<exchange::v1::SubmitRequest, exchange::v1::SubmitResponse>*
ExchangeServiceImpl::Submit(grpc::CallbackServerContext* context) {
  const absl::StatusOr<Caller> caller = gate_.Admit(*context, kSubmit);
  if (!caller.ok()) {
    return new RefusedStream<exchange::v1::SubmitRequest, exchange::v1::SubmitResponse>(
        caller.status());
  }
  const engine::AgencyOptions* agency = engine_.FindAgency(caller->principal.name());
  auto stream = std::make_shared<SubmitStream>(&engine_, &submits_, agency);
  stream->Start();
  return stream.get();
}

grpc::ServerBidiReactor<exchange::v1::ReceiveRequest, exchange::v1::ReceiveResponse>*
ExchangeServiceImpl::Receive(grpc::CallbackServerContext* context) {
  const absl::StatusOr<Caller> caller = gate_.Admit(*context, kReceive);
  if (!caller.ok()) {
    return new RefusedStream<exchange::v1::ReceiveRequest, exchange::v1::ReceiveResponse>(
        caller.status());
  }
  auto stream = std::make_shared<ReceiveStream>(&engine_, &receives_, caller->principal.name());
  stream->Start(&receive_threads_);
  return stream.get();
}

grpc::Status ExchangeServiceImpl::AnswerReferral(grpc::ServerContext* context,
                                                 const exchange::v1::AnswerReferralRequest* request,
                                                 exchange::v1::AnswerReferralResponse* response) {
  const absl::StatusOr<Caller> caller = gate_.Admit(*context, kAnswerReferral);
  if (!caller.ok()) return ToGrpcStatus(caller.status());
  if (absl::Status valid = CheckAnswer(*request); !valid.ok()) return ToGrpcStatus(valid);
  absl::StatusOr<exchange::v1::AnswerReferralResponse> answered =
      engine_.AnswerReferral(caller->principal.name(), *request);
  if (!answered.ok()) return ToGrpcStatus(answered.status());
  *response = *std::move(answered);
  return grpc::Status::OK;
}

grpc::Status ExchangeServiceImpl::GetRecordProof(grpc::ServerContext* context,
                                                 const exchange::v1::GetRecordProofRequest* request,
                                                 exchange::v1::RecordProof* response) {
  return Handle(gate_, *context, kGetRecordProof, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequired("format", request->format(), kFormatBytesMax));
    AQ_RETURN_IF_ERROR(CheckRequired("record_key", request->record_key(), kRecordKeyBytesMax));
    const std::string& agency = caller.principal.name();
    AQ_ASSIGN_OR_RETURN(exchange::v1::RecordProof proof,
                        engine_.ProveRecord(agency, request->format(), request->record_key()));
    // The hub's log is no business of an agency's, not even its size.
    if (proof.head().log() != ResourceName(kAgencies, agency)) {
      return Error(absl::StatusCode::kInternal, reason::kInternal,
                   "the record is not in the log of its agency");
    }
    *response = std::move(proof);
    return absl::OkStatus();
  });
}

grpc::Status ExchangeServiceImpl::GetLogHead(grpc::ServerContext* context,
                                             const exchange::v1::GetLogHeadRequest* request,
                                             exchange::v1::GetLogHeadResponse* response) {
  return Handle(gate_, *context, kGetLogHead, [&](const Caller& caller) -> absl::Status {
    AQ_ASSIGN_OR_RETURN(engine::LogHead head,
                        LogHeadSince(engine_, ResourceName(kAgencies, caller.principal.name()),
                                     request->since_size()));
    *response->mutable_head() = std::move(head.head);
    response->set_public_key(std::move(head.public_key));
    if (head.growth.has_value()) *response->mutable_growth() = *std::move(head.growth);
    return absl::OkStatus();
  });
}

grpc::Status ExchangeServiceImpl::GetCorrections(
    grpc::ServerContext* context, const exchange::v1::GetCorrectionsRequest* request,
    grpc::ServerWriter<exchange::v1::GetCorrectionsResponse>* writer) {
  return Handle(gate_, *context, kGetCorrections, [&](const Caller& caller) -> absl::Status {
    AQ_RETURN_IF_ERROR(CheckRequired("request_id", request->request_id(), kRequestIdBytesMax));
    AQ_ASSIGN_OR_RETURN(const engine::CorrectionFile file,
                        engine_.GetCorrections(caller.principal.name(), request->request_id(),
                                               request->language()));
    WriteFile<exchange::v1::GetCorrectionsResponse>(file, writer);
    return absl::OkStatus();
  });
}

void ExchangeServiceImpl::StopStreams() {
  submits_.StopAll();
  receives_.StopAll();
}

}  // namespace anqiao::rpc
