// One request on one connection, from the handshake to the answer, and what the connections of a
// listener share. Private to the push listener.
//
//   kOpening ──▶ kReceiving ──▶ kAnswering
//   handshake    the caller      a payload that is with the engine
//   and head     is known

#ifndef ANQIAO_HUB_TRANSPORT_PUSH_EXCHANGE_H_
#define ANQIAO_HUB_TRANSPORT_PUSH_EXCHANGE_H_

#include <httplib.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "hub/engine/engine.h"
#include "hub/rpc/authorizer.h"
#include "hub/transport/body_reader.h"
#include "hub/transport/connection.h"
#include "hub/transport/push_listener.h"

namespace anqiao::transport {

// The shares of agencies in what there is. Thread-safe.
class PushShares {
 public:
  explicit PushShares(const PushOptions* options) : options_(*options) {}

  // RESOURCE_EXHAUSTED (OVERLOADED): the agency has too many requests open.
  absl::Status Enter(const std::string& agency);
  // Gives back "bytes" as well.
  void Leave(const std::string& agency, std::uint64_t bytes);
  // RESOURCE_EXHAUSTED (OVERLOADED): too much is being received.
  absl::Status Reserve(const std::string& agency, std::uint64_t bytes);

 private:
  struct Share {
    int requests = 0;
    std::uint64_t bytes = 0;
  };
  const PushOptions& options_;
  absl::Mutex mu_;
  std::map<std::string, Share> shares_ ABSL_GUARDED_BY(mu_);
  std::uint64_t bytes_ ABSL_GUARDED_BY(mu_) = 0;
};

enum class PushPhase { kOpening, kReceiving, kAnswering };

class PushExchange {
 public:
  // Shared by all; outlives them.
  struct Shared {
    const PushOptions& options;
    engine::Engine& engine;
    const Clock& clock;
    const rpc::Gate& gate;
    PushShares& shares;
    // Counts.
    std::function<void()> handshake_failed, request_refused;
    std::function<void(const std::string& agency, const exchange::v1::PayloadSummary&)> payload;
  };

  // "enter" says that the next phase begins; false: the listener is stopping. "stopping" likewise.
  PushExchange(const Shared* shared, Connection* connection, std::function<bool(PushPhase)> enter,
               std::function<bool()> stopping)
      : shared_(*shared),
        connection_(*connection),
        enter_(std::move(enter)),
        stopping_(std::move(stopping)) {}

  void Run();

 private:
  // What can be said before the body is read.
  struct Checked {
    const engine::AgencyOptions* agency = nullptr;
    Framing framing;
    engine::SubmitCommand command;
  };

  absl::StatusOr<Checked> Check(const httplib::Request& request);
  absl::StatusOr<rpc::Caller> CallerOf(const httplib::Request& request) const;
  void Answer(const httplib::Request& request, httplib::Response& response);
  absl::StatusOr<Responses> Take(Checked checked);
  absl::StatusOr<Responses> TakeWithin(Checked& checked, std::uint64_t* reserved);
  absl::Status Receive(Checked& checked, std::uint64_t* reserved);
  void Refuse(const absl::Status& status, httplib::Response& response);

  const Shared& shared_;
  Connection& connection_;
  const std::function<bool(PushPhase)> enter_;
  const std::function<bool()> stopping_;
  // Of the one request.
  std::optional<absl::StatusOr<Checked>> checked_;
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_PUSH_EXCHANGE_H_
