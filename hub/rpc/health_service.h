// grpc.health.v1 for one listener. gRPC's own is not used: it answers callers that the table of
// authorizer.h does not know.

#ifndef ANQIAO_HUB_RPC_HEALTH_SERVICE_H_
#define ANQIAO_HUB_RPC_HEALTH_SERVICE_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "hub/rpc/authorizer.h"

namespace anqiao::rpc {

inline constexpr std::size_t kHealthWatchersMax = 256;

// Thread-safe.
class HealthServiceImpl final : public grpc::health::v1::Health::CallbackService {
 public:
  // "services" are those of the listener. All are SERVING until Stop.
  HealthServiceImpl(const Gate* gate, const std::vector<std::string>& services);

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const grpc::health::v1::HealthCheckRequest* request,
                                  grpc::health::v1::HealthCheckResponse* response) override;
  grpc::ServerWriteReactor<grpc::health::v1::HealthCheckResponse>* Watch(
      grpc::CallbackServerContext* context,
      const grpc::health::v1::HealthCheckRequest* request) override;

  // Everything is NOT_SERVING from now on; watchers are told and their calls end.
  void Stop();

 private:
  class Watcher;

  const Gate& gate_;
  const std::set<std::string> services_;
  absl::Mutex mu_;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  absl::flat_hash_set<std::shared_ptr<Watcher>> watchers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_HEALTH_SERVICE_H_
