#include "hub/rpc/reflection_service.h"

#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "anqiao/hub/v1/cases.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::rpc {
namespace {

using grpc::reflection::v1::ServerReflectionRequest;

const std::vector<std::string>& AgencyListenerServices() {
  static const auto* const kServices = new std::vector<std::string>{
      "anqiao.exchange.v1.ExchangeService", "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"};
  return *kServices;
}

class ReflectionServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Linked in, so that there is something to serve and to hide.
    ASSERT_NE(grpc::health::v1::HealthCheckRequest::descriptor(), nullptr);
    ASSERT_NE(hub::v1::Case::descriptor(), nullptr);
    ASSERT_NE(exchange::v1::SubmitRequest::descriptor(), nullptr);
    AQ_ASSERT_OK_AND_ASSIGN(index_, ReflectionIndex::Make(AgencyListenerServices()));
  }
  ReflectionIndex index_;
};

TEST_F(ReflectionServiceTest, TellsAgenciesNothingOfWhatTheHubIsAbout) {
  ASSERT_GT(index_.Files().size(), 8u);
  for (const google::protobuf::FileDescriptor* file : index_.Files()) {
    google::protobuf::FileDescriptorProto proto;
    file->CopyTo(&proto);
    const std::string bytes = absl::AsciiStrToLower(proto.SerializeAsString());
    for (const char* word : {"hub.v1", "case", "detox", "drug", "police", "戒毒", "吸毒", "禁毒",
                             "rehabilitation", "journal"}) {
      EXPECT_FALSE(absl::StrContains(bytes, word)) << word << " in " << file->name();
    }
  }
}

TEST_F(ReflectionServiceTest, ListsItsServices) {
  ServerReflectionRequest request;
  request.set_list_services("");
  const auto response = index_.Answer(request);
  ASSERT_EQ(response.list_services_response().service_size(), 4);
  EXPECT_EQ(response.list_services_response().service(0).name(),
            "anqiao.exchange.v1.ExchangeService");
}

TEST_F(ReflectionServiceTest, GivesFilesWithTheirImports) {
  ServerReflectionRequest request;
  request.set_file_containing_symbol("anqiao.exchange.v1.ExchangeService.Submit");
  auto response = index_.Answer(request);
  ASSERT_TRUE(response.has_file_descriptor_response());
  google::protobuf::DescriptorPool pool;
  const auto& files = response.file_descriptor_response().file_descriptor_proto();
  std::vector<std::string> pending(files.begin(), files.end());
  for (std::size_t round = 0; round <= pending.size(); ++round) {
    for (const std::string& bytes : pending) {
      google::protobuf::FileDescriptorProto proto;
      ASSERT_TRUE(proto.ParseFromString(bytes));
      bool ready = pool.FindFileByName(proto.name()) == nullptr;
      for (const std::string& import : proto.dependency()) {
        ready = ready && pool.FindFileByName(import) != nullptr;
      }
      if (ready) {
        ASSERT_NE(pool.BuildFile(proto), nullptr);
      }
    }
  }
  EXPECT_NE(pool.FindServiceByName("anqiao.exchange.v1.ExchangeService"), nullptr);
  request.set_file_by_filename("anqiao/label/v1/sensitivity.proto");
  EXPECT_TRUE(index_.Answer(request).has_file_descriptor_response());
}

TEST_F(ReflectionServiceTest, KnowsTheExtensionsOfWhatItServes) {
  ServerReflectionRequest request;
  request.set_all_extension_numbers_of_type("google.protobuf.FieldOptions");
  const auto response = index_.Answer(request);
  bool found = false;
  for (const int number : response.all_extension_numbers_response().extension_number()) {
    found = found || number == 50801;
  }
  EXPECT_TRUE(found);
  request.mutable_file_containing_extension()->set_containing_type("google.protobuf.FieldOptions");
  request.mutable_file_containing_extension()->set_extension_number(50801);
  EXPECT_TRUE(index_.Answer(request).has_file_descriptor_response());
}

TEST_F(ReflectionServiceTest, AnswersForHiddenThingsAsIfTheyDidNotExist) {
  ServerReflectionRequest request;
  request.set_file_containing_symbol("anqiao.hub.v1.Case");
  EXPECT_EQ(index_.Answer(request).error_response().error_code(), 5);
  request.set_file_by_filename("anqiao/hub/v1/cases.proto");
  EXPECT_EQ(index_.Answer(request).error_response().error_code(), 5);
  request.set_all_extension_numbers_of_type("anqiao.hub.v1.Case");
  EXPECT_EQ(index_.Answer(request).error_response().error_code(), 5);
  EXPECT_EQ(index_.Answer(ServerReflectionRequest()).error_response().error_code(), 3);
}

TEST_F(ReflectionServiceTest, RefusesServicesThatAreNotLinkedIn) {
  EXPECT_THAT(ReflectionIndex::Make({"no.such.Service"}),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace anqiao::rpc
