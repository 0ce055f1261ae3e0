// One Receive stream.
//
//   answer thread:   read -> open, ack or nack -> read ...; at the end joins the other and finishes
//   deliver thread:  Next -> write -> Next ...
//
// gRPC's own threads only wake these two, so that a sync of the journal never holds them up. An
// acknowledgement is durable before the next request is read.

#ifndef ANQIAO_HUB_RPC_RECEIVE_STREAM_H_
#define ANQIAO_HUB_RPC_RECEIVE_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "hub/engine/engine.h"
#include "hub/rpc/exchange_service.h"

namespace anqiao::rpc {

class ReceiveStream final
    : public grpc::ServerBidiReactor<exchange::v1::ReceiveRequest, exchange::v1::ReceiveResponse>,
      public OpenStream,
      public std::enable_shared_from_this<ReceiveStream> {
 public:
  // All pointers outlive the stream's call.
  ReceiveStream(engine::Engine* engine, StreamRegistry* registry, std::string agency)
      : engine_(*engine), registry_(*registry), agency_(std::move(agency)) {}

  // Registers the stream and waits for its opening. It keeps itself alive until its call is done.
  void Start(StreamThreads* threads);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void Stop() override;

 private:
  // Bodies of the two threads.
  void AnswerLoop();
  void DeliverLoop();
  // Until the stream ends; with what it ends.
  absl::Status ReadAll();
  // Nullopt: the stream ends.
  std::optional<bool> Read();
  absl::Status Open(const exchange::v1::ReceiveRequest& request);
  absl::Status Answer(const exchange::v1::ReceiveRequest& request);
  // The first call decides how the stream ends.
  void End(const absl::Status& status);

  engine::Engine& engine_;
  StreamRegistry& registry_;
  const std::string agency_;

  // Only the answer thread, but for deliveries_ while the deliver thread runs.
  exchange::v1::ReceiveRequest request_;
  std::unique_ptr<engine::DeliveryStream> deliveries_;
  std::thread deliver_thread_;
  // Only the deliver thread.
  exchange::v1::ReceiveResponse response_;

  absl::Mutex mu_;
  std::optional<bool> read_ ABSL_GUARDED_BY(mu_);
  std::optional<bool> written_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<ReceiveStream> self_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_RECEIVE_STREAM_H_
