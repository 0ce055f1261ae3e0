#include "hub/rpc/health_service.h"

#include <utility>

#include "hub/base/errors.h"
#include "hub/rpc/status_conversion.h"

namespace anqiao::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";
constexpr char kWatch[] = "/grpc.health.v1.Health/Watch";

}  // namespace

// Writes the first status, and at Stop the last, then ends.
class HealthServiceImpl::Watcher final : public grpc::ServerWriteReactor<HealthCheckResponse>,
                                         public std::enable_shared_from_this<Watcher> {
 public:
  explicit Watcher(HealthServiceImpl* service) : service_(*service) {}

  void Start(HealthCheckResponse::ServingStatus status) {
    first_.set_status(status);
    StartWrite(&first_);
  }
  void Stop() {
    {
      absl::MutexLock lock(&mu_);
      stopped_ = true;
    }
    Advance();
  }
  void OnWriteDone(bool ok) override {
    {
      absl::MutexLock lock(&mu_);
      written_ = true;
    }
    Advance();
  }
  void OnCancel() override {
    {
      absl::MutexLock lock(&mu_);
      cancelled_ = true;
    }
    Advance();
  }
  void OnDone() override {
    const std::shared_ptr<Watcher> self = shared_from_this();  // Outlives the lock.
    absl::MutexLock lock(&service_.mu_);
    service_.watchers_.erase(self);
  }

 private:
  void Advance() {
    bool cancelled;
    {
      absl::MutexLock lock(&mu_);
      if (finished_ || !written_ || !(stopped_ || cancelled_)) return;
      finished_ = true;
      cancelled = cancelled_;
    }
    if (cancelled) {
      Finish(grpc::Status::CANCELLED);
      return;
    }
    last_.set_status(HealthCheckResponse::NOT_SERVING);
    StartWriteAndFinish(&last_, grpc::WriteOptions(), grpc::Status::OK);
  }

  HealthServiceImpl& service_;
  HealthCheckResponse first_;
  HealthCheckResponse last_;
  absl::Mutex mu_;
  bool written_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
};

namespace {

// A watch that is refused at once.
class RefusedWatch final : public grpc::ServerWriteReactor<HealthCheckResponse> {
 public:
  explicit RefusedWatch(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

HealthServiceImpl::HealthServiceImpl(const Gate* gate, const std::vector<std::string>& services)
    : gate_(*gate), services_(services.begin(), services.end()) {}

grpc::ServerUnaryReactor* HealthServiceImpl::Check(grpc::CallbackServerContext* context,
                                                   const HealthCheckRequest* request,
                                                   HealthCheckResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const absl::StatusOr<Caller> caller = gate_.Admit(*context, kCheck); !caller.ok()) {
    reactor->Finish(ToGrpcStatus(caller.status()));
    return reactor;
  }
  if (!request->service().empty() && services_.count(request->service()) == 0) {
    reactor->Finish(ToGrpcStatus(Error(absl::StatusCode::kNotFound, reason::kInvalidField,
                                       "service is not one of this listener")
                                     .Field("service", "is not one of this listener")));
    return reactor;
  }
  {
    absl::MutexLock lock(&mu_);
    response->set_status(stopped_ ? HealthCheckResponse::NOT_SERVING
                                  : HealthCheckResponse::SERVING);
  }
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerWriteReactor<HealthCheckResponse>* HealthServiceImpl::Watch(
    grpc::CallbackServerContext* context, const HealthCheckRequest* request) {
  if (const absl::StatusOr<Caller> caller = gate_.Admit(*context, kWatch); !caller.ok()) {
    return new RefusedWatch(caller.status());
  }
  const bool known = request->service().empty() || services_.count(request->service()) > 0;
  auto watcher = std::make_shared<Watcher>(this);
  {
    absl::MutexLock lock(&mu_);
    if (stopped_ || watchers_.size() >= kHealthWatchersMax) {
      return new RefusedWatch(Error(absl::StatusCode::kUnavailable,
                                    stopped_ ? reason::kShuttingDown : reason::kOverloaded,
                                    "no more watches are taken"));
    }
    watchers_.insert(watcher);
  }
  watcher->Start(known ? HealthCheckResponse::SERVING : HealthCheckResponse::SERVICE_UNKNOWN);
  return watcher.get();
}

void HealthServiceImpl::Stop() {
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
    watchers.assign(watchers_.begin(), watchers_.end());
  }
  for (const std::shared_ptr<Watcher>& watcher : watchers) watcher->Stop();
}

}  // namespace anqiao::rpc
