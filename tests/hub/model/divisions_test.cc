#include "hub/model/divisions.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "hub/model/divisions_data.h"

namespace anqiao::model {
namespace {

TEST(DivisionsDataTest, RowsAreSortedAndTheStreetHasItsCommunities) {
  int communities = 0;
  for (std::size_t i = 0; i < kDivisionRowCount; ++i) {
    const std::string code = kDivisionRows[i].code;
    if (i > 0) {
      EXPECT_LT(std::string(kDivisionRows[i - 1].code), code);
    }
    if (code.size() == 12) {
      EXPECT_EQ(code.substr(0, 9), "421202003");
      ++communities;
    }
  }
  EXPECT_EQ(communities, 14);
}

TEST(ResolveDivisionTest, EveryRowResolvesToItself) {
  for (std::size_t i = 0; i < kDivisionRowCount; ++i) {
    EXPECT_EQ(ResolveDivision(kDivisionRows[i].code), kDivisionRows[i].code);
    EXPECT_EQ(ResolveDivision(DivisionTitle(kDivisionRows[i].code)), kDivisionRows[i].code);
  }
}

TEST(ResolveDivisionTest, ZerosAtTheEndMeanAllOfIt) {
  EXPECT_EQ(ResolveDivision("421202003000"), "421202003");
  EXPECT_EQ(ResolveDivision("421202000000"), "421202");
  EXPECT_EQ(ResolveDivision("421202000"), "421202");
}

TEST(ResolveDivisionTest, AbolishedCodesOfTheCountyMeanTheCounty) {
  EXPECT_EQ(ResolveDivision("422301"), "421202");
  EXPECT_EQ(ResolveDivision("422321"), "421202");
}

TEST(ResolveDivisionTest, NamesAndPathsOfNames) {
  EXPECT_EQ(ResolveDivision("永安街道"), "421202003");
  EXPECT_EQ(ResolveDivision("咸安区 永安街道"), "421202003");
  EXPECT_EQ(ResolveDivision("湖北省咸宁市咸安区永安街道凤凰社区"), "421202003010");
  EXPECT_EQ(ResolveDivision("车站路社区居民委员会"), "421202003011");
  EXPECT_EQ(ResolveDivision("咸安区"), "421202");
}

TEST(ResolveDivisionTest, WhatIsUnknownStaysUnknown) {
  for (const char* text : {"", "421250", "421202777", "421202003099", "990000", "42",
                           "4212020030101", "某某街道", "42120200301x"}) {
    EXPECT_FALSE(ResolveDivision(text).has_value()) << text;
  }
  EXPECT_FALSE(ResolveDivision(std::string(100'000, '4')).has_value());
}

TEST(ResolveDivisionTest, MadeUpAndForeignCodesAreTakenAsTheyAre) {
  EXPECT_EQ(ResolveDivision("421299"), "421299");
  EXPECT_EQ(ResolveDivision("421299001002"), "421299001002");
  EXPECT_EQ(ResolveDivision("430104"), "430104");
  EXPECT_EQ(ResolveDivision("421203"), std::nullopt);
}

TEST(DivisionTitleTest, StreetsAreToldByTheirCounty) {
  EXPECT_EQ(DivisionTitle("421202003010"), "咸安区永安街道凤凰社区");
  EXPECT_EQ(DivisionTitle("421202003"), "咸安区永安街道");
  EXPECT_EQ(DivisionTitle("421202"), "湖北省咸宁市咸安区");
  EXPECT_EQ(DivisionTitle("420000"), "湖北省");
}

TEST(DivisionTitleTest, UnknownCodesHaveNone) {
  EXPECT_EQ(DivisionTitle(""), "");
  EXPECT_EQ(DivisionTitle("永安街道"), "");
  EXPECT_EQ(DivisionTitle("990000"), "");
  EXPECT_EQ(DivisionTitle("421299001"), "made-up division");
  EXPECT_EQ(DivisionTitle("430104"), "湖南省");
}

}  // namespace
}  // namespace anqiao::model
