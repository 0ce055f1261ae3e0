// grpc.reflection for one listener: its services, the files they need, and nothing else of the
// process. gRPC's own plugin serves the whole descriptor pool whatever the listener carries.

#ifndef ANQIAO_HUB_RPC_REFLECTION_SERVICE_H_
#define ANQIAO_HUB_RPC_REFLECTION_SERVICE_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "hub/rpc/authorizer.h"

namespace anqiao::rpc {

// What may be seen. Immutable and thread-safe.
class ReflectionIndex {
 public:
  // FAILED_PRECONDITION: a name is not that of a service that is linked in.
  static absl::StatusOr<ReflectionIndex> Make(const std::vector<std::string>& services);

  const std::vector<std::string>& services() const { return services_; }
  const std::vector<const google::protobuf::ServiceDescriptor*>& descriptors() const {
    return descriptors_;
  }
  // The files that may be seen, by name.
  std::vector<const google::protobuf::FileDescriptor*> Files() const;

  // Answers one question; a question about anything else is answered as if it did not exist.
  grpc::reflection::v1::ServerReflectionResponse Answer(
      const grpc::reflection::v1::ServerReflectionRequest& request) const;

 private:
  void AddFile(const google::protobuf::FileDescriptor* file);
  bool Sees(const google::protobuf::FileDescriptor* file) const;
  const google::protobuf::Descriptor* FindMessage(const std::string& name) const;

  std::vector<std::string> services_;
  std::vector<const google::protobuf::ServiceDescriptor*> descriptors_;
  std::set<const google::protobuf::FileDescriptor*> files_;
};

// Both versions of the protocol over one index, which outlives them.
class ReflectionServiceV1 final : public grpc::reflection::v1::ServerReflection::CallbackService {
 public:
  ReflectionServiceV1(const Gate* gate, const ReflectionIndex* index)
      : gate_(*gate), index_(*index) {}
  grpc::ServerBidiReactor<grpc::reflection::v1::ServerReflectionRequest,
                          grpc::reflection::v1::ServerReflectionResponse>*
  ServerReflectionInfo(grpc::CallbackServerContext* context) override;

 private:
  const Gate& gate_;
  const ReflectionIndex& index_;
};

class ReflectionServiceV1Alpha final
    : public grpc::reflection::v1alpha::ServerReflection::CallbackService {
 public:
  ReflectionServiceV1Alpha(const Gate* gate, const ReflectionIndex* index)
      : gate_(*gate), index_(*index) {}
  grpc::ServerBidiReactor<grpc::reflection::v1::ServerReflectionRequest,
                          grpc::reflection::v1::ServerReflectionResponse>*
  ServerReflectionInfo(grpc::CallbackServerContext* context) override;

 private:
  const Gate& gate_;
  const ReflectionIndex& index_;
};

}  // namespace anqiao::rpc

#endif  // ANQIAO_HUB_RPC_REFLECTION_SERVICE_H_
