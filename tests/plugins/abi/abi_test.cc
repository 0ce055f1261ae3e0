// The C ABI, compiled as C11 and as C++20 with -pedantic, means the same in both.

#include <gtest/gtest.h>

#include "tests/plugins/abi/abi_c11.h"
#include "tests/plugins/abi/layout.h"

namespace {

TEST(AbiTest, MembersAreThereIfTheSizeSaysSo) {
  aq_host host = {};
  const std::pair<std::size_t, std::pair<bool, bool>> sizes[] = {
      {sizeof(aq_host), {true, true}},
      {sizeof(aq_host) + 8, {true, true}},
      {offsetof(aq_host, write), {true, false}},
      {offsetof(aq_host, write) + sizeof(host.write) - 1, {true, false}},
      {offsetof(aq_host, log), {false, false}}};
  for (const auto& [size, has] : sizes) {
    host.size = static_cast<std::uint32_t>(size);
    EXPECT_EQ(AQ_HAS(&host, log), has.first) << size;
    EXPECT_EQ(AQ_HAS(&host, write), has.second) << size;
    EXPECT_EQ(abi_c11_has_log(&host) != 0, has.first) << size;
    EXPECT_EQ(abi_c11_has_write(&host) != 0, has.second) << size;
  }
}

}  // namespace
