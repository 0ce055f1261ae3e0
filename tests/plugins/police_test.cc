#include "tests/plugins/adapter_contract.h"

namespace anqiao::testing {
namespace {

AQ_ADAPTER_CONTRACT(Police, "police");

TEST(PoliceTest, ReadsALargeRosterWhole) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto adapter, adapter::Adapter::Load(LibraryOf("police"), ""));
  AQ_ASSERT_OK_AND_ASSIGN(const auto instance, adapter->Open());
  AQ_ASSERT_OK_AND_ASSIGN(const auto samples, adapter::ReadSamples(SamplesOf("police")));
  for (const adapter::Sample& sample : samples) {
    if (sample.name != "roster") continue;
    const Decoded one = Decode(*instance, "roster", sample.payload);
    ASSERT_EQ(one.records.size(), 3U);
    const std::size_t begin = one.records[0].byte_offset();
    const std::string row = sample.payload.substr(begin, one.records[1].byte_offset() - begin);
    std::string payload = sample.payload.substr(0, begin);
    constexpr std::size_t kRows = 100'000;
    for (std::size_t i = 0; i < kRows; ++i) payload += row;
    EXPECT_EQ(Decode(*instance, "roster", payload).records.size(), kRows);
  }
}

}  // namespace
}  // namespace anqiao::testing
