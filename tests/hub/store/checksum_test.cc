#include "hub/store/checksum.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "tests/testing/status_matchers.h"

namespace anqiao::store {
namespace {

using ::anqiao::testing::StatusIs;

TEST(ChecksumTest, AgreesWithRfc3720) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
}

TEST(ChecksumTest, GoesOnWhereItStopped) {
  const std::string text = "a text that is longer than two steps of eight";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(Crc32c(text.substr(cut), Crc32c(text.substr(0, cut))), Crc32c(text));
  }
}

TEST(ChecksumTest, NoticesEveryFlippedBitAndAnotherKey) {
  const std::string sealed = Seal("key", "value");
  AQ_ASSERT_OK_AND_ASSIGN(const absl::string_view value, Unseal("key", sealed));
  EXPECT_EQ(std::string(value), "value");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string flipped = sealed;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_THAT(Unseal("key", flipped), StatusIs(absl::StatusCode::kDataLoss));
  }
  EXPECT_THAT(Unseal("kez", sealed), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(Unseal("key", "abc"), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(ChecksumTest, NumbersHaveEightBytes) {
  AQ_ASSERT_OK_AND_ASSIGN(const std::uint64_t back, DecodeNumber(EncodeNumber(0x0102030405060708)));
  EXPECT_EQ(back, 0x0102030405060708u);
  EXPECT_THAT(DecodeNumber("1234567"), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace anqiao::store
