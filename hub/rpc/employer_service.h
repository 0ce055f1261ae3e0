// What an employer saves by hiring: counted from what the caller gives, by the table of the active
// catalogue. No case is read, nothing is recorded of anyone.
//
// Every handler goes through Gate::Admit and checks its request. Thread-safe; engine and gate
// outlive the service.

#ifndef ANQIAO_HUB_RPC_EMPLOYER_SERVICE_H_
#define ANQIAO_HUB_RPC_EMPLOYER_SERVICE_H_

#include "anqiao/hub/v1/employers.grpc.pb.h"
#include "hub/engine/engine.h"
#include "hub/rpc/authorizer.h"

namespace anqiao::rpc {

class EmployerServiceImpl final : public hub::v1::EmployerService::Service {
 public:
  EmployerServiceImpl(engine::Engine* engine, const Gate* gate) : engine_(*engine), gate_(*gate) {}

  grpc::Status SimulateHiring(grpc::ServerContext* context,
                              const hub::v1::SimulateHiringRequest* request,
                              hub::v1::SimulateHiringResponse* response) override;
  grpc::Status ComputeEmployerRelief(grpc::ServerContext* context,
                                     const hub::v1::ComputeEmployerReliefRequest* request,
                                     hub::v1::ComputeEmployerReliefResponse* response) override;

 private:
  engine::Engine& engine_;
  const Gate& gate_;
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_EMPLOYER_SERVICE_H_
