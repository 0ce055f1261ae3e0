#include "hub/rpc/reflection_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.pb.h"
#include "hub/base/errors.h"
#include "hub/rpc/status_conversion.h"

namespace anqiao::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;
using Reactor = grpc::ServerBidiReactor<ServerReflectionRequest, ServerReflectionResponse>;

const DescriptorPool& Pool() { return *DescriptorPool::generated_pool(); }

void AddWithImports(const FileDescriptor* file, std::set<const FileDescriptor*>& done,
                    ServerReflectionResponse& response) {
  if (!done.insert(file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file->CopyTo(&proto);
  response.mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file->dependency_count(); ++i) {
    AddWithImports(file->dependency(i), done, response);
  }
}

// One question, one answer, in turn.
class ReflectionStream final : public Reactor {
 public:
  explicit ReflectionStream(const ReflectionIndex* index) : index_(*index) { StartRead(&request_); }
  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::OK);
      return;
    }
    response_ = index_.Answer(request_);
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::CANCELLED);
      return;
    }
    StartRead(&request_);
  }
  void OnDone() override { delete this; }

 private:
  const ReflectionIndex& index_;
  ServerReflectionRequest request_;
  ServerReflectionResponse response_;
};

class RefusedReflection final : public Reactor {
 public:
  explicit RefusedReflection(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

Reactor* Open(const Gate& gate, const grpc::ServerContextBase& context, const char* method,
              const ReflectionIndex& index) {
  const absl::StatusOr<Caller> caller = gate.Admit(context, method);
  if (!caller.ok()) return new RefusedReflection(caller.status());
  return new ReflectionStream(&index);
}

}  // namespace

absl::StatusOr<ReflectionIndex> ReflectionIndex::Make(const std::vector<std::string>& services) {
  // The older protocol's file has no messages of its own, so nothing else makes the linker keep it.
  [[maybe_unused]] const void* volatile linked =
      &descriptor_table_grpc_2freflection_2fv1alpha_2freflection_2eproto;
  ReflectionIndex index;
  for (const std::string& name : services) {
    const google::protobuf::ServiceDescriptor* service = Pool().FindServiceByName(name);
    if (service == nullptr) {
      return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                   absl::StrCat("no service named ", name, " is linked in"))
          .Meta("service", name);
    }
    index.services_.push_back(name);
    index.descriptors_.push_back(service);
    index.AddFile(service->file());
  }
  return index;
}

void ReflectionIndex::AddFile(const FileDescriptor* file) {
  if (!files_.insert(file).second) return;
  for (int i = 0; i < file->dependency_count(); ++i) AddFile(file->dependency(i));
}

bool ReflectionIndex::Sees(const FileDescriptor* file) const {
  return file != nullptr && files_.count(file) > 0;
}

std::vector<const FileDescriptor*> ReflectionIndex::Files() const {
  std::vector<const FileDescriptor*> files(files_.begin(), files_.end());
  std::sort(files.begin(), files.end(),
            [](const auto* a, const auto* b) { return a->name() < b->name(); });
  return files;
}

const Descriptor* ReflectionIndex::FindMessage(const std::string& name) const {
  const Descriptor* message = Pool().FindMessageTypeByName(name);
  return message != nullptr && Sees(message->file()) ? message : nullptr;
}

ServerReflectionResponse ReflectionIndex::Answer(const ServerReflectionRequest& request) const {
  ServerReflectionResponse response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  const auto add_file = [&](const FileDescriptor* file) {
    if (!Sees(file)) return false;
    std::set<const FileDescriptor*> done;
    AddWithImports(file, done, response);
    return true;
  };
  bool found = false;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kFileByFilename:
      found = add_file(Pool().FindFileByName(request.file_by_filename()));
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      found = add_file(Pool().FindFileContainingSymbol(request.file_containing_symbol()));
      break;
    case ServerReflectionRequest::kFileContainingExtension: {
      const Descriptor* type = FindMessage(request.file_containing_extension().containing_type());
      const FieldDescriptor* extension =
          type == nullptr ? nullptr
                          : Pool().FindExtensionByNumber(
                                type, request.file_containing_extension().extension_number());
      found = extension != nullptr && add_file(extension->file());
      break;
    }
    case ServerReflectionRequest::kAllExtensionNumbersOfType: {
      const Descriptor* type = FindMessage(request.all_extension_numbers_of_type());
      if (type == nullptr) break;
      found = true;
      auto* numbers = response.mutable_all_extension_numbers_response();
      numbers->set_base_type_name(type->full_name());
      std::vector<const FieldDescriptor*> extensions;
      Pool().FindAllExtensions(type, &extensions);
      for (const FieldDescriptor* extension : extensions) {
        if (Sees(extension->file())) numbers->add_extension_number(extension->number());
      }
      break;
    }
    case ServerReflectionRequest::kListServices:
      found = true;
      response.mutable_list_services_response();
      for (const std::string& service : services_) {
        response.mutable_list_services_response()->add_service()->set_name(service);
      }
      break;
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      response.mutable_error_response()->set_error_code(grpc::StatusCode::INVALID_ARGUMENT);
      response.mutable_error_response()->set_error_message("the request asks nothing");
      return response;
  }
  if (!found) {
    response.mutable_error_response()->set_error_code(grpc::StatusCode::NOT_FOUND);
    response.mutable_error_response()->set_error_message("not found on this listener");
  }
  return response;
}

Reactor* ReflectionServiceV1::ServerReflectionInfo(grpc::CallbackServerContext* context) {
  return Open(gate_, *context, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", index_);
}

Reactor* ReflectionServiceV1Alpha::ServerReflectionInfo(grpc::CallbackServerContext* context) {
  return Open(gate_, *context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              index_);
}

}  // namespace anqiao::rpc
