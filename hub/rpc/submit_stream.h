// One Submit stream.
//
//   gRPC thread:   OnReadDone -> assemble -> Engine::Submit -> next read, if the window is open
//   engine thread: done -> fills the payload's slot -> writes what is complete at the front
//
// Everything that starts an operation of gRPC goes through Advance, which one thread at a time
// runs; the stream ends when no slot is open, so that no callback of the engine is left behind.

#ifndef ANQIAO_HUB_RPC_SUBMIT_STREAM_H_
#define ANQIAO_HUB_RPC_SUBMIT_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "hub/engine/engine.h"
#include "hub/rpc/exchange_service.h"

namespace anqiao::rpc {

class SubmitStream final
    : public grpc::ServerBidiReactor<exchange::v1::SubmitRequest, exchange::v1::SubmitResponse>,
      public OpenStream,
      public std::enable_shared_from_this<SubmitStream> {
 public:
  // "agency" is one of the engine's. All outlive the stream.
  SubmitStream(engine::Engine* engine, StreamRegistry* registry,
               const engine::AgencyOptions* agency)
      : engine_(*engine), registry_(*registry), agency_(*agency) {}

  // Registers the stream and begins to read. It keeps itself alive until its call is done.
  void Start();

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override {}
  void OnDone() override;
  void Stop() override;

 private:
  // One payload until its receipts are written.
  struct Slot {
    std::optional<std::vector<exchange::v1::SubmitResponse>> responses;
    std::size_t next = 0;
  };
  struct Assembly {
    engine::SubmitCommand command;
    bool open = false;
  };
  enum class Step { kNone, kRead, kWrite, kFinish };

  // Takes request_ into assembly_; a complete payload is returned.
  absl::StatusOr<std::optional<engine::SubmitCommand>> Assemble();
  void Hand(engine::SubmitCommand command);
  void TrySubmit(std::shared_ptr<engine::SubmitCommand> command, std::shared_ptr<Slot> slot);
  void End(absl::Status status);
  void Advance();
  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  engine::Engine& engine_;
  StreamRegistry& registry_;
  const engine::AgencyOptions& agency_;

  // Only the thread that reads; there is one at a time.
  exchange::v1::SubmitRequest request_;
  Assembly assembly_;
  // Only the thread that writes.
  exchange::v1::SubmitResponse response_;

  absl::Mutex mu_;
  std::deque<std::shared_ptr<Slot>> slots_ ABSL_GUARDED_BY(mu_);
  bool advancing_ ABSL_GUARDED_BY(mu_) = false;
  // A read is out, or what it brought is being handled.
  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  // The engine takes no more for now.
  bool waiting_ ABSL_GUARDED_BY(mu_) = false;
  bool broken_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  // Set when no more is read.
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<SubmitStream> self_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_SUBMIT_STREAM_H_
