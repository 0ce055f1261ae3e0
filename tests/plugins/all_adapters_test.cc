// All adapters in one process that uses the hub's own messages through the full runtime of
// protobuf: none sees the other's.

#include <thread>

#include "anqiao/adapter/v1/adapter.pb.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "anqiao/journal/v1/record.pb.h"
#include "tests/plugins/adapter_contract.h"

namespace anqiao::testing {
namespace {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AdapterContract);

struct Loaded {
  std::string name;
  std::unique_ptr<adapter::Adapter> adapter;
  std::unique_ptr<adapter::AdapterInstance> instance;
  std::vector<adapter::Sample> samples;
};

std::vector<Loaded> LoadAll() {
  std::vector<Loaded> all;
  for (const std::string& name : std::vector<std::string> ANQIAO_ALL_ADAPTERS) {
    Loaded loaded{.name = name, .adapter = nullptr, .instance = nullptr, .samples = {}};
    auto adapter = adapter::Adapter::Load(LibraryOf(name), "");
    auto samples = adapter::ReadSamples(SamplesOf(name));
    AQ_EXPECT_OK(adapter.status());
    AQ_EXPECT_OK(samples.status());
    if (!adapter.ok() || !samples.ok()) continue;
    loaded.adapter = *std::move(adapter);
    loaded.samples = *std::move(samples);
    auto instance = loaded.adapter->Open();
    AQ_EXPECT_OK(instance.status());
    if (instance.ok()) loaded.instance = *std::move(instance);
    all.push_back(std::move(loaded));
  }
  return all;
}

// The hub's own use of protobuf: descriptors, reflection and text.
void ExpectTheHubsMessagesWork() {
  journal::v1::Subject record;
  std::string serialized;
  ASSERT_TRUE(record.SerializeToString(&serialized));
  ASSERT_TRUE(record.ParseFromString(serialized));
  EXPECT_EQ(record.GetDescriptor()->full_name(), "anqiao.journal.v1.Subject");
  EXPECT_EQ(exchange::v1::GetRecordProofRequest().GetDescriptor()->file()->name(),
            "anqiao/exchange/v1/exchange.proto");
  EXPECT_EQ(adapter::v1::Record().GetTypeName(), "anqiao.adapter.v1.Record");
}

TEST(AllAdaptersTest, LiveInOneProcessWithTheHubsMessages) {
  ExpectTheHubsMessagesWork();
  std::vector<Loaded> all = LoadAll();
  ASSERT_GE(all.size(), 5U);
  std::set<std::string> names;
  for (const Loaded& one : all) names.insert(one.adapter->manifest().name());
  EXPECT_EQ(names.size(), all.size());
  for (int round = 0; round < 3; ++round) {
    for (Loaded& one : all) {
      for (const adapter::Sample& sample : one.samples) {
        AQ_EXPECT_OK(adapter::RunSample(*one.instance, sample)) << one.name;
      }
    }
    ExpectTheHubsMessagesWork();
  }
}

TEST(AllAdaptersTest, WorkInParallel) {
  std::vector<Loaded> all = LoadAll();
  std::vector<std::thread> threads;
  for (Loaded& one : all) {
    threads.emplace_back([&one] {
      for (int round = 0; round < 20; ++round) {
        for (const adapter::Sample& sample : one.samples) {
          AQ_EXPECT_OK(adapter::RunSample(*one.instance, sample)) << one.name;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace anqiao::testing
