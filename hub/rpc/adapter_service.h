// Operating the adapters while the hub serves.
//
// Every handler goes through Gate::Admit and checks its request. What changes an adapter makes an
// entry of its own or is recorded as an access. Thread-safe; engine and gate outlive the service.

#ifndef ANQIAO_HUB_RPC_ADAPTER_SERVICE_H_
#define ANQIAO_HUB_RPC_ADAPTER_SERVICE_H_

#include "anqiao/hub/v1/adapters.grpc.pb.h"
#include "hub/engine/engine.h"
#include "hub/rpc/authorizer.h"

namespace anqiao::rpc {

class AdapterServiceImpl final : public hub::v1::AdapterService::Service {
 public:
  AdapterServiceImpl(engine::Engine* engine, const Gate* gate) : engine_(*engine), gate_(*gate) {}

  grpc::Status ListAdapters(grpc::ServerContext* context,
                            const hub::v1::ListAdaptersRequest* request,
                            hub::v1::ListAdaptersResponse* response) override;
  grpc::Status GetAdapter(grpc::ServerContext* context, const hub::v1::GetAdapterRequest* request,
                          hub::v1::Adapter* response) override;
  grpc::Status LoadAdapter(grpc::ServerContext* context, const hub::v1::LoadAdapterRequest* request,
                           hub::v1::Adapter* response) override;
  grpc::Status ReloadAdapter(grpc::ServerContext* context,
                             const hub::v1::ReloadAdapterRequest* request,
                             hub::v1::Adapter* response) override;
  grpc::Status DisableAdapter(grpc::ServerContext* context,
                              const hub::v1::DisableAdapterRequest* request,
                              hub::v1::Adapter* response) override;
  grpc::Status EnableAdapter(grpc::ServerContext* context,
                             const hub::v1::EnableAdapterRequest* request,
                             hub::v1::Adapter* response) override;
  grpc::Status ShadowAdapter(grpc::ServerContext* context,
                             const hub::v1::ShadowAdapterRequest* request,
                             hub::v1::ShadowAdapterResponse* response) override;
  grpc::Status ExportCorrections(
      grpc::ServerContext* context, const hub::v1::ExportCorrectionsRequest* request,
      grpc::ServerWriter<hub::v1::ExportCorrectionsResponse>* writer) override;

 private:
  engine::Engine& engine_;
  const Gate& gate_;
};

// Writes a file in parts of at most 1 MiB, the first with its name and type. False: the caller has
// gone.
template <typename Response, typename Writer>
bool WriteFile(const engine::CorrectionFile& file, Writer* writer) {
  constexpr std::size_t kPartBytes = 1 << 20;
  Response part;
  part.set_file_name(file.name);
  part.set_content_type(file.content_type);
  for (std::size_t at = 0;; at += kPartBytes) {
    part.set_data(file.bytes.substr(at, kPartBytes));
    if (!writer->Write(part)) return false;
    if (at + kPartBytes >= file.bytes.size()) return true;
    part.Clear();
  }
}

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_ADAPTER_SERVICE_H_
