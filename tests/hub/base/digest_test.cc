#include "hub/base/digest.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace anqiao {
namespace {

TEST(DigestTest, Sha256OfThePublishedVectors) {
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(DigestTest, Base32KeepsTheOrderOfEqualLengths) {
  EXPECT_EQ(Base32(std::string(5, '\0')), "00000000");
  EXPECT_EQ(Base32("\xff\xff\xff\xff\xff"), "zzzzzzzz");
  EXPECT_EQ(Base32(""), "");
  std::string before;
  for (int first = 0; first < 256; ++first) {
    const std::string text = Base32(std::string{static_cast<char>(first), 'x'});
    EXPECT_LT(before, text);
    before = text;
  }
}

TEST(DigestTest, RandomNamesAreDistinctAndOfOneShape) {
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) {
    const std::string name = RandomName();
    EXPECT_EQ(name.size(), 26U);
    EXPECT_EQ(name.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz"), std::string::npos);
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 100U);
}

TEST(DigestTest, RandomBytesHaveTheirLength) {
  EXPECT_EQ(RandomBytes(0).size(), 0U);
  EXPECT_EQ(RandomBytes(33).size(), 33U);
}

TEST(DigestTest, RandomUuidIsVersion4) {
  const std::string uuid = RandomUuid();
  EXPECT_TRUE(IsUuid(uuid)) << uuid;
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
}

TEST(DigestTest, OnlyTheCanonicalFormIsAUuid) {
  EXPECT_TRUE(IsUuid("01234567-89ab-4def-8123-456789abcdef"));
  EXPECT_FALSE(IsUuid(""));
  EXPECT_FALSE(IsUuid("0123456789ab4def8123456789abcdef"));
  EXPECT_FALSE(IsUuid("{1234567-89ab-4def-8123-456789abcdef"));
  EXPECT_FALSE(IsUuid("01234567-89ab-4def-8123-456789abcdeg"));
  EXPECT_FALSE(IsUuid("01234567-89ab-4def-8123-456789abcdef0"));
}

}  // namespace
}  // namespace anqiao
