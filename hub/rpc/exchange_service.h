// The agencies' side: Submit, Receive, AnswerReferral, and what shows an agency its own log.
//
// Submit and Receive are reactors of gRPC's callback API. A Submit stream assembles payloads from
// their chunks, hands each to the engine on gRPC's own thread and writes its receipts from the
// engine's thread, in the order of the payloads, so that a single record crosses no thread of
// ours. At most the agency's pending_payloads_max payloads of one stream are unanswered; beyond
// that, and while the engine takes no more, the stream is not read. A Receive stream has two
// threads: one takes deliveries from the engine, one makes acknowledgements durable; the service
// joins them.

#ifndef ANQIAO_HUB_RPC_EXCHANGE_SERVICE_H_
#define ANQIAO_HUB_RPC_EXCHANGE_SERVICE_H_

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "anqiao/exchange/v1/exchange.grpc.pb.h"
#include "hub/engine/engine.h"
#include "hub/rpc/authorizer.h"

namespace anqiao::rpc {

inline constexpr std::size_t kChunkBytesMax = 1 << 20;
inline constexpr int kReceiveStreamsPerAgencyMax = 4;
inline constexpr int kSubmitStreamsPerAgencyMax = 16;

// An open stream that can be asked to end.
class OpenStream {
 public:
  virtual ~OpenStream() = default;
  // Answers what was taken in, then ends with UNAVAILABLE (SHUTTING_DOWN). Any thread.
  virtual void Stop() = 0;
};

// The open streams of one kind. Thread-safe.
class StreamRegistry {
 public:
  explicit StreamRegistry(int per_agency_max) : per_agency_max_(per_agency_max) {}

  // RESOURCE_EXHAUSTED: the agency has too many open. UNAVAILABLE: StopAll was called.
  absl::Status Add(const std::string& agency, const std::shared_ptr<OpenStream>& stream);
  void Remove(const std::string& agency, OpenStream* stream);
  void StopAll();

 private:
  const int per_agency_max_;
  absl::Mutex mu_;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  absl::flat_hash_map<std::string, int> counts_ ABSL_GUARDED_BY(mu_);
  // Weak: a stream lives as long as its call and the engine's callbacks for it.
  absl::flat_hash_map<OpenStream*, std::weak_ptr<OpenStream>> streams_ ABSL_GUARDED_BY(mu_);
};

// The threads of streams; each is joined, at the latest by the destructor. Thread-safe.
class StreamThreads {
 public:
  StreamThreads() = default;
  // Waits until all are over.
  ~StreamThreads();
  StreamThreads(const StreamThreads&) = delete;
  StreamThreads& operator=(const StreamThreads&) = delete;

  // Runs "body" on a thread of its own, and joins those that are over.
  void Run(std::function<void()> body);

 private:
  absl::Mutex mu_;
  std::list<std::thread> running_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> over_ ABSL_GUARDED_BY(mu_);
};

// Thread-safe. Stop order: StopStreams, then the server, then this; the engine may go on.
class ExchangeServiceImpl final : public exchange::v1::ExchangeService::WithCallbackMethod_Submit<
                                      exchange::v1::ExchangeService::WithCallbackMethod_Receive<
                                          exchange::v1::ExchangeService::Service>> {
 public:
  // Both outlive the service.
  ExchangeServiceImpl(engine::Engine* engine, const Gate* gate)
      : engine_(*engine),
        gate_(*gate),
        submits_(kSubmitStreamsPerAgencyMax),
        receives_(kReceiveStreamsPerAgencyMax) {}

  grpc::ServerBidiReactor<exchange::v1::SubmitRequest, exchange::v1::SubmitResponse>* Submit(
      grpc::CallbackServerContext* context) override;
  grpc::ServerBidiReactor<exchange::v1::ReceiveRequest, exchange::v1::ReceiveResponse>* Receive(
      grpc::CallbackServerContext* context) override;
  grpc::Status AnswerReferral(grpc::ServerContext* context,
                              const exchange::v1::AnswerReferralRequest* request,
                              exchange::v1::AnswerReferralResponse* response) override;
  grpc::Status GetRecordProof(grpc::ServerContext* context,
                              const exchange::v1::GetRecordProofRequest* request,
                              exchange::v1::RecordProof* response) override;
  grpc::Status GetLogHead(grpc::ServerContext* context,
                          const exchange::v1::GetLogHeadRequest* request,
                          exchange::v1::GetLogHeadResponse* response) override;

  grpc::Status GetCorrections(
      grpc::ServerContext* context, const exchange::v1::GetCorrectionsRequest* request,
      grpc::ServerWriter<exchange::v1::GetCorrectionsResponse>* writer) override;

  // Asks every open stream to end; new ones are refused.
  void StopStreams();

 private:
  engine::Engine& engine_;
  const Gate& gate_;
  StreamRegistry submits_;
  StreamRegistry receives_;
  // Last: joined before the rest goes.
  StreamThreads receive_threads_;
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_EXCHANGE_SERVICE_H_
