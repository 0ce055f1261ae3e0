#include "hub/transport/push_exchange.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/rpc/principal.h"
#include "hub/transport/push_request.h"
#include "hub/transport/tls_context.h"

namespace anqiao::transport {
namespace {

// Handing in a payload, however it comes.
constexpr char kSubmit[] = "/anqiao.exchange.v1.ExchangeService/Submit";
// The slowest that a peer may be, beside the slack.
constexpr double kPushBytesPerSecondMin = 16 << 10;
constexpr absl::Duration kLinger = absl::Seconds(1);

// The parser of requests; it never listens itself.
class Front final : public httplib::Server {
 public:
  bool Process(httplib::Stream& stream) {
    bool closed = false;
    return process_request(stream, /*close_connection=*/true, closed, nullptr);
  }
};

absl::Status ShuttingDown() {
  return Error(absl::StatusCode::kUnavailable, reason::kShuttingDown, "the hub is shutting down");
}

absl::Status Overloaded(absl::string_view what) {
  return Error(absl::StatusCode::kResourceExhausted, reason::kOverloaded, what);
}

}  // namespace

absl::Status PushShares::Enter(const std::string& agency) {
  absl::MutexLock lock(&mu_);
  int& requests = shares_[agency].requests;
  if (requests >= options_.connections_per_agency_max) {
    return Overloaded(absl::StrCat("an agency may have at most ",
                                   options_.connections_per_agency_max, " requests open"));
  }
  ++requests;
  return absl::OkStatus();
}

void PushShares::Leave(const std::string& agency, std::uint64_t bytes) {
  absl::MutexLock lock(&mu_);
  Share& share = shares_[agency];
  --share.requests;
  share.bytes -= bytes;
  bytes_ -= bytes;
}

absl::Status PushShares::Reserve(const std::string& agency, std::uint64_t bytes) {
  absl::MutexLock lock(&mu_);
  Share& share = shares_[agency];
  if (bytes_ + bytes > options_.bytes_max || share.bytes + bytes > options_.bytes_per_agency_max) {
    return Overloaded("too many bytes are being received");
  }
  share.bytes += bytes;
  bytes_ += bytes;
  return absl::OkStatus();
}

void PushExchange::Run() {
  connection_.SetDeadline(shared_.options.handshake_max);
  if (!connection_.Handshake(/*server=*/true).ok()) return shared_.handshake_failed();
  connection_.SetDeadline(shared_.options.head_max);
  Front front;
  front.set_pre_routing_handler(
      [this](const httplib::Request& request, httplib::Response& response) {
        Answer(request, response);
        return httplib::Server::HandlerResponse::Handled;
      });
  // A client that asks first is told at once what is wrong.
  front.set_expect_100_continue_handler(
      [this](const httplib::Request& request, httplib::Response& response) {
        checked_ = Check(request);
        if (checked_->ok()) return 100;
        Refuse(checked_->status(), response);
        return response.status;
      });
  // Of httplib's own refusals, which have no body.
  const httplib::Server::Handler explain = [this](const httplib::Request&,
                                                  httplib::Response& response) {
    if (!response.body.empty()) return;
    const int status = response.status;
    Refuse(InvalidField("request", "is no request of HTTP/1.1 that this listener takes"), response);
    response.status = status;
  };
  front.set_error_handler(explain);
  front.Process(connection_);
  connection_.Finish(kLinger);
}

void PushExchange::Refuse(const absl::Status& status, httplib::Response& response) {
  shared_.request_refused();
  SetError(status, &response);
}

absl::StatusOr<rpc::Caller> PushExchange::CallerOf(const httplib::Request& request) const {
  std::vector<std::string> uris;
  if (shared_.options.insecure) {
    const auto [begin, end] = request.headers.equal_range(rpc::kPrincipalMetadata);
    for (auto it = begin; it != end; ++it) uris.push_back(it->second);
  } else {
    uris = PeerUris(connection_.ssl());
  }
  if (uris.size() != 1) {
    return Error(absl::StatusCode::kUnauthenticated, reason::kUnauthenticated,
                 shared_.options.insecure
                     ? "an insecure listener needs x-anqiao-principal exactly once"
                     : "the certificate must have exactly one URI as alternative name");
  }
  return rpc::ParsePrincipalUri(uris[0]);
}

absl::StatusOr<PushExchange::Checked> PushExchange::Check(const httplib::Request& request) {
  AQ_ASSIGN_OR_RETURN(const rpc::Caller caller, shared_.gate.Admit(CallerOf(request), kSubmit));
  const std::string& id = caller.principal.name();
  if (shared_.options.agencies.count(id) == 0) {
    return Error(absl::StatusCode::kPermissionDenied, reason::kPermissionDenied,
                 "http_push is not on for this agency")
        .Meta("agency", id);
  }
  absl::string_view format = request.path;
  if (!absl::ConsumePrefix(&format, kPayloadsPath) || format.empty() ||
      format.find('/') != absl::string_view::npos) {
    return Error(absl::StatusCode::kNotFound, reason::kInvalidField,
                 absl::StrCat("there is only POST ", kPayloadsPath, "{format}"))
        .Field("path", "names nothing");
  }
  if (request.method != "POST") {
    return Error(absl::StatusCode::kUnimplemented, reason::kInvalidField, "the method must be POST")
        .Field("method", "must be POST");
  }
  Checked checked;
  checked.agency = shared_.engine.FindAgency(id);
  checked.command.agency = id;
  const absl::StatusOr<Framing> framing = FramingOf(request.headers);
  if (!framing.ok()) return InvalidField("body", framing.status().message());
  checked.framing = *framing;
  AQ_ASSIGN_OR_RETURN(checked.command.header, PayloadHeaderOf(format, request.headers));
  return checked;
}

void PushExchange::Answer(const httplib::Request& request, httplib::Response& response) {
  connection_.EndHead();
  if (!checked_.has_value()) checked_ = Check(request);
  const absl::StatusOr<Responses> answer =
      checked_->ok() ? Take(**std::move(checked_)) : checked_->status();
  if (answer.ok()) {
    SetAnswer(*answer, &response);
  } else {
    Refuse(answer.status(), response);
    if (absl::IsUnimplemented(answer.status())) {
      response.status = 405;
      response.set_header("Allow", "POST");
    }
  }
  const auto size = static_cast<double>(response.body.size());
  connection_.SetDeadline(shared_.options.transfer_slack +
                          absl::Seconds(size / kPushBytesPerSecondMin));
}

absl::StatusOr<Responses> PushExchange::Take(Checked checked) {
  const std::string agency = checked.command.agency;
  AQ_RETURN_IF_ERROR(shared_.shares.Enter(agency));
  std::uint64_t reserved = 0;
  absl::StatusOr<Responses> taken = TakeWithin(checked, &reserved);
  shared_.shares.Leave(agency, reserved);
  return taken;
}

absl::StatusOr<Responses> PushExchange::TakeWithin(Checked& checked, std::uint64_t* reserved) {
  if (!enter_(PushPhase::kReceiving)) return ShuttingDown();
  AQ_RETURN_IF_ERROR(Receive(checked, reserved));
  if (!enter_(PushPhase::kAnswering)) return ShuttingDown();
  AQ_ASSIGN_OR_RETURN(Responses responses, SubmitAndWait(shared_.engine, checked.command,
                                                         shared_.options.patience, stopping_));
  shared_.payload(checked.command.agency, responses.back().summary());
  return responses;
}

absl::Status PushExchange::Receive(Checked& checked, std::uint64_t* reserved) {
  engine::SubmitCommand& command = checked.command;
  const std::uint64_t most = checked.agency->payload_bytes_max;
  if (checked.framing.length > most) {
    command.too_large = true;
    return absl::OkStatus();
  }
  const absl::Duration began = shared_.clock.SteadyNow();
  const auto extend = [&] {
    const absl::Duration allowed =
        shared_.options.transfer_slack +
        absl::Seconds(static_cast<double>(command.payload.size()) / kPushBytesPerSecondMin);
    connection_.SetDeadline(allowed - (shared_.clock.SteadyNow() - began));
  };
  extend();
  const absl::Status read =
      ReadBody(connection_, checked.framing, [&](absl::string_view piece) -> absl::Status {
        if (command.payload.size() + piece.size() > most) {
          command.too_large = true;
          return absl::CancelledError();
        }
        AQ_RETURN_IF_ERROR(shared_.shares.Reserve(command.agency, piece.size()));
        *reserved += piece.size();
        command.payload.append(piece.data(), piece.size());
        extend();
        return absl::OkStatus();
      });
  if (command.too_large) {
    std::string().swap(command.payload);
    return absl::OkStatus();
  }
  if (absl::IsDataLoss(read)) return InvalidField("body", read.message());
  return read;
}

}  // namespace anqiao::transport
