#include "hub/model/phones.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace anqiao::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PhonesTest, EveryWayOfWritingAMobileNumberGivesOne) {
  for (const char* text : {"19005550001", "190 0555 0001", "190-0555-0001", "+86 19005550001",
                           "0086-19005550001", "１９００５５５０００１", "(+86)190-0555-0001"}) {
    const Phones phones = ParsePhones(text);
    EXPECT_THAT(phones.numbers, ElementsAre("+8619005550001")) << text;
    EXPECT_FALSE(phones.incomplete) << text;
  }
}

TEST(PhonesTest, LandlinesLoseTheZeroOfTheirAreaCode) {
  for (const char* text : {"07150000001", "0715-0000001", "0715 000 0001", "(0715)0000001",
                           "+86 715 0000001", "0086-715-0000001"}) {
    EXPECT_THAT(ParsePhones(text).numbers, ElementsAre("+867150000001")) << text;
  }
  EXPECT_THAT(ParsePhones("010-00000001").numbers, ElementsAre("+861000000001"));
  EXPECT_THAT(ParsePhones("021-00000001").numbers, ElementsAre("+862100000001"));
  EXPECT_THAT(ParsePhones("0755-00000001").numbers, ElementsAre("+8675500000001"));
}

TEST(PhonesTest, AnotherCountryKeepsItsCode) {
  EXPECT_THAT(ParsePhones("+852 2000 0001").numbers, ElementsAre("+85220000001"));
  EXPECT_THAT(ParsePhones("00852-20000001").numbers, ElementsAre("+85220000001"));
}

TEST(PhonesTest, SeveralNumbersAreSeparated) {
  for (const char* text : {"19005550001/19005550002", "19005550001、19005550002",
                           "19005550001,19005550002", "19005550001；19005550002/19005550001"}) {
    EXPECT_THAT(ParsePhones(text).numbers, ElementsAre("+8619005550001", "+8619005550002")) << text;
  }
}

TEST(PhonesTest, WhatIsNoPossibleNumberIsLeftOut) {
  for (const char* text : {"", "无", "12345", "1900555000", "190055500011", "abc", "////"}) {
    const Phones phones = ParsePhones(text);
    EXPECT_THAT(phones.numbers, IsEmpty()) << text;
    EXPECT_TRUE(phones.incomplete) << text;
  }
  const Phones half = ParsePhones("19005550001/12345");
  EXPECT_THAT(half.numbers, ElementsAre("+8619005550001"));
  EXPECT_TRUE(half.incomplete);
}

TEST(PhonesTest, IsBounded) {
  EXPECT_TRUE(ParsePhones(std::string(100'000, '1')).incomplete);
  std::string many;
  for (int i = 0; i < 5; ++i) many += "1900555000" + std::to_string(i) + "/";
  EXPECT_EQ(ParsePhones(many).numbers.size(), 4U);
  EXPECT_TRUE(ParsePhones(many).incomplete);
}

}  // namespace
}  // namespace anqiao::model
