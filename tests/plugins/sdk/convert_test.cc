#include "plugins/sdk/convert.h"

#include <gtest/gtest.h>

#include <string>

namespace anqiao::sdk {
namespace {

std::string DateOf(std::string_view text) {
  std::string out;
  const Fault fault = ConvertDate(text, out);
  return fault.ok() ? out : std::string(fault.reason);
}

std::string FenOf(std::string_view text) {
  std::string out;
  const Fault fault = ConvertYuan(text, out);
  return fault.ok() ? out : std::string(fault.reason);
}

TEST(ConvertDateTest, TakesEverySpellingWithADay) {
  for (const char* text : {"20260305", "2026-03-05", "2026/3/5", "2026.03.05", "2026年3月5日"}) {
    EXPECT_EQ(DateOf(text), "2026-03-05") << text;
  }
}

TEST(ConvertDateTest, TakesEverySpellingWithoutADay) {
  for (const char* text : {"202603", "2026-03", "2026/3", "2026.03", "2026年3月"}) {
    EXPECT_EQ(DateOf(text), "2026-03") << text;
  }
}

TEST(ConvertDateTest, TellsImpossibleDaysFromOtherText) {
  for (const char* text : {"20260229", "2026-02-29", "2026-13-01", "2026/0/1", "2026.04.31",
                           "2026年6月31日", "202600", "19000229", "00000101"}) {
    EXPECT_EQ(DateOf(text), "DATE_IMPOSSIBLE") << text;
  }
  EXPECT_EQ(DateOf("20000229"), "2000-02-29");
  for (const char* text : {"", "2026", "2026-", "2026-3-", "2026-03/05", "26-03-05", "2026-003-05",
                           "2026-03-005", "2026年3月5", "2026年3日", "2026 03 05", "46000",
                           "2026-03-05 00:00", "-2026-03", "2026O3"}) {
    EXPECT_EQ(DateOf(text), "VALUE_INVALID") << text;
  }
}

TEST(ConvertYuanTest, GivesWholeFen) {
  EXPECT_EQ(FenOf("0"), "0");
  EXPECT_EQ(FenOf("865.5"), "86550");
  EXPECT_EQ(FenOf("865.05"), "86505");
  EXPECT_EQ(FenOf("999999999999.99"), "99999999999999");
}

TEST(ConvertYuanTest, RefusesWhatIsNoPlainAmount) {
  for (const char* text :
       {"", ".", ".5", "5.", "1,000", "-1", "1e3", "1.234", "1234567890123", "1.2.3"}) {
    EXPECT_EQ(FenOf(text), "VALUE_INVALID") << text;
  }
}

TEST(ConvertTest, CodeMayStateASecondFieldOrNothing) {
  static constexpr Code kTable[] = {{"甲", "A", v1::FIELD_STATUS_FLAG, "F"}, {"乙", ""}};
  const Column column = Codes({"x"}, v1::FIELD_CONTROL_STATUS, kTable);
  Converted converted;
  ASSERT_TRUE(Convert(column, "甲", converted).ok());
  ASSERT_EQ(converted.values.size(), 2U);
  EXPECT_EQ(converted.values[1].second, "F");
  ASSERT_TRUE(Convert(column, "乙", converted).ok());
  EXPECT_EQ(converted.values.size(), 2U);
  const Fault fault = Convert(column, "秘密", converted);
  EXPECT_EQ(fault.reason, "VALUE_INVALID");
  EXPECT_EQ(fault.message.find("秘密"), std::string::npos) << "messages never hold the value";
}

TEST(ConvertTest, SeparatedValuesRepeatTheField) {
  Converted converted;
  ASSERT_TRUE(Convert(Separated(Text({"x"}, v1::FIELD_PHONE), "、"), "甲、 乙、", converted).ok());
  ASSERT_EQ(converted.values.size(), 2U);
  EXPECT_EQ(converted.values[1].second, "乙");
}

TEST(ConvertTest, ValidityMarksRemoval) {
  Converted converted;
  ASSERT_TRUE(Convert(Validity({"x"}), "1", converted).ok());
  EXPECT_FALSE(converted.removed);
  ASSERT_TRUE(Convert(Validity({"x"}), "0", converted).ok());
  EXPECT_TRUE(converted.removed);
  EXPECT_FALSE(Convert(Validity({"x"}), "2", converted).ok());
}

TEST(ConvertTest, TextWithControlCharactersIsRefused) {
  Converted converted;
  EXPECT_FALSE(Convert(Text({"x"}, v1::FIELD_PHONE), std::string_view("a\0b", 3), converted).ok());
}

TEST(UnconvertTest, IsTheReverse) {
  std::string out;
  ASSERT_TRUE(Unconvert(Date({"x"}, v1::FIELD_TEST_DATE), "2026-03", out).ok());
  EXPECT_EQ(out, "20260301");
  ASSERT_TRUE(Unconvert(Month({"x"}, v1::FIELD_TEST_DATE), "2026-03-15", out).ok());
  EXPECT_EQ(out, "202603");
  for (const auto& [fen, yuan] : {std::pair{"5", "0.05"}, {"50", "0.50"}, {"123450", "1234.50"}}) {
    ASSERT_TRUE(Unconvert(Yuan({"x"}, v1::FIELD_AMOUNT_FEN), fen, out).ok());
    EXPECT_EQ(out, yuan);
  }
  EXPECT_FALSE(Unconvert(Yuan({"x"}, v1::FIELD_AMOUNT_FEN), "1.5", out).ok());
  EXPECT_FALSE(Unconvert(Text({"x"}, v1::FIELD_ETAG), "a\nb", out).ok());
}

}  // namespace
}  // namespace anqiao::sdk
