// One address and the gRPC server that serves it now; the server can be replaced.
//
//   GrpcListener agency({.name = "agency_listener", .listener = options, ...}, make_services);
//   AQ_RETURN_IF_ERROR(agency.Open());
//   ...
//   agency.Rebuild();  // a new server on the same port; the old one finishes its calls meanwhile
//   ...
//   agency.Shutdown(deadline);
//
// gRPC binds a service object to its server, so each server gets a set of its own; what they share,
// the engine and the gate, lives outside. Calls of the old server go on for at most kDrainMax; its
// clients are told to connect again, which gRPC's do by themselves.
//
// Thread-compatible: Open, then whoever watches it, then Shutdown.

#ifndef ANQIAO_HUB_RPC_GRPC_LISTENER_H_
#define ANQIAO_HUB_RPC_GRPC_LISTENER_H_

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/rpc/listener.h"
#include "hub/rpc/listener_probe.h"
#include "hub/rpc/listener_watch.h"

namespace anqiao::rpc {

// What one server serves.
class ServiceSet {
 public:
  virtual ~ServiceSet() = default;
  virtual void Register(grpc::ServerBuilder& builder) = 0;
  // Health says NOT_SERVING, open streams end, new ones are refused.
  virtual void Stop() = 0;
};

class GrpcListener final : public WatchedListener {
 public:
  struct Options {
    std::string name;  // in errors and logs
    ListenerOptions listener;
    bool insecure = false;
    int receive_bytes_max = 0;
    int send_bytes_max = -1;  // -1: no limit
  };
  static constexpr std::chrono::seconds kDrainMax{5};

  GrpcListener(Options options, std::function<std::unique_ptr<ServiceSet>()> make_services);
  // Shuts down without grace.
  ~GrpcListener() override;

  // FAILED_PRECONDITION (CONFIGURATION_INVALID): the address is taken or is none, or the TLS files
  // do not fit together.
  absl::Status Open();
  // "host:port" as bound. Any thread after Open: a rebuild keeps it.
  const std::string& address() const { return address_; }

  const std::string& name() const override { return options_.name; }
  const ProbeTarget& target() const override { return target_; }
  // As Open. Waits for the end of an earlier replacement.
  absl::Status Rebuild() override;

  // Answers what was taken in and at "deadline" cancels the rest. An old server that is still
  // finishing is waited for, at most kDrainMax. Idempotent.
  void Shutdown(std::chrono::system_clock::time_point deadline);

 private:
  struct Serving {
    std::unique_ptr<ServiceSet> services;
    std::unique_ptr<grpc::Server> server;  // After the services: it goes first.

    void Shutdown(std::chrono::system_clock::time_point deadline);
  };

  // The port that it got.
  absl::StatusOr<int> Build(const std::string& address);
  absl::Status CannotListen(const std::string& address) const;
  // Ends what serves now, on a thread of its own.
  void Drain();
  bool AwaitFreeAddress() const;

  const Options options_;
  const std::function<std::unique_ptr<ServiceSet>()> make_services_;
  std::string address_;
  ProbeTarget target_;
  Serving serving_;
  std::thread draining_;
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_GRPC_LISTENER_H_
