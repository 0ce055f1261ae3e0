// The directory of providers, and the routes that it proposes. Thread-safe; engine and gate outlive
// the service.

#ifndef ANQIAO_HUB_RPC_DIRECTORY_SERVICE_H_
#define ANQIAO_HUB_RPC_DIRECTORY_SERVICE_H_

#include "anqiao/hub/v1/directory.grpc.pb.h"
#include "hub/engine/engine.h"
#include "hub/rpc/authorizer.h"

namespace anqiao::rpc {

class DirectoryServiceImpl final : public hub::v1::DirectoryService::Service {
 public:
  DirectoryServiceImpl(engine::Engine* engine, const Gate* gate) : engine_(*engine), gate_(*gate) {}

  grpc::Status ListProviders(grpc::ServerContext* context,
                             const hub::v1::ListProvidersRequest* request,
                             hub::v1::ListProvidersResponse* response) override;
  grpc::Status GetRoute(grpc::ServerContext* context, const hub::v1::GetRouteRequest* request,
                        hub::v1::Route* response) override;

 private:
  engine::Engine& engine_;
  const Gate& gate_;
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_DIRECTORY_SERVICE_H_
