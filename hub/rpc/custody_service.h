// Keeping what is held safe, and showing that it is: erasing, purging, computing anew, backup,
// keys, logs.
//
// Every handler goes through Gate::Admit and checks its request; what the engine's entry does not
// tell anyhow is recorded as an access. Thread-safe; engine and gate outlive the service.

#ifndef ANQIAO_HUB_RPC_CUSTODY_SERVICE_H_
#define ANQIAO_HUB_RPC_CUSTODY_SERVICE_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "anqiao/hub/v1/custody.grpc.pb.h"
#include "hub/engine/engine.h"
#include "hub/rpc/authorizer.h"

namespace anqiao::rpc {

// The head of "log", and its growth if "since" is not 0. INVALID_ARGUMENT: the log has fewer
// entries than "since". Otherwise Engine::GetLogHead's errors.
absl::StatusOr<engine::LogHead> LogHeadSince(engine::Engine& engine, const std::string& log,
                                             std::uint64_t since);

class CustodyServiceImpl final : public hub::v1::CustodyService::Service {
 public:
  CustodyServiceImpl(engine::Engine* engine, const Gate* gate) : engine_(*engine), gate_(*gate) {}

  grpc::Status ErasePerson(grpc::ServerContext* context, const hub::v1::ErasePersonRequest* request,
                           hub::v1::ErasePersonResponse* response) override;
  grpc::Status PurgeData(grpc::ServerContext* context, const hub::v1::PurgeDataRequest* request,
                         hub::v1::PurgeDataResponse* response) override;
  grpc::Status RebuildProjections(
      grpc::ServerContext* context, const hub::v1::RebuildProjectionsRequest* request,
      grpc::ServerWriter<hub::v1::RebuildProjectionsResponse>* writer) override;
  grpc::Status BackUpHub(grpc::ServerContext* context, const hub::v1::BackUpHubRequest* request,
                         hub::v1::BackUpHubResponse* response) override;
  grpc::Status RotateMasterKey(grpc::ServerContext* context,
                               const hub::v1::RotateMasterKeyRequest* request,
                               hub::v1::RotateMasterKeyResponse* response) override;
  grpc::Status GetTreeHead(grpc::ServerContext* context, const hub::v1::GetTreeHeadRequest* request,
                           hub::v1::GetTreeHeadResponse* response) override;

  // A rebuild that runs is given up.
  void Stop() { stopped_ = true; }

 private:
  engine::Engine& engine_;
  const Gate& gate_;
  std::atomic<bool> stopped_{false};
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_CUSTODY_SERVICE_H_
